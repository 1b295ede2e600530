"""Writes the generated parts of README.md and docs/: `make reference`.

A generated part stands between two comments, `<!-- reference: NAME -->` and `<!-- end -->`. All of it comes from the
commands' options, the documents in openapi/, and docstrings. Change those, not the part.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import click
from click.testing import CliRunner

import mock_server
import mock_server.client
import mock_server.transports
import pytest_bitpeak
from mock_server.cli import COMMANDS, cli
from mock_server.cli.options import Setting
from mock_server.client import Api, Call, Calls, RunningMock
from mock_server.client.journal import CallMessage, CallRequest
from mock_server.document import home, load, packaged_overlays, read_object
from mock_server.document.treatments import TRANSFORMATIONS, TREATMENTS
from mock_server.php.form import FormLimits as FormLimits
from mock_server.server import Server
from mock_server.server.request import ServerLimits
from mock_server.settings import Rules, Settings
from mock_server.state.journal import ALL_BYTES, CAPACITY, WORLD_BYTES

ROOT = Path(__file__).parents[2]
_PART = re.compile(r"(<!-- reference: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
_GRADES = {
    "D": "the documentation page",
    "S": "pages of sibling sites",
    "C": "a public client of a sibling",
    "P": "the behaviour of PHP",
    "B": "reports of the engine family",
    "M": "a choice of this project",
    "none": "nothing",
}
# Members of the server that only the project's own packages use.
_INNER = {"now", "wake", "pause"}
# What a schema says of a value beside its type, in the order in which it is shown.
_BOUNDS = ("minimum", "exclusiveMinimum", "maximum", "minLength", "maxLength")


def pages() -> list[Path]:
    """Return the files that may have generated parts."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def render(text: str) -> str:
    """Return a page with its generated parts written anew. Raises KeyError for a part that nobody generates."""
    return _PART.sub(lambda part: f"{part[1]}\n{PARTS[part[2]]().strip()}\n\n{part[3]}", text)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table. Line ends and bars in its cells are made harmless."""
    lines = (head, ["---" for _ in head], *rows)
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


def _code(text: object) -> str:
    return f"`{text}`"


def _codes(texts: Iterable[object]) -> str:
    return ", ".join(map(_code, texts))


# The command line


def _command(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return command


def commands() -> str:
    """Return each command with its help, and its options but those of `serve`, which are the settings."""
    index = table(
        ("command", "what it does"), [(f"[`{name}`](#{name})", each.help) for name, each in COMMANDS.items()]
    )
    return "\n\n".join([index, *map(_one_command, COMMANDS)])


def _one_command(name: str) -> str:
    command = _command(name)
    context = click.Context(command, info_name=f"bitpeak-mock {name}")
    blocks = [
        f"## {name}",
        f"```text\n{' '.join(command.get_usage(context).split()).removeprefix('Usage: ')}\n```",
    ]
    blocks += [_escaped(_unwrapped(each)) for each in inspect.cleandoc(command.help or "").split("\n\n")]
    if name == "serve":
        return "\n\n".join([*blocks, "Its options are the [settings](settings.md)."])
    rows = [(_flags(option), _option_help(option), _default(option, context)) for option in _options(command)]
    return "\n\n".join([*blocks, table(("option", "what it does", "default"), rows)])


def _options(command: click.Command) -> list[click.Option]:
    return [each for each in command.params if isinstance(each, click.Option) and not each.hidden]


def _flags(option: click.Option) -> str:
    metavar = option.metavar or ""
    if not metavar and not option.is_flag:
        metavar = "|".join(getattr(option.type, "choices", ())) or option.type.name.upper()
    flags = _codes([*option.opts, *option.secondary_opts])
    return f"{flags} {' | '.join(map(_code, metavar.split('|')))}" if metavar else flags


def _option_help(option: click.Option) -> str:
    text = option.help or ""
    return _escaped(re.sub(r"\s*\[(?:default: .*|BITPEAK\w+)\]$", "", text))


def _default(option: click.Option, context: click.Context) -> str:
    if found := re.search(r"\[default: (.*?)\]", option.help or ""):
        return found[1]
    default = option.get_default(context)
    if isinstance(default, bool):
        return ("on" if default else "off") if option.secondary_opts else ""
    shown = default is not None and default != () and option.show_default
    return _code(default) if shown else ("needed" if option.required else "")


def _unwrapped(paragraph: str) -> str:
    return " ".join(paragraph.split())


def _escaped(text: str) -> str:
    """Keep angle brackets and asterisks of plain text from being read as markup."""
    return re.sub(r"(?<!`)<(?=\w)", "\\<", text)


def settings() -> str:
    """Return the settings of `serve` by section."""
    command = _command("serve")
    context = click.Context(command)
    sections: dict[str, list[tuple[str, str, str, str]]] = {}
    for option in _options(command):
        if isinstance(option, Setting):
            variables = _codes(option.envvar)
            row = (_flags(option), variables, _option_help(option), _default(option, context))
            sections.setdefault(option.section, []).append(row)
    head = ("option", "environment", "what it does", "default")
    return "\n\n".join(f"## {title}\n\n{table(head, rows)}" for title, rows in sections.items())


def exit_codes() -> str:
    """Return which exit code of which command means what, as the commands' help says it."""
    rows = []
    for name in COMMANDS:
        found = re.search(
            r"Exit codes: (.*?)(?:\n\n|\Z)", inspect.cleandoc(_command(name).help or ""), re.DOTALL
        )
        if found:
            rows.append((f"[`{name}`](cli.md#{name})", _unwrapped(found[1]).rstrip(".")))
    return table(("command", "exit codes"), rows)


