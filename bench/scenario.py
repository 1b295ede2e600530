"""The requests that are measured, as a test suite sends them."""

from __future__ import annotations

from dataclasses import dataclass

KEY = "mock-bench"

# Handlers in the world that is measured: a page of 1,000 is full.
POPULATION = 1000

_BOUNDARY = "bench"
_FIELDS = {"name": "Example", "type": "email", "email": "hello@example.com"}
FORM_TYPE = f"multipart/form-data; boundary={_BOUNDARY}"
FORM = (
    "".join(
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in _FIELDS.items()
    )
    + f"--{_BOUNDARY}--\r\n"
).encode()


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of request. `path` begins after the base path; `status` is that of the right response."""

    name: str
    method: str
    path: str
    status: int
    body: bytes = b""
    with_key: bool = True

    def wire(self, base_path: str, host: str, key: str = KEY) -> bytes:
        """Return the request in the bytes of HTTP/1.1."""
        lines = [f"{self.method} {base_path}{self.path} HTTP/1.1", f"Host: {host}"]
        if self.with_key:
            lines.append(f"Authorization: Bearer {key}")
        if self.body:
            lines += [f"Content-Type: {FORM_TYPE}", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


SCENARIOS = (
    Scenario("retrieve", "GET", "/notification-handlers/500", 200),
    Scenario("list 25", "GET", "/notification-handlers", 200),
    Scenario("list 1000", "GET", "/notification-handlers?results_per_page=1000", 200),
    Scenario("create", "POST", "/notification-handlers", 201, FORM),
    Scenario("update", "POST", "/notification-handlers/500", 200, FORM),
    Scenario("refusal", "GET", "/notification-handlers/500", 401, with_key=False),
)
