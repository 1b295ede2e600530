"""Hypothesis's behaviour in a run: repeatable by its seed, and without a trace on the disk."""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, Verbosity, core
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.errors import HypothesisSideeffectWarning
from hypothesis.internal.charmap import charmap_file
from hypothesis.internal.conjecture import providers

from contract_tests.run.run import Run

Drawn = TypeVar("Drawn", bound=Callable[..., object])

_PROFILE = "bitpeak-check"


def keep_in(folder: Path) -> None:
    """Let Hypothesis keep its files in a folder.

    Which characters UTF-8 can write is put there at once, all but the surrogates. To find out, Hypothesis would encode
    a million characters in each new folder, which takes more than a second.
    """
    set_hypothesis_home_dir(folder)
    with warnings.catch_warnings(
        action="ignore", category=HypothesisSideeffectWarning
    ):  # that the disk is used early
        table = charmap_file("codec-v2-utf-8")
    table.parent.mkdir(parents=True)
    with gzip.open(table, "wt") as stream:
        json.dump([[[0, 0xD7FF], [0xE000, sys.maxunicode]], []], stream)


def prepare_generators(config: pytest.Config, seed: int, examples: Path | None) -> None:
    """Set Hypothesis up, unless pytest's own options already give a seed or a profile.

    Its folder holds the requests it made, so that it goes with the process. It draws no literals of this package's
    source. In a checkout it would read them, which takes a second, and a seed would mean another thing than once the
    package is installed.
    """
    folder = tempfile.TemporaryDirectory(prefix="bitpeak-hypothesis-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    keep_in(Path(folder.name))
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    patch.setattr(providers, "_get_local_constants", lambda: providers._local_constants, raising=False)
    hypothesis.settings.register_profile(
        _PROFILE, database=None, deadline=None, print_blob=False, suppress_health_check=list(HealthCheck)
    )
    if config.getoption("--hypothesis-profile", None) is None:
        hypothesis.settings.load_profile(_PROFILE)
    # A seed for all keeps Hypothesis from its examples; each generated test has the run's seed in any case.
    if config.getoption("--hypothesis-seed", None) is None and examples is None:
        setattr(core, "global_force_seed", seed)  # noqa: B010 - its type is that of its first value, None


def drawing(
    run: Run, examples: int, *phases: Phase, steps: int = 50, verbosity: Verbosity = Verbosity.quiet
) -> hypothesis.settings:
    """Return the settings of a generated test: so many examples, or machines of so many `steps`.

    Failing examples are kept in the run's folder, if it has one, and tried first. They are choices, not requests: what
    they make of them depends on the document, and no key is among them.
    """
    return hypothesis.settings(
        max_examples=examples,
        stateful_step_count=steps,
        phases=phases if run.examples is None else (Phase.reuse, *phases),
        derandomize=run.seed is None,
        database=None if run.examples is None else DirectoryBasedExampleDatabase(run.examples),
        deadline=None,
        verbosity=verbosity,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )


def seeded(run: Run, test: Drawn, more: int = 0) -> Drawn:
    """Return a generated test, or a machine, which the run's seed repeats; `more` is added to it."""
    return test if run.seed is None and not more else hypothesis.seed((run.seed or 0) + more)(test)
