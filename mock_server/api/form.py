"""A body becomes the form's fields: what counts is cleaned, what does not is noted, what must not be is refused."""

from __future__ import annotations

from collections.abc import Mapping

from mock_server.api.context import Context, Environ
from mock_server.contract import Field, Form
from mock_server.php import Form as SentForm
from mock_server.php import TooManyFields
from mock_server.php import read as read_body
from mock_server.refusal import Defect, Refusal


def decode_form(call: Context) -> None:
    """Set `call.form` and `call.sent`. Raises Refusal where the document refuses what was sent."""
    form, read = call.operation.form, _read(call)
    if form is None:
        raise Defect(f"{call.operation.id} reads a form, and the document gives it none")
    call.form = form
    texts = read.fields
    if read.remarks or read.files or read.arrays or not texts.keys() <= form.fields.keys():
        texts = _texts(call, form, read)
    # A type with fields of its own is one of the form's types.
    available = form.available.get(texts.get(form.names["type"], ""))
    if available is None:
        available = form.of_type(_type(call, form, texts))
    if not texts.keys() <= available.names:
        texts = _available(call, form, texts)
    for refusal, name, admits in available.reasons:
        text = texts.get(name)
        if not text if admits is None else text is not None and not admits(text):
            raise Refusal(refusal)
    call.sent = _kept(call, form, texts)


def _read(call: Context) -> SentForm:
    service, environ = call.contract.service, call.environ
    body = call.body = _body(environ, service.body_bytes)
    try:
        return read_body(environ.get("CONTENT_TYPE"), body, service.limits, call.operation.media_types)
    except TooManyFields:
        raise Refusal("too_large") from None


def _body(environ: Environ, most: int) -> bytes:
    length: str = environ.get("CONTENT_LENGTH") or ""
    if length.isascii() and length.isdigit():
        # Python reads no number of thousands of digits, and one of twenty is too large in any case.
        size = int(length[:20])
        if size > most:
            raise Refusal("too_large")
    else:
        # A body in chunks has no length, and the server ends it for us.
        size = most + 1 if not length and environ.get("wsgi.input_terminated") else 0
    body: bytes = environ["wsgi.input"].read(size) if size else b""
    if len(body) > most:
        raise Refusal("too_large")
    return body


def _texts(call: Context, form: Form, read: SentForm) -> dict[str, str]:
    """Return the fields that the form has; what else a body held is noted, or refused where the document says so."""
    service, fields = call.contract.service, form.fields
    for remark in read.remarks:
        call.violate(remark.code, remark.sentence)
    if service.invalid_utf_8 != "replaced" and not all(part.valid_utf8 for part in read.parts):
        raise Refusal(service.invalid_utf_8)
    texts: dict[str, str] = {}
    for name, text in read.fields.items():
        if name in fields:
            texts[name] = text
            continue
        if service.unknown_fields != "ignored":
            raise Refusal(service.unknown_fields)
        call.violate(
            "unknown-field", f"The field {name[:60]!r} is none of this operation's and is ignored: remove it."
        )
    if service.array_fields == "last-item":
        texts |= {name: _last_item(read, name) for name in read.arrays.keys() & fields.keys()}
    _note_files(call, form, read, texts)
    return texts


def _note_files(call: Context, form: Form, read: SentForm, texts: Mapping[str, str]) -> None:
    """Note fields of the form that were sent as files alone."""
    for name in read.files:
        if name in form.fields and name not in texts:
            call.violate(
                "file", f"{name} was sent as a file and is ignored: send it as text, without a file name."
            )


def _last_item(read: SentForm, name: str) -> str:
    items = (part.data for part in reversed(read.parts) if part.key == name and part.kind == "array")
    return next(items).decode(errors="replace")


def _available(call: Context, form: Form, texts: dict[str, str]) -> dict[str, str]:
    """Drop the fields that belong to another type than the one the handler has, or is to have."""
    service, type_name, fields = call.contract.service, _type(call, form, texts), form.fields
    available: dict[str, str] = {}
    for name, text in texts.items():
        types = fields[name].types
        if types is None or type_name in types:
            available[name] = text
            continue
        # Where the type itself is none, no field is another's: the type is what is refused.
        if service.foreign_fields != "ignored" and type_name in call.contract.resource.shapes:
            raise Refusal(service.foreign_fields)
        wanted = " or ".join(sorted(types))
        call.violate(
            "foreign-field",
            f"{name} belongs to the type {wanted}, not {type_name[:60]!r}, and is ignored: remove it.",
        )
    return available


def _type(call: Context, form: Form, texts: dict[str, str]) -> str:
    """Return the type that the handler is to have: the one sent, or where that is none, the one it has."""
    field = form.fields[form.names["type"]]
    text = texts.get(field.name)
    if text is not None and field.admits("enum", text):
        return text
    return call.handler().type if call.operation.path_parameter is not None else text or ""


def _kept(call: Context, form: Form, texts: dict[str, str]) -> dict[str, str]:
    """Return the texts that take effect, as the service stores them."""
    kept: dict[str, str] = {}
    for name, text in texts.items():
        field = form.fields[name]
        if field.tolerated and not _counts(call, field, text):
            continue
        kept[name] = cleaned = field.clean(text)
        if cleaned != text:
            _note_cleaning(call, field, text)
    return kept


def _counts(call: Context, field: Field, text: str) -> bool:
    """Tell whether a text takes effect; note what the service tolerates in it."""
    for word, admits in field.tolerated:
        if not admits(text):
            allowed = f": send one of {', '.join(field.schema['enum'])}" if word == "enum" else ""
            effect = "is read as false or true" if field.switch else "is ignored"
            call.violate("invalid-value", f"{field.name}={text[:60]!r} is not allowed and {effect}{allowed}.")
            return field.switch is not None
    return True


def _note_cleaning(call: Context, field: Field, text: str) -> None:
    """Note that a text is not stored as it was sent."""
    if field.cut is not None and len(text) > field.cut:
        call.violate(
            "text-cut", f"{field.name} has {len(text)} characters and is cut to {field.cut}: send fewer."
        )
    else:
        call.violate(
            "text-cleaned",
            f"{field.name} is not stored as sent: tags, quotes and outer blanks are changed, leave them out.",
        )


def check_plan(call: Context) -> None:
    """Refuse one handler more of a type than the plan allows (evidence: B)."""
    limit = call.contract.service.plan_limit
    if limit is None or call.operation.path_parameter is not None:
        return
    type_name = call.sent.get(call.form.names["type"])
    if type_name is not None and call.world.store.count(type_name) >= limit:
        raise Refusal("plan_limit")
