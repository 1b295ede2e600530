"""The pipeline of the control: its steps, and its document, which is compiled operation by operation on first use.

preflight → host → operation → origin and token → query → world → body → serve → check the response

A change that is refused, or whose response would violate the document, is undone.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import msgspec

from mock_server import PREFIX
from mock_server.api.context import CORS, Context, Environ, Response, preflight
from mock_server.api.forced import outage_status, status_line
from mock_server.api.pipeline import Pipeline, bearer_of, find_world
from mock_server.contract import (
    Check,
    RefusalResponse,
    ResponseCompiler,
    Schemas,
    status_text,
    write_plainly,
)
from mock_server.control import about, journal, world
from mock_server.control.about import control_document, control_text
from mock_server.control.complaint import Complaints
from mock_server.document import Object, unknown_word, with_integers
from mock_server.mock import Mock
from mock_server.refusal import Defect, Refusal
from mock_server.settings import Settings

# An operation is served by the function with its `operationId` as its name.
FUNCTIONS: Mapping[str, Callable[[Context], Any]] = vars(about) | vars(journal) | vars(world)

# Seconds until the server asks again on behalf of a client that waits.
_AGAIN = 0.01

_READING = {"GET", "HEAD"}
_ALL_ADDRESSES = {"", "0.0.0.0", "::"}  # noqa: S104

# The parts of a fault that are put into a response.
_SENT_ON = frozenset({"mutation", "body"})

# How deep a body may nest. Beyond that, checking it or writing it again would run into the limits of recursion.
_LEVELS = 100
_TOO_DEEP = f"The body nests more than {_LEVELS} levels deep. Send a flatter one."

# How a query spells values that are not texts.
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_INTEGER = re.compile("0|-?[1-9][0-9]{0,17}")


class ControlOperation(NamedTuple):
    """One operation of the control's document.

    `world`: whether it needs one, "needed", "optional" or "none". `open`: whether it needs no token. `query`: the
    schemas of its parameters by name, and `body` that of its JSON, None if it takes none. `contents`: the check of its
    response, by media type.
    """

    id: str
    world: str
    open: bool
    query: Mapping[str, Complaints]
    body: Complaints | None
    status: str
    contents: Mapping[str, Check]


class ControlDocument:
    """openapi/control.yaml, compiled piece by piece on first use, so that a start does not wait for it."""

    def __init__(self, data: Object) -> None:
        self._data = data
        self._schemas = Schemas(data)
        self._responses = ResponseCompiler(self._schemas, write_plainly, "none")
        self._compiled: dict[tuple[str, str], ControlOperation] = {}

    def find(self, method: str, path: str) -> ControlOperation:
        """Return the operation at a path below the prefix. Raises Refusal for an unknown path or method."""
        key = "get" if method == "HEAD" else method.lower()
        if not method.isupper() or key not in self._data["paths"].get(path, ()):
            raise Refusal("not_found", self._meant(key, path))
        return self._operation(path, key)

    def _meant(self, method: str, path: str) -> str:
        """Return a sentence on what a request to an unknown path or method can be instead."""
        paths = self._data["paths"]
        if path in paths:
            return f"{PREFIX}{path} has {', '.join(paths[path]).upper()}."
        parent, _, last = path.rpartition("/")
        names = (each.get("name") for each in paths.get(parent, {}).get(method, {}).get("parameters", ()))
        if _INTEGER.fullmatch(last) and "id" in names:
            return f"Send {method.upper()} {PREFIX}{parent}?id={last}."
        return f"{PREFIX}/control.yaml lists all."

    def is_open(self, path: str) -> bool:
        """Tell whether a path needs no token. Such a path only says that the mock is alive."""
        return any(node.get("x-open", False) for node in self._data["paths"].get(path, {}).values())

    def _operation(self, path: str, method: str) -> ControlOperation:
        """Return an operation of the document. `method` is in lower case."""
        operation = self._compiled.get((path, method))
        if operation is None:
            operation = self._compiled[path, method] = self._compile(self._data["paths"][path][method])
        return operation

    def _complaints(self, schema: Object, name: str = "") -> Complaints:
        """Compile a schema with all that it can refer to."""
        return Complaints({**self._schemas.resolve(schema), "components": self._data["components"]}, name)

    @property
    def methods(self) -> str:
        """All methods of the document, for a CORS preflight."""
        methods = (method.upper() for item in self._data["paths"].values() for method in item)
        return ", ".join(dict.fromkeys(methods))

    @cached_property
    def refusals(self) -> Mapping[str, RefusalResponse]:
        """All refusals of the control, by name."""
        nodes = [node for item in self._data["paths"].values() for node in item.values()]
        responses = [self._data["x-refusals"], *(node["responses"] for node in nodes)]
        return {each.name: each for response in responses for each in self._responses.refusals(response)}

    @cached_property
    def outages(self) -> Mapping[str, RefusalResponse]:
        """The outages that a fault can be armed with, by name."""
        return {outage.name: outage for outage in self._responses.refusals(self._data["x-outages"])}

    def _compile(self, node: Object) -> ControlOperation:
        schemas, responses = self._schemas, node["responses"]
        (code,) = (code for code in responses if code.startswith("2"))
        contents = schemas.resolve(responses[code]).get("content", {})
        parameters = [schemas.resolve(each) for each in node.get("parameters", [])]
        body = node.get("requestBody")
        return ControlOperation(
            id=node["operationId"],
            world=node.get("x-world", "none"),
            open=node.get("x-open", False),
            query={each["name"]: self._complaints(each["schema"], each["name"]) for each in parameters},
            body=body and self._complaints(body["content"]["application/json"]["schema"]),
            status=status_text(int(code)),
            contents={each: schemas.check(node["schema"]) for each, node in contents.items()},
        )


class ControlPipeline(Pipeline):
    """Responds to the requests below `/_mock`."""

    def __init__(self, mock: Mock) -> None:
        super().__init__(mock)
        control_text()  # while there are descriptors to open a file with

    @cached_property
    def document(self) -> ControlDocument:
        """The control's document."""
        return ControlDocument(control_document())

    def outage(self, name: str) -> RefusalResponse:
        """Return an outage that a fault can be armed with. Raises KeyError if the name is unknown."""
        known, status = self.document.outages, outage_status(name)
        if name in known or status is None:
            return known[name]
        return replace(known["outage-other"], name=name, status=status_line(status))

    def walk(self, context: Context) -> Response:
        """Check the client's rights, then serve while no other request can change the world."""
        cors = self.mock.settings.control_cors and "HTTP_ORIGIN" in context.environ
        if cors and context.method == "OPTIONS":
            return preflight(self.document.methods, "Authorization, Content-Type, X-Bitpeak-Mock-Token")
        check_host(context, self.document)
        operation = self.document.find(context.method, context.path.removeprefix(PREFIX))
        check_origin(context)
        if not operation.open:
            check_token(context)
        read_query(context, operation)
        if operation.world != "none":
            enter_world(context, operation)
        if operation.body is not None:
            read_body(context, operation.body)
        world = context.world
        with world.lock:
            saved = {} if context.method in _READING else world.saved()
            try:
                return serve(context, operation)
            except Exception:
                vars(world).update(saved)
                raise

    def refusal(self, context: Context, name: str) -> RefusalResponse:  # noqa: ARG002
        """Return a refusal of the control's document. Raises KeyError if the name is unknown."""
        return self.document.refusals[name]

    def close(self, context: Context, response: Response) -> None:
        """Note a change of the world, and have the server ask again for a waiting client."""
        changed = not (context.refusal or context.defect) and context.method not in _READING
        if changed and context.world is not self.mock.lobby:
            context.world.journal.touch()
            self.mock.worlds.weigh(context.key)
        if context.patience:
            context.environ[journal.SECONDS_LEFT] = context.patience - _AGAIN
            response.again = min(_AGAIN, max(context.patience, 0.0))
        cors = CORS if self.mock.settings.control_cors and "HTTP_ORIGIN" in context.environ else ()
        response.finish(("Cache-Control", "no-store"), *cors)


