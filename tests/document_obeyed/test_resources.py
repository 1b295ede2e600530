"""A resource of another API is served from its document alone, and two resources from one document."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mock_server import Settings
from mock_server.app import create_app, mock_of
from mock_server.document import DocumentError, dump_yaml, plain, read
from mock_server.mock import Mock
from tests.document_obeyed.variations import HEAD

PROJECTS = Path(__file__).with_name("projects.yaml")
HOUSE = {"id": 7, "name": "House", "color": "blue", "made_at": "2026-01-02 03:04:05", "changed_at": None}


class Reply(NamedTuple):
    """The status and the JSON of a response."""

    status: int
    json: Any


def reply_of(response: TestResponse) -> Reply:
    return Reply(response.status_code, response.get_json(silent=True))


class Client:
    """Calls the API and the control of a mock in this process with one key."""

    def __init__(self, settings: Settings, key: str = "mock-key") -> None:
        app = create_app(settings)
        self.mock: Mock = mock_of(app)
        self.http: FlaskClient = app.test_client()
        self.headers = {"Authorization": f"Bearer {key}"}

    def api(self, method: str, path: str, form: dict[str, str] | None = None) -> Reply:
        url = self.mock.contract.base_path + path
        return reply_of(self.http.open(url, method=method, headers=self.headers, data=form))

    def control(self, method: str, path: str, body: Any = None) -> Any:
        response = self.http.open(f"/_mock{path}", method=method, headers=self.headers, json=body)
        return (
            response.get_json() if response.status_code < 300 else response.get_json()["errors"][0]["title"]
        )


@pytest.fixture
def projects() -> Client:
    return Client(Settings(PROJECTS))


@pytest.fixture
def both(tmp_path: Path) -> Client:
    """Serve BitPeak's document with the other API's paths and components in it."""
    other, overlay = plain(read(PROJECTS)), tmp_path / "both.yaml"
    other["components"].pop("securitySchemes")
    actions = [
        {"target": "$.paths", "update": other["paths"]},
        {"target": "$.components", "update": other["components"]},
    ]
    overlay.write_text(HEAD + dump_yaml({"actions": actions}).partition("\n")[2])
    return Client(Settings(overlays=(str(overlay),)))


def test_a_project_lives_and_dies(projects: Client) -> None:
    created = projects.api("POST", "/projects", {"name": "  A roof over all heads ", "color": "red"})
    assert tuple(created) == (
        201,
        {"id": 8, "name": "A roof over all head", "color": "red"},
    )
    assert projects.api("POST", "/projects", {"name": "Door"}).json == {
        "id": 9,
        "name": "Door",
        "color": "green",
    }
    shown = projects.api("GET", "/projects/8").json
    assert shown == {"project": {**shown["project"], "id": 8, "color": "red", "changed_at": None}}
    assert projects.api("PATCH", "/projects/8", {"color": "blue"}).json["color"] == "blue"
    assert projects.api("GET", "/projects/8").json["project"]["changed_at"] is not None
    assert projects.api("DELETE", "/projects/8").status == 204
    assert projects.api("GET", "/projects/8").json == {"error": "Not here."}
    assert projects.api("POST", "/projects", {"name": "New"}).json["id"] == 10


def test_a_list_is_paged_linked_filtered_and_searched(projects: Client) -> None:
    for name, color in (("Roof", "red"), ("Door", "red")):
        projects.api("POST", "/projects", {"name": name, "color": color})
    first = projects.api("GET", "/projects").json
    assert first["items"][0] == HOUSE
    assert (first["count"], len(first["items"])) == (3, 2)
    assert first["next"] == "http://localhost/v1/projects?p=2"
    last = projects.api("GET", "/projects?per_page=2&p=2").json
    assert ([item["id"] for item in last["items"]], last["next"]) == ([9], None)
    red = projects.api("GET", "/projects?color=red").json
    assert ([item["name"] for item in red["items"]], red["count"]) == (["Roof", "Door"], 2)
    assert [item["name"] for item in projects.api("GET", "/projects?q=doo").json["items"]] == ["Door"]


@pytest.mark.parametrize(
    ("call", "reply"),
    [
        (("POST", "/projects", {}), (422, "A name and a known color are needed.")),
        (
            ("POST", "/projects", {"name": "x", "color": "pink"}),
            (422, "A name and a known color are needed."),
        ),
        (("PATCH", "/projects/7", {"color": "pink"}), (422, "A name and a known color are needed.")),
        (("PATCH", "/projects/77", {"name": "x"}), (404, "Not here.")),
        (("GET", "/projects/7x"), (404, "Not here.")),
        (("PUT", "/projects/7"), (405, "Not like this.")),
        (("GET", "/projects/"), (404, "Not here.")),
        (("GET", "/nothing"), (404, "Not here.")),
    ],
)
def test_refusals_are_the_document_s(projects: Client, call: Any, reply: tuple[int, str]) -> None:
    assert projects.api(*call) == (reply[0], {"error": reply[1]})


def test_keys_preflights_and_defects_are_the_document_s(projects: Client) -> None:
    path = "/v1/projects"
    assert reply_of(projects.http.get(path)) == (401, {"error": "Who are you?"})
    foreign = projects.http.get(path, headers={"Authorization": "Bearer sk-1"})
    assert reply_of(foreign) == (401, {"error": "You may not."})
    asked = {"Access-Control-Request-Method": "PATCH", "Origin": "https://example.com"}
    preflight = projects.http.options(path, headers=asked)
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, POST, DELETE, PATCH"
    store = projects.mock.worlds.of("mock-key").stores["projects"]
    next(iter(store)).wire = b"{}"
    broken = projects.api("GET", "/projects/7")
    assert tuple(broken) == (500, {"error": "The mock is at fault."})


def test_a_world_is_seeded_shown_and_restored(projects: Client, tmp_path: Path) -> None:
    state = projects.control("GET", "/state")
    assert (state["projects"], state["next_id"], state["quota"]) == ([HOUSE], 8, None)
    seeded = projects.control("PUT", "/state", {"projects": [{"name": "New"}], "next_id": 20})
    assert (seeded["projects"][0]["color"], seeded["next_id"]) == ("green", 20)
    assert projects.control("PUT", "/state", state)["projects"] == [HOUSE]
    said = projects.control("PUT", "/state", {"projects": [{"nam": "New"}]})
    assert said.startswith("projects:1: Unknown key 'nam' (did you mean 'name'?).")
    said = projects.control("PUT", "/state", {"handlers": []})
    assert said.startswith("Unknown part 'handlers' (did you mean 'answers'?).")
    file = tmp_path / "seed.yaml"
    file.write_text("projects:\n  - {name: Filed, color: red}\n")
    listed = Client(Settings(PROJECTS, seed=file)).api("GET", "/projects").json
    assert [item["name"] for item in listed["items"]] == ["Filed"]


def test_the_journal_the_coverage_and_faults_know_the_operations(projects: Client) -> None:
    projects.api("POST", "/projects", {"name": "x", "colour": "red"})
    (exchange,) = projects.control("GET", "/journal?operation=add_project")["exchanges"]
    assert (exchange["status"], exchange["violations"][0]["code"]) == (201, "unknown-field")
    behaviours = projects.control("GET", "/coverage")["behaviours"]
    assert [each["name"] for each in behaviours if each["kind"] == "operation" and each["seen"]] == [
        "add_project"
    ]
    projects.control("POST", "/faults", {"refusal": "not_found", "operation": "change_project"})
    assert projects.api("PATCH", "/projects/7", {"name": "x"}).status == 404
    info = projects.control("GET", "/info")
    assert {each["resource"] for each in info["operations"]} == {"projects"}
    assert [each["behaviour"] for each in info["operations"]] == [
        "list",
        "create",
        "retrieve",
        "delete",
        "update",
    ]
    assert (info["answers"], projects.control("GET", "/questions")["questions"]) == ({}, [])


def test_two_resources_of_one_document_have_ids_of_their_own(both: Client) -> None:
    form = {"name": "Hook", "type": "slack", "slack": "https://example.com"}
    assert both.api("POST", "/notification-handlers", form).json == {"data": {"id": 2}}
    assert both.api("POST", "/projects", {"name": "Roof"}).json["id"] == 8
    assert both.api("DELETE", "/projects/7").status == 204
    assert both.api("GET", "/notification-handlers/1").json["data"]["name"] == "Work email"
    assert both.api("GET", "/projects/1").json == {"error": "Not here."}
    assert both.api("GET", "/notification-handlers/8").json["errors"][0]["status"] == 404
    assert both.api("GET", "/notification-handlers/").json["meta"]["total"] == 2
    assert both.api("GET", "/projects").json["count"] == 1


def test_a_world_of_two_resources_is_one_state(both: Client, tmp_path: Path) -> None:
    state = both.control("GET", "/state")
    assert state["next_id"] == {"handlers": 2, "projects": 8}
    assert [len(state[name]) for name in ("handlers", "projects")] == [1, 1]
    changed = both.control("PUT", "/state", {"projects": [], "next_id": {"projects": 5}})
    assert (changed["projects"], changed["next_id"]) == ([], {"handlers": 2, "projects": 5})
    assert both.control("PUT", "/state", state)["projects"] == [HOUSE]
    both.control("PATCH", "/questions", {"create-status": "ok"})
    assert both.api("POST", "/notification-handlers", {"name": "n", "type": "x"}).status == 200
    assert both.api("GET", "/projects").json["items"] == [HOUSE]
    info = both.control("GET", "/info")
    types = {each["resource"]: each["types"] for each in info["operations"] if each["behaviour"] == "create"}
    assert ("slack" in types["handlers"], types["projects"]) == (True, [])
    file = tmp_path / "seed.yaml"
    file.write_text("projects: [{name: A}, {name: B}]\nhandlers: []\n")
    seeded = Client(Settings(overlays=both.mock.settings.overlays, seed=file))
    assert [len(seeded.control("GET", "/state")[name]) for name in ("handlers", "projects")] == [0, 2]


# Edits of the other API's document that leave it impossible to serve, and what is said of them.
BROKEN = {
    "no response shows rows": (
        [("x-value: rows", "x-value: total"), ("Project', x-value: row}", "Project'}")],
        "No response shows rows",
    ),
    "two resources of one name": (
        [("  /projects/{project}:", "  /old/projects/{project}:")],
        "Two resources have the name 'projects'",
    ),
    "a fact with a type of its own in the rows": (
        [("id: {type: integer, x-value: id}\n        name: {type: string, minLength: 1}",
          "id: {type: integer, x-value: id}\n        name: {type: integer}")],
        "The fact 'name' is string, which `type` does not admit",
    ),
    "a value that the form may leave out": (
        [("      required: [name]\n", "")],
        "A row needs a value of 'name', and the form may leave it out",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("edits", "said"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_served_is_said(edits: list[tuple[str, str]], said: str, tmp_path: Path) -> None:
    text, file = PROJECTS.read_text(), tmp_path / "broken.yaml"
    for before, after in edits:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    file.write_text(text)
    with pytest.raises(DocumentError) as caught:
        create_app(Settings(file))
    assert said in caught.value.message
    assert caught.value.place is not None
