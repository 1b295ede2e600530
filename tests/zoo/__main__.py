"""Records the zoo again: `python -m tests.zoo [CLIENT …]`. With `--php`, asks a PHP about it again."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from queue import Empty

from contract_tests.target import zoo
from tests.forms import live_php
from tests.zoo.cases import FILES
from tests.zoo.manifest import write_manifest
from tests.zoo.reading import by_php
from tests.zoo.recorder import Recorder
from tests.zoo.roster import CLIENTS, Client

_KEY = "mock-zoo"
_ROOT = Path(__file__).parents[2]
_SECONDS = 60


def record(names: list[str]) -> int:
    """Record the clients with these names, and report missing ones. Return the exit code."""
    data = zoo.manifest()
    missing = []
    with Recorder() as recorder, tempfile.TemporaryDirectory() as folder:
        for name, content in FILES.items():
            Path(folder, name).write_bytes(content)
        for name in names:
            version = CLIENTS[name].installed()
            if version is None:
                missing.append(name)
                continue
            print(f"{name:16}{len(CLIENTS[name].cases):3} requests  {version}", flush=True)
            _record_client(name, CLIENTS[name], recorder, folder)
            data["clients"][name] = version
    write_manifest(data)
    if missing:
        print(f"Not on this machine, so their recorded requests stay as they are: {', '.join(missing)}.")
    return 1 if missing else 0


def _record_client(name: str, client: Client, recorder: Recorder, folder: str) -> None:
    # Java and others take the encoding of arguments from the locale.
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(_ROOT)}
    for case_name, case in client.cases.items():
        done = subprocess.run(
            client.command(recorder.url, _KEY, case),
            cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=_SECONDS,
        )  # fmt: skip
        try:
            raw = recorder.requests.get_nowait()
        except Empty:
            raw = b""
        if done.returncode or not raw.startswith(b"POST "):
            sys.exit(
                f"{name} did not send {case_name}: {done.stderr.strip() or raw.decode(errors='replace')}"
            )
        path = zoo.path_of(name, case_name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)


def ask_php() -> int:
    """Ask the PHP of this machine about every vector, and write what it says. Return the exit code."""
    try:
        version = live_php.version()
    except OSError:
        print("PHP is not installed, so the recorded replies stay as they are. Install php-cli.")
        return 1
    data = zoo.manifest()
    data["php"], data["vectors"] = version, {}
    with live_php.Php() as php:
        for client, case in zoo.names():
            seen = php.ask(zoo.raw(client, case))
            data["vectors"].setdefault(client, {})[case] = by_php(seen)
    write_manifest(data)
    print(f"PHP {version} was asked about {sum(map(len, data['vectors'].values()))} requests.")
    return 0


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.zoo", description="Record the wire zoo anew.")
    parser.add_argument("clients", nargs="*", help="the clients to record; all unless told", metavar="CLIENT")
    parser.add_argument("--php", action="store_true", help="only ask a PHP about the recorded requests")
    asked = parser.parse_args()
    if unknown := set(asked.clients) - CLIENTS.keys():
        parser.error(f"no such client: {', '.join(sorted(unknown))}; there are {', '.join(CLIENTS)}.")
    missing = 0 if asked.php else record(asked.clients or list(CLIENTS))
    return ask_php() or missing


if __name__ == "__main__":
    sys.exit(main())
