"""Names a difference by an open question, by what was learned, or by a row of the behaviour table."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from contract_tests.document import Facts
from contract_tests.guard.exchange import KEY_VARIABLE, Exchange
from contract_tests.learning.draft import Lesson
from contract_tests.learning.learn import Learnt
from contract_tests.twin.lockstep import SequenceOutcome
from mock_server.document.rows import FOREIGN, UNKNOWN, Reaction, Row
from mock_server.document.treatments import ARRAY, FILE, NOT_UTF_8, TREATMENTS, TWICE, UNSENT, SentInput

# Repeats an outcome's sequence against what the service returned, on a mock with these answers added.
Repeat = Callable[[Mapping[str, str]], SequenceOutcome | None]
# The same on a mock with only the first few of the lessons that change the document.
Relearn = Callable[[int], SequenceOutcome | None]


@dataclass(frozen=True, slots=True)
class Name:
    """What a difference is about, and what the service does.

    `about` is an open question, a row of the behaviour table such as `create · name · padded`, or a word for a lesson
    about the look of responses.
    """

    about: str
    says: str
    kind: Literal["question", "row", "look"] = "look"


# Lessons that are rows of the behaviour table.
_OF_ROWS = frozenset({"rows", "unknown-parameter", "id-not-a-number", "media-types", "unique"})


def telling(outcome: SequenceOutcome, facts: Facts) -> tuple[Exchange | None, list[TriedRow]]:
    """Return the last call that tries rows of the behaviour table, with these rows; None if all calls are usual."""
    for exchange in reversed(outcome.right):
        if rows := tried_rows(exchange, facts):
            return exchange, rows
    return None, []


def by_row(name: Name, outcome: SequenceOutcome, known: Facts, learned: Facts) -> Name:
    """Name a difference by its row if the lesson is a row: what the service does, and what the document says."""
    exchange, rows = telling(outcome, learned)
    if name.about not in _OF_ROWS or exchange is None:
        return name
    documented, seen = reactions(exchange, known), reactions(exchange, learned)
    for row in rows:
        before, after = (each.get(row.input.partition(" ")[0]) for each in (documented, seen))
        if before is not None and after is not None and told(before) != told(after):
            return Name(str(row), f"{told(after)}, where the document says {told(before)}", "row")
    return Name(str(rows[0]), name.says, "row")


def names_of(outcome: SequenceOutcome, learnt: Learnt, repeat: Repeat, relearn: Relearn) -> dict[str, Name]:
    """Return the names of differences by place, for those that one lesson removes. Nothing is sent to the service.

    Each answer is tried alone: with it, the mock must not differ at that place. Differences that no answer removes are
    named by the lesson whose addition removes them, when the mock learns one lesson after the other.
    """
    found: dict[str, Name] = {}
    for lesson in _answers(learnt):
        left = {each.place for each in outcome.differences} - found.keys()
        if not left:
            break
        still = _still(outcome, repeat({lesson.about: learnt.answers[lesson.about]}))
        found |= {place: _name(lesson, learnt) for place in left - still if still < left | still}
    left = {each.place for each in outcome.differences} - found.keys()
    return found | dict(_beyond(outcome, left, learnt, relearn))


def _still(outcome: SequenceOutcome, tried: SequenceOutcome | None) -> AbstractSet[str]:
    """Return the places where a repeated outcome differs; all of them if the repetition ended earlier."""
    if tried is None or len(tried.steps) < len(outcome.steps):
        return {each.place for each in outcome.differences}
    return {each.place for each in tried.differences}


def _answers(learnt: Learnt) -> Iterator[Lesson]:
    """Yield the lessons that answer open questions otherwise."""
    return (
        lesson
        for lesson in learnt.new
        if lesson.about in learnt.answers and lesson.says.startswith(f"{learnt.answers[lesson.about]}:")
    )


def _beyond(
    outcome: SequenceOutcome, places: AbstractSet[str], learnt: Learnt, relearn: Relearn
) -> Iterator[tuple[str, Name]]:
    """Yield, by bisection, the name of each place that a lesson removes: it differs without it and not with it."""
    lessons = learnt.new
    still = functools.cache(lambda count: _still(outcome, relearn(count)))
    for place in sorted(places) if lessons else ():
        before, after = 0, len(lessons)
        if place in still(after) or place not in still(before):
            continue
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if place in still(middle) else (before, middle)
        yield place, _name(lessons[after - 1], learnt)


def _name(lesson: Lesson, learnt: Learnt) -> Name:
    return Name(lesson.about, lesson.says, "question" if lesson.about in learnt.verdicts else "look")


_WAYS = (FILE, ARRAY, TWICE, NOT_UTF_8)
# The word for a text if the document has no row for it; the first one that fits.
_OF_TEXTS = (
    "empty",
    "blank",
    "padded",
    "line-break",
    "control",
    "tags",
    "quotes",
    "wrong-case",
    "not-listed",
)
_OF_NUMBERS = (
    "empty", "blank", "zero", "negative", "word", "tail", "leading-zero", "plus", "fraction", "huge", "not-listed",
)  # fmt: skip


class TriedRow(NamedTuple):
    """A row of the behaviour table that a request tries, such as `create · name · padded`."""

    operation: str
    input: str
    treatment: str

    def __str__(self) -> str:
        return " · ".join(self)


def tried_rows(exchange: Exchange, facts: Facts) -> list[TriedRow]:
    """Return what is unusual about a request in the order of the table; empty for a usual one."""
    kind = facts.kind_of(exchange.operation) or exchange.method
    return [
        *_of_the_way(exchange, facts, kind),
        *_of_form(exchange, facts, kind),
        *_of_query(exchange, facts, kind),
    ]


def sent_inputs(exchange: Exchange) -> dict[str, SentInput]:
    """Return the treatment of each field of a form, by name."""
    texts: dict[str, list[str]] = {}
    how: dict[str, set[str]] = {}
    for field in exchange.form:
        name = field.name.partition("[")[0]
        ways = how.setdefault(name, set())
        if field.filename is not None:
            ways.add(FILE)
        elif name != field.name:
            ways.add(ARRAY)
        elif texts.get(name):
            ways.add(TWICE)
        if any("\udc80" <= sign <= "\udcff" for sign in field.value):
            ways.add(NOT_UTF_8)
        texts.setdefault(name, []).append(
            field.value.encode(errors="surrogateescape").decode(errors="replace")
        )
    return {
        name: SentInput(
            None if {FILE, ARRAY} & how[name] else each[-1], tuple(each), frozenset(how[name]), b""
        )
        for name, each in texts.items()
    }


def reactions(exchange: Exchange, facts: Facts) -> dict[str, Reaction]:
    """Return the document's reaction to each input of a form by field, even to fields that are not sent."""
    kind = facts.kind_of(exchange.operation)
    if kind not in {"create", "update"}:
        return {}
    form, sent = facts.form_of(kind), sent_inputs(exchange)
    found = {name: walk(sent.get(name, UNSENT)) for name, walk in form.walks.items()}
    unknown = [name for name in sent if name not in form.fields]
    return found | {name: form.walk_unknown(sent[name].text or "") for name in unknown}


