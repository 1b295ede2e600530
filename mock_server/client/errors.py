"""What can go wrong between a test and the mock."""

from __future__ import annotations


class ControlError(Exception):
    """The mock refuses a control request; the sentence is its own."""


class Evicted(ControlError):
    """The journal no longer remembers exchanges that could have fitted."""


class Unreachable(Exception):
    """No mock answers where one was looked for."""


class NotInTime(AssertionError):
    """What a test waited for did not come in time."""


class WentWrong(AssertionError):
    """The mock broke its own document: a defect of bitpeak-mock, not of what is tested."""


class Violated(AssertionError):
    """In a strict world, what is tested sent something that the service would have swallowed in silence."""
