"""Observations that several probes share, each made once: pass them to `Prober.once`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from contract_tests.document import NOBODYS, Facts
from contract_tests.probes.expectations import Expectations
from contract_tests.probes.handler import ProbedHandler
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import Undecided, Unlisted, is_success, mapping, number
from contract_tests.probes.trials import Trials
from contract_tests.target.api import WRONG_KEY, TargetResponse

_NO_TYPE = "no-such-type"

# An origin with a name reserved for examples (RFC 2606), at which no page runs.
ORIGIN = "https://example.com"


class SeenPage:
    """One page. Raises Unlisted if the list is refused, and Undecided if a page cannot be read."""

    def __init__(self, response: TargetResponse, expectations: Expectations) -> None:
        self.response = response
        self._expectations = expectations
        self._schemas = expectations.facts.schemas
        self._schema = expectations.facts.operation("list").response
        rows = self.value("rows")
        if not is_success(response):
            raise Unlisted(f"The list returns {response.status} without rows.")
        if not isinstance(rows, list):  # a finding, which is reported elsewhere
            raise Undecided("the rows of the list cannot be read")
        self.rows = [mapping(row) for row in rows]

    @property
    def ids(self) -> list[int | None]:
        """The rows' ids."""
        return [number(row.get(self._expectations.facts.row["id"])) for row in self.rows]

    @property
    def meta(self) -> Mapping[str, Any]:
        """The object that holds the total."""
        return mapping(self.response.shown(*self._schemas.path_to(self._schema, "total")[:-1]))

    def value(self, word: str) -> Any:
        """Return the value at the place of an `x-value` word."""
        return self.response.shown(*self._schemas.path_to(self._schema, word))

    @property
    def total_keys(self) -> dict[str, str]:
        """The key of the total under each answer to the question about it."""
        return self._expectations.by_answer("meta-total", _total_key)

    @property
    def total(self) -> int | None:
        """The total under any of these keys; None if the page has none of them."""
        found = [number(self.meta.get(key)) for key in self.total_keys.values()]
        return next((value for value in found if value is not None), None)

    @property
    def is_last(self) -> bool:
        """Whether this is the last page."""
        return self.value("link-next") is None

    @property
    def is_first(self) -> bool:
        """Whether this is the first page."""
        return self.value("link-previous") is None

    @property
    def links(self) -> list[str]:
        """The links, without those that are null."""
        words = ("link-first", "link-last", "link-next", "link-previous", "link-self")
        return [link for link in map(self.value, words) if isinstance(link, str)]


def _total_key(facts: Facts) -> str:
    return facts.schemas.path_to(facts.operation("list").response, "total")[-1]


def first_page(prober: Prober) -> SeenPage:
    """Get the first page before anything is created. If requests are spared, this is the list of the run's opening."""
    if not prober.can_write:
        return SeenPage(prober.once(wide_response), prober.expectations)
    response = prober.list() if prober.terms.spares else prober.list(page=1)
    return SeenPage(response, prober.expectations)


def wide_response(prober: Prober) -> TargetResponse:
    """Get a page of the largest size, with the prober's rows, as a web page of another origin would."""
    if prober.can_write:
        prober.once(handler)
        with suppress(Undecided):  # then only the order stays unknown
            prober.once(second)
    return prober.list(
        page=1, size=max(prober.facts.sizes), headers={"Origin": ORIGIN}, fresh=True, again=True
    )


def some_id(prober: Prober) -> int:
    """Return the id of a handler to look at: one of the run's own, or any if the run only reads."""
    if prober.can_write:
        return prober.once(handler).id
    ids = [row for row in prober.once(first_page).ids if row is not None]
    if not ids:
        raise Undecided("the account has no handler to look at")
    return ids[0]


def missing_bearer(prober: Prober) -> TargetResponse:
    """Get the list without a key."""
    return prober.send("GET", prober.facts.operation("list").path, authorization=None)


def wrong_key(prober: Prober) -> TargetResponse:
    """Get the list with a wrong key."""
    return prober.send("GET", prober.facts.operation("list").path, authorization=f"Bearer {WRONG_KEY}")


def nowhere(prober: Prober) -> TargetResponse:
    """Get a path that the API does not have."""
    return prober.send("GET", prober.terms.nowhere)


def not_there(prober: Prober) -> TargetResponse:
    """Look at a handler that does not exist."""
    return look_for_nobodys(prober)


