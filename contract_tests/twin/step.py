"""One call of a sequence, told in words that hold for both services: rows by their number, never by an id."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from contract_tests.document import Facts
from contract_tests.probes.handler import multipart
from contract_tests.target.api import TargetApi

Kind = Literal["list", "retrieve", "create", "update", "delete", "put", "nowhere"]
Bearer = Literal["own", "none", "wrong", "small", "other"]
Media = Literal["multipart", "urlencoded", "json"]

Pairs = tuple[tuple[str, str], ...]

# The id of no handler, and the key of no account.
NOBODY = "2000000011"
_WRONG_KEY = "Bearer wrong-key-of-no-account"
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class TwinStep:
    """One call. `row` is the number of a create in the sequence, or an id's text; `tail` is written behind the id.

    `bearer` says whose key it has; `other` is another account's. `later` means that it is sent in a later second than
    the call before it was answered: times on the wire have no fractions.
    """

    kind: Kind
    row: int | str | None = None
    form: Pairs = ()
    media: Media = "multipart"
    query: Pairs = ()
    bearer: Bearer = "own"
    tail: str = ""
    later: bool = False


@dataclass(frozen=True, slots=True)
class Sender:
    """What calls of one side need: the API, what its document says, a path that it does not know, another's key."""

    api: TargetApi
    facts: Facts
    nowhere: str
    other_key: str = field(repr=False)


def send(step: TwinStep, sender: Sender, ids: Sequence[int]) -> None:
    """Send one call to one service. `ids` are those of the sequence's rows so far."""
    parts: dict[str, Any] = {}
    if step.query:
        parts["query"] = dict(step.query)
    if step.kind in {"create", "update"}:
        parts |= _body(step)
    if step.bearer != "own":
        parts["authorization"] = {
            "none": None, "wrong": _WRONG_KEY, "small": f"bearer {sender.api.key}",
            "other": f"Bearer {sender.other_key}",
        }[step.bearer]  # fmt: skip
    sender.api.call(_method(step, sender.facts), _path(step, sender, ids), **parts)


def _method(step: TwinStep, facts: Facts) -> str:
    if step.kind == "put":
        return facts.other_methods[0]
    return "GET" if step.kind == "nowhere" else facts.operation(step.kind).method


def _path(step: TwinStep, sender: Sender, ids: Sequence[int]) -> str:
    if step.kind == "nowhere":
        return sender.nowhere
    if step.kind in {"list", "create"}:
        path = sender.facts.operation(step.kind).path
        return path.rstrip("/") if step.tail == "/" else path  # the other spelling
    row = ids[step.row] if isinstance(step.row, int) else step.row or NOBODY
    return sender.api.path_of("retrieve" if step.kind == "put" else step.kind, f"{row}{step.tail}")


def _body(step: TwinStep) -> dict[str, Any]:
    names = [name for name, _ in step.form]
    if step.media == "json":
        return {"body": json.dumps(dict(step.form)).encode(), "headers": {"Content-Type": _JSON}}
    if step.media == "urlencoded":
        return {"form": dict(step.form), "urlencoded": True}
    if len(set(names)) < len(names):
        return multipart((name, text.encode()) for name, text in step.form)
    return {"form": dict(step.form)}
