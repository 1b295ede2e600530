"""A mock, a proxy in front of it, and a proxy in front of two: `python -m bench.fleet` prints a table. Needs nginx.

Client, proxy and mocks share the cores of one machine, so the table also shows the CPU time of each part per response.
One mock can give as many responses per second as fit into a second of its CPU time. Two mocks behind a proxy can give
twice as many if each has a core, until the proxy itself needs a whole one.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import PIPE, Popen

from bench.client import Client
from bench.figures import median
from bench.process import StartedServer, free_port, running
from bench.progress import say
from bench.scenario import SCENARIOS
from bench.target import mock

_RECIPE = Path(__file__).parents[1] / "deploy" / "nginx.conf"
_ROUNDS, _SECONDS, _CONNECTIONS, _KEYS = 5, 1.5, 16, 64


def _proxy_command(nginx: str, folder: Path, port: int, mocks: Sequence[int]) -> list[str]:
    """Write a configuration out of the recipe, with nothing changed but its ports; return what starts it."""
    recipe = _RECIPE.read_text(encoding="utf-8").replace(":4055", f":{port}")
    for known, free in zip((4061, 4062), mocks, strict=True):
        recipe = recipe.replace(f":{known}", f":{free}")
    folder.mkdir()
    paths = "\n".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {paths}\n{recipe} }}\n"
    )
    return [nginx, "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]


@contextmanager
def _setting(nginx: str, folder: Path, mocks: Sequence[StartedServer]) -> Iterator[StartedServer]:
    """Start a proxy before two mocks, or twice before the same one."""
    port = free_port()
    command = _proxy_command(nginx, folder, port, [each.port for each in mocks])
    with running(command, port, SCENARIOS[1].wire("/api", f"127.0.0.1:{port}")) as proxy:
        yield proxy


def _drive(port: int) -> tuple[float, int]:
    """Return responses per second, and responses, of two clients: one alone could be the limit."""
    command = [sys.executable, "-m", "bench.fleet", str(port)]
    clients = [Popen([*command, str(at)], stdout=PIPE, text=True) for at in range(2)]
    loads = [each.communicate()[0].split() for each in clients]
    return sum(float(rate) for rate, _ in loads), sum(int(responses) for _, responses in loads)


def _client(port: int, at: int) -> None:
    """Ask with many keys, since the requests of one all go to one mock."""
    plain = SCENARIOS[1].wire("/api", f"127.0.0.1:{port}")
    requests = [plain.replace(b"mock-bench", f"mock-{at}-{key}".encode()) for key in range(_KEYS)]
    load = Client(("127.0.0.1", port), requests[0], 200, requests[1:]).drive(
        _CONNECTIONS // 2, seconds=_SECONDS
    )
    print(load.rate, load.responses)


def main() -> None:
    """Measure and print."""
    if len(sys.argv) == 3:
        _client(int(sys.argv[1]), int(sys.argv[2]))
        return
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        sys.exit("nginx is not installed (Debian: apt-get install nginx-light).")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        one, two = (stack.enter_context(mock().started()) for _ in range(2))
        single = stack.enter_context(_setting(nginx, folder / "one", (one, one)))
        double = stack.enter_context(_setting(nginx, folder / "two", (one, two)))
        settings: dict[str, tuple[int, tuple[StartedServer, ...]]] = {
            "one mock, no proxy": (one.port, (one,)),
            "nginx and one mock": (single.port, (single, one)),
            "nginx and two mocks": (double.port, (double, one, two)),
        }
        rates: dict[str, list[float]] = {name: [] for name in settings}
        cpu: dict[str, list[list[float]]] = {name: [] for name in settings}
        for number in range(_ROUNDS):
            say(f"round {number + 1} of {_ROUNDS}")
            for name, (port, parts) in settings.items():
                before = [part.cpu_seconds for part in parts]
                rate, responses = _drive(port)
                rates[name].append(rate)
                spent = [part.cpu_seconds - was for part, was in zip(parts, before, strict=True)]
                cpu[name].append([seconds / responses * 1e6 for seconds in spent])
    print("| list of 25 | responses per second | CPU µs per response: proxy and mocks |\n| --- | --- | --- |")
    for name, found in rates.items():
        each = [f"{median(values):.0f}" for values in zip(*cpu[name], strict=True)]
        print(f"| {name} | {median(found):,.0f} | {' + '.join(each)} |")


if __name__ == "__main__":
    main()
