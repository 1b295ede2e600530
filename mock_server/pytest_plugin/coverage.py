"""Which behaviours of the API a test suite exercised, and which never."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from mock_server.cli.table import table
from mock_server.client import ControlError, Mock, Unreachable
from mock_server.pytest_plugin.options import file_of

Behaviour = Mapping[str, Any]
_Name = tuple[str, str, str]


class Coverage:
    """Sums up what the mocks of a run have seen, by `Coverage` of openapi/control.yaml."""

    def __init__(self, config: pytest.Config) -> None:
        self._file = file_of(config, "bitpeak_cov_json")
        self._least: float | None = config.getoption("bitpeak_cov_fail_under")
        self.wanted = bool(config.getoption("bitpeak_cov") or self._file or self._least is not None)
        self._seen: Counter[_Name] = Counter()
        self._foreign: tuple[str, str | None] | None = None
        self._trouble = ""

    def begin(self, url: str, token: str | None) -> None:
        """Take off what a mock that ran before had seen before."""
        if self.wanted:
            self._foreign = url, token
            before = Counter({name: -count for name, count in self._asked(url, token).items()})
            self._seen.update(before)

    def end(self) -> None:
        """Take what that mock has seen since."""
        if self._foreign is not None:
            self._seen.update(self._asked(*self._foreign))

    def ask(self, url: str) -> None:
        """Take what a mock of the run has seen."""
        self._seen.update(self._asked(url, None))

    def add(self, behaviours: Iterable[Behaviour]) -> None:
        """Take what was seen elsewhere."""
        self._seen.update(_counted(behaviours))

    @property
    def percent(self) -> float:
        """How much of it was seen; 0 where no mock was asked for anything."""
        return (
            100.0 * sum(count > 0 for count in self._seen.values()) / len(self._seen) if self._seen else 0.0
        )

    def judge(self, session: pytest.Session) -> None:
        """Write the file; fail the run where too little was seen."""
        if self._file is not None:
            self._file.write_text(json.dumps(self.facts(), indent=2) + "\n", encoding="utf-8")
        if self._least is not None and self.percent < self._least and session.exitstatus in {0, 5}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def facts(self) -> dict[str, Any]:
        """Return what the file has: as `GET /_mock/coverage` would say it of the whole run."""
        behaviours = [
            {"kind": kind, "name": name, "operation": operation, "seen": count}
            for (kind, name, operation), count in self._seen.items()
        ]
        seen = sum(count > 0 for count in self._seen.values())
        percent = round(self.percent, 1)
        return {"behaviours": behaviours, "seen": seen, "total": len(behaviours), "percent": percent}

    def write(self, terminal: pytest.TerminalReporter) -> None:
        """Show it on the terminal."""
        terminal.section("bitpeak-mock: behaviours of the API that were exercised")
        if not self._seen:
            terminal.line(self._trouble or "none: no test asked for a mock")
        else:
            terminal.line(table(("OPERATION", "CALLS", "REFUSALS", "TYPES", "PAGES"), self._rows()))
            missing = list(self._missing())
            if missing:
                terminal.line("\nnever exercised")
                terminal.line(table(("OPERATION", "WHAT", "WHICH"), missing))
            seen = sum(count > 0 for count in self._seen.values())
            terminal.line(f"\n{seen} of {len(self._seen)} behaviours, {self.percent:.1f} %")
        if self._least is not None and self.percent < self._least:
            terminal.line(f"FAIL: less than the {self._least:g} % of --bitpeak-cov-fail-under", red=True)

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for operation in self._operations():
            calls = self._seen["operation", operation, operation]
            yield (
                operation,
                str(calls),
                *(self._share(kind, operation) for kind in ("refusal", "type", "page")),
            )

    def _missing(self) -> Iterator[tuple[str, ...]]:
        for operation in self._operations():
            for kind, plural in (
                ("operation", "call"),
                ("refusal", "refusals"),
                ("type", "types"),
                ("page", "pages"),
            ):
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
            with Mock(url, token) as mock:
                return _counted(mock.coverage()["behaviours"])
        except (Unreachable, ControlError) as error:
            self._trouble = str(error)
            return Counter()


def _counted(behaviours: Iterable[Behaviour]) -> Counter[_Name]:
    counted: Counter[_Name] = Counter()
    for each in behaviours:
        counted[each["kind"], each["name"], each["operation"]] += each["seen"]
    return counted
