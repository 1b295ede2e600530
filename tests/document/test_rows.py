"""The behaviour table: its language, how it is read, and the rows that follow from the shorthand."""

from __future__ import annotations

from typing import Any

import pytest

from mock_server.document import DocumentError, load, read_text
from mock_server.document.rows import (
    Reaction,
    Row,
    Rows,
    form_rows,
    parameter_rows,
    parse_rows,
    react,
)
from mock_server.document.treatments import TRANSFORMATIONS, TREATMENTS, UNSENT, SentInput

# A field that each treatment can speak of.
FIELD = {"type": "string", "pattern": "^[A-Za-z]", "enum": ["email", "slack"]}
NUMBER = {"type": "integer", "minimum": 1}
ARGUMENTS: dict[str, Any] = {
    "longer-than": 8,
    "shorter-than": 3,
    "is": ["on", "yes"],
    "matches": "^slack$",
    "mismatches": "^[a-z]+$",
}
# Inputs that few treatments hold for.
GOOD = tuple(
    map(SentInput, ("slack", "email", "a@example.com", "http://example.com/", "https://example.com/", "7"))
)
SERVICE: dict[str, str] = {"array-fields": "missing"}


def rows_of(text: str) -> Rows:
    return parse_rows(read_text(text, "o.yaml"))


def holds(name: str, sent: SentInput) -> bool:
    schema = NUMBER if name == "not-allowed" else FIELD
    return TREATMENTS[name].holds(ARGUMENTS.get(name), schema)(sent.text, sent)


def samples(name: str) -> tuple[SentInput, ...]:
    """Return inputs of a treatment, made of `slack` or of 7."""
    if name == "not-allowed":
        return TREATMENTS[name].samples("7", None, NUMBER)
    base = "7" if TREATMENTS[name].about == "number" else "slack"
    return TREATMENTS[name].samples(base, ARGUMENTS.get(name), FIELD)


@pytest.mark.parametrize("name", TREATMENTS)
def test_a_treatment_recognizes_its_samples(name: str) -> None:
    assert samples(name)
    assert all(holds(name, sent) for sent in samples(name))


@pytest.mark.parametrize("name", TREATMENTS)
def test_a_treatment_does_not_hold_for_everything(name: str) -> None:
    assert not all(holds(name, sent) for sent in (*GOOD, UNSENT))


def test_treatments_can_be_told_apart() -> None:
    inputs = [*GOOD, *(sent for name in TREATMENTS for sent in samples(name))]
    every = {name: tuple(holds(name, sent) for sent in inputs) for name in TREATMENTS}
    assert [(a, b) for a in every for b in every if a < b and every[a] == every[b]] == []


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        ("[trim]", " a ", "a"),
        ("[strip-tags]", "<b>a</b>", "a"),
        ("[escape-quotes]", "'\"", "&#39;&#34;"),
        ("[escape-tags]", "<b>", "&lt;b&gt;"),
        ("[strip-control]", "a\nb\x7f", "ab"),
        ("[strip-unprintable]", "a\nb\x07", "a\nb"),
        ("[{cut: 2}]", "abc", "ab"),
        ("[{escape: {'&': '&amp;', '/': '&#x2F;'}}]", "a/&lt;", "a&#x2F;&amp;lt;"),
        ("[trim, {cut: 2}]", " abc", "ab"),
        ("[lower]", "ABC", "abc"),
        ("[lower-domain]", "Ada@EXAMPLE.com", "Ada@example.com"),
        ("[lower-domain]", "ABC", "ABC"),
        ("[lower-host]", "HTTPS://EXAMPLE.com/A", "https://example.com/A"),
        ("[{prefix: 'https://'}]", "example.com", "https://example.com"),
        ("[squeeze]", "a \r\nb", "a b"),
        ("[cast]", "12abc", "12"),
        ("[cast]", "-012", "-12"),
        ("[cast]", "abc", "0"),
        ("[listed-case]", "SLACK", "slack"),
        ("[replace]", "a\ufffd", "a\ufffd"),
    ],
)
def test_a_transformation(change: str, before: str, after: str) -> None:
    rows = rows_of(f"- {{when: any, change: {change}}}")
    assert react(rows, before, FIELD).text == after


