"""Puts together what a run and a sweep share: the target, the connections, the account behind the key."""

from __future__ import annotations

from dataclasses import dataclass

from contract_tests.guard.account import Account
from contract_tests.guard.budget import Budget
from contract_tests.guard.courier import Courier
from contract_tests.guard.foreign import Mask
from contract_tests.guard.marker import Marker
from contract_tests.guard.refusal import GuardRefusal
from contract_tests.guard.settings import GuardSettings
from contract_tests.guard.surface import Surface, survey
from contract_tests.guard.target import Target, read_target
from contract_tests.guard.upstream import Upstream
from mock_server.document import Document, load


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known before anything is sent."""

    surface: Surface
    target: Target


@dataclass(frozen=True, slots=True)
class Line:
    """The way to the account: connections, budget, and the guard's own calls."""

    upstream: Upstream
    courier: Courier
    mask: Mask
    account: Account


def survey_ground(settings: GuardSettings, document: Document | None) -> Ground:
    """Read the document and the target. Raises GuardRefusal (`target`, `plain-http`, `key`) and ValueError."""
    if not settings.key.strip() or not settings.key.isascii() or not settings.key.isprintable():
        raise GuardRefusal("key", "The key is empty, or is no text that fits a header.")
    surface = survey((document or load()).data)
    target = read_target(settings.target, surface.base_path, allow_plain_http=settings.allow_plain_http)
    return Ground(surface, target)


def connect(settings: GuardSettings, ground: Ground, marker: Marker) -> Line:
    """Prepare the way to the account; nothing is sent yet. Raises GuardRefusal (`proxy`)."""
    upstream = Upstream(ground.target, settings.timeout)
    courier = Courier(upstream, Budget(settings, ground.surface))
    mask = Mask(ground.surface, marker)
    account = Account(ground.surface, courier, ground.target.path, settings.key, mask)
    return Line(upstream, courier, mask, account)
