"""A failed test in one file: its worlds as they began and what happened in them. It can be replayed or written out."""

from __future__ import annotations

import base64
import json
import os
import pprint
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from mock_server import __version__
from mock_server.client.control import ControlError
from mock_server.client.journal import Call, CallMessage
from mock_server.client.world import Api, RunningMock, WorldChange

_FORMAT = "bitpeak-mock capsule 1"

# Headers that a client writes for its own connection.
_OWN = {"content-length", "transfer-encoding", "connection", "expect"}
# Headers that curl writes by itself, or that only the first client meant.
_NOT_CURLS = {"host", "user-agent", "accept", "accept-encoding"}

Step = WorldChange | Call


class NoCapsule(Exception):
    """The file is not a capsule of this version. The message names it."""


class CapsuleWorld(NamedTuple):
    """A world: its state at the beginning, by the control's document, and the changes and calls since."""

    state: Mapping[str, Any]
    steps: Sequence[Step]

    @property
    def calls(self) -> list[Call]:
        """The calls, oldest first."""
        return [step for step in self.steps if isinstance(step, Call)]


@dataclass(frozen=True, slots=True)
class Capsule:
    """`test` is pytest's node id, `info` the mock's own description, `flags` those of its `serve`."""

    test: str
    failure: str
    info: Mapping[str, Any]
    flags: Sequence[str]
    worlds: Sequence[CapsuleWorld]

    def write(self, path: Path) -> None:
        """Write the file in one step, so that a reader never sees half of it. Keys are redacted. Raises OSError."""
        worlds = [{"state": world.state, "steps": [_fact(s) for s in world.steps]} for world in self.worlds]
        facts = {
            "format": _FORMAT,
            "test": self.test,
            "failure": self.failure,
            "info": self.info,
            "flags": list(self.flags),
            "worlds": worlds,
        }
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        draft.replace(path)

    @classmethod
    def read(cls, path: Path) -> Capsule:
        """Read the file. Raises NoCapsule, OSError."""
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise NoCapsule(f"{path} is not a capsule: it is not JSON ({error}).") from None
        if not isinstance(facts, dict) or facts.pop("format", None) != _FORMAT:
            raise NoCapsule(f"{path} is not a capsule of this version: its format is not {_FORMAT!r}.")
        try:
            worlds = [
                CapsuleWorld(each["state"], [_step(fact) for fact in each["steps"]])
                for each in facts.pop("worlds")
            ]
            return cls(**facts, worlds=worlds)
        except (LookupError, TypeError) as error:
            raise NoCapsule(f"{path} is not a whole capsule: {error!r}.") from None


def _fact(step: Step) -> dict[str, Any]:
    return {"exchange": step.record} if isinstance(step, Call) else {"change": step._asdict()}


def _step(fact: Mapping[str, Any]) -> Step:
    return Call(fact["exchange"]) if "exchange" in fact else WorldChange(**fact["change"])


class ReplayedCall(NamedTuple):
    """A call that was made again. `difference` is empty if the response was the same."""

    world: int
    call: Call
    difference: str


def play(capsule: Capsule, mock: RunningMock) -> Iterator[ReplayedCall]:
    """Restore each world and make its calls again, each at its own time. Raises ControlError."""
    for number, world in enumerate(capsule.worlds, 1):
        api = mock.world()
        api.restore(world.state)
        for step in world.steps:
            if isinstance(step, Call):
                yield ReplayedCall(number, step, _difference(api, step))
            else:
                api.control(*step)


def _difference(api: Api, call: Call) -> str:
    body = call.request.body
    if body is None:
        return "it cannot be repeated: its body was too long to be remembered"
    try:
        api.freeze(call.time)
    except ControlError as error:
        return str(error)
    now = api.mock.channel.ask(call.method, call.target, _headers(call, api.api_key), body)
    if now.status != call.status:
        return f"the status was {call.status} and is now {now.status}"
    before, after = call.response.body, now.body
    if before is None:  # only its beginning is remembered
        before = (call.response.text or "").encode()
        after = after[: len(before)]
    same = _parsed(before) == _parsed(after)
    return "" if same else f"the body was {_shortened(before)} and is now {_shortened(after)}"


def _headers(call: Call, key: str) -> dict[str, str]:
    """Return the headers of a request with another key in place of the redacted one."""
    headers = {name: value for name, value in call.request.headers.items() if name.lower() not in _OWN}
    if "Authorization" in headers:
        redacted: str = call.record["key"]
        sent = headers["Authorization"]
        headers["Authorization"] = sent.replace(redacted, key) if redacted in sent else f"Bearer {key}"
    return headers


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body


def _shortened(body: bytes) -> str:
    text = body.decode(errors="replace")
    return text if len(text) <= 500 else f"{text[:500]}…"


def write_test(capsule: Capsule) -> str:
    """Write a test for pytest that makes the calls again and expects the same responses."""
    name = re.sub(r"\W+", "_", capsule.test.rpartition("::")[2]).strip("_") or "capsule"
    lines = [
        f'"""Written from a capsule of {capsule.test}."""',
        "",
        "",
        f"def test_{name.removeprefix('test_')}_again(bitpeak_server):",
    ]
    for number, world in enumerate(capsule.worlds, 1):
        api = f"world{number}"
        lines += [f"    {api} = bitpeak_server.world()", *_statement(f"{api}.restore(", world.state, ")")]
        for step in world.steps:
            if isinstance(step, Call):
                lines += _test_lines(api, step)
            else:
                lines += _statement(f"{api}.control({step.method!r}, {step.path!r}, ", step.body, ")")
    return "\n".join(lines) + "\n"


