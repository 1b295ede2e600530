"""The commands that open a target behind the guard without pytest: learn and record; and har."""

from __future__ import annotations

import json
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import requests

from contract_tests.command.console import PROGRAM, asker, complain, report_defect, say
from contract_tests.document import Facts
from contract_tests.guard.exchange import (
    json_text,
    printable,
)
from contract_tests.guard.guard import Terminated, interruptible
from contract_tests.guard.upstream import silent
from contract_tests.learning.learn import Learnt, as_yaml, overlay_of
from contract_tests.recording import RecordingProxy, as_har, as_line, read_recording
from contract_tests.run.settings import Code, RunSettings, Stop, read_settings
from contract_tests.session.opening import BRIEF, Opening, learn_behind, open_run
from contract_tests.session.parts import check_folder, check_places
from contract_tests.twin.settled import settle
from mock_server.document import LEARNED, DocumentError, digest_of, load


def run_guarded(
    settings: RunSettings, work: Callable[[Opening], int], tell: Callable[[str], None] = say
) -> int:
    """Open a run, do the work, clean up, and return the exit code. Messages for people go to stderr.

    `tell` is called with what the run waits for.
    """
    opening: Opening | None = None
    is_closing = threading.Event()
    with ExitStack() as stack:
        stack.enter_context(interruptible(is_closing.is_set))
        try:
            opening = open_run(settings, tell)
            code = work(opening)
        except Stop as stop:
            code = complain(stop)
        except requests.RequestException as error:
            code = complain(Stop(Code.UNREACHABLE, f"the guard did not respond: {type(error).__name__}"))
        except Terminated as end:
            click.echo(f"{PROGRAM}: {end}.", err=True)
            code = end.code
        except OSError as error:
            code = complain(Stop(Code.CANNOT, f"{error.filename or 'a file'}: {error.strerror or error}"))
        except Exception as error:
            code = report_defect("".join(traceback.format_exception(error)), settings.keys)
        finally:
            is_closing.set()
            is_clean = opening is None or _close(opening)
    if opening is not None and (opening.guard.fault or opening.recording_fault):
        return Code.CANNOT
    return code if is_clean or code not in {Code.FINE, Code.NOTHING} else Code.FINDINGS


def _close(opening: Opening) -> bool:
    """Clean up, say what stopped the run's writes and what may be left, and tell whether all went well."""
    opening.run.api.close()
    opening.end_recording()
    cleaned = opening.guard.clean_up()
    faults = [fault for fault in (opening.guard.fault, opening.recording_fault) if fault]
    sentences = [*(alarm.sentence for alarm in opening.guard.alarms), *faults, *cleaned.sentences]
    if not cleaned.complete:
        sentences.append(opening.way_to_finish)
    for sentence in sentences:
        say(f"{PROGRAM}: {opening.clean(sentence)}")
    opening.guard.close()
    return not sentences


_DAY = 86_400

# The requests that a field of both forms takes, on average.
_PER_FIELD = 90


def learn(ctx: click.Context, /, out: Path, format_: str, profile: str, **given: Any) -> None:
    """Run the command, as `contract_tests.command.commands` declares it."""
    try:
        settings = read_settings(given, asker())
        check_folder(out, "the overlay ")
    except Stop as stop:
        ctx.exit(complain(stop))
    ctx.exit(run_guarded(settings, lambda opening: _learn(opening, out, format_, brief=profile == "quick")))


def _learn(opening: Opening, out: Path, format_: str, *, brief: bool) -> int:
    """Say the price, learn and write. Raises Stop (CANNOT, NOTHING)."""
    settings = opening.settings
    if settings.allow_writes:
        say(_price(opening, brief=brief))
    learnt = learn_behind(opening, tell=lambda what: say(f"learning: {what}"), brief=brief)
    if not learnt.answers:
        raise Stop(Code.NOTHING, "nothing was learned: not one open question got an answer")

    def overlay_with(some: Learnt) -> dict[str, Any]:
        return overlay_of(some, opening.guard.target, opening.clean)

    say("learning: comparing a mock with the observed responses")
    learnt = settle(learnt, opening, overlay_with)
    overlay = overlay_with(learnt)
    try:
        out.write_text(as_yaml(overlay), encoding="utf-8")
    except OSError as error:
        raise Stop(Code.CANNOT, f"the overlay {out} cannot be written: {error.strerror or error}") from error
    _check(settings, out, learnt)
    click.echo(json_text(overlay[LEARNED]) if format_ == "json" else opening.clean(_said(learnt, out)))
    return Code.FINE


