"""Findings that have one cause are told as one."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.judge.statements import IDS, JSON, OTHERS, PAGES, STEADY, WRITTEN
from contract_tests.judge.verdicts import Ruling
from contract_tests.report.causes import by_cause
from contract_tests.report.outcome import Finding


def finding(title: str, **more: Any) -> Finding:
    return Finding("page", "test", str(Ruling.ITSELF), title, subject=title, **more)


LINK = "is `/rows?page=1&size=25` and should be a link to page 1"


@pytest.mark.parametrize(("found", "told"), [
    ([  # updates that change nothing
        finding("`name` of handler 8 is 'a' and should be 'b'", documented=WRITTEN.says),
        finding("`email` in `settings` of handler 9 is 'a' and should be 'b'", documented=WRITTEN.says),
        finding("`type` of handler 4 is 'email' and should be 'x'", documented=WRITTEN.says),
        finding("`name` of handler 7 is 'a' and should be 'b'", documented=STEADY.says),
    ], (0, 1)),
    ([  # two properties may be wrong in two ways
        finding("`name` of handler 8 is 'a' and should be 'b'", documented=WRITTEN.says),
        finding("`type` of handler 4 is 'email' and should be 'x'", documented=WRITTEN.says),
    ], (0, 2)),
    ([  # pages of a size that nobody asked for
        finding(f"`links.first` of page 1 of size 10 {LINK}", place="/first", operation="list"),
        finding("`meta.size` of page 1 of size 10 is 25 and should be 10", place="/size", operation="list"),
        finding("The total on page 2 is 26 and should be 11", documented=PAGES.says, operation="list"),
        finding("`links.self` of page 1 of size 10 is `/rows?page=9`", place="/self", operation="list"),
    ], (1, 2)),
    ([  # a wrong number of pages, and a link to the last one
        finding("`meta.pages` of page 1 is 2 and should be 3, by the total of 26", place="/pages", operation="list"),
        finding("`links.last` is `/9`, not a link to page 3, by the total of 6", place="/last", operation="list"),
    ], (0, 1)),
    ([  # a media type of all operations
        finding("The media type of a successful list is a/b and should be c/d", documented=JSON.says),
        finding("The media type of a successful read is a/b and should be c/d", documented=JSON.says),
        finding("The media type of a successful delete is e/f and should be c/d", documented=JSON.says),
    ], (0, 2)),
    ([  # creates that do not tell the new id
        finding("A create from the document's own example: 201", place="/post", operation="create"),
        finding("`data` in the answer to a create: 'id' is required", place="/required"),
        finding("The id in the answer to a create is missing", documented=IDS.says, operation="create"),
        finding("The list shows 4, which no call should have made", documented=OTHERS.says, operation="list"),
        finding("`name` of handler 3 is 'a' and should be 'b'", documented=WRITTEN.says, operation="update"),
    ], (2, 2)),
    ([  # a setting that an update loses, in the list and by itself
        finding("`email` in `settings` of handler 8 is null and should be 'x'", place="/keeps", operation="retrieve"),
        finding("`slack` in `settings` of handler 22 is null and should be 'x'", place="/keeps", operation="list"),
    ], (0, 1)),
    ([  # settings of another handler, which may be without a value
        finding("`email` in `settings` of handler 18 is 'a', which was sent to handler 9", documented=OTHERS.says),
        finding("`telegram` in `settings` of handler 34 is '' and should be 'x'", documented=WRITTEN.says),
    ], (0, 1)),
])  # fmt: skip
def test_findings_of_one_cause_are_one(found: list[Finding], told: tuple[int, int]) -> None:
    first, count = told
    causes = by_cause(found)
    assert (causes[0].title, len(causes)) == (found[first].title, count)
