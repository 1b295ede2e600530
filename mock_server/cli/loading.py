"""Loads the document, or a whole mock, for a command.

The machine is imported here, in the functions, so that `--help` does not import it. An error in a user's file becomes
a `Failure`: one sentence with file and line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mock_server.cli.terminal import Failure

if TYPE_CHECKING:
    from mock_server.contract import Contract
    from mock_server.document import Document
    from mock_server.mock import Mock, Observer
    from mock_server.settings import Settings


@contextmanager
def user_errors(*, own: bool) -> Iterator[None]:
    """Turn an error in the document, its overlays, its answers or the seed into a Failure.

    `own` says whether any of the files is the user's. If not, an error that the compiler did not expect is a bug of
    the program, and keeps its traceback.
    """
    from mock_server.document import DocumentError
    from mock_server.refusal import Defect

    try:
        yield
    except (DocumentError, Defect) as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(f"Cannot use {error.filename or 'a file'}: {error.strerror or error}") from error
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        if not own:
            raise
        # A document can be well-formed, and still lack something that OpenAPI demands.
        reason = f"{type(error).__name__}: {error}"
        raise Failure(f"The document is not an OpenAPI 3.1 document that can be served ({reason})") from error


def load_document(document: Path | None, overlays: Sequence[str], answers: Sequence[str]) -> Document:
    """Make the effective document. Raises Failure."""
    from mock_server.document import load

    with user_errors(own=bool(document or overlays)):
        return load(document, overlays, answers)


def load_contract(document: Path | None, overlays: Sequence[str], answers: Sequence[str]) -> Contract:
    """Make the effective document and compile it. Raises Failure."""
    from mock_server.contract import compile_contract

    effective = load_document(document, overlays, answers)
    with user_errors(own=bool(document or overlays)):
        return compile_contract(effective)


def load_mock(settings: Settings, observers: Sequence[Observer] = ()) -> Mock:
    """Make a mock. Raises Failure."""
    from mock_server.mock import Mock

    with user_errors(own=bool(settings.document or settings.overlays or settings.seed)):
        return Mock(settings, observers)
