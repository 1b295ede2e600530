"""An API that remembers its calls as curl lines: the shortest thing that says what a suite did."""

from __future__ import annotations

import json
from collections.abc import Mapping
from shlex import quote
from typing import Any, NamedTuple
from urllib.parse import urlencode

from contract_tests.target.api import OWN_KEY, Answer, Api

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
JSON = "application/json"

# A test that calls more often than this shows its last calls.
_MOST = 40


class Written(NamedTuple):
    """A form as some client wrote it, whatever its fields say."""

    content_type: str
    body: bytes


Media = str | Written


class Spoken(Api):
    """Calls as Api does. `lines` are the calls since `begin`, oldest first, with the key left out.

    `writes` counts the calls that may have changed something.
    """

    def __init__(self, api: Api) -> None:
        super().__init__(api.base_url, api.key, api.facts)
        self.memory = api.memory
        self.lines: list[str] = []
        self.writes = 0

    def begin(self) -> None:
        """Forget the calls so far: a test, or a machine, begins."""
        self.lines.clear()

    def call(self, method: str, path: str, **parts: Any) -> Answer:
        """Send one request as Api.call does, and remember it with the status it got."""
        line = self._line(method, path, parts)
        self.writes += method != "GET"
        try:
            answer = super().call(method, path, **parts)
        except Exception:
            self._remember(f"{line}  # no answer")
            raise
        self._remember(f"{line}  # {answer.status}")
        return answer

    def post(self, path: str, sent: Mapping[str, str], media: Media = MULTIPART) -> Answer:
        """Send a form as one of the three media types, or as it was written by somebody else."""
        if isinstance(media, Written):
            return self.call("POST", path, body=media.body, headers={"Content-Type": media.content_type})
        if media == JSON:
            headers = {"Content-Type": JSON}
            return self.call("POST", path, body=json.dumps(dict(sent)).encode(), headers=headers)
        return self.call("POST", path, form=sent, urlencoded=media == URLENCODED)

    def _remember(self, line: str) -> None:
        self.lines.append(line)
        del self.lines[:-_MOST]

    def _line(self, method: str, path: str, parts: Mapping[str, Any]) -> str:
        query = f"?{urlencode(parts['query'])}" if parts.get("query") else ""
        words = ["curl", "-X", method, quote(self.base_url + path + query)]
        authorization = parts.get("authorization", OWN_KEY)
        if authorization is OWN_KEY:
            words += ["-H", '"Authorization: Bearer $BITPEAK_API_KEY"']
        elif authorization is not None:
            words += ["-H", quote(f"Authorization: {self._shown(str(authorization))}")]
        flag = "--data-urlencode" if parts.get("urlencoded") else "--form-string"
        for name, text in (parts.get("form") or {}).items():
            words += [flag, quote(f"{name}={text}")]
        for name, text in (parts.get("headers") or {}).items():
            words += ["-H", quote(f"{name}: {text}")]
        if parts.get("body") is not None:
            words += ["--data-binary", quote(parts["body"].decode(errors="replace"))]
        return " ".join(words)

    def _shown(self, authorization: str) -> str:
        """Return an Authorization without the run's key, and with the end of any other left out."""
        shown = authorization.replace(self.key, "$BITPEAK_API_KEY")
        return shown if shown != authorization or len(shown) < 16 else f"{shown[:15]}…"
