"""What an app is told of a request, and how requests follow each other on a connection."""

import socket
import threading
import time
from typing import TYPE_CHECKING
from wsgiref.validate import validator

import pytest

from mock_server.server import Server
from tests.server.wire import Client, chunked, echo, fixed, get, post

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def test_a_connection_serves_many_requests(client: Client) -> None:
    for number in range(5):
        response = client.ask(get(f"/{number}"))
        assert (response.status, response.json["PATH_INFO"]) == (200, f"/{number}")
        assert "connection" not in response.headers
        assert response.headers["date"].endswith(" GMT")


def test_pipelined_requests_get_responses_in_order(client: Client) -> None:
    client.send(b"".join(get(f"/{number}") for number in range(3000)))
    assert [client.receive().json["PATH_INFO"] for _ in range(3000)] == [
        f"/{number}" for number in range(3000)
    ]


def test_a_request_may_come_byte_by_byte(client: Client) -> None:
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in post(b"hello", "X-One: 1"):
        client.send(bytes([byte]))
    response = client.receive()
    assert (response.json["body"], response.json["HTTP_X_ONE"]) == ("hello", "1")


def test_the_environ(server: Server, client: Client) -> None:
    environ = client.ask(
        post(
            b"{}", "Content-Type: application/json", "x-thing: a ", "X-Thing: b", "Cookie: a=1", "Cookie: b=2"
        )
    ).json
    expected = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": str(server.port),
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": str(client.sock.getsockname()[1]),
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": "2",
        "HTTP_HOST": "mock.test",
        "HTTP_X_THING": "a,b",
        "HTTP_COOKIE": "a=1; b=2",
        "wsgi.url_scheme": "http",
        "body": "{}",
    }
    assert {key: environ[key] for key in expected} == expected
    assert "HTTP_CONTENT_TYPE" not in environ
    assert "HTTP_CONTENT_LENGTH" not in environ


def test_the_environ_passes_the_validator_of_the_standard_library() -> None:
    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        body = environ["wsgi.input"].read(3)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [body]

    with Server(validator(app)) as server, Client(server) as client:
        assert client.ask(post(b"abcdef")).body == b"abc"


def test_headers_with_an_underscore_are_dropped(client: Client) -> None:
    environ = client.ask(post(b"abc", "Content_Length: 1", "X_Thing: 1", "Content_Type: evil")).json
    assert (environ["CONTENT_LENGTH"], environ["body"]) == ("3", "abc")
    assert not {"HTTP_X_THING", "HTTP_CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_CONTENT_TYPE"} & environ.keys()


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/a/b", "/a/b", ""),
        ("/a%20b?c=%20d", "/a b", "c=%20d"),
        ("/%C3%A9", "/\xc3\xa9", ""),
        ("/a%2Fb%00%zz", "/a/b\x00%zz", ""),
        ("/?a?b", "/", "a?b"),
        ("http://other.test/x?y", "/x", "y"),
        ("http://other.test", "/", ""),
        ("http://user@other.test?y=/", "/", "y=/"),
        ("//x//y", "//x//y", ""),
    ],
)
def test_targets(client: Client, target: str, path: str, query: str) -> None:
    environ = client.ask(get(target)).json
    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == (path, query)
    assert environ["REQUEST_URI"] == environ["RAW_URI"] == target
    assert environ["HTTP_HOST"] == ("other.test" if target.startswith("http") else "mock.test")


def test_options_of_the_whole_server(client: Client) -> None:
    environ = client.ask(b"OPTIONS * HTTP/1.1\r\nHost: mock.test\r\n\r\n").json
    assert (environ["REQUEST_METHOD"], environ["PATH_INFO"]) == ("OPTIONS", "*")


def test_a_chunked_body_is_read_whole(client: Client) -> None:
    environ = client.ask(chunked(b"abc", b"d" * 50_000)).json
    assert environ["body"] == "abc" + "d" * 50_000
    assert environ["CONTENT_LENGTH"] == "50003"
    assert client.ask(get("/next")).json["PATH_INFO"] == "/next"


def test_trailers_do_not_join_the_headers(client: Client) -> None:
    raw = chunked(b"abc").removesuffix(b"\r\n") + b"X-Late: 1\r\nContent-Type: evil\r\n\r\n"
    environ = client.ask(raw).json
    assert not {"HTTP_X_LATE", "CONTENT_TYPE"} & environ.keys()
    assert (environ["CONTENT_LENGTH"], environ["body"]) == ("3", "abc")
    assert client.ask(get("/next")).json["PATH_INFO"] == "/next"


def test_a_body_larger_than_a_read_arrives_whole(client: Client) -> None:
    body = bytes(range(256)) * 390
    assert client.ask(post(body)).json["body"].encode("latin-1") == body


def test_continue_is_sent_before_the_body(client: Client) -> None:
    client.send(post(b"hello", "Expect: 100-continue")[:-5])
    assert client.receive(bodiless=True).status == 100
    assert client.ask(b"hello").json["body"] == "hello"


def test_continue_waits_for_its_turn_and_is_not_sent_if_the_body_is_there(client: Client) -> None:
    client.send(get("/late", "X-Delay: 0.03") + post(b"hello", "Expect: 100-continue")[:-5])
    assert client.receive().json["PATH_INFO"] == "/late"
    assert client.receive(bodiless=True).status == 100
    assert client.ask(b"hello").status == 200
    assert client.ask(post(b"hello", "Expect: 100-continue")).status == 200


