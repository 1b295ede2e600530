"""What each client of the zoo must send: one request for each case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Form = Literal["multipart", "urlencoded", "chunked"]

CREATE = "/api/notification-handlers"
UPDATE = "/api/notification-handlers/1"

# The files that the cases send, by name. Clients write the second name in different ways; its file has every byte.
FILES: dict[str, bytes] = {
    "hook.txt": b"https://example.com/hook\n",
    'żółw "1".bin': b"--\r\n" + bytes(range(256)) + b"\r\n--\r\n",
}


@dataclass(frozen=True, slots=True)
class Case:
    """A request: `texts` are its fields in order, `file` a field and the name of one of FILES, sent last."""

    path: str
    form: Form
    texts: tuple[tuple[str, str], ...]
    file: tuple[str, str] | None = None

    @property
    def arguments(self) -> list[str]:
        """The arguments of a client's script after URL and key."""
        fields = [word for name, value in self.texts for word in ("text", name, value)]
        return [self.form, *fields, *(["file", *self.file] if self.file else [])]


_TEXT = (("name", "Example"), ("type", "email"), ("email", "hello@example.com"))
_UNICODE = (
    ("name", 'Zażółć 🦊 "a" & b=c; 100%25 + d\\'),
    ("type", "slack"),
    ("slack", "https://example.com/łąka?x=1&y=%20+z#ü"),
)
_EMPTY = (("name", "Empty"), ("type", "telegram"), ("telegram", ""), ("telegram_chat_id", ""))
_WEBHOOK = (("name", "File"), ("type", "webhook"))

CASES: dict[str, Case] = {
    "create-text": Case(CREATE, "multipart", _TEXT),
    "create-unicode": Case(CREATE, "multipart", _UNICODE),
    "create-empty": Case(CREATE, "multipart", _EMPTY),
    "create-file": Case(CREATE, "multipart", _WEBHOOK, ("webhook", "hook.txt")),
    "create-file-name": Case(CREATE, "multipart", _WEBHOOK, ("webhook", 'żółw "1".bin')),
    "create-odd-names": Case(CREATE, "multipart", (*_TEXT, ("żółw", "1"), ('a "b"', "2"), ("c[d]", "3"))),
    "create-urlencoded": Case(CREATE, "urlencoded", _UNICODE),
    "create-chunked": Case(CREATE, "chunked", _UNICODE),
    "update-text": Case(UPDATE, "multipart", (("name", "New name"), ("is_enabled", "1"))),
    "update-unicode": Case(UPDATE, "multipart", (("name", "Zwei Zeilen\r\nüber\n🦊"),)),
    "update-empty": Case(UPDATE, "multipart", (("name", ""), ("is_enabled", ""))),
    "update-file": Case(UPDATE, "multipart", (("is_enabled", "0"),), ("email", "hook.txt")),
    "update-urlencoded": Case(UPDATE, "urlencoded", (("name", ""), ("is_enabled", "0"))),
}
