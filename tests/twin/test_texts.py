"""What the texts of a refusal repeat of its request, and how: a mock with an overlay says it, and learning finds it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contract_tests.document import fits
from contract_tests.guard.exchange import Exchange
from contract_tests.learning.beyond import learn_deleted
from contract_tests.learning.fields import FieldLearner, Place, Table
from contract_tests.learning.forms import learn_forms, learn_shared
from contract_tests.learning.order import Orderer, problems_of
from contract_tests.learning.parameters import learn_parameters
from contract_tests.learning.presentation import Look, SeenResponse, evened, look_of, varying_headers
from contract_tests.learning.problems import Items, Telling
from contract_tests.learning.reactions import Explained, Observer
from contract_tests.learning.refusals import learn_refusals, look_at
from contract_tests.probes.trials import Trial, sent
from contract_tests.target.api import TargetResponse
from mock_server.document import load, plain
from mock_server.document.rows import parameter_rows, react
from mock_server.document.treatments import TREATMENTS
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
    exchange = Exchange("PUT", "http://service.invalid/api/x/1", "", (), "", (), "", 405, (), "", 0)
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


def test_problems_are_told_by_the_names_of_fields(tmp_path: Path) -> None:
    schema = plain(load().data)["components"]["schemas"]["UpdateForm"]
    form = {"name": [refuse({"longer-than": 99}, "long")], "email": [refuse("not-email", "address")],
            "discord": [refuse("not-url", "url")]}  # fmt: skip
    by_name = {
        "target": "$.components.schemas.UpdateForm",
        "update": {"x-order": sorted(schema["properties"])},
    }
    told = {"target": "$['x-service']", "update": {"errors": {"told": "all"}}}
    observer = Observer(Pupil(client_of(tmp_path, rows("UpdateForm", **form), by_name, told)).prober, {})
    outcomes = [
        observer.update(Trial("update", field, "any", sent(text), kind))
        for field, text, kind in (
            ("name", "n" * 200, "email"),
            ("email", "x", "email"),
            ("discord", "x", "discord"),
        )
    ]
    types, documented = dict(observer.facts.types), [*schema["properties"]]
    orderer = Orderer(observer, "update", problems_of(outcomes, types, documented), documented)
    orderer.find_telling()
    orderer.find_order()
    assert orderer.order == sorted(documented)


def test_a_setting_that_is_not_sent_may_be_told_after_a_field_of_another_type(tmp_path: Path) -> None:
    lists: dict[str, Any] = {
        "name": [refuse("absent", "no name")],
        "foreign__": [refuse("any", "foreign", rank=1)],
        "email": [refuse("absent", "no address", rank=2)],
    }
    observer = Observer(Pupil(client_of(tmp_path, rows("CreateForm", **lists))).prober, {})
    outcomes = [
        observer.create(Trial("create", field, treatment, sent(*texts), "email"), observer.base("email"))
        for field, treatment, texts in (
            ("name", "absent", ()),
            ("slack", "any", ("x",)),
            ("email", "absent", ()),
        )
    ]
    documented = [*plain(load().data)["components"]["schemas"]["CreateForm"]["properties"]]
    problems = problems_of(outcomes, dict(observer.facts.types), documented)
    ranks = Orderer(observer, "create", problems, documented).ranks()
    assert sorted(ranks, key=ranks.__getitem__) == ["absent", "{foreign}", "unsent"]
    assert ranks["{foreign}"] < ranks["unsent"]


def test_a_field_that_is_sent_twice_is_joined(tmp_path: Path) -> None:
    twice = {"when": "twice", "change": [{"join": ","}]}
    form = {"name": [twice], "foreign__": [twice, refuse("any", "foreign")]}
    observer = Observer(Pupil(client_of(tmp_path, rows("UpdateForm", **form))).prober, {})
    for field in ("name", "slack"):
        found = Explained({})
        for treatment in ("any", "twice"):
            good = TREATMENTS[treatment].samples("a good text", None, {})[0]
            found.explain(observer.update(Trial("update", field, treatment, good, "email")))
        assert ("twice", (("join", ","),)) in [(row.treatment, row.effect) for row in found.rows]
        assert not found.unexplained


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


def test_a_refusal_of_its_own_names_all_fields_that_share_it(tmp_path: Path) -> None:
    shared = {"value": {"errors": [{"title": "Not yours: {fields}.", "status": 422}]}}
    responses = {
        "422": {
            "description": "No.",
            "content": {"application/json": {"schema": {}, "examples": {"shared": shared}}},
        }
    }
    client = client_of(
        tmp_path,
        rows("UpdateForm", foreign__=[{"when": "any", "refuse": "shared"}]),
        {"target": f"$.paths['{ROW}'].post.responses", "update": responses},
        {"target": "$['x-service']", "update": {"errors": {"fields-order": "documented"}}},
    )
    number = client.create(name="A", type="email")
    told = client.update(number, slack="x", webhook="x").get_json()["errors"]
    assert told == [{"title": "Not yours: webhook, slack.", "status": 422}]


@pytest.mark.parametrize("order", ["sent", "documented"])
def test_fields_that_do_not_belong_share_one_problem(tmp_path: Path, order: str) -> None:
    shared = {"when": "any", "refuse": "invalid", "item": {"extra": '"{fields}"'}}
    form: dict[str, Any] = {
        "unknown__": [shared],
        "foreign__": [shared],
        "type": [refuse("not-listed", "listed")],
    }
    create = {"type": [refuse("absent", "required"), *form["type"]], "name": [refuse("absent", "required")]}
    words: dict[str, Any] = {
        "errors": {"told": "all", "fields": '", "', "fields-order": order},
        "fields-without-type": "ignored",
    }
    client = client_of(
        tmp_path,
        rows("CreateForm", **form | create),
        rows("UpdateForm", name=[refuse({"longer-than": 99}, "long")], **form),
        {"target": "$['x-service']", "update": words},
    )
    number = client.create(name="A", type="email")
    both = client.update(number, shade="x", slack="x", color="x", type="pigeon").get_json()["errors"]
    assert both == [{"extra": '"shade", "color"'}, {"field": "type", "rule": "listed", "value": "pigeon"}]
    told = client.update(number, slack="x", webhook="x").get_json()["errors"]
    assert told == [{"extra": '"slack", "webhook"' if order == "sent" else '"webhook", "slack"'}]
    observer, table = Observer(Pupil(client).prober, {}), Table()
    for field, word in (("slack", "{foreign}"), ("color", "{unknown}")):
        found = table.fields[Place("update", word)] = Explained({})
        found.explain(observer.update(Trial("update", field, "any", sent("x"), "email")), None, "any")
    learn_shared(observer, table, Telling(Items(("errors",), by_field=False)))
    known = {"fields-order": order} if order != "sent" else {}
    assert table.between_fields == {"fields": '", "', **known}
    assert [found.rows[0].effect.value["errors"] for found in table.fields.values()] == [[shared["item"]]] * 2


def test_a_page_is_read_by_its_first_digits_even_if_the_last_page_stands_for_what_is_beyond(
    tmp_path: Path,
) -> None:
    words = {"beyond": "last-page"}
    last = [{"target": f"$.paths['{path}'].get['x-paging']", "update": words} for path in (LIST, f"{LIST}/")]
    page = [{"when": "word", "value": "1"}, {"when": "any", "change": ["cast"]}]
    casts = {"target": "$.components.parameters.page", "update": {"x-rows": page}}
    tree = Pupil(client_of(tmp_path, *last, casts)).learn(learn_parameters)
    parameter = tree["components"]["parameters"]["page"]
    walked = react(parameter_rows(parameter, parameter["schema"]), "2x", parameter["schema"])
    assert walked.text == "2"


def test_headers_that_count_tell_no_refusal_from_another() -> None:
    looks = [Look(404, None, (("X-Left", str(9 - n)), ("X-Kept", "a")), "") for n in range(6)]
    assert varying_headers(looks) == {"X-Left"}
    assert not varying_headers(looks[:2])


@pytest.mark.parametrize("word", [None, "ignored", "foreign"])
def test_fields_beside_a_type_that_is_refused(tmp_path: Path, word: str | None) -> None:
    item = "{field} is of {owner}, not of {type}"
    form: dict[str, Any] = {
        "type": [{"when": "not-listed", "refuse": "invalid", "item": "no type"}],
        "name": [{"when": {"longer-than": 99}, "refuse": "invalid", "item": "too long"}],
        "foreign__": [{"when": "any", "refuse": "invalid", "item": item}],
    }
    words = {"errors": {"told": "all"}} | ({"fields-without-type": word} if word else {})
    create = form | {name: [refuse("absent", "required"), *form[name]] for name in ("type", "name")}
    told = {"target": "$['x-service']", "update": words}
    pupil = Pupil(client_of(tmp_path, rows("CreateForm", **create), rows("UpdateForm", **form), told))
    pupil.prober.spares = True
    assert pupil.learn(learn_forms)["x-service"].get("fields-without-type") == word


def test_a_refusal_may_repeat_a_value_in_small_letters_and_as_html(tmp_path: Path) -> None:
    listed = {"when": "not-listed", "refuse": "wrong"}
    client = client_of(
        tmp_path,
        example("wrong", {"title": "No &quot;{value:lower:html}&quot;"}),
        rows("UpdateForm", type=[listed]),
    )
    number = client.create(name="A", type="email")
    assert client.update(number, type='A"<b>').get_json()["title"] == "No &quot;a&quot;&lt;b&gt;&quot;"
    pupil = Pupil(client)
    learner = FieldLearner(Observer(pupil.prober, {}), pupil.draft)
    learner.learn_type("update")
    effects = [
        row.effect for row in learner.table.fields[Place("update", "type")].rows if row.reaction == "refuse"
    ]
    assert {"title": "No &quot;{value:lower:html}&quot;"} in [effect.value for effect in effects]


def test_a_number_is_repeated_as_it_is_whatever_texts_are() -> None:
    looks = [Look(400, None, (), text) for text in ("{value:number}", "{value:40}", "{value}")]
    assert [look.value for look in evened(looks)] == ["{value:number}", "{value:40}", "{value:40}"]


def test_no_beginning_of_a_value_is_a_rule_if_a_longer_value_was_repeated() -> None:
    known = "must be any of [email, internal_notification]"
    body = json.dumps({"message": known, "rejected": "internal_notification-x"}).encode()
    told = SeenResponse(400, {"content-type": "application/json"}, body, {"value": "internal_notification-x"})
    assert look_of(told).value == {"message": known, "rejected": "{value}"}
    looks = [Look(400, None, (), text) for text in ("{value:21}", "{value}")]
    assert [look.value for look in evened(looks, whole=30)] == ["{value:21}", "{value}"]
    assert [look.value for look in evened(looks, whole=21)] == ["{value:21}", "{value:21}"]


def test_a_page_is_beyond_the_last_however_it_is_written(tmp_path: Path) -> None:
    beyond = [
        {"target": f"$.paths['{path}'].get['x-paging']", "update": {"beyond": "far"}}
        for path in (LIST, f"{LIST}/")
    ]
    page = [
        {"when": "word", "refuse": "word"},
        *({"when": each, "change": ["cast"]} for each in ("leading-zero", "plus")),
    ]
    client = client_of(
        tmp_path,
        *beyond,
        example("far", {"most": 1, "rejected": "{value}"}),
        example("word", {"number": "{value}"}),
        {"target": "$.components.parameters.page", "update": {"x-rows": page}},
    )
    assert client.send("GET", f"{LIST}/?page=02").get_json() == {"most": 1, "rejected": "02"}
    node = Pupil(client).learn(learn_parameters)["components"]["parameters"]["page"]
    told = {text: react(parameter_rows(node, node["schema"]), text, {}).outcome for text in ("01", "+1", "x")}
    assert {text for text, outcome in told.items() if outcome == "refuse"} == {"x"}


def test_a_page_may_be_beyond_64_bits_if_no_row_refuses_it(tmp_path: Path) -> None:
    words = {"x-rows": [{"when": "word", "value": "1"}]}
    uncast = {"target": "$.components.parameters.page['x-cast']", "remove": True}
    client = client_of(tmp_path, {"target": "$.components.parameters.page", "update": words}, uncast)
    page = client.send("GET", f"{LIST}/?page=99999999999999999999").get_json()
    assert (page["meta"]["page"], page["data"]) == (2**63 - 1, [])
