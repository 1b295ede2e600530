"""Faults that can be planted into a generated service, one at a time: each breaks the page or any API's duty."""

from collections.abc import Mapping

BUGS: Mapping[str, str] = {
    "forgotten-update": "an update is answered and changes nothing",
    "returned-row": "a deleted row is still there",
    "foreign-row": "a key opens the rows of another one by their id",
    "wrong-total": "the list counts one row too many",
    "skipped-row": "every page but the first skips a row",
    "repeated-row": "every page but the first repeats a row",
    "reused-id": "a create gives the id of an earlier row",
    "missing-key": "a row lacks a documented property",
    "changed-type": "a documented property has another type",
    "changed-constant": "a documented constant is spelled differently",
    "refused-type": "a documented type is refused",
    "auth-hole": "any key opens an account",
    "crash": "an update that turns a row off returns 500",
    "broken-json": "a row is not JSON",
}
