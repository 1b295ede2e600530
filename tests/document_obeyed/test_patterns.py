"""Patterns of a document are searched in linear time. One that could not be is refused at the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from mock_server import Settings, create_app
from mock_server.document import DocumentError
from tests.semantics.client import Client


def served(folder: Path, pattern: str) -> Client:
    """Serve the packaged document with another pattern for names."""
    overlay = folder / "overlay.yaml"
    overlay.write_text(
        "overlay: 1.0.0\ninfo: {title: Names, version: '1'}\nactions:\n"
        f"  - target: $.components.schemas.CreateForm.properties.name\n    update: {{pattern: '{pattern}'}}\n",
        encoding="utf-8",
    )
    return Client(app=create_app(Settings(overlays=(str(overlay),))))


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|aa)+$", "^(a|a?)+$", "^(a*)*$", "^(?:a{0,50}){0,50}$"])
def test_it_takes_no_time(tmp_path: Path, pattern: str) -> None:
    client = served(tmp_path, pattern)
    assert client.create(name="a" * 100 + "!", type="email", email="a@example.com").status == 401
    assert client.create(name="a" * 50, type="email", email="a@example.com").status == 201


@pytest.mark.parametrize("pattern", ["^(?=a)(a+)+$", r"^(.*)*\1$", "[", "(a{1,1000}){1,1000}"])
def test_it_is_refused_at_the_start(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(
        DocumentError, match=r"overlay.yaml:5: The pattern of 'name' is not a regular expression"
    ):
        served(tmp_path, pattern)
