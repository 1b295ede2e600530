"""Parsed files are kept: these tests make hundreds of mocks of the same few files."""

from collections.abc import Iterator
from functools import cache

import pytest

from mock_server.document import duplicate, read_object, read_questions


@pytest.fixture(autouse=True, scope="module")
def _files_are_parsed_once() -> Iterator[None]:
    parsed = cache(read_object)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mock_server.document.effective.read_object", lambda file: duplicate(parsed(file)))
        patch.setattr("mock_server.document.effective.read_questions", cache(read_questions))
        yield