@pytest.mark.parametrize(
    ("change", "schema", "before", "after"),
    [
        ("nearest", {"enum": [10, 25, 50]}, "30", "25"),
        ("nearest", {"enum": [10, 25, 50]}, "word", "word"),
        ("next-listed", {"enum": [10, 25, 50]}, "26", "50"),
        ("next-listed", {"enum": [10, 25, 50]}, "99", "50"),
        ("previous-listed", {"enum": [10, 25, 50]}, "40", "25"),
        ("previous-listed", {"enum": [10, 25, 50]}, "7", "10"),
        ("at-most", {"enum": [10, 25, 50]}, "60", "50"),
        ("at-most", {"enum": [10, 25, 50]}, "30", "30"),
        ("clamp", {"minimum": 1, "maximum": 9}, "-3", "1"),
        ("clamp", {"minimum": 1, "maximum": 9}, "12", "9"),
        ("clamp", {"minimum": 1, "maximum": 9}, "7", "7"),
    ],
)
def test_a_transformation_by_the_schema(change: str, schema: dict[str, Any], before: str, after: str) -> None:
    assert react(rows_of(f"- {{when: any, change: [{change}]}}"), before, schema).text == after


@pytest.mark.parametrize(
    ("when", "change", "sent", "text"),
    [
        ("array", "first", SentInput(None, ("a", "b"), frozenset({"array"})), "a"),
        ("array", "last", SentInput(None, ("a", "b"), frozenset({"array"})), "b"),
        ("twice", "first", SentInput("b", ("a", "b"), frozenset({"twice"})), "a"),
        ("twice", "{join: ', '}", SentInput("b", ("a", "b"), frozenset({"twice"})), "a, b"),
        ("file", "last", SentInput(None, ("a",), frozenset({"file"})), "a"),
        ("not-utf-8", "latin-1", SentInput("\ufffd", ("\ufffd",), frozenset({"not-utf-8"}), b"\xe9"), "é"),
    ],
)
def test_a_choice_among_what_was_sent(when: str, change: str, sent: SentInput, text: str) -> None:
    assert react(rows_of(f"- {{when: {when}, change: [{change}]}}"), sent, {}).text == text


def test_every_transformation_is_tried() -> None:
    tried = "trim strip-tags escape-quotes escape-tags strip-control cut lower lower-domain cast listed-case replace"
    assert set(TRANSFORMATIONS) == {
        *tried.split(),
        "lower-host",
        "prefix",
        "squeeze",
        "next-listed",
        "strip-unprintable",
        "previous-listed",
        "at-most",
        "escape",
        "nearest",
        "clamp",
        "first",
        "last",
        "join",
        "latin-1",
    }


def test_a_text_walks_down_the_list() -> None:
    rows = rows_of(
        "- {when: absent, refuse: missing}\n"
        "- {when: padded, change: [trim]}\n"
        "- {when: {longer-than: 3}, refuse: long, item: {field: '{field}'}, with: {rule: length}, rank: 2}\n"
        "- {when: blank, drop: true}\n"
        "- {when: empty, keep: true}\n"
        "- {when: {is: ['on']}, value: true}\n"
        "- {when: control, otherwise: answers 500}\n"
    )
    assert react(rows, None, {}).row == rows[0]
    assert react(rows, " abcd ", {}).outcome == "refuse"
    assert react(rows, " abc ", {}) == Reaction("taken", "abc", None, (rows[1],))
    assert react(rows, "  ", {}).row == rows[0], "what is dropped is as what is not sent"
    assert react(rows, "", {}).outcome == "keep"
    assert react(rows, "on", {}).value is True
    assert react(rows, "\x07", {}).outcome == "otherwise"
    assert (rows[2].item, rows[2].told, rows[2].rank) == ({"field": "{field}"}, {"rule": "length"}, 2)


