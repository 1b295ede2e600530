"""What is not UTF-8 may break a service: it is tried by an update, taken back at once, and said once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from contract_tests.probes.handler import multipart
from mock_server import Settings, create_app
from mock_server.server import Server
from tests.check.process import check, findings, report
from tests.other_services.poisoned import Poisoned
from tests.twin.running import opened

FORM = {"name": "Mine", "type": "email", "email": "mine@example.com"}
POISON = multipart([("name", b"a\xffb")])
KEY = "mock-poison"


@pytest.mark.parametrize(
    ("service", "after"),
    [
        (Poisoned(), "a look at the row returns 200 with 0 bytes."),
        (Poisoned(by_error=True), "a look at the row returns 500 with 0 bytes."),
        (Poisoned(lists_alone=True), "The list cannot be read: Expecting value: line 1 column 1 (char 0)."),
    ],
)
def test_what_breaks_a_service_is_taken_back_and_said(service: Poisoned, after: str, tmp_path: Path) -> None:
    with Server(service) as server, opened(f"{server.url}/api", tmp_path, key=KEY) as opening:
        api, guard = opening.run.api, opening.guard
        create = api.facts.operation("create").path
        refused = api.call(
            "POST", create, **multipart([*((n, t.encode()) for n, t in FORM.items()), ("x", b"\xff")])
        )
        assert refused.headers["x-guard-refused"] == "bytes", "a row that is not proven could not be mended"
        update = api.path_of("update", api.create(FORM).json()["data"]["id"])
        assert api.call("POST", update, **POISON).status == 200
        (alarm,) = guard.alarms
        assert alarm.sentence == f"An update with bytes that are not UTF-8 is accepted. After it: {after}"
        assert "printf 'a\\377b'" in guard.curl_of(alarm)
        assert not service.rows, "it is mended"
        assert api.call("POST", update, **POISON).headers["x-guard-refused"] == "bytes", "not once more"
        assert api.call("POST", update, form={"name": "Other"}).status == 200, "the run writes on"
    assert not service.rows


def test_a_service_that_refuses_such_an_update_is_asked_by_a_create_too(tmp_path: Path) -> None:
    app = create_app(Settings(answers=("invalid-utf-8=refused",)))
    with Server(app) as server, opened(f"{server.url}/api", tmp_path, key=KEY) as opening:
        api = opening.run.api
        row = api.create(FORM).json()["data"]["id"]
        assert api.call("POST", api.path_of("update", row), **POISON).status == 400
        assert api.call("POST", api.facts.operation("create").path, **POISON).status == 400


def test_what_does_no_harm_may_be_sent_again(tmp_path: Path) -> None:
    service = Poisoned()
    with Server(service.app) as server, opened(f"{server.url}/api", tmp_path, key=KEY) as opening:
        api = opening.run.api
        row = api.create(FORM).json()["data"]["id"]
        for _ in range(2):
            assert api.call("POST", api.path_of("update", row), **POISON).status == 200
        assert api.call("POST", api.facts.operation("create").path, **multipart(
            [*((name, text.encode()) for name, text in FORM.items()), ("x", b"\xff")]
        )).status == 201  # fmt: skip
        assert not opening.guard.alarms


def test_a_service_that_empties_such_a_name_keeps_the_row_of_the_run(tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.yaml"
    rows = {"name": [{"when": "not-utf-8", "value": ""}]}
    action = {"target": "$.components.schemas.UpdateForm", "update": {"x-rows": rows}}
    overlay.write_text(
        yaml.safe_dump({"overlay": "1.1.0", "info": {"title": "T", "version": "1"}, "actions": [action]}),
        encoding="utf-8",
    )
    with (
        Server(create_app(Settings(overlays=(str(overlay),)))) as server,
        opened(f"{server.url}/api", tmp_path / "run", key=KEY) as opening,
    ):
        api = opening.run.api
        row = api.create(FORM).json()["data"]["id"]
        assert api.call("POST", api.path_of("update", row), **POISON).status == 200
        assert api.retrieve(row).json()["data"]["name"] == "", "the suites see what the service made of it"
        assert api.delete(row).status == 200
        assert not opening.guard.alarms


@pytest.mark.heavy
@pytest.mark.parametrize("service", [Poisoned(), Poisoned(by_error=True), Poisoned(lists_alone=True)])
def test_a_check_has_one_finding_which_names_the_cause(service: Poisoned, tmp_path: Path) -> None:
    with Server(service) as server:
        ran = check(
            tmp_path,
            f"{server.url}/api",
            "--profile",
            "quick",
            "--allow-writes",
            "--json",
            "report.json",
            key=KEY,
        )
    assert ran.code == 1, ran
    (finding,) = findings(report(tmp_path / "report.json"))
    assert "bytes that are not UTF-8" in finding["title"]
    assert not service.rows
    assert "may be left" not in ran.out
