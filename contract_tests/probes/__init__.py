"""Probes: they put each open question to a target, over HTTP, with as few requests as possible."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from contract_tests.probes import doors, handlers, listing, rows
from contract_tests.probes.expectations import DocumentArguments, Expectations
from contract_tests.probes.prober import Probe, Prober, Terms
from contract_tests.probes.reading import Answered, Finding, Outside, Unknown

# The probes by question, in the order in which they are asked: later probes update what earlier ones created.
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
