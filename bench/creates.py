"""Many creates in one world, in a process of its own: `python -m bench.creates 200000` prints JSON."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from array import array

from bench.inside import environ_of, new_app
from bench.scenario import SCENARIOS


def measured(count: int) -> dict[str, float]:
    """Return the quantiles in a fresh process, in seconds. Raises CalledProcessError."""
    command = [sys.executable, "-m", "bench.creates", str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    facts: dict[str, float] = json.loads(done.stdout)
    return facts


def main() -> None:
    """Create handlers, and measure the CPU time of each, which other processes do not change."""
    count, app, make = int(sys.argv[1]), new_app(), environ_of(SCENARIOS[3])
    gc.collect()
    gc.freeze()  # as `bitpeak-mock serve` does
    seconds = array("d")
    for _ in range(count):
        environ = make()
        began = time.thread_time()
        response = app.respond(environ)
        seconds.append(time.thread_time() - began)
        if response.status[0] != "2":
            raise RuntimeError(response.status)
    ordered = sorted(seconds)
    shares = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
    facts = {name: ordered[int(count * share)] for name, share in shares.items()} | {"max": ordered[-1]}
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
