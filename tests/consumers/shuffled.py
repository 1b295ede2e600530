"""Has pytest run the tests in another order: `pytest -p shuffled`."""

from __future__ import annotations

import os
import random

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Shuffle the tests, in the same way in all workers."""
    random.Random(os.environ["ORDER"]).shuffle(items)
