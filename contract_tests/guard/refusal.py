"""The two ways in which the guard does not deliver: it says no, or the target does not answer."""

from __future__ import annotations


class GuardRefusal(Exception):
    """The guard says no, and nothing was sent. `reason` is a stable word, `sentence` is for people.

    Reasons: `read-only`, `path`, `method`, `query`, `foreign` (an id that is not the run's own), `contact` (a host
    that is not reserved), `key` (the key's own text), `other-account`, `live-rows`, `budget`, `form`, `override`,
    `malformed-request`, `closing`, `redirect` (to another host), `plain-http`, `target` and `proxy`.
    """

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence


class TargetFailed(Exception):
    """The target gave no answer. `reason`: `connect`, `timeout`, `tls`, `no-answer` or `too-large`."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence


class Unswept(Exception):
    """An earlier run on this target left its ledger unswept; the one sentence names the file and the remedy."""
