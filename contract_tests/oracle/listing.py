"""Pages of the list, read by the document's words and checked against them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import getitem
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from contract_tests.document import Facts
from contract_tests.judge.statements import PAGES, Statement, Statements
from contract_tests.judge.verdicts import Complaint, Conformity, Deviation
from contract_tests.target.api import Spoken, TargetResponse

_LINKS = ("link-first", "link-last", "link-next", "link-previous", "link-self")
# Links to be followed from page to page: each page must be of the same size.
_STEPS = frozenset({"link-next", "link-previous"})
# Facts that follow from the total.
_BY_TOTAL = frozenset({"total-pages", "link-last", "link-next"})
_MOST_PAGES = 500
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Require = Callable[[Iterable[Complaint]], None]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list. `facts` maps `x-value` words (`total`, `link-next`…) to what the page shows.

    `asked` is the requested page number and `size` the requested size, each None if it was not sent.
    """

    asked: int | None
    size: int | None
    rows: tuple[Mapping[str, Any], ...]
    ids: tuple[int, ...]
    facts: Mapping[str, Any]

    @property
    def total(self) -> int:
        """The total that the page shows."""
        total: int = self.facts["total"]
        return total


class Listing:
    """Reads pages and judges them."""

    def __init__(
        self, api: Spoken, facts: Facts, statements: Statements, conformity: Conformity, require: Require
    ) -> None:
        self._api = api
        self._facts = facts
        self._statements = statements
        self._conformity = conformity
        self._require = require
        answer = facts.operation("list").response
        paths = facts.schemas
        words_of_page = ("page", "page-text", "page-size", "total", "total-pages", *_LINKS)
        self._pages: dict[tuple[int | None, int | None], tuple[int, Page]] = {}
        self._steps = {word: paths.path_to(answer, word) for word in ("rows", *words_of_page)}

    def read(self, response: TargetResponse, asked: int | None = None, size: int | None = None) -> Page:
        """Read the response to a list. Raises Deviation if it does not have the documented form."""
        self._require(self._conformity.success("list", response))
        place = "the body"
        try:
            body, facts = response.json(), dict[str, Any]()
            for word, steps in self._steps.items():
                if steps:
                    place = f"`{'.'.join(steps)}`"
                    facts[word] = reduce(getitem, steps, body)
            place = "an id, the total or the number of pages"
            rows = tuple(facts.pop("rows"))
            ids = tuple(int(row[self._facts.row["id"]]) for row in rows)
            facts["total"], facts["total-pages"] = int(facts["total"]), int(facts["total-pages"])
        except (LookupError, TypeError, ValueError):
            form = self._statements.page("rows", "The list has the documented form.")
            raise Deviation([Complaint(form, f"{place} cannot be read in the answer to a list")]) from None
        return Page(asked, size, rows, ids, facts)

    def get(self, page: int | None = None, size: int | None = None) -> Page:
        """Get a page. Raises Deviation if the response is not one."""
        found = self.read(self._api.list(page, size), page, size)
        self._pages[page, size] = self._api.writes, found
        return found

    def seen(self, page: int | None = None, size: int | None = None) -> Page:
        """Return a page, which is requested only if it was not read since the last write."""
        writes, found = self._pages.get((page, size), (-1, None))
        return found if found is not None and writes == self._api.writes else self.get(page, size)

    def everything(self, expected: int = 0) -> list[Mapping[str, Any]]:
        """Return all rows in the list's order with few requests; `expected` is a guess of their number."""
        writes, known = self._pages.get((None, None), (-1, None))
        if known is not None and writes == self._api.writes and known.total == len(known.rows):
            return [*known.rows]
        sizes = self._facts.sizes
        size = next((size for size in sizes if size >= expected), sizes[-1])
        return [row for page in self.walk(size) for row in page.rows]

    def walk(self, size: int) -> Iterator[Page]:
        """Yield the pages of one size, first to last, by page number: as many as the total fills, or as are told."""
        page = self.get(1, size)
        yield page
        told = page.facts.get("page-size")
        filled = -(-page.total // (told if isinstance(told, int) and told > 0 else size))
        for number in range(2, min(max(filled, page.facts["total-pages"]), _MOST_PAGES) + 1):
            yield self.get(number, size)

    def partition(self, pages: Sequence[Page], wanted: Collection[int]) -> list[Complaint]:
        """Return what is wrong with pages that should show these handlers once each and count all rows.

        If the number of pages is wrong, a page beyond the last may repeat another one: it does not count.
        """
        pages = [page for number, page in enumerate(pages) if not self._repeats(page, pages[:number])]
        ids = [n for page in pages for n in page.ids]
        twice = sorted({n for n in ids if ids.count(n) > 1})
        lacking = sorted(set(wanted) - set(ids))
        totals = {len(ids), len(ids) + len(lacking)}  # the total may count what the pages lack
        found = [Complaint(PAGES, f"handler {n} is on two pages") for n in twice]
        found += [
            Complaint(
                PAGES,
                f"the total on page {page.asked}",
                str(page.total),
                f"{len(ids)}, as many as the pages show",
            )
            for page in pages
            if page.total not in totals
        ]
        return found + [Complaint(PAGES, f"the pages do not show handler {n}") for n in lacking]

    def _repeats(self, page: Page, before: Sequence[Page]) -> bool:
        """Tell whether a page is beyond the last by its own total, and shows nothing but rows of pages before it."""
        known = {n for each in before for n in each.ids}
        size = page.size if page.size in self._facts.sizes else self._facts.default_size
        return bool(page.ids) and known.issuperset(page.ids) and (page.asked or 1) > -(-page.total // size)

    def complaints(self, page: Page) -> list[Complaint]:
        """Return what is wrong with a page's meta, links and number of rows, given its own total.

        If a page tells or has another size than it should have, the rest may follow from the one or the other.
        """
        facts, told = self._facts, page.facts.get("page-size")
        size = page.size if page.size in facts.sizes else facts.default_size
        ways = {size: self._by_size(page, size)}
        is_told = told is None or same(told, size)
        is_filled = all(one.statement != PAGES for one in ways[size])
        if not is_filled and page.facts["link-next"] is None:
            count = ((page.asked or 1) - 1) * size + len(page.rows)
            rest = self._by_size(replace(page, facts={**page.facts, "total": count}), size)
            if len(rest) + 1 < len(ways[size]):
                wanted = f"{count}, as many as the pages show"
                about = f"the total on page {page.asked or 1}"
                return [Complaint(PAGES, about, str(page.total), wanted), *rest]
        for other in (
            () if is_told and (is_filled or not page.rows) else (told, facts.default_size, len(page.rows))
        ):
            if isinstance(other, int) and other > 0 and other not in ways:
                alike = (page, replace(page, size=other), replace(page, size=None))  # by their links
                ways[other] = min((self._by_size(each, other) for each in alike), key=len)
        kept = min(ways, key=lambda other: len(ways[other]))
        ground = self._statements.page(
            "page-size", "Each page has the size that was asked for, and tells it."
        )
        if not is_told:
            about = f"{self._place('page-size')} of {self._named(page)}"
            return [Complaint(ground, about, json.dumps(told), json.dumps(size)), *ways[kept]]
        if kept == size:
            return ways[size]
        about = f"the size of {self._named(page)}, by its rows,"
        return [Complaint(ground, about, str(kept), str(size)), *ways[kept]]

    def _by_size(self, page: Page, size: int) -> list[Complaint]:
        """Return what is wrong with a page that has this size."""
        words = self._facts.paging
        pages = -(-page.total // size)
        asked = 1 if page.asked is None else page.asked
        beyond = self._beyond(asked, pages)
        pages = max(1, pages) if words["empty"] == "one-page" else pages
        shown = min(asked, max(1, pages)) if words["beyond"] == "last-page" else asked
        count = min(size, max(0, page.total - (shown - 1) * size))
        where = self._named(page)
        wanted = {
            "total-pages": (
                pages,
                beyond or self._statements.page("total-pages", "The total is divided into pages."),
            ),
            "page": (shown, beyond or self._statements.page("page", "Each page tells its number.")),
            "page-text": (
                shown if page.asked is None else str(page.asked),
                beyond or self._statements.page("page-text", "Each page tells its number."),
            ),
        }
        found = [
            Complaint(
                ground,
                f"{self._place(word)} of {where}",
                json.dumps(page.facts[word]),
                self._by_total(json.dumps(value), word, page),
            )
            for word, (value, ground) in wanted.items()
            if word in page.facts and not same(page.facts[word], value)
        ]
        if len(page.rows) != count:
            found.append(
                Complaint(beyond or PAGES, f"the number of rows on {where}", str(len(page.rows)), str(count))
            )
        # Links may follow from a wrong number of pages.
        links = [list(self._links(page, shown, last, beyond)) for last in (pages, page.facts["total-pages"])]
        return found + min(links, key=len)

    def _named(self, page: Page) -> str:
        """Return the number and size of a page, with the document's defaults for what was not sent."""
        return f"page {page.asked or 1} of size {page.size or self._facts.default_size}"

    def _beyond(self, asked: int, pages: int) -> Statement | None:
        """Return what a page beyond the last rests on, or None for an existing page."""
        if not pages:
            return self._statements.paging("empty", "An empty list has the documented number of pages.")
        if asked > pages:
            return self._statements.paging("beyond", "A page beyond the last shows what the document says.")
        return None

    def _links(self, page: Page, shown: int, pages: int, beyond: Statement | None) -> Iterator[Complaint]:
        numbers = {
            "link-first": 1,
            "link-last": pages or None,
            "link-next": shown + 1 if shown < pages else None,
            "link-previous": self._previous(shown, pages),
            "link-self": shown,
        }
        for word, number in numbers.items():
            wanted = None if number is None else self._link(page, number)
            value = page.facts[word]
            if self._is_link(value, wanted):
                continue
            about = f"{self._place(word)} of {self._named(page)}"
            loses_size = word in _STEPS and self._drops_size(page, value)
            if number is not None and not loses_size and self._leads_to(page, value, number):
                ground, about = (
                    self._form(page, value),
                    f"a link on a page of size {page.size or self._facts.default_size}",
                )
                yield Complaint(ground, about, f"`{value}`", f"`{wanted}`")
                continue
            ground = beyond or self._statements.page(word, "Each link leads to the page that it names.")
            there = "null" if number is None else f"a link to page {number}"
            there += f" of size {page.size}" if loses_size or self._names_another_size(page, value) else ""
            seen = "null" if value is None else f"`{value}`"
            yield Complaint(ground, about, seen, self._by_total(there, word, page))

    def _drops_size(self, page: Page, shown: Any) -> bool:
        """Tell whether a link lacks the size of the page, while one to the first or last page has it."""
        name = f"{self._facts.size_parameter}="
        is_repeated = any(name in str(page.facts[word]) for word in ("link-first", "link-last"))
        return page.size is not None and is_repeated and isinstance(shown, str) and name not in shown

    def _names_another_size(self, page: Page, shown: Any) -> bool:
        """Tell whether a link has a size, and not that of the page."""
        name, told = f"{self._facts.size_parameter}=", str(shown)
        return page.size is not None and name in told and not re.search(rf"{name}{page.size}(?!\d)", told)

    def _place(self, word: str) -> str:
        """Return the readable place where a list shows a fact."""
        return f"`{'.'.join(self._facts.schemas.path_to(self._facts.operation('list').response, word))}`"

    def _by_total(self, wanted: str, word: str, page: Page) -> str:
        """Return what should be shown, with the total if it follows from that: the total may be what is wrong."""
        return f"{wanted}, by the total of {page.total}" if word in _BY_TOTAL else wanted

    def _previous(self, shown: int, pages: int) -> int | None:
        """Return the page before one, which may be beyond the last."""
        word = self._facts.paging.get("previous-beyond", "one-less")
        if shown > max(1, pages) and word != "one-less":
            return pages or 1 if word == "last" else None
        return shown - 1 if shown > 1 else None

    def _form(self, page: Page, value: str) -> Statement:
        """Return what the spelling of a link rests on. The page shows links of a list without a size."""
        if page.size is not None or self._facts.size_parameter in value:
            return self._statements.paging(
                "link-repeats", "Links repeat the size of the page as the document says."
            )
        return self._statements.paging("link-opening", "The query of a link begins as the document says.")

    def _link(self, page: Page, number: int) -> str:
        """Return a link without the part before its base path."""
        facts, words = self._facts, self._facts.paging
        size = page.size if page.size in facts.sizes else None
        told = {
            "accepted": size,
            "as-sent": size,
            "sent": size,
            "sent-empty": size,
            "not-default": None if size == facts.default_size else size,
            "always": size or facts.default_size,
        }.get(words["link-repeats"])
        opening, page_first = words["link-opening"], words.get("link-page") == "first"
        if told is not None and not page_first:
            opening = f"?{facts.size_parameter}={told}&"
        end = f"&{facts.size_parameter}={told}" if told is not None and page_first else ""
        return f"{facts.base_path}{words['link-path']}{opening}{facts.page_parameter}={number}{end}"

    def _is_link(self, shown: Any, wanted: str | None) -> bool:
        if wanted is None or not isinstance(shown, str):
            return shown is None and wanted is None
        return self._is_home(shown) and shown.partition(urlsplit(shown).netloc)[2] == self._here(wanted)

    def _leads_to(self, page: Page, shown: Any, number: int) -> bool:
        """Tell whether a link leads to a page of the same size, however its query is spelled."""
        if not isinstance(shown, str) or not self._is_home(shown):
            return False
        facts, there = self._facts, urlsplit(shown)
        query = dict(parse_qsl(there.query, keep_blank_values=True))
        size = query.pop(facts.size_parameter, None)
        path = self._here(f"{facts.base_path}{self._facts.paging['link-path']}")
        is_size = (
            size is None or size == str(page.size) or (page.size is None and size == str(facts.default_size))
        )
        return there.path == path and query.get(facts.page_parameter) == str(number) and is_size

    def _is_home(self, shown: str) -> bool:
        """Tell whether a link leads to the service itself."""
        there, here = urlsplit(shown), urlsplit(self._api.base_url)
        local = {there.hostname, here.hostname} <= _LOOPBACK
        documented = {urlsplit(server["url"]).netloc for server in self._facts.document["servers"]}
        return (there.netloc == here.netloc or local or there.netloc in documented) and there.scheme in {
            "http",
            "https",
        }

    def _here(self, path: str) -> str:
        return urlsplit(self._api.base_url).path.rstrip("/") + path.removeprefix(self._facts.base_path)


def same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are the same; unlike `==`, 1 is not true and 1.0 is not 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
