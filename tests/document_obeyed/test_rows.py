"""Rows of the behaviour table, said by an overlay: what the mock does with each treatment and each reaction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from werkzeug.test import TestResponse

from mock_server.document.treatments import ARRAY, FILE, NOT_UTF_8, TREATMENTS, SentInput
from tests.document_obeyed.client import KEY, Client

GOOD = {"email": "ada@example.com", "slack": "https://example.com/slack"}
INVALID: dict[str, Any] = {
    "description": "What is wrong.",
    "content": {
        "application/json": {
            "schema": {"type": "object"},
            "examples": {
                "invalid": {"value": {"errors": "{items}", "first": "{field} {rule}"}},
                "by_field": {"value": {"errors": "{items-by-field}"}},
                "other": {"value": {"title": "{field} of {owner}, not of {type}: {value}"}},
            },
        }
    },
}
ITEM = {"field": "{field}", "rule": "{rule}", "value": "{value}"}


def client_of(folder: Path, *actions: dict[str, Any]) -> Client:
    """Return a client of the document with these actions, and with refusals that list problems."""
    refusals = {"target": "$['x-service'].refusals", "update": {"422": INVALID}}
    overlay = {"overlay": "1.1.0", "info": {"title": "T", "version": "1"}, "actions": [refusals, *actions]}
    path = folder / "overlay.yaml"
    path.write_text(yaml.safe_dump(overlay, sort_keys=False), encoding="utf-8")
    return Client(overlays=[path])


def rows(form: str, **lists: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the action that gives the fields of a form these rows. Classes are written `own__`."""
    named = {f"{{{name[:-2]}}}" if name.endswith("__") else name: each for name, each in lists.items()}
    return {"target": f"$.components.schemas.{form}", "update": {"x-rows": named}}


def service(**words: Any) -> dict[str, Any]:
    update = {name.replace("_", "-"): value for name, value in words.items()}
    return {"target": "$['x-service']", "update": update}


def refuse(when: Any, rule: str = "", **more: Any) -> dict[str, Any]:
    return {"when": when, "refuse": "invalid", "item": ITEM, "with": {"rule": rule}, **more}


def post(client: Client, path: str, *parts: tuple[str, str | None, bytes]) -> TestResponse:
    """Send a form of parts: a name, the name of a file if it is one, and the bytes."""
    lines = []
    for name, file, data in parts:
        told = f'; filename="{file}"' if file else ""
        lines.append(
            f'--b\r\nContent-Disposition: form-data; name="{name}"{told}\r\n\r\n'.encode() + data + b"\r\n"
        )
    return client.http.post(
        client.contract.base_path + path,
        data=b"".join((*lines, b"--b--\r\n")),
        content_type="multipart/form-data; boundary=b",
        headers={"Authorization": f"Bearer {KEY}"},
    )


def send(client: Client, path: str, /, **fields: str) -> TestResponse:
    return post(client, path, *((name, None, text.encode()) for name, text in fields.items()))


def send_sample(client: Client, path: str, name: str, sent: SentInput) -> TestResponse:
    """Send a form in which one field is sent as a sample says."""
    if ARRAY in sent.how:
        name += "[]"
    datas = [sent.data] if NOT_UTF_8 in sent.how else [text.encode() for text in sent.texts]
    if not sent.texts and sent.text is not None:
        datas = [sent.text.encode()]
    return post(client, path, *((name, "a.txt" if FILE in sent.how else None, data) for data in datas))


ARGUMENTS: dict[str, Any] = {
    "longer-than": 20,
    "shorter-than": 3,
    "is": ["odd one"],
    "matches": "^ada@",
    "mismatches": "^ada@",
}
SCHEMA: dict[str, Any] = {"type": "string", "pattern": "^ada", "enum": ["ada@example.com"]}
# Reactions of an update, with the e-mail address that a handler then has; None: it was refused.
REACTIONS: dict[str, tuple[dict[str, Any], Any]] = {
    "refuse": (refuse("", "r"), None),
    "keep": ({"keep": True}, "old@example.com"),
    "drop": ({"drop": True}, "old@example.com"),
    "value": ({"value": "a value"}, "a value"),
    "omit": ({"omit": True}, "no key"),
}


