"""A WSGI server for a mock: one process, one thread, quick to start and prompt to stop.

The app is called on the event loop, so it must not wait for anything. To hold an answer back, it asks the
server to (`environ["mock_server.reply"]`, a `Reply`): other connections go on meanwhile, and pipelined
answers keep their order.

Beyond PEP 3333, the environ has:

- `mock_server.reply`: this answer's `Reply`, for the app to change: its delay, its fault on the wire.
- `mock_server.wire_error`: only in a request that the server refuses, so that the app can word the refusal:
  `malformed` (answer 400), `head-too-large` (431), `body-too-large` (413), `timeout` (408). Its body is
  empty; its method and path are too, unless they could be read. The connection ends after the answer.
- `mock_server.headers`: the request's headers alone, as they came, by their keys in the environ.
- `mock_server.head_bytes`: how long they are together, for an app that remembers its requests.
- `REQUEST_URI` and `RAW_URI`: the request target as it came.
- `wsgi.input_terminated`: true; the body was read whole before the app is called, and `CONTENT_LENGTH` is
  its length even where it came in chunks.

Repeated headers are joined with a comma (Cookie with a semicolon); headers with an underscore in their name
are dropped. An app that raises is logged by the logger `mock_server.server` and answered with a 500.
"""

from mock_server.server.environ import HEAD_BYTES, HEADERS, WIRE_ERROR
from mock_server.server.limits import Limits
from mock_server.server.listener import CannotBind
from mock_server.server.reader import WireError
from mock_server.server.reply import REPLY, Reply, Wire
from mock_server.server.server import Server
from mock_server.server.tls import BadCertificate, TLSFiles

__all__ = [
    "HEADERS",
    "HEAD_BYTES",
    "REPLY",
    "WIRE_ERROR",
    "BadCertificate",
    "CannotBind",
    "Limits",
    "Reply",
    "Server",
    "TLSFiles",
    "Wire",
    "WireError",
]
