"""A mock: the document compiled, the worlds, and the corridors that answer in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from mock_server.api.auth import read_bearer
from mock_server.api.pipeline import Observer, Pipeline
from mock_server.api.response import Response
from mock_server.contract import Contract, compile_contract
from mock_server.control import PREFIX, Control, Subject
from mock_server.document import DocumentError, load, place_of
from mock_server.page import answer as page_answer
from mock_server.refusal import Refusal
from mock_server.rehearsal import Rehearsal
from mock_server.settings import Rules, Settings
from mock_server.state.seed import read_seed, seeded_world
from mock_server.state.world import Worlds
from mock_server.variations import Variations

Environ = dict[str, Any]

_PREFIX = len(PREFIX)


class Mock:
    """A compiled mock. `files` are all that it was read from. Raises DocumentError, with file and line."""

    def __init__(self, settings: Settings, observers: Sequence[Observer] = ()) -> None:
        document = load(settings.document, settings.overlays, settings.answers)
        self.contract: Contract = compile_contract(document)
        rows = self.contract.resource.seed if settings.seed is None else read_seed(settings.seed)
        self.worlds = Worlds(seeded_world(self.contract, _rules(settings.rules, self.contract), rows))
        self.variations = Variations(self.contract, settings.overlays, settings.document)
        self.rehearsal = _rehearsal(settings)
        self.control = Control(
            Subject(
                self.worlds,
                self.variations,
                settings.control_token,
                settings.control_cors,
                self.rehearsal,
            )
        )
        self._observers = tuple(observers)
        self.corridor = self._corridor(self.contract)
        self._varied: WeakKeyDictionary[Contract, Pipeline] = WeakKeyDictionary()
        self.files = (*document.files, *([settings.seed] if settings.seed else []))

    def answer(self, environ: Environ) -> Response:
        """Answer one request, the mock's own or the API's."""
        path: str = environ["PATH_INFO"]
        if path[:_PREFIX] == PREFIX and path[_PREFIX : _PREFIX + 1] in {"", "/"}:
            below = path[_PREFIX:]
            if self.rehearsal is not None and environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
                self.rehearsal.follow(environ)
            page = page_answer(environ["REQUEST_METHOD"], below)
            return page.finished() if page is not None else self.control.answer(environ, below)
        corridor = self._corridor_of(environ) if self.worlds.varied else self.corridor
        return corridor.answer(environ) if self.rehearsal is None else self._rehearsed(corridor, environ)

    def _rehearsed(self, corridor: Pipeline, environ: Environ) -> Response:
        """Answer one request, and note what the other document would have answered."""
        rehearsal = self.rehearsal
        if rehearsal is None:
            return corridor.answer(environ)
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        other = rehearsal.ask(environ)
        answer = corridor.answer(environ)
        route = corridor.contract.routes.find(path, method)
        operation = None if route is None else route.operations.get(method)
        rehearsal.compare(answer, other, method if operation is None else operation.id)
        return answer

    def _corridor(self, contract: Contract) -> Pipeline:
        return Pipeline(contract, self.worlds, self._observers, self.control.outage)

    def _corridor_of(self, environ: Environ) -> Pipeline:
        """Return the corridor of the world that the request's key opens, where some worlds have one of their own."""
        try:
            key = read_bearer(environ.get("HTTP_AUTHORIZATION"), self.contract.service, any_case=True)
        except Refusal:
            return self.corridor
        if key not in self.worlds.varied:
            return self.corridor
        contract = self.worlds.of(key).contract
        corridor = self._varied.get(contract)
        if corridor is None:
            corridor = self._varied[contract] = self._corridor(contract)
        return corridor


def _rules(rules: Rules, contract: Contract) -> Rules:
    """Return the rules with the document's quota as a number. Raises DocumentError if the document has none."""
    if rules.quota != "document":
        return rules
    if contract.service.quota is None:
        what = "x-service has no quota to enforce: give it one, or choose --quota off or a number."
        raise DocumentError(what, place_of(contract.document.data, "x-service"))
    return replace(rules, quota=contract.service.quota["requests"])


def _rehearsal(settings: Settings) -> Rehearsal | None:
    """Make the shadow that answers by the other document. Raises DocumentError."""
    if not settings.rehearse:
        return None
    overlays = (*settings.overlays, *settings.rehearse)
    shadow = Mock(replace(settings, overlays=overlays, rehearse=()))
    return Rehearsal(", ".join(Path(name).name for name in settings.rehearse), shadow.answer)
