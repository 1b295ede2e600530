"""nginx with the recipe of `deploy/` in front of mocks, all as processes."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

RECIPE = Path(__file__).parents[2] / "deploy" / "nginx.conf"
_PORTS = ("4055", "4061", "4062")
_PATIENCE = 20.0


def program() -> str | None:
    """Return the path of nginx, or None. On Debian it is not on the search path of ordinary users."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


class Received(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    port: int, method: str, target: str, key: str | None = None, body: bytes = b"", **headers: str
) -> Received:
    """Send one request on a new connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    connection.request(method, target, body or None, headers)
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    received = Received(response.status, headers, response.read())
    connection.close()
    return received


def _free_ports(count: int) -> list[int]:
    socks = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(sock.getsockname()[1]) for sock in socks]
    for sock in socks:
        sock.close()
    return ports


@contextmanager
def _process(command: list[str], port: int, said: Path) -> Iterator[None]:
    with said.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, said.read_text()
                assert time.monotonic() < deadline, f"{command[0]} does not listen"
                time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(timeout=_PATIENCE)


class Fleet(NamedTuple):
    """The ports of nginx and of the mocks behind it."""

    port: int
    mocks: list[int]


@contextmanager
def fleet(folder: Path) -> Iterator[Fleet]:
    """Start two mocks and nginx in front of them. Only the ports of the recipe are changed."""
    nginx = program()
    assert nginx is not None
    ports = _free_ports(len(_PORTS))
    recipe = RECIPE.read_text()
    for known, free in zip(_PORTS, ports, strict=True):
        recipe = recipe.replace(f":{known}", f":{free}")
    (folder / "worlds.conf").write_text(recipe)
    paths = "\n".join(
        f"  {name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder}/pid;\nerror_log stderr;\nworker_processes 1;\nevents {{}}\n"
        f"http {{\n  access_log off;\n{paths}\n  include {folder}/worlds.conf;\n}}\n"
    )
    with ExitStack() as stack:
        for port in ports[1:]:
            command = [sys.executable, "-m", "mock_server", "serve", "--port", str(port), "--quiet"]
            stack.enter_context(_process(command, port, folder / f"mock-{port}"))
        command = [nginx, "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
        stack.enter_context(_process(command, ports[0], folder / "nginx-log"))
        yield Fleet(ports[0], ports[1:])
