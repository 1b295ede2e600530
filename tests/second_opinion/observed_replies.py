"""How to observe the answers about lists, replies, keys, limits and the wire."""

from tests.second_opinion.client import Answer, Client
from tests.second_opinion.observed_writes import ONE, Observations, created, outcome, stored

BOTH = "results_per_page=10&page=1"


def order(client: Client) -> object:
    rows = client.list()["data"]
    return rows[0]["id"] < rows[1]["id"]


def refused_or(client: Client, query: str, *keys: str) -> object:
    """List; return the refusal's status, or members of the page: `meta.page`."""
    answer = client.ask("GET", f"/?{query}")
    if answer.status >= 400:
        return answer.status
    page = answer.json
    return [page[group][key] for group, key in (name.split(".") for name in keys)]


def query_of(client: Client, query: str) -> str:
    return str(client.list(query)["links"]["self"]).partition("notification-handlers")[2]


def lower_case_bearer(client: Client) -> int:
    return client.ask("GET", "/", headers={"Authorization": f"bearer {client.key}"}).status


def stranger(client: Client, key: str | None) -> Answer:
    return Client(client.service, key).ask("GET", "/")


def statuses_in_errors(client: Client) -> object:
    errors = [stranger(client, None), client.ask("GET", "/1")]
    return [answer.json["errors"][0]["status"] for answer in errors]


def ids_that_are_no_numbers(client: Client) -> object:
    row_id = client.create()
    spellings = (f"{row_id}", f"{row_id}abc", f"0{row_id}", f"{row_id}.9", "abc")
    return [client.ask("GET", f"/{text}").status for text in spellings]


def until_429(client: Client) -> Answer:
    while (answer := client.ask("GET", "/")).status == 200:
        pass
    return answer


def limit_headers(client: Client) -> object:
    names = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After")
    calls = [client.ask("GET", "/") for _ in range(41)]
    return calls[-1].status, {name: calls[-1].headers[name] for name in names}


def what_comes_first(client: Client) -> object:
    without_key = Client(client.service, None).ask("PUT", "/").status
    left = [int(client.ask("GET", path).headers["X-RateLimit-Remaining"]) for path in ("/", "/1", "/")]
    return without_key, left[0] - left[-1]


def other_spellings(client: Client) -> object:
    row_id = client.create()
    answers = [
        client.ask("GET", "?page=1"),
        client.ask("GET", f"/{row_id}/"),
        client.ask("POST", "/", ONE),
        client.ask("DELETE", f"/{row_id}/"),
    ]
    return [
        (answer.status, (answer.headers["Location"] or "").replace(str(row_id), "ID")) for answer in answers
    ]


def preflight(client: Client) -> object:
    leave = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}
    answer = Client(client.service, None).ask("OPTIONS", "", headers=leave)
    return answer.status, client.ask("GET", "/").headers["Access-Control-Allow-Origin"]


def escapes(client: Client) -> object:
    row_id = client.create(name="ż/☎")
    body = client.ask("GET", f"/{row_id}").body
    return [text in body for text in (b"\\u017c\\/\\u260e", "ż/☎".encode())]


def times(client: Client) -> tuple[str, str | None]:
    row_id = client.create()
    client.update(row_id, name="Two")
    return client.show(row_id)["datetime"], client.show(row_id)["last_datetime"]


def secrets(client: Client) -> object:
    telegram = stored(client, "settings", type="telegram", telegram="1:A", telegram_chat_id="-1")
    return telegram, stored(client, "settings")


def pages_of_nothing(client: Client) -> object:
    page = Client(client.service, "empty-key").list()
    return page["meta"]["total_pages"], page["links"]["last"] and page["links"]["last"].partition("?")[2]


def unknown_route(client: Client) -> object:
    answer = Client(client.service, None).ask("GET", "s", root="/api/other")
    return answer.status, answer.headers.get_content_type()


def members(client: Client) -> object:
    handler = created(client)
    assert isinstance(handler, dict)
    return len(handler), handler.get("user_id")


