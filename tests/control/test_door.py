"""Which client may control which world, and the form of control requests."""

from __future__ import annotations

import pytest

from mock_server import Rules, Settings, create_app
from mock_server.control.control import FUNCTIONS, ControlDocument
from mock_server.document import home, read_object
from tests.control.conftest import Steered
from tests.semantics.client import BASE

DOCUMENT = read_object(home() / "control.yaml")
NEEDING = [
    (method.upper(), path)
    for path, item in DOCUMENT["paths"].items()
    for method, node in item.items()
    if node.get("x-world") == "needed" or path == "/journal"
]


def test_each_operation_has_a_function() -> None:
    document = ControlDocument(DOCUMENT)
    every = [(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item]
    assert {document.find(*each).id for each in every} <= FUNCTIONS.keys()


@pytest.mark.parametrize(("method", "path"), NEEDING)
def test_a_world_must_be_named(client: Steered, method: str, path: str) -> None:
    worlds = len(client.mock.worlds)
    reply = client.control(method, path, {}, HTTP_AUTHORIZATION=None)
    assert reply.status == 400
    assert reply.title == "Name the world: add ?key=mock-key or the header Authorization: Bearer mock-key."
    for reply in (
        client.control(method, path, {}, HTTP_AUTHORIZATION="Bearer real-key"),
        client.control(method, f"{path}?key=real-key", {}),
    ):
        assert (reply.status, reply.title) == (400, "The key must begin with 'mock', as in 'mock-key'.")
    assert len(client.mock.worlds) == worlds


@pytest.mark.parametrize("path", [path for method, path in NEEDING if method == "GET"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_makes_no_world(client: Steered, method: str, path: str) -> None:
    """A page of any origin can have a browser send a GET, and worlds that are made push others out."""
    worlds = len(client.mock.worlds)
    assert client.control(method, f"{path}?key=mock-never-used").status == 200
    assert len(client.mock.worlds) == worlds


def test_what_is_read_of_a_new_key_is_its_world_to_be(client: Steered) -> None:
    before = client.steer("GET", "/state")
    assert [row["id"] for row in before["handlers"]] == [1]
    client.get("/1")
    assert client.steer("GET", "/state")["handlers"] == before["handlers"]
    assert len(client.journal()) == 1


@pytest.mark.parametrize(
    ("method", "path", "says"),
    [
        ("DELETE", "/faults/9", "Send DELETE /_mock/faults?id=9."),
        ("DELETE", "/faults/x", "/_mock/control.yaml lists all."),
        ("DELETE", "/journal/9", "/_mock/control.yaml lists all."),
        ("POST", "/state", "/_mock/state has GET, PUT."),
        ("get", "/state", "/_mock/state has GET, PUT."),
    ],
)
def test_an_unknown_path_or_method_says_what_there_is(
    client: Steered, method: str, path: str, says: str
) -> None:
    reply = client.control(method, path)
    assert (reply.status, reply.title) == (404, f"Unknown control path or method. {says}")


def test_each_status_of_a_wrong_parameter_is_declared(client: Steered) -> None:
    for path, item in DOCUMENT["paths"].items():
        for method, node in item.items():
            status = client.control(method.upper(), f"{path}?key=&color=red", {}).status
            assert str(status) in node["responses"], (method, path)


def test_the_query_names_the_world_before_the_header(client: Steered) -> None:
    client.other(f"{client.key}-b").get("/1")
    assert len(client.journal(f"?key={client.key}-b")) == 1
    assert client.journal() == []


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("/journal?since=x", "Invalid since 'x': use a whole number."),
        ("/journal?since=-1", "Invalid since -1: use 0 or more."),
        ("/journal?limit=0", "Invalid limit 0: use 1 or more."),
        (
            "/journal?status=teapot",
            "Invalid status 'teapot': use a status such as 404, or a class such as 4xx.",
        ),
        ("/journal?wait=soon", "Invalid wait 'soon': use a time such as 200ms, 1.5s, 2m, 1h, 3d or 0."),
        ("/journal?bodies=perhaps", "Invalid bodies 'perhaps': use true or false."),
        ("/journal?key=", "Invalid key '': use "),
        ("/journal?color=red", "Unknown parameter 'color'. Choose from key, lobby"),
        ("/rehearsal?key=", "Unknown parameter 'key'"),
        ("/clock?since=1", "Unknown parameter 'since'"),
    ],
)
def test_a_parameter_that_is_wrong(client: Steered, target: str, says: str) -> None:
    reply = client.control("GET", target)
    assert reply.status == 400
    assert says in reply.title


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "The body is not JSON"),
        (b"{", "The body is not JSON"),
        (b"\xff", "The body is not JSON"),
        (b'{"now": ' + b"[" * 100 + b"]" * 100 + b"}", "The body nests more than 100 levels deep."),
        (b"[" * 100_000, "The body nests more than 100 levels deep."),
        (b'{"now": ' + b"[" * 99 + b"]" * 99 + b"}", "Invalid now"),
        (b"7", "Invalid body 7: use an object."),
        (b"[1]", "Invalid body […]: use an object."),
        (b"[]", "The body has no fields. Send any of now, advance, frozen."),
        (b"{}", "The body has no fields. Send any of now, advance, frozen."),
        (b'{"now": 5}', "Invalid now 5: use a time of RFC 3339, such as 2026-01-01T00:00:00Z, or "),
        (b'{"advance": 60}', "Invalid advance 60: use a time such as 200ms, "),
        (
            b'{"now": "noon"}',
            "Invalid now 'noon': use a time of RFC 3339, such as 2026-01-01T00:00:00Z, or ",
        ),
        (b'{"nwo": "x"}', "Unknown field 'nwo' (did you mean 'now'?). Choose from now, advance, frozen."),
    ],
)
def test_a_body_that_is_wrong(client: Steered, body: bytes, says: str) -> None:
    reply = client.control("PATCH", "/clock", body)
    assert reply.status == 400
    assert says in reply.title


