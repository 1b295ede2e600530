"""The settings of a run: its options, what follows from them, and what the run costs in requests."""

from __future__ import annotations

import difflib
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contract_tests.guard.exchange import GuardRefusal, printable
from contract_tests.guard.upstream import is_loopback, read_target
from contract_tests.judge.verdicts import HoldTo
from contract_tests.run.flags import (
    FLAGS,
    GENERATED,
    LEDGERS,
    LIVE_RATE,
    PREFIX,
    PRICES,
    PROFILES,
    SPARING,
    SUITES,
    WORKERS,
    Flag,
    Profile,
)
from mock_server.document.source import read_bytes


class Code(IntEnum):
    """The exit codes. A process that a signal ended returns 128 plus the signal's number."""

    FINE = 0
    FINDINGS = 1
    USAGE = 2
    CANNOT = 3
    UNREACHABLE = 4
    NOTHING = 5  # nothing was executed, which must not look like a success
    DEFECT = 70  # an internal error: EX_SOFTWARE of sysexits.h


class Stop(Exception):
    """Raised if a run cannot begin or go on; `sentence` says why. `code` is the exit code."""

    def __init__(self, code: int, sentence: str) -> None:
        sentence = printable(" ".join(sentence.split()))
        self.code = code
        self.sentence = sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."
        super().__init__(self.sentence)


_SWITCH = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(("0", "false", "no", "off"), False)


def read_variable(flag: Flag, text: str) -> Any:
    """Read the text of a flag's variable. Raises Stop."""
    if flag.kind == "switch":
        value = _SWITCH.get(text.strip().lower())
        if value is None:
            raise Stop(Code.USAGE, f"{flag.variable} is {text!r}, write 1 or 0.")
        return value
    parts = [part.strip() for part in text.split(",") if part.strip()] if flag.kind == "list" else [text]
    for part in parts:
        if flag.choices and part not in flag.choices:
            raise Stop(Code.USAGE, f"{flag.variable} says {part!r}, choose from {', '.join(flag.choices)}.")
        if flag.kind == "number" and not (part.isascii() and part.isdecimal()):
            raise Stop(Code.USAGE, f"{flag.variable} is {part!r}, write a number.")
    if flag.kind == "list":
        return parts
    return int(text) if flag.kind == "number" else text


