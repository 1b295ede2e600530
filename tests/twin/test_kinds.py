"""One way of services each, as a mock with an overlay shows it: learning finds the words of the overlay again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from contract_tests.document import Facts
from contract_tests.guard.exchange import Exchange
from contract_tests.learning.beyond import learn_envelopes, learn_paging
from contract_tests.learning.doors import learn_methods, learn_other_account
from contract_tests.learning.draft import Draft, Tree, changes
from contract_tests.learning.fields import FieldLearner, Place
from contract_tests.learning.forms import _Writer, in_words, learn_forms
from contract_tests.learning.history import learn_leftovers
from contract_tests.learning.learn import _teach_handlers
from contract_tests.learning.order import Orderer
from contract_tests.learning.pages import learn_links, learn_sorting
from contract_tests.learning.parameters import learn_parameters
from contract_tests.learning.presentation import fresh, templated, varying, worded
from contract_tests.learning.problems import Refusals, find_telling
from contract_tests.learning.reactions import Explained, Observer
from contract_tests.learning.refusals import look_at
from contract_tests.probes import PROBES, DocumentArguments, Expectations, Outside, Prober, Terms
from contract_tests.probes.observations import handler, second
from contract_tests.probes.trials import Trial
from contract_tests.target.api import TargetApi, TargetResponse
from mock_server.contract.response import filled, repeated
from mock_server.document import load, plain
from mock_server.document.rows import compile_rows, parse_rows, react
from mock_server.document.treatments import SentInput
from tests.document_obeyed.client import Client
from tests.document_obeyed.test_rows import client_of, rows, service
from tests.generated_service.difference import session_of

LIST = "/notification-handlers"
ROW = "/notification-handlers/{notification_handler_id}"


class Pupil:
    """Learns a mock by single parts. `session` reaches its control, too."""

    def __init__(self, client: Client) -> None:
        self.session: requests.Session = session_of(client.http.application)
        api = TargetApi("http://mock/api", "mock-key", Facts(plain(load().data)))
        api._session = self.session
        self.prober = Prober(api, Expectations(DocumentArguments(None, (), ())), Terms(can_write=True))
        self.draft = Draft(plain(load().data))
        self.prober.facts = self.draft.facts

    def learn(self, *parts: Callable[[Prober, Draft], None]) -> Tree:
        for part in parts:
            part(self.prober, self.draft)
        self.prober.close()
        assert not self.draft.unsaid
        return self.draft.tree

    def advance(self) -> None:
        clock = "http://mock/_mock/clock?key=mock-key"
        self.session.patch(clock, json={"advance": "2s"}, timeout=5).raise_for_status()


def sorted_by(words: dict[str, str]) -> list[dict[str, Any]]:
    paths = (LIST, f"{LIST}/")
    return [{"target": f"$.paths['{path}'].get['x-paging']", "update": {"sort-by": words}} for path in paths]


@pytest.mark.parametrize(
    ("words", "order"),
    [
        ({"value": "name", "direction": "ascending"}, "oldest-first"),  # of one name there are none
        ({"value": "name", "direction": "descending"}, "newest-first"),
        ({"value": "name", "case": "any", "direction": "ascending"}, "oldest-first"),
        ({"value": "type", "direction": "ascending"}, "newest-first"),
        ({"value": "changed", "direction": "descending"}, "newest-first"),
    ],
)
def test_a_list_goes_by_the_name_or_the_last_change(
    tmp_path: Path, words: dict[str, str], order: str
) -> None:
    pupil = Pupil(client_of(tmp_path, *sorted_by(words)))
    for row in (pupil.prober.once(second), pupil.prober.once(handler)):
        pupil.advance()
        row.update(enabled="0")
    pupil.advance()
    learned = pupil.learn(learn_sorting)["paths"][LIST]["get"]["x-paging"]
    assert (learned.get("sort-by"), learned["order"]) == (words, order)


@pytest.mark.parametrize(
    ("value", "counted"), [("changed", "other-values"), ("updated", "other-values"), ("updated", "switch")]
)
def test_a_list_goes_by_updates_that_count_as_no_change(tmp_path: Path, value: str, counted: str) -> None:
    words = {"value": value, "direction": "descending"}
    counts = {"target": f"$.paths['{ROW}'].post['x-update']", "update": {"counts-as-change": counted}}
    pupil = Pupil(client_of(tmp_path, *sorted_by(words), counts))
    for row in (pupil.prober.once(second), pupil.prober.once(handler)):
        row.update(name=pupil.prober.name())
        row.look(renamed=True)
        row.update(enabled="0" if row.is_enabled else "1")
        row.look()
    pupil.draft.tree["paths"][ROW]["post"]["x-update"]["counts-as-change"] = counted
    assert pupil.learn(learn_sorting)["paths"][LIST]["get"]["x-paging"].get("sort-by") == words


@pytest.mark.parametrize(("direction", "expected"), [("ascending", [1, 0, 2]), ("descending", [2, 0, 1])])
def test_rows_changed_in_one_second_go_by_the_order_of_the_writes(
    tmp_path: Path, direction: str, expected: list[int]
) -> None:
    client = client_of(tmp_path, *sorted_by({"value": "changed", "direction": direction}))
    numbers = [client.create(name=name, type="email") for name in "ABC"]
    client.update(numbers[0], name="D")
    client.update(numbers[2], name="E")
    shown = [row["id"] for row in client.send("GET", LIST).get_json()["data"] if row["id"] in numbers]
    assert shown == [numbers[each] for each in expected]


@pytest.mark.parametrize("direction", ["ascending", "descending"])
def test_a_list_by_the_last_change_is_not_told_as_one_by_time(tmp_path: Path, direction: str) -> None:
    prober = Pupil(client_of(tmp_path, *sorted_by({"value": "changed", "direction": direction}))).prober
    prober.once(second)
    changed = prober.once(handler)
    changed.update(name=prober.name("z"))
    changed.look()
    finding, _ = PROBES["list-order"].run(prober)
    assert isinstance(finding, Outside)


def test_a_list_by_ids_is_left_as_it_is(tmp_path: Path) -> None:
    assert "sort-by" not in Pupil(client_of(tmp_path)).learn(learn_sorting)["paths"][LIST]["get"]["x-paging"]


def test_a_spelling_that_is_a_path_of_its_own_refuses_other_methods(tmp_path: Path) -> None:
    words: dict[str, str] = {"trailing_slash": "distinct", "other_methods": "missing_bearer"}
    plainly, as_path = (
        client_of(tmp_path, service(**words), service(**more)) for more in ({}, {"distinct_spelling": "path"})
    )
    assert plainly.send("POST", f"{LIST}/").status_code == 404
    assert as_path.send("POST", f"{LIST}/").status_code == 401


@pytest.mark.parametrize(
    ("allowed", "of_list"),
    [
        ("GET, HEAD, POST, DELETE", "GET, HEAD, POST"),
        ("GET,POST,DELETE,OPTIONS", "GET,POST,OPTIONS"),
        ("DELETE, GET, POST", "GET, POST"),
    ],
)
def test_allow_lists_the_methods_of_each_path_in_the_order_of_the_service(
    tmp_path: Path, allowed: str, of_list: str
) -> None:
    url = "http://mock/api/notification-handlers/1"
    exchange = Exchange("PUT", url, "", (), "", (), "", 405, (), "", 0)
    look = look_at(TargetResponse(405, {"allow": allowed}, b""), exchange, {}, {})
    assert look.headers == (("Allow", f"{{methods:{allowed}}}"),)
    refusal = {"value": "", "x-headers": dict(look.headers)}
    content = {"text/plain": {"schema": {}, "examples": {"no_method": refusal}}}
    refusals = {"405": {"description": "No.", "content": content}}
    action = {"target": "$['x-service'].refusals", "update": refusals}
    client = client_of(tmp_path, action, service(other_methods="no_method"))
    assert client.send("PUT", f"{LIST}/1").headers["Allow"] == allowed
    assert client.send("PUT", f"{LIST}/").headers["Allow"] == of_list


def test_a_field_of_another_type_is_told_of_twice_and_beside_a_wrong_type(tmp_path: Path) -> None:
    form: dict[str, Any] = {
        "type": [{"when": "not-listed", "refuse": "by_field", "item": "no type"}],
        "email": [{"when": "not-email", "refuse": "by_field", "item": "no address"}],
        "webhook": [{"when": "not-url", "refuse": "by_field", "item": "no URL"}],
        "name": [{"when": {"longer-than": 99}, "refuse": "by_field", "item": "too long"}],
        "telegram_chat_id": [{"when": {"longer-than": 99}, "refuse": "by_field", "item": "too long"}],
        "foreign__": [{"when": "any", "refuse": "by_field", "item": "is of {owner}, not of {type}"}],
    }
    words: dict[str, Any] = {
        "errors": {"told": "all"},
        "foreign_rows": "both",
        "fields_without_type": "foreign",
    }
    create = form | {"type": [{"when": "absent", "refuse": "by_field", "item": "no type"}, *form["type"]]}
    create["name"] = [{"when": "absent", "refuse": "by_field", "item": "no name"}, *form["name"]]
    client = client_of(tmp_path, rows("CreateForm", **create), rows("UpdateForm", **form), service(**words))
    number = client.create(name="A", type="internal_notification")
    told = client.update(number, type="pigeon", email="maybe").get_json()
    assert told == {"errors": {"type": ["no type"], "email": ["is of email, not of pigeon", "no address"]}}
    pupil = Pupil(client)
    pupil.prober.spares = True
    learned = pupil.learn(learn_forms)["x-service"]
    assert (learned["foreign-rows"], learned["fields-without-type"]) == ("both", "foreign")


@pytest.mark.parametrize(
    ("one", "other", "both", "words"),
    [
        ("name is empty", "type is bad", "name is empty, type is bad", {"joined": ", "}),
        ("No: a is bad", "No: b is bad", "No: a is bad; b is bad", {"joined": "; "}),
        ("b: No.", "a: No.", "a: No.\nb: No.", {"joined": "\n"}),
        ("Failed: 1", "Failed: 1", "Failed: 2", {}),
    ],
)
def test_one_text_tells_several_problems(one: str, other: str, both: str, words: dict[str, str]) -> None:
    telling = find_telling({"error": one}, {"error": other}, {"error": both})
    assert telling.words == {"told": "all", **words}
    assert telling.counted == (None if words else ("error",))
    if telling.joined is not None:
        parts = {telling.part({"error": text}) for text in (one, other)}
        assert {*telling.listed({"error": both})} == {json.loads(f'"{part}"') for part in parts}


def test_other_texts_tell_one_problem() -> None:
    for both in ("a is bad", "a is bad and worse", "several problems"):
        assert not find_telling({"error": "a is bad"}, {"error": "b is bad"}, {"error": both}).tells_all


def test_problems_in_one_text_are_shown_and_learned(tmp_path: Path) -> None:
    def rule(when: Any, message: str) -> dict[str, Any]:
        return {"when": when, "refuse": "joined", "with": {"message": message}}

    examples = {"joined": {"value": {"error": "No: {messages}", "count": "{count:number}"}}}
    content = {"application/json": {"schema": {"type": "object"}, "examples": examples}}
    refusals = {
        "target": "$['x-service'].refusals",
        "update": {"418": {"description": "No.", "content": content}},
    }
    form = {
        "name": [rule({"longer-than": 99}, "{field} is too long")],
        "type": [rule("not-listed", "{value} is no type")],
    }
    create = {name: [rule("absent", f"no {name}"), *each] for name, each in form.items()}
    more = {"errors": {"told": "all", "joined": " | "}}
    client = client_of(
        tmp_path, refusals, rows("CreateForm", **create), rows("UpdateForm", **form), service(**more)
    )
    told = client.send("POST", LIST, {"name": "n" * 200, "type": "pigeon"}).get_json()
    assert told == {"error": "No: name is too long | pigeon is no type", "count": 2}
    pupil = Pupil(client)
    pupil.prober.spares = True
    tree = pupil.learn(learn_forms)
    assert tree["x-service"]["errors"] == {"told": "all", "joined": " | "}
    assert {"error": "No: {messages}", "count": "{count:number}"} in [
        each["value"] for each in tree["components"]["examples"].values()
    ]


@pytest.mark.parametrize(
    ("texts", "text"),
    [
        (["0.001305", "0.012001", "0.900417"], "0.{digits:6}"),
        (["75f46a", "03bb21", "c9e9f0"], "{random:6}"),
        (["run-7-0015-x", "run-7-0923-x", "run-7-1104-x"], "run-7-{digits:4}-x"),
        (["no-cache"] * 9 + ["private", "no-store"], ""),
        (["a", "b"], ""),
    ],
)
def test_a_header_that_is_new_each_time(texts: list[str], text: str) -> None:
    assert varying(texts) == text


def test_what_refusals_repeat_of_a_request() -> None:
    facts = {"value": "a\x07b", "path": "/api/x/7", "id": "7"}
    assert worded('No "a\\u0007b" here', facts) == "No {value:json} here"
    assert [worded(f"No page ({text})", {"value": text}) for text in ("2x", "01")] == [
        "No page ({value})"
    ] * 2
    assert worded("No page: 02!", {"value": "02"}) == "No page: {value}!"
    assert worded("From 1.02 to 10", {"value": "02"}) == "From 1.02 to 10"
    assert templated({"rejected": 60, "status": 400}, {"value": "60"}) == {
        "rejected": "{value:number}",
        "status": 400,
    }
    assert repeated("a\x07b", "json") == '"a\\u0007b"'
    assert filled({"rejected": "{value:number}"}, lambda _: "-7") == {"rejected": -7}


def test_links_repeat_parameters_without_a_value(tmp_path: Path) -> None:
    actions = [
        {"target": f"$.paths['{path}'].get['x-paging']", "update": {"link-repeats": "sent-empty"}}
        for path in (LIST, f"{LIST}/")
    ]
    client = client_of(tmp_path, *actions)
    shown = client.list(tag="", filter="1")["links"]["first"]
    assert shown.endswith("?tag=&filter=1&page=1")
    assert Pupil(client).learn(learn_paging)["paths"][LIST]["get"]["x-paging"]["link-repeats"] == "sent-empty"


@pytest.mark.parametrize(
    "words",
    [
        {"link-repeats": "used"},
        {"link-repeats": "used-empty"},
        {"link-repeats": "sent", "link-page": "sorted"},
    ],
)
def test_links_repeat_the_size_that_was_used_and_may_be_sorted(words: dict[str, str], tmp_path: Path) -> None:
    actions = [
        {"target": f"$.paths['{path}'].get['x-paging']", "update": words} for path in (LIST, f"{LIST}/")
    ]
    client = client_of(tmp_path, *actions)
    first = client.list(results_per_page="word", filter="1")["links"]["first"].partition("?")[2]
    sorted_ = "filter=1&page=1&results_per_page=word"
    assert first == (sorted_ if "link-page" in words else "results_per_page=25&page=1")
    learned = Pupil(client).learn(learn_paging)["paths"][LIST]["get"]["x-paging"]
    assert words.items() <= learned.items()


def test_links_to_another_site_are_told(tmp_path: Path) -> None:
    told = []
    for scheme in (b"http:", b"https:"):
        pupil = Pupil(client_of(tmp_path))
        called = pupil.prober.api.call

        def elsewhere(
            method: str, path: str, *, called: Any = called, scheme: bytes = scheme, **parts: Any
        ) -> TargetResponse:
            response: TargetResponse = called(method, path, **parts)
            return response._replace(body=response.body.replace(b"http:", scheme))

        pupil.prober.api.call = elsewhere  # type: ignore[method-assign]
        learn_links(pupil.prober, pupil.draft)
        told.append("".join(pupil.draft.unsaid))
    assert told[0] == ""
    assert "begin with https://mock." in told[1]


@pytest.mark.parametrize("word", ["of-the-next", "none", "last", "one-less"])
def test_a_link_to_the_page_before_one_beyond_the_last(tmp_path: Path, word: str) -> None:
    actions = [
        {"target": f"$.paths['{path}'].get['x-paging']", "update": {"previous-beyond": word}}
        for path in (LIST, f"{LIST}/")
    ]
    client = client_of(tmp_path, *actions)
    client.create(name="A", type="email")
    links = [client.list(page=page)["links"]["prev"] for page in (2, 3)]
    pages = {"of-the-next": ["1", None], "none": [None, None], "last": ["1", "1"], "one-less": ["1", "2"]}
    assert [link and link.rpartition("=")[2] for link in links] == pages[word]
    learned = Pupil(client).learn(learn_paging)["paths"][LIST]["get"]["x-paging"]
    assert learned.get("previous-beyond", "one-less") == word


@pytest.mark.parametrize("words", [{"case": "any"}, {}])
def test_an_order_by_names_is_seen_behind_a_guard_that_marks_them(
    words: dict[str, str], tmp_path: Path
) -> None:
    words = {"value": "name", **words, "direction": "ascending"}
    client = client_of(tmp_path, *sorted_by(words))
    for name in ("Z of others", "A of others"):
        client.create(name=name, type="email")
    pupil = Pupil(client)
    pupil.prober.terms = replace(pupil.prober.terms, hidden=19)
    names = (f"bpm-{number:05}" for number in range(1, 99))
    pupil.prober.name = lambda first="": f"{first and f'{first}-'}{next(names)}"  # type: ignore[method-assign]
    assert pupil.learn(learn_sorting)["paths"][LIST]["get"]["x-paging"].get("sort-by") == words


def test_a_time_is_no_constant_of_a_type_that_was_seen_once(tmp_path: Path) -> None:
    changed = {"updated_at": {"type": "string", "x-text": "{changed:iso-us}"}}
    client = client_of(
        tmp_path, {"target": "$.components.schemas.NotificationHandler.properties", "update": changed}
    )
    pupil = Pupil(client)
    pupil.prober.spares = True
    row = pupil.learn(_teach_handlers)["components"]["schemas"]["NotificationHandler"]
    assert "updated_at" in row["properties"]
    assert all("updated_at" not in branch["then"]["properties"] for branch in row["allOf"])


@pytest.mark.parametrize("is_brief", [True, False])
def test_each_setting_may_have_a_mask_of_its_own(tmp_path: Path, *, is_brief: bool) -> None:
    masks = {"x_consumer_key": {"text": "***", "keep-first": 4}, "x_consumer_secret": "[Redacted]",
             "x_access_token": {"text": "***", "keep-first": 4}}  # fmt: skip
    properties = "$.components.schemas.XSettings.properties"
    pupil = Pupil(client_of(
        tmp_path, *({"target": f"{properties}.{name}", "update": {"x-mask": mask}} for name, mask in masks.items())
    ))  # fmt: skip
    pupil.prober.spares = is_brief
    shown = pupil.learn(_teach_handlers)["components"]["schemas"]["XSettings"]["properties"]
    assert {name: node["x-mask"] for name, node in shown.items() if "x-mask" in node} == masks


def test_a_brief_run_presumes_how_fields_of_other_types_may_be_sent(tmp_path: Path) -> None:
    name = [
        {"when": "array", "refuse": "by_field", "item": "no array"},
        {"when": "absent", "refuse": "by_field", "item": "no name"},
    ]
    other = [
        {"when": "array", "refuse": "by_field", "item": "not yours"},
        {"when": "any", "refuse": "by_field", "item": "not yours"},
    ]
    client = client_of(
        tmp_path,
        rows("CreateForm", name=name, foreign__=other),
        rows("UpdateForm", name=name[:1], foreign__=other),
    )
    pupil = Pupil(client)
    pupil.prober.spares = True
    form = pupil.learn(learn_forms)["components"]["schemas"]["UpdateForm"]
    learned = [row["when"] for row in form["x-rows"]["{foreign}"] if "refuse" in row]
    assert learned == ["array", "any"]


@pytest.mark.parametrize("reading", [{"change": [{"join": ","}]}, {"value": "Array"}])
def test_an_array_may_become_a_text_of_any_field(tmp_path: Path, reading: dict[str, Any]) -> None:
    array = {"when": "array", **reading}
    wrong = [{"when": when, "refuse": "by_field", "item": "no type"} for when in ("absent", "not-listed")]
    of_type = [*([array] if "change" in reading else []), *wrong]
    pupil = Pupil(client_of(tmp_path, rows("CreateForm", name=[array], type=of_type)))
    learner = FieldLearner(Observer(pupil.prober, {}), pupil.draft)
    learner.learn_type("create")
    at = learner._input("create", "name", "email")
    name, kind = Explained({}), learner.table.fields[at._replace(field="type").place]
    learner._try(name, at, "array")
    kind.read_as(name.rows)  # its array is refused as a wrong type
    assert kind.is_presumed == ("change" in reading), (
        "it is written, although the document foretells all that was seen"
    )
    effect = (("join", ","),) if "change" in reading else "Array"
    found = [[each.effect for each in field.rows if each.treatment == "array"] for field in (name, kind)]
    assert found == [[effect], [effect] if "change" in reading else []]


def test_a_field_that_is_not_read_is_told_from_a_form_without_any_field(tmp_path: Path) -> None:
    nothing = [{"when": "absent", "refuse": "by_field", "item": "nothing"}]
    dropped = [{"when": "array", "drop": True}]
    pupil = Pupil(client_of(tmp_path, rows("UpdateForm", nothing__=nothing, name=dropped, type=dropped)))
    pupil.prober.learns = True
    observer, kind = Observer(pupil.prober, {}), pupil.prober.kinds.plain
    told = observer.nothing()
    assert told is not None
    assert told.rows[0].effect.status == 422
    for name in ("name", "type"):
        tried = observer.try_update(
            Trial("update", name, "array", observer.sample(kind, name, "array"), kind)
        )
        assert (tried.is_taken, tried.shown) == (True, tried.before)


def test_a_rule_may_hold_for_a_field_of_any_type_where_others_hold_for_those_of_the_row_alone(
    tmp_path: Path,
) -> None:
    long, wrong = ({"when": when, "refuse": "by_field", "item": item} for when, item in (
        ({"longer-than": 64}, "too long"), ("not-url", "no URL"),
    ))  # fmt: skip
    lists = {"webhook": [long, wrong], "foreign__": [long]}
    pupil = Pupil(client_of(tmp_path, service(foreign_rows="foreign"), rows("CreateForm", **lists)))
    learner = FieldLearner(Observer(pupil.prober, {}), pupil.draft)
    at = learner._input("create", "webhook", "webhook")
    for operation in ("create", "update"):
        learner.table.fields[at._replace(operation=operation, field="{foreign}").place] = Explained({})
    learner._text(at, guess=None)
    learner.table.fields[at._replace(operation="update").place] = learner.table.fields[at.place]
    learner._check_foreign()
    found = learner.table.fields[at._replace(field="{foreign}").place].rows
    assert [(each.treatment, each.argument) for each in found] == [("longer-than", 64)]
    assert not learner.table.checks_foreign


def test_another_method_may_update_a_row(tmp_path: Path) -> None:
    post = plain(load().data)["paths"][ROW]["post"]
    words = {"operationId": "replace", "x-spelling-of": post["operationId"]}
    put = {"target": f"$.paths['{ROW}']", "update": {"put": {**post, **words}}}
    pupil = Pupil(client_of(tmp_path, put))
    row = pupil.learn(learn_methods)["paths"][ROW]
    assert row["put"].items() >= {"x-behaviour": "update", "x-spelling-of": post["operationId"]}.items()
    assert "patch" not in row


def test_numbers_of_pages_are_told_although_a_page_beyond_the_last_is_refused(tmp_path: Path) -> None:
    paging = [
        {"target": f"$.paths['{path}'].get['x-paging']", "update": {"beyond": "by_field"}}
        for path in (LIST, f"{LIST}/")
    ]
    page = [{"when": when, "change": ["cast"]} for when in ("tail", "leading-zero", "fraction")]
    pupil = Pupil(client_of(
        tmp_path, *paging, {"target": "$.components.parameters.page", "update": {"x-rows": page}}
    ))  # fmt: skip
    learned = pupil.learn(learn_parameters)["components"]["parameters"]["page"]["x-rows"]
    assert [row for row in page if row not in learned] == []


def test_a_mock_shows_each_type_and_name_that_its_service_keeps(tmp_path: Path) -> None:
    shown = {
        "type": {"type": "string", "x-value": "type"},
        "name": {"type": ["string", "null"], "x-value": "name"},
    }
    row = "$.components.schemas.NotificationHandler.properties"
    client = client_of(
        tmp_path,
        {"target": f"{row}.type['$ref']", "remove": True},
        {"target": f"{row}.name.type", "remove": True},
        {"target": row, "update": shown},
        rows("CreateForm", name=[{"when": "absent", "value": None}], type=[{"when": "absent", "value": ""}]),
    )
    pupil = Pupil(client)
    pupil.prober.spares = True
    before, tree = plain(load().data), pupil.learn(learn_forms)
    learned = tmp_path / "learned"
    learned.mkdir()
    mock = client_of(learned, *changes(before, tree))
    for form in ({}, {"type": "pigeon"}, {"name": "A", "type": "EMAIL"}, {"type": "email"}):
        assert mock.send("POST", LIST, form).status_code == 201, form
    assert [(each["name"], each["type"]) for each in mock.list()["data"]][:4] == [
        (None, "email"), ("A", "EMAIL"), (None, "pigeon"), (None, ""),
    ]  # fmt: skip


def test_a_field_of_one_word_is_named_as_others_are() -> None:
    told = in_words({"{field}": ["The {field} field is wrong.", "{field}"]})
    assert told == {"{field}": ["The {field:words} field is wrong.", "{field}"]}


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [(403, b'{"error": "not yours"}', "of_another_account"), (404, b"", None), (200, b"", None)],
)
def test_what_another_account_gets_for_a_row_is_learned(
    tmp_path: Path, status: int, body: bytes, word: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal of its own is learned; one of a row that does not exist, or another row of that id, changes nothing."""
    pupil = Pupil(client_of(tmp_path))
    pupil.prober.terms = replace(pupil.prober.terms, other_key="mock-other")
    api, call = pupil.prober.api, pupil.prober.api.call

    def other(method: str, path: str, **parts: Any) -> TargetResponse:
        if parts.get("authorization") == "Bearer mock-other" and path[-1].isdigit() and status != 404:
            return TargetResponse(status, {"content-type": "application/json"}, body)
        return call(method, path, **parts)

    monkeypatch.setattr(api, "call", other)
    service = pupil.learn(learn_other_account)["x-service"]
    assert service.get("other-accounts") == word
    told = [dict(each.request_headers)["Authorization"] for each in pupil.prober.exchanges]
    assert "Bearer $BITPEAK_OTHER_API_KEY" in told
    assert "mock-other" not in repr(pupil.draft.lessons) + repr(told)
    if word is not None:
        (content,) = service["refusals"]["403"]["content"].values()
        assert word in content["examples"]


