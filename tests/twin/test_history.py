"""What a row told through three updates: a time in its format, a counter, and which updates count as a change."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient

from contract_tests.document import Facts
from contract_tests.learning import history
from contract_tests.learning.draft import Draft
from contract_tests.learning.handlers import row_node
from contract_tests.learning.history import form_of, told_by
from contract_tests.probes import DocumentArguments, Expectations, Prober, Terms
from contract_tests.probes.trials import Trials
from contract_tests.target.api import TargetApi
from mock_server.document import load, plain
from mock_server.state.clock import write_moment
from tests.generated_service.difference import session_of
from tests.presentation.test_presentation import client_of

AT, CREATED = 1767323045, "2026-01-02 03:04:05"


@pytest.mark.parametrize(
    "form",
    [
        "",
        "iso",
        "iso-ms",
        "iso-us",
        "iso-offset",
        "iso-offset-ms",
        "iso-offset-us",
        "unix",
        "unix-ms",
        "http",
    ],
)
def test_each_format_is_recognized(form: str) -> None:
    text = write_moment(AT, form, 10800)
    assert form_of(text) == form
    if form.startswith("unix"):
        assert form_of(int(text)) == form


@pytest.mark.parametrize("value", [None, True, 0, 1, 7001, "7001", "a text", "2026-01-02", 1.5, [], {}])
def test_nothing_else_is_a_time(value: Any) -> None:
    assert form_of(value) is None


@pytest.mark.parametrize(
    ("shown", "counted", "text"),
    [
        (["2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z", "2026-01-02T03:04:06Z", "2026-01-02T03:04:06Z"], "any",
         "{changed:iso}"),
        ([1767323045000, 1767323045000, 1767323046000, 1767323046000], "other-values", "{changed:unix-ms}"),
        ([None, None, None, "2026-01-02T03:04:06+00:00"], "other-type", "{changed:iso-offset}"),
        (["2026-01-02T06:04:05+03:00"] * 4, None, "{created:iso-offset}"),
        ([1, 2, 3, 4], "any", "{version}"),
        ([0, 0, 1, 2], "other-values", "{changes}"),
        ([1, 1, 1, 2], "other-type", "{version}"),
    ],
)  # fmt: skip
def test_a_property_is_what_explains_its_values(shown: list[Any], counted: str | None, text: str) -> None:
    told = told_by("key", [{"key": value} for value in shown], CREATED)
    assert told is not None
    assert (told.counted, told.node["x-text"]) == (counted, text)
    assert (told.node.get("x-value") == "changed") is (shown[0] is None)


@pytest.mark.parametrize(
    "shown", [[1, 3, 9, 2], [1, 1, 1, 1], ["a", "b", "c", "d"], ["2020-01-01T00:10:00Z"] * 4]
)
def test_what_no_document_can_say_is_left_alone(shown: list[Any]) -> None:
    assert told_by("key", [{"key": value} for value in shown], CREATED) is None


def pupil_of(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> tuple[Prober, Draft]:
    """Return what learns a mock whose clock stands still, but while something sleeps."""
    session = session_of(client.application)
    clock = "http://mock/_mock/clock?key=mock-key"

    def sleep(_: float) -> None:
        session.patch(clock, json={"advance": "2s"}, timeout=5).raise_for_status()

    session.patch(clock, json={"frozen": True}, timeout=5).raise_for_status()
    monkeypatch.setattr(history, "time", SimpleNamespace(sleep=sleep))
    document = plain(load().data)
    api = TargetApi("http://mock/api", "mock-key", Facts(document))
    api._session = session
    prober = Prober(api, Expectations(DocumentArguments(None, (), ())), Terms(can_write=True))
    draft = Draft(document)
    prober.facts = draft.facts
    return prober, draft


def test_a_time_of_the_last_change_may_be_that_of_creation_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_first = {"last_datetime": {"type": "string", "readOnly": True, "x-text": "{changed}"}}
    properties = "$.components.schemas.NotificationHandler.properties"
    client = client_of(
        tmp_path,
        {"target": f"{properties}.last_datetime", "remove": True},
        {"target": properties, "update": at_first},
    )
    prober, draft = pupil_of(client, monkeypatch)
    history.learn_history(prober, draft)
    prober.close()
    assert (
        row_node(draft, draft.tree)["properties"]["last_datetime"].items()
        >= at_first["last_datetime"].items()
    )


@pytest.mark.parametrize(
    ("properties", "counted"),
    [
        ({"updated_at": {"type": "string", "x-text": "{changed:iso-us}"}}, "other-values"),
        ({"updated_at": {"type": ["string"], "x-text": "{changed}", "default": ""}}, "any"),
        ({"updated_at": {"type": "integer", "x-text": "{changed:unix}", "default": 0}}, "any"),
        ({"version": {"type": "integer", "x-text": "{version}"}}, "any"),
        ({"last_datetime": {"x-text": "{changed:iso}", "pattern": "Z"}}, "any"),
        ({"datetime": {"x-text": "{created:iso-offset}", "pattern": "00:00"}}, "any"),
        ({}, "other-type"),
    ],
)
def test_a_mock_is_learned_that_tells_its_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, properties: dict[str, Any], counted: str
) -> None:
    client = client_of(
        tmp_path,
        {"target": "$.components.schemas.NotificationHandler.properties", "update": properties},
        {"target": "$.paths.*.post['x-update']", "update": {"counts-as-change": counted}},
    )
    prober, draft = pupil_of(client, monkeypatch)
    own = properties.keys() - prober.facts.row.values()
    row = row_node(draft, draft.tree)
    for key in own:
        row["properties"][key] = {"type": properties[key]["type"], "default": None}
    history.learn_history(prober, draft)
    prober.close()
    row = row_node(draft, draft.tree)
    for key, schema in properties.items():
        assert row["properties"][key]["x-text"] == schema["x-text"]
        assert row["properties"][key].get("default") == schema.get("default")
    update = next(
        path["post"]["x-update"]
        for path in draft.tree["paths"].values()
        if "x-update" in path.get("post", {})
    )
    assert update.get("counts-as-change", "any") == counted
    assert not draft.unsaid


def test_a_time_that_moves_otherwise_than_another_is_a_time_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    updated = {"updated_at": {"type": "string", "x-text": "{changed}"}}
    target = "$.components.schemas.NotificationHandler.properties"
    prober, draft = pupil_of(client_of(tmp_path, {"target": target, "update": updated}), monkeypatch)
    row_node(draft, draft.tree)["properties"]["updated_at"] = {"type": "string", "default": ""}
    first, later = "2026-01-01 00:00:00", "2026-01-01 00:00:01"
    rows = [
        {"datetime": first, "last_datetime": last, "updated_at": updated_at}
        for last, updated_at in ((None, first), (None, later), (later, later), (later, later))
    ]
    monkeypatch.setattr(history, "_watched", lambda _: rows)
    history.learn_history(prober, draft)
    assert row_node(draft, draft.tree)["properties"]["updated_at"]["x-text"] == "{changed}"
    assert draft.unsaid == [
        "updated_at moves with any update, last_datetime with an update with other values."
    ]


def test_only_a_switch_may_count_as_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = {"target": "$.paths.*.post['x-update']", "update": {"counts-as-change": "switch"}}
    prober, draft = pupil_of(client_of(tmp_path, words), monkeypatch)
    Trials(prober).spelled("off", to_on=True)
    history.learn_history(prober, draft)
    assert "'counts-as-change': 'switch'" in repr(draft.tree["paths"])