# pytest


class _Flags:
    """Takes the flags of the plugin instead of pytest's parser."""

    def __init__(self) -> None:
        self.flags: list[tuple[str, str]] = []
        self.settings: list[tuple[str, str]] = []

    def getgroup(self, *_: str) -> _Flags:
        return self

    def addoption(self, name: str, *, help: str, metavar: str = "", **_: Any) -> None:  # noqa: A002 - pytest's word
        self.flags.append((f"{name} {metavar}".strip(), help))

    def addini(self, name: str, help: str, **_: Any) -> None:  # noqa: A002 - pytest's word
        self.settings.append((name, help))


def fixtures() -> str:
    """Return the fixtures of the plugin, with their scopes."""
    rows = []
    for fixture in vars(pytest_bitpeak).values():
        if type(fixture).__name__ == "FixtureFunctionDefinition":
            scope = fixture._fixture_function_marker.scope
            rows.append((_code(fixture.name), scope, inspect.getdoc(fixture) or ""))
    return table(("fixture", "scope", "what it does"), rows)


def pytest_flags() -> str:
    """Return the flags and settings of the plugin."""
    taken = _Flags()
    pytest_bitpeak.pytest_addoption(taken)  # type: ignore[arg-type]
    rows = [(_code(name), text) for name, text in (*taken.flags, *taken.settings)]
    return table(("flag, or setting of pytest's configuration", "what it does"), rows)


def marker() -> str:
    """Return what the marker takes."""
    rows = [(_code(f"{word}="), right) for word, (_, right) in pytest_bitpeak._WORDS.items()]
    return table(("argument of `@pytest.mark.bitpeak`", "value"), rows)


# Python


def python_api() -> str:
    """Return the public classes and functions with their docstrings."""
    parts: list[tuple[str, list[Any]]] = [
        ("mock_server", [mock_server.create_app, Server, Settings, Rules, mock_server.client.bitpeak_mock]),
        ("mock_server.client", [Api, Calls, Call, CallRequest, CallMessage, RunningMock]),
        (
            "mock_server.transports",
            [mock_server.transports.requests_adapter, mock_server.transports.httpx_transport],
        ),
    ]
    public = (getattr(mock_server.client, name) for name in mock_server.client.__all__)
    errors: list[type] = [thing for thing in public if _is_error(thing)]
    return "\n\n".join(
        [
            *(f"## {module}\n\n" + "\n\n".join(map(_documented, things)) for module, things in parts),
            "## Errors of mock_server.client",
            table(("error", "meaning"), [(_code(each.__name__), _summary(each)) for each in errors]),
        ]
    )


def _is_error(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, BaseException)


