"""How a response looks, whatever its shape: status, media type, headers, and the body with placeholders.

What differs from response to response becomes a placeholder (`x-text` in the vocabulary). A single response is enough:
a fact of the request is recognized by its odd value, such as the field `no-such-field`, and a random value or a time by
its form.

Example: `{"path": "/api/x", "trace": "9f86d081884c7d659a2feaa0c55ad015"}` becomes
`{"path": "{path}", "trace": "{hex:32}"}`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from contract_tests.document import by_form, read

# Headers that belong to the connection, or to a server before the API.
_OF_THE_WAY = frozenset(
    {
        "age", "alt-svc", "connection", "content-encoding", "content-length", "content-type", "date", "etag",
        "keep-alive", "last-modified", "location", "retry-after", "server", "set-cookie", "strict-transport-security",
        "trailer", "transfer-encoding", "upgrade", "vary", "via",
    }
)  # fmt: skip
_OF_CORS = "access-control-"

# A shorter fact is recognized only if it is a whole text.
_ODD = 5
# Facts that are recognized as a word of a text, however short; and facts that other characters may follow directly.
_SHORT = frozenset({"method", "field"})
_LEADING = "site"
# The fewest different texts that show that a header is new in each response.
_FEW = 3
# The types of values that may be new in each response.
_FRESH: Mapping[str, tuple[type, ...]] = {"integer": (int,), "number": (float,), "string": (str,)}
_SIGN = re.compile(r"\W")

# Signs that stand around a value, however short.
_ENCLOSING = (
    ("'", "'"),
    ('"', '"'),
    ("`", "`"),
    ("«", "»"),
    ("(", ")"),
    ("[", "]"),
    ("„", "“"),
    ("„", "”"),
    ("“", "”"),
)
# A number as a text has it by chance in no other place: with a sign, a zero before it, a fraction or a tail.
_ODD_NUMBER = re.compile(r"[+-]\d+|0\d+|\d+\.\d+|\d+[a-z]+")

# The fewest characters by which the beginning of a value is recognized, and the most that a service may repeat.
_ODD_BEGINNING, _LONGEST_ECHO = 8, 300


class Look(NamedTuple):
    """How a refusal looks. `media_type` is None if it has none. `value` is the body, as data if it is JSON."""

    status: int
    media_type: str | None
    headers: tuple[tuple[str, str], ...]
    value: Any


class SeenResponse(NamedTuple):
    """A response: header names are in lower case, and `facts` of the request are what its texts may repeat."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    facts: Mapping[str, str]


def look_of(response: SeenResponse, *, keys: bool = False) -> Look:
    """Return how a response looks, with placeholders for what differs from response to response.

    `keys`: keys of objects that are a fact become placeholders, too, however short. Beware of words like `type`, which
    are keys in many bodies.
    """
    media_type = response.headers.get("content-type")
    value = templated(read(response.body, media_type), response.facts, keys=keys)
    value = _without_chance(value, response.facts.get("value", ""))
    headers = tuple(
        (_spelled(name), worded(text, response.facts))
        for name, text in sorted(response.headers.items())
        if name not in _OF_THE_WAY
        and not name.startswith((_OF_CORS, "x-ratelimit-", "ratelimit", "x-bitpeak-mock"))
        and (text.isascii() and text.isprintable())  # nothing else can be sent as it came
    )
    return Look(response.status, media_type, headers, value)


def templated(value: Any, facts: Mapping[str, str], *, keys: bool = False) -> Any:
    """Return data with all texts `worded`, and so the keys of objects that are an odd fact."""
    if isinstance(value, str):
        return worded(value, facts)
    if isinstance(value, list):
        return [templated(each, facts, keys=keys) for each in value]
    if isinstance(value, dict):
        odd = {name: fact for name, fact in facts.items() if keys or len(fact) >= _ODD}
        return {_told(key, odd): templated(each, facts, keys=keys) for key, each in value.items()}
    if isinstance(value, int) and not isinstance(value, bool):
        if str(value) == facts.get("value") and value not in {0, 1}:
            return "{value:number}"
        return "{now:unix}" if 1_600_000_000 < value < 4_000_000_000 else value
    return value


def worded(text: str, facts: Mapping[str, str]) -> str:
    """Return a text with placeholders for the facts of its request, and for values that are known by their form."""
    return by_form(_told(text, facts))


def _told(text: str, facts: Mapping[str, str]) -> str:
    for name, fact in sorted(facts.items(), key=lambda each: (each[0] != _LEADING, -len(each[1]))):
        if text == fact and fact:
            return f"{{{name}}}"
        if name == "value":
            text = _told_value(text, fact)
        elif name == "length":
            text = re.sub(rf"(?<![\w.,-]){fact}(?![\w-])", "{length}", text)
        elif len(fact) >= _ODD or name in _SHORT:
            text = re.sub(rf"(?<![\w-]){re.escape(fact)}(?![\w-])", f"{{{name}}}", text)
    return text


def _told_value(text: str, value: str) -> str:
    """Return a text with a placeholder for the value that it repeats: whole, its beginning, or as a literal."""
    lengths = [len(value)]
    if _SIGN.split(value[:_ODD_BEGINNING], maxsplit=1)[0] in text:  # letters are the same in all literals
        lengths += range(min(len(value) - 1, _LONGEST_ECHO), _ODD_BEGINNING, -1)
    for length in lengths if value else ():
        part, told = value[:length], "value" if length == len(value) else f"value:{length}"
        for literal, form in ((repr(part), "repr"), (json.dumps(part, ensure_ascii=False), "json")):
            if literal[1:-1] != part and literal != text and literal in text:
                return text.replace(literal, f"{{{told}:{form}}}")
        if len(part) >= _ODD and part in text:
            return text.replace(part, f"{{{told}}}")
        for before, after in _ENCLOSING if len(part) < _ODD else ():
            if before + part + after in text:
                return text.replace(before + part + after, f"{before}{{{told}}}{after}")
        if _ODD_NUMBER.fullmatch(part):
            text = re.sub(rf"(?<![\w.,+-]){re.escape(part)}(?![\w-]|[.,]\w)", f"{{{told}}}", text)
    return text


