"""`check` finds nothing in a generated house, which is true to the page, and finds each fault planted into one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.check.process import Ran, check, findings, report
from tests.generated_service import GeneratedService, draw
from tests.generated_service.bugs import BUGS
from tests.serving import serving

KEY, OTHER_KEY = "live-key", "other-key"
FAULTY_HOUSES = (0, 3, 8)


@contextmanager
def served(seed: int, bug: str = "") -> Iterator[str]:
    """Serve the house of a seed; yield its base URL."""
    service = GeneratedService(draw(seed), {KEY: 3, OTHER_KEY: 2}, bug)
    with serving(service) as port:
        yield f"http://127.0.0.1:{port}/api"


def judged(folder: Path, seed: int, bug: str = "") -> tuple[Ran, dict[str, Any]]:
    """Run `check` in its quick profile on a house, with both keys."""
    (folder / "other").write_text(OTHER_KEY)
    more = ("--other-key-file", "other", "--seed", "1", "--json", "report.json")
    with served(seed, bug) as url:
        ran = check(folder, url, *more, key=KEY)
    return ran, report(folder / "report.json")


@pytest.mark.parametrize(
    "seed",
    [0, 3, *(pytest.param(seed, marks=pytest.mark.heavy) for seed in range(200) if seed not in {0, 3})],
)
def test_a_house_has_no_finding(seed: int, tmp_path: Path) -> None:
    ran, data = judged(tmp_path, seed)
    assert findings(data) == []
    assert data["defects"] == []
    assert ran.code == 0, ran.err


@pytest.mark.heavy
@pytest.mark.parametrize("seed", FAULTY_HOUSES)
@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_fault_is_found_in_an_odd_house(bug: str, seed: int, tmp_path: Path) -> None:
    ran, data = judged(tmp_path, seed, bug)
    assert (ran.code, bool(findings(data)), data["defects"]) == (1, True, [])
