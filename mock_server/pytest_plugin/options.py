"""The plugin's flags and its setting in the configuration file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

MARKER = (
    "bitpeak(seed=…, strict=…, answers=…, faults=…): what the test's world begins with: handlers or a file of them, "
    "whether violations fail the test, answers to open questions, faults that are armed."
)

# The names of the flags that ask for coverage, and of those that ask for sabotage.
COVERAGE = ("bitpeak_cov", "bitpeak_cov_json", "bitpeak_cov_fail_under")
SABOTAGE = ("bitpeak_sabotage", "bitpeak_sabotage_json", "bitpeak_sabotage_fail_under")

_FLAGS: Mapping[str, Mapping[str, Any]] = {
    "--bitpeak-url": {"metavar": "URL", "help": "Use the mock that runs there, and start none."},
    "--bitpeak-token": {"metavar": "TOKEN", "help": "What that mock's control asks for, if it does."},
    "--bitpeak-capsules": {
        "metavar": "DIR",
        "help": "Where failed tests leave their capsules, for `bitpeak-mock replay`.  [default: in pytest's cache]",
    },
    "--bitpeak-cov": {
        "action": "store_const",
        "const": True,
        "help": "Show which behaviours of the API the tests exercised, and which not.",
    },
    "--bitpeak-cov-json": {"metavar": "FILE", "help": "Write that as JSON."},
    "--bitpeak-cov-fail-under": {
        "metavar": "N",
        "type": float,
        "help": "Fail where less than N percent of the behaviours were exercised.",
    },
    "--bitpeak-sabotage": {
        "action": "store_const",
        "const": True,
        "help": "Run each test that passes again, once for each wrong answer, and show which go unnoticed.",
    },
    "--bitpeak-sabotage-json": {"metavar": "FILE", "help": "Write that as JSON."},
    "--bitpeak-sabotage-fail-under": {
        "metavar": "N",
        "type": float,
        "help": "Fail where less than N percent of the breaking answers were noticed.",
    },
}


def add_options(parser: pytest.Parser) -> None:
    """Add the flags, and the setting `bitpeak_flags`."""
    group = parser.getgroup("bitpeak", "bitpeak-mock")
    for name, facts in _FLAGS.items():
        group.addoption(name, **facts)
    parser.addini(
        "bitpeak_flags", "Flags of `bitpeak-mock serve` for the mock of the tests.", type="args", default=[]
    )
