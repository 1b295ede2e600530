"""What no open question asks: where a new row stands, what a delete shows, links, redirects, ids and switches."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from contract_tests.guard.exchange import Exchange
from contract_tests.learning.draft import Draft, Tree, Unsayable
from contract_tests.learning.handlers import settings_node
from contract_tests.learning.presentation import Look, worded
from contract_tests.learning.properties import kind_of
from contract_tests.learning.refusals import look_at
from contract_tests.learning.responses import component, form_of, operations, own_response, place, say
from contract_tests.probes.finding import Undecided, Unlisted
from contract_tests.probes.observations import NOBODYS, first_page, handler, renaming
from contract_tests.probes.page import Page
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import is_success, mapping, number
from contract_tests.target.api import Answer

_ODD_WORD = "maybe"
_ODD_ID = "no-such-id"
_ODD_PAGE = "no-page"
_FAR = 99_999
_SPELLINGS = ("1", "0", "true", "false", "on", "off", "yes", "no", "True", "FALSE")


def learn_location(prober: Prober, draft: Draft) -> None:
    """Look for the address of a new row in the header Location."""
    answer, seen = prober.watch(lambda asked: asked.once(handler).created)
    location, row = answer.headers.get("location"), prober.once(handler).id
    if location is None:
        return
    site = "{0.scheme}://{0.netloc}".format(urlsplit(seen[-1].url))
    text = re.sub(rf"(?<!\d){row}(?!\d)", "{id}", location.replace(site, "{site}"))
    text = text if "{site}" in text else re.sub(r"^https?://[^/]+", "{site}", text)

    def change(tree: Tree) -> None:
        responses = dict(operations(tree))[draft.facts.operation("create").id]["responses"]
        response = own_response(tree, responses, draft.facts.operation("create").success)
        node = {"description": "The address of the new row.", "schema": {"type": "string"}, "x-text": text}
        response["headers"] = {**response.get("headers", {}), "Location": node}

    draft.learn("location", f"A create answers with Location: {text}.", seen[-1:], change)


def learn_deleted(prober: Prober, draft: Draft) -> None:
    """Take over what a delete shows, if it is neither an empty body with a media type nor a 204."""
    exchange = next(
        (each for each in prober.exchanges if each.method == "DELETE" and 200 <= each.status < 300), None
    )
    if exchange is None:
        return
    row, media_type = exchange.url.rstrip("/").rpartition("/")[2], dict(exchange.headers).get("content-type")
    success = draft.facts.operation("delete")
    if not exchange.body and (media_type is None) == (exchange.status == 204):
        return
    says, schema = f"A delete is answered {exchange.status} without a body, its media type {media_type}.", {}
    if exchange.body:
        says = f"A delete is answered {exchange.status} with {exchange.body[:80]}."
        media_type = media_type or "application/json"
        try:
            schema = _shape(json.loads(exchange.body), row)
        except (ValueError, RecursionError):
            draft.unsaid.append(f"A delete is answered {exchange.status} with a body that is not JSON.")
            return
    change = _deleted(draft, success.success, exchange.status, media_type, schema)
    draft.learn("delete-status", says, (exchange,), change)


def _shape(value: Any, row: str) -> dict[str, Any]:
    """Return the schema of a body: constants, texts with placeholders, and the row's id."""
    if isinstance(value, dict):
        return {
            "type": "object",
            "required": list(value),
            "properties": {key: _shape(each, row) for key, each in value.items()},
        }
    if isinstance(value, int) and not isinstance(value, bool) and str(value) == row:
        return {"type": "integer", "x-value": "id"}
    if isinstance(value, str) and worded(value, {}) != value:
        return {"type": "string", "x-text": worded(value, {})}
    return {"const": value}