@pytest.mark.parametrize("spares", [True, False])
@pytest.mark.parametrize("word", ["restored", "rebuilt"])
def test_settings_of_an_earlier_type_may_be_back(tmp_path: Path, word: str, spares: bool) -> None:
    update = {"target": f"$.paths['{ROW}'].post['x-update']", "update": {"type-change": word}}
    client = client_of(tmp_path, update)
    number = client.create(name="A", type="email", email="a@example.com")
    for form in ({"type": "slack", "slack": "https://example.com/s"}, {"name": "B"}, {"type": "email"}):
        client.update(number, **form)
    assert client.retrieve(number)["settings"]["email"] == ("a@example.com" if word == "restored" else "")
    client.update(number, type="slack", slack="https://example.com/t")
    assert client.retrieve(number)["settings"] == {"slack": "https://example.com/t"}
    pupil = Pupil(client)
    pupil.prober.spares = spares
    assert pupil.learn(learn_leftovers)["paths"][ROW]["post"]["x-update"]["type-change"] == word


UUIDS = ("137d429b-a2b8-4323-954e-a6d40523495c", "f62b088c-a1c9-4135-8a12-26fb60ad48f4")


@pytest.mark.parametrize(
    ("values", "schema"),
    [
        ([0.000447, 0.000512, 0.001398], {"type": "number", "x-text": "0.00{digits:4}"}),
        ([0.978693, 1.004512, 0.531483], {"type": "number", "x-text": "{digits:1}.{digits:6}"}),
        ([4711, 4723, 4799], {"type": "integer", "x-text": "47{digits:2}"}),
        (["a-1f", "a-9c", "a-77"], {"type": "string", "x-text": "a-{random:2}"}),
        ([*UUIDS], {"type": "string", "x-text": "{uuid}"}),
        ([0.5, 0.5, 0.5, 0.5], {}),
        ([1, "1", None], {}),
    ],
)
def test_a_value_beside_the_data_may_be_new_each_time(values: list[Any], schema: dict[str, Any]) -> None:
    assert fresh(values) == schema


