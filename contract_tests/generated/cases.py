"""How many cases of an operation are sent, and which: some that need no chance, and some by chance."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from contract_tests.document.demand import demanded_operations
from contract_tests.generated.engine import AnyCase, any_case, explicit_cases
from contract_tests.generated.generators import first, kept
from contract_tests.generated.sampler import Sampler, is_thrifty
from contract_tests.run.run import Run

# Creates come first, for the list then has handlers of all kinds to show, and the others have some to work on.
KINDS = ("create", "list", "retrieve", "update", "delete")


def judge_operations(kind: str, sampler: Sampler) -> None:
    """Send cases of the operations of a kind. Raises Deviation; skips the test if that came to nothing."""
    run = sampler.run
    names = [one.id for one in demanded_operations(run.facts) if one.kind == kind]
    for share, name in enumerate(names, start=1):
        with sampler.only_deviations():
            _judge_operation(sampler, name, run, share)
        tally = sampler.tallies[name]
        if tally.sent <= tally.withheld:
            pytest.skip(f"the guard kept back most cases of {name}, {tally.withheld} of them")
        if not tally.own.total():
            pytest.skip(f"none of {tally.sent} cases of {name} succeeded")


def _judge_operation(sampler: Sampler, name: str, run: Run, share: int) -> None:
    """Send an operation's cases; another spelling of an operation gets a smaller share of them."""
    operation, examples = sampler.operations[name], run.profile.examples // share
    thrifty = is_thrifty(run.profile)
    by_chance = examples // 4 if thrifty else examples
    sent: set[str] = set()
    for case in explicit_cases(operation):
        if thrifty and len(sent) == examples - by_chance:
            break
        if (text := _text(case)) not in sent:
            sent.add(text)
            sampler.judge(case)
    if not by_chance or (not operation.query and not operation.body):
        return  # for lack of requests, or since there is nothing to choose but the id, which is always one of our own

    @given(any_case(operation))
    @_settings(run, by_chance)
    def judge_any(case: AnyCase) -> None:
        sampler.judge(case)

    # Examples are kept by the test's source, which is the same for all operations.
    judge_any.hypothesis.inner_test._hypothesis_internal_add_digest = name.encode()  # type: ignore[attr-defined]
    (judge_any if run.seed is None else seed(run.seed)(judge_any))()


def _text(case: AnyCase) -> str:
    """Return what tells a case from others, whichever handler it is about."""
    return repr((case.media_type, case.body, case.query, case.headers.get("Content-Type")))


def _settings(run: Run, examples: int) -> settings:
    # Making a failing case simpler takes many requests, which only a longer run can afford.
    phases = (Phase.generate,) if is_thrifty(run.profile) else (Phase.generate, Phase.shrink)
    return settings(
        max_examples=examples,
        phases=(*first(run.examples), *phases),
        derandomize=run.seed is None,
        **kept(run.examples),
        deadline=None,
        verbosity=Verbosity.quiet,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