def check_host(context: Context, document: ControlDocument) -> None:
    """Refuse a request with an unknown host."""
    environ, path = context.environ, context.path.removeprefix(PREFIX)
    if not is_known_host(environ, context.mock.settings) and not document.is_open(path):
        raise Refusal("other_host", environ["HTTP_HOST"][:100])


def is_known_host(environ: Environ, settings: Settings) -> bool:
    """Tell whether a request calls the mock by one of its names.

    These are the names and addresses of loopback, the address on which the server listens, the host of the public URL
    and the names that the settings allow. If the server listens on all addresses, any address is one of its own.

    In an attack by DNS rebinding, a browser calls the mock by the attacker's host name, so that the attacker's page has
    the mock's origin. Such an attack cannot use an address instead of a name.
    """
    sent: str | None = environ.get("HTTP_HOST")
    if sent is None:  # HTTP/1.0, which no browser speaks
        return True
    try:
        name, bound = urlsplit(f"//{sent}").hostname or "", environ["SERVER_NAME"].lower()
        public = urlsplit(settings.rules.public_url or "").hostname
    except ValueError:
        return False
    if name in {bound, public, *(each.lower() for each in settings.allowed_hosts)}:
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
    return address.is_loopback or bound in _ALL_ADDRESSES


def check_origin(context: Context) -> None:
    """Refuse a page of another origin, unless such pages may control the mock.

    A browser sends a simple request without a preflight (Fetch, 'CORS protocol'), and it could change a world.
    """
    origin: str | None = context.environ.get("HTTP_ORIGIN")
    if origin is None or context.mock.settings.control_cors:
        return
    if origin.partition("://")[2] != context.environ.get("HTTP_HOST", ""):
        raise Refusal("other_origin")


