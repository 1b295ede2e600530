"""Services that are built in another way: queues, caches, replicas, versions. `LIES` has them and those of `lies`."""

from __future__ import annotations

import copy
import json
import unicodedata
from collections.abc import Mapping
from typing import Any

from tests.guard.scripted import Asked, Said, said
from tests.hostile.lies import LIES as LIES
from tests.hostile.lies import Dated, Spelling, lie, renaming
from tests.hostile.service import KEY, Behaving, Row

LATE = 5.0  # seconds by which a cache or a replica is behind

# Names.

renaming("NormalizesNames", "Names are normalized.", lambda sent: unicodedata.normalize("NFC", sent))
renaming("LowersNames", "Names are lower-cased.", str.lower)
renaming("TitlesNames", "Words of names begin with a capital.", str.title)
renaming("FoldsBlanks", "Names lose needless blanks.", lambda sent: " ".join(sent.split()))


@lie
class ReturnsTheNamesake(Behaving):
    """A create with a name that is there, in capitals or not, is answered with the row that has it."""

    def stored(self, form: Mapping[str, str]) -> Any:
        name = self.name(form.get("name", "")).casefold()
        same = (row for row, kept in self.rows.items() if kept["name"].casefold() == name)
        row = next(same, None)
        return super().stored(form) if row is None else row


@lie
class DeletesNamesakes(Behaving):
    """A delete deletes all rows with the name of the row."""

    def deleted(self, row: Any) -> None:
        name = self.rows[row]["name"]
        for each in [each for each, kept in self.rows.items() if kept["name"] == name and each != row]:
            self.harmed |= {each} & self.strangers.keys()
            super().deleted(each)
        super().deleted(row)


# Ids.


@lie
class ChangesIds(Dated):
    """A new row has an id for a second, and then another one for good."""

    def written_id(self, row: Any) -> Any:
        is_new = row in self.born and self.clock() < self.born[row] + 1
        return 5000 + row if is_new else super().written_id(row)

    def shown(self, row: Any) -> Row:
        return super().shown(row) | {"id": self.written_id(row)}


@lie
class GivesTheSmallestFreeId(Behaving):
    """The smallest id that is free is given to the next row, also to the one that a stranger makes after a delete."""

    deletes = 0

    def __init__(self, *given: Any) -> None:
        self.numbered: dict[int, Any] = {}  # rows by the number that each was given
        self.latest = 0
        super().__init__(*given)

    def new_id(self) -> Any:
        self.last += 1
        self.latest = next(
            number for number in range(1, self.last + 1) if self.numbered.get(number) not in self.rows
        )
        return self.latest

    def new_row(self, form: Mapping[str, str], settings: Mapping[str, str]) -> Row:
        row = super().new_row(form, settings)
        self.numbered[self.latest] = next(reversed(self.rows))
        return row

    def deleted(self, row: Any) -> None:
        super().deleted(row)
        self.deletes += 1
        if self.deletes % 3 == 0:
            made = self.new_row(
                {"name": "A stranger's new one", "type": "email"}, {"email": "new@example.com"}
            )
            self.strangers[next(reversed(self.rows))] = json.dumps(made)


@lie
class FillsGaps(GivesTheSmallestFreeId):
    """The smallest id that is free is given to the next row, and some below those of the stranger are."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        for row in [*self.rows][2:9:3]:
            del self.rows[row], self.strangers[row]


@lie
class GlobalIds(Behaving):
    """Ids are those of all accounts: new ones are far above the old ones of this account."""

    def new_id(self) -> Any:
        return super().new_id() + (50_000_000 if hasattr(self, "strangers") else 0)


@lie
class KeysAsIds(Spelling):
    """The ids of new rows begin with the key that they were made with."""

    def spelled(self, row: Any) -> Any:
        return f"{KEY}-{row}" if hasattr(self, "strangers") and row not in self.strangers else row


@lie
class RoundsIds(Behaving):
    """Ids are so large that JSON as floats rounds them: two rows may have one."""

    def new_id(self) -> Any:
        return 2**53 + 2 * super().new_id()

    def written_id(self, row: Any) -> Any:
        return 4 * round(row / 4) if isinstance(row, int) else super().written_id(row)

    def deleted(self, row: Any) -> None:
        same = [each for each in self.rows if self.written_id(each) == self.written_id(row)]
        self.harmed |= {*same} & self.strangers.keys()
        for each in same:
            super().deleted(each)


@lie
class AnswersJobs(Behaving):
    """A create is answered with 202 and the number of a job, which is not the id of a row."""

    def created(self, row: Any) -> Said | None:
        return said({"data": {"id": 7000 + self.last}}, 202)


@lie
class AnswersJobsOfLowNumbers(Behaving):
    """A create is answered with 202 and the number of a job, which may be the id of a stranger's row."""

    def created(self, row: Any) -> Said | None:
        return said({"data": {"id": self.last - len(self.strangers)}}, 202)


