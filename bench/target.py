"""What is measured: the mock, the limits of its server, and (in `peers`) other tools."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.client import Client
from bench.process import StartedServer, free_port, running
from bench.scenario import KEY, POPULATION, SCENARIOS, Scenario
from bench.sizes import install


@dataclass(frozen=True, slots=True)
class BenchTarget:
    """One server. `command` makes its command line for a port; `version` is printed.

    A `faithful` target must give each scenario its status. If another one does not, its figure is marked. A `stateful`
    one has a world to fill. `sizes`: installed bytes, by part.
    """

    name: str
    version: str
    command: Callable[[int], Sequence[str]]
    base_path: str = "/api"
    faithful: bool = True
    stateful: bool = False
    folder: Path | None = None
    path: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)
    key: str = KEY

    @contextmanager
    def started(self) -> Iterator[StartedServer]:
        """Start it on a free port. Raises DidNotStartError."""
        port = free_port()
        probe = SCENARIOS[1].wire(self.base_path, f"127.0.0.1:{port}", self.key)
        with running(self.command(port), port, probe, self.folder, self.path) as process:
            yield process

    def client(self, port: int, scenario: Scenario) -> Client:
        """Return a client that sends the request of a scenario."""
        request = scenario.wire(self.base_path, f"127.0.0.1:{port}", self.key)
        return Client(("127.0.0.1", port), request, scenario.status if self.faithful else None)


def mock(python: str = sys.executable) -> BenchTarget:
    """Return the mock as it is served by an interpreter. Call `populate` to fill its world."""
    from mock_server import __version__

    def command(port: int) -> Sequence[str]:
        # -P: an interpreter with the mock installed must not import the one in this folder.
        return [python, "-P", "-m", "mock_server", "serve", "--port", str(port), "--quiet"]

    return BenchTarget("bitpeak-mock", __version__, command, stateful=True)


def installed_mock(folder: Path) -> BenchTarget:
    """Install the mock as a user does, and return it: what else this environment has would count for its start."""
    sizes = install(folder)
    return replace(mock(str(folder / "bin" / "python")), sizes=sizes)


def mock_with(plain: BenchTarget, name: str, packages: Path) -> BenchTarget:
    """Return the mock with a package that is installed in a folder of its own."""
    start = f"import sys; sys.path.append({str(packages)!r}); from mock_server.cli import main; main()"

    def command(port: int) -> Sequence[str]:
        python, *words = plain.command(port)
        return [python, "-P", "-c", start, *words[words.index("serve") :]]

    return replace(plain, name=f"{plain.name} with {name}", command=command, sizes={})


def populate(target: BenchTarget, port: int) -> None:
    """Create handlers until a page of 1,000 is full."""
    create = next(scenario for scenario in SCENARIOS if scenario.name == "create")
    target.client(port, create).drive(1, responses=POPULATION - 1)


def limits(responses: Mapping[str, tuple[bytes, bytes]], folder: Path) -> list[BenchTarget]:
    """Return apps that send the mock's own responses ready-made, on the mock's own server.

    `responses`: scenario to the head and body that the mock gave. They are written into `folder`.
    """
    canned = folder / "responses.json"
    canned.write_text(
        json.dumps(
            [
                {
                    "method": scenario.method,
                    "path": scenario.path,
                    "with_key": scenario.with_key,
                    "head": responses[scenario.name][0].decode("latin-1"),
                    "body": responses[scenario.name][1].decode(),
                }
                for scenario in SCENARIOS
            ]
        )
    )

    def command(kind: str) -> Callable[[int], Sequence[str]]:
        return lambda port: [sys.executable, "-m", "bench.limit", kind, str(port), str(canned)]

    return [
        BenchTarget("trivial WSGI app", "", command("wsgi")),
        BenchTarget("trivial Flask app", "", command("flask")),
    ]
