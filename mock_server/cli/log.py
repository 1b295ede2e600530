"""The log: a line for each request, with what the caller should know beneath it."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from mock_server.cli.lines import Note, Style, json_line, text_line
from mock_server.cli.writer import Writer
from mock_server.contract import Contract
from mock_server.state.journal import Exchange


class Wants(NamedTuple):
    """How much is logged, and in which form: "text" or "json"."""

    form: str = "text"
    quiet: bool = False
    verbose: bool = False


class Log:
    """Hears of exchanges and of what else happens. As a context manager it takes Python's own log in, too."""

    def __init__(self, wants: Wants) -> None:
        self.hints: Mapping[str, str] = {}
        self.key_prefix = ""
        self._quiet = wants.quiet
        style = Style(wants.verbose, wants.form == "text" and is_colourful())
        if wants.form == "json":
            self._writer: Writer[tuple[float, Exchange | Note]] = Writer(
                lambda item: json_line(item, self.key_prefix), _lost
            )
        else:
            self._writer = Writer(lambda item: text_line(item, self.hints, style, self.key_prefix), _lost)
        self._handler = _Handler(self)

    def observe(self, exchange: Exchange) -> None:
        """Log an exchange. A quiet log has only defects."""
        if not self._quiet or exchange.defect:
            self._writer.put((time.time(), exchange))

    def note(self, event: str, sentence: str, **facts: Any) -> None:
        """Log what is no exchange; `facts` are for JSON alone."""
        self._writer.put((time.time(), Note(event, sentence, facts)))

    def __enter__(self) -> Log:
        logging.getLogger().addHandler(self._handler)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self._handler)
        self._writer.close()


class _Handler(logging.Handler):
    """Passes on what the server and the corridor report by `logging`."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.note(record.levelname.lower(), self.format(record), logger=record.name)


def hints_for(contract: Contract) -> dict[str, str]:
    """Return, by refusal, what a caller whose key is refused should send."""
    service = contract.service
    send = f"send the header 'Authorization: Bearer {service.key_example}'"
    return {
        "missing_bearer": f"{send}; the word Bearer, one blank and a key are needed",
        "no_access": f"the mock's keys begin with {service.key_prefix!r}, and a real key never works here: {send}",
    }


def is_colourful() -> bool:
    """Tell whether standard error is a terminal that shows colours and the user wants them."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or sys.platform == "win32"
    return not plain and sys.stderr is not None and sys.stderr.isatty()


def _lost(count: int) -> tuple[float, Note]:
    return time.time(), Note("lost", f"{count} lines were not logged: nobody reads the log fast enough.", {})
