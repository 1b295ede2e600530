"""Pages of a list: which rows, which links."""

from __future__ import annotations

from typing import NamedTuple

from mock_server.contract import Paging


class Page(NamedTuple):
    """One page. Numbers are one-based; `shown` is the number that `self` has; None where there is no such page."""

    number: int
    shown: int
    offset: int
    total_pages: int
    last: int | None
    next: int | None
    previous: int | None


def turn_to(requested: int, size: int, total: int, paging: Paging) -> Page:
    """Find a page. `requested` may be any integer: below one means the first (evidence: B+P).

    A page beyond the last is empty and its `prev` is the number before it, or, where so answered, is the last page.
    """
    total_pages = -(-total // size)
    if paging.empty == "one-page":
        total_pages = max(1, total_pages)
    shown = requested
    if paging.beyond == "last-page" and requested > total_pages:
        shown = max(1, total_pages)
    number = max(1, shown)
    return Page(
        number=number,
        shown=shown,
        offset=(number - 1) * size,
        total_pages=total_pages,
        last=total_pages or None,
        next=number + 1 if number < total_pages else None,
        previous=number - 1 if number > 1 else None,
    )
