"""Writes the reports that were asked for. pytest writes the JUnit XML itself."""

from __future__ import annotations

from pathlib import Path

from contract_tests.report import Outcome, as_html, as_json
from contract_tests.run.settings import Code, Settings, Stop


def check_places(settings: Settings) -> None:
    """Raise Stop (CANNOT) where a report could not be written: better before the run than after it."""
    for file in (settings.junit, settings.json, settings.html, settings.record):
        if file is not None and (file.is_dir() or not file.parent.is_dir()):
            raise Stop(Code.CANNOT, f"the report {file} cannot be written: {_why(file)}.")
    if settings.examples is not None and settings.examples.exists() and not settings.examples.is_dir():
        raise Stop(Code.CANNOT, f"examples cannot be kept in {settings.examples}: it is no folder.")


def write_reports(settings: Settings, outcome: Outcome) -> Stop | None:
    """Write the JSON and the HTML report where they were asked for; return what hindered it (CANNOT), if anything."""
    for file, render in ((settings.json, as_json), (settings.html, as_html)):
        if file is None:
            continue
        try:
            file.write_text(render(outcome), encoding="utf-8", errors="replace")
        except OSError as error:
            return Stop(Code.CANNOT, f"the report {file} cannot be written: {error.strerror or error}.")
    return None


def _why(file: Path) -> str:
    return "it is a folder" if file.is_dir() else f"there is no folder {file.parent}"
