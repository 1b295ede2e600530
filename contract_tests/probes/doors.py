"""Probes of the questions about keys, paths, refusals, headers, and how JSON is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from contract_tests.document import Facts
from contract_tests.judge.verdicts import media_type, said
from contract_tests.probes.observations import (
    ORIGIN,
    first_page,
    handler,
    look_for_nobodys,
    missing_bearer,
    nameless,
    not_there,
    nowhere,
    other_method,
    other_method_without_key,
    preflight,
    some_id,
    type_refusal,
    unknown_type,
    wide_response,
    wrong_key,
)
from contract_tests.probes.prober import Probe, Prober
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
    told,
)
from contract_tests.target.api import TargetResponse


def _bearer_case(prober: Prober) -> Finding:
    path, taken = prober.facts.operation("list").path, dict[str, bool]()
    for word in ("bearer", "BEARER")[: 1 if prober.spares else None]:
        response = prober.send("GET", path, authorization=f"{word} {prober.api.key}")
        taken[word] = accepted(response, f"the list with the word {word}")
    if len(set(taken.values())) > 1:
        return Outside(f"Of {' and '.join(taken)} only one is taken for Bearer.")
    return Answered("any" if all(taken.values()) else "exact")


def _wrong_key_status(prober: Prober) -> Finding:
    response = prober.once(wrong_key)
    prober.note("no_access", response, "a list with a wrong key")
    return prober.expectations.decide(
        "wrong-key-status", response.status, lambda facts: facts.refusal("list", "no_access").status,
        f"It returns {said(response)}.", said=f"{said(response)}.",
    )  # fmt: skip


def _error_status(prober: Prober) -> Finding:
    errors = {name: error_of(response) for name, response in _refusals(prober).items()}
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
    """Compare titles with the documented ones: they are the site's own if all of them differ."""
    responses = _refusals(prober)
    seen = {name: error_of(response).title for name, response in responses.items()}
    for name, response in responses.items():
        prober.note(name, response, _ABOUT.get(name, name.replace("_", " ")))
    examples = prober.facts.document["components"]["examples"]
    odd = [name for name in seen if seen[name] != examples[name]["value"]["errors"][0]["title"]]
    if None in seen.values():
        without = next(response for name, response in responses.items() if seen[name] is None)
        return Outside(f"They have another form than was assumed: {said(without)}.")
    if not odd:
        return Answered("english")
    if len(odd) < len(seen):
        return Outside(f"Only the title of {', '.join(odd)} differs from the documented one.")
    return Answered(
        "site-language", f"Others than the documented ones: {', '.join(map(repr, seen.values()))}."
    )


# By the name of a refusal, what is refused, in words.
_ABOUT: Mapping[str, str] = {
    "missing_bearer": "no bearer key",
    "no_access": "an unknown key",
    "not_found": "an id that does not exist",
    "required_fields": "a create without a name",
}


def _refusals(prober: Prober) -> dict[str, TargetResponse]:
    """Return the refusals that can be provoked, by name."""
    found = {
        "missing_bearer": prober.once(missing_bearer),
        "no_access": prober.once(wrong_key),
        "not_found": prober.once(not_there),
    }
    if prober.can_write:
        found["required_fields"] = prober.once(nameless)
        name, response = type_refusal(prober.facts), prober.once(unknown_type)
        # If the status differs, another question is about the title.
        found |= {name: response} if response.status == prober.facts.refusal("create", name).status else {}
    if passed := [name for name, response in found.items() if is_success(response)]:
        raise Undecided(f"{passed[0]} was to be provoked and returned 2xx")
    return found


def _id_not_a_number(prober: Prober) -> Finding:
    row, taken = prober.once(some_id), dict[str, bool]()
    for text in (f"{row}abc", f"0{row}")[: 1 if prober.spares else None]:
        response = prober.send("GET", prober.api.path_of("retrieve", text))
        taken[text] = accepted(response, f"the id {text}")
    if len(set(taken.values())) > 1:
        words = {True: f"is taken for {row}", False: "is refused"}
        return Outside(f"{', '.join(f'`{text}` {words[is_taken]}' for text, is_taken in taken.items())}.")
    return Answered("cast") if all(taken.values()) else Answered("strict", f"It returns {said(response)}.")


