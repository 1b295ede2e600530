"""Any sequence of calls leaves what a dictionary would hold: the model that a client may rely on."""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from mock_server.app import create_app
from tests.semantics.client import Client
from tests.semantics.test_pages import SIZES
from tests.semantics.types import FIELDS, OWN_FIELDS, TYPES, shown

APP = create_app()
KEYS = count()
NOON = 1772366400

# Texts that cleaning leaves alone; what it does to others is tested with the forms.
TEXTS = st.text(
    st.characters(blacklist_characters="<>'\"\0", blacklist_categories=["Cs", "Cc", "Z"]), max_size=20
)
NAMES = TEXTS.filter(lambda text: text.strip() != "")
TYPE_NAMES = st.sampled_from(TYPES)
FOREIGN_IDS = st.sampled_from(["0", "-1", "99999", "abc", "9" * 40, "%00", "", ".."])


class Life(RuleBasedStateMachine):
    """A user's calls, and beside them a dictionary from id to the handler that must be shown."""

    ids: Bundle[int] = Bundle("ids")

    @initialize()
    def begin(self) -> None:
        self.client = Client(app=APP, key=f"mock-model-{next(KEYS)}")
        self.client.world.clock.freeze(float(NOON))
        self.model: dict[int, dict[str, Any]] = {1: self.client.handler(1)}
        self.next_id = 2

    @rule(target=ids, type_name=TYPE_NAMES, name=NAMES, sent=st.dictionaries(st.sampled_from(FIELDS), TEXTS))
    def create(self, type_name: str, name: str, sent: dict[tuple[str, str], str]) -> int:
        fields = {field: text for (_, field), text in sent.items()}
        reply = self.client.create(name=name, type=type_name, **fields)
        assert (reply.status, reply.json) == (201, {"data": {"id": self.next_id}})
        own = {field: text for field, text in fields.items() if field in OWN_FIELDS[type_name]}
        self.model[self.next_id] = {
            "id": self.next_id, "type": type_name, "name": name, "settings": shown(type_name, **own),
            "is_enabled": True, "last_datetime": None, "datetime": "2026-03-01 12:00:00",
        }  # fmt: skip
        self.next_id += 1
        return self.next_id - 1

    @rule(
        handler_id=ids, name=st.none() | TEXTS, type_name=st.none() | TYPE_NAMES,
        enabled=st.none() | st.booleans(), sent=st.dictionaries(st.sampled_from(FIELDS), TEXTS),
    )  # fmt: skip
    def update(
        self, handler_id: int, name: str | None, type_name: str | None, enabled: bool | None,
        sent: dict[tuple[str, str], str],
    ) -> None:  # fmt: skip
        facts = {
            "name": name,
            "type": type_name,
            "is_enabled": None if enabled is None else str(int(enabled)),
        }
        fields = {field: text for (_, field), text in sent.items()}
        fields |= {field: text for field, text in facts.items() if text is not None}
        reply = self.client.update(handler_id, **fields)
        if handler_id not in self.model:
            assert reply.status == 404
            return
        assert (reply.status, reply.json) == (200, {"data": {"id": handler_id}})
        self._change(self.model[handler_id], fields, enabled)

    def _change(self, handler: dict[str, Any], fields: dict[str, str], enabled: bool | None) -> None:
        type_name = fields.get("type", handler["type"])
        own = {field: text for field, text in fields.items() if field in OWN_FIELDS[type_name]}
        kept = handler["settings"] if type_name == handler["type"] else shown(type_name)
        handler["name"] = fields.get("name", handler["name"])
        handler["type"], handler["settings"] = type_name, {**kept, **own}
        handler["is_enabled"] = handler["is_enabled"] if enabled is None else enabled
        handler["last_datetime"] = "2026-03-01 12:00:00"

    @rule(handler_id=ids)
    def delete(self, handler_id: int) -> None:
        found = self.model.pop(handler_id, None) is not None
        reply = self.client.delete(handler_id)
        assert (reply.status, reply.body == b"") == ((200, True) if found else (404, False))

    @rule(handler_id=ids)
    def retrieve(self, handler_id: int) -> None:
        reply = self.client.get(f"/{handler_id}")
        if handler_id in self.model:
            assert (reply.status, reply.data) == (200, self.model[handler_id])
        else:
            assert reply.status == 404

    @rule(size=st.sampled_from(SIZES), page=st.integers(1, 4))
    def list(self, size: int, page: int) -> None:
        ids = sorted(self.model, reverse=True)
        body = self.client.get(f"?results_per_page={size}&page={page}").json
        assert body["data"] == [self.model[handler_id] for handler_id in ids[(page - 1) * size : page * size]]
        pages = -(-len(ids) // size)
        assert body["meta"] == {
            "page": page, "results_per_page": size, "total": len(ids), "total_pages": pages,
        }  # fmt: skip

    @rule(handler_id=FOREIGN_IDS)
    def ask_for_what_is_not_there(self, handler_id: str) -> None:
        replies = [self.client.update(handler_id, name="M"), self.client.delete(handler_id)]
        replies += [self.client.get(f"/{handler_id}")] if handler_id else []
        # An update whose id is empty is a create without a type.
        assert [reply.status for reply in replies] == [
            404 if handler_id else 401,
            *[404] * (len(replies) - 1),
        ]

    @invariant()
    def nothing_failed(self) -> None:
        if hasattr(self, "client"):
            assert not any(exchange.defect for exchange in self.client.world.journal.exchanges)
            assert len(self.client.store) == len(self.model)


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=60, stateful_step_count=50, deadline=None, derandomize=True, database=None
)
