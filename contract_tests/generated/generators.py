"""Hypothesis's behaviour in a run: repeatable by its seed, and without a trace on the disk."""

from __future__ import annotations

import tempfile
from pathlib import Path

import hypothesis
import pytest
from hypothesis import HealthCheck, core
from hypothesis.configuration import set_hypothesis_home_dir

_PROFILE = "bitpeak-check"


def prepare_generators(config: pytest.Config, seed: int) -> None:
    """Set Hypothesis up, unless pytest's own options already give a seed or a profile.

    Its folder holds literals of the program's source and the requests it made, so that it goes with the process.
    """
    folder = tempfile.TemporaryDirectory(prefix="bitpeak-hypothesis-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    set_hypothesis_home_dir(Path(folder.name))
    hypothesis.settings.register_profile(
        _PROFILE, database=None, deadline=None, print_blob=False, suppress_health_check=list(HealthCheck)
    )
    if config.getoption("--hypothesis-profile", None) is None:
        hypothesis.settings.load_profile(_PROFILE)
    if config.getoption("--hypothesis-seed", None) is None:
        setattr(core, "global_force_seed", seed)  # noqa: B010 - its type is that of its first value, None
