"""A small web service: `POST /on-call?email=…` makes sure that an e-mail handler for that address exists.

It is told URL and key of BitPeak's API by BITPEAK_API_URL and BITPEAK_API_KEY, and prints its own URL.
"""

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

API = os.environ["BITPEAK_API_URL"] + "/notification-handlers"
HEADERS = {"Authorization": f"Bearer {os.environ['BITPEAK_API_KEY']}"}


def create(email: str) -> int:
    """Create a handler and return its id. Raises HTTPError."""
    fields = {"name": f"On call: {email}", "type": "email", "email": email}
    with urlopen(Request(API, urlencode(fields).encode(), HEADERS), timeout=10) as response:
        number: int = json.load(response)["data"]["id"]
    return number


class Service(BaseHTTPRequestHandler):
    """Serves one request."""

    def do_POST(self) -> None:
        """Create a handler. The status is 502 if BitPeak refuses."""
        (email,) = parse_qs(urlsplit(self.path).query)["email"]
        try:
            status, facts = 201, {"handler": create(email)}
        except HTTPError as error:
            with error:
                status, facts = 502, {"bitpeak": error.code}
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(facts).encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
