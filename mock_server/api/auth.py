"""The bearer key: found in the header, and good or not."""

from __future__ import annotations

import re

from mock_server.contract import Service
from mock_server.refusal import Refusal

# Blanks as PHP's `\s` has them without the flag u. Not Python's: its `\s` also takes the bytes 0x85 and 0xA0.
_BEARER = re.compile(r"(Bearer)[ \t\n\r\f\v]([^ \t\n\r\f\v]+)", re.IGNORECASE)


def read_bearer(header: str | None, service: Service, *, any_case: bool = False) -> str:
    r"""Return the key of an Authorization header: `Bearer`, one blank, a token (evidence: B+P, `Bearer\s(\S+)`).

    `any_case` takes any spelling of the word, whatever the service does. Raises Refusal where there is none.
    """
    found = _BEARER.match(header or "")
    if found is None or not (any_case or service.any_case or found[1] == "Bearer"):
        raise Refusal("missing_bearer")
    return found[2]


def check_key(key: str, service: Service) -> None:
    """Raise Refusal unless the key is one of the mock's own: a real key must never work here."""
    if not key.startswith(service.key_prefix):
        raise Refusal("no_access")