@lie
class LeadsElsewhere(Behaving):
    """A create is answered without an id, and with the location of a stranger's row."""

    def created(self, row: Any) -> Said | None:
        there = f"/api/notification-handlers/{next(iter(self.strangers))}"
        return Said(201, b"{}", {"Content-Type": "application/json", "Location": there})


@lie
class LeadsToTheRow(Behaving):
    """A create is answered with 303 and the location of the row."""

    def created(self, row: Any) -> Said | None:
        there = f"/api/notification-handlers/{self.written_id(row)}"
        return Said(303, b"", {"Location": there})


@lie
class RestoresABackup(Behaving):
    """After the fifth create, the rows of the run are lost, and a stranger's new ones have their ids."""

    def stored(self, form: Mapping[str, str]) -> Any:
        row = super().stored(form)
        if self.last == len(self.strangers) + 5:
            for each in self.left[:-1]:
                self.rows[each] = self.rows[each] | {"name": "A stranger's new one", "settings": {}}
                self.strangers[each] = json.dumps(self.rows[each])
        return row


# Queues.


class Queueing(Behaving):
    """Creates are carried out later, at the first request after it."""

    wait = 0.0
    status = 202

    def __init__(self, *given: Any) -> None:
        self.queue: list[tuple[float, Any, Row]] = []
        super().__init__(*given)

    def meanwhile(self, asked: Asked) -> None:
        now = self.clock()
        for entry in [entry for entry in self.queue if now >= entry[0]]:
            self.queue.remove(entry)
            self.rows[entry[1]] = entry[2]
        super().meanwhile(asked)

    def stored(self, form: Mapping[str, str]) -> Any:
        row = super().stored(form)
        self.queue.append((self.clock() + self.wait, row, self.rows.pop(row)))
        return row

    @property
    def left(self) -> list[Any]:
        return [*super().left, *(row for _, row, _ in self.queue)]


@lie
class QueuesCreates(Queueing):
    """A create is queued, and its id is known: the row is there two seconds later."""

    wait = 2.0

    def created(self, row: Any) -> Said | None:
        return said({"data": {"id": self.written_id(row)}}, 202)


@lie
class QueuesCreatesForLong(QueuesCreates):
    """A create is queued, and its id is known: the row is there half a minute later."""

    wait = 30.0


@lie
class QueuesCreatesWithoutIds(Queueing):
    """A create is queued, and answered with nothing: the row is there two seconds later."""

    wait = 2.0

    def created(self, row: Any) -> Said | None:
        return Said(202, b"")


@lie
class QueuesDeletes(Behaving):
    """A delete is carried out half a minute later."""

    def __init__(self, *given: Any) -> None:
        self.doomed: dict[Any, float] = {}
        super().__init__(*given)

    def meanwhile(self, asked: Asked) -> None:
        for row, moment in [*self.doomed.items()]:
            if self.clock() >= moment:
                self.harmed |= {row} & self.strangers.keys()
                del self.doomed[row]
                super().deleted(row)
        super().meanwhile(asked)

    def deleted(self, row: Any) -> None:
        self.doomed.setdefault(row, self.clock() + 30)


@lie
class ConflictsAfterStoring(Behaving):
    """A gateway sends each third create twice: it is stored, and answered with the conflict of the second."""

    def created(self, row: Any) -> Said | None:
        return self.refused(409, "There is one of that name.") if self.last % 3 == 0 else super().created(row)


# Caches and replicas.


