"""What the tests of a run came to, collected as they end."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field

import pytest

from contract_tests.report import Defect, Trial
from contract_tests.report.finding import Finding, Happened, Origin, defects_of, findings_of
from contract_tests.session.opening import Opening
from contract_tests.session.selection import suite_of

# The guard's reasons for which a test has not come to its end, and that say nothing of the service.
_CUT = {
    "budget": "the requests that the run may make were used up",
    "closing": "the run was ending",
    "ledger": "the ledger could not be written",
    "halted": "the run writes no more, as the guard's finding says",
}


@dataclass
class Results:
    """Tests by their node id, and the findings in the order in which they came."""

    opening: Opening
    tests: dict[str, Trial] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)
    _node: str = ""
    _errors: list[BaseException] = field(default_factory=list, repr=False)  # of that test

    def take(self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
        """Take a part of a test that ended: its body, or a failing preparation or tidying."""
        if report.when != "call" and report.passed:
            return
        outcome, reason = report.outcome, ""
        if report.failed and (cut := self._cut()):
            # A test that was not let to its end has found nothing.
            outcome = report.outcome = "skipped"
            report.longrepr = (str(item.path), 0, f"Skipped: {cut}")
        if outcome == "skipped":
            reason = self.opening.clean(_reason(report))
        elif outcome == "failed":
            self._find(item, call)
        before = self.tests.get(item.nodeid)
        if before is None or before.outcome != "failed":
            self.tests[item.nodeid] = Trial(suite_of(item), item.name, outcome, report.duration, reason)

    def _cut(self) -> str:
        exchanges = self.opening.run.trace.exchanges()
        return _CUT.get(exchanges[-1].refused, "") if exchanges else ""

    def _find(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Make findings of a failure, once; a test whose parts failed before fails again in the end."""
        if call.excinfo is None or not self._is_new(item.nodeid, call.excinfo.value):
            return
        error, trace, clean = call.excinfo.value, self.opening.run.trace, self.opening.clean
        # What a probe has sent is whole; of what others have sent before a test, it may need some.
        is_probe = item.get_closest_marker("question") is not None
        happened = Happened(trace.exchanges(), () if is_probe else trace.earlier_writes())
        origin = Origin(suite_of(item), item.name)
        self.findings += findings_of(origin, error, happened, clean)
        for each in defects_of(error, happened):
            self.fail(f"{suite_of(item)}: {item.name}", each)

    def fail(self, where: str, error: BaseException) -> None:
        """Take an error of this program, which says nothing of the service."""
        clean = self.opening.clean
        text = "".join(traceback.format_exception(error))
        self.defects.append(Defect(where, clean(f"{type(error).__name__}: {error}"), clean(text)))

    def _is_new(self, node: str, error: BaseException) -> bool:
        # The errors themselves, since another one may have the id of one that is gone.
        if node != self._node:
            self._node, self._errors = node, []
        if any(error is known for known in self._errors):
            return False
        self._errors.append(error)
        return True


def _reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr or "")
