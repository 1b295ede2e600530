"""Requests and responses as the guard handles them, what they hold, and exchanges that are safe to show."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from contract_tests.document import Facts

# The shell variable that stands for the key wherever a request is shown.
KEY_VARIABLE = "$BITPEAK_API_KEY"
# The same for the key of the second account.
OTHER_KEY_VARIABLE = "$BITPEAK_OTHER_API_KEY"

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"

# A refusal by the guard: a status that services do not use, and a header that says why.
REFUSED_STATUS, REFUSED_HEADER = 418, "X-Guard-Refused"
# The target did not respond.
FAILED_STATUS, FAILED_HEADER = 502, "X-Guard-Failed"
# If this request header is 1, the suite gets a 429 instead of a wait.
PASS_429_HEADER = "x-guard-pass-429"  # noqa: S105 -- no password

# Headers that belong to one connection and are not passed on; bodies are framed anew.
HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade", "content-length"),
    }
)
_ESCAPES = {"\r": "\\r", "\n": "\\n", "\t": "\\t"}

Headers = tuple[tuple[str, str], ...]


class Reasoned(Exception):
    """An error with a stable word for programs, the `reason`, and a `sentence` for people."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence


class GuardRefusal(Reasoned):
    """The guard has refused a request, so nothing was sent.

    Reasons: `read-only`, `path`, `method`, `query`, `foreign` (an id that is not proven to be the run's own), `halted`
    (the run writes no more), `unlisted` (the list cannot be read whole), `unmarked` (no place for the marker),
    `bytes` (what is not UTF-8 may break the service), `ledger` (it cannot be written), `contact` (a host that is not
    reserved), `key` (the key's own text), `other-account`, `live-rows`, `budget`, `form`, `override`,
    `malformed-request`, `closing`, `redirect` (to another host), `plain-http`, `target`, `proxy` and `host` (the name
    of another computer).
    """


class TargetFailed(Reasoned):
    """The target gave no response. Reasons: `connect`, `timeout`, `tls`, `no-answer`, `too-large`, `coding`."""


class Unswept(Exception):
    """An earlier run on this target left its ledger unswept; the sentence names the file and the remedy."""


class Request(NamedTuple):
    """Method, request target and headers as sent; the body without transfer coding."""

    method: str
    target: str
    headers: Headers
    body: bytes

    def values(self, name: str) -> list[str]:
        """Return a header's values; `name` in lower case."""
        return [value for key, value in self.headers if key.lower() == name]

    def header(self, name: str) -> str:
        """Return a header's first value, empty if it is absent."""
        return next(iter(self.values(name)), "")


class Reply(NamedTuple):
    """A response of the target: status, reason, headers in their order, body without transfer or content coding."""

    status: int
    reason: str
    headers: Headers
    body: bytes

    def header(self, name: str) -> str:
        """Return a header's first value, empty if it is absent; `name` in lower case."""
        return next(self.values(name), "")

    def values(self, name: str) -> Iterator[str]:
        """Yield a header's values."""
        return (value.strip() for key, value in self.headers if key.lower() == name)

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300


def refused(no: GuardRefusal) -> Reply:
    """Return the guard's response to a request that it does not let through."""
    return _own(REFUSED_STATUS, "Refused by the guard", REFUSED_HEADER, no)


def failed(failure: TargetFailed) -> Reply:
    """Return the guard's response if the target gave none."""
    return _own(FAILED_STATUS, "No answer from the target", FAILED_HEADER, failure)


def _own(status: int, reason: str, header: str, why: Reasoned) -> Reply:
    data = {"guard": {"reason": why.reason, "sentence": why.sentence}}
    headers = (("Content-Type", "application/json"), (header, why.reason))
    return Reply(status, reason, headers, json.dumps(data, ensure_ascii=False).encode())


def read_json(body: bytes) -> Any:
    """Parse JSON that can be read in one way only.

    Raises ValueError for a text that is not UTF-8, a byte order mark, a repeated key, NaN and Infinity, and too many
    levels.
    """
    return _loaded(body.decode(), object_pairs_hook=_members, parse_constant=_no_number)


def as_json(body: bytes | str) -> Any:
    """Parse JSON as most programs do. Raises ValueError for no UTF-8, a byte order mark, and what is too deep."""
    return _loaded(body if isinstance(body, str) else body.decode())


def _loaded(text: str, **hooks: Any) -> Any:
    if text.startswith("\ufeff"):
        raise ValueError("the JSON begins with a byte order mark")
    try:
        return json.loads(text, **hooks)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("the JSON has a key twice")
    return members


def _no_number(text: str) -> Any:
    raise ValueError(f"the JSON has {text}, which is not a number")


def at(tree: Any, steps: Iterable[str]) -> Any:
    """Return the value at a place in parsed JSON; None if there is none."""
    for step in steps:
        tree = tree.get(step) if isinstance(tree, dict) else None
    return tree


