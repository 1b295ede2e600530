"""The effective document: the document with the answers that the target gives to the open questions."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from contract_tests.document import Facts
from contract_tests.guard.exchange import Exchange
from contract_tests.judge.statements import Statement
from contract_tests.judge.verdicts import Complaint
from contract_tests.probes import (
    PROBES,
    Answered,
    DocumentArguments,
    Expectations,
    Finding,
    Outside,
    Prober,
    Terms,
    Unknown,
)
from contract_tests.probes.observations import first_page
from contract_tests.probes.reading import Undecided, Unlisted
from contract_tests.probes.trials import Trials
from contract_tests.target.api import TargetApi
from mock_server.document import Document, Question, digest_of, duplicate, select

Source = Literal["found", "given", "unknown"]


@dataclass(frozen=True, slots=True)
class QuestionVerdict:
    """What is known about one question.

    `answer` is what the suites go by: it was found, or given by the user (then the question is not asked), or is
    assumed. `finding` is what the probe found, and `evidence` are the exchanges that show it.
    """

    question: Question
    answer: str
    source: Source
    finding: Finding
    evidence: tuple[Exchange, ...] = ()

    @property
    def is_otherwise(self) -> bool:
        """Whether the target does something else than the document says."""
        return self.is_outside or (self.source == "found" and self.answer != self.question.assumed)

    @property
    def is_outside(self) -> bool:
        """Whether the target does what no listed answer says."""
        return isinstance(self.finding, Outside)

    @property
    def why(self) -> str:
        """Why no answer was found; empty if one was, or was given."""
        return self.finding.reason if isinstance(self.finding, Unknown) else ""

    @property
    def seen(self) -> str:
        """What the target does, in a sentence; empty if that is unknown."""
        match self.finding:
            case Outside(sentence):
                return sentence
            case Answered(_, said) if said:
                return said
            case Unknown():
                return ""
        return self.question.answers[self.answer].means

    def complaint(self, statement: Statement) -> Complaint | None:
        """Return a complaint if the answer differs from the document's; `statement` is that of the question."""
        if not self.is_otherwise:
            return None
        return Complaint(
            statement, f"{self.question.text} This service: {self.seen} Documented: {statement.says}"
        )


@dataclass(frozen=True, slots=True)
class Effective:
    """The document by which the suites judge the target, and what the probes saw.

    `document` has all answers that were found or given, even those that depart from the page: each departure is
    reported once, instead of failing every test. By the name of a refusal, `titles` are the titles that were seen, and
    `refusals` what was refused, and how. The document's examples show the first title if the page leaves it open.
    `requests` is the number of requests that the probes took.
    """

    document: Document
    facts: Facts
    verdicts: Mapping[str, QuestionVerdict]
    titles: Mapping[str, tuple[str, ...]]
    refusals: Mapping[str, tuple[str, Exchange]]
    requests: int

    @property
    def answers(self) -> dict[str, str]:
        """The answers that were found or given, by question."""
        return {name: one.answer for name, one in self.verdicts.items() if one.source != "unknown"}

    @property
    def unknown(self) -> dict[str, str]:
        """Why a question stays unknown, or what the target does that no answer says, by question."""
        return {name: one.why or one.seen for name, one in self.verdicts.items() if one.source == "unknown"}

    def is_learned_otherwise(self, question: str) -> bool:
        """Whether an overlay was learned from a service that gives no listed answer to a question.

        Other actions of the overlay then say what the service does, as far as a document can.
        """
        return any(question not in learned.answers for learned in self.document.learned)


def probe_all(api: TargetApi, arguments: DocumentArguments, terms: Terms) -> Effective:
    """Ask a target every question that was not answered in advance, and make the effective document.

    The probes delete what they create. Raises DocumentError, and the exceptions of `requests` if the target cannot be
    reached.
    """
    prober = Prober(api, Expectations(arguments), terms)
    try:
        verdicts = ask_all(prober, arguments)
    finally:
        prober.close()
    return _effective(arguments, verdicts, prober)


def ask_all(prober: Prober, arguments: DocumentArguments) -> dict[str, QuestionVerdict]:
    """Ask every question that was not answered in advance. The caller closes the prober."""
    expectations = prober.expectations
    given = _given(arguments, expectations)
    with suppress(Undecided, Unlisted):  # only now can an empty account be seen to be empty
        prober.once(first_page)
    questions = expectations.questions
    # In the order of the probes: creates come first, then one handler is updated again and again.
    order = sorted(questions, key=list(PROBES).index)
    verdicts = {name: _verdict(questions[name], given, prober) for name in order}
    if prober.can_write and not prober.spares:
        _try_creates(prober)
    return {name: verdicts[name] for name in questions}


def _try_creates(prober: Prober) -> None:
    """Create with the odd names that were tried in updates: these creates, too, may cause server errors."""
    trials = Trials(prober)
    for treatment in ("array", "file", "not-utf-8"):
        with suppress(Undecided, Unlisted, LookupError):
            trials.tried("create", "name", treatment)


def _given(arguments: DocumentArguments, expectations: Expectations) -> dict[str, str]:
    asked = arguments.answers
    given = dict(asked) if isinstance(asked, Mapping) else select(expectations.questions, asked)
    return expectations.learned | given


def _verdict(question: Question, given: Mapping[str, str], prober: Prober) -> QuestionVerdict:
    if question.id in given:
        return QuestionVerdict(question, given[question.id], "given", Answered(given[question.id]))
    finding, evidence = PROBES[question.id].run(prober)
    if not isinstance(finding, Answered):
        return QuestionVerdict(question, question.assumed, "unknown", finding, evidence)
    if prober.expectations.facts_with(question.id, finding.answer) is None:
        sentence = f"The target answers {finding.answer}, which the overlays leave no room for."
        return QuestionVerdict(question, question.assumed, "unknown", Outside(sentence), evidence)
    return QuestionVerdict(question, finding.answer, "found", finding, evidence)


def _effective(
    arguments: DocumentArguments, verdicts: Mapping[str, QuestionVerdict], prober: Prober
) -> Effective:
    answers = {name: one.answer for name, one in verdicts.items() if one.answer != one.question.assumed}
    document = arguments.load(answers)
    titles = {name: tuple(seen) for name, seen in prober.titles.items() if seen}
    language = verdicts["error-titles"]
    # A documented title stays as it is, unless the service has titles of its own for everything.
    fixed = (
        prober.facts.document["components"]["examples"]
        if language.answer == language.question.assumed
        else {}
    )
    own = {name: seen[0] for name, seen in titles.items() if name not in fixed}
    document = _with_titles(document, own)
    return Effective(document, Facts(document.data), verdicts, titles, prober.refusals, prober.sent)


def _with_titles(document: Document, titles: Mapping[str, str]) -> Document:
    """Return the document with these titles in its examples, by the refusal's name."""
    data = duplicate(document.data)
    examples = data["components"]["examples"]
    for name in titles.keys() & examples.keys():
        examples[name]["value"]["errors"][0]["title"] = titles[name]
    return replace(document, data=data, digest=digest_of(data))
