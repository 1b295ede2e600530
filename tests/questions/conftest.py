"""The documents of all answers are checked in this process, and most of their schemas are the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator


@pytest.fixture(scope="module", autouse=True)
def _each_schema_is_checked_once() -> Iterator[None]:
    """Check a schema by its meta-schema at its first occurrence: that takes most of a document's check."""
    good, check = set[str](), OAS31Validator.check_schema

    def check_once(schema: Any, **options: Any) -> None:
        text = repr(schema)
        if text not in good:
            check(schema, **options)
            good.add(text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OAS31Validator, "check_schema", check_once)
        yield
