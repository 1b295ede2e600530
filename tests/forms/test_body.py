"""The remarks about odd bodies, the limits, and the reader that a Content-Type chooses."""

import pytest

from mock_server.php import body, multipart
from mock_server.php.body import parse_query, parse_urlencoded
from mock_server.php.form import FormLimits, SentForm, TooManyFields
from mock_server.php.values import escape_quotes
from tests.forms import cases

ALL = frozenset({body.MULTIPART, body.URLENCODED, body.JSON})
FORMS = ALL - {body.JSON}


def codes(form: SentForm) -> list[str]:
    return [remark.code for remark in form.remarks]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("plain", []),
        ("binary value", ["invalid-utf8"]),
        ("invalid utf-8", ["invalid-utf8"]),
        ("lf only", ["lf-line-ends"]),
        ("no parts", []),
        ("no closing boundary", ["truncated"]),
        ("cut in the value", ["truncated"]),
        ("same name", ["duplicate-field"]),
        ("array", ["array-field", "array-field"]),
        ("array after text", ["duplicate-field", "array-field"]),
        ("text after array", ["array-field", "duplicate-field"]),
        ("65 indices", ["name-dropped"]),
        ("no name", ["part-without-name"]),
        ("no disposition", ["part-without-disposition"]),
        ("file", []),
        ("file name open bracket", ["file-name-garbled"]),
        ("21 files", ["too-many-files"]),
        ("words: name='a b'", ["name-changed"]),
        ('words: filename="x"; name=', []),
    ],
)
def test_remarks_about_multipart(case: str, expected: list[str]) -> None:
    assert codes(multipart.parse(cases.TYPE, cases.BODIES[case], FormLimits())) == expected


def test_every_remark_is_one_sentence() -> None:
    for odd in cases.BODIES.values():
        for content_type in (cases.TYPE, body.MULTIPART, body.URLENCODED, body.JSON, "text/html", ""):
            for remark in body.read(content_type, odd, FormLimits(), FORMS).remarks:
                assert remark.sentence.endswith(".")
                assert remark.sentence.count(". ") == 0
                assert remark.sentence.isprintable()
                assert len(remark.sentence) < 200


@pytest.mark.parametrize(
    ("content_type", "sent", "code"),
    [
        (None, b"a=1", "content-type-missing"),
        ("", b"a=1", "content-type-missing"),
        ("text/plain", b"a=1", "content-type-unread"),
        ("application/json", b"{}", "content-type-unread"),
        ("application/problem+json; charset=utf-8", b"{}", "content-type-unread"),
        ("x" * 1000, b"a=1", "content-type-unread"),
        ("multipart/form-data", b"--B\r\n", "boundary-missing"),
        ('multipart/form-data; boundary="B', b"--B\r\n", "boundary-invalid"),
        ("multipart/form-data; boundary=" + "x" * 5117, b"--B\r\n", "boundary-invalid"),
        ("multipart/form-data; boundary=B", b"--C\r\n\r\n", "boundary-mismatch"),
        ("multipart/form-data; boundary=B", b"a=1&b=2", "not-multipart"),
        ("multipart/form-data; boundary=B", b' {"a": 1}', "not-multipart"),
        ("application/x-www-form-urlencoded", cases.A, "multipart-in-urlencoded"),
        ("application/x-www-form-urlencoded", b'{"a": 1}', "json-in-form"),
    ],
)
def test_remark_about_the_content_type(content_type: str | None, sent: bytes, code: str) -> None:
    assert code in codes(body.read(content_type, sent, FormLimits(), FORMS))


def test_a_json_body_is_named() -> None:
    (remark,) = body.read("application/json", b"{}", FormLimits(), frozenset({body.MULTIPART})).remarks
    assert remark.sentence == "The body is JSON, which this API does not read: send multipart/form-data."


@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", cases.TYPE, "multipart/form-data", body.JSON]
)
def test_no_body_is_no_remark(content_type: str | None) -> None:
    assert body.read(content_type, b"", FormLimits(), ALL) == SentForm()


@pytest.mark.parametrize(
    ("content_type", "sent"),
    [
        (cases.TYPE, cases.A + cases.END),
        ("Multipart/Form-Data; boundary=B", cases.A + cases.END),
        ("APPLICATION/x-www-form-urlencoded; charset=utf-8", b"a=1"),
        ("application/json", b'{"a": 1}'),
    ],
)
def test_only_readable_types_are_read(content_type: str, sent: bytes) -> None:
    assert body.read(content_type, sent, FormLimits(), ALL).fields == {"a": "1"}
    refused = body.read(content_type, sent, FormLimits(), ALL - {body.media_type(content_type)})
    assert not refused.fields
    assert codes(refused) == ["content-type-unread"]


