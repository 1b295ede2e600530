"""The plugin's flags and its setting in the configuration file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
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


def file_of(config: pytest.Config, name: str) -> Path | None:
    """Return the file that a flag names, None where it is not given; its folder is made, as that of --junit-xml is.

    Raises pytest.UsageError where nothing can be written there: at the start, since a run may be long.
    """
    given: str | None = config.getoption(name)
    if given is None:
        return None
    flag, path = f"--{name.replace('_', '-')}", Path(config.invocation_params.dir, given)
    if path.is_dir():
        raise pytest.UsageError(f"{flag}: {path} is a folder, name a file in it.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise pytest.UsageError(
            f"{flag}: the folder {path.parent} cannot be made ({error.strerror}), choose another."
        ) from None
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise pytest.UsageError(f"{flag}: {path} cannot be written, check its permissions or choose another.")
    return path
