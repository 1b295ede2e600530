"""Probes of the questions about lists."""

from __future__ import annotations

from typing import Any

from tests.questions.probe import Probe
from tests.semantics.client import Client, Reply

NO_PARAMETER = "A parameter is not valid."


def query(url: str | None) -> str | None:
    """Return what a link has from its question mark on."""
    return url and url[url.index("?") :]


def page(reply: Reply, *names: str) -> Any:
    """Return the title of a refusal, or these facts of a page and its ids."""
    if reply.status >= 400:
        return [reply.status, reply.title]
    body = reply.json
    facts = {**body["meta"], **{name: query(url) for name, url in body["links"].items()}}
    facts["page"] = body["meta"]["page"]
    return [reply.status, [row["id"] for row in body["data"]], *(facts[name] for name in names)]


def twelve(client: Client) -> Client:
    """Fill the list to twelve handlers."""
    for number in range(11):
        client.create(name=str(number), type="email")
    return client


def list_order(client: Client) -> Any:
    client.create(name="N", type="email")
    return client.ids()


def page_not_valid(client: Client) -> Any:
    return [page(client.get(f"?page={text}"), "page", "self") for text in ("0", "-1", "abc")]


def page_beyond_last(client: Client) -> Any:
    return page(twelve(client).get("?results_per_page=10&page=9"), "page", "next", "prev")


def page_size_not_allowed(client: Client) -> Any:
    return [page(client.get(f"?results_per_page={text}"), "results_per_page") for text in ("7", "0", "abc")]


def empty_list(client: Client) -> Any:
    client.delete(1)
    return page(client.get(), "total_pages", "first", "last", "self")


def links_repeat_parameters(client: Client) -> Any:
    return page(twelve(client).get("?results_per_page=10&page=2"), "first", "last", "prev", "self")


def links_opening(client: Client) -> Any:
    return [page(client.get(), "self"), page(client.get("?results_per_page=25"), "self")]


def meta_page(client: Client) -> Any:
    return [page(client.get(text), "page") for text in ("", "?page=1", "?page=01")]


def meta_total(client: Client) -> Any:
    return client.get().json["meta"]


_TWO = "?results_per_page=10&page="

PROBES = {
    "list-order": Probe(list_order, {"newest-first": [2, 1], "oldest-first": [1, 2]}),
    "page-not-valid": Probe(
        page_not_valid,
        {
            "first-page": [[200, [1], 1, f"?page={shown}"] for shown in (0, -1, 0)],
            "refused": [[400, NO_PARAMETER]] * 3,
        },
    ),
    "page-beyond-last": Probe(
        page_beyond_last,
        {"empty": [200, [], 9, None, f"{_TWO}8"], "last-page": [200, [2, 1], 2, None, f"{_TWO}1"]},
    ),
    "page-size-not-allowed": Probe(
        page_size_not_allowed,
        {"default": [[200, [1], 25]] * 3, "refused": [[400, NO_PARAMETER]] * 3},
    ),
    "empty-list": Probe(
        empty_list,
        {
            "no-pages": [200, [], 0, "?page=1", None, "?page=1"],
            "one-page": [200, [], 1, "?page=1", "?page=1", "?page=1"],
        },
    ),
    "links-repeat-parameters": Probe(
        links_repeat_parameters,
        {
            "accepted": [200, [2, 1], *(f"{_TWO}{number}" for number in (1, 2, 1, 2))],
            "none": [200, [2, 1], *(f"?page={number}" for number in (1, 2, 1, 2))],
        },
    ),
    "links-opening": Probe(
        links_opening,
        {
            "question-mark": [[200, [1], "?page=1"], [200, [1], "?results_per_page=25&page=1"]],
            "question-mark-ampersand": [[200, [1], "?&page=1"], [200, [1], "?results_per_page=25&page=1"]],
        },
    ),
    "meta-page": Probe(
        meta_page,
        {
            "integer": [[200, [1], 1], [200, [1], 1], [200, [1], 1]],
            "raw-text": [[200, [1], 1], [200, [1], "1"], [200, [1], "01"]],
        },
    ),
    "meta-total": Probe(
        meta_total,
        {
            "total": {"page": 1, "results_per_page": 25, "total": 1, "total_pages": 1},
            "total-results": {"page": 1, "results_per_page": 25, "total_pages": 1, "total_results": 1},
        },
    ),
}
