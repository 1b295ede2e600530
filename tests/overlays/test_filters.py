"""The list filters of laudits.com: alone, together, with pages and links, and with invalid values."""

from datetime import UTC, datetime

import pytest

from tests.document_obeyed.client import Client

# Name, type, created, changed (and then disabled). In the order of their ids.
ROWS = (
    ("Alpha mail", "email", "2026-03-01 00:00:00", None),
    ("beta", "slack", "2026-03-01 23:59:59", "2026-03-05 10:00:00"),
    ("Gamma MAIL", "email", "2026-03-02 00:00:00", None),
    ("alphabet", "webhook", "2026-03-03 12:00:00", "2026-03-04 00:00:00"),
    ("ÜBUNG", "twilio", "2026-03-04 12:00:00", None),
)
NEWEST_FIRST = ["ÜBUNG", "alphabet", "Gamma MAIL", "beta", "Alpha mail"]


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def filled(client: Client) -> Client:
    client.delete(1)
    for name, type_name, created, changed in ROWS:
        client.world.clock.freeze(seconds(created))
        handler_id = client.create(name=name, type=type_name)
        if changed is not None:
            client.world.clock.freeze(seconds(changed))
            client.update(handler_id, is_enabled="0")
    return client


@pytest.fixture(scope="module")
def client() -> Client:
    return filled(Client(overlays=("laudits-com-2026-04",)))


@pytest.fixture
def many() -> Client:
    client = filled(Client(overlays=("laudits-com-2026-03",)))
    for number in range(1, 24):
        client.create(name=f"Job {number:02}", type="twilio" if number % 2 else "slack")
    return client


def names(client: Client, **query: str | int) -> list[str]:
    return [row["name"] for row in client.list(**query)["data"]]


def test_without_filters_the_newest_come_first(client: Client) -> None:
    assert names(client) == NEWEST_FIRST
    assert names(client, page=1, results_per_page=10) == NEWEST_FIRST
    assert client.remarks == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"search": "mail"}, ["Gamma MAIL", "Alpha mail"]),
        ({"search": "ALPHA"}, ["alphabet", "Alpha mail"]),
        ({"search": "übung"}, ["ÜBUNG"]),
        ({"search": " "}, ["Gamma MAIL", "Alpha mail"]),
        ({"search": "email"}, []),
        ({"search": "%"}, []),
        ({"search": "mail", "search_by": "name"}, ["Gamma MAIL", "Alpha mail"]),
        ({"search_by": "name"}, NEWEST_FIRST),
        ({"is_enabled": "1"}, ["ÜBUNG", "Gamma MAIL", "Alpha mail"]),
        ({"is_enabled": "0"}, ["alphabet", "beta"]),
        ({"type": "email"}, ["Gamma MAIL", "Alpha mail"]),
        ({"type": "twilio"}, ["ÜBUNG"]),
        ({"type": "discord"}, []),
        ({"order_by": "notification_handler_id"}, NEWEST_FIRST),
        ({"order_type": "ASC"}, NEWEST_FIRST[::-1]),
        ({"order_type": "DESC"}, NEWEST_FIRST),
        ({"datetime_field": "last_datetime"}, NEWEST_FIRST),
        ({"datetime_start": "2026-03-02"}, ["ÜBUNG", "alphabet", "Gamma MAIL"]),
        ({"datetime_start": "2026-03-02 00:00:01"}, ["ÜBUNG", "alphabet"]),
        ({"datetime_end": "2026-03-01"}, ["beta", "Alpha mail"]),
        ({"datetime_end": "2026-03-01 23:59:58"}, ["Alpha mail"]),
        ({"datetime_end": "2026-03-03 12:00:00"}, ["alphabet", "Gamma MAIL", "beta", "Alpha mail"]),
    ],
)
def test_each_filter_alone(client: Client, query: dict[str, str], expected: list[str]) -> None:
    assert names(client, **query) == expected
    assert client.list(**query)["meta"]["total"] == len(expected)
    assert client.remarks == []


