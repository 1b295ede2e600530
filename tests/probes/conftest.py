"""Hundreds of documents are made here of the same two files, and parsing them would be most of the work."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from contract_tests.probes import Expectations
from mock_server.document import duplicate, read_object, read_questions


@pytest.fixture(autouse=True, scope="module")
def _files_are_parsed_once() -> Iterator[None]:
    parsed = cache(read_object)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mock_server.document.effective.read_object", lambda file: duplicate(parsed(file)))
        questions = cache(read_questions)
        patch.setattr(
            "mock_server.document.effective.read_questions",
            lambda file, named: questions(file, None if named is None else frozenset(named)),
        )
        expectations = cache(Expectations)
        patch.setattr(
            "contract_tests.probes.effective.Expectations",
            lambda arguments: expectations(replace(arguments, answers=())),
        )
        yield
