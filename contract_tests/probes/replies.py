"""Probes of the questions about how a handler looks in replies."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from contract_tests.document import Facts
from contract_tests.probes.observations import (
    first_page,
    handler,
    renaming,
    second,
    type_change,
    wide_answer,
)
from contract_tests.probes.probe import Probe
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import (
    Answered,
    Finding,
    Outside,
    Undecided,
    Unlisted,
    mapping,
    rows_in,
    shown,
)
from contract_tests.target.api import TargetResponse

_SHAPE = "%Y-%m-%d %H:%M:%S"
_ZONE_STEP = timedelta(minutes=30)
# How far the clocks of a site may be apart, and a create may take.
_DRIFT = timedelta(minutes=5)


def _user_id(prober: Prober) -> Finding:
    """Look for the keys that tell the answers apart; any other key is not the question's."""
    row = prober.once(handler).first if prober.can_write else _anybodys(prober)
    expected = prober.expectations.by_answer("user-id", _row_keys)
    telling = frozenset().union(*expected.values()).difference(frozenset.intersection(*expected.values()))
    if not telling and (missing := _row_keys(prober.facts) - row.keys()):  # an overlay has answered already
        return Outside(f"A handler lacks {', '.join(sorted(missing))}.")
    seen = telling & row.keys()
    return prober.expectations.decide(
        "user-id", seen, lambda facts: telling & _row_keys(facts), f"A handler has {', '.join(seen)}."
    )


def _anybodys(prober: Prober) -> Mapping[str, Any]:
    rows = prober.once(first_page).rows
    if not rows:
        raise Undecided("the account has no handler to look at")
    return rows[0]


def _row_keys(facts: Facts) -> frozenset[str]:
    answer = facts.operation("retrieve").answer
    row = facts.schemas.at(answer, facts.schemas.path_to(answer, "row"))
    return frozenset(facts.schemas.properties(row))


def _is_enabled_in_replies(prober: Prober) -> Finding:
    row = prober.once(handler).first if prober.can_write else _anybodys(prober)
    name = prober.facts.row["enabled"]
    value, listed = row.get(name), _listed(prober, row).get(name)
    if type(value) is not type(listed):  # which another finding tells: the list and a retrieve differ
        return Outside(f"{shown(value)} in a retrieve, and {shown(listed)} in the list.")
    kind = "boolean" if isinstance(value, bool) else "integer" if isinstance(value, int) else ""
    return prober.expectations.decide(
        "is-enabled-in-replies", kind, _enabled_type, f"is_enabled is shown as {value!r}."
    )


def _listed(prober: Prober, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a retrieved row as the list shows it; the row itself if the list does not show it."""
    identity = prober.facts.row["id"]
    rows = rows_in(prober.once(wide_answer), prober.facts) if prober.can_write else None
    return next((each for each in map(mapping, rows or ()) if each.get(identity) == row.get(identity)), row)


def _enabled_type(facts: Facts) -> str:
    answer = facts.operation("retrieve").answer
    row = facts.schemas.at(answer, facts.schemas.path_to(answer, "row"))
    return str(facts.schemas.properties(row)[facts.row["enabled"]].get("type"))


def _settings_of_internal_notification(prober: Prober) -> Finding:
    row = prober.once(second)
    kind = prober.kinds.bare
    settings = row.first.get(prober.facts.row["settings"])
    listed = {"empty-text": {kind: ""}, "empty-object": {}, "empty-array": []}
    for answer, value in listed.items():
        if settings == value and isinstance(settings, type(value)):
            return Answered(answer)
    return Outside(f"They are {shown(settings)}.")


def _secrets_in_replies(prober: Prober) -> Finding:
    """Look at the token of a new handler and, where an update can make one, at a webhook's address."""
    kind = prober.kinds.pair
    field = prober.facts.types[kind][0]
    sent = prober.kinds.form(kind, None)[field]
    value = mapping(prober.once(handler).first.get(prober.facts.row["settings"])).get(field)
    masked = {field: value != sent}
    seen = {field: value}
    try:
        change = prober.once(type_change)
        seen[change.field] = change.after.get(change.field)
        masked[change.field] = seen[change.field] != change.sent
    except Undecided:
        pass  # the token alone has to tell
    if not isinstance(value, str) or not value:
        return Outside(f"{field} is shown as {value!r}.")
    if len(set(masked.values())) > 1:
        how = (f"`{name}` is shown as {shown(seen[name])}" for name, is_masked in masked.items() if is_masked)
        return Outside(f"{next(how)}; `{next(name for name in masked if not masked[name])}` as it was sent.")
    return (
        Answered("masked", f"Masked: {field} is shown as `{value}`.")
        if all(masked.values())
        else Answered("shown")
    )


def _last_datetime(prober: Prober) -> Finding:
    word = prober.facts.row["changed"]
    before = prober.once(handler).first.get(word)
    if before is not None:
        return Outside(f"{word} of a new handler is {before!r}.")
    if prober.once(renaming).last_changed is not None:
        return Answered("last-update")
    with suppress(Undecided, Unlisted):
        changed = prober.once(type_change).changed
        if changed is not None:
            return Outside(
                f"It is null in a new handler and after a new name, and {shown(changed)} after another type."
            )
    return Answered("last-notification", "It is null in a new handler, and after a new name, too.")


def _time_zone(prober: Prober) -> Finding:
    zone = zone_of(prober)
    return prober.expectations.decide(
        "time-zone", zone, lambda facts: str(facts.document["x-service"]["time-offset"]),
        f"Times are those of UTC{zone}.", said=f"Times are those of UTC{zone}.",
    )  # fmt: skip


def zone_of(prober: Prober) -> str:
    """Compare the time of a new handler with the time that its create was answered, to the half hour.

    Raises Undecided and Unlisted.
    """
    row = prober.once(handler)
    shown = row.first.get(prober.facts.row["created"])
    try:
        created = datetime.strptime(str(shown), _SHAPE).replace(tzinfo=UTC)
    except ValueError:
        raise Unlisted(f"The time of a new handler is shown as {shown!r}.") from None
    ahead = created - _answered(row.created)
    steps = round(ahead / _ZONE_STEP)
    if abs(ahead - steps * _ZONE_STEP) > _DRIFT:
        raise Undecided(f"the time of a new handler, {shown}, is not a whole number of half hours from now")
    minutes = abs(steps) * 30
    return f"{'-' if steps < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"


def _answered(answer: TargetResponse) -> datetime:
    """Return when an answer was given: by its own word, else by this computer's clock."""
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC)
    except ValueError:
        return datetime.now(UTC)


PROBES = {
    "user-id": Probe("reads", _user_id),
    "is-enabled-in-replies": Probe("reads", _is_enabled_in_replies),
    "settings-of-internal-notification": Probe("writes", _settings_of_internal_notification),
    "secrets-in-replies": Probe("writes", _secrets_in_replies),
    "last-datetime": Probe("writes", _last_datetime),
    "time-zone": Probe("writes", _time_zone),
}
