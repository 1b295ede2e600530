"""The run of one worker of a spread run, which tells the process that started it what it saw."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from contract_tests.session.parts import text_of
from contract_tests.session.session import Session
from contract_tests.session.share import settings_from

TOLD = (
    "bitpeak"  # the name of what a worker is given in xdist's `workerinput`, and tells in its `workeroutput`
)


class Worker(Session):
    """The run of one worker. `told` is its `workerinput`."""

    def __init__(self, told: dict[str, Any]) -> None:
        given = told.pop(TOLD)
        super().__init__(settings_from(given["settings"]))
        self.number: int = given["number"]

    def pytest_sessionstart(self) -> None:
        """Leave the terminal's group: Ctrl-C is for the process that started the workers, which passes it on."""
        if hasattr(os, "setpgrp"):
            os.setpgrp()
        super().pytest_sessionstart()

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Tell what the run came to, when it has been cleaned up."""
        try:
            yield from super().pytest_sessionfinish(session)
        finally:
            told = getattr(session.config, "workeroutput")  # noqa: B009 - the attribute is xdist's
            stopped = self.stopped
            told[TOLD] = {
                "part": text_of(replace(self.part, worker=self.number)) if self.part is not None else None,
                "stopped": (int(stopped.code), stopped.sentence) if stopped is not None else None,
            }