@lie
class CachesReads(Behaving):
    """A cache answers reads of a path for some seconds, for any key."""

    def __init__(self, *given: Any) -> None:
        self.cache: dict[str, tuple[float, Said | None]] = {}
        super().__init__(*given)

    def answer(self, asked: Asked) -> Said | None:
        since, reply = self.cache.get(asked.path, (-LATE, None))
        if asked.method != "GET":
            touched = {*self.touched}
            done = super().answer(asked)
            if self.clock() < since + LATE:  # what the id leads to now is not what it shows
                self.harmed |= {*self.touched} - touched
            return done
        if self.clock() >= since + LATE:
            reply = super().answer(asked)
            self.cache[asked.path] = self.clock(), reply
        return reply


class Replicated(Behaving):
    """Reads may come from a replica, which is some seconds behind."""

    def __init__(self, *given: Any) -> None:
        self.replica: dict[Any, Row] = {}
        self.copied = -LATE
        super().__init__(*given)

    def answer(self, asked: Asked) -> Said | None:
        if self.clock() >= self.copied + LATE:
            self.replica, self.copied = copy.deepcopy(self.rows), self.clock()
        if asked.method != "GET" or not self.reads_replica(asked):
            return super().answer(asked)
        current, self.rows = self.rows, self.replica
        try:
            return super().answer(asked)
        finally:
            self.rows = current

    def reads_replica(self, asked: Asked) -> bool:
        return True


@lie
class ReadsAReplica(Replicated):
    """All reads come from a replica."""


@lie
class AlternatesReplicas(Replicated):
    """Every second read comes from a replica."""

    turn = 0

    def reads_replica(self, asked: Asked) -> bool:
        self.turn += 1
        return self.turn % 2 == 0


@lie
class ListsAReplica(Replicated):
    """The list comes from a replica."""

    def reads_replica(self, asked: Asked) -> bool:
        return asked.path.partition("?")[0].rstrip("/").endswith("notification-handlers")


@lie
class AnswersThePrevious(Behaving):
    """From some request on, each gets the answer of the one before it."""

    turn = 0
    kept: Said | None = None

    def answer(self, asked: Asked) -> Said | None:
        self.turn += 1
        before, self.kept = self.kept, super().answer(asked)
        return before if self.turn > 30 else self.kept


# Lists.


class Filtering(Behaving):
    def listed(self) -> list[Row]:
        return [row for row in super().listed() if self.is_listed(row)]

    def is_listed(self, row: Row) -> bool:
        return True


@lie
class HidesDisabledRows(Filtering):
    """The list shows rows that are enabled."""

    def is_listed(self, row: Row) -> bool:
        return bool(row["is_enabled"])


@lie
class HidesAType(Filtering):
    """The list lacks a type."""

    def is_listed(self, row: Row) -> bool:
        return bool(row["type"] != "slack")


@lie
class CapsTheList(Behaving):
    """The list ends after 15 rows, the oldest ones, and says that these are all."""

    def listed(self) -> list[Row]:
        return super().listed()[::-1][:15]


class Shared(Behaving):
    """The stranger is at work, too."""

    looks = 0

    def meanwhile(self, asked: Asked) -> None:
        super().meanwhile(asked)
        if asked.method == "GET" and asked.path.partition("?")[0].rstrip("/").endswith("handlers"):
            self.looks += 1
            self.work(self.looks)

    def work(self, looks: int) -> None:
        pass


@lie
class GrowsWhileRead(Shared):
    """The stranger creates a row at every third look at the list."""

    def work(self, looks: int) -> None:
        if looks % 3 == 0:
            settings = {"email": "late@example.com"}
            made = self.new_row({"name": "A stranger's late one", "type": "email"}, settings)
            self.strangers[next(reversed(self.rows))] = json.dumps(made)


@lie
class ShrinksWhileRead(Shared):
    """The stranger deletes a row at every fourth look at the list."""

    def work(self, looks: int) -> None:
        if looks % 4 == 0 and len(self.strangers) > 6:
            row = [*self.strangers][3]
            del self.strangers[row]
            self.rows.pop(row, None)


@lie
class ArchivesRows(Behaving):
    """A deleted row is not found any more, and is still listed."""

    def __init__(self, *given: Any) -> None:
        self.archive: list[Row] = []
        super().__init__(*given)

    def deleted(self, row: Any) -> None:
        self.archive.append(self.shown(row))
        super().deleted(row)

    def listed(self) -> list[Row]:
        return [*super().listed(), *self.archive]


