"""Keeps the notification handlers of an account as a file lists them, as many calls at a time as are useful.

    BITPEAK_API_URL=http://127.0.0.1:4055/api BITPEAK_API_KEY=mock-key python handlers.py wanted.json

A handler is known by its name. What is missing is created, what differs is updated, and nothing else is touched.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Self

import httpx

Handler = dict[str, Any]
TRIES = 4
AT_A_TIME = 4


class TryLaterError(Exception):
    """The response did not arrive or was an error, so it is unknown what the API did."""


class Account:
    """The account that a key opens. `pause` is how the program waits, in seconds; `timeout` is for one response."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
        timeout: float = 10,
    ) -> None:
        self._client = httpx.AsyncClient(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=timeout
        )
        self._pause = pause
        self._slots = asyncio.Semaphore(AT_A_TIME)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def sync(self, wanted: list[Handler]) -> Counter[str]:
        """Make the account as wanted; give how many handlers were created, updated and left unchanged.

        If a response is lost, it looks again at what is there, and goes on from that. Raises TryLaterError if that
        does not help, and httpx.HTTPStatusError if the API refuses.
        """
        for attempt in range(TRIES):
            try:
                there = {handler["name"]: handler async for handler in self._handlers()}
                done = await asyncio.gather(
                    *(self._settle(handler, there.get(handler["name"])) for handler in wanted),
                    return_exceptions=True,  # so that none is still under way when it looks again
                )
                for each in done:
                    if isinstance(each, BaseException):
                        raise each
                return Counter(map(str, done))
            except TryLaterError:
                if attempt == TRIES - 1:
                    raise
                await self._pause(2**attempt)
        raise AssertionError("the last try returns or raises")

    async def _settle(self, handler: Handler, found: Handler | None) -> str:
        enabled = handler.get("is_enabled", True)
        form = {"name": handler["name"], "type": handler["type"], **handler["settings"]}
        if found is None:
            created = await self._call("POST", "/notification-handlers", form)
            if not enabled:  # a new handler is enabled, whatever its form says
                off = {"is_enabled": "0"}
                await self._call("POST", f"/notification-handlers/{created['data']['id']}", off)
            return "created"
        if found.items() >= {**handler, "is_enabled": enabled}.items():
            return "unchanged"
        form["is_enabled"] = str(int(enabled))
        await self._call("POST", f"/notification-handlers/{found['id']}", form)
        return "updated"

    async def _handlers(self) -> AsyncIterator[Handler]:
        link = "/notification-handlers/"
        while link:
            page = await self._call("GET", link)
            for handler in page["data"]:
                yield handler
            link = page["links"]["next"]

    async def _call(self, method: str, url: str, form: dict[str, str] | None = None) -> Any:
        """Make a call, again and again while the quota is used up."""
        # A text in `files` without a file name is how httpx sends a multipart field.
        fields = {name: (None, value) for name, value in form.items()} if form else None
        while True:
            async with self._slots:
                try:
                    response = await self._client.request(method, url, files=fields)
                except httpx.TransportError as error:
                    raise TryLaterError(f"{method} {url}: {error!r}") from error
            if response.status_code != httpx.codes.TOO_MANY_REQUESTS:
                break
            headers = response.headers
            await self._pause(float(headers.get("Retry-After") or headers.get("X-RateLimit-Reset") or 1))
        if response.is_server_error:
            raise TryLaterError(f"{method} {url}: {response.status_code}")
        response.raise_for_status()
        return response.json()


async def main() -> None:
    """Run the program."""
    wanted = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    async with Account(os.environ["BITPEAK_API_URL"], os.environ["BITPEAK_API_KEY"]) as account:
        done = await account.sync(wanted)
    print(", ".join(f"{done[what]} {what}" for what in ("created", "updated", "unchanged")))


if __name__ == "__main__":
    asyncio.run(main())
