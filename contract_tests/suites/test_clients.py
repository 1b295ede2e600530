"""Forms as real clients write them, byte by byte: the service must read the fields that the client was given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from contract_tests.oracle.own import Own
from contract_tests.target.api import Written
from contract_tests.target.zoo import manifest, names, raw, split

pytestmark = [
    pytest.mark.writes,
    pytest.mark.spared(
        "clients differ in how they write a form, not in what it says; one client has sent all others"
    ),
]

# To save requests, two clients whose bytes differ the most.
_THRIFTY = ("java", "aiohttp")

_CREATES = ("create-unicode", "create-empty", "create-urlencoded", "create-chunked")
_UPDATES = ("update-text", "update-unicode")
_NONE = "the document reads none of the recorded forms"


def _forms(own: Own, kind: str, cases: tuple[str, ...]) -> Iterator[tuple[Written, Mapping[str, str]]]:
    """Yield each recorded form of a media type that the document reads, with its fields."""
    read = manifest()["vectors"]
    for client, case in names():
        if case not in cases[: 1 if own.thrifty else None] or (own.thrifty and client not in _THRIFTY):
            continue
        recorded, fields = split(raw(client, case)), read[client][case]["post"]
        media = recorded.content_type.partition(";")[0]
        type_name = fields.get(own.facts.form["type"])
        known = type_name is None or type_name in own.facts.types
        if known and media in own.facts.operation(kind).media_types:
            yield Written(recorded.content_type, recorded.body), fields


def test_a_create_is_read_whoever_wrote_it(own: Own) -> None:
    with own.collecting() as steps:
        for form, fields in list(_forms(own, "create", _CREATES)) or pytest.skip(_NONE):
            with steps:
                own.leave(own.most - 1)
                own.see(own.create(fields, form))


def test_an_update_is_read_whoever_wrote_it(own: Own) -> None:
    with own.collecting() as steps:
        for form, fields in list(_forms(own, "update", _UPDATES)) or pytest.skip(_NONE):
            with steps:
                owned = own.take()
                own.update(owned, fields, form)
                own.see(owned)