def check_token(context: Context) -> None:
    """Refuse a request without the token, if the mock has one."""
    token = context.mock.settings.control_token
    sent: str = context.environ.get("HTTP_X_BITPEAK_MOCK_TOKEN", "")
    if token is not None and not hmac.compare_digest(sent.encode("latin-1", "replace"), token.encode()):
        raise Refusal("no_token")


def read_query(context: Context, operation: ControlOperation) -> None:
    """Set `context.arguments`, defaults included. Raises Refusal."""
    arguments = {name: parameter.schema.get("default") for name, parameter in operation.query.items()}
    for name, text in parse_qsl(context.query, keep_blank_values=True):
        if name not in operation.query:
            remedy = "" if operation.query else " Remove it."
            raise Refusal("unusable", unknown_word("parameter", name, operation.query) + remedy)
        value: Any = text
        match operation.query[name].schema.get("type"):
            case "boolean":
                value = _BOOLEANS.get(text, text)
            case "integer" if _INTEGER.fullmatch(text):
                value = int(text)
        if complaint := operation.query[name].of(value):
            raise Refusal("unusable", complaint)
        arguments[name] = value
    context.arguments = arguments


def enter_world(context: Context, operation: ControlOperation) -> None:
    """Enter the world that the parameter `key` names, or the bearer. Raises Refusal if one is needed or wrong.

    A reading request does not make a world, because any page on the web can have a browser send a GET.
    """
    named = context.arguments.get("key")
    if named is None and operation.world == "optional" and "HTTP_AUTHORIZATION" not in context.environ:
        return
    _, bearer = bearer_of(context)
    context.key = bearer if named is None else named
    find_world(context, context.key, make=context.method not in _READING)
    if context.world is context.mock.lobby:
        service = context.mock.contract.service
        if context.key:
            what = f"The key must begin with {service.key_prefix!r}, as in {service.key_example!r}."
            raise Refusal("unusable", what)
        raise Refusal("no_world", service.key_example)


def read_body(context: Context, complaints: Complaints) -> None:
    """Set `context.sent` to the JSON of the body. Raises Refusal."""
    try:
        body = msgspec.json.decode(context.read_body(context.mock.contract.service.body_bytes))
    except ValueError as error:
        raise Refusal("unusable", f"The body is not JSON: {error}.") from None
    except RecursionError:
        raise Refusal("unusable", _TOO_DEEP) from None
    if _is_deep(body):
        raise Refusal("unusable", _TOO_DEEP)
    sent = with_integers(body, _SENT_ON)
    if complaints.of(sent):
        sent = complaints.with_objects(sent)
        if complaint := complaints.of(sent):
            raise Refusal("unusable", complaint)
    context.sent = sent


def _is_deep(body: Any) -> bool:
    layer = [body]
    for _ in range(_LEVELS):
        nested = [each for each in layer if isinstance(each, dict | list)]
        layer = [item for each in nested for item in (each.values() if isinstance(each, dict) else each)]
    return any(isinstance(each, dict | list) for each in layer)


def serve(context: Context, operation: ControlOperation) -> Response:
    """Do what the operation does. Raises Defect if its response would violate the document."""
    wanted = [part.partition(";")[0].strip() for part in context.environ.get("HTTP_ACCEPT", "").split(",")]
    contents = operation.contents
    context.media_type = next((each for each in wanted if each in contents), next(iter(contents), None))
    value = FUNCTIONS[operation.id](context)
    if context.media_type is None:
        return Response(operation.status, (), b"")
    if complaint := contents[context.media_type](value):
        raise Defect(f"The response of {operation.id} would violate the document: {complaint}.")
    body = value.encode() if isinstance(value, str) else msgspec.json.encode(value)
    return Response(operation.status, (("Content-Type", context.media_type),), body)
