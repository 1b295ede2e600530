"""The API document: read with places, changed by overlays and by answers to open questions, written.

Others may import this package, which imports nothing of the rest of the project.
"""

from mock_server.document.effective import (
    Digest,
    Document,
    digest_of,
    find_overlay,
    home,
    load,
    packaged_overlays,
)
from mock_server.document.learned import WORD as LEARNED
from mock_server.document.learned import Learned
from mock_server.document.ledger import Standing, ledger_of
from mock_server.document.overlay import (
    Action,
    Overlay,
    apply,
    apply_actions,
    parse_actions,
    parse_overlay,
    read_overlay,
)
from mock_server.document.places import Array, DocumentError, Object, Place, duplicate, place_of, plain
from mock_server.document.questions import Answer, Question, read_questions, select
from mock_server.document.recorded import DATE as RECORDING_DATE
from mock_server.document.recorded import VERSION as RECORDING
from mock_server.document.recorded import Recorded, line_of, read_recorded, recorded_lines
from mock_server.document.rendering import dump_json, dump_yaml
from mock_server.document.shape import nearest
from mock_server.document.source import read, read_object, read_text
from mock_server.document.stamp import NEVER, Stamp, stamp_facts, stamp_of, stamp_text

__all__ = [
    "LEARNED",
    "NEVER",
    "RECORDING",
    "RECORDING_DATE",
    "Action",
    "Answer",
    "Array",
    "Digest",
    "Document",
    "DocumentError",
    "Learned",
    "Object",
    "Overlay",
    "Place",
    "Question",
    "Recorded",
    "Stamp",
    "Standing",
    "apply",
    "apply_actions",
    "digest_of",
    "dump_json",
    "dump_yaml",
    "duplicate",
    "find_overlay",
    "home",
    "ledger_of",
    "line_of",
    "load",
    "nearest",
    "packaged_overlays",
    "parse_actions",
    "parse_overlay",
    "place_of",
    "plain",
    "read",
    "read_object",
    "read_overlay",
    "read_questions",
    "read_recorded",
    "read_text",
    "recorded_lines",
    "select",
    "stamp_facts",
    "stamp_of",
    "stamp_text",
]
