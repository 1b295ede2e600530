"""How to observe the answers about creates and updates: a probe, and what it finds for each answer."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.second_opinion.client import Answer, Client

Probe = Callable[[Client], object]
Observations = Mapping[str, tuple[Probe, Mapping[str, object]]]
ONE = {"name": "One", "type": "email", "email": "one@example.com"}
PAIR = {"telegram": "1:A", "telegram_chat_id": "-1"}
REQUIRED = "You must fill all the required fields."
PLAN = "Your have exceeded the limits of your current plan."


def outcome(answer: Answer) -> tuple[int, str | None]:
    """Return a reply's status, and its error's title if it has one."""
    return answer.status, answer.title if answer.status >= 400 else None


def created(client: Client, **fields: str) -> object:
    """Create; return the refusal, or the handler as it is shown."""
    answer = client.ask("POST", "", ONE | fields)
    return outcome(answer) if answer.status >= 400 else client.show(answer.json["data"]["id"])


def stored(client: Client, key: str, *, body: tuple[str, bytes] | None = None, **fields: str) -> object:
    """Create; return the refusal, or one property of the new handler."""
    answer = client.ask("POST", "", ONE | fields, body=body)
    return outcome(answer) if answer.status >= 400 else client.show(answer.json["data"]["id"])[key]


def changed(client: Client, key: str, before: Mapping[str, str], after: Mapping[str, str]) -> object:
    """Create, update; return the refusal, or one property of the handler."""
    row_id = int(client.ask("POST", "", {**ONE, **before}).json["data"]["id"])
    answer = client.update(row_id, **after)
    return outcome(answer) if answer.status >= 400 else client.show(row_id)[key]


def written(client: Client) -> object:
    data: dict[str, Any] = client.ask("POST", "", ONE).json["data"]
    return sorted(data), json.loads(data.get("settings", "null"))


def eleventh(client: Client) -> object:
    # The account begins with one e-mail handler, so the tenth of ours would be the eleventh.
    return [outcome(client.ask("POST", "", ONE))[0] for _ in range(10)][-1]


def spellings_of_true(client: Client) -> object:
    row_id = client.create()
    texts = ("1", "2x", "true", "On", "0", "")
    meanings = []
    for text in texts:
        client.update(row_id, is_enabled=text)
        meanings.append(client.show(row_id)["is_enabled"])
    return [text for text, meaning in zip(texts, meanings, strict=True) if meaning]


def unknown_type(client: Client) -> object:
    return outcome(client.ask("POST", "", {"name": "One", "type": "pigeon"}))


def urlencoded(client: Client) -> object:
    body = ("application/x-www-form-urlencoded", b"name=O%2Bne+1&type=email")
    return stored(client, "name", body=body)


def as_json(client: Client) -> object:
    return stored(client, "name", body=("application/json", b'{"name": "J", "type": "email"}'))


def array_name(client: Client) -> object:
    row_id = client.create(name="Before")
    client.ask("POST", f"/{row_id}", [("name[]", "First"), ("name[]", "Last")])
    return client.show(row_id)["name"]


def broken_text(client: Client) -> object:
    answer = client.ask("POST", "", ONE | {"name": b"a\xff\xfeb"})
    return answer.status if answer.status >= 400 else client.show(answer.json["data"]["id"])["name"]


WRITES: Observations = {
    "create-status": (lambda c: outcome(c.ask("POST", "", ONE))[0], {"created": 201, "ok": 200}),
    "delete-status": (
        lambda c: (
            (a := c.delete(c.create())).status,
            a.headers["Content-Type"],
            a.headers["Content-Length"],
            a.body,
        ),
        {"empty-ok": (200, "application/json", "0", b""), "no-content": (204, None, None, b"")},
    ),
    "write-answer": (
        written,
        {
            "id": (["id"], None),
            "whole-object": (
                ["datetime", "id", "is_enabled", "last_datetime", "name", "settings", "type"],
                {"email": "one@example.com"},
            ),
        },
    ),
    "required-field-missing": (
        lambda c: outcome(c.ask("POST", "", {"name": "One"})),
        {"unauthorized": (401, REQUIRED), "bad-request": (400, REQUIRED), "unprocessable": (422, REQUIRED)},
    ),
    "blank-name": (lambda c: stored(c, "name", name=" \t "), {"refused": (401, REQUIRED), "accepted": ""}),
    "type-not-allowed": (
        unknown_type,
        {
            "unauthorized": (401, PLAN),
            "bad-request": (400, "This type is not available."),
            "unprocessable": (422, "This type is not available."),
        },
    ),
    "plan-limit": (eleventh, {"unlimited": 201, "ten": 401}),
    "own-field-unsent": (
        lambda c: stored(c, "settings", type="telegram", telegram="1:A"),
        {
            "empty": {"telegram": "1:A", "telegram_chat_id": ""},
            "omitted": {"telegram": "1:A"},
            "refused": (401, REQUIRED),
        },
    ),
    "malformed-contact": (
        lambda c: [stored(c, "settings", email="at"), stored(c, "settings", type="slack", slack="ftp:x")],
        {"accepted": [{"email": "at"}, {"slack": "ftp:x"}], "refused": [(401, REQUIRED)] * 2},
    ),
    "text-too-long": (
        lambda c: [stored(c, "name", name="ż" * 129), stored(c, "settings", email="e" * 513)],
        {
            "cut": ["ż" * 128, {"email": "e" * 512}],
            "kept": ["ż" * 129, {"email": "e" * 513}],
            "refused": [(401, REQUIRED)] * 2,
        },
    ),
    "text-cleaning": (
        lambda c: stored(c, "name", name=' <b>it\'s</b> "so" '),
        {"cleaned": "it&#39;s &#34;so&#34;", "kept": ' <b>it\'s</b> "so" '},
    ),
    "unknown-field": (
        lambda c: [stored(c, "type", colour="red"), changed(c, "type", {}, {"colour": "red"})],
        {"ignored": ["email", "email"], "refused": [(400, "This field cannot be sent here.")] * 2},
    ),
    "field-of-another-type": (
        lambda c: [stored(c, "type", slack="s"), changed(c, "type", {}, {"slack": "s"})],
        {"ignored": ["email", "email"], "refused": [(400, "This field cannot be sent here.")] * 2},
    ),
    "array-field": (array_name, {"missing": "Before", "last-item": "Last"}),
    "invalid-utf-8": (broken_text, {"replaced": "a\ufffd\ufffdb", "refused": 400}),
    "is-enabled-on-create": (
        lambda c: [
            stored(c, "is_enabled"),
            stored(c, "is_enabled", is_enabled="0"),
            stored(c, "is_enabled", is_enabled="1"),
        ],
        {
            "ignored": [True, True, True],
            "honoured": [True, False, True],
            "disabled": [False, False, False],
            "off-unless-sent": [False, False, True],
        },
    ),
    "is-enabled-text": (
        spellings_of_true,
        {
            "integer-cast": ["1", "2x"],
            "php-truthiness": ["1", "2x", "true", "On"],
            "any-spelling": ["1", "true", "On"],
        },
    ),
    "urlencoded-body": (urlencoded, {"read": "O+ne 1", "not-read": (401, REQUIRED)}),
    "json-body": (as_json, {"not-read": (401, REQUIRED), "read": "J"}),
    "update-keeps": (
        lambda c: [changed(c, key, {}, {"name": "Two"}) for key in ("type", "settings", "name")],
        {"kept": ["email", {"email": "one@example.com"}, "Two"], "blanked": ["", {}, "Two"]},
    ),
    "update-same-type": (
        lambda c: changed(c, "settings", {"type": "telegram", **PAIR}, {"telegram": "2:B"}),
        {
            "kept": {"telegram": "2:B", "telegram_chat_id": "-1"},
            "reset": {"telegram": "2:B", "telegram_chat_id": ""},
        },
    ),
    "update-type-change": (
        lambda c: changed(c, "settings", {}, {"type": "slack", "slack": "s"}),
        {"rebuilt": {"slack": "s"}, "merged": {"email": "one@example.com", "slack": "s"}},
    ),
    "update-type-not-allowed": (
        lambda c: changed(c, "type", {}, {"type": "pigeon"}),
        {"ignored": "email", "refused": (401, PLAN)},
    ),
    "update-empty-name": (
        lambda c: changed(c, "name", {}, {"name": ""}),
        {"stored": "", "ignored": "One", "refused": (401, REQUIRED)},
    ),
}
