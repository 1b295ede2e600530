"""Learns in which order a service reports problems: two of them are sent at once."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice
from typing import Any

from contract_tests.document import by_form, read
from contract_tests.learning.problems import More, Telling, find_more, find_telling
from contract_tests.learning.reactions import Observer, Outcome
from contract_tests.probes.handler import Part, parts_of
from contract_tests.probes.reading import Undecided, Unlisted
from contract_tests.target.api import TargetResponse

# Sorts of problems that are found in one pass over the fields. The others may be found before or after it.
_OF_TEXTS = frozenset(
    {
        "padded", "control", "line-break", "longer-than", "tags", "quotes", "wrong-case", "not-listed",
        "not-email", "not-url", "malformed", "is",
    }
)  # fmt: skip

# How many pairs of problems are enough to tell what decides the order.
_FEW = 4


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal that was seen, and what provokes it in another form. Problems of one `sort` are ordered alike."""

    sort: str
    outcome: Outcome

    @property
    def field(self) -> str:
        """The field that is wrong."""
        return self.outcome.trial.field

    @property
    def parts(self) -> list[Part]:
        """The parts of a form that send the wrong field."""
        return parts_of(self.field, self.outcome.trial.sent)


def problems_of(
    outcomes: Sequence[Outcome], own: dict[str, tuple[str, ...]], common: Sequence[str]
) -> list[Problem]:
    """Return the refusals of fields as problems."""
    owned = {name for names in own.values() for name in names}
    found = []
    for outcome in outcomes:
        trial = outcome.trial
        is_foreign = trial.field in owned and trial.field not in own.get(trial.kind, ())
        is_unknown = trial.field not in owned and trial.field not in common
        sort = (
            "{foreign}"
            if is_foreign
            else "{unknown}"
            if is_unknown
            else sort_of(trial.treatment, trial.field, common, is_own=trial.field in owned)
        )
        found.append(Problem(sort, outcome))
    return found


def sort_of(treatment: str, field: str, common: Sequence[str], *, is_own: bool) -> str:
    """Return the sort of a problem. An empty common field may be reported as a missing one.

    A missing setting is a sort of its own, since it may be reported after fields of other types.
    """
    if is_own and treatment == "absent":
        return "unsent"
    if treatment in {"empty", "blank"}:
        return "empty" if common and field == common[0] else "text"
    return "text" if treatment in _OF_TEXTS else treatment


