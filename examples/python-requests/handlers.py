"""Keeps the notification handlers of an account as a file lists them, and may be run again at any time.

    BITPEAK_API_URL=http://127.0.0.1:4055/api BITPEAK_API_KEY=mock-key python handlers.py wanted.json

A handler is known by its name. What is missing is created, what differs is updated, and nothing else is touched.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

Handler = dict[str, Any]
TOO_MANY_REQUESTS = 429
TRIES = 4


class TryLaterError(Exception):
    """The response did not arrive or was an error, so it is unknown what the API did."""


@dataclass
class Report:
    """How many handlers were created, updated and left alone."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def __str__(self) -> str:
        return f"{self.created} created, {self.updated} updated, {self.unchanged} unchanged"


class Account:
    """The account that a key opens. `pause` is how the program waits, in seconds; `timeout` is for one response."""

    def __init__(
        self, url: str, key: str, *, pause: Callable[[float], object] = time.sleep, timeout: float = 10
    ) -> None:
        self._url = f"{url.rstrip('/')}/notification-handlers"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"
        self._pause = pause
        self._timeout = timeout

    def sync(self, wanted: list[Handler]) -> Report:
        """Make the account as wanted. If a response is lost, look again at what is there, and go on from that.

        Raises TryLaterError if that does not help, and requests.HTTPError if the API refuses.
        """
        for attempt in range(TRIES):
            try:
                return self._sync_once(wanted)
            except TryLaterError:
                if attempt == TRIES - 1:
                    raise
                self._pause(2**attempt)
        raise AssertionError("the last try returns or raises")

    def _sync_once(self, wanted: list[Handler]) -> Report:
        report = Report()
        there = {handler["name"]: handler for handler in self._handlers()}
        for handler in wanted:
            enabled = handler.get("is_enabled", True)
            form = {"name": handler["name"], "type": handler["type"], **handler["settings"]}
            found = there.get(handler["name"])
            if found is None:
                created = self._call("POST", self._url, form)
                if not enabled:  # a new handler is enabled, whatever its form says
                    self._call("POST", f"{self._url}/{created['data']['id']}", {"is_enabled": "0"})
                report.created += 1
            elif found.items() >= {**handler, "is_enabled": enabled}.items():
                report.unchanged += 1
            else:
                self._call("POST", f"{self._url}/{found['id']}", form | {"is_enabled": str(int(enabled))})
                report.updated += 1
        return report

    def _handlers(self) -> Iterator[Handler]:
        page = self._call("GET", f"{self._url}/")
        yield from page["data"]
        while page["links"]["next"]:
            page = self._call("GET", page["links"]["next"])
            yield from page["data"]

    def _call(self, method: str, url: str, form: dict[str, str] | None = None) -> Any:
        """Make a call, again and again while the quota is used up."""
        # A text in `files` without a file name is how requests sends a multipart field.
        fields = {name: (None, value) for name, value in form.items()} if form else None
        while True:
            try:
                response = self._session.request(method, url, files=fields, timeout=self._timeout)
            except (
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
            ) as error:
                raise TryLaterError(f"{method} {url}: {error}") from error
            if response.status_code != TOO_MANY_REQUESTS:
                break
            headers = response.headers
            self._pause(float(headers.get("Retry-After") or headers.get("X-RateLimit-Reset") or 1))
        if response.status_code >= 500:
            raise TryLaterError(f"{method} {url}: {response.status_code}")
        response.raise_for_status()
        return response.json()


def main() -> None:
    """Run the program."""
    wanted = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print(Account(os.environ["BITPEAK_API_URL"], os.environ["BITPEAK_API_KEY"]).sync(wanted))


if __name__ == "__main__":
    main()