def _other_methods(prober: Prober) -> Finding:
    response = prober.once(other_method)
    sentence = f"It returns {said(response)}."
    finding = prober.expectations.decide(
        "other-methods", response.status, lambda facts: facts.service_refusal("other-methods").status,
        sentence, said=sentence,
    )  # fmt: skip
    if isinstance(finding, Answered):
        facts = prober.expectations.facts_with("other-methods", finding.answer) or prober.facts
        refusal = facts.service_refusal("other-methods").name
        prober.note(refusal, response, f"a {prober.facts.other_methods[0]}")
    return finding


def _unknown_route(prober: Prober) -> Finding:
    response = prober.once(nowhere)
    if response.status != 404:
        return Outside(f"It returns {said(response)}.")
    if error_of(response).title is not None:
        return Answered("envelope")
    if parsed(response) is not None:
        return Outside(f"It returns {said(response)}.")
    return Answered("site-page", f"404 and {media_type(response) or 'no media type'}, without JSON.")


def _rate_limit(prober: Prober) -> Finding:
    """Read the limit that the responses show. Whether it is enforced is not tried."""
    if not any(map(is_success, prober.responses)):
        prober.list()
    shown = next(iter(_quota(prober, "quota-limit")), None)
    sentence = f"A key may make {shown} requests, by the header."
    if shown is None:
        alike = {
            name: text for one in prober.responses for name, text in one.headers.items() if _QUOTA in name
        }
        sentence = f"Responses have no `{_header(prober.facts, 'quota-limit')}` header"
        sentence += (
            f", but {', '.join(f'`{name}: {text}`' for name, text in alike.items())}." if alike else "."
        )
    finding = prober.expectations.decide("rate-limit", shown, _documented_limit, sentence, said=sentence)
    if isinstance(finding, Outside) and shown is not None and shown.isascii() and shown.isdigit():
        return Answered("other-number", sentence)
    return finding


_QUOTA = "ratelimit"  # in the names of headers that an IETF draft defines


def _documented_limit(facts: Facts) -> str | None:
    quota = facts.document["x-service"].get("quota")
    return str(quota["requests"]) if quota else None


def _header(facts: Facts, word: str) -> str:
    """Return the name of the header that shows a fact (its `x-value` word), in lower case."""
    headers = facts.document["components"]["headers"].items()
    return next((name.lower() for name, node in headers if node.get("x-value") == word), "")


def _quota(prober: Prober, word: str, *responses: TargetResponse) -> list[str]:
    """Return the values of the header with an `x-value` word in responses; by default in all successes so far."""
    name = _header(prober.facts, word)
    asked = responses or tuple(filter(is_success, prober.responses))
    return [response.headers[name] for response in asked if name in response.headers]


def _retry_after(prober: Prober) -> Finding:
    if prober.limited is None:
        return Unknown("a run never exceeds a rate limit on purpose")
    return Answered("present" if "retry-after" in prober.limited.headers else "absent")


def _checks_order(prober: Prober) -> Finding:
    """Send a wrong method without a key. Then see whether the retrieve of an unknown id is counted."""
    seen, by_method, by_key = map(prober.once, (other_method_without_key, other_method, missing_bearer))
    if told(seen) == told(by_method):
        return Answered("method-first")
    if (seen.status, error_of(seen).title) != (by_key.status, error_of(by_key).title):
        return Outside(f"A wrong method without a key returns {said(seen)}, as neither alone is.")
    if len(set(_quota(prober, "quota-remaining", *prober.responses))) < 2:
        return Unknown("the answers do not show that requests are counted")
    # The list, nothing, and the list again: each is to be counted, so that none may be a memory.
    first = prober.list(fresh=True, again=True)
    nothing = look_for_nobodys(prober, fresh=True)
    shown = _quota(prober, "quota-remaining", first, nothing, prober.list(fresh=True, again=True))
    if len(shown) < 3 or not all(map(str.isdigit, shown)):
        raise Undecided("an answer does not show how many requests are left")
    counted = [before - after for before, after in pairwise(map(int, shown))]
    found = {(1, 1): "key-first", (0, 1): "rate-after-existence"}.get((counted[0], counted[1]))
    return Answered(found) if found else Unknown("other requests were counted meanwhile")


