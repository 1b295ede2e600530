"""Responses as the document declares them: JSON with holes for facts, the success of an operation, refusals by name.

Some things differ from response to response: the id of a request, a time, the wrong field. The document writes them as
placeholders, such as `{uuid}` or `{now:iso}`, in the bodies of refusals, in headers (`x-text`, `x-headers`) and in
properties of successes (`x-text`). Anything else in braces is text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from http import HTTPStatus
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from mock_server.contract.schema import CheckText, Schemas
from mock_server.document import DocumentError, Object, Place, place_of, plain
from mock_server.document.treatments import spelled

# Writes a value as JSON.
Writer = Callable[[Any], str]

# How a placeholder shows a time (`mock_server.state.clock`).
_MOMENT = r"iso(?:-offset)?(?:-ms|-us)?|http|unix(?:-ms)?"

# A fact of the request, the item or the world, or a random value of a given form.
PLACEHOLDER = re.compile(
    r"\{(detail|fields|field(?::(?:[Ww]ords|camel|label))?|value(?::\d{1,4})?(?::lower)?(?::(?:repr|json|html))?"
    r"|length|pages|owner|type|more|messages|count|rule|message|label|limit|code"
    r"|id(?::number)?|path(?::(?:relative|bare))?|target|method|methods(?::[A-Z, ]+)?|site"
    r"|uuid|hex:\d{1,3}|digits:\d{1,2}|random:\d{1,3}|version|changes"
    rf"|(?:now|created|changed)(?::(?:{_MOMENT}))?)\}}"
)

# The time of an item's last change.
_CHANGED = re.compile(rf"\{{changed(?::(?:{_MOMENT}))?\}}")

# A text that becomes a number, and one that becomes the problems of a refusal.
_NUMBER = re.compile(r"\{(now:unix(?:-ms)?|(?:id|count|value)(?=:number))(?::number)?\}")
_WHOLE = re.compile(r"[+-]?[0-9]{1,40}", re.ASCII)
_LIST = re.compile(r"\{(items|items?-by-field)\}")

# Returns the value of a placeholder: a text, or the problems of a refusal as data.
Tell = Callable[[str], Any]


def told(text: str, tell: Tell) -> str:
    """Return a text with its placeholders filled."""
    return PLACEHOLDER.sub(lambda found: tell(found[1]), text)


def filled(value: Any, tell: Tell) -> Any:
    """Return a value with the placeholders in its texts filled.

    >>> filled({"sent": "{value}", "code": 7}, lambda placeholder: placeholder.upper())
    {'sent': 'VALUE', 'code': 7}
    """
    if isinstance(value, str):
        if whole := _LIST.fullmatch(value):
            return tell(whole[1])
        if whole := _NUMBER.fullmatch(value):
            number = tell(whole[1])
            return int(number) if _WHOLE.fullmatch(number) else number
        return told(value, tell)
    if isinstance(value, Mapping):
        return {filled(key, tell): filled(item, tell) for key, item in value.items()}
    return [filled(item, tell) for item in value] if isinstance(value, list) else value


# How programs write a text as a literal.
_LITERALS: Mapping[str, Callable[[str], str]] = {
    "repr": repr,
    "json": partial(json.dumps, ensure_ascii=False),
}


def repeated(text: str, form: str) -> str:
    """Return what a placeholder shows of a value.

    `40` is for its first characters, `repr` and `json` for a literal, `40:repr` for both, and other words for what
    `spelled` makes of it.
    """
    for step in form.split(":") if form else ():
        if step.isdecimal():
            text = text[: int(step)]
        else:
            text = _LITERALS[step](text) if step in _LITERALS else spelled(text, step)
    return text


@dataclass(frozen=True, slots=True, eq=False)
class HeaderField:
    """A header of a response. `fact` is the `x-value` word that fills it; without one, it has its text."""

    name: str
    fact: str
    text: str


Headers = tuple[HeaderField, ...]

# Makes a body, or a part of it, from the values of facts.
Builder = Callable[[Mapping[str, Any]], Any]

# How deep the objects of a body may nest. A schema that goes deeper contains itself.
DEEPEST = 30

# The facts that a header can show, as `Quota.shown` returns them.
QUOTA = ("quota-limit", "quota-remaining", "quota-reset")

# Where a body gets ready-made JSON: a single row, or the rows of a page. JSON itself has no raw NUL.
_NUL = "\0"
_HOLES = {"row": msgspec.Raw(_NUL), "rows": msgspec.Raw(f"[{_NUL}]")}

_ZEROS: dict[str, Any] = {
    "string": "",
    "integer": 0,
    "number": 0,
    "boolean": False,
    "array": [],
    "object": {},
}

# Bodies of an operation that are not checked again. The check takes 7 % of a retrieve.
_REMEMBERED = 1024
_SHORT = 4096  # bytes of a body that is remembered

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


def write_plainly(value: Any) -> str:
    """Write JSON with its texts unescaped."""
    return msgspec.json.encode(value).decode()  # a create by json takes a tenth longer


def write_as_php(value: Any) -> str:
    r"""Write JSON as PHP's json_encode does: `/` as `\/`, all but ASCII as `\uXXXX` (evidence: B)."""
    text = write_plainly(value).replace("/", "\\/")
    return text if text.isascii() else _BEYOND_ASCII.sub(_escaped, text)


