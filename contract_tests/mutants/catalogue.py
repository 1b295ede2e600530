"""All mutants."""

from __future__ import annotations

from contract_tests.document.facts import read_facts
from contract_tests.mutants.crashes import crash_mutants, door_mutants
from contract_tests.mutants.documents import document_mutants
from contract_tests.mutants.lives import life_mutants, list_mutants
from contract_tests.mutants.mutant import Mutant
from contract_tests.mutants.rows import field_mutants, row_mutants, shape_mutants
from contract_tests.mutants.tolerances import tolerance_mutants
from contract_tests.mutants.wire import Wire
from mock_server.document import load


def catalogue() -> tuple[Mutant, ...]:
    """Return the mutants: those written by hand first, then those that the document's places give."""
    wire = Wire(read_facts(load().data))
    return (
        *tolerance_mutants(wire),
        *crash_mutants(wire),
        *life_mutants(wire),
        *list_mutants(wire),
        *row_mutants(wire),
        *document_mutants(),
        *door_mutants(wire),
        *field_mutants(wire),
        *shape_mutants(wire),
    )
