"""Facts about the mock: its health, what it serves, and what was exercised."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

from mock_server import __version__
from mock_server.api.context import Context
from mock_server.contract import Operation
from mock_server.document import Object, declared_strictly, dump_yaml, home, read_text, stamp_facts
from mock_server.state.journal import behaviours, shorten


@cache
def control_text() -> str:
    """Return the text of the control's own document. A mock reads it at its start.

    Later, all file descriptors may be in use, and the control must still work.
    """
    return (home() / "control.yaml").read_text(encoding="utf-8")


@cache
def control_document() -> Object:
    """Return the control's own document. To parse it takes longer than to read it."""
    document: Object = read_text(control_text(), "control.yaml")
    return document


def list_worlds(context: Context) -> dict[str, Any]:
    """List the worlds, the last used first."""
    return {
        "worlds": [
            {
                "key": shorten(key),
                "items": {name: len(store) for name, store in world.stores.items()},
                "exchanges": world.journal.total,
                "faults": sum(not fault.spent for fault in world.faults.all),
                "strict": world.rules.strict,
                "idle": max(0, int(time.monotonic() - world.used)),
            }
            for key, world in context.mock.worlds.all()
        ]
    }


def show_health(_: Context) -> dict[str, str]:
    """Say that the process is alive."""
    return {"status": "ok"}


def show_ready(_: Context) -> dict[str, str]:
    """Say that the mock can serve: its document and seed were compiled before it could respond."""
    return {"status": "ready"}


def show_info(context: Context) -> dict[str, Any]:
    """Say what is served, and by which rules."""
    mock = context.mock
    contract, rules, settings = mock.contract, mock.worlds.seed.rules, mock.settings
    document, service = contract.document, contract.service
    return {
        "name": "bitpeak-mock",
        "version": __version__,
        "document": contract.facts(),
        "verified": stamp_facts(document),
        "base_path": contract.base_path,
        "operations": [_described(operation) for operation in contract.operations.values()],
        "key": {"prefix": service.key_prefix, "example": service.key_example},
        "answers": dict(document.answers),
        "rules": {
            "strict": rules.strict,
            "latency": list(rules.latency),
            "quota": rules.quota,
            "public_url": rules.public_url,
            "cors": service.cors if rules.cors is None else rules.cors,
            "overrides": rules.overrides,
        },
        "control": {"token": settings.control_token is not None, "cors": settings.control_cors},
        "worlds": len(mock.worlds),
    }


def _described(operation: Operation) -> dict[str, Any]:
    return {
        "id": operation.id,
        "counted_as": operation.counted_as,
        "behaviour": operation.behaviour,
        "resource": operation.resource.name,
        "method": operation.method,
        "path": operation.path,
        "summary": operation.summary,
        "refusals": list(operation.refusals),
        "types": list(operation.resource.types) if operation.form is not None else [],
    }


def show_document(context: Context) -> str | Object:
    """Write the effective document, or that of a named world. A strict world's document says what it refuses."""
    document, is_json = context.contract.document, context.media_type == "application/json"
    if context.world.rules.strict:
        data = declared_strictly(document.data)
        return data if is_json else dump_yaml(data)
    return document.data if is_json else document.yaml


def show_control_document(context: Context) -> str | Object:
    """Write the control's own document."""
    if context.media_type == "application/json":
        return control_document()
    return control_text()


def show_coverage(context: Context) -> dict[str, Any]:
    """List all behaviours and how often each was seen, in one world or in all since the start.

    In one world only a forced response can be the refusal of a key, so that such refusals are listed only once seen.
    """
    mock, world = context.mock, context.world
    of_all = world is mock.lobby
    found = behaviours(context.contract, mock.worlds.seen() if of_all else world.journal.seen)
    unmet = frozenset[str]() if of_all else context.contract.service.key_refusals
    found = [each for each in found if each.seen or each.kind != "refusal" or each.name not in unmet]
    count = sum(behaviour.seen > 0 for behaviour in found)
    return {
        "behaviours": [behaviour._asdict() for behaviour in found],
        "seen": count,
        "total": len(found),
        "percent": round(100 * count / len(found), 1) if found else 100.0,
    }


def show_rehearsal(context: Context) -> dict[str, Any]:
    """List which calls the rehearsed document would change."""
    rehearsal = context.mock.rehearsal
    if rehearsal is None:
        return {"overlay": None, "calls": 0, "changes": []}
    changes = [
        {**change._asdict(), "places": list(change.places), "calls": count}
        for change, count in rehearsal.changes()
    ]
    return {"overlay": rehearsal.name, "calls": rehearsal.calls, "changes": changes}
