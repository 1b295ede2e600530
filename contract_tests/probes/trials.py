"""Tries what becomes of an input: sends one field of a form in a given way, and looks at the row.

The samples are those of the behaviour table, so the mock recognizes what is sent here. Each trial is made once, and
serves both open questions and learned rows. A row that a trial creates is deleted at once. Updates go to a standing
row of the type, which several trials share.
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

# Treatments with several texts, each of which is a trial of its own.
_OF_ONE_TEXT = frozenset({"is", "not-email", "not-url"})
# Treatments of the type itself, which do not depend on the type of the row.
_OF_THE_TYPE = frozenset({"not-listed", "wrong-case"})
# Treatments that the name and another text get in one request; the most telling ones come first.
TOGETHER = ("padded", "control", "tags", "quotes", "twice", "array", "file", "not-utf-8", "line-break")
# Several at once, if requests are spared: padded, tags and quotes.
DIRTY = "dirty"
# More characters than services allow, and a text that is neither an e-mail address nor a URL.
LONG, ODD = 600, "maybe"
# Texts of the switch that are sent along with a change of type, by whether the row is on.
RIDING: Mapping[bool, Sequence[str]] = {True: ("maybe", "", "0"), False: ("2", "on", "1")}
FOREIGN, UNKNOWN = "{foreign}", "{unknown}"
NO_FIELD = "color"


class Trial(NamedTuple):
    """What is sent: a field of a create's or an update's form, in one way. `kind` is the type of the row."""

    operation: str
    field: str
    treatment: str
    sent: SentInput
    kind: str

    @property
    def key(self) -> Hashable:
        """What distinguishes this trial from others. The text counts only if the treatment is about that very text."""
        text: Any = self.sent.text if self.treatment in _OF_ONE_TEXT else None
        if self.treatment == "longer-than":
            text = len(self.sent.text or "")
        kind = "" if self.treatment in _OF_THE_TYPE else self.kind
        return self.operation, self.field, self.treatment, text, kind

    @property
    def says(self) -> str:
        """The field and its treatment in words, such as "`name`, of 600 characters"."""
        if self.treatment == "any":
            return f"`{self.field}`"
        if self.treatment == "longer-than":
            return f"`{self.field}`, of {len(self.sent.text or '')} characters"
        if self.treatment == DIRTY:
            return f"`{self.field}`, with whitespace around it, HTML tags and a quotation mark"
        return f"`{self.field}`, {TREATMENTS[self.treatment].means}"


@dataclass(frozen=True, slots=True)
class Tried:
    """The result of a trial. `shown` is what the row shows of the field afterwards, if the form was accepted.

    `before` is what the row showed before an update, or what a row shows that was created without the field. `row` is
    the whole row.
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
        """Whether the form was accepted."""
        return self.row is not None


