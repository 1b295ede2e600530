"""The promises of README, ARCHITECTURE and CHANGELOG are kept."""

from __future__ import annotations

import re
from pathlib import Path

import click

from contract_tests.report.shapes import VERSION
from mock_server import __version__, capsule
from mock_server.cli import cli
from mock_server.document import home, load, packaged_overlays, read_object
from mock_server.document.evidence import RECORDING

ROOT = Path(__file__).parents[2]


# Words that the packaged documents do without: they say how a service was seen to look.
ONLY_LEARNED = {
    "x-alone",
    "x-charset",
    "x-field",
    "x-if-missing",
    "x-order",
    "x-rows",
    "x-text",
    "x-typed",
    "x-unique",
}


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_architecture_lists_every_module_and_no_other() -> None:
    listed = set(re.findall(r"^\| `mock_server\.(\w+)` \|", text_of("ARCHITECTURE.md"), re.MULTILINE))
    package = ROOT / "mock_server"
    present = {path.stem for path in package.glob("*.py")} | {
        path.parent.name for path in package.glob("*/__init__.py")
    }
    assert listed == present - {"__init__", "__main__"}


def test_the_layers_of_the_import_rule_are_the_same_modules() -> None:
    layers = set(re.findall(r"mock_server\.(\w+)", text_of("pyproject.toml").partition("layers = [")[2]))
    listed = set(re.findall(r"^\| `mock_server\.(\w+)` \|", text_of("ARCHITECTURE.md"), re.MULTILINE))
    assert layers - {"__main__"} == listed


def written_pages() -> str:
    """Return the text of README and of the pages that nobody generates."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    return "".join(page.read_text(encoding="utf-8") for page in pages if page.parent.name != "reference")


def test_a_page_beside_the_reference_tells_of_every_command() -> None:
    told = written_pages()
    names = cli.list_commands(click.Context(cli))
    assert not [name for name in names if f"`{name}" not in told and f"bitpeak-mock {name}" not in told]


def test_a_page_beside_the_reference_tells_of_every_flag_of_pytest() -> None:
    told = written_pages()
    source = (ROOT / "pytest_bitpeak.py").read_text(encoding="utf-8")
    flags = {"--bitpeak-url", "--bitpeak-token", "--bitpeak-capsules"}
    assert all(flag in source for flag in flags)
    for measure in ("cov", "sabotage"):
        flags |= {f"--bitpeak-{measure}{end}" for end in ("", "-json", "-fail-under")}
    assert not [flag for flag in flags if flag not in told]


def test_readme_is_short() -> None:
    assert len(text_of("README.md").splitlines()) <= 130


def test_readme_counts_nothing_that_changes() -> None:
    """The number of questions changes with the evidence, so the README does not say it."""
    assert str(len(load().questions())) + " questions" not in text_of("README.md")


def test_every_word_of_the_vocabulary_is_used() -> None:
    words = set(read_object(home() / "vocabulary.yaml")["words"])
    overlays = [home() / "overlays" / f"{name}.yaml" for name in packaged_overlays()]
    documents = [home() / "notification-handlers.yaml", home() / "unspecified.yaml", *overlays]
    text = "\n".join(path.read_text(encoding="utf-8") for path in documents)
    unused = {word for word in words if f"{word}:" not in text and f"{word}'" not in text}
    assert unused <= ONLY_LEARNED


def test_the_page_on_stability_names_the_version_of_each_format() -> None:
    page = text_of("docs/project/stability.md")
    control = read_object(home() / "control.yaml")["info"]["version"]
    named = {
        "recording": f'`"recording": {RECORDING}`',
        "capsule": f'`"format": "{capsule.FORMAT}"`',
        "control API": f'`info.version: "{control}"`',
        "report of `check`": f'`"version": {VERSION}`',
    }
    for name, version in named.items():
        assert f"| {name} | {version}" in page


def test_changelog_has_the_version_or_an_unreleased_part() -> None:
    changes = text_of("CHANGELOG.md")
    assert f"## {__version__} " in changes or "## Unreleased" in changes


def test_the_tests_that_threats_names_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text_of("THREATS.md"))
    assert len(named) > 30
    found = {file: (ROOT / file).read_text(encoding="utf-8") for file, _ in named if (ROOT / file).exists()}
    assert not [f"{file}::{test}" for file, test in named if f"def {test}(" not in found.get(file, "")]


def test_every_promise_in_threats_has_a_test() -> None:
    promises = text_of("THREATS.md").partition("## The contract-test kit")[2]
    rows = [
        line
        for line in promises.splitlines()
        if line.startswith("| ") and not line.startswith(("| promise", "| ---"))
    ]
    assert not [row for row in rows if "::" not in row]
