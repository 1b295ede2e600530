"""The journal of a world: the last requests and their responses."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from http import HTTPMethod
from typing import Any

from mock_server.api.context import Context
from mock_server.api.forced import outage, outage_status
from mock_server.contract import Contract
from mock_server.control.about import control_document
from mock_server.control.world import check_known, write_rfc3339
from mock_server.document import nearest
from mock_server.refusal import Refusal
from mock_server.settings import read_duration
from mock_server.state.journal import Exchange, Journal

# Characters of a body that are shown.
_SHOWN = 2000

# How many exchanges a wait in vain compares with the filters, and how many it lists.
_COMPARED, _LISTED = 3, 10

# The key of the environ with the seconds that a client still waits. Pauses are counted and no clock is read, because
# a test in this process may have replaced it.
SECONDS_LEFT = "mock_server.seconds-left"


def list_exchanges(context: Context) -> dict[str, Any]:
    """List the matching exchanges. Raises Refusal if some may be forgotten, or if too few came within `wait`.

    With `partial`, forgotten exchanges do not matter, because the client looks at `evicted` itself.
    """
    lobby, of_lobby = context.mock.lobby, context.arguments["lobby"]
    if context.world is lobby and not of_lobby:
        raise Refusal("no_world", context.mock.contract.service.key_example)
    journal = lobby.journal if of_lobby else context.world.journal
    asked = _understood(context, journal)
    # A number beyond the last is of a dropped world's journal: begin at the beginning.
    begun_anew = asked["since"] is not None and asked["since"] > journal.total
    since = 0 if begun_anew else asked["since"]
    exchanges = journal.exchanges
    first = journal.total - len(exchanges) + 1
    new = [(number, each) for number, each in enumerate(exchanges, first) if number > (since or 0)]
    filters = {name: asked[name] for name in _FILTERS if asked[name] is not None}
    found = [
        (number, each)
        for number, each in new
        if all(_FILTERS[name](each, filters[name])[1] for name in filters)
    ]
    gone = journal.cleared + journal.evicted
    if journal.evicted and not asked["partial"] and (not found if since is None else since < gone):
        what = f"{journal.evicted} exchanges are forgotten, up to number {gone}. Ask for ?since={gone}, or ask sooner."
        raise Refusal("evicted", what)
    if asked["wait"] is not None and len(found) < asked["count"] and not begun_anew:
        context.patience = _left(context)
        what = f"Only {len(found)} of {asked['count']} exchanges came within {asked['wait']}."
        compared = [] if context.patience > 0 else _compared(context, new, filters)
        lost = gone - max(since or 0, journal.cleared)
        if compared and lost > 0:
            compared.append(f"… {lost} earlier exchanges are no longer remembered")
        raise Refusal("not_in_time", "\n  ".join([f"{what} GET /_mock/journal lists all.", *compared]))
    if asked["limit"] is not None:
        found = found[-asked["limit"] :]
    return {
        "exchanges": [_shown(number, exchange, bodies=asked["bodies"]) for number, exchange in found],
        "total": journal.total,
        "cleared": journal.cleared,
        "evicted": journal.evicted,
        "violated": journal.violated,
        "defects": journal.defects,
        "lobby": lobby.journal.total,
        "next": journal.total,
    }


def await_change(context: Context) -> dict[str, int]:
    """Return the revision of the world, once it differs from the client's or the time is over."""
    asked = context.arguments
    revision = context.world.journal.revision + context.mock.lobby.journal.revision
    if asked["wait"] is not None and asked["since"] == revision:
        context.patience = _left(context)
    return {"revision": revision}


def _left(context: Context) -> float:
    """Return the seconds that the client still waits."""
    left: float = context.environ.get(SECONDS_LEFT, read_duration(context.arguments["wait"]))
    return left


def clear_journal(context: Context) -> None:
    """Forget all exchanges."""
    context.world.journal.clear()


