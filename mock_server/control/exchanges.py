"""The journal: what was asked and answered, as far as it is still remembered."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mock_server.api.forced import outage
from mock_server.control.clock import write_moment
from mock_server.control.operations import control_document
from mock_server.control.request import NotYet, Request, unknown
from mock_server.refusal import Refusal
from mock_server.settings import read_duration
from mock_server.state.journal import Exchange, Journal, Message

# Characters of a body that are shown.
_SHOWN = 2000


class Numbered(NamedTuple):
    """An exchange with its number in the journal."""

    number: int
    exchange: Exchange


def list_exchanges(request: Request) -> dict[str, Any]:
    """List the exchanges that fit. Raises Refusal where some may be gone, NotYet where they are waited for."""
    values = request.values
    journal = request.subject.worlds.lobby if values["lobby"] else _journal(request)
    _check_names(request, journal)
    since = values["since"] if values["since"] is None or values["since"] <= journal.total else 0
    found, wanted, gone = (
        list(_fitting(journal, since or 0, values)),
        values["count"],
        journal.cleared + journal.evicted,
    )
    if journal.evicted and (not found if since is None else since < gone):
        what = f"{journal.evicted} exchanges are no longer remembered, the last of them is number {gone}"
        raise Refusal("evicted", f"{what}: ask for ?since={gone}, or look sooner.")
    begun_anew = since != values["since"]  # whoever asks knows of a journal that is gone with its world
    if values["wait"] is not None and len(found) < wanted and not begun_anew:
        what = f"Only {len(found)} of {wanted} exchanges came within {values['wait']}"
        raise NotYet(
            read_duration(values["wait"]),
            Refusal("not_in_time", f"{what}; GET /_mock/journal lists all."),
        )
    if values["limit"] is not None:
        found = found[-values["limit"] :]
    return {
        "exchanges": [_shown(each, bodies=values["bodies"]) for each in found],
        "total": journal.total,
        "cleared": journal.cleared,
        "evicted": journal.evicted,
        "next": journal.total,
    }


def _journal(request: Request) -> Journal:
    if request.account is None:
        raise Refusal("no_world", request.subject.variations.base.service.key_example)
    return request.account.journal


def _check_names(request: Request, journal: Journal) -> None:
    """Raise Refusal for an operation or a refusal that there is none of: that it never came would say nothing.

    What has come is known, even where the world has answered an open question otherwise since.
    """
    wanted = {what: name for what in ("operation", "refusal") if (name := request.values[what])}
    if not wanted:  # as most who ask
        return
    contracts = [request.subject.variations.base]
    if request.account is not None:
        contracts.append(request.account.contract)
    outages = [outage(int(status)) for status in control_document()["x-outages"]]
    documented = {
        "operation": [name for contract in contracts for name in contract.operations],
        "refusal": [name for contract in contracts for name in contract.refusals] + outages,
    }
    for what, name in wanted.items():
        known = documented[what]
        if name not in known and all(getattr(each, what) != name for each in journal.exchanges):
            raise unknown(what, name, dict.fromkeys(known))


def await_change(request: Request) -> dict[str, int]:
    """Say which revision the world is at. Raises NotYet where another one is waited for."""
    values = request.values
    answer = {"revision": request.world.journal.revision + request.subject.worlds.lobby.revision}
    if values["wait"] is not None and values["since"] == answer["revision"]:
        raise NotYet(read_duration(values["wait"]), answer)
    return answer


def clear_journal(request: Request) -> None:
    """Forget what was."""
    request.world.journal.clear()


def _fitting(journal: Journal, since: int, values: Mapping[str, Any]) -> Iterator[Numbered]:
    exchanges = journal.exchanges
    first = journal.total - len(exchanges) + 1
    for number, exchange in enumerate(exchanges, first):
        if number > since and _fits(exchange, values):
            yield Numbered(number, exchange)


def _fits(exchange: Exchange, values: Mapping[str, Any]) -> bool:
    equal = all(
        values[name] is None or getattr(exchange, name) == values[name]
        for name in ("method", "path", "operation", "refusal")
    )
    status, violation, defect = values["status"], values["violation"], values["defect"]
    codes = [each.code for each in exchange.violations]
    return (
        equal
        and (status is None or str(exchange.status) == status or f"{exchange.status // 100}xx" == status)
        and (violation is None or violation in codes or (violation == "any" and bool(codes)))
        and (defect is None or bool(exchange.defect) == defect)
    )


def _shown(numbered: Numbered, *, bodies: bool) -> dict[str, Any]:
    number, exchange = numbered
    parts = [{**part._asdict(), "bytes": part.size} for part in exchange.parts]
    for part in parts:
        del part["size"]
    return {
        "number": number,
        "time": write_moment(exchange.at),
        "milliseconds": round(exchange.seconds * 1000, 3),
        "key": exchange.key,
        "method": exchange.method,
        "target": exchange.target,
        "path": exchange.path,
        "status": exchange.status,
        "operation": exchange.operation or None,
        "refusal": exchange.refusal or None,
        "fault": exchange.fault,
        "violations": [{"code": each.code, "sentence": each.sentence} for each in exchange.violations],
        "defect": exchange.defect or None,
        "request": {**_message(exchange.request, bodies=bodies), "parts": parts},
        "answer": _message(exchange.response, bodies=bodies),
        **_rehearsed(exchange),
    }


def _rehearsed(exchange: Exchange) -> dict[str, Any]:
    """Return what another document would have answered, where a rehearsal is on."""
    other = exchange.rehearsed
    if other is None:
        return {}
    shown = {"status": other.status, "body": _text(other.body), "places": list(other.places)}
    return {"rehearsed": shown}


def _message(message: Message, *, bodies: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "headers": dict(message.headers),
        "bytes": message.size,
        "body": _text(message.body),
    }
    if bodies:
        shown["base64"] = base64.b64encode(message.body).decode() if message.whole else None
    return shown


def _text(body: bytes) -> str | None:
    """Return the beginning of a body as text, None where it is none."""
    if b"\0" in body[:_SHOWN]:
        return None
    return body[: _SHOWN * 4].decode(errors="replace")[:_SHOWN]
