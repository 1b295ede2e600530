"""How the log's lines are written, for people and for programs."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from mock_server.state.journal import Exchange

# A request can carry any byte; none may move a terminal's cursor or begin a line of its own.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {0x2028: " ", 0x2029: " "}

_SECRET = re.compile("key|token|secret", re.IGNORECASE)
_COLOURS = {"2": "32", "3": "36", "4": "33", "5": "31"}


class Note(NamedTuple):
    """What is no exchange: its name, one sentence, and facts for programs."""

    event: str
    sentence: str
    facts: Mapping[str, Any]


class Style(NamedTuple):
    """`verbose` adds the operation and the refusal to a line; `coloured` paints for a terminal."""

    verbose: bool = False
    coloured: bool = False


def text_line(
    item: tuple[float, Exchange | Note], hints: Mapping[str, str], style: Style, prefix: str = ""
) -> str:
    """Write an exchange as a line, and indented lines beneath it; a note as its sentence.

    `prefix` is what the mock's keys begin with.
    """
    moment, event = item
    if isinstance(event, Note):
        return "".join(f"{clean(line)}\n" for line in event.sentence.splitlines())
    at = time.strftime("%H:%M:%S", time.localtime(moment))
    status = _paint(str(event.status), _COLOURS.get(str(event.status)[0], "35"), style)
    target = clean(redacted(event.target, prefix)) or "-"
    line = (
        f"{at} {clean(event.method) or '-':<6} {target} {status} {_milliseconds(event)}ms {clean(event.key)}"
    )
    if style.verbose:
        line += "".join(f" {clean(word)}" for word in (event.operation, event.refusal) if word)
    return "\n".join([line, *(_paint(remark, "35", style) for remark in remarks(event, hints)), ""])


def remarks(exchange: Exchange, hints: Mapping[str, str]) -> Iterator[str]:
    """Yield, indented, what the caller should know of an exchange: violations, a hint, a defect."""
    for violation in exchange.violations:
        yield f"  ! {clean(violation.sentence)}"
    if exchange.refusal in hints:
        yield f"  ? {clean(hints[exchange.refusal])}"
    if exchange.defect:
        yield f"  DEFECT {clean(exchange.defect)}"


def json_line(item: tuple[float, Exchange | Note], prefix: str = "") -> str:
    """Write an exchange or a note as one JSON object, all of it ASCII."""
    moment, event = item
    at = {"ts": datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")}
    if isinstance(event, Note):
        return json.dumps({**at, "event": event.event, "sentence": event.sentence, **event.facts}) + "\n"
    facts = {
        **at,
        "event": "request",
        "method": event.method,
        "path": redacted(event.target, prefix),
        "status": event.status,
        "ms": _milliseconds(event),
        "key": event.key,
        "operation": event.operation or None,
        "refusal": event.refusal or None,
        "violations": [{"code": each.code, "sentence": each.sentence} for each in event.violations],
        "defect": event.defect or None,
    }
    return json.dumps(facts) + "\n"


def redacted(target: str, prefix: str) -> str:
    """Return a target without the values in its query that look like keys, by their name or their beginning."""
    path, mark, query = target.partition("?")
    return path + mark + "&".join(_pair(each, prefix) for each in query.split("&"))


def _pair(pair: str, prefix: str) -> str:
    name, sign, value = pair.partition("=")
    is_key = _SECRET.search(unquote_plus(name)) or (prefix and unquote_plus(value).startswith(prefix))
    return f"{name}{sign}…" if value and is_key else pair


def clean(text: str) -> str:
    """Return a text with its control characters spelled out."""
    return text.translate(_CONTROLS)


def _milliseconds(exchange: Exchange) -> float:
    return round(exchange.seconds * 1000, 2)


def _paint(text: str, colour: str, style: Style) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if style.coloured else text
