"""The wheel carries the document and serves from an empty folder, without the test kit."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.wheel import ROOT, make_environment, pip, run

pytestmark = pytest.mark.xdist_group("wheel")


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel with what it needs, and return the folder of its commands."""
    folder = tmp_path_factory.mktemp("installed")
    binaries = make_environment(folder / "venv")
    pip(binaries, "install", "--quiet", "--no-compile", wheel, cwd=folder)
    return binaries


def test_the_wheel_carries_all_documents(wheel: Path) -> None:
    names = {name.removeprefix("mock_server/openapi/") for name in zipfile.ZipFile(wheel).namelist()}
    documents = {str(path.relative_to(ROOT / "openapi")) for path in (ROOT / "openapi").rglob("*.yaml")}
    assert documents
    assert documents <= names


def test_the_mock_installs_without_the_test_kit(scripts: Path, tmp_path: Path) -> None:
    listed = json.loads(pip(scripts, "list", "--format", "json", cwd=tmp_path))
    installed = {package["name"].lower() for package in listed}
    assert "flask" in installed
    assert not installed & {"pytest", "hypothesis", "schemathesis", "requests"}


def test_call_works_in_an_empty_folder(scripts: Path, tmp_path: Path) -> None:
    page = json.loads(run(scripts / "bitpeak-mock", "call", "GET", "/notification-handlers/", cwd=tmp_path))
    assert page["data"][0]["name"] == "Work email"


def test_serve_works_in_an_empty_folder(scripts: Path, tmp_path: Path) -> None:
    serve = [
        scripts / "bitpeak-mock",
        "serve",
        "--port",
        "0",
        "--port-file",
        "port",
        "--quiet",
        "--overlay",
        "zipa-la",
    ]
    with subprocess.Popen(
        [str(word) for word in serve], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready.startswith("ready http://127.0.0.1:")
        url = ready.split()[1].removesuffix("/api")
        assert run(scripts / "bitpeak-mock", "wait", url, "--timeout", "10s", cwd=tmp_path)
        process.terminate()
        assert process.wait(timeout=20) == 0
    assert list(tmp_path.iterdir()) == []