@pytest.mark.parametrize("reaction", REACTIONS)
@pytest.mark.parametrize("treatment", [name for name, each in TREATMENTS.items() if each.about != "number"])
def test_each_treatment_and_reaction(tmp_path: Path, treatment: str, reaction: str) -> None:
    effect, expected = REACTIONS[reaction]
    argument = ARGUMENTS.get(treatment)
    row = {**effect, "when": treatment if argument is None else {treatment: argument}}
    client = client_of(
        tmp_path,
        rows("UpdateForm", email=[row]),
        {"target": "$.components.schemas.UpdateForm.properties.email", "update": SCHEMA},
        {"target": "$.components.schemas.EmailSettings.required", "remove": True},
    )
    base = GOOD["email"]
    for sample in TREATMENTS[treatment].samples(base, argument, SCHEMA):
        number = client.create(name="A", type="email", email="old@example.com")
        answer = send_sample(client, f"/notification-handlers/{number}", "email", sample)
        if expected is None:
            assert answer.status_code == 422
            value = sample.text if sample.text is not None else sample.texts[-1] if sample.texts else ""
            assert answer.get_json() == {
                "errors": [{"field": "email", "rule": "r", "value": value}], "first": "email r"
            }  # fmt: skip
            continue
        assert answer.status_code == 200, answer.text
        # What an update does not send keeps its value, whatever becomes of it when settings are made anew.
        wanted = "old@example.com" if treatment == "absent" else expected
        assert client.retrieve(number)["settings"].get("email", "no key") == wanted


@pytest.mark.parametrize("treatment", [name for name, each in TREATMENTS.items() if each.about == "number"])
def test_each_treatment_of_a_number(tmp_path: Path, treatment: str) -> None:
    schema = {"type": "integer", "minimum": 1, "default": 1}
    client = client_of(
        tmp_path, {"target": "$.components.parameters.page", "update": {"x-rows": [refuse(treatment, "r")]}}
    )
    for sample in TREATMENTS[treatment].samples("1", None, schema):
        answer = client.send("GET", f"/notification-handlers?page={(sample.text or '').replace('+', '%2B')}")
        assert answer.status_code == 422
        assert answer.get_json()["first"] == "page r"
    assert client.send("GET", "/notification-handlers?page=2").status_code == 200


def test_a_create_by_rows(tmp_path: Path) -> None:
    client = client_of(
        tmp_path,
        rows(
            "CreateForm",
            name=[
                refuse("absent", "required"),
                {"when": "padded", "change": ["trim"]},
                {"when": "blank", "drop": True},
                refuse({"longer-than": 10}, "long"),
            ],
            type=[
                refuse("absent", "required"),
                {"when": "wrong-case", "change": ["listed-case"]},
                refuse("not-listed", "type"),
            ],
            own__=[{"when": "empty", "value": "was empty"}, {"when": "absent", "value": "was absent"}],
        ),
    )  # fmt: skip

    def rule(**form: str) -> str:
        return str(client.send("POST", "/notification-handlers", form).get_json().get("first"))

    assert rule(type="email") == "name required"
    assert rule(name="   ", type="email") == "name required"
    assert rule(name="A much longer name", type="email") == "name long"
    assert rule(name="A", type="pigeon") == "type type"
    created = send(client, "/notification-handlers", name=" A ", type="EMAIL", email="")
    assert client.retrieve(created.get_json()["data"]["id"])["settings"] == {"email": "was empty"}
    made = client.retrieve(client.create(name="  A long na ", type="telegram", telegram="1"))
    assert (made["name"], made["settings"]) == (
        "A long na",
        {"telegram": "1", "telegram_chat_id": "was absent"},
    )
    assert made["type"] == "telegram"


def test_what_is_absent_is_for_settings_that_are_made_anew(tmp_path: Path) -> None:
    client = client_of(tmp_path, rows("UpdateForm", own__=[{"when": "absent", "value": "anew"}]))
    number = client.create(name="A", type="email", email="a@example.com")
    assert client.update(number, name="B").status_code == 200
    assert client.retrieve(number)["settings"] == {"email": "a@example.com"}
    assert client.update(number, type="slack").status_code == 200
    assert client.retrieve(number)["settings"] == {"slack": "anew"}


def test_a_setting_that_may_not_be_left_out_may_be_kept(tmp_path: Path) -> None:
    required = {"target": "$.paths.*.post['x-update']", "update": {"required": "unless-kept"}}
    client = client_of(tmp_path, rows("UpdateForm", own__=[refuse("absent", "required")]), required)
    number = client.create(name="A", type="email", email="a@example.com")
    assert client.update(number, name="B").status_code == 200
    assert client.update(number, type="slack").status_code == 422
    assert client.update(number, type="slack", slack="https://example.com/a").status_code == 200
    assert client.update(number, type="slack").status_code == 200


