"""A document that says rows outright: its service passes, and another reaction in one row is found out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from contract_tests.document import Facts
from contract_tests.judge.statements import Statements
from mock_server.document import load
from mock_server.document.rows import FOREIGN
from tests.suites.judging import complaint, judge
from tests.suites.services import mock

ROWS = Path(__file__).with_name("rows.yaml")
UPDATE = "$.components.schemas.UpdateForm['x-rows']"


def test_a_service_that_decides_by_rows_passes() -> None:
    with mock(overlays=(str(ROWS),)) as url:
        verdict = judge(url, overlays=(str(ROWS),))
    assert not verdict.failed, complaint(verdict)
    assert len(verdict.passed) > 50


def test_what_rests_on_rows_is_accepted_with_them() -> None:
    """A user's overlay that says rows binds the service to them, even if only the page binds otherwise."""
    facts = Facts(load(overlays=(str(ROWS),)).data)
    form = "/components/schemas/UpdateForm"
    statements = Statements(facts, accepted=(f"{form}/x-rows",))
    for field in ("name", "is_enabled", "email"):
        assert statements.text("update", field).is_accepted
        assert statements.field("update", field).is_accepted
    assert statements.refused_word("update", "enum").is_accepted
    assert statements.setting_unsent("update").is_accepted
    assert statements.of_class("update", FOREIGN, "foreign-fields").is_accepted
    (row,) = (row for row in facts.update_form.rows.fields["name"] if row.reaction == "otherwise")
    assert statements.row("update", row).pointer == f"{form}/x-rows/name/3"
    assert statements.row("update", row).is_suspended
    assert not statements.text("create", "name").is_accepted


def replaced(target: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the actions that put other rows in the place of a list."""
    form, _, field = target.rpartition("[")
    return [{"target": target, "remove": True}, {"target": form, "update": {field[1:-2]: list(rows)}}]


@pytest.mark.parametrize(
    "actions",
    [
        replaced(
            f"{UPDATE}['is_enabled']", {"when": {"is": ["1"]}, "value": True}, {"when": "any", "keep": True}
        ),
        replaced(f"{UPDATE}['{{foreign}}']", {"when": "any", "drop": True}),
        replaced(f"{UPDATE}['name']", {"when": "empty", "refuse": "invalid"}),
        replaced(f"{UPDATE}['type']", {"when": "not-listed", "keep": True}),
        replaced(f"{UPDATE}['{{own}}']", {"when": "absent", "value": "something"}),
        replaced("$.components.schemas.CreateForm['x-rows']['name']", {"when": "absent", "value": "No name"}),
    ],
    ids=["switch", "foreign", "empty-name", "unlisted-type", "unsent-setting", "missing-name"],
)
def test_another_reaction_in_one_row_is_found_out(tmp_path: Path, actions: list[dict[str, Any]]) -> None:
    file = tmp_path / "flipped.yaml"
    flipped = {"overlay": "1.1.0", "info": {"title": "Flipped", "version": "1"}, "actions": actions}
    file.write_text(yaml.safe_dump(flipped), encoding="utf-8")
    with mock(overlays=(str(ROWS), str(file))) as url:
        assert judge(url, overlays=(str(ROWS),), suites=("lifecycle", "refusals"), until_failure=True).failed


def test_what_a_create_may_lack_has_any_consequence(tmp_path: Path) -> None:
    """A service that gives a type of its own obeys a document that says so, whatever else it makes of the form."""
    file = tmp_path / "given.yaml"
    rows = {"type": [{"when": "empty", "value": "email"}, {"when": "absent", "value": "email"}, "shorthand"]}
    action = {"target": "$.components.schemas.CreateForm", "update": {"x-rows": rows}}
    given = {"overlay": "1.1.0", "info": {"title": "Given", "version": "1"}, "actions": [action]}
    file.write_text(yaml.safe_dump(given), encoding="utf-8")
    with mock(overlays=(str(file),)) as url:
        verdict = judge(url, overlays=(str(file),), suites=("refusals",))
        assert not verdict.failed, complaint(verdict)
    with mock() as url:
        assert judge(url, overlays=(str(file),), suites=("refusals",), until_failure=True).failed


@pytest.mark.parametrize(("row", "is_found"), [({"otherwise": "It depends."}, False), ({"keep": True}, True)])
def test_nothing_is_expected_of_what_could_not_be_said(
    tmp_path: Path, row: dict[str, Any], *, is_found: bool
) -> None:
    file = tmp_path / "unsaid.yaml"
    actions = replaced(f"{UPDATE}['type']", {"when": "not-listed", **row})
    unsaid = {"overlay": "1.1.0", "info": {"title": "Unsaid", "version": "1"}, "actions": actions}
    file.write_text(yaml.safe_dump(unsaid), encoding="utf-8")
    with mock(overlays=(str(ROWS),)) as url:
        verdict = judge(url, overlays=(str(ROWS), str(file)), suites=("lifecycle",), until_failure=True)
    assert bool(verdict.failed) == is_found, complaint(verdict)


def test_a_service_that_takes_what_it_should_refuse_does_not_contradict_itself() -> None:
    """What it did with such a form is told once, and is no other fault when the handler is looked at again."""
    with mock() as url:
        verdict = judge(url, overlays=(str(ROWS),), suites=("lifecycle", "refusals"))
    assert verdict.failed
    wrong = [text for text in verdict.failed.values() if 'should be ""' in text or "and should not" in text]
    assert wrong == []


def test_a_delete_of_a_missing_row_responds_as_the_document_says(tmp_path: Path) -> None:
    """A service that responds to it as to any delete passes with an overlay that says so, and only with it."""
    overlay = tmp_path / "overlay.yaml"
    target = "$.paths['/notification-handlers/{notification_handler_id}'].delete"
    said = {"overlay": "1.0.0", "info": {"title": "Deletes", "version": "1"}}
    action = {"target": target, "update": {"x-if-missing": "done"}}
    overlay.write_text(yaml.safe_dump({**said, "actions": [action]}), encoding="utf-8")
    with mock(overlays=(str(overlay),)) as url:
        with_it = judge(url, overlays=(str(overlay),), suites=("lifecycle", "refusals", "model"))
        without = judge(url, suites=("refusals",))
    assert not with_it.failed, complaint(with_it)
    assert without.failed.keys() == {
        "refusals::a_handler_that_was_deleted_is_not_found[delete]",
        "refusals::another_account_does_not_reach_a_handler[delete]",
    }
