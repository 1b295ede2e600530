"""`python -m tests.steadiness --seconds 600`: put load on a mock, and exit with 1 if anything is wrong."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.steadiness.process import running
from tests.steadiness.soak import soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.steadiness", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long")
    parser.add_argument("--worlds", type=int, default=2000, help="in how many worlds")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as mock:
        result = soak(
            mock, given.seconds, given.worlds, lambda line: print(line, file=sys.stderr, flush=True)
        )
    for what, count in sorted(result.done.items()):
        print(f"{count:9,} {what}")
    for sentence in result.wrong:
        print(f"WRONG {sentence}")
    return 1 if result.wrong or not result.done else 0


if __name__ == "__main__":
    sys.exit(main())
