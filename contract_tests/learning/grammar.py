"""What services accept as an e-mail address, a URL or a token: patterns, and odd texts that tell them apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import permutations, product
from typing import Any

from contract_tests.learning.presentation import Look
from contract_tests.learning.reactions import Explained, Outcome
from mock_server.document.rows import Row
from mock_server.document.treatments import TREATMENTS

# What services accept as an e-mail address: the parts before and after the @, the usual ones first.
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
_SCHEMELESS = r"^[^:]*$"
# What may be wrong with an e-mail address, if a service distinguishes faults.
FAULTS = (
    r"^[^@]*$", r"@.*@", r"@[^.]*$", r"@[^.@]*$", r"\s", r"\.\.", r"@.*\.\.", r"^[^@]*\.\.", r"[<>]", r"^[^@]*[<>\s]",
    r"^[^:]*$", r"^https?://$", r"^http://", r"^[A-Za-z]+:", r"^[^:/]*$", r"[^\x00-\x7f]", r"['\"]",
)  # fmt: skip
# The same for a URL: its scheme, and what follows.
_SCHEMES = (r"https?://", r"https://", r"(?i:https?)://", r"(?i:https)://", r"[A-Za-z][A-Za-z0-9+.-]*://")
_RESTS = (
    r"[^\s/]+", r"[^\s/]+.*$", r"\S+$", r"[!-~]+$", r"[!#-;=?-~]*$", r"[^\s/$.?#].\S*$", r".*",
    r"[A-Za-z0-9.-]+(?::[0-9]+)?(?:[/?#]|$)", r"[A-Za-z0-9.-]+(?::[0-9]+)?(?:[/?#].*)?$",
    r"[A-Za-z0-9.-]+(?::[0-9]+)?(?:[/?#]\S*)?$", r"[^\s/<>\"]+", r"[^\s/<>\"]+(?:[/?#]\S*)?$", r"[^\s<>\"]+$",
    rf"{_LABEL}(?:\.{_LABEL})+(?::[0-9]+)?(?:[/?#]|$)", rf"{_LABEL}(?:\.{_LABEL})+(?::[0-9]+)?(?:[/?#]\S*)?$",
)  # fmt: skip
ODD_URLS = (
    "maybe", "example.com/x", "http://example.com/x", "HTTPS://EXAMPLE.COM/A", "https://example.com/a b", "https://",
    "https://example.com/<b>x</b>", "ftp://example.com/x", "//example.com/x", "https://example.com'\"x", "https://example.com<b>x</b>",
    "a@example.com", " https://example.com/x", "https://example.com/\u017c", "https://localhost/x",
    "https://example.com/a\nx", "https://example.com/\x07", "https://example.com/a'\"x",
)  # fmt: skip

# Which characters other texts may have, such as tokens and names of chats, and texts that tell these patterns apart.
TOKENS = (
    r"^\S+$", r"^[!-~]+$", r"^[ -~]+$", r"^[A-Za-z0-9:_-]+$", r"^[A-Za-z0-9._-]+$", r"^[A-Za-z0-9_-]+$",
    r"^[A-Za-z0-9_]+$", r"^[A-Za-z0-9]+$", r"^-?[0-9]+$", r"^[0-9]+$", r"^(?:-?[0-9]+|@[A-Za-z0-9_]+)$",
    r"^[0-9]+:[A-Za-z0-9_-]+$",
)  # fmt: skip
ODD_TOKENS = (
    "maybe", "Abc_123", "12345", "-12345", "@maybe", "@may-be", "a b", "a-b.c", "12345:Abc-d_e", "\u017c\u00f3", "1.5",
)  # fmt: skip
# What a service may check first, with a refusal of its own.
DEMANDS = (
    r"^https://", r"^https?://", r"^(?i:https)://", r"^(?i:https?)://", r"^[A-Za-z][A-Za-z0-9+.-]*://", r"@",
    r"^[^@]*@[^@]*$", r"^\S*$", r"^[ -~]*$",
)  # fmt: skip
_MOST_LOOKS = 4


def _patterns(form: str, firsts: Sequence[str], seconds: Sequence[str]) -> tuple[str, ...]:
    """Return all combinations of two lists of parts, the usual ones first."""
    pairs = sorted(product(range(len(firsts)), range(len(seconds))), key=sum)
    return tuple(form.format(firsts[one], seconds[other]) for one, other in pairs)


ADDRESSES = _patterns("^{}@{}$", _USERS, _DOMAINS)
URLS = _patterns("^{}{}", _SCHEMES, _RESTS)
USUAL_PATTERNS = {
    ADDRESSES[0]: "not-email", f"^{_SCHEMES[0]}{_RESTS[0]}": "not-url", f"^{_SCHEMES[1]}{_RESTS[0]}": "not-https",
}  # fmt: skip


def fit(found: Explained, patterns: Sequence[str], seen: Sequence[Outcome]) -> None:
    """Explain the results of odd texts (`seen`) by rows that refuse what a grammar does not admit, or store nothing."""
    # What other rows refuse or change says nothing about the grammar.
    refused = [each for each in seen if each.look is not None and not found.foretells(each)]
    blanked = [each for each in seen if is_blanked(each) and not found.foretells(each)]
    if refused:
        told = [each for each in seen if each.look is None or each in refused]
        stages, looks = _stages(told)
        for row in stages:
            found.put(row)
        left = [each for each in told if each.look is None or each.look in looks]
        wrong = [each for each in left if each.look is not None]
        look = max((each.look for each in wrong), key=[each.look for each in wrong].count)
        found.put(Row(_fitting(found, patterns, left, wrong), None, "refuse", look))
    elif blanked:
        found.put(Row(_fitting(found, patterns, seen, blanked), None, "value", blanked[0].shown))
    for outcome in seen:
        found.explain(outcome, *_what_of(outcome))


def _stages(outcomes: Sequence[Outcome]) -> tuple[list[Row], list[Look]]:
    """Return rows for refusals that differ from most, in order, and the refusals that these rows do not explain."""
    every = [each.look for each in outcomes if each.look is not None]
    distinct = [look for number, look in enumerate(every) if look not in every[:number]]
    looks = sorted(distinct, key=every.count)[-_MOST_LOOKS:]
    best: tuple[list[Row], list[Look]] = [], looks
    for order in permutations(looks):
        rows, left = list[Row](), [*outcomes]
        for look in order[:-1]:
            if (row := _stage(look, left)) is None:
                break
            rows.append(row)
            left = [each for each in left if each.look != look]
        if len(rows) > len(best[0]):
            best = rows, [look for look in looks if look not in [row.effect for row in rows]]
    return best


def _stage(look: Look, outcomes: Sequence[Outcome]) -> Row | None:
    """Return a row that refuses exactly the texts that are refused with this look; None if no pattern fits."""
    texts = [(each.trial.sent.text or "", each.look == look) for each in outcomes]
    for treatment, patterns in (("matches", FAULTS), ("mismatches", DEMANDS)):
        for pattern in patterns:
            if all(
                (bool(re.search(pattern, text)) == (treatment == "matches")) == is_so for text, is_so in texts
            ):
                return Row(treatment, pattern, "refuse", look)
    return None


def _fitting(
    found: Explained, patterns: Sequence[str], outcomes: Sequence[Outcome], wrong: Sequence[Outcome]
) -> str:
    """Return the treatment of texts that break the best fitting pattern, and note that pattern."""

    def agreeing(pattern: str) -> int:
        matches = re.compile(pattern).search
        return sum((each not in wrong) == bool(matches(each.trial.sent.text or "")) for each in outcomes)

    best = max(patterns, key=lambda pattern: (agreeing(pattern), -patterns.index(pattern)))
    if best not in USUAL_PATTERNS:
        found.schema = {**found.schema, "pattern": best}
    return USUAL_PATTERNS.get(best, "malformed")


def is_blanked(outcome: Outcome) -> bool:
    """Tell whether a text was accepted, but nothing of it was stored."""
    return (
        outcome.look is None and outcome.shown in ("", None) and bool((outcome.trial.sent.text or "").strip())
    )


def _what_of(outcome: Outcome) -> tuple[Any, str]:
    """Return the argument and the treatment by which an odd address is explained."""
    text = outcome.trial.sent.text
    if is_blanked(outcome):
        return (text,), "is"
    if outcome.look is None and "://" in str(outcome.shown) and ":" not in (text or ":"):
        return _SCHEMELESS, "matches"
    for treatment in ("padded", "tags", "quotes"):
        if outcome.look is None and TREATMENTS[treatment].holds(None, {})(text, outcome.trial.sent):
            return None, treatment
    return (None, "any") if outcome.look is None else ((text,), "is")
