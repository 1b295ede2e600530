"""Probes of the questions about creating handlers, and about the forms that creating and updating share."""

from __future__ import annotations

from typing import Any

from tests.questions.probe import Probe
from tests.semantics.client import Client, Reply

REQUIRED = "You must fill all the required fields."
EXCEEDED = "Your have exceeded the limits of your current plan."
NO_FIELD = "A field is not allowed."
URLENCODED = "application/x-www-form-urlencoded"


def result(reply: Reply, *more: Any) -> list[Any]:
    """Return the status with the title of a refusal, or with `more` of a success."""
    return [reply.status, reply.title] if reply.status >= 400 else [reply.status, *more]


def stored(client: Client, reply: Reply, key: str) -> list[Any]:
    """Return the status with the title of a refusal, or with one property of the handler that was written."""
    if reply.status >= 400:
        return [reply.status, reply.title]
    return [reply.status, client.handler(reply.data["id"])[key]]


def create_status(client: Client) -> Any:
    return client.create(name="N", type="email").status


def delete_status(client: Client) -> Any:
    reply = client.delete(1)
    return [reply.status, reply.headers.get("content-type"), len(reply.body), client.ids()]


def write_answer(client: Client) -> Any:
    replies = [client.create(name="N", type="slack", slack="a"), client.update(1, name="M")]
    return [[sorted(reply.data), reply.data.get("settings")] for reply in replies]


def required_field_missing(client: Client) -> Any:
    return [result(client.create(type="email")), result(client.create(name="N"))]


def blank_name(client: Client) -> Any:
    return stored(client, client.create(name=" \t ", type="email"), "name")


def type_not_allowed(client: Client) -> Any:
    return result(client.create(name="N", type="pigeon"))


def plan_limit(client: Client) -> Any:
    statuses = [client.create(name="N", type="slack").status for _ in range(11)]
    return [statuses[9], statuses[10], client.create(name="N", type="x").status]


def own_field_unsent(client: Client) -> Any:
    return stored(client, client.create(name="N", type="telegram", telegram="token"), "settings")


def malformed_contact(client: Client) -> Any:
    sent = {"email": "nobody", "slack": "nowhere"}
    return [
        stored(client, client.create(name="N", type=kind, **{kind: text}), "settings")
        for kind, text in sent.items()
    ]


def text_too_long(client: Client) -> Any:
    return [
        stored(client, client.create(name="n" * 129, type="email"), "name"),
        stored(client, client.update(1, email="e" * 513), "settings"),
    ]


def text_cleaning(client: Client) -> Any:
    return client.created(name=' <b>Tom\'s</b> "x" ', type="email")["name"]


def unknown_field(client: Client) -> Any:
    return [
        result(client.create(name="N", type="email", colour="red")),
        result(client.update(1, name="M", colour="red")),
    ]


def field_of_another_type(client: Client) -> Any:
    return [
        stored(client, client.create(name="N", type="email", slack="a"), "settings"),
        stored(client, client.update(1, slack="a"), "settings"),
    ]


def array_field(client: Client) -> Any:
    both = [("name[]", "one"), ("name[]", "two")]
    return [
        stored(client, client.post("", [*both, ("type", "email")]), "name"),
        stored(client, client.post("/1", both), "name"),
    ]


def invalid_utf_8(client: Client) -> Any:
    return [
        stored(client, client.create(name=b"a\xffb", type="email"), "name"),
        stored(client, client.update(1, name=b"a\xffb"), "name"),
    ]


def is_enabled_on_create(client: Client) -> Any:
    forms: tuple[dict[str, str], ...] = ({}, {"is_enabled": "0"}, {"is_enabled": "1"})
    return [client.created(name="N", type="email", **form)["is_enabled"] for form in forms]


def is_enabled_text(client: Client) -> Any:
    return {text: _switched(client, text) for text in ("1", "0", "2", "true", "on", "YES", "off", "")}


def _switched(client: Client, text: str) -> Any:
    client.update(1, is_enabled=text)
    return client.handler(1)["is_enabled"]


def urlencoded_body(client: Client) -> Any:
    body = b"name=N&type=email"
    create = client.call("POST", "/api/notification-handlers", body, URLENCODED)
    update = client.call("POST", "/api/notification-handlers/1", b"name=M", URLENCODED)
    return [stored(client, create, "name"), stored(client, update, "name")]


def json_body(client: Client) -> Any:
    body = b'{"name": "N", "type": "email"}'
    create = client.call("POST", "/api/notification-handlers", body, "application/json")
    update = client.call("POST", "/api/notification-handlers/1", b'{"name": "M"}', "application/json")
    return [stored(client, create, "name"), stored(client, update, "name")]


