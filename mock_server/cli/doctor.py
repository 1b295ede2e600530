"""`bitpeak-mock doctor`: whether a mock's proof is there, fresh and about this document."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click

from mock_server.cli.failure import ExitCode
from mock_server.cli.loading import foreseen, load_document
from mock_server.cli.options import document_options, format_option, options
from mock_server.document import Document, Recorded, read_recorded, stamp_facts, stamp_of, stamp_text
from mock_server.settings import read_duration

_DAY = 86_400


def _age(_: click.Context, __: click.Parameter, text: str) -> float:
    try:
        return read_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command
@options(
    *document_options,
    click.option(
        "--recording", metavar="FILE", type=click.Path(path_type=Path),
        help="A recording of a service, by the same document and answers, as a proof.",
    ),
    click.option(
        "--max-age", metavar="TIME", callback=_age, default="30d", show_default=True,
        help="How old the proof may be: 12h, 30d.",
    ),
    click.option("--max-open", metavar="N", type=click.IntRange(min=0), help="How many questions may stay open."),
    format_option,
)  # fmt: skip
@click.pass_context
def doctor(  # noqa: PLR0913, PLR0917 - each is one option of the command
    ctx: click.Context,
    document: Path | None,
    overlay: tuple[str, ...],
    answer: tuple[str, ...],
    recording: Path | None,
    max_age: float,
    max_open: int | None,
    format_: str,
) -> None:
    """Say whether the mock that these options make was proved to be like a service, and how long ago.

    The proof is an overlay that `bitpeak-mock learn` wrote, or a recording that `bitpeak-mock check --record` wrote, or
    both. For a build: it fails where the proof is missing, old, about another document or cut off, where it found what
    the mock does otherwise, or where it leaves too much open.

    Exit codes: 0 the proof holds, 1 it does not, 2 wrong options, 3 the document or the recording cannot be read.
    """
    effective = load_document(document, overlay, answer)
    recorded = None if recording is None else _read(recording)
    limits = _Limits(max_age, max_open)
    complaints = [*_of_overlay(effective, limits, is_alone=recorded is None)]
    if recorded is not None:
        # The run may have had fewer answers, or not yet what was learned: what it found is compared, too.
        less = [load_document(document, overlay, ())]
        if len(effective.learned) == len(effective.overlays):
            less.append(load_document(document, (), ()))
        is_current = recorded.digest in {effective.digest, *(each.digest for each in less)}
        complaints += _of_recording(effective, recorded, limits, is_current=is_current)
    click.echo((_as_json if format_ == "json" else _as_text)(effective, recorded, complaints))
    ctx.exit(ExitCode.NO if complaints else ExitCode.OK)


class _Limits(NamedTuple):
    """How old a proof may be, in seconds, and how many questions it may leave open, None for any number."""

    max_age: float
    max_open: int | None


def _read(recording: Path) -> Recorded:
    """Read a recording's head and foot. Raises Failure."""
    with foreseen(own=True):
        return read_recorded(recording)


def _as_text(document: Document, recorded: Recorded | None, complaints: Sequence[str]) -> str:
    lines = [stamp_text(document)] if recorded is None or stamp_of(document) else []
    lines += [] if recorded is None else [_told(document, recorded)]
    return "\n".join([*lines, *complaints])


def _as_json(document: Document, recorded: Recorded | None, complaints: Sequence[str]) -> str:
    facts = {"verified": stamp_facts(document), "recorded": _facts(recorded), "complaints": complaints}
    return json.dumps(facts, indent=2, ensure_ascii=False)


def _of_overlay(document: Document, limits: _Limits, *, is_alone: bool) -> Iterator[str]:
    """Yield what is wrong with the proof of an overlay; none is needed where a recording is one."""
    stamp = stamp_of(document)
    if stamp is None:
        if is_alone:
            yield "No overlay of it was learned from a service: run `bitpeak-mock learn --base-url URL --out FILE`."
        return
    learned = stamp.learned
    if age := _too_old(learned.date, limits.max_age):
        yield f"It was learned {age} ago, {learned.file}: learn it anew."
    if not stamp.is_current:
        yield f"It was learned against another base document, {learned.file}: learn it anew."
    yield from _too_open(stamp.open, learned.open, limits)


def _of_recording(
    document: Document, recorded: Recorded, limits: _Limits, *, is_current: bool
) -> Iterator[str]:
    """Yield what is wrong with the proof of a recording."""
    if age := _too_old(recorded.date, limits.max_age):
        yield f"It was recorded {age} ago, {recorded.file}: record it anew."
    if not is_current:
        yield (
            f"It was recorded against another document, {recorded.file}: "
            "give --document, --overlay and --answer as that run had them, or record it anew."
        )
    if not recorded.is_whole:
        yield f"The recording has no end, {recorded.file}, since its run was killed: record it anew."
        return
    if recorded.findings:
        yield (
            f"The service departed from the document {recorded.findings} times, {recorded.file}: "
            "learn what it does, `bitpeak-mock learn --base-url URL --out FILE`."
        )
    known = document.answers
    other = [f"{n}={a}" for n, a in recorded.answers.items() if n in known and known[n] != a]
    if other:
        flags = " ".join(f"--answer {each}" for each in other)
        yield f"The service answers otherwise than the mock, {recorded.file}: serve the mock with {flags}."
    still = _open(document, recorded)
    yield from _too_open(len(still), still, limits)


def _too_open(count: int, still: Iterable[str], limits: _Limits) -> Iterator[str]:
    if limits.max_open is not None and count > limits.max_open:
        yield f"{count} questions stay open, and {limits.max_open} may: {', '.join(still)}."


def _open(document: Document, recorded: Recorded) -> list[str]:
    return [name for name in document.questions() if name not in recorded.answers]


def _too_old(date: datetime, max_age: float) -> str:
    """Return how old a proof is where it is too old, else nothing."""
    age = (datetime.now(UTC) - date).total_seconds()
    if age <= max_age:
        return ""
    return f"{age / _DAY:.0f} days" if age >= _DAY else f"{age / _DAY:.1f} days"


def _told(document: Document, recorded: Recorded) -> str:
    """Return what a recording proves, in a line."""
    still = len(_open(document, recorded))
    return (
        f"recorded {recorded.date:%Y-%m-%d} from {recorded.target}, {recorded.exchanges} exchanges, "
        f"{still} questions open"
    )


def _facts(recorded: Recorded | None) -> dict[str, Any] | None:
    """Return what a recording proves as data, None where there is none."""
    if recorded is None:
        return None
    return {
        "date": f"{recorded.date:%Y-%m-%dT%H:%M:%SZ}",
        "target": recorded.target,
        "exchanges": recorded.exchanges,
        "answers": dict(recorded.answers),
        "findings": recorded.findings,
        "whole": recorded.is_whole,
    }
