"""Learns what no open question asks: what successes return, the address of a new row, links, and facts of a page."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from contract_tests.document import Facts, by_form, read
from contract_tests.guard.exchange import Exchange
from contract_tests.learning.draft import Draft, Tree
from contract_tests.learning.presentation import Look, fresh, reworded, worded
from contract_tests.learning.refusals import look_at
from contract_tests.learning.responses import (
    adjust,
    component,
    extra,
    kind_of,
    missing,
    operations,
    own_response,
    place,
    resolved,
    say,
)
from contract_tests.probes.observations import SeenPage, first_page, handler, renaming
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import Undecided, Unlisted, is_success, mapping, number
from contract_tests.target.api import TargetResponse

_ODD_WORD = "maybe"
_ODD_ID = "no-such-id"
_ODD_PAGE = "no-page"
_FAR = 99_999
_NO_PARAMETER, _EMPTY_PARAMETER = "filter", "tag"
_SPELLINGS = ("1", "0", "true", "false", "on", "off", "yes", "no", "True", "FALSE")


def learn_location(prober: Prober, draft: Draft) -> None:
    """Look for the address of a new row in the header Location."""
    received, seen = prober.watch(lambda asked: asked.once(handler).created)
    location, row = received.headers.get("location"), prober.once(handler).id
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
    """Learn what a delete returns, unless it is an empty body with a media type, or a 204."""
    exchange = next(
        (each for each in prober.exchanges if each.method == "DELETE" and 200 <= each.status < 300), None
    )
    if exchange is None:
        return
    row, media_type = exchange.url.rstrip("/").rpartition("/")[2], dict(exchange.headers).get("content-type")
    success = draft.facts.operation("delete")
    if not exchange.body and (media_type is None) == (exchange.status == 204):
        return
    says, schema = f"A delete returns {exchange.status} without a body, its media type {media_type}.", {}
    if exchange.body:
        says = f"A delete returns {exchange.status} with {exchange.body[:80]}."
        if isinstance(read(exchange.body.encode(), "json"), dict):
            media_type = media_type or "application/json"
            schema = _retrieved(prober, draft) or _shape(json.loads(exchange.body), row)
            if properties := schema.get("properties"):
                bodies = _bodies(prober, "DELETE")
                schema["properties"] = {key: _fresh(key, bodies) or node for key, node in properties.items()}
        else:
            media_type = media_type or "text/plain"
            schema = {"type": "string", "x-text": worded(exchange.body, {"id": row})}
    change = _deleted(draft, success.success, exchange.status, media_type, schema)
    draft.learn("delete-status", says, (exchange,), change)


def _bodies(prober: Prober, method: str) -> list[Mapping[str, Any]]:
    """Return the objects that all successes of a method have shown so far."""
    seen = [each for each in prober.exchanges if each.method == method and 200 <= each.status < 300]
    return [mapping(read(each.body.encode(), "json")) for each in seen]


def _fresh(key: str, bodies: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the schema of an undocumented key whose value is new in each response; nothing if it is not."""
    return fresh([body[key] for body in bodies if key in body])


def _retrieved(prober: Prober, draft: Draft) -> dict[str, Any]:
    """Return the schema of a row, if a delete shows it as a retrieve does; nothing if it does not."""
    retrieve = draft.facts.operation("retrieve")
    looks: dict[str, str] = {}
    told = []
    for exchange in prober.exchanges:
        if not 200 <= exchange.status < 300:
            continue
        url, body = exchange.url.rstrip("/"), by_form(exchange.body)
        before = looks.pop(url, "")  # after an update, an earlier look counts no longer
        if exchange.method == "GET":
            looks[url] = body
        elif exchange.method == "DELETE" and before:
            told.append(json.loads(before) == json.loads(body))
    if not told or not all(told):
        return {}
    response = resolved(
        draft.tree, dict(operations(draft.tree))[retrieve.id]["responses"][str(retrieve.success)]
    )
    schema: dict[str, Any] = next(iter(response["content"].values()))["schema"]
    return schema


