"""What the tests of a run came to, collected as they end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from contract_tests.probes import Outside
from contract_tests.probes.effective import Departure, Verdict
from contract_tests.report import Trial
from contract_tests.report.finding import Finding, Origin, findings_of
from contract_tests.report.reproduction import Happened
from contract_tests.session.opening import Opening
from contract_tests.session.selection import documented_by, suite_of

# The guard's reasons for which a test has not come to its end through nobody's fault.
_CUT = {"budget": "the requests that the run may make were used up", "closing": "the run was ending"}


@dataclass
class Results:
    """Tests by their node id, and the findings in the order in which they came."""

    opening: Opening
    tests: dict[str, Trial] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
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
        marker = item.get_closest_marker("question")
        question = str(marker.args[0]) if marker and marker.args else ""
        origin = Origin(suite_of(item), item.name, documented_by(item), question)
        trace = self.opening.run.trace
        # What a probe has sent is whole; of what others have sent before a test, it may need some.
        happened = Happened(trace.exchanges(), () if question else trace.earlier_writes())
        found = findings_of(origin, call.excinfo.value, happened, self.opening.clean)
        effective = self.opening.effective
        verdict = effective.verdicts.get(question) if effective is not None else None
        if verdict is not None:
            found = [_about(verdict, finding, call.excinfo.value) for finding in found]
        self.findings += found

    def _is_new(self, node: str, error: BaseException) -> bool:
        # The errors themselves, since another one may have the id of one that is gone.
        if node != self._node:
            self._node, self._errors = node, []
        if any(error is known for known in self._errors):
            return False
        self._errors.append(error)
        return True


def _about(verdict: Verdict, finding: Finding, error: BaseException) -> Finding:
    """Say of a question what is documented and what the target does; a departure is one from the page itself."""
    if isinstance(error, Departure):
        return _as_departure(finding, verdict)
    if isinstance(verdict.finding, Outside):
        known = " ".join(f"({number}) {text}" for number, text in enumerate(_means(verdict), start=1))
        return replace(
            finding, title=verdict.question.text, observed=verdict.finding.sentence, details="",
            documented=f"The documentation leaves this open; any of these would have done: {known}",
        )  # fmt: skip
    return finding


def _means(verdict: Verdict) -> list[str]:
    return [answer.means for answer in verdict.question.answers.values()]


def _as_departure(finding: Finding, verdict: Verdict) -> Finding:
    question = verdict.question
    said, seen = (question.answers[answer].means for answer in (question.assumed, verdict.answer))
    hint = f"To accept this departure: --answer {question.id}={verdict.answer}"
    return replace(
        finding, kind="departure", title=question.text, observed=seen, details=hint, documented=said
    )


def _reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr or "")
