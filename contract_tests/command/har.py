"""`bitpeak-mock har`: a recording for browsers and proxies."""

from __future__ import annotations

import json
from pathlib import Path

import click

from contract_tests.command.guarded import complain
from contract_tests.recording.har import as_har
from contract_tests.recording.tape import read_recording
from contract_tests.run.stop import Stop


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
        raise click.ClickException(f"{out} cannot be written: {error.strerror or error}.") from error
