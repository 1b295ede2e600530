"""Chains of requests along the document's links, over handlers that the chains create and delete themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import Phase
from schemathesis import Response
from schemathesis.engine.link_calibration import LinkCalibrationState
from schemathesis.generation.feedback import NO_FEEDBACK
from schemathesis.generation.stateful.state_machine import APIStateMachine

from contract_tests.document import demanded_operations
from contract_tests.generated.drawing import drawing, seeded
from contract_tests.generated.engine import AnyCase, generator, loosened, without_foreign_keys
from contract_tests.generated.sampler import Pool, Sampler, is_thrifty
from contract_tests.probes.reading import mapping, rows_in
from contract_tests.run.run import Run
from contract_tests.target.api import TargetResponse

# What chains must do with a handler that they created, in the report's words.
RULES = ("links: create", "links: retrieve", "links: update", "links: delete")
# How many times the machine may run, with other draws, until it has done all of that.
_ROUNDS = 6


@dataclass
class Chains:
    """What the chains of one suite share.

    `created` and `listed` are ids that responses showed, `deleted` the ids of handlers that chains deleted.
    """

    run: Run
    sampler: Sampler
    pool: Pool
    created: set[int] = field(default_factory=set)
    listed: set[int] = field(default_factory=set)
    deleted: set[int] = field(default_factory=set)

    def aim(self, case: AnyCase) -> None:
        """Make a case harmless: a write goes to a handler of the chains, and a read to a known handler."""
        meant = {_number(value) for value in case.path_parameters.values()}
        if not case.operation.path_parameters or self._may_mean(case.method, next(iter(meant), 0)):
            self.sampler.prepare(case, None)
            return
        handler_id = self.pool.take()
        self.created.add(handler_id)
        self.sampler.prepare(case, handler_id)

    def note(self, case: AnyCase, response: Response) -> None:
        """Note the handlers that a response shows, and what was done with those of the chains."""
        self.sampler.note(case, response)
        operation, facts = self.sampler.operation(case), self.run.facts
        kind = operation.kind
        received = TargetResponse(response.status_code, {}, response.content)
        if kind == "list":
            self.listed |= {
                _number(mapping(row).get(facts.row["id"])) for row in rows_in(received, facts) or ()
            }
        elif response.status_code == operation.success:
            meant = {_number(value) for value in case.path_parameters.values()}
            made = {handler_id for handler_id in self.sampler.tallies[operation.id].own if handler_id}
            if kind == "create":
                self.created |= made
            if kind == "delete":
                self.deleted |= meant
            if kind == "create" or meant & self.created:
                self.run.reach.rule(f"links: {kind}")

    def _may_mean(self, method: str, handler_id: int) -> bool:
        """Tell whether a request may concern this handler."""
        if method == "GET":
            return handler_id in self.created | self.listed
        return handler_id in self.pool or handler_id in self.deleted


@contextmanager
def chaining(run: Run) -> Iterator[Chains]:
    """Yield what chains need. Each chain cleans up after itself."""
    pool = Pool(run)
    schema = generator(without_foreign_keys(loosened(run.facts)), run.facts, run.api, deletes=True)
    for name in _left_out(run):
        schema = schema.exclude(operation_id=name)
    sampler = Sampler(run, schema, pool)
    try:
        yield Chains(run, sampler, pool)
    finally:
        sampler.close()


def follow(chains: Chains) -> None:
    """Run chains until each rule was carried out; skip the test if some never were. Raises Deviation."""
    machine, run = _machine(chains), chains.run
    machines, steps = max(2, run.profile.machines // 3), max(6, run.profile.steps // 2)
    for number in range(_ROUNDS):
        with chains.sampler.only_deviations():
            drawn = seeded(run, machine, number)
            drawn.run(settings=drawing(run, machines, Phase.generate, steps=steps))
        reached = [rule for rule in RULES if run.reach.rules[rule]]
        if len(reached) == len(RULES):
            return
    pytest.skip(f"of the chains only {', '.join(sorted(reached)) or 'none'} came about")


def _machine(chains: Chains) -> type[APIStateMachine]:
    """Return the state machine that follows links. Each of its runs starts with no handler and leaves none."""
    base = chains.sampler.schema.build_state_machine(feedback=NO_FEEDBACK, link_calibration=_Followed())
    return type("Chain", (_Chain, base), {"chains": chains})


def _left_out(run: Run) -> set[str]:
    """Return the operations that chains leave out: spellings that need not succeed and, to save requests, lists.

    A list leads mostly to other people's handlers, which are only read.
    """
    demanded = {operation.id: operation.kind for operation in demanded_operations(run.facts)}
    lists = {name for name, kind in demanded.items() if kind == "list" and is_thrifty(run.profile)}
    return (run.facts.operations.keys() - demanded) | lists


def _number(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else 0


class _Chain(APIStateMachine):
    """One chain of requests; a mixin for the machine that has the rules."""

    chains: Chains
    control: Any
    recorder: Any

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        super().__init__()
        self.control = _Patient(self.control, self.is_time_for)

    def is_time_for(self, target: str) -> bool:
        """Tell whether a request may come next. To save requests, a handler is read and updated before its delete."""
        used = self.kinds >= {"retrieve", "update"}
        return used or not target.startswith("DELETE") or not is_thrifty(self.chains.run.profile)

    def setup(self) -> None:
        self.chains.pool.clean()  # delete what a failed run left
        self.chains.run.begin()

    def get_call_kwargs(self, case: AnyCase) -> dict[str, Any]:  # noqa: ARG002 -- schemathesis says so
        return dict(self.chains.sampler.sending)

    def before_call(self, case: AnyCase) -> None:
        self.chains.aim(case)

    def after_call(self, response: Response, case: AnyCase) -> None:
        super().after_call(response, case)
        self.chains.note(case, response)
        self.kinds.add(self.chains.sampler.operation(case).kind)

    def validate_response(self, response: Response, case: AnyCase, *_: Any, **__: Any) -> None:
        self.chains.sampler.validate(case, response, recorder=self.recorder)

    def teardown(self) -> None:
        self.chains.pool.clean()


class _Followed(LinkCalibrationState):
    """Follows each link. Other ids would be drawn by a chance that no seed repeats."""

    def use_probability(self, _transition_id: str) -> float:
        return 1.0

    def is_calibrated(self, _transition_id: str) -> bool:
        return True


class _Patient:
    """Chooses what comes next as the wrapped control does, but only among requests that may come now."""

    def __init__(self, control: Any, is_time_for: Callable[[str], bool]) -> None:
        self._control = control
        self._is_time_for = is_time_for

    def __getattr__(self, name: str) -> Any:
        return getattr(self._control, name)

    def allow_transition(self, source: str, target: str) -> bool:
        """Tell whether a link may be followed."""
        return self._is_time_for(target) and bool(self._control.allow_transition(source, target))
