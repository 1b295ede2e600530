"""Flask at the door: the app that any WSGI server can host, and the corridor inside its `wsgi_app`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from flask import Flask, Response, request

from mock_server import __version__
from mock_server.answer import MARKER, Answer
from mock_server.auth import read_bearer
from mock_server.contract import Contract, compile_contract
from mock_server.control import PREFIX, Control, Subject
from mock_server.corridor import Corridor
from mock_server.document import DocumentError, load
from mock_server.handlers import FUNCTIONS
from mock_server.page import answer as page_answer
from mock_server.recorder import Observer
from mock_server.refusal import Refusal
from mock_server.rehearsal import Rehearsal
from mock_server.seed import read_seed, seeded_world
from mock_server.server import REPLY
from mock_server.variations import Variations
from mock_server.world import Rules
from mock_server.worlds import Worlds

_LOG = logging.getLogger("mock_server.app")

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a mock is made of: the document and how it is varied, the seed, the rules.

    `overlays` are files or names of packaged ones; `answers` are `QUESTION=ANSWER`. `control_token`: what the control
    asks for, None where anybody may steer; `control_cors`: whether pages of other origins may. `rehearse`: overlays on
    top, whose answers are noted beside those that are given.
    """

    document: Path | None = None
    overlays: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    seed: Path | None = None
    rules: Rules = field(default_factory=Rules)
    control_token: str | None = None
    control_cors: bool = False
    rehearse: tuple[str, ...] = ()


class Mock:
    """A compiled mock. `files` are all that it was read from. Raises DocumentError, with file and line."""

    def __init__(self, settings: Settings, observers: Sequence[Observer] = ()) -> None:
        document = load(settings.document, settings.overlays, settings.answers)
        self.contract: Contract = compile_contract(document)
        _bind(self.contract)
        rows = self.contract.service.seed if settings.seed is None else read_seed(settings.seed)
        self.worlds = Worlds(seeded_world(self.contract, settings.rules, rows))
        self.variations = Variations(self.contract, settings.overlays, _bind, settings.document)
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
        self._varied: WeakKeyDictionary[Contract, Corridor] = WeakKeyDictionary()
        self.files = (*document.files, *([settings.seed] if settings.seed else []))

    def answer(self, environ: Environ) -> Answer:
        """Answer one request, the mock's own or the API's."""
        path: str = environ["PATH_INFO"]
        if path.startswith(PREFIX) and path[len(PREFIX) :][:1] in {"", "/"}:
            below = path[len(PREFIX) :]
            if self.rehearsal is not None and environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
                self.rehearsal.follow(environ)
            page = page_answer(environ["REQUEST_METHOD"], below)
            return page.finished() if page is not None else self.control.answer(environ, below)
        corridor = self._corridor_of(environ) if self.worlds.varied else self.corridor
        return corridor.answer(environ) if self.rehearsal is None else self._rehearsed(corridor, environ)

    def _rehearsed(self, corridor: Corridor, environ: Environ) -> Answer:
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

    def _corridor(self, contract: Contract) -> Corridor:
        return Corridor(contract, self.worlds, self._observers, self.control.outage)

    def _corridor_of(self, environ: Environ) -> Corridor:
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


def _rehearsal(settings: Settings) -> Rehearsal | None:
    """Make the shadow that answers by the other document. Raises DocumentError."""
    if not settings.rehearse:
        return None
    overlays = (*settings.overlays, *settings.rehearse)
    shadow = Mock(replace(settings, overlays=overlays, rehearse=()))
    return Rehearsal(", ".join(Path(name).name for name in settings.rehearse), shadow.answer)


def _bind(contract: Contract) -> None:
    """Raise DocumentError where an operation has no function to serve it."""
    for operation in contract.operations.values():
        if operation.function not in FUNCTIONS:
            what = (
                f"no function serves {operation.function}: an operationId is one of {', '.join(FUNCTIONS)}."
            )
            raise DocumentError(what, operation.place)


def create_app(settings: Settings | None = None, observers: Sequence[Observer] = ()) -> Flask:
    """Make the Flask app. Raises DocumentError where the document, an overlay or the seed is wrong."""
    mock = Mock(settings or Settings(), observers)
    app = Flask("mock_server", static_folder=None)
    app.extensions["bitpeak_mock"] = mock
    app.add_url_rule("/", "welcome", lambda: _welcome(mock))
    app.wsgi_app = _Door(mock, app.wsgi_app)  # type: ignore[method-assign]
    return app


def mock_of(app: Flask) -> Mock:
    """Return the mock inside an app."""
    mock: Mock = app.extensions["bitpeak_mock"]
    return mock


@dataclass(frozen=True, slots=True)
class _Door:
    """Takes the WSGI environ to the corridor; only the start page goes on to Flask.

    Flask's routing and request context cost more than all steps of the corridor together, and its error pages are
    HTML, so no path of the API passes them.
    """

    mock: Mock
    flask: Callable[[Environ, StartResponse], Iterable[bytes]]

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/" and environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
            # The page says nothing of the host, and Flask would answer a malformed one in HTML.
            return self.flask({**environ, "HTTP_HOST": "localhost"}, start_response)
        answer = self.mock.answer(environ if REPLY in environ else _texts_of(environ))
        if answer.delay or answer.wire:
            _spoil(environ, answer)
        start_response(answer.status, answer.headers)
        return [answer.body]


def _texts_of(environ: Environ) -> Environ:
    """Return the part of another server's environ that may be remembered: no socket, no file of its connection."""
    kept = {name: value for name, value in environ.items() if isinstance(value, str)}
    terminated = environ.get("wsgi.input_terminated", False)
    return {**kept, "wsgi.input": environ["wsgi.input"], "wsgi.input_terminated": terminated}


def _spoil(environ: Mapping[str, Any], answer: Answer) -> None:
    """Leave waiting and faults on the wire to our own server, which blocks no one; under another one, wait here."""
    reply = environ.get(REPLY)
    if reply is not None:
        reply.delay, reply.wire = answer.delay, answer.wire
        return
    time.sleep(answer.delay)
    if answer.wire:
        _LOG.warning(
            "this server cannot let an answer go wrong on the wire (%s): it goes out unharmed", answer.wire
        )


def _welcome(mock: Mock) -> Response:
    """Lead a browser to the page, and tell anyone else where things are."""
    html = request.accept_mimetypes.best_match(["text/plain", "text/html"]) == "text/html"
    response = Response(status=302, headers={"Location": f"{PREFIX}/"}) if html else _where_things_are(mock)
    response.vary.add("Accept")
    response.headers.add(*MARKER)
    return response


def _where_things_are(mock: Mock) -> Response:
    lines = [
        f"bitpeak-mock {__version__}: an offline mock of {mock.contract.title} ({mock.contract.version}).",
        "",
        f"API          {mock.contract.base_path}",
        *(
            f"             {o.method:6} {mock.contract.base_path}{o.path}"
            for o in mock.contract.operations.values()
        ),
        f"key          any that begins with {mock.contract.service.key_prefix!r}; each has a world of its own",
        f"page         {PREFIX}/",
        f"about        {PREFIX}/info, {PREFIX}/health, {PREFIX}/ready",
        f"document     {PREFIX}/openapi.yaml",
        "",
    ]
    return Response("\n".join(lines), mimetype="text/plain")
