"""Probes of the questions about the list: its order, pages, meta and links."""

from __future__ import annotations

import re
from collections.abc import Sequence

from contract_tests.document import Facts
from contract_tests.judge.verdicts import said
from contract_tests.probes.handler import ProbedHandler
from contract_tests.probes.observations import SeenPage, first_page, handler, second, wide_response
from contract_tests.probes.prober import Probe, Prober
from contract_tests.probes.reading import (
    Answered,
    Finding,
    Outside,
    Undecided,
    Unknown,
    accepted,
    is_success,
    number,
    refused,
    shown,
)
from contract_tests.target.api import TargetResponse

# So far beyond the last page that the rows that probes create do not fill it.
_BEYOND = 7
# How many other rows show whether a list is sorted by id, and how many ids a sentence names.
_TELLING, _MOST_IDS = 3, 8


def _wide_page(prober: Prober) -> SeenPage:
    """Read the page of the largest size."""
    return SeenPage(prober.once(wide_response), prober.expectations)


def _list_order(prober: Prober) -> Finding:
    older, newer = prober.once(handler), prober.once(second)
    both, page, place = {older.id, newer.id}, prober.once(_wide_page), 1
    if not both <= set(page.ids) and not page.is_last:
        place = number(page.value("total-pages")) or 1
        page = _page(prober, place)
    if not both <= set(page.ids):
        raise Undecided("the list does not show both of two new handlers")
    is_newest_first = page.ids.index(newer.id) < page.ids.index(older.id)
    ids = [row for row in page.ids if row is not None]
    others = [row for row in ids if row not in both]
    if len(others) < _TELLING:
        return _by_name(prober, (older, newer), place, ids) or _by_time(is_newest_first)
    # Ids seem to grow with time if two new ones are above all others.
    if max(others) < older.id < newer.id and ids != sorted(ids, reverse=is_newest_first):
        return Outside(
            f"Not by the time of creation: it shows the ids {', '.join(map(str, ids[:_MOST_IDS]))}."
        )
    return _by_time(is_newest_first)


def _by_time(is_newest_first: bool) -> Finding:
    return Answered("newest-first" if is_newest_first else "oldest-first")


def _by_name(
    prober: Prober, both: tuple[ProbedHandler, ProbedHandler], place: int, ids: Sequence[int]
) -> Finding | None:
    """Rename the older of two rows, so that it sorts on the other side of the newer; return a finding if it moves.

    If it moves, a name in another case shows whether the list distinguishes case. A list that is sorted by the last
    change does not move the older row if it was changed before, but does move the newer one.
    """
    older, newer = both
    was_changed = older.shown != older.first
    is_first = prober.as_stored(older.name, 1) < prober.as_stored(newer.name, 2)
    for letter in ("z" if is_first else "a", "Z"):
        if not is_success(older.update(name=prober.name(letter))):
            return None
        older.look()
        shown = [row for row in _page(prober, place).ids if row is not None]
        if shown == ids and letter != "Z":
            return _by_change(prober, newer, place, ids) if was_changed else None
    return Outside(
        "Not by the time of creation: a handler has another place in it after it got another name."
    )


def _by_change(prober: Prober, newer: ProbedHandler, place: int, ids: Sequence[int]) -> Finding | None:
    """Change the newer of two rows; return a finding if it moves in the list."""
    if not is_success(newer.update(name=prober.name("m"))):
        return None
    newer.look()
    if [row for row in _page(prober, place).ids if row is not None] == ids:
        return None
    return Outside("Not by the time of creation: a handler has another place in it after it was changed.")


def _page(prober: Prober, place: int) -> SeenPage:
    """Read a page of the largest size as it is now."""
    size = max(prober.facts.sizes)
    return SeenPage(prober.list(size=size, page=place, again=True), prober.expectations)


def _page_not_valid(prober: Prober) -> Finding:
    """Ask for page 0 and, unless requests are spared, for other texts."""
    texts = ("0",) if prober.spares else ("0", "no-number", "-2")
    how: dict[str, TargetResponse | None] = {}
    links: list[str] = []
    for text in texts:
        response = prober.list(page=text, size=min(prober.facts.sizes))
        if not accepted(response, f"the page {text}"):
            prober.note("invalid_parameter", response, f"a list of the page {text}")
            how[text] = response
            continue
        page = SeenPage(response, prober.expectations)
        if not page.is_first or (page.total and not page.rows):
            return Outside(f"The page {text} is shown, and is not the first.")
        links.append(f"for `{text}`, `self` is {shown(page.value('link-self'))}")
        how[text] = None
    if not any(how.values()):
        return Answered("first-page", f"Page 1; {'; '.join(links)}.")
    seen = ", ".join(
        f"`{text}` is refused with {said(refusal)}" if refusal is not None else f"`{text}` shows page 1"
        for text, refusal in how.items()
    )
    return Answered("refused", f"{seen}.") if all(how.values()) else Outside(f"{seen}.")


