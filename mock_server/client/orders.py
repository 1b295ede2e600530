"""The names of what can be ordered, for editors and type checkers; openapi/control.yaml says what each means.

The types are Python's, and wider than the document's: a time may be a number of seconds or a timedelta.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypedDict


class FaultWords(TypedDict, total=False):
    """The words of `FaultOrder` but the refusal, an argument of its own, and what the mock counts itself."""

    operation: str | None
    status: int | None
    wire: str | None
    latency: str | float | timedelta | tuple[float, float] | None
    virtual: bool | None
    mutation: Mapping[str, Any] | None
    times: int | None
    after: int
    probability: float
    seed: int


class QuotaWords(TypedDict, total=False):
    """The words of `QuotaChange`."""

    enforced: bool
    requests: int
    seconds: float
    used: int
