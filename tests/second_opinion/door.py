"""Routes, spellings of the path, and the checks before an operation."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from tests.second_opinion.answers import Choice, Chosen
from tests.second_opinion.exchange import Call
from tests.second_opinion.quota import Quota
from tests.second_opinion.refusals import Refused
from tests.second_opinion.rows import Account
from tests.second_opinion.texts import is_plain_number, php_int

ROUTE = re.compile(r"/api/notification-handlers(?:/(?P<id>[^/]+))?(?P<slash>/?)")
ORDERS = {
    "key-first": ("bearer", "key", "rate", "method", "existence"),
    "method-first": ("method", "bearer", "key", "rate", "existence"),
    "rate-after-existence": ("bearer", "key", "method", "existence", "rate"),
}
METHODS = ("GET", "POST", "DELETE")


class Redirected(Exception):
    """The path is documented in another spelling."""


class UnknownRoute(Exception):
    """The path is not in the API."""


class Door(Chosen):
    """Checks a request, and raises a refusal if it fails."""

    def __init__(self, choice: Choice, accounts: Mapping[str, Account], quota: Quota) -> None:
        super().__init__(choice)
        self.accounts = accounts
        self.quota = quota
        any_case = self.says("bearer-case", "any")
        self.bearer = re.compile(r"Bearer\s(\S+)", re.IGNORECASE if any_case else 0)
        self.checks = {
            "bearer": self._bearer,
            "key": self._key,
            "rate": self._rate,
            "method": self._method,
            "existence": self._existence,
        }

    def admit(self, call: Call) -> None:
        """Find the route, then the key, the account and the row, in the chosen order."""
        self._route(call)
        for name in ORDERS[self.answer("checks-order")]:
            self.checks[name](call)

    def _route(self, call: Call) -> None:
        found = ROUTE.fullmatch(call.request.path)
        if found is None:
            raise UnknownRoute
        if found["id"] is not None:
            call.id = self._number(unquote(found["id"]))
        # The page shows one slash: at the end of the list's address.
        documented = call.id is None and call.request.method in ("GET", "HEAD")
        if bool(found["slash"]) == documented:
            return
        if self.says("trailing-slash", "redirect"):
            raise Redirected
        if self.says("trailing-slash", "distinct"):
            raise UnknownRoute

    def _number(self, text: str) -> int:
        if self.says("id-not-a-number", "strict") and not is_plain_number(text):
            return 0
        return php_int(text)

    def _bearer(self, call: Call) -> None:
        found = self.bearer.fullmatch(call.request.headers.get("authorization", ""))
        call.key = found[1] if found else None
        if call.key not in self.accounts and self._is_unguarded(call):
            call.key = self._holder(call.id)
        if call.key is None:
            raise Refused("missing-bearer")

    def _is_unguarded(self, call: Call) -> bool:
        if call.request.method == "DELETE":
            return self.bug("delete-without-key")
        return call.request.method == "GET" and call.id is None and self.bug("list-without-key")

    def _holder(self, row_id: int | None) -> str:
        """Return the key of the account that has a row, else the first account's."""
        return next(
            (key for key, account in self.accounts.items() if row_id in account.rows),
            next(iter(self.accounts)),
        )

    def _key(self, call: Call) -> None:
        call.account = self.accounts.get(call.key or "")
        if call.account is None:
            raise Refused("no-access")

    def _rate(self, call: Call) -> None:
        if self.says("rate-limit", "none"):
            return
        if not self.quota.take(call.key or ""):
            raise Refused("rate")

    def _method(self, call: Call) -> None:
        if call.request.method not in METHODS:
            raise Refused("method")

    def _existence(self, call: Call) -> None:
        """Find the row; a delete without an id deletes a missing row."""
        if call.id is None and call.request.method != "DELETE":
            return
        account = call.owner
        holder = self.accounts[self._holder(call.id)]
        if call.request.method == "GET" and self.bug("other-account-visible"):
            account = holder
        if call.request.method == "POST" and self.bug("other-account-writable"):
            account = holder
        call.row = account.rows.get(call.id or 0)
        if call.row is None:
            raise Refused("not-found")
        call.account = account
