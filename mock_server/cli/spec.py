"""`bitpeak-mock spec`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mock_server.cli.failure import Failure
from mock_server.cli.loading import load_document
from mock_server.cli.options import document_options, file_type, options
from mock_server.document import dump_json, dump_yaml


@click.command
@options(
    *document_options,
    click.option(
        "--format", "format_", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True,
        help="How to write it.",
    ),
    click.option("--out", metavar="FILE", type=file_type, help="Write to this file, not to standard output."),
)  # fmt: skip
def spec(
    document: Path | None, overlay: tuple[str, ...], answer: tuple[str, ...], format_: str, out: Path | None
) -> None:
    """Print the document in effect: the base, its overlays, and the answers to open questions."""
    effective = load_document(document, overlay, answer)
    text = dump_json(effective.data) if format_ == "json" else dump_yaml(effective.data)
    if out is None:
        # As bytes, since the document is UTF-8 whatever the terminal's encoding is.
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
        return
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise Failure(f"{out} cannot be written: {error.strerror}") from error
