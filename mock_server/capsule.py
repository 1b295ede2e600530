"""Capsules: a failed test in one file, with its worlds and calls. A capsule can be replayed or written out."""

from __future__ import annotations

import base64
import json
import os
import pprint
import re
import shlex
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import responses
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

from mock_server import __version__
from mock_server.client.control import ControlError, Interrupted
from mock_server.client.journal import Call, CallMessage
from mock_server.client.world import Api, RunningMock, WorldChange

FORMAT = "bitpeak-mock capsule 1"
_LARGEST = 256 << 20  # bytes of a file

# Headers about a client's own connection.
_OWN = {"content-length", "transfer-encoding", "connection", "expect"}
# Headers that curl writes itself, or that only concern the first client.
_NOT_CURLS = {"host", "user-agent", "accept", "accept-encoding"}

# A placeholder for the key, and what a shell puts there.
_KEY = "KEY-OF-THIS-WORLD"
_QUOTED_KEY = "'\"$KEY\"'"
# The longest argument that every shell takes, and names of fields that curl neither splits nor escapes.
_ARGUMENT = 100_000
_CURLS_NAME = r'[^="\\;]+'
_HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # the name of a header (RFC 9110, section 5.6.2)
_CUT_OFF_IMPORTS = ("", "import pytest", "", "from mock_server.client import Interrupted")

CapsuleStep = WorldChange | Call


class NoCapsule(Exception):
    """The file is not a capsule of this version. The message names it."""


