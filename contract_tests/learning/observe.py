"""Asks a service what it makes of an input: one field of a form treated in one way, and what came of it.

The samples of a treatment are those of the behaviour table, so what is asked here is what the mock recognizes. Each
create is of a row of its own, which is deleted at once. Updates go to one standing row of a type.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from contract_tests.guard.exchange import Exchange
from contract_tests.learning.presentation import Look
from contract_tests.learning.refusals import look_at
from contract_tests.probes.handler import Part, ProbedHandler, multipart, parts_of
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import Undecided, is_success, mapping, switch
from contract_tests.target.api import TargetResponse
from mock_server.document.treatments import SentInput

# Stands for a field that an item does not show.
MISSING = object()


class Trial(NamedTuple):
    """What is asked: a field of a create's or an update's form, treated in one way. `kind` is the type of the row."""

    operation: str
    field: str
    treatment: str
    sent: SentInput
    kind: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. `look` is that of a refusal; else `shown` is what the row shows of the field after.

    `before` is what it showed before an update, or what a create without the field shows; `row` is all that it shows.
    """

    trial: Trial
    answer: TargetResponse
    exchange: Exchange
    look: Look | None
    shown: Any = MISSING
    before: Any = MISSING
    row: Mapping[str, Any] | None = None

    @property
    def status(self) -> int:
        """The status of the response."""
        return self.answer.status