class Orderer:
    """Sends two problems at once. `order` are the fields in the order of the document."""

    def __init__(
        self, observer: Observer, operation: str, problems: Sequence[Problem], order: Sequence[str]
    ) -> None:
        self.observer = observer
        self.operation = operation
        self.order = [*order]
        self.problems = [each for each in problems if each.outcome.trial.operation == operation]
        self.telling = Telling()
        self.is_by_name = False
        # Pairs of sorts: problems of the first hide those of the second.
        self.hiding: set[tuple[str, str]] = set()

    def find_telling(self) -> Telling:
        """Return how two problems are reported at once."""
        for one, other in self._pairs(lambda one, other: _is_alike(one, other)):
            both = self._both(one, other)
            if both is None:
                continue
            bodies = [body_of(each.outcome.response) for each in (one, other)] + [body_of(both)]
            telling = find_telling(bodies[0], bodies[1], bodies[2])
            if telling.items is not None:
                alone = [body_of(each.outcome.response) for each in self.problems]
                more = find_more(alone, bodies[2])
                if more is not None and more.one == more.many:
                    more = self._with_many(more, alone)
                telling = replace(telling, more=more)
            self.telling = telling
            return telling
        return Telling()

    def _with_many(self, more: More, alone: Sequence[Any]) -> More:
        """Find out how larger numbers of items are given, with a problem that has two, and another one."""

        def has_two(problem: Problem) -> bool:
            body = body_of(problem.outcome.response)
            return bool(more.without(body) != body)

        for one, other in islice(self._pairs(lambda one, other: has_two(one) or has_two(other)), 4):
            both = self._both(one, other)
            found = None if both is None else find_more(alone, body_of(both))
            if found is not None and found.steps == more.steps and found.one != more.one:
                return more._replace(many=found.one)
        return more

    def fields(self, *, all_walk: bool) -> list[str]:
        """Return the fields in the order in which their problems are reported; those without a known problem come last.

        All foreign fields are sent wrong at once, then all but the one that was reported first, and so on. `all_walk`:
        foreign fields are checked like own ones, so that each can be wrong in its own way.
        """
        wrong = self._wrong_texts() if all_walk else self._foreign_texts()
        kind = next((each.outcome.trial.kind for each in self.problems if each.sort == "{foreign}"), "")
        order: list[str] = []
        while len(wrong) > 1 and kind:
            # In the other order than the document's.
            parts = [part for name in reversed(wrong) for part in wrong[name][0]]
            if self.operation == "create":
                form = self.observer.least(kind)
                good = [(name, text.encode(), False) for name, text in form.items() if name not in wrong]
                parts = [*good, *parts]
            try:
                response = self.observer.ask(self.operation, parts, kind)
            except (Undecided, Unlisted):
                return []
            told = self._told_of(body_of(response), {name: text for name, (_, text) in wrong.items()})
            if response.status < 400 or not told:
                return []
            if len(told) > 1:
                return [*order, *told]
            order += told
            del wrong[told[0]]
        return [*order, *wrong]

    def find_order(self) -> None:
        """Sort the fields by name if problems are reported in this order, whatever is wrong with the fields."""
        pairs: dict[tuple[bool, str, str], tuple[Problem, Problem]] = {}
        for one, other in self._pairs(lambda one, other: {one.field, other.field} <= {*self.order}):
            early, late = sorted((one, other), key=lambda each: each.field)
            as_documented = self._place(early) < self._place(late)
            pairs.setdefault((as_documented, early.field, late.field), (early, late))
        contrary = [pair for (as_documented, *_), pair in pairs.items() if not as_documented]
        alike = [pair for (as_documented, *_), pair in pairs.items() if as_documented]
        self.is_by_name = len(contrary) > 1 and all(
            self._told_first(early, late) is early for early, late in (*contrary[:_FEW], *alike[:_FEW])
        )
        if self.is_by_name:
            self.order.sort()

    def common(self, sorts: Collection[str]) -> list[str]:
        """Return the name and the type in the order in which their problems are reported; nothing if that is not seen.

        `sorts` are the possible sorts of these problems.
        """
        words = self.observer.facts.form
        late, early = sorted((words["name"], words["type"]), key=self.order.index, reverse=True)
        problems = [each for each in self.problems if each.sort in sorts and not each.outcome.trial.sent.how]
        ones, others = ([each for each in problems if each.field == name] for name in (early, late))
        first = self._told_first(ones[0], others[0]) if ones and others else None
        return [late, early] if first is not None and first.field == late else []

    def _wrong_texts(self) -> dict[str, tuple[list[Part], Any]]:
        """Return for each field the parts that send it with a wrong text, and how that problem alone is reported."""
        texts = [each for each in self.problems if each.sort == "text" and not each.outcome.trial.sent.how]
        return {each.field: (each.parts, body_of(each.outcome.response)) for each in reversed(texts)}

    def _foreign_texts(self) -> dict[str, tuple[list[Part], Any]]:
        """Return for each foreign field the parts that send it. A body reports it by its name."""
        foreign = next(
            (
                each
                for each in self.problems
                if each.sort == "{foreign}" and each.outcome.trial.treatment == "any"
            ),
            None,
        )
        if foreign is None:
            return {}
        types = self.observer.facts.types
        owners = {
            name: kind
            for kind, names in types.items()
            if kind != foreign.outcome.trial.kind
            for name in names
        }
        good = {name: self.observer.good(kind, name).encode() for name, kind in owners.items()}
        return {name: ([(name, text, False)], None) for name, text in good.items()}

    def _told_of(self, body: Any, alone: Mapping[str, Any]) -> list[str]:
        """Return the fields whose problems a body reports, in its order. `alone` is how each is reported by itself."""
        text = json.dumps(body)
        if not self.telling.tells_all and None not in alone.values():
            return [name for name, told in alone.items() if told == body]
        is_all = self.telling.tells_all
        parts = {name: self.telling.part(told) for name, told in alone.items() if told and is_all}
        if not parts:
            return _names_in(text, [*alone])
        places = {name: text.find(part) for name, part in parts.items() if part}
        return sorted((name for name, place in places.items() if place >= 0), key=places.__getitem__)

    def ranks(self) -> dict[str, int]:
        """Return the rank of each sort of problem: a lower rank is reported first, whatever the fields."""
        sorts = list(dict.fromkeys(problem.sort for problem in self.problems))
        before: dict[str, set[str]] = {sort: set() for sort in sorts}
        for one, other in combinations(sorts, 2):
            first = self._first(one, other)
            if first is not None:
                before[other if first == one else one].add(first)
        ranks: dict[str, int] = {}
        while left := [sort for sort in sorts if sort not in ranks]:
            sort = min(left, key=lambda each: len(before[each] - ranks.keys()))
            ranks[sort] = max((ranks[each] + 1 for each in before[sort] if each in ranks), default=0)
        return ranks

    def _first(self, one: str, other: str) -> str | None:
        """Return which of two sorts is reported first, wherever its field is; None if the fields decide."""
        told = set()
        for sorts in ((one, other), (other, one)):
            pair = next(self._placed(*sorts), None)
            if pair is None:
                continue
            first = self._told_first(*pair)
            if first is None:
                return None
            told.add(first.sort)
            if first.sort == sorts[1]:  # its field comes last, and it is told first
                return first.sort
        if self.is_by_name or len(told) != 1 or self._is_placeable(one, other):
            return None
        return told.pop()

    def _is_placeable(self, one: str, other: str) -> bool:
        return all(next(self._placed(*sorts), None) is not None for sorts in ((one, other), (other, one)))

    def _placed(self, early: str, late: str) -> Iterator[tuple[Problem, Problem]]:
        """Yield pairs of problems of two sorts, whose fields have this order in the document."""
        firsts = [each for each in self.problems if each.sort == early]
        seconds = [each for each in self.problems if each.sort == late]
        for first in firsts:
            for second in seconds:
                if self._goes(first, second) and self._place(first) < self._place(second):
                    yield first, second

    def _place(self, problem: Problem) -> int:
        return self.order.index(problem.field) if problem.field in self.order else len(self.order)

    def _goes(self, one: Problem, other: Problem) -> bool:
        """Tell whether one form can have both problems: they concern different fields, and the same type."""
        if one.field == other.field:
            return False
        kinds = {each.outcome.trial.kind for each in (one, other) if self._is_bound(each)}
        words = self.observer.facts.form
        if words["type"] in {one.field, other.field}:  # without a good type, no field is one's own
            return not kinds
        return len(kinds) < 2

    def _is_bound(self, problem: Problem) -> bool:
        words = self.observer.facts.form
        return (
            problem.field not in {words["name"], words["enabled"]}
            and problem.sort != "{unknown}"
            and (problem.field != words["type"])
        )

    def _pairs(self, goes: Any) -> Iterator[tuple[Problem, Problem]]:
        for one, other in combinations(self.problems, 2):
            if self._goes(one, other) and goes(one, other):
                yield one, other

    def _both(self, one: Problem, other: Problem) -> TargetResponse | None:
        kind = next(
            (each.outcome.trial.kind for each in (one, other) if self._is_bound(each)), one.outcome.trial.kind
        )
        form: dict[str, str] = {}
        if self.operation == "create":
            form = self.observer.least(kind)
        parts: list[Part] = [
            (name, text.encode(), False)
            for name, text in form.items()
            if name not in {one.field, other.field}
        ]
        try:
            return self.observer.ask(self.operation, [*parts, *one.parts, *other.parts], kind)
        except (Undecided, Unlisted):
            return None

    def _told_first(self, one: Problem, other: Problem) -> Problem | None:
        """Return the problem that a response to both reports first; None if that cannot be seen."""
        response = self._both(one, other)
        if response is None or response.status < 400:
            return None
        told, shown = body_of(response), [body_of(each.outcome.response) for each in (one, other)]
        if shown[0] == shown[1]:
            return None
        if not self.telling.tells_all:
            return next((each for each, body in zip((one, other), shown, strict=True) if told == body), None)
        texts = [json.dumps(told)] + [self.telling.part(body) for body in shown]
        places = [texts[0].find(text) if text else -1 for text in texts[1:]]
        if -1 in places:
            alone = [told == body for body in shown]
            if True not in alone:
                return None
            first, second = (one, other) if alone[0] else (other, one)
            self.hiding.add((first.sort, second.sort))
            return first
        return (one, other)[places.index(min(places))]


def _names_in(text: str, names: Sequence[str]) -> list[str]:
    """Return the names that a text contains, in its order."""
    found = {name: re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) for name in names}
    return sorted((name for name, at in found.items() if at), key=lambda name: found[name].start())  # type: ignore[union-attr]


def _is_alike(one: Problem, other: Problem) -> bool:
    """Tell whether two refusals have the same status and media type, so that one response could report both."""
    looks = (one.outcome.look, other.outcome.look)
    return (
        None not in looks and looks[0] is not None and looks[1] is not None
        and looks[0][:2] == looks[1][:2] and {one.sort, other.sort}.isdisjoint({"{foreign}", "not-utf-8"})
        and body_of(one.outcome.response) != body_of(other.outcome.response)
    )  # fmt: skip


def body_of(response: TargetResponse) -> Any:
    """Return a body as data, without what is new in each response."""
    return _formed(read(response.body, response.headers.get("content-type")))


def _formed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _formed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_formed(each) for each in value]
    return by_form(value) if isinstance(value, str) else value
