"""Operations: what each does to its resource, what a request to it needs, and how a path leads to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from mock_server.contract.form import Form, Parameter, compile_parameters
from mock_server.contract.resource import Property, Resource, facts_of
from mock_server.contract.response import RefusalResponse, ResponseCompiler, ShownFacts, Success
from mock_server.contract.schema import Schemas
from mock_server.document import DocumentError, Object, Place, place_of

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

Behaviour = Literal["list", "retrieve", "create", "update", "delete"]
"""What an operation does to its resource: the values of `x-behaviour`."""

Slash = Literal["same", "redirect", "distinct"]

# The roles that a list needs, and the roles of parameters whose values name properties.
_ROLES = ("page", "size")
_NAMING = frozenset({"search-property", "order-property", "range-property"})

_TEXT, _INTEGER, _NULL = frozenset({"string"}), frozenset({"integer"}), frozenset({"null"})
_ROW = {"row": frozenset({"object"})}
_PAGE = {
    **dict.fromkeys(("page", "page-size", "total", "total-pages", "count", "offset"), _INTEGER),
    **dict.fromkeys(("has-more", "has-previous", "is-first", "is-last"), frozenset({"boolean"})),
    **dict.fromkeys(("from", "to", "next-page", "previous-page"), _INTEGER | _NULL),
    **dict.fromkeys(("link-first", "link-self"), _TEXT),
    **dict.fromkeys(("link-last", "link-next", "link-previous"), _TEXT | _NULL),
    "page-text": _TEXT | _INTEGER,
    "rows": frozenset({"array"}),
    "never": _NULL,
}


# The words of a field's schema that can be violated.
_JUDGING = ("minLength", "pattern", "enum", "maxLength")


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation on a resource.

    `counted_as`: its id, or that of the operation of which it is another spelling. `checks`: those that a request
    passes once its key and its method are known, in order. `paging`, `update`: the words of `x-paging` and `x-update`.
    Links name a page by `page_parameter`. `examples`: of its request body, by name.
    """

    id: str
    behaviour: Behaviour
    counted_as: str
    resource: Resource
    method: str
    path: str
    summary: str
    path_parameter: Parameter | None
    query: tuple[Parameter, ...]
    form: Form | None
    media_types: frozenset[str]
    checks: tuple[str, ...]
    success: Success
    refusals: Mapping[str, RefusalResponse]
    paging: Mapping[str, Any]
    page_parameter: str
    update: Mapping[str, str]
    examples: Mapping[str, Any]


class OperationDraft(NamedTuple):
    """An operation of the document before its resource is known. `collection`: the path of its collection."""

    id: str
    behaviour: Behaviour
    collection: str
    path: str
    method: str
    node: Object
    parameters: list[Object]
    place: Place


