"""Learns the headers that count requests: which responses have them, and how many requests a key may make."""

from __future__ import annotations

import copy
import re
from collections import defaultdict
from collections.abc import Callable

from contract_tests.guard.exchange import KEY_VARIABLE, Exchange
from contract_tests.learning.draft import Draft, Tree
from contract_tests.learning.responses import examples, operations, own_response, resolved
from contract_tests.probes.prober import Prober

_TOO_MANY = 429
# Refusals before the key is known to be good, and those of the mock alone.
_WITHOUT_KEY = frozenset(
    {
        *("missing_bearer", "no_access", "site_page", "malformed", "violation", "timeout", "too_large"),
        "head_too_large",
    }
)
_PLACEHOLDER = re.compile(r"\{[^}]*\}")
_WORDS = ("quota-limit", "quota-remaining")


def learn_metering(prober: Prober, draft: Draft) -> None:
    """Look through all responses so far. Nothing is sent."""
    names = _names(draft.tree)
    if not names:
        return
    groups: dict[tuple[str, int], list[Exchange]] = defaultdict(list)
    for exchange in prober.exchanges:
        if _is_counted(exchange) and _is_known(draft.tree, exchange):
            groups[exchange.operation, exchange.status].append(exchange)
    _learn_limit(draft, names["quota-limit"], prober.exchanges)
    for has in (True, False):
        unlike = []
        for (operation, status), exchanges in groups.items():
            shown = {names["quota-limit"].lower() in dict(exchange.headers) for exchange in exchanges}
            known = _says(draft.tree, operation, status, names)
            if known is not None and shown == {has} and known != has:
                unlike.append((operation, status, exchanges[0]))
        _learn_responses(draft, names, unlike, has=has)
    refused = [one for each in groups.values() for one in each if one.status >= 400]
    # An unknown method may be refused before the key is checked, so it says nothing about the operations.
    _learn_refusals(draft, names, [one for one in refused if one.operation], dict(operations(draft.tree)))
    service = {"": {"responses": draft.tree["x-service"]["refusals"]}}
    _learn_refusals(draft, names, [one for one in refused if not one.operation] or refused, service)


def _learn_responses(
    draft: Draft, names: dict[str, str], unlike: list[tuple[str, int, Exchange]], *, has: bool
) -> None:
    """Learn that these responses have the headers, or lack them; each comes with an exchange that shows it."""
    if not unlike:
        return

    def change(tree: Tree) -> None:
        for operation, status, _ in unlike:
            _set(operation, status, names, has)(tree)

    what = ", ".join(f"{status} of {operation or 'another method'}" for operation, status, _ in unlike)
    says = f"The headers that count requests are {'' if has else 'not '}in these responses: {what}."
    draft.learn("rate-limit", says, [exchange for _, _, exchange in unlike], change)


def _learn_refusals(
    draft: Draft, names: dict[str, str], refused: list[Exchange], nodes: dict[str, Tree]
) -> None:
    """If all refusals of a good key have the headers, or none has, presume the same of those that were not seen."""
    shown = {names["quota-limit"].lower() in dict(exchange.headers) for exchange in refused}
    if len(shown) != 1:
        return
    wanted = shown.pop()
    places = [
        (operation, int(code))
        for operation, node in nodes.items()
        for code in node["responses"]
        if 400 <= int(code) < 500
        and int(code) != _TOO_MANY
        and _is_of_the_api(draft.tree, operation, int(code))
    ]
    unlike = [place for place in places if _says(draft.tree, *place, names) != wanted]
    if not unlike:
        return

    def change(tree: Tree) -> None:
        for operation, status in unlike:
            _set(operation, status, names, wanted)(tree)

    what = "Refusals of a good key have" if "" not in nodes else "Refusals that no operation declares have"
    says = f"{what} {'' if wanted else 'none of '}the headers that count, where they were seen."
    draft.learn("rate-limit", says, refused[:1], change)


def _is_of_the_api(tree: Tree, operation: str, status: int) -> bool:
    """Tell whether a refusal is one of the API's, rather than one of the key itself, which has no such headers."""
    named = examples(tree, _responses(tree, operation)[str(status)])
    return not set(named) <= _WITHOUT_KEY


def _names(tree: Tree) -> dict[str, str]:
    """Return the names of the headers by `x-value` word; nothing if the document counts nothing."""
    if tree["x-service"].get("quota") is None:
        return {}
    declared = tree["components"].get("headers", {})
    return {node["x-value"]: name for name, node in declared.items() if node.get("x-value") in _WORDS}


def _is_counted(exchange: Exchange) -> bool:
    """Tell whether a request reached the API with the run's own key. Others are not counted."""
    if dict(exchange.request_headers).get("Authorization") != f"Bearer {KEY_VARIABLE}":
        return False
    page = "html" in dict(exchange.headers).get("content-type", "")
    return exchange.status not in {0, _TOO_MANY} and not page


def _is_known(tree: Tree, exchange: Exchange) -> bool:
    """Tell whether a request went to a path as the document spells it.

    The API may not know another spelling, and may refuse it without counting.
    """
    if exchange.operation and exchange.operation not in dict(operations(tree)):
        return False
    path = exchange.url.partition("?")[0]
    known = ("[^/]+".join(map(re.escape, _PLACEHOLDER.split(each))) for each in tree["paths"])
    return any(re.search(f"{pattern}\\Z", path) for pattern in known)


def _responses(tree: Tree, operation: str) -> Tree:
    if not operation:
        found: Tree = tree["x-service"]["refusals"]
        return found
    responses: Tree = dict(operations(tree))[operation]["responses"]
    return responses


def _says(tree: Tree, operation: str, status: int, names: dict[str, str]) -> bool | None:
    """Tell whether a response has the headers; None if no such response came."""
    if operation and operation not in dict(operations(tree)):
        return None
    node = _responses(tree, operation).get(str(status))
    return None if node is None else names["quota-limit"] in resolved(tree, node).get("headers", {})


def _set(operation: str, status: int, names: dict[str, str], wanted: bool) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        response = own_response(tree, _responses(tree, operation), status)
        headers = copy.deepcopy(response.get("headers", {}))
        for name in names.values():
            headers.pop(name, None)
            if wanted:
                headers[name] = {"$ref": f"#/components/headers/{name}"}
        response["headers"] = headers

    return change


def _learn_limit(draft: Draft, name: str, exchanges: list[Exchange]) -> None:
    """Learn the limit that is shown."""
    for exchange in exchanges:
        text = dict(exchange.headers).get(name.lower(), "")
        if text.isdigit() and int(text) != draft.tree["x-service"]["quota"]["requests"]:
            says = f"{name} is {text}."
            draft.learn("rate-limit", says, (exchange,), _quota(int(text)))
            return


def _quota(requests: int) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        tree["x-service"]["quota"]["requests"] = requests

    return change
