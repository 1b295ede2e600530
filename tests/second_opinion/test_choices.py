"""Random combinations of answers: nothing crashes, and the rows of the account stay."""

import random

import pytest

from tests.second_opinion.answers import OPTIONS
from tests.second_opinion.client import KEY, Client
from tests.second_opinion.kinds import FIELDS
from tests.second_opinion.service import SecondOpinion
from tests.second_opinion.wire import Manner


@pytest.mark.parametrize("seed", range(25))
def test_any_choice_serves_a_whole_life(seed: int) -> None:
    chance = random.Random(seed)
    answers = {question: chance.choice(options) for question, options in OPTIONS.items()}
    manner = Manner(*(chance.random() < 0.5 for _ in range(4)))
    with SecondOpinion(answers, manner=manner) as service:
        client, before = Client(service), service.snapshot(KEY)
        for kind in FIELDS:
            row_id = client.create(
                "Mine", kind, **{name: f"https://{name}@example.com" for name in FIELDS[kind]}
            )
            assert client.show(row_id)["type"] == kind
            assert client.list("results_per_page=50")["meta"]["total_pages"] == 1
            assert client.update(row_id, name="Renamed").status == 200
            assert client.show(row_id)["name"] == "Renamed"
            assert client.update(row_id, type=chance.choice(list(FIELDS))).status == 200
            assert client.show(row_id)["id"] == row_id
            assert client.delete(row_id).status in (200, 204)
            assert client.ask("GET", f"/{row_id}").status == 404
        assert service.snapshot(KEY) == before
        assert {entry.status for entry in service.log} <= {200, 201, 204, 404}
