"""Which behaviours of the API a test suite exercised, and which it did not."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mock_server.cli.terminal import table
from mock_server.client.control import ControlError, HTTPChannel, Unreachable
from mock_server.client.world import RunningMock

_Name = tuple[str, str, str]


class SuiteMeasure:
    """A figure in percent, with details in a file and a minimum: `--bitpeak-NAME`, `…-json FILE`, `…-fail-under N`.

    Raises pytest.UsageError if the file cannot be written. This is checked at the start, because a run may be long.
    """

    name: str

    def __init__(self, config: pytest.Config) -> None:
        self._file = _file_of(config, f"bitpeak_{self.name}_json")
        self._least: float | None = config.getoption(f"bitpeak_{self.name}_fail_under")
        asked = config.getoption(f"bitpeak_{self.name}")
        self.wanted = bool(asked or self._file or self._least is not None)

    @property
    def percent(self) -> float:
        """The figure; 0 if there is nothing to measure."""
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        """Return the content of the file."""
        raise NotImplementedError

    def judge(self, session: pytest.Session) -> None:
        """Write the file. Fail the run if the figure is too low."""
        if self._file is not None:
            self._file.write_text(json.dumps(self.facts(), indent=2) + "\n", encoding="utf-8")
        if self._least is not None and self.percent < self._least and session.exitstatus in {0, 5}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def write(self, terminal: pytest.TerminalReporter) -> None:
        """Show the verdict. Subclasses show their details first."""
        if self._least is not None and self.percent < self._least:
            bar = f"{self._least:g} % of --bitpeak-{self.name}-fail-under"
            terminal.line(f"FAIL: less than the {bar}", red=True)


def _file_of(config: pytest.Config, name: str) -> Path | None:
    """Return the file of a flag, if it is given. Its folder is made, as for --junit-xml."""
    given: str | None = config.getoption(name)
    if given is None:
        return None
    flag, path = f"--{name.replace('_', '-')}", Path(config.invocation_params.dir, given)
    if path.is_dir():
        raise pytest.UsageError(f"{flag}: {path} is a folder. Name a file in it.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"cannot make the folder {path.parent} ({error.strerror})"
        raise pytest.UsageError(f"{flag}: {reason}. Choose another.") from None
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise pytest.UsageError(f"{flag}: cannot write {path}. Check its permissions or choose another.")
    return path


class SuiteCoverage(SuiteMeasure):
    """Adds up the behaviours that the mocks of a run have seen, by `Coverage` of `openapi/control.yaml`."""

    name = "cov"

    def __init__(self, config: pytest.Config) -> None:
        super().__init__(config)
        self._seen: Counter[_Name] = Counter()
        self._foreign: tuple[str, str | None] | None = None
        self._trouble = ""

    def begin(self, url: str, token: str | None) -> None:
        """Subtract what a running mock has seen before the tests."""
        if self.wanted:
            self._foreign = url, token
            self._seen.update({name: -count for name, count in self._asked(url, token).items()})

    def end(self) -> None:
        """Add what this mock has seen since."""
        if self._foreign is not None:
            self._seen.update(self._asked(*self._foreign))

    def ask(self, url: str) -> None:
        """Add what a mock of the run has seen."""
        self._seen.update(self._asked(url, None))

    def add(self, behaviours: Iterable[Mapping[str, Any]]) -> None:
        """Add what another process has seen."""
        self._seen.update(_counted(behaviours))

    @property
    def percent(self) -> float:
        """The share of behaviours that were exercised."""
        return 100.0 * self._total() / len(self._seen) if self._seen else 0.0

    def facts(self) -> dict[str, Any]:
        """Return what `GET /_mock/coverage` would say of the whole run."""
        behaviours = [
            {"kind": kind, "name": name, "operation": operation, "seen": count}
            for (kind, name, operation), count in self._seen.items()
        ]
        percent = round(self.percent, 1)
        return {"behaviours": behaviours, "seen": self._total(), "total": len(behaviours), "percent": percent}

    def write(self, terminal: pytest.TerminalReporter) -> None:
        """Show a row for each operation, and what was never exercised."""
        terminal.section("bitpeak-mock: behaviours of the API that were exercised")
        if not self._seen:
            terminal.line(self._trouble or "none: no test asked for a mock")
        else:
            terminal.line(table(("OPERATION", "CALLS", "REFUSALS", "TYPES", "PAGES"), self._rows()))
            if missing := list(self._missing()):
                terminal.line("\nnever exercised")
                terminal.line(table(("OPERATION", "WHAT", "WHICH"), missing))
            terminal.line(f"\n{self._total()} of {len(self._seen)} behaviours, {self.percent:.1f} %")
        super().write(terminal)

    def _total(self) -> int:
        return sum(count > 0 for count in self._seen.values())

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for operation in self._operations():
            calls = str(self._seen["operation", operation, operation])
            yield operation, calls, *(self._share(kind, operation) for kind in ("refusal", "type", "page"))

    def _missing(self) -> Iterator[tuple[str, ...]]:
        kinds = {"operation": "call", "refusal": "refusals", "type": "types", "page": "pages"}
        for operation in self._operations():
            for kind, plural in kinds.items():
                names = [name for name, count in self._of(kind, operation) if count <= 0]
                if names:
                    yield operation, plural, "at all" if kind == "operation" else ", ".join(names)

    def _share(self, kind: str, operation: str) -> str:
        counts = [count for _, count in self._of(kind, operation)]
        return f"{sum(count > 0 for count in counts)} of {len(counts)}" if counts else "-"

    def _of(self, kind: str, operation: str) -> list[tuple[str, int]]:
        return [(name, count) for (k, name, o), count in self._seen.items() if (k, o) == (kind, operation)]

    def _operations(self) -> list[str]:
        return list(dict.fromkeys(operation for _, _, operation in self._seen))

    def _asked(self, url: str, token: str | None) -> Counter[_Name]:
        try:
            with RunningMock(HTTPChannel(url, token=token)) as mock:
                return _counted(mock.coverage()["behaviours"])
        except (Unreachable, ControlError) as error:
            self._trouble = str(error)
            return Counter()


def _counted(behaviours: Iterable[Mapping[str, Any]]) -> Counter[_Name]:
    counted: Counter[_Name] = Counter()
    for each in behaviours:
        counted[each["kind"], each["name"], each["operation"]] += each["seen"]
    return counted
