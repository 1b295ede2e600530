"""httpx: `files=` for multipart, `data=` for urlencoded, which takes a dictionary."""

from pathlib import Path

import httpx

from tests.zoo.clients.arguments import asked

sent = asked()
if sent.form == "urlencoded":
    answer = httpx.post(sent.url, headers=sent.headers, data=dict(sent.texts))
else:
    fields = [(name, (None, value)) for name, value in sent.texts]
    files = [(name, Path(path).open("rb")) for name, path in sent.files]  # noqa: SIM115 - the process ends with it
    answer = httpx.post(sent.url, headers=sent.headers, files=[*fields, *files])
answer.raise_for_status()