def test_a_number_with_a_fraction_is_shown_anew_each_time(tmp_path: Path) -> None:
    shown = {
        "time": {"type": "number", "x-text": "0.00{digits:4}"},
        "serial": {"type": "integer", "x-text": "47{digits:4}"},
    }
    client = client_of(
        tmp_path, {"target": "$.components.schemas.ListEnvelope", "update": {"properties": shown}}
    )
    bodies = [client.list() for _ in range(3)]
    assert all(type(body["time"]) is float and 0 <= body["time"] < 0.01 for body in bodies)
    assert all(type(body["serial"]) is int and 470_000 <= body["serial"] < 480_000 for body in bodies)
    assert len({(body["time"], body["serial"]) for body in bodies}) == 3
    properties = Pupil(client).learn(learn_envelopes)["components"]["schemas"]
    assert "time" in repr(properties)


def test_a_masked_key_of_an_earlier_type_is_not_that_of_a_field(tmp_path: Path) -> None:
    prober = Pupil(client_of(tmp_path, {"target": "$.info", "update": {}})).prober
    fields = dict.fromkeys(prober.facts.types["x"], "?")
    prober.note_keys(
        "telegram", {"telegram": "a", "telegram_chat_id": "1"}, {"settings": {"token": "*", "chat_id": "1"}}
    )
    shown = {"token": "*", "chat_id": "1"} | {name.removeprefix("x_"): "*" for name in fields}
    prober.note_keys("x", fields, {"type": "x", "settings": shown})
    assert prober.fields({"type": "x", "settings": shown})["access_token"] == "x_access_token"
    assert prober.fields({"type": "x", "settings": shown})["token"] == "telegram"


