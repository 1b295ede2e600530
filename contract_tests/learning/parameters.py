"""Finds out what becomes of the parameters of a query, of an unknown parameter, and of odd ids in a path."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from contract_tests.document import NOBODYS, fits
from contract_tests.guard.exchange import Exchange
from contract_tests.learning.draft import Draft, Tree
from contract_tests.learning.order import body_of
from contract_tests.learning.presentation import Look, evened
from contract_tests.learning.problems import Refusals, Telling, find_telling, shape_of
from contract_tests.learning.reactions import Explained, Outcome, all_foretold
from contract_tests.learning.refusals import look_at
from contract_tests.learning.responses import documented, operations, place, say
from contract_tests.probes.observations import SeenPage, handler
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import MISSING, Undecided, Unlisted, is_success, number
from contract_tests.probes.trials import Trial, sent
from contract_tests.target.api import TargetResponse
from mock_server.document.rows import Row, parameter_rows

# Texts by their treatment; `#` stands for a valid number.
_NUMBERS: Sequence[tuple[str, str]] = (
    ("word", "no-number"), ("negative", "-1"), ("zero", "0"), ("empty", ""), ("leading-zero", "0#"), ("plus", "+#"),
    ("huge", "99999999999999999999"), ("tail", "#abc"), ("fraction", "#.5"), ("blank", " "),
    ("padded", " #"),
)  # fmt: skip
# Texts of a page that a brief run does not send; page 0 was sent before, and a page with a plus is sent.
_UNASKED = frozenset({"blank", "padded", "plus"})
# Texts of a size that it does not send: they are presumed to be read like a similar one, unlisted or with a tail.
_UNASKED_SIZES: Mapping[str, str] = {"zero": "not-listed", "fraction": "tail", "huge": "not-listed"}
# For a text, the other one that stands for it: if that one is refused, so is this one, in the same way.
_PRESUMED: Mapping[str, str] = {
    "tail": "word", "fraction": "word", "blank": "word", "zero": "negative", "plus": "leading-zero",
}  # fmt: skip
_NUMBERED = frozenset({"tail", "leading-zero", "plus", "fraction", "huge", "padded"})
# Sizes that are not listed: between two listed ones, near either, and beyond all.
_SIZES: Sequence[tuple[str, str]] = (
    ("not-listed", "7"),
    ("not-listed", "40"),
    ("not-listed", "99999"),
    ("not-listed", "1"),
    ("not-listed", "60"),
)
UNKNOWN = "filter"


class _Asker:
    """Gets the list with queries, and explains the responses."""

    def __init__(self, prober: Prober, draft: Draft) -> None:
        self.prober = prober
        self.draft = draft
        self.everywhere = draft.everywhere
        self.seen: list[Exchange] = []
        self.telling = Telling()

    def list(self, **query: str) -> TargetResponse | None:
        """Get the list with this query; None if there was no response."""
        path = self.prober.facts.operation("list").path
        try:
            return self.prober.send("GET", path, query=query, fresh=True)
        except (Undecided, Unlisted):
            return None

    def look(self, response: TargetResponse, name: str, text: str) -> Look:
        """Return how the last response looks, which answers a parameter with this text."""
        return look_at(response, self.prober.exchanges[-1], {"field": name, "value": text}, self.everywhere)

    def refused(self, name: str, text: str) -> Look | None:
        """Return how the list refuses a parameter's text; None if it accepts it."""
        response = self.list(**_asking(self, name, text))
        return None if response is None or is_success(response) else self.look(response, name, text)

    def outcome(self, trial: Trial, response: TargetResponse, shown: Any, before: Any) -> Outcome:
        """Return the outcome of a parameter."""
        exchange, look, text = self.prober.exchanges[-1], None, trial.sent.text or ""
        if 400 <= response.status < 500:
            facts = {
                "field": trial.field,
                "value": text,
                **({"id": text} if trial.field.endswith("id") else {}),
            }
            look = look_at(response, exchange, facts, self.everywhere)
            self.seen.append(exchange)
        return Outcome(trial, response, exchange, look, shown, before)


def _trial(name: str, treatment: str, text: str) -> Trial:
    return Trial("list", name, treatment, sent(text), "")


