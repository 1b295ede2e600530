"""A fault of one answer is told of that answer, and not of the correct ones that follow from it."""

from __future__ import annotations

import json

import pytest

from contract_tests.target.api import Spoken, TargetResponse
from tests.suites.judging import complaint, judge
from tests.suites.services import mock, second_opinion


def test_a_reused_id_is_not_told_as_a_row_that_is_back() -> None:
    with second_opinion(bugs=["id-reused"]) as service:
        told = complaint(judge(service.url, suites=["lifecycle"]))
    assert "was in use" in told
    assert "which was deleted" not in told


@pytest.mark.parametrize(
    ("what", "sentence"),
    [("a create's id", "is not of type"), ("a retrieve's switch", "is not of type")],
)
def test_a_type_of_one_answer_is_told_of_that_answer_alone(
    what: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = Spoken.call

    def twisted(self: Spoken, method: str, path: str, **parts: object) -> TargetResponse:
        answer = call(self, method, path, **parts)
        is_row = path.rpartition("/")[2].isdigit()
        if answer.status // 100 != 2 or not answer.body:
            return answer
        body = answer.json()
        if what == "a create's id" and method == "POST" and not is_row:
            body["data"]["id"] = str(body["data"]["id"])
        elif what == "a retrieve's switch" and method == "GET" and is_row:
            body["data"]["is_enabled"] = int(body["data"]["is_enabled"])
        return answer._replace(body=json.dumps(body).encode())

    monkeypatch.setattr(Spoken, "call", twisted)
    with mock() as url:
        told = complaint(judge(url, suites=["lifecycle", "paging"]))
    assert sentence in told
    assert "which no call should have made" not in told
    assert "in the answer to a list" not in told
    assert "is missing, or was in use" not in told
