"""The pictures of the documentation, made of what they show: `make pictures`.

The page is photographed in a browser, in both themes, over a small story with a clock that stands still; the coverage
table is what the plugin prints of the Python example's suite, as an SVG.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from mock_server.app import create_app
from mock_server.client import HTTPChannel, RunningMock
from mock_server.server import Server
from tests.page.chromium import FLAGS, MISSING, find
from tests.page.conftest import World, form, live, rows

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
EXAMPLE = ROOT / "examples" / "python-requests"

_LINE, _CHARACTER, _MARGIN = 19, 7.83, 18

_STYLE = """
  rect { fill: #fbfaf8; stroke: #e2dfd8 } text { fill: #1d2129; font: 13px ui-monospace, Menlo, Consolas, monospace }
  @media (prefers-color-scheme: dark) { rect { fill: #1d2025; stroke: #343941 } text { fill: #e8e6e1 } }
"""


def tell(world: World) -> None:
    """Make a few calls as a consumer, right and wrong ones."""
    with RunningMock(HTTPChannel(world.url)) as mock:
        mock.world(world.key).freeze("2026-01-01T09:30:00Z")
    path = "/notification-handlers"
    world.api("GET", f"{path}/")
    world.create(name="Team channel", type="slack", slack="https://example.com/slack/T0/B0/secret")
    world.create(name="On call", type="telegram", telegram="123456:secret", telegram_chat_id="-1001234567890")
    world.control("PATCH", "/clock", {"advance": "40s"})
    world.api("POST", f"{path}/2", files=form({"name": "Release channel", "channel": "#releases"}))
    world.api("GET", f"{path}/77")
    world.control("POST", "/faults", {"refusal": "rate_limited"})
    world.api("GET", f"{path}/")
    world.control("PATCH", "/clock", {"advance": "1m"})
    world.api("GET", f"{path}/", params={"results_per_page": "10"})
    world.control("POST", "/faults", {"wire": "truncate", "times": 2})


def photograph(browser: Browser, world: World, scheme: Literal["light", "dark"]) -> None:
    """Take a picture of the page that shows the exchange with a violation."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(world.page)
    live(page)
    rows(page).filter(has_text="violation").first.click()
    page.screenshot(path=DOCS / f"page-{scheme}.png")
    context.close()


def coverage() -> list[str]:
    """Run the suite of the example, and return the plugin's coverage report. Raises CalledProcessError."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no", "--bitpeak-cov"]
    environment = {**os.environ, "COLUMNS": "100"}
    done = subprocess.run(
        command, cwd=EXAMPLE, env=environment, check=True, capture_output=True, text=True, timeout=300
    )
    lines = done.stdout.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("OPERATION"))
    last = next(number for number, line in enumerate(lines) if " behaviours, " in line)
    return ["$ pytest --bitpeak-cov", "", *(line.rstrip() for line in lines[first : last + 1])]


def drawn(lines: Sequence[str]) -> str:
    """Draw a picture of lines in a terminal."""
    width = round(max(len(line) for line in lines) * _CHARACTER) + 2 * _MARGIN
    height = len(lines) * _LINE + 2 * _MARGIN
    texts = "\n".join(
        f'  <text x="{_MARGIN}" y="{_MARGIN + number * _LINE - 5}" xml:space="preserve">{escape(line)}</text>'
        for number, line in enumerate(lines, 1)
        if line
    )
    frame = f'<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"/>'
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="The coverage of a test suite">\n'
        f"  <style>{_STYLE}  </style>\n  {frame}\n{texts}\n</svg>\n"
    )


def main() -> int:
    """Make all pictures; return an exit code."""
    chromium = find()
    if chromium is None:
        print(MISSING, file=sys.stderr)
        return 1
    DOCS.mkdir(exist_ok=True)
    (DOCS / "coverage.svg").write_text(drawn(coverage()), encoding="utf-8")
    environment: dict[str, str | float | bool] = {**os.environ, **chromium.environment}
    with Server(create_app(), port=4055) as server, sync_playwright() as driver:
        world = World(server.url, "mock-key")
        tell(world)
        browser = driver.chromium.launch(executable_path=chromium.program, args=list(FLAGS), env=environment)
        photograph(browser, world, "light")
        photograph(browser, world, "dark")
        browser.close()
    for picture in sorted(file for file in DOCS.iterdir() if file.suffix in {".png", ".svg"}):
        print(f"{picture.relative_to(ROOT)}  {picture.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
