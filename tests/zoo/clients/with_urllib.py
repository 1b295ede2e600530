"""urllib of Python's standard library, which writes no multipart."""

import urllib.request
from urllib.parse import urlencode

from tests.zoo.clients.arguments import asked

sent = asked()
request = urllib.request.Request(sent.url, urlencode(sent.texts).encode(), sent.headers)
with urllib.request.urlopen(request, timeout=10) as answer:
    answer.read()
