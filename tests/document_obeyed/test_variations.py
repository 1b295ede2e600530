"""An overlay or an edited copy of the document changes the mock without a change of Python."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from mock_server.document import home
from tests.document_obeyed import variations
from tests.document_obeyed.client import Client
from tests.document_obeyed.variations import Variation

Serve = Callable[[Variation], Client]


def edited(variation: Variation) -> str:
    text = (home() / "notification-handlers.yaml").read_text()
    for before, after in variation.edits:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


@pytest.fixture(params=["overlay", "copy"])
def serve(request: pytest.FixtureRequest, tmp_path: Path) -> Serve:
    """Serve a variation by its overlay or by its edited copy of the document."""
    way: Literal["overlay", "copy"] = request.param
    file = tmp_path / f"{way}.yaml"

    def client(variation: Variation) -> Client:
        file.write_text(variation.overlay if way == "overlay" else edited(variation))
        return Client(overlays=(file,)) if way == "overlay" else Client(document=file)

    return client


def test_a_new_type_with_two_fields(serve: Serve) -> None:
    client = serve(variations.NEW_TYPE)
    fields = {"pager_number": "12025550143", "pager_service": "Beeper & Co"}
    handler_id = client.create(name="Old times", type="pager", **fields, email="a@example.com")
    handler = client.retrieve(handler_id)
    assert handler["type"] == "pager"
    assert handler["settings"] == {"pager_number": "12025550143", "pager_service": "Beepe"}
    assert sorted(remark.partition(":")[0] for remark in client.remarks) == []
    client.update(handler_id, pager_number="1")
    assert client.retrieve(handler_id)["settings"] == {"pager_number": "1", "pager_service": "Beepe"}
    client.update(1, type="pager", pager_service="S")
    assert client.retrieve(1)["settings"] == {"pager_number": "", "pager_service": "S"}


def test_other_page_sizes(serve: Serve) -> None:
    client = serve(variations.PAGE_SIZES)
    for number in range(7):
        client.create(name=f"n{number}", type="email")
    assert [len(client.list(results_per_page=size)["data"]) for size in (5, 7, 10)] == [5, 7, 5]
    assert client.remarks[0].endswith("is ignored. Send one of 5, 7.")
    assert client.list()["meta"] == {"page": 1, "results_per_page": 5, "total": 8, "total_pages": 2}
    assert client.list(results_per_page=7, page=2)["links"]["prev"].endswith("?results_per_page=7&page=1")


def test_other_titles_of_errors(serve: Serve) -> None:
    client = serve(variations.TITLES)
    assert client.delete(99).get_json() == {"errors": [{"title": "Nichts da.", "status": 404}]}
    missing = client.send("POST", "/notification-handlers", {"type": "email"})
    assert missing.get_json() == {"errors": [{"title": "Es fehlt etwas.", "status": 401}]}


def test_another_base_path(serve: Serve) -> None:
    client = serve(variations.BASE_PATH)
    assert client.contract.base_path == "/v2/public"
    assert client.list()["links"]["self"] == "http://localhost/v2/public/notification-handlers?page=1"
    before = client.http.get("/api/notification-handlers", headers={"Authorization": "Bearer mock-key"})
    assert (before.status_code, before.mimetype) == (404, "text/html")


def test_another_status_of_a_create(serve: Serve) -> None:
    client = serve(variations.CREATE_OK)
    response = client.send("POST", "/notification-handlers", {"name": "n", "type": "email"})
    assert (response.status, response.get_json()) == ("200 OK", {"data": {"id": 2}})


def test_a_new_property_of_the_handler(serve: Serve) -> None:
    client = serve(variations.NEW_PROPERTY)
    handler_id = client.create(name="n", type="email")
    assert client.list()["data"][0]["priority"] == 3
    handler = client.retrieve(handler_id)
    assert handler["priority"] == 3
    assert handler["made"] == handler["datetime"]


def test_the_base_is_none_of_these_variations() -> None:
    client = Client()
    response = client.send("POST", "/notification-handlers", {"name": "n", "type": "email"})
    assert response.status_code == 201
    assert "priority" not in client.retrieve(2)
    assert client.list()["meta"]["results_per_page"] == 25
    assert client.send("POST", "/notification-handlers", {"name": "n", "type": "pager"}).status_code == 401


def test_other_words_of_a_parameters_schema_are_obeyed_too(tmp_path: Path) -> None:
    overlay = tmp_path / "o.yaml"
    overlay.write_text(
        variations.HEAD
        + "  - {target: $.components.parameters.results_per_page.schema.enum, remove: true}\n"
        + "  - target: $.components.parameters.results_per_page.schema\n"
        + "    update: {minimum: 2, maximum: 40, multipleOf: 2, default: 4}\n"
        + "  - {target: $.components.parameters.results_per_page, update: {x-cast: php-integer}}\n"
    )
    client = Client(overlays=(overlay,))
    sizes = [
        client.list(results_per_page=text)["meta"]["results_per_page"] for text in ("6", "7", "0", "42", "x")
    ]
    assert sizes == [6, 4, 4, 4, 4]
    assert client.list(results_per_page="8 or so")["meta"]["results_per_page"] == 8


def test_an_unknown_word_stops_the_start_with_file_and_line(tmp_path: Path) -> None:
    overlay = tmp_path / "o.yaml"
    overlay.write_text(
        variations.HEAD + "  - target: $.components.schemas.Name\n    update:\n      x-cutt: 64\n"
    )
    with pytest.raises(
        ValueError, match=r"o\.yaml:6: The word x-cutt is not in the vocabulary \(did you mean 'x-cut'\?\)"
    ):
        Client(overlays=(overlay,))
