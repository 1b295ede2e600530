"""Learns the list: the keys of meta and links, the path in links, page sizes, and the order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from contract_tests.document import Facts
from contract_tests.learning.draft import Draft, Tree
from contract_tests.learning.responses import adjust, component, extra, kind_of, missing, operations
from contract_tests.probes.observations import SeenPage, first_page, handler, wide_response
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import (
    is_success,
    mapping,
    number,
    rows_in,
)
from contract_tests.target.api import TargetResponse


def learn_pages(prober: Prober, draft: Draft) -> None:
    """Compare the envelope of a page with the document's: its numbers and its links."""
    page, seen = prober.watch(lambda asked: asked.once(first_page))
    for word in ("total-pages", "link-first"):
        steps = draft.facts.schemas.path_to(draft.facts.operation("list").response, word)[:-1]
        shown = mapping(page.response.shown(*steps))
        known = draft.facts.schemas.properties(
            draft.facts.schemas.at(draft.facts.operation("list").response, steps)
        )
        more, fewer = extra(known, [shown]), missing(known, [shown])
        if renamed := _renamed(prober, known, more, fewer, shown):
            more |= renamed
        if more or fewer:
            says = f"{'.'.join(steps)} of a page has {', '.join(shown) or 'nothing'}."
            draft.learn(".".join(steps), says, seen, _adjust(draft.facts, steps, more, fewer))


def _renamed(
    prober: Prober,
    known: Mapping[str, Any],
    more: Mapping[str, Any],
    fewer: list[str],
    shown: Mapping[str, Any],
) -> dict[str, dict[str, Any]]:
    """Return the new number that replaces the total, since it counts the rows; None if none or several do."""
    lost = [key for key in fewer if known[key].get("x-value") == "total"]
    counts = [key for key in more if kind_of(shown[key]) == "integer"]
    if not lost or not counts or not prober.can_write:
        return {}
    later = SeenPage(prober.once(wide_response), prober.expectations)
    both = [key for key in counts if number(later.meta.get(key)) != number(shown[key]) or later.is_first]
    counted = [key for key in both if number(later.meta.get(key)) == len(later.rows) and later.is_last]
    return {key: {**known[lost[0]], "x-value": "total"} for key in counted[:1]}


def _adjust(
    facts: Facts, steps: tuple[str, ...], more: Mapping[str, Any], fewer: list[str]
) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        node = component(tree, _schema_of_list(tree, facts))
        for step in steps:
            node = component(tree, node["properties"][step])
        adjust(node, more, fewer)

    return change


def _schema_of_list(tree: Tree, facts: Facts) -> Tree:
    listed = facts.operation("list")
    response = component(tree, tree["paths"][listed.path]["get"]["responses"][str(listed.success)])
    schema: Tree = next(iter(response["content"].values()))["schema"]
    return schema


def learn_links(prober: Prober, draft: Draft) -> None:
    """Compare the path in links with the document's."""
    page, seen = prober.watch(lambda asked: asked.once(first_page))
    below = urlsplit(prober.api.base_url).path
    paths = {urlsplit(link).path.removeprefix(below) for link in page.links}
    known = _paging(draft.tree, draft.facts)["link-path"]
    if len(paths) == 1 and (path := paths.pop()) != known:
        draft.learn("links", f"Links lead to {path}.", seen, lambda tree: _set_path(tree, path))
    called = {"{0.scheme}://{0.netloc}".format(urlsplit(url)) for url in (prober.api.base_url, prober.url)}
    others = {"{0.scheme}://{0.netloc}".format(urlsplit(link)) for link in page.links} - called - {"://"}
    for site in sorted(others):
        draft.unsaid.append(
            f"Links begin with {site}. Those of a mock begin with its own address, to be followed."
        )


def _paging(tree: Tree, facts: Facts) -> Tree:
    found: Tree = tree["paths"][facts.operation("list").path]["get"]["x-paging"]
    return found


def _set_path(tree: Tree, path: str) -> None:
    for item in tree["paths"].values():
        if "x-paging" in item.get("get", {}):
            item["get"]["x-paging"]["link-path"] = path


