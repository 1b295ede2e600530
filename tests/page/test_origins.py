"""What a page on the web can do: under a name of its own that leads to the mock (DNS rebinding), and across origins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page

from mock_server.server import Server
from tests.page.conftest import World
from tests.server.wire import fixed

EVIL = "evil.example"

# The status and the beginning of what a page gets of each path.
LOOK = """async ([paths, headers]) => {
  const seen = {};
  for (const [method, path] of paths) {
    const answer = await fetch(path, { method, headers, body: method === "GET" ? undefined : "{}" });
    seen[`${method} ${path}`] = [answer.status, (await answer.text()).slice(0, 300)];
  }
  return seen;
}"""
SEND = """async ([url, keys]) => {
  const send = (key) => fetch(`${url}/_mock/state?key=${key}`, { mode: "no-cors" }).then(() => 1, () => 0);
  return (await Promise.all(keys.map(send))).reduce((sum, each) => sum + each, 0);
}"""
POST = """async (url) => {
  const answer = await fetch(url, { method: "POST", mode: "no-cors", body: "" }).then((each) => each.type, String);
  return answer;
}"""


def info(world: World) -> Any:
    return requests.get(f"{world.url}/_mock/info", timeout=10).json()


@pytest.fixture
def evil(browser: Browser) -> Iterator[Page]:
    """Give a window in which a page of the attacker's own server is open."""
    hello = fixed("200 OK", ("Content-Type", "text/html"), body=b"<!doctype html><title>evil</title>")
    context = browser.new_context()
    with Server(hello) as server:
        page = context.new_page()
        page.goto(f"http://{EVIL}:{server.port}/")
        yield page
    context.close()


def test_a_name_that_leads_to_the_mock_reads_and_steers_nothing(browser: Browser, world: World) -> None:
    world.create(name="Mine", type="email")
    before = world.control("GET", "/state")
    port = world.url.rpartition(":")[2]
    context = browser.new_context()
    page = context.new_page()
    # Any text of this origin does, in place of the page that the attacker's server sent before its name led here.
    page.goto(f"http://{EVIL}:{port}/api/notification-handlers")
    paths = [
        *(("GET", f"/_mock/{name}?key={world.key}") for name in ("state", "journal", "clock", "changes")),
        *(
            ("GET", path)
            for path in ("/_mock/journal?lobby=true", "/_mock/info", "/_mock/", "/_mock/page/main.mjs")
        ),
        *(("POST", f"/_mock/reset?key={world.key}"), ("PUT", f"/_mock/state?key={world.key}")),
    ]
    seen = page.evaluate(LOOK, [paths, {}])
    assert {status for status, _ in seen.values()} == {403}
    assert not [text for _, text in seen.values() if "Mine" in text]
    assert page.goto(f"http://{EVIL}:{port}/_mock/#key={world.key}").status == 403  # type: ignore[union-attr]
    context.close()
    assert world.control("GET", "/state")["handlers"] == before["handlers"]


def test_a_page_of_another_origin_makes_no_world_by_looking(evil: Page, world: World) -> None:
    before = world.control("GET", "/state")
    worlds = info(world)["worlds"]
    keys = [f"mock-flood-{number}" for number in range(200)]
    assert evil.evaluate(SEND, [world.url, keys]) == len(keys), "they arrive, and say nothing"
    assert info(world)["worlds"] == worlds
    assert world.control("GET", "/state")["handlers"] == before["handlers"]


def test_a_page_of_another_origin_steers_nothing(evil: Page, world: World) -> None:
    world.create(name="Mine", type="email")
    before = world.control("GET", "/state")["handlers"]
    assert evil.evaluate(POST, f"{world.url}/_mock/reset?key={world.key}") == "opaque"
    assert world.control("GET", "/state")["handlers"] == before
