"""A mock that requires a token: the page opens with it, and forgets it when the tab is closed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from mock_server import Settings
from mock_server.app import create_app
from mock_server.server import Server
from tests.page.conftest import Open, World, live

TOKEN = "s3cret-of-the-mock"

pytestmark = pytest.mark.browser


@pytest.fixture
def closed() -> Iterator[World]:
    with Server(create_app(Settings(control_token=TOKEN))) as server:
        yield World(server.url, "mock-closed")


def kept(page: Page) -> str:
    """Return everything that the page has stored beyond the tab, and its address."""
    found: str = page.evaluate("JSON.stringify(localStorage) + document.cookie + location.href")
    return found


def test_the_field_opens_it(closed: World, opened: Open) -> None:
    page = opened(url=closed.page, expects="403")
    field = page.get_by_label("so it asks for its token")
    expect(field).to_be_focused()
    field.fill("wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#notices")).to_contain_text("X-Bitpeak-Mock-Token")
    field.fill(TOKEN)
    page.keyboard.press("Enter")
    live(page)
    expect(field).to_be_hidden()
    assert TOKEN not in kept(page)


def test_the_address_opens_it_and_does_not_keep_it(closed: World, opened: Open) -> None:
    page = live(opened(url=f"{closed.page}&token={TOKEN}"))
    expect(page.get_by_role("table", name="Handlers")).to_contain_text("Work email")
    assert TOKEN not in kept(page)
    page.reload()
    live(page)
