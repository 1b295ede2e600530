"""Finds out what becomes of an input, and explains it by rows of the behaviour table that do the same.

The simplest explanation wins: a text is kept as sent, counts as not sent, or is changed by one transformation, or by
two. A row is added only if the rows before it do not predict what was seen.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from html.entities import codepoint2name
from itertools import permutations
from typing import Any

from contract_tests.guard.exchange import Exchange
from contract_tests.learning.presentation import Look, texts_in
from contract_tests.learning.refusals import look_at
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import MISSING, Undecided, Unlisted, parsed
from contract_tests.probes.trials import Trial, Trials, Tried
from contract_tests.target.api import TargetResponse
from mock_server.document.rows import Reaction, Row, compile_rows, react
from mock_server.document.treatments import (
    ARRAY,
    CLEANERS,
    CUT,
    ESCAPE,
    JOIN,
    NOT_UTF_8,
    PREFIX,
    TWICE,
    SentInput,
    change_of,
    masked,
    spelled,
)

# What a service may put between the texts of a field that is sent more than once, if it joins them.
BETWEEN = ","

# A text that differs in lower case and as HTML, and how refusals may repeat it.
SIGNED = 'Un"li<st>ed&W\\ord'
_FORMS = ("lower", "html", "lower:html", "lower:json", "lower:repr")
# A literal has signs around the text.
LITERALS: Mapping[str, Callable[[str], str]] = {"json": partial(json.dumps, ensure_ascii=False), "repr": repr}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a trial: the `look` of a refusal, or else `shown`, `before` and `row` as in `Tried`.

    If several texts were sent, `repeated` is the text that the refusal repeats, or empty.
    """

    trial: Trial
    response: TargetResponse
    exchange: Exchange
    look: Look | None
    shown: Any = MISSING
    before: Any = MISSING
    row: Mapping[str, Any] | None = None
    repeated: str = ""

    @property
    def status(self) -> int:
        """The status of the response."""
        return self.response.status


class Observer(Trials):
    """Makes trials, and describes how refusals look. `everywhere` are the headers of every response.

    `tells_length`: whether refusals may say how long a text is. A number one above a bound may also state the bound.
    """

    tells_length = True

    def __init__(self, prober: Prober, everywhere: Mapping[str, str]) -> None:
        super().__init__(prober)
        self.everywhere = dict(everywhere)

    def create(self, trial: Trial, form: Mapping[str, str], told: Mapping[str, str] | None = None) -> Outcome:
        """Create a row with one field treated, look at it, and delete it."""
        return self.outcome(self.try_create(trial, form), told)

    def update(self, trial: Trial, told: Mapping[str, str] | None = None) -> Outcome:
        """Update a standing row with one field treated, and compare it before and after."""
        return self.outcome(self.try_update(trial), told)

    def nothing(self) -> Explained | None:
        """Return the row that says how an update without any field is refused; None if it is accepted."""
        tried = self.refused_nothing(self.standing(self.prober.kinds.plain))
        if tried is None:
            return None
        look = look_at(tried.response, tried.exchange, {"id": str(tried.id)}, self.everywhere)
        return Explained({}, None, [Row("absent", None, "refuse", look)])

    def spelling(self, trial: Trial) -> str:
        """Return the form in which the refusal of SIGNED repeats it; empty if as it was sent, or not at all."""
        try:
            update = trial.operation == "update"
            outcome = self.update(trial) if update else self.create(trial, self.least(trial.kind))
        except (Undecided, Unlisted):
            return ""
        told = "\n".join([] if outcome.look is None else texts_in(outcome.look.value))
        if literal := re.search(r"\{value:(json|repr)\}", told):
            return literal[1]
        forms = (form for form in _FORMS if "{value" not in told and _in_form(SIGNED, form) in told)
        return next(forms, "")

    def outcome(self, tried: Tried, told: Mapping[str, str] | None = None) -> Outcome:
        """Return the outcome of a trial. `told` are facts that the texts of a refusal may repeat."""
        trial, response, look, repeated = tried.trial, tried.response, None, ""
        if not tried.is_taken:
            facts = {"field": trial.field, **(told or {})}
            given = self._as_sent(trial)  # the guard lengthens a name, and hides that in responses
            repeated = _repeated(given, response)
            value = repeated or (given.texts[-1] if given.text is None and given.texts else given.text)
            words = set(re.findall(r"\w+", response.body.decode(errors="replace")))
            # A refusal that lists all types does not repeat the one that was sent.
            if value is not None and not (
                value in self.facts.types and len(words & self.facts.types.keys()) > 2
            ):
                facts["value"] = value
            if tried.id is not None:
                facts["id"] = str(tried.id)
            if trial.treatment == "longer-than" and self.tells_length:
                facts["length"] = str(len(value or ""))
            look = look_at(response, tried.exchange, facts, self.everywhere)
            look = look._replace(value=keyed(look.value, trial.field, "{field"))
        return Outcome(trial, response, tried.exchange, look, tried.shown, tried.before, tried.row, repeated)