def _page_beyond_last(prober: Prober) -> Finding:
    if prober.can_write:
        prober.once(handler)
    first = prober.once(first_page)
    if not first.total and not prober.can_write:
        return Unknown("the account is empty")
    pages = number(first.value("total-pages")) or 1
    response = prober.list(page=pages + _BEYOND, size=max(prober.facts.sizes))
    if not accepted(response, "a page beyond the last"):
        return Outside(f"It is refused with {said(response)}.")
    page = SeenPage(response, prober.expectations)
    if not page.rows:
        before = page.value("link-previous")
        return Answered(
            "empty", f"No rows; `next` is {shown(page.value('link-next'))} and `prev` {shown(before)}."
        )
    return Answered("last-page") if page.is_last else Outside("A page beyond the last shows another one.")


def _page_size_not_allowed(prober: Prober) -> Finding:
    size = min(prober.facts.sizes) - 3
    response = prober.list(size=size)
    if not accepted(response, f"a page size of {size}"):
        prober.note("invalid_parameter", response, f"a list with a page size of {size}")
        return refused(response)
    page = SeenPage(response, prober.expectations)
    shown, rows = number(page.value("page-size")), len(page.rows or ())
    if shown == prober.facts.default_size:
        if page.total is not None and rows != min(page.total, shown):
            return Outside(
                f"A page size of {size} is said to give pages of {shown}, and shows {rows} handlers."
            )
        return Answered("default")
    return Outside(f"A page size of {size} gives pages of {shown}.")


def _empty_list(prober: Prober) -> Finding:
    page = prober.once(first_page)
    if page.rows or page.total != 0:
        return Unknown("the account is not empty")
    seen = number(page.value("total-pages")), page.value("link-last") is not None
    answer = {(0, False): "no-pages", (1, True): "one-page"}.get((seen[0] or 0, seen[1]))
    if answer is None:
        return Outside(f"It says {seen[0]}, and its `last` is {shown(page.value('link-last'))}.")
    return Answered(answer)


def _links_repeat_parameters(prober: Prober) -> Finding:
    links = prober.once(_wide_page).links
    repeats = [f"{prober.facts.size_parameter}=" in link for link in links]
    if not links or len(set(repeats)) > 1:
        return Outside("Only some links repeat the size of the page." if links else "There are no links.")
    if not all(repeats):
        return Answered("none")
    if not prober.spares:
        usual = SeenPage(prober.list(size=prober.facts.default_size), prober.expectations).links
        if usual and not any(f"{prober.facts.size_parameter}=" in link for link in usual):
            return Answered("accepted", f"Yes, but for the size of the default: {shown(usual[0])}.")
    return Answered("accepted", f"Yes: {shown(links[0])}.")


def _links_opening(prober: Prober) -> Finding:
    """Look at what precedes the number of the page in links, apart from a repeated size."""
    links = prober.once(first_page).links
    page, size = prober.facts.page_parameter, prober.facts.size_parameter
    before = {re.split(f"(?:^|(?<=&)){page}=", link.partition("?")[2])[0] for link in links}
    openings = {f"?{re.sub(f'{size}=[0-9]+&', '', text)}" for text in before}
    return prober.expectations.decide(
        "links-opening", openings, lambda facts: {str(_paging(facts)["link-opening"])},
        f"The query of a link begins with {' or '.join(sorted(openings)) or 'nothing'}.",
    )  # fmt: skip


def _paging(facts: Facts) -> dict[str, object]:
    return dict(facts.document["paths"][facts.operation("list").path]["get"]["x-paging"])


def _meta_page(prober: Prober) -> Finding:
    value = prober.once(first_page).value(_page_word(prober.facts))
    kind = "page-text" if value == "1" else "page" if number(value) == 1 else ""
    return prober.expectations.decide(
        "meta-page", kind, _page_word, f"On page 1 the page's number is shown as {value!r}."
    )


def _page_word(facts: Facts) -> str:
    """Return the `x-value` word of the page in meta: the number, or the text of the query."""
    answer = facts.operation("list").response
    return "page-text" if facts.schemas.path_to(answer, "page-text") else "page"


def _meta_total(prober: Prober) -> Finding:
    page = prober.once(first_page)
    for answer, key in page.total_keys.items():  # the documented key first, since others may stand beside it
        if key in page.meta:
            return Answered(answer)
    return Outside(f"What counts has the keys {', '.join(page.meta) or 'none'}.")


PROBES = {
    "list-order": Probe("writes", _list_order),
    "page-not-valid": Probe("reads", _page_not_valid),
    "page-beyond-last": Probe("reads", _page_beyond_last),
    "page-size-not-allowed": Probe("reads", _page_size_not_allowed),
    "empty-list": Probe("reads", _empty_list),
    "links-repeat-parameters": Probe("reads", _links_repeat_parameters),
    "links-opening": Probe("reads", _links_opening),
    "meta-page": Probe("reads", _meta_page),
    "meta-total": Probe("reads", _meta_total),
}
