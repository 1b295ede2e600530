"""What holds for all tests of the project."""

from __future__ import annotations

from pathlib import Path

import pytest

# Runs of pytest within a test: what the plugin for consumers is tested by.
pytest_plugins = ["pytester"]

# Folders whose tests run the whole kit many times: minutes, which the everyday run should not take.
_HEAVY = {"generated", "suites", "mutants", "check"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is heavy, by its folder."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and item.path.relative_to(here).parts[0] in _HEAVY:
            item.add_marker(pytest.mark.heavy)
