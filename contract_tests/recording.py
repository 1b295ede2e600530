"""Recordings, which keep a run's redacted exchanges, a line of JSON each; and a proxy that records a client's calls."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import parse_qsl, urlsplit

from contract_tests.document import Facts
from contract_tests.guard.exchange import Exchange, FormField, Reply, Request, printable
from contract_tests.guard.guard import Door, Guard
from contract_tests.judge.statements import RESPONSES
from contract_tests.judge.verdicts import Conformity
from contract_tests.run.settings import Code, Stop
from contract_tests.target.api import TargetResponse
from mock_server.document import (
    RECORDING,
    RECORDING_DATE,
    DocumentError,
    line_of,
    read_bytes,
    read_recorded,
    recorded_lines,
)

Clean = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class TapedExchange:
    """An exchange and its time."""

    at: str
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Recording:
    """A file's content. `digest` is that of the document at the run's start; `answers` are the answers that it found.

    If the run was killed, the last line is missing: `answers` is then empty, and `is_whole` is False.
    """

    date: datetime
    target: str
    digest: str
    exchanges: tuple[TapedExchange, ...]
    answers: Mapping[str, str]
    findings: int | None
    is_whole: bool


class Tape:
    """Writes a recording while exchanges take place. Raises Stop (CANNOT) if the file cannot be opened.

    If the disk fails later, the rest is left out, and `fault` says so.
    """

    def __init__(self, file: Path, target: str, digest: str, clean: Clean) -> None:
        self._clean = clean
        self._lock = threading.Lock()
        self._file = file
        self.fault = ""
        try:
            self._stream: TextIO | None = file.open("w", encoding="utf-8", newline="\n")
        except OSError as error:
            raise Stop(
                Code.CANNOT, f"the recording {file} cannot be written: {error.strerror or error}"
            ) from error
        head = {"recording": RECORDING, "date": _now(), "target": target, "document": digest}
        self._write(head)

    def take(self, exchange: Exchange) -> None:
        """Write an exchange."""
        if not exchange.refused and not exchange.failed:
            self._write({"at": _now(), **as_data(exchange)})

    def close(self, answers: Mapping[str, str], findings: int | None = None) -> None:
        """Write the last line and close the file. Closing twice is harmless."""
        self._write({"end": _now(), "answers": dict(answers), "findings": findings})
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._stream is not None:
            with suppress(OSError):  # a failed write leaves data that closing would try to write again
                self._stream.close()
            self._stream = None

    def _write(self, data: Mapping[str, Any]) -> None:
        line = self._clean(json.dumps(data, separators=(",", ":")))
        with self._lock:
            if self._stream is None:
                return
            try:
                self._stream.write(f"{line}\n")
                self._stream.flush()
            except OSError as error:
                self.fault = f"The recording {self._file} is not whole: {error.strerror or error}."
                self._end()


def as_data(exchange: Exchange) -> dict[str, Any]:
    """Return an exchange as the data of its line."""
    return {
        "operation": exchange.operation,
        "request": {
            "method": exchange.method,
            "url": exchange.url,
            "headers": [list(pair) for pair in exchange.request_headers],
            "media_type": exchange.media_type,
            "form": [list(field) for field in exchange.form],
            "raw": exchange.raw,
        },
        "answer": {
            "status": exchange.status,
            "headers": [list(pair) for pair in exchange.headers],
            "body": exchange.body,
            "milliseconds": round(exchange.milliseconds, 3),
        },
    }


def read_recording(file: Path) -> Recording:
    """Read a recording. Raises Stop (CANNOT), with the line number, if the file is not a recording."""
    try:
        told = read_recorded(file)
        lines = recorded_lines(read_bytes(file).decode())
        exchanges = []
        for number, line in enumerate(lines[1 : 1 + told.exchanges], start=2):
            exchanges.append(_exchange(line_of(file, number, line)))
    except DocumentError as error:
        raise Stop(Code.CANNOT, str(error)) from None
    except OSError as error:
        raise Stop(Code.CANNOT, f"{file} cannot be read: {error.strerror or error}") from None
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Stop(
            Code.CANNOT, f"{file}:{number}: this is not an exchange ({type(error).__name__}: {error})"
        ) from error
    return Recording(
        told.date, told.target, told.digest, tuple(exchanges), told.answers, told.findings, told.is_whole
    )


def _exchange(data: Mapping[str, Any]) -> TapedExchange:
    asked, answer = data["request"], data["answer"]
    exchange = Exchange(
        method=_text(asked["method"]), url=_url(asked["url"]), operation=_text(data["operation"]),
        request_headers=_pairs(asked["headers"]), media_type=_text(asked["media_type"]),
        form=tuple(_field(*field) for field in asked["form"]), raw=_text(asked["raw"]), status=int(answer["status"]),
        headers=_pairs(answer["headers"]), body=_text(answer["body"]), milliseconds=float(answer["milliseconds"]),
    )  # fmt: skip
    return TapedExchange(_text(data["at"]), exchange)


def _pairs(pairs: Iterable[Iterable[Any]]) -> tuple[tuple[str, str], ...]:
    return tuple((_text(name), _text(value)) for name, value in pairs)


def _field(name: Any, value: Any, filename: Any = None) -> FormField:
    return FormField(_text(name), _text(value), None if filename is None else _text(filename))


def _url(value: Any) -> str:
    urlsplit(_text(value))
    return _text(value)


def _text(value: Any) -> str:
    """Return a text of a recording. Raises TypeError for anything else."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is not a text")
    return value


