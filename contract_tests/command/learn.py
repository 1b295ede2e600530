"""`bitpeak-mock learn`: what a service does becomes an overlay, by which the mock and the suites go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from contract_tests.command.guarded import TARGET_FLAGS, asker, complain, options, run_guarded, say
from contract_tests.guard.exchange import json_text, printable
from contract_tests.learning.learn import Learnt
from contract_tests.learning.overlay import as_yaml, overlay_of
from contract_tests.run.settings import Code, Settings, Stop, read_settings
from contract_tests.session.lessons import learn_behind
from contract_tests.session.opening import Opening
from mock_server.document import LEARNED, DocumentError, digest_of, load


@click.command
@options(TARGET_FLAGS)
@click.option(
    "--out",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path),
    help="Where to write the overlay.",
)
@click.option(
    "--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True,
    help="What standard output says of it.",
)  # fmt: skip
@click.pass_context
def learn(ctx: click.Context, /, out: Path, format_: str, **given: Any) -> None:
    """Show a service to the document, and write what it does as an OpenAPI Overlay.

    Every open question is asked; then titles, statuses, headers, properties, settings, page sizes and the lengths of
    texts are compared with the document. `bitpeak-mock serve --overlay FILE` then behaves like the service, and
    `check --overlay FILE` tests by it. What could not be learned keeps the assumption, and the file says so. A target
    that is not this computer is only read, unless --allow-writes.

    Exit codes: 0 the overlay is written, 1 it is, and something may be left at the service, 2 wrong options, 3 the run
    could not start or the file not be written, 4 the target cannot be reached, 5 nothing was learned, 70 this program
    failed; 130 after Ctrl-C and 143 after SIGTERM.
    """
    try:
        settings = read_settings(given, asker())
        check_folder(out)
    except Stop as stop:
        ctx.exit(complain(stop))
    ctx.exit(run_guarded(settings, lambda opening: _learn(opening, out, format_)))


def check_folder(file: Path) -> None:
    """Raise Stop (CANNOT) where a file could not be written: better before the run than after it."""
    if file.is_dir() or not file.absolute().parent.is_dir():
        why = "it is a folder" if file.is_dir() else f"there is no folder {file.parent}"
        raise Stop(Code.CANNOT, f"{file} cannot be written: {why}")


def _learn(opening: Opening, out: Path, format_: str) -> int:
    """Learn and write. Raises Stop (CANNOT, NOTHING)."""
    settings = opening.settings
    learnt = learn_behind(opening, tell=lambda what: say(f"learning: {what}"))
    if not learnt.answers:
        raise Stop(Code.NOTHING, "nothing was learned: not one open question got an answer")
    overlay = overlay_of(learnt, opening.guard.target, opening.clean)
    try:
        out.write_text(as_yaml(overlay), encoding="utf-8")
    except OSError as error:
        raise Stop(Code.CANNOT, f"{out} cannot be written: {error.strerror or error}") from error
    _check(settings, out, learnt)
    click.echo(json_text(overlay[LEARNED]) if format_ == "json" else opening.clean(_told(learnt, out)))
    return Code.FINE


def _check(settings: Settings, out: Path, learnt: Learnt) -> None:
    """See that the file makes the document that was learned. Raises Stop (CANNOT)."""
    try:
        document = load(settings.document, [out.absolute()])
    except DocumentError as error:
        raise Stop(Code.CANNOT, f"the overlay does not apply, please report this: {error}") from error
    if document.digest != digest_of(learnt.tree):
        raise Stop(Code.CANNOT, f"{out} does not lead to what was learned, please report this")


def _told(learnt: Learnt, out: Path) -> str:
    new = [f"  {lesson.about}: {lesson.says}" for lesson in learnt.new]
    still = [f"  {name}: {why}" for name, why in learnt.open.items()]
    asked = len(learnt.verdicts)
    unsaid = [f"  {sentence}" for sentence in learnt.unsaid]
    lines = [
        f"{len(learnt.answers)} of {asked} open questions answered, {learnt.requests} requests.",
        *(
            [f"Otherwise than the document says ({len(new)}):", *new]
            if new
            else ["All as the document says."]
        ),
        *(["Still open; the assumption is kept:", *still] if still else []),
        *(["Seen, and not to be said in a document:", *unsaid] if unsaid else []),
        f"Written to {out}: bitpeak-mock serve --overlay {out}",
    ]
    return "\n".join(map(printable, lines))