def with_environment(given: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return each option's value by its key: the given one, else that of its variable, else None. Raises Stop.

    A variable can also switch an option off.
    """
    _check_names(environment)
    values: dict[str, Any] = {}
    for flag in FLAGS:
        value = given.get(flag.key)
        if value is None or value is False or value in ((), []):
            text = environment.get(flag.variable, "")
            value = read_variable(flag, text) if text else None
        values[flag.key] = None if value in ((), [], "") else value
    return values


def _check_names(environment: Mapping[str, str]) -> None:
    """Raise Stop (USAGE) for an unknown variable with our prefix."""
    known = [flag.variable for flag in (*FLAGS, WORKERS)]
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            raise Stop(Code.USAGE, f"{name} is not a setting. Did you mean {nearest[0]}?")


def _may_write(values: Mapping[str, Any], *, is_live: bool) -> bool:
    """Tell whether a run may write. On this computer it may, unless told otherwise. Raises Stop (USAGE)."""
    if values["read_only"] and values["allow_writes"]:
        raise Stop(Code.USAGE, "--read-only and --allow-writes contradict each other: give one of them.")
    if values["read_only"]:
        return False
    allowed: bool | None = values["allow_writes"]
    return not is_live if allowed is None else allowed


KEY_NAME = "BITPEAK_API_KEY"
Ask = Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """The settings of one run.

    `target` is the API's base URL. `key_is_generated` means that the target is on this computer and no key was given:
    the mock makes a world for a generated key. A run uses the first of `keys`; each worker of a spread run has its own.
    `is_live` means that the target is somebody's service. `rate` is in requests a minute. None means no limit, for
    `rate` and for `max_requests`. `suites` are those to run, in their order.
    """

    target: str
    keys: tuple[str, ...] = field(repr=False)
    key_is_generated: bool = False
    other_key: str | None = field(default=None, repr=False)
    is_live: bool
    allow_writes: bool
    allow_plain_http: bool = False
    document: str | None = None
    overlays: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    hold_to: HoldTo = "page"
    profile: Profile = PROFILES["quick"]
    suites: tuple[str, ...] = SUITES
    max_requests: int | None = None
    rate: int | None = None
    rate_is_default: bool = False
    ledger_dir: Path = Path(LEDGERS)
    seed: int = 0
    examples: Path | None = None
    junit: Path | None = None
    json: Path | None = None
    html: Path | None = None
    record: Path | None = None
    baseline: Path | None = None
    update_baseline: bool = False
    format: str = "text"
    color: bool = True

    @property
    def key(self) -> str:
        """The key of the run."""
        return self.keys[0]

    @property
    def baseline_exists(self) -> bool:
        """Whether there is a baseline to read. One that will be written need not exist yet."""
        return self.baseline is not None and (self.baseline.exists() or not self.update_baseline)

    @property
    def is_whole(self) -> bool:
        """Whether all suites run and may write. Only such a run must have reached everything."""
        return self.allow_writes and self.suites == SUITES


def read_settings(
    given: Mapping[str, Any], ask: Ask | None = None, environment: Mapping[str, str] = os.environ
) -> RunSettings:
    """Return the settings for options by key; `ask` prompts for an API key. Raises Stop (USAGE, CANNOT)."""
    values = with_environment(given, environment)
    target = values["base_url"]
    if not target:
        raise Stop(Code.USAGE, "name the target, for example --base-url http://127.0.0.1:4055/api.")
    _check_url(target)
    is_live = bool(values["treat_as_live"]) or not is_loopback(urlsplit(target).hostname or "")
    if values["update_baseline"] and not values["baseline"]:
        raise Stop(Code.USAGE, "--update-baseline writes the file of --baseline: name it.")
    keys, generated = _keys(values["api_key_file"], is_live=is_live, ask=ask, environment=environment)
    suites, profile = values["suite"] or SUITES, values["profile"] or "quick"
    return RunSettings(
        target=target, keys=keys, key_is_generated=generated, other_key=_other_key(values, generated), is_live=is_live,
        allow_writes=_may_write(values, is_live=is_live), allow_plain_http=bool(values["allow_plain_http"]),
        document=values["document"], overlays=tuple(values["overlay"] or ()), answers=tuple(values["answer"] or ()),
        hold_to=values["hold_to"] or "page",
        profile=SPARING if is_live and profile == SPARING.name else PROFILES[profile],
        suites=tuple(name for name in SUITES if name in suites),
        max_requests=_positive("max-requests", values["max_requests"]),
        rate=_positive("rate", values["rate"]) or (LIVE_RATE if is_live else None),
        rate_is_default=values["rate"] is None,
        ledger_dir=Path(values["ledger_dir"] or LEDGERS),
        seed=secrets.randbelow(2**32) if values["seed"] is None else values["seed"],
        examples=_file(values["examples"]),
        junit=_file(values["junit"]), json=_file(values["json"]), html=_file(values["html"]),
        record=_file(values["record"]),
        baseline=_file(values["baseline"]), update_baseline=bool(values["update_baseline"]),
        format=values["format"] or "text", color=not (values["no_color"] or environment.get("NO_COLOR")),
    )  # fmt: skip


def read_keys(
    file: str | None, ask: Ask | None, environment: Mapping[str, str] = os.environ
) -> tuple[str, ...]:
    """Return the keys from a file (one a line), the environment or a prompt. Raises Stop (USAGE, CANNOT)."""
    if file:
        return _keys_in(file)
    if keys := _lines(environment.get(KEY_NAME, "")):
        return keys
    if ask is None:
        raise Stop(Code.USAGE, f"give the API key: set {KEY_NAME}, or name a file with --api-key-file.")
    return _lines(ask()) or ("",)


def made_up_key() -> str:
    """Return a new key that opens a new world of a mock, and nothing at a real service."""
    return f"mock-{secrets.token_hex(8)}"


def _keys(
    file: str | None, *, is_live: bool, ask: Ask | None, environment: Mapping[str, str]
) -> tuple[tuple[str, ...], bool]:
    if not is_live and not file and not environment.get(KEY_NAME, "").strip():
        return (made_up_key(),), True
    return read_keys(file, ask, environment), False


def _other_key(values: Mapping[str, Any], generated: bool) -> str | None:
    if values["other_key_file"]:
        return _keys_in(values["other_key_file"])[0]
    return made_up_key() if generated else None


def _keys_in(file: str) -> tuple[str, ...]:
    try:
        keys = _lines(read_bytes(file).decode())
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise Stop(Code.CANNOT, f"the key file {file} cannot be read: {reason}.") from None
    if not keys:
        raise Stop(Code.CANNOT, f"the key file {file} is empty.")
    return keys


def _lines(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _check_url(target: str) -> None:
    """Raise Stop (USAGE) if this is not a base URL. It is checked before anybody types a key."""
    try:
        read_target(target, "", allow_plain_http=True)
    except GuardRefusal as refusal:
        raise Stop(Code.USAGE, refusal.sentence) from None


def _positive(name: str, value: int | None) -> int | None:
    if value is not None and value < 1:
        raise Stop(Code.USAGE, f"--{name} is {value}, write 1 or more.")
    return value


def _file(value: str | None) -> Path | None:
    return None if value is None else Path(value)


# What a run that saves requests costs, if it writes and if it only reads.
_SPARING = (160, 20)


def price_of(settings: RunSettings) -> int:
    """Return about how many requests a run makes."""
    price = sum(_prices(settings).values())
    if not settings.profile.spares:
        return price
    whole = sum(_prices(replace(settings, suites=SUITES)).values())
    return round(_SPARING[not settings.allow_writes] * price / whole)


def _prices(settings: RunSettings) -> dict[str, int]:
    profile, reads = settings.profile.name, not settings.allow_writes
    return {suite: PRICES[suite][profile][reads] for suite in {"questions", *settings.suites}}


def planned(settings: RunSettings) -> RunSettings:
    """Return the settings with a profile that fits `max_requests`: fewer generated tests rather than a run cut short.

    If the other tests alone exceed the budget, the profile is the one that saves requests.
    """
    most, price, profile = settings.max_requests, price_of(settings), settings.profile
    if most is None or most >= price or profile.spares:
        return settings
    least = sum(number for suite, number in _prices(settings).items() if suite not in GENERATED)
    if most <= least:
        return replace(settings, profile=SPARING)
    share = (most - least) / (price - least)
    examples, machines = (max(1, int(number * share)) for number in (profile.examples, profile.machines))
    return replace(settings, profile=replace(profile, examples=examples, machines=machines))


def announced(settings: RunSettings, plan: RunSettings) -> str:
    """Return a sentence on what a run costs and what its budget changes; empty if it costs little.

    `plan` are the settings that `planned` returned.
    """
    if settings.profile.name == "quick" and settings.rate is None and plan is settings:
        return ""
    requests = price_of(settings)
    chosen = "" if settings.suites == SUITES else f" and the suites {', '.join(settings.suites)}"
    about = f"the profile {settings.profile.name}{chosen}"
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
