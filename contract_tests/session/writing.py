"""Writes the reports that were asked for."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from contract_tests.report import Outcome, as_html, as_json, as_junit, as_markdown
from contract_tests.report.accepted import read_accepted
from contract_tests.run.settings import Code, RunSettings, Stop

# The file that GitHub Actions shows as a job's summary.
_SUMMARY = "GITHUB_STEP_SUMMARY"


def check_places(settings: RunSettings) -> None:
    """Raise Stop (CANNOT) if a report could not be written: better before the run than after it."""
    if settings.baseline_exists:
        read_accepted(settings.baseline)
    for file in (settings.junit, settings.json, settings.html, settings.record, settings.baseline):
        if file is not None and (file.is_dir() or not file.parent.is_dir()):
            raise Stop(Code.CANNOT, f"the report {file} cannot be written: {_why(file)}.")
    if settings.examples is not None and settings.examples.exists() and not settings.examples.is_dir():
        raise Stop(Code.CANNOT, f"examples cannot be kept in {settings.examples}: it is not a folder.")


def write_reports(settings: RunSettings, outcome: Outcome) -> Stop | None:
    """Write the reports that were asked for, each that can be; return what hindered the first other (CANNOT)."""
    hindered: Stop | None = None
    for file, render in ((settings.json, as_json), (settings.html, as_html), (settings.junit, as_junit)):
        if file is None:
            continue
        try:
            file.write_text(render(outcome), encoding="utf-8", errors="replace")
        except OSError as error:
            why = f"the report {file} cannot be written: {error.strerror or error}."
            hindered = hindered or Stop(Code.CANNOT, why)
    summary = os.environ.get(_SUMMARY, "")
    if settings.format == "github" and summary:
        with suppress(OSError), Path(summary).open("a", encoding="utf-8", errors="replace") as page:
            page.write(as_markdown(outcome))
    return hindered


def _why(file: Path) -> str:
    return "it is a folder" if file.is_dir() else f"there is not a folder {file.parent}"
