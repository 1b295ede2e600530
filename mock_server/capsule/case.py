"""A capsule as a test for pytest, to keep once its cause is mended."""

from __future__ import annotations

import json
import pprint
import re
from collections.abc import Iterator, Mapping
from typing import Any

from mock_server.capsule.capsule import Capsule
from mock_server.capsule.replay import headers_of
from mock_server.client import Exchange

_WIDTH = 100


def write_test(capsule: Capsule) -> str:
    """Write a module with one test; it expects the answers that the capsule has."""
    name = re.sub(r"\W+", "_", capsule.test.rpartition("::")[2]).strip("_") or "capsule"
    lines = [
        f'"""Written from a capsule of {capsule.test}."""',
        "",
        "",
        f"def test_{name.removeprefix('test_')}_again(bitpeak_server):",
    ]
    for number, world in enumerate(capsule.worlds, 1):
        lines += [
            f"    world{number} = bitpeak_server.world()",
            *_call(f"world{number}.restore(", world["state"], ")"),
        ]
        for step in world["steps"]:
            lines += _step(f"world{number}", step)
    return "\n".join(lines) + "\n"


def _step(world: str, step: Mapping[str, Any]) -> Iterator[str]:
    if "change" in step:
        change = step["change"]
        yield from _call(
            f"{world}.mock.control.ask({change['method']!r}, {change['path']!r}, ",
            change["body"],
            f", key={world}.api_key)",
        )
        return
    exchange = Exchange(step["exchange"])
    headers = {name: value for name, value in headers_of(exchange, "").items() if name != "Authorization"}
    yield f"    {world}.freeze({exchange.record['time']!r})"
    yield from _call(
        f"    said = {world}.send({exchange.method!r}, {exchange.target!r}, ".lstrip(),
        headers,
        f", {exchange.request.body!r})",
    )
    yield f"    assert said.status == {exchange.status}"
    answer = exchange.answer
    if answer.body is None:
        return
    try:
        yield from _call("assert said.json() == ", json.loads(answer.body), "")
    except ValueError:
        yield f"    assert said.body == {answer.body!r}"


def _call(before: str, value: Any, after: str) -> Iterator[str]:
    """Write a statement with a value that may take several lines."""
    lines = pprint.pformat(value, width=_WIDTH, sort_dicts=False).split("\n")
    margin = " " * (4 + len(before))
    yield f"    {before}{lines[0]}" + ("" if len(lines) > 1 else after)
    for line in lines[1:-1]:
        yield margin + line
    if len(lines) > 1:
        yield f"{margin}{lines[-1]}{after}"
