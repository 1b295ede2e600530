"""The site builds strictly, every link in it leads somewhere, and its titles are found."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs.links import Page, build_site, wrong_links
from tests.docs.reference import ROOT

# The tasks that a reader comes with, as the pages of docs/how-to/ are titled.
TASKS = (
    "Isolate parallel tests",
    "Share a world between tests",
    "Seed a world",
    "Force an error",
    "Rehearse a rate limit without sleeping",
    "Wait for a call, or for none",
    "Reset, truncate or delay a response",
    "Find out why a request was swallowed",
    "Debug a failed test",
    "See what the suite never tried",
    "Would my tests notice?",
    "Make the mock like the service",
    "Compare two services",
    "Record and replay",
    "Check every night, with a baseline",
    "Preview an upgrade",
    "Use many workers or many machines",
    "Put several mocks behind one address",
    "Run in containers and in CI",
    "Use the mock without a socket, or without pytest",
    "Say what becomes of an input",
    "Mock another API of this kind",
    "Generate a client",
    "Complete commands in a shell",
)


pytestmark = pytest.mark.xdist_group("site")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_site(tmp_path_factory.mktemp("site"))


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    assert len([*site.rglob("*.html")]) > 45
    assert not [each for each in wrong_links(site) if not each.startswith("404.html")]


def test_no_page_shows_an_escape_of_markdown(site: Path) -> None:
    pages = [file for file in site.rglob("*.html") if "\\|" in file.read_text(encoding="utf-8")]
    assert not pages


def test_every_page_is_in_the_navigation(site: Path) -> None:
    pages = {
        str(file.relative_to(ROOT / "docs").with_suffix(".html")) for file in (ROOT / "docs").rglob("*.md")
    }
    navigation = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    assert not [page for page in pages if page.replace(".html", ".md") not in navigation]
    assert pages <= {str(file.relative_to(site)) for file in site.rglob("*.html")}


def test_every_task_is_in_the_search_and_three_clicks_away(site: Path) -> None:
    items = json.loads((site / "search.json").read_text(encoding="utf-8"))["items"]
    places = {item["title"]: item["location"] for item in items}
    reached = {"index.html"}
    for _ in range(3):
        reached |= {target for page in reached for target in _targets(site, page)}
    titles = {
        page.read_text(encoding="utf-8").partition("\n")[0]
        for page in (ROOT / "docs" / "how-to").glob("*.md")
    }
    assert titles == {f"# {task}" for task in (*TASKS, "How to")}
    assert not [task for task in TASKS if places.get(task, "").partition("#")[0] not in reached]


def _targets(site: Path, page: str) -> set[str]:
    file = site / page
    found = set()
    for address, _ in Page(file.read_text(encoding="utf-8")).links:
        parts = urlsplit(address)
        target = (file.parent / parts.path).resolve()
        if not parts.scheme and target.suffix == ".html" and target.exists():
            found.add(str(target.relative_to(site.resolve())))
    return found


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ('<a href="nowhere.html">x</a>', "index.html links to nowhere.html, which does not exist"),
        ('<a href="#nothing">x</a>', "index.html links to #nothing, which has no such anchor"),
        ('<img src="https://example.com/a.png">', "index.html loads https://example.com/a.png"),
        ('<link rel="stylesheet" href="//example.com/a.css">', "index.html loads //example.com/a.css"),
        ('<a id="here" href="#here">x</a> <a href="https://example.com">y</a>', ""),
    ],
)
def test_a_wrong_link_is_found(page: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    assert [*wrong_links(tmp_path)] == [complaint] * bool(complaint)