def _understood(context: Context, journal: Journal) -> dict[str, Any]:
    """Return the filters: the method in capitals, all ids of the operation, all spellings of the path.

    Raises Refusal for a filter that nothing can match, because an empty result would be misleading. Whatever is in the
    journal can match, even if the world has changed an answer since.
    """
    asked, contracts = dict(context.arguments), (context.mock.contract, context.contract)
    exchanges = journal.exchanges
    if asked["method"] is not None:
        asked["method"] = asked["method"].upper()
        sent = (each.method.upper() for each in exchanges)
        check_known("method", asked["method"], dict.fromkeys([*(each.value for each in HTTPMethod), *sent]))
    if asked["path"] is not None:
        asked["path"] = _paths(asked["path"], contracts, exchanges)
    if asked["operation"]:
        known = dict.fromkeys(each for contract in contracts for each in contract.operations)
        known |= dict.fromkeys(each.operation for each in exchanges if each.operation)
        check_known("operation", asked["operation"], known)
        spellings = _spellings(asked["operation"], asked["method"], contracts)
        _check_belongs(context, asked, spellings, exchanges)
        asked["operation"] = spellings
    if asked["refusal"] and outage_status(asked["refusal"]) is None:
        known = dict.fromkeys(each for contract in contracts for each in contract.refusals)
        known |= {outage(int(status)): None for status in control_document()["x-outages"]}
        known |= dict.fromkeys(each.refusal for each in exchanges if each.refusal)
        check_known("refusal", asked["refusal"], known)
    return asked


def _paths(path: str, contracts: Sequence[Contract], exchanges: Sequence[Exchange]) -> set[str]:
    """Return the spellings of a path, without a slash at the end. Raises Refusal if no request can have it."""
    base = contracts[0].base_path
    meant = {path.rstrip("/"), base + path.rstrip("/")}
    routed = any(contract.routes.find(each) for contract in contracts for each in meant)
    if not path.startswith("/") or not (routed or any(each.path.rstrip("/") in meant for each in exchanges)):
        known = [base + each.path for each in contracts[0].operations.values()]
        what = f"Unknown path {path[:60]!r}{nearest(path, known)}. No operation and no request has it. "
        raise Refusal("unusable", f"{what}Choose from {', '.join(dict.fromkeys(known))}.")
    return meant


def _spellings(name: str, method: str | None, contracts: Sequence[Contract]) -> frozenset[str]:
    """Return the ids of an operation. Raises Refusal if it does not have the given method."""
    found = [contract for contract in contracts if name in contract.operations]
    for contract in found:
        has = contract.operations[name].method
        if method not in {None, has}:
            raise Refusal("unusable", f"{name} is a {has}, not a {method}. Remove one of the two.")
    return frozenset([name]).union(*(contract.spellings(name) for contract in found))


def _check_belongs(
    context: Context, asked: Mapping[str, Any], spellings: Collection[str], seen: Sequence[Exchange]
) -> None:
    """Raise Refusal if the operation cannot have the given refusal, status or violation, and never had it."""
    contracts = (context.mock.contract, context.contract)
    operations = [
        each.operations[name] for each in contracts for name in spellings if name in each.operations
    ]
    if not operations:  # the world has changed an answer since
        return
    name, exchanges = asked["operation"], [each for each in seen if each.operation in spellings]
    if any(asked["refusal"] in each.documented_refusals for each in contracts):
        known = dict.fromkeys(refusal for each in operations for refusal in each.refusals)
        known |= dict.fromkeys(each.refusal for each in exchanges if each.refusal)
        check_known(f"refusal of {name}", asked["refusal"], known)
    status = asked["status"]
    if status is not None and status[0] not in "45":  # a fault may bring any error
        codes = [each.success.status[:3] for each in operations] + [str(each.status) for each in exchanges]
        classes = [f"{code[0]}xx" for code in codes]
        check_known(f"status of {name}", status, dict.fromkeys([*codes, *classes, "4xx", "5xx"]))
    violations = control_document()["components"]["schemas"]["ViolationCode"]
    if asked["violation"] not in {None, *violations["x-of-all"]}:
        reads = "query" if asked["violation"] in violations["x-of-lists"] else "form"
        if not any(each.paging if reads == "query" else each.form for each in operations):
            what = f"{name} reads no {reads}, so it never has the violation {asked['violation']!r}."
            raise Refusal("unusable", f"{what} Remove one of the two.")


