"""What a twin run came to, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from contract_tests.learning.draft import Lesson
from contract_tests.report.reproduction import answer_of, reproduce
from contract_tests.twin.accepted import Acceptances
from contract_tests.twin.compare import Difference
from contract_tests.twin.twin import Shown, Twins

Clean = Callable[[str], str]

_LONGEST = 300


def as_text(twins: Twins, accepted: Acceptances, clean: Clean) -> str:
    """Return the report for a terminal."""
    lines = [
        f"{twins.sequences} sequences, {twins.calls} calls into each:",
        f"  left   {twins.left}",
        f"  right  {twins.right}",
        "",
    ]
    for shown in twins.shown:
        lines += _sequence(shown, clean)
    if twins.lessons:
        lines += ["The right one answers otherwise than the document of the left one says:"]
        lines += [f"  {lesson.about}: {clean(lesson.says)}" for lesson in twins.lessons] + [""]
    lines += [
        f"  expired on {e.until}: {e.operation} {e.place} ({e.reason}), {e.where}" for e in accepted.expired
    ]
    lines += [f"  accepted, and not met: {e.operation} {e.place}, {e.where}" for e in accepted.unmet]
    lines += ["The requests that the run may make ran out."] if twins.spent else []
    lines += [_verdict(twins, accepted)]
    return "\n".join(lines)


def _verdict(twins: Twins, accepted: Acceptances) -> str:
    unnamed = sum(not shown.is_named for shown in twins.shown)
    if accepted.expired and twins.is_alike:
        return "No difference, but an acceptance has expired: look at it anew."
    if twins.is_alike:
        return "No difference."
    if unnamed:
        return "They differ in what no open question asks."
    return "They differ in open questions only: `bitpeak-mock learn` writes the overlay that makes the mock agree."


def _sequence(shown: Shown, clean: Clean) -> Iterator[str]:
    outcome = shown.outcome
    yield f"A difference after {len(outcome.steps)} call{'s' if len(outcome.steps) > 1 else ''}:"
    for one, other in zip(outcome.left, outcome.right, strict=True):
        yield f"  left   {clean(one.as_curl())}"
        yield f"         {_short(clean(answer_of(one)))}"
        yield f"  right  {clean(other.as_curl())}"
        yield f"         {_short(clean(answer_of(other)))}"
    for each in outcome.differences:
        name = shown.names.get(each.place)
        yield f"  {each.place}: left {_short(str(each.left))}, right {_short(str(each.right))}"
        yield (
            f"    the open question {name.about}: {clean(name.says)}"
            if name
            else "    no open question asks this"
        )
    yield ""


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def as_json(twins: Twins, accepted: Acceptances, clean: Clean) -> str:
    """Return the report as JSON."""
    return json.dumps(
        {
            "left": twins.left,
            "right": twins.right,
            "sequences": twins.sequences,
            "calls": twins.calls,
            "alike": twins.is_alike and not accepted.expired,
            "budget_spent": twins.spent,
            "differences": [_shown(shown, clean) for shown in twins.shown],
            "lessons": [_lesson(lesson, clean) for lesson in twins.lessons],
            "open": dict(twins.open),
            "expired": [
                {"place": e.place, "until": str(e.until), "reason": e.reason} for e in accepted.expired
            ],
            "unmet": [{"place": e.place, "until": str(e.until), "reason": e.reason} for e in accepted.unmet],
        },
        indent=2,
        ensure_ascii=False,
    )


def _lesson(lesson: Lesson, clean: Clean) -> dict[str, Any]:
    steps = reproduce(lesson.seen, clean)
    return {
        "about": lesson.about,
        "says": clean(lesson.says),
        "seen": [{"request": step.curl, "answer": step.answer} for step in steps[-4:]],
    }


def _shown(shown: Shown, clean: Clean) -> dict[str, Any]:
    outcome = shown.outcome
    calls = [
        {
            "left": {"request": clean(one.as_curl()), "answer": clean(answer_of(one))},
            "right": {"request": clean(other.as_curl()), "answer": clean(answer_of(other))},
        }
        for one, other in zip(outcome.left, outcome.right, strict=True)
    ]
    return {"calls": calls, "places": [_place(each, shown, clean) for each in outcome.differences]}


def _place(difference: Difference, shown: Shown, clean: Clean) -> dict[str, Any]:
    name = shown.names.get(difference.place)
    return {
        "place": difference.place,
        "left": clean(str(difference.left)),
        "right": clean(str(difference.right)),
        "about": name.about if name else None,
        "says": clean(name.says) if name else None,
    }
