"""`routes`, `spec`, `questions`, `evidence` and `doctor`: what the document says, and how well that is known."""

from __future__ import annotations

import difflib
import json
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mock_server.cli.options import (
    FILE,
    document_options,
    format_option,
    load_contract,
    load_document,
    user_errors,
    value_of,
)
from mock_server.cli.terminal import ExitCode, Failure, say, table
from mock_server.settings import read_duration

if TYPE_CHECKING:
    from mock_server.contract import Contract
    from mock_server.document import Document, Question, RecordingEnds, Standing

_WIDTH = 100
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
@format_option
def routes(document: Path | None, overlay: tuple[str, ...], answer: tuple[str, ...], format_: str) -> None:
    """List the operations with the status of their success and the names of their refusals.

    Any request can also get the refusals of the whole service, for example for a body that is too large.
    """
    rows = list(_operations(load_contract(document, overlay, answer)))
    if format_ == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    head = ("METHOD", "PATH", "OPERATION", "SUMMARY", "SUCCESS", "REFUSALS")
    columns = ("method", "path", "operation", "summary", "success")
    say(table(head, [(*(str(row[name]) for name in columns), _by_status(row["refusals"])) for row in rows]))


def _operations(contract: Contract) -> Iterator[dict[str, Any]]:
    """Yield what is known of each operation. `refusals` maps names to statuses."""
    for operation in contract.operations.values():
        yield {
            "method": operation.method,
            "path": contract.base_path + operation.path,
            "operation": operation.id,
            "summary": operation.summary,
            "success": int(operation.success.status[:3]),
            "refusals": {refusal.name: int(refusal.status[:3]) for refusal in operation.refusals.values()},
        }


def _by_status(refusals: Mapping[str, int]) -> str:
    names: dict[int, list[str]] = {}
    for name, status in refusals.items():
        names.setdefault(status, []).append(name)
    return "; ".join(f"{status} {', '.join(each)}" for status, each in names.items())