def test_a_switch_by_rows(tmp_path: Path) -> None:
    switch: list[dict[str, Any]] = [
        {"when": {"is": ["1", "ja"]}, "value": True},
        {"when": {"is": ["0", "nein"]}, "value": False},
        {"when": "empty", "keep": True},
        refuse("any", "boolean"),
    ]
    client = client_of(tmp_path, rows("UpdateForm", is_enabled=switch))
    number = client.create(name="A", type="email")
    for text, expected in (("nein", False), ("", False), ("ja", True), ("", True)):
        assert send(client, f"/notification-handlers/{number}", is_enabled=text).status_code == 200
        assert client.retrieve(number)["is_enabled"] is expected
    assert client.update(number, is_enabled="maybe").status_code == 422


def test_all_problems_are_told_by_rank_and_then_by_the_order_of_fields(tmp_path: Path) -> None:
    lists: dict[str, list[dict[str, Any]]] = {
        "name": [refuse("absent", "required", rank=2), refuse("control", "control")],
        "type": [refuse("absent", "required", rank=2), refuse("not-listed", "type", rank=1)],
        "own__": [refuse("not-email", "format"), refuse({"longer-than": 5}, "long")],
        "unknown__": [refuse("any", "unknown", rank=-1)],
        "foreign__": [{"when": "any", "refuse": "other"}],
    }
    client = client_of(tmp_path, rows("CreateForm", **lists), service(errors={"told": "all"}))

    def told(**form: str) -> list[str]:
        answer = client.send("POST", "/notification-handlers", form)
        return [f"{item['field']} {item['rule']}" for item in answer.get_json()["errors"]]

    assert told() == ["name required", "type required"]
    assert told(type="email", email="none", colour="red") == [
        "colour unknown",
        "email format",
        "name required",
    ]
    assert told(name="a\nb", type="pigeon") == ["name control", "type type"]
    # The item of a problem that another refusal answers is not in the list.
    assert told(name="a\nb", type="email", slack="a") == ["name control"]
    first = client_of(tmp_path, rows("CreateForm", **lists))
    answer = first.send("POST", "/notification-handlers", {"type": "email", "email": "none", "colour": "red"})
    assert [item["field"] for item in answer.get_json()["errors"]] == ["colour"]


def test_problems_by_field_and_values_that_look_like_placeholders(tmp_path: Path) -> None:
    client = client_of(
        tmp_path,
        rows("CreateForm", name=[{"when": "any", "refuse": "by_field", "item": "{field}: {value}"}]),
        {
            "target": "$.components.schemas.CreateForm['x-rows']",
            "update": {"name": [{"when": "absent", "value": "A"}]},
        },
    )
    answer = client.send("POST", "/notification-handlers", {"name": '{uuid} "{items}"', "type": "email"})
    assert answer.get_json() == {"errors": {"name": ['name: {uuid} "{items}"']}}


def test_a_field_of_another_type_before_and_after_the_row_is_found(tmp_path: Path) -> None:
    foreign: dict[str, list[dict[str, Any]]] = {
        "foreign__": [{"when": "blank", "drop": True}, {"when": "any", "refuse": "other"}]
    }
    email = [refuse("not-email", "format")]
    with_form = client_of(tmp_path, rows("UpdateForm", email=email, **foreign))
    number = with_form.create(name="A", type="slack")
    assert with_form.update(number, email="none").get_json() == {
        "title": "email of email, not of slack: none"
    }
    assert with_form.update(number, email=" ").status_code == 200
    checks = ["bearer", "key", "quota", "method", "form", "existence", "availability", "plan"]
    apart = client_of(
        tmp_path,
        rows("UpdateForm", email=email, **foreign),
        {"target": "$['x-service'].checks", "remove": True},
        service(checks=checks),
    )
    number = apart.create(name="A", type="slack")
    assert apart.update(number, email="none").get_json()["first"] == "email format"
    assert apart.update(number, email="a@example.com").get_json()["title"].startswith("email of email")
    assert apart.update(999, email="none").status_code == 422
    assert apart.update(999, email="a@example.com").status_code == 404


def test_a_field_of_another_type_may_walk_no_rows_of_its_own_before_the_row_is_found(tmp_path: Path) -> None:
    checks = ["bearer", "key", "quota", "method", "form", "existence", "availability", "plan"]
    client = client_of(
        tmp_path,
        rows(
            "UpdateForm",
            email=[refuse("not-email", "format")],
            foreign__=[{"when": "any", "refuse": "other"}],
        ),
        {"target": "$['x-service'].checks", "remove": True},
        service(checks=checks, foreign_rows="foreign"),
    )
    number = client.create(name="A", type="slack")
    assert client.update(number, email="none").get_json()["title"].startswith("email of email")
    assert client.update(999, email="none").status_code == 404