def _without_chance(value: Any, sent: str) -> Any:
    """Return a body without placeholders for the beginning of a value, if it repeats the whole value, too.

    The list of known types may contain the beginning of an unknown one by chance.
    """
    texts = texts_in(value)
    if not any(re.search(r"\{value(?:[:}](?!\d))", text) for text in texts):
        return value
    return reworded(value, lambda text: re.sub(r"\{value:(\d+)\}", lambda cut: sent[: int(cut[1])], text))


def evened(looks: Sequence[Look], whole: int = 0) -> list[Look]:
    """Return looks that repeat values in one way: with the same length, and in the same notation.

    `whole`: the length of the longest value that was repeated as a whole. A limit cannot be shorter than that.
    """
    texts = repr(looks)
    lengths = Counter(each for each in re.findall(r"\{value:(\d+)", texts) if int(each) >= whole)
    about = f"value:{lengths.most_common(1)[0][0]}" if lengths else "value"
    literal = next((form for form in ("repr", "json") if f":{form}}}" in texts), "")
    sign = {"repr": "'", "json": '"'}.get(literal, "")

    def even(text: str) -> str:
        if lengths:
            text = re.sub(r"\{value(?::\d+)?(?=[:}])(?!:number)", f"{{{about}", text)
        as_literal = rf"{sign}\{{(value(?::\d+)?)\}}{sign}"
        return re.sub(as_literal, rf"{{\1:{literal}}}", text) if literal else text

    return [look._replace(value=reworded(look.value, even)) for look in looks]


def reworded(value: Any, change: Callable[[str], str]) -> Any:
    """Return a body with its texts changed."""
    if isinstance(value, dict):
        return {key: reworded(each, change) for key, each in value.items()}
    if isinstance(value, list):
        return [reworded(each, change) for each in value]
    return change(value) if isinstance(value, str) else value


def texts_in(value: Any) -> list[str]:
    """Return all texts of a body, without its keys."""
    if isinstance(value, dict | list):
        nodes = value.values() if isinstance(value, dict) else value
        return [text for node in nodes for text in texts_in(node)]
    return [value] if isinstance(value, str) else []


def shared_headers(looks: Iterable[Look]) -> dict[str, str]:
    """Return the headers that all of these responses have, with their common text, or with a placeholder."""
    headers = [dict(look.headers) for look in looks]
    found: dict[str, str] = {}
    for name in headers[0] if headers else ():
        texts = [each[name] for each in headers if name in each]
        text = varying(texts) if len({*texts}) > 1 else texts[0]
        if text and len(texts) == len(headers):
            found[name] = text
    return found


def varying_headers(looks: Iterable[Look]) -> frozenset[str]:
    """Return the headers whose text differs in most of the responses that have them."""
    texts: dict[str, list[str]] = {}
    for look in looks:
        for name, text in look.headers:
            texts.setdefault(name, []).append(text)
    return frozenset(name for name, each in texts.items() if len({*each}) > max(_FEW, len(each) // 2))


def varying(texts: Sequence[str]) -> str:
    """Return a text with a placeholder for what is new in each response; empty if texts seldom differ.

    >>> varying(["run-7-0015", "run-7-0923", "run-7-1104"])
    'run-7-{digits:4}'
    """
    several = {*texts}
    if len(several) < _FEW or 2 * len(several) <= len(texts):
        return ""
    start = shared_start([*several])
    end = shared_start([text[: len(start) - 1 : -1] for text in several])[::-1]
    middles = [text[len(start) : len(text) - len(end)] for text in several]
    length = min(map(len, middles))
    kind = "digits" if all(map(str.isdigit, middles)) else "random"
    return f"{start}{{{kind}:{length}}}{end}" if length else ""


def fresh(values: Sequence[Any]) -> dict[str, Any]:
    """Return the schema of a property whose value differs in most responses; nothing if it seldom does.

    >>> fresh([0.000447, 0.000512, 0.000398])
    {'type': 'number', 'x-text': '0.000{digits:3}'}

    A value of a known form, such as a UUID, keeps that form.
    """
    forms = {by_form(value) if isinstance(value, str) else "" for value in values}
    if len(forms) == 1 and len({*map(str, values)}) > 1 and (form := forms.pop()):
        return {"type": "string", "x-text": form}
    kind = next((kind for kind, of in _FRESH.items() if all(type(value) in of for value in values)), "")
    text = (
        varying([f"{value:.6f}" if isinstance(value, float) else str(value) for value in values])
        if kind
        else ""
    )
    if kind == "number" and "{random" in text:  # the whole numbers before the points are not alike
        text = "{digits:1}.{digits:6}"
    return {"type": kind, "x-text": text} if text else {}


def shared_start(texts: Sequence[str]) -> str:
    """Return the common beginning of all texts."""
    least, most = min(texts), max(texts)
    return next((least[:n] for n, sign in enumerate(least) if sign != most[n]), least)


def _spelled(name: str) -> str:
    return "-".join(word[:1].upper() + word[1:] for word in name.split("-"))
