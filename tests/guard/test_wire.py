"""The door takes whatever comes, and the connections lead to one place only."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import trustme

from contract_tests.guard.exchange import Exchange, GuardRefusal
from contract_tests.guard.guard import Guard
from contract_tests.guard.upstream import GuardSettings, read_target
from contract_tests.target.api import TargetApi
from mock_server.document import Document
from tests.guard.account import ROWS, Target
from tests.guard.client import Client, multipart
from tests.guard.conftest import MakeGuard, through
from tests.guard.scripted import Said, Scripted, said


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Fail on any attempt to connect or to ask a name server, and keep count."""
    attempts: list[object] = []

    def refuse(*given: object, **_: object) -> None:
        attempts.append(given)
        raise AssertionError(given)

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return attempts


@pytest.mark.parametrize(
    "url",
    [
        "http://bitpeak.ru/api",
        "http://127.0.0.1.evil.com/api",
        "http://10.0.0.1",
        "http://localhost.evil.com",
    ],
)
def test_plain_http_to_another_host_is_refused_before_any_connection(
    url: str, no_network: list[object], document: Document
) -> None:
    with pytest.raises(GuardRefusal, match=r"in the clear.*--allow-plain-http") as caught:
        Guard(GuardSettings(target=url, key="secret-key"), document)
    assert caught.value.reason == "plain-http"
    assert "secret-key" not in str(caught.value)
    assert no_network == []
    Guard(GuardSettings(target=url, key="secret-key", allow_plain_http=True), document)


@pytest.mark.parametrize(
    "url", ["", "bitpeak.ru/api", "ftp://x/", "https://", "https://a@b/", "https://a/?b", "http://[", "https://a:b/", "file:///etc"]
)  # fmt: skip
def test_a_target_that_is_no_base_url_is_refused(url: str, document: Document) -> None:
    with pytest.raises(GuardRefusal) as caught:
        Guard(GuardSettings(target=url, key="k"), document)
    assert caught.value.reason == "target"


@pytest.mark.parametrize("key", ["", "  ", "a\nb", "ключ"])
def test_a_key_that_fits_no_header_is_refused(key: str, document: Document) -> None:
    with pytest.raises(GuardRefusal) as caught:
        Guard(GuardSettings(target="https://bitpeak.ru/api", key=key), document)
    assert caught.value.reason == "key"


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("https://bitpeak.ru", "https://bitpeak.ru/api"), ("https://bitpeak.ru:443/api/", "https://bitpeak.ru/api"),
        ("http://127.0.0.1:4055/x/y", "http://127.0.0.1:4055/x/y"), ("http://[::1]:80/", "http://[::1]/api"),
        ("HTTPS://BitPeak.RU/api", "https://bitpeak.ru/api"),
    ],
)  # fmt: skip
def test_targets_have_one_spelling(url: str, read: str) -> None:
    assert read_target(url, "/api", allow_plain_http=False).url == read


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.com/", "//evil.com/x", "http://127.0.0.1:1/api", "https://127.0.0.1/api", "\\\\evil.com",
        "http:evil.com:80",
        "http://127.0.0.1@evil.com/", "http://[", " https://evil.com",
    ],
)  # fmt: skip
def test_a_redirect_to_another_host_is_refused(location: str, make_guard: MakeGuard) -> None:
    with Scripted(lambda _: Said(302, b"", {"Location": location})) as target:
        reply = through(make_guard(target.url)).get("")
        assert reply.refused == "redirect"
        assert "location" not in reply.headers
        assert len(target.asked) == 1


def test_a_redirect_with_credentials_is_refused(make_guard: MakeGuard) -> None:
    home = {"Location": "http://name:word@127.0.0.1/api"}
    with Scripted(lambda _: Said(302, b"", home)) as target:
        home["Location"] = target.url.replace("//", "//name:word@")
        assert through(make_guard(target.url)).get("").refused == "redirect"


def test_no_cookie_is_passed_on_and_listeners_hear_of_it(make_guard: MakeGuard) -> None:
    heard: list[Exchange] = []
    with Scripted(lambda _: said({}, 200, **{"Set-Cookie": "a=b"})) as target:
        guard = make_guard(target.url)
        guard.on_exchange(heard.append)
        client = through(guard)
        assert "set-cookie" not in client.get("").headers
        assert ("Set-Cookie", "(hidden)") in heard[0].headers
        client.call("GET", client.base, headers={"Cookie": "a=b"})
        assert not [asked for asked in target.asked if "cookie" in asked.headers]


