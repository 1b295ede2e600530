"""Probes of the questions about paths, headers and JSON on the wire."""

from __future__ import annotations

import re

from contract_tests.judge.verdicts import said
from contract_tests.probes.observations import ORIGIN, first_page, handler, preflight, some_id, wide_answer
from contract_tests.probes.probe import Probe
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import Answered, Finding, Outside, Undecided, Unknown, accepted, is_success

_PLAIN_SLASH = re.compile(rb"(?<!\\)/")
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)


def _trailing_slash(prober: Prober) -> Finding:
    """Look at a handler, whose path is documented without a slash at its end; without one, at the list without its own.

    A list that is there in both spellings says nothing: it may be documented in both.
    """
    path = prober.facts.operation("list").path
    try:
        path, shows_all = prober.api.path_of("retrieve", prober.once(some_id)) + "/", True
    except Undecided:
        path, shows_all = path.removesuffix("/") if path.endswith("/") else path + "/", False
    answer = prober.send("GET", path)
    if 300 <= answer.status < 400:
        return Answered("redirect", f"`{path}` is redirected ({answer.status}).")
    if not accepted(answer, "a path with a slash at its end"):
        return Answered("distinct", f"`{path}` is answered {said(answer)}.")
    return Answered("same") if shows_all else Unknown("the account has no handler to look at")


def _response_charset(prober: Prober) -> Finding:
    named = prober.once(first_page).answer.headers.get("content-type", "")
    found = _CHARSET.search(named)
    if found is None:
        of_errors = {
            answer.headers.get("content-type", "") for answer in prober.answers if answer.status >= 400
        }
        named = next(filter(_CHARSET.search, sorted(of_errors)), "")
        return Answered("none", f"Not in successes; in errors it is `{named}`." if named else "")
    return Answered("utf-8") if found[1].lower() == "utf-8" else Outside(f"Content-Type is {named!r}.")


def _json_escapes(prober: Prober) -> Finding:
    """Links have slashes; the name of the prober's own handler has letters beyond ASCII."""
    page = prober.once(first_page).answer.body
    escaped = {"slashes": b"\\/" in page and not _PLAIN_SLASH.search(page)}
    if prober.can_write:
        escaped["letters"] = prober.once(handler).raw.isascii()
    if len(set(escaped.values())) > 1:
        one = next(what for what, is_escaped in escaped.items() if is_escaped)
        return Outside(f"JSON escapes only {one}.")
    return Answered("php" if all(escaped.values()) else "plain")


def _cors(prober: Prober) -> Finding:
    allowed = prober.once(wide_answer).headers.get("access-control-allow-origin")
    if allowed is None:
        return Answered("closed")
    if allowed not in {"*", ORIGIN}:
        return Outside(f"Only pages of {allowed} may call the API.")
    if prober.can_write and not is_success(answer := prober.once(preflight)):
        return Outside(f"Any page may call the API, but a preflight is answered {answer.status}.")
    return Answered("open")


PROBES = {
    "trailing-slash": Probe("reads", _trailing_slash),
    "response-charset": Probe("reads", _response_charset),
    "json-escapes": Probe("reads", _json_escapes),
    "cors": Probe("reads", _cors),
}
