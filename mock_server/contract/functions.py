"""What each function of the mock needs of the operation that it serves, and which facts it can tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mock_server.contract.form import WORDS, Form
from mock_server.contract.parameter import Parameter
from mock_server.document import DocumentError, Object, Place, place_of

# The `x-value` words of one handler, and of a list; "never" is null everywhere.
HANDLER = frozenset(
    {"id", "type", "name", "settings", "settings-text", "enabled", "changed", "created", "never"}
)
LIST = frozenset(
    {
        "rows", "page", "page-text", "page-size", "total", "total-pages",
        "link-first", "link-last", "link-next", "link-previous", "link-self", "never",
    }
)  # fmt: skip


class Need(NamedTuple):
    """`words`: the facts its answer may show; `behaviour`: the word that says how it behaves.

    `handler`: it works on the one that the path names; `form`: it reads a form, of which `complete` says that it
    must give a name and a type; `roles`: the parameters it cannot do without.
    """

    words: frozenset[str] = frozenset()
    behaviour: str | None = None
    handler: bool = False
    form: bool = False
    complete: bool = False
    roles: tuple[str, ...] = ()


NEEDS: Mapping[str, Need] = {
    "list_notification_handlers": Need(words=LIST, behaviour="x-paging", roles=("page", "size")),
    "retrieve_notification_handler": Need(words=frozenset({"row"}), handler=True),
    "create_notification_handler": Need(words=HANDLER | {"row"}, form=True, complete=True),
    "update_notification_handler": Need(
        words=HANDLER | {"row"}, behaviour="x-update", handler=True, form=True
    ),
    "delete_notification_handler": Need(handler=True),
}


def need_of(node: Object) -> Need:
    """Return what an operation needs by the function that serves it. Raises DocumentError where there is none."""
    word = "x-spelling-of" if "x-spelling-of" in node else "operationId"
    if node[word] not in NEEDS:
        what = f"no function serves {node[word]!r}: {word} must be one of {', '.join(NEEDS)}."
        raise DocumentError(what, place_of(node, word))
    return NEEDS[node[word]]


def check_parts(need: Need, node: Object, in_path: tuple[Parameter, ...], path: str) -> None:
    """Raise DocumentError where an operation lacks a part that its function works with."""
    place = place_of(node, "operationId")
    if need.behaviour is not None and need.behaviour not in node:
        raise DocumentError(
            f"{node['operationId']} needs {need.behaviour}, which says how it behaves.", place
        )
    if need.form != ("requestBody" in node):
        raise DocumentError(
            f"{node['operationId']} {'needs a' if need.form else 'takes no'} requestBody.", place
        )
    named = [segment[1:-1] for segment in path.split("/") if segment.startswith("{")]
    if [parameter.name for parameter in in_path] != named or len(named) != need.handler:
        wanted = (
            "exactly one parameter in its path, described" if need.handler else "no parameter in its path"
        )
        raise DocumentError(f"{node['operationId']} needs {wanted}: {path} has {named or 'none'}.", place)
    for parameter in in_path:
        if not parameter.is_integer:
            raise DocumentError(
                f"the parameter {parameter.name} is an id, so its type is integer.", parameter.place
            )


def check_query(need: Need, query: tuple[Parameter, ...], place: Place) -> None:
    """Raise DocumentError where a list has no page or no size, or two parameters for one purpose."""
    roles = [parameter.role or "" for parameter in query if parameter.role != "equals"]
    for parameter in query:
        if parameter.role and roles.count(parameter.role) > 1:
            raise DocumentError(
                f"two parameters have the x-role {parameter.role}: keep one.", parameter.place
            )
        if parameter.role in need.roles and not (parameter.is_integer and isinstance(parameter.default, int)):
            what = f"the parameter {parameter.name} must be an integer with a default."
            raise DocumentError(what, parameter.place)
    for role in need.roles:
        if role not in roles:
            raise DocumentError(f"a list needs a parameter with the x-role {role}.", place)


def check_complete(form: Form, place: Place) -> None:
    """Raise DocumentError where a form would be tolerated without a name or a type, which a new handler needs."""
    for field in (form.fields[form.names["name"]], form.fields[form.names["type"]]):
        words = ["required", *(word for word in WORDS if word in field.schema)]
        unrefused = [word for word in words if word not in form.refusals]
        if field.name not in form.required or field.types is not None or unrefused:
            what = (
                f"a handler is never made without {field.name}: `required` must name it, x-refusals its words"
            )
            raise DocumentError(f"{what} ({', '.join(words)}), and it belongs to every type.", place)
