"""A probe of a question: something to do to a mock, and what each answer must show then."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any

from flask import Flask

from mock_server import Rules, Settings
from mock_server.app import create_app
from tests.semantics.client import Client

_KEYS = count()


@dataclass(frozen=True)
class Probe:
    """`observe` calls a mock; `expected` is what it must see, by answer. `rules` are the rules of the mock."""

    observe: Callable[[Client], Any]
    expected: Mapping[str, Any]
    rules: Rules = field(default_factory=Rules)

    def seen(self, *answers: str) -> str:
        """Return what is observed of a mock with these answers, in a new world."""
        app = app_with(*answers, rules=self.rules)
        return as_text(self.observe(Client(app=app, key=f"mock-{next(_KEYS)}")))


@cache
def app_with(*answers: str, rules: Rules | None = None) -> Flask:
    """Return an app with these answers, made once. Use a new key for a new world."""
    return create_app(Settings(answers=answers, rules=rules or Rules()))


def as_text(observation: Any) -> str:
    """Return an observation as JSON, in which 1 and true differ."""
    return json.dumps(observation)
