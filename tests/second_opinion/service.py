"""The service: accounts with rows, a log of all requests, and one lock."""

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.second_opinion.answers import Choice
from tests.second_opinion.desk import Desk
from tests.second_opinion.exchange import Call, Reply, Request
from tests.second_opinion.forms import Forms
from tests.second_opinion.quota import OTHER_LIMIT, USUAL_LIMIT, Quota
from tests.second_opinion.replies import Replies
from tests.second_opinion.rows import Account, Ids, foreign_account
from tests.second_opinion.wire import Doorstep, Manner

DEFAULT_KEYS = {"real-key-1": 30}
FIRST_USER = 812


@dataclass(frozen=True)
class Entry:
    """A line of the access log: the key that was sent, the id in the path, and the id that was written."""

    method: str
    path: str
    status: int
    key: str | None
    aimed: int | None
    written: int | None


def accounts_of(choice: Choice, counts: Mapping[str, int], ids: Ids) -> dict[str, Account]:
    """Make an account with this number of rows for each key."""
    internal = Forms(choice).fresh("internal_notification", {})
    return {
        key: foreign_account(FIRST_USER + at, count, ids, internal)
        for at, (key, count) in enumerate(counts.items())
    }


class SecondOpinion:
    """A context manager that serves. The account of each key begins with a number of rows."""

    def __init__(
        self,
        answers: Mapping[str, str] | None = None,
        keys: Mapping[str, int] | None = None,
        *,
        bugs: Iterable[str] = (),
        rate: int | None = None,
        window: float = 60.0,
        clock: Callable[[], float] = time.time,
        manner: Manner | None = None,
        port: int = 0,
        log_file: Path | None = None,
    ) -> None:
        choice = Choice(answers or {}, bugs)
        manner = manner or Manner()
        ids = Ids()
        self.accounts = accounts_of(choice, keys or DEFAULT_KEYS, ids)
        replies = Replies(choice, manner.extra_property, manner.shuffle_keys)
        self.log: list[Entry] = []
        self._log_file = log_file
        self._lock = threading.Lock()
        shown = OTHER_LIMIT if choice.answers["rate-limit"] == "other-number" else USUAL_LIMIT
        # A limit that a test has chosen is scaled like the shown one.
        limit = rate and rate * shown // USUAL_LIMIT
        quota = Quota(limit, window, clock, shown)
        self._desk = Desk(choice, accounts=self.accounts, ids=ids, quota=quota, replies=replies, clock=clock)
        self._doorstep = Doorstep(port, self.reply, manner)

    @property
    def port(self) -> int:
        """The port of the server."""
        return self._doorstep.port

    @property
    def url(self) -> str:
        """The API's address, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}/api"

    def __enter__(self) -> Self:
        self._doorstep.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._doorstep.stop()

    def reply(self, request: Request) -> Reply:
        """Respond to one request. Requests take turns, so that each sees complete rows."""
        call = Call(request)
        with self._lock:
            reply = self._desk.reply(call, f"{self.url}/notification-handlers")
            entry = Entry(request.method, request.path, reply.status, call.key, call.id, call.written)
            self.log.append(entry)
            if self._log_file is not None:
                with self._log_file.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(entry)) + "\n")
        return reply

    def snapshot(self, key: str, *, foreign: bool = False) -> bytes:
        """Return a key's rows as stored, for byte comparison; `foreign` leaves out those made since the start."""
        with self._lock:
            account = self.accounts[key]
            rows = account.plain(account.foreign_ids if foreign else None)
        return json.dumps(rows, sort_keys=True).encode()

    def written(self, key: str) -> set[int]:
        """Return the ids that requests with a key have created, updated or deleted."""
        with self._lock:
            return {entry.written for entry in self.log if entry.key == key and entry.written is not None}
