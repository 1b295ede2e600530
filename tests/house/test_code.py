"""Rules of the code that no linter has."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from mock_server.document import load

ROOT = Path(__file__).parents[2]
MACHINE = sorted((ROOT / "mock_server").rglob("*.py"))
JUDGE = sorted((ROOT / "contract_tests").rglob("*.py"))
MODULES = [*MACHINE, *JUDGE]
FORBIDDEN = ("utils", "util", "helpers", "helper", "common", "misc", "manager")


def name_of(module: Path) -> str:
    return str(module.relative_to(ROOT))


def strings_of(tree: ast.AST) -> Iterator[str]:
    """Yield the string literals of a module, except docstrings."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@cache
def wire_words() -> frozenset[str]:
    """Return the words of the wire: titles, fields, properties with an underscore, types, page sizes."""
    data = load().data
    schemas = data["components"]["schemas"]
    words = {
        error["title"]
        for e in data["components"]["examples"].values()
        for error in e["value"].get("errors", ())
    }
    words |= {value for value in schemas["HandlerType"]["enum"] if len(value) > 1}
    for schema in schemas.values():
        words |= {name for name in schema.get("properties", {}) if "_" in name}
    words |= {"results_per_page", "total_pages", "notification_handler_id", "/notification-handlers", "/api"}
    return frozenset(words | set(data["components"]["headers"]))


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_modules_are_short(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= 600


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_functions_are_short(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > 60
    }
    assert not long, "at most 60 lines a function, docstring included"


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_names_say_something(module: Path) -> None:
    assert not [part for part in module.with_suffix("").parts if part in FORBIDDEN]
    tree = ast.parse(module.read_text(encoding="utf-8"))
    classes = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert not [name for name in classes if name.endswith("Manager")]


@pytest.mark.parametrize("module", MACHINE, ids=name_of)
def test_the_wire_is_not_written_twice(module: Path) -> None:
    said = set(strings_of(ast.parse(module.read_text(encoding="utf-8"))))
    assert not said & wire_words(), "openapi/ owns the wire: Python must not repeat it"


def test_the_rule_about_the_wire_can_fail() -> None:
    tree = ast.parse('def f():\n    """is_enabled"""\n    return {"is_enabled": 1}')
    assert set(strings_of(tree)) & wire_words() == {"is_enabled"}
