"""`bitpeak-mock record`, a recording proxy before a real service, and `bitpeak-mock har`, its file for other tools."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from contract_tests.command.guarded import TARGET_FLAGS, asker, complain, options, run_guarded, say
from contract_tests.document.facts import read_facts
from contract_tests.guard import Terminated, silent
from contract_tests.recording.proxy import Proxy, line_of
from contract_tests.recording.tape import as_har, read_recording
from contract_tests.run.settings import Code, Stop, read_settings
from contract_tests.session.opening import Opening
from contract_tests.session.writing import check_places


@click.command
@options(flag for flag in TARGET_FLAGS if flag.name != "record")
@click.option("--out", metavar="FILE", required=True, help="Where to write the recording.")
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(0, 65535),
    default=4055,
    show_default=True,
    help="0: a free one.",
)
@click.option(
    "--port-file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Where to write the port once it is open.",
)
@click.option(
    "--allow-host",
    metavar="NAME",
    multiple=True,
    help="Name by which consumers may call the proxy, beside localhost and its address. Repeatable.",
)
@click.option("--quiet", is_flag=True, help="Tell only what is wrong.")
@click.pass_context
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
    """Stand before a service, pass calls on, and record them; each answer is held against the document on the way.

    Point the consumer at the URL that is printed, with any key that begins with `mock`: the service's own is the
    guard's alone. A target that is not this computer is only read, unless --allow-writes; what is created through the
    proxy bears the run's marker and is deleted in the end, rows of others are masked and cannot be changed.

    Exit codes: 0 no answer was wrong, 1 some were, or something may be left at the service, 2 wrong options, 3 the run
    could not start, 4 the target cannot be reached, 5 nothing was passed on, 70 this program failed.
    """
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
    """Serve until a signal. Raises Stop (CANNOT) where the port is taken."""
    passed = 0

    def tell(exchange: Any, complaints: list[str]) -> None:
        nonlocal passed
        passed += not (exchange.refused or exchange.failed)
        if complaints or not quiet:
            click.echo(opening.clean(line_of(exchange, complaints)), err=True)

    try:
        proxy = Proxy(opening.guard, read_facts(opening.known.data), port, tell, hosts)
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


@click.command
@click.argument("recording", type=click.Path(path_type=Path))
@click.option(
    "--out", metavar="FILE", type=click.Path(path_type=Path), help="Where to write it; else standard output."
)
@click.pass_context
def har(ctx: click.Context, recording: Path, out: Path | None) -> None:
    """Write a RECORDING as an HTTP archive (HAR 1.2).

    Exit codes: 0 it is written, 2 wrong options, 3 the recording is none or the file cannot be written.
    """
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
