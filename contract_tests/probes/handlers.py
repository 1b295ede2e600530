"""Probes of the questions about handlers: what creates and updates do, and how a handler is shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from contract_tests.document import Facts
from contract_tests.guard.exchange import URLENCODED
from contract_tests.judge.verdicts import said
from contract_tests.probes.observations import (
    first_page,
    handler,
    nameless,
    partial,
    renaming,
    second,
    type_change,
    wide_response,
)
from contract_tests.probes.prober import Probe, Prober
from contract_tests.probes.reading import (
    Answered,
    Finding,
    Outside,
    Undecided,
    Unknown,
    Unlisted,
    accepted,
    error_of,
    is_success,
    mapping,
    rows_in,
    shown,
    told,
)
from contract_tests.probes.trials import UNKNOWN, Trials
from contract_tests.target.api import JSON


def _create_status(prober: Prober) -> Finding:
    status = prober.once(handler).created.status
    return prober.expectations.decide(
        "create-status", status, lambda facts: facts.operation("create").success,
        f"A create returns {status}.",
    )  # fmt: skip


def _write_answer(prober: Prober) -> Finding:
    """Compare the keys of both responses, without those that no row has."""
    steps = _written_at(prober.facts)
    responses = [prober.once(handler).created, prober.once(renaming).response]
    written = [mapping(response.shown(*steps)) for response in responses]
    expected = prober.expectations.by_answer("write-answer", _written_keys)
    telling = frozenset().union(*expected.values())
    seen = {frozenset(each) & telling for each in written}
    found = next((answer for answer, keys in expected.items() if seen == {keys}), None)
    if found is None:
        return Outside(
            f"Create and update answer with {' and '.join(', '.join(sorted(keys)) for keys in seen)}."
        )
    name = prober.facts.row["settings"]
    if name in expected[found] and not isinstance(written[0].get(name), str):
        return Outside("Create answers with the whole handler, but its settings are not JSON text.")
    return Answered(found)


def _written_keys(facts: Facts) -> frozenset[str]:
    schema = facts.operation("create").response
    return frozenset(facts.schemas.properties(facts.schemas.at(schema, _written_at(facts))))


def _written_at(facts: Facts) -> tuple[str, ...]:
    return facts.schemas.path_to(facts.operation("create").response, "id")[:-1]


def _plan_limit(_: Prober) -> Finding:
    return Unknown("it takes as many creates as the plan allows")


def _is_enabled_on_create(prober: Prober) -> Finding:
    """Ask whether a create reads the switch. A refusal is an answer only if every unknown field is refused."""
    trials = Trials(prober)
    seen = trials.switched()
    ignored = Answered("ignored" if trials.is_enabled_at_first else "disabled")
    if accepted(seen.response, "a create with is_enabled"):
        if seen.shown is trials.is_enabled_at_first:
            return ignored
        return Answered("honoured", "Yes.") if trials.is_enabled_at_first else Answered("off-unless-sent")
    if accepted(trials.tried("create", UNKNOWN, "any").response, "a create with an unknown field"):
        return Outside(f"A create with it returns {said(seen.response)}.")
    return ignored


def _was_read(
    prober: Prober, what: str, media_type: str, write: Callable[[Mapping[str, str]], str]
) -> Finding:
    """Tell whether a body is read, by which refusal it gets: that of its unlisted type, or that of missing fields.

    If both are refused alike, the body must create a handler.
    """
    missing, unlisted = prober.once(nameless), Trials(prober).tried("create", "type", "not-listed")
    form, field = prober.kinds.form(prober.kinds.plain, prober.name()), prober.facts.form["type"]
    is_telling = not unlisted.is_taken and told(unlisted.response) != told(missing)
    if is_telling:
        form[field] = str(unlisted.trial.sent.text)
    name = form[prober.facts.form["name"]]
    response, _ = prober.create_raw(name, body=write(form).encode(), headers={"Content-Type": media_type})
    if is_success(response) or (is_telling and told(response) == told(unlisted.response)):
        return Answered("read")
    if (response.status, error_of(response)) != (missing.status, error_of(missing)):
        return Outside(f"No: a create with a {what} body returns {said(response)}.")
    return Answered("not-read")


def _update_keeps(prober: Prober) -> Finding:
    seen = prober.once(renaming)
    if seen.kept or seen.emptied:  # another question is about the latter
        return Answered("kept")
    if seen.blanked:
        return Answered("blanked", "No: an update of the name alone blanks the type and the settings.")
    return Outside("An update of the name alone changes the type or the settings.")


def _update_same_type(prober: Prober) -> Finding:
    seen, renamed = prober.once(partial), prober.once(renaming)
    if renamed.kept and seen.after == seen.first:
        return Answered("kept")
    if renamed.emptied and not seen.after:
        return Answered("reset")
    by_name = "kept" if renamed.kept else "emptied" if renamed.emptied else "changed"
    by_field = "kept" if seen.after == seen.first else "changed" if seen.after else "emptied"
    return Outside(f"Settings are {by_name} by a new name, and {by_field} where one of them is sent.")


def _update_type_change(prober: Prober) -> Finding:
    seen = prober.once(type_change)
    fields = {field for own in prober.facts.types.values() for field in own}
    after, before = seen.after.keys() & fields, seen.before.keys() & fields
    if after == {seen.field}:
        return Answered("rebuilt")
    if after == {seen.field, *before}:
        return Answered("merged")
    return Outside(f"After a change of type the settings have {', '.join(seen.after) or 'nothing'}.")


def _delete_status(prober: Prober) -> Finding:
    response = prober.first_delete()
    if response is None:
        created, row = prober.create(prober.kinds.form(prober.kinds.plain, prober.name()))
        if row is None:
            raise Undecided(f"a plain create returns {created.status}")
        response = prober.discard(row)
    if response.body:
        return Outside(f"A delete returns {said(response)}.")
    return prober.expectations.decide(
        "delete-status", response.status, lambda facts: facts.operation("delete").success,
        f"A delete returns {response.status}.",
    )  # fmt: skip


_SHAPE = "%Y-%m-%d %H:%M:%S"
_ZONE_STEP = timedelta(minutes=30)
_ZONES = timedelta(hours=-12, minutes=-5), timedelta(hours=14, minutes=5)
# By how much the clocks of a site may differ, including the duration of a create.
_DRIFT = timedelta(minutes=5)


def _user_id(prober: Prober) -> Finding:
    """Look for the keys that distinguish the answers. Other keys do not matter here."""
    row = _anybodys(prober)
    expected = prober.expectations.by_answer("user-id", _row_keys)
    telling = frozenset().union(*expected.values()).difference(frozenset.intersection(*expected.values()))
    if not telling and (missing := _row_keys(prober.facts) - row.keys()):  # an overlay has answered already
        return Outside(f"A handler lacks {', '.join(sorted(missing))}.")
    seen = telling & row.keys()
    return prober.expectations.decide(
        "user-id", seen, lambda facts: telling & _row_keys(facts), f"A handler has {', '.join(seen)}."
    )


def _anybodys(prober: Prober) -> Mapping[str, Any]:
    """Return a handler as it is shown: one of the run's own, or any if the run only reads."""
    if prober.can_write:
        return prober.once(handler).first
    rows = prober.once(first_page).rows
    if not rows:
        raise Undecided("the account has no handler to look at")
    return rows[0]


