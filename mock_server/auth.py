"""The bearer key: found in the header, and good or not."""

from __future__ import annotations

from mock_server.contract import Service
from mock_server.refusal import Refusal

_BLANKS = " \t\n\r\f\v"


def read_bearer(header: str | None, service: Service) -> str:
    r"""Return the key of an Authorization header: `Bearer`, one blank, a token (evidence: B+P, `Bearer\s(\S+)`).

    Raises Refusal where there is none.
    """
    scheme, rest = (header or "")[:6], (header or "")[6:]
    if service.any_case:
        scheme = scheme.title()
    if scheme != "Bearer" or len(rest) < 2 or rest[0] not in _BLANKS or rest[1] in _BLANKS:
        raise Refusal("missing_bearer")
    return rest[1:].split(None, 1)[0]


def check_key(key: str, service: Service) -> None:
    """Raise Refusal unless the key is one of the mock's own: a real key must never work here."""
    if not key.startswith(service.key_prefix):
        raise Refusal("no_access")
