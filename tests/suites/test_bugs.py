"""Each planted bug fails a suite, and no suite makes it worse for the rows of others."""

from __future__ import annotations

import pytest

from tests.second_opinion import BUGS
from tests.suites.judging import KEY, OTHER_KEY, judge
from tests.suites.services import second_opinion

# Bugs that no suite sees, with the reason.
SURVIVORS: dict[str, str] = {}

# Bugs of which it is the very nature that a service changes rows which nobody asked it to change.
TOUCHING = {"update-touches-another", "delete-takes-newest-too"}


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_fails_a_suite(name: str) -> None:
    service = second_opinion(bugs=[name])
    before = {key: service.snapshot(key, foreign=True) for key in (KEY, OTHER_KEY)}
    with service:
        verdict = judge(service.url, until_failure=True)
    assert bool(verdict.failed) is (name not in SURVIVORS)
    if name not in TOUCHING:
        assert {key: service.snapshot(key, foreign=True) for key in (KEY, OTHER_KEY)} == before


@pytest.mark.parametrize("name", ["wrong-id-answered", "update-resets-name"])
def test_a_whole_run_leaves_nothing_behind(name: str) -> None:
    service = second_opinion(bugs=[name])
    before = service.snapshot(KEY)
    with service:
        verdict = judge(service.url)
    assert verdict.failed
    assert service.snapshot(KEY) == before
    assert not service.written(KEY) & set(service.accounts[KEY].foreign_ids)


@pytest.mark.parametrize("suite", ["lifecycle", "model"])
@pytest.mark.parametrize("name", ["update-forgets-is-enabled", "delete-does-nothing", "order-unstable"])
def test_each_oracle_sees_it_by_itself(suite: str, name: str) -> None:
    with second_opinion(bugs=[name]) as service:
        assert judge(service.url, suites=[suite], until_failure=True).failed
