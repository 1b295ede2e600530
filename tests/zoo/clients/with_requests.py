"""requests: `files=` for multipart, `data=` for urlencoded."""

from pathlib import Path

import requests

from tests.zoo.clients.arguments import asked

sent = asked()
if sent.form == "urlencoded":
    answer = requests.post(sent.url, headers=sent.headers, data=sent.texts, timeout=10)
else:
    fields = [(name, (None, value)) for name, value in sent.texts]
    files = [(name, Path(path).open("rb")) for name, path in sent.files]  # noqa: SIM115 - the process ends with it
    answer = requests.post(sent.url, headers=sent.headers, files=[*fields, *files], timeout=10)
answer.raise_for_status()
