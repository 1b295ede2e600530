"""Operations that let anybody in, or answer with another status, title or content type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from contract_tests.mutants.exchange import Forward, Got, Sabotage, Sent
from contract_tests.mutants.mutant import Kind, Mutant
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
    """Begin a sabotage that puts the last good key where a wrong one was sent, or none."""

    def begin() -> Sabotage:
        good: list[str] = []

        def sabotage(sent: Sent, forward: Forward) -> Got:
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


def _status(status: int) -> Callable[[Got], Got]:
    def change(got: Got) -> Got:
        return replace(got, status=status)

    return change


def _plain(got: Got) -> Got:
    return got.with_header("Content-Type", "text/plain")


def _title(data: dict[str, object]) -> None:
    for errors in data.values():
        for error in errors if isinstance(errors, list) else ():
            error["title"] = "Something else is wrong."