@lie
class DisablesDeletedRows(Behaving):
    """A deleted row is disabled and not listed any more, and is still found."""

    def __init__(self, *given: Any) -> None:
        self.hidden: set[Any] = set()
        super().__init__(*given)

    def deleted(self, row: Any) -> None:
        self.hidden.add(row)
        self.rows[row]["is_enabled"] = False

    def listed(self) -> list[Row]:
        hidden = {self.written_id(row) for row in self.hidden}
        return [row for row in super().listed() if row["id"] not in hidden]


class Uncounted(Behaving):
    """Lists do not say how many rows there are."""

    def page(self, rows: list[Row], total: int, page: int, size: int) -> Said | None:
        return said({"data": rows})


@lie
class CapsUncountedPages(Uncounted):
    """Pages have seven rows at the most, and lists do not say how many rows there are."""

    def listing(self, query: Mapping[str, str]) -> Said | None:
        return super().listing({**query, "results_per_page": "7"})


@lie
class RefusesPagesBeyondTheLast(CapsUncountedPages):
    """Pages have seven rows at the most, and one without rows is refused."""

    def page(self, rows: list[Row], total: int, page: int, size: int) -> Said | None:
        return super().page(rows, total, page, size) if rows else self.missing()


@lie
class ShowsTheFirstPageAlone(Uncounted):
    """The list always shows its first ten rows, and does not say how many rows there are."""

    unshown: frozenset[Any] = frozenset({1, 2})

    def listing(self, query: Mapping[str, str]) -> Said | None:
        return super().listing({})


# Moments from which on all is otherwise. A run has sent some forty requests before the first moment.


class Turning(Behaving):
    """From some request on, and for so many, the service does not behave."""

    first = 40
    count = 1_000_000
    turn = 0

    def answer(self, asked: Asked) -> Said | None:
        self.turn += 1
        is_turned = self.first <= self.turn < self.first + self.count
        return self.turned(asked) if is_turned else super().answer(asked)

    def turned(self, asked: Asked) -> Said | None:
        return super().answer(asked)


@lie
class SlowsDown(Turning):
    """For a while, each request gets a page of HTML with 200 that asks to slow down, and nothing is done."""

    count = 5

    def turned(self, asked: Asked) -> Said | None:
        return Said(200, b"<h1>Please slow down</h1>", {"Content-Type": "text/html"})


@lie
class SlowsWritesDown(SlowsDown):
    """From some request on, each write gets a page of HTML with 200 that asks to slow down, and is not done."""

    count = 1_000_000

    def turned(self, asked: Asked) -> Said | None:
        return Turning.turned(self, asked) if asked.method == "GET" else super().turned(asked)


@lie
class ForbidsAll(Turning):
    """From some request on, all is forbidden."""

    def turned(self, asked: Asked) -> Said | None:
        return self.refused(403, "You may not do this.")


@lie
class HidesAll(Turning):
    """From some request on, nothing is found, and the list is empty."""

    def turned(self, asked: Asked) -> Said | None:
        current, self.rows = self.rows, {}
        try:
            return super().turned(asked)
        finally:
            current |= self.rows
            self.rows = current


class Switching(Turning):
    """From some request on, the key leads to another account, which has ids of its own."""

    ids: tuple[int, ...] = ()

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.since: float | None = None
        self.other: dict[Any, Row] = {}
        row = {
            "type": "email",
            "settings": {"email": "z@example.com"},
            "is_enabled": True,
            "last_datetime": None,
        }
        for number in self.ids:
            born = f"2024-01-01 00:00:{number:02}"
            self.other[number] = {"id": number, "name": f"Of Z, {number}", **row, "datetime": born}
        self.last_other = max(self.ids, default=0)
        self.of_z = {row: json.dumps(kept) for row, kept in self.other.items()}

    def turned(self, asked: Asked) -> Said | None:
        self.since = self.clock() if self.since is None else self.since
        self.switch()
        try:
            return super().turned(asked)
        finally:
            self.switch()
            if self.clock() <= self.since + 10:  # what a look has shown counts so long
                self.harmed |= {f"{row} of Z" for row in self.touched_of_z}

    def switch(self) -> None:
        self.rows, self.other = self.other, self.rows
        self.last, self.last_other = self.last_other, self.last
        if self.ids:
            self.strangers, self.of_z = self.of_z, self.strangers

    @property
    def touched_of_z(self) -> list[Any]:
        changed = (row for row, before in self.of_z.items() if json.dumps(self.other.get(row)) != before)
        return [row for row in changed if f"{row} of Z" not in self.harmed]

    @property
    def touched(self) -> list[Any]:
        """The rows of both strangers that are not as they were."""
        return [*super().touched, *self.touched_of_z]

    @property
    def left(self) -> list[Any]:
        """The rows of the run in both accounts."""
        return [*super().left, *(row for row in self.other if row not in self.of_z)]