def _test_lines(api: str, call: Call) -> Iterator[str]:
    headers = {name: value for name, value in _headers(call, "").items() if name != "Authorization"}
    yield f"    {api}.freeze({call.record['time']!r})"
    send = f"response = {api}.send({call.method!r}, {call.target!r}, "
    yield from _statement(send, headers, f", {call.request.body!r})")
    yield f"    assert response.status == {call.status}"
    body = call.response.body
    if body is None:
        return
    try:
        yield from _statement("assert response.json() == ", json.loads(body), "")
    except ValueError:
        yield f"    assert response.body == {body!r}"


def _statement(before: str, value: Any, after: str) -> Iterator[str]:
    """Write a statement with a value that may take several lines."""
    lines = pprint.pformat(value, width=100, sort_dicts=False).split("\n")
    margin = " " * (4 + len(before))
    lines = [f"    {before}{lines[0]}", *(margin + line for line in lines[1:])]
    lines[-1] += after
    yield from lines


def write_curl(capsule: Capsule) -> str:
    """Write a POSIX shell script of curl lines. It calls the mock at $MOCK, with a new key for each world."""
    lines = ["#!/bin/sh", f"# {capsule.test}", "set -eu", "MOCK=${MOCK:-http://127.0.0.1:4055}"]
    for number, world in enumerate(capsule.worlds, 1):
        restore = WorldChange("PUT", "/state", world.state)
        lines += ["", f"KEY=mock-replay-$$-{number}", _control_line(restore)]
        for step in world.steps:
            lines += _call_lines(step) if isinstance(step, Call) else [_control_line(step)]
    return "\n".join(lines) + "\n"


def _control_line(change: WorldChange) -> str:
    data = "" if change.body is None else f" --data {shlex.quote(json.dumps(change.body))}"
    return f'curl -sS -o /dev/null --request {change.method}{data} "$MOCK/_mock{change.path}?key=$KEY"'


def _call_lines(call: Call) -> Iterator[str]:
    yield f"# {call.status} at {call.record['time']}"
    form = _form_flags(call)
    words = ["curl -sS -i", f"--request {call.method}"]
    for name, value in _headers(call, "$KEY").items():
        if name.lower() not in _NOT_CURLS and not (form and name == "Content-Type"):
            words.append(f"--header {_double_quoted(f'{name}: {value}')}")
    url = f'"$MOCK"{shlex.quote(call.target)}'
    body = call.request.body
    if body and not form:
        encoded = base64.b64encode(body).decode()
        yield f"printf %s {encoded} | base64 -d | {' '.join(words)} --data-binary @- {url}; echo"
    else:
        yield f"{' '.join([*words, *form])} {url}; echo"


def _form_flags(call: Call) -> list[str]:
    """Return curl's flags for a form of short text fields, else nothing."""
    parts = call.request.parts
    if not parts or not call.request.headers.get("Content-Type", "").startswith("multipart/form-data"):
        return []
    if any(part["kind"] != "text" or len(part["preview"].encode()) != part["bytes"] for part in parts):
        return []
    fields = (f"{part['name']}={part['preview']}" for part in parts)
    return [f"--form-string {shlex.quote(field)}" for field in fields]


def _double_quoted(text: str) -> str:
    """Quote for a shell, and leave $KEY to it."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`").replace("$", "\\$")
    return '"' + quoted.replace("\\$KEY", "$KEY") + '"'


def write_har(capsule: Capsule) -> dict[str, Any]:
    """Return an HTTP archive (HAR 1.2), which browsers and proxies read. Keys are redacted."""
    entries = [_har_entry(call) for world in capsule.worlds for call in world.calls]
    creator = {"name": "bitpeak-mock", "version": __version__}
    return {"log": {"version": "1.2", "creator": creator, "entries": entries, "comment": capsule.test}}


def _har_entry(call: Call) -> dict[str, Any]:
    milliseconds: float = call.record["milliseconds"]
    return {
        "startedDateTime": call.record["time"],
        "time": milliseconds,
        "request": _har_request(call),
        "response": {
            "status": call.status,
            "statusText": _phrase(call.status),
            **_har_message(call.response),
            "content": {
                "size": call.response.size,
                "mimeType": call.response.headers.get("Content-Type", ""),
                **_har_body(call.response),
            },
            "redirectURL": call.response.headers.get("Location", ""),
        },
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
    }


def _har_request(call: Call) -> dict[str, Any]:
    url = f"http://{call.request.headers.get('Host', 'localhost')}{call.target}"
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    request = {
        "method": call.method,
        "url": url,
        **_har_message(call.request),
        "queryString": [{"name": name, "value": value} for name, value in query],
    }
    if call.request.size:
        mime = call.request.headers.get("Content-Type", "")
        request["postData"] = {"mimeType": mime, **_har_body(call.request)}
    return request


def _har_message(message: CallMessage) -> dict[str, Any]:
    return {
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [{"name": name, "value": value} for name, value in message.headers.items()],
        "headersSize": -1,
        "bodySize": message.size,
    }


def _har_body(message: CallMessage) -> dict[str, str]:
    """Write a body as text, or in Base64 if it is not UTF-8.

    HAR 1.2 has `encoding` for responses only. Most tools that keep such bodies use it for requests, too.
    """
    body = message.body
    if body is None:
        comment = f"The beginning of {message.size} bytes. The mock does not remember the rest."
        return {"text": message.text or "", "comment": comment}
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
