"""By default the service does what the page says, and leaves other rows alone."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.second_opinion.client import KEY, Client
from tests.second_opinion.kinds import FIELDS
from tests.second_opinion.service import SecondOpinion


@pytest.mark.parametrize("kind", FIELDS)
def test_a_handler_lives_and_dies(kind: str) -> None:
    fields = {name: f"{name}/ż" for name in FIELDS[kind]}
    with SecondOpinion() as service:
        client, before = Client(service), service.snapshot(KEY)
        row_id = client.create("Mine ☎", kind, **fields)
        settings = fields or {"internal_notification": ""}
        shown = client.show(row_id)
        assert list(shown) == ["id", "type", "name", "settings", "is_enabled", "last_datetime", "datetime"]
        assert (shown["id"], shown["type"], shown["name"]) == (row_id, kind, "Mine ☎")
        assert (shown["settings"], shown["is_enabled"], shown["last_datetime"]) == (settings, True, None)
        assert client.list()["data"][0] == shown
        assert client.update(row_id, name="Renamed", is_enabled="0").json == {"data": {"id": row_id}}
        later = client.show(row_id)
        assert later == shown | {
            "name": "Renamed",
            "is_enabled": False,
            "last_datetime": later["last_datetime"],
        }
        assert later["last_datetime"] is not None
        assert client.delete(row_id).status == 200
        assert client.ask("GET", f"/{row_id}").status == client.delete(row_id).status == 404
        assert client.ask("DELETE").status == 404
        assert service.snapshot(KEY) == before
        assert service.written(KEY) == {row_id}


def test_accounts_are_apart_and_begin_with_rows_of_all_types() -> None:
    with SecondOpinion(keys={"one": 30, "two": 12, "none": 0}) as service:
        one, two, none = (Client(service, key) for key in ("one", "two", "none"))
        ids = [row["id"] for row in one.list("results_per_page=50")["data"]]
        assert len(ids) == 30 == ids[0] - ids[-1] + 1 - len(set(range(ids[-1], ids[0])) - set(ids))
        assert ids[-1] > 1
        assert ids[0] - ids[-1] > 29, "there are gaps"
        assert {row["type"] for row in one.list()["data"]} == set(FIELDS)
        assert two.list()["meta"]["total"] == 12
        assert none.list()["data"] == []
        theirs = two.list()["data"][0]["id"]
        assert [
            one.ask("GET", f"/{theirs}").status,
            one.update(theirs).status,
            one.delete(theirs).status,
        ] == [404] * 3
        assert service.written("one") == set()


def test_pages_join_to_the_whole_list() -> None:
    with SecondOpinion(keys={KEY: 23}) as service:
        client = Client(service)
        whole = [row["id"] for row in client.list()["data"]]
        joined, query = [], "results_per_page=10&page=1"
        while query:
            page = client.list(query)
            joined += [row["id"] for row in page["data"]]
            assert page["links"]["self"] == f"{service.url}/notification-handlers?{query}"
            query = (page["links"]["next"] or "").partition("?")[2]
        assert joined == whole == sorted(whole, reverse=True)
        assert page["meta"] == {"page": 3, "results_per_page": 10, "total": 23, "total_pages": 3}
        assert page["links"]["prev"].endswith("?results_per_page=10&page=2")
        assert page["links"]["last"] == page["links"]["self"]


def test_the_log_and_the_snapshots_tell_own_rows_from_foreign_ones() -> None:
    with SecondOpinion() as service:
        client, before = Client(service), service.snapshot(KEY, foreign=True)
        foreign = client.list()["data"][3]["id"]
        own = client.create()
        assert service.snapshot(KEY, foreign=True) == before != service.snapshot(KEY)
        client.update(foreign, name="Touched")
        assert service.snapshot(KEY, foreign=True) != before
        assert service.written(KEY) == {own, foreign}
        last = service.log[-1]
        assert (last.method, last.path, last.status) == ("POST", f"/api/notification-handlers/{foreign}", 200)
        assert (last.key, last.aimed, last.written) == (KEY, foreign, foreign)


def test_many_clients_at_once_get_an_id_each() -> None:
    with SecondOpinion() as service, ThreadPoolExecutor(16) as pool:
        client = Client(service)
        ids = list(pool.map(lambda number: client.create(f"No. {number}"), range(80)))
        assert len(set(ids)) == 80
        names = list(pool.map(lambda row_id: client.show(row_id)["name"], ids))
        assert names == [f"No. {number}" for number in range(80)]
        list(pool.map(client.delete, ids))
        assert client.list()["meta"]["total"] == 30


def test_the_rate_is_enforced_in_windows() -> None:
    now = [1000.0]
    with SecondOpinion(keys={"one": 1, "two": 1}, rate=3, window=20, clock=lambda: now[0]) as service:
        one, two = Client(service, "one"), Client(service, "two")
        left = [one.ask("GET", "/").headers["X-RateLimit-Remaining"] for _ in range(3)]
        assert left == ["2", "1", "0"]
        now[0] += 5.5
        refused = one.ask("GET", "/")
        assert (refused.status, refused.headers["X-RateLimit-Reset"]) == (429, "15")
        assert refused.title == "You reached the limit of requests in one minute, please wait."
        assert two.ask("GET", "/").status == 200, "each key has a window of its own"
        now[0] += 15
        assert one.ask("GET", "/").status == 200


def test_without_a_rate_the_headers_show_a_fresh_window() -> None:
    with SecondOpinion() as service:
        client = Client(service)
        left = {client.ask("GET", "/").headers["X-RateLimit-Remaining"] for _ in range(70)}
        assert left == {"59"}
        assert Client(service, "stranger").ask("GET", "/").headers["X-RateLimit-Limit"] is None
