"""What an expectation rests on: a statement of the document, with its grade, or a duty of any API.

A place of the document is named by its JSON Pointer. Its grade is the nearest `x-grade` on the way to it, D if none
is found. An open question decides a place if one of its answers changes that place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jsonschema_rs

from mock_server.document import DocumentError, Object, Question, apply_actions, duplicate, plain

PAGE = "D"
BELIEVED = "B"
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Statement:
    """What must hold, in a sentence, and why: `pointer` names the place in the document, empty for a duty.

    `questions` are the open questions that decide it. `is_open`: the documentation page does not say so itself.
    `is_told`: a report tells anyhow how a service does it. `is_accepted`: the user said so, by an overlay or an answer.
    `is_suspended`: what the service does was seen and cannot be said, so nothing is expected.
    """

    says: str
    pointer: str = ""
    grade: str = PAGE
    questions: frozenset[str] = frozenset()
    is_open: bool = False
    is_told: bool = False
    is_accepted: bool = field(default=False, compare=False)
    is_suspended: bool = field(default=False, compare=False)

    @property
    def is_duty(self) -> bool:
        """Whether any API owes this, whatever its documentation says."""
        return not self.pointer

    @property
    def key(self) -> str:
        """What tells statements apart."""
        return self.pointer or self.says


# The duties of any API. Breaking one is a finding whatever the documentation says.
ANSWERS = Statement("Each request is answered, and not with a server error.")
JSON = Statement("A success is valid JSON and is labelled as JSON.")
KEYS = Statement(
    "A key opens the handlers of its own account and no others. No key, or a wrong one, opens none."
)
WRITTEN = Statement("What was written is what is read.")
GONE = Statement("What was deleted stays deleted.")
IDS = Statement("Each new handler has an id that no other handler has or had.")
PAGES = Statement("The pages of the list show each handler once, and the total counts them.")
OTHERS = Statement("A write changes the handler that it names and no other.")
STEADY = Statement("What nothing has written to stays as it was.")
SAME = Statement("Two answers about the same thing agree.")


def pointer(*keys: str) -> str:
    """Return the JSON Pointer (RFC 6901) of a place."""
    return "".join(f"/{key.replace('~', '~0').replace('/', '~1')}" for key in keys)


def differing(one: Any, other: Any, here: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each place in which two trees differ, and what stands there in the second."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in one.keys() | other.keys():
            yield from differing(one.get(key, _ABSENT), other.get(key, _ABSENT), here + pointer(str(key)))
    elif one is not other and one != other:
        yield here, other


class Statements:
    """The statements of an effective document.

    `known` is the document before any answer was found; `questions` are its open questions. `accepted` are the places
    that the user's overlays changed and `given` the questions that the user answered.
    """

    def __init__(
        self,
        effective: Mapping[str, Any],
        known: Object | None = None,
        questions: Mapping[str, Question] | None = None,
        accepted: Sequence[str] = (),
        given: Sequence[str] = (),
    ) -> None:
        self._effective = effective
        self._known = known
        self._questions = questions or {}
        self._accepted = tuple(accepted)
        self._given = frozenset(given)

    def at(self, place: str, says: str, *, below: bool = False, grade: str = "") -> Statement:
        """Return the statement at a place.

        `below`: questions that decide something below the place count too. `grade` is said by the caller if the place
        does not say it.
        """
        return self._made(place, says, self._deciding(place, below=below), grade)

    def violated(self, place: str, says: str, value: Any, *, grade: str = "") -> Statement:
        """Return the statement of a word of JSON Schema that a value violates.

        A question decides it only if one of its answers would let the value pass.
        """
        deciding = {name for name, other in self._answers(place) if _admits(place, other, value)}
        return self._made(place, says, deciding, grade)

    def of_question(self, name: str) -> Statement:
        """Return the statement that is a question's assumed answer."""
        question = self._questions[name]
        says = question.answers[question.assumed].means
        return Statement(
            says,
            f"#{name}",
            question.grade,
            frozenset({name}),
            not question.departure,
            is_accepted=name in self._given,
        )

    def _made(self, place: str, says: str, deciding: set[str], grade: str) -> Statement:
        grade = grade or self._grade(place)
        if deciding:
            departs = [name for name in deciding if self._questions[name].departure]
            is_open = not departs
            grade = self._questions[(departs or sorted(deciding))[0]].grade
        else:
            is_open = grade != PAGE
        accepted = any(_touches(place, one) for one in self._accepted) or bool(deciding & self._given)
        return Statement(says, place, grade, frozenset(deciding), is_open, is_accepted=accepted)

    def _grade(self, place: str) -> str:
        """Return the nearest grade on the way to a place."""
        node: Any = self._effective
        grade = PAGE
        for key in place.split("/")[1:]:
            name = key.replace("~1", "/").replace("~0", "~")
            try:
                node = node[int(name)] if isinstance(node, list) else node[name]
            except (LookupError, ValueError, TypeError):
                break
            if isinstance(node, Mapping):
                grade = node.get("x-grade", grade)
        return grade

    def _deciding(self, place: str, *, below: bool) -> set[str]:
        is_near = _touches if below else _contains
        return {name for name, changed in self._changes if any(is_near(one, place) for one in changed)}

    def _answers(self, place: str) -> Iterator[tuple[str, Any]]:
        """Yield a question and what one of its answers puts at a place, for each that changes it."""
        for name, changed in self._changes:
            for one, value in changed.items():
                if one == place or place.startswith(f"{one}/"):
                    yield name, value if one == place else _ABSENT

    @cached_property
    def _changes(self) -> list[tuple[str, dict[str, Any]]]:
        """Each answer that is not assumed, as the places that it changes; only a complaint needs them."""
        found: list[tuple[str, dict[str, Any]]] = []
        if self._known is None:
            return found
        for question in self._questions.values():
            for answer in question.answers.values():
                changed = duplicate(self._known)
                try:
                    apply_actions(changed, answer.actions)
                except DocumentError:
                    continue  # an overlay has said what this answer would say
                found.append((question.id, dict(differing(self._known, changed))))
        return found


def _contains(place: str, other: str) -> bool:
    """Tell whether a place is another one or lies around it."""
    return other == place or other.startswith(f"{place}/")


def _touches(place: str, other: str) -> bool:
    return _contains(place, other) or _contains(other, place)


def _admits(place: str, other: Any, value: Any) -> bool:
    """Tell whether a value would pass if this stood at the place of the word that it violates."""
    if other is _ABSENT:
        return True
    word = place.rpartition("/")[2]
    return jsonschema_rs.validator_for({word: plain(other)}).is_valid(value)
