"""Whatever is sent, the answer is the API's: no failure of ours, no page of Flask's, always marked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from tests.semantics.client import BASE, Client, answering, assert_ours, multipart
from tests.semantics.hostile import (
    AUTHORIZATIONS,
    BODIES,
    IDS,
    LENGTHS,
    MEDIA_TYPES,
    METHODS,
    PATHS,
    QUERIES,
    STRANGERS,
    TEXTS,
)

URLENCODED = "application/x-www-form-urlencoded"


@pytest.fixture
def client(client: Client) -> Iterator[Client]:
    """Give a client in whose journal no defect may stand after the test."""
    yield client
    assert not [exchange for exchange in client.world.journal.exchanges if exchange.defect]


@pytest.mark.parametrize("text", IDS)
def test_ids(client: Client, text: str) -> None:
    status = 200 if IDS[text] else 404
    for reply in (client.get(f"/{text}"), client.update(text, name="M"), client.delete(text)):
        assert_ours(reply)
        assert reply.status == status


@pytest.fixture(scope="module")
def strict() -> Client:
    return answering("id-not-a-number=strict")


@pytest.mark.parametrize("text", IDS)
def test_ids_where_the_cast_is_strict(strict: Client, text: str) -> None:
    assert strict.get(f"/{text}").status == 404


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "CONNECT"])
def test_paths(client: Client, path: str, method: str) -> None:
    reply = client.call(method, path)
    assert_ours(reply)
    assert reply.status == 404
    assert client.ids() == [1]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", [BASE, f"{BASE}/", f"{BASE}/1", "/api/none", "/"])
def test_methods(client: Client, method: str, path: str) -> None:
    if (method, path) == ("HEAD", "/"):
        path = "//"  # the start page is not the API's and has a test of its own
    reply = client.call(method, path)
    assert_ours(reply)
    assert reply.status == 404
    assert client.ids() == [1]


@pytest.mark.parametrize("header", AUTHORIZATIONS)
def test_authorization(app: Flask, header: str) -> None:
    key = AUTHORIZATIONS[header]
    client = Client(app=app, key=key or "mock-unread")
    before = client.world.journal.total
    reply = client.get(HTTP_AUTHORIZATION=header)
    assert_ours(reply)
    assert reply.status == (401 if key is None else 200)
    assert client.world.journal.total == before + (key is not None)
    if key is None:
        assert reply.title == "The request is missing the Bearer Authentication header."


@pytest.mark.parametrize("token", STRANGERS)
def test_tokens_that_are_no_key(client: Client, token: str) -> None:
    reply = client.get(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert_ours(reply)
    assert (reply.status, reply.title) == (401, "You do not have access to the API.")


@pytest.mark.parametrize("query", QUERIES)
def test_queries(client: Client, query: str) -> None:
    reply = client.get(f"?{query}")
    assert_ours(reply)
    assert (reply.status, reply.json["meta"]["results_per_page"]) == (200, 25)
    for target in ("/1", "/9"):
        assert_ours(client.get(f"{target}?{query}"))


@pytest.fixture(scope="module")
def keeping() -> Client:
    """Return a client of a mock that stores texts as they are sent."""
    return answering("text-cleaning=kept", "text-too-long=kept", "json-escapes=plain")


@pytest.mark.parametrize("text", TEXTS)
def test_texts(client: Client, text: str) -> None:
    for reply in (
        client.create(name=f"N{text}", type="email", email=text),
        client.update(1, name=text),
        client.get(),
    ):
        assert_ours(reply)
    assert client.ids() == [2, 1]


@pytest.mark.parametrize("text", TEXTS)
def test_texts_that_are_kept(client: Client, keeping: Client, text: str) -> None:
    keeper = keeping.other(client.key)
    made = keeper.created(name=f"N{text}", type="email", email=text)
    assert (made["name"], made["settings"]) == (f"N{text}", {"email": text})
    assert_ours(keeper.get())
    assert not [exchange for exchange in keeper.world.journal.exchanges if exchange.defect]


@pytest.mark.parametrize("text", TEXTS)
def test_texts_as_types_and_names_of_fields(client: Client, text: str) -> None:
    name = text.replace("\r", "").replace("\n", "").replace('"', "")
    for target in ("", "/1"):
        assert_ours(client.post(target, [("name", "N"), ("type", text), (name, "a"), (f"{name}[]", "b")]))
    assert client.handler(1)["type"] == "email"


@pytest.mark.parametrize("media_type", MEDIA_TYPES, ids=repr)
def test_bodies(client: Client, media_type: str | None) -> None:
    for body in BODIES:
        for path in (BASE, f"{BASE}/1"):
            assert_ours(client.call("POST", path, body, media_type))


def test_bodies_that_are_read_as_json() -> None:
    client = answering("json-body=read")
    for body in BODIES:
        for path in (BASE, f"{BASE}/1"):
            assert_ours(client.call("POST", path, body, "application/json"))


@pytest.mark.parametrize("length", LENGTHS)
def test_lengths(client: Client, length: str) -> None:
    reply = client.call("POST", f"{BASE}/1", b"name=M", URLENCODED, CONTENT_LENGTH=length)
    assert_ours(reply)
    assert reply.status == (413 if length.startswith("99") else 200)


def test_a_body_in_chunks_is_read_where_the_server_ends_it(client: Client) -> None:
    for size, status in ((10, 200), (9_000_000, 413)):
        body, media_type = multipart([("name", "n" * size)])
        chunked: dict[str, Any] = {"CONTENT_LENGTH": None, "wsgi.input_terminated": True}
        reply = client.call("POST", f"{BASE}/1", body, media_type, **chunked)
        assert_ours(reply)
        assert reply.status == status
    assert client.handler(1)["name"] == "n" * 10
    # No other server may be asked for more than it says there is (PEP 3333).
    client.call("POST", f"{BASE}/1", *multipart([("name", "unread")]), CONTENT_LENGTH=None)
    assert client.handler(1)["name"] == "n" * 10


@pytest.mark.parametrize(("size", "status"), [(8_388_000, 201), (10_000_000, 413)])
def test_a_name_of_megabytes_is_cut_or_too_large(client: Client, size: int, status: int) -> None:
    reply = client.create(name="n" * size, type="email")
    assert_ours(reply)
    assert reply.status == status
    assert client.ids() == ([2, 1] if status == 201 else [1])
    assert all(len(row["name"]) <= 128 for row in client.get().data)


@pytest.mark.parametrize("count", [1001, 10_000])
def test_thousands_of_fields_are_too_many(client: Client, count: int) -> None:
    fields = [(f"field{number}", "") for number in range(count)]
    urlencoded = "&".join(f"{name}=" for name, _ in fields).encode()
    for reply in (client.post("", fields), client.call("POST", BASE, urlencoded, URLENCODED)):
        assert_ours(reply)
        assert (reply.status, reply.title) == (413, "The body of the request is too large.")


@pytest.mark.parametrize(
    "name", ["name[a][b]", "name[a][b][c]", "name[][]", "name" + "[a]" * 70, "name[a", "name]"]
)
def test_deep_arrays_are_no_text(client: Client, name: str) -> None:
    reply = client.post("", [(name, "N"), ("type", "email")])
    assert_ours(reply)
    assert (reply.status, reply.title) == (401, "You must fill all the required fields.")


def test_what_a_client_sends_cannot_write_headers(client: Client) -> None:
    made = client.created(name="a\r\nX-Injected: 1", type="email")
    for reply in (client.get(f"/{made['id']}"), client.get("?results_per_page=10%0D%0AX-Injected:1")):
        assert not any("\r" in text or "\n" in text for header in reply.headers.items() for text in header)


def test_the_start_page_is_marked_too(client: Client) -> None:
    for method in ("GET", "HEAD"):
        reply = client.call(method, "/")
        assert reply.status == 200
        assert reply.headers["content-type"].startswith("text/plain")
        assert "x-bitpeak-mock" in reply.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (method, path)
        for method in ("GET", "POST", "get", "SUMMARY", "$ref", "")
        for path in ("", "/", "/info/", "/%00", "/..", "/none", "/" + "a" * 5000)
        if method != "GET" or path.strip("/")  # that is the web page
    ],
    ids=lambda text: text[:9],
)
def test_control_paths_that_are_none(client: Client, method: str, path: str) -> None:
    reply = client.call(method, f"/_mock{path}")
    assert_ours(reply)
    assert (reply.status, reply.title) == (
        404,
        "Unknown control path or method. /_mock/control.yaml lists all.",
    )
