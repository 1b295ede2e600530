"""What the texts of a refusal repeat of its request, and how: a mock with an overlay says it, and learning finds it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contract_tests.document import fits
from contract_tests.guard.exchange import Exchange
from contract_tests.learning.beyond import learn_deleted
from contract_tests.learning.forms import learn_forms
from contract_tests.learning.parameters import learn_parameters
from contract_tests.learning.refusals import learn_refusals, look_at
from contract_tests.target.api import TargetResponse
from mock_server.document import load, plain
from tests.document_obeyed.client import Client
from tests.document_obeyed.test_rows import client_of, post, refuse, rows
from tests.twin.test_kinds import LIST, Pupil

ROW = f"{LIST}/{{notification_handler_id}}"


def example(name: str, value: Any) -> dict[str, Any]:
    """Return the action that gives a refusal with problems this value."""
    examples = "$['x-service'].refusals['422'].content['application/json'].examples"
    return {"target": examples, "update": {name: {"value": value}}}


@pytest.fixture
def repeating(tmp_path: Path) -> Client:
    """Return a mock whose texts repeat an id as a number, a path without slashes at its ends, and values as numbers."""
    title = "$.components.examples.not_found.value.errors[0]"
    page = "$['x-service'].refusals['404'].content['text/html'].examples.site_page"
    size = [{"when": "not-listed", "refuse": "wrong"}]
    return client_of(
        tmp_path,
        example("wrong", {"parameter": "{field}", "rejected": "{value:number}"}),
        {"target": title, "update": {"title": "No row {id:number} here."}},
        {"target": page, "update": {"value": "Not at {site}: {path:bare}."}},
        {"target": "$.components.parameters.results_per_page", "update": {"x-rows": size}},
    )


def test_facts_of_a_request_are_told_in_several_spellings(repeating: Client) -> None:
    assert repeating.send("GET", f"{LIST}/0999").get_json()["errors"][0]["title"] == "No row 999 here."
    assert repeating.send("GET", "/nowhere/").text == "Not at http://localhost: api/nowhere."
    wrong = [
        repeating.send("GET", f"{LIST}/?results_per_page={size}").get_json() for size in ("7", "-3", "x")
    ]
    assert [each["rejected"] for each in wrong] == [7, -3, "x"]
    assert fits("{value:number}", 7)
    assert not fits("{value:number}", [7])


def test_they_are_recognized(repeating: Client) -> None:
    tree = Pupil(repeating).learn(learn_refusals, learn_parameters)
    learned = json.dumps(tree["components"]["examples"])
    for text in ("No row {id:number} here.", "Not at {site}: {path:bare}.", '"rejected": "{value:number}"'):
        assert text in learned
    assert "x-rows" not in tree["components"]["parameters"]["notification_handler_id"]


def test_an_address_is_told_by_its_site_and_its_path() -> None:
    exchange = Exchange("PUT", "http://127.0.0.1:40513/api/x/1", "", (), "", (), "", 405, (), "", 0)
    answer = TargetResponse(405, {}, b'No route for "PUT http://127.0.0.1:40513/api/x/1"')
    assert look_at(answer, exchange, {}, {}).value == 'No route for "{method} {site}{path}"'


@pytest.mark.parametrize(
    ("change", "kept"), [({"join": ","}, "a first,a"), ("first", "a first"), ("last", "a")]
)
def test_a_refusal_repeats_the_text_that_counts_of_several(tmp_path: Path, change: Any, kept: str) -> None:
    listed = [{"when": "twice", "change": [change]}, refuse({"longer-than": 0})]
    client = client_of(tmp_path, rows("CreateForm", name=listed))
    answer = post(client, LIST, ("type", None, b"email"), ("name", None, b"a first"), ("name", None, b"a"))
    assert answer.get_json()["errors"][0]["value"] == kept


def test_problems_are_told_by_the_names_of_fields_and_a_field_sent_twice_is_joined(tmp_path: Path) -> None:
    twice = {"when": "twice", "change": [{"join": ","}]}
    form: dict[str, Any] = {
        "type": [refuse("not-listed", "listed")],
        "name": [twice, refuse({"longer-than": 99}, "long")],
        "email": [refuse("not-email", "address")],
        "discord": [refuse("not-url", "url")],
        "foreign__": [twice, refuse("any", "foreign")],
    }
    schemas = plain(load().data)["components"]["schemas"]
    actions = [
        {"target": f"$.components.schemas.{name}", "update": {"x-order": sorted(schemas[name]["properties"])}}
        for name in ("CreateForm", "UpdateForm")
    ]
    told = {"target": "$['x-service']", "update": {"errors": {"told": "all"}}}
    create = {name: [refuse("absent", "required"), *form[name]] for name in ("type", "name")}
    client = client_of(
        tmp_path, rows("CreateForm", **form | create), rows("UpdateForm", **form), *actions, told
    )
    pupil = Pupil(client)
    learned = pupil.learn(learn_forms)["components"]["schemas"]["UpdateForm"]
    assert learned["x-order"] == sorted(learned["x-order"])
    assert twice in learned["x-rows"]["name"]
    assert twice in learned["x-rows"]["{foreign}"]


def test_a_delete_may_show_the_row(tmp_path: Path) -> None:
    schema = {"$ref": "#/components/schemas/OneEnvelope"}
    shown = {"description": "The row.", "content": {"application/json": {"schema": schema}}}
    client = client_of(tmp_path, {"target": f"$.paths['{ROW}'].delete.responses['200']", "remove": True},
                       {"target": f"$.paths['{ROW}'].delete.responses", "update": {"200": shown}})  # fmt: skip
    number = client.create(name="A", type="email")
    row = client.send("GET", f"{LIST}/{number}").get_json()
    assert client.send("DELETE", f"{LIST}/{number}").get_json() == row
    pupil = Pupil(client)
    created = pupil.prober.create({"name": "B", "type": "slack"})[1]
    assert created is not None
    pupil.prober.retrieve(created)
    pupil.prober.discard(created)
    response = pupil.learn(learn_deleted)["paths"][ROW]["delete"]["responses"]["200"]
    assert response["content"]["application/json"]["schema"] == schema
