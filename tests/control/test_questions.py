"""Open questions are answered otherwise in one world alone."""

from __future__ import annotations

import yaml

from mock_server.document import load
from tests.control.conftest import Steered


def test_one_world_answers_otherwise(client: Steered) -> None:
    other = client.other(f"{client.key}-other")
    listed = client.steer("PATCH", "/questions", {"create-status": "ok", "meta-total": "total-results"})
    assert {each["id"]: each["answer"] for each in listed["questions"]}["create-status"] == "ok"
    assert client.create(name="a", type="email").status == 200
    assert "total_results" in client.get().json["meta"]
    assert other.create(name="a", type="email").status == 201
    assert "total" in other.get().json["meta"]


def test_questions_that_are_not_named_keep_their_answers(client: Steered) -> None:
    client.steer("PATCH", "/questions", {"create-status": "ok"})
    client.steer("PATCH", "/questions", {"list-order": "oldest-first"})
    assert client.create(name="a", type="email").status == 200
    assert client.ids() == [1, 2]
    client.steer("PATCH", "/questions", {"create-status": "created"})
    assert client.create(name="a", type="email").status == 201
    assert client.steer("GET", "/state")["answers"] == {"list-order": "oldest-first"}


def test_handlers_that_are_there_are_shown_anew(client: Steered) -> None:
    client.steer("PATCH", "/questions", {"user-id": "present", "is-enabled-in-replies": "integer"})
    row = client.handler(1)
    assert isinstance(row["user_id"], int)
    assert row["is_enabled"] == 1
    client.steer("PATCH", "/questions", {"user-id": "absent", "is-enabled-in-replies": "boolean"})
    assert client.handler(1)["is_enabled"] is True


def test_what_comes_before_the_world_is_answered_otherwise_too(client: Steered) -> None:
    client.steer("PATCH", "/questions", {"bearer-case": "any", "trailing-slash": "distinct"})
    assert client.get("/1", HTTP_AUTHORIZATION=f"bearer {client.key}").status == 200
    assert client.get("/1/").status == 404
    client.steer("PATCH", "/questions", {"bearer-case": "exact", "trailing-slash": "same"})
    assert client.get("/1", HTTP_AUTHORIZATION=f"bearer {client.key}").status == 401
    assert client.get("/1/").status == 200


def test_a_quota_comes_and_goes_with_its_question(client: Steered) -> None:
    client.steer("PATCH", "/questions", {"rate-limit": "none"})
    assert client.control("GET", "/quota").status == 400
    client.steer("PATCH", "/questions", {"rate-limit": "sixty-a-minute"})
    assert client.steer("GET", "/quota")["requests"] == 60


def test_the_document_is_the_world_s(client: Steered) -> None:
    client.steer("PATCH", "/questions", {"create-status": "ok"})
    mine = yaml.safe_load(client.control("GET", "/openapi.yaml").body)
    mocks = yaml.safe_load(client.control("GET", "/openapi.yaml", HTTP_AUTHORIZATION=None).body)
    assert "200" in mine["paths"]["/notification-handlers"]["post"]["responses"]
    assert "201" in mocks["paths"]["/notification-handlers"]["post"]["responses"]


def test_an_answer_that_is_none_changes_nothing(client: Steered) -> None:
    reply = client.control("PATCH", "/questions", {"create-status": "okk"})
    assert reply.status == 400
    assert "(did you mean 'ok'?)" in reply.title
    assert client.create(name="a", type="email").status == 201


def test_every_answer_can_be_given_to_a_world_with_handlers(client: Steered) -> None:
    """One compile a question would take long, so all the other answers come at once, in two rounds."""
    client.create(name="a", type="telegram", telegram="t", telegram_chat_id="1")
    questions = load().questions().values()
    for turn in (0, -1):
        answers = {
            question.id: [answer for answer in question.answers if answer != question.assumed][turn]
            for question in questions
        }
        client.steer("PATCH", "/questions", answers)
        assert client.get().status < 500


def test_the_answers_go_with_the_world(client: Steered) -> None:
    client.steer("PATCH", "/questions", {"create-status": "ok"})
    assert client.world.contract is not client.mock.contract
    client.steer("POST", "/reset")
    assert client.world.contract is client.mock.contract
    assert client.create(name="a", type="email").status == 201
