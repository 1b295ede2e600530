"""Probes of the questions about creates: what they answer, require and refuse."""

from __future__ import annotations

import json

from contract_tests.document import Facts
from contract_tests.judge.verdicts import said
from contract_tests.probes.observations import handler, nameless, renaming, second, type_refusal, unknown_type
from contract_tests.probes.probe import Probe
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import (
    Answered,
    Finding,
    Outside,
    Undecided,
    Unknown,
    Unlisted,
    accepted,
    at,
    error_of,
    mapping,
    parsed,
    refused,
    shown,
)
from contract_tests.target.api import TargetResponse

_BLANKS = " \t "
_MALFORMED = "nobody"


def _create_status(prober: Prober) -> Finding:
    status = prober.once(handler).created.status
    return prober.expectations.decide(
        "create-status", status, lambda facts: facts.operation("create").success,
        f"A create is answered {status}.",
    )  # fmt: skip


def _delete_status(prober: Prober) -> Finding:
    answer = prober.first_delete()
    if answer is None:
        created, row = prober.create(prober.kinds.form(prober.kinds.plain, prober.name()))
        if row is None:
            raise Undecided(f"a plain create is answered {created.status}")
        answer = prober.discard(row)
    if answer.body:
        return Outside(f"A delete is answered {said(answer)}.")
    return prober.expectations.decide(
        "delete-status", answer.status, lambda facts: facts.operation("delete").success,
        f"A delete is answered {answer.status}.",
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


def _required_field_missing(prober: Prober) -> Finding:
    name, kind = prober.facts.form["name"], prober.facts.form["type"]
    form = prober.kinds.form(prober.kinds.plain, prober.name())
    typeless, _ = prober.create({key: value for key, value in form.items() if key != kind})
    answers = {name: prober.once(nameless), kind: typeless}
    for field, answer in answers.items():
        prober.note("required_fields", answer, f"a create without {field}")
    statuses = {answer.status for answer in answers.values()}
    seen = ", ".join(f"without {field} it is answered {said(answer)}" for field, answer in answers.items())
    return prober.expectations.decide(
        "required-field-missing", statuses, lambda facts: {facts.refusal("create", "required_fields").status},
        f"{seen[:1].upper()}{seen[1:]}.", said=f"{seen[:1].upper()}{seen[1:]}.",
    )  # fmt: skip


def _blank_name(prober: Prober) -> Finding:
    # Of a type with an address: a service that takes the name then shows the run's mark there.
    answer, _ = prober.create(prober.kinds.form(prober.kinds.mailbox, _BLANKS))
    return Answered("accepted") if accepted(answer, "a create with a blank name") else refused(answer)


def _type_not_allowed(prober: Prober) -> Finding:
    answer = prober.once(unknown_type)
    if accepted(answer, "a create with an unknown type"):
        return Outside("A create with a type that is not listed is accepted.")
    finding = prober.expectations.decide(
        "type-not-allowed", answer.status, lambda facts: facts.refusal("create", type_refusal(facts)).status,
        f"It is answered {said(answer)}.", said=f"It is answered {said(answer)}.",
    )  # fmt: skip
    if isinstance(finding, Answered):
        facts = prober.expectations.facts_with("type-not-allowed", finding.answer)
        prober.note(type_refusal(facts or prober.facts), answer, "a create with a type that is not listed")
    return finding


def _plan_limit(_: Prober) -> Finding:
    return Unknown("it takes as many creates as the plan allows")


def _own_field_unsent(prober: Prober) -> Finding:
    kind = prober.kinds.pair
    unsent = prober.facts.types[kind][-1]
    form = prober.kinds.form(kind, prober.name())
    answer, row = prober.create({key: value for key, value in form.items() if key != unsent})
    if not accepted(answer, f"a create without {unsent}"):
        return refused(answer, "A create without it")
    settings = mapping(_kept(prober, row).get(prober.facts.row["settings"]))
    if unsent not in settings:
        return Answered("omitted")
    if settings[unsent] == "":
        return Answered("empty")
    return Outside(f"It is stored as {shown(settings[unsent])}.")


def _malformed_contact(prober: Prober) -> Finding:
    answers = {kind: _malformed(prober, kind) for kind in (prober.kinds.mailbox, prober.kinds.address)}
    checked = [kind for kind, answer in answers.items() if not accepted(answer, f"a malformed {kind}")]
    if not checked:
        return Answered("accepted")
    how = ", ".join(f"`{_MALFORMED}` as {kind} is refused with {said(answers[kind])}" for kind in checked)
    return (
        Answered("refused", f"Yes: {how}.") if len(checked) == len(answers) else Outside(f"Only some: {how}.")
    )


def _malformed(prober: Prober, kind: str) -> TargetResponse:
    (field,) = prober.facts.types[kind]
    answer, row = prober.create(prober.kinds.form(kind, prober.name()) | {field: _MALFORMED})
    if row is not None:
        prober.discard(row)
    return answer


def _field_of_another_type(prober: Prober) -> Finding:
    foreign = prober.facts.types[prober.kinds.address][0]
    value = prober.kinds.form(prober.kinds.address, None)[foreign]
    answer, row = prober.create(prober.kinds.form(prober.kinds.mailbox, prober.name()) | {foreign: value})
    if not accepted(answer, "a create with a field of another type"):
        prober.note("invalid_field", answer, "a create with a field of another type")
        return refused(answer)
    if foreign in mapping(_kept(prober, row).get(prober.facts.row["settings"])):
        return Outside("A field of another type is stored in the settings.")
    return Answered("ignored")


def _is_enabled_on_create(prober: Prober) -> Finding:
    """Take a refusal for an answer only where every unknown field is refused."""
    seen = prober.once(second)
    if seen.refused is None:
        return Answered("ignored") if seen.handler.is_enabled else Answered("honoured", "Yes.")
    answer, _ = prober.create(prober.kinds.form(prober.kinds.plain, prober.name()) | {"no-such-field": "1"})
    if accepted(answer, "a create with an unknown field"):
        return Outside(f"A create with it is answered {said(seen.refused)}.")
    return Answered("ignored")


def _urlencoded_body(prober: Prober) -> Finding:
    form = prober.kinds.form(prober.kinds.plain, prober.name())
    answer, _ = prober.create(form, urlencoded=True)
    return _was_read(prober, answer, "urlencoded")


def _json_body(prober: Prober) -> Finding:
    form = prober.kinds.form(prober.kinds.plain, prober.name())
    answer, _ = prober.create_raw(
        form[prober.facts.form["name"]], body=json.dumps(form).encode(),
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    return _was_read(prober, answer, "JSON")


def _was_read(prober: Prober, answer: TargetResponse, what: str) -> Finding:
    """Tell whether a body was read: otherwise the create lacks its required fields."""
    if accepted(answer, f"a create with a {what} body"):
        return Answered("read")
    missing = prober.once(nameless)
    if (answer.status, error_of(answer)) != (missing.status, error_of(missing)):
        return Outside(f"No: a create with a {what} body is answered {said(answer)}.")
    return Answered("not-read")


def _kept(prober: Prober, row: int | None) -> dict[str, object]:
    """Return a new handler as it is shown."""
    if row is None:
        raise Unlisted("A create is accepted and names no handler.")
    return dict(prober.retrieve(row))


PROBES = {
    "create-status": Probe("writes", _create_status),
    "write-answer": Probe("writes", _write_answer),
    "required-field-missing": Probe("writes", _required_field_missing),
    "blank-name": Probe("writes", _blank_name),
    "type-not-allowed": Probe("writes", _type_not_allowed),
    "plan-limit": Probe("writes", _plan_limit),
    "own-field-unsent": Probe("writes", _own_field_unsent),
    "malformed-contact": Probe("writes", _malformed_contact),
    "field-of-another-type": Probe("writes", _field_of_another_type),
    "is-enabled-on-create": Probe("writes", _is_enabled_on_create),
    "urlencoded-body": Probe("writes", _urlencoded_body),
    "json-body": Probe("writes", _json_body),
    "delete-status": Probe("writes", _delete_status),  # by then one was deleted
}
