"""urllib3: `fields=` for multipart, and its own encoder in front of a body in chunks."""

from pathlib import Path
from urllib.parse import urlencode

import urllib3

from tests.zoo.clients.arguments import asked

sent = asked()
pool = urllib3.PoolManager(headers=sent.headers)
fields: list[tuple[str, str | tuple[str, bytes]]] = [*sent.texts]
fields += [(name, (path, Path(path).read_bytes())) for name, path in sent.files]
if sent.form == "urlencoded":
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = pool.request("POST", sent.url, body=urlencode(sent.texts), headers={**sent.headers, **kind})
elif sent.form == "chunked":
    body, content_type = urllib3.encode_multipart_formdata(fields)
    kind = {"Content-Type": content_type}
    answer = pool.request("POST", sent.url, body=body, headers={**sent.headers, **kind}, chunked=True)
else:
    answer = pool.request("POST", sent.url, fields=fields)
assert answer.status < 300
