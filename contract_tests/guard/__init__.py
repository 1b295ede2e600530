"""The guard: a small proxy on loopback, the only door from any suite to a target, and the only holder of the key.

It lets through what cannot harm a row that the run did not create, notes in a write-ahead ledger what the run creates,
shows nobody else's rows, keeps to the budget, and cleans up.
"""

from contract_tests.guard.cleaning import CleanUp
from contract_tests.guard.exchange import KEY_VARIABLE, Exchange, FormField
from contract_tests.guard.foreign import MARK
from contract_tests.guard.guard import Guard, Stats
from contract_tests.guard.interrupts import Terminated, interruptible
from contract_tests.guard.ledger import Ledger
from contract_tests.guard.refusal import GuardRefusal, TargetFailed, Unswept
from contract_tests.guard.request import FAILED_HEADER, FAILED_STATUS, REFUSED_HEADER, REFUSED_STATUS
from contract_tests.guard.settings import GuardSettings, silent
from contract_tests.guard.sweep import sweep

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
