"""One mock and one browser for all tests of the folder. Each test has its own key, world and window."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from mock_server.app import create_app
from mock_server.server import Server
from tests.page.chromium import FLAGS, MISSING, find

_KEYS = count()
_PATIENCE = 10_000  # milliseconds that the browser has to show something

Open = Callable[..., Page]


class World:
    """A world as a consumer sees it: the API and the control API, with one key."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key
        self.page = f"{url}/_mock/#key={key}"

    def api(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.key}", **more.pop("headers", {})}
        return requests.request(method, f"{self.url}/api{path}", headers=headers, timeout=10, **more)

    def control(self, method: str, path: str, body: object = None, **query: Any) -> Any:
        """Call the control API, for this world unless the path has no world. Return the response."""
        answer = requests.request(
            method, f"{self.url}/_mock{path}", params={"key": self.key, **query}, json=body, timeout=10
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def create(self, **fields: str) -> int:
        created: int = self.api("POST", "/notification-handlers", files=form(fields)).json()["data"]["id"]
        return created


def form(fields: dict[str, str]) -> dict[str, tuple[None, str]]:
    """Return fields as `requests` takes them for a multipart form."""
    return {name: (None, value) for name, value in fields.items()}


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with Server(create_app()) as running:
        yield running


@pytest.fixture
def world(server: Server) -> World:
    return World(server.url, f"mock-page-{next(_KEYS)}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = find()
    if chromium is None:
        if os.environ.get("PAGE_BROWSER") == "required":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with sync_playwright() as driver:
        environment: dict[str, str | float | bool] = {**os.environ, **chromium.environment}
        running = driver.chromium.launch(executable_path=chromium.program, args=list(FLAGS), env=environment)
        yield running
        running.close()


@pytest.fixture
def opened(browser: Browser, world: World) -> Iterator[Open]:
    """Open the page of the test's world: `opened(width=…, height=…, scheme=…, url=…, expects=…)`.

    At the end no window may have logged an error, except those that contain `expects`, and none may have made a
    request to anything but the mock.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []
    strays: list[str] = []
    expected: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    def start(
        *, width: int = 1280, height: int = 800, scheme: Any = "light", url: str = "", expects: str = ""
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
        )
        context.set_default_timeout(_PATIENCE)
        contexts.append(context)
        expected.extend([expects] if expects else [])
        page = context.new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: strays.append(request.url))
        page.goto(url or world.page)
        return page

    yield start
    for context in contexts:
        context.close()
    assert not [text for text in complaints if not any(part in text for part in expected)]
    assert {urlsplit(url).hostname for url in strays} == {"127.0.0.1"}


@pytest.fixture
def page(opened: Open) -> Page:
    """Open the page of the test's world, and wait until it shows the world's events."""
    return live(opened())


def live(page: Page) -> Page:
    """Wait until the page shows the events of its world, and return the page."""
    page.locator("#pulse", has_text="live").wait_for()
    return page


def rows(page: Page) -> Any:
    """Return the visible rows of the journal."""
    return page.get_by_role("listbox", name="Exchanges").get_by_role("option")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the browser's tests to `make test-page`, which runs them in a process of their own.

    Playwright's event loop runs in the main thread for as long as the browser does, and no other test of that process
    could call `asyncio.run`.
    """
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
