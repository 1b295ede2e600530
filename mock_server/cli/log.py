"""The log of `serve`: a line for each request, and warnings and hints below it.

A separate thread writes the lines, so that a slow terminal or a full pipe does not delay responses.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_plus

from mock_server.cli.terminal import clean, remark_lines

if TYPE_CHECKING:
    from mock_server.contract import Contract
    from mock_server.state.journal import Exchange

_SECRET = re.compile("key|token|secret", re.IGNORECASE)
_COLOURS = {"2": "32", "3": "36", "4": "33", "5": "31"}
_MAGENTA = "35"

# Seconds to gather lines for one write: too short to notice, and a busy mock writes less often.
_GATHER = 0.01
# The most lines that wait to be written. More lines are dropped, so that memory is bounded.
_MOST = 10_000


class Note(NamedTuple):
    """An event that is not a request: its name, one sentence, and facts for programs."""

    event: str
    sentence: str
    facts: Mapping[str, Any]


@dataclass(slots=True)
class Format:
    """How lines look: "text" for people, in colour on a terminal, or "json" for programs.

    `key_prefix` is what the mock's keys begin with.
    """

    form: str = "text"
    verbose: bool = False
    coloured: bool = False
    key_prefix: str = ""

    def lines(self, moment: float, event: Exchange | Note) -> str:
        """Write an event of this time, in seconds since 1970."""
        if self.form == "json":
            return json.dumps(self._facts(moment, event)) + "\n"
        if isinstance(event, Note):
            return "".join(f"{clean(line)}\n" for line in event.sentence.splitlines())
        words = [
            time.strftime("%H:%M:%S", time.localtime(moment)),
            f"{clean(event.method) or '-':<6}",
            clean(redacted(event.target, self.key_prefix)) or "-",
            self._paint(str(event.status), _COLOURS.get(str(event.status)[0], _MAGENTA)),
            f"{_milliseconds(event)}ms",
            clean(event.key),
        ]
        if self.verbose:
            words += [clean(word) for word in (event.operation, event.refusal) if word]
        below = (self._paint(remark, _MAGENTA) for remark in remarks(event))
        return "\n".join([" ".join(words), *below, ""])

    def _facts(self, moment: float, event: Exchange | Note) -> dict[str, Any]:
        at = {"ts": datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")}
        if isinstance(event, Note):
            return {**at, "event": event.event, "sentence": event.sentence, **event.facts}
        return {
            **at,
            "event": "request",
            "method": event.method,
            "path": redacted(event.target, self.key_prefix),
            "status": event.status,
            "ms": _milliseconds(event),
            "key": event.key,
            "operation": event.operation or None,
            "refusal": event.refusal or None,
            "hint": event.hint or None,
            "violations": [{"code": each.code, "sentence": each.sentence} for each in event.violations],
            "defect": event.defect or None,
        }

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self.coloured else text


def remarks(exchange: Exchange) -> Iterator[str]:
    """Yield the warnings and hints about an exchange, indented."""
    sentences = (violation.sentence for violation in exchange.violations)
    yield from (f"  {line}" for line in remark_lines(sentences, exchange.hint, exchange.defect))


def redacted(target: str, key_prefix: str) -> str:
    """Return a target without values in its query whose names or beginnings are those of keys."""
    path, mark, query = target.partition("?")
    return path + mark + "&".join(_redacted_pair(pair, key_prefix) for pair in query.split("&"))


def _redacted_pair(pair: str, key_prefix: str) -> str:
    name, sign, value = pair.partition("=")
    is_key = _SECRET.search(unquote_plus(name)) or (key_prefix and unquote_plus(value).startswith(key_prefix))
    return f"{name}{sign}…" if value and is_key else pair


def _milliseconds(exchange: Exchange) -> float:
    return round(exchange.seconds * 1000, 2)


class Log(logging.Handler):
    """Writes exchanges and notes in order, in a thread of its own, until it is closed.

    `observe` and `note` may be called from any thread, and neither wait nor raise. As a context manager, the log also
    writes the warnings of Python's `logging`.
    """

    def __init__(self, form: str = "text", quiet: bool = False, verbose: bool = False) -> None:
        super().__init__(logging.WARNING)
        self._quiet = quiet
        self._format = Format(form, verbose, coloured=form == "text" and is_colourful())
        self._dropped = 0
        self._queue: SimpleQueue[tuple[float, Exchange | Note] | None] = SimpleQueue()
        self._write = _standard_error()
        self._thread = threading.Thread(target=self._run, name="mock-log", daemon=True)
        self._thread.start()

    def follow(self, contract: Contract) -> None:
        """Hide the keys of this contract from now on."""
        self._format.key_prefix = contract.service.key_prefix

    def observe(self, exchange: Exchange) -> None:
        """Log an exchange. A quiet log takes only those with an internal error."""
        if not self._quiet or exchange.defect:
            self._put(exchange)

    def note(self, event: str, sentence: str, **facts: Any) -> None:
        """Log something other than an exchange. The facts are only for JSON."""
        self._put(Note(event, sentence, facts))

    def emit(self, record: logging.LogRecord) -> None:
        """Note a warning of Python's `logging`. A quiet log takes only errors."""
        if self._quiet and record.levelno < logging.ERROR:
            return
        self.note(record.levelname.lower(), self.format(record), logger=record.name)

    def close(self) -> None:
        """Write the waiting lines, for at most a second."""
        self._queue.put(None)
        self._thread.join(1.0)
        super().close()

    def __enter__(self) -> Log:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)
        self.close()

    def _put(self, event: Exchange | Note) -> None:
        if self._queue.qsize() < _MOST:
            self._queue.put((time.time(), event))
        else:
            self._dropped += 1

    def _run(self) -> None:
        is_open = True
        while is_open:
            batch = [self._queue.get()]
            if batch[0] is not None:
                time.sleep(_GATHER)
            with contextlib.suppress(Empty):
                while len(batch) < _MOST and batch[-1] is not None:
                    batch.append(self._queue.get_nowait())
            is_open = batch[-1] is not None
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                note = Note(
                    "lost", f"{dropped} lines were dropped, because the log is not read fast enough.", {}
                )
                batch.insert(0, (time.time(), note))
            # If these lines cannot be written, the next ones must be.
            with contextlib.suppress(Exception):
                self._write("".join(self._lines(batch)))

    def _lines(self, batch: list[tuple[float, Exchange | Note] | None]) -> Iterator[str]:
        for item in batch:
            if item is not None:
                with contextlib.suppress(Exception):
                    yield self._format.lines(*item)


def is_colourful() -> bool:
    """Tell whether standard error is a terminal with colours, and the user wants them."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or sys.platform == "win32"
    return not plain and sys.stderr is not None and sys.stderr.isatty()


def _standard_error() -> Callable[[str], None]:
    """Return a function that writes a text to standard error, or drops it if the stream is closed.

    Pipes are written without Python's buffer: a thread that blocks in the buffer while the process ends would crash the
    interpreter.
    """
    stream = sys.stderr
    try:
        descriptor = stream.fileno()
    except (AttributeError, OSError, ValueError):
        return lambda _: None
    if stream.isatty():
        return _to_terminal
    encoding = stream.encoding or "utf-8"
    return lambda text: _to_pipe(descriptor, text.encode(encoding, "backslashreplace"))


def _to_terminal(text: str) -> None:
    # By Python's own stream, which knows the encoding of a Windows console.
    sys.stderr.write(text)
    sys.stderr.flush()


def _to_pipe(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except BlockingIOError:
            time.sleep(_GATHER)
