"""What is written reads back the same, by our reader and by YAML 1.1 readers."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mock_server.document import dump_json, dump_yaml, read_text, with_integers

# What YAML can hold: no lone surrogates, no noncharacters.
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff")
TEXTS = st.text(CHARACTERS) | st.text(alphabet="ab \n\t'\"\\:#-?|>&*!%@`,[]{}<=~é\x85\u2028\ufeff01.exn")
TRAPS = st.sampled_from(
    [
        *[
            "yes",
            "no",
            "on",
            "y",
            "N",
            "null",
            "~",
            "true",
            "2025-12-05",
            "12:30:45",
            "1_0",
            "010",
            "0o10",
            "0x1f",
            "0b1",
            "1e3",
            "1.",
            ".5",
            "+1",
        ],
        *[".inf", ".nan", "<<", "=", "---", "...", "- a", "", "2025-12-05 15:32:34"],
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | TRAPS
)
DATA = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS | TRAPS, inner, max_size=4),
    max_leaves=12,
)


def canonical(data: Any) -> str:
    return json.dumps(data)


@settings(deadline=None)
@given(DATA)
@example({"k": "a\nb\n", "l": ["x\n\ny", {"m": " lead\nb"}]})
@example({"a\nb": "c: d\n# e\n"})
@example({"k": "---\nb\n", "x": "\n", "y": "a\n\n", "z": "a \nb", "w": "a\n\tb\n"})
def test_yaml_reads_back_the_same(data: Any) -> None:
    assert canonical(read_text(dump_yaml(data), "f.yaml")) == canonical(with_integers(data))


@settings(deadline=None)
@given(DATA)
def test_a_yaml_1_1_reader_gets_the_same(data: Any) -> None:
    assert canonical(yaml.safe_load(dump_yaml(data))) == canonical(data)


@settings(deadline=None)
@given(DATA)
def test_json_reads_back_the_same(data: Any) -> None:
    assert canonical(json.loads(dump_json(data))) == canonical(data)


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "No",
        "on",
        "y",
        "N",
        "2025-12-05",
        "2025-12-05 15:32:34",
        "12:30:45",
        "1_0",
        "010",
        "0o10",
        "1e3",
        "null",
    ],
)
def test_texts_that_readers_would_mistake_are_quoted(text: str) -> None:
    assert dump_yaml({"k": text}) == f"k: '{text}'\n"
    assert dump_yaml({text: 1}) == f"'{text}': 1\n"


def test_half_of_a_surrogate_pair_becomes_the_sign_for_what_cannot_be_shown() -> None:
    data = {"a\ud800": ["\udc80", "\U0001f600"]}
    assert read_text(dump_yaml(data), "f.yaml") == {"a\ufffd": ["\ufffd", "\U0001f600"]}


def test_the_layout_is_one_a_person_would_write() -> None:
    data = {
        "openapi": "3.1.0",
        "description": "First line.\n\nSecond, with a colon: here.\n",
        "a": [{"200": "é", "none": None}, [], {}],
        "yes": True,
    }
    assert (
        dump_yaml(data)
        == """\
openapi: 3.1.0
description: |
  First line.

  Second, with a colon: here.
a:
  - '200': é
    none: null
  - []
  - {}
'yes': true
"""
    )


def test_keys_keep_the_order_of_the_document_and_shared_parts_are_written_out() -> None:
    shared = {"z": 1, "a": 2}
    text = dump_yaml({"b": shared, "a": shared})
    assert text == "b:\n  z: 1\n  a: 2\na:\n  z: 1\n  a: 2\n"


def test_json_is_indented_and_ends_its_line() -> None:
    assert dump_json(read_text("b: é\na: [1]\n", "f.yaml")) == '{\n  "b": "é",\n  "a": [\n    1\n  ]\n}\n'


def test_what_was_read_is_written_again() -> None:
    text = "a:\n  - b: |-\n      one\n      two\n    c: 2025-12-05 15:32:34\n"
    written = dump_yaml(read_text(text, "f.yaml"))
    assert written == text.replace("2025-12-05 15:32:34", "'2025-12-05 15:32:34'")