def _retrieved(facts: Facts) -> Mapping[str, Mapping[str, Any]]:
    """Return the schemas of the properties of a handler that is retrieved."""
    answer = facts.operation("retrieve").response
    return facts.schemas.properties(facts.schemas.at(answer, facts.schemas.path_to(answer, "row")))


def _row_keys(facts: Facts) -> frozenset[str]:
    return frozenset(_retrieved(facts))


def _is_enabled_in_replies(prober: Prober) -> Finding:
    row = _anybodys(prober)
    name = prober.facts.row["enabled"]
    value, listed = row.get(name), _listed(prober, row).get(name)
    if name not in row:
        return Unknown("it is not shown")
    if type(value) is not type(listed):
        return Unknown(f"it is shown as {shown(value)} by a retrieve, and as {shown(listed)} by the list")
    if not isinstance(value, int):  # the suites tell it, too, as they judge each response
        return Unknown(f"it is shown as {shown(value)}")
    kind = "boolean" if isinstance(value, bool) else "integer"
    return prober.expectations.decide(
        "is-enabled-in-replies",
        kind,
        lambda facts: str(_retrieved(facts)[facts.row["enabled"]].get("type")),
        f"It is shown as {shown(value)}.",
    )


def _listed(prober: Prober, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a retrieved row as the list shows it; the row itself if the list does not show it."""
    identity = prober.facts.row["id"]
    rows = rows_in(prober.once(wide_response), prober.facts) if prober.can_write else None
    return next((each for each in map(mapping, rows or ()) if each.get(identity) == row.get(identity)), row)


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
    """Look at the token of a new handler, and at the address of a webhook if an update can make one."""
    kind = prober.kinds.pair
    field = prober.facts.types[kind][0]
    sent = prober.kinds.form(kind, None)[field]
    value = prober.settings(prober.once(handler).first).get(field)
    masked, seen = {field: value != sent}, {field: value}
    with suppress(Undecided):  # then the token alone has to tell
        change = prober.once(type_change)
        seen[change.field] = change.after.get(change.field)
        masked[change.field] = seen[change.field] != change.sent
    if not isinstance(value, str) or not value:
        return Outside(f"{field} is shown as {value!r}.")
    if len(set(masked.values())) > 1:
        how = (f"`{name}` is shown as {shown(seen[name])}" for name, is_masked in masked.items() if is_masked)
        return Outside(f"{next(how)}; `{next(name for name in masked if not masked[name])}` as it was sent.")
    if all(masked.values()):
        return Answered("masked", f"Masked: {field} is shown as `{value}`.")
    return Answered("shown")


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
    """Return the time zone of a new handler's times, to the half hour, by the time of the response to its create.

    Raises Undecided and Unlisted.
    """
    row = prober.once(handler)
    shown = row.first.get(prober.facts.row["created"])
    try:
        created = datetime.strptime(str(shown), _SHAPE).replace(tzinfo=UTC)
    except ValueError:
        raise Unlisted(f"The time of a new handler is shown as {shown!r}.") from None
    try:  # the time of the response: of its header Date, or else of this computer's clock
        answered = parsedate_to_datetime(row.created.headers.get("date", "")).astimezone(UTC)
    except ValueError:
        answered = datetime.now(UTC)
    ahead = created - answered
    if not _ZONES[0] <= ahead <= _ZONES[1]:
        raise Unlisted(f"The time of a new handler, {shown}, is not now in any time zone.")
    steps = round(ahead / _ZONE_STEP)
    if abs(ahead - steps * _ZONE_STEP) > _DRIFT:
        raise Undecided(f"the time of a new handler, {shown}, is not a whole number of half hours from now")
    minutes = abs(steps) * 30
    return f"{'-' if steps < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"


CREATES = {
    "create-status": Probe("writes", _create_status),
    "write-answer": Probe("writes", _write_answer),
    "plan-limit": Probe("writes", _plan_limit),
    "is-enabled-on-create": Probe("writes", _is_enabled_on_create),
    "urlencoded-body": Probe("writes", lambda prober: _was_read(prober, "urlencoded", URLENCODED, urlencode)),
    "json-body": Probe("writes", lambda prober: _was_read(prober, "JSON", JSON, json.dumps)),
}

UPDATES = {
    "update-keeps": Probe("writes", _update_keeps),
    "update-same-type": Probe("writes", _update_same_type),
    "update-type-change": Probe("writes", _update_type_change),
    "delete-status": Probe("writes", _delete_status),  # asked after other probes have deleted a handler
}

REPLIES = {
    "user-id": Probe("reads", _user_id),
    "is-enabled-in-replies": Probe("reads", _is_enabled_in_replies),
    "settings-of-internal-notification": Probe("writes", _settings_of_internal_notification),
    "secrets-in-replies": Probe("writes", _secrets_in_replies),
    "last-datetime": Probe("writes", _last_datetime),
    "time-zone": Probe("writes", _time_zone),
}
