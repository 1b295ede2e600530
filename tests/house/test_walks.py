"""The walks in ARCHITECTURE are those that requests take, and the functions that it names exist."""

from __future__ import annotations

import io
import re
import sys
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from mock_server import Settings
from mock_server.app import App
from mock_server.mock import Mock

TEXT = (Path(__file__).parents[2] / "ARCHITECTURE.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\|(?: [^`|]+ \|)? `([\w/]+)\.py` \| `([\w.]+)` \|", re.MULTILINE)

# Their walks are told in full. Of other rooms, ARCHITECTURE names what a reader must know.
TOLD = ("app", "api.", "control.")

WALKS = {
    "A create": (
        "POST",
        "/api/notification-handlers",
        b"name=A&type=email",
        "application/x-www-form-urlencoded",
    ),
    "`PATCH /_mock/clock`": ("PATCH", "/_mock/clock", b'{"advance": "1h"}', "application/json"),
}


def named(heading: str) -> list[str]:
    """Return the functions in the table below a heading, as `room.module.function`."""
    section = TEXT.partition(f"\n## {heading}")[2].partition("\n## ")[0]
    return [f"{file.replace('/', '.')}.{function}" for file, function in ROW.findall(section)]


def called(method: str, path: str, body: bytes, media_type: str) -> list[str]:
    """Return the functions of the package that a request calls, in the order of their first calls."""
    app, names = App(Mock(Settings())), dict[str, None]()

    def watch(frame: FrameType, event: str, _: Any) -> None:
        module = frame.f_globals.get("__name__", "")
        if event == "call" and module.startswith("mock_server."):
            names[f"{module.removeprefix('mock_server.')}.{frame.f_code.co_qualname}"] = None

    def environ() -> dict[str, Any]:
        return {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "HTTP_AUTHORIZATION": "Bearer mock-key",
            "CONTENT_TYPE": media_type,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
        }

    statuses = []
    app(
        environ(), lambda status, _: statuses.append(status)
    )  # what is compiled on first use is not of the walk
    sys.setprofile(watch)
    try:
        app(environ(), lambda status, _: statuses.append(status))
    finally:
        sys.setprofile(None)
    assert all(status.startswith("20") for status in statuses)
    return list(names)


def function(name: str) -> Any:
    """Return a function by `room.module.function` or `room.module.Class.function`."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            found: Any = import_module(".".join(("mock_server", *parts[:length])))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            found = getattr(found, part)
        return found
    raise AssertionError(name)


def is_told(name: str) -> bool:
    """Tell whether a walk must name a function: a public one, and no property or part of another."""
    own = name.rpartition(".")[2]
    if not name.startswith(TOLD) or "<" in name or (own.startswith("_") and own != "__call__"):
        return False
    return not isinstance(function(name), property)


@pytest.mark.parametrize("heading", WALKS)
def test_a_walk_is_what_a_request_calls_in_this_order(heading: str) -> None:
    walk, calls = named(heading), called(*WALKS[heading])
    assert [name for name in calls if name in walk] == walk
    assert [name for name in calls if is_told(name)] == [name for name in walk if name.startswith(TOLD)]


def test_the_answers_to_a_newcomer_name_functions_that_exist() -> None:
    answers = named("Five questions")
    assert len(answers) == 5
    assert all(callable(function(name)) for name in answers)
