"""Ids are unique, grow, and are never used again; what is deleted is gone everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.semantics.client import Client, seeded

NOT_FOUND = "The resource you are looking for does not exist."


def test_ids_grow_by_one_from_the_seed_s_highest(client: Client) -> None:
    assert [client.create(name="N", type="email").data for _ in range(3)] == [{"id": 2}, {"id": 3}, {"id": 4}]


def test_the_list_is_newest_first(client: Client) -> None:
    for _ in range(3):
        client.create(name="N", type="email")
    assert client.ids() == [4, 3, 2, 1]


def test_an_update_moves_nothing(client: Client) -> None:
    client.create(name="N", type="email")
    client.update(1, name="M", type="slack")
    assert client.ids() == [2, 1]


@pytest.mark.parametrize("gone", [2, 3, 4])
def test_an_id_is_never_used_again(client: Client, gone: int) -> None:
    for _ in range(3):
        client.create(name="N", type="email")
    client.delete(gone)
    assert client.create(name="N", type="email").data == {"id": 5}


def test_ids_go_on_where_everything_was_deleted(client: Client) -> None:
    client.delete(1)
    assert client.create(name="N", type="email").data == {"id": 2}


def test_a_refused_create_takes_no_id(client: Client) -> None:
    assert client.create(type="email").status == 401
    assert client.create(name="N", type="email").data == {"id": 2}


def test_ids_follow_the_highest_of_a_seed(tmp_path: Path) -> None:
    client = seeded("- {type: x, name: A, id: 70}\n- {type: x, name: B, id: 7}\n", tmp_path)
    assert client.ids() == [70, 7]
    assert client.create(name="N", type="email").data == {"id": 71}


def test_the_deleted_is_gone_from_everything(client: Client) -> None:
    for _ in range(10):
        client.create(name="N", type="email")
    assert client.get("?results_per_page=10").json["meta"]["total_pages"] == 2
    reply = client.delete(6)
    assert (reply.status, reply.body, reply.headers["content-type"]) == (200, b"", "application/json")
    for again in (client.get("/6"), client.update(6, name="M"), client.delete(6)):
        assert (again.status, again.title) == (404, NOT_FOUND)
    page = client.get("?results_per_page=10").json
    assert [row["id"] for row in page["data"]] == [11, 10, 9, 8, 7, 5, 4, 3, 2, 1]
    assert page["meta"] == {"page": 1, "results_per_page": 10, "total": 10, "total_pages": 1}
    assert page["links"]["next"] is None


def test_both_spellings_of_the_list_answer_alike(client: Client) -> None:
    assert client.get("/").json == client.get("").json


def test_a_delete_without_an_id_finds_nothing(client: Client) -> None:
    for target in ("/api/notification-handlers", "/api/notification-handlers/"):
        reply = client.call("DELETE", target)
        assert (reply.status, reply.title) == (404, NOT_FOUND)
    assert client.ids() == [1]


def test_a_thousand_creates_and_deletes_leave_the_list_right(client: Client) -> None:
    made = [client.create(name=str(number), type="email").data["id"] for number in range(1200)]
    for handler_id in made[100:1150]:
        assert client.delete(handler_id).status == 200
    left = [*reversed(made[1150:]), *reversed(made[:100]), 1]
    assert client.ids() == left
    pages = [client.get(f"?results_per_page=10&page={page}").data for page in range(1, 17)]
    assert [[row["id"] for row in page] for page in pages] == [left[at : at + 10] for at in range(0, 151, 10)]
