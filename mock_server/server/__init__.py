"""A WSGI server for a mock: one process, one thread, quick to start and prompt to stop.

The app is called on the event loop, so it must not wait for anything. To delay a response, it asks the server
(`environ["mock_server.reply"]`, `ReplyOptions`). Other connections go on, and pipelined responses keep their order.

Beyond PEP 3333, the environ has:

- `mock_server.reply`: how the server sends this response, for the app to change: its delay, its fault on the wire.
- `mock_server.wire_error`: only in a request that the server refuses, so that the app can word the refusal:
  `malformed` (respond with 400), `head-too-large` (431), `body-too-large` (413), `timeout` (408). Its body is
  empty, and so are its method and path unless they could be read. The connection ends after the response.
- `mock_server.headers`: the request's headers alone, by their keys in the environ.
- `mock_server.head_bytes`: their length in bytes as they came, for an app that keeps its requests.
- `REQUEST_URI` and `RAW_URI`: the request target as it came.
- `wsgi.input_terminated`: true. The body is read whole before the app is called, and `CONTENT_LENGTH` is its length
  even if it came in chunks.

Repeated headers are joined with a comma (Cookie with a semicolon). Headers with an underscore in their name are
dropped. If an app raises, the logger `mock_server.server` logs it and the response is a 500.

The module `server` has the address, the thread and the stop, `connection` a client's connection. `request` reads HTTP.
`response` calls the app and writes HTTP.
"""

from mock_server.server.request import HEAD_BYTES, HEADERS, WIRE_ERROR, ServerLimits, WireError
from mock_server.server.response import REPLY, ReplyOptions, Wire
from mock_server.server.server import BadCertificate, CannotBind, Server, TLSFiles

__all__ = [
    "HEADERS",
    "HEAD_BYTES",
    "REPLY",
    "WIRE_ERROR",
    "BadCertificate",
    "CannotBind",
    "ReplyOptions",
    "Server",
    "ServerLimits",
    "TLSFiles",
    "Wire",
    "WireError",
]
