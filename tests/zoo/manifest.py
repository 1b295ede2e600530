"""The manifest of the recorded requests, written so that a diff shows one line for each changed request."""

from __future__ import annotations

import json
from typing import Any

from contract_tests.target.zoo import MANIFEST


def write_manifest(data: dict[str, Any]) -> None:
    """Write the manifest, with one line for each request."""
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
