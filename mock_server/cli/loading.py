"""Loads the document for a command; whatever is wrong with it becomes one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mock_server.api.pipeline import Observer
from mock_server.cli.failure import Failure
from mock_server.contract import Contract, compile_contract
from mock_server.document import Document, DocumentError, load
from mock_server.mock import Mock
from mock_server.refusal import Defect
from mock_server.settings import Settings
from mock_server.wsgi import WsgiApp

if TYPE_CHECKING:
    from flask import Flask


@contextmanager
def foreseen(*, own: bool) -> Iterator[None]:
    """Raise Failure for an error in the document, in what varies it or in the seed.

    `own` tells whether any of them is the user's own: a packaged document that misleads the compiler is a defect.
    """
    try:
        yield
    except (DocumentError, Defect) as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(f"{error.filename or 'a file'} cannot be used: {error.strerror or error}") from error
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        if not own:
            raise
        # A document can be YAML and have every word of this project's, and yet lack what OpenAPI asks for.
        reason = f"{type(error).__name__}: {error}"
        raise Failure(
            f"the document is no OpenAPI 3.1 document that can be served ({reason}), mend it"
        ) from error


def load_document(document: Path | None, overlay: Sequence[str], answer: Sequence[str]) -> Document:
    """Make the effective document. Raises Failure."""
    with foreseen(own=bool(document or overlay)):
        return load(document, overlay, answer)


def load_contract(document: Path | None, overlay: Sequence[str], answer: Sequence[str]) -> Contract:
    """Make the effective document and compile it. Raises Failure."""
    effective = load_document(document, overlay, answer)
    with foreseen(own=bool(document or overlay)):
        return compile_contract(effective)


def load_mock(settings: Settings, observers: Sequence[Observer] = ()) -> Mock:
    """Make a mock. Raises Failure."""
    with foreseen(own=bool(settings.document or settings.overlays or settings.seed)):
        return Mock(settings, observers)


def flask_of(mock: Mock) -> Flask:
    """Return the Flask app of a mock; Flask takes as long to import as all the rest, so that happens here."""
    from mock_server.app import app_of

    return app_of(mock)


def door_of(mock: Mock) -> WsgiApp:
    """Return the WSGI app of a mock, which imports Flask when it is asked for the first page that Flask serves."""

    @cache
    def flask() -> Flask:
        return flask_of(mock)

    return WsgiApp(mock, lambda environ, start_response: flask().wsgi_app(environ, start_response))
