"""Answers as the document declares them: the success of each operation, and the refusals by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any, NamedTuple

import orjson

from mock_server.contract.schema import CheckText, Schemas
from mock_server.contract.template import Facts, Template, compile_template
from mock_server.contract.text import Quote, write
from mock_server.document import DocumentError, Object, place_of, plain

# Where a title names what a strict mock objects to.
_DETAIL = b"{detail}"

# The facts that a header can show.
_QUOTA = ("quota-limit", "quota-remaining", "quota-reset")

# Bodies of an operation that need not be checked again.
_REMEMBERED = 1024
_SHORT = 4096  # bytes of one that is worth remembering

# Header name and the `x-value` word that fills it.
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Success:
    """The one 2xx answer of an operation. `template` is None where the body is empty; `examples` by name."""

    status: str  # as WSGI wants it: "201 Created"
    content_type: str | None
    headers: Headers
    template: Template | None
    check: CheckText
    examples: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class RefusalResponse:
    """One way to say no: `body` is ready to send, but for a `{detail}` in its title.

    `own` tells that it is the mock's, by its grade, and no behaviour of the service.
    """

    name: str
    status: str
    content_type: str
    headers: Headers
    body: bytes
    own: bool
    quote: Quote

    def filled(self, detail: str) -> bytes:
        """Return the body, with `detail` where its title has the place for one."""
        if _DETAIL not in self.body:
            return self.body
        return self.body.replace(_DETAIL, self.quote(detail)[1:-1].encode())


def success_code(responses: Object) -> str:
    """Return the code of the one 2xx response. Raises DocumentError if there is not exactly one."""
    codes = [code for code in responses if code.startswith("2")]
    if len(codes) != 1:
        place = next((place_of(responses, code) for code in codes[1:]), responses.place)
        raise DocumentError("An operation needs exactly one response from 200 to 299.", place)
    return codes[0]


def status_line(responses: Object, code: str) -> str:
    """Return what WSGI wants for a status code. Raises DocumentError for a code that HTTP does not know."""
    try:
        return status_text(int(code))
    except ValueError:
        raise DocumentError(f"HTTP has no status {code}.", place_of(responses, code)) from None


def status_text(code: int) -> str:
    """Return a status as WSGI wants it. Raises ValueError for one that HTTP does not know."""
    status = HTTPStatus(code)
    return f"{status.value} {status.phrase}"


def _remembering(check: CheckText) -> CheckText:
    """Return the same check, which on nothing but the bytes depends: the same ones are right once and for all."""
    remembered = lru_cache(maxsize=_REMEMBERED)(check)
    return lambda text: remembered(text) if len(text) <= _SHORT else check(text)


class ResponseCompiler(NamedTuple):
    """Compiles responses. `charset` is appended to every content type unless it is "none"."""

    schemas: Schemas
    quote: Quote
    charset: str

    def success(self, responses: Object, facts: Facts) -> Success:
        """Compile the one 2xx response, which may show these facts. Raises DocumentError."""
        code = success_code(responses)
        status, response = status_line(responses, code), self.schemas.resolve(responses[code])
        headers = self._headers(response)
        for media_type, content in response.get("content", {}).items():
            schema = self.schemas.resolve(content["schema"])
            template = compile_template(self.schemas, schema, self.quote, facts)
            check = self.schemas.check_text(content["schema"])
            if template.hole is not None:  # else it tells of a write, and is another one each time
                check = _remembering(check)
            examples = {
                name: self._example(media_type, node) for name, node in content.get("examples", {}).items()
            }
            return Success(status, self._typed(media_type), headers, template, check, examples)
        empty = response.get("x-empty-body")
        return Success(status, empty and self._typed(empty), headers, None, lambda _: None, {})

    def refusals(self, responses: Object) -> Iterator[RefusalResponse]:
        """Compile each named example of each response that is no success. Raises DocumentError at a wrong one."""
        for code, node in responses.items():
            if code.startswith("2"):
                continue
            response = self.schemas.resolve(node)
            for media_type, content in response.get("content", {}).items():
                check = self.schemas.check(content["schema"])
                for name, example in content.get("examples", {}).items():
                    value = self.schemas.resolve(example)["value"]
                    place = place_of(content["examples"], name)
                    if "json" not in media_type and not isinstance(value, str):
                        raise DocumentError(
                            f"the example {name} must be a text, as {media_type} is one.", place
                        )
                    if complaint := check(plain(value)):
                        raise DocumentError(f"the example {name} violates its schema: {complaint}.", place)
                    yield RefusalResponse(
                        name, status_line(responses, code), self._typed(media_type), self._headers(response),
                        self._body(media_type, value), response.get("x-grade") == "M", self.quote,
                    )  # fmt: skip

    def _example(self, media_type: str, node: Object) -> bytes:
        return self._body(media_type, self.schemas.resolve(node)["value"])

    def _body(self, media_type: str, value: Any) -> bytes:
        return write(value, self.quote).encode() if "json" in media_type else value.encode()

    def _headers(self, response: Object) -> Headers:
        nodes = {name: self.schemas.resolve(node) for name, node in response.get("headers", {}).items()}
        for name, node in nodes.items():
            if node.get("x-value", _QUOTA[0]) not in _QUOTA:
                what = f"the header {name} can show {', '.join(_QUOTA)} and no other fact."
                raise DocumentError(what, place_of(node, "x-value"))
        return tuple((name, node["x-value"]) for name, node in nodes.items() if "x-value" in node)

    def _typed(self, media_type: str) -> str:
        return media_type if self.charset == "none" else f"{media_type}; charset={self.charset}"


def parse(body: bytes) -> Any:
    """Read back what is about to leave. Raises ValueError where it is no JSON."""
    return orjson.loads(body)
