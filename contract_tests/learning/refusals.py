"""How each cause is refused: status, media type, headers and body as sent, whatever the documented refusal says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from contract_tests.document import Facts
from contract_tests.guard.exchange import Exchange
from contract_tests.learning.draft import Draft, Tree, Unsayable
from contract_tests.learning.presentation import Look, SeenResponse, look_of, shared_headers
from contract_tests.learning.responses import (
    documented,
    examples,
    holders,
    operations,
    place,
    say,
)
from contract_tests.probes.observations import (
    NOBODYS,
    missing_bearer,
    not_there,
    wrong_key,
)
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import Undecided, Unlisted
from contract_tests.target.api import TargetResponse


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
    provoke: Callable[[Prober], TargetResponse]
    tells: Told = lambda _: {}
    again: tuple[Callable[[Prober], TargetResponse], Told] | None = None


def learn_refusals(prober: Prober, draft: Draft) -> None:
    """Provoke each refusal that the document knows of, and take over how it looks."""
    _learn_headers(prober, draft)
    everywhere = draft.tree["x-service"].get("x-headers", {})
    settled: dict[str, Look] = {}
    for cause in CAUSES:
        name = cause.own if cause.word is None else cause.word.read(draft.tree, draft.facts)
        if not isinstance(name, str) or not _is_refusal(draft.tree, name):
            continue  # the document tolerates it
        try:
            answer, exchanges = prober.watch(cause.provoke)
        except (Undecided, Unlisted):
            continue
        # A method that no path has may be answered 501.
        if not 400 <= answer.status < (600 if cause.own == "other_method" else 500):
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
    prober: Prober, cause: Cause, first: tuple[TargetResponse, Exchange], everywhere: dict[str, str]
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
    answer: TargetResponse,
    exchange: Exchange,
    told: dict[str, str],
    everywhere: dict[str, str],
    *,
    keys: bool = False,
) -> Look:
    """Return how a refusal looks, without the headers that every response has."""
    path = urlsplit(exchange.url).path
    facts = {"method": exchange.method, "path": path, "path:relative": path[1:], **told}
    if "allow" in answer.headers:
        methods = {word.strip() for word in answer.headers["allow"].split(",")}
        more = ",".join(sorted(methods - {"GET", "POST", "DELETE"}))
        if answer.headers["allow"] == ", ".join(sorted(methods)):  # as the mock lists them
            facts[f"methods:{more}" if more else "methods"] = answer.headers["allow"]
    look = look_of(SeenResponse(answer.status, answer.headers, answer.body, facts), keys=keys)
    return look._replace(headers=tuple(pair for pair in look.headers if pair[0] not in everywhere))


def _short(value: Any) -> str:
    text = repr(value) if value != "" else "an empty body"
    return text if len(text) <= 120 else f"{text[:120]}…"


def _learn_headers(prober: Prober, draft: Draft) -> None:
    """Take over the headers that every response of the API has had so far."""
    answers = [
        each for each in prober.answers if each.status and "html" not in each.headers.get("content-type", "")
    ]
    shared = shared_headers(
        look_of(SeenResponse(each.status, each.headers, each.body, {})) for each in answers
    )
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


# In this order: the first cause of a refusal says how it looks, a later one that differs gets one of its own.
CAUSES = (
    Cause("error-titles", "missing_bearer", None, lambda prober: prober.once(missing_bearer)),
    Cause("wrong-key-status", "no_access", None, lambda prober: prober.once(wrong_key)),
    Cause("error-titles", "not_found", None, lambda prober: prober.once(not_there), lambda _: {"id": str(NOBODYS)}),
    Cause("unknown-route", "no_route", _service("unknown-route"), lambda p: p.send("GET", p.terms.nowhere)),
)  # fmt: skip