def learn_parameters(prober: Prober, draft: Draft) -> None:
    """Send invalid pages and sizes, an unknown parameter, and invalid ids."""
    asker = _Asker(prober, draft)
    facts = draft.facts
    made = _second_page(asker)
    tables = {name: _parameter(asker, name) for name in (facts.page_parameter, facts.size_parameter)}
    for row in made:
        prober.discard(row)
    unknown = _unknown(asker)
    ranks = _ranks(asker, tables, unknown)
    identity = _identity(asker)
    every = [*tables.values(), *([identity] if identity else [])]
    rows = [(found, n) for found in every for n, row in enumerate(found.rows) if row.reaction == "refuse"]
    looks = [found.rows[n].effect for found, n in rows] + ([unknown] if unknown else [])
    looks = evened(looks)
    for (found, n), look in zip(rows, looks, strict=False):
        found.rows[n] = replace(found.rows[n], effect=look)
    unknown = looks[-1] if unknown else None
    _write(asker, tables, unknown, identity, ranks)


def _second_page(asker: _Asker) -> list[int]:
    """Make enough rows for a second page, if pages beyond the last are refused or replaced by the last."""
    prober, size = asker.prober, min(asker.prober.facts.sizes)
    if prober.spares or not prober.can_write:
        return []
    second = asker.list(**_asking(asker, prober.facts.page_parameter, "2"))
    response = second if second is not None and is_success(second) else asker.list(**{
        prober.facts.size_parameter: str(size)
    })  # fmt: skip
    if second is None or response is None or not is_success(response):
        return []
    page = SeenPage(response, prober.expectations)
    if number(page.value("page")) != 1:
        return []
    made = []
    for _ in range(size + 1 - (number(page.value("total")) or 0)):
        row = prober.create(prober.kinds.form(prober.kinds.plain, prober.name()))[1]
        if row is not None:
            prober.retrieve(row)
            made.append(row)
    return made


def _ranks(
    asker: _Asker, tables: Mapping[str, Explained], unknown: Look | None
) -> dict[tuple[str, str], int]:
    """Return the rank of each parameter's problems, those of one shape together."""
    problems: dict[tuple[str, str], tuple[str, Look]] = {}
    bodies: dict[tuple[str, str], Any] = {}
    for name, found in tables.items():
        for outcome in found.seen:
            text, sort = outcome.trial.sent.text or "", _sort(outcome.look)
            if outcome.look is not None and text and (name, sort) not in problems:
                problems[name, sort] = text, outcome.look
                bodies[name, sort] = body_of(outcome.response)
    if unknown is not None:
        problems[UNKNOWN, _sort(unknown)] = "1", unknown
    before: dict[tuple[str, str], set[tuple[str, str]]] = {each: set() for each in problems}
    for one, other in _pairs(problems, bodies, asker):
        response = asker.list(**{one[0]: problems[one][0], other[0]: problems[other][0]})
        if response is None or is_success(response):
            continue
        if one in bodies and other in bodies and not asker.telling.tells_all:
            asker.telling = find_telling(bodies[one], bodies[other], body_of(response))
        first = _told_first(asker, response, {each: problems[each] for each in (one, other)})
        if first is not None:
            before[other if first == one else one].add(first)
    ranks: dict[tuple[str, str], int] = {}
    for each in sorted(problems, key=lambda each: len(before[each])):
        ranks[each] = max((ranks[one] + 1 for one in before[each] if one in ranks), default=0)
    return _presumed(ranks, before) if asker.prober.spares else ranks


def _presumed(
    ranks: Mapping[tuple[str, str], int], before: Mapping[tuple[str, str], set[tuple[str, str]]]
) -> dict[tuple[str, str], int]:
    """Return ranks from few requests: what holds for one problem holds for all of its kind, or of its parameter."""
    of = 1 if any(one[1] != each[1] for each, firsts in before.items() for one in firsts) else 0
    highest: dict[str, int] = {}
    for each, rank in ranks.items():
        if each[0] != UNKNOWN:
            highest[each[of]] = max(rank, highest.get(each[of], 0))
    return {each: rank if each[0] == UNKNOWN else highest[each[of]] for each, rank in ranks.items()}


