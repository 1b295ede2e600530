"""Counts words and tics in the prose of a folder: docstrings, comments, messages, descriptions, and Markdown.

`python -m tests.house.prose mock_server tests` prints the counts, and the files with most tics.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
# `*.md` are the documents beside the folders.
FOLDERS = ("mock_server", "contract_tests", "openapi", "tests", "bench", "deploy", "examples", "docs", "*.md")
_FOREIGN = {"node_modules", "unpacked", "__pycache__"}
# The counter's own test has tics as samples.
_SAMPLES = "test_prose.py"

# The most that a thousand words of prose may have of each.
LIMITS: Mapping[str, float] = {"where": 2.5, "is no": 0.5, "who": 0.2}
_TICS = {
    "where": re.compile(r"\bwhere\b", re.IGNORECASE),
    # "is None" names a value, and "are no longer" is plain.
    "is no": re.compile(r"\b(?:[Ii]s|[Aa]re)\s+(?:no(?!\s+longer)|none)\b"),
    "who": re.compile(r"\bwho(?:ever)?\b", re.IGNORECASE),
}
_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")
# A text in the code with fewer words is a name, a path or a value rather than prose.
_FEWEST_WORDS = 4
_DIRECTIVE = re.compile(r"#\s*(?:fmt|noqa|type|pragma|mypy)\b")
# Comments of shell scripts, configuration, Node, and PHP.
_HASH = re.compile(r"(?:^|\s)#(?!!)(.*)$", re.MULTILINE)
_SLASHES = re.compile(r"(?:^|\s)//([^\n]*)|/\*(.*?)\*/", re.DOTALL)
_QUOTED = re.compile(r"([\"'`])((?:(?!\1)[^\n])*)\1")
_TAG = re.compile(r"<[^>]*>")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


class Prose(NamedTuple):
    """The number of words, and of each tic."""

    words: int
    tics: Mapping[str, int]

    def per_thousand(self, tic: str) -> float:
        """Return how many of a tic are in a thousand words."""
        return 1000 * self.tics[tic] / self.words if self.words else 0.0


def prose_of(texts: Iterator[str]) -> Prose:
    """Count the words and tics of texts."""
    words, tics = 0, Counter[str]()
    for text in texts:
        words += len(_WORD.findall(text))
        for tic, pattern in _TICS.items():
            tics[tic] += len(pattern.findall(text))
    return Prose(words, tics)


def texts_in(file: Path) -> Iterator[str]:
    """Yield the prose of a file, according to its suffix."""
    match file.suffix:
        case ".py":
            yield from _python(file.read_text(encoding="utf-8"))
        case ".yaml" | ".yml":
            yield from _yaml(file.read_text(encoding="utf-8"))
        case ".md":
            yield _FENCE.sub("", file.read_text(encoding="utf-8"))
        case ".sh" | ".toml" | ".conf" | "" if file.name not in {"LICENSE"}:
            yield from _HASH.findall(file.read_text(encoding="utf-8", errors="ignore"))
        case ".js" | ".mjs" | ".css" | ".php":
            source = file.read_text(encoding="utf-8", errors="ignore")
            for line, block in _SLASHES.findall(source):
                yield line or block
            for _, quoted in _QUOTED.findall(_SLASHES.sub("", source)):
                yield from _sentences(quoted)
        case ".html":
            yield _TAG.sub(" ", file.read_text(encoding="utf-8"))


def _python(source: str) -> Iterator[str]:
    """Yield the comments of a module, and its strings that are sentences: docstrings, messages, help."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and not _DIRECTIVE.match(token.string):
            yield token.string
    nodes = [*ast.walk(ast.parse(source))]
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            literals = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
            yield from _sentences("".join(map(str, literals)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield from _sentences(node.value)


def _yaml(source: str) -> Iterator[str]:
    """Yield the comments of a document, and its texts that are sentences."""
    yield from _HASH.findall(source)

    def texts(node: Any) -> Iterator[str]:
        match node:
            case str():
                yield from _sentences(node)
            case dict():
                for value in node.values():
                    yield from texts(value)
            case list():
                for value in node:
                    yield from texts(value)

    try:
        for document in yaml.safe_load_all(source):
            yield from texts(document)
    except yaml.YAMLError:  # a template
        return


def _sentences(text: str) -> Iterator[str]:
    if len(_WORD.findall(text)) >= _FEWEST_WORDS:
        yield text


def files_in(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder, or those that match a pattern, without those that others have written."""
    for file in sorted(folder.parent.glob(folder.name) if "*" in folder.name else folder.rglob("*")):
        if file.is_file() and file.name != _SAMPLES and not _FOREIGN & set(file.parts):
            yield file


def count(folder: Path) -> dict[Path, Prose]:
    """Count the prose of each file in a folder."""
    return {file: prose_of(texts_in(file)) for file in files_in(folder)}


def total(counted: Mapping[Path, Prose]) -> Prose:
    """Add up the counts of files."""
    tics: Counter[str] = Counter()
    for prose in counted.values():
        tics.update(prose.tics)
    return Prose(sum(prose.words for prose in counted.values()), tics)


def worst(counted: Mapping[Path, Prose], number: int = 10) -> list[str]:
    """Return a line for each of the files with most tics."""
    most = sorted(counted.items(), key=lambda item: -sum(item[1].tics.values()))[:number]
    return [
        f"{file.relative_to(ROOT)}: " + ", ".join(f"{n} × {tic}" for tic, n in prose.tics.items() if n)
        for file, prose in most
        if sum(prose.tics.values())
    ]


def main(folders: list[str]) -> None:
    """Print the counts of folders."""
    for name in folders or FOLDERS:
        counted = count(ROOT / name)
        prose = total(counted)
        rates = ", ".join(
            f"{tic} {prose.per_thousand(tic):.2f} (at most {most})" for tic, most in LIMITS.items()
        )
        print(f"{name}: {prose.words} words; {rates}")
        print("\n".join(f"  {line}" for line in worst(counted)))


if __name__ == "__main__":
    main(sys.argv[1:])
