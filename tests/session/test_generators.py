"""Hypothesis in a run of the kit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import configuration
from hypothesis.internal.charmap import charmap_file, intervals_from_codec

from contract_tests.generated.drawing import keep_in


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Give Hypothesis a folder of its own, as in a run, until the end of the test."""
    before = charmap_file().parents[2]
    intervals_from_codec.cache_clear()
    keep_in(tmp_path / "home")
    yield tmp_path / "home"
    configuration.set_hypothesis_home_dir(before)
    intervals_from_codec.cache_clear()


def test_it_need_not_find_out_which_characters_utf_8_can_write(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hypothesis.internal.charmap.sys.maxunicode", 9)  # so far it would try them
    characters, lost = intervals_from_codec("utf-8")
    assert characters.intervals == ((0, 0xD7FF), (0xE000, 0x10FFFF))
    assert not lost.intervals