def _told_first(
    asker: _Asker, response: TargetResponse, both: Mapping[tuple[str, str], tuple[str, Look]]
) -> tuple[str, str] | None:
    """Return which of two problems a response reports alone, or else reports first, against the document's order."""
    looks = {
        each: look_at(
            response, asker.prober.exchanges[-1], {"field": each[0], "value": text}, asker.everywhere
        )
        for each, (text, _) in both.items()
    }
    told = [each for each, look in looks.items() if look == both[each][1]]
    if told:
        return told[0] if len(told) == 1 else None
    places = [_told_at(asker.telling, both[each][1], look) for each, look in looks.items()]
    return [*both][1] if -1 not in places and places[1] < places[0] else None


def _told_at(telling: Telling, alone: Look, joint: Look) -> int:
    """Return the place at which a response to two problems reports one of them; -1 if it does not list problems."""
    items, listed = telling.listed(alone.value), telling.listed(joint.value)
    return listed.index(items[0]) if items and items[0] in listed else -1


def _pairs(
    problems: Mapping[tuple[str, str], tuple[str, Look]], bodies: Mapping[tuple[str, str], Any], asker: _Asker
) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Yield pairs of problems of two parameters, of which a service can report one first.

    If requests are spared, one pair of each kind is enough: two problems that look alike in a list, and two others.
    """
    pairs = [pair for pair in combinations(problems, 2) if pair[0][0] != pair[1][0]]
    pairs.sort(
        key=lambda pair: len(pair[0][1]) + len(pair[1][1])
    )  # bodies that tell least show how two are told
    asked: set[tuple[str, str, bool]] = set()
    if asker.prober.spares:
        pairs.sort(key=lambda pair: (pair[0][1] != pair[1][1], "[" not in pair[0][1]))
    for one, other in pairs:
        is_alike = problems[one][1] == problems[other][1]
        if is_alike and (asker.telling.tells_all or bodies.get(one) == bodies.get(other)) and other in bodies:
            continue
        kind = one[0], other[0], one[1] == other[1]
        if not (asker.prober.spares and kind in asked):
            asked.add(kind)
            yield one, other


def _sort(look: Look | None) -> str:
    """Return the sort of a problem: one of another shape is found at another stage."""
    return "" if look is None else f"{look.status} {shape_of(look.value)}"


def _parameter(asker: _Asker, name: str) -> Explained:
    facts = asker.prober.facts
    is_page = name == facts.page_parameter
    schema = _schema(asker.draft, name)
    found = Explained(schema)
    default = 1 if is_page else facts.default_size
    good = "2" if is_page else str(max(size for size in facts.sizes if size != default))
    beyond = asker.refused(name, good) if is_page else None
    if beyond is not None and asker.refused(name, _NUMBERS[0][1]) == beyond:
        good = "1"  # what is not a page is refused as one beyond the last
    texts = [*_NUMBERS]
    if not is_page:
        texts += _SIZES[:3] if asker.prober.spares else _SIZES
    for treatment, form in texts:
        text = form.replace("#", good)
        is_asked = not asker.prober.spares or (is_page and treatment in {"plus", "zero", "fraction"})
        if not is_asked and (_is_presumed(found, treatment) or treatment in _UNASKED):
            continue
        response = asker.list(**_asking(asker, name, text))
        if response is None:
            continue
        is_beyond = beyond is not None and asker.look(response, name, text) == beyond
        if is_beyond and treatment in _NUMBERED and good != "1":
            # Taken for a number, of a page beyond the last. How links show it is seen of the first page.
            if asker.prober.spares or "#" not in form:
                found.put(Row(treatment, None, "change", (("cast", None),)))
                continue
            text = form.replace("#", "1")
            response = asker.list(**_asking(asker, name, text)) or response
        shown: Any = MISSING
        if is_success(response):
            shown = _shown(asker.prober, response, name, is_page=is_page)
        found.explain(asker.outcome(_trial(name, treatment, text), response, shown, str(default)))
    found.refit()
    before, count = found.rows, found.count()
    found.put(Row("not-listed", None, "change", (("at-most", None),)))  # whatever becomes of the others
    if found.count() <= count:
        found.rows = before
    return found


def _asking(asker: _Asker, name: str, text: str) -> dict[str, str]:
    """Return a query with a parameter. Pages are small, so that there are several."""
    facts = asker.prober.facts
    query = {name: text}
    return query if name == facts.size_parameter else {**query, facts.size_parameter: str(min(facts.sizes))}


def _shown(prober: Prober, response: TargetResponse, name: str, *, is_page: bool) -> str:
    """Return the page or size that a list shows: the one in its links, if they disagree with the list."""
    page = SeenPage(response, prober.expectations)
    told = str(page.value("page" if is_page else "page-size"))
    if is_page:
        link = dict(parse_qsl(urlsplit(str(page.value("link-self"))).query)).get(name, told)
        return str(link)
    return told


def _unknown(asker: _Asker) -> Look | None:
    response = asker.list(**{UNKNOWN: "1"})
    if response is None or is_success(response):
        return None
    return asker.outcome(_trial(UNKNOWN, "any", "1"), response, MISSING, MISSING).look


def _identity(asker: _Asker) -> Explained | None:
    """Ask for rows by texts that are almost their ids."""
    prober, name = asker.prober, _path_parameter(asker.draft.tree)["name"]
    try:
        row = prober.once(handler).id
        missing = prober.send("GET", prober.api.path_of("retrieve", NOBODYS), fresh=True)
    except (Undecided, Unlisted):
        return None
    lost = look_at(missing, prober.exchanges[-1], {"id": str(NOBODYS)}, asker.everywhere)
    found = Explained(_path_parameter(asker.draft.tree)["schema"])
    lacking = set[str]()  # refused like an id that does not exist
    for treatment, text in _NUMBERS:
        text = text.replace("#", str(row))
        if not text:
            continue  # the path of the list
        is_known = _PRESUMED.get(treatment) in lacking or treatment in _UNASKED
        if prober.spares and (_is_presumed(found, treatment) or is_known):
            continue
        try:
            response = prober.send("GET", prober.api.path_of("retrieve", quote(text)), fresh=True)
        except (Undecided, Unlisted):
            continue
        shown = str(row) if is_success(response) else MISSING
        outcome = asker.outcome(_trial(name, treatment, text), response, shown, MISSING)
        is_alike = (response.status, response.headers.get("content-type")) == (lost.status, lost.media_type)
        if is_alike and fits(lost.value, body_of(response)):
            lacking.add(treatment)
            continue
        found.explain(outcome)
    return found


def _is_presumed(found: Explained, treatment: str) -> bool:
    """Tell whether a brief run presumes that a text is treated like another one, and take that over.

    A size that is not listed is presumed to be refused like another one.
    """
    like = "not-listed" if treatment == "not-listed" else _PRESUMED.get(treatment, "")
    known = next((row for row in found.rows if row.treatment == like and row.reaction == "refuse"), None)
    if known is None and "enum" in found.schema and treatment in _UNASKED_SIZES:
        alike = (row for row in found.rows if row.treatment == _UNASKED_SIZES[treatment])
        for row in [*alike]:
            found.put(replace(row, treatment=treatment))
        return True
    if known is not None and treatment != like:
        found.put(replace(known, treatment=treatment))
    return known is not None


def _schema(draft: Draft, name: str) -> Mapping[str, Any]:
    node: Mapping[str, Any] = _node(draft.tree, name)["schema"]
    return node


def _node(tree: Tree, name: str) -> Tree:
    nodes: dict[str, Tree] = tree["components"]["parameters"]
    return next(node for node in nodes.values() if node["name"] == name)


def _path_parameter(tree: Tree) -> Tree:
    nodes: dict[str, Tree] = tree["components"]["parameters"]
    return next(node for node in nodes.values() if node["in"] == "path")


def _write(
    asker: _Asker, tables: Mapping[str, Explained], unknown: Look | None, identity: Explained | None,
    ranks: Mapping[tuple[str, str], int],
) -> None:  # fmt: skip
    draft = asker.draft
    refusals = Refusals(asker.telling, frozenset(draft.tree["components"]["examples"]))
    if asker.telling.tells_all:
        every = [row for found in tables.values() for row in found.rows]
        looks = {repr(row.effect): row.effect for row in every if row.reaction == "refuse"}
        refusals.widen([*looks.values(), *([unknown] if unknown else [])], "parameter_not_valid")
    for name, found in tables.items():
        if _is_documented(draft, name, found):
            continue
        rows = [
            _as_data(row, refusals, "parameter")
            | (
                {"rank": rank}
                if row.reaction == "refuse" and (rank := ranks.get((name, _sort(row.effect)), 0))
                else {}
            )
            for row in found.rows
        ]
        looks = {row["refuse"]: refusals.looks[row["refuse"]] for row in rows if "refuse" in row}
        says = f"Reactions to the texts of {name}."
        draft.learn(
            "rows",
            says,
            [each.exchange for each in found.seen if each.look is not None][:3],
            _parametrized(name, rows, looks, asker.telling),
        )
    if unknown is not None:
        row = _as_data(Row("any", None, "refuse", unknown), refusals, "parameter")
        row |= {"rank": rank} if (rank := ranks.get((UNKNOWN, _sort(unknown)), 0)) else {}
        draft.learn("unknown-parameter", f"An unknown parameter is refused with {unknown.status}.", asker.seen[-1:],
                    _unknown_refused(row, refusals.looks[row["refuse"]], asker.telling))  # fmt: skip
    if (
        identity is not None
        and identity.seen
        and not _is_documented(draft, _path_parameter(draft.tree)["name"], identity)
    ):
        rows = [_as_data(row, refusals, "id") for row in identity.rows]
        looks = {row["refuse"]: refusals.looks[row["refuse"]] for row in rows if "refuse" in row}
        draft.learn("id-not-a-number", "Reactions to texts of an id.", [each.exchange for each in identity.seen][:3],
                    _identified(rows, looks))  # fmt: skip


def _is_documented(draft: Draft, name: str, found: Explained) -> bool:
    """Tell whether the document already says what was seen of a parameter."""
    node = _node(draft.tree, name)
    responses = dict(operations(draft.tree))[
        draft.facts.operation("retrieve" if node["in"] == "path" else "list").id
    ]["responses"]
    rows = parameter_rows(node, node["schema"])
    return all_foretold(
        rows, found, node["schema"], lambda refusal: documented(draft.tree, responses, refusal)
    )


def _as_data(row: Any, refusals: Refusals, about: str) -> dict[str, Any]:
    when: Any = row.treatment if row.argument is None else {row.treatment: list(row.argument)}
    if row.reaction == "change":
        return {"when": when, "change": [name for name, _ in row.effect]}
    if row.reaction != "refuse":
        return {"when": when, row.reaction: row.effect}
    named = refusals.name(row.effect, f"{about}_{row.treatment.replace('-', '_')}")
    more = {} if named.item is None else {"item": named.item}
    return {"when": when, "refuse": named.name, **more, **({"with": dict(named.told)} if named.told else {})}


def _listings(tree: Tree) -> Iterator[Tree]:
    for item in tree["paths"].values():
        if "x-paging" in item.get("get", {}):
            yield item["get"]


def _parametrized(
    name: str, rows: list[dict[str, Any]], looks: Mapping[str, Look], telling: Telling
) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        node = _node(tree, name)
        node["x-rows"] = rows
        node.pop("x-otherwise", None)
        node.pop("x-cast", None)
        _placed(tree, looks, telling)

    return change


def _placed(tree: Tree, looks: Mapping[str, Look], telling: Telling) -> None:
    for name, look in looks.items():
        say(tree, name, look)
        if re.search(r"\{(?:item|messages)", str(look.value)):
            tree["x-service"]["errors"] = {**tree["x-service"].get("errors", {}), **telling.words}
        for listing in _listings(tree):
            place(tree, listing["responses"], name, look)


def _unknown_refused(row: dict[str, Any], look: Look, telling: Telling) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        name = row["refuse"]
        tree["x-service"]["unknown-parameters"] = name if row.keys() == {"when", "refuse"} else [row]
        _placed(tree, {name: look}, telling)

    return change


def _identified(rows: list[dict[str, Any]], looks: Mapping[str, Look]) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        node = _path_parameter(tree)
        node["x-rows"] = rows
        node.pop("x-otherwise", None)
        node.pop("x-cast", None)
        for name, look in looks.items():
            say(tree, name, look)
            for path, item in tree["paths"].items():
                for method in ("get", "post", "delete"):
                    if "{" in path and method in item:
                        place(tree, item[method]["responses"], name, look)

    return change
