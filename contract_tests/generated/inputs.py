"""Forms and queries that no person wrote: good ones, of which one part is odd. They make no service contact anybody."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle, product
from typing import NamedTuple

from hypothesis import strategies as st

from contract_tests.document import Facts, FormWords
from contract_tests.guard.body import contacts
from contract_tests.judge.statements import MULTIPART
from contract_tests.oracle.expected import Samples

# Letters of many scripts, a pair of surrogates in UTF-16, a combining sign and a change of direction.
WIDE = "Zażółć 日本 \U0001f514 e\u0301 \u202eabc\u202c"
_UNLISTED, _NO_ADDRESS, _UNKNOWN = "not listed", "not an address", "colour"
# In this order the first ones tell most; None leaves the field out.
ODD = (
    *(WIDE, "l" * 600, "", None, _UNLISTED, "<b>Bold</b> & 'single' and \"double\"", "  padded ", "   "),
    *("0", "-1"),
)
# Pages that are too far for a signed word of 32 bits, for a JavaScript number, and near the end of 64 bits.
FAR = (2**31, 2**53 + 1, 10**18 - 1)
_QUERIES = (*map(str, FAR), "abc", "0", "-1", "", WIDE, "1e3", "1 2", "01")

# What makes a host or a mailbox of a text, in any spelling.
_JOINTS = str.maketrans(dict.fromkeys(".@/\\:。．｡․＠／：", "_"))
# No half of a surrogate pair, which UTF-8 does not have, nor a control character beyond ASCII, of which services differ
# in what they take it for. Of a text without a visible sign nobody says whether it is blank.
_SIGNS = st.characters(exclude_categories=["Cs"], exclude_characters=[chr(n) for n in range(0x80, 0xA0)])
TEXTS = st.text(_SIGNS, min_size=1, max_size=40).filter(
    lambda text: any(sign.isprintable() and not sign.isspace() for sign in text)
)


class OddForm(NamedTuple):
    """A form of a type whose field is `text`, or not sent for None. `media` is the media type of the body."""

    type_name: str
    field: str
    text: str | None
    media: str = MULTIPART


class Inputs:
    """Makes the inputs for one document."""

    def __init__(self, facts: Facts, samples: Samples) -> None:
        self._facts = facts
        self._samples = samples

    def _form(self, kind: str) -> FormWords:
        return self._facts.create_form if kind == "create" else self._facts.update_form

    def _places(self, kind: str) -> list[tuple[str, str]]:
        """Return a type and a field of it for each field that a form has, and for an unknown one."""
        types = cycle(self._facts.types)
        own = {field: name for name, fields in self._facts.types.items() for field in fields}
        order = {self._facts.form["name"]: 0, self._facts.form["type"]: 1, self._facts.form.get("enabled"): 3}
        fields = sorted(self._form(kind).fields, key=lambda field: order.get(field, 2))
        return [(own.get(field) or next(types), field) for field in (*fields, _UNKNOWN)]

    def odd_forms(self, kind: str) -> list[OddForm]:
        """Return a form for each field and odd text. The first few have many of the fields and all of the texts."""
        places, media = self._places(kind), self._facts.operation(kind).media_types
        size = max(len(places), len(ODD))
        pairs = sorted(
            product(range(len(places)), range(len(ODD))),
            key=lambda pair: (min((pair[0] - pair[1]) % size, (pair[1] - pair[0]) % size), pair[1]),
        )
        return [
            OddForm(*places[place], ODD[odd], media[(place + odd // 2) % len(media)]) for place, odd in pairs
        ]

    def any_form(self, kind: str) -> st.SearchStrategy[OddForm]:
        """Return a strategy for forms with any text in any field."""
        places, media = st.sampled_from(self._places(kind)), self._facts.operation(kind).media_types
        drawn = st.tuples(places, st.sampled_from(ODD) | TEXTS, st.sampled_from(media))
        return drawn.map(lambda each: OddForm(*each[0], *each[1:]))

    def made(self, kind: str, odd: OddForm) -> dict[str, str]:
        """Return the fields to send: a create is whole but for the odd one, an update has no other."""
        form = self._samples.form(odd.type_name) if kind == "create" else {}
        form.pop(odd.field, None)
        return form if odd.text is None else form | {odd.field: self._harmless(kind, odd.field, odd.text)}

    def _harmless(self, kind: str, field: str, text: str) -> str:
        """Return a text that contacts nobody, and of which the document says whether it is right."""
        form, example = self._form(kind), self._examples.get(field, "")
        if field == self._facts.form["type"] and not text and field not in form.required:
            # Nobody says whether an empty type is missing or wrong.
            return text if form.react(field, text).outcome != "refuse" else _UNLISTED
        sign = next((sign for sign in ("@", "://") if sign in example), "")
        insists = field in form.fields and any(row.refusal for row in form.rows.fields[field])
        if sign and insists:  # an address that is surely one, or surely none
            return self._samples.value(field) if sign in text else _NO_ADDRESS
        return harmless(text)

    @property
    def _examples(self) -> Mapping[str, str]:
        return {name: text for form in self._facts.examples.values() for name, text in form.items()}

    def odd_queries(self) -> list[dict[str, str]]:
        """Return queries with a page, a size, both or none, right and wrong ones, those first that tell most."""
        facts = self._facts
        page, size = facts.page_parameter, facts.size_parameter
        wrong = [{name: text} for text in _QUERIES for name in (page, size)]
        right = [{size: str(each)} for each in facts.sizes[::-1]] + [
            {page: "2", size: str(facts.sizes[0])},
            {},
        ]
        return [each for pair in zip(wrong, [*right, *wrong[len(right) :]], strict=False) for each in pair]

    def any_query(self) -> st.SearchStrategy[dict[str, str]]:
        """Return a strategy for queries with any text in any parameter."""
        numbers = st.integers(-(2**70), 2**70).map(str)
        names = st.sampled_from([self._facts.page_parameter, self._facts.size_parameter])
        return st.dictionaries(names, numbers | TEXTS, max_size=2)


def harmless(text: str) -> str:
    """Return a text that no service can take for somebody's address: itself, where that is so."""
    if not contacts(text, address=True):
        return text
    text = text.translate(_JOINTS)
    return text if not contacts(text, address=True) else "x".join(text)