_PLAIN_SLASH = re.compile(rb"(?<!\\)/")
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)


def _trailing_slash(prober: Prober) -> Finding:
    """Retrieve a handler with a slash at the end of its path, and get the list in its other spelling.

    That the list exists in both spellings says nothing, since both may be documented.
    """
    path = prober.facts.operation("list").path
    others = [each.path for each in prober.facts.of_kind("list") if each.is_spelling]
    try:
        path, shows_all = prober.api.path_of("retrieve", prober.once(some_id)) + "/", True
    except Undecided:
        path, shows_all = path.removesuffix("/") if path.endswith("/") else path + "/", False
    response = prober.send("GET", path)
    if 300 <= response.status < 400:
        return Answered("redirect", f"`{path}` is redirected ({response.status}).")
    if not accepted(response, "a path with a slash at its end"):
        return Answered("distinct", f"`{path}` returns {said(response)}.")
    if shows_all and prober.can_write and not prober.spares:
        create = prober.facts.operation("create").path
        other = create.removesuffix("/") if create.endswith("/") else create + "/"
        form = prober.kinds.form(prober.kinds.mailbox, None)
        response, _ = prober.create_raw("", path=other, form=form)
        if told(response) != told(prober.once(nameless)):
            return Outside(f"Nothing for a handler, but a create at `{other}` returns {said(response)}.")
    for other in () if prober.spares else others:
        listed = prober.send("GET", other)
        if shows_all and not is_success(listed):
            return Outside(
                f"A handler's path may end in a slash, and the list at `{other}` returns {said(listed)}."
            )
    return Answered("same") if shows_all else Unknown("the account has no handler to look at")


def _response_charset(prober: Prober) -> Finding:
    named = prober.once(first_page).response.headers.get("content-type", "")
    found = _CHARSET.search(named)
    if found is None:
        types = [one.headers.get("content-type", "") for one in prober.responses if one.status >= 400]
        named = next((each for each in types if "json" in each and _CHARSET.search(each)), "")
        return Answered("none", f"Not in successes; in errors it is `{named}`." if named else "")
    return Answered("utf-8") if found[1].lower() == "utf-8" else Outside(f"Content-Type is {named!r}.")


def _json_escapes(prober: Prober) -> Finding:
    """Look at the slashes in links, and at letters beyond ASCII in the name of the prober's handler."""
    page = prober.once(first_page).response.body
    escaped = {"slashes": b"\\/" in page and not _PLAIN_SLASH.search(page)}
    if prober.can_write:
        escaped["letters"] = prober.once(handler).raw.isascii()
    if len(set(escaped.values())) > 1:
        one = next(what for what, is_escaped in escaped.items() if is_escaped)
        return Outside(f"JSON escapes only {one}.")
    return Answered("php" if all(escaped.values()) else "plain")


def _cors(prober: Prober) -> Finding:
    allowed = prober.once(wide_response).headers.get("access-control-allow-origin")
    if allowed is None:
        return Answered("closed")
    if allowed not in {"*", ORIGIN}:
        return Outside(f"Only pages of {allowed} may call the API.")
    if prober.can_write and not is_success(response := prober.once(preflight)):
        return Outside(f"Any page may call the API, but a preflight returns {response.status}.")
    return Answered("open")


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
    "trailing-slash": Probe("reads", _trailing_slash),
    "response-charset": Probe("reads", _response_charset),
    "json-escapes": Probe("reads", _json_escapes),
    "cors": Probe("reads", _cors),
}
