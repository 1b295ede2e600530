"""The guard: a small proxy on loopback, the only door from any suite to a target, and the only holder of the key.

It lets through what cannot harm a row that the run did not create, notes in a write-ahead ledger what the run creates,
shows no rows of others, keeps to the budget, and cleans up.
"""

from contract_tests.guard.cleaning import CleanUp, sweep
from contract_tests.guard.exchange import (
    FAILED_HEADER,
    FAILED_STATUS,
    KEY_VARIABLE,
    REFUSED_HEADER,
    REFUSED_STATUS,
    Exchange,
    FormField,
    GuardRefusal,
    TargetFailed,
    Unswept,
)
from contract_tests.guard.guard import Guard, Stats, Terminated, interruptible
from contract_tests.guard.ledger import Ledger
from contract_tests.guard.mask import MARK
from contract_tests.guard.upstream import GuardSettings, silent

__all__ = [
    "FAILED_HEADER",
    "FAILED_STATUS",
    "KEY_VARIABLE",
    "MARK",
    "REFUSED_HEADER",
    "REFUSED_STATUS",
    "CleanUp",
    "Exchange",
    "FormField",
    "Guard",
    "GuardRefusal",
    "GuardSettings",
    "Ledger",
    "Stats",
    "TargetFailed",
    "Terminated",
    "Unswept",
    "interruptible",
    "silent",
    "sweep",
]