def look_for_nobodys(prober: Prober, *, fresh: bool = False) -> TargetResponse:
    """Ask for a handler that does not exist."""
    return prober.send("GET", prober.api.path_of("retrieve", NOBODYS), fresh=fresh, again=fresh)


def nameless(prober: Prober) -> TargetResponse:
    """Create without a name."""
    return Trials(prober).tried("create", "name", "absent").response


def unknown_type(prober: Prober) -> TargetResponse:
    """Create with a type that is not listed."""
    return Trials(prober).tried("create", "type", "not-listed").response


def type_refusal(facts: Facts) -> str:
    """Return the name of the refusal for a type that is not listed."""
    reaction = facts.create_form.react(facts.form["type"], _NO_TYPE)
    return reaction.row.refusal if reaction.row is not None else ""


def handler(prober: Prober) -> ProbedHandler:
    """Create the handler that the probes update. Its type has two fields, and its name letters beyond ASCII."""
    return Trials(prober).standing(prober.kinds.pair)


def second(prober: Prober) -> ProbedHandler:
    """Create a handler of a type without settings."""
    prober.once(handler)  # the older one
    return Trials(prober).standing(prober.kinds.plain)


@dataclass(frozen=True, slots=True)
class Renaming:
    """What an update of the name alone did.

    `kept`: type and settings stayed as they were. `emptied`: the type stayed, but no setting has a value any more.
    `blanked`: both are gone.
    """

    response: TargetResponse
    handler: ProbedHandler
    last_changed: object
    kept: bool
    emptied: bool
    blanked: bool


def renaming(prober: Prober) -> Renaming:
    """Update the handler for the first time, by its name alone."""
    row = prober.once(handler)
    kind, settings = row.type, row.settings
    name = prober.name()
    response = row.update(name=name)
    if not is_success(response):
        raise Undecided(f"an update of the name returns {response.status}")
    row.look()
    same_type, some_left = row.type == kind, any(row.settings.values())
    kept = same_type and row.settings == settings
    emptied = same_type and not some_left
    blanked = not row.settings and not row.type
    changed = row.shown.get(prober.facts.row["changed"])
    return Renaming(response, row, changed, kept, emptied, blanked)


@dataclass(frozen=True, slots=True)
class Partial:
    """What an update of the first of two fields did to the last one: its value before and after."""

    first: object
    after: object


def partial(prober: Prober) -> Partial:
    """Update one of the type's fields, without sending the type."""
    row = prober.once(renaming).handler
    if not row.type:
        raise Undecided("an update blanks the type")
    field, *_, last = prober.facts.types[prober.kinds.pair]
    before = row.settings.get(last)
    if not is_success(response := row.update(**{field: "changed"})):
        raise Undecided(f"an update of one field returns {response.status}")
    row.look()
    return Partial(before, row.settings.get(last))


@dataclass(frozen=True, slots=True)
class TypeChange:
    """The settings before and after a change of type, what was sent, and the time of the last change after it."""

    field: str
    sent: str
    before: dict[str, object]
    after: dict[str, object]
    changed: object


def type_change(prober: Prober) -> TypeChange:
    """Give a handler another type, with the one field of that type."""
    if not prober.once(renaming).handler.type:
        raise Undecided("an update blanks the type")
    trials, kind = Trials(prober), prober.kinds.address
    before = dict(trials.standing(prober.kinds.pair).settings)
    row = trials.standing(kind)
    (field,) = prober.facts.types[kind]
    changed = row.shown.get(prober.facts.row["changed"])
    return TypeChange(field, row.sent[field], before, dict(row.settings), changed)


def preflight(prober: Prober) -> TargetResponse:
    """Send the preflight of a browser that is about to delete for a page of another origin."""
    headers = {"Origin": ORIGIN, "Access-Control-Request-Method": "DELETE"}
    path = prober.api.path_of("delete", prober.once(handler).id)
    return prober.send("OPTIONS", path, headers=headers, authorization=None)


def other_method(prober: Prober) -> TargetResponse:
    """Send a method that the document does not have, to a handler that exists."""
    return prober.send(prober.facts.other_methods[0], prober.api.path_of("retrieve", prober.once(handler).id))


def other_method_without_key(prober: Prober) -> TargetResponse:
    """Send the same without a key."""
    path = prober.api.path_of("retrieve", prober.once(handler).id)
    return prober.send(prober.facts.other_methods[0], path, authorization=None)
