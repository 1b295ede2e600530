"""YAML is read by the core schema of 1.2, and every fault is one sentence with file and line."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_server.document import DocumentError, Object, place_of, read, read_object, read_text, source


@pytest.fixture(params=[yaml.CSafeLoader, yaml.SafeLoader], ids=["libyaml", "python"])
def _either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_LOADER", source.core_loader(request.param))


both_parsers = pytest.mark.usefixtures("_either_parser")


def fault(text: str, name: str = "f.yaml") -> str:
    with pytest.raises(DocumentError) as caught:
        read_text(text, name)
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return message


@both_parsers
@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(text, None) for text in ("null", "Null", "NULL", "~")],
        *[(text, True) for text in ("true", "True", "TRUE")],
        *[(text, False) for text in ("false", "False", "FALSE")],
        *[(text, text) for text in ("yes", "no", "on", "off", "Yes", "NO", "y", "n", "nULL", "tRUE")],
        ("2025-12-05", "2025-12-05"),
        ("2025-12-05 15:32:34", "2025-12-05 15:32:34"),
        ("2025-12-05T15:32:34Z", "2025-12-05T15:32:34Z"),
        ("12:30:45", "12:30:45"),
        ("1_0", "1_0"),
        ("0b1", "0b1"),
        ("3.1.0", "3.1.0"),
        ("=", "="),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-7", -7),
        ("+7", 7),
        ("1.", 1),
        (".5", 0.5),
        ("-1.5e3", -1500),
        ("1e3", 1000),
        ("1e16", 1e16),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 1", "1"),
        ('!!int "1"', 1),
        ('!!null ""', None),
    ],
)
def test_the_core_schema_decides_what_a_scalar_means(text: str, value: object) -> None:
    found = read_text(f"- {text}\n", "f.yaml")[0]
    assert found == value
    assert type(found) is type(value)


def test_an_empty_value_is_null() -> None:
    assert read_text("a:\nb: ''\n", "f.yaml") == {"a": None, "b": ""}


@both_parsers
def test_keys_are_text_as_written() -> None:
    data = read_text("200: a\ntrue: b\n010: c\nnull: d\n2025-12-05: e\n'<<': f\n!!str 1: g\n", "f.yaml")
    assert list(data) == ["200", "true", "010", "null", "2025-12-05", "<<", "1"]


@both_parsers
def test_each_alias_is_a_copy_of_its_own() -> None:
    data = read_text("a: &x\n  k: [1]\nb: *x\nc: *x\n", "f.yaml")
    assert data["b"] == data["c"] == {"k": [1]}
    data["b"]["k"].add(2, data.place)
    assert data["a"] == data["c"] == {"k": [1]}
    assert place_of(data, "b").line == 3
    assert place_of(data["b"], "k").line == 2


def test_json_is_read_as_it_stands() -> None:
    value = {"a": [1, -2.5e-3, None, True, 'x\ty " \\ / \u00e9'], "b": {}, "c": [], "200": "2025-12-05"}
    assert read_text(json.dumps(value), "f.json") == value
    assert read_text(json.dumps(value, indent="\t"), "f.json") == value
    assert place_of(read_text(json.dumps(value, indent=2), "f.json"), "200").line == 11


def test_lines_count_from_one_with_either_line_break() -> None:
    data = read_text("# first\r\na: 1\r\nb: 2\r\n", "f.yaml")
    assert place_of(data, "b") == ("f.yaml", 3)


@both_parsers
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.yaml:1: The file is empty. Write a YAML document in it."),
        ("# a remark\n", "f.yaml:1: The file is empty. Write a YAML document in it."),
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3: The key 'a' is on line 1 already. Keep one."),
        ("200: a\n'200': b\n", "f.yaml:2: The key '200' is on line 1 already. Keep one."),
        ("a: 1\n---\nb: 2\n", "f.yaml:2: A second YAML document begins here. Keep one per file."),
        ("a: 1\nb: !point [1]\n", "f.yaml:2: The tag !point is not supported. Remove it."),
        ("a: !point {}\n", "f.yaml:1: The tag !point is not supported. Remove it."),
        ("a: !point x\n", "f.yaml:1: The tag !point is not supported. Remove it."),
        ("!point a: x\n", "f.yaml:1: The tag !point is not supported. Remove it."),
        ("a: !!binary aGk=\n", "f.yaml:1: The tag !!binary is not supported. Remove it."),
        ("a: !!set {b}\n", "f.yaml:1: The tag !!set is not supported. Remove it."),
        (
            "a: &x {k: 1}\nb:\n  <<: *x\n",
            "f.yaml:3: The merge key `<<` is not supported. Write the keys out.",
        ),
        ("a: 1\n? [x]\n: 2\n", "f.yaml:2: A key cannot be a list or a mapping. Write text."),
        ("a:\n\tb: 1\n", "f.yaml:2: A tab indents this line. Use spaces."),
        ("a: 1\n\tb: 1\n", "f.yaml:2: A tab indents this line. Use spaces."),
        ("é: 1\nb: \x07\n", "f.yaml:2: There is a control character here. Remove it."),
        ("a: 1\nb: .inf\n", "f.yaml:2: '.inf' is not a number that JSON can hold. Quote it if it is text."),
        ("- .NaN\n", "f.yaml:1: '.NaN' is not a number that JSON can hold. Quote it if it is text."),
        ("- 1e999\n", "f.yaml:1: '1e999' is not a number that JSON can hold. Quote it if it is text."),
        ("- !!int x\n", "f.yaml:1: 'x' is not an integer that JSON can hold. Quote it if it is text."),
        ("- !!bool yes\n", "f.yaml:1: 'yes' is not a boolean that JSON can hold. Quote it if it is text."),
        ("- !!null x\n", "f.yaml:1: 'x' is not a null that JSON can hold. Quote it if it is text."),
    ],
)
def test_each_fault_is_one_sentence_with_its_line(text: str, message: str) -> None:
    assert fault(text) == message


@both_parsers
@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("a: 1\nb: c: d\n", "f.yaml:2: Malformed YAML (mapping values are not allowed"),
        ("a: *x\n", "f.yaml:1: Malformed YAML (found undefined alias"),
        ("a: [1\n", "f.yaml:1: Malformed YAML ("),
        ("a: @x\n", "f.yaml:1: Malformed YAML ("),
        ("a: 1\nb: 'x\n", "f.yaml:2: Malformed YAML ("),
        ("- a\nb: 1\n", "f.yaml:2: Malformed YAML ("),
        pytest.param("[" * 2000, "f.yaml:1: ", id="deep"),
    ],
)
def test_ill_formed_yaml_is_placed(text: str, start: str) -> None:
    assert fault(text).startswith(start)


def test_a_number_too_long_to_hold_is_cut_short_in_the_message() -> None:
    message = fault(f"- {'9' * 5000}\n")
    assert message == f"f.yaml:1: '{'9' * 36}…' is not an integer that JSON can hold. Quote it if it is text."


@both_parsers
def test_an_alias_bomb_is_refused() -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12)]
    message = fault("\n".join(["l0: &l0 [x]", *levels]))
    assert "The file holds more than 200,000 nodes. Use fewer aliases." in message


def test_an_alias_in_itself_is_refused() -> None:
    assert "nests deeper than 100 levels. Look for an alias that contains itself." in fault("a: &a [*a]\n")
    assert "nests deeper than 100 levels" in fault("[" * 150 + "]" * 150)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    def reading(file: Path | str) -> str:
        with pytest.raises(DocumentError) as caught:
            read(file)
        return str(caught.value)

    missing, latin, wide = tmp_path / "none.yaml", tmp_path / "latin.yaml", tmp_path / "wide.yaml"
    latin.write_bytes("a: 1\nb: é\n".encode("latin-1"))
    wide.write_bytes("a: 1\n".encode("utf-16"))
    assert reading(missing) == f"{missing}:1: File not found. Check its name."
    assert reading(tmp_path) == f"{tmp_path}:1: This is a folder. Name a file in it."
    assert reading(latin) == f"{latin}:2: The file is not UTF-8 from here on. Save it as UTF-8."
    assert reading(wide) == f"{wide}:1: The file is not UTF-8 from here on. Save it as UTF-8."
    assert "The file cannot be read (" in reading(latin / "below.yaml")
    assert reading("a\0b").endswith("A file name cannot hold a NUL. Remove it.")


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "bom.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read(file) == {"a": 1}


def test_the_file_is_named_as_the_user_named_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.yaml").write_text("a: 1\n")
    assert str(read_object("here.yaml").place) == "here.yaml:1"
    assert str(read_object("./here.yaml").place) == "./here.yaml:1"


@pytest.mark.parametrize(("text", "line"), [("\n- a\n", 2), ("\nsome text\n", 1)])
def test_read_object_wants_a_mapping(tmp_path: Path, text: str, line: int) -> None:
    file = tmp_path / "top.yaml"
    file.write_text(text)
    with pytest.raises(DocumentError) as caught:
        read_object(file)
    expected = f"{file}:{line}: The top of the file must be a mapping. Write `key: value` lines."
    assert str(caught.value) == expected


@settings(deadline=None)
@given(st.text(alphabet="ab:-[]{}#&*!|>'\"%@`,? \n\t~<01.e", max_size=40))
def test_any_text_gives_json_data_or_a_document_error(text: str) -> None:
    error = None
    data: Any = None
    try:
        data = read_text(text, "f.yaml")
    except DocumentError as caught:
        error = caught
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    if error is not None:
        assert error.place is not None
        assert 1 <= error.place.line <= text.count("\n") + 1
        assert "\n" not in str(error)


@settings(deadline=None)
@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_json_numbers_keep_their_value(number: float) -> None:
    found = read_text(f"- {json.dumps(number)}\n", "f.yaml")[0]
    assert found == number
    if number:  # -0.0 is the integer 0
        assert math.copysign(1, found) == math.copysign(1, number)


def test_a_whole_number_is_an_integer() -> None:
    """In documents, overlays and seeds, as JSON Schema means it."""
    assert [repr(each) for each in read_text("[7.0, 7.5, -0.0, 1e3]", "f.yaml")] == ["7", "7.5", "0", "1000"]


def test_objects_stay_objects_at_every_level() -> None:
    data = read_text("a: [{b: {}}]", "f.yaml")
    assert isinstance(data["a"][0]["b"], Object)
