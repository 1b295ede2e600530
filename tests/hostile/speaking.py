"""A service that says what a terminal or a workflow might obey, and the key that it was given, in all spellings."""

from __future__ import annotations

import json
from typing import Any

from tests.guard.scripted import Asked, Said
from tests.guard.test_masking import spellings
from tests.hostile.service import KEY, Behaving, Row

# Clears the screen, sets the window's title, turns red, rings, moves by an 8-bit control, reverses the direction of
# writing, begins a line like one of ours, and one that GitHub Actions obeys.
ORDERS = (
    "\x1b[2J\x1b]0;owned\x07\x1b[31m\x9b5A\x85\u2028\u202e\r\nbitpeak-mock: all deleted\n::error::forged\n"
)
# Ends an attribute, a comment and a section of XML, and runs if a page shows it as it is.
SCRIPT = "\"'>--><script>alert(1)</script>]]>\x00\ufffe"
# What must not be in any output.
OBEYED = frozenset("\x1b\x07\x9b\x85\u2028\u202e\r")


class Speaking(Behaving):
    """Behaves, and adds to each answer what it likes to say."""

    said = (ORDERS, SCRIPT, *spellings(KEY).values())

    def shown(self, row: Any) -> Row:
        shown = dict(super().shown(row))
        return shown | {"note": self.said, f"key {ORDERS}": 1, SCRIPT: SCRIPT, "last_datetime": self.said[0]}

    def refused(self, status: int, title: str) -> Said:
        body = {"errors": [{"title": f"{title} {' '.join(self.said)}", "status": status}], "said": self.said}
        body |= {SCRIPT: SCRIPT}
        return Said(
            status, json.dumps(body, ensure_ascii=False).encode(), {"Content-Type": "application/json"}
        )

    def answer(self, asked: Asked) -> Said | None:
        reply = super().answer(asked)
        if reply is None:
            return None
        told = {"X-Told": f"\x1b[31m{KEY}", "X-Spelled": " ".join(self.said[2:]).replace("\n", "")[:3000]}
        return reply._replace(headers={**reply.headers, **told})
