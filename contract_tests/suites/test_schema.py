"""Generated requests, right and wrong ones, to every operation, judged by the document."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract_tests.generated.sampler import KINDS, Sampler, judge_operations, sampling
from contract_tests.run.run import Run


@pytest.fixture(scope="module")
def sampler(run: Run) -> Iterator[Sampler]:
    with sampling(run) as sampler:
        yield sampler


@pytest.mark.spared("the probes and the suite lifecycle send what each of them is about")
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind == "list" else pytest.mark.writes) for kind in KINDS]
)
def test_generated_requests(kind: str, sampler: Sampler) -> None:
    """Requests that the document allows are accepted, others are refused, and each response is documented."""
    judge_operations(kind, sampler)


@pytest.mark.writes
def test_every_operation_is_of_a_kind(sampler: Sampler) -> None:
    """The generated requests cover every operation."""
    assert {sampler.run.facts.kind_of(name) for name in sampler.operations} == set(KINDS)