def test_a_masked_key_is_told_from_a_property_beside_it(tmp_path: Path) -> None:
    prober = Pupil(client_of(tmp_path, {"target": "$.info", "update": {}})).prober
    for kind in ("webhook", "slack"):
        row = {"type": kind, "settings": {"format": "json", "url": "htt…"}}
        prober.note_keys(kind, {kind: "https://example.com/hook"}, row)
        assert prober.fields(row) == {"format": "format", "url": kind}


def test_an_old_date_is_no_time_of_today() -> None:
    old = "Thu, 19 Nov 1981 08:52:00 GMT"
    assert worded(old, {}) == old
    assert worded("Mon, 30 Nov 2026 20:45:51 GMT", {}) == "{now:http}"


def test_a_create_may_ignore_the_switch_and_refuse_what_it_does_not_know(tmp_path: Path) -> None:
    absent = [{"when": "absent", "refuse": "by_field", "item": "no {field}"}]
    unknown = [{"when": "any", "refuse": "by_field", "item": "not here"}]
    client = client_of(
        tmp_path,
        {
            "target": "$.components.schemas.CreateForm.properties",
            "update": {"is_enabled": {"type": "string", "x-value": "enabled"}},
        },
        rows(
            "CreateForm",
            name=absent,
            type=absent,
            unknown__=unknown,
            is_enabled=[{"when": "any", "drop": True}],
        ),
        rows("UpdateForm", unknown__=unknown),
    )
    assert client.send("POST", LIST, {"name": "A", "type": "email", "is_enabled": "0"}).status_code == 201
    pupil = Pupil(client)
    learner = FieldLearner(Observer(pupil.prober, {}), pupil.draft)
    learner._others("create")
    learner._switch("create")
    writer = _Writer(pupil.draft, learner.table, Refusals(), {"create": {}, "update": {}}, [])
    form = pupil.learn(lambda *_: writer.write())["components"]["schemas"]["CreateForm"]
    assert form["x-rows"]["is_enabled"] == [{"when": "any", "drop": True}]
    assert "is_enabled" in form["properties"]
    assert any(row["when"] == "any" and "refuse" in row for row in form["x-rows"]["{unknown}"])


