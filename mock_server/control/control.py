"""The control's corridor: the same kind of steps as the API's, by the control's own document.

route → origin and token → parameters → world → body → serve → check the answer
"""

from __future__ import annotations

import logging
import time
from contextlib import nullcontext
from functools import cached_property
from typing import Any

import orjson

from mock_server.api.auth import check_key, read_bearer
from mock_server.api.context import Environ
from mock_server.api.response import Response
from mock_server.contract import RefusalResponse, status_text
from mock_server.contract.text import quote_plainly
from mock_server.control.functions import FUNCTIONS
from mock_server.control.gate import check_origin, check_token, cors_headers, preflight
from mock_server.control.operations import Operation, Operations, control_document
from mock_server.control.request import NotYet, Request, Subject
from mock_server.refusal import Defect, Refusal

_LOG = logging.getLogger("mock_server.control")

# Seconds until a request that waits is looked at again.
_AGAIN = 0.01

# Set in the environ by the first look at a request that waits: when to give up, by the machine's monotonic clock.
_DEADLINE = "mock_server.deadline"

_MOST_BYTES = 64 << 20  # a snapshot of a hundred thousand handlers


class Control:
    """Answers control requests. The functions bear the names of the document's operations."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    @cached_property
    def _operations(self) -> Operations:
        return Operations(control_document())

    def outage(self, name: str) -> RefusalResponse:
        """Return an outage that a fault is armed with."""
        return self._operations.outages[name]

    def answer(self, environ: Environ, path: str) -> Response:
        """Answer one control request; `path` begins after the prefix. Raises nothing: a defect becomes a 500."""
        cors = cors_headers(environ, self._subject)
        operation: Operation | None = None
        try:
            if cors and environ["REQUEST_METHOD"] == "OPTIONS":
                return preflight().finished(cors)
            operation = self._operations.find(environ["REQUEST_METHOD"], path)
            check_origin(environ, self._subject)
            if not operation.open:
                check_token(environ, self._subject)
            answer = self._serve(environ, operation)
        except Refusal as no:
            answer = self._refuse(no, operation)
        except Exception as error:  # whatever fails is ours, and no client may see a traceback
            _LOG.exception("a control request failed")
            answer = _failed(error)
        return answer.with_headers(("Cache-Control", "no-store")).finished(cors)

    def _serve(self, environ: Environ, operation: Operation) -> Response:
        values = operation.read_query(environ.get("QUERY_STRING", ""))
        key = self._key(environ, operation, values.pop("key", None))
        body = _read_body(environ, operation)
        world = None if key is None else self._subject.worlds.of(key)
        media_type = operation.media_type(environ.get("HTTP_ACCEPT", ""))
        request = Request(self._subject, key, world, values, body, media_type)
        while True:
            try:
                with nullcontext() if world is None else world.lock:
                    answer = self._said(operation, media_type, FUNCTIONS[operation.id](request))
            except NotYet as not_yet:
                if not _waits(environ, not_yet.seconds):
                    if isinstance(not_yet.end, Refusal):
                        raise not_yet.end from None
                    return self._said(operation, media_type, not_yet.end)
            else:
                if world is not None and environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
                    world.journal.touch()
                return answer

    def _said(self, operation: Operation, media_type: str | None, value: Any) -> Response:
        status = status_text(operation.status)
        if media_type is None:
            return Response(status, (), b"")
        if complaint := operation.contents[media_type](value):
            raise Defect(f"the control answer {operation.id} would violate its document: {complaint}")
        body = value.encode() if isinstance(value, str) else orjson.dumps(value)
        return Response(status, (("Content-Type", media_type),), body)

    def _refuse(self, no: Refusal, operation: Operation | None) -> Response:
        refusal = self._operations.not_found if operation is None else operation.refusals[no.name]
        body = refusal.filled(no.detail, quote_plainly)
        return Response(refusal.status, (("Content-Type", refusal.content_type),), body)

    def _key(self, environ: Environ, operation: Operation, named: str | None) -> str | None:
        """Return the key whose world is meant. Raises Refusal where none is and one is needed."""
        if operation.world == "none":
            return None
        service = self._subject.variations.base.service
        try:
            if named is None and (operation.world == "needed" or "HTTP_AUTHORIZATION" in environ):
                named = read_bearer(environ.get("HTTP_AUTHORIZATION"), service)
            if named is not None:
                check_key(named, service)
        except Refusal:
            raise Refusal("no_world", service.key_example) from None
        return named


def _failed(error: Exception) -> Response:
    title = f"The mock failed, and its log says more: {str(error) or type(error).__name__}"
    body = orjson.dumps({"errors": [{"title": title, "status": 500}]})
    return Response(status_text(500), (("Content-Type", "application/json"),), body)


def _waits(environ: Environ, seconds: float) -> bool:
    """Wait a little, where a request may be looked at again at once; False where its answer is due now.

    Our own server asks again by itself, and sends only the last answer. One that cannot is made to wait here.
    """
    deadline = environ.setdefault(_DEADLINE, time.monotonic() + seconds)
    if time.monotonic() >= deadline:
        return False
    reply = environ.get("mock_server.reply")
    if reply is not None:
        reply.again = _AGAIN
        return False
    time.sleep(_AGAIN)
    return True


def _read_body(environ: Environ, operation: Operation) -> Any:
    """Return the JSON of a body that is good, None where none is taken. Raises Refusal."""
    if operation.body is None:
        return None
    text = environ.get("CONTENT_LENGTH") or "0"
    size = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
    if size > _MOST_BYTES:
        raise Refusal("too_large")
    try:
        body = orjson.loads(environ["wsgi.input"].read(size))
    except ValueError as error:
        raise Refusal("unusable", f"The body is no JSON: {error}.") from None
    if complaint := operation.body(body):
        raise Refusal("unusable", f"The body is wrong at {complaint}.")
    return body
