"""The bar, and the report's shapes, from an outcome made by hand."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import jsonschema_rs
import pytest

import contract_tests.report
from contract_tests.judge.verdicts import Ruling
from contract_tests.report.outcome import (
    Defect,
    Extra,
    Finding,
    LeftOut,
    OperationSeen,
    Outcome,
    QuestionSeen,
    RunVerdict,
    ShownCall,
    Trial,
)
from contract_tests.report.shapes import as_annotations, as_html, as_json, as_junit, as_markdown, as_text
from contract_tests.run.settings import RunSettings, read_settings
from contract_tests.session.results import Progress

SCHEMA = json.loads(Path(contract_tests.report.__file__).with_name("report.schema.json").read_text("utf-8"))
HOSTILE = "</style><script>alert(1)</script> & \x00\x1b[31m \ud800 “q” 'a'"
STEP = ShownCall(f"curl '{HOSTILE}'", f"500 {HOSTILE}")
FINDING = Finding(
    "page", "test_it", str(Ruling.DOCUMENTATION), HOSTILE, "one\ntwo", "As `documented`.", operation="list_rows",
    steps=(STEP,), also=("model: test_that",),
)  # fmt: skip
FAULT = replace(FINDING, kind=str(Ruling.ITSELF), title="The total is wrong")
OUTCOME = Outcome(
    tool="bitpeak-mock 1", command="bitpeak-mock check --seed 7 --answer a-question=other",
    target="https://service.invalid/api", document="The service", digest="0" * 64, overlays=("mine.yaml",),
    answers=("a-question=other",), hold_to="page",
    profile="quick", suites=("page",), seed=7, read_only=False, workers=1,
    started="2026-01-02T03:04:05+00:00", seconds=61.5, requests=12, budget=150, waited=0.0, created=2,
    verdict=RunVerdict.FINDINGS, exit_code=1, interrupted="",
    left_behind=(), operations=(
        OperationSeen("list_rows", "GET", "/rows", 5, (200, 401), {200: 4, 500: 1}, {}, ("rate_limited",)),
    ), questions=(
        QuestionSeen("a-question", "What is it?", "It is `that`.", "other", "this", "It is this.", also=("once more",)),
        QuestionSeen("an-open-one", "And that?", "", source="unknown", why="nothing shows it"),
        QuestionSeen("", "A name is shown in capitals.", "", steps=(STEP,)),
    ), extras=(Extra("An undocumented property: `more`.", STEP),),
    findings=(FINDING, FAULT), left_out=(LeftOut("model", "it writes"),),
    tests=(Trial("page", "test_it", "failed", 1.0), Trial("page", "test_that", "passed", 1.0)),
)  # fmt: skip
TITLES = (
    "Contradicts the documentation", "Contradicts itself",
    "What the documentation leaves open, and how this service does it", "Seen, and not modelled",
    "Not reached, and why",
)  # fmt: skip
SHAPES = {
    "terminal": lambda outcome: as_text(outcome, color=False),
    "HTML": lambda outcome: words_of(as_html(outcome)),
    "JUnit": as_junit,
    "Markdown": as_markdown,
}


def words_of(page: str) -> str:
    return "".join(ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>")).itertext())


@pytest.mark.parametrize("shape", SHAPES)
def test_the_five_parts_come_in_one_order_in_each_shape(shape: str) -> None:
    text = SHAPES[shape](OUTCOME)
    places = [text.index(title) for title in TITLES]
    assert places == sorted(places)
    for one in (
        "It is ",
        "A name is shown in capitals",
        "An undocumented property",
        "it writes",
        "nothing shows it",
    ):
        assert one in text, one
    assert "rate" in text[places[4] :], "a refusal that was not seen was not reached"


def test_json_has_the_same_five_parts() -> None:
    data = json.loads(as_json(OUTCOME))
    jsonschema_rs.validator_for(SCHEMA).validate(data)
    parts = ("contradicts_documentation", "contradicts_itself", "left_open", "not_modelled", "not_reached")
    assert [name for name in data if name in parts] == list(parts)
    assert [len(data[name]) for name in parts] == [1, 1, 3, 1, 1]


def test_hostile_text_stays_text() -> None:
    page = as_html(OUTCOME)
    assert "<script" not in page
    assert "alert(1)" in words_of(page)
    page.encode()
    assert ElementTree.fromstring(as_junit(OUTCOME).encode()).find(".//failure") is not None
    fenced = re.compile(r"```sh.*?```", re.DOTALL)
    assert "<script" not in fenced.sub("", as_markdown(OUTCOME))
    as_markdown(OUTCOME).encode()


def test_the_page_says_what_a_stranger_needs() -> None:
    words = words_of(as_html(OUTCOME))
    for text in (
        "service.invalid", "The test found 2 things", "As documented.", "500 × 1", "It is that.",
        "2 created, all deleted again", "1 min 2 s", "--seed 7", "mine.yaml", "a-question=other",
    ):  # fmt: skip
        assert text in words, text


@pytest.mark.parametrize(
    ("change", "headline"),
    [
        (
            {"verdict": RunVerdict.FINE, "findings": ()},
            "Nothing that was tested contradicts the documentation",
        ),
        ({"verdict": RunVerdict.NOTHING, "findings": (), "tests": ()}, "Nothing was tested"),
        ({"verdict": RunVerdict.CUT_SHORT, "interrupted": "ended by SIGTERM"}, "The test was cut short"),
        ({"verdict": RunVerdict.DEFECT, "findings": ()}, "Nothing wrong was found, but"),
    ],
)
def test_the_headline_fits_the_verdict(change: dict[str, object], headline: str) -> None:
    assert headline in words_of(as_html(replace(OUTCOME, **change)))  # type: ignore[arg-type]  # each value fits


@pytest.mark.parametrize("shape", SHAPES)
def test_an_error_of_our_own_is_said_and_is_no_finding(shape: str) -> None:
    defect = Defect("page: test_it", "KeyError: 'data'", "Traceback")
    text = SHAPES[shape](
        replace(OUTCOME, findings=(), verdict=RunVerdict.DEFECT, exit_code=70, defects=(defect,))
    )
    assert "KeyError" in text


def test_what_is_left_behind_is_said_everywhere() -> None:
    left = replace(OUTCOME, left_behind=("To finish the clean-up: bitpeak-mock sweep file",))
    assert "bitpeak-mock sweep file" in words_of(as_html(left))
    assert "not all could be deleted" in words_of(as_html(left))
    assert "bitpeak-mock sweep file" in as_text(left, color=False)
    assert "bitpeak-mock sweep file" in as_annotations(left)


def test_no_hyphen_breaks_a_line_of_the_terminal() -> None:
    link = f"https://service.invalid/{'notification-handlers-' * 3}"
    seen = replace(OUTCOME.questions[0], text=f"{'word ' * 12}?", seen=f"It is `{link}`.")
    assert f"`{link}`" in as_text(replace(OUTCOME, questions=(seen,)), color=False)


def test_text_for_a_terminal() -> None:
    text = as_text(OUTCOME, color=False)
    lines = text.splitlines()
    assert lines[-1] == "https://service.invalid/api: 2 findings: 2 tests with 12 requests in 61.5 s"
    assert any(line.split() == ["list_rows", "200", "401", "5", "200×4", "500×1"] for line in lines)
    assert "1. The total is wrong" in text
    assert "also met by 1 other test" in text
    assert "\x1b" not in as_text(replace(OUTCOME, findings=()), color=False)
    assert "\x1b[" in as_text(OUTCOME, color=True)


def test_annotations_are_one_line_each() -> None:
    lines = as_annotations(OUTCOME).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::error", "::notice"]
    assert lines[0].startswith("::error title=Contradicts the documentation::")
    assert "%0Acurl " in lines[0]


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def settings(**given: object) -> RunSettings:
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