@lie
class SwitchesToAFullAccount(Switching):
    """From some request on, the key leads to another account, which has rows of the same ids."""

    ids = tuple(range(1, 41))


@lie
class SwitchesToASmallAccount(Switching):
    """From some request on, the key leads to another account, which has a few rows of the same ids."""

    ids = (1, 2, 3)


@lie
class SwitchesToAnEmptyAccount(Switching):
    """From some request on, the key leads to another account, which is empty."""


# Updates and looks.


@lie
class EnablesOneOfAType(Behaving):
    """One row of a type is enabled: a create or an update that enables a row disables the others."""

    def stored(self, form: Mapping[str, str]) -> Any:
        row = super().stored(form)
        self.enabled(row)
        return row

    def changed(self, row: Any, form: Mapping[str, str]) -> None:
        super().changed(row, form)
        if self.rows[row]["is_enabled"]:
            self.enabled(row)

    def enabled(self, row: Any) -> None:
        for each, kept in self.rows.items():
            if each != row and kept["type"] == self.rows[row]["type"] and kept["is_enabled"]:
                self.harmed |= {each} & self.strangers.keys()
                kept["is_enabled"] = False


@lie
class DeletesWhateverIsAsked(Behaving):
    """A delete of an id that is not there is answered with success, too."""

    def missing(self) -> Said:
        return Said(200, b"") if self.is_delete else super().missing()

    is_delete = False

    def answer(self, asked: Asked) -> Said | None:
        self.is_delete = asked.method == "DELETE"
        return super().answer(asked)


@lie
class VersionsRows(Behaving):
    """An update makes a new version of the row, with an id of its own; the old one is gone."""

    def update(self, row: Any, form: Mapping[str, str]) -> Said | None:
        self.changed(row, form)
        new = self.new_id()
        self.rows[new] = self.rows.pop(row)
        self.rows[new]["id"] = self.written_id(new)
        return said({"data": {"id": self.written_id(new)}})


@lie
class MakesWhatItUpdates(Behaving):
    """An update of an id that is not there makes a row with it."""

    def answer(self, asked: Asked) -> Said | None:
        text = asked.path.rpartition("/")[2]
        is_authorized = asked.headers.get("authorization", "").endswith("stranger")
        if asked.method == "POST" and text.isdigit() and is_authorized and self.found(text) is None:
            form = self.form(asked)
            self.new_row(form, self.settings(form))
            self.rows[int(text)] = self.rows.popitem()[1] | {"id": int(text)}
        return super().answer(asked)


@lie
class FindsNothingWithSuccess(Behaving):
    """What is not there is answered with 200 and no row."""

    def missing(self) -> Said:
        return said({"data": None})


@lie
class RefusesUnknownIdsBy400(Behaving):
    """What is not there is a bad request."""

    def missing(self) -> Said:
        return self.refused(400, "The resource you are looking for does not exist.")


@lie
class FindsNothingLater(RefusesUnknownIdsBy400):
    """From some moment on, each look is a bad request, and the list goes on."""

    looks = 0

    def retrieve(self, row: Any, text: str) -> Said | None:
        self.looks += 1
        return self.missing() if self.looks > 12 else super().retrieve(row, text)


@lie
class ForgetsRowsLater(Behaving):
    """From some moment on, no look finds a row, and the list goes on."""

    looks = 0

    def retrieve(self, row: Any, text: str) -> Said | None:
        self.looks += 1
        return self.missing() if self.looks > 12 else super().retrieve(row, text)


@lie
class RetriesCreates(Behaving):
    """A gateway sends every create and update twice."""

    def answer(self, asked: Asked) -> Said | None:
        reply = super().answer(asked)
        return super().answer(asked) if asked.method == "POST" else reply
