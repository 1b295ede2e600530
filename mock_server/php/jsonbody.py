"""JSON objects as forms, for documents that list application/json; PHP would leave ``$_POST`` empty."""

import json
from typing import Any, Final

from mock_server.php.form import Form, Limits, Part, Remark, TooManyFields, empty
from mock_server.php.gather import quoted

BROKEN: Final = Remark("json-broken", "The body is not valid JSON (in UTF-8): send one JSON object.")
NO_OBJECT: Final = Remark("json-no-object", "The body is JSON but no object: send one JSON object.")


class _Number(str):
    """A number's digits as sent, told apart from a string."""

    __slots__ = ()


def parse(body: bytes, limits: Limits) -> Form:
    """Read a JSON object: each member that is a string, number or bool is a text field.

    Numbers keep their digits as sent, true is ``"1"`` and false ``""`` (PHP's casts), null is absent, lists
    and objects are arrays. Names are not mangled. Raises TooManyFields, and nothing else for any bytes.
    """
    try:
        members = json.loads(
            body.decode(), parse_int=_Number, parse_float=_Number, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        return empty(BROKEN)
    if not isinstance(members, dict):
        return empty(NO_OBJECT)
    if len(members) > limits.fields:
        raise TooManyFields(limits.fields)
    return _gather(members)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _gather(members: dict[str, Any]) -> Form:
    fields: dict[str, str] = {}
    arrays: list[str] = []
    parts: list[Part] = []
    remarks: list[Remark] = []
    for sent, member in members.items():
        if member is None:
            continue
        key = _whole(sent)
        name = key.encode()
        if isinstance(member, (dict, list)):
            arrays.append(key)
            last = member[-1] if isinstance(member, list) and member else None
            data = b"" if isinstance(last, (dict, list)) else _whole(_scalar(last)).encode()
            parts.append(Part(name, key, "array", None, None, data, None))
            remarks.append(
                Remark("array-field", f"Field {quoted(key)} is sent as an array: send a single value.")
            )
            continue
        text = _scalar(member)
        value = _whole(text)
        if value != text:
            remarks.append(
                Remark(
                    "invalid-utf8", f"Field {quoted(key)} has half a surrogate pair: send whole characters."
                )
            )
        fields[key] = value
        parts.append(Part(name, key, "text", None, None, value.encode(), value, value == text))
    return Form(fields, {}, frozenset(arrays), tuple(parts), tuple(remarks))


def _scalar(member: str | float | bool | None) -> str:
    """Cast a value to a text as PHP does."""
    if isinstance(member, bool):
        return "1" if member else ""
    return "" if member is None else str(member)


def _whole(text: str) -> str:
    # JSON can escape half a surrogate pair, which is no character and cannot be sent back as UTF-8.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if not text.isascii() else text
