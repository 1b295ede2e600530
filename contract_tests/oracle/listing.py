"""Pages of the list: read by the document's words, and held against what the document says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from contract_tests.document.words import Words
from contract_tests.oracle.owned import Deviation
from contract_tests.oracle.shown import same
from contract_tests.target.api import Answer, Spoken

_LINKS = ("link-first", "link-last", "link-next", "link-previous", "link-self")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it was answered. `facts` maps `x-value` words (`total`, `link-next`…) to what the answer shows.

    `asked` is the number that was asked for and `size` the size, each None where it was left out.
    """

    asked: int | None
    size: int | None
    rows: tuple[Mapping[str, Any], ...]
    ids: tuple[int, ...]
    facts: Mapping[str, Any]

    @property
    def total(self) -> int:
        """How many handlers the answer says there are."""
        total: int = self.facts["total"]
        return total


class Listing:
    """Reads pages and judges them. `limit` is a number of pages that no walk goes beyond."""

    def __init__(self, api: Spoken, words: Words, limit: int = 500) -> None:
        self._api = api
        self._words = words
        self._limit = limit
        answer = words.facts.operation("list").answer
        paths = words.facts.schemas
        words_of_page = ("page", "page-text", "page-size", "total", "total-pages", *_LINKS)
        self._pages: dict[tuple[int | None, int | None], tuple[int, Page]] = {}
        self._steps = {word: paths.path_to(answer, word) for word in ("rows", *words_of_page)}

    def read(self, answer: Answer, asked: int | None = None, size: int | None = None) -> Page:
        """Read an answer to the list. Raises Deviation where it is no such answer."""
        try:
            body = answer.json()
            facts = {word: at(body, steps) for word, steps in self._steps.items() if steps}
            rows = tuple(facts.pop("rows"))
            ids = tuple(int(row[self._words.facts.row["id"]]) for row in rows)
            facts["total"], facts["total-pages"] = int(facts["total"]), int(facts["total-pages"])
        except (LookupError, TypeError, ValueError) as error:
            what = f"{type(error).__name__}: {error}"
            raise Deviation(
                f"the list is not in the documented form ({what}): {answer.body[:200]!r}"
            ) from None
        return Page(asked, size, rows, ids, facts)

    def get(self, page: int | None = None, size: int | None = None) -> Page:
        """Ask for a page. Raises Deviation where the answer is none."""
        answer = self._api.list(page, size)
        if answer.status != self._words.facts.operation("list").success:
            raise Deviation(f"the list answers {answer.status}: {answer.body[:120]!r}")
        found = self.read(answer, page, size)
        self._pages[page, size] = self._api.writes, found
        return found

    def seen(self, page: int | None = None, size: int | None = None) -> Page:
        """Return a page as it was answered since the last write; ask for it only if nobody has, to spare a request."""
        writes, found = self._pages.get((page, size), (-1, None))
        return found if found is not None and writes == self._api.writes else self.get(page, size)

    def everything(self, expected: int = 0) -> list[Mapping[str, Any]]:
        """Return all rows in the list's order, by few requests; `expected` is a guess of how many there are."""
        sizes = self._words.facts.sizes
        size = next((size for size in sizes if size >= expected), sizes[-1])
        return [row for page in self.walk(size) for row in page.rows]

    def walk(self, size: int) -> Iterator[Page]:
        """Yield the pages of one size, first to last, by the page's number."""
        page = self.get(1, size)
        yield page
        for number in range(2, min(page.facts["total-pages"], self._limit) + 1):
            yield self.get(number, size)

    def complaints(self, page: Page) -> list[str]:
        """Return what a page's meta, links and number of rows have against the document, given its own total."""
        facts, words = self._words.facts, self._words.paging
        size = page.size if page.size in facts.sizes else facts.default_size
        pages = -(-page.total // size)
        pages = max(1, pages) if words["empty"] == "one-page" else pages
        shown = 1 if page.asked is None else page.asked
        if words["beyond"] == "last-page":
            shown = min(shown, max(1, pages))
        count = min(size, max(0, page.total - (shown - 1) * size))
        wanted: dict[str, Any] = {"page-size": size, "total-pages": pages, "page": shown}
        wanted["page-text"] = shown if page.asked is None else str(page.asked)
        found = [
            f"page {page.asked} of size {page.size} has {word} {page.facts[word]!r} and should have {value!r}"
            for word, value in wanted.items()
            if word in page.facts and not same(page.facts[word], value)
        ]
        if len(page.rows) != count:
            found.append(
                f"page {page.asked} of size {page.size} has {len(page.rows)} rows and should have {count}"
            )
        return found + self._links(page, shown, pages)

    def _links(self, page: Page, shown: int, pages: int) -> list[str]:
        numbers = {
            "link-first": 1,
            "link-last": pages or None,
            "link-next": shown + 1 if shown < pages else None,
            "link-previous": shown - 1 if shown > 1 else None,
            "link-self": shown,
        }
        wanted = {word: None if n is None else self._link(page, n) for word, n in numbers.items()}
        return [
            f"{word} of page {page.asked} of size {page.size} is {page.facts[word]!r} and should be {value!r}"
            for word, value in wanted.items()
            if not self._is_link(page.facts[word], value)
        ]

    def _link(self, page: Page, number: int) -> str:
        """Return a link from the base path on."""
        facts, words = self._words.facts, self._words.paging
        opening = words["link-opening"]
        if page.size in facts.sizes and words["link-repeats"] == "accepted":
            opening = f"?{facts.size_parameter}={page.size}&"
        return f"{facts.base_path}{words['link-path']}{opening}{facts.page_parameter}={number}"

    def _is_link(self, shown: Any, wanted: str | None) -> bool:
        if wanted is None or not isinstance(shown, str):
            return shown is None and wanted is None
        there, here = urlsplit(shown), urlsplit(self._api.base_url)
        local = {there.hostname, here.hostname} <= _LOOPBACK
        documented = {urlsplit(server["url"]).netloc for server in self._words.facts.document["servers"]}
        home = there.netloc == here.netloc or local or there.netloc in documented
        base = here.path.rstrip("/")
        wanted = base + wanted.removeprefix(self._words.facts.base_path)
        return home and there.scheme in {"http", "https"} and shown.partition(there.netloc)[2] == wanted


def at(body: Any, steps: tuple[str, ...]) -> Any:
    """Return what stands at a place of an answer. Raises LookupError or TypeError where nothing does."""
    for step in steps:
        body = body[step]
    return body