def keyed(value: Any, field: str, telling: str = "") -> Any:
    """Return a body with a placeholder for each key that is the field's name and whose value contains `telling`.

    >>> keyed({"errors": {"name": ["{field} is empty"]}, "type": "name"}, "name")
    {'errors': {'{field}': ['{field} is empty']}, 'type': 'name'}
    """
    if isinstance(value, dict):
        return {
            ("{field}" if key == field and telling in repr(each) else key): keyed(each, field, telling)
            for key, each in value.items()
        }
    return [keyed(each, field, telling) for each in value] if isinstance(value, list) else value


def _in_form(text: str, form: str) -> str:
    for step in form.split(":"):
        text = LITERALS[step](text) if step in LITERALS else spelled(text, step)
    return text


def _repeated(given: SentInput, response: TargetResponse) -> str:
    """Return which of several texts, or readings of one, a refusal repeats; empty if it repeats none."""
    data = parsed(response)
    body = response.body.decode(errors="replace") if data is None else json.dumps(data, ensure_ascii=False)
    texts = (BETWEEN.join(given.texts), *given.texts) if given.how & {ARRAY, TWICE} else ()
    if NOT_UTF_8 in given.how:
        texts = (given.data.decode("latin-1"),)
    return next((text for text in texts if text in body), "")


# A text that no switch knows.
_ODD_SPELLING = "maybe"

Schema = Mapping[str, Any]

# The order of rows in a list: how a field was sent, then what cleans, then what refuses, then what stores.
_ORDER = (
    "array", "file", "twice", "not-utf-8", "absent", "is", "blank", "padded", "control", "line-break", "empty",
    "longer-than", "word", "tail", "fraction", "huge", "negative", "zero", "leading-zero", "plus", "wrong-case",
    "not-listed", "matches", "mismatches", "not-email", "not-https", "not-url", "malformed", "tags", "quotes", "any",
)  # fmt: skip

_LARGEST = "9223372036854775807"

# The transformations that may explain the result of a treatment, the likeliest first.
_LIKELY: Mapping[str, tuple[str, ...]] = {
    "padded": ("trim",),
    "blank": ("trim",),
    "control": ("strip-control", "strip-unprintable", "trim"),
    "line-break": ("strip-control", "trim", "squeeze"),
    "tags": ("strip-tags", "escape-tags"),
    "quotes": ("escape-quotes",),
    "wrong-case": ("listed-case", "lower"),
    "any": ("lower-domain", "lower-host", "lower"),
    "array": ("last", "first", "join"),
    "twice": ("first", "last", "join"),
    "file": ("last",),
    "not-utf-8": ("replace", "latin-1"),
}

# Ways to send a field of which a service may read one text or several.
_SENT = frozenset({"array", "twice", "file"})

# What becomes of bytes that are not UTF-8: the whole text is lost, or they are replaced by a sign, or removed.
_EMPTIED = ((CUT, 0),)
_REPLACED = tuple(((ESCAPE, {"\ufffd": sign}),) for sign in ("?", ""))

