"""What the marker `bitpeak` says a test's world begins with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from mock_server.client import Api, ControlError
from mock_server.client.world import fault_order, handler_rows

_WORDS = ("seed", "strict", "answers", "faults")


def arrange(api: Api, item: pytest.Item) -> None:
    """Put the world in the state that the markers ask for, the nearest first. The test fails where it cannot be."""
    wanted: dict[str, Any] = {}
    for marker in item.iter_markers("bitpeak"):
        if marker.args or set(marker.kwargs) - set(_WORDS):
            pytest.fail(
                f"@pytest.mark.bitpeak takes {', '.join(f'{word}=…' for word in _WORDS)} and nothing else.",
                pytrace=False,
            )
        wanted = {**marker.kwargs, **wanted}
    if not wanted:
        return
    trouble = ""
    try:
        api.restore(_state(wanted, item.path.parent))
    except (ControlError, OSError, TypeError, ValueError) as error:
        trouble = f"@pytest.mark.bitpeak of {item.name}: {error}"
    if trouble:
        pytest.fail(trouble, pytrace=False)


def _state(wanted: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = {}
    if "seed" in wanted:
        state["handlers"] = _handlers(wanted["seed"], folder)
    if "strict" in wanted:
        state["rules"] = {"strict": wanted["strict"]}
    if "answers" in wanted:
        state["answers"] = {name.replace("_", "-"): answer for name, answer in wanted["answers"].items()}
    if "faults" in wanted:
        state["faults"] = [
            fault_order(each) if isinstance(each, str) else fault_order(**each) for each in wanted["faults"]
        ]
    return state


def _handlers(seed: str | Path | Iterable[Mapping[str, Any]], folder: Path) -> Any:
    """Return handlers as they are, or read them from a YAML or JSON file beside the test."""
    if not isinstance(seed, (str, Path)):
        return handler_rows(seed)
    text = (folder / seed).read_text(encoding="utf-8")
    try:
        rows = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{folder / seed} is no YAML: {error}") from None
    return (
        rows["handlers"] if isinstance(rows, dict) and "handlers" in rows else rows
    )  # as `serve --seed` reads it