def _deleted(
    draft: Draft, before: int, status: int, media_type: str | None, schema: dict[str, Any]
) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        responses = dict(operations(tree))[draft.facts.operation("delete").id]["responses"]
        response = own_response(tree, responses, before)
        del responses[str(before)]
        responses[str(status)] = response
        response.pop("x-empty-body", None)
        response.pop("content", None)
        if media_type is not None and not schema:
            response["x-empty-body"] = media_type
        elif media_type is not None:
            kind = media_type.removesuffix(f"; charset={tree['x-service']['charset']}")
            response["content"] = {kind: {"schema": schema}}

    return change


def learn_paging(prober: Prober, draft: Draft) -> None:
    """Look which parameters links repeat, in which order, and which page comes before one beyond the last."""
    default, other = draft.facts.default_size, min(draft.facts.sizes)
    asked = [
        ("given", {"page": 1, "size": other}),
        ("default", {"page": 1, "size": default}),
        ("absent", {"page": 1}),
    ]
    queries: dict[str, list[tuple[str, str]]] = {}
    seen: tuple[Exchange, ...] = ()
    for name, query in asked:
        answer, seen = prober.watch(lambda asking, query=query: asking.list(**query))  # type: ignore[misc]
        link = str(Page(answer, prober.expectations).value("link-self"))
        queries[name] = parse_qsl(urlsplit(link).query)
    size, page = draft.facts.size_parameter, draft.facts.page_parameter
    shows = {name: size in dict(query) for name, query in queries.items()}
    repeats = (
        "always"
        if shows["absent"]
        else "accepted"
        if shows["default"]
        else "not-default"
        if shows["given"]
        else "none"
    )
    words: dict[str, Any] = {"link-repeats": repeats}
    with_size = next((query for query in queries.values() if size in dict(query)), None)
    if with_size is not None:
        names = [name for name, _ in with_size]
        words["link-page"] = "first" if names.index(page) < names.index(size) else "last"
    answer, beyond = prober.watch(lambda asking: asking.list(page=_FAR))
    refused = _look(draft, answer, prober, {"field": page, "value": str(_FAR)})
    if is_success(answer):
        words |= _before(Page(answer, prober.expectations), page)
    elif refused is not None:
        words["beyond"] = "page_beyond_last"
    known = _paging(draft.tree, draft)
    usual = {"link-page": "last", "previous-beyond": "one-less"}
    if any(known.get(word, usual.get(word)) != said for word, said in words.items()):

        def change(tree: Tree) -> None:
            if refused is not None:
                say(tree, "page_beyond_last", refused)
            for item in tree["paths"].values():
                if "x-paging" in item.get("get", {}):
                    item["get"]["x-paging"] |= words
                    if refused is not None:
                        place(tree, item["get"]["responses"], "page_beyond_last", refused)

        told = ", ".join(f"{word} {said}" for word, said in words.items())
        draft.learn("links", f"Links of a page: {told}.", (*seen[-1:], *beyond[-1:]), change)


def _before(page: Page, parameter: str) -> dict[str, str]:
    """Return the word for the link to the page before one that is beyond the last."""
    previous, last = page.value("link-previous"), number(page.value("total-pages"))
    if page.rows or number(page.value("page")) != _FAR:
        return {}
    if previous is None:
        return {"previous-beyond": "none"}
    told = dict(parse_qsl(urlsplit(str(previous)).query)).get(parameter)
    return {"previous-beyond": "last" if told == str(last or 1) else "one-less"}


def _paging(tree: Tree, draft: Draft) -> Tree:
    found: Tree = tree["paths"][draft.facts.operation("list").path]["get"]["x-paging"]
    return found


def learn_redirect(prober: Prober, draft: Draft) -> None:
    """Look how a redirect to the other spelling of a path looks."""
    if draft.tree["x-service"]["trailing-slash"] != "redirect":
        return
    path = prober.api.path_of("retrieve", prober.once(handler).id)
    answer, seen = prober.watch(lambda asking: asking.send("GET", f"{path}/"))
    if not 300 <= answer.status < 400:
        return
    location = "path" if answer.headers.get("location", "").startswith("/") else "absolute"
    words = {"status": answer.status, "location": location}
    if words != {"status": 301, "location": "path"}:
        says = f"A redirect has the status {answer.status} and says an {location} address."
        draft.learn("trailing-slash", says, seen[-1:], lambda tree: tree["x-service"].update(redirect=words))


