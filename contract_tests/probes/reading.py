"""What a probe may find, and how responses are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from contract_tests.document import Facts, by_form
from contract_tests.guard.exchange import at
from contract_tests.judge.verdicts import said
from contract_tests.target.api import TargetResponse, json_in


class Missing:
    """Stands for what a row does not show; a sentence quotes it as 'nothing'."""

    def __repr__(self) -> str:
        return "nothing"


MISSING = Missing()


@dataclass(frozen=True, slots=True)
class Answered:
    """The target gives a listed answer; `answer` is its id.

    `said` describes what was seen more precisely than the answer's own sentence; it is empty if that is enough.
    """

    answer: str
    said: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """The target left the question open; `reason` says why, without a full stop."""

    reason: str


@dataclass(frozen=True, slots=True)
class Outside:
    """The target does what no listed answer says; `sentence` describes it."""

    sentence: str


Finding = Answered | Unknown | Outside


class Undecided(Exception):
    """A probe cannot see what it needs. The text is the reason, without a full stop."""


class Unlisted(Exception):
    """A probe met what no listed answer says. The text is a sentence."""


class Error(NamedTuple):
    """Title and status of the first error in a refusal's body; None for what the body lacks."""

    title: str | None
    status: int | str | None


def is_success(response: TargetResponse) -> bool:
    """Tell whether a response is a 2xx."""
    return 200 <= response.status < 300


def accepted(response: TargetResponse, what: str) -> bool:
    """Tell whether a request was accepted (2xx) or refused (4xx). Raises Unlisted, about `what`, for anything else."""
    if not is_success(response) and not 400 <= response.status < 500:
        raise Unlisted(f"{what[0].upper()}{what[1:]} returns {said(response)}.")
    return is_success(response)


def refused(response: TargetResponse, what: str = "It") -> Answered:
    """Return the answer `refused`, and say how."""
    return Answered("refused", f"{what} is refused with {said(response)}.")


def shown(value: Any) -> str:
    """Return a JSON value as people read it."""
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def parsed(response: TargetResponse) -> Any:
    """Return the body as data; None if it is not JSON."""
    return json_in(response.body)


def told(response: TargetResponse) -> tuple[int, str]:
    """Return what distinguishes refusals: the status, and the body without what is new in each response."""
    data = parsed(response)
    text = response.body.decode(errors="replace") if data is None else json.dumps(data, sort_keys=True)
    return response.status, by_form(text)


def rows_in(response: TargetResponse, facts: Facts) -> list[Any] | None:
    """Return the rows that a response lists; None if it is not a list."""
    rows = response.shown(*facts.schemas.path_to(facts.operation("list").response, "rows"))
    return rows if is_success(response) and isinstance(rows, list) else None


def error_of(response: TargetResponse) -> Error:
    """Return the error in a refusal's body."""
    errors = response.shown("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    title, status = at(first, ("title",)), at(first, ("status",))
    return Error(
        title if isinstance(title, str) else None,
        status if isinstance(status, (int, str)) and not isinstance(status, bool) else None,
    )


def number(value: Any) -> int | None:
    """Return an integer that was sent as a number or as its digits; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def switch(value: Any) -> bool:
    """Return a boolean that was sent as one, as 0 or 1, or as a text. Raises Undecided for anything else."""
    if value in (True, "1", "true"):
        return True
    if value in (False, "0", "false", ""):
        return False
    raise Undecided(f"a truth value is shown as {value!r}")


def mapping(value: Any) -> Mapping[str, Any]:
    """Return an object, even if it was sent as JSON text; an empty one for anything else, such as PHP's `[]`."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, Mapping) else {}