def told(reaction: Reaction) -> str:
    """Return in words what happens to an input."""
    row = reaction.row
    match reaction.outcome:
        case "taken":
            return f"stored as {reaction.text!r}" if reaction.changed else "taken as sent"
        case "refuse":
            return f"refused as {row.effect}" if row else "refused"
        case "value":
            return f"stored as {reaction.value!r}"
        case "otherwise":
            return f"otherwise ({row.effect})" if row else "otherwise"
    return {"drop": "taken as not sent", "keep": "kept as it was", "omit": "left out"}[reaction.outcome]


def _of_the_way(exchange: Exchange, facts: Facts, kind: str) -> Iterator[TriedRow]:
    """Yield what is unusual about the key, the method, the path and the media type."""
    bearer = {name.lower(): text for name, text in exchange.request_headers}.get("authorization")
    if bearer != f"Bearer {KEY_VARIABLE}":
        treatment = "absent" if bearer is None else "of another account, or in other words"
        yield TriedRow(kind, "bearer", treatment)
    if not exchange.operation:
        yield TriedRow(exchange.method, "path", "none of the documented ones with this method")
        return
    if "{" in next((each.path for each in facts.operations.values() if each.id == exchange.operation), ""):
        text = unquote(urlsplit(exchange.url).path.rpartition("/")[2])
        if treatment := _treatment(SentInput(text, (text,)), (), {}, _OF_NUMBERS):
            yield TriedRow(kind, "id", treatment)
    if kind in {"create", "update"} and exchange.media_type not in {"", "multipart/form-data"}:
        yield TriedRow(kind, "media type", exchange.media_type)


def _of_form(exchange: Exchange, facts: Facts, kind: str) -> Iterator[TriedRow]:
    if kind not in {"create", "update"}:
        return
    form, sent = facts.form_of(kind), sent_inputs(exchange)
    for name in form.required if kind == "create" else ():
        if name not in sent:
            yield TriedRow(kind, name, "absent")
    type_name = sent.get(facts.form["type"], UNSENT).text or ""
    for name, given in sent.items():
        if name not in form.fields:
            yield TriedRow(
                kind, f"{name} ({UNKNOWN})", _treatment(given, form.rows.unknown, {}, _OF_TEXTS) or "any"
            )
            continue
        owners = [each for each, fields in facts.types.items() if name in fields]
        schema, label = form.fields[name], name
        if owners and type_name in facts.types and type_name not in owners:
            label = f"{name} ({FOREIGN})"
        treatment = _treatment(given, form.rows.fields[name], schema, _OF_TEXTS)
        if name == facts.form["enabled"] and not given.how:
            treatment = f"is {given.text!r}"
        if treatment or label != name:
            yield TriedRow(kind, label, treatment or "any")


def _of_query(exchange: Exchange, facts: Facts, kind: str) -> Iterator[TriedRow]:
    schemas = {facts.size_parameter: {"enum": list(facts.sizes)}, facts.page_parameter: {}}
    for name, text in parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True):
        if name not in schemas:
            yield TriedRow(kind, f"{name} (a parameter of none)", "any")
        elif treatment := _treatment(SentInput(text, (text,)), (), schemas[name], _OF_NUMBERS):
            yield TriedRow(kind, name, treatment)


def _treatment(
    given: SentInput, rows: tuple[Row, ...], schema: Mapping[str, object], usual: tuple[str, ...]
) -> str:
    """Return the treatment of an input: by its spelling, by a row that fits its text, or the usual one."""
    for way in _WAYS:
        if way in given.how:
            return way
    for row in rows:
        if row.treatment not in {"any", "absent"} and TREATMENTS[row.treatment].holds(row.argument, schema)(
            given.text, given
        ):
            return row.treatment if row.argument is None else f"{row.treatment} {row.argument}"
    fits = (name for name in usual if TREATMENTS[name].holds(None, schema)(given.text, given))
    return next((name for name in fits if name != "not-listed" or "enum" in schema), "")