# Characters that services write as HTML entities, and how these look. Two slashes in a row begin an address.
SIGNS = "&\"'>/`=\\ó<"
# Control characters as PHP's filters escape them.
CONTROLS = {chr(code): f"&#{code};" for code in range(1, 32)}
# Letters beyond ASCII as `htmlentities` and some of PHP's filters write them.
_LETTERS = {chr(code): f"&{name};" for code, name in codepoint2name.items() if 160 <= code < 256}
ENTITY = re.compile(r"&(?:#[0-9]{1,5}|#[xX][0-9A-Fa-f]{1,4}|[A-Za-z]{2,8});")


@dataclass
class Explained:
    """The rows of one field, fitted to one observation after the other.

    `schema` is that of the field, and `mask` is what responses show in place of its value, if anything. `seen` are all
    observations. `is_presumed` says that some rows were taken over from another field. The effect of a row that
    refuses is the look of the refusal, until the refusal gets a name.
    """

    schema: Schema
    mask: Any = None
    rows: list[Row] = field(default_factory=list)
    seen: list[Outcome] = field(default_factory=list)
    is_presumed: bool = False

    def explain(self, outcome: Outcome, argument: Any = None, treatment: str = "") -> None:
        """Add the simplest row that predicts this outcome, if the rows so far do not, and predicts no fewer others."""
        self.seen.append(outcome)
        if self.foretells(outcome):
            return
        before, treatment = self.rows, treatment or outcome.trial.treatment
        known = self.count()
        best, most = before, known
        for reaction, effect in _candidates(outcome, treatment, self):
            self.rows = before
            self._change(Row(treatment, argument, reaction, effect))
            if self.foretells(outcome) and (count := self.count()) > most:
                best, most = self.rows, count
                if count > known:
                    break
        self.rows = best

    def refit(self) -> None:
        """Explain again what later rows have left unexplained."""
        for outcome in self.unexplained:
            self.seen.remove(outcome)
            text = outcome.trial.sent.text
            treatment = outcome.trial.treatment
            if treatment in {"not-email", "not-url", "longer-than"}:
                if text is not None and len(text) < 100:
                    self.explain(outcome, (text,), "is")
                else:
                    self.seen.append(outcome)
            else:
                self.explain(outcome, (text,) if treatment == "is" else None)

    def prune(self) -> None:
        """Remove each row that predicts nothing which the others do not."""
        for row in [*self.rows]:
            before, known = self.rows, self.count()
            self.rows = [each for each in before if each is not row]
            if (
                self.mask is not None
                or row.treatment in {"any", "is", "matches", "mismatches"}
                or self.count() < known
            ):
                self.rows = before

    def _change(self, row: Row) -> None:
        """Put a row into its place, instead of those for the same treatment. A row that keeps a text is left out."""
        alike = [
            each for each in self.rows if (each.treatment, each.argument) == (row.treatment, row.argument)
        ]
        self.rows = [each for each in self.rows if each not in alike]
        if row.reaction != "taken":
            self.put(row)

    def read_as(self, known: Sequence[Row]) -> None:
        """Read an array, a repeated field and a file as another field does, if that predicts no less.

        A refusal may concern the text that is read.
        """
        for row in known:
            mine = [each.reaction for each in self.rows if each.treatment == row.treatment]
            if row.treatment not in _SENT or row.reaction != "change" or {*mine} - {"refuse"}:
                continue
            before, count = self.rows, self.count()
            self._change(row)
            if self.count() < count:
                self.rows = before
            self.is_presumed |= self.rows is not before

    def put(self, row: Row) -> None:
        """Put a row into its place."""
        place = next((n for n, each in enumerate(self.rows) if _rank(each) > _rank(row)), len(self.rows))
        self.rows = [*self.rows[:place], row, *self.rows[place:]]

    def foretells(self, outcome: Outcome) -> bool:
        """Tell whether the rows predict an outcome."""
        return foretold(react(tuple(self.rows), outcome.trial.sent, self.schema), outcome, self.mask)

    def count(self) -> int:
        """Return how many outcomes the rows predict."""
        walk = compile_rows(tuple(self.rows), self.schema)
        return sum(foretold(walk(outcome.trial.sent), outcome, self.mask) for outcome in self.seen)

    def explain_escapes(self, outcome: Outcome, known: Mapping[str, str] | None = None) -> None:
        """Use one row for all entities, as seen in a text with all SIGNS, if it predicts no less than the rows so far.

        `known` are the entities of another field: if this field shows some of them, it is presumed to use all.
        """
        before, best, most = self.rows, self.rows, self.count()
        signs = entities(outcome.trial.sent.text or "", outcome.shown)
        if known and signs and signs.items() <= known.items():
            signs = dict(known)
        if signs.items() & _LETTERS.items():
            signs = {**_LETTERS, **signs}
        if signs and any(shows_control(each) for each in self.seen):
            signs = {**CONTROLS, **signs}
        for treatments in ({"tags", "quotes"}, {"quotes"}) if signs else ():  # tags may go before
            self.rows = [row for row in before if row.reaction == "refuse" or row.treatment not in treatments]
            self.put(Row("any", None, "change", ((ESCAPE, signs),)))
            if (count := self.count()) > most or (best is before and count == most):
                best, most = self.rows, count
        self.rows = best
        self.seen.append(outcome)

    @property
    def unexplained(self) -> list[Outcome]:
        """The observations that the rows do not predict in the end."""
        return [each for each in self.seen if not self.foretells(each)]


