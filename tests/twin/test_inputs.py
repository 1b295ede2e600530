"""A request is named by the row of the behaviour table that it tries, and a difference by what its row says."""

from __future__ import annotations

import pytest

from contract_tests.document import Facts
from contract_tests.guard.exchange import KEY_VARIABLE, Exchange, FormField
from contract_tests.twin.compare import Difference
from contract_tests.twin.lockstep import SequenceOutcome
from contract_tests.twin.naming import Name, by_row, tried_rows
from contract_tests.twin.steps import TwinStep
from mock_server.document import load, plain

FACTS = Facts(load().data)
LIST, ROW = "/notification-handlers", "/notification-handlers/7"
GOOD = (("name", "Ada"), ("type", "email"), ("email", "ada@example.com"))


def exchange(path: str, *form: tuple[str, ...], kind: str = "create", **more: object) -> Exchange:
    given: dict[str, object] = {
        "method": "POST", "url": f"http://127.0.0.1/api{path}", "operation": FACTS.operation(kind).id,
        "request_headers": (("Authorization", f"Bearer {KEY_VARIABLE}"),), "media_type": "multipart/form-data",
        "form": tuple(FormField(*each) for each in form), "raw": "", "status": 200, "headers": (), "body": "",
        "milliseconds": 0.0,
    }  # fmt: skip
    return Exchange(**(given | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sent", "rows"),
    [
        (exchange(LIST, *GOOD), []),
        (exchange(LIST, ("name", " Ada"), *GOOD[1:]), ["create · name · padded"]),
        (exchange(LIST, *GOOD[1:]), ["create · name · absent"]),
        (exchange(LIST, ("name[]", "Ada"), *GOOD[1:]), ["create · name · array"]),
        (exchange(LIST, *GOOD, ("name", "Bob")), ["create · name · twice"]),
        (exchange(LIST, ("name", "Ada", "a.txt"), *GOOD[1:]), ["create · name · file"]),
        (exchange(LIST, ("name", "Ada\udcff"), *GOOD[1:]), ["create · name · not-utf-8"]),
        (exchange(LIST, GOOD[0], ("type", "pigeon")), ["create · type · not-listed"]),
        (exchange(LIST, *GOOD, ("slack", "https://example.com")), ["create · slack ({foreign}) · any"]),
        (exchange(LIST, *GOOD, ("color", "")), ["create · color ({unknown}) · empty"]),
        (exchange(ROW, ("is_enabled", "maybe"), kind="update"), ["update · is_enabled · is 'maybe'"]),
        (exchange(f"{LIST}/x7", kind="retrieve", method="GET"), ["retrieve · id · word"]),
        (exchange(f"{LIST}?page=0&size=1", kind="list", method="GET"),
         ["list · page · zero", "list · size (a parameter of none) · any"]),
        (exchange(LIST, kind="list", method="GET", request_headers=()), ["list · bearer · absent"]),
        (exchange(ROW, operation="", method="PUT"), ["PUT · path · none of the documented ones with this method"]),
        (exchange(LIST, *GOOD, media_type="application/json"), ["create · media type · application/json"]),
    ],
)  # fmt: skip
def test_a_request_is_named_by_what_it_tries(sent: Exchange, rows: list[str]) -> None:
    assert [*map(str, tried_rows(sent, FACTS))] == rows


def test_a_difference_is_named_by_its_row_and_what_the_row_says() -> None:
    tree = plain(load().data)
    tree["components"]["schemas"]["CreateForm"]["x-rows"] = {
        "name": [{"when": {"longer-than": 9}, "change": [{"cut": 9}]}]
    }
    sent = exchange(LIST, ("name", "Ada Lovelace"), *GOOD[1:])
    looked = exchange(ROW, kind="retrieve", method="GET")
    steps = (TwinStep("create"), TwinStep("retrieve", row=0))
    outcome = SequenceOutcome(
        steps, (sent, looked), (sent, looked), (), (Difference("/data/name", "a", "b"),)
    )
    name = by_row(Name("rows", "The fields of a form, row by row."), outcome, FACTS, Facts(tree))
    assert (name.about, name.kind) == ("create · name · longer-than 9", "row")
    assert name.says == "stored as 'Ada Lovel', where the document says taken as sent"
    other = Name("headers", "Every response has X-A.")
    assert by_row(other, outcome, FACTS, Facts(tree)) is other
