"""The generated parts of the documentation are current."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.reference import PARTS, ROOT, pages, render

TEXTS = {page: page.read_text(encoding="utf-8") for page in pages()}
GENERATED = [page for page, text in TEXTS.items() if "<!-- reference: " in text]


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in GENERATED])
def test_the_generated_parts_of_a_page_are_current(page: Path) -> None:
    assert render(TEXTS[page]) == TEXTS[page], "run `make reference`"


def test_every_part_has_a_page() -> None:
    text = "".join(TEXTS.values())
    assert not [part for part in PARTS if f"<!-- reference: {part} -->" not in text]
