"""How each cause is refused: status, title and envelope as sent, whatever the documented refusal says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from contract_tests.document.facts import Facts
from contract_tests.learning.draft import Draft, Tree, Unsayable
from contract_tests.learning.responses import (
    Refused,
    documented,
    examples,
    form_of,
    holders,
    operations,
    place,
    refused,
    say,
)
from contract_tests.probes.finding import Undecided, Unlisted
from contract_tests.probes.observations import (
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


class Cause(NamedTuple):
    """Something to be refused for. `question` is what it is about; `own` the name of a refusal of its own.

    `word` is None where the refusal has one fixed name.
    """

    question: str
    own: str
    word: Word | None
    provoke: Callable[[Prober], Answer]


def learn_refusals(prober: Prober, draft: Draft) -> None:
    """Provoke each refusal that the document knows of, and take over how it comes."""
    settled: dict[str, Refused] = {}
    for cause in CAUSES:
        name = cause.own if cause.word is None else cause.word.read(draft.tree, draft.facts)
        if not isinstance(name, str) or name not in draft.tree["components"]["examples"]:
            continue  # the document tolerates it
        if cause.word is not None and not prober.can_write and cause.word.kinds != _LISTS:
            continue
        try:
            answer, exchanges = prober.watch(cause.provoke)
        except (Undecided, Unlisted):
            continue
        if (seen := refused(answer)) is None:
            continue
        draft.provoked[name] = None
        if settled.setdefault(name, seen) == seen and _as_documented(draft, cause, name, seen):
            continue
        says = f"A refusal as sent: {seen.status} {seen.title!r}, its status shown as {seen.shown!r}."
        target = name if settled[name] == seen else cause.own
        draft.learn(cause.question, says, exchanges[-1:], _change(draft, cause, target, seen))
        settled[target] = seen
        draft.provoked[target] = None


def _as_documented(draft: Draft, cause: Cause, name: str, seen: Refused) -> bool:
    return all(documented(draft.tree, each, name) == seen for each in _concerned(draft.tree, cause, name))


def _concerned(tree: Tree, cause: Cause, name: str) -> list[Tree]:
    """Return the responses that hold a refusal, or have to."""
    if cause.word is None:
        return [each for each in holders(tree) if any(name in examples(tree, node) for node in each.values())]
    if not cause.word.kinds:
        return [tree["x-service"]["refusals"]]
    nodes = dict(operations(tree))
    return [node["responses"] for op, node in nodes.items() if op.startswith(cause.word.kinds)]


def _change(draft: Draft, cause: Cause, name: str, seen: Refused) -> Callable[[Tree], None]:
    facts = draft.facts

    def change(tree: Tree) -> None:
        if cause.word is None and name != cause.own:
            raise Unsayable(
                f"{cause.own} comes in two ways, of which the document can say one: {seen.title!r}."
            )
        say(tree, name, seen)
        for responses in _concerned(tree, cause, name):
            place(tree, responses, name, seen.status)
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
    field = prober.facts.types[prober.kinds.address][0]
    value = prober.kinds.form(prober.kinds.address, None)[field]
    return _created(prober, prober.kinds.form(prober.kinds.mailbox, prober.name()) | {field: value})


def _updated(**fields: str) -> Callable[[Prober], Answer]:
    return lambda prober: prober.once(renaming).handler.update(**fields)


def _no_text(prober: Prober) -> Answer:
    row = prober.once(renaming).handler
    return row.update_raw([(prober.facts.form["name"], b"a\xffb")])


_LISTS = ("list_",)
_FORMS = ("create_", "update_")

# In this order: the first cause of a refusal says how it comes, a later one that differs gets one of its own.
CAUSES = (
    Cause("error-titles", "missing_bearer", None, lambda prober: prober.once(missing_bearer)),
    Cause("wrong-key-status", "no_access", None, lambda prober: prober.once(wrong_key)),
    Cause("error-titles", "not_found", None, lambda prober: prober.once(not_there)),
    Cause("other-methods", "other_method", _service("other-methods"), lambda prober: prober.once(other_method)),
    Cause("required-field-missing", "field_missing", _form("create", "required"), lambda p: p.once(nameless)),
    Cause("required-field-missing", "name_empty", _form("create", "minLength"), _named("")),
    Cause("blank-name", "name_blank", _form("create", "pattern"), _named(_BLANKS)),
    Cause("type-not-allowed", "type_not_allowed", _form("create", "enum"), _odd_type),
    Cause("text-too-long", "text_too_long", _form("create", "maxLength"), _named("n" * _LONG)),
    Cause("update-type-not-allowed", "new_type_not_allowed", _form("update", "enum"), _updated(type=_ODD_TYPE)),
    Cause("update-empty-name", "new_name_empty", _form("update", "minLength"), _updated(name="")),
    Cause("update-empty-name", "new_name_blank", _form("update", "pattern"), _updated(name=_BLANKS)),
    Cause("text-too-long", "new_text_too_long", _form("update", "maxLength"), _updated(name="n" * _LONG)),
    Cause("unknown-field", "field_unknown", _service("unknown-fields", *_FORMS), _updated(**{_ODD_FIELD: "1"})),
    Cause("field-of-another-type", "field_foreign", _service("foreign-fields", *_FORMS), _foreign_field),
    Cause("invalid-utf-8", "text_unreadable", _service("invalid-utf-8", *_FORMS), _no_text),
    Cause("page-not-valid", "page_not_valid", _parameter("page"), lambda prober: prober.list(page="0")),
    Cause(
        "page-size-not-allowed", "page_size_not_allowed", _parameter("size"),
        lambda prober: prober.list(size=min(prober.facts.sizes) - 3),
    ),
)  # fmt: skip
