"""The report as one HTML page, for the owner of the service, without words of this project."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import jinja2

from contract_tests.report.outcome import Outcome, RunVerdict

# Neither XML nor HTML has these, or they change how the rest of a line reads, and a fuzzed answer may have them.
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
    r"\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
_TONES = {RunVerdict.FINE: "good", RunVerdict.FINDINGS: "bad"}


def as_html(outcome: Outcome) -> str:
    """Return one page that needs nothing else: no script, no picture, no address that is fetched."""
    home = files("contract_tests.report")
    environment = jinja2.Environment(autoescape=True, finalize=_finalized, undefined=jinja2.StrictUndefined)
    template = environment.from_string(home.joinpath("page.html.jinja").read_text(encoding="utf-8"))
    mode = "Reading only" if outcome.read_only else "Reading and writing"
    return template.render(
        outcome=outcome, host=urlsplit(outcome.target).netloc, tone=_TONES.get(outcome.verdict, "open"),
        style=home.joinpath("style.css").read_text(encoding="utf-8"),
        headline=_headline(outcome), explained=_explained(outcome), about=_about(outcome), manners=_manners(outcome),
        facts=[
            ("Service", outcome.target), ("Tested on", outcome.started.replace("T", " ").replace("+00:00", " UTC")),
            ("Requests sent", str(outcome.requests)), ("Time taken", _span(outcome.seconds)),
            ("Mode", mode), ("Test handlers", _created(outcome)),
        ],
    )  # fmt: skip


def readable(text: str) -> str:
    """Return a text to be shown, without the characters that neither HTML nor XML has."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _finalized(value: Any) -> Any:
    return readable(value) if type(value) is str else value


def _headline(outcome: Outcome) -> str:
    number = len(outcome.findings)
    found = f"{number} thing{'' if number == 1 else 's'} that the service should not do"
    if outcome.verdict is RunVerdict.NOTHING:
        return "Nothing was tested"
    if outcome.verdict is RunVerdict.CUT_SHORT:
        return f"The test was cut short; so far it found {found if number else 'nothing wrong'}"
    if number:
        return f"The test found {found}"
    if outcome.verdict is RunVerdict.FINE:
        return "Nothing that was tested contradicts the documentation"
    return "Nothing wrong was found, but the test itself is not sound"


def _explained(outcome: Outcome) -> str:
    ran = [test for test in outcome.tests if test.outcome != "skipped"]
    passed = sum(test.outcome == "passed" for test in ran)
    sentences = [f"{passed} of {len(ran)} tests passed."]
    found = sum(one.source == "found" for one in outcome.questions)
    if found:
        sentences.append(f"{found} points that the documentation leaves open were settled by observation.")
    if outcome.accepted:
        sentences.append(f"{len(outcome.accepted)} known findings are accepted for now and are not shown.")
    return " ".join([*sentences, *outcome.expired, *outcome.left_behind])


def _created(outcome: Outcome) -> str:
    if outcome.read_only:
        return "none were created"
    kept = "all deleted again" if not outcome.left_behind else "not all could be deleted"
    return f"{outcome.created} created, {kept}"


def _about(outcome: Outcome) -> str:
    keys = "one API key" if outcome.workers == 1 else f"{outcome.workers} API keys"
    varied = f", with the changes of {', '.join(outcome.overlays)}" if outcome.overlays else ""
    told = f", and with the answers {', '.join(outcome.answers)}" if outcome.answers else ""
    open_ones = (
        "It held the service to all of that description, also to what the documentation leaves open."
        if outcome.hold_to == "document"
        else "Where the documentation is silent the tool observed what the service does, and calls none of it wrong."
    )
    return (
        f"bitpeak-mock is an independent, open-source tool. It called the service over HTTP with {keys} and "
        f"compared each answer with “{outcome.document}”, a machine-readable description written from the service's "
        f"public documentation{varied}{told}. {open_ones}"
    )


def _manners(outcome: Outcome) -> str:
    if outcome.read_only:
        return "This run only read: it created, changed and deleted nothing."
    return (
        "The run changed and deleted only handlers that it had created itself. They pointed to addresses that are "
        "reserved for examples (example.com), so nobody was notified. Existing handlers were neither changed nor "
        "recorded."
    )


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
