"""Refusals of any shape, headers of any response, and facts beside the documented ones, from an overlay alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mock_server import Settings, create_app

ROWS = "/api/notification-handlers"
KEY = {"Authorization": "Bearer mock-key"}


def client_of(folder: Path, *actions: dict[str, Any]) -> FlaskClient:
    overlay = {"overlay": "1.1.0", "info": {"title": "T", "version": "1"}, "actions": list(actions)}
    path = folder / "overlay.yaml"
    path.write_text(yaml.safe_dump(overlay), encoding="utf-8")
    return create_app(Settings(overlays=(str(path),))).test_client()


def example(name: str, **example: Any) -> dict[str, Any]:
    return {"target": f"$.components.examples.{name}", "update": example}


def refusal(name: str, status: int, media_type: str, **own: Any) -> list[dict[str, Any]]:
    """Return the actions that make a refusal look otherwise, under a status that no operation declares."""
    content = {media_type: {"schema": {}, "examples": {name: own}}}
    response = {"description": "As the service answers.", "content": content}
    return [
        {"target": f"$.components.responses.*.content.*.examples.{name}", "remove": True, "x-optional": True},
        {"target": "$['x-service'].refusals", "update": {str(status): response}},
    ]


def ask(client: FlaskClient, method: str = "GET", path: str = "/999", **options: Any) -> TestResponse:
    return client.open(ROWS + path, method=method, headers=KEY, **options)


def test_a_body_of_any_shape_with_values_by_their_form(tmp_path: Path) -> None:
    value = {
        "type": "about:blank", "title": "Gone", "instance": "{path}", "trace": "{hex:32}", "id": "{uuid}",
        "timestamp": "{now:iso}", "unix": "{now:unix}", "note": "No {id}, said {method}, {braces}",
        "resource": "No resource {path:relative}.", "target": "{target}",
    }  # fmt: skip
    client = client_of(tmp_path, *refusal("not_found", 410, "application/problem+json", value=value))
    answer = ask(client)
    assert (answer.status_code, answer.content_type) == (410, "application/problem+json")
    body = answer.get_json()
    assert body["instance"] == f"{ROWS}/999"
    assert re.fullmatch(r"[0-9a-f]{32}", body["trace"])
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", body["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["timestamp"])
    assert isinstance(body["unix"], int)
    assert body["note"] == "No 999, said GET, {braces}"
    assert body["resource"] == f"No resource {ROWS[1:]}/999."
    assert body["target"] == f"{ROWS}/999"
    assert ask(client, path="/999?a=%20b").get_json()["target"] == f"{ROWS}/999?a=%20b"
    assert ask(client).get_json()["trace"] != body["trace"]


def test_a_text_a_page_and_nothing_at_all(tmp_path: Path) -> None:
    text = client_of(tmp_path, *refusal("not_found", 404, "text/plain; charset=utf-8", value="404: {path}\n"))
    assert ask(text).text == f"404: {ROWS}/999\n"
    assert ask(text).headers["Content-Type"] == "text/plain; charset=utf-8"
    nothing = {"value": "", "x-typed": False, "x-headers": {"WWW-Authenticate": "Bearer"}}
    empty = client_of(tmp_path, *refusal("missing_bearer", 401, "text/plain", **nothing))
    answer = empty.get(f"{ROWS}/")
    assert (answer.status_code, answer.data) == (401, b"")
    assert "Content-Type" not in answer.headers
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_two_refusals_of_one_response_have_headers_of_their_own(tmp_path: Path) -> None:
    client = client_of(
        tmp_path,
        example("missing_bearer", **{"x-headers": {"WWW-Authenticate": "Bearer"}}),
        example("no_access", **{"x-headers": {"WWW-Authenticate": 'Bearer error="invalid_token"'}}),
    )
    assert client.get(f"{ROWS}/").headers["WWW-Authenticate"] == "Bearer"
    wrong = client.get(f"{ROWS}/", headers={"Authorization": "Bearer wrong"})
    assert wrong.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_a_refusal_names_the_field_and_its_value(tmp_path: Path) -> None:
    value = {"errors": {"{field}": ["{field} cannot be {value}."]}}
    client = client_of(
        tmp_path,
        {"target": "$['x-service']", "update": {"unknown-fields": "unknown_field"}},
        *refusal("unknown_field", 422, "application/json", value=value),
    )
    answer = ask(client, "POST", "", data={"name": "A", "type": "email", 'co"lor': 'r"ed'})
    assert answer.status_code == 422
    assert answer.get_json() == {"errors": {'co"lor': ['co"lor cannot be r"ed.']}}


def test_headers_of_every_response_and_of_one(tmp_path: Path) -> None:
    location = {"schema": {"type": "string"}, "x-text": "{site}/api/notification-handlers/{id}"}
    client = client_of(
        tmp_path,
        {
            "target": "$['x-service']",
            "update": {"x-headers": {"Cache-Control": "no-store", "X-Id": "{hex:8}"}},
        },
        {"target": "$.components.responses.Created.headers", "update": {"Location": location}},
    )
    created = ask(client, "POST", "", data={"name": "A", "type": "email"})
    assert created.headers["Location"] == f"http://localhost{ROWS}/{created.get_json()['data']['id']}"
    for answer in (created, ask(client), client.get(f"{ROWS}/"), ask(client, "PUT", "")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert re.fullmatch(r"[0-9a-f]{8}", answer.headers["X-Id"])
    assert created.headers["X-Id"] != ask(client).headers["X-Id"]


def test_a_success_shows_more_facts_and_texts(tmp_path: Path) -> None:
    meta = {
        word.replace("-", "_"): {"x-value": word}
        for word in (
            "count",
            "offset",
            "from",
            "to",
            "has-more",
            "has-previous",
            "next-page",
            "previous-page",
        )
    }
    trace = {"type": "string", "x-text": "{uuid}"}
    client = client_of(
        tmp_path,
        {"target": "$.components.schemas.ListEnvelope.properties.meta.properties", "update": meta},
        {"target": "$.components.schemas.ListEnvelope.properties", "update": {"trace": trace}},
    )
    for number in range(11):
        ask(client, "POST", "", data={"name": f"Row {number}", "type": "email"})
    body = ask(client, path="?page=2&results_per_page=10").get_json()
    shown = {name: body["meta"][name] for name in meta}
    assert shown == {
        "count": 2, "offset": 10, "from": 11, "to": 12, "has_more": False, "has_previous": True,
        "next_page": None, "previous_page": 1,
    }  # fmt: skip
    first = ask(client, path="?results_per_page=10").get_json()["meta"]
    assert (first["has_more"], first["next_page"], first["previous_page"]) == (True, 2, None)
    assert body["trace"] != ask(client, path="").get_json()["trace"]


def test_a_delete_shows_the_id(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"data": {"$ref": "#/components/schemas/Gone"}}}
    gone = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer", "x-value": "id"}}}
    client = client_of(
        tmp_path,
        {"target": "$.components.schemas", "update": {"Gone": gone}},
        {"target": "$.components.responses.Deleted['x-empty-body']", "remove": True},
        {
            "target": "$.components.responses.Deleted",
            "update": {"content": {"application/json": {"schema": schema}}},
        },
    )
    assert ask(client, "DELETE", "/1").get_json() == {"data": {"id": 1}}


def test_an_authorization_of_another_scheme_has_a_refusal_of_its_own(tmp_path: Path) -> None:
    value = {"detail": "Send Bearer and a key."}
    client = client_of(
        tmp_path,
        {"target": "$['x-service']", "update": {"malformed-bearer": "malformed_bearer"}},
        *refusal("malformed_bearer", 407, "application/json", value=value),
    )
    for sent in ("Basic YTpi", "Bearer", "mock-key"):
        answer = client.get(ROWS, headers={"Authorization": sent})
        assert (answer.status_code, answer.get_json()) == (407, value)
    assert client.get(ROWS).status_code == 401


def test_a_head_has_a_refusal_of_its_own(tmp_path: Path) -> None:
    client = client_of(
        tmp_path,
        {"target": "$['x-service']", "update": {"head": "head_refused"}},
        *refusal("head_refused", 405, "text/plain", value="", **{"x-typed": False}),
    )
    answer = ask(client, "HEAD")
    assert (answer.status_code, answer.headers.get("Content-Type")) == (405, None)
    assert ask(client, "PUT").content_type == "application/json"


def test_a_refusal_tells_how_many_pages_there_are(tmp_path: Path) -> None:
    client = client_of(
        tmp_path,
        {"target": "$.paths['/notification-handlers'].get['x-paging']", "update": {"beyond": "no_page"}},
        *refusal("no_page", 400, "text/plain", value="{value} is beyond {pages}"),
    )
    client.put("/_mock/state?key=mock-key", json={"handlers": [], "next_id": 1})
    assert ask(client, path="?page=7").get_data(as_text=True) == "7 is beyond 1"


def test_a_refusal_tells_how_long_a_text_is(tmp_path: Path) -> None:
    update = {"x-rows": {"name": [{"when": {"longer-than": 3}, "refuse": "long"}]}}
    client = client_of(
        tmp_path,
        {"target": "$.components.schemas.CreateForm", "update": update},
        *refusal("long", 422, "text/plain", value="{length} of 3"),
    )
    answer = ask(client, "POST", "", data={"name": "four", "type": "email"})
    assert answer.get_data(as_text=True) == "4 of 3"


def test_a_field_is_named_as_people_write_it(tmp_path: Path) -> None:
    update = {"x-rows": {"telegram_chat_id": [{"when": "any", "refuse": "own"}]}}
    client = client_of(
        tmp_path,
        {"target": "$.components.schemas.CreateForm", "update": update},
        *refusal(
            "own",
            422,
            "application/json",
            value={"a": "The {field:words} is bad.", "b": "{field:Words} is bad"},
        ),
    )
    form = {"name": "A", "type": "telegram", "telegram": "a", "telegram_chat_id": "b"}
    answer = client.post(ROWS, headers=KEY, data=form, content_type="multipart/form-data")
    assert answer.get_json() == {"a": "The telegram chat id is bad.", "b": "Telegram chat id is bad"}


def test_an_id_is_repeated_as_it_was_sent(tmp_path: Path) -> None:
    client = client_of(
        tmp_path, *refusal("not_found", 410, "application/json", value={"message": "No row {id}."})
    )
    assert ask(client, path="/00999").get_json() == {"message": "No row 00999."}


def test_another_method_names_the_methods_of_the_path(tmp_path: Path) -> None:
    client = client_of(
        tmp_path,
        {"target": "$['x-service']", "update": {"other-methods": "other_method"}},
        *refusal(
            "other_method", 405, "application/json",
            value={"detail": "Method {method} is not allowed"}, **{"x-headers": {"Allow": "{methods}"}},
        ),
    )  # fmt: skip
    assert ask(client, "PUT", "/1").headers["Allow"] == "DELETE, GET, POST"
    assert ask(client, "PUT", "").headers["Allow"] == "GET, POST"
    assert ask(client, "PUT", "").get_json() == {"detail": "Method PUT is not allowed"}


@pytest.mark.parametrize("name", ["Bad Name", "X-Fine"])
def test_a_header_that_cannot_be_one_stops_the_start(tmp_path: Path, name: str) -> None:
    text = "fine" if name == "Bad Name" else "a\r\nInjected: yes"
    with pytest.raises(Exception, match="x-headers"):
        client_of(tmp_path, {"target": "$['x-service']", "update": {"x-headers": {name: text}}})
