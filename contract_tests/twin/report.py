"""Writes the report of a twin run, for people and for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from contract_tests.document import Facts
from contract_tests.guard.exchange import (
    KEY_VARIABLE,
    Exchange,
    curl_of,
    json_line,
    json_text,
    printable,
    printable_lines,
)
from contract_tests.learning.draft import Lesson
from contract_tests.report.accepted import Acceptances, Accepted
from contract_tests.report.outcome import Happened, answer_of, reproduce
from contract_tests.twin.compare import Difference
from contract_tests.twin.naming import tried_rows
from contract_tests.twin.replay import Offline, places
from contract_tests.twin.twin import Shown, Twins

Clean = Callable[[str], str]

_LONGEST = 300
_KINDS = {"question": "the open question", "row": "the row", "look": "what was learned,"}


def as_text(twins: Twins, accepted: Acceptances, clean: Clean) -> str:
    """Return the report for a terminal."""
    lines = [
        f"{twins.sequences} sequences, {twins.calls} calls to each side:",
        f"  left   {twins.left}",
        f"  right  {twins.right}",
        "",
    ]
    for shown in twins.shown:
        lines += _sequence(shown, twins, clean)
    if twins.lessons:
        lines += ["The right one differs from the document of the left one:"]
        lines += [f"  {lesson.about}: {printable(clean(lesson.says))}" for lesson in twins.lessons] + [""]
    lines += [f"  {line}" for line in _expired(accepted)]
    lines += [f"  accepted, and not met: {e.operation} {e.place}, {e.where}" for e in accepted.unmet]
    lines += ["The run has spent its requests."] if twins.spent else []
    lines += [_verdict(twins, accepted)]
    return printable_lines("\n".join(lines))


def _verdict(twins: Twins, accepted: Acceptances) -> str:
    unnamed = sum(not shown.is_named for shown in twins.shown)
    if accepted.expired and twins.is_alike:
        return "No difference, but an acceptance has expired: look at it again."
    if twins.is_alike:
        return "No difference."
    if not twins.names:
        return "They differ."
    if any(shown.outcome.harms_others for shown in twins.shown):
        return "A write changed a row that it did not name: no more was sent, since rows of others are in danger."
    if unnamed:
        return "They differ in what could not be learned."
    return "All differences have a name: `bitpeak-mock learn` writes the overlay that makes the mock agree."


def _sequence(shown: Shown, twins: Twins, clean: Clean) -> Iterator[str]:
    outcome = shown.outcome
    tried = f", which try {printable(', '.join(map(str, shown.rows)))}" if shown.rows else ""
    yield f"A difference after {len(outcome.steps)} call{'s' if len(outcome.steps) > 1 else ''}{tried}:"
    for step, one, other in zip(outcome.steps, outcome.left, outcome.right, strict=True):
        if step.later:
            yield "  a second later:"
        yield f"  left   {_left(one, twins, clean)}"
        yield f"         {_short(clean(answer_of(one)))}"
        yield f"  right  {curl_of(other, clean)}"
        yield f"         {_short(clean(answer_of(other)))}"
    for each in outcome.differences:
        name = shown.names.get(each.place)
        left, right = (_short(_shown_value(value)) for value in (each.left, each.right))
        yield f"  {printable(each.place)}: left {left}, right {right}"
        if name:
            yield f"    {_KINDS[name.kind]} {printable(clean(f'{name.about}: {name.says}'))}"
        elif twins.names:
            yield "    no question, row or look that was learned explains this"
    yield ""


def _left(exchange: Exchange, twins: Twins, clean: Clean) -> str:
    """Return the curl line of an exchange with the left side, with that side's key."""
    return curl_of(exchange, clean).replace(KEY_VARIABLE, twins.left_key)


def _shown_value(value: Any) -> str:
    """Return a text as it is, and any other value as JSON."""
    return value if isinstance(value, str) else json_line(value)


