"""Repeats a recording on a mock on this computer: each response must equal the recorded one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

from contract_tests.document import Facts
from contract_tests.guard.exchange import KEY_VARIABLE, Exchange, at
from contract_tests.probes.handler import multipart
from contract_tests.probes.reading import mapping, number
from contract_tests.recording import Recording, TapedExchange
from contract_tests.report.accepted import Acceptances
from contract_tests.run.settings import Stop
from contract_tests.target.api import json_in
from contract_tests.twin.compare import Accepts, Comparison, Difference, Rows, Side
from contract_tests.twin.sides import (
    Service,
    Variation,
    answer_otherwise,
    created_id,
    lining_of,
    mock_of,
    running_mock,
)
from mock_server.document import Document

# The last segment of a path: what comes before the id, such as `%2B` and zeros, and the id.
_ID = re.compile(r"((?:%[0-9A-Fa-f]{2}|[^\d%])*0*)(\d+)")


@dataclass(frozen=True, slots=True)
class Drift:
    """An exchange that differs: the recorded one, that of the mock, and the differences."""

    recorded: Exchange
    now: Exchange
    differences: tuple[Difference, ...]


@dataclass
class Replayed:
    """The result of a replay. `left_out` counts exchanges that are not repeated, by reason.

    `stopped` is the reason for which the mock's guard sent nothing more, empty if it did not stop.
    """

    exchanges: int = 0
    drifts: list[Drift] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    stopped: str = ""

    def leave_out(self, why: str) -> None:
        """Count an exchange that is not repeated."""
        self.left_out[why] = self.left_out.get(why, 0) + 1


def others_in(recording: Recording, facts: Facts) -> tuple[list[int], bool]:
    """Return the ids of the rows that were there before, oldest first, and whether that is all of them.

    It is if a list had one page only. The total is not used, since it may be what has drifted.
    """
    listed = facts.operation("list").response
    made: set[int] = set()
    seen: set[int] = set()
    is_all = False
    for each in recording.exchanges:
        exchange = each.exchange
        body = json_in(exchange.body)
        if facts.kind_of(exchange.operation) == "create":
            made.add(created_id(facts, exchange, 0))
        rows = at(body, facts.schemas.path_to(listed, "rows"))
        if facts.kind_of(exchange.operation) == "list" and isinstance(rows, list):
            ids = (number(mapping(row).get(facts.row["id"])) for row in rows)
            seen |= {row for row in ids if row is not None}
            is_all = is_all or _is_only_page(body, facts)
    return sorted(seen - made), is_all


def _is_only_page(body: Any, facts: Facts) -> bool:
    listed = facts.operation("list").response
    around = [facts.schemas.path_to(listed, word) for word in ("link-next", "link-previous")]
    return all(steps and at(body, steps[:-1]) and at(body, steps) is None for steps in around)


class Replay:
    """Repeats the exchanges of one recording on a mock."""

    def __init__(self, recording: Recording, left: Service, others: Sequence[int], accepts: Accepts) -> None:
        facts = left.facts
        self._accepts = accepts
        self._recording = recording
        self._left = left
        self._facts = facts
        self._then = Rows(list(others))
        self._ids: dict[int, int] = dict(zip(others, left.others, strict=False))

    def run(self, *, lined_up: bool) -> Replayed:
        """Repeat every exchange that can be repeated, in order, until the mock's guard stops."""
        comparison, found = Comparison(self._facts), Replayed()
        comparison.lined_up = lined_up
        self._left.begin()
        for each in self._recording.exchanges:
            recorded = each.exchange
            if why := found.stopped or _reason(recorded):
                found.leave_out(why)
                continue
            try:
                now = self._repeat(recorded)
            except Stop as stop:
                found.stopped = str(stop)
                found.leave_out(found.stopped)
                continue
            if now.refused:
                found.leave_out(f"the guard does not let it through ({now.refused})")
                continue
            found.exchanges += 1
            self._pair(recorded, now)
            sides = (
                Side(now, self._left.guard.target, self._left.rows),
                Side(recorded, self._recording.target, self._then),
            )
            if differences := comparison.differences(*sides):
                found.drifts.append(Drift(recorded, now, tuple(differences)))
        return found

    def _repeat(self, recorded: Exchange) -> Exchange:
        parts: dict[str, Any] = dict(_body(recorded))
        headers = dict(parts.pop("headers", {}))
        for name, value in recorded.request_headers:
            if name.lower() == "authorization":
                parts["authorization"] = value.replace(KEY_VARIABLE, self._left.api.key)
            elif name.lower() not in {"content-type", "user-agent", "accept"}:
                headers[name] = value
        parts.setdefault("authorization", None)
        path = recorded.url.removeprefix(self._recording.target)
        place, _, query = path.partition("?")
        if query:
            parts["query"] = parse_qsl(query, keep_blank_values=True)
        return self._left.ask(recorded.method, self._translated(place), headers=headers, **parts)

    def _translated(self, path: str) -> str:
        """Return a path with the mock's id in place of the recorded one."""
        head, slash, last = path.removesuffix("/").rpartition("/")
        tail = "/" if path.endswith("/") else ""

        def own(found: re.Match[str]) -> str:
            row = int(found[2][:18])
            return f"{found[1]}{self._ids.get(row, found[2])}"

        return f"{head}{slash}{_ID.sub(own, last, count=1)}{tail}"

    def _pair(self, recorded: Exchange, now: Exchange) -> None:
        """Pair the ids of a create that both sides accepted."""
        create = self._facts.operation("create")
        path = recorded.url.removeprefix(self._recording.target)
        if recorded.method != create.method or path.rstrip("/") != create.path.rstrip("/"):
            return
        rows = [created_id(self._facts, one, len(self._then.own)) for one in (recorded, now)]
        self._then.own.append(rows[0])
        self._left.rows.own.append(rows[1])
        if rows[0] > 0 and rows[1] > 0:
            self._ids[rows[0]] = rows[1]


