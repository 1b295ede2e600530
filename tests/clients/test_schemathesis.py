"""A user's own schemathesis, run against a mock and the document that it prints, finds nothing.

Two of its checks are left out, as the documentation says, since the document is so on purpose: the service takes much
that is wrong without a word, and it answers other methods with 404.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mock_server import Server, create_app
from mock_server.cli.serve import settings_of

ROOT = Path(__file__).parents[2]
TOLERATED = ("--exclude-checks", "negative_data_rejection,unsupported_method")


@pytest.mark.parametrize("flags", [[], ["--strict"]], ids=["default", "strict"])
def test_the_printed_document_is_what_the_mock_does(flags: list[str], tmp_path: Path) -> None:
    document = tmp_path / "api.yaml"
    printed = [sys.executable, "-m", "mock_server", "spec", *flags, "--out", str(document)]
    subprocess.run(printed, check=True)
    with Server(create_app(settings_of(flags))) as server:
        command = [
            str(Path(sys.executable).with_name("schemathesis")), "run", str(document), "--url", f"{server.url}/api",
            "--header", "Authorization: Bearer mock-schemathesis", "--max-examples", "3", "--generation-deterministic",
            *TOLERATED,
        ]  # fmt: skip
        # Hypothesis finds out which characters there are, more than a second's work, unless its folder tells it.
        kept = {**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis")}
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=kept, check=False)
    assert done.returncode == 0, done.stdout
    assert all(f"✅ {phase}" in done.stdout for phase in ("Examples", "Coverage", "Fuzzing", "Stateful")), (
        done.stdout
    )
