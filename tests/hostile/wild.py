"""A service that lies at random: each of its answers may be another one's, late, lost, doubled or made up."""

from __future__ import annotations

import json
import random
from typing import Any

from tests.guard.scripted import Asked, Said, said
from tests.hostile.service import Behaving, Row


class Wild(Behaving):
    """Draws from a seed how often it lies, and about what. It changes nothing but what it is told to change."""

    def __init__(self, seed: int, *given: Any) -> None:
        self.chance = random.Random(seed)
        self.often = self.chance.choice([0.02, 0.1, 0.3])
        self.about = set(self.chance.sample(["created", "name", "retrieve", "page", "lost", "failed"], 3))
        super().__init__(*given)

    def lies(self, about: str) -> bool:
        return about in self.about and self.chance.random() < self.often

    def answer(self, asked: Asked) -> Said | None:
        if self.lies("failed"):
            return self.refused(self.chance.choice([500, 503, 404]), "Not now")
        reply = super().answer(asked)
        return None if self.lies("lost") else reply

    def any_row(self) -> Any:
        return self.chance.choice([*self.rows])

    def created(self, row: Any) -> Said | None:
        if not self.lies("created"):
            return super().created(row)
        made_up = self.chance.choice(
            [self.any_row(), self.last + 1, 0, -1, None, "x", True, [row], {"id": row}]
        )
        return said({"data": {"id": made_up}}, 201)

    def name(self, sent: str) -> str:
        if not self.lies("name"):
            return super().name(sent)
        return self.chance.choice([sent[:8], sent.upper(), sent[::-1], "", f"{sent}{sent}", "Handler"])

    def retrieve(self, row: Any, text: str) -> Said | None:
        if not self.lies("retrieve"):
            return super().retrieve(row, text)
        other = self.shown(self.any_row())
        renamed = other | {"id": int(text) if text.isdigit() else text}
        trees = [
            other,
            [other],
            {"data": other},
            {"data": renamed},
            {"data": [renamed]},
            {"data": None},
            renamed,
            "x",
        ]
        return self.chance.choice([self.missing(), *map(said, trees)])

    def page(self, rows: list[Row], total: int, page: int, size: int) -> Said | None:
        if not self.lies("page"):
            return super().page(rows, total, page, size)
        bent = list(rows)
        self.chance.shuffle(bent)
        numbered = [row | {"id": number} for number, row in enumerate(rows, start=1)]
        kept = bent[: self.chance.randrange(len(bent) + 1)]
        shown = self.chance.choice([bent, numbered, kept, rows + rows[:1], []])
        reply = super().page(shown, self.chance.choice([total, len(shown), 0]), page, size)
        return reply and self.chance.choice([reply, reply._replace(body=reply.body[:-20]), Said(200, b"[]")])

    def shown(self, row: Any) -> Row:
        shown: Row = json.loads(json.dumps(super().shown(row)))
        return shown
