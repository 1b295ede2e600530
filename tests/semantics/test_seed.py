"""A world begins with the page's own example, or with a seed in YAML."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mock_server import Rules, Settings
from mock_server.document import DocumentError
from tests.semantics.client import Client, seeded
from tests.semantics.types import TYPES, shown

# As BitPeak's page prints it, its trailing comma included.
PAGE_SAMPLE = """
{
    "data": [
        {
            "id": 1,
            "type": "email",
            "name": "Work email",
            "settings": {
                "email": "hey@example.com"
            },
            "is_enabled": true,
            "last_datetime": null,
            "datetime": "2025-12-05 15:32:34",
        }
    ],
    "meta": {
        "page": 1,
        "results_per_page": 25,
        "total": 1,
        "total_pages": 1
    },
    "links": {
        "first": "https://bitpeak.ru/api/notification-handlers?page=1",
        "last": "https://bitpeak.ru/api/notification-handlers?page=1",
        "next": null,
        "prev": null,
        "self": "https://bitpeak.ru/api/notification-handlers?page=1"
    }
}
"""


def test_a_new_world_shows_the_page_s_sample() -> None:
    sample = json.loads(re.sub(r",(\s*})", r"\1", PAGE_SAMPLE))
    client = Client(Settings(rules=Rules(public_url="https://bitpeak.ru")))
    assert client.get("/").json == sample
    assert client.get("/1").json == {"data": sample["data"][0]}
    # The order of the keys is the page's too.
    assert json.dumps(client.get("/").json) == json.dumps(sample)


def test_a_seed_may_leave_out_what_the_service_assigns(tmp_path: Path) -> None:
    client = seeded("".join(f"- {{type: {name}, name: A {name}}}\n" for name in TYPES), tmp_path)
    for handler_id, name in enumerate(TYPES, 1):
        handler = client.handler(handler_id)
        assert (handler["type"], handler["name"]) == (name, f"A {name}")
        assert (handler["settings"], handler["is_enabled"]) == (shown(name), True)
        assert handler["last_datetime"] is None
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", handler["datetime"])


@pytest.mark.parametrize("answers", [(), ("time-zone=moscow",)])
def test_a_seed_may_say_everything(tmp_path: Path, answers: tuple[str, ...]) -> None:
    rows = """
handlers:
  - id: 12
    type: telegram
    name: Bot
    settings: {telegram: token}
    is_enabled: false
    last_datetime: "2026-02-03 04:05:06"
    datetime: 2026-01-02 03:04:05
"""
    client = seeded(rows, tmp_path, *answers)
    assert client.get().data == [
        {
            "id": 12,
            "type": "telegram",
            "name": "Bot",
            "settings": {"telegram": "token", "telegram_chat_id": ""},
            "is_enabled": False,
            "last_datetime": "2026-02-03 04:05:06",
            "datetime": "2026-01-02 03:04:05",
        }
    ]


def test_a_seed_in_any_order_is_listed_by_id(tmp_path: Path) -> None:
    rows = "".join(f"- {{id: {number}, type: x, name: N}}\n" for number in (5, 2, 9))
    assert seeded(rows, tmp_path).ids() == [9, 5, 2]


@pytest.mark.parametrize("rows", ["[]", "handlers: []"])
def test_a_seed_may_be_empty(tmp_path: Path, rows: str) -> None:
    client = seeded(rows, tmp_path)
    assert client.ids() == []
    assert client.create(name="N", type="email").data == {"id": 1}


def test_a_seed_is_shown_in_the_words_of_the_answers(tmp_path: Path) -> None:
    row = "- {type: slack, name: N, is_enabled: 0, settings: {slack: secret}}"
    client = seeded(row, tmp_path, "is-enabled-in-replies=integer", "secrets-in-replies=masked")
    assert client.handler(1)["is_enabled"] == 0
    assert client.handler(1)["settings"] == {"slack": "********"}


VIOLATES = "The row violates the document: "
NOT_A_SEED = "A seed is a list of rows, or a mapping with a list of rows under `handlers`."


@pytest.mark.parametrize(
    ("rows", "line", "message"),
    [
        ("- type: x\n  name: N\n  colour: red\n", 3, "Unknown key 'colour'. Choose from id, type"),
        ("- type: pigeon\n  name: N\n", 1, "Unknown type 'pigeon'. Choose from email, webhook, "),
        ("- name: N\n", 1, "A row of handlers needs 'type', a text."),
        ("- type: 7\n  name: N\n", 1, "A row of handlers needs 'type', a text."),
        ("- {type: x, name: A}\n- type: x\n", 2, "A row of handlers needs 'name', a text."),
        ("- type: x\n  name: 7\n", 1, "A row of handlers needs 'name', a text."),
        ("- type: email\n  name: N\n  settings:\n    emial: a\n", 4,
         "settings: Unknown key 'emial' (did you mean 'email'?). Choose from email."),
        ("- type: email\n  name: N\n  settings: {slack: a}\n", 3,
         "settings: Unknown key 'slack'. Choose from email."),
        ("- type: internal_notification\n  name: N\n  settings: {emial: a}\n", 3,
         "settings: Unknown key 'emial'. Choose from internal_notification."),
        ("- type: x\n  name: N\n  is_enabeld: true\n", 3,
         "Unknown key 'is_enabeld' (did you mean 'is_enabled'?). Choose from id, type, "),
        ("- type: x\n  nmae: N\n", 2, "Unknown key 'nmae' (did you mean 'name'?). Choose from "),
        ("- tpye: x\n  name: N\n", 1, "Unknown key 'tpye' (did you mean 'type'?). Choose from "),
        ("- type: slak\n  name: N\n", 1, "Unknown type 'slak' (did you mean 'slack'?). Choose from email, webhook, "),
        ("- type: email\n  name: N\n  settings: {email: 7}\n", 3, VIOLATES + "settings"),
        ("- type: email\n  name: N\n  settings: hello\n", 3, VIOLATES + "settings"),
        ("- {type: x, name: A, id: 2}\n- {type: x, name: B, id: 2}\n", 2, "The id 2 is used twice."),
        ("- {type: x, name: A, id: 2}\n- {type: x, name: B}\n", 2, "The id 2 is used twice."),
        ("- type: x\n  name: N\n  id: 0\n", 3, VIOLATES + "id"),
        ("- type: x\n  name: N\n  id: one\n", 3, VIOLATES + "id"),
        ("- type: x\n  name: N\n  datetime: yesterday\n", 3, VIOLATES + "datetime"),
        ("- type: x\n  name: N\n  last_datetime: '2026'\n", 3, VIOLATES + "last_datetime"),
        ("- type: x\n  name: N\n  is_enabled: maybe\n", 3, VIOLATES + "is_enabled"),
        ("type: x\nname: N\n", 1, NOT_A_SEED),
        ("handlers: {type: x}\n", 1, "handlers must be a list of rows. Write `- ` lines."),
        ("handler: []\n", 1, NOT_A_SEED),
        ("hello\n", 1, NOT_A_SEED),
        ("- hello\n", 1, "entry 0 must be a mapping of properties to values."),
        ("- {type: x, name: N}\n-\n", 2, "entry 1 must be a mapping of properties to values."),
    ],
)  # fmt: skip
def test_a_wrong_seed_is_told_by_file_and_line(tmp_path: Path, rows: str, line: int, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        seeded(rows, tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'seed.yaml'}:{line}: {message}")


def test_a_seed_that_is_not_there_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"no-seed\.yaml"):
        Client(Settings(seed=tmp_path / "no-seed.yaml"))
