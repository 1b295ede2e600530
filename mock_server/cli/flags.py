"""The flags of `serve` without the command: for a mock in the caller's own process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import click

from mock_server.cli.plan import Plan
from mock_server.cli.serve import serve
from mock_server.settings import Settings


def settings_of(flags: Sequence[str]) -> Settings:
    """Return what a mock with these flags is made of. Raises ValueError with one sentence."""
    try:
        given = serve.make_context("serve", list(flags)).params
        # The command has flags of its own besides, for what it does and not for what the mock is.
        return Plan(**{field.name: given[field.name] for field in fields(Plan)}).settings()
    except click.ClickException as error:
        raise ValueError(error.format_message()) from error
