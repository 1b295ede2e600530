"""Sequences of calls: those that open a run, and those drawn at random."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from hypothesis import strategies as st

from contract_tests.document import Facts
from contract_tests.twin.steps import NOBODY, Pairs, Sequence, TwinStep


def openings(facts: Facts, *, has_other: bool) -> tuple[Sequence, ...]:
    """Return the sequences that come first.

    The very first ones tell whether a write also changes another row. In these sequences that is one of their own rows,
    and the run stops; later it might be a row of others.
    """
    create, retrieve = TwinStep("create", form=_form(facts)), TwinStep("retrieve", row=0)
    form, look = ((facts.form["name"], "b"),), TwinStep("retrieve", row=1)
    alone = tuple(
        (create, create, write, look)
        for write in (TwinStep("delete", row=0), TwinStep("update", row=0, form=form))
    )
    if not has_other:
        return alone
    return (
        *alone,
        (create, TwinStep("retrieve", row=0, bearer="other")),
        (create, TwinStep("update", row=0, form=form, bearer="other"), retrieve),
        (create, TwinStep("delete", row=0, bearer="other"), retrieve),
    )


def endings(facts: Facts) -> tuple[Sequence, ...]:
    """Return the sequences that come last, about the effect of updates on times: each takes a second."""
    update = TwinStep("update", row=0, form=((facts.form["name"], "b"),), later=True)
    return (
        (
            TwinStep("create", form=_form(facts)),
            TwinStep("retrieve", row=0),
            update,
            TwinStep("retrieve", row=0),
        ),
    )


def _form(facts: Facts) -> Pairs:
    return tuple(next(iter(facts.examples.values())).items())


# Letters, and what a service may clean or escape. Tags are whole: parsers differ about half ones.
_TOKENS = ("a", "Z9", " ", "é", "日本", "🔥", "'", '"', "<b>", "</b>", "&amp;", "%20", "+", "/", "_")
_LONG = 300
_LONG_VALUE = "v" * 700
_DIRTY = " <b>\"x'</b> "
_SWITCHES = ("1", "0", "true", "on", "off", "yes", "", "2", "no")
_PAGES = ("1", "2", "3", "9")
_ODD_PAGES = ("0", "-1", "abc", "2x", "")
_ODD_IDS = ("0", "abc", "-1", NOBODY)
_ODD_TAILS = ("abc", ".9", "/")
_MOST_PIECES = 7
_ROWS = 3


class _Content(NamedTuple):
    """The content of a form; `bits` choose some of the type's own fields."""

    type: str
    name: str
    bits: int
    switch: str


