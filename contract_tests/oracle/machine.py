"""A state machine that calls the API at random, with a dictionary that the service must agree with."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from contract_tests.judge.statements import GONE, OTHERS
from contract_tests.judge.verdicts import Complaint, Deviation
from contract_tests.oracle.listing import same
from contract_tests.oracle.own import Own
from contract_tests.oracle.showing import Owned
from contract_tests.target.api import Withheld

# Letters that no cleaning changes and that form no address. A name has no outer blanks.
_NAMES = st.text("aZ-_&+%=żéЯ日本🔥", min_size=1, max_size=24)
# Choices are numbers modulo the number of options, so that they shrink.
_NUMBERS = st.integers(0, 99)
# Which own fields are sent, as bits: some or, as often, all.
_MASKS = _NUMBERS | st.just(255)
_NOBODY = ("0", "-1", "abc", "9" * 30)


class Machine(RuleBasedStateMachine):
    """The machine. A subclass sets `own`; `found` is the first deviation of any of its machines.

    Its rules are in a table below, and are drawn equally often. Handlers of others, and those that other suites left,
    must stay as they were when the machine began.
    """

    own: ClassVar[Own]
    found: ClassVar[Deviation | None] = None

    def __init__(self) -> None:
        super().__init__()
        self.mine: list[Owned] = []
        self.gone: list[int] = []
        self.seen: dict[int, Mapping[str, Any]] = {}

    @initialize()
    def begin(self) -> None:
        """Read what the account holds."""
        own = self.own
        own.run.begin()
        rows = own.listing.everything(len(own.others()) + len(own.live))
        self.seen = dict(zip(own.ids(rows), rows, strict=True))

    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        """Draw a possible rule with its arguments, and run it."""
        # Filtered, not left out: a rule must keep its number, or shrinking would draw other rules by the same choices.
        names = st.sampled_from(RULES).filter(lambda name: bool(_TABLE[name].possible(self)))
        name = data.draw(names, label="rule")
        self.fire(name, **{key: data.draw(drawn, label=key) for key, drawn in _TABLE[name].drawn.items()})

    def fire(self, rule_name: str, /, **drawn: Any) -> None:
        """Run a rule, and count it."""
        try:
            getattr(self, rule_name)(**drawn)
        except Deviation as deviation:
            type(self).found = self.found or deviation
            raise
        self.own.run.reach.rule(rule_name)

    def has_room(self) -> bool:
        """Whether the profile allows another live handler."""
        return len(self.mine) < (3 if self.own.thrifty else 8)

    def create(self, number: int, name: str, mask: int) -> None:
        """Create a handler of any type with some of its fields, and perhaps a field of another type."""
        own, names = self.own, self.own.facts.form
        type_name = self._type_at(number)
        sent = {names["name"]: name, names["type"]: type_name} | self._fields(type_name, mask)
        if mask & 64 and own.facts.create_form.ignores_foreign:
            sent |= {
                f: text for f, text in self._fields(self._type_at(number + 1), 1).items() if f not in sent
            }
        if refusal := own.expected.create(sent).refusal:
            own.refuse(refusal, sent)
            sent |= self._fields(type_name, ~0)
        with contextlib.suppress(Withheld):
            self.mine.append(own.create(sent))

    def update_partially(self, which: int, name: str | None, mask: int) -> None:
        """Update some fields of a handler."""
        owned = self._chosen(which)
        sent = self._fields(owned.handler.type, mask)
        self._change(owned, sent if name is None else sent | {self.own.facts.form["name"]: name})

    def change_type(self, which: int, number: int, mask: int) -> None:
        """Change a handler's type, or send the current one."""
        type_name = self._type_at(number)
        sent = {self.own.facts.form["type"]: type_name} | self._fields(type_name, mask)
        self._change(self._chosen(which), sent)

    def enable_or_disable(self, which: int, enabled: bool) -> None:
        """Switch a handler on or off."""
        self._change(self._chosen(which), {self.own.facts.form["enabled"]: str(int(enabled))})

    def delete(self, which: int) -> None:
        """Delete a handler."""
        owned = self.mine.pop(which % len(self.mine))
        self.gone.append(owned.id)
        self.own.delete(owned)

    def retrieve(self, which: int) -> None:
        """Retrieve a handler."""
        self.own.see(self._chosen(which))

    def list_at_a_size(self, number: int) -> None:
        """Get the first page of any size."""
        own, sizes = self.own, self.own.facts.sizes
        page = own.listing.get(1, sizes[number % len(sizes)])
        own.require(own.listing.complaints(page) + own.order(page.ids) + self._strange(page.ids, page.rows))

    def page_through(self) -> None:
        """Walk through all pages, which show each handler once and no other."""
        own, total = self.own, len(self.seen) + len(self.mine)
        size = next((size for size in own.facts.sizes if size * 5 >= total), own.facts.sizes[-1])
        pages = list(own.listing.walk(size))
        ids = [n for page in pages for n in page.ids]
        wanted = self.seen.keys() | {owned.id for owned in self.mine}
        complaints = [complaint for page in pages for complaint in own.listing.complaints(page)]
        complaints += own.listing.partition(pages, wanted)
        complaints += [
            Complaint(GONE if n in self.gone else OTHERS, f"the list shows {n}, and should not")
            for n in sorted(set(ids) - wanted)
        ]
        rows = [row for page in pages for row in page.rows]
        own.require(complaints + self._strange(ids, rows) + own.order(ids))

    def ask_for_a_dead_id(self, which: int, verb: int) -> None:
        """Ask for a deleted handler."""
        own, handler_id = self.own, self.gone[which % len(self.gone)]
        kind, ask = self._verbs()[verb]
        own.gone(kind, ask(handler_id), handler_id)

    def ask_for_nobody(self, number: int) -> None:
        """Ask for an id that does not exist."""
        own = self.own
        text = _NOBODY[number % len(_NOBODY)]
        if (name := own.facts.id_refusal(text)) is not None:
            own.refused(
                "retrieve", own.api.retrieve(text), name, own.statements.odd_id(), f"a retrieve of {text}"
            )

    def create_wrongly(self, number: int) -> None:
        """Send a create without, or with an empty, required field: nothing is created."""
        own, names = self.own, self.own.facts.form
        form = {names["name"]: "Incomplete", names["type"]: self._type_at(number)}
        required = own.facts.create_form.required
        field = required[number % len(required)]
        form = form | {field: ""} if number % 3 else {k: text for k, text in form.items() if k != field}
        if refusal := own.expected.create(form).refusal:
            own.refuse(refusal, form)

    def teardown(self) -> None:
        """Check that service and dictionary agree at the end, and delete the machine's handlers."""
        try:
            self.own.see_all()
        finally:
            for owned in self.mine:
                if owned.id in self.own.live:
                    self.own.delete(owned)

    def _chosen(self, number: int) -> Owned:
        if not self.mine:
            raise Withheld("no handler could be created")
        return self.mine[number % len(self.mine)]

    def _type_at(self, number: int) -> str:
        types = list(self.own.facts.types)
        return types[number % len(types)]

    def _fields(self, type_name: str, mask: int) -> dict[str, str]:
        """Return some own fields of a type, chosen by the bits of a number."""
        own = [f for n, f in enumerate(self.own.facts.types.get(type_name, ())) if mask >> n & 1]
        return {field: self.own.samples.value(field) for field in own}

    def _change(self, owned: Owned, sent: Mapping[str, str]) -> None:
        """Update a handler, if the document decides the outcome."""
        if self.own.expected.is_certain(owned.handler, sent):
            self.own.update(owned, sent)

    def _verbs(self) -> tuple[tuple[str, Callable[[int], Any]], ...]:
        api, rename = self.own.api, {self.own.facts.form["name"]: "No such handler"}
        return ("retrieve", api.retrieve), ("update", lambda n: api.update(n, rename)), ("delete", api.delete)

    def _strange(self, ids: Sequence[int], rows: Iterable[Mapping[str, Any]]) -> list[Complaint]:
        """Return what is wrong with rows: others' rows changed, or the machine's differ from the dictionary."""
        mine: dict[int, Owned] = {owned.id: owned for owned in self.mine}
        found: list[Complaint] = []
        for handler_id, row in zip(ids, rows, strict=True):
            if handler_id in self.seen and not same(row, self.seen[handler_id]):
                found.append(
                    Complaint(OTHERS, f"handler {handler_id} has changed, and no call of this run named it")
                )
            if handler_id in mine:
                found += self.own.compared(mine[handler_id], row)
        return found


