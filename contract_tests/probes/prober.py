"""Sends the probes' requests, remembers the responses, and owns the handlers that the probes create."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, product
from typing import Any, Literal, TypeVar, cast

from contract_tests.document import Facts
from contract_tests.guard.exchange import FAILED_HEADER, OTHER_KEY_VARIABLE, REFUSED_HEADER, Exchange
from contract_tests.guard.ledger import Marker
from contract_tests.guard.policy import NOWHERE
from contract_tests.probes.expectations import Expectations, SentCall, exchange_of
from contract_tests.probes.reading import (
    Finding,
    Outside,
    Undecided,
    Unknown,
    Unlisted,
    error_of,
    is_success,
    mapping,
    number,
    parsed,
    rows_in,
)
from contract_tests.target.api import TargetApi, TargetResponse

Value = TypeVar("Value")

_TOO_MANY = 429
_LAST_NAME = 99_999


class Kinds:
    """Types of one document. Forms have the values of the document's examples, which are reserved addresses."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    @property
    def pair(self) -> str:
        """The type with the fewest own fields, of those with two or more. Raises Undecided if none exists."""
        found = [kind for kind, fields in self._facts.types.items() if len(fields) > 1]
        return self._some(sorted(found, key=lambda kind: len(self._facts.types[kind])), "two fields")

    @property
    def bare(self) -> str:
        """A type without own fields. Raises Undecided if none exists."""
        return self._some([kind for kind, fields in self._facts.types.items() if not fields], "no field")

    @property
    def mailbox(self) -> str:
        """A type with an e-mail address. Raises Undecided if none exists."""
        return self._some(self._showing("@"), "an e-mail address")

    @property
    def address(self) -> str:
        """A type with a URL. Raises Undecided if none exists."""
        return self._some(self._showing("://"), "a URL")

    @property
    def plain(self) -> str:
        """A type for a plain create: the bare one, or else the first with an example."""
        bare = [kind for kind, fields in self._facts.types.items() if not fields]
        return self._some([*bare, *self._facts.examples], "an example")

    def form(self, kind: str, name: str | None) -> dict[str, str]:
        """Return a complete form of a type; None leaves the name out. Raises Undecided if the type has no example."""
        example = dict(self._facts.examples.get(kind, {}))
        if self._facts.types[kind] and not example:
            raise Undecided(f"the document has no example of the type {kind}")
        form = example | {self._facts.form["type"]: kind}
        form.pop(self._facts.form["name"], None)
        return form if name is None else {self._facts.form["name"]: name, **form}

    def _showing(self, sign: str) -> list[str]:
        examples = self._facts.examples
        fields = {kind: own for kind, own in self._facts.types.items() if len(own) == 1 and kind in examples}
        return [kind for kind, (field,) in fields.items() if sign in examples[kind].get(field, "")]

    def _some(self, found: list[str], what: str) -> str:
        if not found:
            raise Undecided(f"the document has no type with {what}")
        return found[0]


@dataclass(frozen=True, slots=True)
class _Observation:
    value: Any
    error: Undecided | Unlisted | None
    exchanges: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """What the probes may do, and what they have to know.

    `nowhere` is a path below the base that no service has. `hidden` is the length of the marker that a guard adds to
    each stored name and hides again. `shown_url` is the base URL to show in the evidence; empty for the URL that is
    called. `spares` saves requests: one sample of a kind is enough. `most` limits the requests. `other_key` opens a
    second account; it is empty if none was given.
    """

    can_write: bool
    nowhere: str = f"/{NOWHERE}"
    hidden: int = 0
    shown_url: str = ""
    spares: bool = False
    most: int | None = None
    other_key: str = field(default="", repr=False)