def test_without_a_row_for_what_is_absent_it_is_dropped() -> None:
    assert react((), None, {}).outcome == "drop"
    assert react(rows_of("- {when: empty, drop: true}"), "", {}).outcome == "drop"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {when: a, keep: true}", "Unknown treatment 'a'"),
        ("- {when: emtpy, keep: true}", "did you mean 'empty'"),
        ("- {when: empty}", "A row needs exactly one of change, refuse"),
        ("- {when: empty, keep: true, drop: true}", "This one has drop and keep"),
        ("- {when: empty, keep: false}", "can only be true"),
        ("- {when: longer-than, keep: true}", "'longer-than' needs a number of characters"),
        ("- {when: {is: on}, keep: true}", "'is' needs a list of texts"),
        ("- {when: {matches: '(?=a)'}, keep: true}", "needs a regular expression without look-around"),
        ("- {when: {empty: 1}, keep: true}", "'empty' stands alone"),
        ("- {when: any, change: [trimm]}", "Unknown transformation 'trimm' (did you mean 'trim'?)"),
        ("- {when: any, change: [cut]}", "Write `{cut: 128}`"),
        ("- {when: absent, change: [trim]}", "An absent text cannot be changed"),
        ("- {when: empty, keep: true, item: {a: 1}}", "`item` is for a refusal"),
        ("- {when: empty, refuse: a, with: {colour: red}}", "can hold rule, message, label, limit and code"),
        ("- {when: empty, kept: true}", "Unknown key 'kept' (did you mean 'keep'?)"),
        ("- {keep: true}", "The key 'when' is missing"),
    ],
)
def test_an_error_says_what_is_wrong_and_which_line(text: str, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        rows_of("- {when: any, change: [trim]}\n" + text)
    assert message in str(caught.value)
    assert str(caught.value).startswith("o.yaml:2: ")


def test_a_list_for_a_field_that_the_form_does_not_have() -> None:
    form = read_text("x-rows:\n  nmae: []\n", "o.yaml")
    with pytest.raises(DocumentError, match=r"o\.yaml:2: x-rows: Unknown field 'nmae' \(did you mean 'name'"):
        form_rows(form, {"name": FIELD}, SERVICE)


def test_lists_for_classes_of_fields() -> None:
    form = {
        "x-rows": {
            "{own}": [{"when": "blank", "drop": True}],
            "{foreign}": [{"when": "any", "refuse": "foreign"}],
            "{unknown}": [{"when": "any", "refuse": "unknown"}],
            "b": [{"when": "any", "keep": True}],
        }
    }
    own = {"type": "string", "x-available-when": {"type": ["t"]}}
    rows = form_rows(form, {"name": FIELD, "a": own, "b": own}, SERVICE)
    # A list that does not say what is absent leaves that to x-own-field-unsent.
    assert said(rows.fields["a"]) == ["blank: drop", "absent: value ''"]
    assert said(rows.fields["b"]) == ["any: keep", "absent: value ''"]
    assert [row.refusal for row in (*rows.foreign, *rows.unknown)] == ["foreign", "unknown"]


def said(rows: Rows) -> list[str]:
    return [str(row) for row in rows]


def test_the_shorthand_of_the_document_becomes_rows() -> None:
    data = load().data
    schemas = data["components"]["schemas"]
    form = schemas["CreateForm"]
    fields = {
        name: {**schemas["Name"], **node} for name, node in form["properties"].items() if name == "name"
    }
    fields["type"] = schemas["HandlerType"]
    fields["email"] = {**schemas["Value"], **form["properties"]["email"]}
    rows = form_rows(form, fields, data["x-service"])
    refuse = "refuse 'required_fields'"
    assert said(rows.fields["name"]) == [
        f"absent: {refuse}",
        f"shorter-than 1: {refuse}",
        f"malformed: {refuse}",
        "any: change (('strip-tags', None), ('escape-quotes', None), ('trim', None))",
        "longer-than 128: change (('cut', 128),)",
    ]
    assert said(rows.fields["type"]) == [
        f"absent: {refuse}",
        f"empty: {refuse}",
        "not-listed: refuse 'plan_limit'",
    ]
    assert said(rows.fields["email"])[0] == "absent: value ''"
    assert rows.foreign == rows.unknown == ()
    assert [row.rank for row in rows.fields["type"]] == [0, 0, 3]


FORM: dict[str, Any] = {"required": ["a"], "x-refusals": {"required": "missing", "enum": "unlisted"}}


@pytest.mark.parametrize(
    ("form", "schema", "service", "expected"),
    [
        ({"x-refusals": {}}, {"minLength": 1, "enum": ["a"]}, {}, ["not-listed: keep", "shorter-than 1: keep"]),
        ({"x-refusals": {}}, {"maxLength": 9, "x-clean": ["trim"]}, {},
         ["any: change (('trim', None),)", "longer-than 9: keep"]),
        ({"x-refusals": {"maxLength": "long"}}, {"maxLength": 9}, {}, ["longer-than 9: refuse 'long'"]),
        ({}, {"x-available-when": {"type": ["t"]}}, {}, ["absent: value ''"]),
        ({"x-own-field-unsent": "null"}, {"x-available-when": {"type": ["t"]}}, {}, ["absent: value None"]),
        ({"x-own-field-unsent": "omitted"}, {"x-available-when": {"type": ["t"]}}, {}, ["absent: omit"]),
        ({"x-own-field-unsent": "refused", "x-refusals": {"required": "missing"}},
         {"x-available-when": {"type": ["t"]}}, {}, ["absent: refuse 'missing'", "empty: refuse 'missing'"]),
        (FORM, {"enum": ["1"], "x-cast": "php-boolean", "x-otherwise": "no-switch"}, {},
         ["absent: refuse 'missing'", "empty: refuse 'missing'", "not-listed: refuse 'no-switch'"]),
        ({}, {}, {"array-fields": "last-item", "invalid-utf-8": "broken"},
         ["not-utf-8: refuse 'broken'", "array: change (('last', None),)"]),
    ],
)  # fmt: skip
def test_each_word_of_the_shorthand(
    form: dict[str, Any], schema: dict[str, Any], service: dict[str, str], expected: list[str]
) -> None:
    assert said(form_rows(form, {"a": schema}, SERVICE | service).fields["a"]) == expected


def test_fields_of_other_types_and_unknown_ones_by_the_shorthand() -> None:
    rows = form_rows(
        {}, {}, {"foreign-fields": "foreign", "unknown-fields": "unknown", "invalid-utf-8": "broken"}
    )
    assert said(rows.foreign) == ["not-utf-8: refuse 'broken'", "any: refuse 'foreign'"]
    assert said(rows.unknown) == ["not-utf-8: refuse 'broken'", "any: refuse 'unknown'"]
    assert [row.rank for row in (*rows.foreign, *rows.unknown)] == [-3, -1, -3, -2]


@pytest.mark.parametrize(
    ("parameter", "schema", "expected"),
    [
        ({}, NUMBER, ["not-integer: drop", "not-allowed: drop"]),
        ({"x-otherwise": "bad"}, NUMBER, ["not-integer: refuse 'bad'", "not-allowed: refuse 'bad'"]),
        ({"x-otherwise": {"number": "low", "word": "bad"}}, NUMBER,
         ["not-integer: refuse 'bad'", "not-allowed: refuse 'low'"]),
        ({"x-cast": "php-integer", "x-role": "page"}, NUMBER, ["any: change (('cast', None),)"]),
        ({"x-cast": "php-integer"}, NUMBER, ["any: change (('cast', None),)", "not-allowed: drop"]),
        ({}, {"type": "string", "enum": ["a"]}, ["not-allowed: drop"]),
        ({"x-rows": [{"when": "zero", "value": "1"}]}, NUMBER, ["zero: value '1'"]),
    ],
)  # fmt: skip
def test_the_rows_of_a_parameter(
    parameter: dict[str, Any], schema: dict[str, Any], expected: list[str]
) -> None:
    assert said(parameter_rows(parameter, schema)) == expected


def test_what_is_not_sent_at_all() -> None:
    assert react((Row("absent", None, "value", ""),), UNSENT, {}).value == ""


def test_the_word_shorthand_stands_for_the_rows_of_a_field_without_a_list() -> None:
    form = read_text(
        "x-rows: {a: [{when: control, keep: true}, shorthand, {when: tags, keep: true}]}\n", "o.yaml"
    )
    field = {"x-cut": 9}
    rows = form_rows(form, {"a": field}, SERVICE)
    assert said(rows.fields["a"]) == ["control: keep", "longer-than 9: change (('cut', 9),)", "tags: keep"]
    page = {"x-rows": [{"when": "zero", "value": "1"}, "shorthand"]}
    assert said(parameter_rows(page, NUMBER)) == ["zero: value '1'", "not-integer: drop", "not-allowed: drop"]
    with pytest.raises(DocumentError, match=r"o\.yaml:1: entry 0 must be a row, or the word shorthand"):
        rows_of("- shorthnd\n")
