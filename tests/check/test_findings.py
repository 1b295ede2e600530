"""A failure becomes findings, each with the shortest way to see it again."""

from __future__ import annotations

import pytest

from contract_tests.guard import Exchange
from contract_tests.report.finding import Finding, Happened, Origin, findings_of, merged, reproduce

ORIGIN = Origin("page", "test_it", "It is so.")
URL = "https://service.invalid/api/rows"


def exchange(method: str, path: str, body: str = "{}", *, refused: str = "", failed: str = "") -> Exchange:
    return Exchange(
        method=method, url=URL + path, operation="operation", request_headers=(), media_type="", form=(), raw="",
        status=0 if refused or failed else 200, headers=(), body=body, milliseconds=1.0, refused=refused, failed=failed,
    )  # fmt: skip


def created(row: int) -> Exchange:
    return exchange("POST", "", f'{{"data": {{"id": {row}, "more": 1}}}}')


def same(text: str) -> str:
    return text


def paths(*exchanges: Exchange, about: str = "") -> list[str]:
    words = [step.curl.split() for step in reproduce(Happened(exchanges), same, about)]
    return [f"{line[2]} {line[3].removeprefix(URL)}".strip() for line in words]


def test_only_the_writes_to_the_row_are_repeated() -> None:
    made = (created(1), created(2), exchange("GET", "/1"), exchange("POST", "/1"), exchange("DELETE", "/2"))
    assert paths(*made, exchange("GET", "/1")) == ["POST", "POST /1", "GET /1"]


def test_a_row_that_the_finding_names_counts() -> None:
    made = (created(1), exchange("GET", "/1"), created(12), exchange("GET", "/12"))
    assert paths(*made) == ["POST", "GET /12"]
    assert paths(*made, about="handler 1 has 12 faults") == ["POST", "GET /1"]
    assert paths(created(1), created(12), about="handler 1 is wrong") == ["POST"]


def test_the_writes_of_earlier_tests_to_a_row_are_repeated_too() -> None:
    earlier = (created(1), created(2), exchange("POST", "/1"))
    steps = reproduce(Happened([exchange("GET", "")], earlier), same, "handler 1 is wrong")
    assert [step.curl.split()[2:4] for step in steps] == [["POST", URL], ["POST", f"{URL}/1"], ["GET", URL]]
    assert len(reproduce(Happened([exchange("GET", "")], earlier), same, "the list is wrong")) == 1


def test_a_name_of_the_document_keeps_its_letters() -> None:
    (finding,) = findings_of(ORIGIN, AssertionError("list_rows: no JSON"), Happened([]), same)
    assert finding.title == "list_rows: no JSON"


def test_a_list_needs_all_writes_but_not_too_many() -> None:
    assert paths(created(1), exchange("GET", "/1"), created(2), exchange("GET", "")) == [
        "POST",
        "POST",
        "GET",
    ]
    assert len(paths(*[created(row) for row in range(40)], exchange("GET", ""))) == 12


def test_what_the_guard_refused_is_not_repeated() -> None:
    assert paths(exchange("GET", "/1"), exchange("DELETE", "/9", refused="foreign")) == ["GET /1"]


def test_an_answer_is_shown_in_one_line_and_not_whole() -> None:
    (step,) = reproduce(Happened([exchange("GET", "", "a\nb " + "c" * 2000)]), same)
    assert step.answer.startswith("200 a b ccc")
    assert len(step.answer) < 700


def test_an_assertion_is_a_finding_and_its_first_line_the_title() -> None:
    text = "the total is 3\nand not 4\nafter:\n  curl …\nassert 3 == 4"
    (finding,) = findings_of(ORIGIN, AssertionError(text), Happened([exchange("GET", "")]), same)
    assert (finding.kind, finding.title, finding.details) == ("finding", "The total is 3", "and not 4")
    assert finding.documented == "It is so."


def test_another_error_is_a_defect_of_the_kit() -> None:
    (finding,) = findings_of(ORIGIN, KeyError("data"), Happened([exchange("GET", "")]), same)
    assert finding.kind == "defect of the kit"
    assert "KeyError: 'data'" in finding.title


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        (exchange("GET", "", refused="contact"), "defect of the kit"),
        (exchange("GET", "", failed="timeout"), "finding"),
    ],
)
def test_the_guards_reasons_are_told(last: Exchange, kind: str) -> None:
    (finding,) = findings_of(ORIGIN, AssertionError("418 and not 200"), Happened([last]), same)
    assert finding.kind == kind
    assert (last.refused or last.failed) in finding.title


def test_a_group_has_a_finding_for_each_error() -> None:
    group = BaseExceptionGroup(
        "many", [AssertionError("one"), BaseExceptionGroup("", [AssertionError("two")])]
    )
    assert [finding.title for finding in findings_of(ORIGIN, group, Happened([]), same)] == ["One", "Two"]


def test_what_differs_in_numbers_alone_is_one_finding() -> None:
    first = Finding("page", "test_a", "finding", "Page 1 has 3 rows")
    again = Finding("model", "test_b", "finding", "Page None has 12 rows")
    other = Finding("model", "test_b", "finding", "Page 1 has no rows")
    found = merged([first, again, other, again])
    assert [finding.title for finding in found] == ["Page 1 has 3 rows", "Page 1 has no rows"]
    assert found[0].also == ("model: test_b",)
