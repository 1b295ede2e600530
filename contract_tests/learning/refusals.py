"""How each cause is refused: status, media type, headers and body as sent, whatever the documented refusal says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from contract_tests.document.facts import Facts
from contract_tests.guard.exchange import Exchange
from contract_tests.learning.draft import Draft, Tree, Unsayable
from contract_tests.learning.presentation import Look, Response, look_of, shared_headers
from contract_tests.learning.responses import (
    documented,
    examples,
    form_of,
    holders,
    operations,
    place,
    say,
)
from contract_tests.probes.finding import Undecided, Unlisted
from contract_tests.probes.observations import (
    NOBODYS,
    missing_bearer,
    nameless,
    not_there,
    other_method,
    renaming,
    wrong_key,
)
from contract_tests.probes.prober import Prober
from contract_tests.target.api import Answer

_ODD_TYPE, _ODD_FIELD, _BLANKS, _LONG = "no-such-type", "no-such-field", " \t ", 300


class Word(NamedTuple):
    """A place in the document that names a refusal: `kinds` are the operations that refuse so."""

    read: Callable[[Tree, Facts], Any]
    write: Callable[[Tree, Facts, str], None]
    kinds: tuple[str, ...]


# What a request says that a refusal may repeat, by the placeholder for it.
Told = Callable[[Prober], dict[str, str]]


class Cause(NamedTuple):
    """Something to be refused for. `question` is what it is about; `own` the name of a refusal of its own.

    `word` is None if the refusal has a fixed name. `again` provokes it for another field, which shows what of it names
    the field.
    """

    question: str
    own: str
    word: Word | None
    provoke: Callable[[Prober], Answer]
    tells: Told = lambda _: {}
    again: tuple[Callable[[Prober], Answer], Told] | None = None


def learn_refusals(prober: Prober, draft: Draft) -> None:
    """Provoke each refusal that the document knows of, and take over how it looks."""
    _learn_headers(prober, draft)
    everywhere = draft.tree["x-service"].get("x-headers", {})
    settled: dict[str, Look] = {}
    for cause in CAUSES:
        name = cause.own if cause.word is None else cause.word.read(draft.tree, draft.facts)
        if not isinstance(name, str) or not _is_refusal(draft.tree, name):
            continue  # the document tolerates it
        if cause.word is not None and not prober.can_write and cause.word.kinds != _LISTS:
            continue
        try:
            answer, exchanges = prober.watch(cause.provoke)
        except (Undecided, Unlisted):
            continue
        if not 400 <= answer.status < 500:
            continue
        seen = look_at(answer, exchanges[-1], cause.tells(prober), everywhere)
        if cause.again is not None:
            seen = _named_field(prober, cause, (answer, exchanges[-1]), everywhere) or seen
        draft.provoked[name] = None
        if settled.setdefault(name, seen) == seen and _as_documented(draft, cause, name, seen):
            continue
        kind = seen.media_type or "no media type"
        says = f"A refusal as sent: {seen.status}, {kind}, {_short(seen.value)}."
        target = name if settled[name] == seen else cause.own
        draft.learn(cause.question, says, exchanges[-1:], _change(draft, cause, target, seen))
        settled[target] = seen
        draft.provoked[target] = None


def _is_refusal(tree: Tree, name: str) -> bool:
    return any(name in examples(tree, node) for each in holders(tree) for node in each.values())


def _named_field(
    prober: Prober, cause: Cause, first: tuple[Answer, Exchange], everywhere: dict[str, str]
) -> Look | None:
    """Return the look that a refusal of one field shares with that of another once their names are left out."""
    assert cause.again is not None  # noqa: S101 - the caller has looked
    provoke, tells = cause.again
    try:
        answer, exchanges = prober.watch(provoke)
    except (Undecided, Unlisted):
        return None
    for keys in (False, True):
        looks = [
            look_at(*first, cause.tells(prober), everywhere, keys=keys),
            look_at(answer, exchanges[-1], tells(prober), everywhere, keys=keys),
        ]
        if looks[0] == looks[1]:
            return looks[0]
    return None


def look_at(
    answer: Answer,
    exchange: Exchange,
    told: dict[str, str],
    everywhere: dict[str, str],
    *,
    keys: bool = False,
) -> Look:
    """Return how a refusal looks, without the headers that every response has."""
    facts = {"method": exchange.method, "path": urlsplit(exchange.url).path, **told}
    if "allow" in answer.headers:
        methods = {word.strip() for word in answer.headers["allow"].split(",")}
        more = ",".join(sorted(methods - {"GET", "POST", "DELETE"}))
        facts[f"methods:{more}" if more else "methods"] = answer.headers["allow"]
    look = look_of(Response(answer.status, answer.headers, answer.body, facts), keys=keys)
    return look._replace(headers=tuple(pair for pair in look.headers if pair[0] not in everywhere))


def _short(value: Any) -> str:
    text = repr(value) if value != "" else "an empty body"
    return text if len(text) <= 120 else f"{text[:120]}…"


def _learn_headers(prober: Prober, draft: Draft) -> None:
    """Take over the headers that every response of the API has had so far."""
    answers = [
        each for each in prober.answers if each.status and "html" not in each.headers.get("content-type", "")
    ]
    shared = shared_headers(look_of(Response(each.status, each.headers, each.body, {})) for each in answers)
    if shared and shared != draft.tree["x-service"].get("x-headers", {}):

        def change(tree: Tree) -> None:
            tree["x-service"]["x-headers"] = shared

        draft.learn("headers", f"Every response has {', '.join(shared)}.", prober.exchanges[-1:], change)


def _as_documented(draft: Draft, cause: Cause, name: str, seen: Look) -> bool:
    return all(documented(draft.tree, each, name) == seen for each in _concerned(draft.tree, cause, name))


def _concerned(tree: Tree, cause: Cause, name: str) -> list[Tree]:
    """Return the responses that hold a refusal, or have to."""
    if cause.word is None:
        return [each for each in holders(tree) if any(name in examples(tree, node) for node in each.values())]
    if not cause.word.kinds:
        return [tree["x-service"]["refusals"]]
    nodes = dict(operations(tree))
    return [node["responses"] for op, node in nodes.items() if op.startswith(cause.word.kinds)]


def _change(draft: Draft, cause: Cause, name: str, seen: Look) -> Callable[[Tree], None]:
    facts = draft.facts

    def change(tree: Tree) -> None:
        if cause.word is None and name != cause.own:
            raise Unsayable(
                f"{cause.own} comes in two ways, of which the document can say one: {_short(seen.value)}."
            )
        say(tree, name, seen)
        for responses in _concerned(tree, cause, name):
            place(tree, responses, name, seen)
        if cause.word is not None:
            cause.word.write(tree, facts, name)

    return change


def _service(key: str, *kinds: str) -> Word:
    def write(tree: Tree, _: Facts, name: str) -> None:
        tree["x-service"][key] = name

    return Word(lambda tree, _: tree["x-service"].get(key), write, kinds)


def _form(kind: str, word: str) -> Word:
    def read(tree: Tree, facts: Facts) -> Any:
        return form_of(tree, facts.operation(kind).id).get("x-refusals", {}).get(word)

    def write(tree: Tree, facts: Facts, name: str) -> None:
        form_of(tree, facts.operation(kind).id)["x-refusals"][word] = name

    return Word(read, write, (f"{kind}_",))


def _parameter(role: str) -> Word:
    def node(tree: Tree) -> Tree:
        nodes: dict[str, Tree] = tree["components"]["parameters"]
        return next(each for each in nodes.values() if each.get("x-role") == role)

    def write(tree: Tree, _: Facts, name: str) -> None:
        node(tree)["x-otherwise"] = name

    return Word(lambda tree, _: node(tree).get("x-otherwise"), write, _LISTS)


def _created(prober: Prober, form: dict[str, str]) -> Answer:
    answer, row = prober.create(form)
    if row is not None:
        prober.discard(row)
    return answer


def _named(name: str) -> Callable[[Prober], Answer]:
    return lambda prober: _created(prober, prober.kinds.form(prober.kinds.plain, name))


def _odd_type(prober: Prober) -> Answer:
    words = prober.facts.form
    return _created(prober, {words["name"]: prober.name(), words["type"]: _ODD_TYPE})


def _foreign_field(prober: Prober) -> Answer:
    told = _foreign(prober)
    form = prober.kinds.form(prober.kinds.mailbox, prober.name())
    return _created(prober, form | {told["field"]: told["value"]})


def _updated(**fields: str) -> Callable[[Prober], Answer]:
    return lambda prober: prober.once(renaming).handler.update(**fields)


def _no_text(prober: Prober) -> Answer:
    row = prober.once(renaming).handler
    return row.update_raw([(prober.facts.form["name"], b"a\xffb")])


_LISTS = ("list_",)
_FORMS = ("create_", "update_")


def _typeless(prober: Prober) -> Answer:
    return _created(prober, {prober.facts.form["name"]: prober.name()})


def _field(word: str, value: str = "") -> Told:
    return lambda prober: {"field": prober.facts.form[word], **({"value": value} if value else {})}


def _parameter_told(name: Callable[[Facts], str], value: Callable[[Facts], str]) -> Told:
    return lambda prober: {"field": name(prober.facts), "value": value(prober.facts)}


def _foreign(prober: Prober) -> dict[str, str]:
    """Return a field with another name than its type, so that a refusal shows which of the two it repeats."""
    kind = prober.kinds.pair
    field = prober.facts.types[kind][-1]
    value = prober.kinds.form(kind, None)[field]
    return {"field": field, "value": value, "owner": kind, "type": prober.kinds.mailbox}


def _no_size(facts: Facts) -> int:
    return min(facts.sizes) - 3


_LONG_NAME = "n" * _LONG

# In this order: the first cause of a refusal says how it looks, a later one that differs gets one of its own.
CAUSES = (
    Cause("error-titles", "missing_bearer", None, lambda prober: prober.once(missing_bearer)),
    Cause("wrong-key-status", "no_access", None, lambda prober: prober.once(wrong_key)),
    Cause("error-titles", "not_found", None, lambda prober: prober.once(not_there), lambda _: {"id": str(NOBODYS)}),
    Cause("other-methods", "other_method", _service("other-methods"), lambda prober: prober.once(other_method)),
    Cause("unknown-route", "no_route", _service("unknown-route"), lambda p: p.send("GET", p.terms.nowhere)),
    Cause(
        "required-field-missing", "field_missing", _form("create", "required"), lambda prober: prober.once(nameless),
        _field("name"), (_typeless, _field("type")),
    ),
    Cause("required-field-missing", "name_empty", _form("create", "minLength"), _named(""), _field("name")),
    Cause("blank-name", "name_blank", _form("create", "pattern"), _named(_BLANKS), _field("name")),
    Cause("type-not-allowed", "type_not_allowed", _form("create", "enum"), _odd_type, _field("type", _ODD_TYPE)),
    Cause(
        "text-too-long", "text_too_long", _form("create", "maxLength"), _named(_LONG_NAME),
        _field("name", _LONG_NAME),
    ),
    Cause(
        "update-type-not-allowed", "new_type_not_allowed", _form("update", "enum"), _updated(type=_ODD_TYPE),
        _field("type", _ODD_TYPE),
    ),
    Cause("update-empty-name", "new_name_empty", _form("update", "minLength"), _updated(name=""), _field("name")),
    Cause("update-empty-name", "new_name_blank", _form("update", "pattern"), _updated(name=_BLANKS), _field("name")),
    Cause(
        "text-too-long", "new_text_too_long", _form("update", "maxLength"), _updated(name=_LONG_NAME),
        _field("name", _LONG_NAME),
    ),
    Cause(
        "unknown-field", "field_unknown", _service("unknown-fields", *_FORMS), _updated(**{_ODD_FIELD: "1"}),
        lambda _: {"field": _ODD_FIELD, "value": "1"},
    ),
    Cause("field-of-another-type", "field_foreign", _service("foreign-fields", *_FORMS), _foreign_field, _foreign),
    Cause("invalid-utf-8", "text_unreadable", _service("invalid-utf-8", *_FORMS), _no_text, _field("name")),
    Cause(
        "page-not-valid", "page_not_valid", _parameter("page"), lambda prober: prober.list(page="0"),
        _parameter_told(lambda facts: facts.page_parameter, lambda _: "0"),
    ),
    Cause(
        "page-size-not-allowed", "page_size_not_allowed", _parameter("size"),
        lambda prober: prober.list(size=_no_size(prober.facts)),
        _parameter_told(lambda facts: facts.size_parameter, lambda facts: str(_no_size(facts))),
    ),
)  # fmt: skip