_ID_ONLY = [["id"], None]
_WHOLE = ["datetime", "id", "is_enabled", "last_datetime", "name", "settings", "type"]
_HANDLER = {"email": "hey@example.com"}

PROBES = {
    "create-status": Probe(create_status, {"created": 201, "ok": 200}),
    "delete-status": Probe(
        delete_status,
        {"empty-ok": [200, "application/json", 0, []], "no-content": [204, None, 0, []]},
    ),
    "write-answer": Probe(
        write_answer,
        {
            "id": [_ID_ONLY, _ID_ONLY],
            "whole-object": [[_WHOLE, '{"slack":"a"}'], [_WHOLE, '{"email":"hey@example.com"}']],
        },
    ),
    "required-field-missing": Probe(
        required_field_missing,
        {
            "unauthorized": [[401, REQUIRED]] * 2,
            "bad-request": [[400, REQUIRED]] * 2,
            "unprocessable": [[422, REQUIRED]] * 2,
        },
    ),
    "blank-name": Probe(blank_name, {"refused": [401, REQUIRED], "accepted": [201, ""]}),
    "type-not-allowed": Probe(
        type_not_allowed,
        {
            "unauthorized": [401, EXCEEDED],
            "bad-request": [400, "The type is not allowed."],
            "unprocessable": [422, "The type is not allowed."],
        },
    ),
    "plan-limit": Probe(plan_limit, {"unlimited": [201, 201, 201], "ten": [201, 401, 201]}),
    "own-field-unsent": Probe(
        own_field_unsent,
        {
            "empty": [201, {"telegram": "token", "telegram_chat_id": ""}],
            "omitted": [201, {"telegram": "token"}],
            "refused": [401, REQUIRED],
        },
    ),
    "malformed-contact": Probe(
        malformed_contact,
        {
            "accepted": [[201, {"email": "nobody"}], [201, {"slack": "nowhere"}]],
            "refused": [[401, REQUIRED]] * 2,
        },
    ),
    "text-too-long": Probe(
        text_too_long,
        {
            "cut": [[201, "n" * 128], [200, {"email": "e" * 512}]],
            "kept": [[201, "n" * 129], [200, {"email": "e" * 513}]],
            "refused": [[401, REQUIRED]] * 2,
        },
    ),
    "text-cleaning": Probe(
        text_cleaning, {"cleaned": "Tom&#39;s &#34;x&#34;", "kept": ' <b>Tom\'s</b> "x" '}
    ),
    "unknown-field": Probe(unknown_field, {"ignored": [[201], [200]], "refused": [[400, NO_FIELD]] * 2}),
    "field-of-another-type": Probe(
        field_of_another_type,
        {"ignored": [[201, {"email": ""}], [200, _HANDLER]], "refused": [[400, NO_FIELD]] * 2},
    ),
    "array-field": Probe(
        array_field,
        {"missing": [[401, REQUIRED], [200, "Work email"]], "last-item": [[201, "two"], [200, "two"]]},
    ),
    "invalid-utf-8": Probe(
        invalid_utf_8,
        {"replaced": [[201, "a\ufffdb"], [200, "a\ufffdb"]], "refused": [[400, NO_FIELD]] * 2},
    ),
    "is-enabled-on-create": Probe(
        is_enabled_on_create,
        {
            "ignored": [True, True, True],
            "honoured": [True, False, True],
            "disabled": [False, False, False],
            "off-unless-sent": [False, False, True],
        },
    ),
    "is-enabled-text": Probe(
        is_enabled_text,
        {
            "integer-cast": {
                "1": True, "0": False, "2": True, "true": False,
                "on": False, "YES": False, "off": False, "": False,
            },
            "php-truthiness": {
                "1": True, "0": False, "2": True, "true": True,
                "on": True, "YES": True, "off": True, "": False,
            },
            "any-spelling": {
                "1": True, "0": False, "2": False, "true": True,
                "on": True, "YES": True, "off": False, "": False,
            },
        },
    ),
    "urlencoded-body": Probe(
        urlencoded_body,
        {"read": [[201, "N"], [200, "M"]], "not-read": [[401, REQUIRED], [200, "Work email"]]},
    ),
    "json-body": Probe(
        json_body,
        {"not-read": [[401, REQUIRED], [200, "Work email"]], "read": [[201, "N"], [200, "M"]]},
    ),
}  # fmt: skip
