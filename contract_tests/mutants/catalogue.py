"""All mutants; and of them those that fail, let anybody in, are merely unusual, or judge by another document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from contract_tests.document import Facts
from contract_tests.mutants.lives import life_mutants, list_mutants
from contract_tests.mutants.rows import field_mutants, row_mutants, shape_mutants
from contract_tests.mutants.wire import (
    OPERATIONS,
    Begin,
    Forward,
    GotResponse,
    Kind,
    Mutant,
    RowData,
    Sabotage,
    SentRequest,
    Wire,
)
from mock_server.document import load
from mock_server.document.rows import FOREIGN, OWN, UNKNOWN, Row, write_rows

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


_DOCUMENTS = Path(__file__).with_name("documents.yaml")


def document_mutants() -> Iterator[Mutant]:
    """Yield the documents: narrowed, changed, and widened ones."""
    for name, one in yaml.safe_load(_DOCUMENTS.read_text(encoding="utf-8")).items():
        yield Mutant(f"document-{name}", Kind.DOCUMENT, one["says"], actions=tuple(one["actions"]))
    yield from _flipped_rows(Facts(load().data))


def _flipped_rows(facts: Facts) -> Iterator[Mutant]:
    """Yield documents of which one row of the behaviour table has another reaction, for a field of each kind."""
    own = next(fields[0] for fields in facts.types.values() if fields)
    for form, words in (("CreateForm", facts.create_form), ("UpdateForm", facts.update_form)):
        for field in (facts.form["name"], facts.form["type"], facts.form["enabled"], own):
            for number, row in enumerate(words.rows.fields.get(field, ())):
                about, key = ("own", OWN) if field == own else (field, field)
                name = f"row-{form[:-4].lower()}-{about}-{number}-{row.treatment}".replace("_", "-")
                sentence = f"The {form}'s field {about} has another reaction in its row {row}."
                written = write_rows(words.rows.fields[field])
                written[number : number + 1] = _other(row, words.fields[field])
                yield Mutant(name, Kind.DOCUMENT, sentence, actions=_saying(form, key, written))
    for name in (FOREIGN, UNKNOWN):
        sentence = f"A create refuses fields of the class {name}."
        refused = [{"when": "any", "refuse": min(facts.create_form.rows.refusals)}]
        actions = _saying("CreateForm", name, refused)
        yield Mutant(f"row-create-{name[1:-1]}", Kind.DOCUMENT, sentence, actions=actions)


def _saying(form: str, field: str, rows: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Return the actions that say the rows of a field, or of a class of fields, outright."""
    return ({"target": f"$.components.schemas.{form}", "update": {"x-rows": {field: rows}}},)


def _other(row: Row, schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row with another reaction: what was refused is kept, what was changed is taken, all else is a value."""
    (written,) = write_rows((row,))
    if row.reaction == "change":
        return []
    reaction = {"keep": True} if row.reaction == "refuse" else {"value": schema.get("enum", ("other",))[0]}
    return [{"when": written["when"], **reaction}]


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


def catalogue() -> tuple[Mutant, ...]:
    """Return the mutants: those written by hand first, then those that the document's places give."""
    wire = Wire(Facts(load().data))
    return (
        *tolerance_mutants(wire),
        *crash_mutants(wire),
        *life_mutants(wire),
        *list_mutants(wire),
        *row_mutants(wire),
        *document_mutants(),
        *door_mutants(wire),
        *field_mutants(wire),
        *shape_mutants(wire),
    )
