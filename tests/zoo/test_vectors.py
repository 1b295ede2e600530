"""Every request of the zoo is read by the mock as a PHP reads it, by its parser and over a socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from mock_server.app import create_app
from mock_server.server import Server
from tests.server.wire import Client
from tests.zoo import golden
from tests.zoo.cases import CASES, FILES
from tests.zoo.framing import split
from tests.zoo.reading import by_mock
from tests.zoo.roster import CLIENTS, SCRIPTS

MANIFEST = golden.manifest()
VECTORS = list(golden.names())
EVERY = pytest.mark.parametrize(
    ("client", "case"), VECTORS, ids=[f"{client}-{case}" for client, case in VECTORS]
)

# What a client's own form does to what it is given, as the WHATWG's form data set has it.
_LINE_ENDS = {"node-fetch", "axios", "got"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(create_app()) as running:
        yield running


def read_of(client: str, case: str) -> dict[str, Any]:
    """Give what a PHP made of a vector."""
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
    request = split(golden.raw(client, case))
    assert request.head.startswith(f"POST {CASES[case].path} HTTP/1.1\r\n".encode())
    assert request.headers["authorization"] == "Bearer mock-zoo"
    assert request.headers["host"].startswith("127.0.0.1:")
    assert str(Path.home()).encode() not in request.body


@EVERY
def test_the_parser_reads_what_php_reads(client: str, case: str) -> None:
    request = split(golden.raw(client, case))
    assert by_mock(request.content_type, request.body) == read_of(client, case)


@EVERY
def test_php_reads_what_was_sent(client: str, case: str) -> None:
    """So that what was recorded is a request worth recording: nothing was lost on the way."""
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
def test_the_mock_does_over_a_socket_what_it_does_with_php_s_reading(
    client: str, case: str, server: Server
) -> None:
    """The same texts sent plainly have the same effect; the file has none."""
    raw = golden.raw(client, case)
    plain = urlencode(read_of(client, case)["post"]).encode()
    head = f"POST {CASES[case].path} HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer mock-zoo\r\n"
    head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(plain)}\r\n\r\n"
    sent = [raw, head.encode() + plain]
    seen = [_effect(server, text, f"mock-{client}-{case}-{number}") for number, text in enumerate(sent)]
    assert seen[0] == seen[1]
    assert seen[0][0] == (201 if case.startswith("create") else 200)


def _effect(server: Server, raw: bytes, key: str) -> tuple[int, Any, Any]:
    """Give status and body of the answer, and the account's list without its times."""
    authorization = f"Authorization: Bearer {key}".encode()
    listed = b"GET /api/notification-handlers HTTP/1.1\r\nHost: mock\r\n%s\r\n\r\n" % authorization
    with Client(server) as wire:
        answer = wire.ask(_with_key(raw, authorization))
    with Client(server) as wire:  # some clients end the connection
        rows = wire.ask(listed).json["data"]
    for row in rows:
        row["datetime"], row["last_datetime"] = "", bool(row["last_datetime"])
    return answer.status, json.loads(answer.body), rows


def _with_key(raw: bytes, authorization: bytes) -> bytes:
    head, end, body = raw.partition(b"\r\n\r\n")
    lines = [
        authorization if line.lower().startswith(b"authorization:") else line for line in head.split(b"\r\n")
    ]
    return b"\r\n".join(lines) + end + body
