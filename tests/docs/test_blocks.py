"""Every code block of README and docs/ runs, prints what the page shows, or says why it is not run."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mock_server.app import create_app
from mock_server.cli import COMMANDS, cli
from mock_server.server import Server
from tests.docs.blocks import blocks_of, check_output, programs_in, script_of, write
from tests.docs.reference import ROOT, pages
from tests.examples.running import environment, find_program

# A client with what the pages' tests expect of it, on requests, with a retry and a back-off.
CLIENT = """
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry


class Client:
    def __init__(self, base_url, api_key):
        self._url = base_url + "/notification-handlers"
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._retry = Retry(total=3, backoff_factor=0.01, status_forcelist=[503], allowed_methods=None)

    def list(self):
        return requests.get(self._url + "/", headers=self._headers, timeout=5)

    def rename(self, number, name):
        with requests.Session() as session:
            session.mount("http://", HTTPAdapter(max_retries=self._retry))
            url, fields = f"{self._url}/{number}", {"name": name}
            session.post(url, headers=self._headers, data=fields, timeout=5).raise_for_status()

    def create(self, name, **fields):
        return requests.post(self._url, headers=self._headers, data={"name": name, **fields}, timeout=5)

    def delete(self, number):
        return requests.delete(f"{self._url}/{number}", headers=self._headers, timeout=5)
"""
# The fixture that docs/how-to/index.md tells of.
CONFTEST = """
import pytest
from my_code import Client


@pytest.fixture
def client(bitpeak):
    return Client(bitpeak.base_url, bitpeak.api_key)
"""
_SECONDS = 120
# For the pytest that a page runs: without other plugins, which take longer to load than the tests.
ENVIRONMENT = {
    "COLUMNS": "100",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTEST_ADDOPTS": "-p no:cacheprovider -p no:schemathesis -p no:hypothesispytest -p no:anyio --color=no",
}
PAGES = [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages()]
HEAVY = [each for each in PAGES if "<!-- heavy" in Path(str(each.values[0])).read_text(encoding="utf-8")]


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    """Start a mock that all pages share. Each page uses keys of its own."""
    with Server(create_app()) as server:
        yield server.url


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """Start a mock that stands for the real service."""
    with Server(create_app()) as server:
        yield f"{server.url}/api"


def run_page(page: Path, folder: Path, *, mock: str, service: str = "", heavy: bool = False) -> None:
    """Run the blocks of a page in a folder. Raises AssertionError."""
    script = script_of(page.read_text(encoding="utf-8"), mock=mock, service=service, heavy=heavy)
    if not script.expected:
        return
    shells = [text for name, text in script.files.items() if name.endswith(".sh")]
    lines = [*script.lines, *"\n".join(shells).splitlines()]
    missing = [name for name in ("curl", "node", "java") if _uses(lines, name) and not find_program(name)]
    if missing and ("CI" not in os.environ or missing == ["java"]):
        pytest.skip(f"{', '.join(missing)} is not installed")
    script.files = {"my_code.py": CLIENT, "conftest.py": CONFTEST, **script.files}
    path = write(script, folder)
    done = subprocess.run(
        ["bash", path], cwd=folder, env=environment(**ENVIRONMENT), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False, timeout=_SECONDS * (10 if heavy else 1),
    )  # fmt: skip
    block, command, _ = script.expected[max(0, done.returncode - 10)]
    assert done.returncode == 0, f"{page.name}, line {block.line}: {command}\n{done.stdout}"
    check_output(script, done.stdout)


def _uses(lines: list[str], program: str) -> bool:
    return any(re.search(rf"(^|[\s(|;]){program}\s", line) for line in lines)


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_run(page: Path, mock: str, tmp_path: Path) -> None:
    run_page(page, tmp_path, mock=mock)


@pytest.mark.heavy
@pytest.mark.parametrize("page", HEAVY)
def test_the_heavy_blocks_of_a_page_run(page: Path, mock: str, service: str, tmp_path: Path) -> None:
    run_page(page, tmp_path, mock=mock, service=service, heavy=True)


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_exist(page: Path) -> None:
    """Also those of blocks that are not run: each command and each option."""
    for block in blocks_of(page.read_text(encoding="utf-8")):
        if block.language != "console":
            continue
        for words in programs_in(block):
            if not words or words[0].startswith("-"):
                continue
            assert words[0] in COMMANDS, f"line {block.line}: {words[0]}"
            command = cli.get_command(click.Context(cli), words[0])
            assert command is not None
            known = {flag for each in command.params for flag in (*each.opts, *each.secondary_opts)} | {
                "--help"
            }
            used = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert used <= known, f"line {block.line}: `{words[0]}` has no {used - known}"


def test_every_fence_is_a_block_that_says_its_language() -> None:
    for page in pages():
        text = page.read_text(encoding="utf-8")
        fences = sum(line.lstrip().startswith("```") for line in text.splitlines())
        assert fences == 2 * len(blocks_of(text)), f"{page.name} has a code block without a language"


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ("```console\n$ false\n```\n", "exit code 1"),
        ("```console\n$ echo one\ntwo\n```\n", "prints\none\nand the page shows\ntwo"),
        ("```python\nassert 1 == 2\n```\n", "AssertionError"),
        ("```python\ndef test_it():\n    assert 1 == 2\n```\n", "1 failed"),
        ("```json\n{,}\n```\n", "Expecting property name"),
        ("```ruby\nputs 1\n```\n", "nobody runs a block of 'ruby'"),
    ],
)
def test_a_wrong_block_is_found(page: str, complaint: str, mock: str, tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(page)
    with pytest.raises((AssertionError, ValueError), match=complaint):
        run_page(file, tmp_path, mock=mock)


MARKED = """
<!-- not run: it fails -->
```console
$ false
```

<!-- exit code 1 -->
```console
$ echo a b c
a … c
$ false
```

```yaml title="a/b.yaml"
a: 1
```

```console
$ X=1
$ cat a/b.yaml \\
    && echo $X
a: 1
1
```
"""


def test_marks_and_placeholders(mock: str, tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(MARKED)
    run_page(file, tmp_path, mock=mock)
