"""What the operations do: one function for each behaviour that the document can name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from mock_server.api.context import Context
from mock_server.api.forced import outage
from mock_server.api.query import PageBounds, Query, read_query, select, turn_to
from mock_server.contract import Behaviour, Omitted
from mock_server.document import HIGHEST
from mock_server.refusal import Refusal
from mock_server.state.journal import BEYOND, EMPTY, SECOND
from mock_server.state.store import SHELF, Item


@dataclass(slots=True)
class Result:
    """What fills the template of a success: values by `x-value` word, and the JSON of the items.

    `body`: the body made from them; None until it is made.
    """

    values: Mapping[str, Any]
    rows: Sequence[bytes] = ()
    body: bytes | None = None


def create_item(context: Context) -> Result:
    """Create an item with the next id (page: POST /notification-handlers)."""
    resource, store = context.operation.resource, context.store
    if context.world.is_full or store.next_id > HIGHEST:
        raise Refusal(outage(507))
    values = {**resource.defaults, **context.form.facts(context.sent)}
    type_name = resource.type_of(values)
    if resource.settings_fact is not None:
        values[resource.settings_fact] = _new_settings(context, type_name)
    order = store.next_write()
    item = Item(
        store.next_id, created=int(context.now), changed=None, values=values, written=order, updated=order
    )
    facts = context.world.write(item, resource)
    store.add(item)
    context.situation, context.item_id = type_name, item.id
    return Result(facts, (item.wire,))


def retrieve_item(context: Context) -> Result:
    """Show the item (page: GET /notification-handlers/{id})."""
    return Result({}, (context.item().wire,))


def update_item(context: Context) -> Result:
    """Change what is sent and keep the rest (page: POST /notification-handlers/{id})."""
    resource, before = context.operation.resource, context.item()
    values = {**before.values, **context.form.facts(context.sent)}
    if resource.type_fact is not None and context.operation.update["unsent"] == "blanked":
        values[resource.type_fact] = ""
    if resource.settings_fact is not None:
        values[resource.settings_fact] = _changed_settings(context, before, resource.type_of(values))
        if context.operation.update["type-change"] == "restored":
            _restore(context, before, values)
    is_change = _is_change(context, before, values)
    changed = int(context.now) if is_change else before.changed
    updated = context.store.next_write()
    written = updated if is_change else before.written
    item = Item(before.id, before.created, changed, values, before.changes + is_change, written, updated)
    facts = context.world.write(item, resource)
    context.store.replace(item)
    return Result(facts, (item.wire,))


def _is_change(context: Context, before: Item, values: Mapping[str, Any]) -> bool:
    """Tell whether an update counts as a change, which gives the item a new time and version."""
    counted, resource = context.operation.update.get("counts-as-change", "any"), context.operation.resource
    if counted == "other-type":
        return resource.type_of(values) != resource.type_of(before.values)
    if counted == "switch":
        switches = (field.fact for field in context.form.fields.values() if field.is_switch and field.fact)
        return any(values.get(fact) != before.values.get(fact) for fact in switches)
    return counted == "any" or values != before.values


def delete_item(context: Context) -> Result:
    """Delete the item; its id is never used again (page: DELETE /notification-handlers/{id}).

    It may be missing only if the document says so (`x-if-missing`), and if the response does not show it.
    """
    operation, template = context.operation, context.operation.success.template
    shows_row = template is not None and template.hole is not None
    if not shows_row and "existence" not in operation.checks and context.store.get(context.item_id) is None:
        return Result({"id": context.item_id})
    item = context.item()
    context.store.remove(item.id)
    return Result({"id": item.id}, (item.wire,))


def list_items(context: Context) -> Result:
    """Show one page with totals and links (page: GET /notification-handlers/)."""
    store, asked = context.store, (context.operation.id, context.query, context.site)
    # Suites ask for the same page again. If it is remembered, a page of 1000 takes half the time, one of 25 two thirds.
    if store.shown is not None and store.shown[0] == asked:
        result: Result
        _, result, context.situation = store.shown
        return result
    result = _page(context)
    if not context.violations:  # each request gets its own
        store.shown = asked, result, context.situation
    return result


BEHAVIOURS: Mapping[Behaviour, Callable[[Context], Result]] = {
    "list": list_items,
    "retrieve": retrieve_item,
    "create": create_item,
    "update": update_item,
    "delete": delete_item,
}


def _page(context: Context) -> Result:
    """Return a page of the items that the query asks for."""
    paging, store, query = context.operation.paging, context.store, read_query(context)
    newest_first = paging["order"] == "newest-first"
    requested, size = int(query.values["page"]), int(query.values["size"])
    if query.narrows or "sort-by" in paging:
        items = select(context, query, paging)
        total = len(items)
        page = turn_to(query, total, context.operation)
        items = items[page.offset : page.offset + size]
    else:
        total = len(store)
        page = turn_to(query, total, context.operation)
        items = store.page(page.offset, size, newest_first=newest_first)
    if total == 0:
        context.situation = EMPTY
    elif requested > page.total_pages:
        context.situation = BEYOND
    elif page.number == 2:
        context.situation = SECOND
    values = {
        "page": page.number,
        "page-text": page.number if query.page_text is None else query.page_text,
        "page-size": size,
        "total": total,
        "total-pages": page.total_pages,
        **_place(page, len(items)),
        **_links(context, query, page),
    }
    return Result(values, [item.wire for item in items])


def _place(page: PageBounds, count: int) -> dict[str, Any]:
    """Return the facts about the position of a page. `from` and `to` count items from 1."""
    return {
        "count": count,
        "offset": page.offset,
        "from": page.offset + 1 if count else None,
        "to": page.offset + count if count else None,
        "has-more": page.next is not None,
        "has-previous": page.number > 1,
        "is-first": page.number == 1,
        "is-last": page.number >= page.total_pages,
        "next-page": page.next,
        "previous-page": page.previous,
    }


def _links(context: Context, query: Query, page: PageBounds) -> dict[str, str | None]:
    """Return each link, None for a page that does not exist."""
    operation, paging = context.operation, context.operation.paging
    pairs, word = query.repeated_as(paging["link-repeats"]), paging.get("link-page", "last")
    if word == "sorted":
        pairs = sorted(pairs)
    before = [
        pair for pair in pairs if word == "last" or (word == "sorted" and pair[0] < operation.page_parameter)
    ]
    opening = f"?{_encoded(before)}&" if before else paging["link-opening"]
    path = f"{context.contract.base_path}{paging['link-path']}{opening}{operation.page_parameter}="
    after = "".join(f"&{_encoded([pair])}" for pair in pairs if pair not in before)

    def link(number: int | str | None) -> str | None:
        return None if number is None else f"{context.site}{path}{number}{after}"

    taken = query.page_taken or ""
    is_taken = taken.isascii() and taken.lstrip("+").isdigit() and taken.lstrip("+0") == str(page.itself)

    return {
        "link-first": link(None if paging["empty"] == "no-links" and not page.total_pages else 1),
        "link-last": link(page.last),
        "link-next": link(page.next),
        "link-previous": link(page.previous),
        "link-self": link(quote(taken, safe="") if is_taken else page.itself),
    }


def _encoded(pairs: Sequence[tuple[str, str]]) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(text, safe='')}" for name, text in pairs)


def _new_settings(context: Context, type_name: str) -> dict[str, str | None]:
    """Return a type's settings, filled from the form. Unsent ones are empty, null or left out, as rows say."""
    unsent, sent = context.form.of_type(type_name).unsent, context.sent
    settings: dict[str, str | None] = {}
    for key, constant in context.operation.resource.shape(type_name).constants.items():
        value = sent[key] if key in sent else unsent.get(key, "") if constant is None else constant
        if not isinstance(value, Omitted):
            settings[key] = value
    return settings


