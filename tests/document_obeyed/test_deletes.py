"""A delete may respond alike whether there is a row or not."""

from __future__ import annotations

import json
from contextlib import nullcontext
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from contract_tests.document import NOBODYS, Facts
from contract_tests.judge.verdicts import Conformity, Deviation
from contract_tests.learning.beyond import learn_deleted, learn_deleted_twice
from contract_tests.learning.doors import learn_deleted_id
from contract_tests.learning.draft import Draft
from contract_tests.oracle.own import Own
from contract_tests.run.flags import PROFILES
from contract_tests.run.run import Reach, Run
from contract_tests.target.api import TargetApi, TargetResponse
from mock_server.document import DocumentError, dump_yaml, load, plain
from tests.document_obeyed.client import Client

NOT_FOUND = plain(load().data)["components"]["examples"]["not_found"]["value"]
ROW = "/notification-handlers/{notification_handler_id}"


def written(tmp_path: Path, method: str) -> Path:
    data: dict[str, Any] = deepcopy(plain(load().data))
    data["paths"][ROW][method]["x-if-missing"] = "done"
    file = tmp_path / "document.yaml"
    file.write_text(dump_yaml(data), encoding="utf-8")
    return file


def test_a_missing_row_is_deleted_as_any(tmp_path: Path) -> None:
    client = Client(document=written(tmp_path, "delete"))
    first, again, unknown = (client.send("DELETE", f"/notification-handlers/{row}") for row in (1, 1, 99))
    assert (first.status_code, again.status_code, unknown.status_code) == (first.status_code,) * 3
    assert first.status_code < 300
    assert client.send("GET", "/notification-handlers/1").status_code == 404


def test_only_a_delete_has_the_word(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="x-if-missing is for a delete"):
        Client(document=written(tmp_path, "get"))


@pytest.mark.parametrize("says_done", [False, True])
@pytest.mark.parametrize("status", [200, 404])
def test_the_kit_judges_a_second_delete_by_it(tmp_path: Path, status: int, says_done: bool) -> None:
    facts = Facts(load(written(tmp_path, "delete")).data if says_done else load().data)
    api = TargetApi("http://127.0.0.1:9/api", "key", facts)
    own = Own(Run(api, facts, Reach(facts), PROFILES["quick"], can_write=True))
    refused = TargetResponse(404, {"content-type": "application/json"}, json.dumps(NOT_FOUND).encode())
    deleted = TargetResponse(facts.operation("delete").success, {}, b"")
    with nullcontext() if says_done == (status == 200) else pytest.raises(Deviation):
        own.gone("delete", deleted if status == 200 else refused, 5)


@pytest.mark.parametrize(("again", "learned"), [(200, "done"), (404, None)])
def test_it_is_learned(again: int, learned: str | None) -> None:
    first = TargetResponse(200, {}, b'{"status":"deleted"}')
    prober: Any = SimpleNamespace(
        kinds=SimpleNamespace(plain="internal_notification", form=lambda *_: {}),
        name=lambda: "a name",
        create=lambda _: (TargetResponse(201, {}, b""), 5),
        discard=lambda _: first,
        send=lambda *_, **__: TargetResponse(again, {}, first.body if again == 200 else b""),
        api=SimpleNamespace(path_of=lambda *_: "/notification-handlers/5"),
        exchanges=[],
        spares=False,
    )
    draft = Draft(plain(load().data))
    learn_deleted_twice(prober, draft)
    assert draft.tree["paths"][ROW]["delete"].get("x-if-missing") == learned


@pytest.mark.parametrize("said", ["gone", "no handler {}"])
def test_a_deleted_id_may_be_refused_otherwise_than_one_that_never_was(tmp_path: Path, said: str) -> None:
    def send(_: str, path: str, **__: Any) -> TargetResponse:
        row = path.rpartition("/")[2]
        status, text = (
            (404, "no handler {}") if row == str(NOBODYS) else (410 if said == "gone" else 404, said)
        )
        body = json.dumps({"error": text.format(row)})
        prober.exchanges.append(SimpleNamespace(method="GET", url=f"http://x{path}"))
        return TargetResponse(status, {"content-type": "application/json"}, body.encode())

    deleted = SimpleNamespace(method="DELETE", status=200, url="http://x/notification-handlers/7")
    api = SimpleNamespace(path_of=lambda _, row: f"/notification-handlers/{row}")
    prober: Any = SimpleNamespace(exchanges=[deleted], send=send, api=api)
    draft = Draft(plain(load().data))
    learn_deleted_id(prober, draft)
    if said != "gone":
        assert draft.lessons == []
        return
    file = tmp_path / "document.yaml"
    file.write_text(dump_yaml(draft.tree), encoding="utf-8")
    client = Client(document=file)
    client.send("DELETE", "/notification-handlers/1")
    statuses = [
        client.send(method, f"/notification-handlers/{row}").status_code
        for method in ("GET", "DELETE")
        for row in (1, 99, 0)
    ]
    assert statuses == [410, 404, 404] * 2

    facts = Facts(load(file).data)
    assert all("deleted" in facts.operation(kind).refusals for kind in ("retrieve", "update", "delete"))
    target = TargetApi("http://127.0.0.1:9/api", "key", facts)
    own = Own(Run(target, facts, Reach(facts), PROFILES["quick"], can_write=True))
    own.gone("retrieve", send("GET", "/notification-handlers/7"), 7)
    with pytest.raises(Deviation):
        own.gone("retrieve", send("GET", f"/notification-handlers/{NOBODYS}"), 7)


@pytest.mark.parametrize("text", ["deleted\n", "<p>Gone for good.</p>"])
def test_a_text_is_learned_and_shown_word_for_word(tmp_path: Path, text: str) -> None:
    shown = (("content-type", "text/html;charset=UTF-8"),)
    exchange = SimpleNamespace(method="DELETE", status=200, url="http://x/7", headers=shown, body=text)
    prober: Any = SimpleNamespace(exchanges=[exchange])
    draft = Draft(plain(load().data))
    learn_deleted(prober, draft)
    file = tmp_path / "document.yaml"
    file.write_text(dump_yaml(draft.tree), encoding="utf-8")
    response = Client(document=file).send("DELETE", "/notification-handlers/1")
    assert (response.status_code, response.content_type, response.text) == (
        200,
        "text/html;charset=UTF-8",
        text,
    )

    facts = Facts(load(file).data)
    conformity = Conformity(facts)
    for body, is_right in ((text, True), ("", False), ("removed", False)):
        sent = TargetResponse(200, dict(shown), body.encode())
        assert (conformity.success("delete", sent) == []) is is_right
