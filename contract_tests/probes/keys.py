"""Probes of the questions about keys, refusals and limits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from contract_tests.document import Facts
from contract_tests.judge.verdicts import media_type, said
from contract_tests.probes.observations import (
    look_for_nobodys,
    missing_bearer,
    nameless,
    not_there,
    nowhere,
    other_method,
    other_method_without_key,
    some_id,
    type_refusal,
    unknown_type,
    wrong_key,
)
from contract_tests.probes.probe import Probe
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import (
    Answered,
    Finding,
    Outside,
    Undecided,
    Unknown,
    accepted,
    error_of,
    is_success,
    parsed,
)
from contract_tests.target.api import TargetResponse


def _bearer_case(prober: Prober) -> Finding:
    words = ("bearer",) if prober.spares else ("bearer", "BEARER")
    path = prober.facts.operation("list").path
    taken = {}
    for word in words:
        answer = prober.send("GET", path, authorization=f"{word} {prober.api.key}")
        taken[word] = accepted(answer, f"the list with the word {word}")
    if len(set(taken.values())) > 1:
        return Outside(f"Of {' and '.join(taken)} only one is taken for Bearer.")
    return Answered("any" if all(taken.values()) else "exact")


def _wrong_key_status(prober: Prober) -> Finding:
    answer = prober.once(wrong_key)
    prober.note("no_access", answer, "a list with a wrong key")
    return prober.expectations.decide(
        "wrong-key-status", answer.status, lambda facts: facts.refusal("list", "no_access").status,
        f"It is answered {said(answer)}.", said=f"{said(answer)}.",
    )  # fmt: skip


def _error_status(prober: Prober) -> Finding:
    errors = {name: error_of(answer) for name, answer in _refusals(prober).items()}
    if all(error.title is None and error.status is None for error in errors.values()):
        return Unknown("errors have another form: see the question about their titles")
    kinds = {name: type(error.status) for name, error in errors.items()}
    missing = kinds.pop("missing_bearer")
    others = set(kinds.values())
    if missing is str and others == {int}:
        return Answered("text-for-missing-bearer")
    if others == {missing} and missing in {int, str}:
        return Answered("number" if missing is int else "text")
    return Outside("The status in errors is neither always a number nor always a text.")


def _error_titles(prober: Prober) -> Finding:
    """Other titles than the documented ones are the site's, unless some of them are the documented ones."""
    answers = _refusals(prober)
    seen = {name: error_of(answer).title for name, answer in answers.items()}
    for name, answer in answers.items():
        prober.note(name, answer, _ABOUT.get(name, name.replace("_", " ")))
    odd = [name for name, title in seen.items() if title != _documented(prober.facts, name)]
    if None in seen.values():
        without = next(answer for name, answer in answers.items() if seen[name] is None)
        return Outside(f"They have another form than was assumed: {said(without)}.")
    if not odd:
        return Answered("english")
    if len(odd) < len(seen):
        return Outside(f"Of the titles only {', '.join(odd)} is none of the documented ones.")
    return Answered("site-language", f"Another one than English: {', '.join(map(repr, seen.values()))}.")


# What is refused, in words, by the refusal's name.
_ABOUT = {
    "missing_bearer": "no bearer key",
    "no_access": "an unknown key",
    "not_found": "an id that does not exist",
    "required_fields": "a create without a name",
}


def _refusals(prober: Prober) -> dict[str, TargetResponse]:
    """Return refusals that can be provoked, by name."""
    found = {
        "missing_bearer": prober.once(missing_bearer),
        "no_access": prober.once(wrong_key),
        "not_found": prober.once(not_there),
    }
    if prober.can_write:
        found["required_fields"] = prober.once(nameless)
        name, answer = type_refusal(prober.facts), prober.once(unknown_type)
        if (
            answer.status == prober.facts.refusal("create", name).status
        ):  # else its title is another question's
            found[name] = answer
    if passed := [name for name, answer in found.items() if is_success(answer)]:
        raise Undecided(f"{passed[0]} was to be provoked and was answered 2xx")
    return found


def _documented(facts: Facts, name: str) -> Any:
    return facts.document["components"]["examples"][name]["value"]["errors"][0]["title"]


def _id_not_a_number(prober: Prober) -> Finding:
    row = prober.once(some_id)
    spellings = (f"{row}abc",) if prober.spares else (f"{row}abc", f"0{row}")
    taken = {}
    for text in spellings:
        answer = prober.send("GET", prober.api.path_of("retrieve", text))
        taken[text] = accepted(answer, f"the id {text}")
    if len(set(taken.values())) > 1:
        words = {True: f"is taken for {row}", False: "is refused"}
        return Outside(f"{', '.join(f'`{text}` {words[is_taken]}' for text, is_taken in taken.items())}.")
    return Answered("cast") if all(taken.values()) else Answered("strict", f"It is answered {said(answer)}.")