def learn_ids(prober: Prober, draft: Draft) -> None:
    """Ask for rows whose id is a word, and 0."""
    name = _path_parameter(draft.tree)["name"]
    looks: dict[str, Look | None] = {}
    seen: tuple[Exchange, ...] = ()
    for kind, text in (("word", _ODD_ID), ("number", "0")):
        answer, seen = prober.watch(_retrieving(text))
        looks[kind] = _look(draft, answer, prober, {"field": name, "value": text, "id": text})
    missing = _look(
        draft, prober.send("GET", prober.api.path_of("retrieve", NOBODYS)), prober, {"id": str(NOBODYS)}
    )
    if None in looks.values() or all(look == missing for look in looks.values()):
        return
    names = {kind: f"id_not_valid_{kind}" if look != missing else "not_found" for kind, look in looks.items()}

    def change(tree: Tree) -> None:
        for kind, look in looks.items():
            if look is not None and names[kind] != "not_found":
                _place_below_ids(tree, names[kind], look)
        parameter = _path_parameter(tree)
        parameter["x-otherwise"] = names
        parameter["x-cast"] = "strict-integer"

    draft.learn(
        "id-not-a-number", f"An id that is not a number is refused: {looks['word']}.", seen[-1:], change
    )


def _retrieving(text: str) -> Callable[[Prober], Answer]:
    return lambda prober: prober.send("GET", prober.api.path_of("retrieve", text))


def _path_parameter(tree: Tree) -> Tree:
    nodes: dict[str, Tree] = tree["components"]["parameters"]
    return next(node for node in nodes.values() if node["in"] == "path")


def _place_below_ids(tree: Tree, name: str, look: Look) -> None:
    """Put a refusal into each operation on a row."""
    say(tree, name, look)
    for path, item in tree["paths"].items():
        for method in ("get", "post", "delete"):
            if "{" in path and method in item:
                place(tree, item[method]["responses"], name, look)


def _look(draft: Draft, answer: Answer, prober: Prober, facts: Mapping[str, str]) -> Look | None:
    """Return how the last refusal looks, None if it is none."""
    if not 400 <= answer.status < 500:
        return None
    everywhere = draft.tree["x-service"].get("x-headers", {})
    return look_at(answer, prober.exchanges[-1], dict(facts), everywhere)


def learn_page_words(prober: Prober, draft: Draft) -> None:
    """Ask for a page that is a word: it may be refused in other words than page 0."""
    parameter = draft.facts.page_parameter
    answer, seen = prober.watch(lambda asking: asking.list(page=_ODD_PAGE))
    look = _look(draft, answer, prober, {"field": parameter, "value": _ODD_PAGE})
    known = _parameter(draft.tree, parameter).get("x-otherwise", "default")
    if look is None or not isinstance(known, str) or known == "default":
        return
    zero = _look(draft, prober.list(page="0"), prober, {"field": parameter, "value": "0"})
    if look == zero:
        return

    def change(tree: Tree) -> None:
        say(tree, "page_not_a_number", look)
        for item in tree["paths"].values():
            if "x-paging" in item.get("get", {}):
                place(tree, item["get"]["responses"], "page_not_a_number", look)
        _parameter(tree, parameter)["x-otherwise"] = {"number": known, "word": "page_not_a_number"}

    draft.learn(
        "page-not-valid",
        f"A page that is a word is refused in its own way: {look.status}.",
        seen[-1:],
        change,
    )


def _parameter(tree: Tree, name: str) -> Tree:
    nodes: dict[str, Tree] = tree["components"]["parameters"]
    return next(node for node in nodes.values() if node["name"] == name)


