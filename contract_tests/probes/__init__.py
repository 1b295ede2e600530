"""Probes: each open question asked of a target, over HTTP and with as few requests as will do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from contract_tests.probes import keys, listing, replies, rows, updating, wire, writing
from contract_tests.probes.expectations import DocumentArguments, Expectations
from contract_tests.probes.probe import Probe
from contract_tests.probes.prober import Prober, Terms
from contract_tests.probes.reading import Answered, Finding, Outside, Unknown

MODULES = (writing, rows, updating, listing, replies, keys, wire)

# Every probe by the id of its question.
PROBES: Mapping[str, Probe] = MappingProxyType(
    {question: probe for module in MODULES for question, probe in module.PROBES.items()}
)

__all__ = [
    "MODULES",
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