@pytest.mark.parametrize(("text", "shown"), [("7", 7), ("60", 60), ("99999", 1000), ("0", 25)])
def test_a_page_has_any_size_up_to_the_largest_one(tmp_path: Path, text: str, shown: int) -> None:
    rows = [{"when": "zero", "drop": True}, {"when": "not-listed", "change": ["at-most"]}]
    action = {"target": "$.components.parameters.results_per_page", "update": {"x-rows": rows}}
    assert client_of(tmp_path, action).list(results_per_page=text)["meta"]["results_per_page"] == shown


def test_refusals_repeat_what_was_read_of_an_array_or_of_another_encoding(tmp_path: Path) -> None:
    telling = {"when": "any", "refuse": "by_field", "item": "not here, not {value:repr}"}
    read: list[dict[str, Any]] = [
        {"when": "array", "change": [{"join": ","}]},
        {"when": "not-utf-8", "change": ["latin-1"]},
        telling,
    ]
    silent = {"when": "empty", "refuse": "by_field", "item": "not here"}
    pupil = Pupil(client_of(tmp_path, rows("CreateForm", foreign__=read, unknown__=[silent, telling])))
    learner = FieldLearner(Observer(pupil.prober, {}), pupil.draft)
    learner._others("create")
    learner._switch("create")
    foreign, switch = (
        learner.table.fields[Place("create", name)].rows for name in ("{foreign}", "is_enabled")
    )
    found = {row.treatment: (row.reaction, row.effect) for row in foreign}
    assert (found["array"], found["not-utf-8"]) == (
        ("change", (("join", ","),)),
        ("change", (("latin-1", None),)),
    )
    assert [row.treatment for row in switch] == ["empty", "any"]


