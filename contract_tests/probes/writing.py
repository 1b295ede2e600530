"""Probes of the questions about creates: what they answer, require and refuse."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from contract_tests.document import Facts, by_form
from contract_tests.judge.verdicts import said
from contract_tests.probes.observations import handler, nameless, renaming
from contract_tests.probes.probe import Probe
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import (
    Answered,
    Finding,
    Outside,
    Unknown,
    accepted,
    at,
    error_of,
    is_success,
    mapping,
    parsed,
)
from contract_tests.probes.trials import UNKNOWN, Trials
from contract_tests.target.api import JSON, URLENCODED, TargetResponse


def _create_status(prober: Prober) -> Finding:
    status = prober.once(handler).created.status
    return prober.expectations.decide(
        "create-status", status, lambda facts: facts.operation("create").success,
        f"A create is answered {status}.",
    )  # fmt: skip


def _write_answer(prober: Prober) -> Finding:
    """Compare the keys of both answers, those apart that belong to no row."""
    answers = [prober.once(handler).created, prober.once(renaming).answer]
    expected = prober.expectations.by_answer("write-answer", _written_keys)
    telling = frozenset().union(*expected.values())
    seen = {frozenset(_written(prober, answer)) & telling for answer in answers}
    found = next((answer for answer, keys in expected.items() if seen == {keys}), None)
    if found is None:
        shown = " and ".join(", ".join(sorted(keys)) for keys in seen)
        return Outside(f"Create and update answer with {shown}.")
    settings = _written(prober, answers[0]).get(prober.facts.row["settings"])
    if prober.facts.row["settings"] in expected[found] and not isinstance(settings, str):
        return Outside("Create answers with the whole handler, but its settings are not JSON text.")
    return Answered(found)


def _written_keys(facts: Facts) -> frozenset[str]:
    schema = facts.operation("create").answer
    return frozenset(facts.schemas.properties(facts.schemas.at(schema, _written_at(facts))))


def _written_at(facts: Facts) -> tuple[str, ...]:
    return facts.schemas.path_to(facts.operation("create").answer, "id")[:-1]


def _written(prober: Prober, answer: TargetResponse) -> dict[str, object]:
    return dict(mapping(at(parsed(answer), _written_at(prober.facts))))


def _plan_limit(_: Prober) -> Finding:
    return Unknown("it takes as many creates as the plan allows")


def _is_enabled_on_create(prober: Prober) -> Finding:
    """Take a refusal for an answer only if every unknown field is refused."""
    trials = Trials(prober)
    seen = trials.switched()
    if accepted(seen.answer, "a create with is_enabled"):
        return Answered("ignored") if seen.shown else Answered("honoured", "Yes.")
    if accepted(trials.tried("create", UNKNOWN, "any").answer, "a create with an unknown field"):
        return Outside(f"A create with it is answered {said(seen.answer)}.")
    return Answered("ignored")


def _urlencoded_body(prober: Prober) -> Finding:
    return _was_read(prober, "urlencoded", URLENCODED, lambda form: urlencode(form).encode())


def _json_body(prober: Prober) -> Finding:
    return _was_read(prober, "JSON", JSON, lambda form: json.dumps(form).encode())


def _was_read(
    prober: Prober, what: str, media_type: str, write: Callable[[Mapping[str, str]], bytes]
) -> Finding:
    """Tell whether a body was read: the unlisted type in it is refused, or its fields are missing.

    If both are refused alike, it has to create a handler.
    """
    missing, unlisted = prober.once(nameless), Trials(prober).tried("create", "type", "not-listed")
    form, field = prober.kinds.form(prober.kinds.plain, prober.name()), prober.facts.form["type"]
    is_telling = not unlisted.is_taken and _text(unlisted.answer) != _text(missing)
    if is_telling:
        form[field] = str(unlisted.trial.sent.text)
    name = form[prober.facts.form["name"]]
    answer, _ = prober.create_raw(name, body=write(form), headers={"Content-Type": media_type})
    if is_success(answer) or (is_telling and _text(answer) == _text(unlisted.answer)):
        return Answered("read")
    if (answer.status, error_of(answer)) != (missing.status, error_of(missing)):
        return Outside(f"No: a create with a {what} body is answered {said(answer)}.")
    return Answered("not-read")


def _text(answer: TargetResponse) -> tuple[int, str]:
    """Return what tells refusals apart: the status and the body, without what is new each time."""
    data = parsed(answer)
    text = answer.body.decode(errors="replace") if data is None else json.dumps(data, sort_keys=True)
    return answer.status, by_form(text)


PROBES = {
    "create-status": Probe("writes", _create_status),
    "write-answer": Probe("writes", _write_answer),
    "plan-limit": Probe("writes", _plan_limit),
    "is-enabled-on-create": Probe("writes", _is_enabled_on_create),
    "urlencoded-body": Probe("writes", _urlencoded_body),
    "json-body": Probe("writes", _json_body),
}
