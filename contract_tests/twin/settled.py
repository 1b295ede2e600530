"""Tries what was learned before it is written: a mock that serves it must respond to the observed calls as the service.

A lesson that a mock refuses to serve is dropped, and so is one without which the responses to its own calls are more
like the service's. What still differs is reported as seen, not modelled.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from contract_tests.document import Facts
from contract_tests.guard.exchange import Exchange, json_line
from contract_tests.learning.draft import Lesson
from contract_tests.learning.learn import Learnt, as_yaml
from contract_tests.probes.reading import Outside
from contract_tests.recording import Recording, TapedExchange
from contract_tests.run.settings import Stop
from contract_tests.session.opening import Opening
from contract_tests.twin.compare import Difference
from contract_tests.twin.naming import tried_rows
from contract_tests.twin.replay import Drift, replayed_on
from contract_tests.twin.sides import Variation, running_mock
from mock_server.document import Document, DocumentError, load, plain

# Makes the content of an overlay.
Overlay = Callable[[Learnt], dict[str, Any]]

# Drifts by the id() of the observed exchange.
Drifts = dict[int, Drift]

_LONGEST = 100
_MOST_SAID = 20  # kinds of differences that get their own sentences
_MANY = 3  # if more rows than this differ alike, they share a sentence
_MOST_TRIED = 6  # lessons that are left out on trial


def settle(learnt: Learnt, opening: Opening, overlay: Overlay) -> Learnt:
    """Return what to write of an open run's lessons. Raises Stop if no mock can be started."""
    with tempfile.TemporaryDirectory(prefix="bitpeak-learn-") as folder:
        file, settings, guard = Path(folder) / "learned.yaml", opening.settings, opening.guard
        trial = Trial(settings.document, overlay, file, called=guard.url, target=guard.target)
        try:
            repeated = trial.repeat(learnt)
        except (DocumentError, Stop, LookupError):  # a mock refuses the lesson
            learnt = servable(learnt, trial)
            repeated = trial.repeat(learnt)
        for lesson in _doubtful(learnt, repeated.drifts):
            fewer = _without(
                learnt, lesson, "Without it, a mock answers more of the calls as the service did."
            )
            try:
                without = trial.repeat(fewer)
            except (DocumentError, Stop, LookupError):
                continue  # another lesson needs it, such as an example that it names
            if without.calls >= repeated.calls and _count(without.drifts) < _count(repeated.drifts):
                learnt, repeated = fewer, without
        learnt = replace(learnt, tree=plain(repeated.document.data))
        if not repeated.stopped:
            learnt = _modelled(learnt, repeated.drifts)
        unsaid = [*unmodelled([*repeated.drifts.values()], Facts(learnt.tree)), *_stopped(learnt, repeated)]
        return replace(learnt, unsaid=(*learnt.unsaid, *unsaid))


class Repeated(NamedTuple):
    """The observed calls on a mock that has learned.

    `calls` were repeated. `stopped` is why the mock's guard let through no more of them, or empty.
    """

    drifts: Drifts
    document: Document
    calls: int
    stopped: str


@dataclass(frozen=True, slots=True)
class Trial:
    """Serves lessons by a mock. `document` is the file of the base document, None for the built-in one.

    `file` is the path for overlays. Exchanges name the service by the URL `called`; its own is `target`.
    """

    document: str | None
    overlay: Overlay
    file: Path
    called: str = ""
    target: str = ""

    def refusal(self, learnt: Learnt) -> str:
        """Return why a mock refuses to serve the lessons; empty if it serves them."""
        self._write(learnt)
        try:
            with running_mock(Variation(self.document, (str(self.file),))):
                return ""
        except Stop as stop:
            return re.sub(rf"^.*{re.escape(str(self.file))}(?::\d+)?: ", "", str(stop))

    def effective(self, learnt: Learnt) -> Document:
        """Return the base document with the lessons. Raises DocumentError."""
        self._write(learnt)
        return load(self.document, [self.file])

    def repeat(self, learnt: Learnt) -> Repeated:
        """Repeat all observed calls on a mock.

        Raises Stop if the mock does not start, and DocumentError if the lessons make no document.
        """
        document = self.effective(learnt)
        variation = Variation(self.document, (str(self.file),))
        taped = [TapedExchange("", self._at_target(each)) for each in learnt.exchanges]
        own = {id(each.exchange): id(known) for each, known in zip(taped, learnt.exchanges, strict=True)}
        recording = Recording(
            learnt.date, self.target, str(document.digest), tuple(taped), {}, None, is_whole=True
        )
        found = replayed_on(variation, document, recording)
        drifts = {own[id(drift.recorded)]: drift for drift in found.drifts}
        return Repeated(drifts, document, found.exchanges, found.stopped)

    def _at_target(self, exchange: Exchange) -> Exchange:
        """Return an exchange with the target's address in place of the guard's."""
        called, shown = (
            "{0.scheme}://{0.netloc}".format(urlsplit(url)) for url in (self.called, self.target)
        )
        headers = tuple((name, text.replace(called, shown)) for name, text in exchange.headers)
        body = exchange.body.replace(called, shown)
        escaped = called.replace("/", r"\/"), shown.replace("/", r"\/")  # some services write JSON so
        return replace(exchange, headers=headers, body=body.replace(*escaped))

    def _write(self, learnt: Learnt) -> None:
        self.file.write_text(as_yaml(self.overlay(learnt)), encoding="utf-8")


