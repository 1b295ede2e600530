"""Services that are unusual and right all the same: the kit must say nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from contract_tests.mutants.mutant import GotResponse, Kind, Mutant
from contract_tests.mutants.wire import OPERATIONS, Begin, RowData, Wire

_ANSWERS = (
    ("create-answers-200", "create-status=ok"),
    ("delete-answers-204", "delete-status=no-content"),
    ("titles-of-the-site", "error-titles=site-language"),
    ("statuses-as-numbers", "error-status=number"),
    ("statuses-as-texts", "error-status=text"),
    ("oldest-first", "list-order=oldest-first"),
    ("secrets-masked", "secrets-in-replies=masked"),
    ("texts-kept-raw", "text-cleaning=kept"),
    ("plain-json", "json-escapes=plain"),
)
# The documentation itself says otherwise, so that these are departures, and to be reported.
_DEPARTURES = (
    ("writes-answer-the-object", "write-answer=whole-object"),
    ("with-user-id", "user-id=present"),
    ("enabled-as-number", "is-enabled-in-replies=integer"),
    ("page-as-it-was-sent", "meta-page=raw-text"),
    ("update-blanks", "update-keeps=blanked"),
)


def tolerance_mutants(wire: Wire) -> Iterator[Mutant]:
    """Yield the tolerances: in the wire, in what the document leaves open, and in the open questions.

    With them come the answers to open questions that the documentation contradicts.
    """
    for name, sentence, begin in (
        ("extra-in-row", "A handler has an undocumented property.", wire.in_rows(_extra)),
        ("extra-in-envelope", "Envelopes have an undocumented key.", wire.in_data(_extra, *OPERATIONS)),
        ("extra-in-meta", "The list's meta and links have one more key each.", wire.in_data(_deep, "list")),
        ("keys-in-another-order", "Objects have their keys the other way around.", _in_order(wire)),
        ("lower-case-headers", "Header names are in lower case.", _everywhere(wire, _lower)),
        ("extra-headers", "Answers have undocumented headers.", _everywhere(wire, _more)),
        ("chunked-bodies", "Bodies come in chunks.", wire.in_answers(_chunked, "list", "retrieve", "create")),
        ("spaced-json", "JSON comes with spaces and lines.", _everywhere(wire, _spaced)),
    ):
        yield Mutant(name, Kind.TOLERANCE, sentence, begin)
    for kind, pairs in ((Kind.TOLERANCE, _ANSWERS), (Kind.BUG, _DEPARTURES)):
        for name, answer in pairs:
            question, _, choice = answer.partition("=")
            sentence = f"The question {question} is answered {choice}."
            yield Mutant(name, kind, sentence, answers=(answer,))


def _everywhere(wire: Wire, change: Callable[[GotResponse], GotResponse]) -> Begin:
    return wire.in_answers(change, *OPERATIONS)


def _extra(data: RowData) -> None:
    data["x_new"] = {"more": [1]}


def _deep(data: RowData) -> None:
    for value in data.values():
        if isinstance(value, dict):
            value["x_new"] = None


def _in_order(wire: Wire) -> Begin:
    return wire.in_answers(lambda got: got.with_data(_turned(got.data())) if got.body else got, *OPERATIONS)


def _turned(data: Any) -> Any:
    if isinstance(data, list):
        return [_turned(one) for one in data]
    if isinstance(data, dict):
        return {key: _turned(value) for key, value in reversed(data.items())}
    return data


def _lower(got: GotResponse) -> GotResponse:
    return replace(got, headers=tuple((name.lower(), value) for name, value in got.headers))


def _more(got: GotResponse) -> GotResponse:
    more = (("X-Powered-By", "PHP"), ("Vary", "Accept"), ("Set-Cookie", "session=1; path=/"))
    return replace(got, headers=(*got.headers, *more))


def _chunked(got: GotResponse) -> GotResponse:
    return got.with_header("Transfer-Encoding", "chunked")


def _spaced(got: GotResponse) -> GotResponse:
    body = got.body.replace(b'{"', b'{\n  "').replace(b"}", b"\n}") if got.body else b""
    return replace(got, body=body)
