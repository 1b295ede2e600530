"""One class for each lie, loss and lag. They can be combined: each changes one step, and calls the next one."""

from __future__ import annotations

import html
import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from tests.guard.scripted import Asked, Said, said
from tests.hostile.service import Behaving, Row

LIES: dict[str, type[Behaving]] = {}


def lie(cls: type[Behaving]) -> type[Behaving]:
    LIES[cls.__name__] = cls
    return cls


def changed(reply: Said | None, **parts: Any) -> Said | None:
    return reply and reply._replace(**parts)


# Creates.


@lie
class AnswersANamelessRow(Behaving):
    """A create without a name is answered with the id of the stranger's nameless row."""

    def create(self, form: Mapping[str, str]) -> Said | None:
        if not form.get("name", "").strip():
            return self.created(next(row for row, kept in self.rows.items() if not kept["name"]))
        return super().create(form)


@lie
class TakesBlankNames(Behaving):
    """A create needs no name."""

    def create(self, form: Mapping[str, str]) -> Said | None:
        return self.created(self.stored(form))


@lie
class MasksAddresses(Behaving):
    """Settings are shown as stars."""

    def shown(self, row: Any) -> Row:
        shown = super().shown(row)
        return shown | {"settings": dict.fromkeys(shown["settings"], "***")}


@lie
class AnswersAForeignId(Behaving):
    """Every create is answered with the id of a stranger's row."""

    def created(self, row: Any) -> Said | None:
        return super().created(next(iter(self.strangers)))


@lie
class AnswersAForeignIdAtTimes(Behaving):
    """The third create is answered with the id of a stranger's row."""

    def created(self, row: Any) -> Said | None:
        return super().created(next(iter(self.strangers)) if row == len(self.strangers) + 3 else row)


@lie
class ShowsRecentRows(Behaving):
    """A create is answered with a foreign id, and a retrieve shows what was created lately beside the row."""

    def created(self, row: Any) -> Said | None:
        return super().created(next(iter(self.strangers)))

    def retrieve(self, row: Any, text: str) -> Said | None:
        if row is None:
            return self.missing()
        recent = [self.shown(each) for each in [*self.rows][-3:]]
        return said({"data": self.shown(row), "recent": recent})


@lie
class NestsRecentRows(Behaving):
    """Every retrieve shows all names of the account in a property of the row."""

    def shown(self, row: Any) -> Row:
        names = [kept["name"] for kept in self.rows.values()]
        return super().shown(row) | {"seen_with": names}


@lie
class AnswersTheNextId(Behaving):
    """A create is answered with an id that no row has yet."""

    def created(self, row: Any) -> Said | None:
        return said({"data": {"id": self.last + 1}}, 201)


@lie
class AnswersTheLastId(Behaving):
    """A create is answered with the id of the create before it."""

    def created(self, row: Any) -> Said | None:
        before = [each for each in self.rows if each != row]
        return super().created(before[-1])


@lie
class AnswersNoId(Behaving):
    """A create is answered without an id."""

    def created(self, row: Any) -> Said | None:
        return said({"data": {}}, 201)


@lie
class AnswersNothing(Behaving):
    """A create is answered without a body."""

    def created(self, row: Any) -> Said | None:
        return Said(201, b"")


@lie
class AnswersIdsTwice(Behaving):
    """Answers have the key of the id twice: the right one, and that of a stranger's row."""

    def created(self, row: Any) -> Said | None:
        return Said(201, b'{"data": {"id": %d, "id": 1}}' % row, {"Content-Type": "application/json"})

    def retrieve(self, row: Any, text: str) -> Said | None:
        reply = super().retrieve(row, text)
        if reply is None or reply.status != 200:
            return reply
        return changed(reply, body=reply.body.replace(b'"id":', b'"id": 1, "id":', 1))


@lie
class NamesTwice(Behaving):
    """A retrieve shows two names: that of the newest row, and then the row's own, or the other way round."""

    def retrieve(self, row: Any, text: str) -> Said | None:
        reply = super().retrieve(row, text)
        if reply is None or reply.status != 200:
            return reply
        name = json.dumps([*self.rows.values()][-1]["name"]).encode()
        return changed(reply, body=reply.body.replace(b'"is_enabled"', b'"name": %s, "is_enabled"' % name, 1))


