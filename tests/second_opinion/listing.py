"""The list: its order, pages, meta and links."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.second_opinion.answers import Choice, Chosen
from tests.second_opinion.refusals import Refused
from tests.second_opinion.rows import Account, Row
from tests.second_opinion.texts import is_plain_number, php_int

SIZES = ("10", "25", "50", "100", "250", "500", "1000")
DEFAULT_SIZE = 25


class Listing(Chosen):
    """Shows an account's rows page by page."""

    def __init__(self, choice: Choice, show: Callable[[Row, Account], dict[str, Any]]) -> None:
        super().__init__(choice)
        self.show = show
        self.lists = 0

    def page(self, account: Account, query: Mapping[str, str], address: str) -> dict[str, Any]:
        """Return one page. Its links begin with `address`."""
        rows = self._ordered(account)
        size, repeated = self._size(query)
        pages = -(-len(rows) // size)
        if not rows and self.says("empty-list", "one-page"):
            pages = 1
        asked = self._asked(query, pages)
        page = max(1, asked)
        start = (page - 1) * size
        if self.bug("page-repeats-row"):
            start -= page - 1
        if self.bug("page-skips-row"):
            start += page - 1
        length = DEFAULT_SIZE if self.bug("page-size-ignored") else size
        return {
            "data": [self.show(row, account) for row in rows[start : start + length]],
            "meta": self._meta(query, page, size, len(rows), pages),
            "links": self._links(self._opening(address, repeated), asked, page, pages),
        }

    def _ordered(self, account: Account) -> list[Row]:
        rows = list(account.rows.values())
        if self.bug("list-shows-deleted"):
            rows += account.deleted
        rows.sort(key=lambda row: row.id, reverse=self.says("list-order", "newest-first"))
        self.lists += 1
        if self.bug("order-unstable") and self.lists % 2 == 0:
            rows = [row for at in range(0, len(rows), 2) for row in reversed(rows[at : at + 2])]
        return rows

    def _size(self, query: Mapping[str, str]) -> tuple[int, str]:
        """Return the rows of a page, and the parameter that links repeat."""
        text = query.get("results_per_page")
        if text in SIZES:
            repeats = self.says("links-repeat-parameters", "accepted")
            return int(text), f"results_per_page={text}&" if repeats else ""
        if text is not None and self.says("page-size-not-allowed", "refused"):
            raise Refused("page-size")
        return DEFAULT_SIZE, ""

    def _asked(self, query: Mapping[str, str], pages: int) -> int:
        """Return the number of the requested page, which may not exist."""
        text = query.get("page", "1")
        number = php_int(text)
        if self.says("page-not-valid", "refused") and not is_plain_number(text.lstrip("0")):
            raise Refused("page")
        if number > max(1, pages) and self.says("page-beyond-last", "last-page"):
            return max(1, pages)
        return number

    def _meta(self, query: Mapping[str, str], page: int, size: int, total: int, pages: int) -> dict[str, Any]:
        if self.bug("wrong-total"):
            total += 1
        if self.bug("total-pages-off-by-one"):
            pages += 1
        raw = self.says("meta-page", "raw-text")
        return {
            "page": query.get("page", page) if raw else page,
            "results_per_page": size,
            "total" if self.says("meta-total", "total") else "total_results": total,
            "total_pages": pages,
        }

    def _opening(self, address: str, repeated: str) -> str:
        if not repeated and self.says("links-opening", "question-mark-ampersand"):
            return f"{address}?&page="
        return f"{address}?{repeated}page="

    def _links(self, opening: str, asked: int, page: int, pages: int) -> dict[str, str | None]:
        before = page if self.bug("wrong-prev") else page - 1
        return {
            "first": f"{opening}1",
            "last": f"{opening}{pages}" if pages else None,
            "next": f"{opening}{page + 1}" if page < pages or self.bug("always-next") else None,
            "prev": f"{opening}{before}" if page > 1 else None,
            "self": f"{opening}{1 if self.bug('stale-self') else asked}",
        }
