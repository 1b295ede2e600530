"""Learns how a service refuses: status, media type, headers and body as sent, whatever the document says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from contract_tests.document import NOBODYS
from contract_tests.guard.exchange import Exchange, json_line
from contract_tests.learning.draft import Draft, Tree
from contract_tests.learning.presentation import (
    Look,
    SeenResponse,
    look_of,
    reworded,
    shared_headers,
    texts_in,
    varying_headers,
)
from contract_tests.learning.responses import (
    documented,
    examples,
    holders,
    place,
    say,
)
from contract_tests.probes.observations import (
    missing_bearer,
    not_there,
    nowhere,
    wrong_key,
)
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import Undecided, Unlisted
from contract_tests.target.api import TargetResponse
from mock_server.document.treatments import spelled


class Cause(NamedTuple):
    """A reason for a refusal: the question that it belongs to, and the name of the refusal.

    `word`: the word of `x-service` that names the refusal; empty if the name is fixed. `tells`: what a refusal may
    repeat of the request. `respell` provokes it at another spelling of the path, to see how the path is repeated.
    """

    question: str
    name: str
    word: str
    provoke: Callable[[Prober], TargetResponse]
    tells: Mapping[str, str] = {}
    respell: Callable[[Prober], TargetResponse] | None = None


def learn_refusals(prober: Prober, draft: Draft) -> None:
    """Provoke the refusals that do not depend on a form, and learn how they look."""
    _learn_headers(prober, draft)
    everywhere = draft.everywhere
    settled: dict[str, Look] = {}
    for cause in CAUSES:
        name = draft.tree["x-service"].get(cause.word, cause.name)
        if not isinstance(name, str) or not _places(draft.tree, name):
            continue  # the document tolerates it
        try:
            response, exchanges = prober.watch(cause.provoke)
        except (Undecided, Unlisted):
            continue
        if not 400 <= response.status < 500:
            continue
        seen = look_at(response, exchanges[-1], dict(cause.tells), everywhere)
        seen = _respelled(prober, cause, seen, everywhere)
        target = name if settled.setdefault(name, seen) == seen else cause.name
        if target != name or any(
            documented(draft.tree, each, name) != seen for each in _places(draft.tree, name)
        ):
            says = f"A refusal as sent: {seen.status}, {seen.media_type or 'no media type'}, {_short(seen.value)}."
            draft.learn(cause.question, says, exchanges[-1:], _change(cause, target, seen))
        draft.provoked[target] = None


def _respelled(prober: Prober, cause: Cause, seen: Look, everywhere: dict[str, str]) -> Look:
    """Return how a refusal looks that may repeat a path or an id in another spelling than that of the request."""
    if cause.respell is None or not re.search(r"\{(path|id)", repr(seen.value)):
        return seen
    try:
        response, exchanges = prober.watch(cause.respell)
    except (Undecided, Unlisted):
        return seen
    tells = {
        **cause.tells,
        **({"id": f"0{NOBODYS}", "id:number": str(NOBODYS)} if "id" in cause.tells else {}),
    }
    other = look_at(response, exchanges[-1], tells, everywhere)
    looks = ((look.status, look.media_type, look.value) for look in (seen, other))
    plain = [re.sub(r"\{(path|id):[a-z]+\}", r"{\1}", repr(look)) for look in looks]
    return other if plain[0] == plain[1] else seen


def _places(tree: Tree, name: str) -> list[Tree]:
    """Return the responses that hold a refusal."""
    return [each for each in holders(tree) if any(name in examples(tree, node) for node in each.values())]


def look_at(
    response: TargetResponse,
    exchange: Exchange,
    told: dict[str, str],
    everywhere: dict[str, str],
    *,
    keys: bool = False,
) -> Look:
    """Return how a refusal looks, without the headers that every response has."""
    parts = urlsplit(exchange.url)
    path, body = parts.path, response.body.decode(errors="replace").replace("\\/", "/")
    # Behind a guard, the host that the service sees is not that of the URL.
    seen = re.search(rf"https?://[^/\s\"'<>]+(?={re.escape(path)})", body)
    site = f"{parts.scheme}://{parts.netloc}" if seen is None else seen[0]
    paths = {"path": path, "path:relative": path[1:]}
    if parts.query:
        paths["target"] = f"{path}?{parts.query}"
    if path.endswith("/"):
        paths["path:bare"] = path.strip("/")
    facts = {"method": exchange.method, "site": site, **paths, **told}
    if field := facts.get("field", ""):  # as people write it
        forms = ("Words", "words", "camel") if "_" in field else ("Words",)
        facts |= {f"field:{form}": spelled(field, form) for form in forms}
    if "allow" in response.headers:
        allowed = response.headers["allow"]
        if re.fullmatch(
            r"[A-Z]+(?:, ?[A-Z]+)+", allowed
        ):  # in the service's order, which holds for all paths
            facts[f"methods:{allowed}"] = allowed
    look = look_of(SeenResponse(response.status, response.headers, response.body, facts), keys=keys)
    return look._replace(headers=tuple(pair for pair in look.headers if pair[0] not in everywhere))


def learn_targets(_: Prober, draft: Draft) -> None:
    """If one refusal repeats the query after a path, make all refusals that repeat a path do so."""
    if "{target}" in texts_in(draft.tree):
        says = "Refusals repeat the path with its query."
        change = reworded(draft.tree, lambda text: "{target}" if text == "{path}" else text)
        draft.learn("error-titles", says, (), lambda tree: tree.update(change))


def _short(value: Any) -> str:
    text = json_line(value) if value != "" else "an empty body"
    return text if len(text) <= 120 else f"{text[:120]}…"


def _learn_headers(prober: Prober, draft: Draft) -> None:
    """Learn the headers that every response of the API has had so far, and note those that vary."""
    every = [
        look_of(SeenResponse(each.status, each.headers, each.body, {}))
        for each in prober.responses
        if each.status
    ]
    draft.varying = varying_headers(every)
    responses = [
        each
        for each in prober.responses
        if each.status and "html" not in each.headers.get("content-type", "")
    ]
    shared = shared_headers(
        look_of(SeenResponse(each.status, each.headers, each.body, {})) for each in responses
    )
    if shared and shared != draft.tree["x-service"].get("x-headers", {}):

        def change(tree: Tree) -> None:
            tree["x-service"]["x-headers"] = shared

        draft.learn("headers", f"Every response has {', '.join(shared)}.", prober.exchanges[-1:], change)


def _change(cause: Cause, name: str, seen: Look) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        say(tree, name, seen)
        for responses in [tree["x-service"]["refusals"]] if cause.word else _places(tree, name):
            place(tree, responses, name, seen)
        if cause.word:
            tree["x-service"][cause.word] = name

    return change


CAUSES = (
    Cause("error-titles", "missing_bearer", "", lambda prober: prober.once(missing_bearer)),
    Cause("wrong-key-status", "no_access", "", lambda prober: prober.once(wrong_key)),
    Cause(
        "error-titles",
        "not_found",
        "",
        lambda prober: prober.once(not_there),
        {"id": str(NOBODYS)},
        lambda prober: prober.send("GET", prober.api.path_of("retrieve", f"0{NOBODYS}"), fresh=True),
    ),
    Cause(
        "unknown-route",
        "no_route",
        "unknown-route",
        lambda prober: prober.once(nowhere),
        respell=lambda prober: prober.send("GET", f"{prober.terms.nowhere}/", fresh=True),
    ),
)
