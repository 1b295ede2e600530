"""The code blocks of a page, and how they are run: as one shell script, in the order of the page.

What is done with a block follows from its language:

- `console`: the lines after `$` are commands, the others their output, in which `…` stands for anything;
- `python` with tests is a test file, other `python`, `sh`, `js` and `java` are programs;
- a block with a title is a file of that name;
- `json` is parsed; `text` is output.

A comment before a block changes that: `<!-- not run: why -->`; `<!-- exit code 1 -->`, of its last command; and
`<!-- heavy -->`, for one that takes many seconds and is left to the heavy tests. `<!-- heavy, exit code 1 -->` is both.
"""

from __future__ import annotations

import json
import re
import shlex
import socket
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MOCK = "http://127.0.0.1:4055"
SERVICE = "https://bitpeak.ru/api"

_BLOCK = re.compile(
    r"(?:^[ ]*<!-- (?P<mark>not run: [^\n]+|heavy(?:, exit code \d+)?|exit code \d+) -->\n)?"
    r"^(?P<indent>[ ]*)```(?P<language>\w+)(?P<rest>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_TITLE = re.compile(r'title="([^"]+)"')
_RUN_BY = {"sh": "bash -eu {}", "js": "node {}", "java": "java {}", "python": "python {}"}
_NAMES = {"js": "block{}.mjs", "java": "Rehearsal.java", "sh": "block{}.sh", "python": "block{}.py"}
_LINE = "==block=="
_PYTEST = "python -m pytest -q -W error"


@dataclass(frozen=True)
class Block:
    """A code block of a page. `line` is that of its first line of code."""

    language: str
    text: str
    title: str
    mark: str
    line: int

    @property
    def commands(self) -> list[tuple[str, str]]:
        """The commands of a `console` block, each with its output."""
        found: list[tuple[list[str], list[str]]] = []
        goes_on = False
        for line in self.text.splitlines():
            if goes_on:
                found[-1][0].append(line)
            elif line.startswith("$ "):
                found.append(([line[2:]], []))
            else:
                found[-1][1].append(line)
                continue
            open_quotes = "\n".join(found[-1][0]).count("'") % 2
            goes_on = line.endswith("\\") or bool(open_quotes)
        return [("\n".join(command), "\n".join(output).strip()) for command, output in found]


@dataclass
class Script:
    """What runs a page: the text of a shell script, the files beside it, and what each step should print."""

    lines: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    expected: list[tuple[Block, str, str]] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)


def blocks_of(page: str) -> list[Block]:
    """Return the code blocks of a page."""
    found = []
    for block in _BLOCK.finditer(page):
        title = _TITLE.search(block["rest"])
        line = page.count("\n", 0, block.start("text")) + 1
        text = textwrap.dedent(block["text"])
        found.append(Block(block["language"], text, title[1] if title else "", block["mark"] or "", line))
    return found


def script_of(page: str, *, mock: str, service: str, heavy: bool) -> Script:
    """Return the script that runs the blocks of a page against a mock and, for the heavy ones, a service."""
    script = Script(urls=[mock])
    script.lines.append("trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT")
    for number, block in enumerate(blocks_of(page)):
        if block.mark.startswith("not run") or (block.mark.startswith("heavy") and not heavy):
            continue
        if block.language == "console":
            for step, (command, output) in enumerate(block.commands):
                is_last = step == len(block.commands) - 1
                _add_command(script, block, command, output, service, is_last=is_last)
        elif block.language == "json":
            json.loads(block.text)
        elif block.title or "def test_" in block.text:
            name = block.title or f"test_block{number}.py"
            script.files[name] = block.text
        elif block.language in _RUN_BY:
            name = _NAMES[block.language].format(number)
            script.files[name] = _translated(block.text, script, service)
            _add_step(script, block, _RUN_BY[block.language].format(name), "", 0)
        else:
            assert block.language == "text", f"line {block.line}: nobody runs a block of {block.language!r}"
    tests = [name for name in script.files if re.match(r"test_.*\.py$", name)]
    if tests and not any("pytest" in command for _, command, _ in script.expected):
        block = Block("python", "", "", "", 0)
        _add_step(script, block, f"{_PYTEST} --bitpeak-url={mock} {' '.join(tests)}", "", 0)
    return script


def _add_command(
    script: Script, block: Block, command: str, output: str, service: str, *, is_last: bool
) -> None:
    if re.match(r"bitpeak-mock (serve|record)\b(?!.*--print-config)", command):
        _add_server(script, command, service)
        return
    wanted = re.search(r"exit code (\d+)$", block.mark)
    _add_step(
        script,
        block,
        _translated(command, script, service),
        output,
        int(wanted[1]) if wanted and is_last else 0,
    )


def _add_server(script: Script, command: str, service: str) -> None:
    """Start a server in the background, at a free port, which is the mock's from here on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = _translated(re.sub(r"\s*(&|#.*)$", "", command), script, service)
    script.urls.append(f"http://127.0.0.1:{port}")
    file = f"port{port}"
    script.lines.append(f"{command} --port {port} --port-file {file} >>server.log 2>&1 &")
    script.lines.append(
        f"until [ -s {file} ]; do kill -0 $! || {{ cat server.log; exit 9; }}; sleep 0.05; done"
    )


def _add_step(script: Script, block: Block, command: str, output: str, code: int) -> None:
    number = len(script.expected)
    script.expected.append((block, command, output))
    script.lines += [
        command,
        f'status=$?; [ $status = {code} ] || {{ echo "exit code $status"; exit {number + 10}; }}',
    ]
    script.lines.append(f"echo; echo {_LINE}")


def _translated(text: str, script: Script, service: str) -> str:
    return text.replace(MOCK, script.urls[-1]).replace(SERVICE, service)


def check_output(script: Script, said: str) -> None:
    """Compare what the steps printed with what the page shows. Raises AssertionError."""
    for url in script.urls:
        said = said.replace(url, MOCK)
    printed = said.split(f"\n{_LINE}\n")
    for (block, command, output), seen in zip(script.expected, printed, strict=False):
        if output:
            pattern = re.escape(output).replace("…", ".*?")
            assert re.fullmatch(pattern, seen.strip(), re.DOTALL), (
                f"line {block.line}: {command}\nprints\n{seen.strip()}\nand the page shows\n{output}"
            )


def programs_in(block: Block) -> Iterator[list[str]]:
    """Yield the words of each call of `bitpeak-mock` in a block, but those in comments."""
    for command, _ in block.commands:
        joined = command.replace("\\\n", " ")
        for part in re.split(r"[|;&]{1,2}|\n|\$\(", joined):
            try:
                words = shlex.split(re.sub(r"\d?>+\s?\S+", "", part), comments=True)
            except ValueError:
                continue  # a quoted text was cut
            while words and re.match(r"\w+=", words[0]):
                words = words[1:]
            if words and words[0] in {"bitpeak-mock", "uvx"} and "bitpeak-mock" in words:
                yield words[words.index("bitpeak-mock") + 1 :]


def write(script: Script, folder: Path) -> Path:
    """Write the script and its files into a folder, and return its path."""
    for name, text in script.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    path = folder / ".page.sh"
    path.write_text("\n".join(script.lines) + "\n", encoding="utf-8")
    return path
