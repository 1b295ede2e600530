"""What the report of a failed test says of its mock."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from mock_server.capsule import Capsule
from mock_server.cli.lines import clean
from mock_server.client import Exchange, Mock
from mock_server.pytest_plugin.recorder import Recorder

# Exchanges, kinds of refused requests, and letters of a body that a report shows; the capsule has all exchanges.
_EXCHANGES = 40
_KINDS = 5
_LETTERS = 300


def write_section(recorder: Recorder, capsule: Path | None, *, shared: bool) -> str:
    """Write what happened in the test's worlds, for a person to read; `shared`: others may use the mock meanwhile."""
    lines: list[str] = []
    for number, world in enumerate(recorder.worlds, 1):
        if len(recorder.worlds) > 1:
            lines.append(f"world {number}")
        if (left_out := len(world.steps) - _EXCHANGES) > 0:
            lines.append(f"… {left_out} before these")
        for step in world.steps[-_EXCHANGES:]:
            lines += _written(step)
        if not world.steps:
            lines.append("nothing: no request with this test's key reached the mock")
    lines += _outside(recorder.refused, shared=shared)
    if capsule is not None:
        lines.append(f"again: bitpeak-mock replay {capsule}")
    return "\n".join(lines)


def _outside(refused: Sequence[Exchange], *, shared: bool) -> Iterator[str]:
    """Tell of the requests that reached no world: a client with a wrong key is in no test's journal."""
    if not refused:
        return
    count = "1 request was" if len(refused) == 1 else f"{len(refused)} requests were"
    whose = ", of this test or of others that use the mock" if shared else ""
    yield f"meanwhile {count} refused before any world was reached{whose}:"
    kinds = Counter((_line(each), each.answer.text or "") for each in refused)
    for (line, answer), times in kinds.most_common(_KINDS):
        yield f"{times:3} × {line}"
        yield f"      < {_cut(answer)}"
    if len(kinds) > _KINDS:
        yield f"… and {len(kinds) - _KINDS} other kinds"


def _line(exchange: Exchange) -> str:
    words = (exchange.method, exchange.target, exchange.status, exchange.refusal or exchange.operation or "")
    return clean(" ".join(map(str, words))).rstrip()


def _written(step: Mapping[str, Any]) -> Iterator[str]:
    if "change" in step:
        change = step["change"]
        yield f"  · {change['method']} {change['path']} {_cut(str(change['body'] or ''))}".rstrip()
        return
    exchange = Exchange(step["exchange"])
    fault = "" if exchange.fault is None else f" (fault {exchange.fault})"
    yield f"{exchange.number:3} {exchange.time:%H:%M:%S} {_line(exchange)}{fault}"
    form = " ".join(f"{name}={value!r}" for name, value in exchange.request.form.items())
    if sent := form or exchange.request.text:
        yield f"      > {_cut(sent)}"
    if exchange.answer.text:
        yield f"      < {_cut(exchange.answer.text)}"
    for violation in exchange.record["violations"]:
        yield f"      ! {clean(violation['sentence'])}"
    if exchange.defect:
        yield f"      DEFECT {clean(exchange.defect)}"


def _cut(text: str) -> str:
    return clean(text if len(text) <= _LETTERS else f"{text[:_LETTERS]}…")


def leave_capsule(
    item: pytest.Item, recorder: Recorder, report: pytest.TestReport, flags: Mapping[str, Sequence[str]]
) -> Path | None:
    """Write the capsule of a failed test and return where; None where nothing happened or it cannot be written."""
    if not any(world.steps for world in recorder.worlds):
        return None
    mock = recorder.worlds[0].api.mock
    capsule = Capsule(
        item.nodeid,
        report.longreprtext,
        mock.info,
        list(flags.get(mock.url, ())),
        [{"state": world.state, "steps": world.steps} for world in recorder.worlds],
    )
    name = re.sub(r"[^\w.-]+", "-", item.nodeid)[-100:].strip("-")
    path = _folder(item.config) / f"{name}-{sha256(item.nodeid.encode()).hexdigest()[:8]}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        capsule.write(path)
    except OSError as error:
        report.sections.append(("bitpeak-mock", f"The capsule {path} cannot be written: {error.strerror}."))
        return None
    return path


def varied(mock: Mock) -> list[str]:
    """Return the flags of `serve` for a mock that answers as a running one does. Raises ControlError, Unreachable."""
    questions = mock.control.ask("GET", "/questions")["questions"]
    answers = [
        f"--answer={each['id']}={each['answer']}" for each in questions if each["answer"] != each["assumed"]
    ]
    public: str | None = mock.info["rules"]["public_url"]
    return [*answers, *([] if public is None else [f"--public-url={public}"])]


def _folder(config: pytest.Config) -> Path:
    given: str | None = config.getoption("bitpeak_capsules")
    if given is not None:
        return Path(config.invocation_params.dir, given)
    cache = getattr(config, "cache", None)
    return Path(cache.mkdir("bitpeak")) if cache is not None else config.rootpath / ".bitpeak"