def test_a_name_that_is_unique(tmp_path: Path) -> None:
    unique = {"field": "name", "refuse": "invalid", "item": ITEM, "with": {"rule": "unique"}}
    client = client_of(
        tmp_path,
        {"target": "$.components.schemas['CreateForm', 'UpdateForm']", "update": {"x-unique": unique}},
    )
    number = client.create(name="A", type="email")
    answer = client.send("POST", "/notification-handlers", {"name": " A ", "type": "email"})
    assert answer.get_json()["first"] == "name unique"
    assert client.update(number, name="A").status_code == 200
    assert client.update(client.create(name="B", type="email"), name="A").status_code == 422


@pytest.mark.parametrize(("checks", "status"), [
    (["bearer", "key", "quota", "method", "existence", "form", "plan"], 404),
    (["bearer", "key", "quota", "media-type", "method", "existence", "form", "plan"], 422),
])  # fmt: skip
def test_a_media_type_that_is_not_read(tmp_path: Path, checks: list[str], status: int) -> None:
    client = client_of(
        tmp_path,
        {"target": "$['x-service'].checks", "remove": True},
        service(checks=checks, media_types={"other": "invalid"}),
    )
    headers = {"Authorization": f"Bearer {KEY}"}
    path = f"{client.contract.base_path}/notification-handlers"
    assert client.http.post(f"{path}/999", json={"name": "A"}, headers=headers).status_code == status
    assert client.http.post(path, json={"name": "A"}, headers=headers).status_code == 422
    assert client.http.post(f"{path}/1", headers=headers).status_code == 200, "no body is no wrong one"


def test_a_body_without_a_byte_may_have_a_wrong_media_type(tmp_path: Path) -> None:
    client = client_of(tmp_path, service(media_types={"other": "invalid", "empty": "refused"}))
    headers = {"Authorization": f"Bearer {KEY}"}
    path = f"{client.contract.base_path}/notification-handlers/1"
    assert client.http.post(path, headers=headers).status_code == 200
    assert client.http.post(path, headers=headers, content_type="text/plain").status_code == 422


def test_a_write_without_a_body_may_be_refused(tmp_path: Path) -> None:
    client = client_of(tmp_path, service(media_types={"other": "ignored", "none": "invalid"}))
    headers = {"Authorization": f"Bearer {KEY}"}
    path = f"{client.contract.base_path}/notification-handlers/1"
    assert client.http.post(path, headers=headers).status_code == 422
    empty = "application/x-www-form-urlencoded"
    assert client.http.post(path, headers=headers, content_type=empty).status_code == 200, (
        "a form without fields"
    )
    assert client.update(1, name="A").status_code == 200


def test_a_form_without_any_field_may_be_refused(tmp_path: Path) -> None:
    refused = [refuse("absent", "nothing")]
    client = client_of(tmp_path, rows("UpdateForm", nothing__=refused))
    number = client.create(name="A", type="email")
    path = f"/notification-handlers/{number}"
    for form, status in (({}, 422), ({"colour": "red"}, 422), ({"name": "B"}, 200), ({"slack": "x"}, 200)):
        assert client.send("POST", path, form).status_code == status, form
    assert client.send("GET", path).get_json()["data"]["name"] == "B"


def test_parameters_by_rows(tmp_path: Path) -> None:
    size = [refuse("word", "size"), {"when": "not-listed", "change": ["nearest"]}]
    page: list[dict[str, Any]] = [
        {"when": "zero", "value": "1"},
        {"when": "negative", "change": ["clamp"]},
        {"when": "tail", "change": ["cast"]},
        refuse("word", "page"),
    ]
    client = client_of(
        tmp_path,
        {"target": "$.components.parameters.results_per_page", "update": {"x-rows": size}},
        {"target": "$.components.parameters.page", "update": {"x-rows": page}},
        service(errors={"told": "all"}, unknown_parameters=[refuse("any", "unknown")]),
    )
    assert client.list(results_per_page=30)["meta"]["results_per_page"] == 25
    for text, expected in (("0", 1), ("-4", 1), ("2abc", 2), ("", 1)):
        assert client.list(page=text)["meta"]["page"] == expected
    answer = client.send("GET", "/notification-handlers?page=a&results_per_page=b&colour=red")
    assert [item["field"] for item in answer.get_json()["errors"]] == [
        "page",
        "colour",
        "results_per_page",
    ] or [item["field"] for item in answer.get_json()["errors"]] == ["page", "results_per_page", "colour"]


