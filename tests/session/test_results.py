"""Each failure of a test is a finding of its own, and so is each server error before the tests."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from contract_tests.guard.exchange import Exchange
from contract_tests.judge.statements import (
    JSON,
    KEPT,
    NEEDS_GOOD_KEY,
    OTHERS,
    PAGES,
    RESPONSES,
    STEADY,
    WRITTEN,
)
from contract_tests.judge.verdicts import Observation
from contract_tests.report.causes import by_cause
from contract_tests.report.outcome import GUARD, Finding, merged
from contract_tests.session.opening import Opening
from contract_tests.session.parts import _gathered, _server_errors
from contract_tests.session.results import Results

URL = "https://service.invalid/api"


def test_an_error_is_new_though_a_former_one_had_its_address() -> None:
    results, addresses = Results(cast("Opening", None)), set()
    for number in range(50):
        error = AssertionError(number)
        addresses.add(id(error))
        assert results._is_new(f"test_{number}", error)
        assert not results._is_new(f"test_{number}", error), "a test fails again in its end"
        del error
    assert len(addresses) < 50, "no address came twice: this has shown nothing"


def probed(method: str, query: str, status: int, **more: Any) -> Exchange:
    return Exchange(
        method=method, url=f"{URL}/notification-handlers/{query}", operation="list_rows", request_headers=(),
        media_type="", form=(), raw="", status=status, headers=(), body="broken", milliseconds=1.0, **more,
    )  # fmt: skip


def test_a_server_error_that_a_probe_meets_is_a_finding() -> None:
    seen = [
        probed("GET", "", 200),
        probed("GET", "?page=-2", 500),
        probed("GET", "?page=0", 404),
        probed("PUT", "1", 501),
        probed("GET", "?page=0", 0, failed="closed"),
        probed("GET", "?page=word", 502),
        probed("GET", "?page=1", 503, refused="budget"),
    ]
    opening = SimpleNamespace(seen=seen, guard=SimpleNamespace(target=URL), clean=str)
    found = by_cause(merged(list(_server_errors(cast("Opening", opening)))))
    (finding,) = found
    assert (
        finding.title == "GET /notification-handlers/?page=-2 returns 500 `broken`, which is a server error"
    )
    assert (finding.kind, finding.documented) == ("contradicts itself", RESPONSES.says)
    assert len(finding.steps) == 1


def test_the_same_of_several_fields_is_one_sentence() -> None:
    said = [
        'an update of 7 with slack=\'\' returns 400 `{"error": "slack is empty"}` (assumed: 200)',
        'an update of 8 with email=\'\' returns 400 `{"error": "email is empty"}` (assumed: accepted)',
        "a create with slack='' returns 400 `{}`",
        "an update of 8 with no fields returns 400 `{}`",
    ]
    observations = {str(number): Observation("", text, "", ()) for number, text in enumerate(said)}
    run = SimpleNamespace(
        facts=SimpleNamespace(own_fields=("slack", "email")),
        judge=SimpleNamespace(observations=observations),
    )
    opening = cast("Opening", SimpleNamespace(run=run, clean=str))
    assert [sentence for sentence, _ in _gathered(opening)] == [
        f"{said[0]}. The same holds for `email`, a create",
        said[3],
    ]


def test_what_stops_the_guard_joins_the_finding_that_it_follows_from() -> None:
    def finding(suite: str, title: str, documented: str, operation: str = "") -> Finding:
        return Finding(suite, "test", "contradicts itself", title, documented=documented, operation=operation)

    lost = finding("lifecycle", "Handler 13 is gone, and no call deleted it", KEPT.says)
    broken = finding("page", "The body of a successful list is `x` and should be JSON", JSON.says, "list")
    alarms = [
        finding(GUARD, "A retrieve of 13 does not show the row that the run created", WRITTEN.says),
        finding(GUARD, "The list cannot be read", PAGES.says, "list"),
        finding(GUARD, "A retrieve of 14 does not show the row that the run created", WRITTEN.says),
    ]
    assert [one.title for one in by_cause([lost, broken, *alarms])] == [
        lost.title,
        broken.title,
        alarms[2].title,
    ]


def test_values_that_move_and_keys_that_open_are_one_finding_each() -> None:
    def finding(title: str, documented: str, operation: str = "", part: str = "") -> Finding:
        return Finding(
            "model", title, "contradicts itself", title, documented=documented, operation=operation, part=part
        )

    findings = [
        finding("`is_enabled` of handler 6 is false and should be true", STEADY.says, part="is_enabled"),
        finding("`email` in `settings` of handler 5 is 'x', which was sent to handler 4", OTHERS.says),
        finding("`webhook` in `settings` of handler 5 is 'x' and should be 'y'", WRITTEN.says),
        finding("A list with a wrong key returns 200", NEEDS_GOOD_KEY.says, "list"),
        finding("A delete with a wrong key returns 200", NEEDS_GOOD_KEY.says, "delete"),
        finding("`name` of handler 9 is 'x' and should be 'y'", WRITTEN.says, part="name"),
    ]
    assert [one.title for one in by_cause(findings)] == [findings[n].title for n in (1, 3, 5)]


def test_what_follows_from_a_wrong_total_is_one_finding() -> None:
    def finding(title: str, documented: str, place: str = "") -> Finding:
        return Finding("paging", title, "-", title, documented=documented, place=place, operation="list")

    findings = [
        finding("`meta.total_pages` of page 1 is 2 and should be 3, by the total of 21", "D", "/total-pages"),
        finding("The total on page 3 is 21 and should be 20, as many as the pages show", PAGES.says),
    ]
    assert [one.title for one in by_cause(findings)] == [findings[1].title]
    assert [one.title for one in by_cause(findings[:1])] == [findings[0].title]
