"""Texts of the document with placeholders, which each response fills anew: `{uuid}`, `{field}`, `{now:iso}`.

A service says things that differ from response to response: the id of a request, a time, the field that is wrong.
The document writes them as placeholders in the bodies of refusals (their named examples), in headers (`x-text`,
`x-headers`) and in properties of successes (`x-text`). Anything else in braces is text like any other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

# A fact of the request or of the world, or a value that only has a form.
PLACEHOLDER = re.compile(
    r"\{(detail|field|value|owner|type|id|path|method|methods(?::[A-Z,]+)?|site"
    r"|uuid|hex:\d{1,3}|digits:\d{1,2}|random:\d{1,3}|now(?::(?:iso|http|unix))?)\}"
)

# Returns what stands in the place of a placeholder.
Tell = Callable[[str], str]

# JSON has no quotes around a number.
_NUMBER = re.compile(r'"\{(now:unix|id:number)\}"')


@dataclass(frozen=True, slots=True)
class Wording:
    """A text with or without placeholders. `varies`: it has some."""

    text: str
    varies: bool

    def told(self, tell: Tell) -> str:
        """Return the text with its placeholders filled."""
        return PLACEHOLDER.sub(lambda found: tell(found[1]), self.text) if self.varies else self.text

    def told_as_json(self, tell: Tell, write: Callable[[str], str]) -> str:
        """Return a JSON text with the placeholders inside its strings filled. `write` writes a JSON string."""
        if not self.varies:
            return self.text
        numbers = _NUMBER.sub(lambda found: tell(found[1].removesuffix(":number")), self.text)
        return PLACEHOLDER.sub(lambda found: write(tell(found[1]))[1:-1], numbers)


def wording(text: str) -> Wording:
    """Return a text as a wording."""
    return Wording(text, PLACEHOLDER.search(text) is not None or _NUMBER.search(text) is not None)
