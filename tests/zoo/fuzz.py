"""A hundred thousand malformed bodies: `python -m tests.zoo.fuzz`. Exits with 1 if one of them finds a fault.

The mock runs as a process of its own. Each body must get a response within seconds, and never a 5xx, and the process
must not grow. If the machine has a PHP, both parsers read some of the bodies, and must read the same.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator

from bench.target import mock
from mock_server.php import TooManyFields
from tests.forms import live_php
from tests.zoo.mutation import Mutant, mutants
from tests.zoo.reading import by_mock, by_php
from tests.zoo.throwing import Thrower

KEY = "mock-fuzz"
_GROWTH = 8 * 2**20  # bytes; the interpreter's own memory varies by about one
_SHOWN = 5


def throw_all(count: int, seed: int) -> list[str]:
    """Send the bodies to a mock, and return what went wrong, in one sentence each."""
    wrong: list[str] = []
    statuses: Counter[int | str] = Counter()
    with mock().started() as process, Thrower("127.0.0.1", process.port, KEY) as thrower:
        warm, began = 0, time.monotonic()
        for number, mutant in enumerate(mutants(seed, count), 1):
            status = _thrown(thrower, mutant)
            statuses[status] += 1
            if isinstance(status, str) or status >= 500:
                wrong.append(f"body {number} ({mutant.origin}) got {status}")
            if number == max(1, count // 5):  # every buffer, cache and journal is full by now
                warm = process.resident_bytes
            if number % max(1, count // 10) == 0:
                rate = number / (time.monotonic() - began)
                print(
                    f"{number:8,} bodies {rate:8,.0f}/s {process.resident_bytes / 2**20:7.1f} MiB", flush=True
                )
        grown = process.resident_bytes - warm
    told = (f"{status or 'none'} {times:,}" for status, times in sorted(statuses.items(), key=str))
    print(f"responses: {', '.join(told)}\ngrowth since the first fifth: {grown / 2**20:+.1f} MiB")
    if grown > _GROWTH:
        wrong.append(f"the process grew by {grown / 2**20:.1f} MiB")
    return wrong


def _thrown(thrower: Thrower, mutant: Mutant) -> int | str:
    """Send a body, and return the status of the response, or what came instead."""
    try:
        return thrower.throw(mutant.raw, whole=mutant.whole)
    except (AssertionError, OSError) as error:
        thrower.close()
        return f"{type(error).__name__} {error}"


def compare_all(count: int, seed: int) -> list[str]:
    """Let the mock and a PHP read the same bodies, and return the differences. Raises OSError without a PHP."""
    wrong = []
    with live_php.Php() as php:
        for number, mutant in enumerate(_framed(count, seed), 1):
            difference = compared(mutant, php)
            if difference:
                wrong.append(f"body {number} ({mutant.origin}): {difference}")
    print(f"PHP {live_php.version()} read {count:,} bodies, {count - len(wrong):,} of them as the mock does")
    return wrong


def _framed(count: int, seed: int) -> Iterator[Mutant]:
    """Yield mutants with a Content-Length: PHP's command-line server has its own ways with broken framing."""
    for mutant in mutants(seed, count):
        yield mutant._replace(framing="length")


def compared(mutant: Mutant, php: live_php.Php) -> str:
    """Return in one sentence how the mock and a PHP differ about a body, or an empty text."""
    content_type = mutant.content_type.decode("latin-1")
    try:
        mine = by_mock(content_type, mutant.body)
    except TooManyFields:
        return ""  # PHP drops what exceeds its limit, and the mock refuses it on purpose
    theirs = by_php(php.ask(mutant.raw))
    return "" if mine == theirs else f"{content_type!r} {mutant.body!r}: mock {mine}, PHP {theirs}"


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.zoo.fuzz", description="Send malformed bodies to a mock."
    )
    parser.add_argument("--count", type=int, default=100_000, help="how many (100,000)")
    parser.add_argument("--compare", type=int, default=4_000, help="how many of them a PHP reads too (4,000)")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the bodies (1)")
    asked = parser.parse_args()
    wrong = throw_all(asked.count, asked.seed)
    try:
        wrong += compare_all(asked.compare, asked.seed)
    except OSError:
        print("The parsers were not compared, since this machine has no PHP. Install php-cli.")
    for sentence in wrong[:_SHOWN]:
        print(sentence, file=sys.stderr)
    print(f"{len(wrong)} of {asked.count:,} bodies went wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