def _escaped(sign: re.Match[str]) -> str:
    units = sign[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


WRITERS: Mapping[str, Writer] = {"php": write_as_php, "plain": write_plainly}


def parse(body: bytes) -> Any:
    """Read the JSON of a body. Raises ValueError if it is not JSON."""
    return msgspec.json.decode(body)


@dataclass(frozen=True, slots=True, eq=False)
class ShownFacts:
    """The facts that a body may show.

    `kinds`: fact to its possible JSON types; a property must admit them all. `by_name`: the facts that a property
    without `x-value` shows by its own name.
    """

    kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)
    by_name: Collection[str] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """The object of a body, made from the values of facts. `fixed`: the two ends of a body that shows no facts.

    `hole`: "row" or "rows" if the body has a place for them, else None. `facts` maps each property at the top level
    to the fact that it shows; so the rows of a seed can be read. `texts` are filled for each response (`x-text`); their
    facts are the texts themselves.
    """

    build: Builder
    write: Writer
    hole: str | None
    facts: Mapping[str, str]
    texts: tuple[str, ...]
    fixed: tuple[bytes, bytes] | None = None

    def render(self, values: Mapping[str, Any]) -> bytes:
        """Return the JSON of the body. `values`: fact to value."""
        return self.write(self.build(values)).encode()

    def ends(self, values: Mapping[str, Any]) -> tuple[bytes, bytes]:
        """Return the JSON before the hole and after it."""
        if self.fixed is not None:  # a retrieve takes 5 % longer without
            return self.fixed
        head, _, tail = self.render(values).partition(_NUL.encode())
        return head, tail


def joined(ends: tuple[bytes, bytes], rows: Sequence[bytes]) -> bytes:
    """Return a body: the rows, with commas, between its ends. A large page is copied only once."""
    if len(rows) < 2:
        return b"".join((ends[0], *rows, ends[1]))
    pieces = [*rows]
    pieces[0] = ends[0] + pieces[0]
    pieces[-1] += ends[1]
    return b",".join(pieces)


def compile_template(schemas: Schemas, schema: Object, write: Writer, facts: ShownFacts) -> Template:
    """Compile an object schema that may show these facts.

    Raises DocumentError if a property shows an unknown fact, or a fact that its type does not admit.
    """
    compiler = _TemplateCompiler(schemas, write, facts, [], [])
    build = compiler.compile_object(schema)
    holes = [fact for fact in compiler.read if fact in _HOLES]
    if len(holes) > 1:
        raise DocumentError("A body has one place for its rows. Keep one.", schema.place)
    hole = next(iter(holes), None)
    template = Template(build, write, hole, compiler.shown(schema), tuple(compiler.texts))
    is_fixed = not compiler.texts and compiler.read == holes
    return replace(template, fixed=template.ends({})) if is_fixed else template