def test_five_thousand_headers_are_no_answer(make_guard: MakeGuard) -> None:
    headers = {f"X-{number}": "" for number in range(5000)}
    with Scripted(lambda _: Said(200, b"{}", headers)) as target:
        assert through(make_guard(target.url)).get("").headers["x-guard-failed"] == "no-answer"


def test_a_redirect_at_home_is_passed_on_and_not_followed(make_guard: MakeGuard) -> None:
    with Scripted(lambda _: Said(301, b"", {"Location": target.url + "/notification-handlers/"})) as target:
        guard = make_guard(target.url)
        reply = through(guard).get("")
        assert (reply.status, reply.headers["location"]) == (301, guard.url + "/notification-handlers/")
        assert len(target.asked) == 1


def test_the_environments_proxy_is_honoured_but_not_for_loopback(
    make_guard: MakeGuard, monkeypatch: pytest.MonkeyPatch, document: Document, tmp_path: Path
) -> None:
    with (
        Scripted(lambda _: said({"data": []})) as proxy,
        Scripted(lambda _: said({"data": []})) as target,
    ):
        proxy_url = proxy.url.removesuffix("/api").replace("http://", "http://me:pass@")
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy_url)
        monkeypatch.setenv("no_proxy", "")
        through(make_guard(target.url, allow_writes=False)).get("")
        assert (len(target.asked), len(proxy.asked)) == (1, 0)
        elsewhere = make_guard("http://service.invalid/api", allow_writes=False, allow_plain_http=True)
        assert through(elsewhere).get("").status == 200
        (asked,) = proxy.asked
        assert asked.path == "http://service.invalid/api/notification-handlers"
        assert asked.headers["proxy-authorization"] == "Basic bWU6cGFzcw=="
        monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1")
        with pytest.raises(GuardRefusal, match="not an HTTP proxy"):
            Guard(
                GuardSettings(target="http://service.invalid/api", key="k", allow_plain_http=True), document
            )


