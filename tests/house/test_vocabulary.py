"""The client's types are the documents' words."""

from __future__ import annotations

import ast

from tests.plugin.vocabulary import FILE, render


def test_the_types_are_the_documents_words() -> None:
    written = ast.parse(FILE.read_text(encoding="utf-8"))
    assert ast.dump(written) == ast.dump(ast.parse(render())), "openapi/ has changed: run `make vocabulary`"