def entities(text: str, shown: Any) -> dict[str, str]:
    """Return the entity of each character of a text that is shown as one; nothing if more was changed.

    >>> entities("a</b", "a&lt;&#x2F;b")
    {'<': '&lt;', '/': '&#x2F;'}
    """
    signs: dict[str, str] = {}
    rest = shown if isinstance(shown, str) else ""
    for sign in text:
        entity = ENTITY.match(rest)
        if entity is not None and (entity[0] == CONTROLS.get(sign) or html.unescape(entity[0]) == sign):
            signs[sign] = entity[0]
        elif not rest.startswith(sign):
            return {}
        rest = rest[len(signs[sign]) if entity is not None and sign in signs else 1 :]
    return {} if rest else signs


def shows_control(outcome: Outcome) -> bool:
    """Tell whether a control character of a text is shown as an entity."""
    signs = entities(outcome.trial.sent.text or "", outcome.shown)
    return any(signs.get(sign) == entity for sign, entity in CONTROLS.items())


def all_foretold(
    rows: Sequence[Row], found: Explained, schema: Schema, look_of: Callable[[str], Look | None]
) -> bool:
    """Tell whether rows of the document predict all that was seen of a field. `look_of` gets a refusal by its name."""
    if found.is_presumed or (found.rows and not found.seen):
        return False  # taken over from a field that is alike
    told = [replace(row, effect=look_of(row.effect)) if row.reaction == "refuse" else row for row in rows]
    for outcome in found.seen:
        reaction = react(tuple(told), outcome.trial.sent, schema)
        is_read = reaction.outcome == "taken" and outcome.look is None
        if is_read and outcome.shown is MISSING is outcome.before:
            continue  # of a field of another type, or of none, a row shows nothing
        if is_read and isinstance(outcome.shown, bool) and schema.get("x-cast") in _SWITCHES:
            if outcome.shown is not _SWITCHES[schema["x-cast"]](reaction.text or ""):
                return False
        elif not foretold(reaction, outcome, found.mask):
            return False
    return True


# How the casts of a switch read a text.
_SWITCHES: Mapping[str, Callable[[str], bool]] = {
    "php-integer-boolean": lambda text: CLEANERS["cast"](text) != "0",
    "php-boolean": lambda text: text not in {"", "0"},
    "spelled-boolean": lambda text: text.strip().lower() in {"1", "true", "on", "yes"},
}


def _rank(row: Row) -> tuple[int, int]:
    cuts = row.reaction == "change" and row.treatment == "longer-than"
    return (len(_ORDER), 0) if cuts else (_ORDER.index(row.treatment), 0 if row.reaction == "change" else 1)