def learn_unsent(prober: Prober, draft: Draft) -> None:
    """Create a row of a type with fields and send none of them: they may be null."""
    kind = prober.kinds.pair
    form = {draft.facts.form["name"]: prober.name(), draft.facts.form["type"]: kind}
    (_, row), seen = prober.watch(lambda asking: asking.create(form))
    if row is None:
        return
    shown = mapping(prober.retrieve(row).get(draft.facts.row["settings"]))
    prober.discard(row)
    own = draft.facts.types[kind]
    if not all(name in shown and shown[name] is None for name in own):
        return

    def change(tree: Tree) -> None:
        for operation in ("create", "update"):
            form_of(tree, draft.facts.operation(operation).id)["x-own-field-unsent"] = "null"
        for each in draft.facts.types:
            node = settings_node(draft, tree, each)
            for name in draft.facts.types[each]:
                if name in node.get("properties", {}):
                    node["properties"][name] = {**node["properties"][name], "type": ["string", "null"]}
        _allow_null(tree, draft)

    draft.learn("own-field-unsent", "A field that is not sent is stored as null.", seen, change)


def _allow_null(tree: Tree, draft: Draft) -> None:
    """Let settings hold null, if the schema of the rows says what they hold."""
    key = draft.facts.row["settings"]
    for schema in tree["components"]["schemas"].values():
        settings = schema.get("properties", {}).get(key)
        if settings is not None and "additionalProperties" in component(tree, settings):
            component(tree, settings)["additionalProperties"] = {"type": ["string", "null"]}


def learn_switch(prober: Prober, draft: Draft) -> None:
    """Ask which texts the switch takes, if it does not take every text."""
    row, field = prober.once(renaming).handler, draft.facts.form["enabled"]
    answer, seen = prober.watch(lambda _: row.update(enabled=_ODD_WORD))
    look = _look(draft, answer, prober, {"field": field, "value": _ODD_WORD})
    if look is None:
        return
    taken = [text for text in _SPELLINGS if is_success(row.update(enabled=text))]
    row.update(enabled="1")
    if "1" not in taken or "0" not in taken:
        raise Undecided("the switch takes neither 1 nor 0")

    def change(tree: Tree) -> None:
        say(tree, "switch_not_valid", look)
        update = draft.facts.operation("update")
        place(tree, dict(operations(tree))[update.id]["responses"], "switch_not_valid", look)
        node = component(tree, form_of(tree, update.id)["properties"][field])
        node |= {"enum": taken, "x-cast": "spelled-boolean", "x-otherwise": "switch_not_valid"}

    draft.learn(
        "is-enabled-text", f"{field} takes {', '.join(taken)} and refuses other texts.", seen[-1:], change
    )


def learn_stages(prober: Prober, draft: Draft) -> None:
    """Update a row that does not exist to a type that does not exist: which of the two is refused first."""
    checks: list[str] = draft.tree["x-service"]["checks"]
    refused = form_of(draft.tree, draft.facts.operation("update").id).get("x-refusals", {})
    if "enum" not in refused or checks.index("form") < checks.index("existence"):
        return
    form = {draft.facts.form["type"]: "no-such-type"}
    answer, seen = prober.watch(
        lambda asking: asking.send("POST", asking.api.path_of("update", NOBODYS), form=form)
    )
    missing = _look(
        draft, prober.send("GET", prober.api.path_of("retrieve", NOBODYS)), prober, {"id": str(NOBODYS)}
    )
    found = _look(draft, answer, prober, {"id": str(NOBODYS)})
    if found is None or missing is None or found.status == missing.status:
        return

    def change(tree: Tree) -> None:
        order = tree["x-service"]["checks"]
        if "existence" not in order:
            raise Unsayable("The document does not say when a row is looked for.")
        order.remove("existence")
        order.insert(order.index("form") + 1, "existence")

    draft.learn("checks-order", "A form is refused before its row is looked for.", seen[-1:], change)


