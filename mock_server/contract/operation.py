"""One operation, frozen: its behaviour, and all that a request to it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from mock_server.contract.form import WORDS, Form
from mock_server.contract.parameter import Parameter, compile_parameters
from mock_server.contract.resource import Property, Resource, facts_of
from mock_server.contract.response import RefusalResponse, ResponseCompiler, Success
from mock_server.contract.schema import Schemas
from mock_server.contract.template import Facts
from mock_server.document import DocumentError, Object, Place, place_of

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

Behaviour = Literal["list", "retrieve", "create", "update", "delete"]
"""What an operation does to its resource: the values of `x-behaviour`."""

# What each behaviour needs: an id in the path, a form, the word that says how it behaves.
_OF_ONE = frozenset({"retrieve", "update", "delete"})
_WITH_FORM = frozenset({"create", "update"})
_WORDS = {"list": "x-paging", "update": "x-update"}

# The roles of parameters that a list cannot do without.
_ROLES = ("page", "size")
_NAMING = frozenset({"search-property", "order-property", "range-property"})

_TEXT, _INTEGER = frozenset({"string"}), frozenset({"integer"})
_LINK = frozenset({"string", "null"})
_PAGE_FACTS = Facts(
    {
        **dict.fromkeys(("page", "page-size", "total", "total-pages"), _INTEGER),
        **dict.fromkeys(("link-first", "link-self"), _TEXT),
        **dict.fromkeys(("link-last", "link-next", "link-previous"), _LINK),
        "page-text": _TEXT | _INTEGER,
        "rows": frozenset({"array"}),
        "never": frozenset({"null"}),
    }
)
_ROW = {"row": frozenset({"object"})}


@dataclass(frozen=True, slots=True)
class Paging:
    """How a list is ordered, cut and linked, as `x-paging` says. Links name a page by `page_parameter`."""

    newest_first: bool
    beyond: str
    empty: str
    link_path: str
    link_opening: str
    repeats: bool
    page_parameter: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on a resource.

    `counted_as`: its id, or that of the operation of which it is another spelling. `examples`: of its request body, by
    name.
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
    success: Success
    refusals: Mapping[str, RefusalResponse]
    paging: Paging | None
    update: Mapping[str, str]
    examples: Mapping[str, Any]
    place: Place

    @property
    def function(self) -> str:
        """Another name of `counted_as`."""
        return self.counted_as


class Draft(NamedTuple):
    """An operation of the document before its resource is known."""

    path: str
    method: str
    node: Object
    shared: list[Object]  # the parameters of its path

    @property
    def id(self) -> str:
        """Its operationId."""
        name: str = self.node["operationId"]
        return name

    @property
    def collection(self) -> str:
        """The path of the collection that the operation belongs to, by the look of its own."""
        return self.path.partition("/{")[0].rstrip("/")

    @property
    def behaviour(self) -> Behaviour:
        """What the operation does."""
        behaviour: Behaviour = self.node["x-behaviour"]
        return behaviour

    @property
    def place(self) -> Place:
        """Where its id stands."""
        return place_of(self.node, "operationId")


def drafts_of(data: Object) -> list[Draft]:
    """Return the operations of a document. Raises DocumentError if one has no id of its own, or no behaviour."""
    drafts: dict[str, Draft] = {}
    for path, item in data["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            draft = Draft(path, method, item[method], list(item.get("parameters", ())))
            for word in ("operationId", "x-behaviour"):
                if word not in draft.node:
                    what = f"{method.upper()} {path} has no {word}. Add one."
                    raise DocumentError(what, place_of(item, method))
            if draft.id in drafts:
                raise DocumentError(f"The operationId {draft.id} is used twice.", place_of(item, method))
            drafts[draft.id] = draft
    for draft in drafts.values():
        _check_spelling(draft, drafts)
    return [*drafts.values()]


def _check_spelling(draft: Draft, drafts: Mapping[str, Draft]) -> None:
    """Raise DocumentError if an operation is another spelling of one that does something else, or does not exist."""
    named = draft.node.get("x-spelling-of", draft.id)
    if named not in drafts or drafts[named].behaviour != draft.behaviour:
        what = f"x-spelling-of: {named} is not an operation that does the same. Name one, or drop the word."
        raise DocumentError(what, place_of(draft.node, "x-spelling-of"))


def compile_operation(
    responses: ResponseCompiler, draft: Draft, form: Form | None, resource: Resource
) -> Operation:
    """Compile one operation. Raises DocumentError, with file and line, if it cannot be served."""
    node, behaviour, schemas = draft.node, draft.behaviour, responses.schemas
    parameters = [*draft.shared, *node.get("parameters", ())]
    in_path = compile_parameters(schemas, parameters, "path")
    query = compile_parameters(schemas, parameters, "query")
    _check_parts(draft, in_path)
    _check_query(draft, query, resource)
    if form is not None:
        _check_form(draft, form, resource)
    content = content_of(schemas, node)
    examples: Mapping[str, Any] = next((media.get("examples", {}) for media in content.values()), {})
    return Operation(
        id=draft.id,
        behaviour=behaviour,
        counted_as=node.get("x-spelling-of", draft.id),
        resource=resource,
        method=draft.method.upper(),
        path=draft.path,
        summary=node.get("summary", ""),
        path_parameter=in_path[0] if in_path else None,
        query=query,
        form=form,
        media_types=frozenset(content),
        success=responses.success(node["responses"], _shown(behaviour, resource)),
        refusals={refusal.name: refusal for refusal in responses.refusals(node["responses"])},
        paging=_paging(node, query),
        update=node.get("x-update", {}),
        examples={name: schemas.resolve(example)["value"] for name, example in examples.items()},
        place=draft.place,
    )


def content_of(schemas: Schemas, node: Object) -> Mapping[str, Any]:
    """Return the media types of an operation's request body."""
    content: Mapping[str, Any] = {}
    if "requestBody" in node:
        content = schemas.resolve(node["requestBody"])["content"]
    return content


