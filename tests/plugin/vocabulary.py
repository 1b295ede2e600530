"""Writes mock_server/client/vocabulary.py from the documents: `make vocabulary`."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mock_server import bitpeak_mock
from mock_server.document import home, read_object

FILE = Path(__file__).parents[2] / "mock_server" / "client" / "vocabulary.py"

_HEAD = '''"""The words of the control and of the base document, for type checkers and editors.

Written by `make vocabulary` from openapi/: change the documents, not this file. A word of the control, such as the name
of a wire fault, is a `Literal`, so that a type checker finds `wire="resett"`. A word of the API's document, such as the
name of a refusal, is `Literal[…] | str`: editors complete it, and a mock that serves another document has other names.
The mock itself refuses a name that its document does not have.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal, NotRequired, TypedDict

Duration = str | float | timedelta
'''

# Schemas of the control and the TypedDicts that they become. What tests send has other types than what they receive.
_RECORDS = {
    "Mutation": "MutationRecord",
    "Fault": "FaultRecord",
    "Clock": "ClockRecord",
    "Quota": "QuotaRecord",
    "WorldRules": "RulesRecord",
    "State": "StateRecord",
    "Coverage": "CoverageRecord",
    "Part": "PartRecord",
    "Message": "MessageRecord",
    "Exchange": "CallRecord",
}
_RECEIVED = {**_RECORDS, "Duration": "str", "Latency": "str", "Moment": "str"}
# The id of the next item is a number, or a mapping if the mock's document has several resources.
_OTHERS = {
    "Rows": "list[dict[str, Any]]",
    "NextId": "Any",
    "Answers": "dict[str, str]",
    "Scenarios": "dict[str, str]",
}
_SENT = {**_RECEIVED, "Duration": "Duration", "Latency": "Duration | tuple[float, float]"}
_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}

# Types of properties and parameters that the schema does not say.
_NAMES = {"operation": "OperationName | str", "refusal": "RefusalName | str"}
_FILTER = {**_NAMES, "status": "int | StatusClass", "violation": "Literal['any'] | str"}
_NO_FILTER = {"lobby", "since", "limit", "wait", "count", "bodies"}


def render() -> str:
    """Return the text of the module, not yet formatted."""
    control = read_object(home() / "control.yaml")
    schemas: Mapping[str, Any] = control["components"]["schemas"]
    parameters = control["paths"]["/journal"]["get"]["parameters"]
    wanted = {
        each["name"]: each["schema"] for each in parameters if each.get("name", "lobby") not in _NO_FILTER
    }
    classes = [f"{first}xx" for first in range(10)]
    order, quota = schemas["FaultOrder"]["properties"], schemas["QuotaChange"]["properties"]
    assigned = {"refusal", "id", "calls", "hits", "remark"}
    told = {"wire": "Wire | None", "status": "OutageStatus | int | None"}
    with bitpeak_mock(socket=False) as api:
        operations = api.mock.info["operations"]
    blocks = [
        _alias("Wire", order["wire"]["enum"]),
        _alias("OutageStatus", order["status"]["examples"]),
        _alias("StatusClass", [each for each in classes if re.match(wanted["status"]["pattern"], each)]),
        _alias("OperationName", [operation["id"] for operation in operations]),
        _alias("RefusalName", [name for operation in operations for name in operation["refusals"]]),
        *(_record(name, schemas[schema]) for schema, name in _RECORDS.items()),
        _words(
            "FaultWords",
            "A fault, by `FaultOrder` of the control. `refusal` is an argument of its own.",
            {
                name: told.get(name) or _type(schema, _SENT, name)
                for name, schema in order.items()
                if name not in assigned
            },
        ),
        _words(
            "QuotaWords",
            "A quota, by `QuotaChange` of the control.",
            {name: _type(schema, _SENT) for name, schema in quota.items() if not schema.get("readOnly")},
        ),
        _words(
            "CallFilter",
            "What a journal can be narrowed by.",
            {name: _FILTER.get(name) or _type(schema, _SENT) for name, schema in wanted.items()},
        ),
        _words("QuestionAnswers", "The open questions of the base document, with `_` for `-`.", _questions()),
    ]
    return _HEAD + "".join(blocks)


def _questions() -> dict[str, str]:
    questions = read_object(home() / "unspecified.yaml")["questions"]
    return {
        name.replace("-", "_"): f"{_literal(question['answers'])} | str"
        for name, question in questions.items()
    }


def _alias(name: str, words: Iterable[Any]) -> str:
    return f"\n{name} = {_literal(word for word in dict.fromkeys(words) if word is not None)}\n"


def _literal(words: Iterable[Any]) -> str:
    return f"Literal[{', '.join(map(repr, words))}]"


def _record(name: str, schema: Mapping[str, Any]) -> str:
    required = schema["required"]
    fields = {field: _type(each, _RECEIVED, field) for field, each in schema["properties"].items()}
    fields = {field: text if field in required else f"NotRequired[{text}]" for field, text in fields.items()}
    return _class(name, "TypedDict", f"{name.removesuffix('Record')} as the control shows it.", fields)


def _words(name: str, summary: str, fields: Mapping[str, str]) -> str:
    return _class(name, "TypedDict, total=False", summary, fields)


def _class(name: str, bases: str, summary: str, fields: Mapping[str, str]) -> str:
    lines = [f"    {field}: {text}" for field, text in fields.items()]
    return "\n".join(["", "", f"class {name}({bases}):", f'    """{summary}"""', "", *lines, ""])


def _type(schema: Mapping[str, Any], names: Mapping[str, str], field: str = "") -> str:
    """Return the Python type of a schema's values. `names`: the types of schemas that are referred to."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return names.get(name) or _OTHERS[name]
    if "oneOf" in schema:
        return " | ".join(_type(each, names) for each in schema["oneOf"])
    types = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
    if "enum" in schema:
        found = [_literal(word for word in schema["enum"] if word is not None)]
    else:
        found = [_plain(each, schema, names, field) for each in types if each != "null"]
    return " | ".join([*found, *(["None"] if "null" in types else [])]) or "Any"


def _plain(type_: str, schema: Mapping[str, Any], names: Mapping[str, str], field: str) -> str:
    match type_:
        case "array":
            return f"list[{_type(schema['items'], names)}]"
        case "object":
            inner = schema.get("additionalProperties")
            return f"dict[str, {_type(inner, names) if isinstance(inner, dict) else 'Any'}]"
    return _NAMES.get(field, _PLAIN[type_])


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(FILE)], check=True)