def check_required(schema: Object) -> None:
    """Raise DocumentError if a schema requires a property that it does not describe. Nothing would fill it."""
    for name in schema.get("required", ()):
        if name not in schema.get("properties", ()):
            what = f"{name!r} is required, but not among the properties. Add it there, or remove it from `required`."
            raise DocumentError(what, place_of(schema, "required"))


def types_of(node: Mapping[str, Any]) -> list[str]:
    """Return the JSON types that a schema names. An empty list means all types."""
    kind = node.get("type", [])
    return [kind] if isinstance(kind, str) else list(kind)


class _TemplateCompiler(NamedTuple):
    """Compiles the properties of a body, and collects the facts and texts that they show."""

    schemas: Schemas
    write: Writer
    facts: ShownFacts
    read: list[str]
    texts: list[str]

    def shown(self, schema: Object) -> dict[str, str]:
        """Return the fact of each property of a schema that shows one, by `x-value` or by its name."""
        nodes = {key: self.schemas.resolve(node) for key, node in schema.get("properties", {}).items()}
        facts = {key: node["x-value"] for key, node in nodes.items() if "x-value" in node}
        if "id" in facts.values():  # the object is an item
            facts |= {
                key: key
                for key, node in nodes.items()
                if key in self.facts.by_name and key not in facts and "const" not in node
            }
        return {key: "settings" if fact == "settings-text" else fact for key, fact in facts.items()}

    def compile_object(self, schema: Object, depth: int = 0) -> Builder:
        """Compile an object to a function that makes it."""
        if depth > DEEPEST:
            raise DocumentError("The body has no end, because its schema contains itself.", schema.place)
        check_required(schema)
        if types_of(schema) and "object" not in types_of(schema):
            raise DocumentError("A body is an object, which `type` does not admit.", schema.place)
        properties, facts = schema.get("properties") or Object(schema.place), self.shown(schema)
        parts: list[tuple[str, Builder]] = []
        for key, node in properties.items():
            resolved = self.schemas.resolve(node)
            has_text = PLACEHOLDER.search(resolved.get("x-text", "")) is not None
            if has_text:
                parts.append((key, self._compile_text(facts.get(key), resolved)))
            elif key in facts:
                parts.append((key, self._compile_fact(facts[key], resolved)))
            elif "properties" in resolved or "required" in resolved:
                parts.append((key, self.compile_object(resolved, depth + 1)))
            else:
                parts.append((key, _always(_constant(resolved, place_of(properties, key)))))
        return lambda values: {key: part(values) for key, part in parts}

    def _compile_text(self, fact: str | None, node: Object) -> Builder:
        """Compile a property with `x-text`. Beside `x-value` the text is the format of that time.

        A time of the last change shows its `default` until then, whatever the type of that.
        """
        text, place, kinds = node["x-text"], place_of(node, "x-text"), types_of(node)
        self.texts.append(text)
        tell: Builder = itemgetter(text)
        before = until_changed(node) if "changed" in self.facts.kinds else None
        if {"integer", "number"} & {*kinds} and ("string" not in kinds or before is not None):
            number = float if "." in text else int
            tell = lambda values: number(values[text])  # noqa: E731
        if before is not None:
            self.read.append("changed")
            return lambda values: before if values["changed"] is None else tell(values)
        if fact is None:
            return tell
        if fact not in {"created", "changed"} or not re.fullmatch(rf"\{{{fact}(:[a-z-]+)?\}}", text):
            what = (
                f"Beside `x-value: {fact}`, x-text can only give a time another format, such as `{{changed:iso}}`"
                " beside `x-value: changed`."
            )
            raise DocumentError(what, place)
        self.read.append(fact)
        return lambda values: None if values[fact] is None else tell(values)

    def _compile_fact(self, fact: str, node: Object) -> Builder:
        place, admitted = place_of(node, "x-value"), {*types_of(node)}
        kinds = self.facts.kinds.get(fact)
        if kinds is None:
            known = ", ".join(sorted(self.facts.kinds)) or "none"
            raise DocumentError(f"The fact {fact!r} cannot be shown here. Known facts: {known}.", place)
        self.read.append(fact)
        admitted |= {"integer"} if "number" in admitted else set()
        if admitted and not kinds <= admitted:
            if kinds == {"boolean"} and "integer" in admitted:
                return lambda values: int(values[fact])
            if kinds == {"object"} and "string" in admitted:
                return lambda values: self.write(values[fact])
            if kinds - {"null"} == {"integer"} and kinds - {"integer"} <= admitted and "string" in admitted:
                return lambda values: None if values[fact] is None else str(values[fact])
            what = f"The fact {fact!r} is {' or '.join(sorted(kinds))}, which `type` does not admit."
            raise DocumentError(what, place)
        if fact in _HOLES:
            return _always(_HOLES[fact])
        return _always(None) if fact == "never" else itemgetter(fact)


