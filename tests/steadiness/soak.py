"""The soak: clients of three kinds in threads, measurements of the process, and a list of what is wrong."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.steadiness.clients import BASE, Client, Polite, Rude, Saboteur
from tests.steadiness.process import PATIENCE, Mock, Sample

# From this length on, in seconds, the memory of the second minute is one to compare with.
LONG = 240.0
_GROWTH = 1.1


@dataclass
class Soaked:
    """The result of a soak. `wrong` has a sentence for each problem."""

    done: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def soak(mock: Mock, seconds: float, worlds: int, show: Callable[[str], None] = lambda _: None) -> Soaked:
    """Put load on a mock for this time, in this number of worlds."""
    result, stop = Soaked(), threading.Event()
    before = _rested(mock)
    keys = [f"mock-soak-{number}" for number in range(worlds)]
    clients: list[Client] = [Polite(mock, random.Random(number), keys) for number in range(3)]
    clients.append(Saboteur(mock, random.Random(8), [f"mock-fault-{number}" for number in range(20)]))
    clients.append(Rude(mock, random.Random(9), keys))
    threads = [threading.Thread(target=_drive, args=(each, stop, result.wrong)) for each in clients]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not result.wrong:
        stop.wait(min(seconds / 20, 15.0))
        result.samples.append(mock.sample())
        done = sum(sum(client.done.values()) for client in clients)
        show(f"{result.samples[-1].at:5.0f} s  {result.samples[-1].resident / 1e6:5.0f} MB  {done:9,} calls")
    stop.set()
    for thread in threads:
        thread.join()
    for client in clients:
        result.done.update(client.done)
    result.wrong += _left_behind(mock, before)
    if seconds >= LONG:
        result.wrong += _grown(result.samples, before.at)
    if mock.said():
        result.wrong.append(f"it said: {mock.said()[:2000]}")
    return result


def _rested(mock: Mock) -> Sample:
    """Measure a mock that has had a connection.

    With the first one, libuv opens /dev/null and keeps it, to have a descriptor to give up once there are no more.
    """
    connection = mock.connect()
    connection.request("GET", BASE)
    connection.getresponse().read()
    most = mock.sample().descriptors
    connection.close()
    deadline = time.monotonic() + PATIENCE
    while (sample := mock.sample()).descriptors >= most and time.monotonic() < deadline:
        time.sleep(0.01)
    return sample


def _drive(client: Client, stop: threading.Event, wrong: list[str]) -> None:
    try:
        while not stop.is_set():
            client.turn()
    except Exception as error:  # any error of a client is a finding
        wrong.append(f"{type(client).__name__}: {type(error).__name__}: {error}")
        stop.set()
    finally:
        client.close()


def _left_behind(mock: Mock, before: Sample) -> list[str]:
    """Return the threads and descriptors that are left when all clients have gone."""
    deadline = time.monotonic() + 20
    while True:
        after = mock.sample()
        if (after.threads, after.descriptors) <= (before.threads, before.descriptors):
            return []
        if time.monotonic() > deadline:
            return [f"threads and descriptors were {before[2:]} and are {after[2:]}"]
        time.sleep(0.1)


def _grown(samples: list[Sample], began: float) -> list[str]:
    second = next(sample for sample in samples if sample.at - began >= 120)
    if samples[-1].resident <= second.resident * _GROWTH:
        return []
    return [f"memory was {second.resident / 1e6:.0f} MB and is {samples[-1].resident / 1e6:.0f} MB"]
