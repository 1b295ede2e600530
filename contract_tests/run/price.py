"""What a run costs in requests, and how much of it a budget allows.

The numbers were counted on a service that does what the document says; a service with faults costs more.
"""

from __future__ import annotations

from dataclasses import replace

from contract_tests.run.flags import SPARING, SUITES
from contract_tests.run.settings import RunSettings

# Requests by profile: of a run that writes, and of one that only reads.
_WHOLE = {"quick": (550, 60), "standard": (3400, 190), "deep": (30_000, 720)}
_SPARING = (160, 20)
# What a run costs without its generated tests.
_LEAST = {"quick": (300, 50), "standard": (800, 70), "deep": (1500, 100)}


def price_of(settings: RunSettings) -> int:
    """Return about how many requests a run of all suites makes."""
    prices = _SPARING if settings.profile.spares else _WHOLE[settings.profile.name]
    return prices[not settings.allow_writes]


def planned(settings: RunSettings) -> RunSettings:
    """Return the settings with a profile that `max_requests` allows: fewer generated tests, rather than a cut run.

    A budget that does not even allow the others gets the profile that spares requests. A selection of suites is as
    it was: nobody has counted its price.
    """
    most, price, profile = settings.max_requests, price_of(settings), settings.profile
    if most is None or most >= price or profile.spares or settings.suites != SUITES:
        return settings
    least = _LEAST[profile.name][not settings.allow_writes]
    if most <= least:
        return replace(settings, profile=SPARING)
    share = (most - least) / (price - least)
    examples, machines = (max(1, int(number * share)) for number in (profile.examples, profile.machines))
    return replace(settings, profile=replace(profile, examples=examples, machines=machines))


def announced(settings: RunSettings, plan: RunSettings) -> str:
    """Say what a run costs before it begins, and what its budget changes; empty for a run that costs little.

    `plan` is what `planned` made of the settings.
    """
    if settings.profile.name == "quick" and settings.rate is None and plan is settings:
        return ""
    requests = price_of(settings)
    about = "all suites" if settings.suites != SUITES else f"the profile {settings.profile.name}"
    sentence = f"For {about}: some {requests:,} requests"
    if settings.rate is not None:
        minutes = max(1, round(requests / settings.rate))
        sentence += f", {minutes} minute{'s' if minutes > 1 else ''} at {settings.rate} a minute"
    if plan is settings:
        return f"{sentence}."
    if plan.profile.spares:
        return (
            f"{sentence}. Within {settings.max_requests:,} requests only one example of each kind is tried."
        )
    tests = f"{plan.profile.examples} examples in place of {settings.profile.examples}"
    return f"{sentence}. Within {settings.max_requests:,} requests each generated test gets {tests}."
