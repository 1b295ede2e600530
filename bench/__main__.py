"""Print the figures as a table in Markdown."""

from __future__ import annotations

import platform
import statistics
import sys

from bench.calls import in_process
from bench.process import resident_bytes, started_mock

_STARTS = 9


def main() -> None:
    """Measure cold start, memory and the cost of one call, and print them."""
    starts, memory = [], 0
    for number in range(_STARTS):
        print(f"cold start {number + 1} of {_STARTS}", file=sys.stderr)
        with started_mock() as (process, _, seconds):
            starts.append(seconds)
            memory = resident_bytes(process.pid)
    print(f"Python {platform.python_version()}, {platform.machine()}, {platform.system()}\n")
    print("| what | figure |\n| --- | --- |")
    spread = f"{min(starts) * 1000:.0f} to {max(starts) * 1000:.0f}"
    print(f"| cold start to the first answer | {statistics.median(starts) * 1000:.0f} ms ({spread}) |")
    print(f"| resident memory at rest | {memory / 1e6:.0f} MB |")
    for name, cost in in_process().items():
        print(f"| {name}, in process | {cost:.1f} µs |")


if __name__ == "__main__":
    main()
