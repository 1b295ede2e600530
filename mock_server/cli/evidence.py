"""`evidence` and `doctor`: how well the mock is known to be like the service."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mock_server.cli.loading import load_document, user_errors
from mock_server.cli.options import FILE, document_options, format_option, value_of
from mock_server.cli.terminal import ExitCode
from mock_server.settings import read_duration

if TYPE_CHECKING:
    from mock_server.document import Document, Recorded, Standing

_PLURALS = {
    "operation": "operations",
    "status": "statuses",
    "refusal": "refusals",
    "question": "open questions",
}
_STANDINGS = ("documented", "believed", "learned", "open")
_DAY = 86_400


@click.command
@document_options
@click.option(
    "--format", "format_", type=click.Choice(["markdown", "json", "summary"]), default="markdown", show_default=True,
    help="A Markdown table for people, JSON for programs, or a Markdown table of the numbers.",
)  # fmt: skip
def evidence(document: Path | None, overlay: tuple[str, ...], answer: tuple[str, ...], format_: str) -> None:
    """Print each operation, status, refusal and open question, and how well it is known.

    documented: the documentation page says so. believed: the engine, sibling sites or PHP are reported to do so.
    learned: an overlay was learned from a service, with its date and address. open: nothing is known.
    """
    from mock_server.document import ledger_of

    ledger = ledger_of(load_document(document, overlay, answer))
    if format_ == "json":
        click.echo(json.dumps([standing._asdict() for standing in ledger], indent=2, ensure_ascii=False))
    else:
        click.echo(_summary(ledger) if format_ == "summary" else _markdown(ledger))


def _summary(ledger: Sequence[Standing]) -> str:
    """Return a table of how many rows of each kind have which standing."""
    counts = Counter((each.kind, each.standing) for each in ledger)
    kinds = dict.fromkeys(each.kind for each in ledger)
    rows = [(_PLURALS[kind], *(str(counts[kind, each]) for each in _STANDINGS)) for kind in kinds]
    return _table(("", *_STANDINGS), rows)


def _markdown(ledger: Iterable[Standing]) -> str:
    rows = [
        (
            each.kind,
            f"`{each.name}`",
            each.grade,
            f"{each.standing}: {each.detail}" if each.detail else each.standing,
        )
        for each in ledger
    ]
    return _table(("what", "which", "grade", "standing"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---" for _ in head], *rows))


@click.command
@document_options
@click.option(
    "--recording", metavar="FILE", type=FILE,
    help="Take this recording of a service, made with the same document and answers, as a proof.",
)  # fmt: skip
@click.option(
    "--max-age", metavar="TIME", type=value_of(read_duration), default="30d", show_default=True,
    help="Greatest age of the proof: 12h, 30d.",
)  # fmt: skip
@click.option(
    "--max-open", metavar="N", type=click.IntRange(min=0), help="Number of questions that may be open."
)
@format_option
@click.pass_context
def doctor(  # noqa: PLR0913, PLR0917 - each is an option of the command
    ctx: click.Context,
    document: Path | None,
    overlay: tuple[str, ...],
    answer: tuple[str, ...],
    recording: Path | None,
    max_age: float,
    max_open: int | None,
    format_: str,
) -> None:
    """Check that the mock with these options was proved to be like a service, and how long ago.

    The proof is an overlay written by `bitpeak-mock learn`, a recording written by `bitpeak-mock check --record`, or
    both. A build can rely on it: the check fails if the proof is missing, old, about another document or cut off, if
    it shows that the mock differs, or if it leaves too many questions open.

    Exit codes: 0 the proof holds, 1 it does not, 2 wrong options, 3 the document or the recording cannot be read.
    """
    from mock_server.document import read_recorded

    effective = load_document(document, overlay, answer)
    recorded = None
    if recording is not None:
        with user_errors(own=True):
            recorded = read_recorded(recording)
    complaints = [*_about_overlay(effective, max_age, max_open, is_alone=recorded is None)]
    if recorded is not None:
        # The run may have had fewer answers, or not yet what was learned: its digest may be one of these, too.
        former = [load_document(document, overlay, ())]
        if len(effective.learned) == len(effective.overlays):
            former.append(load_document(document, (), ()))
        is_current = recorded.digest in {effective.digest, *(each.digest for each in former)}
        complaints += _about_recording(effective, recorded, max_age, max_open, is_current=is_current)
    click.echo((_as_json if format_ == "json" else _as_text)(effective, recorded, complaints))
    ctx.exit(ExitCode.NO if complaints else ExitCode.OK)


def _about_overlay(
    document: Document, max_age: float, max_open: int | None, *, is_alone: bool
) -> Iterator[str]:
    """Yield what is wrong with the proof of an overlay. A recording can stand in for a missing one."""
    from mock_server.document import stamp_of

    stamp = stamp_of(document)
    if stamp is None:
        if is_alone:
            yield (
                "No overlay was learned from a service. Run `bitpeak-mock learn --base-url URL --out FILE`, and name "
                "the file with --overlay."
            )
        return
    learned = stamp.learned
    if age := _too_old(learned.date, max_age):
        yield f"{learned.file} was learned {age} ago. Learn it again."
    if not stamp.is_current:
        yield f"{learned.file} was learned against another base document. Learn it again."
    yield from _too_open(stamp.open, learned.open, max_open)


def _about_recording(
    document: Document, recorded: Recorded, max_age: float, max_open: int | None, *, is_current: bool
) -> Iterator[str]:
    """Yield what is wrong with the proof of a recording."""
    if age := _too_old(recorded.date, max_age):
        yield f"{recorded.file} was recorded {age} ago. Record it again."
    if not is_current:
        yield (
            f"{recorded.file} was recorded against another document. Use the --document, --overlay and --answer of "
            "that run, or record it again."
        )
    if not recorded.is_whole:
        yield f"{recorded.file} has no end, as its run was killed. Record it again."
        return
    if recorded.findings:
        yield (
            f"The service departed from the document {recorded.findings} times in {recorded.file}. Learn what it does: "
            "`bitpeak-mock learn --base-url URL --out FILE`."
        )
    known = document.answers
    if other := [f"{q}={a}" for q, a in recorded.answers.items() if q in known and known[q] != a]:
        flags = " ".join(f"--answer {each}" for each in other)
        yield f"The service in {recorded.file} differs from the mock. Serve the mock with {flags}."
    still = _open(document, recorded)
    yield from _too_open(len(still), still, max_open)


def _too_open(count: int, still: Iterable[str], max_open: int | None) -> Iterator[str]:
    if max_open is not None and count > max_open:
        yield f"{count} questions are open, but only {max_open} may be: {', '.join(still)}."


def _open(document: Document, recorded: Recorded) -> list[str]:
    return [name for name in document.questions() if name not in recorded.answers]


def _too_old(date: datetime, max_age: float) -> str:
    """Return the age of a proof that is too old, else an empty text."""
    age = (datetime.now(UTC) - date).total_seconds()
    if age <= max_age:
        return ""
    return f"{age / _DAY:.0f} days" if age >= _DAY else f"{age / _DAY:.1f} days"


def _as_text(document: Document, recorded: Recorded | None, complaints: Sequence[str]) -> str:
    from mock_server.document import stamp_of, stamp_text

    lines = [stamp_text(document)] if recorded is None or stamp_of(document) else []
    if recorded is not None:
        lines.append(
            f"recorded {recorded.date:%Y-%m-%d} from {recorded.target}, {recorded.exchanges} exchanges, "
            f"{len(_open(document, recorded))} questions open"
        )
    return "\n".join([*lines, *complaints])


def _as_json(document: Document, recorded: Recorded | None, complaints: Sequence[str]) -> str:
    from mock_server.document import stamp_facts

    proof = None if recorded is None else {
        "date": f"{recorded.date:%Y-%m-%dT%H:%M:%SZ}",
        "target": recorded.target,
        "exchanges": recorded.exchanges,
        "answers": dict(recorded.answers),
        "findings": recorded.findings,
        "whole": recorded.is_whole,
    }  # fmt: skip
    facts = {"verified": stamp_facts(document), "recorded": proof, "complaints": complaints}
    return json.dumps(facts, indent=2, ensure_ascii=False)
