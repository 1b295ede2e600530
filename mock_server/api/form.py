"""Reads a body as a form: each text walks down the rows of its field, which store, change or refuse it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mock_server.api.context import Context, Foreign, problem_of
from mock_server.contract import OMITTED, Field
from mock_server.document.rows import Reaction
from mock_server.document.treatments import ARRAY, CUT, FILE, NOT_UTF_8, TWICE, UNSENT, SentInput
from mock_server.php import Part, SentForm, TooManyFields, media_type, read
from mock_server.refusal import Problem, Refusal, Violation, refuse
from mock_server.state.store import SHELF


def check_media_type(context: Context) -> None:
    """Refuse a body of a media type that the operation does not read, if the document says so."""
    media_types = context.contract.service.media_types
    operation = None if context.route is None else context.route.operations.get(context.method)
    if operation is None or operation.form is None:
        return
    kind = media_type(context.environ.get("CONTENT_TYPE") or "")
    name = media_types.get(kind, media_types["other"])
    is_judged = bool(_body(context)) or (bool(kind) and media_types.get("empty") == "refused")
    if name != "ignored" and kind not in operation.media_types and is_judged:
        raise Refusal(name, problems=(Problem(name, None, {"value": kind}),))


def read_id(context: Context) -> Problem | None:
    """Set `context.item_id` to the id in the path. Return the problem if a row refuses it."""
    parameter = context.operation.path_parameter
    if parameter is None or context.route is None:
        return None
    text = context.route.parameter or ""
    reaction = parameter.walk(SentInput(text))
    if reaction.refusing is not None:
        return problem_of(reaction.refusing, parameter.name, text, 0)
    value = parameter.value(reaction)
    context.item_id = value if isinstance(value, int) else 0
    return None


def read_form(context: Context) -> None:
    """Set `context.form` and `context.sent`, values by field. Raises Refusal if a row refuses what was sent."""
    if context.operation.form is None:
        return
    form, service = context.operation.form, context.contract.service
    context.form, context.sent, context.foreign = form, {}, []
    _check_that_a_body_is_sent(context)
    if context.operation.path_parameter is not None and not context.item_id:
        read_id(context)  # which fields are available depends on the item, even if its id is checked later
    body = _read(context)
    for remark in body.remarks:
        context.violate(remark.code, remark.sentence)
    inputs = _inputs(body)
    notes: list[Violation] = []
    problems = _walk_unknown(context, inputs)
    for name in body.files:
        _check_file(context, body, name)
    of_fields = _walk_fields(context, inputs, notes)
    if context.foreign and "availability" not in service.checks:
        problems += _walk_foreign(context)
    problems += of_fields
    is_empty = not context.sent and all(each.sent.text is None for each in context.foreign)
    if is_empty and not problems and (row := form.nothing(UNSENT).refusing):
        problems.append(problem_of(row, "", "", 0))
    if problems:
        refuse(_together(context, problems, [*inputs]), tells_all=service.tells_all)
    for code, sentence in notes:
        context.violate(code, sentence)


def _check_that_a_body_is_sent(context: Context) -> None:
    name = context.contract.service.media_types.get("none", "ignored")
    if name != "ignored" and not context.environ.get("CONTENT_TYPE") and not _body(context):
        raise Refusal(name, problems=(Problem(name, None, {"value": ""}),))


def _together(context: Context, problems: Sequence[Problem], sent: Sequence[str]) -> list[Problem]:
    """Make one problem of those that name all their fields (`{fields}`)."""
    refusals, service = context.operation.refusals, context.contract.service
    groups: dict[str, list[Problem]] = {}
    for number, problem in enumerate(problems):
        refusal = refusals.get(problem.refusal)
        said = f"{problem.item} {problem.told} {refusal and refusal.value}"
        key = f"{problem.refusal} {problem.item} {problem.told.get('message')}"
        groups.setdefault(key if "{fields}" in said else f"{number}", []).append(problem)
    joined = []
    for alike in groups.values():
        alike.sort(key=lambda problem: (problem.rank, problem.order))
        names = [problem.told["field"] for problem in alike]
        if service.fields_as_sent:
            names.sort(key=lambda name: name in sent and sent.index(name))
        joined.append(alike[0]._replace(told={**alike[0].told, "fields": service.between_fields.join(names)}))
    return joined


def check_availability(context: Context) -> None:
    """Refuse fields of other types than the item's, if they are checked apart from the form."""
    problems = _together(context, _walk_foreign(context), [each.field.name for each in context.foreign])
    refuse(problems, tells_all=context.contract.service.tells_all)


