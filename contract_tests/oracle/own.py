"""The handlers that the suites made: created, compared, changed and deleted; nothing else is ever written to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from contract_tests.document import DocumentedRefusal, FormWords
from contract_tests.judge.statements import (
    GONE,
    IDS,
    KEYS,
    MULTIPART,
    OTHERS,
    PAGES,
    STEADY,
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
from contract_tests.oracle.showing import Owned, Showing
from contract_tests.probes.reading import number
from contract_tests.run.run import Run
from contract_tests.target.api import Media, Spoken, TargetResponse, Withheld


class Own:
    """All handlers of one session. `live` are those that must exist, by id and oldest first; `dead` once existed.

    Each method that calls the target raises Deviation if the answer breaks a statement that binds, and Withheld if the
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
        self._showing = Showing(self.facts, self.statements)
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

    def require(self, complaints: Iterable[Complaint]) -> None:
        """Raise Deviation if a complaint fails the run; the others are kept for the report."""
        self.judge.require(complaints)

    def create(
        self,
        sent: Mapping[str, str],
        media: Media = MULTIPART,
        rests_on: Statement | None = None,
    ) -> Owned:
        """Create a handler that the document lets be created; `rests_on` says why, if the form alone does not.

        Skips the test if the plan allows no more of the type.
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
            wrong = Complaint(
                IDS, f"the id in the answer to a create is missing, or was in use: {said(response)}"
            )
            raise Deviation([*self.judge.binding(complaints), wrong], self.judge.trace())
        complaints += self._weighed(owned, self._showing.written("create", owned, response, is_new=True))
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
        """Require that an answer is a refusal, one of the operation's by its name; `rests_on` says why it must be."""
        refusal = self.facts.refusal(kind, refusal) if isinstance(refusal, str) else refusal
        complaints = self.conformity.refusal(kind, response, refusal, rests_on, about)
        if 400 <= response.status < 500:
            self.run.reach.refused(self.facts.operation(kind).id, refusal.name)
            self.judge.note_refusal(refusal.name, about)
        elif response.status // 100 == 2:
            complaints += self.conformity.success(kind, response)
        self.require(complaints)

    def turned_away(self, kind: str, response: TargetResponse, rests_on: Statement, about: str = "") -> None:
        """Hold against the service that it turned a request away; `rests_on` says why it should have succeeded."""
        self.require([self.conformity.turned_away(kind, response, rests_on, about)])

    def gone(self, kind: str, response: TargetResponse, handler_id: int) -> None:
        """Require that an answer about a deleted handler is what the document says of a missing one.

        To retrieve it would bring it back. A write may be answered with success if the handler stays deleted.
        """
        rests_on = GONE if kind == "retrieve" else self.statements.unknown_id(kind)
        if kind == "delete" and self.facts.deletes_missing:
            self.require(self.conformity.success(kind, response, rests_on))
            return
        if (
            kind == "update"
            and response.status // 100 == 2
            and self.api.retrieve(handler_id).status // 100 == 2
        ):
            rests_on = GONE
        about = f"{a(kind)} of {handler_id}, which was deleted,"
        self.refused(kind, response, "not_found", rests_on, about)

    def keeps_out(self, kind: str, owned: Owned, response: TargetResponse) -> None:
        """Require that a request with another account's key has not reached a handler.

        A write may be answered with success if it does nothing: its owner's key shows whether it did. A retrieve may
        show another row, if each account counts its own ids.
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
        """Require a refusal of another account's handler. How it looks binds only if the document has a word for it."""
        refusal, looks = self.facts.refusal(kind, self.facts.other_accounts), self.statements.other_accounts()
        if 400 <= response.status < 500:
            self.run.reach.refused(self.facts.operation(kind).id, refusal.name)
            self.judge.note_refusal("another_account", "another account's handler")
        is_said = "other-accounts" in self.facts.service
        for one in self.conformity.refusal(kind, response, refusal, KEYS, about):
            if is_said or one.statement.is_duty:
                self.require([one if one.statement.is_duty else one._replace(statement=looks)])

    def accept(self, sent: Mapping[str, str]) -> None:
        """Send a create that must be accepted, whatever it makes of the form, and delete what it has made."""
        rests_on, response = self.expected.create(sent).rests_on, self._post_create(sent, MULTIPART)
        owned = self.adopt(response)
        if response.status // 100 != 2:
            self.turned_away("create", response, rests_on, f"a create with {listed(sent)}")
        if owned is not None:
            self.delete(owned)

    def adopt(self, response: TargetResponse) -> Owned | None:
        """Take the handler that a create has made, as it is shown, if it has made one."""
        owned = None
        if 200 <= response.status < 300:
            owned = self._claim(response, Handler("", "", {}, enabled=True))
            if owned is not None:
                self.resume(owned)
        return owned

    def follow(self, handler_id: int) -> None:
        """Take what a write that should have been refused has made of a live handler: it is gone, or as it is shown."""
        seen = self._after(handler_id)
        if seen is not None:
            self.resume(self.live[handler_id], seen)

    def _after(self, handler_id: int) -> TargetResponse | None:
        """Look at a live handler after a write that should not have reached it; None if it is gone, and dead now."""
        seen = self.api.retrieve(handler_id)
        if seen.status not in {404, 410}:
            return seen
        del self.live[handler_id]
        self.dead.append(handler_id)
        return None

    def update(self, owned: Owned, sent: Mapping[str, str], media: Media = MULTIPART) -> None:
        """Update a handler, and expect the refusal or the effect that the document says."""
        prospect = self.expected.update(owned.handler, sent, _name(media))
        self._remember(sent, self.facts.update_form)
        response = self.api.post(self.api.path_of("update", owned.id), sent, media)
        about = f"an update of {owned.id} with {listed(sent)}"
        if prospect.refusal:
            if response.status // 100 == 2:
                self.resume(owned)  # what it did does not contradict itself: it should not have been done
            self.refused("update", response, prospect.refusal, prospect.rests_on, about)
            return
        if response.status // 100 != 2:
            self.turned_away("update", response, prospect.rests_on, about)
            return
        owned.handler = self.expected.updated(owned.handler, sent)
        complaints = self.conformity.success("update", response)
        complaints += self._weighed(owned, self._showing.written("update", owned, response))
        self.require(complaints)

    def delete(self, owned: Owned) -> None:
        """Delete a handler."""
        response = self.api.delete(owned.id)
        self.live.pop(owned.id, None)
        self.dead.append(owned.id)
        complaints = self.conformity.success("delete", response)
        self._astray = self._astray or response.status // 100 != 2  # the id may have been a wrong one
        self.require(complaints)

    def see(self, *handlers: Owned) -> None:
        """Retrieve handlers, each by itself, and compare every property."""
        complaints: list[Complaint] = []
        for owned in handlers:
            response = self.api.retrieve(owned.id)
            complaints += self.conformity.success("retrieve", response, WRITTEN)
            row = self._row(response)
            with contextlib.suppress(LookupError, TypeError, ValueError):
                complaints += self.compared(owned, row) if isinstance(row, Mapping) else []
        self.require(complaints)

    def _row(self, response: TargetResponse) -> Any:
        """Return the row that the answer to a retrieve shows."""
        return response.shown(*self.facts.schemas.path_to(self.facts.operation("retrieve").response, "row"))

    def resume(self, owned: Owned, seen: TargetResponse | None = None) -> None:
        """Take a handler as it is shown, since no statement says what became of it. From now on it must stay so.

        `seen` is the response that shows it, None to ask for it.
        """
        response = seen or self.api.retrieve(owned.id)
        self.require(self.conformity.success("retrieve", response, WRITTEN))
        row = self._row(response)
        names = self.facts.row
        settings = row[names["settings"]] if isinstance(row[names["settings"]], Mapping) else {}
        owned.handler = Handler(
            type=row[names["type"]], name=row[names["name"]], settings=settings, enabled=bool(row[names["enabled"]]),
            updated=True,
            grounds=dict.fromkeys(("type", "name", "enabled", *(f"settings.{key}" for key in settings)), STEADY),
        )  # fmt: skip

    def changes_later(self, owned: Owned, before: str | None) -> None:
        """Require that a handler, as last shown, was changed later than at a time that it showed before."""
        self.require(self._showing.changed_later(owned, before))

    def see_all(self) -> None:
        """List everything: each live handler is as it must be, in order, no dead one is back, and no other is gone."""
        rows = self.listing.everything(len(self.live) + len(self.others()))
        by_id = dict(zip(self.ids(rows), rows, strict=True))
        complaints = [
            Complaint(GONE, f"the list shows {n}, which was deleted")
            for n in self.dead
            if n in by_id and n not in self._reused
        ]
        complaints += [
            Complaint(PAGES, f"the list lacks {n}, which no call deleted")
            for n in self.live
            if n not in by_id
        ]
        gone = sorted(self.others() - by_id.keys())
        complaints += [
            Complaint(OTHERS, f"the list lacks {n}, which no call of this run touched") for n in gone
        ]
        complaints += self._strangers(by_id)
        for owned in self.live.values():
            complaints += self.compared(owned, by_id[owned.id]) if owned.id in by_id else []
        self.require(complaints + self.order(by_id))

    def _strangers(self, rows: Mapping[int, Mapping[str, Any]]) -> list[Complaint]:
        """Return what is wrong with rows that no call should have made.

        If somebody else may use the account, only those count that bear a name of this session.
        """
        known = self.others() | self.live.keys() | set(self.dead)
        name = self.facts.row["name"]
        return [
            Complaint(OTHERS, f"the list shows {n}, named {row[name]!r}, which no call should have made")
            for n, row in rows.items()
            if n not in known and (self.run.is_alone or row[name] in self._names)
        ]

    def order(self, ids: Iterable[int]) -> list[Complaint]:
        """Return what the order of listed ids has against the document, as far as the live handlers tell."""
        shown = [n for n in ids if n in self.live]
        wanted = [n for n in self.live if n in set(shown)]
        if self.facts.paging["order"] == "newest-first":
            wanted.reverse()
        if shown == wanted or "sort-by" in self.facts.paging:  # a marker stands before the names
            return []
        ground = self.statements.paging(
            "order", f"The list is {self.facts.paging['order'].replace('-', ' ')}."
        )
        instead = f"Not by the time of creation alone: a list shows the ids {', '.join(map(str, shown))}."
        return [Complaint(ground, "the order of the list", str(shown), str(wanted), instead=instead)]

    def take(self, type_name: str = "") -> Owned:
        """Return a live handler, of a type if one is named; create it if none exists."""
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
        failures: list[Deviation] = []
        for owned in list(self.live.values()):
            try:
                self.delete(owned)
            except Deviation as deviation:
                failures.append(deviation)
            except Withheld:  # the guard, which stopped the writing, tells what is left
                break
        if self._astray:
            with contextlib.suppress(AssertionError, Withheld):
                self._delete_strays()
        self.api.close()
        raise_all(failures)

    @contextlib.contextmanager
    def collecting(self) -> Iterator[Collected]:
        """Let several steps deviate, each for itself, and raise all that did in the end."""
        collected = Collected()
        yield collected
        raise_all(collected.deviations)

    def _post_create(self, sent: Mapping[str, str], media: Media) -> TargetResponse:
        self.others()
        self._remember(sent, self.facts.create_form)
        return self.api.post(self.facts.operation("create").path, sent, media)

    def _remember(self, sent: Mapping[str, str], form: FormWords) -> None:
        """Remember a name, as it is sent and as it is stored; a blank one tells nothing."""
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
        """Take the id of a create's answer as the session's own; not one that was there before.

        Of one that is a text of digits, the schema tells what is wrong.
        """
        steps = self.facts.schemas.path_to(self.facts.operation("create").response, "id")
        node = number(response.shown(*steps))
        if node in self.dead:
            self._reused.add(node)
        if node is None or node in self.others() or node in self.live or node in self.dead:
            self._astray = True
            return None
        self.live[node] = Owned(node, handler)
        return self.live[node]

    def compared(self, owned: Owned, row: Mapping[str, Any]) -> list[Complaint]:
        """Return what a shown row has against what the handler must be; what is left open is taken as it is shown."""
        complaints = self._weighed(owned, self._showing.retrieved(owned, row))
        if not complaints:
            owned.handler = confirmed(owned.handler, owned.handler.grounds)
        return complaints

    def _weighed(self, owned: Owned, differences: Iterable[tuple[str, Any, Complaint]]) -> list[Complaint]:
        complaints = []
        for key, shown, complaint in differences:
            if key and not self.judge.ruling(complaint.statement).is_finding:
                owned.handler = steady(owned.handler, key, shown)
            complaints.append(complaint)
        return complaints

    def _delete_strays(self) -> None:
        for row in self.listing.everything():
            handler_id = row[self.facts.row["id"]]
            if handler_id not in self.others() and row[self.facts.row["name"]] in self._names:
                self.api.delete(handler_id)


class Collected(contextlib.AbstractContextManager["Collected"]):
    """Takes the Deviation of each step that is made in its context; what is withheld ends a step, too."""

    def __init__(self) -> None:
        self.deviations: list[Deviation] = []

    def __exit__(self, _: object, error: object, __: object) -> bool:
        if isinstance(error, Deviation):
            self.deviations.append(error)
        return isinstance(error, (Deviation, Withheld))


def raise_all(deviations: list[Deviation]) -> None:
    """Raise the deviations there are: one by itself, several as a group."""
    if len(deviations) == 1:
        raise deviations[0]
    if deviations:
        raise ExceptionGroup(f"{len(deviations)} deviations", deviations)


def _name(media: Media) -> str:
    """Return the name of a form's media type."""
    return media if isinstance(media, str) else media.content_type.partition(";")[0]