def learn_deleted_twice(prober: Prober, draft: Draft) -> None:
    """Delete a row a second time: the response may be the same as the first time."""
    deleted = [each for each in prober.exchanges if each.method == "DELETE" and 200 <= each.status < 300]
    if prober.spares and deleted:
        row, first = (
            int(deleted[-1].url.rstrip("/").rpartition("/")[2]),
            (deleted[-1].status, deleted[-1].body),
        )
    else:
        response, made = prober.create(prober.kinds.form(prober.kinds.plain, prober.name()))
        if made is None:
            raise Undecided(f"a plain create returns {response.status}")
        row, response = made, prober.discard(made)
        first = response.status, response.body.decode(errors="replace")
    again = prober.send("DELETE", prober.api.path_of("delete", row), fresh=True)
    if is_success(again) and (again.status, again.body.decode(errors="replace")) == first:

        def change(tree: Tree) -> None:
            dict(operations(tree))[draft.facts.operation("delete").id]["x-if-missing"] = "done"

        says = f"A row that was deleted is deleted again with {again.status}."
        draft.learn("delete-status", says, prober.exchanges[-1:], change)


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
        response["description"] = "The row is deleted."
        response.pop("x-empty-body", None)
        response.pop("content", None)
        if media_type is not None and not schema:
            response["x-empty-body"] = media_type
        elif media_type is not None:
            kind = media_type.removesuffix(f"; charset={tree['x-service']['charset']}")
            response["content"] = {kind: {"schema": schema}}

    return change


def learn_paging(prober: Prober, draft: Draft) -> None:
    """Learn which parameters links repeat, in which order, and which page precedes one beyond the last."""
    words, seen = _link_words(prober, draft)
    page = draft.facts.page_parameter
    answer, beyond = prober.watch(lambda asking: asking.list(page=_FAR))
    refused = _look(draft, answer, prober, {"field": page, "value": str(_FAR)})
    if is_success(answer):
        words |= _before(SeenPage(answer, prober.expectations), prober)
    elif refused is not None:
        words["beyond"] = "page_beyond_last"
        pages = number(SeenPage(prober.list(page=1, fresh=True), prober.expectations).value("total-pages"))
        refused = refused._replace(value=reworded(refused.value, partial(_with_pages, str(pages))))
    words |= _nothing(prober)
    known = _paging(draft.tree, draft)
    usual = {"link-page": "last", "previous-beyond": "one-less"}
    if any(known.get(word, usual.get(word)) != said for word, said in words.items()):

        def change(tree: Tree) -> None:
            if refused is not None:
                say(tree, "page_beyond_last", refused)
            for item in tree["paths"].values():
                if "x-paging" in item.get("get", {}):
                    item["get"]["x-paging"] |= words
                    if words.get("empty") == "no-links":
                        _link_node(tree, draft.facts)["type"] = ["string", "null"]
                    if refused is not None:
                        place(tree, item["get"]["responses"], "page_beyond_last", refused)

        told = ", ".join(f"{word} {said}" for word, said in words.items())
        draft.learn("links", f"Links of a page: {told}.", (*seen[-1:], *beyond[-1:]), change)


def _link_node(tree: Tree, facts: Facts) -> Tree:
    """Return the schema of the link to the first page; changes to it change the tree."""
    node = _envelope(tree, facts, "list")
    for key in facts.schemas.path_to(facts.operation("list").response, "link-first"):
        node = component(tree, node)["properties"][key]
    return component(tree, node)


def _link_words(prober: Prober, draft: Draft) -> tuple[dict[str, Any], tuple[Exchange, ...]]:
    """Return the words of `x-paging` that say which parameters links repeat, and where the page is among them."""
    # A run that writes has asked for the largest pages already.
    default, other = draft.facts.default_size, (max if prober.can_write else min)(draft.facts.sizes)
    asked = [
        ("given", {"page": 1, "size": other}),
        ("default", {"page": 1, "size": default}),
        ("absent", {} if prober.once(first_page).value("link-self") else {"page": 1}),
    ]
    queries: dict[str, list[tuple[str, str]]] = {}
    seen: tuple[Exchange, ...] = ()
    for name, query in asked:
        answer, seen = prober.watch(lambda asking, query=query: asking.list(**query))  # type: ignore[misc]
        link = str(SeenPage(answer, prober.expectations).value("link-self"))
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
    with_size = next(([name for name, _ in query] for query in queries.values() if size in dict(query)), None)
    words: dict[str, Any] = {}
    if with_size is not None:
        words["link-page"] = "first" if with_size.index(page) < with_size.index(size) else "last"
    if repeats == "accepted":
        repeats, order = _repeated(prober, draft)
        if order == sorted(order) and page in order[1:-1]:
            words["link-page"] = "sorted"
    words["link-repeats"] = repeats
    return words, seen


def _with_pages(pages: str, text: str) -> str:
    """Return a text about a page beyond the last, with a placeholder for the number of pages if it ends with that."""
    return re.sub(rf"(?<![\w.,-]){pages}(?![\w,])(?!.*\b{pages}\b)", "{pages}", text)


