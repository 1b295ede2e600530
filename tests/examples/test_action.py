"""The GitHub action and the project's own workflows: each step that is a script, run as the runner would."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from tests.examples.running import EXAMPLES, environment, run
from tests.second_opinion import SecondOpinion

ROOT = EXAMPLES.parent
ACTION: Mapping[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: Mapping[str, Mapping[str, Any]] = {step["name"]: step for step in ACTION["runs"]["steps"]}
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


class Runner:
    """What a runner gives to the steps of an action: inputs, and files for outputs and the environment."""

    def __init__(self, folder: Path, **inputs: str) -> None:
        self.folder = folder
        self.inputs = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()} | inputs
        program = folder / "bitpeak-mock" / "bin"
        program.mkdir(parents=True)
        (program / "bitpeak-mock").symlink_to(Path(sys.executable).with_name("bitpeak-mock"))

    def run(self, name: str, **more: str) -> tuple[int, str]:
        """Run a step, if its condition holds. Return its exit code and what it printed."""
        step = STEPS[name]
        if "if" in step:
            assert step["if"] == f"inputs.command == '{self.inputs['command']}'"
        told = {
            key: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", self._input, text)
            for key, text in step["env"].items()
        }
        files = {
            key: str(self.folder / key.lower())
            for key in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY")
        }
        # A background process of a step keeps its output open, so that goes to a file.
        said = self.folder / "said"
        with said.open("w", encoding="utf-8") as stream:
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
                cwd=self.folder, env=environment(RUNNER_TEMP=str(self.folder), **files, **told, **more),
                stdout=stream, stderr=subprocess.STDOUT, check=False, timeout=300,
            )  # fmt: skip
        return done.returncode, said.read_text(encoding="utf-8")

    def _input(self, name: re.Match[str]) -> str:
        return self.inputs[name[1]]

    def told(self, file: str) -> dict[str, str]:
        """Return what steps wrote to `github_output` or `github_env`."""
        lines = (self.folder / file).read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize(
    ("inputs", "complaint"),
    [
        ({"command": "serve"}, ""),
        ({"command": "check", "base-url": "http://127.0.0.1:1/api"}, ""),
        ({"command": "check"}, "::error::command: check needs base-url."),
        ({"command": "mock"}, "::error::Unknown command 'mock': use serve or check."),
    ],
)
def test_the_inputs_are_looked_at(inputs: dict[str, str], complaint: str, tmp_path: Path) -> None:
    code, said = Runner(tmp_path, **inputs).run("Look at the inputs")
    assert (code, said.strip()) == (2 if complaint else 0, complaint)


@pytest.mark.parametrize(
    ("inputs", "wanted"),
    [
        ({"command": "serve"}, "bitpeak-mock"),
        ({"command": "check"}, "bitpeak-mock[contract]"),
        ({"command": "serve", "version": "1.0.0"}, "bitpeak-mock==1.0.0"),
    ],
)
def test_what_is_installed(inputs: dict[str, str], wanted: str, tmp_path: Path) -> None:
    """By a Python that only tells what it is asked for: nothing is fetched."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "python3").write_text(
        '#!/bin/sh\necho "$@"\nmkdir -p "$3/bin" && cp "$0" "$3/bin/python"\n', encoding="utf-8"
    )
    (programs / "python3").chmod(0o755)
    runner = Runner(tmp_path, **inputs)
    code, said = runner.run("Install", PATH=f"{programs}{os.pathsep}{environment()['PATH']}")
    assert code == 0, said
    assert said.splitlines()[-1] == f"-m pip install --quiet {wanted}"


def test_serve_serves_for_the_steps_after_it(tmp_path: Path) -> None:
    runner = Runner(tmp_path, command="serve", options="--answer 'create-status=ok' --strict")
    code, said = runner.run("Serve")
    assert code == 0, said
    told = runner.told("github_output")
    try:
        assert runner.told("github_env") == {"BITPEAK_MOCK_URL": told["url"]}
        assert told["base-url"] == f"{told['url']}/api"
        with urlopen(f"{told['url']}/_mock/info", timeout=10) as response:
            assert b'"create-status":"ok"' in response.read()
    finally:
        os.kill(int(told["pid"]), signal.SIGTERM)
    assert "ready " in Path(told["log"]).read_text(encoding="utf-8")


def test_serve_fails_if_the_mock_does_not_start(tmp_path: Path) -> None:
    code, said = Runner(tmp_path, command="serve", options="--answer nonsense=1").run("Serve")
    assert code == 3
    assert "::error::The mock did not start." in said
    assert "Unknown question 'nonsense'" in said


def test_check_writes_its_reports_and_hands_on_its_exit_code(tmp_path: Path) -> None:
    (tmp_path / "known.yaml").write_text("accepted: []\n", encoding="utf-8")
    told = {"BITPEAK_API_KEY": "live-key-of-ours"}
    inputs = {"command": "check", "options": "--suite page --suite paging", "baseline": "known.yaml"}
    with SecondOpinion(keys={"live-key-of-ours": 3}, bugs=["wrong-total"]) as service:
        runner = Runner(tmp_path, **inputs, **{"base-url": service.url})
        code, said = runner.run("Check", **told)
    assert code == 1, said
    assert runner.told("github_output") == {"code": "1"}
    assert "::error title=Contradicts itself::" in said
    reports = {file.name for file in (tmp_path / "bitpeak-reports").iterdir()}
    assert reports == {"report.html", "report.json", "junit.xml"}


def test_every_output_comes_from_a_step() -> None:
    scripts = {step["id"]: step["run"] for step in STEPS.values() if "id" in step}
    for name, output in ACTION["outputs"].items():
        step = re.fullmatch(r"\$\{\{ steps\.(\w+)\.outputs\.([\w-]+) \}\}", output["value"])
        assert step is not None, name
        assert f'echo "{step[2]}=' in scripts[step[1]]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_calls_targets_that_exist_and_has_few_rights(file: Path) -> None:
    workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert workflow["permissions"] == {"contents": "read"}, "a job that needs more says so"
    for job in workflow["jobs"].values():
        assert job.get("steps")
        assert "continue-on-error" not in job
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            for target in re.findall(r"\bmake ([\w-]+)", step.get("run", "")):
                assert f"\n{target}:" in makefile
            assert "@" in step.get("uses", "@"), "an action has a version"


def test_the_suite_runs_on_every_python_that_the_package_names() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))
    named = re.findall(r"Python :: (3\.\d+)\"", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == named


def test_what_free_threaded_python_runs_is_there() -> None:
    """The step's own lines, by this Python: it may have a GIL, and all is installed."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))
    install, *lines = workflow["jobs"]["free-threaded"]["steps"][-1]["run"].splitlines()
    assert install == "python -m pip install '.[contract]'"
    assert all(line.startswith("python -X gil=0 ") for line in lines)
    said = run("bash", "-ec", "\n".join(lines).replace(" -X gil=0", ""), cwd=ROOT)
    assert '"name":"Work email"' in said


def test_a_release_needs_no_stored_token_and_is_attested() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))
    jobs = workflow["jobs"]
    used = [
        step["uses"].partition("@")[0] for job in jobs.values() for step in job["steps"] if "uses" in step
    ]
    assert {"actions/attest-build-provenance", "actions/attest-sbom", "pypa/gh-action-pypi-publish"} <= set(
        used
    )
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert "secrets." not in (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