def _changed_settings(context: Context, before: Item, type_name: str) -> dict[str, str | None]:
    """Return an updated item's settings, by the words of `x-update`."""
    words, resource = context.operation.update, context.operation.resource
    if words["unsent"] == "blanked":
        return {}
    former, former_type = resource.settings_of(before.values), resource.type_of(before.values)
    own = resource.shape(former_type).constants
    is_kept = words["same-type"] == "kept" or (
        words["same-type"] == "reset-if-sent" and not any(key in context.sent for key in own)
    )
    if type_name == former_type and is_kept:
        sent = {key: context.sent[key] for key in own if key in context.sent}
        return {key: value for key, value in {**former, **sent}.items() if not isinstance(value, Omitted)}
    left: Mapping[str, str | None] = {}
    if words["type-change"] == "merged":
        left = former
        # Reset: `left-over` decides about settings of an earlier type.
        if type_name == former_type:
            fate = words.get("left-over", "dropped")
            left = {key: value for key, value in left.items() if key not in own and fate != "dropped"}
            left = left if fate == "kept" else dict.fromkeys(left, "")
    return {**left, **_new_settings(context, type_name)}


def _restore(context: Context, before: Item, values: dict[str, Any]) -> None:
    """Put away the settings of the type before, and give those back that the new type had, unless they are sent."""
    resource, type_name = context.operation.resource, context.operation.resource.type_of(values)
    if resource.settings_fact is None or type_name == resource.type_of(before.values):
        return
    shelf = {**values.get(SHELF, {}), **resource.settings_of(before.values)}
    keys = (resource.shape(type_name).constants.keys() & shelf.keys()) - context.sent.keys()
    values[resource.settings_fact] |= {key: shelf[key] for key in keys}
    values[SHELF] = shelf
