"""Finishes the clean-up of a run that was killed, from its ledger."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from contract_tests.guard.account import Account
from contract_tests.guard.assembly import connect, survey_ground
from contract_tests.guard.cleaning import Cleaner, CleanUp
from contract_tests.guard.ledger import Ledger, is_swept, key_check
from contract_tests.guard.refusal import GuardRefusal, TargetFailed
from contract_tests.guard.settings import GuardSettings, silent
from mock_server.document import Document


def sweep(  # noqa: PLR0913 -- each is one thing that the person who sweeps decides
    ledger_file: Path,
    key: str,
    *,
    document: Document | None = None,
    allow_plain_http: bool = False,
    rate: int | None = None,
    settle: float = 60.0,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    tell: Callable[[str], None] = silent,
) -> CleanUp:
    """Delete what a run left, and tell what was done.

    Only rows that the ledger knows, by id or by marker, and that still bear the run's marker. It may be stopped and
    run again; on a finished ledger it does nothing. `rate` counts requests a minute, `settle` is in seconds: a create
    younger than that, which was never answered and is in no list, keeps the ledger open.
    Raises FileNotFoundError, ValueError where the file is no ledger, GuardRefusal (`key`: another key than the
    run's, `target`, `plain-http`, `proxy`), TargetFailed where nothing answers, and OSError.
    """
    if is_swept(ledger_file):
        return CleanUp()
    ledger = Ledger.read(ledger_file)
    settings = GuardSettings(
        target=ledger.target, key=key, allow_writes=True, allow_plain_http=allow_plain_http, rate=rate, clock=clock,
        sleep=sleep, tell=tell,
    )  # fmt: skip
    if ledger.key_check != key_check(key, ledger.marker.run):
        # With another account's key every row would seem to be gone.
        raise GuardRefusal("key", f"{ledger_file} was written with another key: sweep it with that one.")
    line = connect(settings, survey_ground(settings, document), ledger.marker)
    try:
        _reach(line.account, ledger)
        return Cleaner(ledger, line.account, clock, settle, tell).clean()
    finally:
        line.upstream.close()


def _reach(account: Account, ledger: Ledger) -> None:
    """See that the target answers at all, where there is anything to ask it for. Raises TargetFailed."""
    try:
        if ledger.entries:
            account.highest()
    except TargetFailed:
        account.look(1, exempt=True)  # a list that fails alone stops no clean-up
