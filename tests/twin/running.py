"""Runs of the loop inside the test's process; the mock is a process of its own, as for a user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contract_tests.learning.learn import Learnt, as_yaml, overlay_of
from contract_tests.report.accepted import Acceptances
from contract_tests.run.settings import RunSettings
from contract_tests.session.opening import Opening, learn_behind, open_run
from contract_tests.twin.twin import Plan, Twins, run_twin

KEY = "real-key-1"
OTHER_KEY = "real-key-of-another-account"


@contextmanager
def opened(
    url: str, folder: Path, *overlays: Path | str, key: str = KEY, allow_writes: bool = True, **more: object
) -> Iterator[Opening]:
    """Open a run on a service, and clean up after it."""
    settings = RunSettings(
        target=url, keys=(key,), is_live=False, allow_writes=allow_writes, ledger_dir=folder / "ledger",
        overlays=tuple(map(str, overlays)), **more,  # type: ignore[arg-type]
    )  # fmt: skip
    opening = open_run(settings)
    try:
        yield opening
    finally:
        opening.run.api.close()
        opening.guard.close()


def learned(
    url: str,
    folder: Path,
    *overlays: Path | str,
    allow_writes: bool = True,
    key: str = KEY,
    brief: bool = False,
) -> tuple[Learnt, Path]:
    """Learn a service, and return what was learned and the file."""
    with opened(url, folder, *overlays, allow_writes=allow_writes, key=key) as opening:
        learnt = learn_behind(opening, lambda _: None, brief=brief)
        file = folder / "learned.yaml"
        file.write_text(as_yaml(overlay_of(learnt, opening.guard.target, opening.clean)), encoding="utf-8")
    return learnt, file


def twins(
    url: str,
    folder: Path,
    *overlays: Path | str,
    sequences: int,
    seed: int = 1,
    name: bool = True,
    other_key: str | None = None,
) -> Twins:
    """Compare a service with a mock of these overlays."""
    with opened(url, folder, *overlays, other_key=other_key) as opening:
        return run_twin(
            opening, Plan(sequences=sequences, seed=seed, name=name), Acceptances(), lambda _: None
        )
