"""Links are absolute, on the host that was asked or the public one, and repeat what was accepted."""

from __future__ import annotations

from typing import Any

import pytest

from mock_server import Rules, Settings
from tests.semantics.client import BASE, Client, answering, assert_ours

PATH = "/api/notification-handlers"


def own_link(client: Client, query: str = "", **environ: Any) -> str:
    """Return the list's link to itself."""
    reply = client.get(query, **environ)
    assert_ours(reply)
    link: str = reply.json["links"]["self"]
    return link


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "example.com:8443",
        "[::1]:4055",
        "[::1]",
        "localhost",
        "xn--bcher-kva.example",
        "1.2.3.4",
    ],
)
def test_links_stand_on_the_host_that_was_asked(client: Client, host: str) -> None:
    assert own_link(client, HTTP_HOST=host) == f"http://{host}{PATH}?page=1"


@pytest.mark.parametrize(
    "host",
    [
        '"',
        "\\",
        "a b",
        "<script>",
        "%00",
        "%s%(name)s",
        "é",
        "\xff\xfe",
        "a,b",
        "x" * 9000,
        "//",
        "user@evil",
        ":",
        "{}",
    ],
)
def test_a_hostile_host_stays_inside_its_text(client: Client, host: str) -> None:
    assert own_link(client, HTTP_HOST=host) == f"http://{host}{PATH}?page=1"


@pytest.mark.parametrize("host", [None, ""])
def test_without_a_host_the_server_s_own_name_stands_in(client: Client, host: str | None) -> None:
    link = own_link(client, HTTP_HOST=host, SERVER_NAME="mock.test", SERVER_PORT="81")
    assert link == f"http://mock.test:81{PATH}?page=1"


def test_links_have_the_scheme_that_was_asked(client: Client) -> None:
    link = own_link(client, HTTP_HOST="example.com", **{"wsgi.url_scheme": "https"})
    assert link == f"https://example.com{PATH}?page=1"


def test_a_public_url_replaces_scheme_and_host() -> None:
    client = Client(Settings(rules=Rules(public_url="https://bitpeak.ru")))
    assert own_link(client, HTTP_HOST="example.com") == f"https://bitpeak.ru{PATH}?page=1"


@pytest.mark.parametrize(
    ("query", "repeated"),
    [
        ("?results_per_page=10", "?results_per_page=10&page=1"),
        ("?page=1&results_per_page=10", "?results_per_page=10&page=1"),
        ("?results_per_page=11", "?page=1"),
        ("?results_per_page=10&results_per_page=50", "?results_per_page=50&page=1"),
        ("?results_per_page=10&results_per_page=11", "?page=1"),
        ("?results_per_page[]=10", "?page=1"),
        ("?search=a&type=email&is_enabled=1&order_by=name", "?page=1"),
        ("?utm_source=x&results_per_page=10&%22=%22", "?results_per_page=10&page=1"),
    ],
)
def test_only_accepted_parameters_are_repeated(client: Client, query: str, repeated: str) -> None:
    for target in (query, f"/{query}"):
        assert own_link(client, target).partition(PATH)[2] == repeated


def test_a_link_leads_to_the_page_it_names(client: Client) -> None:
    for number in range(24):
        client.create(name=str(number), type="email")
    seen: list[int] = []
    link: str | None = f"http://127.0.0.1:4055{BASE}?results_per_page=10"
    while link is not None:
        body = client.call("GET", link.removeprefix("http://127.0.0.1:4055")).json
        seen += [row["id"] for row in body["data"]]
        link = body["links"]["next"]
    assert seen == list(range(25, 0, -1))


@pytest.mark.parametrize(
    ("asked", "location"),
    [
        (f"{BASE}/1/", f"{BASE}/1"),
        (f"{BASE}/1/?page=2&a=%C3%A9", f"{BASE}/1?page=2&a=%C3%A9"),
        (f"{BASE}/%C3%A9/", f"{BASE}/%C3%A9"),
        (f"{BASE}/%FF%0A/", f"{BASE}/%FF%0A"),
    ],
)
def test_a_redirect_names_the_path_as_it_was_sent(asked: str, location: str) -> None:
    reply = answering("trailing-slash=redirect").call("GET", asked)
    assert_ours(reply)
    assert (reply.status, reply.headers["location"], reply.body) == (301, location, b"")
