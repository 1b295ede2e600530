"""aiohttp: a FormData, as multipart, urlencoded or in chunks."""

import asyncio
from pathlib import Path

import aiohttp

from tests.zoo.clients.arguments import asked


async def send() -> None:
    """Send what was asked."""
    sent = asked()
    form = aiohttp.FormData(default_to_multipart=sent.form != "urlencoded")
    for name, value in sent.texts:
        form.add_field(name, value)
    for name, path in sent.files:
        form.add_field(name, Path(path).open("rb"))  # noqa: SIM115 - the process ends with it
    chunked = True if sent.form == "chunked" else None
    async with (
        aiohttp.ClientSession(raise_for_status=True) as session,
        session.post(sent.url, headers=sent.headers, data=form, chunked=chunked),
    ):
        pass


asyncio.run(send())
