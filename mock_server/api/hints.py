"""Hints: what a refused client probably meant, and what to send instead."""

from __future__ import annotations

from collections.abc import Iterator

from mock_server.api.context import Context
from mock_server.document import nearest
from mock_server.refusal import Problem

# The methods that people usually expect for each behaviour.
_MEANT = {"PUT": "update", "PATCH": "update", "POST": "create", "GET": "retrieve"}


def hint(context: Context) -> str:
    """Return a hint for a refused client, or an empty text. Responses chosen by a fault or a preference get none."""
    if not context.refusal or context.fault is not None or context.applied or context.defect:
        return ""
    return " ".join(_hints(context))


def _hints(context: Context) -> Iterator[str]:
    service, environ = context.contract.service, context.environ
    if context.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
        origin = environ.get("HTTP_ORIGIN", "another origin")
        yield f"A browser asks whether a page of {origin} may send this request. Start the mock with --cors."
        return
    if context.refusal in {"missing_bearer", "no_access"}:
        key = f"Send the header 'Authorization: Bearer {service.key_example}'"
        scheme = environ.get("HTTP_AUTHORIZATION", "").partition(" ")[0]
        if scheme != "Bearer" and scheme.lower() == "bearer" and not service.any_case:
            asked = "bearer-case" in context.contract.document.questions()
            why = ", as the answer to the question bearer-case says" if asked else ""
            yield f"The case of the word {scheme!r} counts{why}. {key}."
        elif context.refusal == "missing_bearer":
            yield f"{key}: the word Bearer, one space and a key."
        else:
            yield f"The mock's keys begin with {service.key_prefix!r}. A real key never works here. {key}."
        return
    if context.found is None:
        yield from _of_path(context) if context.route is None else _of_method(context)
    encoding = environ.get("HTTP_CONTENT_ENCODING", "identity")
    if encoding != "identity":
        yield f"The body is compressed ({encoding[:20]}), and the service does not unpack it. Send it as it is."
    for problem in context.problems:
        yield from _of_field(context, problem)


def _of_path(context: Context) -> Iterator[str]:
    """Yield the path that was probably meant, if no operation has the path."""
    contract, path = context.contract, context.path
    if not path.startswith("/"):  # the target of a request that the server has refused
        return
    if contract.routes.find(contract.base_path + path):
        yield f"The base path is missing. Send {context.method} {contract.base_path}{path}."
        return
    known = dict.fromkeys(contract.base_path + each.path for each in contract.operations.values())
    shown = path if len(path) <= 60 else f"{path[:60]}…"
    yield f"No operation is at {shown}{nearest(path[:200], known)}. Choose from {', '.join(known)}."


def _of_method(context: Context) -> Iterator[str]:
    """Yield the method that was probably meant, if the path does not have the method."""
    here = {} if context.route is None else context.route.operations
    if any(each.method == context.method for each in here.values()):  # refused before it was looked at
        return
    meant = _MEANT.get(context.method)
    operation = next((each for each in here.values() if each.behaviour == meant), None)
    if operation is not None:
        article = "An" if meant == "update" else "A"
        yield f"{article} {meant} is a {operation.method} here. Send {operation.method} {context.path}."
    elif here:
        known = ", ".join(f"{each.method} ({each.behaviour})" for each in here.values())
        yield f"This path has no {context.method[:20]}. Choose from {known}."


def _of_field(context: Context, problem: Problem) -> Iterator[str]:
    """Yield what is wrong with a refused field."""
    name, value = problem.told.get("field"), problem.told.get("value", "")
    form = None if context.found is None else context.found.form
    field = None if form is None or name is None else form.fields.get(name)
    if field is None:
        return
    allowed = [str(each) for each in field.schema.get("enum", ())]
    if not value:
        yield f"The field {name!r} is missing or empty. Send it{_one_of(allowed)}."
    elif allowed and value not in allowed:
        close = next((each for each in allowed if each.lower() == value.strip().lower()), None)
        meant = nearest(value[:60], allowed) if close is None else f" (did you mean {close!r}?)"
        yield f"Invalid {name} {value[:60]!r}{meant}. Send it{_one_of(allowed)}."


def _one_of(allowed: list[str]) -> str:
    return f" as one of {', '.join(allowed)}" if allowed else ""
