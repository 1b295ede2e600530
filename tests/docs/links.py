"""Builds the site, and checks it: each link leads to a page, an anchor or a file, and nothing is loaded from elsewhere.

`python -m tests.docs.links build/site` prints what is wrong, and exits with 1 then.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[2]

# What a browser loads by itself, by tag.
_LOADED = {"img": ("src", "srcset"), "script": ("src",), "source": ("src", "srcset"), "iframe": ("src",)}


class Link(NamedTuple):
    """An address in a page. `is_loaded` tells whether a browser fetches it by itself."""

    address: str
    is_loaded: bool


class Page(HTMLParser):
    """The links and the anchors of an HTML page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[Link] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element."""
        found = {name: value or "" for name, value in attrs}
        self.anchors.update(filter(None, (found.get("id"), found.get("name"))))
        if tag == "a" and "href" in found:
            self.links.append(Link(found["href"], is_loaded=False))
        if tag == "link" and "href" in found:
            loaded = not {"canonical", "prev", "next", "alternate"} & set(found.get("rel", "").split())
            self.links.append(Link(found["href"], loaded))
        self.links += [
            Link(found[name].split()[0], is_loaded=True) for name in _LOADED.get(tag, ()) if found.get(name)
        ]


def wrong_links(site: Path) -> Iterator[str]:
    """Yield a sentence for each link that leads nowhere, and for each that loads something from elsewhere."""
    pages = {file.resolve(): Page(file.read_text(encoding="utf-8")) for file in sorted(site.rglob("*.html"))}
    for file, page in pages.items():
        for address, is_loaded in page.links:
            parts = urlsplit(address)
            if parts.scheme in {"mailto", "data", "javascript"}:
                continue
            if parts.scheme or parts.netloc:
                if is_loaded:
                    yield f"{file.relative_to(site.resolve())} loads {address}"
                continue
            path = unquote(parts.path)
            base = site if path.startswith("/") else file.parent
            target = (base / path.lstrip("/")).resolve() if path else file
            target = target / "index.html" if target.is_dir() else target
            if not target.exists():
                yield f"{file.relative_to(site.resolve())} links to {address}, which does not exist"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                yield f"{file.relative_to(site.resolve())} links to {address}, which has no such anchor"


def build_site(folder: Path) -> Path:
    """Build the site strictly from a copy of its sources, in a folder, and return its path. Raises AssertionError."""
    for name in ("docs", "bench", "deploy", "examples"):
        shutil.copytree(ROOT / name, folder / name)
    for file in (*ROOT.glob("*.md"), ROOT / "zensical.toml"):
        shutil.copy(file, folder)
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"], cwd=folder, capture_output=True, text=True,
        env={**os.environ, "NO_COLOR": "1"}, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout + done.stderr
    return folder / "build" / "site"


def main(folder: str) -> int:
    """Print what is wrong with a site; return an exit code."""
    site = Path(folder)
    wrong = [each for each in wrong_links(site) if not each.startswith("404.html")]
    print("\n".join(wrong) or f"{sum(1 for _ in site.rglob('*.html'))} pages, and every link leads somewhere")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