@click.command
@document_options
@click.option(
    "--format", "format_", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True,
    help="Format of the document.",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Declare what a strict mock refuses, too.")
@click.option("--out", metavar="FILE", type=FILE, help="Write to this file instead of standard output.")
def spec(out: Path | None, format_: str, strict: bool, **given: Any) -> None:
    """Print the effective document: the base, changed by overlays and by answers to open questions."""
    from mock_server.document import declared_strictly, dump_json, dump_yaml

    data = load_document(given["document"], given["overlay"], given["answer"]).data
    data = declared_strictly(data) if strict else data
    text = dump_json(data) if format_ == "json" else dump_yaml(data)
    if out is None:
        # As bytes, since the document is UTF-8 with any encoding of the terminal.
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
        return
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise Failure(f"Cannot write {out}: {error.strerror}") from error


@click.command
@click.argument("question_id", metavar="[ID]", required=False)
@format_option
def questions(question_id: str | None, format_: str) -> None:
    """List what is unknown about the API and what the mock assumes. With ID, show all details of one question.

    The grade says how well the assumed answer is known: D by the documentation page, S by the pages of sibling sites,
    C by a public client of a sibling, P by the behaviour of PHP, B by belief, "none" by nothing.
    """
    from mock_server.document import load

    with user_errors(own=False):
        known = load().questions()
    chosen = known if question_id is None else {question_id: _find(known, question_id)}
    if format_ == "json":
        facts = [question.facts() for question in chosen.values()]
        click.echo(json.dumps(facts, indent=2, ensure_ascii=False))
    elif question_id is None:
        head = ("QUESTION", "ASSUMED", "OTHER ANSWERS", "GRADE")
        rows = [(each.id, each.assumed, ", ".join(_others(each)), each.grade) for each in chosen.values()]
        click.echo(table(head, rows))
    else:
        click.echo("\n".join(_paragraphs(chosen[question_id])))


def _find(known: Mapping[str, Question], name: str) -> Question:
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "see `bitpeak-mock questions`."
        raise click.UsageError(f"Unknown question {name!r}: {hint}")
    return known[name]


def _others(question: Question) -> list[str]:
    return [answer for answer in question.answers if answer != question.assumed]


def _paragraphs(question: Question) -> Iterator[str]:
    yield from textwrap.wrap(f"{question.id}: {question.text}", _WIDTH, break_on_hyphens=False)
    yield ""
    for answer in question.answers.values():
        assumed = " (assumed)" if answer.id == question.assumed else ""
        text = f"{answer.id}{assumed}: {answer.means}"
        yield from textwrap.wrap(
            text, _WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
        )
    yield ""
    yield f"grade       {question.grade}"
    yield f"evidence    {question.evidence}"
    yield f"operations  {', '.join(question.operations) or 'all'}"
    if question.departure:
        yield "The assumed answer departs from the documentation page."
    yield ""
    yield f"To switch: bitpeak-mock serve --answer {question.id}={_others(question)[0]}"


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
        say(_summary(ledger) if format_ == "summary" else _markdown(ledger))


def _summary(ledger: Sequence[Standing]) -> str:
    """Return a table of how many rows of each kind have which standing."""
    counts = Counter((each.kind, each.standing) for each in ledger)
    kinds = dict.fromkeys(each.kind for each in ledger)
    rows = [(_PLURALS[kind], *(str(counts[kind, each]) for each in _STANDINGS)) for kind in kinds]
    return _table(("", *_STANDINGS), rows)


def _markdown(ledger: Iterable[Standing]) -> str:
    rows = []
    for each in ledger:
        standing = f"{each.standing}: {each.detail}" if each.detail else each.standing
        rows.append((each.kind, f"`{each.name}`", each.grade, standing))
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
def doctor(
    ctx: click.Context, /, recording: Path | None, max_age: float, max_open: int | None, **given: Any
) -> None:
    """Check that the mock with these options was proved to be like a service, and how long ago.

    The proof is an overlay written by `bitpeak-mock learn`, a recording written by `bitpeak-mock check --record`, or
    both. A build can rely on it: the check fails if the proof is missing, old, about another document or cut off, if
    it shows that the mock differs, or if it leaves too many questions open.

    Exit codes: 0 the proof holds, 1 it does not, 2 wrong options, 3 the document or the recording cannot be read.
    """
    from mock_server.document import read_recorded

    document, overlays = given["document"], given["overlay"]
    effective = load_document(document, overlays, given["answer"])
    recorded = None
    if recording is not None:
        with user_errors(own=True):
            recorded = read_recorded(recording)
    complaints = [*_about_overlay(effective, max_age, max_open, is_alone=recorded is None)]
    if recorded is not None:
        # The run may have had fewer answers, or no learned overlays: its digest may also be one of these.
        former = [load_document(document, overlays, ())]
        if len(effective.learned) == len(effective.overlays):
            former.append(load_document(document, (), ()))
        is_current = recorded.digest in {effective.digest, *(each.digest for each in former)}
        complaints += _about_recording(effective, recorded, max_age, max_open, is_current=is_current)
    if given["format_"] == "json":
        click.echo(_as_json(effective, recorded, complaints))
    else:
        say(_as_text(effective, recorded, complaints))
    ctx.exit(ExitCode.NO if complaints else ExitCode.OK)


def _about_overlay(
    document: Document, max_age: float, max_open: int | None, *, is_alone: bool
) -> Iterator[str]:
    """Yield what is wrong with the proof of an overlay. A recording can replace it."""
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
    yield from _too_open(stamp.open, learned.still_open(document.questions()), max_open)


def _about_recording(
    document: Document, recorded: RecordingEnds, max_age: float, max_open: int | None, *, is_current: bool
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
        times = "once" if recorded.findings == 1 else f"{recorded.findings} times"
        yield (
            f"The service departed from the document {times} in {recorded.file}. Learn what it does: "
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


def _open(document: Document, recorded: RecordingEnds) -> list[str]:
    return [name for name in document.questions() if name not in recorded.answers]


def _too_old(date: datetime, max_age: float) -> str:
    """Return the age of a proof that is too old, else an empty text."""
    age = (datetime.now(UTC) - date).total_seconds()
    if age <= max_age:
        return ""
    return f"{age / _DAY:.0f} days" if age >= _DAY else f"{age / _DAY:.1f} days"


def _as_text(document: Document, recorded: RecordingEnds | None, complaints: Sequence[str]) -> str:
    from mock_server.document import stamp_of, stamp_text

    lines = [stamp_text(document)] if recorded is None or stamp_of(document) else []
    if recorded is not None:
        lines.append(
            f"recorded {recorded.date:%Y-%m-%d} from {recorded.target}, {recorded.exchanges} exchanges, "
            f"{len(_open(document, recorded))} questions open"
        )
    return "\n".join([*lines, *complaints])


def _as_json(document: Document, recorded: RecordingEnds | None, complaints: Sequence[str]) -> str:
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
