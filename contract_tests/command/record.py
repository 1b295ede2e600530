"""`bitpeak-mock record`, a recording proxy before a real service, and `bitpeak-mock har`, its file for other tools."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from contract_tests.command.guarded import asker, complain, run_guarded, say
from contract_tests.document.facts import read_facts
from contract_tests.guard import Terminated, silent
from contract_tests.recording.proxy import RecordingProxy, line_of
from contract_tests.recording.tape import as_har, read_recording
from contract_tests.run.settings import Code, Stop, read_settings
from contract_tests.session.opening import Opening
from contract_tests.session.writing import check_places


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
            click.echo(opening.clean(line_of(exchange, complaints)), err=True)

    try:
        proxy = RecordingProxy(opening.guard, read_facts(opening.known.data), port, tell, hosts)
    except OSError as error:
        raise Stop(Code.CANNOT, f"the port {port} cannot be used: {error.strerror or error}") from error
    try:
        click.echo(f"ready {proxy.url}")
        if port_file is not None:
            port_file.write_text(proxy.url.split(":")[2].partition("/")[0], encoding="utf-8")
        threading.Event().wait()
    except Terminated:
        pass  # the end that was meant
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
