"""Each planted bug fails a check that the correct service passes."""

import re
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

import pytest

from tests.second_opinion.bugs import BUGS
from tests.second_opinion.client import KEY, Client
from tests.second_opinion.service import SecondOpinion

SECOND = "results_per_page=10&page=2"


def ids(client: Client, query: str = "") -> list[int]:
    return [row["id"] for row in client.list(query)["data"]]


def pages_join(client: Client) -> bool:
    parts = [row_id for page in (1, 2, 3) for row_id in ids(client, f"results_per_page=10&page={page}")]
    return parts[: len(set(parts))] == ids(client, "results_per_page=50")


def no_page_repeats(client: Client) -> bool:
    return not set(ids(client, "results_per_page=10")) & set(ids(client, SECOND))


def foreign_field_is_dropped(client: Client) -> bool:
    return "slack" not in client.show(client.create(email="e", slack="s"))["settings"]


def update_keeps(property_name: str, **fields: str) -> Callable[[Client], bool]:
    def check(client: Client) -> bool:
        row_id = client.create(email="e@example.com")
        before = client.show(row_id)
        client.update(row_id, **fields)
        return bool(client.show(row_id)[property_name] == before[property_name])

    return check


def update_changes(property_name: str, **fields: str) -> Callable[[Client], bool]:
    keeps = update_keeps(property_name, **fields)
    return lambda client: not keeps(client)


def update_leaves_others(client: Client) -> bool:
    first, second = client.create("First"), client.create("Second")
    client.update(first, name="Changed")
    return bool(client.show(second)["name"] == "Second")


def type_change_rebuilds(client: Client) -> bool:
    row_id = client.create(email="e")
    client.update(row_id, type="slack", slack="s")
    return bool(client.show(row_id)["settings"] == {"slack": "s"})


def is_enabled_is_obeyed(client: Client) -> bool:
    row_id = client.create()
    client.update(row_id, is_enabled="0")
    return not client.show(row_id)["is_enabled"]


def delete_deletes(client: Client) -> bool:
    row_id = client.create()
    client.delete(row_id)
    return client.ask("GET", f"/{row_id}").status == 404


def delete_leaves_others(client: Client) -> bool:
    first, second = client.create(), client.create()
    client.delete(first)
    return client.ask("GET", f"/{second}").status == 200


def deleted_is_unlisted(client: Client) -> bool:
    row_id = client.create()
    client.delete(row_id)
    return row_id not in ids(client)


def ids_are_new(client: Client) -> bool:
    row_id = client.create()
    client.delete(row_id)
    return client.create() != row_id


def other_account(method: str) -> Callable[[Client], bool]:
    def check(client: Client) -> bool:
        row_id = client.create()
        return Client(client.service, "other").ask(method, f"/{row_id}").status == 404

    return check


def without_key(method: str) -> Callable[[Client], bool]:
    def check(client: Client) -> bool:
        path = "/" if method == "GET" else f"/{client.create()}"
        return [Client(client.service, key).ask(method, path).status for key in (None, "bad")] == [401, 401]

    return check


def stored_name(name: str) -> Callable[[Client], bool]:
    def check(client: Client) -> bool:
        answer = client.ask("POST", "", {"name": name, "type": "email"})
        return answer.status == 201 and client.show(answer.json["data"]["id"])["name"] == name

    return check


def created_id_is_the_new_row(client: Client) -> bool:
    row_id = client.create()
    return row_id == ids(client)[0]


def secrets_are_kept(client: Client) -> bool:
    fields = {name: name for name in ("x_consumer_key", "x_access_token_secret")}
    settings = client.show(client.create("X", "x", **fields))["settings"]
    return all(settings.get(name) == text for name, text in fields.items())


CHECKS: Mapping[str, Callable[[Client], bool]] = {
    "wrong-total": lambda c: c.list()["meta"]["total"] == len(ids(c, "results_per_page=50")),
    "total-pages-off-by-one": lambda c: c.list("results_per_page=10")["meta"]["total_pages"] == 3,
    "page-repeats-row": no_page_repeats,
    "page-skips-row": pages_join,
    "page-size-ignored": lambda c: len(ids(c, "results_per_page=10")) == 10,
    "always-next": lambda c: c.list("page=2")["links"]["next"] is None,
    "wrong-prev": lambda c: c.list("page=2")["links"]["prev"].endswith("page=1"),
    "stale-self": lambda c: c.list("page=2")["links"]["self"].endswith("page=2"),
    "order-unstable": lambda c: ids(c) == ids(c),
    "list-shows-deleted": deleted_is_unlisted,
    "foreign-field-stored": foreign_field_is_dropped,
    "update-does-nothing": update_changes("name", name="New"),
    "update-resets-name": update_keeps("name", email="new@example.com"),
    "update-resets-settings": update_keeps("settings", name="New"),
    "update-forgets-is-enabled": update_keeps("is_enabled", name="New"),
    "update-touches-another": update_leaves_others,
    "type-change-keeps-settings": type_change_rebuilds,
    "created-changes": update_keeps("datetime", name="New"),
    "last-datetime-never": update_changes("last_datetime", name="New"),
    "is-enabled-inverted": is_enabled_is_obeyed,
    "delete-does-nothing": delete_deletes,
    "delete-takes-newest-too": delete_leaves_others,
    "id-reused": ids_are_new,
    "other-account-visible": other_account("GET"),
    "other-account-writable": other_account("POST"),
    "delete-without-key": without_key("DELETE"),
    "list-without-key": without_key("GET"),
    "missing-name-status": lambda c: c.ask("POST", "", {"type": "email"}).status == 401,
    "error-without-status": lambda c: c.ask("GET", "/1").json["errors"][0].get("status") == 404,
    "errors-as-html": lambda c: c.ask("GET", "/1").headers["Content-Type"] == "application/json",
    "secret-dropped": secrets_are_kept,
    "unicode-mangled": stored_name("Zażółć"),
    "name-cut-at-64": stored_name("n" * 100),
    "empty-becomes-null": lambda c: c.show(c.create())["settings"] == {"email": ""},
    "emoji-fails": stored_name("Fire 🔥"),
    "wrong-id-answered": created_id_is_the_new_row,
}


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_is_seen(name: str) -> None:
    keys = {KEY: 29, "other": 2}
    # A clock that moves at each look, so that changed times differ from unchanged ones.
    with SecondOpinion(keys=keys, clock=count(1_767_393_000).__next__) as right:
        assert CHECKS[name](Client(right))
    with SecondOpinion(keys=keys, bugs=[name], clock=count(1_767_393_000).__next__) as wrong:
        assert not CHECKS[name](Client(wrong))


def test_each_bug_is_planted_in_one_line() -> None:
    sources = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.py")]
    planted = [name for source in sources for name in re.findall(r'self\.bug\("([^"]+)"\)', source)]
    planted += [name for source in sources for name in re.findall(r"self\.bug\('([^']+)'\)", source)]
    assert sorted(planted) == sorted(BUGS) == sorted(CHECKS)
