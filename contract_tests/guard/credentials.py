"""What a request's Authorization is: the guard's placeholder, or something that must not be able to do harm."""

from __future__ import annotations

import threading

from contract_tests.guard.account import Account
from contract_tests.guard.entry import Entry
from contract_tests.guard.refusal import GuardRefusal


class Credentials:
    """Swaps the placeholder for the key, and keeps writes with any other Authorization off other accounts.

    An id is only known to be the run's own with the run's key; on a service where each account counts its own ids,
    the same id under another key is somebody else's row. So an Authorization that opens the list may not create, and
    may write to an id only after a look with that same Authorization has shown the run's row or none.
    """

    def __init__(self, key: str, placeholder: str, account: Account) -> None:
        self._key = key
        self._placeholder = placeholder
        self._account = account
        self._opens: dict[str, bool] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return "Credentials()"

    def is_own(self, authorization: str) -> bool:
        """Tell whether an Authorization holds the placeholder, in whatever spelling of the scheme."""
        return self._placeholder in authorization

    def real(self, authorization: str) -> str:
        """Return the Authorization to send."""
        return authorization.replace(self._placeholder, self._key)

    def check_create(self, authorization: str) -> None:
        """Raise GuardRefusal (`other-account`) where a create would land in somebody else's account."""
        if not self.is_own(authorization) and self._opened(authorization):
            raise GuardRefusal("other-account", "This Authorization opens an account that is not the run's.")

    def check_write(self, authorization: str, entries: tuple[Entry, ...]) -> None:
        """Raise GuardRefusal (`other-account`) where a write could reach a row of somebody else's account."""
        if self.is_own(authorization) or not entries or not self._opened(authorization):
            return
        for entry in entries:
            reply = self._account.look(entry.id or 0, authorization=authorization)
            if reply.is_success and not self._account.bears(entry, reply):
                raise GuardRefusal(
                    "other-account", "This Authorization opens an account with a row of that id."
                )

    def _opened(self, authorization: str) -> bool:
        """Tell whether an Authorization opens the list; anything but a 4xx counts as open."""
        with self._lock:
            known = self._opens.get(authorization)
        if known is not None:
            return known
        status = self._account.first_page(authorization).status
        opens = not 400 <= status < 500 or status == 429
        with self._lock:
            self._opens[authorization] = opens
        return opens
