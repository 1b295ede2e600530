"""What the document expects of each answer is worked out once: hundreds of services are asked the same questions."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from contract_tests.probes import Expectations


@pytest.fixture(autouse=True, scope="module")
def _answers_are_applied_once() -> Iterator[None]:
    expectations = cache(Expectations)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "contract_tests.probes.effective.Expectations",
            lambda arguments: expectations(replace(arguments, answers=())),
        )
        yield
