"""Makes one finding of those that have one cause."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from contract_tests.judge.statements import (
    GONE,
    IDS,
    JSON,
    KEPT,
    LABELLED,
    NEEDS_GOOD_KEY,
    NEEDS_KEY,
    OTHERS,
    PAGES,
    RESPONSES,
    STEADY,
    WRITTEN,
)
from contract_tests.report.outcome import GUARD, OF_ROW, Finding

# What concerns the service as a whole, so that one cause breaks it in several operations.
_ANYWHERE = frozenset(one.says for one in (LABELLED, NEEDS_KEY, NEEDS_GOOD_KEY, KEPT, GONE))
# What concerns one operation, so that one cause breaks it in several ways.
_OF_OPERATION = frozenset(one.says for one in (RESPONSES, JSON, PAGES))
_MOVED = frozenset(one.says for one in (OTHERS, STEADY))
# What a value is wrong by.
_VALUES = _MOVED | {WRITTEN.says}
# How sentences name what a finding is about.
_BY_TOTAL = ", by the total of "
_LINK = "a link to page "
_OF_SETTING = re.compile(r"`(\w+)` in `settings` of handler ")
_OF_FIELD = re.compile(r"`(\w+)` (in `settings` )?of handler ")
_MEDIA_TYPE = re.compile(r"The media type of a successful \w+ (is .*)")
_SIZE = re.compile(r"`[\w.]+` of page \d+ of size (\d+) is (\d+) and should be \1$")
_OF_CREATE = " in the answer to a create: "
_UNNAMED = "which no call should have made"
# So many properties show what they were before an update, if all updates are ignored.
_MANY_FIELDS = 3


def by_cause(findings: Sequence[Finding]) -> list[Finding]:
    """Merge findings that have one cause: the first one mentions the others.

    These have one cause: contradictions of the same place of the document in the same property, findings about a list
    that does not add up or has pages of another size, an operation's server errors and broken JSON, one wrong media
    type of all operations, all that is seen of a property in a wrong form, operations that need no key or take any,
    handlers that are gone, values that change without a write to them, updates that change nothing, creates that do
    not tell the new id, and what stops the guard.
    """
    causes = _Causes(findings)
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for number, one in enumerate(findings):
        first = _reason(one, findings) if one.suite == GUARD else one
        groups.setdefault(causes.of(first) or (str(number),), []).append(one)
    return [_as_one(sorted(group, key=_likely)) for group in groups.values()]


class _Causes:
    """The causes that these findings show."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self._misshapen = {one.part for one in findings if one.is_of_form}
        moved = [one for one in findings if one.documented in _MOVED and _UNNAMED not in one.title]
        self._parts = {one.part for one in moved if one.part}
        self._rows = {
            row for one in moved if one.documented == OTHERS.says for row in OF_ROW.findall(one.title)
        }
        self._are_settings_moved = any(
            one.documented == OTHERS.says and _OF_SETTING.match(one.title) for one in moved
        )
        self._total = next((one for one in findings if one.documented == PAGES.says and one.operation), None)
        self._are_pages_wrong = any(_BY_TOTAL in one.title and _LINK not in one.title for one in findings)
        sizes = (_SIZE.search(one.title) for one in findings)
        self._size = next((f"={found[2]}`" for found in sizes if found), "")
        written = (_OF_FIELD.match(one.title) for one in findings if one.documented == WRITTEN.says)
        fields = {"settings" if found[2] else found[1] for found in written if found}
        self._are_updates_ignored = len(fields) >= _MANY_FIELDS and not self._rows
        self._unnamed = next((one.operation for one in findings if _tells_no_id(one)), "")

    def of(self, one: Finding) -> tuple[str, ...]:
        """Return what identifies the cause of a finding; nothing if it is the only one of its cause."""
        if one.part in self._misshapen:
            return ("property", one.part)
        if one.documented in _ANYWHERE:
            return (one.documented,)
        follows = any(words in one.title for words in (_UNNAMED, _OF_CREATE))
        if self._unnamed and (one.operation == self._unnamed or follows):
            return ("unnamed",)
        if found := _MEDIA_TYPE.match(one.title):
            return ("media type", found[1])
        if self._are_updates_ignored and one.documented in _VALUES and _OF_FIELD.match(one.title):
            return (WRITTEN.says,)
        if self._is_moved(one):
            return ("moved",)
        return self._of_list(one) or self._of_place(one)

    def _is_moved(self, one: Finding) -> bool:
        is_told = one.title.startswith("`") and self._rows & {*OF_ROW.findall(one.title)}
        is_setting = (
            self._are_settings_moved and one.documented == WRITTEN.says and _OF_SETTING.match(one.title)
        )
        return bool(one.documented in _MOVED or one.part in self._parts or is_told or is_setting)

    def _of_list(self, one: Finding) -> tuple[str, ...]:
        is_link = _LINK in one.title
        if self._size and (
            one.documented == PAGES.says or (is_link and self._size in one.title) or _SIZE.search(one.title)
        ):
            return ("size",)
        if _BY_TOTAL in one.title and self._total is not None:
            return ("total", self._total.operation)
        if _BY_TOTAL in one.title and self._are_pages_wrong:
            return ("pages", one.operation)
        return ("total", one.operation) if one.documented == PAGES.says and self._total is not None else ()

    @staticmethod
    def _of_place(one: Finding) -> tuple[str, ...]:
        setting = _OF_SETTING.match(one.title)
        if one.place and setting:  # seen in the list as well as by itself
            return (one.kind, one.place, one.part)
        if one.place or one.documented in _OF_OPERATION:
            return (one.kind, one.operation, one.place or one.documented, one.part)
        return ("setting", one.documented, setting[1]) if setting else ()


def _tells_no_id(one: Finding) -> bool:
    return one.documented == IDS.says and "is missing" in one.title


def _reason(alarm: Finding, findings: Sequence[Finding]) -> Finding:
    """Return the finding of a suite that says why the guard stopped: a broken response, a lost row. Else the alarm."""
    rows = {*OF_ROW.findall(alarm.title)}
    for one in findings:
        is_broken = one.operation == alarm.operation != "" and one.documented in _OF_OPERATION
        is_lost = one.documented == KEPT.says and rows & {*OF_ROW.findall(one.title)}
        if one.suite != GUARD and (is_broken or is_lost):
            return one
    return alarm


def _likely(finding: Finding) -> tuple[bool, ...]:
    """Return what sorts the findings of one cause, the one that names it best first."""
    is_vague = finding.documented not in {OTHERS.says, PAGES.says}
    is_cause = bool(_SIZE.search(finding.title)) or _tells_no_id(finding)
    return finding.suite == GUARD, not is_cause, not finding.is_of_form, is_vague


def _as_one(group: Sequence[Finding]) -> Finding:
    first, *others = group
    titles = dict.fromkeys(one.title for one in others)
    tests = dict.fromkeys(test for one in group for test in one.also)
    tests |= dict.fromkeys(f"{one.suite}: {one.test}" for one in others)
    tests.pop(f"{first.suite}: {first.test}", None)
    return replace(first, also=tuple(tests), likewise=tuple(titles))