class Observer:
    """Makes trials with one prober. `everywhere` are the headers of every response."""

    def __init__(self, prober: Prober, everywhere: Mapping[str, str]) -> None:
        self.prober = prober
        self.everywhere = dict(everywhere)
        self.facts = prober.facts
        self._standing: dict[str, ProbedHandler] = {}
        self._unsent: dict[str, Mapping[str, Any] | None] = {}
        self._retyped: dict[str, Mapping[str, Any] | None] = {}

    # Forms

    def base(self, kind: str, *, name: str | None = None) -> dict[str, str]:
        """Return a form of a type with all its fields and a name that no row has."""
        return self.prober.kinds.form(kind, self.prober.name() if name is None else name)

    def least(self, kind: str) -> dict[str, str]:
        """Return the smallest form of a type: a name and the type, and its fields if they may not be left out."""
        asked = self.prober.kinds.pair if self.prober.spares else kind
        form, words = self.base(kind), self.facts.form
        is_bare = self.unsent(asked) is not None
        return {
            name: text for name, text in form.items() if not is_bare or name in {words["name"], words["type"]}
        }

    def good(self, kind: str, field: str) -> str:
        """Return a good value for a field: that of the document's example, another one than the last time."""
        words = self.facts.form
        if field == words["name"]:
            return self.prober.name()
        if field == words["type"]:
            return kind
        value = str(self.facts.examples.get(kind, {}).get(field, "value"))
        number = self.prober.sent
        if "@" in value:
            return f"p{number}-{value}"
        return f"{value}/p{number}" if "://" in value else f"{number}-{value}-p{number}"

    def owner(self, field: str) -> str:
        """Return the type that a field belongs to; any type for a field of all."""
        kinds = self.facts.types
        return next((kind for kind, fields in kinds.items() if field in fields), self.prober.kinds.pair)

    # Trials

    def _as_sent(self, trial: Trial) -> SentInput:
        """Return what to send, so that the service gets what the trial says: a guard makes a name longer."""
        text, hidden = trial.sent.text, self.prober.terms.hidden
        if (
            trial.field != self.facts.form["name"]
            or trial.treatment != "longer-than"
            or not text
            or not hidden
        ):
            return trial.sent
        return SentInput(text[:-hidden], (text[:-hidden],))

    def create(self, trial: Trial, form: Mapping[str, str], told: Mapping[str, str] | None = None) -> Outcome:
        """Create with one field treated, look at the row, and delete it."""
        parts = _parts(form, trial.field, self._as_sent(trial))
        answer, row = self._send_create(parts)
        exchange = self.prober.exchanges[-1]
        if row is None:
            return self._refused(trial, answer, exchange, told)
        shown: Mapping[str, Any] = {}
        try:
            shown = dict(self.prober.retrieve(row, renamed=True))
        finally:
            self.prober.discard(row)
        return Outcome(
            trial, answer, exchange, None, self._unhidden(trial, self._field(shown, trial.field)),
            self._field(self.unsent(trial.kind) or {}, trial.field), shown,
        )  # fmt: skip

    def _unhidden(self, trial: Trial, shown: Any) -> Any:
        """Return what a row shows of a name as long as the service has it."""
        text = trial.sent.text or ""
        if self._as_sent(trial) is trial.sent or not isinstance(shown, str) or not text.startswith(shown):
            return shown
        return text[: len(shown) + self.prober.terms.hidden]

    def update(self, trial: Trial, told: Mapping[str, str] | None = None) -> Outcome:
        """Update a standing row with one field treated, and look at it before and after."""
        row = self.standing(trial.kind)
        before = dict(row.shown)
        answer = row.update_raw(_parts({}, trial.field, self._as_sent(trial)))
        exchange = self.prober.exchanges[-1]
        if not is_success(answer):
            return self._refused(trial, answer, exchange, told, row)
        shown = dict(row.look(renamed=True))
        return Outcome(
            trial, answer, exchange, None, self._unhidden(trial, self._field(shown, trial.field)),
            self._field(before, trial.field), shown,
        )  # fmt: skip

    def standing(self, kind: str) -> ProbedHandler:
        """Return the row of a type that updates go to, made at the first call."""
        if kind not in self._standing:
            answer, row = self.prober.create(self.base(kind))
            if row is None:
                raise Undecided(f"a plain create is answered {answer.status}")
            self._standing[kind] = ProbedHandler(self.prober, row, answer)
        return self._standing[kind]

    def ask(self, operation: str, parts: Sequence[Part], kind: str, row: object = None) -> TargetResponse:
        """Send a form that is to be refused, and return the response. A row that it makes is deleted at once.

        `row`: the id that an update goes to, that of the standing row unless another is given.
        """
        if operation == "update":
            path = self.prober.api.path_of("update", self.standing(kind).id if row is None else row)
            answer = self.prober.send("POST", path, **multipart(parts))
            if row is None and is_success(answer):
                self.standing(kind).look(renamed=True)
            return answer
        answer, made = self._send_create(parts)
        if made is not None:
            self.prober.retrieve(made, renamed=True)
            self.prober.discard(made)
        return answer

    def _send_create(self, parts: Sequence[Part]) -> tuple[TargetResponse, int | None]:
        """Send a create, told by its last name, and return the response and the id of the row that it made."""
        names = [data for name, data, _ in parts if name == self.facts.form["name"]]
        return self.prober.create_raw(names[-1].decode(errors="replace") if names else "", **multipart(parts))

    def recover(self, kind: str) -> None:
        """Go on after a trial without an answer: the standing row may be gone."""
        with suppress(Undecided):
            self.forget(kind)

    def forget(self, kind: str) -> None:
        """Delete the standing row of a type: its type may have changed."""
        row = self._standing.pop(kind, None)
        if row is not None:
            self.prober.discard(row.id)

    def unsent(self, kind: str) -> Mapping[str, Any] | None:
        """Return what a row of a type shows if its form had no more than a name and the type, None if refused."""
        if kind not in self._unsent:
            words = self.facts.form
            _, row = self.prober.create({words["name"]: self.prober.name(), words["type"]: kind})
            self._unsent[kind] = None
            if row is not None:
                self._unsent[kind] = dict(self.prober.retrieve(row))
                self.prober.discard(row)
        return self._unsent[kind]

    def retyped(self, kind: str) -> Mapping[str, Any] | None:
        """Return what a row shows that an update gave this type and no setting of it, None if refused."""
        if kind not in self._retyped:
            kinds = self.prober.kinds
            other = kinds.plain if kind == kinds.mailbox else kinds.mailbox
            answer, row = self.prober.create(self.base(other))
            if row is None:
                raise Undecided(f"a plain create is answered {answer.status}")
            handler = ProbedHandler(self.prober, row, answer)
            is_taken = is_success(handler.update(type=kind))
            self._retyped[kind] = dict(handler.look()) if is_taken else None
            self.prober.discard(row)
        return self._retyped[kind]

    def _refused(
        self,
        trial: Trial,
        answer: TargetResponse,
        exchange: Exchange,
        told: Mapping[str, str] | None,
        row: ProbedHandler | None = None,
    ) -> Outcome:
        facts = {"field": trial.field, **(told or {})}
        value = trial.sent.texts[-1] if trial.sent.text is None and trial.sent.texts else trial.sent.text
        words = set(re.findall(r"\w+", answer.body.decode(errors="replace")))
        # A refusal that lists the types repeats none of them.
        if value is not None and not (value in self.facts.types and len(words & self.facts.types.keys()) > 2):
            facts["value"] = value
        if row is not None:
            facts["id"] = str(row.id)
        return Outcome(trial, answer, exchange, look_at(answer, exchange, facts, self.everywhere))

    def _field(self, row: Mapping[str, Any], field: str) -> Any:
        """Return what a row shows of a field, MISSING if nothing."""
        words = {name: word for word, name in self.facts.form.items()}
        if field in words:
            shown = row.get(self.facts.row[words[field]], MISSING)
            with suppress(Undecided):  # a switch may be shown as 0 or 1; its rows speak of true and false
                return switch(shown) if words[field] == "enabled" else shown
            return shown
        return mapping(row.get(self.facts.row["settings"])).get(field, MISSING)

    def close(self) -> None:
        """Delete the standing rows."""
        for kind in list(self._standing):
            self.recover(kind)


def _parts(form: Mapping[str, str], field: str, sent: SentInput) -> list[Part]:
    """Return a form with one field in another way; the field keeps its place."""
    parts: list[Part] = []
    for name, text in form.items():
        parts += parts_of(name, sent) if name == field else [(name, text.encode(), False)]
    return parts if field in form else parts + parts_of(field, sent)


def sent(*texts: str) -> SentInput:
    """Return a text as it is sent."""
    return SentInput(texts[-1] if texts else None, tuple(texts))


def first_of(outcomes: Iterable[Outcome]) -> Sequence[Exchange]:
    """Return the exchanges of some outcomes."""
    return [each.exchange for each in outcomes]
