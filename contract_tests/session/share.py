"""What each worker of a spread run gets: a key of its own, its part of the budget, a folder for its ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from contract_tests.guard.ledger import WORKER
from contract_tests.run.flags import Profile
from contract_tests.run.settings import KEY_NAME, Code, RunSettings, Stop, made_up_key

_FOLDERS = frozenset({"ledger_dir", "examples", "record"})


def check_shares(settings: RunSettings, workers: int) -> None:
    """Raise Stop (USAGE) where there is not enough for so many workers."""
    keys = len(settings.keys)
    if not settings.key_is_generated and keys < workers:
        raise Stop(
            Code.USAGE,
            f"{workers} workers need {workers} API keys and there {'is' if keys == 1 else 'are'} {keys}: write one "
            f"key a line in the file of --api-key-file or in {KEY_NAME}, since runs on one account disturb each other.",
        )
    for name, value in (("max-requests", settings.max_requests), ("rate", settings.rate)):
        if value is not None and value < workers:
            raise Stop(
                Code.USAGE, f"--{name} is {value}, which is less than one for each of {workers} workers."
            )


def share_of(settings: RunSettings, number: int, workers: int) -> RunSettings:
    """Return the settings of a worker, `number` from 1. Only the process that started the workers writes reports."""
    made_up = settings.key_is_generated
    return replace(
        settings,
        keys=(made_up_key(),) if made_up else settings.keys[number - 1 : number],
        other_key=made_up_key() if made_up else settings.other_key,
        max_requests=_divided(settings.max_requests, number, workers),
        # The rate that a service is believed to allow, it allows each account.
        rate=settings.rate if settings.rate_is_default else _divided(settings.rate, number, workers),
        ledger_dir=settings.ledger_dir / folder_of(number),
        record=None if settings.record is None else _numbered(settings.record, number),
        junit=None, json=None, html=None,
    )  # fmt: skip


def folder_of(number: int) -> str:
    """Return the name of the folder for the ledger of a worker."""
    return f"{WORKER}{number}"


def plain_settings(settings: RunSettings) -> dict[str, Any]:
    """Return settings as plain data, the key included."""
    values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    paths = {name: str(value) for name, value in values.items() if isinstance(value, Path)}
    return values | paths | {"profile": asdict(settings.profile)}


def settings_from(plain: Mapping[str, Any]) -> RunSettings:
    """Return the settings that `plain_settings` took apart."""
    paths = {name: Path(plain[name]) for name in _FOLDERS if plain[name] is not None}
    return RunSettings(**{**plain, **paths, "profile": Profile(**plain["profile"])})


def _divided(whole: int | None, number: int, workers: int) -> int | None:
    return None if whole is None else whole // workers + (number <= whole % workers)


def _numbered(file: Path, number: int) -> Path:
    return file.with_name(f"{file.stem}-{number}{file.suffix}")
