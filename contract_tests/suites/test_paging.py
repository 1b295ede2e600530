"""Pages partition the set, and meta and links tell where they are."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from contract_tests.oracle.listing import Page
from contract_tests.oracle.own import Own

# The pages that one walk may have, by profile.
_MOST_PAGES = {"quick": 5, "standard": 8, "deep": 40}


def _total(reading: Own) -> int:
    """Return how many handlers there should be."""
    return len(reading.others()) + len(reading.live)


def _size(reading: Own, total: int) -> int:
    """Return the smallest size that walks through everything within the profile's pages."""
    sizes, most = reading.facts.sizes, _MOST_PAGES[reading.run.profile.name]
    if reading.spares:
        most = 2 if reading.run.can_write else 0
    return next((size for size in sizes if -(-total // size) <= most), sizes[-1])


def _walk(reading: Own) -> list[Page]:
    pages = list(reading.listing.walk(_size(reading, _total(reading))))
    reading.require(complaint for page in pages for complaint in reading.listing.complaints(page))
    return pages


@pytest.mark.writes
def test_there_is_more_than_one_page(own: Own) -> None:
    smallest = own.facts.sizes[0]
    # Three on the second page: two own rows there show its order, whoever owns the third.
    wanted = min(own.most, len(own.live) + max(0, smallest + 3 - _total(own)))
    while len(own.live) < wanted:
        own.create(own.samples.form(own.scarce()))
    assert _total(own) > smallest or wanted == own.most


def test_pages_partition_the_set(reading: Own) -> None:
    pages = _walk(reading)
    ids = [n for page in pages for n in page.ids]
    totals = {page.total for page in pages}
    assert len(ids) == len(set(ids)), "a handler is on two pages"
    assert totals == {len(ids)}, f"meta counts {totals} handlers and the pages show {len(ids)}"
    assert reading.live.keys() <= set(ids), "the pages lack a handler"
    reading.require(reading.order(ids))
    rows = {n: row for page in pages for n, row in zip(page.ids, page.rows, strict=True)}
    reading.require(
        complaint for n, owned in reading.live.items() for complaint in reading.compared(owned, rows[n])
    )


def test_two_lists_are_in_one_order(reading: Own) -> None:
    sizes = reading.facts.sizes
    one = reading.listing.seen(1, _size(reading, _total(reading)) if reading.spares else sizes[-1])
    small = reading.listing.seen() if reading.spares else reading.listing.seen(1, sizes[0])
    if not reading.spares:
        again = reading.listing.get(1, sizes[-1])
        assert one.ids == again.ids, "two lists differ, and nothing happened between them"
    shared = min(len(small.ids), len(one.ids))
    assert small.ids[:shared] == one.ids[:shared], "a page of another size has another order"
    reading.require(reading.listing.complaints(one) + reading.listing.complaints(small))


def test_each_size_is_kept(reading: Own) -> None:
    sizes = reading.facts.sizes[-1:] if reading.run.profile.name == "quick" else reading.facts.sizes
    reading.require(reading.listing.complaints(reading.listing.seen()))
    for size in sizes:
        reading.require(reading.listing.complaints(reading.listing.seen(1, size)))


def test_a_page_beyond_the_last_is_what_the_document_says(reading: Own) -> None:
    if "page-beyond-last" in reading.run.unknown:
        pytest.skip(
            f"what a page beyond the last shows is not known: {reading.run.unknown['page-beyond-last']}"
        )
    size = reading.facts.sizes[-1 if reading.spares else 0]
    last = -(-_total(reading) // size)
    numbers = (last + 1,) if reading.run.profile.name == "quick" else (last + 1, last + 7)
    if reading.spares:
        numbers = (max(1, last) + 7,)  # the one that a probe has asked for
    for number in numbers:
        page = reading.listing.get(max(2, number), size)
        reading.require(reading.listing.complaints(page))


def test_links_lead_where_they_say(reading: Own) -> None:
    if reading.words.service["trailing-slash"] != "same":
        pytest.skip("the links are in a spelling that the service need not serve")
    size = None if reading.spares else reading.facts.sizes[0]
    first = reading.listing.seen() if size is None else reading.listing.seen(1, size)
    repeated = size if reading.words.paging["link-repeats"] == "accepted" else None
    numbers = {"link-next": 2, "link-last": first.facts["total-pages"], "link-first": 1}
    if reading.run.profile.name == "quick":
        numbers = {"link-next": 2}
    for name, number in numbers.items():
        link = first.facts[name]
        if link is not None:
            there = urlsplit(link)
            path = there.path.removeprefix(urlsplit(reading.api.base_url).path)
            answer = reading.api.call("GET", f"{path}?{there.query}")
            reading.require(reading.conformity.success("list", answer))
            page = reading.listing.read(answer, number, repeated)
            reading.require(reading.listing.complaints(page))
