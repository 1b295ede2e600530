"""The query of a list: which items, in which order, and which page of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mock_server.api.context import Context, problem_of
from mock_server.contract import Operation, Parameter
from mock_server.document.rows import Reaction
from mock_server.document.treatments import SentInput
from mock_server.php import parse_query
from mock_server.refusal import Problem, Refusal, refuse
from mock_server.state.clock import write_time
from mock_server.state.store import Item

_NARROWING = frozenset({"search", "order-property", "order-direction", "range-start", "range-end"})

# An integer as JSON writes it, of any size. PHP reads an integer beyond its range as the end of that range.
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")

Admits = Callable[[Item], bool]


@dataclass
class Query:
    """What the query of a list asks for.

    `values`: by the parameters' roles. `equal`: the wanted text of properties, for the role "equals". `accepted`: the
    parameters that links may repeat, as they were read; `used`: with those that the default was used for. `sent`: all
    sent parameters except the page, if links repeat them. `page_text`: the page's number as it was sent, and
    `page_taken`: as rows have left it.
    """

    parameters: dict[str, Parameter] = field(default_factory=dict)  # by role
    values: dict[str, int | str] = field(default_factory=dict)
    equal: dict[str, int | str] = field(default_factory=dict)
    accepted: list[tuple[str, str]] = field(default_factory=list)
    used: list[tuple[str, str]] = field(default_factory=list)
    sent: list[tuple[str, str]] = field(default_factory=list)
    page_text: str | None = None
    page_taken: str | None = None

    @property
    def narrows(self) -> bool:
        """Whether the list is filtered, or in another order than the usual one."""
        return bool(self.equal) or not _NARROWING.isdisjoint(self.values)

    def repeated_as(self, word: str) -> list[tuple[str, str]]:
        """Return the parameters that links repeat except the page, by the word of `x-paging`."""
        pairs = [] if word == "none" else self.accepted
        if word in {"used", "used-empty"}:
            pairs = self.used
        if word in {"sent", "sent-empty"}:
            pairs = self.sent
        if word in {"not-default", "always"}:
            # Every parameter but the page, as its value says, however it was spelled.
            told = dict(pairs) | {
                each.name: str(self.values.get(role, each.default))
                for role, each in self.parameters.items()
                if each.default is not None and each.role != "page"
            }
            usual = {each.name: str(each.default) for each in self.parameters.values()}
            pairs = [
                (name, text) for name, text in told.items() if word == "always" or usual.get(name) != text
            ]
        return pairs


def read_query(context: Context) -> Query:
    """Read the query by the operation's parameters. Raises Refusal if a row refuses what was sent."""
    texts = parse_query(context.query) if context.query else {}
    query, service = Query(), context.contract.service
    problems: list[Problem] = []
    operation = context.operation
    repeats = operation.paging["link-repeats"]
    if repeats in {"sent", "sent-empty"}:
        query.sent = [
            (name, text)
            for name, text in texts.items()
            if (text or repeats == "sent-empty") and name != operation.page_parameter
        ]
    for order, parameter in enumerate(operation.query):
        role, text = parameter.role or "", texts.pop(parameter.name, None)
        value = parameter.default
        if text is not None:
            reaction = parameter.walk(SentInput(text))
            if reaction.refusing is not None:
                problems.append(problem_of(reaction.refusing, parameter.name, text, order))
                continue
            value = _value(context, parameter, text, reaction)
            if role == "page":
                query.page_text, query.page_taken = (
                    text,
                    reaction.text if reaction.outcome == "taken" else None,
                )
            elif value is not None:
                query.used += [(parameter.name, str(value))] if text or repeats == "used-empty" else []
                is_as_sent = repeats != "as-sent" or str(value) == text
                if is_as_sent and parameter.admits(parameter.value(reaction)):
                    query.accepted.append((parameter.name, str(value)))
        if value is None:
            continue
        if role == "equals":
            query.equal[parameter.properties.get(parameter.name, parameter.name)] = value
        else:
            query.parameters[role] = parameter
            query.values[role] = value
    for order, (name, text) in enumerate(texts.items(), len(operation.query)):
        reaction = service.unknown_parameters(SentInput(text))
        if reaction.refusing is not None:
            problems.append(problem_of(reaction.refusing, name, text, order))
        else:
            context.violate("unknown-parameter", f"Unknown parameter {name[:60]!r} is ignored. Remove it.")
    refuse(problems, tells_all=service.tells_all)
    return query


def _value(context: Context, parameter: Parameter, text: str, reaction: Reaction) -> int | str | None:
    """Return the value of a text, or the default, and note silent changes."""
    value = parameter.value(reaction)
    if parameter.admits(value):
        if str(value) != text and not (parameter.is_integer and _INTEGER.fullmatch(text)):
            context.violate(
                "loose-parameter", f"{parameter.name}={text[:60]!r} is read as {value}. Send {value}."
            )
        return value
    context.violate(
        "invalid-parameter",
        f"Invalid value {parameter.name}={text[:60]!r} is ignored. Send {_allowed(parameter, value)}.",
    )
    # The `self` link shows a page below the first as the service casts it.
    return value if parameter.role == "page" and isinstance(value, int) else parameter.default


def _allowed(parameter: Parameter, value: int | str | None) -> str:
    if parameter.enum:
        return f"one of {', '.join(map(str, parameter.enum))}"
    if parameter.is_integer:
        return "a whole number from 1"
    # The end of the complaint says what is allowed. Its beginning repeats the text that was sent.
    return f"what the document allows (…{(parameter.check(value) or '')[-80:]})"