class _Rule(NamedTuple):
    """When a rule is possible, and what it draws."""

    possible: Callable[[Machine], object]
    drawn: Mapping[str, st.SearchStrategy[Any]]


def _some(machine: Machine) -> bool:
    return bool(machine.mine)


# Counterexamples shrink towards the first rules. If these were creates, they would fill the account.
_TABLE = {
    "update_partially": _Rule(_some, {"which": _NUMBERS, "name": st.none() | _NAMES, "mask": _MASKS}),
    "create": _Rule(Machine.has_room, {"number": _NUMBERS, "name": _NAMES, "mask": _MASKS}),
    "change_type": _Rule(_some, {"which": _NUMBERS, "number": _NUMBERS, "mask": _MASKS}),
    "enable_or_disable": _Rule(_some, {"which": _NUMBERS, "enabled": st.booleans()}),
    "delete": _Rule(_some, {"which": _NUMBERS}),
    "retrieve": _Rule(_some, {"which": _NUMBERS}),
    "list_at_a_size": _Rule(lambda _: True, {"number": _NUMBERS}),
    "page_through": _Rule(lambda _: True, {}),
    "ask_for_a_dead_id": _Rule(lambda machine: machine.gone, {"which": _NUMBERS, "verb": st.integers(0, 2)}),
    "ask_for_nobody": _Rule(lambda _: True, {"number": _NUMBERS}),
    "create_wrongly": _Rule(lambda _: True, {"number": _NUMBERS}),
}

# Each rule must have run, or the machines have shown less than they claim.
RULES = tuple(_TABLE)