# The facts of a page, the most telling first: of the numbers `page`, `size`, `total`, `pages`, and `count` of its rows.
_PAGE_FACTS: Mapping[str, Callable[[Mapping[str, int]], Any]] = {
    "count": lambda page: page["count"],
    "has-more": lambda page: page["page"] < page["pages"],
    "has-previous": lambda page: page["page"] > 1,
    "is-first": lambda page: page["page"] == 1,
    "is-last": lambda page: page["page"] >= page["pages"],
    "offset": lambda page: (page["page"] - 1) * page["size"],
    "from": lambda page: (page["page"] - 1) * page["size"] + 1 if page["count"] else None,
    "to": lambda page: (page["page"] - 1) * page["size"] + page["count"] if page["count"] else None,
    "page": lambda page: page["page"],
    "page-size": lambda page: page["size"],
    "total": lambda page: page["total"],
    "total-pages": lambda page: page["pages"],
    "next-page": lambda page: page["page"] + 1 if page["page"] < page["pages"] else None,
    "previous-page": lambda page: page["page"] - 1 if page["page"] > 1 else None,
}


def learn_page_facts(prober: Prober, draft: Draft) -> None:
    """Recognize what else a page tells of itself, such as how many rows are on it, by all pages seen so far."""
    listed = draft.facts.operation("list")
    steps = draft.facts.schemas.path_to(listed.answer, "total")[:-1]
    known = draft.facts.schemas.properties(draft.facts.schemas.at(listed.answer, steps))
    pages = list(_pages(prober))
    found = {}
    for key in known:
        seen = [(page, meta[key]) for page, meta in pages if key in meta]
        if "x-value" in known[key] or not seen:
            continue
        fact = next(
            (name for name, tell in _PAGE_FACTS.items() if all(_is(tell(page), told) for page, told in seen)),
            "",
        )
        if fact:
            found[key] = {"type": sorted({kind_of(told) for _, told in seen}), "x-value": fact}
        elif any(told != seen[0][1] for _, told in seen):
            draft.unsaid.append(f"{'.'.join(steps)}.{key} of a page follows no known rule.")
    if not found:
        return

    def change(tree: Tree) -> None:
        node = component(tree, dict(operations(tree))[listed.id]["responses"][str(listed.success)])
        node = component(tree, next(iter(node["content"].values()))["schema"])
        for step in steps:
            node = component(tree, node["properties"][step])
        node["properties"] = {**node["properties"], **found}

    says = ", ".join(f"{key} is {node['x-value']}" for key, node in found.items())
    draft.learn("meta", f"Of a page: {says}.", prober.exchanges[-1:], change)


def _is(fact: Any, told: Any) -> bool:
    return type(fact) is type(told) and bool(fact == told)


def _pages(prober: Prober) -> Iterator[tuple[dict[str, int], Mapping[str, Any]]]:
    """Yield the numbers of each page that was seen, and the object that tells them."""
    words = {"page": "page", "size": "page-size", "total": "total", "pages": "total-pages"}
    for answer in prober.answers:
        try:
            page = Page(answer, prober.expectations)
        except Unlisted:
            continue
        numbers = {name: number(page.value(word)) for name, word in words.items()}
        told = {name: value for name, value in numbers.items() if value is not None}
        if len(told) == len(words):
            yield {**told, "count": len(page.rows)}, page.meta


def learn_first_page(prober: Prober, draft: Draft) -> None:
    """Take over what stands beside the documented parts of a list's envelope."""
    page, seen = prober.watch(lambda asking: asking.once(first_page))
    known = {*draft.facts.schemas.properties(draft.facts.operation("list").answer)}
    try:
        body = page.answer.json()
    except ValueError:
        return
    more = (
        {key: _shape(value, "") for key, value in body.items() if key not in known}
        if isinstance(body, dict)
        else {}
    )
    if not more:
        return

    def change(tree: Tree) -> None:
        for kind in ("list", "retrieve", "create", "update"):
            operation = draft.facts.operation(kind)
            response = component(
                tree, dict(operations(tree))[operation.id]["responses"][str(operation.success)]
            )
            schema = component(tree, next(iter(response["content"].values()))["schema"])
            schema["properties"] = {**schema["properties"], **more}

    draft.learn("envelope", f"Successes have {', '.join(more)} beside the documented parts.", seen, change)