def _violations(exchange: Exchange, wanted: str) -> tuple[str, bool]:
    codes = [each.code for each in exchange.violations]
    return ", ".join(codes) or "none", wanted in codes or (wanted == "any" and bool(codes))


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# By filter: what an exchange has, in words, and whether that fits.
_FILTERS: Mapping[str, Callable[[Exchange, Any], tuple[str, bool]]] = {
    "method": lambda each, wanted: (each.method, each.method.upper() == wanted),
    "path": lambda each, wanted: (each.path, each.path.rstrip("/") in wanted),
    "status": lambda each, wanted: (
        str(each.status),
        wanted in {str(each.status), f"{each.status // 100}xx"},
    ),
    "operation": lambda each, wanted: (each.operation or "none", each.operation in (wanted or {""})),
    "refusal": lambda each, wanted: (each.refusal or "none", each.refusal == wanted),
    "violation": _violations,
    "defect": lambda each, wanted: (_written(bool(each.defect)), bool(each.defect) == wanted),
}


def _compared(
    context: Context, exchanges: Iterable[tuple[int, Exchange]], filters: Mapping[str, Any]
) -> list[str]:
    """Return lines that compare exchanges with the filters, the nearest first.

    Exchanges that fit, and distant ones, are only listed.
    """
    fitting: list[str] = []
    others: list[tuple[int, list[str]]] = []
    for number, each in exchanges:
        wire = "" if each.fault is None else each.fault.wire
        words = (f"{number}:", each.method, each.target, each.status, each.refusal, wire)
        lines, misses = [f"<{' '.join(str(word) for word in words if word)}>"], 0
        for name, wanted in filters.items():
            has, fits = _FILTERS[name](each, wanted)
            misses += not fits
            asked = f"  - {name} = {_written(context.arguments[name])}"
            lines += [f"    {name} = {has}"] if fits else [asked, f"  + {name} = {has}"]
        if misses:
            others.append((misses, [*lines, *([f"  ? {each.hint}"] if each.hint else [])]))
        else:
            fitting.append(lines[0])
    said = [*(["These fit:"] if fitting and filters else []), *_few(fitting)]
    if others:
        said.append(f"The nearest {'other ' if fitting else ''}exchanges (- expected, + received):")
    others.sort(key=lambda pair: pair[0])
    for _, lines in others[:_COMPARED]:
        said += lines
    return said + _few([lines[0] for _, lines in others], after=_COMPARED)


def _few(lines: Sequence[str], after: int = 0) -> list[str]:
    more = len(lines) - _LISTED
    return [*lines[after:_LISTED], *([f"… and {more} others"] if more > 0 else [])]


def _shown(number: int, exchange: Exchange, *, bodies: bool) -> dict[str, Any]:
    fault, parts = exchange.fault, exchange.parts
    if not bodies:
        parts = [{name: value for name, value in part.items() if name != "text"} for part in parts]
    sent = _message(exchange.headers, exchange.size, exchange.body, bodies=bodies)
    received = dict(exchange.response_headers), exchange.response_size, exchange.response_body
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
        "fault": fault and fault.id,
        "wire": fault and fault.wire,
        "beyond": list(fault.beyond) if fault else [],
        "hint": exchange.hint or None,
        "violations": [{"code": each.code, "sentence": each.sentence} for each in exchange.violations],
        "defect": exchange.defect or None,
        "request": {**sent, "parts": parts},
        "answer": _message(*received, bodies=bodies),
    }
    if exchange.rehearsed is not None:  # the response by another document
        other = exchange.rehearsed
        shown["rehearsed"] = {
            "status": other.status,
            "body": _text(other.body),
            "places": list(other.places),
        }
    return shown


def _message(headers: Mapping[str, str], size: int, body: bytes, *, bodies: bool) -> dict[str, Any]:
    """Return a request or a response. `size`: the length of the whole body, as `body` may be only its beginning."""
    shown: dict[str, Any] = {"headers": headers, "bytes": size, "body": _text(body)}
    if bodies:
        shown["base64"] = base64.b64encode(body).decode() if len(body) == size else None
    return shown


def _text(body: bytes) -> str | None:
    """Return the beginning of a body as text, or None if it is binary."""
    if b"\0" in body[:_SHOWN]:
        return None
    return body[: _SHOWN * 4].decode(errors="replace")[:_SHOWN]
