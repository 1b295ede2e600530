"""All mutants; and of them those that fail, let anybody in, are merely unusual, or judge by another document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from contract_tests.document import Facts
from contract_tests.guard.exchange import Reply
from mock_server.document.rows import FOREIGN, OWN, UNKNOWN, Row, Rows
from tests.mutants.lives import life_mutants, list_mutants
from tests.mutants.rows import field_mutants, in_errors, row_mutants, shape_mutants
from tests.mutants.wire import (
    OPERATIONS,
    Kind,
    Mutant,
    Spoil,
    Trip,
    data_of,
    in_data,
    in_replies,
    in_rows,
    mutants_of,
    wire,
    with_data,
    with_header,
)


def door_mutants() -> Iterator[Mutant]:
    """Yield the mutants of each operation."""
    for kind in OPERATIONS:
        title = in_errors(lambda error: error.update(title="Something else is wrong."))
        ways = {
            "open-to-nobody": ("does not ask for a key", _hole(kind, wrong=False)),
            "open-to-wrong-key": ("takes any key", _hole(kind, wrong=True)),
            "odd-status": ("succeeds with 202", in_replies(lambda got: got._replace(status=202), kind)),
            "refuses-by-418": (
                "refuses with 418", in_replies(lambda got: got._replace(status=418), kind, failed=True)
            ),
            "odd-title": ("refuses with another title", in_data(title, kind, failed=True)),
            "odd-content-type": ("answers text/plain", in_replies(_labelled("Content-Type", "text/plain"), kind)),
        }  # fmt: skip
        named = {
            f"{kind}-{way}": (f"The {kind} operation {does}.", spoil) for way, (does, spoil) in ways.items()
        }
        yield from mutants_of(Kind.BUG, named)


def _hole(kind: str, *, wrong: bool) -> Spoil:
    """Replace a wrong key, or add a missing one: the last good one."""

    def spoil(trip: Trip) -> Reply:
        got, good = trip.passed(), trip.memory.keys[-1:]
        is_held = bool(trip.key) is wrong and trip.kind == kind
        if got.is_success or not good or not is_held or trip.key == good[0]:
            return got
        return trip.with_key(good[0])

    return spoil


def _labelled(name: str, value: str) -> Callable[[Reply], Reply]:
    return lambda got: got._replace(headers=with_header(got.headers, name, value))


_HTML = (("Content-Type", "text/html"),)
_OOPS = Reply(500, "", _HTML, b"<h1>Oops</h1>")
_DROPPED = Reply(0, "", (), b"")


def crash_mutants() -> Iterator[Mutant]:
    """Yield the crashes."""
    facts = wire().facts
    name, kind, page, last = (
        facts.form["name"],
        facts.form["type"],
        facts.page_parameter,
        list(facts.types)[-1],
    )

    def texts(trip: Trip) -> Mapping[str, str]:
        return trip.form or {}

    def is_lettered(trip: Trip) -> bool:
        return trip.kind == "list" and not trip.query.get(page, "1").lstrip("-").isdecimal()

    def beyond(got: Reply) -> Reply:
        return _OOPS if wire().read("list", "rows", data_of(got)) == [] else got

    yield from mutants_of(Kind.CRASH, {
        "crash-on-emoji": ("500 if a create has a letter of four bytes.", _when(lambda trip: trip.kind == "create"
            and any(ord(letter) > 0xFFFF for text in texts(trip).values() for letter in text))),
        "crash-on-long-name": ("500 if a name has more than 128 characters.", _when(
            lambda trip: len(texts(trip).get(name, "")) > 128)),
        "crash-on-empty-update": ("500 if an update sends nothing.", _when(
            lambda trip: trip.kind == "update" and not any(texts(trip).values()))),
        "crash-on-urlencoded-update": ("500 if an update is urlencoded.", _when(
            lambda trip: trip.kind == "update" and "urlencoded" in trip.sent.header("content-type"))),
        # The first id that a signed word of 32 bits cannot hold.
        "crash-on-large-id": ("500 if an id is beyond 32 bits.", _when(lambda trip: trip.id >= 2**31)),
        "crash-on-page-in-letters": ("500 if the page is not a number.", _when(is_lettered)),
        "crash-on-last-type": ("500 if the last type is created.", _when(
            lambda trip: trip.kind == "create" and texts(trip).get(kind) == last)),
        "delete-drops-connection": ("A delete gets no answer.", _when(lambda trip: trip.kind == "delete", _DROPPED)),
        "crash-beyond-last-page": ("500 for a page without rows.", in_replies(beyond, "list")),
        "html-for-errors": ("Refusals are pages of HTML.", in_replies(
            lambda got: Reply(got.status, "", _HTML, b"<h1>No.</h1>"), "list", "create", "retrieve", failed=True)),
        "half-a-body": ("A retrieve's body ends in its middle.", in_replies(
            lambda got: got._replace(body=got.body[: len(got.body) // 2]), "retrieve")),
        "empty-list-body": ("A list's body is empty.", in_replies(lambda got: got._replace(body=b""), "list")),
        "every-25th-fails": ("Each 25th request gets 500.", _when(lambda trip: trip.memory.requests % 25 == 24)),
    })  # fmt: skip


def _when(is_odd: Callable[[Trip], bool], reply: Reply = _OOPS) -> Spoil:
    return lambda trip: reply if is_odd(trip) else trip.passed()


_DOCUMENTS = Path(__file__).with_name("documents.yaml")


def document_mutants() -> Iterator[Mutant]:
    """Yield the documents: narrowed, changed, and widened ones."""
    for name, one in yaml.safe_load(_DOCUMENTS.read_text(encoding="utf-8")).items():
        yield Mutant(f"document-{name}", Kind.DOCUMENT, one["says"], actions=tuple(one["actions"]))
    yield from _flipped_rows(wire().facts)


def _flipped_rows(facts: Facts) -> Iterator[Mutant]:
    """Yield documents of which one row of the behaviour table has another reaction, for a field of each kind."""
    own = next(fields[0] for fields in facts.types.values() if fields)
    for form, words in (("CreateForm", facts.create_form), ("UpdateForm", facts.update_form)):
        for field in (facts.form["name"], facts.form["type"], facts.form["enabled"], own):
            for number, row in enumerate(words.rows.fields.get(field, ())):
                about, key = ("own", OWN) if field == own else (field, field)
                name = f"row-{form[:-4].lower()}-{about}-{number}-{row.treatment}".replace("_", "-")
                sentence = f"The {form}'s field {about} has another reaction in its row {row}."
                written = written_rows(words.rows.fields[field])
                written[number : number + 1] = _other(row, words.fields[field])
                yield Mutant(name, Kind.DOCUMENT, sentence, actions=_saying(form, key, written))
    for name in (FOREIGN, UNKNOWN):
        sentence = f"A create refuses fields of the class {name}."
        refused = [{"when": "any", "refuse": min(facts.create_form.rows.refusals)}]
        actions = _saying("CreateForm", name, refused)
        yield Mutant(f"row-create-{name[1:-1]}", Kind.DOCUMENT, sentence, actions=actions)


def written_rows(rows: Rows) -> list[dict[str, Any]]:
    """Return rows as `x-rows` has them. `parse_rows` reads them again."""
    return [_written(row) for row in rows]


def _written(row: Row) -> dict[str, Any]:
    node: dict[str, Any] = {"when": _word(row.treatment, row.argument)}
    node[row.reaction] = row.effect
    if row.reaction == "change":
        node["change"] = [_word(name, argument) for name, argument in row.effect]
    more = {"item": row.item, "with": dict(row.told or {}), "rank": row.rank, "x-grade": row.grade}
    more["x-question"] = list(row.questions)
    return {
        **node,
        **{word: value for word, value in more.items() if value or (word == "item" and value is not None)},
    }


def _word(name: str, argument: Any) -> Any:
    """Return a name with its argument as a document writes them."""
    if argument is None:
        return name
    return {name: list(argument) if isinstance(argument, tuple) else argument}


def _saying(form: str, field: str, rows: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Return the actions that say the rows of a field, or of a class of fields, outright."""
    return ({"target": f"$.components.schemas.{form}", "update": {"x-rows": {field: rows}}},)