class PageBounds(NamedTuple):
    """One page of a list. Numbers count from 1. They are None for pages that do not exist.

    `number`: the page that is shown; `itself`: its number in the `self` link; `offset`: the items before it.
    """

    number: int
    itself: int
    offset: int
    total_pages: int
    last: int | None
    next: int | None
    previous: int | None


def turn_to(query: Query, total: int, operation: Operation) -> PageBounds:
    """Return the wanted page out of `total` items. A number below 1 means the first page (evidence: B+P).

    A page beyond the last is empty, or the last page is shown instead, or it is refused: `x-paging` decides.
    """
    requested, size = int(query.values["page"]), int(query.values["size"])
    beyond, empty = operation.paging["beyond"], operation.paging["empty"]
    total_pages = -(-total // size)
    if empty == "one-page":
        total_pages = max(1, total_pages)
    if beyond == "last-page" and requested > total_pages:
        requested = max(1, total_pages)
    if requested > max(1, total_pages) and beyond != "empty":
        last = str(max(1, total_pages))
        told = {"field": operation.page_parameter, "value": query.page_text or str(requested), "pages": last}
        raise Refusal(beyond, problems=(Problem(beyond, None, told),))
    number = max(1, requested)
    return PageBounds(
        number=number,
        itself=requested,
        offset=(number - 1) * size,
        total_pages=total_pages,
        last=total_pages or (1 if empty == "first-page" else None),
        next=number + 1 if number < total_pages else None,
        previous=_previous(number, total_pages, operation.paging),
    )


def _previous(number: int, total_pages: int, paging: Mapping[str, str]) -> int | None:
    beyond = paging.get("previous-beyond", "one-less")
    is_next = beyond == "of-the-next" and number == max(1, total_pages) + 1
    if number > max(1, total_pages) and beyond != "one-less" and not is_next:
        return total_pages or 1 if beyond == "last" else None
    return number - 1 if number > 1 else None


def select(context: Context, query: Query, paging: Mapping[str, Any]) -> list[Item]:
    """Return the items that all filters admit, in the wanted order (evidence: S, siblings)."""
    newest_first, sort = paging["order"] == "newest-first", paging.get("sort-by")
    items = context.store.page(0, len(context.store), newest_first=newest_first)
    if sort is not None:
        read = _LAST.get(sort["value"]) or _reader(context, sort["value"])
        any_case = sort.get("case") == "any"
        items.sort(
            key=lambda item: read(item).casefold() if any_case else read(item),
            reverse=sort.get("direction") == "descending",
        )
    for admits in _filters(context, query):
        items = [item for item in items if admits(item)]
    values = query.values
    if "order-property" not in values and "order-direction" not in values:
        return items
    descending = str(values.get("order-direction", "DESC" if newest_first else "ASC")).upper() == "DESC"
    text = _text(context, query, "order-property", "id")
    # MySQL's usual collations ignore case and put missing values first.
    return sorted(items, key=lambda item: (text(item).casefold(), item.id), reverse=descending)


def _last_change(item: Item) -> str:
    """Return when an item was changed, or made, as a text that sorts as the times do, then as the writes do."""
    return f"{item.created if item.changed is None else item.changed:020d} {item.written:020d}"


def _last_update(item: Item) -> str:
    """Return a text that sorts as the last creates and updates of items do, even of those that count as no change."""
    return f"{item.updated:020d} {_last_change(item)}"


_LAST: Mapping[str, Callable[[Item], str]] = {"changed": _last_change, "updated": _last_update}


def _filters(context: Context, query: Query) -> Iterator[Admits]:
    facts = context.operation.resource.facts
    for name, wanted in query.equal.items():
        read = _reader(context, facts[name])
        yield lambda item, read=read, wanted=str(wanted): read(item) == wanted  # type: ignore[misc]
    needle, start, end = (str(query.values.get(role, "")) for role in ("search", "range-start", "range-end"))
    if needle:
        searched = _text(context, query, "search-property", context.operation.resource.label_fact or "id")
        yield lambda item: needle.casefold() in searched(item).casefold()
    ranged = _text(context, query, "range-property", "created")
    if start:
        yield lambda item: ranged(item) >= start
    if end:
        # A date without a time means its whole day: "2026-03-01" is followed by "2026-03-01 23:59:59".
        yield lambda item: "" < ranged(item)[: len(end)] <= end


def _text(context: Context, query: Query, role: str, default: str) -> Callable[[Item], str]:
    """Return a function that reads the fact that a parameter such as `search_by` names, or the default."""
    fact = default
    if role in query.values:
        named = str(query.values[role])
        fact = context.operation.resource.facts[query.parameters[role].properties.get(named, named)]
    return _reader(context, fact)


def _reader(context: Context, fact: str) -> Callable[[Item], str]:
    """Return a function that reads a fact of an item as text; the text is empty if the item lacks the fact."""
    offset = context.contract.service.time_offset

    def read(item: Item) -> str:
        match fact:
            case "id":
                return f"{item.id:020d}"  # so that texts sort as the numbers do
            case "created":
                return write_time(item.created, offset)
            case "changed":
                return "" if item.changed is None else write_time(item.changed, offset)
        value = item.values.get(fact)
        return "" if value is None else str(int(value)) if isinstance(value, bool) else str(value)

    return read
