"""The Dockerfile, the compose file and the workflow: their own steps, one by one, without a container engine."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import yaml

from tests.examples.running import EXAMPLES, environment, run
from tests.second_opinion import SecondOpinion

ROOT = EXAMPLES.parent
Step = tuple[str, str]

_COMPOSE = yaml.safe_load((EXAMPLES / "compose.yaml").read_text(encoding="utf-8"))
_NIGHTLY = yaml.safe_load((EXAMPLES / "nightly.yml").read_text(encoding="utf-8"))
_WORKFLOW = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text(encoding="utf-8"))


def dockerfile() -> list[Step]:
    """Give the instructions of the Dockerfile, each with what follows it."""
    lines = (EXAMPLES / "Dockerfile").read_text(encoding="utf-8").splitlines()
    return [
        (word, rest) for word, _, rest in (line.partition(" ") for line in lines if line[:1] not in {"", "#"})
    ]


def only(instruction: str) -> str:
    """Give what follows an instruction that is there once."""
    (rest,) = [rest for word, rest in dockerfile() if word == instruction]
    return rest


@pytest.fixture(scope="module")
def image(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Do what the Dockerfile does, in a fresh environment in place of the base image; give the folder of its commands.

    It sees this environment's packages, so that nothing is fetched: tests/packaging installs the dependencies, too.
    """
    root = tmp_path_factory.mktemp("image")
    venv.create(root / "venv")
    binaries = root / "venv" / "bin"
    (packages,) = (root / "venv").glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    for instruction, rest in dockerfile():
        if instruction == "COPY":
            source, target = shlex.split(rest)
            folder, _, pattern = source.partition("/")
            assert (folder, target) == ("dist", "/wheels/")
            (root / "wheels").mkdir()
            shutil.copy(wheel, root / "wheels")
            assert len([*(root / "wheels").glob(pattern)]) == 1
        elif instruction == "RUN":
            command = rest.replace("/wheels/", f"{root}/wheels/")
            _in_image(binaries, "sh", "-c", command, cwd=root, PIP_NO_INDEX="1")
    assert (packages / "mock_server").is_dir()
    assert (packages / "pytest_bitpeak.py").is_file()
    return binaries


def _in_image(binaries: Path, *command: str, cwd: Path, **more: str) -> str:
    return run(*command, cwd=cwd, **{"PATH": f"{binaries}{os.pathsep}{environment()['PATH']}", **more})