@pytest.mark.parametrize(
    ("sent", "fields", "arrays", "remarks"),
    [
        (b'{"a": "x", "b": 1.50, "c": null}', {"a": "x", "b": "1.50"}, "", []),
        (b'{"a": true, "b": false}', {"a": "1", "b": ""}, "", []),
        (b'{"n": 12345678901234567890, "m": -1e5}', {"n": "12345678901234567890", "m": "-1e5"}, "", []),
        (b'{"n": ' + b"1" * 5000 + b"}", {"n": "1" * 5000}, "", []),
        (b'{"a.b": "x", "a": [1], "o": {}}', {"a.b": "x"}, "ao", ["array-field", "array-field"]),
        (b'{"a": 1, "a": 2}', {"a": "2"}, "", []),
        (b'{"a": "\\ud83d\\ude00 \\ud800"}', {"a": "😀 \ufffd"}, "", ["invalid-utf8"]),
        (b'{"a": NaN}', {}, "", ["json-broken"]),
        (b'\xef\xbb\xbf{"a": 1}', {}, "", ["json-broken"]),
        (b'{"a": "\xff"}', {}, "", ["json-broken"]),
        (b'{"a": 1} x', {}, "", ["json-broken"]),
        (b"[" * 100_000, {}, "", ["json-broken"]),
        (b'[{"a": 1}]', {}, "", ["json-no-object"]),
        (b'"a"', {}, "", ["json-no-object"]),
        (b"null", {}, "", ["json-no-object"]),
    ],
)  # fmt: skip
def test_json(sent: bytes, fields: dict[str, str], arrays: str, remarks: list[str]) -> None:
    form = body.read("application/json", sent, FormLimits(), ALL)
    assert form.fields == fields
    assert form.arrays.keys() == set(arrays)
    assert codes(form) == remarks


def test_limits_are_inclusive() -> None:
    limits = FormLimits(fields=3)
    parts = [cases.named(b"f%d" % number) for number in range(4)]
    assert len(multipart.parse(cases.TYPE, b"".join(parts[:3]) + cases.END, limits).fields) == 3
    assert len(parse_urlencoded(b"a=1&b=2&c=3&", limits).fields) == 3
    assert len(body.read(body.JSON, b'{"a":1,"b":2,"c":3}', limits, ALL).fields) == 3
    for content_type, sent in (
        (cases.TYPE, b"".join(parts) + cases.END),
        (cases.TYPE, parts[0] * 4 + cases.END),
        (body.URLENCODED, b"a=1&b=2&c=3&d=4"),
        (body.JSON, b'{"a":1,"b":2,"c":3,"d":4}'),
    ):
        with pytest.raises(TooManyFields) as raised:
            body.read(content_type, sent, limits, ALL)
        assert str(raised.value) == "The body holds more than 3 fields."


def test_parts_of_any_kind_are_limited() -> None:
    with pytest.raises(TooManyFields):
        multipart.parse(cases.TYPE, b"--B\r\n\r\n" * 1021, FormLimits())


def test_a_query_has_a_thousand_pairs_at_most() -> None:
    pairs = [f"f{number}={number}" for number in range(1001)]
    assert parse_query("&".join(pairs)) == {f"f{number}": str(number) for number in range(1000)}
    assert parse_query("&&&a=1") == {"a": "1"}
    assert parse_query("") == {}
    assert parse_query("a=é&b=%C3%A9&c=+&d[]=1") == {"a": "é", "b": "é", "c": " "}


def test_parts_are_kept_as_sent() -> None:
    form = multipart.parse(cases.TYPE, cases.named(b"a.b", b"\xff") + cases.FILE + cases.END, FormLimits())
    text, file = form.parts
    assert (text.name, text.key, text.kind, text.data) == ("a.b", "a_b", "text", b"\xff")
    assert form.fields == {"a_b": "\ufffd"}
    assert (text.valid_utf8, text.filename, text.content_type, len(text.data)) == (False, None, None, 1)
    assert (file.name, file.key, file.kind, file.data) == ("f", "f", "file", b"data")
    assert (file.filename, file.content_type, len(file.data), file.error) == ("x.txt", "text/plain", 4, 0)
    assert form.files == {"f": file}


def test_quotes() -> None:
    assert escape_quotes('it\'s "so"') == "it&#39;s &#34;so&#34;"
    assert escape_quotes("plain & <b>") == "plain & <b>"