def _other_methods(prober: Prober) -> Finding:
    answer = prober.once(other_method)
    finding = prober.expectations.decide(
        "other-methods", answer.status, _other_method_status, f"It is answered {said(answer)}.",
        said=f"It is answered {said(answer)}.",
    )  # fmt: skip
    if isinstance(finding, Answered):
        facts = prober.expectations.facts_with("other-methods", finding.answer) or prober.facts
        named = facts.document["x-service"]["other-methods"]
        refusal = named if isinstance(named, str) else named["row"]
        prober.note(refusal, answer, f"a {prober.facts.other_methods[0]}")
    return finding


def _other_method_status(facts: Facts) -> int:
    named = facts.document["x-service"]["other-methods"]
    name = named if isinstance(named, str) else named["row"]
    return int(facts.document["components"]["examples"][name]["value"]["errors"][0]["status"])


def _unknown_route(prober: Prober) -> Finding:
    answer = prober.once(nowhere)
    if answer.status != 404:
        return Outside(f"It is answered {said(answer)}.")
    if error_of(answer).title is not None:
        return Answered("envelope")
    if parsed(answer) is not None:
        return Outside(f"It is answered {said(answer)}.")
    return Answered("site-page", f"404 and {media_type(answer) or 'no media type'}, without JSON.")


def _rate_limit(prober: Prober) -> Finding:
    """Read the number that the answers show, which may be any; whether it is enforced is not tried."""
    header = _header(prober.facts, "quota-limit")
    limits = {answer.headers.get(header) for answer in _counted(prober)}
    shown = next(iter(limits - {None}), None)
    sentence = (
        f"A key may make {shown} requests, by the header."
        if shown
        else f"Responses have no `{header}` header."
    )
    finding = prober.expectations.decide("rate-limit", shown, _documented_limit, sentence, said=sentence)
    if isinstance(finding, Outside) and shown is not None and shown.isascii() and shown.isdigit():
        return Answered("other-number", sentence)
    return finding


def _documented_limit(facts: Facts) -> str | None:
    quota = facts.document["x-service"].get("quota")
    return str(quota["requests"]) if quota else None


def _counted(prober: Prober) -> list[TargetResponse]:
    """Return answers to requests with the run's key; one at least."""
    if not any(is_success(answer) for answer in prober.answers):
        prober.list()
    return [answer for answer in prober.answers if is_success(answer)]


def _header(facts: Facts, word: str) -> str:
    """Return the name of the header that shows a fact, in lower case."""
    headers = facts.document["components"]["headers"].items()
    return next((name.lower() for name, node in headers if node.get("x-value") == word), "")


def _retry_after(prober: Prober) -> Finding:
    if prober.limited is None:
        return Unknown("a run never exceeds a rate limit on purpose")
    return Answered("present" if "retry-after" in prober.limited.headers else "absent")


def _checks_order(prober: Prober) -> Finding:
    """Leave the key out of a request with a wrong method; then see whether a look at nothing is counted."""
    words = [_said(prober.once(look)) for look in (other_method_without_key, other_method, missing_bearer)]
    seen, by_method, by_key = words
    if seen == by_method:
        return Answered("method-first")
    if seen != by_key:
        return Outside(f"A wrong method without a key is answered {seen[0]}, as neither alone is.")
    if not _is_metered(prober):
        return Unknown("the answers do not show that requests are counted")
    left = [_left(prober, answer) for answer in _counts(prober)]
    steps = [before - after for before, after in pairwise(left)]
    found = {(1, 1): "key-first", (0, 1): "rate-after-existence"}.get((steps[0], steps[1]))
    return Answered(found) if found else Unknown("other requests were counted meanwhile")


def _counts(prober: Prober) -> Iterator[TargetResponse]:
    """Look at the list, at nothing, and at the list again: each is to be counted, so that none may be a memory."""
    yield prober.list(fresh=True, again=True)
    yield look_for_nobodys(prober, fresh=True)
    yield prober.list(fresh=True, again=True)


def _said(answer: TargetResponse) -> tuple[int, str | None]:
    return answer.status, error_of(answer).title


def _is_metered(prober: Prober) -> bool:
    name = _header(prober.facts, "quota-remaining")
    return len({answer.headers[name] for answer in prober.answers if name in answer.headers}) > 1


def _left(prober: Prober, answer: TargetResponse) -> int:
    text = answer.headers.get(_header(prober.facts, "quota-remaining"), "")
    if not text.isdigit():
        raise Undecided("an answer does not show how many requests are left")
    return int(text)


PROBES = {
    "bearer-case": Probe("reads", _bearer_case),
    "wrong-key-status": Probe("reads", _wrong_key_status),
    "error-status": Probe("reads", _error_status),
    "error-titles": Probe("reads", _error_titles),
    "id-not-a-number": Probe("reads", _id_not_a_number),
    "other-methods": Probe("writes", _other_methods),
    "unknown-route": Probe("reads", _unknown_route),
    "rate-limit": Probe("reads", _rate_limit),
    "retry-after": Probe("reads", _retry_after),
    "checks-order": Probe("writes", _checks_order),
}
