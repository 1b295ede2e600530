"""What `learn` writes a mock serves, and it answers the observed calls alike; the rest is left out, or said."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from contract_tests.command.commands import learn
from contract_tests.document import Facts
from contract_tests.guard.exchange import KEY_VARIABLE, Exchange, FormField
from contract_tests.learning.draft import Lesson
from contract_tests.learning.learn import Learnt, overlay_of
from contract_tests.run.settings import Code, Stop
from contract_tests.twin.compare import Difference
from contract_tests.twin.replay import Drift
from contract_tests.twin.settled import Trial, servable, settle, unmodelled
from contract_tests.twin.sides import Service
from mock_server.document import LEARNED, load, plain, read_object
from tests.second_opinion import SecondOpinion
from tests.twin.running import KEY

FORM = "$.components.schemas.CreateForm"


def lesson(about: str, row: dict[str, object]) -> Lesson:
    action = {"target": FORM, "update": {"x-rows": {about: [row]}}}
    return Lesson(about, f"{about} is treated in some way.", (), (action,))


def learnt_of(*lessons: Lesson) -> Learnt:
    base = load()
    return Learnt(
        date=datetime(2026, 1, 2, tzinfo=UTC), base=base, tree=plain(base.data), lessons=lessons, verdicts={},
        open={}, unsaid=(), operations=(), refusals=(), requests=1, writes=True,
    )  # fmt: skip


def test_a_lesson_that_a_mock_refuses_is_left_out_and_named(tmp_path: Path) -> None:
    fine = lesson("name", {"when": "padded", "change": ["trim"]})
    wrong = lesson("type", {"when": "empty", "value": 1})
    trial = Trial(None, lambda some: overlay_of(some, "http://127.0.0.1/api", str), tmp_path / "learned.yaml")
    found = servable(learnt_of(fine, wrong), trial)
    assert found.lessons == (fine,)
    assert found.unsaid == (
        "type: type is treated in some way. A mock refuses to serve that: entry 0/value must be a text, true, false "
        "or null.",
    )
    assert trial.effective(found).data["components"]["schemas"]["CreateForm"]["x-rows"] == {
        "name": [{"when": "padded", "change": ["trim"]}]
    }


# Observed calls of a service that does as documented, but shows a name in capitals.
TARGET, GUARD = "http://127.0.0.1:9/api", "http://127.0.0.1:10/api"
ROW = {
    "id": 5, "type": "email", "name": "ADA", "settings": {"email": "ada@example.com"}, "is_enabled": True,
    "last_datetime": None, "datetime": "2026-01-02 00:00:00",
}  # fmt: skip


def exchange(method: str, path: str, operation: str, body: object, status: int, *form: FormField) -> Exchange:
    headers = (
        ("Content-Type", "application/json"), ("Date", "Fri, 02 Jan 2026 00:00:00 GMT"), ("X-RateLimit-Limit", "60"),
        ("X-RateLimit-Remaining", "50"),
    )  # fmt: skip
    return Exchange(
        method=method, url=TARGET + path, operation=operation,
        request_headers=(("Authorization", f"Bearer {KEY_VARIABLE}"),),
        media_type="multipart/form-data" if form else "", form=form, raw="", status=status, headers=headers,
        body=json.dumps(body), milliseconds=0.0,
    )  # fmt: skip


CREATED = exchange(
    "POST", "/notification-handlers", "create_notification_handler", {"data": {"id": 5}}, 201,
    FormField("name", "ada"), FormField("type", "email"), FormField("email", "ada@example.com"),
)  # fmt: skip
LOOKED_AT = exchange("GET", "/notification-handlers/5", "retrieve_notification_handler", {"data": ROW}, 200)
OPENING: Any = SimpleNamespace(
    settings=SimpleNamespace(document=None), guard=SimpleNamespace(url=GUARD, target=TARGET)
)


def settled(*lessons: Lesson, exchanges: tuple[Exchange, ...]) -> Learnt:
    learnt = replace(learnt_of(*lessons), exchanges=exchanges)
    return settle(learnt, OPENING, lambda some: overlay_of(some, TARGET, str))


def test_a_lesson_that_another_rests_on_is_kept() -> None:
    path = "$.paths['/notification-handlers'].post.responses"
    worse = Lesson("create-status", "A create returns 200.", (CREATED,), (
        {"target": "$.components.examples", "update": {"odd": {"value": {"error": "odd"}}}},
        {"target": f"{path}['201']", "remove": True},
        {"target": path, "update": {"200": {"$ref": "#/components/responses/Created"}}},
    ))  # fmt: skip
    media = {"schema": {}, "examples": {"odd": {"$ref": "#/components/examples/odd"}}}
    odd = {"description": "Odd.", "content": {"application/json": media}}
    rests = Lesson("rows", "A create is refused as odd.", (), ({"target": path, "update": {"418": odd}},))
    assert settled(worse, rests, exchanges=(CREATED, LOOKED_AT)).lessons == (worse, rests)


def test_a_lesson_that_makes_it_worse_is_dropped() -> None:
    path = "$.paths['/notification-handlers'].post.responses"
    wrong = Lesson("create-status", "A create returns 200.", (CREATED,), (
        {"target": f"{path}['201']", "remove": True},
        {"target": path, "update": {"200": {"$ref": "#/components/responses/Created"}}},
    ))  # fmt: skip
    found = settled(wrong, exchanges=(CREATED,))
    assert not found.lessons
    assert found.unsaid == (
        "create-status: A create returns 200. Without it, a mock answers more of the calls as the service did.",
    )


def test_what_no_lesson_says_is_seen_and_not_modelled() -> None:
    found = settled(exchanges=(CREATED, LOOKED_AT, replace(LOOKED_AT)))
    assert found.unsaid == (
        'retrieve, as usual (2 times): the service shows at /data/name "ADA", a mock "ada".',
    )


def test_calls_after_a_stop_on_the_mock_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    ask, asked = Service.ask, 0

    def stopping(service: Service, *call: str, **parts: Any) -> Exchange:
        nonlocal asked
        asked += 1
        if asked > 2:
            raise Stop(Code.NOTHING, "the run writes no more")
        return ask(service, *call, **parts)

    monkeypatch.setattr(Service, "ask", stopping)
    found = settled(exchanges=(CREATED, LOOKED_AT, LOOKED_AT, LOOKED_AT))
    assert found.unsaid == (
        'retrieve, as usual: the service shows at /data/name "ADA", a mock "ada".',
        "Only 2 of 4 observed calls were repeated on a mock: the run writes no more.",
    )


@pytest.mark.parametrize("words", [("--max-requests", "25"), ("--read-only",)])
def test_what_the_guard_refuses_is_not_taken_for_the_service(words: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "learned.yaml"
    with SecondOpinion({}, {KEY: 3}) as service:
        given = [
            "--base-url",
            service.url,
            "--out",
            str(file),
            "--ledger-dir",
            str(tmp_path / "ledger"),
            *words,
        ]
        ran = CliRunner(env={"BITPEAK_API_KEY": KEY}).invoke(learn, given)
    assert ran.exit_code == 0, ran.output
    assert "Seen, not modelled" not in ran.output, ran.output
    told = file.read_text(encoding="utf-8")
    assert not re.search(r"\b418\b|/guard", told + ran.output)  # a port may have these digits, too
    if "25" in words:
        assert "This sends at most 25 requests; it needs some 1550.\n" in ran.output
        assert read_object(file)[LEARNED]["requests"] <= 25
        assert "Not asked, or not completely:" in ran.output


def test_what_calls_of_many_rows_share_is_said_once() -> None:
    reset = Difference("header x-reset", "(none)", "(there)")
    pages = [
        exchange("GET", f"/notification-handlers/?page={text}", "list_notification_handlers", {}, 200)
        for text in ("0", "-1", "abc", "1.5")
    ]
    drifts = [Drift(page, page, (reset,)) for page in pages]
    drifts[0] = Drift(pages[0], pages[0], (reset, Difference("status", 200, 400)))
    assert unmodelled(drifts, Facts(plain(load().data))) == [
        'In 4 calls the service shows at header x-reset "(there)", a mock "(none)".',
        "list · page · zero: the service shows at status 400, a mock 200.",
    ]
