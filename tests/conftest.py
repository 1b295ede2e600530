"""What holds for all tests of the project."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mock_server.document import Object, Question, duplicate, home, read_object, read_questions
from tests.spreading import Spreading
from tests.wheel import build

# Bytecode is written even if the environment forbids it. The tests start hundreds of interpreters, and without it each
# would compile the packages anew, and each run would rewrite the assertions of all tests.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Runs of pytest within a test: what the plugin for consumers is tested by.
pytest_plugins = ["pytester"]

# Folders whose tests run the whole kit many times: minutes, which the everyday run should not take.
_HEAVY = {"generated", "suites", "mutants", "check"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is heavy, by its folder. Refuse parameters without an order: each worker would collect other tests."""
    folders = tuple(f"{Path(__file__).parent / name}{os.sep}" for name in _HEAVY)
    for item in items:
        if str(item.path).startswith(folders):
            item.add_marker(pytest.mark.heavy)
        for mark in item.iter_markers("parametrize"):
            if any(isinstance(each, set | frozenset) for each in mark.args):
                raise pytest.UsageError(f"The parameters of {item.nodeid} are a set. Sort them.")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Spreading | None:
    """Give out tests in their order, by module: a worker makes what a module shares once."""
    if config.getoption("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False
    return Spreading(config, log)


# Objects that the garbage collector walks in a hundredth of a second.
_MUCH = 100_000


def keep() -> None:
    """Keep what is there out of the way of the garbage collector.

    Modules and collected tests stay to the end, and each full collection would walk them, which takes half a second.
    Every inner run of pytest asks for five.
    """
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Keep modules and collected tests."""
    keep()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Keep what the tests of some modules have left, once that is much: reports, caches, imports."""
    if nextitem is not None and nextitem.path != item.path and len(gc.get_objects()) > _MUCH:
        keep()


@pytest.fixture(scope="session", autouse=True)
def _packaged_files_are_parsed_once() -> Iterator[None]:
    """Keep what the files of the package hold: tests make thousands of mocks of the same few."""
    package = home()
    parsed, questions = cache(read_object), cache(read_questions)

    def read(file: Path | str) -> Object:
        return duplicate(parsed(file)) if package in Path(file).parents else read_object(file)

    def asked(file: Path | str, named: Collection[str] | None = None) -> Mapping[str, Question]:
        key = None if named is None else frozenset(named)
        return questions(file, key) if package in Path(file).parents else read_questions(file, named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mock_server.document.effective.read_object", read)
        patch.setattr("mock_server.document.overlay.read_object", read)
        patch.setattr("mock_server.document.effective.read_questions", asked)
        yield


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, once for the tests of the group "wheel"."""
    return build(tmp_path_factory.mktemp("dist"))