def drafts_of(data: Object) -> list[OperationDraft]:
    """Return the operations of a document. Raises DocumentError if an id is used twice."""
    drafts: dict[str, OperationDraft] = {}
    for path, item in data["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            node = item[method]
            if node["operationId"] in drafts:
                what = f"The operationId {node['operationId']} is used twice. Rename one."
                raise DocumentError(what, place_of(item, method))
            drafts[node["operationId"]] = OperationDraft(
                id=node["operationId"],
                behaviour=node["x-behaviour"],
                collection=path.partition("/{")[0].rstrip("/"),
                path=path,
                method=method,
                node=node,
                parameters=[*item.get("parameters", ()), *node.get("parameters", ())],
                place=place_of(node, "operationId"),
            )
    return [*drafts.values()]


def compile_operation(
    responses: ResponseCompiler, draft: OperationDraft, form: Form | None, resource: Resource
) -> Operation:
    """Compile one operation. Raises DocumentError, with file and line, if it cannot be served."""
    node, schemas = draft.node, responses.schemas
    in_path = compile_parameters(schemas, draft.parameters, "path")
    query = compile_parameters(schemas, draft.parameters, "query")
    _check_path(draft, in_path)
    _check_query(draft, query, resource)
    words = node.get("x-update", {})
    if words and resource.settings_fact is not None and not {"same-type", "type-change"} <= words.keys():
        what = (
            f"{draft.id}: x-update needs same-type and type-change, as items have settings by type. Add them."
        )
        raise DocumentError(what, place_of(node, "x-update"))
    if form is not None:
        _check_form(draft, form, resource)
    content = content_of(schemas, node)
    examples: Mapping[str, Any] = next((media.get("examples", {}) for media in content.values()), {})
    return Operation(
        id=draft.id,
        behaviour=draft.behaviour,
        counted_as=node.get("x-spelling-of", draft.id),
        resource=resource,
        method=draft.method.upper(),
        path=draft.path,
        summary=node.get("summary", ""),
        path_parameter=in_path[0] if in_path else None,
        query=query,
        form=form,
        media_types=frozenset(content),
        checks=_checks(draft, form, schemas.document["x-service"]),
        success=responses.success(node["responses"], _shown(draft.behaviour, resource)),
        refusals={refusal.name: refusal for refusal in responses.refusals(node["responses"])},
        paging=node.get("x-paging", {}),
        page_parameter=next((each.name for each in query if each.role == "page"), ""),
        update=words,
        examples={name: schemas.resolve(example)["value"] for name, example in examples.items()},
    )


def _checks(draft: OperationDraft, form: Form | None, words: Object) -> tuple[str, ...]:
    """Return the checks that concern an operation, in order, after its key and its method are known."""
    names = list(words["checks"])
    at = max(names.index("key"), names.index("method")) + 1
    if "media-type" not in names:
        names.insert(names.index("form"), "media-type")
    if "unique" not in names:
        names.insert(names.index("form") + 1, "unique")
    has_id, unique = "{" in draft.path, None if form is None else form.unique
    refuses = any(name != "ignored" for name in words.get("media-types", {}).values())
    concerned = {
        "id": has_id,
        "existence": has_id and draft.node.get("x-if-missing") != "done",
        "media-type": form is not None and refuses,
        "form": form is not None,
        "availability": form is not None,
        "unique": unique is not None and draft.behaviour in unique.behaviours,
        "plan": words["plan-limit"] is not None and draft.behaviour == "create",
    }
    return tuple(name for name in names[at:] if concerned.get(name, True))


def content_of(schemas: Schemas, node: Object) -> Mapping[str, Any]:
    """Return the media types of an operation's request body."""
    return schemas.resolve(node["requestBody"])["content"] if "requestBody" in node else {}


def form_schema(schemas: Schemas, node: Object) -> Object | None:
    """Return the schema of an operation's form. Raises DocumentError if its media types have different schemas."""
    content = content_of(schemas, node)
    nodes = [schemas.resolve(media["schema"]) for media in content.values()]
    for media, schema in zip(content.values(), nodes, strict=True):
        if schema != nodes[0]:
            what = "All media types of a body must have the same schema. Make them equal."
            raise DocumentError(what, place_of(media, "schema"))
    return nodes[0] if nodes else None


def _shown(behaviour: Behaviour, resource: Resource) -> ShownFacts:
    """Return the facts that the success of an operation may show."""
    match behaviour:
        case "list":
            return ShownFacts(_PAGE)
        case "retrieve":
            return ShownFacts(_ROW)
        case "delete":
            return ShownFacts({"id": _INTEGER, **_ROW})
        case _:
            facts = facts_of(resource.stored)
            return ShownFacts({**facts.kinds, **_ROW}, facts.by_name)


def _check_path(draft: OperationDraft, in_path: tuple[Parameter, ...]) -> None:
    """Raise DocumentError unless the path has a described id exactly if the behaviour needs one."""
    wanted = draft.behaviour in {"retrieve", "update", "delete"}
    named = [segment[1:-1] for segment in draft.path.split("/") if segment.startswith("{")]
    if [parameter.name for parameter in in_path] != named or len(named) != wanted:
        how = (
            "exactly one parameter in its path, and its description" if wanted else "no parameter in its path"
        )
        what = f"{draft.id} needs {how}. {draft.path} has {', '.join(named) or 'none'}."
        raise DocumentError(what, draft.place)
    for parameter in in_path:
        if not parameter.is_integer:
            what = f"The parameter {parameter.name} is an id, so its type must be integer."
            raise DocumentError(what, parameter.place)


def _check_query(draft: OperationDraft, query: tuple[Parameter, ...], resource: Resource) -> None:
    """Raise DocumentError if a list lacks page or size, or if two parameters have one role, or one names nothing."""
    needed = _ROLES if draft.behaviour == "list" else ()
    roles = [parameter.role or "" for parameter in query if parameter.role != "equals"]
    for parameter in query:
        if parameter.role and roles.count(parameter.role) > 1:
            what = f"Two parameters have the x-role {parameter.role}. Keep one."
            raise DocumentError(what, parameter.place)
        if parameter.role in needed and not (parameter.is_integer and isinstance(parameter.default, int)):
            what = f"The parameter {parameter.name} must be an integer with a default."
            raise DocumentError(what, parameter.place)
        _check_named(parameter, resource)
    for role in needed:
        if role not in roles:
            raise DocumentError(f"A list needs a parameter with the x-role {role}.", draft.place)


def _check_named(parameter: Parameter, resource: Resource) -> None:
    """Raise DocumentError if a parameter names a property that cannot filter or order a list."""
    if parameter.role in _NAMING and not parameter.enum:
        what = f"{parameter.name} names a property. List the properties in the enum of its schema."
        raise DocumentError(what, parameter.place)
    names: Iterable[str] = map(str, parameter.enum) if parameter.role in _NAMING else ()
    comparable = [key for key, fact in resource.facts.items() if fact != resource.settings_fact]
    for name in (parameter.name,) if parameter.role == "equals" else names:
        if parameter.properties.get(name, name) not in comparable:
            what = f"{parameter.name}: {name!r} is not a property that can be compared"
            raise DocumentError(f"{what} ({', '.join(comparable)}).", parameter.place)


def _check_form(draft: OperationDraft, form: Form, resource: Resource) -> None:
    """Raise DocumentError if a form and the rows of its resource do not fit together."""
    for field in form.fields.values():
        what = ""
        if field.fact is not None and field.fact not in resource.stored:
            what = f"No property of a row shows {field.fact!r}, which {field.name!r} gives."
        elif field.types is not None and resource.type_fact is None:
            what = f"{field.name!r} is for some types, and the resource has none. Give its rows settings by type."
        if what:
            raise DocumentError(f"{draft.id}: {what}", draft.place)
    for what in _misfits(form, resource):
        raise DocumentError(f"{draft.id}: {what}", draft.place)
    for each in resource.stored.values() if draft.behaviour == "create" else ():
        _check_given(draft, form, each)


def _misfits(form: Form, resource: Resource) -> Iterable[str]:
    """Yield what is wrong with the types of a form, compared with the settings in rows."""
    if form.type_field is None:
        return
    types = form.fields[form.type_field].schema.get("enum", None if resource.types else ())
    if types is None:
        yield f"The form takes any type and rows have {len(resource.types)}. Give it the enum."
    for name in types or ():
        if name not in resource.shapes:
            yield f"The form takes the type {name!r}, which has no settings in rows."
        own = {field.name for field in form.own(name)}
        for key, constant in resource.shape(name).constants.items():
            if constant is None and key not in own:
                yield f"The type {name!r} has the setting {key!r}, which no field of the form fills."


def _check_given(draft: OperationDraft, form: Form, each: Property) -> None:
    """Raise DocumentError if a new item could lack a value that its row needs."""
    field = next((field for field in form.fields.values() if field.fact == each.fact), None)
    is_given = (
        field is not None
        and field.types is None
        and field.absent.outcome in {"refuse", "value"}
        and not any(row.reaction in {"keep", "omit"} for row in field.rows)
    )
    if each.needed and not is_given:
        what = f"{draft.id}: A row needs a value of {each.name!r}, and the form may leave it out."
        words = [] if field is None else ["required", *(word for word in _JUDGING if word in field.schema)]
        how = f"Name it in `required`, refuse its words in x-refusals ({', '.join(words)}), or give it a default."
        if field is not None and any(row.place for row in field.rows):
            how = "Refuse what is absent, or give it a value, and keep or omit nothing."
        leaving = next((row.place for row in field.rows if row.place), None) if field is not None else None
        raise DocumentError(f"{what} {how}", leaving or draft.place)


@dataclass(slots=True)
class Route:
    """Where a path leads: operations by method, the text of its parameter, and the path to redirect to, if any.

    `status` is that of the redirect, None for that of all redirects.
    """

    operations: dict[str, Operation]
    parameter: str | None
    redirect: str | None = None
    status: int | None = None


# The operations at a path without a slash at its end, and with one.
_Spellings = tuple[dict[str, Operation], dict[str, Operation]]


class Routes:
    """The paths of a document below its base path, and what a slash at their end changes (`words`: `x-service`).

    An operation may be redirected from the other spelling of its path, or be distinct, whatever other paths do. If
    spellings are paths of their own, their other methods are refused as those of any path; only a GET is redirected.
    In these paths, `{}` is a parameter.
    """

    def __init__(self, operations: Iterable[Operation], base_path: str, words: Object) -> None:
        self.base_path = base_path
        self._apart: Mapping[str, int | str] = words.get("redirect", {}).get("of", {})
        self._slash: Slash = words["trailing-slash"]
        self._are_paths = words.get("distinct-spelling") == "path"
        self._redirects_head = words.get("head") == "as-get" or "heads" in words.get("redirect", {})
        self._paths: dict[str, _Spellings] = {}
        self._positions: set[int] = set()  # the segments that are a parameter in some path
        for operation in operations:
            segments = (base_path + operation.path).split("/")
            self._positions |= {at for at, segment in enumerate(segments) if segment.startswith("{")}
            path = "/".join("{}" if segment.startswith("{") else segment for segment in segments)
            spellings = self._paths.setdefault(path.removesuffix("/"), ({}, {}))
            spellings[path.endswith("/")][operation.method] = operation
        if self._slash == "same":
            # Each spelling serves what only the other one declares; what both declare stays its own.
            self._paths = {
                path: ({**self._shared(b), **a}, {**self._shared(a), **b})
                for path, (a, b) in self._paths.items()
            }

    def _shared(self, operations: Mapping[str, Operation]) -> dict[str, Operation]:
        return {method: each for method, each in operations.items() if each.behaviour not in self._apart}

    def find(self, path: str, method: str = "") -> Route | None:
        """Return the route of a decoded path, or None if the document does not have it.

        If both spellings have operations, `method` tells which one is meant.
        """
        slashed = path.endswith("/")
        spellings, parameter = self._located(path.removesuffix("/"))
        here, there = spellings[slashed], spellings[not slashed]
        meant = "GET" if method == "HEAD" and self._redirects_head else method
        status = self._apart.get(there[meant].behaviour) if meant in there else None
        redirects = self._slash == "redirect" and not (self._are_paths and here and meant != "GET")
        redirects = redirects if status is None else status != "distinct"
        if here and (meant in here or meant not in there or (self._are_paths and not redirects)):
            return Route(here, parameter)
        if there and redirects:
            other = path[:-1] if slashed else path + "/"
            return Route(there, parameter, other, status if isinstance(status, int) else None)
        return None

    def _located(self, path: str) -> tuple[_Spellings, str | None]:
        """Return the operations at a path and the text of its parameter."""
        found = self._paths.get(path)
        if found is not None:
            return found, None
        segments = path.split("/")
        for at in self._positions:
            if at < len(segments):
                found = self._paths.get("/".join([*segments[:at], "{}", *segments[at + 1 :]]))
                if found is not None:
                    return found, segments[at]
        return ({}, {}), None