@pytest.mark.parametrize("order", [("strip-tags", "trim"), ("trim", "strip-tags")])
def test_white_space_before_a_tag_is_trimmed_or_kept(order: tuple[str, str], tmp_path: Path) -> None:
    pupil = Pupil(client_of(tmp_path, rows("CreateForm", name=[{"when": "any", "change": [*order]}])))
    learner = FieldLearner(Observer(pupil.prober, {}), pupil.draft)
    at = learner._input("create", "name", pupil.prober.kinds.mailbox)
    learner._text(at, guess=None)
    walk = compile_rows(tuple(learner.table.fields[at.place].rows), {})
    for text in ("a <b>", " a ", "a<b> </b>", "<b> a</b>"):
        assert (
            walk(SentInput(text)).text
            == react(parse_rows([{"when": "any", "change": [*order]}]), text, {}).text
        )


def test_a_problem_goes_after_each_one_that_is_told_before_it_however_few_these_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    observer = Observer(Pupil(client_of(tmp_path)).prober, {})
    sorts = ("unsent", "foreign", "a", "b")
    problems: Any = [SimpleNamespace(sort=sort, outcome=SimpleNamespace(trial=SimpleNamespace(operation="create")))
                     for sort in sorts]  # fmt: skip
    first = {("unsent", "foreign"): "foreign", ("foreign", "a"): "a", ("foreign", "b"): "b"}
    monkeypatch.setattr(Orderer, "_first", lambda _, one, other: first.get((one, other)))
    ranks = Orderer(observer, "create", problems, ()).ranks()
    assert ranks == {"a": 0, "b": 0, "foreign": 1, "unsent": 2}
