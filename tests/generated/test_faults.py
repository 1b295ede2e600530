"""Services with a fault are found out, in words that say what it is."""

from __future__ import annotations

import pytest

from tests.generated.saboteur import CRASHES, SHAPES, Fault, sabotaged
from tests.generated.suites import KEY, a_run, faults
from tests.second_opinion import SecondOpinion

PLANTED = [
    pytest.param(suite, fault, "500" if kind is CRASHES else "", id=name)
    for kind in (CRASHES, SHAPES)
    for suite, named in kind.items()
    for name, fault in named.items()
]


@pytest.mark.parametrize(("suite", "fault", "word"), PLANTED)
def test_a_fault_is_found(suite: str, fault: Fault, word: str) -> None:
    with sabotaged(fault) as url:
        found = faults(a_run(url, profile="standard"), [suite], first=True)
    assert word in found[0]
    assert KEY not in found[0]
    assert len(found[0]) < 4000


def test_the_saboteur_itself_does_nothing() -> None:
    with sabotaged(lambda _, reply: reply) as url:
        assert faults(a_run(url)) == []


def test_a_fault_comes_with_the_line_that_repeats_it() -> None:
    with sabotaged(CRASHES["list"]["huge-pages"]) as url:
        [found] = faults(a_run(url), ["list"])
        *_, line = found.splitlines()
        assert line.strip().startswith("curl -X GET")
        assert f"{url}/notification-handlers" in line
        assert "page=" in line


def test_what_a_key_is_refused_is_no_refusal_of_data() -> None:
    with SecondOpinion(keys={"another-key": 3}) as service:
        found = faults(a_run(service.url), ["create"])
        assert "a good key was turned away" in found[0]


def test_a_rate_limit_is_no_refusal_of_data() -> None:
    with SecondOpinion(keys={KEY: 3}, rate=5) as service:
        found = faults(a_run(service.url), ["create"])
        assert "429" in found[0]