def check_unique(context: Context) -> None:
    """Refuse a value that another item has already, by `x-unique`."""
    unique = context.form.unique
    if unique is None or unique.field.name not in context.sent:
        return
    name, fact = unique.field.name, unique.field.fact
    value = context.sent[name]
    if any(item.values.get(fact or "") == value and item.id != context.item_id for item in context.store):
        refuse([problem_of(unique.row, name, str(value), 0)], tells_all=False)


def check_plan(context: Context) -> None:
    """Refuse more items of a type than the plan allows, or more items if they have no types (evidence: B)."""
    limit, resource = context.contract.service.plan_limit, context.operation.resource
    type_name = resource.type_of(context.form.facts(context.sent))
    count = sum(resource.type_of(item.values) == type_name for item in context.store)
    if limit is not None and count >= limit:
        raise Refusal("plan_limit")


def _body(context: Context) -> bytes:
    """Return the body, which is read once."""
    return context.read_body(context.contract.service.body_bytes) if context.body is None else context.body


def _read(context: Context) -> SentForm:
    service, content_type = context.contract.service, context.environ.get("CONTENT_TYPE")
    try:
        context.sent_form = read(content_type, _body(context), service.limits, context.operation.media_types)
    except TooManyFields:
        context.sent_form = SentForm()  # it is not read again
        raise Refusal("too_large") from None
    return context.sent_form


def _inputs(body: SentForm) -> dict[str, SentInput]:
    """Return how each field was sent, by its name."""
    if not body.remarks and not body.files:  # each field is one text in UTF-8
        return {name: SentInput(text) for name, text in body.fields.items()}
    parts: dict[str, list[Part]] = {}
    for part in body.parts:
        if part.key is not None and part.kind != "ignored":
            parts.setdefault(part.key, []).append(part)
    return {name: _input(body.fields.get(name), sent) for name, sent in parts.items()}


def _input(text: str | None, parts: Sequence[Part]) -> SentInput:
    """Return how a field was sent, by the parts that have its name."""
    how: set[str] = set()
    for number, part in enumerate(parts):
        if part.kind != "text":
            how.add(FILE if part.kind == "file" else ARRAY)
        elif number and FILE not in how:
            how.add(TWICE)
        if not part.valid_utf8:
            how.add(NOT_UTF_8)
    if not how:
        return SentInput(text)
    texts = tuple(part.data.decode(errors="replace") for part in parts)
    return SentInput(text, texts, frozenset(how), parts[-1].data)


def _check_file(context: Context, body: SentForm, name: str) -> None:
    """Note a file that was sent instead of a text, if no row reads it."""
    field = context.form.fields.get(name)
    if field is not None and name not in body.fields and all(row.treatment != FILE for row in field.rows):
        what = f"{name} was sent as a file and is ignored. Send it as text, without a file name."
        context.violate("file", what)


def _walk_unknown(context: Context, inputs: Mapping[str, SentInput]) -> list[Problem]:
    """Return the problems with unknown fields, and note which fields are ignored."""
    problems: list[Problem] = []
    fields = context.form.fields
    if inputs.keys() <= fields.keys():
        return problems
    for order, name in enumerate(name for name in inputs if name not in fields):
        reaction = context.form.unknown(inputs[name])
        if reaction.refusing is not None:
            problems.append(problem_of(reaction.refusing, name, reaction.repeated(inputs[name]), order))
        elif inputs[name].text is not None:
            context.violate("unknown-field", f"Unknown field {name[:60]!r} is ignored. Remove it.")
    return problems


def _walk_fields(context: Context, inputs: Mapping[str, SentInput], notes: list[Violation]) -> list[Problem]:
    """Walk each field of the item's type, and set in the context what is stored. Return the problems.

    A field of another type also walks its own rows, if the document says so or checks availability separately.
    """
    form, service = context.form, context.contract.service
    problems: list[Problem] = []
    reactions = {name: form.fields[name].walk(sent) for name, sent in inputs.items() if name in form.fields}
    type_name = _type(context, inputs, reactions)
    available = form.of_type(type_name)
    for name, reaction in reactions.items():
        field, sent, is_foreign = form.fields[name], inputs[name], name not in available.names
        if is_foreign and not service.checks_foreign:
            context.foreign.append(Foreign(field, sent, type_name))
        elif reaction.refusing is not None:
            problems.append(problem_of(reaction.refusing, name, reaction.repeated(sent), field.order))
            if is_foreign and service.tells_both:
                context.foreign.append(Foreign(field, replace(sent, text=reaction.text), type_name))
        elif not is_foreign:
            _take(context, field, sent.text, reaction, notes)
        elif reaction.is_taken:
            context.foreign.append(Foreign(field, replace(sent, text=reaction.text), type_name))
    for field in available.told:
        if field.name in inputs:
            continue
        if field.absent.refusing is None:
            context.sent[field.name] = field.absent.value
        elif not _is_kept(context, field, type_name):
            problems.append(problem_of(field.absent.refusing, field.name, "", field.order))
    return problems


