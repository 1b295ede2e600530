"""Learns what a slash at the end of a path changes: nothing; or it is redirected, or it is another path.

The list, creates and rows may differ in this.
"""

from __future__ import annotations

import copy
import html
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from contract_tests.learning.draft import Draft, Tree
from contract_tests.learning.responses import operations
from contract_tests.probes.observations import handler, nameless
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import Undecided, Unlisted, is_success
from contract_tests.target.api import TargetResponse

_ABOUT = "trailing-slash"
_DISTINCT = "distinct"


def learn_row_redirect(prober: Prober, draft: Draft) -> None:
    """Learn how a row is redirected to the other spelling of its path."""
    if draft.tree["x-service"][_ABOUT] != "redirect":
        return
    path = prober.api.path_of("retrieve", prober.once(handler).id)
    response, seen = prober.watch(lambda asking: asking.send("GET", f"{path}/"))
    words = _look(response)
    if 300 <= response.status < 400 and words != {"status": 301, "location": "path"}:
        shown = "a path as" if words["location"] == "path" else "an absolute"
        says = f"Redirects are {response.status} with {shown} Location."
        draft.learn(_ABOUT, says, seen[-1:], lambda tree: tree["x-service"].update(redirect=words))


def learn_list_spellings(prober: Prober, draft: Draft) -> None:
    """Get the list at its other documented spelling. If that does not list, it is not an operation."""
    for path, item in list(draft.tree["paths"].items()):
        if "x-spelling-of" not in item.get("get", {}):
            continue
        response, seen = prober.watch(lambda asking, path=path: asking.send("GET", path))  # type: ignore[misc]
        if 300 <= response.status < 400 and _leads_to(prober, draft.facts.operation("list").path, response):
            says = f"The list at {path} is redirected ({response.status})."
            words = _look(response) | _after(prober, path, response)
            words |= _heads(prober, draft, path, is_presumed="text" in words)
            draft.learn(_ABOUT, says, seen, _apart("list", response.status, words, without=path))
        elif not is_success(response):
            says = f"The list at {path} returns {response.status}."
            is_path = response.status == 405
            change = _apart("list", _DISTINCT, {}, without=path)
            draft.learn(_ABOUT, says, seen, _as_path(path) if is_path else change)


def learn_create_spelling(prober: Prober, draft: Draft) -> None:
    """Create without a name at the other spelling of the path, where it should be refused as at the path itself."""
    create, slash = draft.facts.operation("create"), draft.tree["x-service"][_ABOUT]
    other = create.path.removesuffix("/") if create.path.endswith("/") else f"{create.path}/"
    if "post" in draft.tree["paths"].get(other, {}):
        return
    refused = prober.once(nameless)
    form = prober.kinds.form(prober.kinds.mailbox, None)
    response, row = prober.create_raw("", path=other, form=form)
    seen, status = prober.exchanges[-1:], response.status
    if row is not None:
        prober.retrieve(row, renamed=True)
        prober.discard(row)
    says = f"A create at {other} returns {status}."
    if status == refused.status and slash != "same":

        def change(tree: Tree) -> None:
            node = copy.deepcopy(dict(operations(tree))[create.id])
            spelling = {"operationId": f"{create.id}_other_spelling", "x-spelling-of": create.id}
            tree["paths"].setdefault(other, {})["post"] = {**node, **spelling}

        draft.learn(_ABOUT, says, seen, change)
    elif status == 405 and slash != "same":
        draft.learn(_ABOUT, says, seen, lambda tree: tree["x-service"].update({"distinct-spelling": "path"}))
    elif 300 <= status < 400:
        known = draft.tree["x-service"].get("redirect", {"status": 301})
        if slash != "redirect" or known["status"] != status:
            draft.learn(_ABOUT, says, seen, _apart("create", status, _look(response)))
    elif status != refused.status and slash != _DISTINCT:
        draft.learn(_ABOUT, says, seen, _apart("create", _DISTINCT, {}))


def _leads_to(prober: Prober, path: str, response: TargetResponse) -> bool:
    """Tell whether a redirect leads to a path of the target, whose address differs from the guard's."""
    location, hosts = urlsplit(response.headers.get("location", "")), {""}
    hosts |= {urlsplit(url).netloc for url in (prober.api.base_url, prober.url)}
    return location.path == urlsplit(prober.api.base_url).path + path and location.netloc in hosts


def _look(response: TargetResponse) -> dict[str, Any]:
    """Return the words that say how a redirect looks."""
    location = response.headers.get("location", "")
    words = {"status": response.status, "location": "path" if location.startswith("/") else "absolute"}
    text = response.body.decode(errors="replace")
    if response.body:
        shown = html.escape(location) if html.escape(location) in text else location
        words["text"] = text.replace(shown, "{location}")
    if "content-type" in response.headers:
        words["media-type"] = response.headers["content-type"]
    return words


def _heads(prober: Prober, draft: Draft, path: str, *, is_presumed: bool) -> dict[str, Any]:
    """Return the word for a redirect of HEAD, which a row may refuse instead.

    If a guard lets no HEAD of the list through, it is presumed to be redirected if the redirect has a body: such
    redirects are made by servers in front of an application.
    """
    if draft.tree["x-service"].get("head") == "as-get" or prober.spares:
        return {}
    try:
        return {"heads": True} if 300 <= prober.send("HEAD", path, fresh=True).status < 400 else {}
    except (Undecided, Unlisted) as no:
        how = "redirected as a GET is" if is_presumed else "treated as any HEAD"
        draft.unasked.append(f"HEAD of the list: {no}; it is taken to be {how}.")
        return {"heads": True} if is_presumed else {}


def _after(prober: Prober, path: str, response: TargetResponse) -> dict[str, str]:
    """Return the word for a redirect that only requests with a good key get."""
    try:
        keyless = prober.send("GET", path, fresh=True, authorization=None)
    except (Undecided, Unlisted):
        keyless = response
    return {"after": "key"} if keyless.status in {401, 403} else {}


def _apart(
    behaviour: str, status: int | str, words: dict[str, Any], *, without: str = ""
) -> Callable[[Tree], None]:
    """Return a change that redirects one operation in its own way; `words` are those for all operations so far."""

    def change(tree: Tree) -> None:
        if without:
            del tree["paths"][without]["get"]
        service = tree["x-service"]
        redirect = {
            **words,
            **service.get("redirect", {"status": 301, "location": "path"} if not words else {}),
        }
        service["redirect"] = redirect | {"of": {**redirect.get("of", {}), behaviour: status}}

    return change


def _as_path(path: str) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        del tree["paths"][path]["get"]
        tree["x-service"]["distinct-spelling"] = "path"

    return change
