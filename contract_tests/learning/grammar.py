"""What services take for an address or a URL: patterns, odd texts that tell them apart, and what may be wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product

from contract_tests.learning.presentation import Look
from contract_tests.learning.reactions import Outcome

# What services take for an address: what stands before the @, and behind it, the usual first.
_USERS = (
    r"[^@\s]+", r"[^@]+", r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+", r"[A-Za-z0-9._%+-]+", r"[^\s@<>()\[\],;:\\\"]+",
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*",
    r"[^\s@.<>()\[\],;:\\\"]+(?:\.[^\s@.<>()\[\],;:\\\"]+)*",
)  # fmt: skip
_LABEL, _ANY_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?", r"\w(?:[\w-]*\w)?"
_DOMAINS = (
    r"[^@\s]+\.[^@\s.]+", r"[^@\s]+", r"[^@\s]+\.[^@\s]+", r"[A-Za-z0-9.-]+", r"[A-Za-z0-9.-]+\.[A-Za-z]{2,}",
    rf"{_LABEL}(?:\.{_LABEL})*", rf"{_LABEL}(?:\.{_LABEL})+", rf"{_ANY_LABEL}(?:\.{_ANY_LABEL})+", r".*",
)  # fmt: skip
ODD_ADDRESSES = (
    "maybe", "a@b", "example.com", "a b@example.com", "a@@example.com", "<b>a@example.com</b>", "a'b@example.com",
    'a"b@example.com', "a..b@example.com", "a@example..com", "a\u017c@example.com", "a@example.com<b>x</b>",
    "a@example.com&amp;x", "A@EXAMPLE.COM", "a@b.example.com", "a@\u017c\u00f3.example.com", "a@b'x.example.com",
)  # fmt: skip
# A URL without a scheme, which a service may put in front.
SCHEMELESS = r"^[^:]*$"
# What may be wrong with an address or a URL, if a service tells faults apart.
FAULTS = (
    r"^[^@]*$", r"@.*@", r"@[^.]*$", r"@[^.@]*$", r"\s", r"\.\.", r"@.*\.\.", r"^[^@]*\.\.", r"[<>]", r"^[^@]*[<>\s]",
    r"^[^:]*$", r"^https?://$", r"^http://", r"^[A-Za-z]+:", r"^[^:/]*$", r"[^\x00-\x7f]", r"['\"]",
)  # fmt: skip
# The same for a URL: its scheme, and what follows.
_SCHEMES = (r"https?://", r"https://", r"(?i:https?)://", r"(?i:https)://", r"[A-Za-z][A-Za-z0-9+.-]*://")
_RESTS = (
    r"[^\s/]+", r"\S+$", r"[^\s/$.?#].\S*$", r"[A-Za-z0-9.-]+(?::[0-9]+)?(?:[/?#]|$)", r".*",
    r"[A-Za-z0-9.-]+(?::[0-9]+)?(?:[/?#]\S*)?$", r"[^\s/<>\"]+", r"[^\s/<>\"]+(?:[/?#]\S*)?$", r"[^\s<>\"]+$",
    rf"{_LABEL}(?:\.{_LABEL})+(?::[0-9]+)?(?:[/?#]|$)", rf"{_LABEL}(?:\.{_LABEL})+(?::[0-9]+)?(?:[/?#]\S*)?$",
)  # fmt: skip
ODD_URLS = (
    "maybe", "example.com/x", "http://example.com/x", "HTTPS://EXAMPLE.COM/A", "https://example.com/a b", "https://",
    "https://example.com/<b>x</b>", "ftp://example.com/x", "//example.com/x", "https://example.com'\"x", "https://example.com<b>x</b>",
    "a@example.com", " https://example.com/x", "https://example.com/\u017c", "https://localhost/x",
)  # fmt: skip


def _patterns(form: str, firsts: Sequence[str], seconds: Sequence[str]) -> tuple[str, ...]:
    """Return all that two lists of parts give, the usual first."""
    pairs = sorted(product(range(len(firsts)), range(len(seconds))), key=sum)
    return tuple(form.format(firsts[one], seconds[other]) for one, other in pairs)


ADDRESSES = _patterns("^{}@{}$", _USERS, _DOMAINS)
URLS = _patterns("^{}{}", _SCHEMES, _RESTS)
USUAL_PATTERNS = {
    ADDRESSES[0]: "not-email", f"^{_SCHEMES[0]}{_RESTS[0]}": "not-url", f"^{_SCHEMES[1]}{_RESTS[0]}": "not-https",
}  # fmt: skip


def fault_of(look: Look | None, outcomes: Sequence[Outcome]) -> str:
    """Return a pattern of the texts that are refused in one way, and of no other texts; empty if none fits."""
    texts = [(each.trial.sent.text or "", each.look == look) for each in outcomes]
    fits = (fault for fault in FAULTS if all(bool(re.search(fault, text)) is is_so for text, is_so in texts))
    return next(fits, "")


def agreeing(pattern: str, outcomes: Sequence[Outcome], wrong: Sequence[Outcome]) -> int:
    """Return of how many texts a pattern says whether they are among the wrong ones."""
    matches = re.compile(pattern).search
    return sum((outcome not in wrong) == bool(matches(outcome.trial.sent.text or "")) for outcome in outcomes)