@pytest.mark.parametrize(
    ("order_by", "upwards"),
    [
        ("notification_handler_id", ["Alpha mail", "beta", "Gamma MAIL", "alphabet", "ÜBUNG"]),
        ("datetime", ["Alpha mail", "beta", "Gamma MAIL", "alphabet", "ÜBUNG"]),
        ("last_datetime", ["Alpha mail", "Gamma MAIL", "ÜBUNG", "alphabet", "beta"]),
        ("name", ["Alpha mail", "alphabet", "beta", "Gamma MAIL", "ÜBUNG"]),
    ],
)
def test_each_order_in_both_directions(client: Client, order_by: str, upwards: list[str]) -> None:
    assert names(client, order_by=order_by, order_type="ASC") == upwards
    assert names(client, order_by=order_by, order_type="DESC") == upwards[::-1]
    assert names(client, order_by=order_by) == upwards[::-1]
    assert client.remarks == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"search": "alpha", "is_enabled": "0"}, ["alphabet"]),
        ({"type": "email", "order_type": "ASC"}, ["Alpha mail", "Gamma MAIL"]),
        ({"type": "email", "is_enabled": "0"}, []),
        (
            {"search": "a", "type": "email", "order_by": "name", "order_type": "DESC"},
            ["Gamma MAIL", "Alpha mail"],
        ),
        ({"datetime_start": "2026-03-01 12:00:00", "datetime_end": "2026-03-02"}, ["Gamma MAIL", "beta"]),
        ({"datetime_start": "2026-03-03", "datetime_end": "2026-03-02"}, []),
        ({"datetime_field": "datetime", "datetime_end": "2026-03-01"}, ["beta", "Alpha mail"]),
        ({"datetime_field": "last_datetime", "datetime_start": "2026-03-01"}, ["alphabet", "beta"]),
        ({"datetime_field": "last_datetime", "datetime_end": "2026-03-04"}, ["alphabet"]),
        ({"datetime_field": "last_datetime", "datetime_end": "2026-03-03 23:59:59"}, []),
    ],
)
def test_filters_add_up(client: Client, query: dict[str, str], expected: list[str]) -> None:
    assert names(client, **query) == expected
    assert client.remarks == []


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("search", "", "Send what the document allows"),
        ("search_by", "settings", "Send one of name"),
        ("is_enabled", "true", "Send one of 1, 0"),
        ("type", "fax", "Send one of email, webhook,"),
        ("order_by", "user_id", "Send one of notification_handler_id, datetime, last_datetime, name"),
        ("order_type", "asc", "Send one of ASC, DESC"),
        ("datetime_field", "created", "Send one of datetime, last_datetime"),
        ("datetime_start", "soon", "Send what the document allows"),
        ("datetime_start", "2026-03-05\n", "Send what the document allows"),
        ("datetime_end", "2026-13-01", "Send what the document allows"),
        ("datetime_end", "2026-03-01 24:00:00", "Send what the document allows"),
    ],
)
def test_an_invalid_value_is_ignored_and_noted(client: Client, name: str, text: str, hint: str) -> None:
    page = client.list(results_per_page=10, **{name: text})
    assert [row["name"] for row in page["data"]] == NEWEST_FIRST
    assert page["links"]["self"] == "http://localhost/api/notification-handlers?results_per_page=10&page=1"
    client.list(**{name: text})
    (remark,) = client.remarks
    assert remark.startswith(f"invalid-parameter: Invalid value {name}={text!r} is ignored. {hint}")


def test_one_invalid_value_leaves_the_others_in_force(client: Client) -> None:
    assert names(client, search="mail", type="fax", order_type="ASC") == ["Alpha mail", "Gamma MAIL"]


def test_a_long_invalid_value_makes_no_long_remark(client: Client) -> None:
    client.list(datetime_start="9" * 5000)
    assert len(client.remarks[0]) < 300


def test_pages_are_counted_after_the_filters(many: Client) -> None:
    pages = [many.list(search="job", results_per_page=10, page=number) for number in (1, 2, 3, 4)]
    found = [row["name"] for page in pages for row in page["data"]]
    assert found == [f"Job {number:02}" for number in range(23, 0, -1)]
    assert [len(page["data"]) for page in pages] == [10, 10, 3, 0]
    for number, page in enumerate(pages, start=1):
        assert page["meta"] == {"page": number, "results_per_page": 10, "total": 23, "total_pages": 3}
    before = "http://localhost/api/notification-handlers?results_per_page=10&search=job&page="
    assert pages[1]["links"] == {
        "first": f"{before}1", "last": f"{before}3", "next": f"{before}3", "prev": f"{before}1", "self": f"{before}2",
    }  # fmt: skip
    assert (pages[2]["links"]["next"], pages[3]["links"]["prev"]) == (None, f"{before}3")


def test_following_next_walks_over_the_filtered_list(many: Client) -> None:
    url, found = "/notification-handlers?type=twilio&results_per_page=10&order_by=name&order_type=ASC", []
    while url:
        page = many.send("GET", url).get_json()
        found += [row["name"] for row in page["data"]]
        url = (page["links"]["next"] or "").removeprefix("http://localhost/api")
    assert found == [*(f"Job {number:02}" for number in range(1, 24, 2)), "ÜBUNG"]


def test_links_repeat_the_accepted_filters_in_the_documents_order_and_the_page_last(many: Client) -> None:
    links = many.list(
        page=1,
        order_type="ASC",
        color="red",
        type="fax",
        search="a b&c=ü",
        is_enabled="1",
        results_per_page=7,
    )["links"]
    query = "?search=a%20b%26c%3D%C3%BC&is_enabled=1&order_type=ASC&page=1"
    assert links["self"] == f"http://localhost/api/notification-handlers{query}"
    assert links["last"] is None


def test_a_filter_of_the_later_page_is_unknown_to_the_earlier_one(many: Client) -> None:
    assert many.list(datetime_start="2030-01-01")["meta"]["total"] == 28
    assert many.remarks[0].startswith("unknown-parameter: Unknown parameter 'datetime_start'")


def test_times_are_compared_in_the_services_own_time_zone() -> None:
    client = filled(Client(overlays=("laudits-com-2026-04",), answers=("time-zone=moscow",)))
    assert names(client, datetime_end="2026-03-01") == ["Alpha mail"]
    assert names(client, datetime_start="2026-03-02 02:59:59", datetime_end="2026-03-02 02:59:59") == ["beta"]


def test_a_time_that_is_never_set_is_in_no_range_and_in_any_order() -> None:
    client = filled(Client(overlays=("laudits-com-2026-04",), answers=("last-datetime=last-notification",)))
    assert names(client, datetime_field="last_datetime", datetime_start="2026-01-01") == []
    assert names(client, order_by="last_datetime") == NEWEST_FIRST


def test_an_invalid_value_is_refused_where_the_document_says_so() -> None:
    client = Client(overlays=("laudits-com-2026-03",), answers=("page-size-not-allowed=refused",))
    response = client.send("GET", "/notification-handlers?results_per_page=7")
    assert (response.status_code, client.list(search="mail")["meta"]["total"]) == (400, 1)
