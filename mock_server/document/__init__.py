"""The API document: read with places, changed by overlays and by answers to open questions, written.

Others may import this package, which imports nothing of the rest of the project.
"""

from mock_server.document.effective import (
    Answer,
    Document,
    Question,
    digest_of,
    find_overlay,
    load,
    packaged_overlays,
    read_questions,
    select,
)
from mock_server.document.evidence import (
    RECORDING,
    RECORDING_DATE,
    RecordingEnds,
    Stamp,
    Standing,
    check_head,
    ledger_of,
    line_of,
    read_recorded,
    recorded_lines,
    stamp_facts,
    stamp_of,
    stamp_text,
)
from mock_server.document.overlay import (
    LEARNED,
    Action,
    Learned,
    Overlay,
    apply_actions,
    parse_actions,
    parse_overlay,
    read_overlay,
)
from mock_server.document.shape import JsonShape, nearest, shape, unknown_word
from mock_server.document.source import (
    HIGHEST,
    Array,
    DocumentError,
    Object,
    Place,
    dump_json,
    dump_yaml,
    duplicate,
    home,
    operations_in,
    place_at,
    place_of,
    placed,
    plain,
    read,
    read_bytes,
    read_object,
    read_text,
    with_integers,
)
from mock_server.document.strict import declared_strictly

__all__ = [
    "HIGHEST", "LEARNED", "RECORDING", "RECORDING_DATE", "Action", "Answer", "Array",
    "Document", "DocumentError", "JsonShape", "Learned", "Object", "Overlay", "Place", "Question",
    "RecordingEnds", "Stamp", "Standing", "apply_actions", "check_head", "declared_strictly", "digest_of", "dump_json",
    "dump_yaml", "duplicate", "find_overlay", "home", "ledger_of", "line_of", "load",
    "nearest", "operations_in", "packaged_overlays", "parse_actions", "parse_overlay", "place_at", "place_of", "placed",
    "plain", "read", "read_bytes", "read_object", "read_overlay", "read_questions", "read_recorded", "read_text",
    "recorded_lines", "select", "shape", "stamp_facts", "stamp_of", "stamp_text", "unknown_word",
    "with_integers",
]  # fmt: skip