def test_a_body_in_any_content_type_is_read(client: Steered) -> None:
    for kind in (None, "application/x-www-form-urlencoded", "application/json", "text/plain"):
        assert client.control("PATCH", "/clock", {"frozen": True}, CONTENT_TYPE=kind).status == 200


def test_a_body_too_large_is_refused_unread(client: Steered) -> None:
    assert client.control("PUT", "/state", {}, CONTENT_LENGTH=str(1 << 40)).status == 413


def test_control_stands_in_no_journal_and_meets_no_fault(client: Steered) -> None:
    client.steer("POST", "/faults", {"status": 503, "times": None})
    client.steer("GET", "/state")
    assert client.journal() == []


def test_a_head_is_a_get_without_its_body(client: Steered) -> None:
    assert client.control("HEAD", "/health").status == 200


class TestToken:
    """Beyond loopback the control asks for a token; the API, health and readiness do not."""

    client = Steered(app=create_app(Settings(control_token="open-sesame")))

    def test_without_it_nothing_is_told(self) -> None:
        for method, path in [*NEEDING, ("GET", "/info"), ("GET", "/control.yaml"), ("GET", "/coverage")]:
            for token in (None, "", "wrong", "open-sesam", "Öffne"):
                reply = self.client.control(method, path, {}, HTTP_X_BITPEAK_MOCK_TOKEN=token)
                assert reply.status == 403
                assert "X-Bitpeak-Mock-Token" in reply.title

    def test_with_it_all_is_open(self) -> None:
        assert self.client.control("GET", "/info", HTTP_X_BITPEAK_MOCK_TOKEN="open-sesame").status == 200
        assert self.client.control("GET", "/state", HTTP_X_BITPEAK_MOCK_TOKEN="open-sesame").status == 200

    def test_health_and_readiness_are_open(self) -> None:
        assert self.client.control("GET", "/health").status == 200
        assert self.client.control("GET", "/ready").status == 200
        assert self.client.get("/1").status == 200


def asked(settings: Settings, host: str, bound: str = "127.0.0.1", path: str = "/_mock/info") -> int:
    """Return the status of a request that calls a mock, which listens on `bound`, by the name `host`."""
    client = Steered(app=create_app(settings))
    return client.call("GET", path, HTTP_HOST=host, SERVER_NAME=bound).status


