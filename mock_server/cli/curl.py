"""One command line of curl per operation, made of the document's own examples."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from mock_server.contract import Operation
from mock_server.mock import Mock

_MULTIPART = "multipart/form-data"
# What `--form` takes for a file's name or for an option of its own, at the start or anywhere.
_SPECIAL = re.compile(r"[@<\"]|.*;", re.DOTALL)


def curl_lines(mock: Mock, base_url: str, *, insecure: bool) -> Iterator[tuple[Operation, str]]:
    """Yield each operation and a line for a POSIX shell; run in this order, all succeed on a fresh mock.

    A deletion comes last, since it takes away what the others are about.
    """
    handler_id = first_id(mock)
    operations = sorted(mock.contract.operations.values(), key=lambda operation: operation.method == "DELETE")
    for operation in operations:
        url = base_url + re.sub(r"\{[^}]*\}", str(handler_id), operation.path)
        words = ["curl", *(["--insecure"] if insecure else []), *_method(operation)]
        words += ["--header", f"Authorization: Bearer {mock.contract.service.key_example}"]
        yield operation, shlex.join([*words, *_form(operation), url])


def first_id(mock: Mock) -> int:
    """Return the first id of the seed, or 1 where it is empty."""
    handlers = mock.worlds.seed.store.page(0, 1, newest_first=False)
    return handlers[0].id if handlers else 1


def _example(operation: Operation) -> Mapping[str, Any]:
    return next(iter(operation.examples.values()), {})


def _method(operation: Operation) -> list[str]:
    implied = "POST" if _example(operation) else "GET"
    return [] if operation.method == implied else ["--request", operation.method]


def _form(operation: Operation) -> Iterator[str]:
    for name, value in _example(operation).items():
        text = str(value)
        if _MULTIPART not in operation.media_types:
            yield "--data-urlencode"
        else:
            yield "--form-string" if _SPECIAL.match(text) else "--form"
        yield f"{name}={text}"
