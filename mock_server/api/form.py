"""A body becomes the fields of a form: what counts is cleaned, what does not is noted, what must not be is refused."""

from __future__ import annotations

from mock_server.api.context import Context
from mock_server.contract import SENT, Admits, Field
from mock_server.php import Form as SentForm
from mock_server.php import TooManyFields, read
from mock_server.refusal import Refusal


def read_form(context: Context) -> None:
    """Set `context.form` and `context.sent`. Raises Refusal if the document refuses what was sent."""
    if context.operation.form is None:
        return
    form = context.form = context.operation.form
    texts = _known_fields(context, _read(context))
    type_name = _type(context, texts)
    texts = _available_fields(context, texts, type_name)
    for refusal, name, admits in form.of_type(type_name).reasons:
        text = texts.get(name)
        if _is_refused(text, admits):
            raise Refusal(refusal, field=name, value=text or "")
    context.sent = _as_stored(context, texts)


def _is_refused(text: str | None, admits: Admits | None) -> bool:
    if text is None:
        return admits is None or admits is SENT
    return not text if admits is None else not admits(text)


def check_plan(context: Context) -> None:
    """Refuse one item more of a type than the plan allows, or one more at all if items have no types (evidence: B)."""
    limit, operation = context.contract.service.plan_limit, context.operation
    if limit is None or operation.behaviour != "create":
        return
    resource = operation.resource
    type_name = resource.type_of(context.form.values(context.sent))
    if sum(resource.type_of(item.values) == type_name for item in context.store) >= limit:
        raise Refusal("plan_limit")


def _read(context: Context) -> SentForm:
    service = context.contract.service
    body = context.read_body(service.body_bytes)
    media_types = context.operation.media_types
    try:
        return read(context.environ.get("CONTENT_TYPE"), body, service.limits, media_types)
    except TooManyFields:
        raise Refusal("too_large") from None


def _known_fields(context: Context, sent: SentForm) -> dict[str, str]:
    """Return the texts of the fields that the form has. Whatever else the body holds is noted or refused."""
    service, fields = context.contract.service, context.form.fields
    for remark in sent.remarks:
        context.violate(remark.code, remark.sentence)
    if service.invalid_utf_8 != "replaced" and not all(part.valid_utf8 for part in sent.parts):
        raise Refusal(service.invalid_utf_8)
    texts: dict[str, str] = {}
    for name, text in sent.fields.items():
        if name in fields:
            texts[name] = text
            continue
        if service.unknown_fields != "ignored":
            raise Refusal(service.unknown_fields, field=name, value=text)
        context.violate("unknown-field", f"Unknown field {name[:60]!r} is ignored. Remove it.")
    if service.array_fields == "last-item":
        texts |= {name: _last_item(sent, name) for name in sent.arrays.keys() & fields.keys()}
    _note_files(context, sent, texts)
    return texts


def _note_files(context: Context, sent: SentForm, texts: dict[str, str]) -> None:
    """Note the fields that were sent as files alone."""
    for name in sent.files:
        if name in context.form.fields and name not in texts:
            what = f"{name} was sent as a file and is ignored. Send it as text, without a file name."
            context.violate("file", what)


def _last_item(sent: SentForm, name: str) -> str:
    items = (part.data for part in reversed(sent.parts) if part.key == name and part.kind == "array")
    return next(items).decode(errors="replace")


def _type(context: Context, texts: dict[str, str]) -> str:
    """Return the type that the item is to have: the type that was sent, or if that is invalid, the item's own."""
    form, operation = context.form, context.operation
    if form.type_field is None:
        return ""
    text = texts.get(form.type_field)
    if text is not None and form.fields[form.type_field].admits("enum", text):
        return text
    if operation.path_parameter is None:
        return text or ""
    # If the form is checked before the item is looked for, there may be none.
    item = context.store.get(context.item_id)
    return "" if item is None else operation.resource.type_of(item.values)


def _available_fields(context: Context, texts: dict[str, str], type_name: str) -> dict[str, str]:
    """Return the texts without those of fields that belong to other types."""
    service, available = context.contract.service, {}
    for name, text in texts.items():
        types = context.form.fields[name].types
        if types is None or type_name in types:
            available[name] = text
            continue
        # If the type itself is invalid or unknown, no field is another type's.
        if service.foreign_fields != "ignored" and type_name in context.operation.resource.shapes:
            raise Refusal(service.foreign_fields, field=name, value=text, owner=min(types), type=type_name)
        wanted = " or ".join(sorted(types))
        what = f"{name} belongs to the type {wanted}, not {type_name[:60]!r}, and is ignored. Remove it."
        context.violate("foreign-field", what)
    return available


def _as_stored(context: Context, texts: dict[str, str]) -> dict[str, str]:
    """Return the texts that take effect, as the service stores them."""
    stored: dict[str, str] = {}
    for name, text in texts.items():
        field = context.form.fields[name]
        if not _counts(context, field, text):
            continue
        stored[name] = cleaned = field.clean(text)
        if cleaned == text:
            continue
        if field.cut is not None and len(text) > field.cut:
            what = f"{name} has {len(text)} characters and is cut to {field.cut}. Send fewer."
            context.violate("text-cut", what)
        else:
            what = f"{name} is not stored as sent: the service changes tags, quotes and outer blanks. Leave them out."
            context.violate("text-cleaned", what)
    return stored


def _counts(context: Context, field: Field, text: str) -> bool:
    """Tell whether a text takes effect; note what the service tolerates in it."""
    for word, admits in field.tolerated:
        if not admits(text):
            effect = "is read as false or true" if field.is_switch else "is ignored"
            remedy = f"Send a value that its {word} allows."
            if word == "enum":
                remedy = f"Send one of {', '.join(field.schema['enum'])}."
            context.violate("invalid-value", f"Invalid value {field.name}={text[:60]!r} {effect}. {remedy}")
            return field.is_switch
    return True