@contextmanager
def _group(command: list[str], binaries: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command that goes on, and end all that it has started."""
    path = f"{binaries}{os.pathsep}{environment()['PATH']}"
    process = subprocess.Popen(
        command, env=environment(**more) | {"PATH": path}, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate()


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


def test_the_dockerfile_exposes_its_port_and_needs_no_rights() -> None:
    variables = dict(word.split("=") for word in only("ENV").split())
    assert variables["BITPEAK_MOCK_PORT"] == only("EXPOSE")
    assert only("USER") == "65534:65534", "Kubernetes takes a number as proof that it is not root"
    assert only("CMD") == '["bitpeak-mock", "serve"]'


@pytest.mark.xdist_group("wheel")
def test_the_container_is_healthy_and_lets_a_suite_in_that_has_the_token(image: Path) -> None:
    """The steps of Dockerfile and compose file together: start, health check, and the suite beside it."""
    service, suite = _COMPOSE["services"]["bitpeak"], _COMPOSE["services"]["tests"]
    assert service["build"] == {"context": "..", "dockerfile": "examples/Dockerfile"}
    assert suite["depends_on"] == {"bitpeak": {"condition": "service_healthy"}}
    port = free_port()
    variables = {**dict(word.split("=") for word in only("ENV").split()), **service["environment"]}
    variables["BITPEAK_MOCK_PORT"] = port
    # On a read-only file system: nothing is written, neither beside the program nor into a home or a temporary folder.
    root = image.parents[1]
    before = {file for file in root.rglob("*") if "__pycache__" not in file.parts}
    nowhere = {"HOME": "/nonexistent", "TMPDIR": "/nonexistent"}
    with _group(json.loads(only("CMD")), image, **variables, **nowhere):
        health = only("HEALTHCHECK")
        check = json.loads(health[health.index("[") :])
        patient = ["30s" if word.endswith("s") and word[:-1].isdigit() else word for word in check]
        _in_image(image, *patient, cwd=EXAMPLES, **variables)
        url = suite["environment"]["BITPEAK_MOCK_URL"].replace("bitpeak:4055", f"127.0.0.1:{port}")
        folder = Path(suite["working_dir"].replace("/examples", str(EXAMPLES)))
        told = {**suite["environment"], "BITPEAK_MOCK_URL": url}
        assert re.search(r"pass [1-9]", run(*suite["command"], cwd=folder, **told))
        with pytest.raises(HTTPError, match="403") as refused:
            urlopen(f"{url}/_mock/state?key=mock-key", timeout=10)
        refused.value.close()
    assert {file for file in root.rglob("*") if "__pycache__" not in file.parts} == before
    assert service["read_only"] is True


@pytest.mark.xdist_group("wheel")
def test_the_workflow_s_steps_run(image: Path, tmp_path: Path) -> None:
    (job,) = _WORKFLOW["jobs"].values()
    steps: list[dict[str, Any]] = [step for step in job["steps"] if "run" in step]
    assert [step["name"] for step in steps if "if" in step] == ["Show what the mock saw"]
    port = free_port()
    script = ["set -e"]
    for step in steps:
        folder = EXAMPLES.parent / step["working-directory"] if "working-directory" in step else tmp_path
        script += [f"cd {shlex.quote(str(folder))}", step["run"]]
    told = {"BITPEAK_MOCK_PORT": port, "BITPEAK_MOCK_URL": f"http://127.0.0.1:{port}"}
    with _group(["bash", "-c", "\n".join(script)], image, **told) as process:
        said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert re.search(r"pass [1-9]", said)
    assert "POST   /api/notification-handlers 201" in said, "the last step shows what the mock saw"


def nightly(folder: Path, url: str) -> tuple[int, str, dict[str, str]]:
    """Run the steps of the nightly check that are scripts, as the workflow would; give the code, and what was said."""
    steps = {step["name"]: step["run"] for step in _NIGHTLY["jobs"]["check"]["steps"] if "run" in step}
    assert steps.pop("Install the kit").endswith("'bitpeak-mock[contract]'")
    check, issue = steps.values()
    (folder / "gh").write_text('#!/bin/sh\necho "$@" >>calls\n[ "$2" = list ] || cat >>calls\n')
    (folder / "gh").chmod(0o755)
    told = {
        "BASE_URL": url, "BITPEAK_API_KEY": "live-key-of-ours", "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"), "BITPEAK_CHECK_SUITE": "page,paging",
        "PATH": f"{folder}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{environment()['PATH']}",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-e", "-c", check],
        cwd=folder,
        env={**environment(), **told},
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        subprocess.run(["bash", "-e", "-c", issue], cwd=folder, env={**environment(), **told}, check=True)
    files = ("output", "summary", "calls", "report.html", "junit.xml")
    return done.returncode, done.stdout, {name: _text(folder / name) for name in files}


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def test_the_nightly_check_opens_an_issue_for_findings_and_not_for_an_outage(tmp_path: Path) -> None:
    with SecondOpinion(keys={"live-key-of-ours": 3}) as service:
        code, _, files = nightly(tmp_path, service.url)
    assert (code, files["output"], files["calls"]) == (0, "code=0\n", "")
    assert "## Contract test of" in files["summary"]
    assert files["report.html"]
    code, said, files = nightly(tmp_path, service.url)
    assert (code, files["output"].splitlines()[-1], files["calls"]) == (0, "code=4", ""), said
    with SecondOpinion(keys={"live-key-of-ours": 3}, bugs=["wrong-total"]) as service:
        code, said, files = nightly(tmp_path, service.url)
    assert (code, files["output"].splitlines()[-1]) == (1, "code=1")
    assert "::error title=Contradicts itself::" in said
    assert "issue create --title The service contradicts its documentation" in files["calls"]
    assert "curl --request GET" in files["calls"]
