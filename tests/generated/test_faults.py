"""Services with a fault are found out, in words that say what it is."""

from __future__ import annotations

import pytest

from tests.generated.saboteur import CRASHES, SHAPES, Fault, sabotaged
from tests.generated.suites import KEY, faults
from tests.second_opinion import SecondOpinion

PLANTED = [
    pytest.param(fault, "500" if kind is CRASHES else "", id=name)
    for kind in (CRASHES, SHAPES)
    for named in kind.values()
    for name, fault in named.items()
]


@pytest.mark.parametrize(("fault", "word"), PLANTED)
def test_a_fault_is_found(fault: Fault, word: str) -> None:
    with sabotaged(fault) as url:
        found = faults(url, profile="standard", first=True)
    assert word in found[0]
    assert KEY not in found[0]


def test_the_saboteur_itself_does_nothing() -> None:
    with sabotaged(lambda _, reply: reply) as url:
        assert faults(url) == []


def test_a_fault_comes_with_the_line_that_repeats_it() -> None:
    with sabotaged(CRASHES["list"]["huge-pages"]) as url:
        [found] = faults(url)
    line = next(line for line in found.splitlines() if "curl --request GET" in line)
    assert f"{url}/notification-handlers" in line
    assert "page=" in line


def test_a_wrong_id_leads_to_nobody_else() -> None:
    with SecondOpinion(keys={KEY: 30}, bugs=["wrong-id-answered"]) as service:
        before = service.snapshot(KEY, foreign=True)
        found = faults(service.url, profile="standard")
        assert any("is missing, or was in use" in one for one in found)
        assert service.snapshot(KEY, foreign=True) == before


def test_what_a_key_is_refused_is_no_refusal_of_data() -> None:
    with SecondOpinion(keys={"another-key": 3}) as service:
        assert "answered 401" in faults(service.url)[0]


def test_a_rate_limit_is_no_refusal_of_data() -> None:
    with SecondOpinion(keys={KEY: 3}, rate=5) as service:
        assert "429" in faults(service.url)[0]