def _repeated(prober: Prober, draft: Draft) -> tuple[str, list[str]]:
    """Return the word for links that repeat what was sent, and the order of the parameters in them.

    They may even repeat an unknown parameter, or one without a value; or the size that was used.
    """
    size = draft.facts.size_parameter
    asked = [(size, str(min(draft.facts.sizes))), (_NO_PARAMETER, "1"), (_EMPTY_PARAMETER, "")]
    order = [*_link_of(prober, draft, dict(asked))]
    if _EMPTY_PARAMETER in order:
        return "sent-empty", order
    if _NO_PARAMETER in order:
        return "sent", order
    if prober.spares:
        return "accepted", order
    default = str(draft.facts.default_size)
    if _link_of(prober, draft, {size: _ODD_WORD}).get(size) == default:
        return "used-empty" if _link_of(prober, draft, {size: ""}).get(size) == default else "used", order
    least, most = min(draft.facts.sizes), max(draft.facts.sizes)
    for text in (f"0{least}", str(most - 1)):  # which may be taken for a size that is listed
        if size not in _link_of(prober, draft, {size: text}) and is_success(prober.responses[-1]):
            shown = SeenPage(prober.responses[-1], prober.expectations).value("page-size")
            if shown in (least, most):
                return "as-sent", order
    return "accepted", order