def _documented(thing: Any) -> str:
    doc = _blocks(inspect.getdoc(thing) or "")
    if inspect.isfunction(thing):
        return f"### {thing.__name__}\n\n```text\n{thing.__name__}{_signature(thing)}\n```\n\n{doc}"
    title = f"### {thing.__name__}\n\n{doc}"
    rows = [(_member(name, value), _summary(value)) for name, value in _members(thing)]
    return f"{title}\n\n{table(('member', 'what it does'), rows)}" if rows else title


def _members(thing: type) -> Iterator[tuple[str, Any]]:
    for name, value in vars(thing).items():
        if thing is Server and name in _INNER:
            continue
        found = value.func if hasattr(value, "attrname") else value
        if not name.startswith("_") and (isinstance(found, property) or inspect.isfunction(found)):
            yield name, value


def _member(name: str, value: Any) -> str:
    if not inspect.isfunction(value):
        return _code(f".{name}")
    names = [
        f"{'*' * (each.kind is each.VAR_POSITIONAL)}{'**' * (each.kind is each.VAR_KEYWORD)}{each.name}"
        + ("" if each.default is each.empty else f"={each.default!r}")
        for each in list(inspect.signature(value).parameters.values())[1:]
    ]
    return _code(f".{name}({', '.join(names)})")


def _signature(function: Callable[..., Any]) -> str:
    parameters = inspect.signature(function).parameters.values()
    return f"({', '.join(re.sub(': .*? = ', '=', str(each)) for each in parameters)})".replace("'", "")


def _summary(thing: Any) -> str:
    """Return a docstring in one cell: its text, with examples."""
    return _escaped(_unwrapped(inspect.getdoc(thing) or ""))


def _blocks(doc: str) -> str:
    """Return a docstring as Markdown: what is indented is an example, and not run."""
    return re.sub(
        r"(?:^    .*\n?)+",
        lambda code: (
            f"<!-- not run: an example of a docstring -->\n```python\n{dedent(code[0]).strip()}\n```\n"
        ),
        _escaped(doc),
        flags=re.MULTILINE,
    ).strip()


# The control


def _control() -> Mapping[str, Any]:
    return read_object(home() / "control.yaml")


def control() -> str:
    """Return the operations of the control, with parameters and bodies."""
    document = _control()
    operations = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    index = [
        (f"[`{method.upper()} /_mock{path}`](#{operation['operationId']})", operation["summary"])
        for method, path, operation in operations
    ]
    blocks = [table(("request", "what it does"), index)]
    for method, path, operation in operations:
        blocks.append(f"### {operation['summary']} {{#{operation['operationId']}}}")
        blocks.append(f"`{method.upper()} /_mock{path}`" + _needs_world(operation))
        if "description" in operation:
            blocks.append(operation["description"].strip())
        blocks += _inputs(document, operation)
        blocks.append("Statuses: " + ", ".join(map(_code, operation["responses"])) + ".")
    return "\n\n".join(blocks)


def _needs_world(operation: Mapping[str, Any]) -> str:
    words = {"needed": " · of one world", "optional": " · of one world, or of all without a key"}
    return words.get(operation.get("x-world", ""), "") + (
        " · needs no token" if operation.get("x-open") else ""
    )


