"""Probes of the questions about keys, refusals and limits."""

from __future__ import annotations

from typing import Any

from mock_server import Rules
from mock_server.state.world import World
from tests.questions.probe import Probe
from tests.semantics.client import BASE, Client, Reply

NOT_FOUND = "The resource you are looking for does not exist."
NO_ACCESS = "You do not have access to the API."
WAIT = "You reached the limit of requests in one minute, please wait."


def error(reply: Reply) -> list[Any]:
    """Return the status on the wire, the one in the body, and the title."""
    (element,) = reply.json["errors"]
    return [reply.status, element["status"], element["title"]]


def bearer_case(client: Client) -> Any:
    return [
        client.get(HTTP_AUTHORIZATION=f"{word} {client.key}").status
        for word in ("Bearer", "bearer", "BEARER")
    ]


def wrong_key_status(client: Client) -> Any:
    stranger = client.other("real-key")
    return [error(stranger.get())[:2], error(stranger.create(name="N", type="email"))[:2]]


def error_status(client: Client) -> Any:
    missing = client.get(HTTP_AUTHORIZATION=None)
    too_large = client.post("", [(f"f{number}", "") for number in range(1001)])
    replies = [missing, client.other("real-key").get(), client.get("/9"), client.create(), too_large]
    return [error(reply)[1] for reply in replies]


def error_titles(client: Client) -> Any:
    missing = client.get(HTTP_AUTHORIZATION=None)
    replies = [
        missing,
        client.other("real-key").get(),
        client.create(),
        client.create(name="N", type="pigeon"),
    ]
    limited = [client.get("/9"), *(client.get() for _ in range(9))]
    return [reply.title for reply in (*replies, limited[0], limited[-1])]


def id_not_a_number(client: Client) -> Any:
    spellings = ("1", "abc", "1abc", "01", "1.9", "%201")
    shown = [client.get(f"/{text}").status for text in spellings]
    changed = [client.update(text, name="M").status for text in spellings]
    return [shown, changed, client.delete("1abc").status]


def other_methods(client: Client) -> Any:
    replies = [
        client.call(*request)
        for request in (("PUT", f"{BASE}/1"), ("PATCH", f"{BASE}/1"), ("DELETE", BASE), ("PUT", BASE))
    ]
    return [error(reply) for reply in replies]


def unknown_route(client: Client) -> Any:
    reply = client.call("GET", "/api/no-such-thing", HTTP_AUTHORIZATION=None)
    kind = reply.headers["content-type"]
    return [reply.status, kind, reply.title if kind == "application/json" else reply.body[:15].decode()]


def rate_limit(client: Client) -> Any:
    replies = [client.get() for _ in range(4)]
    last = replies[-1]
    names = ("x-ratelimit-limit", "x-ratelimit-remaining")
    # A world without a rule of its own has the document's number.
    world = client.world
    documented = World(world.contract, Rules(), world.stores).quota
    return [
        [reply.status for reply in replies],
        *(replies[0].headers.get(name) for name in names),
        last.status,
        documented and documented.requests,
    ]


def retry_after(client: Client) -> Any:
    client.world.clock.freeze(1000.0)
    client.get()
    client.world.clock.advance(18)
    headers = client.get().headers
    return [headers["x-ratelimit-reset"], headers.get("retry-after")]


def checks_order(client: Client) -> Any:
    no_key = client.call("PUT", f"{BASE}/1", HTTP_AUTHORIZATION=None)
    remaining = [reply.headers.get("x-ratelimit-remaining") for reply in (client.get("/9"), client.get("/1"))]
    return [no_key.status, remaining]


def trailing_slash(client: Client) -> Any:
    requests = (("GET", f"{BASE}/1/?a=b"), ("POST", f"{BASE}/1/"), ("GET", BASE), ("GET", f"{BASE}/"))
    replies = [client.call(*request) for request in requests]
    return [[reply.status, reply.headers.get("location")] for reply in replies]


_POLISH = [
    "W żądaniu brakuje nagłówka Bearer Authentication.",
    "Nie masz dostępu do API.",
    "Musisz wypełnić wszystkie wymagane pola.",
    "Przekroczono limity Twojego planu.",
    "Zasób, którego szukasz, nie istnieje.",
    "Osiągnięto limit żądań na minutę, proszę czekać.",
]
_ENGLISH = [
    "The request is missing the Bearer Authentication header.",
    NO_ACCESS,
    "You must fill all the required fields.",
    "Your have exceeded the limits of your current plan.",
    NOT_FOUND,
    WAIT,
]
_FOUND = [[200, None]] * 2

PROBES = {
    "bearer-case": Probe(bearer_case, {"exact": [200, 401, 401], "any": [200, 200, 200]}),
    "wrong-key-status": Probe(
        wrong_key_status, {"unauthorized": [[401, 401]] * 2, "forbidden": [[403, 403]] * 2}
    ),
    "error-status": Probe(
        error_status,
        {
            "text-for-missing-bearer": ["401", 401, 404, 401, 413],
            "number": [401, 401, 404, 401, 413],
            "text": ["401", "401", "404", "401", "413"],
        },
    ),
    "error-titles": Probe(
        error_titles, {"english": _ENGLISH, "site-language": _POLISH}, rules=Rules(quota=9)
    ),
    "id-not-a-number": Probe(
        id_not_a_number,
        {
            "cast": [[200, 404, 200, 200, 200, 200]] * 2 + [200],
            "strict": [[200, 404, 404, 404, 404, 404]] * 2 + [404],
        },
    ),
    "other-methods": Probe(
        other_methods,
        {
            "not-found": [[404, 404, NOT_FOUND]] * 4,
            "not-allowed": [[405, 405, "The method is not allowed."]] * 4,
        },
    ),
    "unknown-route": Probe(
        unknown_route,
        {
            "site-page": [404, "text/html", "<!DOCTYPE html>"],
            "envelope": [404, "application/json", NOT_FOUND],
        },
    ),
    "rate-limit": Probe(
        rate_limit,
        {
            "sixty-a-minute": [[200, 200, 200, 429], "3", "2", 429, 60],
            "other-number": [[200, 200, 200, 429], "3", "2", 429, 600],
            "none": [[200] * 4, None, None, 200, None],
        },
        rules=Rules(quota=3),
    ),
    "retry-after": Probe(
        retry_after, {"absent": ["42", None], "present": ["42", "42"]}, rules=Rules(quota=1)
    ),
    "checks-order": Probe(
        checks_order,
        {
            "key-first": [401, ["8", "7"]],
            "method-first": [404, ["8", "7"]],
            "rate-after-existence": [401, ["9", "8"]],
        },
        rules=Rules(quota=9),
    ),
    "trailing-slash": Probe(
        trailing_slash,
        {
            "same": [[200, None], [200, None], *_FOUND],
            "redirect": [[301, f"{BASE}/1?a=b"], [301, f"{BASE}/1"], *_FOUND],
            "distinct": [[404, None], [404, None], *_FOUND],
        },
    ),
}
