"""List the handlers, a page at a time."""

from mock_server.api.context import Body, Context
from mock_server.api.filters import Selection
from mock_server.api.paging import Page, turn_to
from mock_server.api.parameters import Asked, read_parameters
from mock_server.contract import Paging
from mock_server.refusal import Defect
from mock_server.state.coverage import BEYOND, EMPTY, SECOND


def list_notification_handlers(call: Context) -> Body:
    """Show one page with totals and links (page: GET /notification-handlers/).

    Suites ask for the same few pages again and again, so each is put together once, until a handler changes.
    """
    asked, pages = (call.operation.id, call.query, call.site), call.world.store.pages
    known = pages.get(asked)
    # Another contract has other operations, of the same ids.
    if known is None or known[0] is not call.operation:
        known = call.operation, _turned(call), call.situation
        if not call.violations:  # each call is to hear of those
            pages[asked] = known
    _, body, call.situation = known
    return body


def _turned(call: Context) -> Body:
    paging, store = call.operation.paging, call.world.store
    if paging is None:
        raise Defect(f"{call.operation.id} has no x-paging")
    asked = read_parameters(call)
    size, requested = int(asked.values["size"]), int(asked.values["page"])
    selection = Selection(call.contract, asked)
    if selection.narrows:
        handlers = selection.apply(store, newest_first=paging.newest_first)
        total = len(handlers)
        page = turn_to(requested, size, total, paging)
        rows = [handler.wire for handler in handlers[page.offset : page.offset + size]]
    else:
        total = len(store)
        page = turn_to(requested, size, total, paging)
        rows = store.wires(page.offset, size, newest_first=paging.newest_first)
    call.situation = _situation(requested, page, total)
    quote = call.contract.quote
    values = {
        "page": str(page.number),
        "page-text": str(page.number) if asked.page_text is None else quote(asked.page_text),
        "page-size": str(size),
        "total": str(total),
        "total-pages": str(page.total_pages),
        **_links(call, asked, page, paging),
    }
    return Body(values, rows)


def _situation(requested: int, page: Page, total: int) -> str:
    if total == 0:
        return EMPTY
    if requested > page.total_pages:
        return BEYOND
    return SECOND if page.number == 2 else ""


def _links(call: Context, asked: Asked, page: Page, paging: Paging) -> dict[str, str]:
    """Return the JSON text of each link, null where there is no such page."""
    repeated = asked.repeated if paging.repeats else ""
    opening = f"?{repeated}&" if repeated else paging.link_opening
    before = f"{call.site}{call.contract.base_path}{paging.link_path}{opening}page="
    quoted = call.contract.quote(before)[:-1]  # the number ends the text, and digits need no escape

    def link(number: int | None) -> str:
        return "null" if number is None else f'{quoted}{number}"'

    return {
        "link-first": link(1),
        "link-last": link(page.last),
        "link-next": link(page.next),
        "link-previous": link(page.previous),
        "link-self": link(page.shown),
    }
