"""Every case is read as PHP 8.2 was observed to read it (see observe_php.py)."""

import json
from typing import Any

import pytest

from mock_server.php import multipart, values
from mock_server.php.body import parse_query, parse_urlencoded
from mock_server.php.form import FormLimits, SentForm
from mock_server.php.values import strip_tags
from tests.forms import cases, text_cases
from tests.forms.observe_php import OBSERVED, short

SEEN: dict[str, dict[str, Any]] = json.loads(OBSERVED.read_text())


def _text(seen: str) -> str:
    return seen if "SHA-256" in seen else seen.encode("latin-1").decode(errors="replace")


def _expected(post: dict[str, Any]) -> tuple[dict[str, str], set[str]]:
    fields = {_text(key): _text(value) for key, value in post.items() if isinstance(value, str)}
    return fields, {_text(key) for key, value in post.items() if not isinstance(value, str)}


def _read(form: SentForm) -> tuple[dict[str, str], set[str]]:
    fields = {}
    for key, value in form.fields.items():
        digest = short(value.encode())
        fields[key] = digest if "SHA-256" in digest else value
    return fields, set(form.arrays)


def test_the_observations_are_of_these_cases() -> None:
    assert SEEN["php"].startswith("8.2.")  # type: ignore[attr-defined]
    assert list(SEEN["multipart"]) == list(cases.BODIES)
    assert list(SEEN["content types"]) == list(cases.CONTENT_TYPES)
    assert list(SEEN["names"]) == list(text_cases.NAMES)
    assert list(SEEN["urlencoded"]) == list(text_cases.URLENCODED)
    assert list(SEEN["to_int"]) == list(text_cases.NUMBERS)
    assert list(SEEN["strip_tags"]) == text_cases.TAGS


@pytest.mark.parametrize("case", cases.BODIES)
def test_multipart(case: str) -> None:
    form = multipart.parse(cases.TYPE, cases.BODIES[case], FormLimits())
    seen = SEEN["multipart"][case]
    assert _read(form) == _expected(seen["post"])
    files: dict[str, Any] = seen["files"]
    assert set(form.files) == set(files)
    for key, part in form.files.items():
        # A file array has one entry per index; each of ours has one.
        name, kind, size, error = (
            next(iter(value.values())) if isinstance(value, dict) else value
            for value in (files[key][column] for column in ("name", "type", "size", "error"))
        )
        if part.error == 0 and case != "file 64 indices":
            assert (part.filename, part.content_type, len(part.data)) == (name, kind, size)
        assert part.error == error


@pytest.mark.parametrize("content_type", cases.CONTENT_TYPES)
def test_boundary(content_type: str) -> None:
    if not content_type.lower().startswith(multipart_type := "multipart/form-data"):
        assert SEEN["content types"][content_type] == {}, f"only {multipart_type} is read"
        return
    body = cases.of_length(cases.CONTENT_TYPES[content_type])[1]
    assert _read(multipart.parse(content_type, body, FormLimits())) == _expected(
        SEEN["content types"][content_type]
    )


@pytest.mark.parametrize("length", cases.BOUNDARY_LENGTHS)
def test_boundary_length(length: int) -> None:
    form = multipart.parse(*cases.of_length(b"x" * length), FormLimits())
    assert form.fields == SEEN["boundary lengths"][str(length)]


@pytest.mark.parametrize("name", text_cases.NAMES)
def test_name(name: str) -> None:
    seen = SEEN["names"][name]
    form = multipart.parse(cases.TYPE, cases.named(name.encode()) + cases.END, FormLimits())
    assert _read(form) == _expected(seen)
    path = []
    while isinstance(seen, dict):
        index, seen = next(iter(seen.items()), (None, None))
        path.append(index)
    filed = values.field_name(name)
    # [] is filed under the next free number.
    assert [filed.key and filed.key.encode().decode("latin-1")] == path[:1]
    assert ["0" if index is None else index for index in filed.path] == path[1:]


@pytest.mark.parametrize("body", text_cases.URLENCODED)
def test_urlencoded(body: str) -> None:
    assert _read(parse_urlencoded(body.encode(), FormLimits())) == _expected(SEEN["urlencoded"][body])
    assert parse_query(body) == _expected(SEEN["urlencoded"][body])[0]


@pytest.mark.parametrize("text", text_cases.NUMBERS)
def test_to_int(text: str) -> None:
    assert values.to_int(text) == SEEN["to_int"][text]


@pytest.mark.parametrize("text", text_cases.TAGS)
def test_strip_tags(text: str) -> None:
    assert strip_tags(text) == SEEN["strip_tags"][text]


@pytest.mark.parametrize("text", text_cases.BLANKS)
def test_trim(text: str) -> None:
    assert values.trim(text) == SEEN["trim"][text]


@pytest.mark.parametrize("text", text_cases.TRUTHS)
def test_truthy(text: str) -> None:
    assert values.truthy(text) is SEEN["truthy"][text]