def until_changed(node: Object) -> Any:
    """Return what a time of the last change shows of an item that was never changed; None if it has no `default`."""
    return plain(node.get("default")) if _CHANGED.fullmatch(node.get("x-text", "")) else None


def _always(value: Any) -> Builder:
    return lambda _: value


def _constant(node: Object, place: Place) -> Any:
    """Return the constant of a property without a fact: a value from its schema, else the zero of its type."""
    kinds = types_of(node)
    for key in ("const", "default"):
        if key in node:
            return plain(node[key])
    for key in ("examples", "enum"):
        if node.get(key):
            return plain(node[key][0])
    if "null" in kinds or not kinds:
        return None
    if kinds[0] not in _ZEROS:
        raise DocumentError(f"JSON Schema has no type {kinds[0]!r}.", place)
    return node.get("minimum", _ZEROS[kinds[0]])


@dataclass(frozen=True, slots=True, eq=False)
class Success:
    """The one 2xx response of an operation. `examples` by name.

    `template` is None if the body is not an object: then it is `text`, with its placeholders filled, or empty.
    """

    status: str  # as WSGI wants it: "201 Created"
    content_type: str | None
    headers: Headers
    template: Template | None
    check: CheckText
    examples: Mapping[str, bytes]
    text: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class RefusalResponse:
    """One way to say no. `value` is its body before placeholders are filled; `write` makes a text of it.

    `body` is that text if there are no placeholders, else None. `content_type` is None if the response has none. `own`:
    it is the mock's, by its grade, and not a behaviour of the service.
    """

    name: str
    status: str
    content_type: str | None
    headers: Headers
    value: Any
    write: Writer
    body: bytes | None
    own: bool

    def filled(self, tell: Tell) -> bytes:
        """Return the body, its placeholders filled."""
        return self.write(filled(self.value, tell)).encode() if self.body is None else self.body


def status_text(code: int) -> str:
    """Return a status as WSGI wants it: "201 Created". Raises ValueError for one that HTTP does not know."""
    status = HTTPStatus(code)
    return f"{status.value} {status.phrase}"


