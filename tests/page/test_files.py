"""The files of the page: how they are served, and what they must not contain."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from mock_server import create_app
from tests.house.test_code import wire_words

WEB = Path(__file__).parents[2] / "mock_server" / "page" / "web"
FILES = sorted(file for file in WEB.iterdir() if file.name != "index.html")
MODULES = [file for file in FILES if file.suffix == ".mjs"]


def name_of(file: Path) -> str:
    return file.name


CLIENT = create_app().test_client()


def served(path: str, method: str = "GET") -> TestResponse:
    return CLIENT.open(f"/_mock{path}", method=method)


class Page(HTMLParser):
    """The elements of the page, as `(name, attributes)`, and the text inside scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.elements and self.elements[-1][0] in {"script", "style"}:
            self.inline += data.strip()


@pytest.fixture
def page() -> Page:
    return Page(served("/").text)


def imports_of(module: Path) -> set[str]:
    return set(re.findall(r'from "\./([\w.]+)"', module.read_text(encoding="utf-8")))


def test_the_page_and_its_folder() -> None:
    assert served("/").status_code == 200
    redirect = served("")
    assert redirect.status_code == 308
    assert redirect.headers["Location"] == "/_mock/"


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_every_file_is_served_as_what_it_is(file: Path) -> None:
    found = served(f"/page/{file.name}")
    kinds = {".css": "text/css", ".mjs": "text/javascript", ".svg": "image/svg+xml"}
    assert found.content_type.startswith(kinds[file.suffix])
    assert found.data == file.read_bytes()


@pytest.mark.parametrize("path", ["/", *(f"/page/{file.name}" for file in FILES)])
def test_the_policy_lets_in_nothing_from_elsewhere_and_nothing_inline(path: str) -> None:
    headers = served(path).headers
    words = [word.split() for word in headers["Content-Security-Policy"].split("; ")]
    policy = {name: set(sources) for name, *sources in words}
    assert policy["default-src"] == {"'none'"}
    assert policy["require-trusted-types-for"] == {"'script'"}
    assert all(sources <= {"'none'", "'self'", "'script'"} for sources in policy.values())
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/page",
        "/page/",
        "/page/index.html",
        "/page/../site.py",
        "/page/..%2fsite.py",
        "/page//style.css",
        "/info",
        "//",
    ],
)
def test_nothing_else_is_the_pages(path: str) -> None:
    reply = served(path)
    assert "Content-Security-Policy" not in reply.headers
    assert reply.mimetype == "application/json", "no HTML error of Flask's"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_the_page_is_only_read(method: str) -> None:
    reply = served("/", method)
    assert (reply.status_code, reply.mimetype) == (404, "application/json")


def test_nothing_stands_inline(page: Page) -> None:
    assert page.elements
    assert page.inline == ""
    attributes = {name for _, given in page.elements for name in given}
    assert not {name for name in attributes if name.startswith("on") or name == "style"}


def test_what_the_page_asks_for_is_there_and_nothing_lies_about(page: Page) -> None:
    asked = {
        given.get("src") or given.get("href") or ""
        for name, given in page.elements
        if name in {"script", "link", "img"}
    }
    assert all(path.startswith("page/") for path in asked)
    reached = {path.removeprefix("page/") for path in asked}
    todo = list(reached)
    while todo:
        file = WEB / todo.pop()
        assert file.exists(), file
        if file.suffix == ".mjs":
            new = imports_of(file) - reached
            reached |= new
            todo += new
    assert reached == {file.name for file in FILES}


def test_every_id_that_the_page_refers_to_is_there_once(page: Page) -> None:
    ids = [given["id"] for _, given in page.elements if "id" in given]
    assert len(ids) == len(set(ids))
    for _, given in page.elements:
        for word in ("for", "aria-controls", "aria-labelledby", "aria-describedby"):
            assert given.get(word) is None or given[word] in ids


def test_every_id_that_a_module_finds_is_on_the_page(page: Page) -> None:
    ids = {given["id"] for _, given in page.elements if "id" in given}
    made = {
        word
        for module in MODULES
        for word in re.findall(r'\bid: "([\w-]+)"', module.read_text(encoding="utf-8"))
    }
    sought = {
        word
        for module in MODULES
        for word in re.findall(r'\bfind\("([\w-]+)"\)', module.read_text(encoding="utf-8"))
    }
    assert sought
    assert sought <= ids | made


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_nothing_is_loaded_from_elsewhere(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    addresses = set(re.findall(r"(?:https?:)?//[a-z][\w.-]+\.[a-z]+\S*", text))
    assert addresses <= {'http://www.w3.org/2000/svg"'}


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_modules_are_short_and_say_what_they_are(module: Path) -> None:
    lines = module.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 250
    assert lines[0].startswith("// ")
    assert not [line for line in lines if len(line) > 140]


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_no_module_makes_markup_or_code_of_a_text(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    doors = (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "DOMParser",
        "srcdoc",
        "eval(",
        "new Function",
    )
    assert not [door for door in doors if door in text]


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_the_wire_is_not_written_twice(module: Path) -> None:
    said = set(re.findall(r"""["'`]([^"'`\n]+)["'`]""", module.read_text(encoding="utf-8")))
    assert not said & wire_words(), "openapi/ owns the wire: the page must not repeat it"


def test_the_pictures_of_the_documentation_are_there_and_small() -> None:
    root = WEB.parents[2]
    pictures = set(re.findall(r"docs/[\w.-]+\.(?:png|svg)", (root / "README.md").read_text(encoding="utf-8")))
    assert pictures == {"docs/page-light.png", "docs/page-dark.png"}
    drawn = {f"docs/{file.name}" for file in (root / "docs").iterdir() if file.suffix in {".png", ".svg"}}
    assert drawn == pictures | {"docs/coverage.svg"}
    assert not [name for name in drawn if (root / name).stat().st_size > 200_000]


def test_modules_import_no_one_who_imports_them() -> None:
    graph = {module.name: imports_of(module) for module in MODULES}
    while graph:
        free = {name for name, wanted in graph.items() if not wanted & graph.keys()}
        assert free, f"these import each other: {sorted(graph)}"
        graph = {name: wanted for name, wanted in graph.items() if name not in free}