def _inputs(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[str]:
    parameters = [_resolved(document, each) for each in operation.get("parameters", ())]
    if rows := [
        _described(each["name"], _kind(document, each["schema"]), each["description"])
        for each in parameters
        if each["name"] != "key"
    ]:
        yield table(("query parameter", "value", "meaning"), rows)
    for media in operation.get("requestBody", {}).get("content", {}).values():
        schema = _resolved(document, media["schema"])
        if schema.get("properties"):
            yield properties(document, schema, "part of the body")
        elif "description" in schema:
            yield f"Body: {schema['description'].strip()}"
        for example in media.get("examples", {}).values():
            yield f"```json\n{_json(example['value'])}\n```"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def properties(document: Mapping[str, Any], schema: Mapping[str, Any], head: str) -> str:
    """Return a table of the properties of a schema."""
    rows = []
    for name, each in schema.get("properties", {}).items():
        found = _resolved(document, each)
        if not found.get("readOnly"):
            rows.append(_described(name, _kind(document, each), str(found.get("description", ""))))
    return table((head, "value", "meaning"), rows)


def _described(name: str, kind: str, meaning: str) -> tuple[str, str, str]:
    """Return a row of a table. A long list of names stands with the meaning, which has room for it."""
    if len(kind) > 300:
        kind, meaning = "string", f"{meaning} One of {kind}."
    return _code(name), kind, meaning


def _resolved(document: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference. What stands beside it wins."""
    while "$ref" in node:
        found: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        node = {**found, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def _kind(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Say which values a schema allows, in a few words."""
    if "$ref" in schema and "enum" not in schema:
        name = schema["$ref"].rpartition("/")[2]
        found = _resolved(document, schema)
        if name in {"Duration", "Latency", "Moment"}:
            return str(found["description"]).rstrip(".").partition(",")[0].lower()
        return _kind(document, found)
    for word in ("oneOf", "anyOf"):
        if word in schema and "type" not in schema:
            return " or ".join(dict.fromkeys(_kind(document, each) for each in schema[word]))
    if "enum" in schema:
        return _codes(_json(each) if each is None else each for each in schema["enum"])
    if "const" in schema:
        return _code(schema["const"])
    types = schema.get("type", "any")
    text = " or ".join(types) if isinstance(types, list) else str(types)
    if types == "array" and "items" in schema:
        text = f"list of {_kind(document, schema['items'])}"
    bounds = [f"{word} {schema[word]}" for word in _BOUNDS if word in schema]
    if "default" in schema:
        bounds.append(f"default {_json(schema['default'])}")
    return ", ".join([text, *bounds])


def faults() -> str:
    """Return what a fault can say."""
    document = _control()
    schemas = document["components"]["schemas"]
    return "\n\n".join(
        [
            properties(document, schemas["FaultOrder"], "word"),
            "### Mutation",
            properties(document, schemas["Mutation"], "word of `mutation`"),
        ]
    )


# The documents


def operations() -> str:
    """Return the operations of the API with their refusals."""
    blocks = []
    for line in _told("routes", "--format", "json"):
        by_status: dict[int, list[str]] = {}
        for name, status in line["refusals"].items():
            by_status.setdefault(status, []).append(name)
        refused = "; ".join(f"{status} {_codes(names)}" for status, names in by_status.items())
        blocks += [
            f"### {line['summary']} {{#{line['operation']}}}",
            f"`{line['method']} {line['path']}` · operation `{line['operation']}`",
            f"Success: {line['success']}. Refusals: {refused}.",
        ]
    return "\n\n".join(blocks)


def _told(*command: str) -> Any:
    return json.loads(_said(*command))


def _said(*command: str) -> str:
    done = CliRunner().invoke(cli, list(command), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def fields() -> str:
    """Return the query parameters of the list, and the fields of the forms."""
    document = load().data
    listed = document["paths"]["/notification-handlers/"]["get"]["parameters"]
    parameters = [
        (_code(each["name"]), _kind(document, each["schema"]), str(each.get("description", "")))
        for each in (_resolved(document, node) for node in listed)
    ]
    blocks = ["### Parameters of the list", table(("parameter", "value", "meaning"), parameters)]
    seen: set[str] = set()
    for title, name in (
        ("Fields of a create", "CreateForm"),
        ("Fields that only an update has", "UpdateForm"),
    ):
        schema = _resolved(document, document["components"]["schemas"][name])
        rows = []
        for field, node in schema["properties"].items():
            found = _resolved(document, node)
            if field not in seen:
                note = _rules(schema, field, found)
                rows.append((_code(field), _kind(document, found), note, str(found.get("description", ""))))
        seen |= set(schema["properties"])
        blocks += [f"### {title}", table(("field", "value", "rule", "meaning"), rows)]
    return "\n\n".join(blocks)


def _rules(schema: Mapping[str, Any], field: str, found: Mapping[str, Any]) -> str:
    rules = ["required"] if field in schema.get("required", ()) else []
    for name, values in found.get("x-available-when", {}).items():
        rules.append(f"for {name} {_codes(values)}")
    if "x-cut" in found:
        rules.append(f"cut to {found['x-cut']} characters")
    return ", ".join(rules)


def overlays() -> str:
    """Return the packaged overlays."""
    rows = []
    for name in packaged_overlays():
        info = read_object(home() / "overlays" / f"{name}.yaml")["info"]
        rows.append((_code(name), str(info["title"]), _escaped(str(info.get("description", "")).strip())))
    return table(("name", "what it describes", "what is known"), rows)


def questions() -> str:
    """Return every open question with its answers and evidence."""
    blocks = []
    for question in load().questions().values():
        rows = []
        for answer in question.answers.values():
            assumed = " (assumed)" if answer.id == question.assumed else ""
            rows.append((f"{_code(answer.id)}{assumed}", _escaped(answer.means)))
        evidence = "" if question.evidence == "none" else f", {question.evidence}"
        facts = [f"Grade {question.grade}: {_GRADES[question.grade]}{evidence}."]
        if question.operations:
            facts.append(f"Operations: {_codes(question.operations)}.")
        if question.departure:
            facts.append("Another answer contradicts the documentation page.")
        blocks += [f"### {question.id}", question.text, table(("answer", "meaning"), rows), " ".join(facts)]
    return "\n\n".join(blocks)


def vocabulary() -> str:
    """Return the words of this project that OpenAPI does not have."""
    words = read_object(home() / "vocabulary.yaml")["words"]
    return table(
        ("word", "meaning"), [(_code(word), _escaped(str(each["means"]))) for word, each in words.items()]
    )


def treatments() -> str:
    """Return the treatments and transformations of the behaviour table."""
    rows = [(_code(each.name), _escaped(each.means)) for each in TREATMENTS.values()]
    return table(("treatment", "what was sent"), rows) + f"\n\nTransformations: {_codes(TRANSFORMATIONS)}."


def evidence() -> str:
    """Return each statement with how well it is known."""
    return _said("evidence")


def evidence_summary() -> str:
    """Return how many statements are known how well."""
    return _said("evidence", "--format", "summary")


def limits() -> str:
    """Return the bounds of the server, of forms, and of journals."""
    bounds = ServerLimits()
    form = FormLimits()
    rows = [
        ("body of a request, also to the control", _size(bounds.body_bytes), "413 in the API's envelope"),
        ("fields of a form", f"{form.fields:,}", "413 in the API's envelope"),
        ("headers of a form's parts", _size(form.heads), "413 in the API's envelope"),
        ("head of a request", f"{_size(bounds.head_bytes)}, {bounds.header_count} headers", "431"),
        ("time to send a head", f"{bounds.head_seconds:g} s", "408"),
        ("pause in a body", f"{bounds.body_seconds:g} s", "408"),
        ("idle connection", f"{bounds.idle_seconds:g} s", "it is closed"),
        ("a world's journal", f"{CAPACITY:,} calls, {_size(WORLD_BYTES)}", "older ones are evicted"),
        ("all journals", _size(ALL_BYTES), "older ones are evicted"),
        (
            "memory for the items of all worlds",
            _size(Rules().memory),
            "worlds idle for longest are dropped; `serve --memory` changes it",
        ),
    ]
    return table(("what", "limit", "beyond it"), rows)


def _size(number: int) -> str:
    mebi, rest = divmod(number, 1 << 20)
    return f"{number >> 10} KiB" if rest else f"{mebi} MiB"


PARTS: Mapping[str, Callable[[], str]] = {
    "commands": commands,
    "control": control,
    "evidence": evidence,
    "evidence-summary": evidence_summary,
    "exit-codes": exit_codes,
    "faults": faults,
    "fields": fields,
    "fixtures": fixtures,
    "limits": limits,
    "marker": marker,
    "operations": operations,
    "overlays": overlays,
    "pytest-flags": pytest_flags,
    "python": python_api,
    "questions": questions,
    "settings": settings,
    "treatments": treatments,
    "vocabulary": vocabulary,
}


def main() -> int:
    """Write the parts that are not current; return an exit code."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        if (written := render(text)) != text:
            page.write_text(written, encoding="utf-8")
            print(f"wrote {page.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