@lie
class LosesCreates(Behaving):
    """A create is stored, and every second one never answered."""

    def created(self, row: Any) -> Said | None:
        return None if self.last % 2 else super().created(row)


@lie
class LosesAllCreates(Behaving):
    """No create is ever answered."""

    def created(self, row: Any) -> Said | None:
        return None


@lie
class StoresNothing(Behaving):
    """Every second create is neither stored nor answered."""

    def create(self, form: Mapping[str, str]) -> Said | None:
        self.last += 1
        return None if self.last % 2 else super().create(form)


@lie
class RefusesAndStores(Behaving):
    """A create is stored, and answered with 500."""

    def created(self, row: Any) -> Said | None:
        return self.refused(500, "Oops") if self.last % 2 else super().created(row)


@lie
class StoresTwice(Behaving):
    """A create makes two rows, and is answered with the id of the second."""

    def stored(self, form: Mapping[str, str]) -> Any:
        super().stored(form)
        return super().stored(form)


@lie
class Upserts(Behaving):
    """There is one row of each type: a create of a type that is there renames it, the stranger's too."""

    def stored(self, form: Mapping[str, str]) -> Any:
        for row, kept in self.rows.items():
            if kept["type"] == form["type"]:
                self.harmed |= {row} & self.strangers.keys()
                self.changed(row, form)
                return row
        return super().stored(form)


@lie
class UpsertsByAddress(Behaving):
    """A create with settings that are there already renames their row."""

    def stored(self, form: Mapping[str, str]) -> Any:
        settings = self.settings(form)
        for row, kept in self.rows.items():
            if settings and kept["settings"] == settings:
                self.changed(row, form)
                return row
        return super().stored(form)


@lie
class EmbedsInOthers(Behaving):
    """A create renames the newest row of the stranger, too."""

    def stored(self, form: Mapping[str, str]) -> Any:
        stranger = [*self.strangers][-1]
        self.harmed.add(stranger)
        self.rows[stranger]["name"] = form["name"]
        return super().stored(form)


# Names and ids.


class Renaming(Behaving):
    def name(self, sent: str) -> str:
        return self.altered(super().name(sent)) if sent else sent

    def altered(self, sent: str) -> str:
        return sent


def renaming(title: str, doc: str, change: Callable[[str], str]) -> None:
    lie(type(title, (Renaming,), {"altered": lambda _, sent: change(sent), "__doc__": doc}))


renaming("CutsNamesAt8", "Names are cut at 8 characters.", lambda sent: sent[:8])
renaming("CutsNamesAt16", "Names are cut at 16 characters.", lambda sent: sent[:16])
renaming("ShoutsNames", "Names are upper-cased.", str.upper)
renaming("SlugsNames", "Names become slugs.", lambda sent: re.sub(r"\W+", "-", sent.lower()).strip("-"))
renaming(
    "EscapesNames", "Names are escaped, colons too.", lambda sent: html.escape(sent).replace(":", "&#58;")
)
renaming("ConstantNames", "All rows have one name.", lambda _: "Handler")
renaming("StripsNames", "Names lose all but their letters.", lambda sent: re.sub(r"[^A-Za-z ]", "", sent))
renaming("EmptiesNames", "No name is stored.", lambda _: "")
renaming("ReversesNames", "Names are stored backwards.", lambda sent: sent[::-1])


class Spelling(Behaving):
    def written_id(self, row: Any) -> Any:
        return self.spelled(super().written_id(row))

    def spelled(self, row: Any) -> Any:
        return row


@lie
class UuidIds(Spelling):
    """Ids are UUIDs."""

    def spelled(self, row: Any) -> Any:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, str(row)))


@lie
class TextIds(Spelling):
    """Ids are texts."""

    def spelled(self, row: Any) -> Any:
        return f"handler-{row}"


