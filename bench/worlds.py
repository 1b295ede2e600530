"""What a world costs, in a process of its own: `python -m bench.worlds` prints JSON."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from array import array

import psutil

from bench.inside import environ_of, new_app
from bench.scenario import SCENARIOS

WORLDS = 10_000


def measured() -> dict[str, float]:
    """Return the facts of a fresh process. Raises CalledProcessError."""
    done = subprocess.run([sys.executable, "-m", "bench.worlds"], stdout=subprocess.PIPE, check=True)
    facts: dict[str, float] = json.loads(done.stdout)
    return facts


def main() -> None:
    """Make worlds by requesting a list with one key after another."""
    app, process = new_app(), psutil.Process()
    requests = [environ_of(SCENARIOS[1], f"mock-{number}")() for number in range(WORLDS)]
    app.respond(environ_of(SCENARIOS[1])())
    gc.collect()
    before, seconds = process.memory_info().rss, array("d")
    for environ in requests:
        began = time.perf_counter()
        response = app.respond(environ)
        seconds.append(time.perf_counter() - began)
        if response.status != "200 OK":
            raise RuntimeError(response.status)
    grown = process.memory_info().rss - before
    ordered = sorted(seconds)
    facts = {"median": ordered[WORLDS // 2], "p99": ordered[WORLDS * 99 // 100], "bytes": grown}
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