class Surface:
    """The API as the guard sees it. Raises ValueError, in a sentence, if the document describes no such API.

    `rows`, `retrieved`, `written_id` and `total` say where a response has its rows, its one row, the id of a create,
    and the total. `addresses` are the form fields whose documented examples are addresses.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        try:
            facts = self.facts = Facts(data)
            listed, path_to = facts.operation("list").response, facts.schemas.path_to
            self.id, self.name = facts.row["id"], facts.row["name"]
            self.rows = path_to(listed, "rows")
            self.total = path_to(listed, "total")
            self.retrieved = path_to(facts.operation("retrieve").response, "row")
            self.written_id = path_to(facts.operation("create").response, "id") or (self.id,)
            self.name_field = facts.form["name"]
            self.addresses = frozenset(_addresses(facts))
        except (LookupError, StopIteration, TypeError, ValueError) as error:
            what = f"the document describes no such API ({type(error).__name__}: {error})"
            raise ValueError(what) from error


def _addresses(facts: Facts) -> Iterator[str]:
    """Yield the fields that some documented example of a write fills with an e-mail address or a URL."""
    for kind in ("create", "update"):
        for media in facts.node(facts.operation(kind))["requestBody"]["content"].values():
            for example in media.get("examples", {}).values():
                values = facts.schemas.resolve(example).get("value", {}).items()
                yield from (
                    key for key, text in values if isinstance(text, str) and ("://" in text or "@" in text)
                )


def printable(text: str) -> str:
    """Return a text as one line that is safe in a terminal: unprintable characters become escapes."""
    return text if text.isprintable() else "".join(map(_visible, text))


def printable_lines(text: str) -> str:
    """Return a text of several lines that is safe in a terminal."""
    return "\n".join(map(printable, text.split("\n")))


def json_text(data: Any) -> str:
    """Write JSON for people and programs that is safe in a terminal."""
    text = json.dumps(data, indent=2, ensure_ascii=False)
    return "".join(sign if sign.isprintable() or sign == "\n" else json.dumps(sign)[1:-1] for sign in text)


def json_line(value: Any) -> str:
    """Write a value as JSON in one line, as people read it."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _visible(sign: str) -> str:
    return sign if sign.isprintable() else ascii(sign)[1:-1]


class FormField(NamedTuple):
    """A field as the suite sent it; `filename` is None if it was sent as text."""

    name: str
    value: str
    filename: str | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that reached the guard, and its outcome.

    `url` is the target's. `operation` is an operationId, empty if the document has none. Names are those that the
    suite sent and saw, without the run's marker. `media_type` is that of the request's body: `multipart/form-data`,
    another one or empty; `form` holds its fields, `raw` its text if it is not a form. Both are UTF-8 with other
    bytes as lone surrogates. `status` is 0 if the target did not respond. `refused` and `failed` are reasons; both
    are empty for an exchange that took place.
    """

    method: str
    url: str
    operation: str
    request_headers: Headers
    media_type: str
    form: tuple[FormField, ...]
    raw: str
    status: int
    headers: Headers
    body: str
    milliseconds: float
    refused: str = ""
    failed: str = ""

    @property
    def is_write(self) -> bool:
        """Whether the request may have changed something."""
        return self.method not in {"GET", "HEAD", "OPTIONS"}

    def as_curl(self) -> str:
        """Return one line for a POSIX shell that repeats the request, with the key in `$BITPEAK_API_KEY`."""
        words = ["curl", "--request", shlex.quote(self.method), shlex.quote(self.url)]
        for name, value in self.request_headers:
            if name.lower() == "authorization":
                words += ["--header", _quoted(f"Authorization: {value}")]
        flag = {MULTIPART: "--form-string", URLENCODED: "--data-urlencode"}.get(self.media_type, "")
        if flag and self.form:
            words += [word for f in self.form for word in (flag, _argument(f"{f.name}={f.value}"))]
        elif self.raw:
            kind = next((v for name, v in self.request_headers if name.lower() == "content-type"), "")
            words += ["--header", shlex.quote(f"Content-Type: {kind or self.media_type}"), "--data-binary"]
            if not self.raw.isprintable():  # an argument would lose line ends or bytes
                return f"printf {_escapes(self.raw)} | {' '.join(words)} @-"
            words.append(shlex.quote(self.raw))
        elif kind := next((v for name, v in self.request_headers if name.lower() == "content-type"), ""):
            words += ["--header", shlex.quote(f"Content-Type: {kind}"), "--data", "''"]
        return " ".join(words)


def _argument(text: str) -> str:
    """Quote an argument; characters that cannot be pasted into a terminal are spelled by printf."""
    if text.isprintable() or text.endswith("\n"):
        return shlex.quote(text)
    return f'"$(printf {_escapes(text)})"'


def _escapes(text: str) -> str:
    """Return a format for printf, of ASCII letters alone."""
    plain = text.replace("\\", "\\\\").replace("%", "%%")
    spelled = "".join(
        sign if sign.isascii() and sign.isprintable() else _ESCAPES.get(sign) or _octal(sign)
        for sign in plain
    )
    # A body of several parts begins with a dash, which printf would take for an option.
    return shlex.quote(f"\\055{spelled[1:]}" if spelled.startswith("-") else spelled)


def _octal(sign: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in sign.encode(errors="surrogateescape"))


def curl_of(exchange: Exchange, clean: Callable[[str], str]) -> str:
    """Return the cleaned curl line of an exchange; a shell sees the variable of the second account's key, too."""
    return re.sub(f"'([^'$]*{re.escape(OTHER_KEY_VARIABLE)})'", r'"\1"', clean(exchange.as_curl()))


def _quoted(text: str) -> str:
    """Quote for a shell, but leave the variable of the key unquoted."""
    before, variable, after = text.partition(KEY_VARIABLE)
    if not variable:
        return shlex.quote(text)
    return f'"{_escaped(before)}{variable}{_escaped(after)}"'


def _escaped(text: str) -> str:
    return re.sub(r'([\\"$`])', r"\\\1", text)
