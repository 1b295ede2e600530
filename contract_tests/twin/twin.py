"""A whole twin run: search, name the difference, and go on with a mock that has learned."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from contract_tests.document import Facts
from contract_tests.guard.exchange import KEY_VARIABLE
from contract_tests.learning.draft import Lesson
from contract_tests.learning.learn import Learnt, as_yaml, overlay_of
from contract_tests.report.accepted import Acceptances
from contract_tests.run.settings import Code, RunSettings, Stop
from contract_tests.session.opening import Opening, learn_behind
from contract_tests.twin.compare import Comparison
from contract_tests.twin.lockstep import Lockstep, SequenceOutcome
from contract_tests.twin.naming import Name, TriedRow, by_row, names_of, telling
from contract_tests.twin.search import Search
from contract_tests.twin.sequences import Sequences, endings, openings
from contract_tests.twin.sides import (
    MOCK_KEY,
    Participant,
    Playback,
    Service,
    Variation,
    answer_otherwise,
    check_mock,
    check_other,
    lining_of,
    mock_of,
    running_mock,
)
from contract_tests.twin.steps import Sequence
from mock_server.document import DocumentError, load

Tell = Callable[[str], None]

# The variable in curl lines for the key of --against, if it is another key.
LEFT_KEY = "$BITPEAK_AGAINST_API_KEY"


@dataclass(frozen=True, slots=True)
class Shown:
    """A difference, and the names of its places. No lesson explains a place without a name.

    `rows` are the rows of the behaviour table that its calls try.
    """

    outcome: SequenceOutcome
    names: Mapping[str, Name]
    rows: tuple[TriedRow, ...] = ()

    @property
    def is_named(self) -> bool:
        """Whether every place has a name."""
        return all(each.place in self.names for each in self.outcome.differences)


@dataclass
class Twins:
    """The result of a run. `lessons` is what the right side does differently from the document of the left one.

    `names` tells whether names were looked for; `left_key` is the variable of the key in curl lines of the left side.
    """

    left: str
    right: str
    left_key: str = KEY_VARIABLE
    names: bool = True
    sequences: int = 0
    calls: int = 0
    shown: list[Shown] = field(default_factory=list)
    lessons: tuple[Lesson, ...] = ()
    open: Mapping[str, str] = field(default_factory=dict)
    spent: bool = False

    @property
    def is_alike(self) -> bool:
        """Whether there was no difference."""
        return not self.shown and not self.lessons


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The settings of a run. `mock_url` is a running mock, empty to start one."""

    sequences: int
    seed: int
    mock_url: str = ""
    name: bool = True


def run_twin(opening: Opening, plan: Plan, accepted: Acceptances, tell: Tell) -> Twins:
    """Compare the target of an open run with the mock. Raises Stop."""
    settings, document = opening.settings, opening.known
    if plan.mock_url:
        check_mock(plan.mock_url, document.digest)
    with mock_of(_variation(settings, plan.mock_url), document, can_write=settings.allow_writes) as left:
        twins = Twins(left.guard.target, opening.guard.target, left_key=f"{MOCK_KEY}twin", names=plan.name)
        tell(f"comparing {plan.sequences} sequences")
        with lining_of(left) as line_up:
            first = _search((left, service_of(opening, left.facts)), line_up, plan, accepted, twins)
    if first is None:
        return twins
    facts = Facts(document.data)
    if not plan.name or first.harms_others:
        twins.shown.append(_shown(first, {}, facts))
        return twins
    tell("asking the open questions, to name what was found")
    learnt = learn_behind(opening, tell)
    twins.lessons = tuple(lesson for lesson in learnt.new if lesson.about != "overlays")
    twins.open = learnt.open
    names, learned = _names(opening, first, learnt, accepted), Facts(learnt.tree)
    names = {place: by_row(name, first, facts, learned) for place, name in names.items()}
    twins.shown.append(_shown(first, names, learned))
    _search_on(opening, plan, learnt, accepted, twins)
    return twins


def run_against(left: Opening, right: Opening, plan: Plan, accepted: Acceptances, tell: Tell) -> Twins:
    """Compare the targets of two open runs. Raises Stop."""
    is_same = left.settings.key == right.settings.key
    twins = Twins(
        left.guard.target, right.guard.target, left_key=KEY_VARIABLE if is_same else LEFT_KEY, names=False
    )
    facts = Facts(left.known.data)
    sides = service_of(left, facts), service_of(right, facts)
    tell(f"comparing {plan.sequences} sequences")
    first = _search(sides, lambda _: sides[0].look(), plan, accepted, twins)
    if first is not None:
        twins.shown.append(_shown(first, {}, facts))
    return twins


def _shown(outcome: SequenceOutcome, names: Mapping[str, Name], facts: Facts) -> Shown:
    return Shown(outcome, names, tuple(telling(outcome, facts)[1]))


