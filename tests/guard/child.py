"""A run in a process of its own: creates rows through the guard, says so, and goes on until it is ended."""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path

from contract_tests.guard.guard import Guard, Terminated, interruptible
from contract_tests.guard.upstream import GuardSettings
from tests.guard.client import Client


def main(url: str, key: str, folder: str) -> int:
    guard = Guard(GuardSettings(target=url, key=key, allow_writes=True, ledger_dir=Path(folder)))
    try:
        with interruptible(lambda: guard.is_cleaning), guard:
            client = Client(guard.url, guard.placeholder_key)
            for number in itertools.count():
                row = client.created(f"Row {number}")
                if number % 3 == 0 or number > 20:  # a run has no more than 30 rows at a time
                    client.delete(row)
                if number == 10:
                    print("ready", flush=True)
                time.sleep(0.005)
    except Terminated as ended:
        return ended.code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
