"""Services that fail, answer with another status, title or content type, or let anybody in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from contract_tests.mutants.mutant import Forward, GotResponse, Kind, Mutant, Sabotage, SentRequest
from contract_tests.mutants.wire import OPERATIONS, Begin, Wire

_ODD_SUCCESS, _ODD_FAILURE = 202, 418
_KEY = "Authorization"


def door_mutants(wire: Wire) -> Iterator[Mutant]:
    """Yield the mutants of each operation."""
    for kind in OPERATIONS:
        for way, sentence, begin in (
            ("open-to-nobody", "does not ask for a key", hole(wire, kind, wrong=False)),
            ("open-to-wrong-key", "takes any key", hole(wire, kind, wrong=True)),
            ("odd-status", f"succeeds with {_ODD_SUCCESS}", wire.in_answers(_status(_ODD_SUCCESS), kind)),
            ("refuses-by-418", "refuses with 418", wire.in_answers(_status(_ODD_FAILURE), kind, failed=True)),
            ("odd-title", "refuses with another title", wire.in_data(_title, kind, failed=True)),
            ("odd-content-type", "answers text/plain", wire.in_answers(_plain, kind)),
        ):
            yield Mutant(f"{kind}-{way}", Kind.BUG, f"The {kind} operation {sentence}.", begin)


def hole(wire: Wire, kind: str, *, wrong: bool) -> Begin:
    """Begin a sabotage that replaces a wrong key, or adds a missing one: the last good one."""

    def begin() -> Sabotage:
        good: list[str] = []

        def sabotage(sent: SentRequest, forward: Forward) -> GotResponse:
            key = sent.header(_KEY)
            got = forward(sent)
            if got.succeeded and key:
                good[:] = [key]
            held = bool(key) if wrong else not key
            if got.succeeded or not good or not held or key == good[0] or wire.kind(sent) != kind:
                return got
            return forward(sent.with_header(_KEY, good[0]))

        return sabotage

    return begin


def _status(status: int) -> Callable[[GotResponse], GotResponse]:
    def change(got: GotResponse) -> GotResponse:
        return replace(got, status=status)

    return change


def _plain(got: GotResponse) -> GotResponse:
    return got.with_header("Content-Type", "text/plain")


def _title(data: dict[str, object]) -> None:
    for errors in data.values():
        for error in errors if isinstance(errors, list) else ():
            error["title"] = "Something else is wrong."


_HTML = (("Content-Type", "text/html"),)
_OOPS = GotResponse(500, _HTML, b"<h1>Oops</h1>")
_DROPPED = GotResponse(0, (), b"")
_FAR = 2**31  # the first id that a signed word of 32 bits cannot hold

Odd = Callable[[Wire, SentRequest], bool]


def crash_mutants(wire: Wire) -> Iterator[Mutant]:
    """Yield the crashes."""
    for name, sentence, begin in (
        ("crash-on-emoji", "500 if a create has a letter of four bytes.", _when(wire, _emoji)),
        ("crash-on-long-name", "500 if a name has more than 128 characters.", _when(wire, _long)),
        ("crash-on-empty-update", "500 if an update sends nothing.", _when(wire, _empty)),
        ("crash-on-urlencoded-update", "500 if an update is urlencoded.", _when(wire, _urlencoded)),
        ("crash-on-large-id", "500 if an id is beyond 32 bits.", _when(wire, _large)),
        ("crash-on-page-in-letters", "500 if the page is not a number.", _when(wire, _letters)),
        ("crash-on-last-type", "500 if the last type is created.", _when(wire, _last_type)),
        ("delete-drops-connection", "A delete gets no answer.", _when(wire, _deletes, _DROPPED)),
        ("crash-beyond-last-page", "500 for a page without rows.", _beyond(wire)),
        ("html-for-errors", "Refusals are pages of HTML.", _answered(wire, "list", "create", "retrieve")),
        ("half-a-body", "A retrieve's body ends in its middle.", wire.in_answers(_half, "retrieve")),
        ("empty-list-body", "A list's body is empty.", wire.in_answers(_nothing, "list")),
        ("every-25th-fails", "Each 25th request gets 500.", _each(25)),
    ):
        yield Mutant(name, Kind.CRASH, sentence, begin)


def _when(wire: Wire, odd: Odd, answer: GotResponse = _OOPS) -> Begin:
    def begin() -> Sabotage:
        def sabotage(sent: SentRequest, forward: Forward) -> GotResponse:
            return answer if odd(wire, sent) else forward(sent)

        return sabotage

    return begin


def _emoji(wire: Wire, sent: SentRequest) -> bool:
    form = sent.form() if wire.kind(sent) == "create" else None
    return any(ord(letter) > 0xFFFF for value in (form or {}).values() for letter in value)


def _long(wire: Wire, sent: SentRequest) -> bool:
    return len((sent.form() or {}).get(wire.facts.form["name"], "")) > 128


def _empty(wire: Wire, sent: SentRequest) -> bool:
    return wire.kind(sent) == "update" and not any((sent.form() or {}).values())


def _urlencoded(wire: Wire, sent: SentRequest) -> bool:
    return wire.kind(sent) == "update" and "urlencoded" in sent.header("Content-Type")


def _large(wire: Wire, sent: SentRequest) -> bool:
    return wire.id_in(sent) >= _FAR


def _letters(wire: Wire, sent: SentRequest) -> bool:
    page = sent.query.get(wire.facts.page_parameter, "1")
    return wire.kind(sent) == "list" and not page.lstrip("-").isdecimal()


def _last_type(wire: Wire, sent: SentRequest) -> bool:
    form = sent.form() if wire.kind(sent) == "create" else None
    return (form or {}).get(wire.facts.form["type"]) == list(wire.facts.types)[-1]


def _deletes(wire: Wire, sent: SentRequest) -> bool:
    return wire.kind(sent) == "delete"


def _beyond(wire: Wire) -> Begin:
    def crash(got: GotResponse) -> GotResponse:
        return _OOPS if wire.read("list", "rows", got.data()) == [] else got

    return wire.in_answers(crash, "list")


def _answered(wire: Wire, *kinds: str) -> Begin:
    def page(got: GotResponse) -> GotResponse:
        return GotResponse(got.status, _HTML, b"<h1>No.</h1>")

    return wire.in_answers(page, *kinds, failed=True)


def _half(got: GotResponse) -> GotResponse:
    return replace(got, body=got.body[: len(got.body) // 2])


def _nothing(got: GotResponse) -> GotResponse:
    return replace(got, body=b"")


def _each(count: int) -> Begin:
    def begin() -> Sabotage:
        seen: list[None] = []

        def sabotage(sent: SentRequest, forward: Forward) -> GotResponse:
            seen.append(None)
            return forward(sent) if len(seen) % count else _OOPS

        return sabotage

    return begin
