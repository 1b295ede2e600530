"""Chains of requests along the document's links: each request must see the effect of the one before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract_tests.generated.chains import RULES, Chains, chaining, follow
from contract_tests.run.run import Run

__all__ = ["RULES"]  # the report asks for the rules of a suite's machines


@pytest.fixture(scope="module")
def chains(run: Run) -> Iterator[Chains]:
    with chaining(run) as chains:
        yield chains


@pytest.mark.writes
@pytest.mark.spared("the suite lifecycle goes the same ways, and knows more of where they lead")
def test_chains_of_links(chains: Chains) -> None:
    """A created handler can be retrieved, updated and deleted by the id in the response, and then is gone."""
    follow(chains)
