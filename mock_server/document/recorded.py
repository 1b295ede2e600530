"""What a recording says of itself: when, where and by which document exchanges with a service were kept.

A recording is a file of JSON, an object a line: a head, an exchange each, and a foot with what the run found out. The
contract-test kit writes it and reads its exchanges; head and foot are also what tells how well a mock is known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mock_server.document.places import DocumentError, Place

# The version of the format, in each file's head.
VERSION = 1
DATE = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Recorded:
    """Head and foot. `date` is in UTC, `digest` that of the document that the run began with, with what varied it.

    `exchanges` is how many there are. `answers` are those to open questions that the run found, `findings` how many
    departures from the document, None where nobody judged. A recording whose run was killed has no foot: `is_whole` is
    False then.
    """

    date: datetime
    target: str
    digest: str
    exchanges: int
    answers: Mapping[str, str]
    findings: int | None
    is_whole: bool
    file: str


def read_recorded(file: Path) -> Recorded:
    """Read head and foot of a recording. Raises DocumentError, with the line, where it is none, and OSError."""
    try:
        lines = recorded_lines(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise DocumentError(f"{file} is no recording: it is no text") from None
    head = line_of(file, 1, lines[0]) if lines else {}
    if head.get("recording") != VERSION:
        raise DocumentError(f"this is no recording of version {VERSION}", Place(str(file), 1))
    last = line_of(file, len(lines), lines[-1])
    foot = last if "end" in last else {}
    try:
        return Recorded(
            date=datetime.strptime(head["date"], DATE).replace(tzinfo=UTC),
            target=str(head["target"]), digest=str(head["document"]), exchanges=len(lines) - 1 - bool(foot),
            answers={str(name): str(answer) for name, answer in foot.get("answers", {}).items()},
            findings=foot.get("findings"), is_whole=bool(foot), file=str(file),
        )  # fmt: skip
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"
        message = f"head or foot are not as `check --record` writes them ({what})"
        raise DocumentError(message, Place(str(file), 1)) from None


def recorded_lines(text: str) -> Sequence[str]:
    """Return the lines of a recording's text."""
    return [line for line in text.split("\n") if line]


def line_of(file: Path, number: int, line: str) -> dict[str, Any]:
    """Return a line of a recording as data. Raises DocumentError where it is none."""
    try:
        data = json.loads(line)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise DocumentError("this line is no JSON object", Place(str(file), number))
    return data