class ResponseCompiler(NamedTuple):
    """Compiles responses. `charset` is appended to each content type unless it is "none"."""

    schemas: Schemas
    write: Writer
    charset: str

    def success_of(self, responses: Object) -> tuple[str, Object]:
        """Return the one 2xx response and its code. Raises DocumentError if there is not exactly one."""
        codes = [code for code in responses if code.startswith("2")]
        if len(codes) != 1:
            place = next((place_of(responses, code) for code in codes[1:]), responses.place)
            raise DocumentError("An operation needs exactly one response from 200 to 299.", place)
        return codes[0], self.schemas.resolve(responses[codes[0]])

    def success(self, responses: Object, facts: ShownFacts) -> Success:
        """Compile the one 2xx response, which may show these facts. Raises DocumentError."""
        code, response = self.success_of(responses)
        status, headers = _status(responses, code), self._headers(response)
        for media_type, content in response.get("content", {}).items():
            schema = self.schemas.resolve(content["schema"])
            if text := schema.get("x-text"):
                return Success(status, self._typed(media_type), headers, None, lambda _: None, {}, text)
            template = compile_template(self.schemas, schema, self.write, facts)
            check = self.schemas.check_text(content["schema"])
            if template.hole is not None:  # else it tells of a write, and each one differs
                check = _remembering(check)
            examples = {
                name: self._body(media_type, self.schemas.resolve(node)["value"])
                for name, node in content.get("examples", {}).items()
            }
            return Success(status, self._typed(media_type), headers, template, check, examples)
        empty = response.get("x-empty-body")
        return Success(status, empty and self._typed(empty), headers, None, lambda _: None, {})

    def refusals(self, responses: Object) -> Iterator[RefusalResponse]:
        """Compile each named example of each response that is not a success. Raises DocumentError."""
        for code, node in responses.items():
            if code.startswith("2"):
                continue
            response = self.schemas.resolve(node)
            for media_type, content in response.get("content", {}).items():
                check = self.schemas.check(content["schema"])
                for name, example in content.get("examples", {}).items():
                    node = self.schemas.resolve(example)
                    value, is_json = plain(node["value"]), "json" in media_type
                    place = place_of(content["examples"], name)
                    if not is_json and not isinstance(value, str):
                        what = f"The example {name} must be a text, because its media type is {media_type}."
                        raise DocumentError(what, place)
                    body = self._body(media_type, value)
                    said = [pattern.search(body.decode()) for pattern in (_LIST, _NUMBER, PLACEHOLDER)]
                    # A list of problems gets its items later.
                    if not said[0] and (complaint := check(value)):
                        raise DocumentError(f"The example {name} violates its schema: {complaint}.", place)
                    yield RefusalResponse(
                        name=name,
                        status=_status(responses, code),
                        content_type=self._type_of(media_type, node),
                        headers=self._headers(response) + own_headers(node),
                        value=value,
                        write=self.write if is_json else str,
                        body=None if any(said) else body,
                        own=response.get("x-grade") == "M",
                    )

    def _body(self, media_type: str, value: Any) -> bytes:
        """Return a body; an empty text is an empty body, whatever its media type."""
        return (self.write(value) if value != "" and "json" in media_type else str(value)).encode()

    def _headers(self, response: Object) -> Headers:
        nodes = {name: self.schemas.resolve(node) for name, node in response.get("headers", {}).items()}
        return tuple(
            HeaderField(name, node.get("x-value", ""), node.get("x-text", ""))
            for name, node in nodes.items()
            if "x-value" in node or "x-text" in node
        )

    def _type_of(self, media_type: str, example: Mapping[str, Any]) -> str | None:
        if not example.get("x-typed", True):
            return None
        return media_type if "x-charset" in example else self._typed(media_type)

    def _typed(self, media_type: str) -> str:
        if self.charset == "none" or "charset=" in media_type:
            return media_type
        return f"{media_type}; charset={self.charset}"


def own_headers(node: Mapping[str, Any]) -> Headers:
    """Return the headers that `x-headers` gives, by name and text."""
    texts: Mapping[str, str] = node.get("x-headers", {})
    return tuple(HeaderField(name, "", text) for name, text in texts.items())


def _status(responses: Object, code: str) -> str:
    try:
        return status_text(int(code))
    except ValueError:
        raise DocumentError(f"HTTP has no status {code}.", place_of(responses, code)) from None


def _remembering(check: CheckText) -> CheckText:
    """Return a check that remembers the results for short bodies."""
    remembered = lru_cache(maxsize=_REMEMBERED)(check)
    return lambda text: remembered(text) if len(text) <= _SHORT else check(text)
