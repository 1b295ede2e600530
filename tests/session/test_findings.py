"""A failure becomes findings, each with the shortest way to see it again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from contract_tests.guard.exchange import OTHER_KEY_VARIABLE, Exchange, curl_of
from contract_tests.judge.statements import JSON, PAGES, RESPONSES, Statement
from contract_tests.judge.verdicts import Complaint, Deviation, Returned, Ruling
from contract_tests.report.causes import by_cause
from contract_tests.report.outcome import (
    Finding,
    Happened,
    defects_of,
    findings_of,
    merged,
    reproduce,
)

DOCUMENTED = Statement("It is so.", "/paths/x")
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
    assert paths(*made, exchange("GET", ""), about="`total` of page 1 of size 12 is 1")[-1] == "GET"


def test_the_writes_of_earlier_tests_to_a_row_are_repeated_too() -> None:
    earlier = (created(1), created(2), exchange("POST", "/1"))
    steps = reproduce(Happened([exchange("GET", "")], earlier), same, "handler 1 is wrong")
    assert [step.curl.split()[2:4] for step in steps] == [["POST", URL], ["POST", f"{URL}/1"], ["GET", URL]]
    assert len(reproduce(Happened([exchange("GET", "")], earlier), same, "the list is wrong")) == 1


def found(error: BaseException, *exchanges: Exchange) -> list[Finding]:
    return findings_of("page", "test_it", error, Happened(exchanges), same)


def deviation(*sentences: str, statement: Statement = DOCUMENTED) -> Deviation:
    return Deviation([Complaint(statement, sentence) for sentence in sentences])


def test_a_name_of_the_document_keeps_its_letters() -> None:
    (finding,) = found(deviation("list_rows: no JSON"))
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


def test_a_deviation_is_a_finding_for_each_statement_and_drops_none() -> None:
    error = Deviation([
        Complaint(DOCUMENTED, "the total", "3", "4"), Complaint(PAGES, "a row is twice"), Complaint(DOCUMENTED, "more"),
    ])  # fmt: skip
    documentation, itself = found(error, exchange("GET", ""))
    assert (documentation.kind, documentation.title) == (
        "contradicts the documentation", "The total is 3 and should be 4",
    )  # fmt: skip
    assert (documentation.details, documentation.documented, documentation.place) == (
        "more",
        "It is so.",
        "/paths/x",
    )
    assert (itself.kind, itself.title, itself.place) == ("contradicts itself", "A row is twice", "")


def test_another_error_is_a_defect_of_the_kit_and_no_finding() -> None:
    error, happened = KeyError("data"), Happened([exchange("GET", "")])
    assert found(error, *happened.exchanges) == []
    assert defects_of(error, happened) == [error]
    assert defects_of(deviation("wrong"), happened) == []


def test_what_the_guard_refused_is_a_defect_and_what_nobody_answered_a_finding() -> None:
    error = deviation("418 and not 200")
    assert defects_of(error, Happened([exchange("GET", "", refused="contact")])) == [error]
    (finding,) = found(error, exchange("GET", "", failed="timeout"))
    assert (finding.kind, finding.documented) == ("contradicts itself", RESPONSES.says)
    assert "timeout" in finding.title


def test_a_group_has_a_finding_for_each_error() -> None:
    group = BaseExceptionGroup(
        "many", [deviation("one"), BaseExceptionGroup("", [deviation("two", statement=JSON)])]
    )
    assert [finding.title for finding in found(group)] == ["One", "Two"]


def test_what_differs_in_numbers_alone_is_one_finding() -> None:
    def met(test: str, sentence: str) -> Finding:
        (finding,) = findings_of("page", test, deviation(sentence), Happened([]), same)
        return finding

    first, again = met("test_a", "page 1 has 3 rows"), met("test_b", "page None has 12 rows")
    other = met("test_b", "page 1 has no rows")
    one, two = merged([first, again, other, again])
    assert [one.title, two.title] == ["Page 1 has 3 rows", "Page 1 has no rows"]
    assert one.also == ("page: test_b",)


def finding(title: str, **more: Any) -> Finding:
    return Finding("page", "test", str(Ruling.ITSELF), title, subject=title, **more)


def test_what_follows_of_a_wrong_form_is_told_with_it() -> None:
    schema = "/components/schemas/Row/properties/id/type"
    listed = finding("`data[].id` is text", place=schema, part="id", operation="list")
    shown = finding("`id` of handler 5 is text", part="id", operation="retrieve")
    retrieved = finding("`data.id` is text", place=schema, part="id", operation="retrieve")
    other = finding("`name` of handler 5 is old", part="name")
    one, two = by_cause([shown, listed, retrieved, other])
    assert (one.title, one.likewise) == (listed.title, (retrieved.title, shown.title))
    assert (two.title, two.likewise) == (other.title, ())
    assert [each.likewise for each in by_cause([shown, other])] == [(), ()]


def test_findings_of_one_place_and_of_a_list_that_does_not_add_up_are_one() -> None:
    place = {"place": "/paths/x/post", "operation": "create"}
    total = {"documented": PAGES.says, "operation": "list"}
    found = [
        finding("A is refused", **place), finding("The total is 5", **total), finding("B is refused", **place),
        finding("A page has 4 rows", **total), finding("C is refused", place="/paths/y/post", operation="update"),
    ]  # fmt: skip
    assert [(one.title, one.likewise) for one in by_cause(found)] == [
        ("A is refused", ("B is refused",)),
        ("The total is 5", ("A page has 4 rows",)),
        ("C is refused", ()),
    ]


def test_what_is_wrong_with_many_rows_is_counted() -> None:
    complaints = [Complaint(JSON, f"row {number} is text") for number in (1, 2, 3)] + [
        Complaint(JSON, "else")
    ]
    (one,) = findings_of("page", "test", Deviation(complaints), Happened([]), same)
    assert (one.title, one.details) == ("Row 1 is text", "2 more of the same kind, at once\nelse")


def test_a_shell_sees_the_variable_of_the_second_key() -> None:
    sent = (("Authorization", "Bearer other-key"),)
    exchange = Exchange("GET", "http://127.0.0.1/api", "", sent, "", (), "", 200, (), "", 0.0)
    line = curl_of(exchange, lambda text: text.replace("other-key", OTHER_KEY_VARIABLE))
    assert line.endswith(f'--header "Authorization: Bearer {OTHER_KEY_VARIABLE}"')


def test_a_finding_names_the_call_and_not_the_look_after_it() -> None:
    wrong = Complaint(RESPONSES, "an update", Returned("200"), "refused with 401", operation="update")
    seen = Happened([exchange("POST", "/1"), exchange("GET", "/1")])
    (one,) = findings_of("refusals", "t", Deviation([wrong]), seen, same)
    assert one.operation == "update"
    (other,) = findings_of("refusals", "t", Deviation([wrong._replace(operation="")]), seen, same)
    assert other.operation == "operation"


def test_a_deviation_before_the_guard_stopped_the_run_is_no_defect() -> None:
    wrong = Complaint(RESPONSES, "an update returns 500")
    answered, kept_back = exchange("POST", "/1"), exchange("POST", "/1", refused="halted")
    seen = Happened([answered, kept_back])
    assert defects_of(Deviation([wrong], [answered]), seen) == []
    (defect,) = defects_of(Deviation([wrong], [answered, kept_back]), seen)
    assert isinstance(defect, Deviation)


def test_a_page_that_the_finding_names_is_the_one_that_is_shown() -> None:
    asked = [
        created(1),
        *(exchange("GET", f"?{query}") for query in ("size=10", "page=2&size=10", "page=1&size=50")),
    ]
    for about, query in (("page 1 of size 10 is", "size=10"), ("page 2 of size 10 is", "page=2&size=10")):
        assert [step.curl.split()[3].strip("'") for step in reproduce(Happened(asked), same, about)] == [
            URL, f"{URL}?{query}",
        ]  # fmt: skip


def test_a_call_without_a_byte_keeps_its_media_type() -> None:
    bare = exchange("POST", "")
    typed = replace(bare, request_headers=(("Content-Type", "text/plain"),), media_type="text/plain")
    assert typed.as_curl() == f"{bare.as_curl()} --header 'Content-Type: text/plain' --data ''"