def foretold(reaction: Reaction, outcome: Outcome, mask: Any) -> bool:
    """Tell whether a reaction is what was seen."""
    if outcome.look is not None or reaction.outcome == "refuse":
        is_right = (
            reaction.row is not None and outcome.look is not None and reaction.row.effect == outcome.look
        )
        return is_right and (
            not outcome.repeated or outcome.repeated == reaction.repeated(outcome.trial.sent)
        )
    if not 200 <= outcome.status < 300:
        return reaction.outcome == "otherwise"
    if (
        outcome.trial.operation == "update"
        and reaction.row is not None
        and reaction.row.treatment == "absent"
        and outcome.shown == outcome.before
    ):
        return True  # a setting that is not sent keeps its value, unless settings are made anew
    if reaction.outcome == "taken":
        return _shows(outcome.shown, reaction.text, mask)
    if reaction.outcome in {"drop", "keep"}:
        return bool(outcome.shown == outcome.before)
    if reaction.outcome == "omit":
        return outcome.shown is MISSING
    return (
        reaction.outcome == "value"
        and type(outcome.shown) is type(reaction.value)
        and bool(outcome.shown == reaction.value)
    )


def _candidates(outcome: Outcome, treatment: str, field: Explained) -> Iterator[tuple[str, Any]]:
    """Yield what may explain an outcome, the simplest first."""
    if outcome.look is None and not 200 <= outcome.status < 300:
        yield "otherwise", f"answers {outcome.status}"
        return
    shown, sent, mask = outcome.shown, outcome.trial.sent, field.mask
    yield "taken", None
    if treatment in {"blank", "padded"}:
        yield "change", (("trim", None),)
    if outcome.look is not None:
        yield from _refusing(outcome, treatment)
        return
    if sent.how and shown == outcome.before and not any(_shows(shown, text, mask) for text in sent.texts):
        yield "drop", True
    for names in _changes(treatment, shown, mask, field.schema):
        if _shows(shown, change_of(names, field.schema)(sent.text, sent), mask):
            yield "change", tuple(names)
    if shown is MISSING and outcome.before is not MISSING:
        yield "omit", True
    if treatment == "empty" and shown == "":
        yield "value", ""
    if shown == outcome.before:
        yield "drop", True
    largest = treatment == "huge" and str(shown).isdigit()  # the largest number that the service knows
    if largest or _is_constant(outcome, mask):
        yield "value", shown
    if sent.text is not None and treatment == "is" and _shows(shown, sent.text, mask):
        yield "value", sent.text
    yield "otherwise", f"is shown as {str(shown)[:60]!r}"


def _is_constant(outcome: Outcome, mask: Any) -> bool:
    """Tell whether a constant is shown instead of any text that was sent, such as PHP's `Array`."""
    shown, sent = outcome.shown, outcome.trial.sent
    if shown is None or shown == "" or isinstance(shown, bool):
        return True
    is_text = bool(sent.how) and mask is None and isinstance(shown, str)
    return is_text and not any(text in shown for text in sent.texts)


def _refusing(outcome: Outcome, treatment: str) -> Iterator[tuple[str, Any]]:
    """Yield what may explain a refusal: a later row refuses what became of the text, or this row refuses it."""
    if outcome.repeated:
        yield from (("change", each) for each in _likely(treatment))
    if treatment == "not-utf-8":
        yield "change", _EMPTIED
    yield "refuse", outcome.look


def _shows(shown: Any, text: str | None, mask: Any) -> bool:
    if text is None or not isinstance(shown, str):
        return False
    if shown == _LARGEST and text.isdigit() and len(text) > len(_LARGEST):
        return True  # a number beyond 64 bits may be the largest one
    return shown == (masked(text, mask) if mask is not None and text else text)


def _likely(treatment: str) -> Iterator[Sequence[tuple[str, Any]]]:
    return (((name, BETWEEN if name == JOIN else None),) for name in _LIKELY.get(treatment, ()))


