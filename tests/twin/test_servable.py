"""What `learn` writes a mock serves: a lesson that it refuses is left out and named."""

from __future__ import annotations

from datetime import UTC, datetime

from contract_tests.learning.draft import Lesson
from contract_tests.learning.learn import Learnt
from contract_tests.learning.overlay import overlay_of
from contract_tests.twin.twin import servable
from mock_server.document import load, plain

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


def test_a_lesson_that_a_mock_refuses_is_left_out_and_named() -> None:
    fine = lesson("name", {"when": "padded", "change": ["trim"]})
    wrong = lesson("type", {"when": "empty", "value": 1})
    found = servable(learnt_of(fine, wrong), None, lambda some: overlay_of(some, "http://127.0.0.1/api", str))
    assert found.lessons == (fine,)
    assert found.unsaid == (
        "type: type is treated in some way. A mock refuses to serve that: entry 0/value must be a text, true, false "
        "or null.",
    )
    assert found.tree["components"]["schemas"]["CreateForm"]["x-rows"] == {
        "name": [{"when": "padded", "change": ["trim"]}]
    }