def _link_of(prober: Prober, draft: Draft, query: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters in the link of a list to itself, for a query; nothing if it has no such link."""
    try:
        response = prober.send("GET", draft.facts.operation("list").path, query=query, fresh=True)
        link = SeenPage(response, prober.expectations).value("link-self")
    except (Undecided, Unlisted):
        return {}
    return dict(parse_qsl(urlsplit(str(link)).query, keep_blank_values=True))


def _nothing(prober: Prober) -> dict[str, str]:
    """Return the word for an empty list, if the account was empty at the beginning."""
    try:
        page = prober.once(first_page)
    except (Undecided, Unlisted):
        return {}
    if number(page.value("total")) != 0:
        return {}
    if page.value("link-last") is None:
        return {"empty": "no-links"} if page.value("link-first") is None else {}
    return {"empty": "one-page" if number(page.value("total-pages")) == 1 else "first-page"}


def _before(page: SeenPage, prober: Prober) -> dict[str, str]:
    """Return the word for the previous link of a page beyond the last."""
    previous, last = page.value("link-previous"), number(page.value("total-pages")) or 1
    if page.rows or number(page.value("page")) != _FAR:
        return {}
    if previous is None:
        near = SeenPage(prober.list(page=last + 1), prober.expectations)
        is_linked = not near.rows and near.value("link-previous") is not None
        return {"previous-beyond": "of-the-next" if is_linked else "none"}
    told = dict(parse_qsl(urlsplit(str(previous)).query)).get(prober.facts.page_parameter)
    return {"previous-beyond": "last" if told == str(last) else "one-less"}


def _paging(tree: Tree, draft: Draft) -> Tree:
    found: Tree = tree["paths"][draft.facts.operation("list").path]["get"]["x-paging"]
    return found


def _look(draft: Draft, response: TargetResponse, prober: Prober, facts: Mapping[str, str]) -> Look | None:
    """Return how the last refusal looks; None if the response is not one."""
    if not 400 <= response.status < 500:
        return None
    everywhere = draft.everywhere
    return look_at(response, prober.exchanges[-1], dict(facts), everywhere)


# The facts of a page, the most telling ones first, made of the numbers `page`, `size`, `total`, `pages` and `count`.
class _PageFact(NamedTuple):
    """A fact of a page: what a sentence says about the property that shows it, and its value."""

    says: str
    tell: Callable[[Mapping[str, int]], Any]


_PAGE_FACTS: Mapping[str, _PageFact] = {
    "count": _PageFact("is the number of rows on the page", lambda page: page["count"]),
    "has-more": _PageFact("says whether another page follows", lambda page: page["page"] < page["pages"]),
    "has-previous": _PageFact("says whether an earlier page exists", lambda page: page["page"] > 1),
    "is-first": _PageFact("says whether the page is the first", lambda page: page["page"] == 1),
    "is-last": _PageFact("says whether the page is the last", lambda page: page["page"] >= page["pages"]),
    "offset": _PageFact(
        "is the number of rows before the page", lambda page: (page["page"] - 1) * page["size"]
    ),
    "from": _PageFact(
        "is the number of the page's first row",
        lambda page: (page["page"] - 1) * page["size"] + 1 if page["count"] else None,
    ),
    "to": _PageFact(
        "is the number of the page's last row",
        lambda page: (page["page"] - 1) * page["size"] + page["count"] if page["count"] else None,
    ),
    "page": _PageFact("is the page's number", lambda page: page["page"]),
    "page-size": _PageFact("is the size of the page", lambda page: page["size"]),
    "total": _PageFact("is the number of all rows", lambda page: page["total"]),
    "total-pages": _PageFact("is the number of pages", lambda page: page["pages"]),
    "next-page": _PageFact(
        "is the number of the next page",
        lambda page: page["page"] + 1 if page["page"] < page["pages"] else None,
    ),
    "previous-page": _PageFact(
        "is the number of the previous page", lambda page: page["page"] - 1 if page["page"] > 1 else None
    ),
}


def learn_page_facts(prober: Prober, draft: Draft) -> None:
    """Recognize what else a page says about itself, such as its number of rows, by all pages seen so far."""
    listed = draft.facts.operation("list")
    steps = draft.facts.schemas.path_to(listed.response, "total")[:-1]
    known = draft.facts.schemas.properties(draft.facts.schemas.at(listed.response, steps))
    pages = list(_pages(prober))
    found: dict[str, Any] = {}
    for key in known:
        seen = [(page, meta[key]) for page, meta in pages if key in meta]
        if "x-value" in known[key] or not seen:
            continue
        fits = (
            name for name, each in _PAGE_FACTS.items() if all(_is(each.tell(page), it) for page, it in seen)
        )
        words = {*re.split(r"[_-]", key)}
        fact = min(fits, key=lambda name, words=words: not {*name.split("-")} <= words, default="")  # type: ignore[misc]
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

    says = "; ".join(
        f"{'.'.join((*steps, key))} {_PAGE_FACTS[node['x-value']].says}" for key, node in found.items()
    )
    draft.learn("meta", f"{says}.", prober.exchanges[-1:], change)


def _is(fact: Any, told: Any) -> bool:
    """Tell whether a page shows a fact; a number may be written as a text."""
    return (type(fact) is type(told) and bool(fact == told)) or (type(fact) is int and told == str(fact))


def _pages(prober: Prober) -> Iterator[tuple[dict[str, int], Mapping[str, Any]]]:
    """Yield the numbers of each page that was seen, and the object that shows them."""
    words = {"page": "page", "size": "page-size", "total": "total", "pages": "total-pages"}
    for response in prober.responses:
        try:
            page = SeenPage(response, prober.expectations)
        except (Undecided, Unlisted):
            continue
        numbers = {name: number(page.value(word)) for name, word in words.items()}
        told = {name: value for name, value in numbers.items() if value is not None}
        if len(told) == len(words):
            yield {**told, "count": len(page.rows)}, page.meta


def learn_envelopes(prober: Prober, draft: Draft) -> None:
    """Learn the undocumented keys of successes: for reads as in a list, for each write by itself."""
    page, seen = prober.watch(lambda asking: asking.once(first_page))
    try:
        listed = mapping(page.response.json())
    except ValueError:
        return
    shared = _beside(draft, "list", [listed, *_bodies(prober, "GET")])
    found = {"list": shared, "retrieve": shared}
    for kind in ("create", "update"):
        bodies = [
            body
            for each in prober.exchanges
            if draft.facts.kind_of(each.operation) == kind and 200 <= each.status < 300
            and isinstance(body := read(each.body.encode(), "json"), dict)
        ]  # fmt: skip
        found[kind] = _beside(draft, kind, bodies) if bodies else shared
    if not any(found.values()):
        return

    def change(tree: Tree) -> None:
        for kind, more in found.items():
            own = kind in {"create", "update"}
            schema = _own_envelope(tree, draft.facts, kind) if own else _envelope(tree, draft.facts, kind)
            schema["properties"] = {**schema["properties"], **more}

    names = dict.fromkeys(name for more in found.values() for name in more)
    draft.learn("envelope", f"Successes have {', '.join(names)} beside the documented parts.", seen, change)


def _beside(draft: Draft, kind: str, bodies: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the schemas of the undocumented keys that all successes of an operation have."""
    known = draft.facts.schemas.properties(draft.facts.operation(kind).response)
    first = bodies[0]
    return {key: _fresh(key, bodies) or _shape(first[key], "") for key in first if key not in known}


def learn_statuses(prober: Prober, draft: Draft) -> None:
    """Learn the status with which each operation succeeds."""
    statuses: dict[str, Counter[int]] = {}
    for each in prober.exchanges:
        if 200 <= each.status < 300 and each.operation in draft.facts.operations:
            statuses.setdefault(draft.facts.kind_of(each.operation), Counter())[each.status] += 1
    for kind, seen in statuses.items():
        (status, _), *others = seen.most_common()
        if others:
            rare = " or ".join(str(code) for code, _ in others)
            draft.unsaid.append(f"A successful {kind} returns {status}, and sometimes {rare}.")
        if status != draft.facts.operation(kind).success:
            proof = next(
                each
                for each in prober.exchanges
                if each.status == status and draft.facts.kind_of(each.operation) == kind
            )
            draft.learn(
                f"{kind}-status",
                f"A successful {kind} returns {status}.",
                [proof],
                _become(draft, kind, status),
            )


def _become(draft: Draft, kind: str, status: int) -> Callable[[Tree], None]:
    before = str(draft.facts.operation(kind).success)

    def change(tree: Tree) -> None:
        for identity, node in operations(tree):
            if draft.facts.kind_of(identity) == kind:
                node["responses"][str(status)] = node["responses"].pop(before)

    return change


def learn_written(prober: Prober, draft: Draft) -> None:
    """Compare the responses to a create and to an update with the document's."""
    for kind, observe in (("create", _created), ("update", _updated)):
        response, seen = prober.watch(observe)
        shown = mapping(response.shown(*_steps(draft.facts, kind)))
        properties = draft.facts.schemas.properties(_schema(draft.facts, kind))
        rows: Sequence[Mapping[str, Any]] = [shown]
        more, fewer = extra(properties, rows), missing(properties, rows)
        more = {key: _as_row(draft.facts, key, shown[key], schema) for key, schema in more.items()}
        retyped = {
            key: {**properties[key], "type": kind_of(shown[key])}
            for key in properties
            if properties[key].get("x-value") == "settings" and key in shown
            and properties[key].get("type", "object") != kind_of(shown[key])
        }  # fmt: skip
        if more or fewer or retyped:
            says = f"The answer to {kind} has {', '.join(shown) or 'nothing'}."
            draft.learn("write-answer", says, seen[-1:], _change(draft, kind, more | retyped, fewer))


def _created(prober: Prober) -> TargetResponse:
    return prober.once(handler).created


def _updated(prober: Prober) -> TargetResponse:
    return prober.once(renaming).response


def _steps(facts: Facts, kind: str) -> tuple[str, ...]:
    return facts.schemas.path_to(facts.operation(kind).response, "id")[:-1]


def _schema(facts: Facts, kind: str) -> Mapping[str, Any]:
    return facts.schemas.at(facts.operation(kind).response, _steps(facts, kind))


def _as_row(facts: Facts, key: str, value: Any, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a key that handlers have, too: it shows the same fact."""
    listed = facts.operation("list").response
    items = facts.schemas.at(listed, facts.schemas.path_to(listed, "rows"))["items"]
    known = facts.schemas.properties(items).get(key)
    if known is None:
        return schema
    kind = {"type": "string"} if known.get("x-value") == "settings" and isinstance(value, str) else {}
    words = ("type", "enum", "minimum", "readOnly", "default", "x-value", "x-text")
    return {word: known[word] for word in words if word in known} | kind


def _change(
    draft: Draft, kind: str, more: Mapping[str, dict[str, Any]], fewer: list[str]
) -> Callable[[Tree], None]:
    facts = draft.facts

    def change(tree: Tree) -> None:
        node = _node(tree, facts, kind)
        adjust(node, more, [*fewer, *(key for key in more if key in node.get("properties", {}))])

    return change


def _envelope(tree: Tree, facts: Facts, kind: str) -> Tree:
    """Return the schema of an operation's success; changes to it change the tree."""
    operation = facts.operation(kind)
    response = component(tree, dict(operations(tree))[operation.id]["responses"][str(operation.success)])
    return component(tree, next(iter(response["content"].values()))["schema"])


def _own_envelope(tree: Tree, facts: Facts, kind: str) -> Tree:
    """Return the same as a schema that no other operation shares, so that changes affect this one alone."""
    responses = dict(operations(tree))[facts.operation(kind).id]["responses"]
    response = own_response(tree, responses, facts.operation(kind).success)
    media = next(iter(response["content"].values()))
    name = f"{kind.title()}Answer"
    envelope: Tree = copy.deepcopy(component(tree, media["schema"]))
    tree["components"]["schemas"][name] = envelope
    media["schema"] = {"$ref": f"#/components/schemas/{name}"}
    return envelope


def _node(tree: Tree, facts: Facts, kind: str) -> Tree:
    """Return the schema of what was written, in the operation's own envelope."""
    node = _own_envelope(tree, facts, kind)
    for step in _steps(facts, kind):
        node["properties"][step] = copy.deepcopy(component(tree, node["properties"][step]))
        node = node["properties"][step]
    return node