def _now() -> str:
    return datetime.now(UTC).strftime(RECORDING_DATE)


_UNKNOWN = -1


def as_har(recording: Recording) -> dict[str, Any]:
    """Return a recording as the data of a HAR file."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "bitpeak-mock", "version": version("bitpeak-mock")},
            "comment": f"{recording.target}, {recording.date:%Y-%m-%d}; keys and rows of others are taken out",
            "entries": [_entry(each) for each in recording.exchanges],
        }
    }


def _entry(recorded: TapedExchange) -> dict[str, Any]:
    exchange = recorded.exchange
    return {
        "startedDateTime": recorded.at,
        "time": exchange.milliseconds,
        "request": _request(exchange),
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": exchange.milliseconds, "receive": 0},
        "comment": exchange.operation,
    }


def _request(exchange: Exchange) -> dict[str, Any]:
    query = parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True)
    request: dict[str, Any] = {
        "method": exchange.method,
        "url": exchange.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(exchange.request_headers),
        "queryString": _named(query),
        "headersSize": _UNKNOWN,
        "bodySize": _UNKNOWN,
    }
    if exchange.media_type:
        # HAR 1.2 allows either the fields or the text.
        sent = (
            {"params": [_param(field) for field in exchange.form]} if exchange.form else _body(exchange.raw)
        )
        request["postData"] = {"mimeType": exchange.media_type, **sent}
    return request


def _param(field: FormField) -> dict[str, str]:
    file = {"fileName": field.filename} if field.filename else {}
    return {"name": field.name, **_body(field.value, "value"), **file}


def _body(text: str, name: str = "text") -> dict[str, str]:
    """Return a body for a HAR file: as text, or in Base64 if it has bytes that are not UTF-8 (lone surrogates here).

    HAR 1.2 defines `encoding` for responses only. Tools that keep such bodies mostly use it for requests, too.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return {name: base64.b64encode(_bytes(text)).decode(), "encoding": "base64"}
    return {name: text}


def _bytes(text: str) -> bytes:
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:  # somebody edited the recording
        return text.encode(errors="surrogatepass")


def _response(exchange: Exchange) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in exchange.headers}
    return {
        "status": exchange.status,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(exchange.headers),
        "content": {
            "size": len(exchange.body.encode(errors="surrogatepass")),
            "mimeType": headers.get("content-type", ""),
            "text": exchange.body,
        },
        "redirectURL": headers.get("location", ""),
        "headersSize": _UNKNOWN,
        "bodySize": _UNKNOWN,
    }


def _named(pairs: Any) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


# Called with each exchange and sentences on what is wrong with it.
Told = Callable[[Exchange, list[str]], None]


class RecordingProxy:
    """Serves on a port of 127.0.0.1 while it is open. `complaints` counts what was wrong with responses.

    A client needs no key of the service: any key with the mock's prefix stands for the run's key, which only the guard
    holds. Other keys are passed on unchanged. `hosts` are names, beside those of loopback, by which clients may call
    it. Raises OSError if the port is taken.
    """

    def __init__(
        self, guard: Guard, facts: Facts, port: int, tell: Told, hosts: Collection[str] = ()
    ) -> None:
        self._guard = guard
        self._facts = facts
        self._conformity = Conformity(facts)
        self._tell = tell
        schemes = facts.document["components"]["securitySchemes"].values()
        self._prefix = next(
            (node["x-mock-keys"]["prefix"] for node in schemes if "x-mock-keys" in node), "mock"
        )
        self.complaints = 0
        guard.on_exchange(self._judge)
        self._door = Door(self._answer, port, hosts)
        self.url = f"http://127.0.0.1:{self._door.port}{facts.base_path}"

    def close(self) -> None:
        """Stop serving."""
        self._door.close()

    def _answer(self, request: Request) -> Reply:
        headers = tuple((name, self._authorized(name, value)) for name, value in request.headers)
        return self._guard.pass_on(request._replace(headers=headers), self.url)

    def _authorized(self, name: str, value: str) -> str:
        scheme, _, key = value.partition(" ")
        if name.lower() == "authorization" and key.strip().startswith(self._prefix):
            return f"{scheme} {self._guard.placeholder_key}"
        return value

    def _judge(self, exchange: Exchange) -> None:
        found = self._complaints(exchange)
        self.complaints += len(found)
        self._tell(exchange, found)

    def _complaints(self, exchange: Exchange) -> list[str]:
        kind = self._facts.kind_of(exchange.operation)
        if not kind or exchange.refused or exchange.failed:
            return []
        response = TargetResponse.of(exchange)
        if 200 <= exchange.status < 300:
            return [one.sentence for one in self._conformity.success(kind, response)]
        known = [
            one for one in self._facts.operation(kind).refusals.values() if one.status == exchange.status
        ]
        if not known:
            return [f"{exchange.operation} answered {exchange.status}, which the document does not have."]
        judged = [self._conformity.refusal(kind, response, refusal, RESPONSES) for refusal in known]
        return [] if [] in judged else [one.sentence for one in judged[0]]


def as_line(exchange: Exchange, complaints: list[str]) -> str:
    """Return an exchange as one line for a terminal."""
    path = exchange.url
    with suppress(ValueError):
        path = "/" + exchange.url.split("/", 3)[3]
    said = (exchange.refused and f"not sent ({exchange.refused})") or exchange.failed or str(exchange.status)
    lines = [f"{exchange.method:6} {path} {said}", *(f"  ! {complaint}" for complaint in complaints)]
    return "\n".join(map(printable, lines))