def test_certificates_are_verified(
    tmp_path: Path, make_guard: MakeGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, bundle = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Scripted(lambda _: said({"data": []}), context) as target:
        reply = through(make_guard(target.url, allow_writes=False)).get("")
        assert (reply.status, reply.headers["x-guard-failed"]) == (502, "tls")
        said_of_it = reply.json["guard"]["sentence"]
        assert "certificate is not trusted: unable to get local issuer certificate" in said_of_it
        assert "SSL_CERT_FILE" in said_of_it
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
        assert through(make_guard(target.url, allow_writes=False)).get("").status == 200
        wrong_name = target.url.replace("127.0.0.1", "localhost")
        assert through(make_guard(wrong_name, allow_writes=False)).get("").headers["x-guard-failed"] == "tls"
        assert len(target.asked) == 1


def test_a_port_without_tls_is_told_as_such(make_guard: MakeGuard) -> None:
    with Scripted(lambda _: said({"data": []})) as target:
        reply = through(make_guard(target.url.replace("http", "https"), allow_writes=False)).get("")
    assert "begin the URL with http://" in reply.json["guard"]["sentence"]


def test_a_redirect_to_https_of_the_same_host_says_where_it_leads(make_guard: MakeGuard) -> None:
    there = "https://127.0.0.1/api/notification-handlers/\x1b[31m"
    with Scripted(lambda _: Said(301, b"", {"Location": there})) as target:
        reply = through(make_guard(target.url, allow_writes=False)).get("")
    assert (reply.refused, reply.json["guard"]["sentence"]) == (
        "redirect",
        "The target redirects to https on the same host, https://127.0.0.1/api/notification-handlers/\\x1b[31m:"
        " begin its base URL with https://.",
    )


def test_a_target_that_is_not_there(make_guard: MakeGuard) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        reply = through(make_guard(url)).get("")
        assert (reply.status, reply.headers["x-guard-failed"]) == (502, "connect")


def exchange(url: str, data: bytes) -> bytes:
    """Send bytes, and return all that comes until the door closes or is silent."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        pieces = []
        while piece := connection.recv(65536):
            pieces.append(piece)
        return b"".join(pieces)


HEAD = b"Host: localhost\r\nAuthorization: Bearer x\r\n"


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1 x\r\n\r\n",
        b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        b"GET http://evil.com/ HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET /api/notification-handlers/\xff HTTP/1.1\r\n" + HEAD + b"\r\n",
        b"GET /api/notification-handlers HTTP/1.1\r\nno colon\r\n" + HEAD + b"\r\n",
        b"POST /api/notification-handlers HTTP/1.1\r\n" + HEAD
        + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /api/notification-handlers HTTP/1.1\r\n" + HEAD + b"Content-Length: -5\r\n\r\nabcdef",
        b"POST /api/notification-handlers HTTP/1.1\r\n" + HEAD + b"Content-Length: 50\r\n\r\nabcdef",
        b"POST /api/notification-handlers HTTP/1.1\r\n" + HEAD + b"Content-Length: 99999999999999\r\n\r\nabcdef",
        b"POST /api/notification-handlers HTTP/1.1\r\n" + HEAD
        + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/notification-handlers HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        b"POST /api/notification-handlers HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
        b"GET /api/notification-handlers HTTP/1.1\r\n" + HEAD + b"Authorization: Bearer y\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused_and_the_door_stays_open(
    data: bytes, guard: Guard, client: Client, target: Target
) -> None:
    answer = exchange(guard.url, data)
    assert answer.startswith(b"HTTP/1.1 418 "), answer
    assert b"X-Guard-Refused: " in answer
    assert target.journal == []
    assert client.get("/0").status == 404


def test_chunked_bodies_and_expectations(guard: Guard, target: Target) -> None:
    body, content_type = multipart({"name": "Chunked", "type": "email", "email": "hey@example.com"})
    half = len(body) // 2
    chunks = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(piece), piece) for piece in (body[:half], body[half:]))
    data = (
        b"POST /api/notification-handlers HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
        b"Transfer-Encoding: chunked\r\n"
        b"Authorization: Bearer " + guard.placeholder_key.encode() + b"\r\n"
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + chunks + b"0\r\nTrailer: x\r\n\r\n"
    )
    answer = exchange(guard.url, data)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 ")
    assert b"Chunked" in target.rows[ROWS + 1]


def test_a_usual_client_keeps_its_connection(guard: Guard) -> None:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {guard.placeholder_key}"
        url = f"{guard.url}/notification-handlers"
        row = session.post(url, files={"name": (None, "Ünï"), "type": (None, "x")}).json()["data"]["id"]
        assert session.get(f"{url}/{row}").json()["data"]["name"] == "Ünï"
        assert session.post(f"{url}/{row}", data={"name": "Other"}).status_code == 200
        assert session.head(f"{url}/{row}").status_code == 404
        assert session.delete(f"{url}/{row}").content == b""
        assert session.get(f"{url}/{row}").status_code == 404


def test_no_content_has_none(make_guard: MakeGuard) -> None:
    with Scripted(lambda _: Said(204, b"")) as target:
        client = through(make_guard(target.url))
        assert [client.get("").status for _ in range(3)] == [204] * 3


def test_a_connection_that_the_target_closed_is_not_used_for_a_create(make_guard: MakeGuard) -> None:
    empty = json.dumps({"data": [], "meta": {"total": 0}}).encode()
    with Scripted(lambda asked: Said(401 if asked.method == "POST" else 200, empty, closes=True)) as target:
        client = through(make_guard(target.url))
        for _ in range(4):
            assert client.create().status == 401


def test_a_call_of_this_process_gets_what_one_through_the_door_gets(guard: Guard) -> None:
    threads: list[threading.Thread] = []
    guard.on_exchange(lambda _: threads.append(threading.current_thread()))
    door = TargetApi(guard.url, guard.placeholder_key, guard.facts)
    direct = TargetApi(guard.url, guard.placeholder_key, guard.facts, guard.respond)
    form = next(iter(guard.facts.examples.values()))
    seen = []
    for api in (door, direct):
        row = api.create(form).json()["data"]["id"]
        gone = api.delete(row)
        responses = [
            gone, api.retrieve(row), api.list(1, 10), api.list("1\n", 10), api.call("GET", "/other"),
            api.call("HEAD", "/"), api.create({}), api.create(form, urlencoded=True), api.delete(1),
        ]  # fmt: skip
        seen.append(
            [
                (each.status, {n: v for n, v in each.headers.items() if n not in {"content-length", "date"}})
                for each in responses
            ]
        )
        api.close()
    assert seen[0] == seen[1]
    # A signal interrupts the main thread, so a write must not run in the thread that asks for it.
    assert threading.current_thread() not in threads