def form_schema(schemas: Schemas, draft: Draft) -> Object | None:
    """Return the schema of an operation's form, which is the same one in each media type. Raises DocumentError."""
    content = content_of(schemas, draft.node)
    nodes = [schemas.resolve(media["schema"]) for media in content.values()]
    for media, schema in zip(content.values(), nodes, strict=True):
        if schema != nodes[0]:
            what = "The media types of a body must have one schema. Make them equal."
            raise DocumentError(what, place_of(media, "schema"))
    return nodes[0] if nodes else None


def _shown(behaviour: Behaviour, resource: Resource) -> Facts:
    """Return the facts that the success of an operation may show."""
    if behaviour == "list":
        return _PAGE_FACTS
    if behaviour == "retrieve":
        return Facts(_ROW)
    facts = facts_of(resource.stored)
    return Facts({**facts.kinds, **_ROW}, facts.by_name) if behaviour in _WITH_FORM else Facts()


def _check_parts(draft: Draft, in_path: tuple[Parameter, ...]) -> None:
    """Raise DocumentError if an operation lacks a part that its behaviour works with."""
    name, behaviour, place = draft.id, draft.behaviour, draft.place
    word = _WORDS.get(behaviour)
    if word is not None and word not in draft.node:
        raise DocumentError(f"{name} needs {word}, which says how it behaves.", place)
    has_form = behaviour in _WITH_FORM
    if has_form != ("requestBody" in draft.node):
        raise DocumentError(f"{name} {'needs a' if has_form else 'takes no'} requestBody.", place)
    named = [segment[1:-1] for segment in draft.path.split("/") if segment.startswith("{")]
    if [parameter.name for parameter in in_path] != named or len(named) != (behaviour in _OF_ONE):
        wanted = "exactly one parameter in its path" if behaviour in _OF_ONE else "no parameter in its path"
        what = f"{name} needs {wanted}, and its description. {draft.path} has {', '.join(named) or 'none'}."
        raise DocumentError(what, place)
    for parameter in in_path:
        if not parameter.is_integer:
            what = f"The parameter {parameter.name} is an id, so its type must be integer."
            raise DocumentError(what, parameter.place)