def learn_sizes(prober: Prober, draft: Draft) -> None:
    """Get a page without a size, and one of each documented size that was not requested yet."""
    response, seen = prober.watch(lambda asked: asked.list())
    shown = number(SeenPage(response, prober.expectations).value("page-size"))
    if shown is not None and shown != draft.facts.default_size:
        draft.learn("page-size", f"A page has {shown} rows by default.", seen, _default(shown))
    if prober.spares:
        return  # requests count more than the sizes
    taken, proof = [], seen
    for size in draft.facts.sizes:
        response, proof = prober.watch(_at_size(size))
        if (
            is_success(response)
            and number(SeenPage(response, prober.expectations).value("page-size")) == size
        ):
            taken.append(size)
    if taken and tuple(taken) != draft.facts.sizes:
        draft.learn(
            "page-size", f"The sizes of a page are {', '.join(map(str, taken))}.", proof, _sizes(taken)
        )


def _at_size(size: int) -> Callable[[Prober], TargetResponse]:
    return lambda prober: prober.list(size=size)


def _size_schema(tree: Tree) -> Tree:
    nodes: dict[str, Tree] = tree["components"]["parameters"]
    schema: Tree = next(node["schema"] for node in nodes.values() if node.get("x-role") == "size")
    return schema


class _Shown(NamedTuple):
    """A row as a list showed it. `changed`: when the run last changed it; None if it never did."""

    id: int
    type: str
    name: str
    changed: int | None


# What a list may be sorted by: the words of the document, with the values of a row that they stand for.
_ORDERS: Sequence[tuple[dict[str, str], Callable[[_Shown], Any]]] = (
    ({"value": "name", "case": "any"}, lambda row: row.name.casefold()),
    ({"value": "name"}, lambda row: row.name),
    ({"value": "type"}, lambda row: row.type),
    ({"value": "changed"}, lambda row: row.changed),
)


def learn_sorting(prober: Prober, draft: Draft) -> None:
    """Find out whether lists are sorted by name, type or last change. If requests are spared, earlier lists must do.

    Two rows are as good as several if one of them had other types, or other names, from list to list.
    """
    if not prober.spares:
        _make_unsorted(prober)
    pages = _listed_rows(prober)
    ids = [[row.id for row in page] for page in pages]
    if _is_sorted(ids, reverse=False) or _is_sorted(ids, reverse=True):
        return
    for words, key in _ORDERS:
        for direction in ("ascending", "descending") if words["value"] != "changed" else ("descending",):
            orders = [_keys(page, words["value"], key, prober) for page in pages]
            is_told = len({each for keys in orders if len(keys) > 1 for each in keys}) > 2
            if not is_told or not _is_sorted(orders, reverse=direction == "descending"):
                continue
            if prober.spares and words["value"] == "type":
                pages += _with_an_equal(prober)
            among = _among_equals(pages, key)
            if among is not None:
                value = _of_updates(prober, draft) if words["value"] == "changed" else words["value"]
                # A database that sorts in ascending order leaves rows of one name in the order of their creation.
                presumed = {"order": "oldest-first"} if direction == "ascending" else {}
                words = {**words, "value": value, "direction": direction}
                _learn_sorting(prober, draft, words, among or presumed)
                return


def _of_updates(prober: Prober, draft: Draft) -> str:
    """Return which updates move a row in a list by the last change: `updated` for all, else `changed`.

    If those updates count that change a value, one with the value of before shows it.
    """
    update = next(each for key, each in operations(draft.tree) if key == draft.facts.operation("update").id)
    counted = update.get("x-update", {}).get("counts-as-change", "any")
    if counted != "other-values" or prober.spares:
        return "changed" if counted in {"any", "other-values"} else "updated"
    row = prober.once(handler)
    _, later = prober.create(prober.kinds.form(prober.kinds.plain, prober.name()))
    if later is None or not is_success(row.update(enabled="1" if row.is_enabled else "0")):
        return "changed"
    prober.retrieve(later)
    order = [*prober.listed([row.id, later])]
    prober.discard(later)
    return "updated" if order == [row.id, later] else "changed"


