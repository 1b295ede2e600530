"""Finds out what becomes of each field of the forms, and explains it by rows of the behaviour table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, NamedTuple

from contract_tests.learning.draft import Draft, Unsayable
from contract_tests.learning.grammar import (
    ADDRESSES,
    ODD_ADDRESSES,
    ODD_TOKENS,
    ODD_URLS,
    TOKENS,
    URLS,
    fit,
    is_blanked,
)
from contract_tests.learning.handlers import key_of, settings_node
from contract_tests.learning.presentation import reworded
from contract_tests.learning.reactions import (
    ENTITY,
    LITERALS,
    SIGNED,
    SIGNS,
    Explained,
    Observer,
    Outcome,
    explain_switch,
)
from contract_tests.probes.reading import MISSING, Undecided, Unlisted
from contract_tests.probes.trials import Trial, sent
from mock_server.document.rows import NOTHING, Row
from mock_server.document.treatments import TREATMENTS, SentInput

# Treatments of any text, in the order in which they are asked: a later one may need the results of an earlier one.
_EVERY = (
    "absent", "empty", "padded", "blank", "array", "file", "twice", "not-utf-8", "line-break", "control", "tags",
    "quotes",
)  # fmt: skip
_LENGTHS = (800, 3_000, 20_000)
# Usual limits of services, which are tried before the lengths between them.
_USUAL = (64, 100, 128, 150, 191, 200, 250, 254, 255, 256, 300, 500, 512, 1000, 1024, 2000, 2048)
OF_GRAMMAR = frozenset({"not-email", "not-url", "not-https", "mismatches", "malformed"})
_GRAMMATICAL = OF_GRAMMAR | {"matches", "is"}
_FEW = 4  # odd texts that a field is asked for whose grammar is known of another one
# Treatments that are asked for each field, whatever is known of other fields.
_OF_ONE = OF_GRAMMAR | {"longer-than", "absent", "is"}

_SPELLINGS = (
    "1", "0", "true", "false", "on", "off", "yes", "no", "", " ", "maybe", "2", "-1", "True", "FALSE", "t", "f", "y",
    "n", "00", "1x", "0x", " 1 ",
)  # fmt: skip
_SEVERAL = 3  # refusals that look alike, of odd texts, which speak for a grammar


class Place(NamedTuple):
    """A field of an operation's form."""

    operation: str
    field: str


class Input(NamedTuple):
    """A field of an operation's form, for a row of a type. `shape`: an e-mail address, a URL, or any text."""

    operation: str
    field: str
    kind: str
    shape: str = "text"

    @property
    def place(self) -> Place:
        """The field of the form."""
        return Place(self.operation, self.field)

    def trial(self, treatment: str, as_sent: SentInput) -> Trial:
        """Return a trial of this field."""
        return Trial(self.operation, self.field, treatment, as_sent, self.kind)


@dataclass
class Table:
    """What was found out about the forms: the rows of each field, of fields of other types, and of unknown fields."""

    fields: dict[Place, Explained] = field(default_factory=dict)
    refusals: list[Outcome] = field(default_factory=list)
    checks_foreign: bool = False
    # A problem of a field, and the same of a row that is of another type.
    foreign_problem: tuple[Outcome, Outcome] | None = None
    tells_both: bool = False
    without_type: str = ""  # what fields of a type's own are if the type is refused, a word of the document
    keeps_required: bool = False  # a setting that may not be left out may be, if the row has it
    between_fields: Mapping[str, str] | None = None  # how fields that share one problem are named
    foreign_is_apart: bool = False  # checked only if no field has another problem
    unsaid: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)