def _check_query(draft: Draft, query: tuple[Parameter, ...], resource: Resource) -> None:
    """Raise DocumentError if a list has no page or size, two parameters for one purpose, or one that names nothing."""
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
    """Raise DocumentError if a parameter names a property that a list cannot be filtered or ordered by."""
    if parameter.role in _NAMING and not parameter.enum:
        what = f"{parameter.name} names a property. List the properties in the enum of its schema."
        raise DocumentError(what, parameter.place)
    names: Iterable[str] = map(str, parameter.enum) if parameter.role in _NAMING else ()
    comparable = [key for key, fact in resource.facts.items() if fact != resource.settings_fact]
    for name in (parameter.name,) if parameter.role == "equals" else names:
        if parameter.properties.get(name, name) not in comparable:
            what = f"{parameter.name}: {name!r} is not a property that can be compared"
            raise DocumentError(f"{what} ({', '.join(comparable)}).", parameter.place)


def _check_form(draft: Draft, form: Form, resource: Resource) -> None:
    """Raise DocumentError if a form and the rows that its items become do not fit together."""
    for field in form.fields.values():
        if field.fact is not None and field.fact not in resource.stored:
            what = f"{draft.id}: no property of a row shows {field.fact!r}, which {field.name!r} gives."
            raise DocumentError(what, draft.place)
        if field.types is not None and form.type_field is None and resource.type_fact is None:
            what = f"{draft.id}: {field.name!r} is for some types, and the resource has no types."
            raise DocumentError(what, draft.place)
    _check_types(draft, form, resource)
    if draft.behaviour == "create":
        for each in resource.stored.values():
            _check_given(draft, form, each)


def _check_types(draft: Draft, form: Form, resource: Resource) -> None:
    """Raise DocumentError if a form takes a type, or a type has a setting, that the other does not know."""
    if form.type_field is None:
        return
    types = form.fields[form.type_field].schema.get("enum", () if not resource.types else None)
    if types is None:
        what = f"The form takes any type and rows have {len(resource.types)}. Give it the enum."
        raise DocumentError(f"{draft.id}: {what}", draft.place)
    for name in types:
        if name not in resource.shapes:
            what = f"The form takes the type {name!r}, which has no settings in rows."
            raise DocumentError(f"{draft.id}: {what}", draft.place)
        own = {field.name for field in form.own(name)}
        for key, constant in resource.shape(name).constants.items():
            if constant is None and key not in own:
                what = f"The type {name!r} has the setting {key!r}, which no field of the form fills."
                raise DocumentError(f"{draft.id}: {what}", draft.place)


def _check_given(draft: Draft, form: Form, each: Property) -> None:
    """Raise DocumentError if a new item could lack a value that its row needs."""
    if not each.needed:
        return
    field = form.fields.get(form.names.get(each.fact, ""))
    words = [] if field is None else ["required", *(word for word in WORDS if word in field.schema)]
    unrefused = [word for word in words if word not in form.refusals]
    if field is None or field.name not in form.required or field.types is not None or unrefused:
        what = f"{draft.id}: A row needs a value of {each.name!r}, and the form may leave it out."
        how = f"Name it in `required`, refuse its words in x-refusals ({', '.join(words)}), or give it a default."
        raise DocumentError(f"{what} {how}", draft.place)


def _paging(node: Mapping[str, Any], query: tuple[Parameter, ...]) -> Paging | None:
    if "x-paging" not in node:
        return None
    words = node["x-paging"]
    return Paging(
        newest_first=words["order"] == "newest-first",
        beyond=words["beyond"],
        empty=words["empty"],
        link_path=words["link-path"],
        link_opening=words["link-opening"],
        repeats=words["link-repeats"] == "accepted",
        page_parameter=next((each.name for each in query if each.role == "page"), ""),
    )