def _search_on(opening: Opening, plan: Plan, learnt: Learnt, accepted: Acceptances, twins: Twins) -> None:
    """Go on with a mock that has learned: what still differs has no name."""
    (first,) = twins.shown
    with _of_lessons(opening, learnt) as left:
        facts = left.facts
        recorded = Playback(first.outcome.right, first.outcome.others, opening.guard.target, facts)
        still = {each.place for each in _repeat(left, recorded, first.outcome, accepted).differences}
        if still:  # no lesson removes it, so none names it
            names = {place: name for place, name in first.names.items() if place not in still}
            twins.shown[0] = replace(first, names=names)
            return
        with lining_of(left) as line_up:
            second = _search((left, service_of(opening, facts)), line_up, plan, accepted, twins)
    if second is not None:
        twins.shown.append(_shown(second, {}, Facts(learnt.tree)))


def _search(
    sides: tuple[Service, Service],
    line_up: Callable[[int], object],
    plan: Plan,
    accepted: Acceptances,
    twins: Twins,
) -> SequenceOutcome | None:
    left, right = sides
    lockstep = Lockstep(left, right, Comparison(left.facts), accepted.accepts)

    def run(steps: Sequence) -> SequenceOutcome:
        lockstep.line_up(line_up)
        return lockstep.run(steps)

    can_write = left.can_write and right.can_write
    has_other = bool(left.other_key and right.other_key)
    search = Search(
        run, Sequences(left.facts, can_write=can_write, has_other=has_other).strategy(),
        most=plan.sequences, seed=plan.seed,
        first=openings(left.facts, has_other=has_other) if can_write else (),
        last=endings(left.facts) if can_write else (),
    )  # fmt: skip
    found = search.first()
    twins.sequences += search.sequences
    twins.calls += lockstep.calls
    twins.spent = twins.spent or search.spent
    return found


def _names(
    opening: Opening, outcome: SequenceOutcome, learnt: Learnt, accepted: Acceptances
) -> dict[str, Name]:
    """Name the differences of an outcome, with a mock whose worlds answer the questions one by one."""
    settings, known = opening.settings, opening.known
    facts = Facts(known.data)
    recorded = Playback(outcome.right, outcome.others, opening.guard.target, facts)
    with running_mock(_variation(settings)) as url:

        def replay(answers: Mapping[str, str]) -> SequenceOutcome | None:
            with mock_of(Variation(url=url), known, can_write=settings.allow_writes) as left:
                if not answer_otherwise(url, left.key, answers):
                    return None
                return _repeat(left, recorded, outcome, accepted)

        def relearn(count: int) -> SequenceOutcome | None:
            try:
                with _of_lessons(opening, replace(learnt, lessons=learnt.new[:count])) as left:
                    known = Playback(outcome.right, outcome.others, opening.guard.target, left.facts)
                    return _repeat(left, known, outcome, accepted)
            except (DocumentError, Stop):
                return None  # half of the lessons may not make a document that a mock can serve

        return names_of(outcome, learnt, replay, relearn)


@contextmanager
def _of_lessons(opening: Opening, learnt: Learnt) -> Iterator[Service]:
    """Yield a mock that has learned. Raises Stop, and DocumentError if the lessons do not make a document."""
    settings = opening.settings
    with tempfile.TemporaryDirectory(prefix="bitpeak-twin-") as folder:
        file = Path(folder) / "learned.yaml"
        text = as_yaml(overlay_of(learnt, opening.guard.target, opening.clean))
        file.write_text(text, encoding="utf-8")
        document = load(settings.document, [file])
        variation = Variation(settings.document, (str(file),))
        with mock_of(variation, document, can_write=settings.allow_writes) as left:
            yield left


def _repeat(
    left: Service, right: Participant, outcome: SequenceOutcome, accepted: Acceptances
) -> SequenceOutcome:
    lockstep = Lockstep(left, right, Comparison(left.facts), accepted.accepts)
    with lining_of(left) as line_up:
        lockstep.line_up(line_up)
        return lockstep.run(outcome.steps)


def _variation(settings: RunSettings, url: str = "") -> Variation:
    return Variation(settings.document, settings.overlays, settings.answers, url)


def service_of(opening: Opening, facts: Facts) -> Service:
    """Return the target of an open run as a side. Raises Stop (CANNOT) if the other key opens nothing."""
    api = opening.run.api
    api.memory = None  # every call of a sequence must be sent
    other_key = opening.settings.other_key or ""
    if other_key == opening.settings.key:
        raise Stop(Code.CANNOT, "the other account's key is the run's own: name another account's key.")
    if other_key and not opening.settings.key_is_generated:  # a made-up key opens its own world
        check_other(api, other_key, opening.guard.target)
    can_write = opening.settings.allow_writes
    return Service(opening.guard, api, facts, can_write=can_write, key="", other_key=other_key)
