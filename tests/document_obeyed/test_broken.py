"""A document that cannot be served stops the start with a sentence that names the file and the line."""

from pathlib import Path
from typing import Any, get_args

import pytest

from mock_server import Settings
from mock_server.api.operations import BEHAVIOURS
from mock_server.app import create_app
from mock_server.contract import Behaviour
from mock_server.document import DocumentError, home, plain, read
from tests.document_obeyed.variations import HEAD

BASE = home() / "notification-handlers.yaml"
BROKEN: dict[str, dict[str, str]] = plain(read(Path(__file__).with_name("broken.yaml")))


def start(document: Path, *overlays: Path) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        create_app(Settings(document, tuple(map(str, overlays))))
    return caught.value


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_a_broken_document_gives_one_sentence_at_its_line(case: dict[str, str], tmp_path: Path) -> None:
    text, file = BASE.read_text(), tmp_path / "broken.yaml"
    assert case["find"] in text
    broken = text.replace(case["find"], case["put"], 1)
    file.write_text(broken)
    error = start(file)
    assert case["says"] in error.message
    assert error.place is not None
    assert error.place.file == str(file)
    assert case["line"] in broken.splitlines()[error.place.line - 1] + "\n", str(error)
    assert "\n" not in str(error)
    assert error.message.endswith((".", "?"))
    assert len(error.message) < 500


# A parameter that the base does not have, and what is wrong with it.
PARAMETERS: dict[str, tuple[dict[str, Any], str]] = {
    "an equality with no property": (
        {"name": "color", "schema": {"type": "string"}, "x-role": "equals"},
        "color: 'color' is not a property that can be compared (id, type, name, is_enabled, last_datetime",
    ),
    "an equality with settings": (
        {"name": "settings", "schema": {"type": "string"}, "x-role": "equals"},
        "settings: 'settings' is not a property",
    ),
    "an order by no property": (
        {"name": "by", "schema": {"enum": ["name", "size"]}, "x-role": "order-property"},
        "by: 'size' is not a property",
    ),
    "an order by a mapped property that is none": (
        {
            "name": "by",
            "schema": {"enum": ["size"]},
            "x-role": "order-property",
            "x-properties": {"size": "length"},
        },
        "by: 'size' is not a property",
    ),
    "a search in anything": (
        {"name": "by", "schema": {"type": "string"}, "x-role": "search-property"},
        "by names a property. List the properties in the enum of its schema",
    ),
}


@pytest.mark.parametrize(("parameter", "sentence"), PARAMETERS.values(), ids=PARAMETERS)
def test_a_parameter_that_names_no_property_is_refused_at_its_line(
    parameter: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    overlay = tmp_path / "o.yaml"
    overlay.write_text(
        f"{HEAD}  - target: $.paths['/notification-handlers'].get.parameters\n    update:\n"
        f"      - {{in: query, **}}\n".replace("**", str(parameter)[1:-1])
    )
    error = start(BASE, overlay)
    assert sentence in error.message
    assert error.place == (str(overlay), 6)


def test_an_error_names_the_overlay_that_is_wrong(tmp_path: Path) -> None:
    overlay = tmp_path / "o.yaml"
    overlay.write_text(
        f"{HEAD}  - target: $.components.schemas.HandlerType.enum\n    update:\n      - pager\n"
    )
    error = start(BASE, overlay)
    assert "The type 'pager' has no settings" in error.message
    assert error.place is not None
    assert BASE.read_text().splitlines()[error.place.line - 1].strip() == "allOf:"


def test_the_compiler_and_the_functions_know_the_same_behaviours() -> None:
    words = read(home() / "vocabulary.yaml")["words"]
    assert list(BEHAVIOURS) == words["x-behaviour"]["schema"]["enum"] == list(get_args(Behaviour))
