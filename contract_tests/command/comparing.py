"""The command twin. It stands alone, since it draws sequences, and the others need not wait for Hypothesis."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from contract_tests.command.console import asker, complain, say
from contract_tests.command.guarded import run_guarded
from contract_tests.generated.drawing import keep_in
from contract_tests.recording import read_recording
from contract_tests.report.accepted import Acceptances, read_accepted
from contract_tests.run.flags import SEQUENCES, SPARING_SEQUENCES
from contract_tests.run.settings import Code, RunSettings, Stop, read_settings
from contract_tests.session.opening import Opening
from contract_tests.twin.replay import run_offline
from contract_tests.twin.report import Clean, as_json, as_text, offline_json, offline_text
from contract_tests.twin.sides import Variation
from contract_tests.twin.twin import Plan, Twins, run_against, run_twin
from mock_server.document import DocumentError, load


def twin(ctx: click.Context, /, accepted: Path | None, recording: Path | None, **given: Any) -> None:
    """Run the command, as `contract_tests.command.commands` declares it."""
    try:
        _check_sides(recording, given)
        known = read_accepted(accepted)
        if recording is not None:
            ctx.exit(_offline(recording, known, given))
        # Hypothesis keeps literals of the program's source in a folder, by default in the current one.
        with tempfile.TemporaryDirectory(prefix="bitpeak-hypothesis-", ignore_cleanup_errors=True) as folder:
            keep_in(Path(folder))
            ctx.exit(_online(known, given))
    except Stop as stop:
        ctx.exit(complain(stop))


def _check_sides(recording: Path | None, given: Mapping[str, Any]) -> None:
    """Check that at most one other side is named. Raises Stop (USAGE)."""
    sides = {
        "--mock-url": given["mock_url"], "--against": given["against"], "--recording": recording
    }  # fmt: skip
    named = [flag for flag, value in sides.items() if value]
    if recording and given["base_url"]:
        named.append("--base-url")
    if len(named) > 1:
        raise Stop(Code.USAGE, f"{' and '.join(named)} do not go together: name one of them.")
    if given["against_key_file"] and not given["against"]:
        raise Stop(Code.USAGE, "--against-key-file goes with --against only.")


def _offline(file: Path, accepted: Acceptances, given: Mapping[str, Any]) -> int:
    """Repeat a recording. Raises Stop."""
    variation = Variation(given["document"], tuple(given["overlay"]), tuple(given["answer"]))
    try:
        document = load(variation.document, variation.overlays, variation.answers)
    except DocumentError as error:
        raise Stop(Code.CANNOT, str(error)) from error
    offline = run_offline(read_recording(file), variation, document, accepted, _note)
    render = offline_json if given["format_"] == "json" else offline_text
    click.echo(render(offline, accepted, str))
    if not offline.replayed.exchanges:
        return Code.NOTHING
    return Code.FINDINGS if offline.replayed.drifts or accepted.expired else Code.FINE


def _online(accepted: Acceptances, given: Mapping[str, Any]) -> int:
    """Compare with a service. Raises Stop."""
    settings = read_settings(given, asker())
    other = _other(settings, given) if given["against"] else None
    is_live = settings.is_live or (other is not None and other.is_live)
    plan = Plan(
        sequences=given["sequences"] or (SPARING_SEQUENCES if is_live else SEQUENCES),
        seed=secrets.randbelow(2**32) if given["seed"] is None else given["seed"],
        mock_url=given["mock_url"],
    )  # fmt: skip
    if other is None:

        def one(opening: Opening) -> int:
            twins = run_twin(opening, plan, accepted, _note)
            return _tell(twins, plan, accepted, opening.clean, given["format_"])

        return run_guarded(settings, one)

    def both(left: Opening) -> int:
        def work(right: Opening) -> int:
            def clean(text: str) -> str:
                return left.clean(right.clean(text))

            twins = run_against(left, right, plan, accepted, _note)
            return _tell(twins, plan, accepted, clean, given["format_"])

        return run_guarded(settings, work)

    return run_guarded(other, both)


def _other(settings: RunSettings, given: Mapping[str, Any]) -> RunSettings:
    """Return the settings of the service of --against. Raises Stop."""
    key = {"api_key_file": given["against_key_file"]} if given["against_key_file"] else {}
    other = read_settings({**given, "base_url": given["against"], **key}, asker())
    if other.target.rstrip("/") == settings.target.rstrip("/") and not settings.key_is_generated:
        raise Stop(Code.USAGE, "--against is the service of --base-url: name another one.")
    # The recording is that of --base-url, and so is the other account, unless the same keys count for both.
    return replace(other, record=None, other_key=None if key else other.other_key)


def _note(what: str) -> None:
    say(f"twin: {what}")


def _tell(twins: Twins, plan: Plan, accepted: Acceptances, clean: Clean, format_: str) -> int:
    render = as_json if format_ == "json" else as_text
    click.echo(render(twins, accepted, clean))
    _note(f"--seed {plan.seed} repeats these sequences")
    if not twins.calls:
        return Code.NOTHING
    return Code.FINE if twins.is_alike and not accepted.expired else Code.FINDINGS