class CapsuleWorld(NamedTuple):
    """A world: its first state, as the control shows it, and the changes and calls since."""

    state: Mapping[str, Any]
    steps: Sequence[CapsuleStep]

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
        """Write the file in one step, so that a reader never sees a part of it. Keys are redacted. Raises OSError."""
        worlds = [{"state": world.state, "steps": [_fact(s) for s in world.steps]} for world in self.worlds]
        facts = {
            "format": FORMAT,
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
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise NoCapsule(f"{path} is not a capsule: it has more than {_LARGEST >> 20} MiB.")
        try:
            facts = json.loads(content.decode())
        except ValueError as error:
            raise NoCapsule(f"{path} is not a capsule, because it is not JSON ({error}).") from None
        except RecursionError:
            raise NoCapsule(f"{path} is not a capsule, because it nests too deeply.") from None
        if not isinstance(facts, dict) or facts.pop("format", None) != FORMAT:
            raise NoCapsule(f"{path} is not a capsule of this version: its format is not {FORMAT!r}.")
        try:
            worlds = [
                CapsuleWorld(each["state"], [_step(fact) for fact in each["steps"]])
                for each in facts.pop("worlds")
            ]
            capsule = cls(**facts, worlds=worlds)
        except (LookupError, TypeError, AttributeError) as error:
            raise NoCapsule(f"{path} is not a whole capsule: {error!r}.") from None
        if not all(isinstance(each, str) for each in (capsule.test, *capsule.flags)):
            raise NoCapsule(f"{path} is not a whole capsule: its test and its flags must be texts.")
        return capsule


def _fact(step: CapsuleStep) -> dict[str, Any]:
    return {"exchange": step.record} if isinstance(step, Call) else {"change": step._asdict()}


def _step(fact: Mapping[str, Any]) -> CapsuleStep:
    from mock_server.document import with_integers  # late: pytest writes capsules, and reads none

    return Call(with_integers(fact["exchange"])) if "exchange" in fact else WorldChange(**fact["change"])


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
        return "it cannot be repeated, because its body was too long to be remembered"
    try:
        api.freeze(call.time)
        now = api.mock.channel.ask(call.method, _target(call), _headers(call, api.api_key), body)
    except ControlError as error:
        return str(error)
    except Interrupted as error:
        return (
            "" if call.is_cut_off else f"the status was {call.status}, and now no response arrives: {error}"
        )
    if call.is_cut_off:
        return f"the response was cut off ({call.wire}), and now arrives with status {now.status}"
    if now.status != call.status:
        return f"the status was {call.status} and is now {now.status}"
    before, after = call.response.body, now.body
    if before is None:  # only its beginning is remembered
        before = (call.response.record["body"] or "").encode()
        after = after[: len(before)]
    same = _parsed(before) == _parsed(after)
    return "" if same else f"the body was {_shortened(before)} and is now {_shortened(after)}"


def _headers(call: Call, key: str) -> dict[str, str]:
    """Return the headers of a request with another key in place of the redacted one, and no other secrets."""
    headers = {name: value for name, value in call.request.headers.items() if name.lower() not in _OWN}
    if "Authorization" in headers:
        redacted, sent = call.record["key"], headers["Authorization"]
        headers["Authorization"] = sent.replace(redacted, key) if redacted in sent else f"Bearer {key}"
    return {name: value for name, value in headers.items() if value != "…"}


def _target(call: Call) -> str:
    """Return path and query in ASCII."""
    return quote(call.target, safe=string.punctuation, encoding="latin-1", errors="replace")


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body


def _shortened(body: bytes) -> str:
    text = body.decode(errors="replace")
    return text if len(text) <= 500 else f"{text[:500]}…"


def write_test(capsule: Capsule) -> str:
    """Write a test for pytest that makes the calls again and expects the same responses.

    A capsule may be hostile, so its texts become literals and comments of one line.
    """
    name = re.sub(r"\W+", "_", capsule.test.rpartition("::")[2], flags=re.ASCII).strip("_")[:100] or "capsule"
    lines = [
        repr(f"Written from a capsule of {capsule.test}."),
        *(
            _CUT_OFF_IMPORTS
            if any(call.is_cut_off for world in capsule.worlds for call in world.calls)
            else ()
        ),
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
    sent, received = call.request.body, call.response.body
    if sent is None:
        yield f"    # Left out: {_in_line(call)}. The mock does not remember its whole body."
        return
    headers = {name: value for name, value in _headers(call, "").items() if name != "Authorization"}
    yield f"    {api}.freeze({call.record['time']!r})"
    send = f"{api}.send({call.method!r}, {_target(call)!r}, "
    if call.is_cut_off:
        yield "    with pytest.raises(Interrupted):"
        yield from _statement(f"    {send}", headers, f", {sent!r})")
        return
    yield from _statement(f"response = {send}", headers, f", {sent!r})")
    yield f"    assert response.status == {call.status!r}"
    if received is None:
        return
    try:
        yield from _statement("assert response.json() == ", json.loads(received), "")
    except ValueError:
        yield f"    assert response.body == {received!r}"


def _statement(before: str, value: Any, after: str) -> Iterator[str]:
    """Write a statement with a value that may take several lines."""
    lines = pprint.pformat(value, width=100, sort_dicts=False).split("\n")
    margin = " " * (4 + len(before))
    lines = [f"    {before}{lines[0]}", *(margin + line for line in lines[1:])]
    lines[-1] += after
    yield from lines


def write_curl(capsule: Capsule) -> str:
    """Write a POSIX shell script with curl lines that send the same bytes. Comments name what cannot be sent.

    It calls the mock at $MOCK, with a new key for each world. A capsule may be hostile, so its texts become quoted
    words and comments of one line.
    """
    lines = ["#!/bin/sh", f"# {_in_line(capsule.test)}", "set -eu", "MOCK=${MOCK:-http://127.0.0.1:4055}"]
    for number, world in enumerate(capsule.worlds, 1):
        restore = WorldChange("PUT", "/state", world.state)
        lines += ["", f"KEY=mock-replay-$$-{number}", _control_line(restore)]
        for step in world.steps:
            lines += _call_lines(step) if isinstance(step, Call) else [_control_line(step)]
    return "\n".join(lines) + "\n"


def _control_line(change: WorldChange) -> str:
    words = ["curl -sS -o /dev/null --globoff", f"--request {shlex.quote(change.method)}"]
    body = b"" if change.body is None else json.dumps(change.body).encode()
    return _curl(words, f'"$MOCK"{shlex.quote(f"/_mock{change.path}?key=")}"$KEY"', body)


def _call_lines(call: Call) -> Iterator[str]:
    yield _in_line(f"# {call.status} at {call.record['time']}")
    body = call.request.body
    if body is None:
        yield f"# Left out: {_in_line(call)}. The mock does not remember its whole body."
        return
    if not call.target.startswith("/"):
        yield f"# Left out: {_in_line(call)}. Its target is not a path."
        return
    form = _form_flags(call)
    words = ["curl -sS -i --globoff --path-as-is"]
    words.append("--head" if call.method == "HEAD" else f"--request {shlex.quote(call.method)}")
    headers = _headers(call, _KEY)
    if body and "Content-Type" not in headers:
        words.append("--header Content-Type:")  # or curl adds one
    for name, value in headers.items():
        if not value.isascii():
            yield f"# Left out: the header {_in_line(name)}, which is not ASCII."
        elif not re.fullmatch(_HEADER_NAME, name):
            yield f"# Left out: {_in_line(name)}, which is not the name of a header."
        elif name.lower() not in _NOT_CURLS and not (form and name == "Content-Type"):
            words.append(f"--header {shlex.quote(f'{name}: {value}').replace(_KEY, _QUOTED_KEY)}")
    url = f'"$MOCK"{shlex.quote(_target(call))}'
    line = _curl([*words, *form], url, b"" if form else body)
    if call.is_cut_off:
        said = f"as the response is cut off ({call.wire})"
        yield f"{line} || printf '\\ncurl: %s, %s\\n' $? {shlex.quote(said)}"
    else:
        yield f"{line}; echo"


def _in_line(said: str | Call) -> str:
    """Return a text, or method and target of a call, without line breaks, for a comment."""
    text = said if isinstance(said, str) else f"{said.method} {said.target}"
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _curl(words: Sequence[str], url: str, body: bytes) -> str:
    """Write a command that sends a body unchanged: a short text as an argument, else through a pipe."""
    command = " ".join(words)
    if not body:
        return f"{command} {url}"
    if len(body) <= _ARGUMENT and (text := _plain_text(body)) is not None:
        return f"{command} --data-raw {shlex.quote(text)} {url}"
    return f"printf %s {base64.b64encode(body).decode()} | base64 -d | {command} --data-binary @- {url}"


def _form_flags(call: Call) -> list[str]:
    """Return curl's flags for a form, if curl then writes the same bytes except for the boundary."""
    content_type = call.request.headers.get("Content-Type", "")
    boundary = re.fullmatch(r'multipart/form-data; *boundary="?([^";]+)"?', content_type)
    if boundary is None or call.request.body is None or len(call.request.body) > _ARGUMENT:
        return []
    fields = [(part["name"] or "", _plain_text(part["preview"].encode())) for part in call.request.parts]
    if not all(value is not None and re.fullmatch(_CURLS_NAME, name) for name, value in fields):
        return []
    head = f'--{boundary[1]}\r\nContent-Disposition: form-data; name="'
    body = "".join(f'{head}{name}"\r\n\r\n{value}\r\n' for name, value in fields) + f"--{boundary[1]}--\r\n"
    if body.encode() != call.request.body:
        return []
    return [f"--form-string {shlex.quote(f'{name}={value}')}" for name, value in fields]


def _plain_text(body: bytes) -> str | None:
    """Return a body as text that a shell script can hold, or None."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return text if text.replace("\n", "").isprintable() else None


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
        "response": _har_response(call),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
    }


def _har_response(call: Call) -> dict[str, Any]:
    response = call.response
    facts = {
        "status": call.status,
        "statusText": responses.get(call.status, ""),
        **_har_message(response),
        "content": {
            "size": response.size,
            "mimeType": response.headers.get("Content-Type", ""),
            **_har_body(response),
        },
        "redirectURL": response.headers.get("Location", ""),
    }
    if not call.is_cut_off:
        return facts
    # As browsers do: status 0 if no response arrived, and the part of the body that arrived.
    arrived = (response.body or b"")[: response.size // 2] if call.wire == "truncate" else b""
    facts["comment"] = (
        f"The fault {call.wire!r} cut the response of {response.size} bytes and status {call.status} off."
    )
    facts |= {"_error": f"cut off: {call.wire}", "bodySize": len(arrived)}
    facts["content"] = {**facts["content"], "size": len(arrived), "text": arrived.decode(errors="replace")}
    if call.wire in {"drop", "reset"}:
        facts |= {"status": 0, "statusText": "", "headers": [], "redirectURL": ""}
    return facts


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

    HAR 1.2 has `encoding` only for responses, but most tools also use it for requests.
    """
    body = message.body
    if body is None:
        comment = f"The beginning of {message.size} bytes. The mock does not remember the rest."
        return {"text": message.text or "", "comment": comment}
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(body).decode(), "encoding": "base64"}
