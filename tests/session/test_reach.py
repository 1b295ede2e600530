"""What a run must have reached, and what counts as reached."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from contract_tests.document import Facts, demanded_operations, demanded_refusals
from contract_tests.guard.exchange import KEY_VARIABLE, Exchange, FormField
from contract_tests.run.run import Reach, turned_away
from mock_server.document import load

BASE = "https://service.invalid/api"


@pytest.fixture(scope="module")
def facts() -> Facts:
    return Facts(load().data)


@pytest.fixture
def reach(facts: Facts) -> Reach:
    return Reach(facts)


def seen(
    facts: Facts, kind: str, status: int, body: object, *, row: int | str = "", key: str = KEY_VARIABLE, type_: str = ""
) -> Exchange:  # fmt: skip
    operation = facts.operation(kind)
    form = (FormField(facts.form["type"], type_),) if type_ else ()
    return Exchange(
        method=operation.method, url=BASE + operation.path.partition("{")[0] + str(row), operation=operation.id,
        request_headers=(("Authorization", f"Bearer {key}"),), media_type="", form=form, raw="", status=status,
        headers=(), body=json.dumps(body), milliseconds=1.0,
    )  # fmt: skip


def refusal(facts: Facts, kind: str, name: str) -> tuple[int, object]:
    one = facts.refusal(kind, name)
    return one.status, {"errors": [{"title": one.title, "status": one.shown_status}]}


def test_an_empty_run_reached_nothing(facts: Facts, reach: Reach) -> None:
    missed = reach.unreached(["create"])
    for operation in demanded_operations(facts):
        assert f"{operation.id} never succeeded" in missed
    assert "the rule create never ran" in missed
    assert any("not_found" in sentence for sentence in missed)
    assert all(f"no handler of type {name} was created" in missed for name in facts.types)


def test_only_a_row_of_the_run_counts(facts: Facts, reach: Reach) -> None:
    retrieve = facts.operation("retrieve").id
    reach.take(seen(facts, "retrieve", 200, {}, row=7))
    assert f"{retrieve} never succeeded" in reach.unreached()
    reach.take(seen(facts, "create", facts.operation("create").success, {"data": {"id": 7}}, type_="email"))
    reach.take(seen(facts, "retrieve", 200, {}, row=7))
    assert f"{retrieve} never succeeded" not in reach.unreached()
    assert reach.types["email"] == 1


def test_each_spelling_of_the_list_is_counted_for_itself(facts: Facts, reach: Reach) -> None:
    without = next(
        one for name, one in facts.operations.items() if name.startswith("list_") and one.path[-1] != "/"
    )
    slash = seen(facts, "list", 200, {})
    reach.take(slash)
    assert (reach.own[slash.operation], reach.own[without.id]) == (1, 0)


def test_a_sample_that_a_good_key_lost_is_missed(facts: Facts, reach: Reach) -> None:
    status, body = refusal(facts, "list", "no_access")
    reach.take(seen(facts, "list", status, body, key="another"))
    assert not reach.lost
    reach.take(seen(facts, "list", status, body))
    reach.take(seen(facts, "retrieve", 429, {}))
    assert reach.lost.total() == 2
    assert sum("turned away" in sentence for sentence in turned_away(reach.lost)) == 2


def test_a_refusal_of_the_form_is_no_lost_sample(facts: Facts, reach: Reach) -> None:
    status, body = refusal(facts, "create", "required_fields")
    reach.take(seen(facts, "create", status, body))
    assert not reach.lost
    assert reach.refusals[facts.operation("create").id, "required_fields"] == 1


def test_what_need_not_be_provoked(facts: Facts) -> None:
    demanded = {name: {one.name for one in refusals} for name, refusals in demanded_refusals(facts).items()}
    assert demanded[facts.operation("create").id] == {
        "missing_bearer",
        "no_access",
        "required_fields",
        "plan_limit",
    }
    assert demanded[facts.operation("update").id] == {"missing_bearer", "no_access", "not_found"}


def test_the_demand_follows_the_document() -> None:
    refusing = Facts(load(answers=["update-empty-name=refused", "type-not-allowed=bad-request"]).data)
    demanded = {
        name: {one.name for one in refusals} for name, refusals in demanded_refusals(refusing).items()
    }
    assert "required_fields" in demanded[refusing.operation("update").id]
    assert "invalid_type" in demanded[refusing.operation("create").id]
    assert "plan_limit" not in demanded[refusing.operation("create").id]
    distinct = Facts(load(answers=["trailing-slash=distinct"]).data)
    assert len(demanded_operations(distinct)) == len(demanded_operations(refusing)) - 1


def test_no_row_of_an_overlay_need_be_met(tmp_path: Path) -> None:
    row = {"when": "empty", "refuse": "no_empty_name"}
    content = {
        "application/json": {"schema": {}, "examples": {"no_empty_name": {"value": {"error": "No name."}}}}
    }
    actions = [
        {"target": "$.components.schemas.UpdateForm", "update": {"x-rows": {"name": [row]}}},
        {"target": "$.paths.*.post.responses", "update": {"418": {"description": "No.", "content": content}}},
        {"target": "$.paths.*.delete", "update": {"x-if-missing": "done"}},
    ]
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(
        yaml.safe_dump({"overlay": "1.1.0", "info": {"title": "T", "version": "1"}, "actions": actions})
    )
    facts = Facts(load(overlays=[overlay]).data)
    demanded = {name: {one.name for one in refusals} for name, refusals in demanded_refusals(facts).items()}
    assert "no_empty_name" in facts.operation("update").refusals
    assert "no_empty_name" not in demanded[facts.operation("update").id]
    assert "not_found" not in demanded[facts.operation("delete").id]


def test_headers_of_every_response_and_of_every_success_are_told(facts: Facts, reach: Reach) -> None:
    always, counted, once = ("X-Powered-By", "PHP"), ("RateLimit-Limit", "60"), ("X-Once", "1")
    success, failure = seen(facts, "list", 200, {}), seen(facts, "list", 401, {})
    reach.take(replace(success, headers=(always, counted, once)))
    reach.take(replace(success, headers=(always, counted)))
    reach.take(replace(failure, headers=(always,)))
    assert [*reach.headers] == [
        "An undocumented header in every response: `x-powered-by`.",
        "An undocumented header in every success: `ratelimit-limit`.",
    ]
