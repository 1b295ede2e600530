"""The examples' own tests pass, and the page's blocks do what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.examples.running import EXAMPLES, needs, run

_PAGE = (EXAMPLES / "README.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)
_RUN = {
    "sh": ("page.sh", ("bash", "-euo", "pipefail", "page.sh")),
    "js": ("page.mjs", ("node", "page.mjs")),
    "java": ("Rehearsal.java", ("java", "Rehearsal.java")),
}
_NEEDS = {"sh": "curl", "js": "node", "java": "java"}


@pytest.mark.parametrize("folder", ["python-requests", "python-httpx", "python-app"])
def test_python(folder: str) -> None:
    """By the pytest plugin, which starts a mock of its own, with workers side by side."""
    # Plugins of this environment that a consumer has not, and which take seconds to load.
    without = ("-p", "no:cacheprovider", "-p", "no:schemathesis", "-p", "no:hypothesispytest")
    said = run("python", "-m", "pytest", *without, "-n", "2", cwd=EXAMPLES / folder)
    assert re.search(r"^=+ [1-9]\d* passed in", said, re.MULTILINE), said


def test_node(mock_url: str) -> None:
    said = run("node", "--test", cwd=EXAMPLES / "node", BITPEAK_MOCK_URL=mock_url)
    assert re.search(r"^\S+ pass [1-9]", said, re.MULTILINE), said


@needs("curl")
def test_shell(mock_url: str) -> None:
    said = run("./test.sh", cwd=EXAMPLES / "shell", BITPEAK_MOCK_URL=mock_url)
    assert re.search(r"^[1-9]\d* passed, 0 failed$", said, re.MULTILINE), said


def test_the_page_has_a_block_for_each_language() -> None:
    assert [language for language, _ in _BLOCKS] == list(_RUN)


@pytest.mark.parametrize(
    ("language", "text"),
    [pytest.param(*block, id=block[0], marks=needs(_NEEDS[block[0]])) for block in _BLOCKS],
)
def test_the_page_s_block_runs(language: str, text: str, mock_url: str, tmp_path: Path) -> None:
    name, command = _RUN[language]
    (tmp_path / name).write_text(text, encoding="utf-8")
    run(*command, cwd=tmp_path, BITPEAK_MOCK_URL=mock_url)


def test_no_example_sleeps_and_the_page_lists_all() -> None:
    tests = sorted(
        path
        for path in EXAMPLES.rglob("*")
        if re.match(r"test|mock|.*\.test\.", path.name) and path.suffix != ".pyc" and path.is_file()
    )
    assert {test.parent.name for test in tests} == {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    for test in tests:
        assert f"({test.parent.name})" in _PAGE
        assert not re.search(
            r"\bsleep\s*\(|^\s*sleep|setTimeout", test.read_text(encoding="utf-8"), re.MULTILINE
        ), test
