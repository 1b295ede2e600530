"""How Hypothesis behaves in a run: its seed repeats it, and it leaves nothing on the disk."""

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

    The table of the characters that UTF-8 can encode, all but the surrogates, is written there at once. To find that
    out in each new folder, Hypothesis would encode a million characters, which takes more than a second.
    """
    set_hypothesis_home_dir(folder)
    with warnings.catch_warnings(
        action="ignore", category=HypothesisSideeffectWarning
    ):  # it warns of an early use of the disk
        table = charmap_file("codec-v2-utf-8")
    table.parent.mkdir(parents=True)
    with gzip.open(table, "wt") as stream:
        json.dump([[[0, 0xD7FF], [0xE000, sys.maxunicode]], []], stream)


def prepare_generators(config: pytest.Config, seed: int, examples: Path | None) -> None:
    """Set Hypothesis up, unless pytest's own options already give a seed or a profile.

    Its folder holds requests, so it is deleted with the process. It does not draw literals from this package's source:
    it would read the source in a checkout, which takes a second, but not in an installed package, so that a seed would
    give other requests there.
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
    # A global seed keeps Hypothesis from its saved examples. Each generated test has the run's seed anyway.
    if config.getoption("--hypothesis-seed", None) is None and examples is None:
        setattr(core, "global_force_seed", seed)  # noqa: B010 - its type is that of its first value, None


def drawing(
    run: Run, examples: int, *phases: Phase, steps: int = 50, verbosity: Verbosity = Verbosity.quiet
) -> hypothesis.settings:
    """Return the settings of a generated test: how many examples, or how many machines of at most `steps` steps.

    Failing examples are kept in the run's folder, if it has one, and tried first. They are Hypothesis's choices, not
    requests, so they hold no key.
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
    """Seed a generated test or a machine with the run's seed plus `more`, and return it."""
    return test if run.seed is None and not more else hypothesis.seed((run.seed or 0) + more)(test)