def test_a_client_that_asks_for_close_gets_it(client: Client) -> None:
    response = client.ask(get("/", "Connection: close") + get("/too-late"))
    assert response.headers["connection"] == "close"
    assert client.ended()


def test_http_1_0_closes_unless_asked_to_keep(server: Server) -> None:
    with Client(server) as client:
        response = client.ask(b"GET / HTTP/1.0\r\n\r\n")
        assert (response.json["SERVER_PROTOCOL"], response.headers["connection"]) == ("HTTP/1.0", "close")
        assert client.ended()
    with Client(server) as client:
        for _ in range(2):
            response = client.ask(
                get(version="1.0").replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n")
            )
            assert response.headers["connection"] == "keep-alive"


def test_a_client_that_reads_late_gets_all_responses(client: Client) -> None:
    """Even after it closed its own direction."""

    def send() -> None:
        client.send(post(b"x" * 90_000) * 400 + get("/last"))
        client.sock.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    sender.join(0.1)
    assert sender.is_alive()  # the server stopped reading, because the client does not read
    assert all(client.receive().json["CONTENT_LENGTH"] == "90000" for _ in range(400))
    assert client.receive().json["PATH_INFO"] == "/last"
    assert client.ended()
    sender.join()


def test_a_client_may_close_its_own_direction_and_read_then() -> None:
    with Server(fixed("200 OK", body=b"x" * 10_000_000)) as server, Client(server) as client:
        client.send(get() * 2 + get("/", "Connection: close"))
        client.sock.shutdown(socket.SHUT_WR)
        time.sleep(0.03)
        assert [len(client.receive().body) for _ in range(3)] == [10_000_000] * 3
        assert client.ended()


@pytest.mark.parametrize("body", [b"", b"hello"])
def test_an_upgrade_is_an_ordinary_request_that_ends_the_connection(client: Client, body: bytes) -> None:
    upgrade = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: x")
    response = client.ask(post(body, *upgrade))
    assert (response.json["body"], response.headers["connection"]) == (body.decode(), "close")
    assert client.ended()


def test_a_malformed_body_behind_an_upgrade_is_refused_and_not_logged(client: Client) -> None:
    head = b"POST / HTTP/1.1\r\nHost: mock.test\r\nConnection: upgrade\r\nUpgrade: h2c\r\n"
    assert client.ask(head + b"Transfer-Encoding: chunked\r\n\r\nno length\r\n").status == 400
    assert client.ended()


def test_the_same_headers_again_are_asked_for_their_body_again(client: Client) -> None:
    for _ in range(3):
        client.send(post(b"hello", "Expect: 100-continue")[:-5])
        assert client.receive(bodiless=True).status == 100
        assert client.ask(b"hello").json["body"] == "hello"


def test_the_same_headers_mean_another_thing_behind_another_request_line(server: Server) -> None:
    headers = b"Host: mock.test\r\nConnection: keep-alive\r\n\r\n"
    with Client(server) as client:
        said = [
            client.ask(b"GET / HTTP/" + version + headers) for version in (b"1.1\r\n", b"1.0\r\n", b"1.1\r\n")
        ]
        assert [response.json["SERVER_PROTOCOL"][-3:] for response in said] == ["1.1", "1.0", "1.1"]
        assert client.ask(b"GET http://other.test/x HTTP/1.1\r\n" + headers).json["HTTP_HOST"] == "other.test"
        assert client.ask(b"GET / HTTP/1.1\r\n" + headers).json["HTTP_HOST"] == "mock.test"
        assert client.ask(b"GET http://a,b/ HTTP/1.1\r\n" + headers).status == 400
    chunks = headers.replace(b"keep", b"Keep").replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    with Client(server) as client:
        assert client.ask(b"POST / HTTP/1.1\r\n" + chunks + b"0\r\n\r\n").status == 200
        assert client.ask(b"POST / HTTP/1.0\r\n" + chunks + b"0\r\n\r\n").status == 400


def test_an_upgrade_with_a_chunked_body_in_pieces(client: Client) -> None:
    raw = chunked(b"abc", b"defg").replace(b"\r\n\r\n", b"\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", 1)
    for at in range(0, len(raw), 40):
        client.send(raw[at : at + 40])
    assert client.receive().json["body"] == "abcdefg"
    assert client.ended()


def test_connect_never_opens_a_tunnel(client: Client) -> None:
    response = client.ask(b"CONNECT far.test:443 HTTP/1.1\r\nHost: far.test\r\n\r\n\x16\x03\x01")
    assert (response.json["REQUEST_METHOD"], response.json["PATH_INFO"]) == ("CONNECT", "")
    assert client.ended()


def test_ipv6() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this computer has no IPv6")
    with Server(echo, host="::1") as server, Client(server) as client:
        assert server.url == f"http://[::1]:{server.port}"
        assert client.ask(get()).json["REMOTE_ADDR"] == "::1"


def test_each_request_of_a_connection_has_its_own_headers(client: Client) -> None:
    for value in ("one", "two", "one", "one", "three"):
        assert client.ask(get("/", f"X-Mine: {value}")).json["HTTP_X_MINE"] == value
    assert "HTTP_X_MINE" not in client.ask(get("/")).json