def _short(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def as_json(twins: Twins, accepted: Acceptances, clean: Clean) -> str:
    """Return the report as JSON."""
    return json_text(
        {
            "left": twins.left,
            "right": twins.right,
            "sequences": twins.sequences,
            "calls": twins.calls,
            "alike": twins.is_alike and not accepted.expired,
            "budget_spent": twins.spent,
            "names": twins.names,
            "differences": [_shown(shown, twins, clean) for shown in twins.shown],
            "lessons": [_lesson(lesson, clean) for lesson in twins.lessons],
            "open": dict(twins.open),
            "expired": _entries(accepted.expired),
            "unmet": _entries(accepted.unmet),
        }
    )


def _expired(accepted: Acceptances) -> list[str]:
    return [
        f"expired on {e.until}: {e.operation} {e.place} ({e.reason}), {e.where}" for e in accepted.expired
    ]


def _entries(entries: Iterable[Accepted]) -> list[dict[str, str]]:
    return [{"place": e.place, "until": str(e.until), "reason": e.reason} for e in entries]


def _lesson(lesson: Lesson, clean: Clean) -> dict[str, Any]:
    steps = reproduce(Happened(lesson.seen), clean)
    return {
        "about": lesson.about,
        "says": clean(lesson.says),
        "seen": [{"request": step.curl, "answer": step.answer} for step in steps[-4:]],
    }


def _shown(shown: Shown, twins: Twins, clean: Clean) -> dict[str, Any]:
    outcome = shown.outcome
    calls = [
        {
            "left": {"request": _left(one, twins, clean), "answer": clean(answer_of(one))},
            "right": {"request": curl_of(other, clean), "answer": clean(answer_of(other))},
        }
        for one, other in zip(outcome.left, outcome.right, strict=True)
    ]
    found = [_place(each, shown, clean) for each in outcome.differences]
    return {"calls": calls, "rows": [row._asdict() for row in shown.rows], "places": found}


def _place(difference: Difference, shown: Shown, clean: Clean) -> dict[str, Any]:
    name = shown.names.get(difference.place)
    return {
        "place": difference.place,
        "left": clean(_shown_value(difference.left)),
        "right": clean(_shown_value(difference.right)),
        "kind": name.kind if name else None,
        "about": name.about if name else None,
        "says": clean(name.says) if name else None,
    }


def offline_text(offline: Offline, accepted: Acceptances, clean: Clean) -> str:
    """Return the report of a replay for a terminal."""
    recording, replayed = offline.recording, offline.replayed
    lines = [
        f"{replayed.exchanges} exchanges with {recording.target} of {recording.date:%Y-%m-%d}, repeated on the mock."
    ]
    lines += [f"  left out: {count}, {why}" for why, count in replayed.left_out.items()]
    lines += [] if recording.is_whole else ["  The recording has no end: its run was killed."]
    unnamed = {id(drift.recorded) for drift in offline.unnamed}
    for operation, place, met in places(replayed.drifts):
        first = next((drift for drift in met if id(drift.recorded) in unnamed), met[0])
        name = "the open questions below"
        if id(first.recorded) in unnamed:
            rows = tried_rows(first.recorded, Facts(offline.document.data))
            name = ", ".join(map(str, rows)) or "no open question asks this"
        times = "once" if len(met) == 1 else f"{len(met)} times"
        lines += [f"{operation} {printable(place)}, {times}: {name}"]
        lines += [f"  {clean(first.recorded.as_curl())}", f"    then  {_short(answer_of(first.recorded))}"]
        lines += [f"    now   {_short(clean(answer_of(first.now)))}"]
    if replayed.drifts and offline.answers:
        lines += ["The recorded service gives other answers than the mock:"]
        lines += [f"  {name}={answer}" for name, answer in offline.answers.items()]
    if offline.fitting:
        lines += ["The recording does not settle these answers, but they remove differences:"]
        lines += [f"  {name}={answer}" for name, answer in offline.fitting.items()]
    lines += _expired(accepted)
    lines += [_found(offline)]
    return printable_lines("\n".join(lines))


def _found(offline: Offline) -> str:
    if offline.unnamed:
        return "They differ in more than answers to open questions."
    if offline.replayed.drifts:
        return "They differ in open questions only: serve the mock with the answers above, or with what `learn` writes."
    return "No difference."


def offline_json(offline: Offline, accepted: Acceptances, clean: Clean) -> str:
    """Return the report of a replay as JSON."""
    recording, unnamed = offline.recording, {id(drift.recorded) for drift in offline.unnamed}
    drifts = [
        {
            "operation": drift.recorded.operation,
            "request": clean(drift.recorded.as_curl()),
            "then": answer_of(drift.recorded),
            "now": clean(answer_of(drift.now)),
            "places": [
                [each.place, clean(_shown_value(each.left)), clean(_shown_value(each.right))]
                for each in drift.differences
            ],
            "named": id(drift.recorded) not in unnamed,
        }
        for drift in offline.replayed.drifts
    ]
    return json_text(
        {
            "target": recording.target,
            "date": f"{recording.date:%Y-%m-%dT%H:%M:%SZ}",
            "whole": recording.is_whole,
            "exchanges": offline.replayed.exchanges,
            "left_out": offline.replayed.left_out,
            "alike": not drifts and not accepted.expired,
            "answers": offline.answers,
            "fitting": offline.fitting,
            "drifts": drifts,
            "expired": _entries(accepted.expired),
        }
    )
