"""A request as it came through the door, and the guard's own answers."""

from __future__ import annotations

import json
from typing import NamedTuple

from contract_tests.guard.refusal import GuardRefusal, TargetFailed
from contract_tests.guard.reply import Headers, Reply

# A refusal of the guard's own: a status that no service has, and a header that says why.
REFUSED_STATUS, REFUSED_HEADER = 418, "X-Guard-Refused"
# The target did not answer.
FAILED_STATUS, FAILED_HEADER = 502, "X-Guard-Failed"
# With this request header set to 1 a suite gets to see a 429.
PASS_429_HEADER = "x-guard-pass-429"  # noqa: S105 -- no password


class Request(NamedTuple):
    """Method, request target and headers as sent; the body without transfer coding."""

    method: str
    target: str
    headers: Headers
    body: bytes

    def values(self, name: str) -> list[str]:
        """Return a header's values; `name` in lower case."""
        return [value for key, value in self.headers if key.lower() == name]

    def header(self, name: str) -> str:
        """Return a header's first value, empty where there is none."""
        return next(iter(self.values(name)), "")


def refused(no: GuardRefusal) -> Reply:
    """Return the guard's answer to what it does not let through."""
    return _own(REFUSED_STATUS, "Refused by the guard", REFUSED_HEADER, no.reason, no.sentence)


def failed(failure: TargetFailed) -> Reply:
    """Return the guard's answer where the target gave none."""
    return _own(FAILED_STATUS, "No answer from the target", FAILED_HEADER, failure.reason, failure.sentence)


def _own(status: int, reason: str, header: str, word: str, sentence: str) -> Reply:
    body = json.dumps({"guard": {"reason": word, "sentence": sentence}}, ensure_ascii=False).encode()
    return Reply(status, reason, (("Content-Type", "application/json"), (header, word)), body)
