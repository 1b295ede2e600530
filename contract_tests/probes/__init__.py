"""Probes: each open question asked of a target, over HTTP and with as few requests as will do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from contract_tests.probes import doors, handlers, listing, rows
from contract_tests.probes.expectations import DocumentArguments, Expectations
from contract_tests.probes.prober import Probe, Prober, Terms
from contract_tests.probes.reading import Answered, Finding, Outside, Unknown

# Every probe by the id of its question, in the order in which they are asked: what is created is then updated.
PROBES: Mapping[str, Probe] = MappingProxyType(
    {
        **handlers.CREATES,
        **rows.PROBES,
        **handlers.UPDATES,
        **listing.PROBES,
        **handlers.REPLIES,
        **doors.PROBES,
    }
)

__all__ = [
    "PROBES",
    "Answered",
    "DocumentArguments",
    "Expectations",
    "Finding",
    "Outside",
    "Probe",
    "Prober",
    "Terms",
    "Unknown",
]
