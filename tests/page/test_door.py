"""The way to the page: a browser is led there, any other client gets a list of addresses."""

from __future__ import annotations

import pytest

from mock_server import Settings, create_app

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
CLIENT = create_app().test_client()


def test_a_browser_is_led_to_the_page() -> None:
    answer = CLIENT.get("/", headers={"Accept": BROWSER})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/_mock/")
    assert answer.headers["Vary"] == "Accept"
    page = CLIENT.get("/_mock/")
    assert page.mimetype == "text/html"
    assert page.headers["X-Bitpeak-Mock"]


@pytest.mark.parametrize("accept", [None, "*/*", "text/plain", "application/json"])
def test_anyone_else_gets_text_that_names_the_page(accept: str | None) -> None:
    answer = CLIENT.get("/", headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert "/_mock/\n" in answer.text


def test_the_page_is_open_and_what_it_shows_is_not() -> None:
    client = create_app(Settings(control_token="s3cret")).test_client()
    assert client.get("/_mock/").status_code == 200
    assert client.get("/_mock/page/main.mjs").status_code == 200
    assert client.get("/_mock/info").status_code == 403
    assert client.get("/_mock/info", headers={"X-Bitpeak-Mock-Token": "s3cret"}).status_code == 200


def test_looking_at_the_page_leaves_no_trace_in_a_journal() -> None:
    app = create_app()
    client = app.test_client()
    for path in ("/_mock/", "/_mock/page/main.mjs", "/_mock/page/missing.mjs"):
        client.get(path)
    worlds = app.extensions["bitpeak_mock"].worlds
    assert worlds.lobby.journal.total == 0
    assert len(worlds) == 0
