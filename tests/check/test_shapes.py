"""The bar, and the report's shapes, from an outcome made by hand."""

from __future__ import annotations

import io
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from contract_tests.report import (
    LeftOut,
    OperationSeen,
    Outcome,
    QuestionSeen,
    Trial,
    Verdict,
    as_html,
    as_text,
)
from contract_tests.report.finding import Finding, Step
from contract_tests.run.settings import Settings, read_settings
from contract_tests.session.progress import Progress

HOSTILE = "</style><script>alert(1)</script> & \x00\x1b[31m \ud800 “q” 'a'"
FINDING = Finding(
    "page", "test_it", "finding", HOSTILE, "one\ntwo", "As `documented`.", operation="list_rows",
    steps=(Step(f"curl '{HOSTILE}'", f"500 {HOSTILE}"),),
)  # fmt: skip
OUTCOME = Outcome(
    tool="bitpeak-mock 1", target="https://service.invalid/api", document="The service", digest="0" * 64, overlays=(),
    profile="quick", suites=("page",), seed=7, read_only=False, workers=1,
    started="2026-01-02T03:04:05+00:00", seconds=61.5, requests=12, budget=150, waited=0.0, created=2,
    verdict=Verdict.FINDINGS, exit_code=1, interrupted="",
    left_behind=(), operations=(
        OperationSeen("list_rows", "GET", "/rows", 5, (200, 401), {200: 4, 500: 1}, ("no_access",), {}, ("no_access",)),
    ), questions=(
        QuestionSeen("a-question", "What is it?", "other", "It is `that`.", "this", "It is this.", "found", False),
        QuestionSeen("an-open-one", "And that?", "", "", "this", "It is this.", "unknown", False, "nobody knows"),
    ), findings=(FINDING,), left_out=(LeftOut("model", "it writes"),),
    tests=(Trial("page", "test_it", "failed", 1.0),),
)  # fmt: skip


def words_of(page: str) -> str:
    return "".join(ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>")).itertext())


def test_hostile_text_stays_text() -> None:
    page = as_html(OUTCOME)
    assert "<script" not in page
    assert "alert(1)" in words_of(page)
    page.encode()


def test_the_page_says_what_a_stranger_needs() -> None:
    words = words_of(as_html(OUTCOME))
    for text in (
        "service.invalid", "The test found 1 difference", "As documented.", "500 × 1", "nobody knows",
        "It is that.", "2 created, all deleted again", "1 min 2 s", "it writes", "--seed 7",
    ):  # fmt: skip
        assert text in words, text


@pytest.mark.parametrize(
    ("change", "headline"),
    [
        ({"verdict": Verdict.FINE, "findings": ()}, "Everything that was tested is as documented"),
        ({"verdict": Verdict.NOTHING, "findings": (), "tests": ()}, "Nothing was tested"),
        ({"verdict": Verdict.CUT_SHORT, "interrupted": "ended by SIGTERM"}, "The test was cut short"),
        ({"findings": (replace(FINDING, kind="defect of the kit"),)}, "No difference was found, but"),
    ],
)
def test_the_headline_fits_the_verdict(change: dict[str, object], headline: str) -> None:
    assert headline in words_of(as_html(replace(OUTCOME, **change)))  # type: ignore[arg-type]  # each value fits


def test_what_is_left_behind_is_said_everywhere() -> None:
    left = replace(OUTCOME, left_behind=("To finish the clean-up: bitpeak-mock sweep file",))
    assert "bitpeak-mock sweep file" in words_of(as_html(left))
    assert "not all could be deleted" in words_of(as_html(left))
    assert "bitpeak-mock sweep file" in as_text(left, color=False)


def test_text_for_a_terminal() -> None:
    text = as_text(replace(OUTCOME, findings=(replace(FINDING, title="The total is wrong"),)), color=False)
    lines = text.splitlines()
    assert lines[-1] == "https://service.invalid/api: 1 finding: 1 test with 12 requests in 61.5 s"
    assert any(
        line.split() == ["list_rows", "200", "401", "5", "200×4", "500×1", "no_access"] for line in lines
    )
    assert "2 open questions: 1 answered otherwise than assumed, 1 unknown" in text
    assert "1. The total is wrong" in text
    assert "\x1b" not in as_text(replace(OUTCOME, findings=()), color=False)
    assert "\x1b[" in as_text(OUTCOME, color=True)


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def settings(**given: object) -> Settings:
    return read_settings({"base_url": "http://127.0.0.1:1/api", **given}, None, {})


def test_a_line_for_each_suite_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    progress = Progress(stream, settings())
    progress.begin(3)
    for suite, failed in (("page", False), ("page", True), ("paging", False)):
        progress.step(suite, failed=failed, sent=1)
    progress.end()
    assert stream.getvalue().splitlines() == ["page: 2 tests, 1 failed", "paging: 1 test"]


def test_a_bar_tells_requests_and_the_time_left() -> None:
    stream, now = Screen(), [0.0]
    progress = Progress(stream, settings(max_requests=150, rate=50), lambda: now[0])
    progress.begin(4)
    now[0] = 10.0
    progress.step("page", failed=False, sent=60)
    assert "page · 60 of 150 requests · about 30 s left" in stream.getvalue()
    drawn = len(stream.getvalue())
    progress.draw(61)
    assert len(stream.getvalue()) == drawn, "not drawn again at once"
    now[0] = 400.0
    progress.step("page", failed=False, sent=140)
    assert "about 12 s left" in stream.getvalue(), "ten requests at 50 a minute take no longer"
    progress.end()
    assert stream.getvalue().endswith("\r\x1b[K")
