"""What may pass, by method, path and id. It knows nothing of the request's key or body."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, unquote

from contract_tests.guard.entry import Entry
from contract_tests.guard.holdings import Holdings, Standing
from contract_tests.guard.identity import readings
from contract_tests.guard.refusal import GuardRefusal
from contract_tests.guard.surface import Operation, Surface

# A path below the base that no service has: for the question what an unknown route gets.
NOWHERE = "bpm-nowhere"

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_TARGET = re.compile(r"/[!-~]*")
_NEVER = frozenset({"TRACE", "CONNECT"})  # they show the key, or open a way past the guard

Effect = Literal["read", "create", "write"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A request that may pass, unless its body or key is against it.

    `operation` is None where the document has none for the method. `rows` are the run's own creates that the path
    may mean, and `row` is the id in it as PHP would cast it, None where there is none.
    """

    effect: Effect
    operation: Operation | None
    row: int | None = None
    rows: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules of one run. `path` is the target's; `learn` has the list looked at, for how high the ids are."""

    surface: Surface
    path: str
    holdings: Holdings
    learn: Callable[[], None]
    allow_writes: bool

    def admit(self, method: str, target: str) -> Passage:
        """Return how a request may pass. Raises GuardRefusal: see there for the reasons."""
        path, _, query = _checked(method, target).partition("?")
        segments = self._segments(path)
        if method == "GET" and len(segments) == 1 and segments[0].startswith(NOWHERE):
            return Passage("read", None)
        found = sorted(self._operations(segments), key=lambda one: one.slashed is not path.endswith("/"))
        operation = next((one for one in found if one.method == method), None)
        _check_query(query, reads=method == "GET" and operation is not None)
        if method == "GET" and operation is not None:
            row = max(readings(segments[-1])) if operation.on_row else None
            return Passage("read", operation, row, self._own_rows(segments[-1]) if operation.on_row else ())
        if not self.allow_writes:
            raise GuardRefusal("read-only", "The run may only read: allow writes to let this pass.")
        if operation is not None and operation.kind == "create":
            return Passage("create", operation)
        if not found[0].on_row:
            raise GuardRefusal(
                "method", f"The document has no {method[:20]} for this path, which names no row."
            )
        if not segments[-1].strip("\0\t\n\r\v\f "):  # whoever trims it would be asked to write to all rows
            raise GuardRefusal("path", "The id in the path is blank.")
        return self._write(segments[-1], operation)

    def _segments(self, path: str) -> tuple[str, ...]:
        """Return the decoded segments below the base path, without one slash at the end."""
        if not path.startswith(self.path + "/"):
            raise GuardRefusal("path", "The path is not below the API's base path.")
        raw = path[len(self.path) + 1 :].removesuffix("/").split("/")
        segments = tuple(unquote(segment, errors="surrogateescape") for segment in raw)
        if any(not s or s in {".", ".."} or set("/\\") & set(unquote(s)) for s in segments):
            raise GuardRefusal("path", "The path has an empty, a relative or a folded segment.")
        return segments

    def _operations(self, segments: tuple[str, ...]) -> list[Operation]:
        found = [one for one in self.surface.operations if _leads_to(one, segments)]
        if not found:
            raise GuardRefusal("path", "The document has no such path.")
        return found

    def _own_rows(self, text: str) -> tuple[Entry, ...]:
        entries = (self.holdings.entry(row) for row in sorted(readings(text)))
        return tuple(entry for entry in entries if entry is not None)

    def _write(self, text: str, operation: Operation | None) -> Passage:
        meant = readings(text)
        if self.holdings.cannot_tell(max(meant)):
            self.learn()
        if any(self.holdings.standing(row) is Standing.FOREIGN for row in meant):
            raise GuardRefusal("foreign", "The id may be that of a row which this run did not create.")
        entries = self._own_rows(text)
        if len(entries) > 1:  # whose marker would go into the name?
            raise GuardRefusal("foreign", "The id may be that of more than one row.")
        return Passage("write", operation, max(meant), entries)


def _checked(method: str, target: str) -> str:
    if not _TOKEN.fullmatch(method) or not _TARGET.fullmatch(target) or "#" in target:
        raise GuardRefusal("malformed-request", "The request line is not one of HTTP.")
    if method.upper() in _NEVER:
        raise GuardRefusal("method", f"{method.upper()} could show the key.")
    return target


def _check_query(query: str, *, reads: bool) -> None:
    if query and not reads:
        raise GuardRefusal("query", "Only the documented reads have a query.")
    if any(name.strip().lower() == "_method" for name, _ in parse_qsl(query, keep_blank_values=True)):
        raise GuardRefusal("override", "A query that overrides the method could turn a read into a write.")


def _leads_to(operation: Operation, segments: tuple[str, ...]) -> bool:
    if len(operation.segments) != len(segments):
        return False
    pairs = zip(operation.segments, segments, strict=True)
    return all(own == asked or own.startswith("{") for own, asked in pairs)
