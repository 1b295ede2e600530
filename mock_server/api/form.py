"""A body becomes the fields of a form: each text walks down the rows of its field, which store, change or refuse it."""

from __future__ import annotations

from collections.abc import Mapping

from mock_server.api.context import Context, Foreign
from mock_server.contract import OMITTED, Field
from mock_server.document.rows import Reaction, Row
from mock_server.document.treatments import ARRAY, CUT, FILE, NOT_UTF_8, TWICE, UNSENT, SentInput
from mock_server.php import SentForm as SentForm
from mock_server.php import TooManyFields, media_type, read
from mock_server.refusal import Problem, Refusal, Violation, refuse


def check_media_type(context: Context) -> None:
    """Refuse a body of a media type that the operation does not read, if the document refuses such bodies."""
    media_types = context.contract.service.media_types
    operation = None if context.route is None else context.route.operations.get(context.method)
    if operation is None or operation.form is None:
        return
    kind = media_type(context.environ.get("CONTENT_TYPE") or "")
    name = media_types.get(kind, media_types["other"])
    if name != "ignored" and kind not in operation.media_types and _body(context):
        raise Refusal(name, problems=(Problem(name, None, {"value": kind}),))


def read_form(context: Context) -> None:
    """Set `context.form` and `context.sent`, values by field. Raises Refusal if a row refuses what was sent."""
    if context.operation.form is None:
        return
    form, service = context.operation.form, context.contract.service
    context.form, context.sent, context.foreign = form, {}, []
    if service.refuses_media_types and "media-type" not in service.checks:
        check_media_type(context)
    body = _read(context)
    for remark in body.remarks:
        context.violate(remark.code, remark.sentence)
    ways = _ways(body) if form.looks else {}
    problems = _walk_unknown(context, body, ways)
    texts = _known_texts(context, body, ways)
    notes: list[Violation] = []
    problems += _walk_fields(context, texts, ways, notes)
    if "availability" not in service.checks:
        problems += _walk_foreign(context)
    refuse(problems, tells_all=service.tells_all)
    for code, sentence in notes:
        context.violate(code, sentence)
    if form.unique is not None and "unique" not in service.checks:
        check_unique(context)


def check_availability(context: Context) -> None:
    """Refuse fields of other types than the item's, if they are checked apart from the form."""
    if context.operation.form is not None:
        refuse(_walk_foreign(context), tells_all=context.contract.service.tells_all)


def check_unique(context: Context) -> None:
    """Refuse a value that another item has already, by `x-unique`."""
    unique = None if context.operation.form is None else context.form.unique
    if unique is None or context.operation.behaviour not in unique.behaviours:
        return
    name, fact = unique.field.name, unique.field.fact
    if name not in context.sent:
        return
    value = context.sent[name]
    if any(item.values.get(fact or "") == value and item.id != context.item_id for item in context.store):
        told = {**unique.told, "field": name, "value": str(value)}
        raise Refusal(unique.refusal, problems=(Problem(unique.refusal, unique.item, told),))


def check_plan(context: Context) -> None:
    """Refuse one item more of a type than the plan allows, or one more at all if items have no types (evidence: B)."""
    limit, operation = context.contract.service.plan_limit, context.operation
    if limit is None or operation.behaviour != "create":
        return
    resource = operation.resource
    type_name = resource.type_of(context.form.facts(context.sent))
    if sum(resource.type_of(item.values) == type_name for item in context.store) >= limit:
        raise Refusal("plan_limit")


def _body(context: Context) -> bytes:
    """Return the body, which is read once."""
    return context.read_body(context.contract.service.body_bytes) if context.body is None else context.body


def _read(context: Context) -> SentForm:
    service, content_type = context.contract.service, context.environ.get("CONTENT_TYPE")
    try:
        context.sent_form = read(content_type, _body(context), service.limits, context.operation.media_types)
    except TooManyFields:
        context.sent_form = SentForm()  # of what is refused, nothing is read again
        raise Refusal("too_large") from None
    return context.sent_form


def _ways(body: SentForm) -> dict[str, SentInput]:
    """Return how each field was sent, by its name, if not as one text in UTF-8."""
    texts: dict[str, list[str]] = {}
    how: dict[str, set[str]] = {}
    last: dict[str, bytes] = {}
    for part in body.parts:
        key = part.key
        if key is None or part.kind == "ignored":
            continue
        ways = how.setdefault(key, set())
        if part.kind == "text" and texts.get(key) and FILE not in ways:
            ways.add(TWICE)
        if part.kind != "text":
            ways.add(FILE if part.kind == "file" else ARRAY)
        if not part.valid_utf8:
            ways.add(NOT_UTF_8)
        texts.setdefault(key, []).append(part.data.decode(errors="replace"))
        last[key] = part.data
    return {
        key: SentInput(body.fields.get(key), tuple(texts[key]), frozenset(ways), last[key])
        for key, ways in how.items()
        if ways
    }


