"""Asks the target, remembers what it saw, and owns the handlers that it makes."""

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
    """Types of one document. Each form has the values of the document's own examples, which are reserved ones."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    @property
    def pair(self) -> str:
        """The type with the fewest own fields, but two at least. Raises Undecided if none exists."""
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
        """A type that any create can have: the bare one, or the first with an example."""
        bare = [kind for kind, fields in self._facts.types.items() if not fields]
        return self._some([*bare, *self._facts.examples], "an example")

    def form(self, kind: str, name: str | None) -> dict[str, str]:
        """Return a whole form of a type, without a name for None. Raises Undecided if the type has no example."""
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
    """What the probes may do and have to know.

    `nowhere` is a path below the base that no service has. `hidden` is by how many characters a stored name is longer
    than the one that is shown, where a guard keeps a marker in it. `shown_url` is the base URL for the evidence, empty
    for the one that is called. `spares`: one sample of a kind has to do, as it does where nothing may be written.
    `other_key` opens a second account, empty if none was given.
    """

    can_write: bool
    nowhere: str = f"/{NOWHERE}"
    hidden: int = 0
    shown_url: str = ""
    spares: bool = False
    most: int | None = None
    other_key: str = field(default="", repr=False)


class Prober:
    """Serves the probes of one run; not for several threads.

    `url` is the base URL for the evidence. `limited` is the first response that told of too many requests, `deleted`
    the first to a delete, `responses` are all of the target, not of the guard, and `exchanges` the same with what was
    sent; `titles` are the titles of refusals by the refusal's name, `refusals` what was refused and how.
    """

    def __init__(self, api: TargetApi, expectations: Expectations, terms: Terms) -> None:
        self.api = api
        self.expectations = expectations
        self.facts = expectations.facts
        self.kinds = Kinds(self.facts)
        self.terms = terms
        self.can_write = terms.can_write
        self.spares = terms.spares or not terms.can_write
        self.learns = False  # whether a mock is to become the service, so that more is asked
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
        self._touched: list[dict[int, Exchange]] = [{}]  # by identity: to compare exchanges whole is slow

    @property
    def sent(self) -> int:
        """How many requests went out to the target so far."""
        return self._sent

    def find(self, probe: Callable[[Prober], Finding]) -> tuple[Finding, tuple[Exchange, ...]]:
        """Return what a probe finds, and the exchanges that it rests on."""
        self._touched = [{}]
        try:
            finding = probe(self)
        except Undecided as no:
            finding = Unknown(str(no))
        except Unlisted as no:
            finding = Outside(str(no))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            # A body may be anything, and one that a probe did not think of must not end the run.
            finding = Unknown(f"the answers cannot be read ({type(error).__name__}: {error})")
        touched = tuple(self._touched[0].values())
        # At once: the guard proves a row by a look right before its delete, and may have seen the probe's own.
        for row in self._names.keys() - self._kept:
            with suppress(Undecided):
                self.discard(row)
        return finding, touched

    def watch(self, observe: Callable[[Prober], Value]) -> tuple[Value, tuple[Exchange, ...]]:
        """Return what a look at the target gives, and the exchanges. Raises Undecided and Unlisted."""
        self._touched = [{}]
        value = observe(self)
        return value, tuple(self._touched[0].values())

    def once(self, observe: Callable[[Prober], Value], key: Hashable = None) -> Value:
        """Return what an observation gives, made at the first call; so is its Undecided or Unlisted.

        `key` tells observations apart, if not the function itself.
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
        """Tell whether an observation was made already: `once` sends nothing then."""
        return key in self._observed

    def send(self, method: str, path: str, *, again: bool = False, **parts: Any) -> TargetResponse:
        """Send one request, as `Api.call`. Raises Undecided if the guard or a rate limit is in the way.

        If requests are spared, one that was refused is not sent a second time, nor is a GET that shows what becomes of
        its parameters and not a row by its id. `again` sends it all the same.
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
            raise Undecided("the target answered that there were too many requests")
        is_row = path.rpartition("/")[2].isdigit()
        if self.spares and ((method == "GET" and not is_row) or 300 <= response.status < 600):
            self._settled[key] = response, exchange
        return response

    def list(self, **query: Any) -> TargetResponse:
        """Get the list; the keywords `page` and `size` are its parameters, others those of `Api.call`."""
        names = {"page": self.facts.page_parameter, "size": self.facts.size_parameter}
        asked = {name: query.pop(word) for word, name in names.items() if word in query}
        return self.send("GET", self.facts.operation("list").path, query=asked, **query)

    def name(self, first: str = "") -> str:
        """Return a name that no other handler has. Later names sort first: by name is not by time.

        `first`: a letter to begin with. A service that orders by name orders by this letter, behind a guard, too.
        """
        return f"{first and f'{first}-'}{self._token}-{_LAST_NAME - self.sent}"

    def as_stored(self, name: str, number: int) -> str:
        """Return a name as the service orders it: a guard marks it. `number`: the later the create, the higher."""
        return Marker("bpm").insert(name, number) if self.terms.hidden else name

    def create(self, form: Mapping[str, str], **parts: Any) -> tuple[TargetResponse, int | None]:
        """Send a create; return the response and, where it was accepted, the id. Raises Undecided for a lack of one."""
        return self.create_raw(form.get(self.facts.form["name"], ""), form=form, **parts)

    def create_raw(self, name: str, **parts: Any) -> tuple[TargetResponse, int | None]:
        """Send a create whose body is in `parts`, as for `Api.call`; `name` is the one in it. `path`: another one."""
        response = self.send("POST", parts.pop("path", self.facts.operation("create").path), **parts)
        if not is_success(response):
            return response, None
        steps = self.facts.schemas.path_to(self.facts.operation("create").response, "id")
        row = number(response.shown(*steps))
        if row is None:
            raise Undecided("the answer to a create has no id")
        self._names[row] = name
        return response, row

    def retrieve(self, row: int, *, renamed: bool = False) -> Mapping[str, Any]:
        """Return a handler as it is shown. Raises Undecided if it is not shown, or is not the one created.

        `renamed`: the service may have stored the name in another way, so that only the id tells.
        """
        response = self.send("GET", self.api.path_of("retrieve", row))
        shown = self.row_in(response)
        if is_success(response) and parsed(response) is None:
            raise Undecided(f"a handler that was created returns {response.status}, and not with JSON")
        if not is_success(response) or not shown:
            raise Undecided(f"a handler that was created returns {response.status}")
        if renamed:
            self._proven.add(row)
        if not self._prove(row, shown):
            raise Undecided("the id in the answer to a create leads to another handler")
        return shown

    def row_in(self, response: TargetResponse) -> Mapping[str, Any]:
        """Return the handler that a retrieve shows, nothing if it shows none."""
        steps = self.facts.schemas.path_to(self.facts.operation("retrieve").response, "row")
        return mapping(response.shown(*steps))

    def fields(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Return which field fills each setting of a shown row, by its key: the key itself, or as `note_keys` found."""
        kind = str(row.get(self.facts.row["type"]))
        others = {key: field for keys in self._keys.values() for key, field in keys.items()}
        names = self.facts.fields(kind) | others | self._keys.get(kind, {})
        return {key: names.get(key, key) for key in mapping(row.get(self.facts.row["settings"]))}

    def settings(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the settings of a shown row by the fields that fill them. A number stands for its digits."""
        shown, own = mapping(row.get(self.facts.row["settings"])), {*chain(*self.facts.types.values())}
        return {
            field: str(shown[key]) if type(shown[key]) is int and field in own else shown[key]
            for key, field in self.fields(row).items()
        }

    def note_keys(self, kind: str, form: Mapping[str, str], row: Mapping[str, Any]) -> None:
        """Note under which keys a row of a type shows what a form has sent: they may not be the names of the fields.

        A value tells its key. If values are masked, a key is the end of its field's name; or the other keys stand in
        the order of the other fields, if they are as many, without the keys of other types or with them.
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
        for left in ([key for key in keys if key not in others], keys):
            if len(fields) == len(left):
                known |= zip(left, fields, strict=True)
                break
        self._keys[kind] = self._keys.get(kind, {}) | known

    def keep(self, row: int) -> None:
        """Keep a handler for later probes, until it is discarded."""
        self._kept.add(row)

    def _prove(self, row: int, shown: Mapping[str, Any]) -> bool:
        """Tell whether a handler bears the name that it was created with, at its first look."""
        if row not in self._proven:
            name, given = str(shown.get(self.facts.row["name"], "")), self._names[row]
            if name.startswith(given.partition(" ")[0]) if given.strip() else not name.strip():
                self._proven.add(row)
        return row in self._proven

    def listed(self, rows: Collection[int]) -> dict[int, Mapping[str, Any]]:
        """Return handlers of the prober's own as a list of the largest size shows them, on its first or last page."""
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
        """Return the response to the first delete, None if there was none so far."""
        if self._first_delete is None:
            return None
        response, exchange = self._first_delete
        self._touched[-1][id(exchange)] = exchange
        return response

    def discard(self, row: int) -> TargetResponse:
        """Delete a handler that the prober made, after a look that it is the one. Raises Undecided if it is not."""
        if row not in self._proven:
            self.retrieve(row)
        response = self.send("DELETE", self.api.path_of("delete", row))
        self._first_delete = self._first_delete or (response, self.exchanges[-1])
        if is_success(response):
            del self._names[row]
        return response

    def note(self, refusal: str, response: TargetResponse, about: str) -> None:
        """Remember how something is refused, by the refusal's name, and the title there is in it."""
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
                continue  # the guard's ledger knows the row, and its clean-up tries again


Needs = Literal["reads", "writes"]


@dataclass(frozen=True, slots=True)
class Probe:
    """`find` asks a target about one question; it may raise Undecided and Unlisted. `needs` is what it sends."""

    needs: Needs
    find: Callable[[Prober], Finding]

    def run(self, prober: Prober) -> tuple[Finding, tuple[Exchange, ...]]:
        """Return what the probe finds, Unknown where the run may not send what it needs, and the exchanges."""
        if self.needs == "writes" and not prober.can_write:
            return Unknown("needs --allow-writes"), ()
        return prober.find(self.find)
