"""The mock reads every request of the zoo as a PHP reads it, by its parser and over a socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from contract_tests.target import zoo
from contract_tests.target.zoo import split
from mock_server.app import create_app
from mock_server.server import Server
from tests.server.wire import Client
from tests.zoo.cases import CASES, FILES
from tests.zoo.reading import ARRAY, by_mock
from tests.zoo.roster import CLIENTS, SCRIPTS

MANIFEST = zoo.manifest()
VECTORS = list(zoo.names())
EVERY = pytest.mark.parametrize(
    ("client", "case"), VECTORS, ids=[f"{client}-{case}" for client, case in VECTORS]
)

# Clients whose own forms normalize line ends, as the WHATWG's form data set does.
_LINE_ENDS = {"node-fetch", "axios", "got"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(create_app()) as running:
        yield running


def read_of(client: str, case: str) -> dict[str, Any]:
    """Return what a PHP made of a vector."""
    read: dict[str, Any] = MANIFEST["vectors"][client][case]
    return read


def test_the_zoo_is_whole() -> None:
    assert set(VECTORS) == {(name, case) for name, client in CLIENTS.items() for case in client.cases}
    assert set(VECTORS) == {(name, case) for name, cases in MANIFEST["vectors"].items() for case in cases}
    assert MANIFEST["clients"].keys() == CLIENTS.keys()
    assert all(MANIFEST["clients"].values())
    assert MANIFEST["php"].startswith("8.2.")


def test_every_script_is_a_client_s() -> None:
    scripts = {path.name for path in SCRIPTS.iterdir() if path.is_file()}
    spoken_to = {"__init__.py", "arguments.py", "arguments.mjs", "package.json"}
    assert scripts - spoken_to == {client.script for client in CLIENTS.values()}


@EVERY
def test_it_is_a_client_s_own_request_with_a_mock_s_key(client: str, case: str) -> None:
    request = split(zoo.raw(client, case))
    assert request.head.startswith(f"POST {CASES[case].path} HTTP/1.1\r\n".encode())
    assert request.headers["authorization"] == "Bearer mock-zoo"
    assert request.headers["host"].startswith("127.0.0.1:")
    assert str(Path.home()).encode() not in request.body


@EVERY
def test_the_parser_reads_what_php_reads(client: str, case: str) -> None:
    request = split(zoo.raw(client, case))
    assert by_mock(request.content_type, request.body) == read_of(client, case)


@EVERY
def test_php_reads_what_was_sent(client: str, case: str) -> None:
    """Nothing was lost when the request was recorded."""
    if case == "create-odd-names":
        return  # no two clients write them alike
    sent, read = CASES[case], read_of(client, case)
    texts = dict(sent.texts)
    if client in _LINE_ENDS and sent.form == "multipart":
        texts = {name: "\r\n".join(value.splitlines()) for name, value in texts.items()}
    assert read["post"] == texts
    assert list(read["files"]) == ([sent.file[0]] if sent.file else [])
    for file in read["files"].values():
        assert sent.file is not None
        assert file["size"] == len(FILES[sent.file[1]])


@EVERY
def test_the_running_mock_reads_what_php_reads(client: str, case: str, server: Server) -> None:
    key = f"mock-{client}-{case}"
    with Client(server) as wire:
        answer = wire.ask(_with_key(zoo.raw(client, case), key))
    assert answer.status == (201 if case.startswith("create") else 200)
    (exchange,) = _asked(server, f"/_mock/journal?key={key}")["exchanges"]
    assert _read_by(exchange["request"]["parts"]) == read_of(client, case)


def _read_by(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a journal says of a form's parts, in the shape of the manifest."""
    post = {
        part["key"]: ARRAY if part["kind"] == "array" else part["preview"]
        for part in parts
        if part["kind"] in {"text", "array"}
    }
    files = {
        part["key"]: {
            "name": part["file_name"],
            "type": part["content_type"] or "",
            "size": part["bytes"],
            "error": 0,
            "sha256": part["sha256"],
        }
        for part in parts
        if part["kind"] == "file"
    }
    return {"post": post, "files": files}


@EVERY
def test_it_has_the_effect_of_php_s_reading(client: str, case: str, server: Server) -> None:
    """The same texts, sent as a plain form, have the same effect. A file has no effect."""
    plain = urlencode(read_of(client, case)["post"]).encode()
    head = f"POST {CASES[case].path} HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer mock-zoo\r\n"
    head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(plain)}\r\n\r\n"
    seen = [
        _effect(server, raw, f"mock-{client}-{case}-{number}")
        for number, raw in enumerate([zoo.raw(client, case), head.encode() + plain])
    ]
    assert seen[0] == seen[1]


def _effect(server: Server, raw: bytes, key: str) -> tuple[int, Any, Any]:
    """Return status and body of the response, and the account's handlers without their times."""
    with Client(server) as wire:
        answer = wire.ask(_with_key(raw, key))
    rows = _asked(server, f"/_mock/state?key={key}")["handlers"]
    for row in rows:
        row["datetime"], row["last_datetime"] = "", bool(row["last_datetime"])
    return answer.status, answer.json, rows


def _asked(server: Server, target: str) -> Any:
    with Client(server) as wire:  # a new connection, since some clients end theirs
        return wire.ask(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()).json


def _with_key(raw: bytes, key: str) -> bytes:
    head, end, body = raw.partition(b"\r\n\r\n")
    return head.replace(b"Bearer mock-zoo", f"Bearer {key}".encode()) + end + body