def replayed_on(  # noqa: PLR0913, PLR0917 -- what is repeated, and on which mock
    variation: Variation,
    document: Document,
    recording: Recording,
    accepts: Accepts = lambda _, __: False,
    answers: Mapping[str, str] | None = None,
    part: Recording | None = None,
) -> Replayed:
    """Repeat a recording, or only its beginning, in a new world of a mock that may answer questions otherwise."""
    with mock_of(variation, document, can_write=True) as left, lining_of(left) as line_up:
        others, is_all = others_in(recording, left.facts)
        if answers:
            # If the answers exclude each other, every drift stays unnamed.
            answer_otherwise(left.guard.target, left.key, answers)
        line_up(len(others))
        return Replay(part or recording, left, others, accepts).run(lined_up=is_all)


def _reason(exchange: Exchange) -> str:
    """Return why an exchange cannot be repeated; empty if it can."""
    keys = [value for name, value in exchange.request_headers if name.lower() == "authorization"]
    if any("$" in key and KEY_VARIABLE not in key for key in keys):
        return "it had another account's key"
    return ""


def _body(exchange: Exchange) -> Mapping[str, Any]:
    if not exchange.is_write:
        return {}
    if exchange.media_type == "multipart/form-data":
        return multipart(
            (field.name, field.value.encode(errors="surrogateescape"), field.filename is not None)
            for field in exchange.form
        )
    pairs = [(field.name, field.value) for field in exchange.form]
    if exchange.media_type == "application/x-www-form-urlencoded" and pairs:
        return {"form": dict(pairs), "urlencoded": True}
    return _other_body(exchange, pairs)


