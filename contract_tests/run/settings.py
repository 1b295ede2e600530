"""What the person who starts a run decided, checked."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contract_tests.guard.exchange import GuardRefusal
from contract_tests.guard.upstream import is_loopback, read_target
from contract_tests.run.flags import SUITES, with_environment
from contract_tests.run.run import PROFILES, SPARING, Profile
from contract_tests.run.stop import Code, Stop

KEY_NAME = "BITPEAK_API_KEY"
# Below the 60 a minute that the service is believed to allow.
LIVE_RATE = 50
LEDGERS = ".bitpeak-ledger"

Ask = Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one run.

    `target` is the API's base URL. A `key_is_generated` where the target is this computer and no key was given; the
    mock then makes a world for it. A run uses the first of `keys`, the workers of a spread run one each. `is_live`: the
    target is somebody's service. `rate` counts requests a minute, None does not slow down; `max_requests` None does not
    limit. `suites` are those to run, in their order.
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
    format: str = "text"
    color: bool = True

    @property
    def key(self) -> str:
        """The key of the run."""
        return self.keys[0]

    @property
    def is_whole(self) -> bool:
        """Whether all suites run and may write: only such a run can be held to have reached everything."""
        return self.allow_writes and self.suites == SUITES


def read_settings(
    given: Mapping[str, Any], ask: Ask | None = None, environment: Mapping[str, str] = os.environ
) -> Settings:
    """Make the settings of options by key; `ask` prompts for an API key. Raises Stop (USAGE, CANNOT)."""
    values = with_environment(given, environment)
    target = values["base_url"]
    if not target:
        raise Stop(Code.USAGE, "name the target, for example --base-url http://127.0.0.1:4055/api.")
    _check_url(target)
    is_live = bool(values["treat_as_live"]) or not is_loopback(urlsplit(target).hostname or "")
    keys, generated = _keys(values["api_key_file"], is_live=is_live, ask=ask, environment=environment)
    suites = values["suite"] or SUITES
    return Settings(
        target=target, keys=keys, key_is_generated=generated, other_key=_other_key(values, generated), is_live=is_live,
        allow_writes=bool(values["allow_writes"]) or not is_live, allow_plain_http=bool(values["allow_plain_http"]),
        document=values["document"], overlays=tuple(values["overlay"] or ()), answers=tuple(values["answer"] or ()),
        profile=_profile(values["profile"] or "quick", is_live=is_live),
        suites=tuple(name for name in SUITES if name in suites),
        max_requests=_positive("max-requests", values["max_requests"]),
        rate=_positive("rate", values["rate"]) or (LIVE_RATE if is_live else None),
        rate_is_default=values["rate"] is None,
        ledger_dir=Path(values["ledger_dir"] or LEDGERS),
        seed=secrets.randbelow(2**32) if values["seed"] is None else values["seed"],
        examples=_file(values["examples"]),
        junit=_file(values["junit"]), json=_file(values["json"]), html=_file(values["html"]),
        record=_file(values["record"]),
        format=values["format"] or "text", color=not (values["no_color"] or environment.get("NO_COLOR")),
    )  # fmt: skip


def read_keys(
    file: str | None, ask: Ask | None, environment: Mapping[str, str] = os.environ
) -> tuple[str, ...]:
    """Return the keys of a file, of the environment, or asked for: one a line. Raises Stop (USAGE, CANNOT)."""
    if file:
        return _keys_in(file)
    if keys := _lines(environment.get(KEY_NAME, "")):
        return keys
    if ask is None:
        raise Stop(Code.USAGE, f"give the API key: set {KEY_NAME}, or name a file with --api-key-file.")
    return _lines(ask()) or ("",)


def made_up_key() -> str:
    """Return a key that the mock makes a world of its own for, and that no real service has."""
    return f"mock-{secrets.token_hex(8)}"


def _keys(
    file: str | None, *, is_live: bool, ask: Ask | None, environment: Mapping[str, str]
) -> tuple[tuple[str, ...], bool]:
    if not is_live and not file and not environment.get(KEY_NAME, "").strip():
        return (made_up_key(),), True
    return read_keys(file, ask, environment), False


def _profile(name: str, *, is_live: bool) -> Profile:
    return SPARING if is_live and name == SPARING.name else PROFILES[name]


def _other_key(values: Mapping[str, Any], generated: bool) -> str | None:
    if values["other_key_file"]:
        return _keys_in(values["other_key_file"])[0]
    return made_up_key() if generated else None


def _keys_in(file: str) -> tuple[str, ...]:
    try:
        keys = _lines(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise Stop(Code.CANNOT, f"the key file {file} cannot be read: {reason}.") from None
    if not keys:
        raise Stop(Code.CANNOT, f"the key file {file} is empty.")
    return keys


def _lines(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _check_url(target: str) -> None:
    """Raise Stop (USAGE) for what is no base URL, before a key is asked for."""
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