def _changes(treatment: str, shown: Any, mask: Any, schema: Schema) -> Iterator[Sequence[tuple[str, Any]]]:
    """Yield lists of transformations that may have been at work."""
    likely = _LIKELY.get(treatment, ())
    yield from _likely(treatment)
    if treatment == "not-utf-8":
        yield from (_EMPTIED, *_REPLACED)
    if treatment == "longer-than" and isinstance(shown, str) and mask is None:
        yield (("cut", len(shown)),)
    if treatment == "matches" and isinstance(shown, str) and (found := re.match(r"https?://", shown)):
        yield ((PREFIX, found[0]),)
        yield ((PREFIX, found[0]), ("lower-host", None))
    yield from (((name, None),) for name in CLEANERS if name not in likely)
    if schema.get("type") == "integer":
        for word in ("nearest", "next-listed", "previous-listed") if "enum" in schema else ("clamp",):
            yield from (((word, None),), (("cast", None), (word, None)))
    for pair in permutations(("strip-tags", "escape-tags", "escape-quotes", "trim", "strip-control"), 2):
        yield tuple((name, None) for name in pair)


# The switch


def explain_switch(found: Explained, outcomes: list[Outcome]) -> None:
    """Explain a switch: a cast to a number, spellings in any case, or each text by itself."""
    odd = [each for each in outcomes if not (each.trial.sent.text or "").strip()]
    outcomes = [each for each in outcomes if each not in odd]
    best: tuple[int, Explained] | None = None
    for first in ((), ("trim",)):
        for then in (("lower",), (), ("cast",)):
            steps = tuple((name, None) for name in (*first, *then))
            trial = Explained(found.schema, found.mask, [Row("any", None, "change", steps)] if steps else [])
            _spell(trial, outcomes, steps)
            price = sum(len(row.argument) for row in trial.rows if row.treatment == "is")
            if not trial.unexplained and (best is None or price < best[0]):
                best = price, trial
    if best is not None:
        found.rows, found.seen = best[1].rows, best[1].seen
    for outcome in () if best is not None else outcomes:
        found.explain(outcome, _texts_of(outcome), "is")
    for outcome in sorted(odd, key=lambda each: len(each.trial.sent.text or "")):
        found.explain(outcome, None, "blank" if outcome.trial.sent.text else "empty")


def _spell(found: Explained, outcomes: list[Outcome], steps: tuple[tuple[str, Any], ...]) -> None:
    """Add rows: one for each value that texts give, and one for what an odd text gets."""
    changed = [(each, _stepped(each.trial.sent.text or "", steps)) for each in outcomes]
    odd = next((each for each in outcomes if each.trial.sent.text == _ODD_SPELLING), None)
    rest = None if odd is None else _said(odd)
    if ("cast", None) in steps and rest is not None and rest[0] == "value" and isinstance(rest[1], bool):
        rest = ("value", not rest[1])  # a word is cast to 0, as is "0": it is the other numbers that are many
    said: list[tuple[tuple[str, Any], list[str]]] = []
    for outcome, text in changed:
        if (what := _said(outcome)) != rest:
            known = next((texts for each, texts in said if each == what), None)
            if known is None:
                said.append((what, known := []))
            known.append(text)
    found.rows += [Row("is", tuple(dict.fromkeys(texts)), *what) for what, texts in said]
    if rest is not None:
        found.rows.append(Row("any", None, *rest))
    found.seen += outcomes


def _said(outcome: Outcome) -> tuple[str, Any]:
    if outcome.look is not None:
        return "refuse", outcome.look
    if outcome.trial.operation == "update" and outcome.shown == outcome.before:
        return "keep", True
    return "value", outcome.shown


def _stepped(text: str, steps: tuple[tuple[str, Any], ...]) -> str:
    for name, _ in steps:
        text = CLEANERS[name](text)
    return text


def _texts_of(outcome: Outcome) -> tuple[str, ...] | None:
    text = outcome.trial.sent.text
    return None if text is None else (text,)
