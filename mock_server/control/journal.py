"""The journal of a world: the last requests and their responses."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from mock_server.api.context import Context
from mock_server.api.forced import outage
from mock_server.control.about import control_document
from mock_server.control.faults import check_known
from mock_server.control.world import write_rfc3339
from mock_server.refusal import Refusal
from mock_server.settings import read_duration
from mock_server.state.journal import Exchange, Journal, Message

# Characters of a body that are shown.
_SHOWN = 2000


def list_exchanges(context: Context) -> dict[str, Any]:
    """List the exchanges that fit. Raises Refusal if some may be forgotten, or if too few came within `wait`.

    With `partial`, forgotten ones do not matter: the client looks at `evicted` itself.
    """
    asked, lobby = context.arguments, context.mock.lobby
    if context.world is lobby and not asked["lobby"]:
        raise Refusal("no_world", context.mock.contract.service.key_example)
    journal = lobby.journal if asked["lobby"] else context.world.journal
    _check_names(context, journal)
    # A number beyond the last is of a journal that is gone, with its world: begin at the beginning.
    begun_anew = asked["since"] is not None and asked["since"] > journal.total
    since = 0 if begun_anew else asked["since"]
    exchanges = journal.exchanges
    first = journal.total - len(exchanges) + 1
    found = [
        (number, exchange)
        for number, exchange in enumerate(exchanges, first)
        if number > (since or 0) and _fits(exchange, asked)
    ]
    gone = journal.cleared + journal.evicted
    if journal.evicted and not asked["partial"] and (not found if since is None else since < gone):
        what = f"{journal.evicted} exchanges are forgotten, up to number {gone}. Ask for ?since={gone}, or ask sooner."
        raise Refusal("evicted", what)
    if asked["wait"] is not None and len(found) < asked["count"] and not begun_anew:
        context.patience = read_duration(asked["wait"])
        what = f"Only {len(found)} of {asked['count']} exchanges came within {asked['wait']}."
        raise Refusal("not_in_time", f"{what} GET /_mock/journal lists all.")
    if asked["limit"] is not None:
        found = found[-asked["limit"] :]
    return {
        "exchanges": [_shown(number, exchange, bodies=asked["bodies"]) for number, exchange in found],
        "total": journal.total,
        "cleared": journal.cleared,
        "evicted": journal.evicted,
        "violated": journal.violated,
        "defects": journal.defects,
        "next": journal.total,
    }


def await_change(context: Context) -> dict[str, int]:
    """Say which revision the world is at, once it is another one than the client knows or its patience is over."""
    asked = context.arguments
    revision = context.world.journal.revision + context.mock.lobby.journal.revision
    if asked["wait"] is not None and asked["since"] == revision:
        context.patience = read_duration(asked["wait"])
    return {"revision": revision}


def clear_journal(context: Context) -> None:
    """Forget all exchanges."""
    context.world.journal.clear()


def _check_names(context: Context, journal: Journal) -> None:
    """Refuse a name that no operation or refusal has: that it never came would say nothing.

    A name in the journal is known, even if the world has answered an open question otherwise since.
    """
    contracts = (context.mock.contract, context.contract)
    for what in ("operation", "refusal"):
        name = context.arguments[what]
        if not name or any(getattr(exchange, what) == name for exchange in journal.exchanges):
            continue
        if what == "operation":
            known = [each for contract in contracts for each in contract.operations]
        else:
            known = [each for contract in contracts for each in contract.refusals]
            known += [outage(int(status)) for status in control_document()["x-outages"]]
        check_known(what, name, dict.fromkeys(known))


def _fits(exchange: Exchange, asked: Mapping[str, Any]) -> bool:
    for name in ("method", "path", "operation", "refusal"):
        if asked[name] is not None and getattr(exchange, name) != asked[name]:
            return False
    status, violation, defect = asked["status"], asked["violation"], asked["defect"]
    codes = [each.code for each in exchange.violations]
    return (
        status in {None, str(exchange.status), f"{exchange.status // 100}xx"}
        and (violation is None or violation in codes or (violation == "any" and bool(codes)))
        and (defect is None or bool(exchange.defect) == defect)
    )


def _shown(number: int, exchange: Exchange, *, bodies: bool) -> dict[str, Any]:
    parts = [{**part._asdict(), "bytes": part.size} for part in exchange.parts]
    for part in parts:
        del part["size"]
        if not bodies:
            del part["text"]
    shown = {
        "number": number,
        "time": write_rfc3339(exchange.at),
        "milliseconds": round(exchange.seconds * 1000, 3),
        "key": exchange.key,
        "method": exchange.method,
        "target": exchange.target,
        "path": exchange.path,
        "status": exchange.status,
        "operation": exchange.operation or None,
        "refusal": exchange.refusal or None,
        "fault": exchange.fault,
        "wire": exchange.wire,
        "violations": [{"code": each.code, "sentence": each.sentence} for each in exchange.violations],
        "defect": exchange.defect or None,
        "request": {**_message(exchange.request, bodies=bodies), "parts": parts},
        "answer": _message(exchange.response, bodies=bodies),
    }
    if exchange.rehearsed is not None:  # the response by another document
        other = exchange.rehearsed
        shown["rehearsed"] = {
            "status": other.status,
            "body": _text(other.body),
            "places": list(other.places),
        }
    return shown


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
    """Return the beginning of a body as text, None if it is binary."""
    if b"\0" in body[:_SHOWN]:
        return None
    return body[: _SHOWN * 4].decode(errors="replace")[:_SHOWN]
