"""A hundred thousand malformed bodies: `python -m tests.zoo.fuzz`. Exit code 1 where one of them finds something.

The mock runs as a process of its own. Each body must be answered within seconds and never by a 5xx, and the process
must not grow. Where the machine has a PHP, some of the bodies are read by both parsers, and both must read the same.
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
_GROWTH = 8 * 2**20  # bytes; the interpreter's own arenas breathe by about one
_SHOWN = 5


def throw_all(count: int, seed: int) -> list[str]:
    """Throw the bodies at a mock; give what went wrong, one sentence each."""
    wrong: list[str] = []
    statuses: Counter[int | str] = Counter()
    with mock().started() as process, Thrower("127.0.0.1", process.port, KEY) as thrower:
        warm, began = 0, time.monotonic()
        for number, mutant in enumerate(mutants(seed, count), 1):
            status = _thrown(thrower, mutant)
            statuses[status] += 1
            if isinstance(status, str) or status >= 500:
                wrong.append(f"body {number} ({mutant.origin}) was answered by {status}")
            if number == max(1, count // 5):  # by now every buffer, cache and journal is as full as it gets
                warm = process.resident_bytes
            if number % max(1, count // 10) == 0:
                rate = number / (time.monotonic() - began)
                print(
                    f"{number:8,} bodies {rate:8,.0f}/s {process.resident_bytes / 2**20:7.1f} MiB", flush=True
                )
        grown = process.resident_bytes - warm
    told = (f"{status or 'none'} {times:,}" for status, times in sorted(statuses.items(), key=str))
    print(f"answers: {', '.join(told)}\ngrowth since the first fifth: {grown / 2**20:+.1f} MiB")
    if grown > _GROWTH:
        wrong.append(f"the process grew by {grown / 2**20:.1f} MiB")
    return wrong


def _thrown(thrower: Thrower, mutant: Mutant) -> int | str:
    """Throw a body; give the status of its answer, or what there was in place of one."""
    try:
        return thrower.throw(mutant.raw, whole=mutant.whole)
    except (AssertionError, OSError) as error:
        thrower.close()
        return f"{type(error).__name__} {error}"


def compare_all(count: int, seed: int) -> list[str]:
    """Let the mock's parser and a PHP read the same bodies; give the differences. Raises OSError without a PHP."""
    wrong = []
    with live_php.Php() as php:
        for number, mutant in enumerate(_framed(count, seed), 1):
            difference = compared(mutant, php)
            if difference:
                wrong.append(f"body {number} ({mutant.origin}): {difference}")
    print(f"PHP {live_php.version()} read {count:,} bodies, {count - len(wrong):,} of them as the mock does")
    return wrong


def _framed(count: int, seed: int) -> Iterator[Mutant]:
    """Yield mutants whose framing is a length: PHP's command-line server is no judge of a broken one."""
    for mutant in mutants(seed, count):
        yield mutant._replace(framing="length")


def compared(mutant: Mutant, php: live_php.Php) -> str:
    """Tell how the mock and a PHP differ about a body, in one sentence; nothing where they agree."""
    content_type = mutant.content_type.decode("latin-1")
    try:
        mine = by_mock(content_type, mutant.body)
    except TooManyFields:
        return ""  # PHP drops what is beyond its limit; the mock refuses it on purpose
    theirs = by_php(php.ask(mutant.raw))
    return "" if mine == theirs else f"{content_type!r} {mutant.body!r}: mock {mine}, PHP {theirs}"


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.zoo.fuzz", description="Throw malformed bodies at a mock."
    )
    parser.add_argument("--count", type=int, default=100_000, help="how many (100,000)")
    parser.add_argument("--compare", type=int, default=4_000, help="how many of them a PHP reads too (4,000)")
    parser.add_argument("--seed", type=int, default=1, help="what the bodies are drawn from (1)")
    asked = parser.parse_args()
    wrong = throw_all(asked.count, asked.seed)
    try:
        wrong += compare_all(asked.compare, asked.seed)
    except OSError:
        print("There is no PHP on this machine, so the parsers were not compared: install php-cli.")
    for sentence in wrong[:_SHOWN]:
        print(sentence, file=sys.stderr)
    print(f"{len(wrong)} of {asked.count:,} bodies went wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
