"""The mock as a process of its own: what stands behind the saboteur."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from contract_tests.twin.mock import MockProcess


@contextmanager
def service(answers: Sequence[str] = ()) -> Iterator[int]:
    """Serve the mock with answers to open questions, and yield its port. Raises Stop (CANNOT) if it does not start."""
    with MockProcess(None, (), tuple(answers)) as mock:
        yield urlsplit(mock.url).port or 0