@lie
class DigitIds(Spelling):
    """Ids are texts of digits."""

    def spelled(self, row: Any) -> Any:
        return str(row)


@lie
class PaddedIds(Spelling):
    """Ids are texts of digits, with zeros before them."""

    def spelled(self, row: Any) -> Any:
        return f"{row:08}"


@lie
class FloatIds(Behaving):
    """Ids are shown as 13.0."""

    def shown(self, row: Any) -> Row:
        return super().shown(row) | {"id": float(row)} if isinstance(row, int) else super().shown(row)

    def created(self, row: Any) -> Said | None:
        return said({"data": {"id": float(row)}}, 201) if isinstance(row, int) else super().created(row)


@lie
class PositionalIds(Behaving):
    """An id is a row's place in the account: a delete moves all that come after it."""

    def found(self, text: str) -> Any:
        rows = [*self.rows]
        return rows[int(text) - 1] if text.isdigit() and 0 < int(text) <= len(rows) else None

    def written_id(self, row: Any) -> Any:
        return [*self.rows].index(row) + 1 if row in self.rows else 0

    def shown(self, row: Any) -> Row:
        return super().shown(row) | {"id": self.written_id(row)}


@lie
class ReusesIds(Behaving):
    """The id of a deleted row is given to the next one, which a stranger makes at once."""

    def deleted(self, row: Any) -> None:
        super().deleted(row)
        self.strangers.pop(row, None)
        self.rows[row] = {
            "id": self.written_id(row), "type": "email", "name": "A stranger's new one", "settings": {},
            "is_enabled": True, "last_datetime": None, "datetime": "2025-06-07 08:09:10",
        }  # fmt: skip
        self.strangers[row] = json.dumps(self.rows[row])


@lie
class LendsIds(Behaving):
    """After a while, the ids of the run's rows lead to a stranger's."""

    def found(self, text: str) -> Any:
        row = super().found(text)
        if row not in self.strangers and self.last > len(self.strangers) + 4:
            return next(iter(self.strangers))
        return row

    def retrieve(self, row: Any, text: str) -> Said | None:
        if row is None or not text.isdigit():
            return super().retrieve(row, text)
        return said({"data": self.shown(row) | {"id": int(text)}})


# The list.


class Listing(Behaving):
    def page(self, rows: list[Row], total: int, page: int, size: int) -> Said | None:
        return self.bent(super().page(rows, total, page, size))

    def bent(self, reply: Said | None) -> Said | None:
        return reply


def lists(title: str, doc: str, change: Callable[[Said | None], Said | None]) -> None:
    lie(type(title, (Listing,), {"bent": lambda _, reply: change(reply), "__doc__": doc}))


def _body(reply: Said | None, change: Any) -> Said | None:
    return None if reply is None else changed(reply, body=change(reply.body))


def _tree(reply: Said | None, change: Any) -> Said | None:
    return _body(reply, lambda body: json.dumps(change(json.loads(body))).encode())


