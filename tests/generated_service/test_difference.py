"""A house that nobody wrote a lesson for is learned: random steps are answered by the mock as by the service."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import requests

from mock_server.document import load
from tests.generated_service import GeneratedService, draw, plain
from tests.generated_service.difference import (
    LEARNING,
    LOOKING,
    ROWS,
    Side,
    Step,
    differences,
    emptied,
    learned,
    mock_side,
    service_app,
    session_of,
    unlike,
)

_STEPS = 250


def differing(
    seed: int | None, folder: Path, *, profile: str = "full", style: str | None = None
) -> list[str]:
    """Learn a house or a style, and return the steps that the mock answers otherwise, each with what differs."""
    session = session_of(service_app(seed, style))
    _, file = learned("http://service/api", session, folder, profile)
    service, mock = emptied(Side("http://service/api", LOOKING, session)), mock_side(file)
    return [
        f"{each.step.what}: service {unlike(each.service, each.mock)[0]}, mock {unlike(each.service, each.mock)[1]}"
        for each in differences(service, mock, _STEPS, seed=1)
    ]


@pytest.mark.parametrize(
    "seed", [7, 8, *(pytest.param(seed, marks=pytest.mark.heavy) for seed in (1, 3, *range(100, 110)))]
)
def test_the_mock_of_a_learned_house_answers_as_the_house(seed: int, tmp_path: Path) -> None:
    found = differing(seed, tmp_path)
    assert len(found) <= _STEPS // 50, "\n".join(found)


@pytest.mark.heavy
@pytest.mark.parametrize("style", ["bean", "serializer"])
def test_the_mock_of_a_learned_style_answers_as_the_style(style: str, tmp_path: Path) -> None:
    found = differing(None, tmp_path, style=style)
    assert len(found) <= _STEPS // 50, "\n".join(found)


@pytest.mark.parametrize(
    ("seed", "style"),
    [
        (8, None),
        *(pytest.param(seed, None, marks=pytest.mark.heavy) for seed in (3, 7, *range(201, 211))),
        *(pytest.param(None, style, marks=pytest.mark.heavy) for style in ("bean", "serializer")),
    ],
)
def test_a_brief_run_learns_nine_steps_of_ten(seed: int | None, style: str | None, tmp_path: Path) -> None:
    found = differing(seed, tmp_path, profile="quick", style=style)
    assert len(found) <= _STEPS // 10, "\n".join(found)


def test_ids_of_accounts_are_paired_as_numbers_and_as_texts_but_settings_by_their_value() -> None:
    def shown(owner: Any, chat: str) -> Any:
        response = requests.Response()
        response.status_code, response._content = (
            200,
            json.dumps({"user_id": owner, "telegram_chat_id": chat}).encode(),
        )
        response.headers["Content-Type"] = "application/json"
        return (
            Side("http://mock/api", "key", requests.Session()).shown(response, Step("look", "GET", "/")).body
        )

    assert shown("17", "1") == shown("23", "1") != shown(23, "1")
    assert shown("17", "1") != shown("17", "2")


def test_statuses_masks_and_empty_settings_are_learned_with_few_requests(tmp_path: Path) -> None:
    house = {
        **draw(8), "settings-keys": "short", "chat-id": "number", "create-status": "200", "update-status": "202",
        "secrets": "last-four",
        "masked": "named-secret", "no-settings": "array", "settings-extra": "none", "own-unsent": "omitted",
        "write-extra": "message",
    }  # fmt: skip
    session = session_of(GeneratedService(house, {LEARNING: 0}))
    _, file = learned("http://service/api", session, tmp_path, "quick")
    data = load(overlays=[file]).data
    row = data["paths"]["/notification-handlers/{notification_handler_id}"]
    schemas = data["components"]["schemas"]
    written = data["paths"]["/notification-handlers"]["post"]["responses"]
    assert [code for node in (written, row["post"]["responses"]) for code in node if code < "300"] == [
        "200",
        "202",
    ]
    assert schemas["EmailSettings"]["type"] == ["object", "array"]
    told = [schemas[f"{kind}Answer"]["properties"]["message"] for kind in ("Create", "Update")]
    assert told == [{"const": "Created"}, {"const": "Updated"}]
    mask = {"text": "****", "keep-last": 4}
    assert schemas["XSettings"]["properties"] == {
        name: {"type": "string", "x-field": f"x_{name}", **({"x-mask": mask} if "secret" in name else {})}
        for name in ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
    }
    number = {"type": ["string", "integer"], "x-field": "telegram_chat_id"}
    assert schemas["TelegramSettings"]["properties"]["chat_id"] == number


@pytest.mark.parametrize("house", ["refuse", "form"])
def test_a_write_without_a_body_may_be_refused_in_a_way_of_its_own(house: str, tmp_path: Path) -> None:
    session = session_of(GeneratedService(plain(no_body=house), {LEARNING: 0, LOOKING: 0}))
    _, file = learned("http://service/api", session, tmp_path, "quick")
    service, mock = emptied(Side("http://service/api", LOOKING, session)), mock_side(file)
    good = (("name", b"A", False), ("type", b"email", False))
    rows = [side.send(Step("keep", "POST", ROWS, good)).json()["data"]["id"] for side in (service, mock)]
    for path in (ROWS, f"{ROWS}/999999999", f"{ROWS}/{{}}"):
        bare = Step("bare", "POST", path, row=0)
        for side, row in zip((service, mock), rows, strict=True):
            side.ids[:] = [row]
        sent, got = service.shown(service.send(bare), bare), mock.shown(mock.send(bare), bare)
        assert sent == got, path
        assert ("A body is required" in str(sent.body)) is (house == "refuse" and sent.status != 404), path


def test_the_measure_sees_what_is_not_learned(tmp_path: Path) -> None:
    """A mock of the bare document differs from a house in most steps."""
    session = session_of(service_app(7, None))
    service = emptied(Side("http://service/api", LOOKING, session))
    assert len(list(differences(service, mock_side(None), 50, seed=1))) > 20


def test_the_measure_sees_the_order_of_a_list() -> None:
    sides = []
    for order in ("newest", "oldest"):
        house = {**draw(8), "order": order, "sorted-again": "no"}
        service = GeneratedService(house, {LOOKING: 0})
        sides.append(Side("http://service/api", LOOKING, session_of(service)))
    found = {each.kind.partition(":")[0] for each in differences(sides[0], sides[1], 40, seed=1)}
    assert found == {"list"}


def test_an_account_is_emptied_whatever_the_list_without_its_slash_answers() -> None:
    service = GeneratedService(draw(7), {LOOKING: 2})

    def redirecting(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "GET" and environ["PATH_INFO"] == "/api/notification-handlers":
            start("301 Moved Permanently", [("Location", "/api/notification-handlers/")])
            return [b"moved"]
        return service(environ, start)

    emptied(Side("http://service/api", LOOKING, session_of(redirecting)))
    assert not service.accounts[LOOKING].rows
