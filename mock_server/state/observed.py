"""The rows that a HAR or a recording shows last, as a seed: an app's own session becomes the beginning of its tests."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from mock_server.contract import Contract, Resource, parse
from mock_server.document import Array, DocumentError, Object, Place, line_of, placed, recorded_lines

# The names of files that are read so.
ENDINGS = {".har": "HAR", ".jsonl": "recording"}


class _Seen(NamedTuple):
    """What counts of an exchange, and the line on which it stands."""

    method: str
    url: str
    status: int
    body: str
    line: int


def observed_rows(path: Path, contract: Contract) -> dict[str, Array]:
    """Return the rows of each resource, as the last response showed them, without those that were deleted.

    Raises DocumentError if the file is no HAR or recording, or if it shows no row.
    """
    rows: dict[str, dict[int, Object]] = {name: {} for name in contract.resources}
    for seen in _read(path):
        route = contract.routes.find(urlsplit(seen.url).path, seen.method)
        operation = None if route is None else route.operations.get(seen.method)
        if operation is None or route is None or not 200 <= seen.status < 300:
            continue
        found = rows[operation.resource.name]
        if operation.behaviour == "delete":
            found.pop(int(route.parameter or 0), None)
        for row in _rows_in(_parsed(seen.body), operation.resource):
            found[row["id"]] = placed(row, Place(str(path), seen.line))
    if not any(rows.values()):
        listed = ", ".join(contract.base_path + each.path for each in contract.resources.values())
        what = f"No response of {listed} shows a row. Record one that lists them."
        raise DocumentError(what, Place(str(path), 1))
    return {name: _array(found, path) for name, found in rows.items()}


def _array(rows: Mapping[int, Object], path: Path) -> Array:
    array = Array(Place(str(path), 1))
    for _, row in sorted(rows.items()):
        array.add(row, row.place)
    return array


def _read(path: Path) -> Iterator[_Seen]:
    try:
        text = path.read_text(encoding="utf-8")
        yield from _of_har(text) if path.suffix == ".har" else _of_recording(text, path)
    except OSError as error:
        what = f"The file cannot be read ({error.strerror}). Check it."
        raise DocumentError(what, Place(str(path), 1)) from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        if isinstance(error, DocumentError):
            raise
        what = f"This is not a {ENDINGS[path.suffix]} ({type(error).__name__}: {error}). Save it again."
        raise DocumentError(what, Place(str(path), 1)) from None


def _of_har(text: str) -> Iterator[_Seen]:
    for entry in json.loads(text)["log"]["entries"]:
        request, response = entry["request"], entry["response"]
        content = response.get("content", {})
        body = content.get("text", "")
        if content.get("encoding") == "base64":
            body = base64.b64decode(body).decode(errors="replace")
        yield _Seen(request["method"], request["url"], response["status"], body, 1)


def _of_recording(text: str, path: Path) -> Iterator[_Seen]:
    for number, line in enumerate(recorded_lines(text), 1):
        data = line_of(path, number, line)
        if "request" in data:
            request, answer = data["request"], data["answer"]
            yield _Seen(request["method"], request["url"], answer["status"], answer["body"] or "", number)


def _parsed(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _rows_in(value: Any, resource: Resource) -> Iterator[dict[str, Any]]:
    """Yield the rows at any depth of a response, with the properties that the document gives them."""
    texts = {"id": "1", "created": '""', "changed": "null", **resource.texts(resource.defaults)}
    known = parse(resource.template.render(texts))
    needed = {each.name for each in resource.stored.values() if each.needed} | {"id"}
    below = [value]
    while below:
        each = below.pop()
        if isinstance(each, dict) and needed <= each.keys() and isinstance(each["id"], int):
            yield {name: each[name] for name in known if name in each}
        elif isinstance(each, dict):
            below += each.values()
        elif isinstance(each, list):
            below += each