class Trials:
    """Makes trials with one prober. All instances for a prober share their rows, and repeat no trial."""

    def __init__(self, prober: Prober) -> None:
        self.prober = prober
        self.facts = prober.facts
        self._rows = prober.once(_standing_rows)

    # Forms

    def base(self, kind: str, *, name: str | None = None) -> dict[str, str]:
        """Return a form of a type with all its fields, and a name that no row has."""
        return self.prober.kinds.form(kind, self.prober.name() if name is None else name)

    def least(self, kind: str) -> dict[str, str]:
        """Return the smallest form of a type: a name, the type, and its fields if they are required."""
        form, words = self.base(kind), self.facts.form
        is_bare = self.unsent(kind) is not None
        return {
            name: text for name, text in form.items() if not is_bare or name in {words["name"], words["type"]}
        }

    def good(self, kind: str, field: str) -> str:
        """Return a valid value for a field: that of the document's example, varied at each call."""
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
        """Return the field that a word stands for, and the type of the row on which to try it.

        The words are those of the form (`name`, `type`, `enabled`); `text`, `address` and `url` for a setting; and
        those of the behaviour table for a field of another type and for an unknown field.
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
        """Return a sample of a treatment, made of a valid value."""
        if treatment in {"not-email", "not-url"}:
            return sent(ODD)
        if treatment == DIRTY:
            return sent(f"  <b>{self.good(kind, field)}'s</b> ")
        schema = {"enum": list(self.facts.types)} if field == self.facts.form["type"] else {}
        argument = LONG - 1 if treatment == "longer-than" else None
        sample = TREATMENTS[treatment].samples(self.good(kind, field), argument, schema)[0]
        # What turns quotes into HTML entities may do the same to an ampersand.
        return sent(f"{sample.text} & x") if treatment == "quotes" and self.prober.spares else sample

    # Trials

    def tried(self, operation: str, word: str, treatment: str) -> Tried:
        """Try an input by its word (see `input`)."""
        field, kind = self.input(word)
        if operation == "update" and word == "name" and treatment in {*TOGETHER, DIRTY}:
            return self.texts(treatment)[0]
        if operation == "create" and word in {"name", "type"}:
            # Without a name, a row carries the run's marker in its address.
            kind = self.prober.kinds.mailbox if word == "name" else self.prober.kinds.plain
        sample = self.sample(kind, field, treatment)
        if operation == "create" and treatment == "wrong-case":
            sample = sent(kind.swapcase())  # another type may demand its fields
        trial = Trial(operation, field, treatment, sample, kind)
        if operation == "update":
            return self.try_update(trial)
        return self.try_create(trial, self.base(kind))

    def texts(self, treatment: str) -> tuple[Tried, Tried | None]:
        """Treat the name and another text of one row in one request; if that is refused, the name alone.

        The second result is None if the name alone is refused, too: then nothing is known of the other text.
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
        """Create a row with one field treated, look at it, and delete it."""
        return self.prober.once(partial(self._create, trial, form), trial.key)

    def try_update(self, trial: Trial) -> Tried:
        """Update a standing row with one field treated, and compare it before and after."""
        return self.prober.once(lambda _: self.together([trial])[0], trial.key)

    def together(self, trials: Sequence[Trial]) -> list[Tried]:
        """Update a standing row with several fields treated in one request. Each result is that of the whole form.

        If the row has none of the fields, a name is sent along: an update without any known field may be refused.
        """
        row = self.standing(trials[0].kind)
        own = {*self.facts.form.values(), *self.facts.types.get(trials[0].kind, ())}
        fields = {each.field for each in trials}
        if not row.type and (
            not own & fields if self.prober.spares else fields - {*self.facts.form.values()}
        ):
            self._replace(row)  # only a row with a type has own and foreign fields
            row = self.standing(trials[0].kind)
        before = dict(row.shown)
        form = self.facts.form
        words = {} if own & fields else {form["name"]: self.prober.name()}
        if (
            not words and self.refused_nothing(row) is not None
        ):  # a field that is treated as not sent leaves nothing
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
        """Return how an update without any field is refused; None if it is accepted, or if the run does not learn."""
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
        """Replace a standing row that has lost its type. The first such row is kept, since observations rest on it."""
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
        """Return what to send so that the service gets the trial's text: a guard makes names longer."""
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
        """Return what a row shows of a field; of a name that was cut, with the length that the service stores."""
        shown, text = self._field(row, trial.field), trial.sent.text or ""
        if self._as_sent(trial) is trial.sent or not isinstance(shown, str) or not text.startswith(shown):
            return shown
        return text[: len(shown) + self.prober.terms.hidden]

    def _parts(self, form: Mapping[str, str], trial: Trial) -> list[Part]:
        """Return the parts of a form with one field treated. The field keeps its place."""
        treated = parts_of(trial.field, self._as_sent(trial))
        parts: list[Part] = []
        for name, text in form.items():
            parts += treated if name == trial.field else [(name, text.encode(), False)]
        return parts if trial.field in form else parts + treated

    def _field(self, row: Mapping[str, Any], field: str) -> Any:
        """Return what a row shows of a field; MISSING if it does not show it."""
        words = {name: word for word, name in self.facts.form.items()}
        if field in words:
            shown = row.get(self.facts.row[words[field]], MISSING)
            with suppress(Undecided):  # a switch may be shown as 0 or 1, but the table says true and false
                return switch(shown) if words[field] == "enabled" else shown
            return shown
        return self.prober.settings(row).get(field, MISSING)

    # Rows

    def standing(self, kind: str) -> ProbedHandler:
        """Return the row of a type to which updates go.

        There are two rows: one of the type without settings, and one that updates turn from type to type. This takes
        fewer requests than to create, look at and delete a row of each type.
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
            # Letters beyond ASCII show how the service writes JSON.
            response = self._make(self.base(kind, name=f"{self.prober.name()} ó/ż"))
            if not is_success(response):
                raise Undecided(f"a plain create returns {response.status}")
        return self._rows[-1]

    @property
    def walker(self) -> ProbedHandler | None:
        """The row that gets one type after the other; None if it does not exist yet."""
        return next((row for row in self._rows if row.made_as != self.prober.kinds.plain), None)

    def _retype(self, row: ProbedHandler, kind: str) -> bool:
        """Give a row another type with its fields, and tell whether it has that type then."""
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
        """If requests are spared, give a row another type and a text of the switch at once; None if no text is left.

        The first change of type has no such text, since what else it changes is of interest.
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
        """Create a standing row, unless the service refuses. Return the response."""
        response, row = self.prober.create(form)
        if row is not None:
            self.prober.keep(row)
            self._rows.append(made := ProbedHandler(self.prober, row, response, form))
            self.prober.once(lambda _: (form, made.first), ("specimen", made.made_as))
        return response

    def specimen(self, kind: str) -> tuple[Mapping[str, str], Mapping[str, Any]]:
        """Return the form with which a row of a type was made, and the row as it was first shown."""

        def make(_: Prober) -> tuple[Mapping[str, str], Mapping[str, Any]]:
            row = self.standing(kind)
            return row.sent, row.shown

        return self.prober.once(make, ("specimen", kind))

    @property
    def is_enabled_at_first(self) -> bool:
        """Whether a new row is enabled if its form does not say. True if no such row can be made."""
        return self.prober.once(self._is_enabled_at_first, "enabled at first")

    def _is_enabled_at_first(self, _: Prober) -> bool:
        with suppress(Undecided):
            row = self.walker or self.standing(self.prober.kinds.pair)
            return self._field(row.first, self.facts.form["enabled"]) is not False
        return True

    def switched(self) -> Tried:
        """Create a standing row with the switch set to the opposite of its default."""
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
        """Delete the standing rows of a type, which may be in an odd state by now. The guard may not allow it."""
        for row in [row for row in self._rows if kind in (row.type, row.made_as)]:
            self._rows.remove(row)
            with suppress(Undecided):
                self.prober.discard(row.id)

    def unsent(self, kind: str) -> Mapping[str, Any] | None:
        """Return what a row shows whose form had only a name and this type; None if the form is refused.

        If requests are spared, one type stands for all.
        """
        key = self._unsent_key(kind)
        return self.prober.once(partial(self._unsent, key[1]), key)

    def all_unsent(self, kind: str) -> Tried | None:
        """Return how a create of a type without settings is refused, told of its first field; None if it is not."""
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
        """Return what a row shows after an update to this type without its settings; None if that is refused."""
        return self.prober.once(partial(self._retyped, kind), ("retyped", kind))

    def _retyped(self, kind: str, _: Prober) -> Mapping[str, Any] | None:
        kinds = self.prober.kinds
        row = self.standing(other := kinds.plain if kind == kinds.mailbox else kinds.mailbox)
        shown = dict(row.look()) if is_success(row.update(type=kind)) else None
        self.forget(other)
        return shown

    def ask(self, operation: str, parts: Sequence[Part], kind: str) -> TargetResponse:
        """Send a form that should be refused, and return the response. A row that it creates is deleted at once."""
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
        """Send a create, and return the response and the id of the new row, which is known by the last name sent."""
        names = [data for name, data, _ in parts if name == self.facts.form["name"]]
        return self.prober.create_raw(names[-1].decode(errors="replace") if names else "", **multipart(parts))


def _standing_rows(_: Prober) -> list[ProbedHandler]:
    return []


def sent(*texts: str) -> SentInput:
    """Return a text as it is sent."""
    return SentInput(texts[-1] if texts else None, tuple(texts))
