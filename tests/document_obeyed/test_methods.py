"""Another method for an operation is a matter of the document: PATCH beside POST, for mock and judge alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from contract_tests.document import Facts
from contract_tests.learning.doors import learn_order_of_methods
from contract_tests.learning.draft import Draft
from contract_tests.probes.prober import Prober
from mock_server import Settings
from mock_server.app import create_app
from mock_server.document import dump_yaml, load, plain
from mock_server.server import Server
from tests.check.process import check
from tests.document_obeyed.client import Client

ROW = "/notification-handlers/{notification_handler_id}"


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """Write the document with PATCH as another spelling of the update."""
    data: dict[str, Any] = plain(load().data)
    patch = {"operationId": "patch_notification_handler", "x-spelling-of": "update_notification_handler"}
    data["paths"][ROW]["patch"] = patch
    file = tmp_path / "patch.yaml"
    file.write_text(dump_yaml(data), encoding="utf-8")
    return file


def test_the_mock_updates_by_both(document: Path) -> None:
    client = Client(document=document)
    for method in ("POST", "PATCH"):
        response = client.send(method, "/notification-handlers/1", {"name": f"By {method}"})
        assert (response.status_code, response.json) == (200, {"data": {"id": 1}})
        assert client.retrieve(1)["name"] == f"By {method}"
    assert client.send("PUT", "/notification-handlers/1").status_code == 404


def test_the_kit_knows_both(document: Path) -> None:
    facts = Facts(load(document).data)
    assert [operation.method for operation in facts.of_kind("update")] == ["POST", "PATCH"]
    assert facts.other_methods == ("PUT", "PURGE")


def test_methods_are_learned_in_one_order_for_all_paths() -> None:
    data: dict[str, Any] = plain(load().data)
    for name, order in (
        ("not_found", "GET,HEAD"), ("missing_bearer", "GET, POST, HEAD"), ("no_access", "GET, POST, DELETE, HEAD"),
    ):  # fmt: skip
        data["components"]["examples"][name]["x-headers"] = {"Allow": f"{{methods:{order}}}"}
    draft = Draft(data)
    learn_order_of_methods(cast("Prober", None), draft)
    examples = draft.tree["components"]["examples"]
    told = [examples[name]["x-headers"]["Allow"] for name in ("not_found", "missing_bearer", "no_access")]
    assert told == ["{methods:GET,HEAD}", *["{methods:GET, POST, DELETE, HEAD}"] * 2]


@pytest.mark.heavy
def test_a_check_sends_both(document: Path, tmp_path: Path) -> None:
    with Server(create_app(Settings(document))) as server:
        words = ("--document", str(document), "--hold-to", "document")
        ran = check(tmp_path, f"{server.url}/api", *words, key="mock-methods")
    assert ran.code == 0, ran.out
    assert "patch_notification_handler" in ran.out
