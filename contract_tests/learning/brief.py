"""Learns the forms of a service with few requests: it asks what tells most first, and presumes the rest to be alike.

An update treats the name and another text at once: if it is accepted, one look shows what became of both. Creates are
presumed to treat texts as updates do, and so are fields of one shape.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from contract_tests.learning.fields import OF_GRAMMAR, FieldLearner, Input, Place, Table, unshown
from contract_tests.learning.grammar import is_blanked
from contract_tests.learning.presentation import reworded
from contract_tests.learning.reactions import CONTROLS, Explained, Outcome, entities, shows_control
from contract_tests.probes.observations import first_page, partial
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import MISSING, Undecided, Unlisted
from contract_tests.probes.trials import FOREIGN, LONG, RIDING, TOGETHER, UNKNOWN, Trial, Trials, sent
from mock_server.document.rows import NOTHING, Row, react

# Treatments that are presumed to hold for the type and the switch, too: how a field is sent, and outer blanks.
_OF_ANY_FIELD = frozenset({"padded", "blank", "array", "file", "twice", "not-utf-8"})
# Treatments that a create may handle differently from an update.
_OF_ONE_FORM = frozenset({"absent", "empty", "blank"})
# Treatments that a field with a grammar of its own refuses.
_OF_GRAMMAR = frozenset({"padded", "blank", "control", "line-break", "tags", "quotes"})
# Usual limits of services; the one in the middle of the remaining ones is tried first.
_USUAL = (64, 100, 128, 150, 200, 255, 300, 500, 512)
_MOST_LENGTHS = 2
# The apostrophe as written by functions that escape all special characters of HTML, such as PHP's htmlspecialchars.
_WHOLE_ESCAPES = frozenset({"&#039;", "&#x27;"})
_NUMBER = re.compile(r"(?<![\w.:])[0-9]{2,3}(?![\w.])")


# Requests to keep for what comes after the fields.
_LEFT = 10


def ask_texts(prober: Prober) -> None:
    """Ask what needs the type with two fields while the standing row has it: a change of type takes two requests."""
    trials = Trials(prober)
    prober.once(first_page)
    prober.once(partial)
    for treatment in TOGETHER:
        trials.texts(treatment)
    (name, _), (text, kind) = trials.input("name"), trials.input("text")
    for field, padded in zip((name, text), trials.texts("padded"), strict=True):
        trials.try_update(Trial("update", field, "empty", sent(""), kind))
        is_cut = padded is not None and padded.shown != padded.trial.sent.text
        if field == text or not is_cut:  # if a name is cut, its outer blanks are presumed to be removed
            trials.try_update(Trial("update", field, "blank", trials.sample(kind, field, "blank"), kind))
    trials.try_update(Trial("update", text, "longer-than", trials.sample(kind, text, "longer-than"), kind))


class BriefLearner(FieldLearner):
    """Asks about one field of each shape."""

    switch_ways = ()
    switch_states = 1
    spellings = ("off", "true", "maybe", "")
    odd: Mapping[str, Sequence[str]] = {
        "address": ("maybe", "a@b", "A@EXAMPLE.COM", "a@example.com<b>x</b>"),
        "url": ("maybe", "http://example.com/x", "HTTPS://EXAMPLE.COM/A", "https://example.com/<b>x</b>"),
    }

    def ask(self, trial: Trial) -> Outcome | None:
        """Make a trial; None if there was no response, or if no more requests are left for the fields."""
        prober = self.observer.prober
        most = prober.terms.most
        if most is not None and prober.sent + _LEFT > most and not prober.knows(trial.key):
            self.missed.setdefault(trial.field)
            return None
        return super().ask(trial)

    def learn(self) -> Table:
        """Ask about the fields of both forms."""
        self.missed: dict[str, None] = {}
        self.strict: dict[str, Explained] = {}  # the field of a shape that has a grammar others have not
        kinds = self.observer.prober.kinds
        own = [(name, kind) for kind, names in self.facts.types.items() for name in names]
        name = self._input("update", self._form["name"], kinds.pair)
        text = self._input("update", self.facts.types[kinds.pair][-1], kinds.pair)
        unsent = self._ask_unsent()
        self._texts(name, text)
        self._types()
        self._strangers()
        self._names(name)
        self._switches()
        asked = self.table.fields[text.place]
        shapes = {"text": Explained({}, asked.mask, self._without_grammar(name, asked))}
        if any(row not in shapes["text"].rows for row in asked.rows):
            self.strict[text.field] = asked
        for shape, kind in (("address", kinds.mailbox), ("url", self._last_url)):
            at = self._input("update", self.facts.types[kind][0], kind)
            shapes[shape] = self._of_shape(at, shapes["text"])
        for each, kind in own:
            at = self._input("update", each, kind)
            self.table.fields[at.place] = self._like(self.strict.get(each, shapes[at.shape]), at)
        self._check_foreign()
        self._lengths(name, text)
        for each, kind in own:
            at = self._input("create", each, kind)
            self.table.fields[at.place] = self._like(self.table.fields[Place("update", each)], at)
        self._all_unsent(own, unsent)
        for word in ("name", "type"):  # a form whose absence was not tried is left as the document says it
            place = Place("create", self._form[word])
            if all(row.treatment != "absent" for row in self.table.fields[place].rows):
                del self.table.fields[place]
        self._speak_of_creates()
        if (nothing := self.observer.nothing()) is not None:
            self.table.fields[Place("update", NOTHING)] = nothing
        if self.missed:
            self.table.unasked.append(f"Fields left out of a brief run: {', '.join(self.missed)}.")
        return self.table

    def _without_grammar(self, name: Input, asked: Explained) -> list[Row]:
        """Return the rows of a text that hold for other texts, too: not those of its own grammar."""
        known = self.table.fields[name.place].rows
        taken = _OF_GRAMMAR - {row.treatment for row in known if row.reaction == "refuse"}
        is_own = any(row.treatment in taken and row.reaction == "refuse" for row in asked.rows)
        found = Explained(
            {}, asked.mask, [row for row in asked.rows if not is_own or row.treatment not in taken]
        )
        for row in known if is_own else ():
            if row.treatment in taken:
                found.put(row)
        return found.rows

    def _speak_of_creates(self) -> None:
        """Adapt refusals that creates are presumed to share with updates: they may contain words of the operation.

        The words are those in which the two refusals of an unlisted type differ.
        """
        at = Place("create", self._form["type"])
        places = (at, at._replace(operation="update"))
        looks = [
            row.effect
            for each in places
            for row in self.table.fields[each].rows
            if row.treatment == "not-listed" and row.reaction == "refuse"
        ]
        words = other_words(looks[1].value, looks[0].value) if len(looks) == 2 else {}
        known = [
            row.effect
            for place, found in self.table.fields.items() if place.operation == "update"
            for row in found.rows if row.reaction == "refuse"
        ]  # fmt: skip

        def speak(text: str) -> str:
            return re.sub(r"\w+", lambda found: words.get(found[0], found[0]), text)

        for place, found in self.table.fields.items() if words else ():
            for n, row in enumerate(found.rows):
                if place.operation == "create" and row.reaction == "refuse" and row.effect in known:
                    effect = row.effect._replace(value=reworded(row.effect.value, speak))
                    found.rows[n] = replace(row, effect=effect)

    @property
    def _last_url(self) -> str:
        """The last type with only a URL, which a standing row has already."""
        examples, types = self.facts.examples, self.facts.types
        found = [
            kind for kind, names in types.items() if len(names) == 1 and "://" in examples[kind][names[0]]
        ]
        return found[-1]

    # Texts

    def _texts(self, name: Input, text: Input) -> None:
        """Treat the name and another text of one row in one request; if that is refused, the name alone."""
        found = {at.place: Explained({}, self._mask(at)) for at in (name, text)}
        self.table.fields |= found
        for treatment in TOGETHER:
            try:
                tried = self.observer.texts(treatment)
            except (Undecided, Unlisted) as no:
                self.table.unasked.append(f"Not seen (texts, {treatment}): {no}.")
                continue
            for at, each in zip((name, text), tried, strict=True):
                if each is not None:
                    self._noted(found[at.place], self.observer.outcome(each))
                    continue
                for row in [row for row in found[name.place].rows if row.treatment == treatment]:
                    found[at.place].put(row)
        for at in (text, name):
            self._try(found[at.place], at, "empty")
        self._blank(found[name.place], name)
        self._blank(found[text.place], text)
        for explained in found.values():
            presume_escapes(explained)
        self._take_over(found[name.place], found[text.place])

    def _noted(self, found: Explained, outcome: Outcome) -> None:
        found.explain(outcome)
        if outcome.look is not None:
            self.table.refusals.append(outcome)

    def _blank(self, found: Explained, at: Input) -> None:
        """Send only blanks, unless it is known that blanks at the ends of a text are removed."""
        trim, is_name = (("trim", None),), at.field == self._form["name"]
        if is_name and any(row.treatment == "padded" and row.effect == trim for row in found.rows):
            found.put(Row("blank", None, "change", trim))
        else:
            self._try(found, at, "blank")

    def _take_over(self, known: Explained, found: Explained) -> None:
        """Presume that a masked text is treated like the name."""
        if found.mask is not None:
            for row in known.rows:
                if row.treatment not in {*_OF_ONE_FORM, *(each.treatment for each in found.rows)}:
                    found.put(row)

    def _like(self, known: Explained, at: Input) -> Explained:
        """Return the rows of a field that is treated like another one."""
        return Explained(dict(known.schema), self._mask(at), [*known.rows])

    def _of_shape(self, at: Input, text: Explained) -> Explained:
        """Return the rows of an e-mail address or a URL: those of texts, and those of its grammar, if it has one."""
        found = Explained({}, self._mask(at), [*text.rows])
        treatment = "not-email" if at.shape == "address" else "not-url"
        known = self.observer.tried("create", at.shape, treatment)
        outcome = self.observer.outcome(known)
        if known.is_taken:
            if is_blanked(outcome):
                found.put(Row(treatment, None, "value", outcome.shown))
            return found
        first = self.ask(at.trial(treatment, sent(self.odd[at.shape][0])))
        if first is not None and first.look is None and at.field != known.trial.field:
            own = self.strict[known.trial.field] = Explained({}, self._mask(at), [*text.rows])
            own.put(Row(treatment, None, "refuse", outcome.look))
            return found
        self._grammar(found, at, fresh=True)
        if not any(row.treatment in OF_GRAMMAR for row in found.rows):
            found.put(Row(treatment, None, "refuse", outcome.look))
        self._try(found, at, "empty")
        for row in text.rows:  # an array or a file may break the grammar, too
            if row.treatment in {"array", "file"} and row.reaction == "refuse" and at.shape == "url":
                self._try(found, at, row.treatment)
        found.refit()
        return found

    def _all_unsent(self, own: Sequence[tuple[str, str]], unsent: Explained) -> None:
        """Presume that all settings become the same if they are not sent, unless they are the only one of their type.

        What becomes of an only one may have been seen when a row got its type without it.
        """
        kinds, observer = self.observer.prober.kinds, self.observer
        seen = {kinds.pair: observer.unsent(kinds.pair)}
        if seen[kinds.pair] is None:
            self._refuse_unsent(own, unsent)
        if observer.prober.knows(("retyped", kinds.mailbox)):
            seen[kinds.mailbox] = observer.retyped(kinds.mailbox)
        for operation, (name, kind) in product(("create", "update"), own):
            like = (
                kinds.mailbox if len(self.facts.types[kind]) == 1 and seen.get(kinds.mailbox) else kinds.pair
            )
            row = seen[like]
            if row is None:
                continue
            shown = observer.prober.settings(row).get(self.facts.types[like][-1], MISSING)
            reaction, effect = ("omit", True) if shown is MISSING else ("value", shown)
            found = self.table.fields[Place(operation, name)]
            found.rows = [row for row in found.rows if row.treatment != "absent"]
            found.put(Row("absent", None, reaction, effect))

    def _ask_unsent(self) -> Explained:
        """Find out whether and how a create without a setting is refused. The refusal may name all that are missing."""
        kind, found = self.observer.prober.kinds.pair, Explained({})
        tried, field = self.observer.all_unsent(kind), self.facts.types[kind][-1]
        if tried is not None:
            outcome = self.observer.outcome(tried)
            if field in repr(outcome.look):
                self._try(found, self._input("create", field, kind), "absent")
            else:
                found.explain(outcome)
        return found

    def _refuse_unsent(self, own: Sequence[tuple[str, str]], unsent: Explained) -> None:
        """Presume that all settings are required, since one of them is."""
        for row in [row for row in unsent.rows if row.reaction == "refuse"]:
            for place in (Place(*pair) for pair in product(("create", "update"), (name for name, _ in own))):
                self.table.fields[place].put(row)
            self.table.keeps_required = True

    # The name, the type, the switch, and what no row of the type has

    def _names(self, name: Input) -> None:
        """Create without a name, and with an empty or blank one."""
        at = name._replace(operation="create", kind=self.observer.prober.kinds.mailbox)
        known = self.table.fields[name.place]
        found = self.table.fields[at.place] = Explained(
            {}, None, [row for row in known.rows if row.treatment not in _OF_ONE_FORM]
        )
        self._try(found, at, "absent")
        if self._try(found, at, "empty") is None:  # an empty name is presumed to count as missing
            for row in [row for row in found.rows if row.treatment == "absent"]:
                found.put(replace(row, treatment="empty"))
        self._blank(found, at)

    def _types(self) -> None:
        """Send a type that is not listed, and one in another case."""
        kinds, field = self.observer.prober.kinds, self._form["type"]
        names = self.table.fields[Place("update", self._form["name"])]
        for operation, treatments in (
            ("update", ("not-listed", "wrong-case", "padded", "empty")),
            ("create", ("absent", "not-listed")),
        ):
            kind = self.observer.input("type")[1] if operation == "update" else kinds.plain
            at = Input(operation, field, kind)
            found = self.table.fields[at.place] = Explained({"enum": list(self.facts.types)})
            for treatment in treatments:
                self._try(found, at, treatment)
            trim = any(row.treatment == "padded" and row.reaction == "change" for row in found.rows)
            asked = {each.trial.treatment for each in found.seen}
            asked |= {"blank"} if "padded" in asked else set()
            for row in names.rows:
                if row.treatment in _OF_ANY_FIELD - asked:
                    put_as_read(found, row)
            if trim:
                found.put(Row("blank", None, "change", (("trim", None),)))
        created, updated = (self.table.fields[Place(operation, field)] for operation in ("create", "update"))
        absent = next((row for row in created.rows if row.treatment == "absent"), None)
        for row in updated.rows:
            if row.treatment in {"wrong-case", "padded", "blank", "empty"}:
                created.rows = [each for each in created.rows if each.treatment != row.treatment]
                is_unsent = row.treatment == "empty" and row.reaction == "drop" and absent is not None
                created.put(replace(absent, treatment="empty") if is_unsent and absent else row)
        self._respell(Input("create", field, kinds.plain), created, updated)

    def _switches(self) -> None:
        """Ask how an update reads the switch. A create that reads it is presumed to do so in the same way."""
        name, field = Place("update", self._form["name"]), self._form["enabled"]
        self._switch("update")
        found = self.table.fields[Place("update", field)]
        read = {text: react(tuple(found.rows), text, {}) for text in ("off", "true", "maybe")}
        spelled = {"1": True, "0": False}  # as the page says; the others as what was asked
        if read["true"].value is True:
            spelled["false"] = False
            if read["off"].value is False or read["maybe"].outcome != "refuse":
                spelled |= {"on": True, "yes": True}
        if read["off"].value is False:
            spelled["no"] = False
        for text, value in spelled.items():
            if react(tuple(found.rows), text, {}).value is not value:
                found.put(Row("is", (text,), "value", value))
        told = {each.treatment for each in found.rows}
        # If all odd texts are refused, a blank one has no problem of its own.
        odd = {"padded", "blank"} if react(tuple(found.rows), "maybe", {}).outcome == "refuse" else set()
        for row in self.table.fields[name].rows:
            if row.treatment in _OF_ANY_FIELD - told and not (
                row.treatment in odd and row.reaction == "refuse"
            ):
                put_as_read(found, row)
        created = self.table.fields[Place("create", field)] = Explained({})
        first = self.observer.outcome(self.observer.switched())
        if first.look is not None or first.shown is self.observer.is_enabled_at_first:
            created.explain(first, None, "any")
            return
        created.rows = [
            replace(row, reaction="drop", effect=True) if row.reaction == "keep" else row
            for row in found.rows
        ]

    def _spellings(self, at: Input) -> list[Outcome]:
        """Return the outcomes of texts of the switch: of those sent with a change of type, and of the usual ones.

        A text that left a row as it was is read as the row's state, if another odd text switched rows to that state.
        """
        observer, prober = self.observer, self.observer.prober
        keys = (("spelled", text, is_on) for is_on, texts in RIDING.items() for text in texts)
        known = [observer.outcome(observer.spelled(text, to_on=is_on))
                 for _, text, is_on in filter(prober.knows, keys) if text not in {"0", "1"}]  # fmt: skip
        self.table.refusals += [each for each in known if each.look is not None]
        told = {each.trial.sent.text for each in known}
        known += [each for text in self.spellings if text not in told for each in self._spelling(at, text)]
        odd = [each for each in known if each.trial.sent.text in {"2", "maybe"}]
        states = {each.shown for each in odd if each.shown is not each.before}
        kept = [
            each
            for each in known
            if (each.trial.sent.text or "").strip() and each.before is each.shown and each.shown in states
        ]
        return [replace(each, before=MISSING) if each in kept else each for each in known]

    def _strangers(self) -> None:
        """Send a field of another type, and an unknown one."""
        kinds = self.observer.prober.kinds
        told = {FOREIGN: {"owner": kinds.pair, "type": kinds.plain}, UNKNOWN: {}}
        for word, facts in told.items():
            asked = ("update", "create") if word == FOREIGN else ("update",)
            for operation in asked:
                found = self.table.fields[Place(operation, word)] = Explained({})
                outcome = self.observer.outcome(self.observer.tried(operation, word, "any"), facts)
                self._noted(found, unshown(outcome))
        known = self.table.fields[Place("update", UNKNOWN)]
        self.table.fields[Place("create", UNKNOWN)] = Explained({}, None, [*known.rows])
        refuses = any(row.reaction == "refuse" for row in self.table.fields[Place("update", FOREIGN)].rows)
        for operation in ("create", "update") if refuses else ():
            empty = self.observer.outcome(self.observer.tried("update", FOREIGN, "empty"), told[FOREIGN])
            self.table.fields[Place(operation, FOREIGN)].explain(unshown(empty))
        self._sendings()

    def _sendings(self) -> None:
        """Presume how foreign and unknown fields may be sent. Bytes that are not UTF-8 are treated as in any field.

        If a name as an array or a file is refused, such a field is sent in this way, too.
        """
        name = self.table.fields[Place("update", self._form["name"])]
        ways = {row.treatment: row for row in name.rows if row.reaction == "refuse"}
        read = {row.treatment: row for row in name.rows if row.reaction in {"change", "value"}}
        ways |= {way: row for way, row in read.items() if way in {"twice", "not-utf-8"}}
        found = {
            at: self.table.fields[Place(*at)] for at in product(("create", "update"), (FOREIGN, UNKNOWN))
        }
        trims = any(row.treatment == "padded" and row.reaction == "change" for row in name.rows)
        update = found["update", FOREIGN]
        if trims and any(row.treatment == "empty" for row in update.rows):
            told = {"owner": self.observer.prober.kinds.pair, "type": self.observer.prober.kinds.plain}
            blank = self.observer.outcome(self.observer.tried("update", FOREIGN, "blank"), told)
            for each in (update, found["create", FOREIGN]):
                each.explain(unshown(blank))
        for word in ("twice", "not-utf-8"):
            for each in found.values() if word in ways else ():
                each.put(ways[word])
                each.seen += [one for one in name.seen if word in one.trial.sent.how]
        for each in found.values():  # an array or a file may be read as a text
            for way in [way for way in ("array", "file") if way in read]:
                put_as_read(each, read[way])
        field, kind = self.observer.input(FOREIGN)
        for way in [way for way in ("array", "file") if way in ways]:
            trial = Trial("update", field, way, self.observer.sample(kind, field, way), kind)
            outcome = self._ask_other(trial, {"owner": self.observer.prober.kinds.pair, "type": kind})
            if outcome is not None and outcome.look is not None:
                for operation in ("create", "update"):
                    found[operation, FOREIGN].put(replace(ways[way], effect=outcome.look))
                    found[operation, FOREIGN].seen.append(outcome)

    def _check_foreign(self) -> None:
        """Find out whether a field of another type is checked like a setting of the row's own type."""
        own = {name for names in self.facts.types.values() for name in names}
        (text, _), plain = self.observer.input("text"), self.observer.prober.kinds.plain
        asked = {*own, self._form["name"]}
        created = [
            self.observer.tried("create", *each) for each in (("url", "not-url"), ("address", "not-email"))
        ]
        known = [self.observer.outcome(each) for each in created if not each.is_taken]
        for outcome in sorted([*self.table.refusals, *known], key=lambda each: each.trial.field not in own):
            trial = outcome.trial
            is_odd = trial.sent.how or trial.treatment in {*_OF_ONE_FORM, "longer-than"}
            is_foreign = trial.field in own and trial.field not in self.facts.types[trial.kind]
            if is_odd or is_foreign or trial.field not in asked:
                continue
            if trial.field not in own:  # what is refused in a name is presumed to be refused in other texts
                trial = trial._replace(field=text)
            seen = self._ask_other(trial._replace(operation="update", kind=plain), {})
            self.table.checks_foreign = seen is not None and _alike(seen, outcome)
            self.table.foreign_problem = None if seen is None else (outcome, seen)
            return

    # Lengths

    def _lengths(self, name: Input, text: Input) -> None:
        """Send a long name and another long text."""
        for at in (name, text):
            found = self.table.fields[at.place]
            outcome = self.ask(at.trial("longer-than", self._long(at, LONG)))
            if outcome is None or found.foretells(outcome):
                continue
            if outcome.look is None:
                found.explain(outcome, len(str(outcome.shown)))
                continue
            self.observer.tells_length = "{length}" in repr(outcome.look)
            most, proof = self._bounded(at, outcome)
            found.explain(proof, most)
        for other, kind in ((name, kind) for kind, names in self.facts.types.items() for name in names):
            self._lengthen(self.table.fields[text.place], self._input("update", other, kind))
        self._lengthen(self.table.fields[name.place], name._replace(operation="create"))

    def _lengthen(self, known: Explained, at: Input) -> None:
        found = self.table.fields[at.place]
        if any(row.treatment == "longer-than" for row in found.rows):
            return
        for row in known.rows:
            if row.treatment == "longer-than":
                found.put(row)

    def _bounded(self, at: Input, refused: Outcome) -> tuple[int, Outcome]:
        """Return about how many characters are accepted: what the refusal says, or else a usual limit of services."""
        told = {int(text) for text in _NUMBER.findall(_text_of(refused))} - {refused.status, LONG}
        if len(told) == 1:
            return told.pop(), refused
        least, most, proof = 0, LONG - 1, refused
        for _ in range(_MOST_LENGTHS):
            left = [each for each in _USUAL if least < each < most]
            if not left:
                break
            length = left[len(left) // 2]
            outcome = self.ask(at.trial("longer-than", self._long(at, length + 1)))
            if outcome is None:
                break
            if outcome.look is None:
                least = length
            else:
                most, proof = length, outcome
        return most, proof


def other_words(value: Any, other: Any) -> dict[str, str]:
    """Return the words that another body replaces, each with its replacement; nothing if the bodies differ in more.

    >>> other_words({"in": "the updateForm", "n": 1}, {"in": "the createForm", "n": 1})
    {'updateForm': 'createForm'}
    """
    if isinstance(value, str) and isinstance(other, str):
        texts = [re.split(r"(\w+)", text) for text in (value, other)]
        pairs = zip(*texts, strict=True) if len(texts[0]) == len(texts[1]) else ()
        return {one: another for one, another in pairs if one != another}
    if isinstance(value, dict) and isinstance(other, dict) and value.keys() == other.keys():
        return {word: told for key in value for word, told in other_words(value[key], other[key]).items()}
    if isinstance(value, list) and isinstance(other, list) and len(value) == len(other):
        return {
            word: told for pair in zip(value, other, strict=True) for word, told in other_words(*pair).items()
        }
    return {}


def put_as_read(found: Explained, row: Row) -> None:
    """Add a row of texts to those of a field with few values, which reads a constant text like any other."""
    if row.reaction == "value" and isinstance(row.effect, str):
        read = react(tuple(found.rows), row.effect, found.schema)
        effect = read.row.effect if read.outcome == "refuse" and read.row else read.value
        if read.outcome not in {"refuse", "value"}:
            return
        row = replace(row, reaction=read.outcome, effect=effect)
    found.put(row)


def presume_escapes(found: Explained) -> None:
    """If some special characters are escaped as HTML, presume that the usual others are, too, and in the same way."""
    signs: dict[str, str] = {}
    kept: set[str] = set()
    for outcome in found.seen:
        text, shown = outcome.trial.sent.text or "", outcome.shown
        if outcome.look is None and outcome.trial.treatment in {"tags", "quotes"}:
            escaped = entities(text, shown)
            signs |= escaped
            kept |= {*text} - escaped.keys() if escaped or text == shown else set()
    if {"<", "/"}.isdisjoint(signs) and signs.get("'") not in _WHOLE_ESCAPES:
        return
    usual = {"&": "&amp;", '"': "&quot;", "<": "&lt;", ">": "&gt;"}
    if signs.get("<", "").startswith("&#"):
        usual = {sign: f"&#{ord(sign)};" for sign in usual}
    told = {"tags", "quotes"}
    if any(shows_control(each) for each in found.seen):
        usual, told = CONTROLS | usual, told | {"control", "line-break"}
    found.rows = [
        row
        for row in found.rows
        if row.reaction == "refuse"
        or row.treatment not in told
        or (row.reaction == "change" and ("strip-tags", None) in row.effect)
    ]
    usual = {sign: entity for sign, entity in usual.items() if sign not in kept}
    found.put(Row("any", None, "change", (("escape", usual | signs),)))


def _alike(one: Outcome, other: Outcome) -> bool:
    """Tell whether two refusals look alike, apart from headers and from the value that they repeat."""
    looks = [each.look for each in (one, other)]
    texts = [
        None if look is None else re.sub(r"\{value[^}]*\}", "{value}", repr(look.value)) for look in looks
    ]
    return None not in texts and texts[0] == texts[1]


def _text_of(outcome: Outcome) -> str:
    """Return the texts of a refusal, without the value that it repeats."""
    return "" if outcome.look is None else re.sub(r"\{[^{}]*\}", "", str(outcome.look.value))