def _price(opening: Opening, *, brief: bool) -> str:
    """Return a sentence on how many requests the run sends, and how long they take at its rate."""
    fields = sum(map(len, opening.run.facts.types.values())) + len(opening.run.facts.form)
    most = BRIEF if brief else 200 + _PER_FIELD * fields
    rate, allowed = opening.settings.rate, opening.settings.max_requests
    sent = most if allowed is None else min(most, allowed)
    minutes = -(-sent // rate) if rate else 0
    time = f", which takes {minutes} minute{'s' * (minutes != 1)} at {rate} a minute" if rate else ""
    sends = (
        f"some {most} requests{time}."
        if sent == most
        else f"at most {sent} requests{time}; it needs some {most}."
    )
    cheaper = (
        ""
        if brief or sent < BRIEF
        else " --profile quick sends some 160, and presumes that similar fields are alike."
    )
    return f"This sends {sends}{cheaper}"


def _check(settings: RunSettings, out: Path, learnt: Learnt) -> None:
    """Check that the file makes the document that was learned. Raises Stop (CANNOT)."""
    try:
        document = load(settings.document, [out.absolute()])
    except DocumentError as error:
        raise Stop(Code.CANNOT, f"the overlay does not apply, please report this: {error}") from error
    if document.digest != digest_of(learnt.tree):
        raise Stop(Code.CANNOT, f"{out} does not lead to what was learned, please report this")


def _said(learnt: Learnt, out: Path) -> str:
    new = [f"  {lesson.about}: {lesson.says}" for lesson in learnt.new]
    still = [f"  {name}: {why}" for name, why in learnt.open.items()]
    asked, answered = len(learnt.verdicts), len(learnt.answers)
    other = asked - answered - len(still)
    unsaid = [f"  {sentence}" for sentence in learnt.unsaid]
    unasked = [f"  {sentence}" for sentence in learnt.unasked]
    lines = [
        f"{answered} of {asked} open questions answered, {other} differently from every listed answer, "
        f"{len(still)} still open; {learnt.requests} requests.",
        *(
            [f"Different from the document ({len(new)}):", *new]
            if new
            else ["Everything is as the document says."]
        ),
        *([f"Still open ({len(still)}); the assumption is kept:", *still] if still else []),
        *([f"Seen, not modelled ({len(unsaid)}):", *unsaid] if unsaid else []),
        *(["Not asked, or not completely:", *unasked] if unasked else []),
        f"Written to {out}: bitpeak-mock serve --overlay {out}",
    ]
    return "\n".join(map(printable, lines))


def record(  # noqa: PLR0913, PLR0917 -- click hands over each option by its name
    ctx: click.Context,
    /,
    out: str,
    port: int,
    port_file: Path | None,
    allow_host: tuple[str, ...],
    quiet: bool,
    **given: Any,
) -> None:
    """Run the command, as `contract_tests.command.commands` declares it."""
    try:
        settings = read_settings({**given, "record": out}, asker())
        check_places(settings)
    except Stop as stop:
        ctx.exit(complain(stop))
    tell = silent if quiet else say

    def serve(opening: Opening) -> int:
        return _serve(opening, port, port_file, allow_host, quiet=quiet)

    ctx.exit(run_guarded(settings, serve, tell))


def _serve(opening: Opening, port: int, port_file: Path | None, hosts: Sequence[str], *, quiet: bool) -> int:
    """Serve until a signal. Raises Stop (CANNOT) if the port is taken."""
    passed = 0

    def tell(exchange: Any, complaints: list[str]) -> None:
        nonlocal passed
        passed += not (exchange.refused or exchange.failed)
        if complaints or not quiet:
            click.echo(opening.clean(as_line(exchange, complaints)), err=True)

    try:
        proxy = RecordingProxy(opening.guard, Facts(opening.known.data), port, tell, hosts)
    except OSError as error:
        raise Stop(Code.CANNOT, f"the port {port} cannot be used: {error.strerror or error}") from error
    try:
        click.echo(f"ready {proxy.url}")
        if port_file is not None:
            port_file.write_text(proxy.url.split(":")[2].partition("/")[0], encoding="utf-8")
        while True:  # a signal that interrupts an Event's wait can leave its lock broken
            time.sleep(_DAY)
    except Terminated:
        pass  # the usual end
    finally:
        proxy.close()
        if port_file is not None:
            port_file.unlink(missing_ok=True)
    opening.end_recording(proxy.complaints)
    if not passed:
        return Code.NOTHING
    return Code.FINDINGS if proxy.complaints else Code.FINE


def har(ctx: click.Context, recording: Path, out: Path | None) -> None:
    """Run the command, as `contract_tests.command.commands` declares it."""
    try:
        # In ASCII: JSON can name half of a surrogate pair, and a file cannot hold one.
        text = json.dumps(as_har(read_recording(recording)), indent=1)
    except Stop as stop:
        ctx.exit(complain(stop))
    if out is None:
        click.echo(text)
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        ctx.exit(complain(Stop(Code.CANNOT, f"{out} cannot be written: {error.strerror or error}")))