def _keys(page: Sequence[_Shown], value: str, key: Callable[[_Shown], Any], prober: Prober) -> list[Any]:
    """Return the keys that decide the order of a page's rows. A guard hides names of others, and marks the run's."""
    is_marked = value == "name" and prober.terms.hidden > 0
    if value == "changed" or is_marked:
        page = [row for row in page if row.changed is not None]
    if is_marked:
        ids = sorted(row.id for row in page)
        page = [row._replace(name=prober.as_stored(row.name, ids.index(row.id))) for row in page]
    return [key(row) for row in page]


def _among_equals(pages: Sequence[Sequence[_Shown]], key: Callable[[_Shown], Any]) -> dict[str, str] | None:
    """Return the words for the order of rows that the list's own order does not decide; None if they have none."""
    pairs = [pair for page in pages for pair in pairwise(page) if key(pair[0]) == key(pair[1])]
    rising = {one.id < other.id for one, other in pairs}
    if len(rising) > 1:
        return None
    return {"order": "oldest-first" if True in rising else "newest-first"} if rising else {}


def _listed_rows(prober: Prober) -> list[list[_Shown]]:
    """Return the rows of each list that was seen. Each counts once, even if several lessons looked at the response."""
    changed: dict[int, int] = {}
    known: set[int] = set()
    words, pages = prober.facts.row, []
    created = prober.facts.schemas.path_to(prober.facts.operation("create").response, "id")
    for moment, (response, exchange) in enumerate(zip(prober.responses, prober.exchanges, strict=True)):
        if not is_success(response) or id(exchange) in known:
            continue
        known.add(id(exchange))
        if exchange.method == "POST" and (row := number(response.shown(*created))) is not None:
            changed[row] = moment
        shown = map(mapping, rows_in(response, prober.facts) or ()) if exchange.method == "GET" else ()
        rows = [(number(each.get(words["id"])) or 0, each) for each in shown]
        pages.append(
            [
                _Shown(row, str(each.get(words["type"])), str(each.get(words["name"])), changed.get(row))
                for row, each in rows
            ]
        )
    return pages


def _is_sorted(orders: Sequence[Sequence[Any]], *, reverse: bool) -> bool:
    return all([*each] == sorted(each, reverse=reverse) for each in orders)


def _make_unsorted(prober: Prober) -> None:
    """List rows whose order by name or type, in upper or lower case, differs from the order of their ids."""
    made = []
    first, second, third = sorted(prober.facts.types)[:3]
    for letter, kind in (("b", second), ("C", first), ("a", third), ("d", first)):
        row = prober.create(prober.kinds.form(kind, prober.name(letter)))[1]
        if row is not None:
            prober.retrieve(row)
            made.append(row)
    prober.listed(made)
    for row in made:
        prober.discard(row)


def _with_an_equal(prober: Prober) -> list[list[_Shown]]:
    """Return lists that show two rows of one type."""
    row = prober.create(prober.kinds.form(prober.kinds.plain, prober.name()))[1]
    if row is None:
        return []
    prober.listed([row])
    prober.discard(row)
    return [page for page in _listed_rows(prober) if any(each.id == row for each in page)]


def _learn_sorting(prober: Prober, draft: Draft, words: Mapping[str, str], order: Mapping[str, str]) -> None:
    says = f"The list is ordered by {words['value']}, {words['direction']}."
    draft.learn("list-order", says, prober.exchanges[-1:], _sorted_by(words, order))


def _sorted_by(words: Mapping[str, str], order: Mapping[str, str]) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        for item in tree["paths"].values():
            if "x-paging" in item.get("get", {}):
                item["get"]["x-paging"] |= {"sort-by": dict(words), **order}

    return change


def _default(size: int) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        schema = _size_schema(tree)
        schema["default"] = size
        schema["enum"] = sorted({*schema["enum"], size})

    return change


def _sizes(taken: list[int]) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        schema = _size_schema(tree)
        schema["enum"] = sorted({*taken, schema["default"]})

    return change