class FieldLearner:
    """Asks about one field after the other."""

    spellings: Sequence[str] = _SPELLINGS
    switch_ways: Sequence[str] = ("absent", "array", "twice", "file")
    switch_states = 2  # what keeps a switch as it was is tried on one that is on, and on one that is off
    odd: Mapping[str, Sequence[str]] = {"address": ODD_ADDRESSES, "url": ODD_URLS}

    def __init__(self, observer: Observer, draft: Draft) -> None:
        self.observer = observer
        self.draft = draft
        self.table = Table()
        self.facts = observer.facts
        self._form = observer.facts.form

    def learn(self) -> Table:
        """Ask about all fields of both forms."""
        own = [(field, kind) for kind, fields in self.facts.types.items() for field in fields]
        # A row without a name bears the mark of the run in its address.
        texts = [
            (self._form["name"], self.observer.prober.kinds.mailbox),
            *_representatives(own, self.facts.examples),
        ]
        for operation in ("create", "update"):
            known = [self._input(operation, *each) for each in texts]
            self.learn_type(operation)
            self._text(known[0], guess=None)
            self._others(operation)
            self._switch(operation)
            for each in known[1:]:
                self._text(each, guess=None)
            for each in (self._input(operation, *one) for one in own if one not in texts):
                like = next((other for other in known[1:] if other.shape == each.shape), None)
                self._text(each, guess=None if like is None else self.table.fields.get(like.place))
            of_form = [found for place, found in self.table.fields.items()
                       if place.operation == operation and not place.field.startswith("{")]  # fmt: skip
            for each, found in product(known, of_form):
                found.read_as(self.table.fields[each.place].rows)
        if (nothing := self.observer.nothing()) is not None:
            self.table.fields[Place("update", NOTHING)] = nothing
        self._check_foreign()
        return self.table

    def _input(self, operation: str, name: str, kind: str) -> Input:
        example = self.facts.examples.get(kind, {}).get(name, "")
        return Input(operation, name, kind, "text" if name == self._form["name"] else shape_of_text(example))

    # Texts

    def _text(self, at: Input, guess: Explained | None) -> None:
        mask = self._mask(at)
        known = guess or (
            self.table.fields.get(Place("create", at.field)) if at.operation == "update" else None
        )
        fresh = known is None
        if known is None and mask is not None:  # what a mask hides is taken to be as elsewhere
            known = self.table.fields.get(Place("create", self._form["name"]))
        found = self.table.fields[at.place] = Explained({}, mask)
        if known is not None:
            found.schema, found.rows = dict(known.schema), [*known.rows]
            if at.operation == "update" and guess is None:
                found.rows = [row for row in found.rows if row.treatment != "absent"]
        if fresh:
            found.rows = [row for row in found.rows if row.treatment not in _OF_ONE]
        elif at.shape == "text":  # of another field
            found.rows = [row for row in found.rows if row.treatment not in _GRAMMATICAL]
            found.schema = {}
        self._ask_all(found, at, fresh=fresh)
        if at.field in self.facts.types.get(at.kind, ()):
            self._unsent(found, at)

    def _ask_all(self, found: Explained, at: Input, *, fresh: bool) -> None:
        for treatment in _EVERY[:-2]:
            # In its scheme, they would make a URL invalid.
            end = {"control": "\x07x", "line-break": "\nx"}.get(treatment) if at.shape == "url" else None
            given = None if end is None else sent(self.observer.good(at.kind, at.field) + end)
            self._try(found, at, treatment, given)
        if at.shape != "text":
            self._grammar(found, at, fresh=fresh)
        for treatment in _EVERY[-2:]:
            more = {"tags": "<b>x</b>", "quotes": "'\"x"}[treatment]
            good = self.observer.good(at.kind, at.field)
            text = f"{good[:1]}{more}{good[1:]}" if at.shape == "address" else good + more
            self._try(found, at, treatment, sent(text))
        changes = {name for row in found.rows if row.reaction == "change" for name, _ in row.effect}
        if {"trim", "strip-tags"} <= changes:  # the white space before a tag may be trimmed, too
            outcome = self.ask(at.trial("is", sent(f"{self.observer.good(at.kind, at.field)} <b></b>")))
            if outcome is not None and outcome.look is None:
                found.explain(outcome, None, "tags")
        if at.field in self.facts.types.get(at.kind, ()) and at.shape == "text":
            self._tokens(found, at)
        if at.shape != "address":
            self._escapes(found, at)
        self._length(found, at, fresh=fresh)
        found.refit()
        found.prune()

    def _escapes(self, found: Explained, at: Input) -> None:
        """Find out which characters are shown as HTML entities, if any are in this field or in another."""
        changes = [row for row in found.rows if row.treatment == "any" and row.reaction == "change"]
        is_known = any("escape" in dict(row.effect) for row in changes)
        seen = [*found.seen, *(each for other in self.table.fields.values() for each in other.seen)]
        if is_known or not any(ENTITY.search(str(each.shown)) for each in seen if each.look is None):
            return
        good = self.observer.good(at.kind, at.field)
        known = (dict(row.effect).get("escape") for each in self.table.fields.values() for row in each.rows
                 if row.treatment == "any" and row.reaction == "change")  # fmt: skip
        of_others: Mapping[str, str] = next((signs for signs in known if signs), {})
        # A URL may be refused, or stored as nothing, for all but the sign that most of them have. No tag begins before
        # a blank.
        for treatment, text in (("any", f"{good}{SIGNS} x"), ("is", f"{good}?a=1&b=2")):
            outcome = self.ask(at.trial(treatment, sent(text)))
            if outcome is not None and outcome.look is None and not is_blanked(outcome):
                found.explain_escapes(outcome, of_others)
                return

    def _unsent(self, found: Explained, at: Input) -> None:
        """Add what becomes of a setting that is not sent, as a row of its type shows it."""
        try:
            row = self.observer.unsent(at.kind)
            is_new = row is not None
            if row is None and at.operation == "update":
                row = self.observer.retyped(at.kind)
            if row is None:
                if at.operation == "update":
                    self._require(found, at)
                return  # a create without it is refused, as was seen
            value = self.observer.prober.settings(row).get(at.field, MISSING)
        except (Undecided, Unlisted):
            return
        if value and value is not MISSING and not is_new:
            return  # as it was when the row last had this type
        found.rows = [row for row in found.rows if row.treatment != "absent"]
        reaction, effect = ("omit", True) if value is MISSING else ("value", value)
        found.put(Row("absent", None, reaction, effect))

    def _require(self, found: Explained, at: Input) -> None:
        """Refuse an update to another type that lacks a setting in the way of a create, if rows keep their settings."""
        if not any(row.treatment == "absent" for row in found.rows):
            created = self.table.fields[at._replace(operation="create").place]
            for row in [
                row for row in created.rows if row.treatment == "absent" and row.reaction == "refuse"
            ]:
                found.put(row)
                self.table.keeps_required = True

    def _mask(self, at: Input) -> Any:
        if at.field not in self.facts.types.get(at.kind, ()):
            return None
        try:
            node = settings_node(self.draft, self.draft.tree, at.kind)
        except Unsayable:
            return None
        return node.get("properties", {}).get(key_of(node, at.field), {}).get("x-mask")

    def _try(
        self,
        found: Explained,
        at: Input,
        treatment: str,
        given: SentInput | None = None,
        argument: Any = None,
    ) -> Outcome | None:
        """Make a trial and explain it; None if there was no response."""
        if given is None:
            good = self.observer.good(at.kind, at.field)
            samples = TREATMENTS[treatment].samples(good, argument, found.schema)
            if not samples:
                return None
            given = samples[0]
        outcome = self.ask(at.trial(treatment, given))
        if outcome is not None:
            found.explain(outcome, argument, treatment)
        return outcome

    def ask(self, trial: Trial) -> Outcome | None:
        """Make a trial; None if the guard or the service prevents it."""
        try:
            if trial.operation == "update":
                outcome = self.observer.update(trial)
            else:
                is_name = trial.field == self._form["name"]
                form = self.observer.base(trial.kind) if is_name else self.observer.least(trial.kind)
                if trial.field not in form:
                    form[trial.field] = ""
                outcome = self.observer.create(trial, form)
        except (Undecided, Unlisted) as no:
            # The guard lets no such text out; or the budget is spent, which is said once.
            if not any(f"({word})" in str(no) for word in ("contact", "form", "budget", "bytes")):
                what = f"{trial.field} of a {trial.operation}, {trial.treatment}: not seen, as {no}."
                self.table.unasked.append(what)
                self.observer.forget(trial.kind)
            return None
        if outcome.look is not None:
            self.table.refusals.append(outcome)
        return outcome

    # Lengths

    def _length(self, found: Explained, at: Input, *, fresh: bool) -> None:
        bounds = [row for row in found.rows if row.treatment == "longer-than"]
        for row in () if fresh else bounds:  # what holds elsewhere is tried at its edge
            self._try(found, at, "longer-than", self._long(at, row.argument + 1), row.argument)
            within = self.ask(at.trial("longer-than", self._long(at, row.argument)))
            if within is not None and not found.foretells(within):
                found.rows = [each for each in found.rows if each is not row]
                fresh = True
        if not fresh and bounds:
            return
        for length in _LENGTHS:
            outcome = self.ask(at.trial("longer-than", self._long(at, length)))
            if outcome is None:
                return
            if found.foretells(outcome):
                continue
            if outcome.look is None:
                found.explain(outcome, len(str(outcome.shown)))
            else:
                self.observer.tells_length = "{length}" in repr(outcome.look)
                most, proof = self._bisect(at, length)
                found.explain(proof or outcome, most)
            return

    def _long(self, at: Input, length: int) -> SentInput:
        """Return a valid text of a length: an e-mail address grows before its @."""
        base = self.observer.good(at.kind, at.field)
        more = "e" * max(0, length - len(base))
        return sent((more + base)[-length:] if "@" in base else (base + more)[:length])

    def _bisect(self, at: Input, refused: int) -> tuple[int, Outcome | None]:
        """Return the largest number of characters that is accepted, and the refusal of one more."""
        taken, proof = 1, None
        usual = [most for most in _USUAL if most < refused]
        while refused - taken > 1:
            # A usual limit is tried first: its edge, then one more.
            inside = [most for most in usual if taken < most < refused]
            middle = inside[len(inside) // 2] if inside else (taken + refused) // 2
            if not inside and (taken in usual or taken == 1):
                middle = taken + 1
            outcome = self.ask(at.trial("longer-than", self._long(at, middle)))
            if outcome is None:
                break
            if outcome.look is None:
                taken = middle
            else:
                refused, proof = middle, outcome
        return refused - 1, proof

    # Addresses and URLs

    def _grammar(self, found: Explained, at: Input, *, fresh: bool) -> None:
        """Find out which texts are accepted by a field for e-mail addresses or URLs."""
        is_address = at.shape == "address"
        odd, patterns = self.odd[at.shape], ADDRESSES if is_address else URLS
        treatment = "not-email" if is_address else "not-url"
        few = () if fresh else odd[:_FEW]
        if few and self._is_alike(found, at, [self.ask(at.trial(treatment, sent(text))) for text in few]):
            return
        asked = [self.ask(at.trial(treatment, sent(text))) for text in odd]
        seen = [each for each in asked if each is not None]
        fit(found, patterns, seen)

    def _is_alike(self, found: Explained, at: Input, asked: Sequence[Outcome | None]) -> bool:
        """Take over the grammar of another field that predicts the results of a few odd texts; tell if there is one."""
        seen = [each for each in asked if each is not None]
        own = [row for row in found.rows if row.treatment not in _GRAMMATICAL]
        others = [
            self._input(at.operation, name, kind)
            for kind, names in self.facts.types.items()
            for name in names
        ]
        alike = [
            self.table.fields[each.place]
            for each in others
            if each.shape == at.shape and each.place in self.table.fields
        ]
        for like in (found, *alike):
            rows = [row for row in like.rows if row.treatment in _GRAMMATICAL]
            found.rows, found.schema = own, like.schema
            for row in rows:
                found.put(row)
            if all(map(found.foretells, seen)):
                found.seen += seen
                return True
        found.rows, found.schema = own, {}
        return False

    def _tokens(self, found: Explained, at: Input) -> None:
        """Find out which texts a field accepts, if it refuses several odd ones alike."""
        tried = [each for each in found.seen if each.trial.treatment in _EVERY and not each.trial.sent.how]
        odd = [each for each in tried if each.trial.sent.text is not None]
        looks = [each.look for each in odd if each.look is not None]
        look = max(looks, key=looks.count) if looks else None
        if look is None or looks.count(look) < _SEVERAL:
            return
        asked = [self.ask(at.trial("is", sent(text))) for text in ODD_TOKENS]
        seen = [
            *(each for each in odd if each.look in (None, look)),
            *(each for each in asked if each is not None),
        ]
        found.rows = [row for row in found.rows if row.effect != look]
        fit(found, TOKENS, seen)

    # The type, the switch, and what is not a field of the row

    def learn_type(self, operation: str) -> None:
        """Ask which types a form accepts, and how it refuses others."""
        at = Input(operation, self._form["type"], self.observer.prober.kinds.plain)
        found = Explained({"enum": list(self.facts.types)})
        known = self.table.fields.get(Place("create", at.field)) if operation == "update" else None
        if known is not None:
            found.rows = [row for row in known.rows if row.treatment != "absent"]
        self.table.fields[at.place] = found
        kinds = self.observer.prober.kinds
        # An empty type is of those that are not listed, and may be treated otherwise.
        for treatment in ("absent", "not-listed", "empty", "wrong-case", *_EVERY[2:10]):
            given = None
            if treatment == "twice":  # two types that there are
                texts = (kinds.mailbox, kinds.plain)
                given = SentInput(texts[1], texts, frozenset({"twice"}), texts[1].encode())
            if treatment == "wrong-case" and operation == "create":
                given = sent(at.kind.swapcase())  # of this type: another may demand its fields
            if treatment == "wrong-case" and any(row.treatment == treatment for row in found.rows):
                self._wrong_case(found, at)
            else:
                self._try(found, at, treatment, given)
        self._respell(at, found)

    def _wrong_case(self, found: Explained, at: Input) -> None:
        """Ask whether an update reads a type in another case as a create does.

        A refusal may concern the fields that this type requires, unless it is that of a type that is not listed.
        """
        outcome = self.ask(
            at.trial("wrong-case", TREATMENTS["wrong-case"].samples("", None, found.schema)[0])
        )
        listed = [row.effect for row in found.rows if row.treatment == "not-listed"]
        if outcome is not None and (outcome.look is None or outcome.look in listed):
            found.explain(outcome)

    def _respell(self, at: Input, found: Explained, *others: Explained) -> None:
        """Find out whether refusals repeat a text in another spelling: in lower case, or as HTML."""
        refused = next((row for row in found.rows if row.treatment == "not-listed"), None)
        if refused is None or "{value" not in str(refused.effect):
            return
        form = self.observer.spelling(at.trial("is", sent(SIGNED)))
        write = LITERALS.get(form.rpartition(":")[2], str)

        def respell(text: str) -> str:
            return text.replace(write("{value}"), f"{{value:{form}}}")

        for each in (found, *others) if form else ():
            for n, row in enumerate(each.rows):
                if row.reaction == "refuse":
                    effect = row.effect._replace(value=reworded(row.effect.value, respell))
                    each.rows[n] = replace(row, effect=effect)

    def _switch(self, operation: str) -> None:
        """Ask how the switch reads texts: each is sent to a row that is on, and to one that is off."""
        at = Input(operation, self._form["enabled"], self.observer.prober.kinds.plain)
        found = self.table.fields[at.place] = Explained({})
        is_on = self.observer.is_enabled_at_first
        first = self.ask(at.trial("any", sent("0" if is_on else "1"))) if operation == "create" else None
        if first is not None and (first.look is not None or first.shown is is_on):
            found.explain(first, None, "any")  # refused, or ignored as an unknown field
            if first.look is not None:
                self._try(found, at, "empty", sent(""))
            return
        explain_switch(found, self._spellings(at))
        for treatment in self.switch_ways:
            as_sent = TREATMENTS[treatment].samples("1", None, {})[0]
            if treatment == "twice":
                as_sent = SentInput("1", ("0", "1"), as_sent.how, b"1")
            if operation == "update":
                self._turn(at, "0")
            self._try(found, at, treatment, as_sent)

    def _spellings(self, at: Input) -> list[Outcome]:
        return [each for text in self.spellings for each in self._spelling(at, text)]

    def _spelling(self, at: Input, text: str) -> list[Outcome]:
        """Return the result of a text: for both states, if it changed neither."""
        if at.operation == "create":
            outcome = self.ask(at.trial("is", sent(text)))
            return [] if outcome is None else [outcome]
        found: list[Outcome] = []
        likely_off = text.lower() not in {"1", "true", "on", "yes"}
        # In one state, it may have kept what was, or have set the same.
        for is_on in (likely_off, not likely_off)[: self.switch_states]:
            try:
                found.append(self.observer.outcome(self.observer.spelled(text, to_on=is_on)))
            except (Undecided, Unlisted):
                break
            if found[-1].look is not None:
                self.table.refusals.append(found[-1])
            if found[-1].look is not None or found[-1].shown != found[-1].before:
                return found[-1:]
        return found

    def _turn(self, at: Input, text: str) -> None:
        row = self.observer.standing(at.kind)
        row.update(**{at.field: text})
        row.look()

    def _others(self, operation: str) -> None:
        """Send a field of another type, and one that no form has."""
        kinds = self.observer.prober.kinds
        foreign = self.facts.types[kinds.pair][-1]
        told = {"owner": kinds.pair, "type": kinds.mailbox}
        for name, word in ((foreign, "{foreign}"), ("color", "{unknown}")):
            found = self.table.fields[Place(operation, word)] = Explained({})
            good = self.observer.good(kinds.pair, foreign)
            ways = ("not-utf-8", "array", "file", "twice")
            sendings = ((way, TREATMENTS[way].samples(good, None, {})[0]) for way in ways)
            texts = (("any", sent(good)), ("empty", sent("")), ("blank", sent("  ")))
            for treatment, as_sent in (*texts, *sendings):
                trial = Trial(operation, name, treatment, as_sent, kinds.mailbox)
                outcome = self._ask_other(trial, told if word == "{foreign}" else {})
                if outcome is not None:
                    found.explain(unshown(outcome), None, treatment)

    def _check_foreign(self) -> None:
        """Find out whether a field of another type is checked like a setting of the row's own type."""
        own = self.facts.types
        wrong = [
            each
            for each in self.table.refusals
            if each.trial.operation == "create" and each.trial.field in own.get(each.trial.kind, ())
            and not each.trial.sent.how and (each.trial.sent.text or "").strip()
        ]  # fmt: skip
        by_rule = {
            each.trial.treatment if each.trial.treatment not in OF_GRAMMAR else "": each
            for each in wrong[::-1]
        }
        alike, asked = list[Outcome](), 0
        for outcome in [*by_rule.values()][::-1][:4]:
            other = next(kind for kind in own if outcome.trial.field not in own[kind])
            seen = self._ask_other(outcome.trial._replace(kind=other), {})
            if seen is not None:
                asked += 1
                is_alike = seen.look == outcome.look
                alike += [outcome] if is_alike else []
                if not is_alike or self.table.foreign_problem is None:
                    self.table.foreign_problem = outcome, seen
        if alike and len(alike) == asked:
            self.table.checks_foreign = True
            self._leave_to_own()
        some = alike if len(alike) < asked else ()  # these rules hold for any field
        for outcome, operation in product(some, ("create", "update")):
            found = self.table.fields[Place(operation, "{foreign}")]
            for row in self.table.fields[Place(operation, outcome.trial.field)].rows:
                if (row.treatment, row.reaction) == (outcome.trial.treatment, "refuse"):
                    found.put(row)

    def _leave_to_own(self) -> None:
        """Drop rows for fields of other types that repeat the rows of the field that was asked about."""
        field = self.facts.types[self.observer.prober.kinds.pair][-1]
        for operation in ("create", "update"):
            own = self.table.fields.get(Place(operation, field), Explained({})).rows
            foreign = self.table.fields[Place(operation, "{foreign}")]
            looks = [row.effect for row in own if row.reaction == "refuse"]
            foreign.rows = [row for row in foreign.rows if row.treatment == "any" or row.effect not in looks]

    def _ask_other(self, trial: Trial, told: Mapping[str, str]) -> Outcome | None:
        try:
            if trial.operation == "create":
                outcome = self.observer.create(trial, self.observer.least(trial.kind), told)
            else:
                outcome = self.observer.update(trial, told=told)
        except (Undecided, Unlisted):
            return None
        if outcome.look is not None:
            self.table.refusals.append(outcome)
        return outcome


def unshown(outcome: Outcome) -> Outcome:
    """Return the outcome as that of a field which no row shows."""
    return outcome if outcome.look is not None else replace(outcome, shown=MISSING, before=MISSING)


def shape_of_text(example: str) -> str:
    """Return the shape of a text: an e-mail address, a URL, or any text."""
    return "address" if "@" in example else "url" if "://" in example else "text"


def _representatives(
    own: list[tuple[str, str]], examples: Mapping[str, Mapping[str, str]]
) -> list[tuple[str, str]]:
    """Return one field of each shape: an e-mail address, a URL, any other text."""
    found: dict[str, tuple[str, str]] = {}
    for name, kind in own:
        shape = shape_of_text(examples.get(kind, {}).get(name, ""))
        if shape == "text":
            is_plain = name.endswith("_id")  # a text that is hardly a secret
            found[shape] = (name, kind) if shape not in found or is_plain else found[shape]
        else:
            found.setdefault(shape, (name, kind))
    return list(found.values())