PREFIX = "/api/notification-handlers"
REPLIES: Observations = {
    "list-order": (order, {"newest-first": False, "oldest-first": True}),
    "page-not-valid": (
        lambda c: [refused_or(c, f"page={text}", "meta.page") for text in ("0", "-2", "abc")],
        {"first-page": [[1]] * 3, "refused": [400] * 3},
    ),
    "page-beyond-last": (
        lambda c: (refused_or(c, "page=9", "meta.page", "links.next"), len(c.list("page=9")["data"])),
        {"empty": ([9, None], 0), "last-page": ([1, None], 3)},
    ),
    "page-size-not-allowed": (
        lambda c: refused_or(c, "results_per_page=11", "meta.results_per_page"),
        {"default": [25], "refused": 400},
    ),
    "empty-list": (
        pages_of_nothing,
        {"no-pages": (0, None), "one-page": (1, "page=1")},
    ),
    "links-repeat-parameters": (
        lambda c: query_of(c, "page=1&results_per_page=10"),
        {"accepted": "?results_per_page=10&page=1", "none": "?page=1"},
    ),
    "links-opening": (
        lambda c: [query_of(c, ""), query_of(c, BOTH)],
        {
            "question-mark": ["?page=1", f"?{BOTH}"],
            "question-mark-ampersand": ["?&page=1", f"?{BOTH}"],
        },
    ),
    "meta-page": (
        lambda c: [c.list(query)["meta"]["page"] for query in ("page=1", "")],
        {"integer": [1, 1], "raw-text": ["1", 1]},
    ),
    "meta-total": (
        lambda c: [c.list()["meta"].get(key) for key in ("total", "total_results")],
        {"total": [3, None], "total-results": [None, 3]},
    ),
    "user-id": (members, {"absent": (7, None), "present": (8, 812)}),
    "is-enabled-in-replies": (lambda c: repr(stored(c, "is_enabled")), {"boolean": "True", "integer": "1"}),
    "settings-of-internal-notification": (
        lambda c: stored(c, "settings", type="internal_notification"),
        {"empty-text": {"internal_notification": ""}, "empty-object": {}, "empty-array": []},
    ),
    "secrets-in-replies": (
        secrets,
        {
            "shown": ({"telegram": "1:A", "telegram_chat_id": "-1"}, {"email": "one@example.com"}),
            "masked": ({"telegram": "***", "telegram_chat_id": "-1"}, {"email": "one@example.com"}),
        },
    ),
    "last-datetime": (
        lambda c: times(c)[1],
        {"last-update": "2026-01-02 22:30:00", "last-notification": None},
    ),
    "time-zone": (
        times,
        {"utc": ("2026-01-02 22:30:00",) * 2, "moscow": ("2026-01-03 01:30:00",) * 2},
    ),
    "bearer-case": (lower_case_bearer, {"exact": 401, "any": 200}),
    "wrong-key-status": (
        lambda c: outcome(stranger(c, "stranger")),
        {
            "unauthorized": (401, "You do not have access to the API."),
            "forbidden": (403, "You do not have access to the API."),
        },
    ),
    "error-status": (
        statuses_in_errors,
        {"text-for-missing-bearer": ["401", 404], "number": [401, 404], "text": ["401", "404"]},
    ),
    "error-titles": (
        lambda c: c.ask("GET", "/1").title,
        {
            "english": "The resource you are looking for does not exist.",
            "site-language": "Szukany zasób nie istnieje.",
        },
    ),
    "id-not-a-number": (
        ids_that_are_no_numbers,
        {"cast": [200, 200, 200, 200, 404], "strict": [200, 404, 404, 404, 404]},
    ),
    "other-methods": (
        lambda c: [c.ask(method, "/1").status for method in ("PUT", "PATCH", "HEAD", "PROPFIND")],
        {"not-found": [404] * 4, "not-allowed": [405] * 4},
    ),
    "unknown-route": (
        unknown_route,
        {"site-page": (404, "text/html"), "envelope": (404, "application/json")},
    ),
    "rate-limit": (
        limit_headers,
        {
            "sixty-a-minute": (
                429,
                {
                    "X-RateLimit-Limit": "40",
                    "X-RateLimit-Remaining": None,
                    "X-RateLimit-Reset": "60",
                    "Retry-After": None,
                },
            ),
            "other-number": (
                200,
                {
                    "X-RateLimit-Limit": "66",
                    "X-RateLimit-Remaining": "25",
                    "X-RateLimit-Reset": None,
                    "Retry-After": None,
                },
            ),
            "none": (
                200,
                dict.fromkeys(
                    ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After")
                ),
            ),
        },
    ),
    "retry-after": (lambda c: until_429(c).headers["Retry-After"], {"absent": None, "present": "60"}),
    "checks-order": (
        what_comes_first,
        {"key-first": (401, 2), "method-first": (404, 2), "rate-after-existence": (401, 1)},
    ),
    "trailing-slash": (
        other_spellings,
        {
            "same": [(200, ""), (200, ""), (201, ""), (200, "")],
            "redirect": [
                (301, f"{PREFIX}/?page=1"),
                (301, f"{PREFIX}/ID"),
                (308, PREFIX),
                (308, f"{PREFIX}/ID"),
            ],
            "distinct": [(404, "")] * 4,
        },
    ),
    "response-charset": (
        lambda c: c.ask("GET", "/").headers["Content-Type"],
        {"none": "application/json", "utf-8": "application/json; charset=utf-8"},
    ),
    "json-escapes": (escapes, {"php": [True, False], "plain": [False, True]}),
    "cors": (preflight, {"closed": (401, None), "open": (204, "*")}),
}
