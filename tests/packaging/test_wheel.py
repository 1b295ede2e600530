"""The wheel carries the document and serves from an empty folder, without the test kit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: object, cwd: Path) -> str:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE", "PYTHON"))
    }
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a new environment, and return the folder of its commands."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=True)
    binaries = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    run(
        binaries / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        wheel,
        cwd=folder,
    )
    return binaries


def test_the_wheel_carries_all_documents(wheel: Path) -> None:
    names = {name.removeprefix("mock_server/openapi/") for name in zipfile.ZipFile(wheel).namelist()}
    documents = {str(path.relative_to(ROOT / "openapi")) for path in (ROOT / "openapi").rglob("*.yaml")}
    assert documents
    assert documents <= names


def test_the_mock_installs_without_the_test_kit(scripts: Path, tmp_path: Path) -> None:
    listed = json.loads(run(scripts / "python", "-m", "pip", "list", "--format", "json", cwd=tmp_path))
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