@pytest.mark.parametrize("apart", [False, True])
def test_an_id_by_rows(tmp_path: Path, *, apart: bool) -> None:
    id_rows = [{"when": "leading-zero", "change": ["cast"]}, refuse("word", "id"), refuse("tail", "id")]
    actions: list[dict[str, Any]] = [
        {"target": "$.components.parameters.notification_handler_id", "update": {"x-rows": id_rows}}
    ]
    if apart:
        checks = ["bearer", "key", "quota", "method", "media-type", "id", "form", "existence", "plan"]
        actions += [{"target": "$['x-service'].checks", "remove": True}, service(checks=checks)]
    client = client_of(tmp_path, *actions)
    number = client.create(name="A", type="email")
    assert client.send("GET", f"/notification-handlers/0{number}").status_code == 200
    assert (
        client.send("GET", "/notification-handlers/abc").get_json()["first"] == "notification_handler_id id"
    )
    assert client.send("GET", f"/notification-handlers/{number}abc").status_code == 422
    assert client.send("GET", "/notification-handlers/999").status_code == 404


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (rows("CreateForm", name=[{"when": "empty", "refuse": "invald"}]), "invald is not one of the refusals"),
        (rows("CreateForm", type=[{"when": "absent", "refuse": "invalid"}, {"when": "empty", "keep": True}]),
         "A row needs a value of 'type', and the form may leave it out"),
        (rows("UpdateForm", is_enabled=[{"when": "empty", "value": "off"}, {"when": "any", "value": True}]),
         "'is_enabled' is a switch, so a row cannot give it the value 'off'"),
        (rows("UpdateForm", name=[{"when": "empty", "value": True}, {"when": "any", "value": "a"}]),
         "'name' is a switch, so a row cannot give it the value 'a'"),
        ({"target": "$.components.schemas.CreateForm", "update": {"x-unique": {"field": "email", "refuse": "invalid"}}},
         "x-unique: 'email' is not a field that each item has"),
        (service(media_types={"other": "invald"}), "other: invald is not one of the refusals"),
        ({"target": "$.components.schemas.CreateForm", "update": {"x-rows": "none"}}, "must be lists of rows by field"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_executed_stop_the_start(
    tmp_path: Path, action: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=r"overlay\.yaml:\d+: .*" + message):
        client_of(tmp_path, action)


def test_a_row_that_is_not_modelled_takes_the_text(tmp_path: Path) -> None:
    client = client_of(tmp_path, rows("UpdateForm", name=[{"when": "control", "otherwise": "answers 500"}]))
    number = client.create(name="A", type="email")
    assert client.update(number, name="a\x07b").status_code == 200
    assert client.retrieve(number)["name"] == "a\x07b"


def test_a_refusal_tells_how_many_items_there_are_beside_the_first(tmp_path: Path) -> None:
    more = {"one": " (and {count} more error)", "many": " (and {count} more errors)"}
    ends = [{"when": {"is": [text]}, "refuse": "counted", "item": item, "with": {"message": "No."}}
            for text, item in (("one", "a"), ("two", ["a", "b"]))]  # fmt: skip
    counted = {"message": "{message}{more}", "errors": "{items-by-field}"}
    client = client_of(
        tmp_path,
        {"target": "$['x-service'].refusals['422'].content['application/json'].examples",
         "update": {"counted": {"value": counted}}},
        rows("CreateForm", name=ends, slack=ends),
        service(errors={"told": "all", "more": more}),
    )  # fmt: skip
    told: list[Any] = [
        client.send("POST", "/notification-handlers", {"name": name, "type": "slack", "slack": slack}).json
        for name, slack in (("one", "x"), ("two", "x"), ("two", "two"))
    ]
    assert [each["message"] for each in told] == ["No.", "No. (and 1 more error)", "No. (and 3 more errors)"]
    assert told[1]["errors"] == {"name": ["a", "b"]}


@pytest.mark.parametrize("is_apart", [False, True])
def test_a_form_that_is_checked_before_the_id_is_read_by_the_type_of_the_row(
    is_apart: bool, tmp_path: Path
) -> None:
    checks = ["bearer", "key", "quota", "method", "form", "id", "existence", "plan"]
    checks[7:7] = ["availability"] if is_apart else []
    client = client_of(
        tmp_path,
        {"target": "$['x-service'].checks", "remove": True},
        service(checks=checks),
        rows("UpdateForm", foreign__=[refuse("any", "foreign")]),
    )
    row = client.create(name="A", type="email", email=GOOD["email"])
    assert client.update(row, email="bob@example.com").status_code == 200
    assert client.retrieve(row)["settings"] == {"email": "bob@example.com"}
    assert client.update(row, slack=GOOD["slack"]).status_code == 422