def _is_kept(context: Context, field: Field, type_name: str) -> bool:
    """Tell whether an update leaves the item a setting that is not sent."""
    words, resource = context.operation.update, context.operation.resource
    if not field.is_setting or words.get("required") != "unless-kept":
        return False
    item = context.store.get(context.item_id)
    if item is None:
        return True  # the form is checked before existence
    if type_name == resource.type_of(item.values) or words["type-change"] == "merged":
        return field.name in resource.settings_of(item.values)
    shelf = item.values.get(SHELF)
    return words["type-change"] == "restored" and isinstance(shelf, dict) and field.name in shelf


def _type(context: Context, inputs: Mapping[str, SentInput], reactions: Mapping[str, Reaction]) -> str:
    """Return the item's type after the request: the sent type, or the item's own if the sent one is not taken."""
    name, operation = context.form.type_field, context.operation
    if name is None:
        return ""
    reaction = reactions.get(name)
    text = reaction.value if reaction is not None and reaction.is_taken else None
    if text is not None and context.form.fields[name].admits(text):
        return str(text)
    is_refused = reaction is not None and reaction.refusing is not None
    if operation.path_parameter is None or (is_refused and context.contract.service.without_type):
        return text or inputs.get(name, UNSENT).text or ""
    # If the form is checked before existence, there may be no item.
    item = context.store.get(context.item_id)
    return "" if item is None else operation.resource.type_of(item.values)


def _walk_foreign(context: Context) -> list[Problem]:
    """Return the problems with fields of other types, and note which fields are ignored."""
    problems: list[Problem] = []
    for field, sent, type_name in context.foreign:
        reaction, types = context.form.foreign(sent), sorted(field.types or ())
        # If the type itself is unknown, no field belongs to another type, unless the document says so.
        is_foreign = context.contract.service.without_type == "foreign"
        is_known = is_foreign or type_name in context.operation.resource.shapes
        if reaction.refusing is not None and is_known:
            told = {"owner": types[0], "type": type_name}
            value = reaction.repeated(sent)
            problems.append(problem_of(reaction.refusing, field.name, value, field.order, told))
        elif sent.text is not None:
            wanted = " or ".join(types)
            what = f"{field.name} belongs to the type {wanted}, not {type_name[:60]!r}, and is ignored. Remove it."
            context.violate("foreign-field", what)
    return problems


def _take(
    context: Context, field: Field, text: str | None, reaction: Reaction, notes: list[Violation]
) -> None:
    """Store the value of a field, and note silent changes."""
    name = field.name
    match reaction.outcome:
        case "taken" | "otherwise":
            if reaction.text is None:
                return
            context.sent[name] = field.read(reaction.text)
            if reaction.changed and text is not None:
                notes.append(_changed(field, text, reaction))
            if field.is_switch and not field.admits(reaction.text):
                read = "true" if context.sent[name] else "false"
                notes.append(_ignored(field, text, reaction, f"is read as {read}"))
            return
        case "value" if reaction.row is not field.absent.row or not field.is_setting:
            context.sent[name] = reaction.value
        case "omit" if reaction.row is not field.absent.row:
            context.sent[name] = OMITTED
        case _ if text is not None:
            notes.append(_ignored(field, text, reaction, "is ignored"))


def _ignored(field: Field, text: str | None, reaction: Reaction, effect: str) -> Violation:
    source = "" if reaction.row is None else reaction.row.source
    word = source.rpartition("/")[2] if source.startswith("properties/") else ""
    remedy = f"Send a value that its {word} allows." if word else "Leave it out."
    if "enum" in field.schema and word in {"", "enum"}:
        remedy = f"Send one of {', '.join(field.schema['enum'])}."
    what = f"Invalid value {field.name}={(text or '')[:60]!r} {effect}. {remedy}"
    return Violation("invalid-value", what)


def _changed(field: Field, text: str, reaction: Reaction) -> Violation:
    done = [step for row in reaction.changed for step in row.effect]
    for name, most in done:
        if name == CUT:
            what = f"{field.name} has {len(text)} characters and is cut to {most}. Send fewer."
            return Violation("text-cut", what)
    how = ", ".join(name for name, _ in done)
    what = f"{field.name} is not stored as sent: the service applies {how}. Send it as it is stored."
    return Violation("text-cleaned", what)
