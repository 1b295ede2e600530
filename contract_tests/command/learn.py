"""`bitpeak-mock learn`: what a service does becomes an overlay, by which the mock and the suites go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from contract_tests.command.guarded import asker, complain, run_guarded, say
from contract_tests.guard.exchange import json_text, printable
from contract_tests.learning.learn import Learnt
from contract_tests.learning.overlay import as_yaml, overlay_of
from contract_tests.run.settings import Code, RunSettings, Stop, read_settings
from contract_tests.session.lessons import BRIEF, learn_behind
from contract_tests.session.opening import Opening
from contract_tests.twin.twin import servable
from mock_server.document import LEARNED, DocumentError, digest_of, load

# The requests that a field of both forms takes, on average.
_PER_FIELD = 80


def learn(ctx: click.Context, /, out: Path, format_: str, profile: str, **given: Any) -> None:
    """Run the command, as `contract_tests.command.commands` declares it."""
    try:
        settings = read_settings(given, asker())
        check_folder(out)
    except Stop as stop:
        ctx.exit(complain(stop))
    ctx.exit(run_guarded(settings, lambda opening: _learn(opening, out, format_, brief=profile == "quick")))


def check_folder(file: Path) -> None:
    """Raise Stop (CANNOT) if a file could not be written: better before the run than after it."""
    if file.is_dir() or not file.absolute().parent.is_dir():
        why = "it is a folder" if file.is_dir() else f"there is not a folder {file.parent}"
        raise Stop(Code.CANNOT, f"{file} cannot be written: {why}")


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

    say("learning: whether a mock serves it")
    learnt = servable(learnt, settings.document, overlay_with)
    overlay = overlay_with(learnt)
    try:
        out.write_text(as_yaml(overlay), encoding="utf-8")
    except OSError as error:
        raise Stop(Code.CANNOT, f"{out} cannot be written: {error.strerror or error}") from error
    _check(settings, out, learnt)
    click.echo(json_text(overlay[LEARNED]) if format_ == "json" else opening.clean(_told(learnt, out)))
    return Code.FINE


def _price(opening: Opening, *, brief: bool) -> str:
    """Return a sentence on how many requests the run sends, and how long they take at its rate."""
    fields = sum(map(len, opening.run.facts.types.values())) + len(opening.run.facts.form)
    most = BRIEF if brief else 200 + _PER_FIELD * fields
    rate = opening.settings.rate
    time = f", which takes {-(-most // rate)} minutes at {rate} a minute" if rate else ""
    cheaper = "" if brief else " --profile quick sends some 160, and takes much to be as in other fields."
    return f"This sends some {most} requests{time}.{cheaper}"


def _check(settings: RunSettings, out: Path, learnt: Learnt) -> None:
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