def _other_body(exchange: Exchange, pairs: Sequence[tuple[str, str]]) -> Mapping[str, Any]:
    headers = {"Content-Type": exchange.media_type} if exchange.media_type else {}
    if pairs and exchange.media_type.endswith("json"):
        return {"body": json.dumps(dict(pairs)).encode(), "headers": headers}
    return {"body": exchange.raw.encode(errors="surrogateescape"), "headers": headers} if exchange.raw else {}


def places(drifts: Sequence[Drift]) -> Iterator[tuple[str, str, list[Drift]]]:
    """Yield the drifts by operation and place, without the numbers in the place."""
    found: dict[tuple[str, str], list[Drift]] = {}
    for drift in drifts:
        for each in drift.differences:
            place = re.sub(r"/\d+", "/…", each.place)
            operation = drift.recorded.operation or drift.recorded.method
            found.setdefault((operation, place), []).append(drift)
    for (operation, place), met in found.items():
        yield operation, place, met


# Repeats the recording on a mock with these answers added, and returns what still differs.
Try = Callable[[Mapping[str, str]], list[Drift]]


@dataclass(frozen=True, slots=True)
class Offline:
    """The result of a replay. `answers` are those of the recorded service that differ from the mock's.

    `fitting` are answers to questions that the recording does not settle, each of which removes a difference. `unnamed`
    are the drifts that stay when the mock gives all these answers.
    """

    recording: Recording
    document: Document
    replayed: Replayed
    answers: dict[str, str]
    unnamed: list[Drift]
    fitting: dict[str, str] = field(default_factory=dict)


def run_offline(
    recording: Recording,
    variation: Variation,
    document: Document,
    accepted: Acceptances,
    tell: Callable[[str], None] = lambda _: None,
) -> Offline:
    """Repeat a recording on a mock. Raises Stop."""
    with running_mock(variation) as url:
        there = replace(variation, url=url)

        def replay(answers: Mapping[str, str], part: Recording) -> Replayed:
            return replayed_on(there, document, recording, accepted.accepts, answers, part)

        replayed = replay({}, recording)
        known = document.answers
        answers = {name: a for name, a in recording.answers.items() if known.get(name, a) != a}
        unnamed, fitting = replayed.drifts, dict[str, str]()
        if unnamed and answers:
            unnamed = replay(answers, recording).drifts
        if unnamed and len(recording.answers) < len(known):
            tell("trying other answers to open questions, to name what was found")
            short = replace(recording, exchanges=_telling(recording, unnamed))
            fitting = _fitting(
                lambda more: replay({**answers, **more}, short).drifts, document, recording.answers
            )
            unnamed = replay(answers | fitting, recording).drifts if fitting else unnamed
    return Offline(recording, document, replayed, answers, unnamed, fitting)


def _fitting(attempt: Try, document: Document, said: Mapping[str, str]) -> dict[str, str]:
    """Return by question the first answer that removes a difference and adds none; `said` are the known answers."""
    found: dict[str, str] = {}
    left = _places(attempt(found))
    for name, question in document.questions().items():
        for answer in question.answers if name not in said else ():
            if not left:
                return found
            if answer == document.answers[name]:
                continue
            still = _places(attempt(found | {name: answer}))
            if still < left:
                found[name], left = answer, still
                break
    return found


def _places(drifts: Sequence[Drift]) -> set[tuple[int, str]]:
    return {(id(drift.recorded), each.place) for drift in drifts for each in drift.differences}


def _telling(recording: Recording, drifts: Sequence[Drift]) -> tuple[TapedExchange, ...]:
    """Return the exchanges up to the last one with a new kind of difference."""
    seen: set[tuple[str, str]] = set()
    last: Drift = drifts[0]
    for drift in drifts:
        kinds = {(drift.recorded.operation, each.place) for each in drift.differences}
        last, seen = (last if kinds <= seen else drift), seen | kinds
    number = next(n for n, each in enumerate(recording.exchanges, start=1) if each.exchange is last.recorded)
    return recording.exchanges[:number]
