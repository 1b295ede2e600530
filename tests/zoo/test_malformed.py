"""A part of `make fuzz`: malformed bodies cause no 5xx and no hang, and the same seed gives the same bodies."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mock_server.app import create_app, mock_of
from mock_server.php import FormLimits, SentForm, TooManyFields, read
from mock_server.php.body import MULTIPART, URLENCODED
from mock_server.server import Server
from tests.zoo import fuzz
from tests.zoo.mutation import mutants
from tests.zoo.reading import by_mock
from tests.zoo.throwing import Thrower

_COUNT = 2_000


def test_malformed_bodies_are_answered_and_nothing_is_left_of_them() -> None:
    app = create_app()
    with Server(app) as server, Thrower(server.host, server.port, fuzz.KEY) as thrower:
        statuses = {thrower.throw(mutant.raw, whole=mutant.whole) for mutant in mutants(2, _COUNT)}
    assert statuses <= {0, 200, 201, 400, 401, 404, 413}
    assert {200, 201, 400, 401} <= statuses, "the bodies cause each kind of response"
    world = mock_of(app).worlds.of(fuzz.KEY)
    assert len(world.stores["handlers"]) == 1, "only what the seed has"
    assert not [exchange for exchange in world.journal.exchanges if exchange.defect]


def test_a_whole_request_is_never_left_without_an_answer() -> None:
    with Server(create_app()) as server, Thrower(server.host, server.port, fuzz.KEY) as thrower:
        for mutant in mutants(3, _COUNT // 10):
            if mutant.whole:
                assert thrower.throw(mutant.raw, whole=True)


def test_the_same_seed_gives_the_same_bodies() -> None:
    assert [mutant.raw for mutant in mutants(4, 50)] == [mutant.raw for mutant in mutants(4, 50)]
    assert next(mutants(4, 1)).raw != next(mutants(5, 1)).raw


def test_the_bodies_are_malformed_in_many_ways() -> None:
    remarks: set[str] = set()
    for mutant in mutants(6, _COUNT):
        try:
            form = _read(mutant.content_type, mutant.body)
        except TooManyFields:
            continue
        remarks |= {remark.code for remark in form.remarks}
    wanted = {
        "truncated",
        "boundary-mismatch",
        "boundary-missing",
        "invalid-utf8",
        "duplicate-field",
        "array-field",
    }
    assert (
        wanted | {"part-without-name", "part-without-disposition", "name-changed", "lf-line-ends"} <= remarks
    )


def _read(content_type: bytes, body: bytes) -> SentForm:
    return read(content_type.decode("latin-1"), body, FormLimits(), frozenset({MULTIPART, URLENCODED}))


def test_a_parser_that_reads_otherwise_is_told_apart() -> None:
    php: Any = SimpleNamespace(ask=lambda _: {"post": {"odd": "1"}, "files": {}})
    mutant = next(mutants(1, 1))._replace(framing="length")
    assert by_mock(mutant.content_type.decode(), mutant.body)["post"] != {"odd": "1"}
    assert "PHP {'post': {'odd': '1'}" in fuzz.compared(mutant, php)


def test_a_mock_that_fails_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> SentForm:
        raise RuntimeError("a parser that fails")

    monkeypatch.setattr("mock_server.api.form.read", failing)
    with Server(create_app()) as server, Thrower(server.host, server.port, fuzz.KEY) as thrower:
        assert 500 in {thrower.throw(mutant.raw, whole=mutant.whole) for mutant in mutants(1, 20)}
