"""The documentation's site in a browser: on a desk and on a phone, in both themes, and found by its search."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.docs.links import build_site

# Whether a table of the page is wider than its place.
TABLES_ARE_CUT = """
[...document.querySelectorAll(".md-content table")]
  .some((each) => each.scrollWidth > each.closest("div").clientWidth + 1)
"""


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of http.server
        """Say nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[str]]]:
    """Serve the site. Give its URL and its pages."""
    folder = build_site(tmp_path_factory.mktemp("site"))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        pages = sorted(str(file.relative_to(folder)) for file in folder.rglob("*.html"))
        yield f"http://127.0.0.1:{server.server_port}", pages
        server.shutdown()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_fits_and_loads_nothing_from_elsewhere(
    browser: Browser,
    site: tuple[str, list[str]],
    scheme: Literal["light", "dark"],
    width: int,
    tmp_path: Path,
) -> None:
    url, pages = site
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type in {"error", "warning"} else None)
    page.on(
        "request",
        lambda asked: None if asked.url.startswith((url, "data:", "blob:")) else troubles.append(asked.url),
    )
    grounds = set()
    for name in pages:
        page.goto(f"{url}/{name}")
        expect(page.locator("h1").first).to_be_attached()
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            troubles.append(f"{name} is wider than {width} pixels")
        if width == 1280 and page.evaluate(TABLES_ARE_CUT):
            troubles.append(f"{name} has a table that is cut off at {width} pixels")
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    context.close()
    assert troubles == []
    assert len(grounds) == 1
    (ground,) = grounds
    lightness = sum(map(float, ground.partition("(")[2].rstrip(")").split(",")[:3]))
    assert (lightness > 600) == (scheme == "light"), ground


def open_search(page: Page) -> None:
    """Press the search's key until the search has the focus: the page hears it once its scripts have run.

    Without the search, letters are other shortcuts, which lead to another page.
    """
    for _ in range(20):
        page.keyboard.press("/")
        with contextlib.suppress(PlaywrightTimeoutError):
            page.wait_for_function("document.activeElement !== document.body", timeout=500)
            return
    raise AssertionError("the search does not open")


def test_a_task_is_found_by_its_words(browser: Browser, site: tuple[str, list[str]]) -> None:
    url, _ = site
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{url}/index.html")
    open_search(page)
    page.keyboard.type("rate limit without sleeping")
    expect(page.get_by_text("Rehearse a rate limit").last).to_be_visible()
    context.close()