class TestHost:
    """The control and the page answer at the mock's own names. An attacker's may lead here, too (DNS rebinding)."""

    @pytest.mark.parametrize(
        "host",
        ["127.0.0.1:4055", "127.8.9.10", "localhost", "LOCALHOST:1", "mock.localhost:4055", "[::1]:4055"],
    )
    def test_names_of_loopback_are_known(self, host: str) -> None:
        assert asked(Settings(), host) == 200

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example", "evil.example:4055", "127.0.0.1.evil.example", "localhost.evil.example", "notlocalhost",
            "192.168.1.2:4055", "[::1", "[", "", "@", "a b", "localhost@evil.example",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("token", [None, "open-sesame"])
    def test_no_other_is(self, host: str, token: str | None) -> None:
        client = Steered(app=create_app(Settings(control_token=token, control_cors=True)))
        paths = [
            path for path, item in DOCUMENT["paths"].items() for node in item.values() if "x-open" not in node
        ]
        for path in (*paths, "/", "", "/page/main.mjs", "/nothing"):
            for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
                reply = client.call(
                    method, f"/_mock{path}", b"{}", HTTP_HOST=host, SERVER_NAME="127.0.0.1",
                    HTTP_X_BITPEAK_MOCK_TOKEN="open-sesame",
                )  # fmt: skip
                assert reply.status == 403, (method, path)
        assert "--allow-host" in client.call("GET", "/_mock/", HTTP_HOST=host, SERVER_NAME="127.0.0.1").title
        assert client.call("GET", "/", HTTP_HOST=host, SERVER_NAME="127.0.0.1").status == 403
        assert len(client.mock.worlds) == 0

    def test_the_address_on_which_it_listens_is_known(self) -> None:
        assert asked(Settings(), "10.0.0.5:4055", bound="10.0.0.5") == 200
        assert asked(Settings(), "mock-1:4055", bound="mock-1") == 200
        assert asked(Settings(), "10.0.0.6:4055", bound="10.0.0.5") == 403

    @pytest.mark.parametrize("bound", ["0.0.0.0", "::"])
    def test_on_all_addresses_each_is_its_own_and_no_name_is(self, bound: str) -> None:
        assert asked(Settings(), "10.0.0.5:4055", bound) == 200
        assert asked(Settings(), "[fe80::1]:4055", bound) == 200
        assert asked(Settings(), "evil.example:4055", bound) == 403

    def test_names_that_are_allowed_are_known(self) -> None:
        settings = Settings(allowed_hosts=("Mock",), rules=Rules(public_url="https://mock.example.com/base"))
        assert [asked(settings, host) for host in ("mock:4055", "MOCK", "mock.example.com")] == [200] * 3
        assert [asked(settings, host) for host in ("a.mock", "example.com")] == [403] * 2

    def test_the_api_and_what_says_that_the_mock_is_alive_ask_for_no_name(self) -> None:
        for path in ("/_mock/health", "/_mock/ready", BASE):
            assert asked(Settings(), "mock:4055", path=path) == 200


class TestOrigin:
    """A page of another origin may not steer the mock."""

    @pytest.mark.parametrize(
        ("origin", "host", "allowed"),
        [
            ("http://127.0.0.1:4055", "127.0.0.1:4055", True),
            ("http://localhost:4055", "localhost:4055", True),
            ("http://[::1]:4055", "[::1]:4055", True),
            ("http://127.0.0.1:3000", "127.0.0.1:4055", False),
            ("http://evil.example", "127.0.0.1:4055", False),
            ("null", "127.0.0.1:4055", False),
            ("http://127.0.0.1:4055@evil.example", "127.0.0.1:4055", False),
            ("http://evil.example#://127.0.0.1:4055", "127.0.0.1:4055", False),
            ("http://evil.example:4055", "evil.example:4055", False),
        ],
    )
    def test_who_is_let_in(self, client: Steered, origin: str, host: str, allowed: bool) -> None:
        before = client.steer("GET", "/clock")["frozen"]
        reply = client.control("PATCH", "/clock", {"frozen": True}, HTTP_ORIGIN=origin, HTTP_HOST=host)
        assert (reply.status == 200) is allowed
        assert "access-control-allow-origin" not in reply.headers
        if not allowed:
            assert reply.status == 403
            assert client.steer("GET", "/clock")["frozen"] is before

    def test_others_are_let_in_where_told(self) -> None:
        client = Steered(app=create_app(Settings(control_cors=True)))
        asked = client.control("OPTIONS", "/clock", HTTP_ORIGIN="http://a.example")
        assert asked.status == 204
        assert "PATCH" in asked.headers["access-control-allow-methods"]
        reply = client.control("PATCH", "/clock", {"frozen": True}, HTTP_ORIGIN="http://a.example")
        assert (reply.status, reply.headers["access-control-allow-origin"]) == (200, "*")
