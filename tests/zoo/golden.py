"""The golden data: the requests as they were on the wire, and the manifest that says whose they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).with_name("vectors")
MANIFEST = VECTORS / "manifest.json"


def manifest() -> dict[str, Any]:
    """Read the manifest.

    `php` is the version of PHP that was asked; `clients` has each client's version; `vectors` has, by client and case,
    what PHP made of the request: `post` as $_POST, `files` as $_FILES with the SHA-256 of each file.
    """
    if not MANIFEST.exists():
        return {"php": "", "clients": {}, "vectors": {}}
    read: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return read


def write_manifest(data: dict[str, Any]) -> None:
    """Write the manifest, one line a vector."""
    lines = [f' "php": {json.dumps(data["php"])},', ' "clients": {']
    lines += _members(data["clients"])
    lines += [" },", ' "vectors": {']
    for at, (client, cases) in enumerate(sorted(data["vectors"].items())):
        comma = "," if at + 1 < len(data["vectors"]) else ""
        lines += [f"  {json.dumps(client)}: {{", *(f" {line}" for line in _members(cases)), f"  }}{comma}"]
    MANIFEST.write_text("\n".join(["{", *lines, " }", "}", ""]), encoding="utf-8")


def _members(data: dict[str, Any]) -> list[str]:
    last = max(data)
    return [
        f"  {json.dumps(key)}: {json.dumps(data[key], ensure_ascii=False)}{'' if key == last else ','}"
        for key in sorted(data)
    ]


def path_of(client: str, case: str) -> Path:
    """Give the file of a vector."""
    return VECTORS / client / f"{case}.http"


def raw(client: str, case: str) -> bytes:
    """Give a vector: the request, byte by byte."""
    return path_of(client, case).read_bytes()


def names() -> Iterator[tuple[str, str]]:
    """Give client and case of each vector there is."""
    for path in sorted(VECTORS.glob("*/*.http")):
        yield path.parent.name, path.stem