class Prober:
    """Serves the probes of one run. Not thread-safe.

    `url` is the base URL to show in the evidence. `limited` is the first response that reported too many requests.
    `responses` are those of the target, without the guard's own; `exchanges` are the same with their requests. By the
    name of a refusal, `titles` has the titles that were seen, and `refusals` what was refused first, and how.
    """

    def __init__(self, api: TargetApi, expectations: Expectations, terms: Terms) -> None:
        self.api = api
        self.expectations = expectations
        self.facts = expectations.facts
        self.kinds = Kinds(self.facts)
        self.terms = terms
        self.can_write = terms.can_write
        self.spares = terms.spares or not terms.can_write
        self.learns = False  # whether this run is for `learn`, which asks more
        self.limited: TargetResponse | None = None
        self._first_delete: tuple[TargetResponse, Exchange] | None = None
        self.titles: dict[str, list[str]] = {}
        self.refusals: dict[str, tuple[str, Exchange]] = {}
        self.responses: list[TargetResponse] = []
        self.exchanges: list[Exchange] = []
        self.url = terms.shown_url.rstrip("/") or api.base_url
        self._token = f"probe-{secrets.token_hex(3)}"
        self._names: dict[int, str] = {}
        self._proven: set[int] = set()
        self._kept: set[int] = set()  # rows that later probes look at again
        self._observed: dict[Hashable, _Observation] = {}
        self._settled: dict[Hashable, tuple[TargetResponse, Exchange]] = {}
        self._sent = 0
        self._keys: dict[str, dict[str, str]] = {}  # by type: the form's field by the key that shows it
        self._touched: list[dict[int, Exchange]] = [{}]  # by id(), since comparing whole exchanges is slow

    @property
    def sent(self) -> int:
        """The number of requests that were sent to the target so far."""
        return self._sent

    def find(self, probe: Callable[[Prober], Finding]) -> tuple[Finding, tuple[Exchange, ...]]:
        """Return what a probe finds, and the exchanges that show it."""
        self._touched = [{}]
        try:
            finding = probe(self)
        except Undecided as no:
            finding = Unknown(str(no))
        except Unlisted as no:
            finding = Outside(str(no))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            # A body may be anything: one that no probe foresaw must not end the run.
            finding = Unknown(f"the answers cannot be read ({type(error).__name__}: {error})")
        touched = tuple(self._touched[0].values())
        # At once: before a delete the guard must have just seen the row, and the probe's own look counts.
        for row in self._names.keys() - self._kept:
            with suppress(Undecided):
                self.discard(row)
        return finding, touched

    def watch(self, observe: Callable[[Prober], Value]) -> tuple[Value, tuple[Exchange, ...]]:
        """Return the result of an observation and its exchanges. Raises Undecided and Unlisted."""
        self._touched = [{}]
        value = observe(self)
        return value, tuple(self._touched[0].values())

    def once(self, observe: Callable[[Prober], Value], key: Hashable = None) -> Value:
        """Return the result of an observation, which is made at the first call only.

        Its Undecided or Unlisted is raised again at each call. `key` identifies the observation; by default the
        function does.
        """
        key = observe if key is None else key
        if key not in self._observed:
            self._touched.append({})
            before = set(self._names)
            value: Value | None = None
            error = None
            try:
                value = observe(self)
            except (Undecided, Unlisted) as no:
                error = no
            finally:
                exchanges = tuple(self._touched.pop().values())
                self._kept |= self._names.keys() - before
            self._observed[key] = _Observation(value, error, exchanges)
        seen = self._observed[key]
        self._touched[-1].update((id(one), one) for one in seen.exchanges)
        if seen.error is not None:
            raise seen.error
        return cast("Value", seen.value)

    def knows(self, key: Hashable) -> bool:
        """Tell whether an observation was made already, so that `once` would send nothing."""
        return key in self._observed

    def send(self, method: str, path: str, *, again: bool = False, **parts: Any) -> TargetResponse:
        """Send one request, as `TargetApi.call`. Raises Undecided if the guard or a rate limit prevents it.

        If requests are spared, an equal request is not sent a second time if it was refused, or if it is a GET other
        than that of a row: its first response is returned again. `again` sends it anyway.
        """
        told = {name: part for name, part in parts.items() if name != "fresh"}
        query = {name: str(value) for name, value in told.get("query", {}).items()}  # 7 is sent as "7" is
        key = method, path, repr(sorted({**told, "query": query}.items()))
        if key in self._settled and not again:
            response, exchange = self._settled[key]
            self.responses.append(response)
            self.exchanges.append(exchange)
            self._touched[-1][id(exchange)] = exchange
            return response
        if self.terms.most is not None and self.sent >= self.terms.most and method != "DELETE":
            raise Undecided(f"the run may send no more than {self.terms.most} requests (budget)")
        response = self.api.call(method, path, **parts)
        if reason := response.headers.get(REFUSED_HEADER.lower()):
            raise Undecided(f"the guard did not let {method} through ({reason})")
        self._sent += 1
        if self.terms.other_key and self.terms.other_key in str(told.get("authorization")):
            told["authorization"] = f"Bearer {OTHER_KEY_VARIABLE}"
        exchange = exchange_of(self.facts, self.url, SentCall(method, path, told, self.api.key), response)
        self._touched[-1][id(exchange)] = exchange
        if reason := response.headers.get(FAILED_HEADER.lower()):
            raise Undecided(f"the guard did not get an answer to {method} ({reason})")
        self.responses.append(response)
        self.exchanges.append(exchange)
        if response.status == _TOO_MANY:
            self.limited = self.limited or response
            raise Undecided("the target reported too many requests")
        is_row = path.rpartition("/")[2].isdigit()
        if self.spares and ((method == "GET" and not is_row) or 300 <= response.status < 600):
            self._settled[key] = response, exchange
        return response

    def list(self, **query: Any) -> TargetResponse:
        """Get the list. `page` and `size` become its parameters; the other keywords are those of `TargetApi.call`."""
        names = {"page": self.facts.page_parameter, "size": self.facts.size_parameter}
        asked = {name: query.pop(word) for word, name in names.items() if word in query}
        return self.send("GET", self.facts.operation("list").path, query=asked, **query)

    def name(self, first: str = "") -> str:
        """Return a name that no other handler has. Later names sort first, to tell an order by name from one by time.

        `first` is a letter to begin with: a service that sorts by name sorts by it, even behind a guard's marker.
        """
        return f"{first and f'{first}-'}{self._token}-{_LAST_NAME - self.sent}"

    def as_stored(self, name: str, number: int) -> str:
        """Return a name as the service stores it, with the guard's marker. `number` is higher for a later create."""
        return Marker("bpm").insert(name, number) if self.terms.hidden else name

    def create(self, form: Mapping[str, str], **parts: Any) -> tuple[TargetResponse, int | None]:
        """Send a create. Return the response, and the id if it was accepted. Raises Undecided if the id is missing."""
        return self.create_raw(form.get(self.facts.form["name"], ""), form=form, **parts)

    def create_raw(self, name: str, **parts: Any) -> tuple[TargetResponse, int | None]:
        """Send a create whose body is in `parts`, as for `TargetApi.call`, with this `name`. It may have a `path`."""
        response = self.send("POST", parts.pop("path", self.facts.operation("create").path), **parts)
        if not is_success(response):
            return response, None
        steps = self.facts.schemas.path_to(self.facts.operation("create").response, "id")
        row = number(response.shown(*steps))
        if row is None:
            raise Undecided("the response to a create has no id")
        self._names[row] = name
        return response, row

    def retrieve(self, row: int, *, renamed: bool = False) -> Mapping[str, Any]:
        """Return a handler as a retrieve shows it. Raises Undecided if it is not shown, or is another than was created.

        `renamed`: the service may have changed the name, so that only the id identifies the handler.
        """
        response = self.send("GET", self.api.path_of("retrieve", row))
        shown = self.row_in(response)
        if is_success(response) and parsed(response) is None:
            raise Undecided(f"the retrieve of a new handler returns {response.status} without JSON")
        if not is_success(response) or not shown:
            raise Undecided(f"the retrieve of a new handler returns {response.status}")
        if renamed:
            self._proven.add(row)
        if not self._prove(row, shown):
            raise Undecided("the id in the response to a create leads to another handler")
        return shown

    def row_in(self, response: TargetResponse) -> Mapping[str, Any]:
        """Return the handler that a retrieve shows; an empty mapping if it shows none."""
        steps = self.facts.schemas.path_to(self.facts.operation("retrieve").response, "row")
        return mapping(response.shown(*steps))

    def fields(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Return the form field that fills each setting of a shown row, by the setting's key (see `note_keys`)."""
        kind = str(row.get(self.facts.row["type"]))
        others = {key: field for keys in self._keys.values() for key, field in keys.items()}
        names = self.facts.fields(kind) | others | self._keys.get(kind, {})
        return {key: names.get(key, key) for key in mapping(row.get(self.facts.row["settings"]))}

    def settings(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the settings of a shown row by the form fields that fill them; a number as its digits."""
        shown, own = mapping(row.get(self.facts.row["settings"])), {*chain(*self.facts.types.values())}
        return {
            field: str(shown[key]) if type(shown[key]) is int and field in own else shown[key]
            for key, field in self.fields(row).items()
        }

    def note_keys(self, kind: str, form: Mapping[str, str], row: Mapping[str, Any]) -> None:
        """Note under which keys a row shows the values of a form: they may differ from the names of the fields.

        A field's key is the one that shows its value. If values are masked, it is the one that ends the field's name.
        If keys and fields that are left are equal in number, they are paired in their order: the keys whose texts look
        masked before the rest, and without the keys of other types before with them.
        """
        shown = mapping(row.get(self.facts.row["settings"]))
        fields, documented = (
            [name for name in self.facts.types.get(kind, ()) if name in form],
            self.facts.fields(kind),
        )
        known = {key: documented.get(key, key) for key in shown if documented.get(key, key) in fields}
        known |= {key: name for key, name in self._keys.get(kind, {}).items() if key in shown}
        others = {key for other, each in self._keys.items() if other != kind for key in each}
        own = [key for key in shown if key not in others] + [key for key in shown if key in others]
        tells: Sequence[Callable[[str, str], bool]] = (
            lambda key, name: str(shown[key]) == form[name],
            lambda key, name: name.endswith(f"_{key}"),
        )
        for is_key, name in product(tells, fields):
            found = [key for key in own if key not in known and is_key(key, name)]
            if name not in known.values() and found:
                known[found[0]] = name
        fields = [name for name in fields if name not in known.values()]
        keys = [key for key in shown if key not in known]
        new = [key for key in keys if key not in others]
        masks = [key for key in keys if isinstance(shown[key], str) and not shown[key].isalnum()]
        for left in ([key for key in masks if key in new], masks, new, keys):
            if len(fields) == len(left):
                known |= zip(left, fields, strict=True)
                break
        self._keys[kind] = self._keys.get(kind, {}) | known

    def keep(self, row: int) -> None:
        """Keep a handler for later probes, until it is discarded."""
        self._kept.add(row)

    def _prove(self, row: int, shown: Mapping[str, Any]) -> bool:
        """Tell whether a handler has had the name that it was created with at its first look."""
        if row not in self._proven:
            name, given = str(shown.get(self.facts.row["name"], "")), self._names[row]
            if name.startswith(given.partition(" ")[0]) if given.strip() else not name.strip():
                self._proven.add(row)
        return row in self._proven

    def listed(self, rows: Collection[int]) -> dict[int, Mapping[str, Any]]:
        """Return some of the prober's handlers as the list's first or last page of the largest size shows them."""
        found: dict[int, Mapping[str, Any]] = {}
        total_pages = self.facts.schemas.path_to(self.facts.operation("list").response, "total-pages")
        page = 1
        while page and {*rows} - found.keys():
            response = self.list(page=page, size=max(self.facts.sizes), again=True)
            shown = {
                number(row.get(self.facts.row["id"])): row
                for row in map(mapping, rows_in(response, self.facts) or ())
            }
            found |= {
                row: each
                for row, each in shown.items()
                if row is not None and row in rows and self._prove(row, each)
            }
            pages = number(response.shown(*total_pages))
            page = pages if page == 1 and pages and pages > 1 else 0
        return found

    def first_delete(self) -> TargetResponse | None:
        """Return the response to the first delete; None if nothing was deleted so far."""
        if self._first_delete is None:
            return None
        response, exchange = self._first_delete
        self._touched[-1][id(exchange)] = exchange
        return response

    def discard(self, row: int) -> TargetResponse:
        """Delete one of the prober's handlers, after making sure that it is. Raises Undecided if it is not."""
        if row not in self._proven:
            self.retrieve(row)
        response = self.send("DELETE", self.api.path_of("delete", row))
        self._first_delete = self._first_delete or (response, self.exchanges[-1])
        if is_success(response):
            del self._names[row]
        return response

    def note(self, refusal: str, response: TargetResponse, about: str) -> None:
        """Remember how something was refused, and the title of the refusal, by the refusal's name."""
        if not 400 <= response.status < 500:
            return
        place = next(n for n in range(len(self.responses), 0, -1) if self.responses[n - 1] is response) - 1
        self.refusals.setdefault(refusal, (about, self.exchanges[place]))
        title = error_of(response).title
        if title is not None and title not in self.titles.setdefault(refusal, []):
            self.titles[refusal].append(title)

    def close(self) -> None:
        """Delete what is left."""
        if self._names.keys() - self._proven:
            with suppress(Undecided, OSError):
                self.listed(self._names)
        for row in list(self._names):
            try:
                self.discard(row)
            except (Undecided, OSError):
                continue  # the guard's ledger has the row, and its clean-up tries again


Needs = Literal["reads", "writes"]


@dataclass(frozen=True, slots=True)
class Probe:
    """`find` puts one question to a target, and may raise Undecided and Unlisted. `needs` says whether it writes."""

    needs: Needs
    find: Callable[[Prober], Finding]

    def run(self, prober: Prober) -> tuple[Finding, tuple[Exchange, ...]]:
        """Return what the probe finds, and the exchanges. It is Unknown if the probe needs writes and may not write."""
        if self.needs == "writes" and not prober.can_write:
            return Unknown("needs --allow-writes"), ()
        return prober.find(self.find)