def _other(row: Row, schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row with another reaction: what was refused is kept, what was changed is taken, all else is a value."""
    (written,) = written_rows((row,))
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


def tolerance_mutants() -> Iterator[Mutant]:
    """Yield the tolerances: in the wire, in what the document leaves open, and in the open questions.

    With them come the answers to open questions that the documentation contradicts.
    """
    more = (("X-Powered-By", "PHP"), ("Vary", "Accept"), ("Set-Cookie", "session=1; path=/"))

    def extra(data: dict[str, Any]) -> None:
        data["x_new"] = {"more": [1]}

    def deep(data: dict[str, Any]) -> None:
        for value in data.values():
            if isinstance(value, dict):
                value["x_new"] = None

    yield from mutants_of(Kind.TOLERANCE, {
        "extra-in-row": ("A handler has an undocumented property.", in_rows(extra)),
        "extra-in-envelope": ("Envelopes have an undocumented key.", in_data(extra, *OPERATIONS)),
        "extra-in-meta": ("The list's meta and links have one more key each.", in_data(deep, "list")),
        "keys-in-another-order": ("Objects have their keys the other way around.", _everywhere(
            lambda got: with_data(got, _turned(data_of(got))) if got.body else got)),
        "lower-case-headers": ("Header names are in lower case.", _everywhere(
            lambda got: got._replace(headers=tuple((name.lower(), value) for name, value in got.headers)))),
        "extra-headers": ("Answers have undocumented headers.", _everywhere(
            lambda got: got._replace(headers=(*got.headers, *more)))),
        "chunked-bodies": ("Bodies come in chunks.", in_replies(
            _labelled("Transfer-Encoding", "chunked"), "list", "retrieve", "create")),
        "spaced-json": ("JSON comes with spaces and lines.", _everywhere(
            lambda got: got._replace(body=got.body.replace(b'{"', b'{\n  "').replace(b"}", b"\n}")))),
    })  # fmt: skip
    for kind, pairs in ((Kind.TOLERANCE, _ANSWERS), (Kind.BUG, _DEPARTURES)):
        for name, answer in pairs:
            question, _, choice = answer.partition("=")
            sentence = f"The question {question} is answered {choice}."
            yield Mutant(name, kind, sentence, answers=(answer,))


def _everywhere(change: Callable[[Reply], Reply]) -> Spoil:
    return in_replies(change, *OPERATIONS)


def _turned(data: Any) -> Any:
    if isinstance(data, list):
        return [_turned(one) for one in data]
    if isinstance(data, dict):
        return {key: _turned(value) for key, value in reversed(data.items())}
    return data


def catalogue() -> tuple[Mutant, ...]:
    """Return the mutants: those written by hand first, then those that the document's places give."""
    groups = (
        *(tolerance_mutants, crash_mutants, life_mutants, list_mutants, row_mutants),
        *(document_mutants, door_mutants, field_mutants, shape_mutants),
    )
    return tuple(mutant for group in groups for mutant in group())
