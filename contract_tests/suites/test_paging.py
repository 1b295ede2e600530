"""Pages show each handler once, and meta and links say which page it is."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from contract_tests.judge.statements import SAME
from contract_tests.judge.verdicts import Complaint
from contract_tests.oracle.listing import Page
from contract_tests.oracle.own import Own
from contract_tests.target.api import Withheld

# The most pages of a walk, by profile.
_MOST_PAGES = {"quick": 5, "standard": 8, "deep": 40}

# The most handlers of the account for the test of pages at the edges of sizes, by profile.
_MOST_TOTAL = {"quick": 0, "standard": 51, "deep": 251}


def _total(reading: Own) -> int:
    """Return the number of handlers that should be there."""
    return len(reading.others()) + len(reading.live)


def _size(reading: Own, total: int) -> int:
    """Return the smallest size with which a walk needs no more than the profile's pages."""
    sizes, most = reading.facts.sizes, _MOST_PAGES[reading.run.profile.name]
    if reading.spares:
        most = 2 if reading.run.can_write else 0
    return next((size for size in sizes if -(-total // size) <= most), sizes[-1])


@pytest.mark.writes
def test_there_is_more_than_one_page(own: Own) -> None:
    smallest = own.facts.sizes[0]
    if own.spares and _total(own) <= smallest:
        pytest.skip(f"each request counts: two pages take {smallest + 1} handlers, and the account has fewer")
    # At least two rows on the last page show its order. One page is in the middle, and one size holds all rows.
    most = smallest + 3 if own.spares else max(2 * smallest + 3, own.facts.default_size + 1)
    wanted = min(own.most, len(own.live) + max(0, most - _total(own)))
    while len(own.live) < wanted:
        own.create(own.samples.form(own.scarce()))


def test_pages_partition_the_set(reading: Own) -> None:
    _partition(reading, list(reading.listing.walk(_size(reading, _total(reading)))))


def _partition(reading: Own, pages: list[Page]) -> None:
    """Require that pages show each handler once, in order, with its values, and tell the right total."""
    ids = [n for page in pages for n in page.ids]
    # A wrong total is one finding: what follows from it is not judged.
    reading.require(reading.listing.partition(pages, reading.live) + reading.order(ids))
    reading.require(each for page in pages for each in reading.listing.complaints(page))
    rows = {n: row for page in pages for n, row in zip(page.ids, page.rows, strict=True)}
    reading.require(
        complaint for n, owned in reading.live.items() for complaint in reading.compared(owned, rows[n])
    )


def test_each_size_is_kept(reading: Own) -> None:
    sizes = reading.facts.sizes[-1:] if reading.spares else reading.facts.sizes
    reading.require(reading.listing.complaints(_plain(reading)))
    for size in sizes:
        reading.require(reading.listing.complaints(reading.listing.seen(1, size)))


@pytest.mark.writes
@pytest.mark.spared("it takes dozens of handlers")
def test_pages_at_the_edges_of_sizes(own: Own) -> None:
    """For each size: one row less than a page, a full page, one row on the next page, and pages in the middle."""
    most = _MOST_TOTAL[own.run.profile.name] if own.run.is_alone else own.most
    sizes = own.facts.sizes
    most_pages = _MOST_PAGES[own.run.profile.name]
    counts = [size * pages for size in sizes for pages in ((1, 2, 3) if size == sizes[0] else (1,))]
    edges = sorted({count + more for count in counts for more in (-1, 0, 1) if count + more <= most})
    if not edges:
        return  # too many handlers for the profile
    own.leave(max(0, edges[0] - len(own.others())))
    for total in (edge for edge in edges if edge >= _total(own)):
        while _total(own) < total:
            own.create(own.samples.form(own.scarce()))
        pages_of = {size: -(-total // size) for size in sizes if size <= total + 1}
        for size in (size for size, pages in pages_of.items() if pages <= most_pages):
            pages = list(own.listing.walk(size))
            _partition(own, pages)
        own.require(own.listing.complaints(own.listing.get()))
    own.leave(own.most // 2)


def test_two_lists_are_in_one_order(reading: Own) -> None:
    sizes = reading.facts.sizes
    one = reading.listing.seen(1, _size(reading, _total(reading)) if reading.spares else sizes[-1])
    small = _plain(reading) if reading.spares else reading.listing.seen(1, sizes[0])
    complaints = []
    if not reading.spares and one.ids != reading.listing.get(1, sizes[-1]).ids:
        complaints.append(Complaint(SAME, "two lists differ in order, and nothing happened between them"))
    ids = list(small.ids)
    for number in range(2, 1 if reading.spares else small.facts["total-pages"] + 1):
        if len(ids) < len(one.ids):
            ids += reading.listing.seen(number, sizes[0]).ids
    shared = min(len(ids), len(one.ids))
    if ids[:shared] != [*one.ids[:shared]]:
        complaints.append(Complaint(SAME, "pages of different sizes show the handlers in different orders"))
    reading.require(complaints + reading.listing.complaints(one) + reading.listing.complaints(small))


def _is_asked_anew(reading: Own) -> bool:
    """Tell whether requests are saved, and whether a write has made the list that the suite `page` has seen stale."""
    return reading.spares and reading.run.can_write


def _plain(reading: Own) -> Page:
    """Return the list without a size; the page that shows everything if the former is stale."""
    is_spared = _is_asked_anew(reading)
    return reading.listing.seen(1, reading.facts.sizes[-1]) if is_spared else reading.listing.seen()


def test_a_page_beyond_the_last_is_what_the_document_says(reading: Own) -> None:
    if "page-beyond-last" in reading.run.unknown:
        pytest.skip(
            f"no listed answer says what this service shows there: {reading.run.unknown['page-beyond-last']}"
        )
    if _is_asked_anew(reading):
        pytest.skip("a probe has seen what comes of it")
    size = reading.facts.sizes[-1 if reading.spares else 0]
    last = -(-_total(reading) // size)
    numbers = (last + 1,) if reading.run.profile.name == "quick" else (last + 1, last + 7)
    if reading.spares:
        numbers = (max(1, last) + 7,)  # the size that a probe has used
    beyond = reading.statements.paging("beyond", "A page beyond the last shows what the document says.")
    for number in numbers:
        response = reading.api.list(max(2, number), size)
        if response.status // 100 != 2:
            reading.turned_away("list", response, beyond)
            continue
        reading.require(reading.listing.complaints(reading.listing.read(response, max(2, number), size)))


def test_links_lead_where_they_say(reading: Own) -> None:
    size = None if reading.spares else reading.facts.sizes[0]
    if _is_asked_anew(reading):
        size = _size(reading, _total(reading))
    first = reading.listing.seen() if size is None else reading.listing.seen(1, size)
    numbers = {"link-next": 2, "link-last": first.facts["total-pages"], "link-first": 1}
    if reading.run.profile.name == "quick":
        numbers = {"link-next": 2}
    for name, number in numbers.items():
        link = first.facts[name]
        if link is None:
            continue
        there = urlsplit(link)
        path = there.path.removeprefix(urlsplit(reading.api.base_url).path)
        response = reading.api.call("GET", f"{path}?{there.query}")
        keeps_size = reading.facts.size_parameter in there.query
        if response.status // 100 != 2:
            if not keeps_size and number > -(-_total(reading) // reading.facts.default_size):
                raise Withheld(
                    "the links lose the size of the page, and lead beyond the last page of the default size"
                )
            if reading.facts.service["trailing-slash"] == "same":
                leads = reading.statements.page(name, "Each link leads to the page that it names.")
                if response.status // 100 == 3:
                    leads = reading.statements.service(
                        "trailing-slash", "The links' spelling of the path is served."
                    )
                reading.turned_away("list", response, leads, f"`{link}`")
            raise Withheld("the links are in a spelling that the service does not serve")
        repeated = size if keeps_size else None
        reading.require(reading.listing.complaints(reading.listing.read(response, number, repeated)))
