"""Writes data as YAML or JSON that reads back the same, in YAML 1.1 readers too."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from mock_server.document.places import plain
from mock_server.document.source import CORE_SCHEMA

WIDTH = 110

_STR = "tag:yaml.org,2002:str"
# The block style keeps any text with these limits: no odd line breaks or control characters, no space at
# the start or before a line's end, where an editor may strip it, and no line breaks at the edges but one.
_BLOCK = re.compile(r"[^\s][^\x00-\x09\x0b-\x1f\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]*\n?\Z")
# Line breaks to YAML 1.1 alone and the byte order mark, which PyYAML escapes only between double quotes.
_ODD = re.compile(r"[\x85\u2028\u2029\ufeff]")
_STRIPPED = re.compile(r"[ ]\n|[ ]\Z|\n\n\Z")


class _Writer(yaml.SafeDumper):
    """PyYAML's dumper, which quotes what YAML 1.1 would mistake, made to quote what 1.2 would too."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 -- PyYAML gives it
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 -- likewise
        # Items stand deeper than the key of their list.
        super().increase_indent(flow, False)

    def represent_text(self, text: str) -> yaml.ScalarNode:
        style = "|" if _reads_as_block(text) else '"' if _ODD.search(text) else None
        return yaml.ScalarNode(_STR, text, style=style)

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        node = super().represent_mapping(tag, mapping, flow_style)
        for key, _ in node.value:
            if key.style == "|":
                key.style = '"'
        return node


def _reads_as_block(text: str) -> bool:
    return "\n" in text and bool(_BLOCK.match(text)) and not _STRIPPED.search(text)


_Writer.add_representer(str, _Writer.represent_text)
for _tag, _pattern, _first in CORE_SCHEMA:
    _Writer.add_implicit_resolver(_tag, _pattern, _first)
# YAML 1.1 has these for booleans, though PyYAML does not take them so.
_Writer.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"[yYnN]\Z"), list("yYnN"))


def dump_yaml(data: Any) -> str:
    """Write data as YAML: keys in their order, texts of several lines as blocks, ambiguous texts quoted."""
    return yaml.dump(plain(data), Dumper=_Writer, sort_keys=False, allow_unicode=True, width=WIDTH)


def dump_json(data: Any) -> str:
    """Write data as JSON, indented by two, keys in their order, with a line break at the end."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