def _known_texts(context: Context, body: SentForm, ways: Mapping[str, SentInput]) -> dict[str, str | None]:
    """Return the text of each field of the form that was sent, None for one that was sent otherwise alone."""
    fields = context.form.fields
    texts: dict[str, str | None] = {name: text for name, text in body.fields.items() if name in fields}
    for name in body.files:
        if (
            name in fields
            and name not in texts
            and not any(row.treatment == FILE for row in fields[name].rows)
        ):
            what = f"{name} was sent as a file and is ignored. Send it as text, without a file name."
            context.violate("file", what)
    for name in ways:
        if name in fields:
            texts.setdefault(name, None)
    return texts


def _walk_unknown(context: Context, body: SentForm, ways: Mapping[str, SentInput]) -> list[Problem]:
    """Return the problems with fields that the form does not have; note what is ignored."""
    problems: list[Problem] = []
    fields = context.form.fields
    sent: dict[str, str | None] = {name: text for name, text in body.fields.items() if name not in fields}
    for name in ways:
        if name not in fields:
            sent.setdefault(name, None)
    for order, (name, text) in enumerate(sent.items()):
        reaction = context.form.unknown(text, ways.get(name, UNSENT))
        if reaction.outcome == "refuse" and reaction.row is not None:
            problems.append(_problem(reaction.row, order, name, _text(text, ways.get(name, UNSENT))))
        elif text is not None:
            context.violate("unknown-field", f"Unknown field {name[:60]!r} is ignored. Remove it.")
    return problems


def _walk_fields(
    context: Context, texts: Mapping[str, str | None], ways: Mapping[str, SentInput], notes: list[Violation]
) -> list[Problem]:
    """Walk each field of the item's type, and note in the context what is stored. Return the problems.

    A field of another type walks its own rows, too, if the document says so, or checks availability apart.
    """
    form, problems = context.form, list[Problem]()
    reactions: dict[str, Reaction] = {}
    type_name = _type(context, texts, ways, reactions)
    available = form.of_type(type_name)
    apart = context.contract.service.checks_foreign or "availability" in context.contract.service.checks
    for name, text in texts.items():
        field, way = form.fields[name], ways.get(name, UNSENT)
        is_foreign = name not in available.names
        if is_foreign and not apart:
            context.foreign.append(Foreign(field, text, way, type_name))
            continue
        reaction = reactions.get(name) or field.walk(text, way)
        if reaction.outcome == "refuse" and reaction.row is not None:
            problems.append(_problem(reaction.row, field.order, name, _text(text, way)))
        elif not is_foreign:
            _take(context, field, text, reaction, notes)
        elif reaction.outcome in {"taken", "value", "otherwise"}:
            context.foreign.append(Foreign(field, reaction.text, way, type_name))
    for field in available.told:
        if field.name in texts:
            continue
        if field.absent.outcome == "refuse" and field.absent.row is not None:
            problems.append(_problem(field.absent.row, field.order, field.name, None))
        else:
            context.sent[field.name] = field.absent.value
    return problems


def _type(
    context: Context,
    texts: Mapping[str, str | None],
    ways: Mapping[str, SentInput],
    reactions: dict[str, Reaction],
) -> str:
    """Return the type that the item is to have: the type that was sent, or if that is not taken, the item's own.

    Add the reaction of its field to `reactions`.
    """
    form, operation = context.form, context.operation
    if form.type_field is None:
        return ""
    text = None
    if form.type_field in texts:
        field = form.fields[form.type_field]
        reaction = field.walk(texts[form.type_field], ways.get(form.type_field, UNSENT))
        reactions[form.type_field] = reaction
        text = reaction.value if reaction.outcome in {"taken", "value", "otherwise"} else None
        if text is not None and field.admits(text):
            return str(text)
    if operation.path_parameter is None:
        return text or texts.get(form.type_field) or ""
    # If the form is checked before the item is looked for, there may be none.
    item = context.store.get(context.item_id)
    return "" if item is None else operation.resource.type_of(item.values)


def _walk_foreign(context: Context) -> list[Problem]:
    """Return the problems with fields of other types; note what is ignored."""
    problems: list[Problem] = []
    for field, text, way, type_name in context.foreign:
        reaction = context.form.foreign(text, way)
        types = sorted(field.types or ())
        # If the type itself is invalid or unknown, no field is another type's.
        is_known = type_name in context.operation.resource.shapes
        if reaction.outcome == "refuse" and reaction.row is not None and is_known:
            told = {"owner": types[0], "type": type_name}
            problems.append(_problem(reaction.row, field.order, field.name, _text(text, way), told))
        elif text is not None:
            wanted = " or ".join(types)
            what = f"{field.name} belongs to the type {wanted}, not {type_name[:60]!r}, and is ignored. Remove it."
            context.violate("foreign-field", what)
    return problems


def _text(text: str | None, way: SentInput) -> str | None:
    """Return the text that a refusal repeats: the last that was sent in any way."""
    return way.texts[-1] if text is None and way.texts else text


def _problem(
    row: Row, order: int, name: str, text: str | None, told: Mapping[str, str] | None = None
) -> Problem:
    facts = {**(row.told or {}), "field": name, "value": text or "", **(told or {})}
    return Problem(row.refusal, row.item, facts, row.rank, order)


def _take(
    context: Context, field: Field, text: str | None, reaction: Reaction, notes: list[Violation]
) -> None:
    """Store what becomes of a text, and note what the service does to it in silence."""
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
