"""The suites' own handlers: created, compared, changed and deleted. Nothing else is ever written to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from contract_tests.document import NOBODYS, DocumentedRefusal, FormWords
from contract_tests.judge.statements import (
    ALIKE,
    GONE,
    IDS,
    KEPT,
    KEYS,
    MULTIPART,
    OTHERS,
    PAGES,
    STEADY,
    TIMES,
    WRITTEN,
    Statement,
)
from contract_tests.judge.verdicts import Complaint, Conformity, Deviation, a, listed, said
from contract_tests.oracle.expected import (
    Expected,
    Handler,
    Samples,
    confirmed,
    steady,
)
from contract_tests.oracle.listing import Listing
from contract_tests.oracle.showing import TELLING, Owned, Showing, is_before
from contract_tests.probes.reading import number
from contract_tests.run.run import Run
from contract_tests.target.api import Media, Spoken, TargetResponse, Withheld

_GONE = frozenset({404, 410})


class Own:
    """All handlers of one session. `live` are those that must exist, by id, oldest first; `dead` are deleted ids.

    Each method that calls the target raises Deviation if the response breaks a binding statement, and Withheld if the
    service refuses what it may refuse.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.facts = run.facts
        self.judge = run.judge
        self.api = Spoken(run.api)
        self.statements = run.judge.statements
        self.expected = Expected(self.facts, self.statements)
        self.samples = Samples(run.facts)
        self.conformity = Conformity(run.facts, self.statements)
        self.listing = Listing(self.api, self.facts, self.statements, self.conformity, self.require)
        self.live: dict[int, Owned] = {}
        self.dead: list[int] = []
        self._reused: set[int] = set()
        self.showing = Showing(self.facts, self.statements)
        self._others: set[int] | None = None
        self._names: set[str] = set()
        self._taken: dict[str, set[str]] = {}  # by type: that field and its own, which a create has taken
        self._texts: dict[str, int] = {}  # the handler to which a setting was last sent, by its text
        self._astray = False

    @property
    def thrifty(self) -> bool:
        """Whether the run saves requests."""
        return self.run.profile.name == "quick"

    @property
    def spares(self) -> bool:
        """Whether each request counts: a quick run on a live service."""
        return self.run.profile.spares

    @property
    def most(self) -> int:
        """How many handlers may be live at a time."""
        return (
            12 if self.spares else 26
        )  # one more than a page of the usual size, three pages of the smallest

    def others(self) -> set[int]:
        """Return the ids from before the session's first create. None of them is ever written to."""
        if self._others is None:
            self._others = set(self.ids(self.listing.everything(self.facts.sizes[-1])))
        return self._others

    def ids(self, rows: Iterable[Mapping[str, Any]]) -> list[int]:
        """Return the ids of listed rows."""
        return [row[self.facts.row["id"]] for row in rows]

    def require(self, complaints: Iterable[Complaint]) -> None:
        """Raise Deviation if a complaint fails the run; keep the others for the report."""
        self.judge.require(complaints)

    def create(
        self,
        sent: Mapping[str, str],
        media: Media = MULTIPART,
        rests_on: Statement | None = None,
    ) -> Owned:
        """Create a handler that the document allows; `rests_on` says why, if the form alone does not.

        Skips the test if the plan allows no more handlers of the type.
        """
        prospect = self.expected.create(sent, _name(media))
        response = self._post_create(sent, media)
        self._skip_if_full(response)
        if response.status // 100 != 2:
            about = f"a create with {listed(sent)}"
            self.turned_away("create", response, rests_on or prospect.rests_on, about)
            raise Withheld(f"{about} returns {said(response)}")
        owned = self._claim(response, self.expected.created(sent))
        complaints = self.conformity.success("create", response)
        if owned is None:
            how = "is missing or not a number" if number(self._written_id(response)) is None else "was in use"
            wrong = Complaint(IDS, f"the id in the response to a create {how}: {said(response)}")
            raise Deviation([*self.judge.binding(complaints), wrong], self.judge.trace())
        self._texts |= dict.fromkeys(owned.handler.sent.values(), owned.id)
        if owned.handler.sent.keys() == {*self.facts.types.get(owned.handler.type, ())}:
            self._taken[owned.handler.type] = {*owned.handler.sent, self.facts.form["type"]}
        complaints += self._weighed(owned, self.showing.written("create", owned, response, is_new=True))
        self.require(complaints)
        return owned

    def refuse(self, name: str, sent: Mapping[str, str], media: Media = MULTIPART) -> None:
        """Send a create that must get this refusal."""
        rests_on = self.expected.create(sent).rests_on
        if _name(media) not in self.facts.operation("create").media_types:
            rests_on = self.statements.media_type("create", _name(media))
        response = self._post_create(sent, media)
        self.adopt(response)
        self.refused("create", response, name, rests_on, f"a create with {listed(sent)}")

    def refused(
        self,
        kind: str,
        response: TargetResponse,
        refusal: str | DocumentedRefusal,
        rests_on: Statement,
        about: str,
    ) -> None:
        """Require that a response is the refusal of this name; `rests_on` says why it must be."""
        refusal = self.facts.refusal(kind, refusal) if isinstance(refusal, str) else refusal
        complaints = self.conformity.refusal(kind, response, refusal, rests_on, about)
        if 400 <= response.status < 500:
            self.run.reach.refused(self.facts.operation(kind).id, refusal.name)
            self.judge.note_refusal(refusal.name, about)
        elif response.status // 100 == 2 and not rests_on.is_of_other_methods:
            complaints += self.conformity.success(kind, response)
        self.require(complaints)

    def turned_away(self, kind: str, response: TargetResponse, rests_on: Statement, about: str = "") -> None:
        """Complain that the service refused a request; `rests_on` says why it should have succeeded."""
        self.require([self.conformity.turned_away(kind, response, rests_on, about)])

    def gone(self, kind: str, response: TargetResponse, handler_id: int) -> None:
        """Require that the response about a deleted handler is that for a missing one.

        A successful retrieve would mean that it is back. A write may succeed if the handler stays deleted, unless only
        an update of an id that never was is refused.
        """
        rests_on = GONE if kind == "retrieve" else self.statements.unknown_id(kind)
        if kind == "delete" and self.facts.deletes_missing:
            self.require(self.conformity.success(kind, response, rests_on))
            return
        if kind == "update" and response.status // 100 == 2:
            self._require_gone(handler_id)
        about = f"{a(kind)} of {handler_id}, which was deleted,"
        self.refused(kind, response, self.facts.deleted, rests_on, about)

    def _require_gone(self, handler_id: int) -> None:
        """Complain about an accepted update of a deleted handler if it is back, or is taken for one that is there."""
        about = f"an update of {handler_id}, which was deleted, is accepted"
        if (seen := self.api.retrieve(handler_id)).status // 100 == 2:
            self.require([Complaint(GONE, f"{about}, and a retrieve shows it")])
        form = {self.facts.form["name"]: self.samples.name()}
        never = self.api.post(self.api.path_of("update", NOBODYS), form)
        if never.status // 100 == 4 == seen.status // 100:
            what = (
                f"{about}, one of an id that never was returns {never.status}, and a retrieve {seen.status}"
            )
            self.require([Complaint(GONE, what)])

    def keeps_out(self, kind: str, owned: Owned, response: TargetResponse) -> None:
        """Require that a request with another account's key did not reach a handler.

        A write may succeed if it changes nothing, which a look with the owner's key shows. A retrieve may show another
        row, if each account counts its own ids.
        """
        operation = self.facts.operation(kind).id
        about = f"{a(kind)} of {owned.id} with another account's key"
        if (
            kind == "retrieve"
            and response.status // 100 == 2
            and self._row(response) != self._row(self.api.retrieve(owned.id))
        ):
            return
        if kind == "retrieve" or response.status // 100 != 2:
            self._shut_out(kind, response, about)
            return
        seen = self._after(owned.id)
        if seen is None:
            what = f"{about} returns {said(response)} and deletes it"
            self.require([Complaint(KEYS, what, operation=operation)])
            return
        row = self._row(seen)
        name = row.get(self.facts.row["name"]) if isinstance(row, Mapping) else owned.handler.name
        if name != owned.handler.name:
            what = f"{about} returns {said(response)} and changes it: its name is now {name!r}"
            self.require([Complaint(KEYS, what, operation=operation)])
        if kind != "delete" or not self.facts.deletes_missing:
            refusal, statement = self.facts.refusal(kind, "not_found"), self.statements.unknown_id(kind)
            self.require(self.conformity.refusal(kind, response, refusal, statement, about))

    def _shut_out(self, kind: str, response: TargetResponse, about: str) -> None:
        """Require a refusal of another account's handler. Its look binds only if the document has a word for it."""
        refusal, looks = self.facts.refusal(kind, self.facts.other_accounts), self.statements.other_accounts()
        if 400 <= response.status < 500:
            self.run.reach.refused(self.facts.operation(kind).id, refusal.name)
            self.judge.note_refusal("another_account", "another account's handler")
        is_said = "other-accounts" in self.facts.service
        for one in self.conformity.refusal(kind, response, refusal, KEYS, about):
            if is_said or one.statement.is_duty:
                self.require([one if one.statement.is_duty else one._replace(statement=looks)])

    def accept(self, sent: Mapping[str, str]) -> None:
        """Send a create that must be accepted, whatever it makes of the form, and delete the new handler."""
        rests_on, response = self.expected.create(sent).rests_on, self._post_create(sent, MULTIPART)
        owned = self.adopt(response)
        if response.status // 100 != 2:
            self.turned_away("create", response, rests_on, f"a create with {listed(sent)}")
        if owned is not None:
            self.delete(owned)

    def adopt(self, response: TargetResponse) -> Owned | None:
        """Add the handler that a create made, as it is shown, if it made one."""
        owned = None
        if 200 <= response.status < 300:
            owned = self._claim(response, Handler("", "", {}, enabled=True))
            if owned is not None:
                self.resume(owned)
        return owned

    def follow(self, handler_id: int) -> None:
        """Note what a write that should have been refused did to a live handler: it is gone, or as now shown."""
        seen = self._after(handler_id)
        if seen is not None:
            self.resume(self.live[handler_id], seen)

    def _after(self, handler_id: int) -> TargetResponse | None:
        """Retrieve a live handler after a write that should not have reached it; None if it is gone, and now dead."""
        seen = self.api.retrieve(handler_id)
        if seen.status not in _GONE:
            return seen
        del self.live[handler_id]
        self.dead.append(handler_id)
        return None

    def update(self, owned: Owned, sent: Mapping[str, str], media: Media = MULTIPART) -> None:
        """Update a handler, and expect the documented refusal or effect."""
        prospect = self.expected.update(owned.handler, sent, _name(media))
        self._remember(sent, self.facts.update_form)
        owned.is_written = True
        response = self.api.post(self.api.path_of("update", owned.id), sent, media)
        about = f"an update of {owned.id} with {listed(sent)}"
        if prospect.refusal:
            if response.status // 100 == 2:
                self.resume(owned)  # its effect is no contradiction: it should have been refused
            self.refused("update", response, prospect.refusal, prospect.rests_on, about)
            return
        if response.status // 100 != 2:
            taken = self._taken.get(sent.get(self.facts.form["type"], ""), set())
            rests_on = self.statements.listed_type() if taken and {*sent} == taken else prospect.rests_on
            self.turned_away("update", response, rests_on, about)
            return
        owned.handler = self.expected.updated(owned.handler, sent)
        self._texts |= dict.fromkeys(owned.handler.sent.values(), owned.id)
        complaints = self.conformity.success("update", response)
        complaints += self._weighed(owned, self.showing.written("update", owned, response))
        self.require(complaints)

    def delete(self, owned: Owned) -> None:
        """Delete a handler."""
        response = self.api.delete(owned.id)
        self.live.pop(owned.id, None)
        self.dead.append(owned.id)
        complaints = self.conformity.success("delete", response)
        if response.status in _GONE:
            what = f"a delete of {owned.id} returns {said(response)}, and no call deleted it before"
            complaints = [Complaint(KEPT, what, operation=self.facts.operation("delete").id)]
        self._astray = self._astray or response.status // 100 != 2  # the id may have been wrong
        self.require(complaints)

    def see(self, *handlers: Owned) -> None:
        """Retrieve each of some handlers, and compare every property."""
        complaints: list[Complaint] = []
        for owned in handlers:
            response = self.api.retrieve(owned.id)
            complaints += self.conformity.success("retrieve", response, WRITTEN)
            row = self._row(response)
            with contextlib.suppress(LookupError, TypeError, ValueError):
                complaints += self.compared(owned, row) if isinstance(row, Mapping) else []
        self.require(complaints)

    def _row(self, response: TargetResponse) -> Any:
        """Return the row in the response to a retrieve."""
        return response.shown(*self.facts.schemas.path_to(self.facts.operation("retrieve").response, "row"))

    def resume(self, owned: Owned, seen: TargetResponse | None = None) -> None:
        """Take a handler as it is shown, since no statement decides what became of it. It must stay so from now on.

        `seen` is the response that shows it; None requests one.
        """
        response = seen or self.api.retrieve(owned.id)
        row, names = self._row(response), self.facts.row
        if isinstance(row, Mapping):
            shown: dict[str, Any] = {
                **dict.fromkeys(names.values()),
                **row,
            }  # what is missing is not compared later
            settings = shown[names["settings"]] if isinstance(shown[names["settings"]], Mapping) else {}
            owned.handler = Handler(
                type=shown[names["type"]], name=shown[names["name"]], settings=settings,
                enabled=bool(shown[names["enabled"]]), updated=shown.get(names.get("changed", "")) is not None,
                grounds=dict.fromkeys(("type", "name", "enabled", *(f"settings.{key}" for key in settings)), STEADY),
            )  # fmt: skip
        self.require(self.conformity.success("retrieve", response, WRITTEN))

    def see_all(self) -> None:
        """List everything. Each live handler must be right and in order, no dead one back, and no other one gone."""
        rows = self.listing.everything(len(self.live) + len(self.others()))
        by_id = dict(zip(self.ids(rows), rows, strict=True))
        complaints = [
            Complaint(GONE, f"the list shows {n}, which was deleted")
            for n in self.dead
            if n in by_id and n not in self._reused
        ]
        complaints += [self._lacking(n) for n in self.live if n not in by_id]
        gone = sorted(self.others() - by_id.keys())
        complaints += [
            Complaint(OTHERS, f"the list lacks {n}, which no call of this run touched") for n in gone
        ]
        complaints += [*self._strangers(by_id), *self._backwards()]
        for owned in self.live.values():
            complaints += self.compared(owned, by_id[owned.id]) if owned.id in by_id else []
        self.require(complaints + self.order(by_id))

    def _lacking(self, handler_id: int) -> Complaint:
        """Return what is wrong with a live handler that the list lacks: it is gone, or not listed."""
        if self.api.retrieve(handler_id).status // 100 == 2:
            about = f"the list lacks handler {handler_id}, which a retrieve shows"
            return Complaint(PAGES, about, operation=self.facts.operation("list").id)
        return Complaint(KEPT, f"handler {handler_id} is gone, and no call deleted it")

    def _strangers(self, rows: Mapping[int, Mapping[str, Any]]) -> list[Complaint]:
        """Return what is wrong with rows that no call should have made.

        If somebody else may use the account, only rows with a name of this session count. A row with a lower id than
        the first of the session is older, and a list that did not show it before is another fault.
        """
        own = self.live.keys() | set(self.dead)
        known, first = self.others() | own, min(own, default=0)
        name = self.facts.row["name"]
        return [
            Complaint(OTHERS, f"the list shows {n}, named {row[name]!r}, which no call should have made")
            for n, row in rows.items()
            if n > first and n not in known and (self.run.is_alone or row[name] in self._names)
        ]

    def _backwards(self) -> Iterator[Complaint]:
        """Yield a complaint for each live handler whose time of creation is before that of an older one."""
        for older, newer in pairwise(self.live.values()):
            if is_before(newer.created, older.created):
                about = f"handler {newer.id}, created after handler {older.id},"
                yield Complaint(TIMES, f"{about} shows a time of creation before that: {newer.created}")

    def order(self, ids: Iterable[int]) -> list[Complaint]:
        """Return what is wrong with the order of listed ids, as far as the live handlers show."""
        shown = [n for n in ids if n in self.live]
        wanted = [n for n in self.live if n in set(shown)]
        if self.facts.paging["order"] == "newest-first":
            wanted.reverse()
        if shown == wanted or "sort-by" in self.facts.paging:  # names begin with the marker
            return []
        ground = self.statements.paging(
            "order", f"The list is {self.facts.paging['order'].replace('-', ' ')}."
        )
        instead = f"Not by the time of creation alone: a list shows the ids {', '.join(map(str, shown))}."
        return [Complaint(ground, "the order of the list", str(shown), str(wanted), instead=instead)]

    def take(self, type_name: str = "") -> Owned:
        """Return a live handler, of a given type if there is one, and create it if necessary."""
        for owned in self.live.values():
            if owned.handler.type and type_name in {"", owned.handler.type}:
                return owned
        self.leave(self.most - 1)
        return self.create(self.samples.form(type_name or self.scarce()))

    def scarce(self) -> str:
        """Return the type with the fewest live handlers."""
        held = [owned.handler.type for owned in self.live.values()]
        return min(self.facts.types, key=held.count)

    def leave(self, count: int) -> None:
        """Delete the oldest handlers until at most so many are left."""
        for owned in list(self.live.values())[: max(0, len(self.live) - count)]:
            self.delete(owned)

    def clean(self) -> None:
        """Delete all that is left, including handlers of creates that returned a wrong id."""
        failures: list[Deviation] = []
        for owned in list(self.live.values()):
            try:
                self.delete(owned)
            except Deviation as deviation:
                failures.append(deviation)
            except Withheld:  # the guard stopped the writing, and reports what is left
                break
        if self._astray:
            with contextlib.suppress(AssertionError, Withheld):
                self._delete_strays()
        self.api.close()
        raise_all(failures)

    @contextlib.contextmanager
    def collecting(self) -> Iterator[Collected]:
        """Run several steps, and raise the deviations of all of them at the end."""
        collected = Collected()
        yield collected
        raise_all(collected.deviations)

    def _post_create(self, sent: Mapping[str, str], media: Media) -> TargetResponse:
        self.others()
        self._remember(sent, self.facts.create_form)
        return self.api.post(self.facts.operation("create").path, sent, media)

    def _remember(self, sent: Mapping[str, str], form: FormWords) -> None:
        """Remember a name as sent and as stored. A blank name identifies nothing."""
        name = sent.get(self.facts.form["name"], "")
        kept = form.react(self.facts.form["name"], name).value
        self._names |= {text for text in (name, kept) if isinstance(text, str) and text.strip()}

    def _skip_if_full(self, response: TargetResponse) -> None:
        limit = self.facts.service["plan-limit"]
        if limit is None or len(self.others()) + len(self.live) < limit:
            return
        refusal = self.facts.refusal("create", "plan_limit")
        if not self.conformity.refusal("create", response, refusal, IDS):
            raise Withheld(f"the plan allows {limit} handlers of a type, and there are as many")

    def _claim(self, response: TargetResponse, handler: Handler) -> Owned | None:
        """Take the id in a create's response as the session's own, unless it existed before.

        If it is a text of digits, the schema's check complains about it.
        """
        node = number(self._written_id(response))
        if node in self.dead:
            self._reused.add(node)
        if node is None or node in self.others() or node in self.live or node in self.dead:
            self._astray = True
            return None
        self.live[node] = Owned(node, handler)
        return self.live[node]

    def _written_id(self, response: TargetResponse) -> Any:
        """Return the id in the response to a create."""
        return response.shown(*self.facts.schemas.path_to(self.facts.operation("create").response, "id"))

    def compared(self, owned: Owned, row: Mapping[str, Any]) -> list[Complaint]:
        """Return how a shown row differs from the expected handler. What is left open is taken as shown."""
        complaints = self._weighed(owned, self.showing.retrieved(owned, row))
        if not owned.is_written:  # since the last look
            complaints = [
                one._replace(statement=STEADY) if one.statement == WRITTEN else one for one in complaints
            ]
        owned.is_written = False
        if not complaints:
            owned.handler = confirmed(owned.handler, owned.handler.grounds)
        return complaints

    def _weighed(self, owned: Owned, differences: Iterable[tuple[str, Any, Complaint]]) -> list[Complaint]:
        complaints = []
        for key, shown, seen in differences:
            complaint = self._of_another(owned, key, shown) or self._of_its_type(owned, key, shown, seen)
            if key and not self.judge.ruling(complaint.statement).is_finding:
                owned.handler = steady(owned.handler, key, shown)
            complaints.append(complaint)
        return complaints

    def _of_another(self, owned: Owned, key: str, shown: Any) -> Complaint | None:
        """Return the complaint about a setting that shows what was sent to another handler, None if it does not."""
        if not key.startswith("settings.") or not isinstance(shown, str) or len(shown) < TELLING:
            return None
        other = self._texts.get(shown, owned.id)
        if other == owned.id or shown in {*owned.handler.sent.values(), *owned.handler.former.values()}:
            return None
        about = f"`{key.removeprefix('settings.')}` in `settings` of handler {owned.id} is {shown!r}"
        return Complaint(OTHERS, f"{about}, which was sent to handler {other}")

    def _of_its_type(self, owned: Owned, key: str, shown: Any, complaint: Complaint) -> Complaint:
        """Return a complaint, which is another one if a probe saw the same kind of update do otherwise to another type.

        It concerns settings that an update without any has kept or emptied, and should not have.
        """
        name, unsent = key.removeprefix("settings."), self.statements.update("unsent", "")
        sent, expected = owned.handler.sent.get(name), owned.handler.settings.get(name)
        is_asked = "update-same-type" in self.run.answers and complaint.statement.pointer == unsent.pointer
        is_lost, is_left = (
            sent == expected and shown in ("", None),
            sent not in (None, expected) and sent == shown,
        )
        if not (is_asked and (is_lost or is_left)):
            return complaint
        does, others = ("empties", "keeps") if is_lost else ("keeps", "empties")
        about = f"an update of handler {owned.id} without settings {does} `{name}`, and {others} those of another type"
        statement = replace(ALIKE, questions=complaint.statement.questions)
        return Complaint(statement, about, operation=self.facts.operation("update").id)

    def _delete_strays(self) -> None:
        for row in self.listing.everything():
            handler_id = row[self.facts.row["id"]]
            if handler_id not in self.others() and row[self.facts.row["name"]] in self._names:
                self.api.delete(handler_id)


class Collected(contextlib.AbstractContextManager["Collected"]):
    """Catches the Deviation of each step made in its context. Withheld also ends a step."""

    def __init__(self) -> None:
        self.deviations: list[Deviation] = []

    def __exit__(self, _: object, error: object, __: object) -> bool:
        if isinstance(error, Deviation):
            self.deviations.append(error)
        return isinstance(error, (Deviation, Withheld))


def raise_all(deviations: list[Deviation]) -> None:
    """Raise the collected deviations: one by itself, several as a group."""
    if len(deviations) == 1:
        raise deviations[0]
    if deviations:
        raise ExceptionGroup(f"{len(deviations)} deviations", deviations)


def _name(media: Media) -> str:
    """Return the media type of a form."""
    return media if isinstance(media, str) else media.content_type.partition(";")[0]
