"""Writes what was learned as an OpenAPI Overlay: the actions, and beside them where, when and by which exchanges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from contract_tests.guard.exchange import Exchange, printable
from contract_tests.learning.draft import Lesson
from contract_tests.learning.learn import Learnt
from contract_tests.report.outcome import Happened, reproduce
from mock_server.document import LEARNED, dump_yaml

_DATE = "%Y-%m-%dT%H:%M:%SZ"
_MOST_STEPS = 4
_LONGEST = 300

Clean = Callable[[str], str]


def overlay_of(learnt: Learnt, target: str, clean: Clean) -> dict[str, Any]:
    """Return the overlay as data; `clean` takes keys and rows of others out of a text."""
    clean = _in_one_line(clean)
    unasked = (f"Not asked, or not to the end: {sentence}" for sentence in learnt.unasked)
    day = f"{learnt.date:%Y-%m-%d}"
    return {
        "overlay": "1.1.0",
        "info": {
            "title": f"What {target} does",
            "version": day,
            "description": (
                f"Learned by `bitpeak-mock learn` on {day} with {learnt.requests} requests. Applied to the base "
                "document alone, it makes it say what this service was seen to do."
            ),
        },
        "extends": learnt.base.base_name,
        "actions": _actions(learnt, clean),
        LEARNED: {
            "date": learnt.date.strftime(_DATE),
            "target": target,
            "document": str(learnt.base.digest),
            "requests": learnt.requests,
            "writes": learnt.writes,
            "operations": list(learnt.operations),
            "refusals": list(learnt.refusals),
            "answers": learnt.answers,
            "open": dict(learnt.open),
            "unsaid": [clean(sentence) for sentence in (*learnt.unsaid, *unasked)],
            "lessons": [_lesson(lesson, clean) for lesson in learnt.lessons],
        },
    }


def _in_one_line(clean: Clean) -> Clean:
    """Return what cleans a text for people: what an editor might obey becomes an escape."""
    return lambda text: printable(clean(text))


def as_yaml(overlay: dict[str, Any]) -> str:
    """Return the overlay as the text of a file."""
    head = "# Written by `bitpeak-mock learn`. Serve it: bitpeak-mock serve --overlay FILE\n"
    return head + dump_yaml(overlay)


def _actions(learnt: Learnt, clean: Clean) -> list[dict[str, Any]]:
    found = []
    for lesson in learnt.lessons:
        for number, action in enumerate(lesson.actions):
            verb = {key: value for key, value in action.items() if key != "target"}
            # Only the first action of a lesson says what was seen: some lessons have dozens.
            about = f"{lesson.about}, too" if number else clean(f"{lesson.about}: {lesson.says}")
            found.append({"target": action["target"], "description": about, **verb})
    # An overlay needs an action, and a service that does what is documented gives none.
    return found or [{"target": "$.info", "description": "Nothing differs.", "update": {}}]


def _lesson(lesson: Lesson, clean: Clean) -> dict[str, Any]:
    return {"about": lesson.about, "says": clean(lesson.says), "seen": list(_seen(lesson.seen, clean))}


def _seen(exchanges: Sequence[Exchange], clean: Clean) -> list[dict[str, str]]:
    steps = reproduce(Happened(exchanges), clean)[-_MOST_STEPS:]
    return [{"request": step.curl, "answer": _short(step.answer)} for step in steps]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
