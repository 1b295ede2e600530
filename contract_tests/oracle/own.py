"""The handlers that the suites made: created, compared, changed and deleted; nothing else is ever written to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from contract_tests.document.words import Form, read_words
from contract_tests.oracle.expected import Expected, Handler
from contract_tests.oracle.listing import Listing, at
from contract_tests.oracle.owned import Deviation, Owned, listed
from contract_tests.oracle.samples import Samples
from contract_tests.oracle.shown import Showing
from contract_tests.oracle.texts import stored
from contract_tests.run.run import Run
from contract_tests.target.api import MULTIPART, Answer, Media, Spoken
from contract_tests.target.conform import Conformity


class Own:
    """All handlers of one session. `live` are those that must exist, by id and oldest first; `dead` once existed.

    Each method that calls the target raises Deviation where the answer is not what the document says.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.facts = run.facts
        self.api = Spoken(run.api)
        self.words = read_words(run.facts)
        self.expected = Expected(self.words)
        self.samples = Samples(run.facts)
        self.conformity = Conformity(run.facts)
        self.listing = Listing(self.api, self.words)
        self.live: dict[int, Owned] = {}
        self.dead: list[int] = []
        self._showing = Showing(self.words)
        self._others: set[int] | None = None
        self._names: set[str] = set()
        self._astray = False

    @property
    def thrifty(self) -> bool:
        """Whether requests are to be spared."""
        return self.run.profile.name == "quick"

    @property
    def spares(self) -> bool:
        """Whether each request counts: the run is on somebody's service, and quick."""
        return self.run.profile.spares

    @property
    def most(self) -> int:
        """How many handlers may be live at a time."""
        return 12 if self.thrifty else 25

    def others(self) -> set[int]:
        """Return the ids that were there before the session's first create; none of them is ever written to."""
        if self._others is None:
            self._others = set(self.ids(self.listing.everything(self.facts.sizes[-1])))
        return self._others

    def ids(self, rows: Iterable[Mapping[str, Any]]) -> list[int]:
        """Return the ids of listed rows."""
        return [row[self.facts.row["id"]] for row in rows]

    def require(self, complaints: Iterable[str]) -> None:
        """Raise Deviation if there is any complaint."""
        if sentences := list(complaints):
            raise Deviation("\n".join([*sentences, "after:", *(f"  {line}" for line in self.api.lines)]))

    def create(self, sent: Mapping[str, str], media: Media = MULTIPART) -> Owned:
        """Create a handler that the document lets be created.

        Skips the test where the plan allows no more of the type.
        """
        answer = self._post_create(sent, media)
        self._skip_if_full(answer)
        owned = self._claim(answer, self.expected.created(sent))
        complaints = self.conformity.success("create", answer)
        if owned is None:
            complaints = complaints or [f"a create answers an id that was in use: {answer.body[:120]!r}"]
            raise Deviation("\n".join([*complaints, "after:", *self.api.lines]))
        if not complaints:
            complaints = self._showing.written("create", owned.handler, owned.id, answer.json())
        self.require(complaints)
        return owned

    def refuse(self, name: str, sent: Mapping[str, str], media: Media = MULTIPART) -> None:
        """Send a create that must get this refusal."""
        answer = self._post_create(sent, media)
        complaints = self.conformity.refusal(answer, self.facts.refusal("create", name))
        self.adopt(answer)
        self.require(f"a create with {listed(sent)}: {complaint}" for complaint in complaints)

    def adopt(self, answer: Answer) -> None:
        """Take what a create made that should not have made anything, so that it is deleted in the end."""
        if 200 <= answer.status < 300:
            self._claim(answer, Handler("", "", {}, enabled=True))

    def update(self, owned: Owned, sent: Mapping[str, str], media: Media = MULTIPART) -> None:
        """Update a handler, and expect the refusal or the effect that the document says."""
        refusal = self.expected.refused_update(owned.handler, sent)
        before = owned.handler
        self._remember(sent, self.words.update_form)
        answer = self.api.post(self.api.path_of("update", owned.id), sent, media)
        if refusal:
            complaints = self.conformity.refusal(answer, self.facts.refusal("update", refusal))
        else:
            owned.handler = self.expected.updated(before, sent)
            complaints = self.conformity.success("update", answer)
            if not complaints:
                complaints = self._showing.written("update", owned.handler, owned.id, answer.json())
        self.require(f"an update of {owned.id} with {listed(sent)}: {complaint}" for complaint in complaints)

    def delete(self, owned: Owned) -> None:
        """Delete a handler."""
        answer = self.api.delete(owned.id)
        self.live.pop(owned.id, None)
        self.dead.append(owned.id)
        complaints = self.conformity.success("delete", answer)
        self._astray = self._astray or bool(complaints)  # the id may have been a wrong one
        self.require(complaints)

    def see(self, *handlers: Owned) -> None:
        """Retrieve handlers, each by itself, and compare every property."""
        complaints: list[str] = []
        steps = self.facts.schemas.path_to(self.facts.operation("retrieve").answer, "row")
        for owned in handlers:
            answer = self.api.retrieve(owned.id)
            found = self.conformity.success("retrieve", answer)
            complaints += found or self.compared(owned, at(answer.json(), steps))
        self.require(complaints)

    def see_all(self) -> None:
        """List everything: each live handler is as it must be, in order, no dead one is back, and no other is gone."""
        rows = self.listing.everything(len(self.live) + len(self.others()))
        by_id = dict(zip(self.ids(rows), rows, strict=True))
        complaints = [f"the list shows {n}, which was deleted" for n in self.dead if n in by_id]
        complaints += [f"the list lacks {n}, which no call deleted" for n in self.live if n not in by_id]
        gone = sorted(self.others() - by_id.keys())
        complaints += [f"the list lacks {n}, which no call of this run touched" for n in gone]
        complaints += self._strangers(by_id)
        for owned in self.live.values():
            complaints += self.compared(owned, by_id[owned.id]) if owned.id in by_id else []
        self.require(complaints + self.order(by_id))

    def _strangers(self, rows: Mapping[int, Mapping[str, Any]]) -> list[str]:
        """Return what is wrong with rows that no call should have made.

        Where somebody else may use the account, only those count that bear a name of this session.
        """
        known = self.others() | self.live.keys() | set(self.dead)
        name = self.facts.row["name"]
        return [
            f"the list shows {n}, named {row[name]!r}, which no call should have made"
            for n, row in rows.items()
            if n not in known and (self.run.is_alone or row[name] in self._names)
        ]

    def order(self, ids: Iterable[int]) -> list[str]:
        """Return what the order of listed ids has against the document, as far as the live handlers tell."""
        shown = [n for n in ids if n in self.live]
        wanted = [n for n in self.live if n in set(shown)]
        if self.words.paging["order"] == "newest-first":
            wanted.reverse()
        return [] if shown == wanted else [f"the list is in the order {shown} and not {wanted}"]

    def take(self, type_name: str = "") -> Owned:
        """Return a live handler, of a type where one is named; create it where there is none."""
        for owned in self.live.values():
            if owned.handler.type and type_name in {"", owned.handler.type}:
                return owned
        self.leave(self.most - 1)
        return self.create(self.samples.form(type_name or self.scarce()))

    def scarce(self) -> str:
        """Return the type of which there are fewest live handlers."""
        held = [owned.handler.type for owned in self.live.values()]
        return min(self.facts.types, key=held.count)

    def leave(self, count: int) -> None:
        """Delete the oldest handlers until there are no more than so many."""
        for owned in list(self.live.values())[: max(0, len(self.live) - count)]:
            self.delete(owned)

    def clean(self) -> None:
        """Delete all that is left, and what creates that answered a wrong id have left."""
        self.api.begin()
        failures: list[str] = []
        for owned in list(self.live.values()):
            try:
                self.delete(owned)
            except Deviation as deviation:
                failures.append(str(deviation))
        if self._astray:
            with contextlib.suppress(AssertionError):
                self._delete_strays()
        self.api.close()
        self.require(failures)

    def _post_create(self, sent: Mapping[str, str], media: Media) -> Answer:
        self.others()
        self._remember(sent, self.words.create_form)
        return self.api.post(self.facts.operation("create").path, sent, media)

    def _remember(self, sent: Mapping[str, str], form: Form) -> None:
        """Remember a name, as it is sent and as it is stored; a blank one tells nothing."""
        name = sent.get(self.facts.form["name"], "")
        stored_name = stored(name, form.fields[self.facts.form["name"]])
        self._names |= {text for text in (name, stored_name) if text.strip()}

    def _skip_if_full(self, answer: Answer) -> None:
        limit = self.words.service["plan-limit"]
        if limit is None or len(self.others()) + len(self.live) < limit:
            return
        if not self.conformity.refusal(answer, self.facts.refusal("create", "plan_limit")):
            pytest.skip(f"the plan allows {limit} handlers of a type, and there are as many")

    def _claim(self, answer: Answer, handler: Handler) -> Owned | None:
        """Take the id of a create's answer as the session's own; not one that was there before."""
        steps = self.facts.schemas.path_to(self.facts.operation("create").answer, "id")
        node: Any = None
        with contextlib.suppress(LookupError, TypeError, ValueError):
            node = at(answer.json(), steps)
        if type(node) is not int or node in self.others() or node in self.live or node in self.dead:
            self._astray = True
            return None
        self.live[node] = Owned(node, handler)
        return self.live[node]

    def compared(self, owned: Owned, row: Mapping[str, Any]) -> list[str]:
        """Return what a shown row has against what the handler must be."""
        return self._showing.retrieved(owned.handler, owned.id, row) + owned.times(row, self.facts.row)

    def _delete_strays(self) -> None:
        for row in self.listing.everything():
            handler_id = row[self.facts.row["id"]]
            if handler_id not in self.others() and row[self.facts.row["name"]] in self._names:
                self.api.delete(handler_id)
