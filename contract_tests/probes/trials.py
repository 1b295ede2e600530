"""Tries what a service makes of an input: one field of a form treated in one way, and what came of it.

The samples of a treatment are those of the behaviour table, so what is tried here is what the mock recognizes. Each
trial is made once, whatever needs it: open questions and learned rows rest on the same requests. A create is of a row
of its own, which is deleted at once. Updates go to a standing row of the type.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from contract_tests.guard.exchange import Exchange
from contract_tests.probes.handler import Part, ProbedHandler, multipart, parts_of
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import MISSING, Undecided, Unlisted, is_success, switch
from contract_tests.target.api import TargetResponse
from mock_server.document.treatments import TREATMENTS, UNSENT, SentInput

# Treatments that are tried with several texts, each a trial of its own.
_OF_ONE_TEXT = frozenset({"is", "not-email", "not-url"})
# Treatments of the type itself, whatever the type is.
_OF_THE_TYPE = frozenset({"not-listed", "wrong-case"})
# Treatments in which the name and another text are treated at once, those that tell most first.
TOGETHER = ("padded", "control", "tags", "quotes", "twice", "array", "file", "not-utf-8", "line-break")
# Several at once, if requests are spared: padded, tags and quotes.
DIRTY = "dirty"
# More characters than services allow, and a text that is neither an address nor a URL.
LONG, ODD = 600, "maybe"
# Texts of the switch that go with a change of type: to a row that is on, and to one that is off.
RIDING: Mapping[bool, Sequence[str]] = {True: ("maybe", "", "0"), False: ("2", "on", "1")}
FOREIGN, UNKNOWN = "{foreign}", "{unknown}"
NO_FIELD = "color"


class Trial(NamedTuple):
    """What is asked: a field of a create's or an update's form, treated in one way. `kind` is the type of the row."""

    operation: str
    field: str
    treatment: str
    sent: SentInput
    kind: str

    @property
    def key(self) -> Hashable:
        """What tells this trial from others; a text counts only if its treatment is about that very text."""
        text: Any = self.sent.text if self.treatment in _OF_ONE_TEXT else None
        if self.treatment == "longer-than":
            text = len(self.sent.text or "")
        kind = "" if self.treatment in _OF_THE_TYPE else self.kind
        return self.operation, self.field, self.treatment, text, kind

    @property
    def says(self) -> str:
        """The field, and what its input is like: "`name`, of 600 characters"."""
        if self.treatment == "any":
            return f"`{self.field}`"
        if self.treatment == "longer-than":
            return f"`{self.field}`, of {len(self.sent.text or '')} characters"
        if self.treatment == DIRTY:
            return f"`{self.field}`, with whitespace around it, HTML tags and a quotation mark"
        return f"`{self.field}`, {TREATMENTS[self.treatment].means}"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a trial. `shown` is what the row shows of the field after it, if it was taken.

    `before` is what it showed before an update, or what a create without the field shows; `row` is all that it shows.
    """

    trial: Trial
    response: TargetResponse
    exchange: Exchange
    id: int | None = None
    shown: Any = MISSING
    before: Any = MISSING
    row: Mapping[str, Any] | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the form was taken."""
        return self.row is not None


class Trials:
    """Makes trials with one prober. All of a prober share their rows, and make no trial twice."""

    def __init__(self, prober: Prober) -> None:
        self.prober = prober
        self.facts = prober.facts
        self._rows = prober.once(_standing_rows)

    # Forms

    def base(self, kind: str, *, name: str | None = None) -> dict[str, str]:
        """Return a form of a type with all its fields and a name that no row has."""
        return self.prober.kinds.form(kind, self.prober.name() if name is None else name)

    def least(self, kind: str) -> dict[str, str]:
        """Return the smallest form of a type: a name and the type, and its fields if they may not be left out."""
        form, words = self.base(kind), self.facts.form
        is_bare = self.unsent(kind) is not None
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
        examples, number = self.facts.examples, self.prober.sent
        value = next(
            (each[field] for each in (examples.get(kind, {}), *examples.values()) if field in each), "value"
        )
        if "@" in value:
            return f"p{number}-{value}"
        if "://" in value:
            return f"{value}/p{number}"
        digits = value.removeprefix("-")
        if digits.isdigit():  # such as the id of a chat
            return f"{value[: -len(digits)]}{number}{digits}{number}"
        return f"{number}{'' if value[:1].isdigit() else '-'}{value}-p{number}"

    def input(self, word: str) -> tuple[str, str]:
        """Return a field by a word, and the type of the row that it is tried on.

        The words are those of the form (`name`, `type`, `enabled`), `text`, `address` and `url` for a field of a type's
        own, and those of the behaviour table for a field of another type and for one that no form has.
        """
        kinds, types, form = self.prober.kinds, self.facts.types, self.facts.form
        text = types[kinds.pair][-1]
        match word:
            case "text":
                return text, kinds.pair
            case "address" | "url":
                kind = kinds.mailbox if word == "address" else kinds.address
                return types[kind][0], kind
            case "{foreign}":
                return text, kinds.plain
            case "{unknown}":
                return NO_FIELD, kinds.plain
        if word == "type" and self.walker is not None and self.walker.type in types:
            return form[word], self.walker.type
        return form[word], kinds.pair if word == "name" else kinds.plain

    def sample(self, kind: str, field: str, treatment: str) -> SentInput:
        """Return an input of a treatment, made of a good value."""
        if treatment in {"not-email", "not-url"}:
            return sent(ODD)
        if treatment == DIRTY:
            return sent(f"  <b>{self.good(kind, field)}'s</b> ")
        schema = {"enum": list(self.facts.types)} if field == self.facts.form["type"] else {}
        argument = LONG - 1 if treatment == "longer-than" else None
        sample = TREATMENTS[treatment].samples(self.good(kind, field), argument, schema)[0]
        # A function that writes quotes as entities of HTML may write this sign so, too.
        return sent(f"{sample.text} & x") if treatment == "quotes" and self.prober.spares else sample

    # Trials

    def tried(self, operation: str, word: str, treatment: str) -> Tried:
        """Try an input by its word, see `input`."""
        field, kind = self.input(word)
        if operation == "update" and word == "name" and treatment in {*TOGETHER, DIRTY}:
            return self.texts(treatment)[0]
        if operation == "create" and word in {"name", "type"}:
            # Without a name, a row bears the mark of the run in its address.
            kind = self.prober.kinds.mailbox if word == "name" else self.prober.kinds.plain
        sample = self.sample(kind, field, treatment)
        if operation == "create" and treatment == "wrong-case":
            sample = sent(kind.swapcase())  # another type may demand its fields
        trial = Trial(operation, field, treatment, sample, kind)
        if operation == "update":
            return self.try_update(trial)
        return self.try_create(trial, self.base(kind))

    def texts(self, treatment: str) -> tuple[Tried, Tried | None]:
        """Treat the name and another text of one row at once; if that is refused, the name alone.

        The second is None if the name alone is refused, so that nothing is known of the other text.
        """
        return self.prober.once(partial(self._texts, treatment), ("texts", treatment))

    def _texts(self, treatment: str, _: Prober) -> tuple[Tried, Tried | None]:
        name, text = (
            Trial("update", field, treatment, self.sample(kind, field, treatment), kind)
            for field, kind in map(self.input, ("name", "text"))
        )
        joint = self.together([name, text])
        if joint[0].is_taken:
            return joint[0], joint[1]
        alone = self.try_update(name)
        return alone, joint[1] if alone.is_taken else None

    def spelled(self, text: str, *, to_on: bool) -> Tried:
        """Send a text of the switch to a row that is on, or off."""
        return self.prober.once(partial(self._spelled, text, to_on), ("spelled", text, to_on))

    def _spelled(self, text: str, to_on: bool, _: Prober) -> Tried:
        field, kind = self.input("enabled")
        trial = Trial("update", field, "is", sent(text), kind)
        if self.standing(kind).is_enabled != to_on:
            turn = "1" if to_on else "0"
            (turned,) = self.together([trial._replace(sent=sent(turn))])
            self.prober.once(lambda _: turned, ("spelled", turn, not to_on))
            if self.standing(kind).is_enabled != to_on:
                raise Unlisted(
                    f"An update with {field}={turn} does not switch a handler {'on' if to_on else 'off'}."
                )
        return self.together([trial])[0]

    def try_create(self, trial: Trial, form: Mapping[str, str]) -> Tried:
        """Create with one field treated, look at the row, and delete it."""
        return self.prober.once(partial(self._create, trial, form), trial.key)

    def try_update(self, trial: Trial) -> Tried:
        """Update a standing row with one field treated, and look at it before and after."""
        return self.prober.once(lambda _: self.together([trial])[0], trial.key)

    def together(self, trials: Sequence[Trial]) -> list[Tried]:
        """Update a standing row with several fields treated at once; each is told what came of the whole form.

        If none of them is the row's, a name goes with them: an update that sends nothing may be refused for that.
        """
        row = self.standing(trials[0].kind)
        own = {*self.facts.form.values(), *self.facts.types.get(trials[0].kind, ())}
        fields = {each.field for each in trials}
        if not row.type and (
            not own & fields if self.prober.spares else fields - {*self.facts.form.values()}
        ):
            self._replace(row)  # a field is of a type, or of another one, only if the row has a type
            row = self.standing(trials[0].kind)
        before = dict(row.shown)
        form = self.facts.form
        words = {} if own & fields else {form["name"]: self.prober.name()}
        if not words and self.refused_nothing(row) is not None:  # fields may be treated as not sent
            words = {form["type"]: row.type} if form["name"] in fields else {form["name"]: self.prober.name()}
            words = {name: text for name, text in words.items() if name not in fields}
        parts = [(name, text.encode(), False) for name, text in words.items()]
        response = row.update_raw([*parts, *(part for each in trials for part in self._parts({}, each))])
        exchange = self.prober.exchanges[-1]
        if not is_success(response):
            return [Tried(each, response, exchange, row.id) for each in trials]
        shown = dict(row.look(renamed=True))
        return [
            Tried(
                each,
                response,
                exchange,
                row.id,
                self._shown(each, shown),
                self._field(before, each.field),
                shown,
            )
            for each in trials
        ]

    def refused_nothing(self, row: ProbedHandler) -> Tried | None:
        """Return what came of an update without a field, None if it was taken, or if this is not to be learned."""
        return self.prober.once(partial(self._refused_nothing, row), "nothing")

    def _refused_nothing(self, row: ProbedHandler, _: Prober) -> Tried | None:
        if not self.prober.learns:
            return None
        response = row.update_raw([])
        tried = Tried(
            Trial("update", self.facts.form["name"], "absent", UNSENT, row.type),
            response,
            self.prober.exchanges[-1],
            row.id,
        )
        return None if is_success(response) else tried

    def _replace(self, row: ProbedHandler) -> None:
        """Let another row stand for one that has lost its type. The first of a kind stays: observations rest on it."""
        if self.prober.knows(("replaced", row.made_as)):
            self.forget(row.made_as)
        else:
            self.prober.once(lambda _: row, ("replaced", row.made_as))
            self._rows.remove(row)

    def _create(self, trial: Trial, form: Mapping[str, str], _: Prober) -> Tried:
        response, row = self._send_create(self._parts(form, trial))
        exchange = self.prober.exchanges[-1]
        if row is None:
            return Tried(trial, response, exchange)
        shown: Mapping[str, Any] = {}
        try:
            shown = dict(self.prober.retrieve(row, renamed=True))
        finally:
            self.prober.discard(row)
        unsent = self.unsent(trial.kind) if self.prober.knows(self._unsent_key(trial.kind)) else None
        before = self._field(unsent or {}, trial.field)
        return Tried(trial, response, exchange, row, self._shown(trial, shown), before, shown)

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

    def _shown(self, trial: Trial, row: Mapping[str, Any]) -> Any:
        """Return what a row shows of a field; of a name, as long as the service has it."""
        shown, text = self._field(row, trial.field), trial.sent.text or ""
        if self._as_sent(trial) is trial.sent or not isinstance(shown, str) or not text.startswith(shown):
            return shown
        return text[: len(shown) + self.prober.terms.hidden]

    def _parts(self, form: Mapping[str, str], trial: Trial) -> list[Part]:
        """Return a form with one field in another way; the field keeps its place."""
        treated = parts_of(trial.field, self._as_sent(trial))
        parts: list[Part] = []
        for name, text in form.items():
            parts += treated if name == trial.field else [(name, text.encode(), False)]
        return parts if trial.field in form else parts + treated

    def _field(self, row: Mapping[str, Any], field: str) -> Any:
        """Return what a row shows of a field, MISSING if nothing."""
        words = {name: word for word, name in self.facts.form.items()}
        if field in words:
            shown = row.get(self.facts.row[words[field]], MISSING)
            with suppress(Undecided):  # a switch may be shown as 0 or 1; its rows speak of true and false
                return switch(shown) if words[field] == "enabled" else shown
            return shown
        return self.prober.settings(row).get(field, MISSING)

    # Rows

    def standing(self, kind: str) -> ProbedHandler:
        """Return a row of a type that updates go to.

        Two rows are made: one without settings of its own, and one that an update gives each other type. This takes
        fewer requests than a create, a look and a delete.
        """
        known = next(
            (row for row in self._rows if kind in (row.type, row.made_as if not row.type else "")), None
        )
        if known is not None:
            return known
        walker = self.walker
        if kind == self.prober.kinds.plain:
            self.switched()
        elif walker is not None and self._retype(walker, kind):
            return walker
        if not self._rows or self._rows[-1].type != kind:
            # With letters beyond ASCII, to show how JSON is written.
            response = self._make(self.base(kind, name=f"{self.prober.name()} ó/ż"))
            if not is_success(response):
                raise Undecided(f"a plain create returns {response.status}")
        return self._rows[-1]

    @property
    def walker(self) -> ProbedHandler | None:
        """The row that gets one type after the other, None if it was not made yet."""
        return next((row for row in self._rows if row.made_as != self.prober.kinds.plain), None)

    def _retype(self, row: ProbedHandler, kind: str) -> bool:
        """Give a row another type, and its fields; tell whether it has it then."""
        form = self.prober.kinds.form(kind, None)
        parts = [(name, text.encode(), False) for name, text in form.items()]
        rider = self._ride(row, kind, parts)
        has_looked = rider is not None and rider.is_taken
        if has_looked or is_success(row.update_raw(parts)):
            if rider is not None:
                self.prober.once(lambda _: rider, ("spelled", rider.trial.sent.text, rider.before))
            if not has_looked:
                row.look()
            row.sent = {**form, self.facts.form["name"]: row.name}
            if row.type == kind:
                form, shown = row.sent, row.shown
                self.prober.note_keys(kind, form, shown)
                self.prober.once(lambda _: (form, shown), ("specimen", kind))
        return row.type == kind

    def _ride(self, row: ProbedHandler, kind: str, parts: Sequence[Part]) -> Tried | None:
        """Give a row another type, and a text of the switch at once, if requests are spared; None if no text is left.

        The first change of a type is made without one: what else it changes is looked at.
        """
        to_on = row.is_enabled
        texts = (text for text in RIDING[to_on] if not self.prober.knows(("spelled", text, to_on)))
        text = next(texts, None) if self.prober.spares and kind != self.prober.kinds.address else None
        if text is None:
            return None
        trial = Trial("update", self.facts.form["enabled"], "is", sent(text), kind)
        response = row.update_raw([*parts, *self._parts({}, trial)])
        exchange, shown = self.prober.exchanges[-1], dict(row.look()) if is_success(response) else None
        read = MISSING if shown is None else self._field(shown, trial.field)
        return Tried(trial, response, exchange, row.id, read, to_on, shown)

    def _make(self, form: Mapping[str, str]) -> TargetResponse:
        """Make a standing row, unless the service refuses it. Return the response."""
        response, row = self.prober.create(form)
        if row is not None:
            self.prober.keep(row)
            self._rows.append(made := ProbedHandler(self.prober, row, response, form))
            self.prober.once(lambda _: (form, made.first), ("specimen", made.made_as))
        return response

    def specimen(self, kind: str) -> tuple[Mapping[str, str], Mapping[str, Any]]:
        """Return the form of a row of a type, and the row as it was shown at first."""

        def make(_: Prober) -> tuple[Mapping[str, str], Mapping[str, Any]]:
            row = self.standing(kind)
            return row.sent, row.shown

        return self.prober.once(make, ("specimen", kind))

    @property
    def is_enabled_at_first(self) -> bool:
        """Whether a new row is enabled if its form does not say. Taken to be so if no such row can be made."""
        return self.prober.once(self._is_enabled_at_first, "enabled at first")

    def _is_enabled_at_first(self, _: Prober) -> bool:
        with suppress(Undecided):
            row = self.walker or self.standing(self.prober.kinds.pair)
            return self._field(row.first, self.facts.form["enabled"]) is not False
        return True

    def switched(self) -> Tried:
        """Create a row whose switch is sent, the other way than it would be: a standing row, if it is taken."""
        return self.prober.once(self._switched, "switched")

    def _switched(self, _: Prober) -> Tried:
        field, kind = self.input("enabled")
        text = "0" if self.is_enabled_at_first else "1"
        trial = Trial("create", field, "any", sent(text), kind)
        response = self._make({**self.base(kind), field: text})
        if not is_success(response):
            return Tried(trial, response, self.prober.exchanges[-1])
        row = self._rows[-1]
        shown = self._field(row.first, field)
        return Tried(trial, response, self.prober.exchanges[-2], row.id, shown, MISSING, row.first)

    def forget(self, kind: str) -> None:
        """Delete the standing rows of a type: something odd may have become of them. A guard may be in the way."""
        for row in [row for row in self._rows if kind in (row.type, row.made_as)]:
            self._rows.remove(row)
            with suppress(Undecided):
                self.prober.discard(row.id)

    def unsent(self, kind: str) -> Mapping[str, Any] | None:
        """Return what a row of a type shows if its form had no more than a name and the type, None if refused.

        If requests are spared, one type has to do.
        """
        key = self._unsent_key(kind)
        return self.prober.once(partial(self._unsent, key[1]), key)

    def all_unsent(self, kind: str) -> Tried | None:
        """Return how a row of a type without its settings is refused; its first field is told of. None if it is not."""
        refused = self.unsent(kind) is None
        return self.prober.once(lambda _: None, ("all unsent", kind)) if refused else None

    def _unsent_key(self, kind: str) -> tuple[str, str]:
        return "unsent", self.prober.kinds.pair if self.prober.spares else kind

    def _unsent(self, kind: str, _: Prober) -> Mapping[str, Any] | None:
        words = self.facts.form
        response, row = self.prober.create({words["name"]: self.prober.name(), words["type"]: kind})
        if row is None:
            trial = Trial("create", next(iter(self.facts.types[kind]), words["type"]), "absent", sent(), kind)
            tried = Tried(trial, response, self.prober.exchanges[-1])
            self.prober.once(lambda _: tried, ("all unsent", kind))
            return None
        shown = dict(self.prober.retrieve(row))
        self.prober.discard(row)
        return shown

    def retyped(self, kind: str) -> Mapping[str, Any] | None:
        """Return what a row shows that an update gave this type and no setting of it, None if refused."""
        return self.prober.once(partial(self._retyped, kind), ("retyped", kind))

    def _retyped(self, kind: str, _: Prober) -> Mapping[str, Any] | None:
        kinds = self.prober.kinds
        row = self.standing(other := kinds.plain if kind == kinds.mailbox else kinds.mailbox)
        shown = dict(row.look()) if is_success(row.update(type=kind)) else None
        self.forget(other)
        return shown

    def ask(self, operation: str, parts: Sequence[Part], kind: str) -> TargetResponse:
        """Send a form that is to be refused, and return the response. A row that it makes is deleted at once."""
        if operation == "update":
            row = self.standing(kind)
            if is_success(response := row.update_raw(parts)):
                row.look(renamed=True)
            return response
        response, made = self._send_create(parts)
        if made is not None:
            self.prober.retrieve(made, renamed=True)
            self.prober.discard(made)
        return response

    def _send_create(self, parts: Sequence[Part]) -> tuple[TargetResponse, int | None]:
        """Send a create, told by its last name, and return the response and the id of the row that it made."""
        names = [data for name, data, _ in parts if name == self.facts.form["name"]]
        return self.prober.create_raw(names[-1].decode(errors="replace") if names else "", **multipart(parts))


def _standing_rows(_: Prober) -> list[ProbedHandler]:
    return []


def sent(*texts: str) -> SentInput:
    """Return a text as it is sent."""
    return SentInput(texts[-1] if texts else None, tuple(texts))
