"""Files that have no end, or that nest without one: each reader refuses them in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract_tests.guard.ledger import Ledger
from contract_tests.recording import read_recording
from contract_tests.run.settings import Stop, read_keys
from mock_server.capsule import Capsule, NoCapsule
from mock_server.contract.contract import compile_contract
from mock_server.document import DocumentError, load, read
from mock_server.state.seed import read_seed

READERS: dict[str, Callable[[Path], Any]] = {
    "x.yaml": read,
    "x.har": lambda file: read_seed(file, compile_contract(load())),
    "x.jsonl": lambda file: read_seed(file, compile_contract(load())),
    "recording": read_recording,
    "capsule": Capsule.read,
    "ledger": Ledger.read,
    "keys": lambda file: read_keys(str(file), None, {}),
}


@pytest.mark.parametrize("name", READERS)
def test_a_file_without_an_end_is_not_read_on(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / name
    file.write_bytes(bytes(2 << 20))
    monkeypatch.setattr("mock_server.document.source.LARGEST", 1 << 20)
    monkeypatch.setattr("mock_server.capsule._LARGEST", 1 << 20)
    with pytest.raises((DocumentError, OSError, Stop, NoCapsule), match=r"File too large|more than 1 MiB"):
        READERS[name](file)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"log":{"entries":' + "[" * 100_000], ids=["list", "archive"]
)
@pytest.mark.parametrize("name", sorted(READERS.keys() - {"keys"}))
def test_a_deep_file_is_refused_in_a_sentence(name: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises((DocumentError, NoCapsule, Stop, ValueError)) as caught:
        READERS[name](file)
    assert str(file) in str(caught.value)