class Sequences:
    """Strategies for one document. Steps on rows that were not created are left out."""

    def __init__(self, facts: Facts, *, can_write: bool, has_other: bool = False) -> None:
        self._facts = facts
        self._can_write = can_write
        self._bearers = ("none", "wrong", "other") if has_other else ("none", "wrong")
        self._name, self._type = facts.form["name"], facts.form["type"]

    def strategy(self) -> st.SearchStrategy[Sequence]:
        """Return the strategy for whole sequences."""
        # Without a minimum, or the search would keep the first steps.
        pieces = st.lists(self._piece(), max_size=_MOST_PIECES)
        if not self._can_write:
            return pieces.map(_sound).filter(bool)
        first = st.just(()) | self._create().map(lambda one: (one,))
        return st.tuples(first, pieces).map(lambda drawn: _sound([drawn[0], *drawn[1]])).filter(bool)

    def _piece(self) -> st.SearchStrategy[Sequence]:
        """Return the strategy for a step, or for a write with the look that shows its effect."""
        step = self._step().map(lambda one: (one,))
        if not self._can_write:
            return step
        row = st.integers(0, _ROWS - 1)
        writes = st.one_of(self._update(row), st.builds(TwinStep, kind=st.just("delete"), row=row))
        seen = writes.map(lambda one: (one, TwinStep("retrieve", row=one.row)))
        listed = st.tuples(st.one_of(self._create(), writes), st.just(TwinStep("list")))
        made = st.tuples(self._create())
        return st.one_of(step, made, seen, seen, listed)

    def _step(self) -> st.SearchStrategy[TwinStep]:
        reads = [
            self._list(),
            st.builds(TwinStep, kind=st.just("retrieve"), row=st.sampled_from(_ODD_IDS)),
            self._keys(),
        ]
        if not self._can_write:
            return st.one_of(*reads)
        row = st.integers(0, _ROWS - 1)
        retrieve = st.builds(TwinStep, kind=st.just("retrieve"), row=row)
        odd_look = st.builds(TwinStep, kind=st.just("retrieve"), row=row, tail=st.sampled_from(_ODD_TAILS))
        delete = st.builds(TwinStep, kind=st.just("delete"), row=row)
        other = st.builds(TwinStep, kind=st.just("put"), row=row, bearer=st.sampled_from(("own", "none")))
        create, update = self._create(), self._update(row)
        form = ((self._name, "b"),)
        unkeyed = st.builds(
            TwinStep, kind=st.sampled_from(("delete", "retrieve", "update")), row=row, form=st.just(form),
            bearer=st.sampled_from(self._bearers),
        )  # fmt: skip
        return st.one_of(create, update, retrieve, delete, odd_look, other, unkeyed, *reads)

    def _list(self) -> st.SearchStrategy[TwinStep]:
        facts = self._facts
        page, size = facts.page_parameter, facts.size_parameter
        sizes = st.sampled_from(tuple(map(str, facts.sizes[:3])))
        queries = st.one_of(
            st.just(()),
            st.tuples(st.tuples(st.just(size), sizes)),
            st.tuples(st.tuples(st.just(size), sizes), st.tuples(st.just(page), st.sampled_from(_PAGES))),
            st.tuples(st.tuples(st.just(page), st.sampled_from((*_PAGES, *_ODD_PAGES)))),
            st.tuples(st.tuples(st.just(size), st.sampled_from(("7", "abc", "0")))),
        )
        return st.builds(TwinStep, kind=st.just("list"), query=queries, tail=st.sampled_from(("", "", "/")))

    def _keys(self) -> st.SearchStrategy[TwinStep]:
        bearer = st.sampled_from(("none", "wrong", "small"))
        asked = st.builds(TwinStep, kind=st.just("list"), bearer=bearer)
        return st.one_of(asked, st.just(TwinStep("nowhere")))

    def _names(self) -> st.SearchStrategy[str]:
        texts = st.lists(st.sampled_from(_TOKENS), min_size=1, max_size=4).map("".join)
        return st.one_of(st.just("a"), texts, st.just("n" * _LONG))

    def _types(self) -> st.SearchStrategy[str]:
        return st.sampled_from(tuple(self._facts.types))

    def _content(self) -> st.SearchStrategy[_Content]:
        bits = st.integers(0, 15) | st.just(15)
        return st.builds(_Content, self._types(), self._names(), bits, st.sampled_from(_SWITCHES))

    def _own(self, content: _Content) -> dict[str, str]:
        """Return some of a type's own fields, by the bits of a number."""
        example = self._facts.examples.get(content.type, {})
        fields = enumerate(self._facts.types[content.type])
        return {field: example.get(field, "x") for n, field in fields if content.bits >> n & 1}

    def _create(self) -> st.SearchStrategy[TwinStep]:
        def build(content: _Content, oddity: str) -> TwinStep:
            form = {self._name: "a" if oddity else content.name, self._type: content.type}
            return TwinStep(
                "create", form=self._form(form | self._own(content), oddity, content), media=_media(oddity)
            )

        return st.builds(build, self._content(), st.sampled_from(_CREATE_ODDITIES))

    def _update(self, row: st.SearchStrategy[int]) -> st.SearchStrategy[TwinStep]:
        def build(number: int, content: _Content, what: str) -> TwinStep:
            own, switch = self._own(content), {self._facts.form["enabled"]: content.switch}
            first = self._own(content._replace(bits=1))
            form = {
                "name": {self._name: content.name},
                "switch": switch,
                "fields": own,
                "type": {self._type: content.type} | own,
                "dirty": dict.fromkeys(first, _DIRTY),
                "long": dict.fromkeys(first, _LONG_VALUE),
                "all": {self._name: content.name, self._type: content.type} | switch | own,
            }.get(what, {self._name: "a"})
            return TwinStep("update", row=number, form=self._form(form, what, content), media=_media(what))

        return st.builds(build, row, self._content(), st.sampled_from(_UPDATE_KINDS))

    def _form(self, form: dict[str, str], oddity: str, content: _Content) -> Pairs:
        pairs = tuple(self._odd(form, oddity, content).items())
        if oddity != "array":
            return pairs
        name, text = pairs[0]
        return ((f"{name}[]", "first"), (f"{name}[]", text), *pairs[1:])

    def _odd(self, form: dict[str, str], oddity: str, content: _Content) -> dict[str, str]:
        """Return a form with one oddity in it."""
        foreign = next((f for kind, fields in self._facts.types.items() for f in fields if f not in form), "")
        changed: Mapping[str, dict[str, Any]] = {
            "blank": {self._name: " \t "},
            "empty": {self._name: ""},
            "odd-type": {self._type: "no-such-type"},
            "unknown": {"no-such-field": "1"},
            "foreign": {foreign: "x"} if foreign else {},
            "switch": {self._facts.form["enabled"]: content.switch},
            "malformed": {field: "nobody" for field in form if field not in self._facts.form.values()},
        }
        form = form | changed.get(oddity, {})
        for oddity_name, key in (("nameless", self._name), ("typeless", self._type)):
            if oddity == oddity_name:
                form.pop(key, None)
        return form


_CREATE_ODDITIES = (
    *("", "", "", "", "", ""), "blank", "empty", "nameless", "typeless", "odd-type", "unknown", "foreign", "switch",
    "malformed", "urlencoded", "json", "array",
)  # fmt: skip
_UPDATE_KINDS = (
    "name", "fields", "switch", "type", "name", "type", "all", "dirty", "long", "blank", "empty", "odd-type", "unknown",
    "urlencoded", "json", "array",
)  # fmt: skip


def _media(oddity: str) -> Any:
    return oddity if oddity in {"urlencoded", "json"} else "multipart"


def _sound(pieces: list[Sequence]) -> Sequence:
    """Make each step name a row that was created, and leave out steps if there is none."""
    creates, found = 0, []
    for step in (step for piece in pieces for step in piece):
        if isinstance(step.row, int):
            if not creates:
                continue
            found.append(replace(step, row=step.row % creates))
        else:
            found.append(step)
        creates += step.kind == "create"
    return tuple(found)