def servable(learnt: Learnt, trial: Trial) -> Learnt:
    """Return the lessons without those that keep a mock from starting; `unsaid` names them."""
    while learnt.lessons and (why := trial.refusal(learnt)):
        fine, refused = 0, len(learnt.lessons)
        while refused - fine > 1:
            middle = (fine + refused) // 2
            if said := trial.refusal(replace(learnt, lessons=learnt.lessons[:middle])):
                refused, why = middle, said
            else:
                fine = middle
        learnt = _without(learnt, learnt.lessons[refused - 1], f"A mock refuses to serve that: {why}")
    return learnt


def _without(learnt: Learnt, lesson: Lesson, why: str) -> Learnt:
    lessons = tuple(each for each in learnt.lessons if each is not lesson)
    is_open = lesson.about in learnt.verdicts.keys() - learnt.answers.keys()
    if is_open and lesson.about not in {each.about for each in lessons}:
        learnt = replace(learnt, open={**learnt.open, lesson.about: why})
    return replace(learnt, lessons=lessons, unsaid=(*learnt.unsaid, f"{lesson.about}: {lesson.says} {why}"))


def _doubtful(learnt: Learnt, drifts: Drifts) -> list[Lesson]:
    """Return the lessons that change the document and whose own exchanges differ on a mock, in reverse order."""
    found = [each for each in learnt.new if any(id(exchange) in drifts for exchange in each.seen)]
    return found[::-1][:_MOST_TRIED]


def _count(drifts: Drifts) -> int:
    return sum(len(drift.differences) for drift in drifts.values())


def _stopped(learnt: Learnt, repeated: Repeated) -> list[str]:
    """Say that the calls were repeated in part, if so."""
    if not repeated.stopped:
        return []
    calls = f"{repeated.calls} of {len(learnt.exchanges)}"
    return [f"Only {calls} observed calls were repeated on a mock: {repeated.stopped}"]


def _modelled(learnt: Learnt, drifts: Drifts) -> Learnt:
    """Close the questions that have no fitting answer if a mock responds to their calls as the service did."""
    lessons, still = [*learnt.lessons], dict(learnt.open)
    for name, verdict in learnt.verdicts.items():
        seen, finding = verdict.evidence, verdict.finding
        if (
            name not in still
            or not isinstance(finding, Outside)
            or not seen
            or any(id(each) in drifts for each in seen)
        ):
            continue
        del still[name]
        lessons.append(Lesson(name, f"Otherwise than any listed answer: {finding.sentence}", seen, ()))
    return replace(learnt, lessons=tuple(lessons), open=still)


def unmodelled(drifts: Sequence[Drift], facts: Facts) -> list[str]:
    """Return a sentence for each row of the behaviour table, or look of a response, in which a mock differs."""
    said, drifts = _said_of_many(drifts, facts)
    groups: dict[tuple[str, ...], list[Drift]] = {}
    for drift in drifts:
        rows = tried_rows(drift.recorded, facts)
        about = ", ".join(map(str, rows[:2])) or f"{facts.kind_of(drift.recorded.operation)}, as usual"
        places = {re.sub(r"/\d+", "/…", each.place) for each in drift.differences}
        groups.setdefault((about, *sorted(places)), []).append(drift)
    for (about, *at), alike in sorted(groups.items(), key=lambda each: -len(each[1])):
        shown = "; ".join(
            f"{_short(each.right)}, a mock {_short(each.left)}" for each in alike[0].differences[:2]
        )
        count = f" ({len(alike)} times)" if len(alike) > 1 else ""
        said.append(f"{about}{count}: the service shows at {', '.join(at)} {shown}.")
    return (
        said
        if len(said) <= _MOST_SAID
        else [*said[:_MOST_SAID], f"{len(said) - _MOST_SAID} more of the kind."]
    )


def _said_of_many(drifts: Sequence[Drift], facts: Facts) -> tuple[list[str], list[Drift]]:
    """Return a sentence for each difference that many rows share, and the drifts without these."""
    kinds: dict[tuple[str, str, str], list[tuple[Drift, Difference]]] = {}
    for drift in drifts:
        for each in drift.differences:
            kinds.setdefault(_kind(each), []).append((drift, each))
    said, many = [], set()
    for kind, seen in kinds.items():
        if len({str(row) for drift, _ in seen for row in tried_rows(drift.recorded, facts)}) > _MANY:
            many.add(kind)
            one = seen[0][1]
            shown = f"{_short(one.right)}, a mock {_short(one.left)}"
            said.append(f"In {len(seen)} calls the service shows at {kind[0]} {shown}.")
    left = (
        replace(drift, differences=tuple(each for each in drift.differences if _kind(each) not in many))
        for drift in drifts
    )
    return said, [drift for drift in left if drift.differences]


def _kind(difference: Difference) -> tuple[str, str, str]:
    """Return what similar differences share: the place and both values, without numbers."""
    place, left, right = difference.place, _short(difference.left), _short(difference.right)
    return re.sub(r"/\d+", "/…", place), re.sub(r"\d+", "#", left), re.sub(r"\d+", "#", right)


def _short(value: object) -> str:
    text = json_line(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
