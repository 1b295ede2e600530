"""The mock as a side of a twin run: started, guarded, and given as many rows as the other side has."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from contract_tests.document.facts import Facts, read_facts
from contract_tests.guard import Guard, GuardSettings
from contract_tests.target.api import TargetApi
from contract_tests.twin.mock import Lining, MockProcess, new_key
from contract_tests.twin.service import Service
from mock_server.document import Document


@dataclass(frozen=True, slots=True)
class Variation:
    """Which mock: the one that runs at `url`, or else one that is started with these."""

    document: str | None = None
    overlays: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    url: str = ""


@contextmanager
def mock_of(variation: Variation, document: Document, *, can_write: bool) -> Iterator[Service]:
    """Yield a mock behind a guard of its own, in a new world. Raises Stop (CANNOT)."""
    facts, key, url = read_facts(document.data), new_key(), variation.url
    with ExitStack() as stack:
        if not url:
            mock = MockProcess(variation.document, variation.overlays, variation.answers)
            url = stack.enter_context(mock).url
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bitpeak-twin-"))
        settings = GuardSettings(
            target=url, key=key, allow_writes=can_write, live_rows=2000, ledger_dir=Path(folder)
        )
        guard = stack.enter_context(Guard(settings, document))
        api = TargetApi(guard.url, guard.placeholder_key, facts)
        stack.callback(api.close)
        yield Service(guard, api, facts, can_write=can_write, key=key, other_key=new_key())


@contextmanager
def lining_of(left: Service, facts: Facts) -> Iterator[Callable[[int], None]]:
    """Yield what gives a mock as many rows as it is told, past its guard."""
    lining = Lining(left.guard.target, left.key, facts)

    def line_up(wanted: int) -> None:
        lining.line_up(left.look(), wanted)
        left.look()

    try:
        yield line_up
    finally:
        lining.close()