lists(
    "ListsHtml",
    "The list is a page of HTML.",
    lambda r: Said(200, b"<p>Handlers</p>", {"Content-Type": "text/html"}),
)
lists("ListsNothing", "The list has no body.", lambda r: _body(r, lambda _: b""))
lists(
    "CutsTheList",
    "The list ends in the midst of a row.",
    lambda r: _body(r, lambda body: body[: len(body) // 2]),
)
lists(
    "ListsIn16Bits", "The list is in UTF-16.", lambda r: _body(r, lambda body: body.decode().encode("utf-16"))
)
lists(
    "MarksTheList",
    "The list begins with a byte order mark.",
    lambda r: _body(r, lambda body: b"\xef\xbb\xbf" + body),
)
lists(
    "ListsAnObject",
    "The rows come as an object.",
    lambda r: _tree(r, lambda tree: tree | {"data": {str(row["id"]): row for row in tree["data"]}}),
)
lists(
    "CountsTooFew",
    "The total is one too low.",
    lambda r: _tree(
        r, lambda tree: tree | {"meta": tree["meta"] | {"total": max(0, tree["meta"]["total"] - 1)}}
    ),
)
lists(
    "CountsTooMany",
    "The total is five too high.",
    lambda r: _tree(r, lambda tree: tree | {"meta": tree["meta"] | {"total": tree["meta"]["total"] + 5}}),
)
lists(
    "CountsNothing",
    "The total is always 0.",
    lambda r: _tree(r, lambda tree: tree | {"meta": tree["meta"] | {"total": 0}}),
)
lists("FailsToList", "The list is answered with 500.", lambda r: said({}, 500))
lists(
    "ListsTwice",
    "The list has its first row twice.",
    lambda r: _tree(r, lambda tree: tree | {"data": tree["data"][:1] + tree["data"]}),
)


@lie
class NumbersTheList(Behaving):
    """The list numbers its rows 1, 2, 3."""

    def page(self, rows: list[Row], total: int, page: int, size: int) -> Said | None:
        numbered = [row | {"id": size * (page - 1) + n} for n, row in enumerate(rows, start=1)]
        return super().page(numbered, total, page, size)


@lie
class NumbersAndLoses(NumbersTheList):
    """The list numbers its rows, and no create is answered."""

    def created(self, row: Any) -> Said | None:
        return None


@lie
class IgnoresThePage(Behaving):
    """The list always shows its first ten rows."""

    unshown = frozenset({1, 2})

    def listing(self, query: Mapping[str, str]) -> Said | None:
        return super().listing({})


@lie
class BreaksItsListLater(Behaving):
    """The list fails once there are three rows of the run."""

    def page(self, rows: list[Row], total: int, page: int, size: int) -> Said | None:
        return Said(200, b"") if len(self.left) > 2 else super().page(rows, total, page, size)


@lie
class HidesNewRows(Behaving):
    """The list never shows what was created."""

    def listed(self) -> list[Row]:
        return [
            row for row in super().listed() if row["id"] in {self.written_id(each) for each in self.strangers}
        ]


# Looks and deletes.


class Dated(Behaving):
    """Knows when each row was made."""

    def __init__(self, *given: Any) -> None:
        self.born: dict[Any, float] = {}
        super().__init__(*given)

    def stored(self, form: Mapping[str, str]) -> Any:
        row = super().stored(form)
        self.born[row] = self.clock()
        return row


@lie
class ShowsRowsLate(Dated):
    """A row is shown three seconds after its create."""

    def is_late(self, row: Any) -> bool:
        return row is not None and self.clock() < self.born.get(row, 0.0) + 3

    def found(self, text: str) -> Any:
        row = super().found(text)
        return None if self.is_late(row) else row

    def listed(self) -> list[Row]:
        late = {self.written_id(row) for row in self.rows if self.is_late(row)}
        return [row for row in super().listed() if row["id"] not in late]


@lie
class DeletesLate(Behaving):
    """A deleted row is shown for two seconds more."""

    def __init__(self, *given: Any) -> None:
        self.doomed: dict[Any, float] = {}
        super().__init__(*given)

    def meanwhile(self, asked: Asked) -> None:
        for row, moment in [*self.doomed.items()]:
            if self.clock() >= moment + 2:
                self.harmed |= {row} & self.strangers.keys()  # that got its id meanwhile
                self.rows.pop(row, None)
                del self.doomed[row]
        super().meanwhile(asked)

    def deleted(self, row: Any) -> None:
        self.doomed.setdefault(row, self.clock())


@lie
class DeletesNothing(Behaving):
    """A delete is answered with success, and does nothing."""

    def deleted(self, row: Any) -> None:
        pass


@lie
class RefusesDeletes(Behaving):
    """A delete is answered with 500, and does nothing."""

    def delete(self, row: Any) -> Said | None:
        return self.refused(500, "Oops")


@lie
class LosesDeletes(Behaving):
    """Every second delete is done, and never answered; every other one is not done."""

    turn = 0

    def delete(self, row: Any) -> Said | None:
        self.turn += 1
        if self.turn % 2:
            super().delete(row)
        return None


@lie
class DeletesAnother(Behaving):
    """A delete deletes the oldest row of the account."""

    def deleted(self, row: Any) -> None:
        oldest = next(iter(self.rows))
        self.harmed |= {oldest} & self.strangers.keys()
        super().deleted(oldest)


@lie
class DropsTheOldest(Behaving):
    """An account holds 14 rows: a create drops the oldest."""

    def stored(self, form: Mapping[str, str]) -> Any:
        kept = super().stored(form)
        while len(self.rows) > len(self.strangers) + 2:
            oldest = next(iter(self.rows))
            self.harmed |= {oldest} & self.strangers.keys()
            del self.rows[oldest]
        return kept


@lie
class UpdatesAnother(Behaving):
    """An update changes the oldest row of the account, too."""

    def changed(self, row: Any, form: Mapping[str, str]) -> None:
        oldest = next(iter(self.rows))
        self.harmed |= {oldest} & self.strangers.keys()
        super().changed(oldest, form)
        super().changed(row, form)


@lie
class ForgetsRows(Behaving):
    """A retrieve finds nothing."""

    def retrieve(self, row: Any, text: str) -> Said | None:
        return self.missing()


@lie
class FailsToShow(Behaving):
    """A retrieve is answered with 500."""

    def retrieve(self, row: Any, text: str) -> Said | None:
        return self.refused(500, "Oops")


@lie
class ShowsAnotherRow(Behaving):
    """A retrieve shows the stranger's first row under whatever id was asked for."""

    def retrieve(self, row: Any, text: str) -> Said | None:
        if row is None or not text.isdigit():
            return super().retrieve(row, text)
        return said({"data": self.shown(next(iter(self.strangers))) | {"id": int(text)}})


@lie
class ShowsTheNewestRow(Behaving):
    """A retrieve shows the newest row of the account under whatever id was asked for."""

    def retrieve(self, row: Any, text: str) -> Said | None:
        if not text.isdigit():
            return super().retrieve(row, text)
        return said({"data": self.shown([*self.rows][-1]) | {"id": int(text)}})


@lie
class ShowsAList(Behaving):
    """A retrieve shows the list."""

    def retrieve(self, row: Any, text: str) -> Said | None:
        return self.listing({})


@lie
class ShowsDeepRows(Behaving):
    """A retrieve shows a row inside of 100,000 brackets."""

    def retrieve(self, row: Any, text: str) -> Said | None:
        return Said(200, b"[" * 100_000, {"Content-Type": "application/json"})


@lie
class BringsRowsBack(Behaving):
    """A deleted row is back after the next create."""

    def __init__(self, *given: Any) -> None:
        self.buried: dict[Any, Row] = {}
        super().__init__(*given)

    def deleted(self, row: Any) -> None:
        self.buried[row] = self.rows[row]
        super().deleted(row)

    def stored(self, form: Mapping[str, str]) -> Any:
        self.harmed |= self.buried.keys() & self.strangers.keys()  # that have got their ids meanwhile
        self.rows |= self.buried
        self.buried.clear()
        return super().stored(form)


@lie
class LosesEverySeventh(Behaving):
    """Every seventh answer is lost."""

    turn = 0

    def answer(self, asked: Asked) -> Said | None:
        self.turn += 1
        reply = super().answer(asked)
        return None if self.turn % 7 == 0 else reply


@lie
class FailsEveryFifth(Behaving):
    """Every fifth request is answered with 503 and not carried out."""

    turn = 0

    def answer(self, asked: Asked) -> Said | None:
        self.turn += 1
        return self.refused(503, "Busy") if self.turn % 5 == 0 else super().answer(asked)


@lie
class TimesOut(Behaving):
    """Every fifth request is answered with 408 and not carried out."""

    turn = 0

    def answer(self, asked: Asked) -> Said | None:
        self.turn += 1
        return self.refused(408, "Too slow") if self.turn % 5 == 0 else super().answer(asked)


@lie
class PathsAsIds(Spelling):
    """The ids of new rows lead to the stranger's first one if a path is folded."""

    def spelled(self, row: Any) -> Any:
        return f"{row}/../1" if hasattr(self, "strangers") and row not in self.strangers else row
