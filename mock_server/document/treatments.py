"""The words of the behaviour table: treatments, which say what an input is like, and transformations of a text.

A treatment has a predicate, which recognizes such an input, and samples, which are such inputs. So a test sends exactly
what the mock recognizes. Both lists are closed: a document can name only what is in them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import jsonschema_rs

from mock_server.document.shape import linear
from mock_server.document.source import plain

# How a field can be sent other than as one text in UTF-8.
ARRAY, TWICE, FILE, NOT_UTF_8 = "array", "twice", "file", "not-utf-8"


@dataclass(slots=True, unsafe_hash=True)
class SentInput:
    """How a field or parameter was sent.

    `text` counts if no row says otherwise: the last text, or None. `texts` is all that was sent by this name, in order:
    texts, items of an array, contents of files. `how` may hold ARRAY, TWICE, FILE and NOT_UTF_8. `data`: the bytes of
    the last of `texts`.
    """

    text: str | None
    texts: tuple[str, ...] = ()
    how: frozenset[str] = frozenset()
    data: bytes = b""

    @property
    def shown(self) -> str:
        """The text that a refusal repeats: the last one, however it was sent."""
        return (self.texts[-1] if self.texts else "") if self.text is None else self.text


UNSENT = SentInput(None)

# Tells whether a treatment holds for a text, as earlier rows have left it, and for how it was sent.
Holds = Callable[[str | None, SentInput], bool]

# Returns a text after a transformation.
Change = Callable[[str | None, SentInput], str | None]

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Treatment:
    """A kind of input. `argument`: the kind of its argument. `about`: a text, the text of a number, or how it is sent.

    `means` says in words what such an input is like, so that it can follow a field's name in a sentence.
    `holds` makes the predicate, and `samples` makes inputs, of the argument and the schema of the field. Samples are
    made of a good value; there are none if the schema lacks what the treatment speaks of.
    """

    name: str
    means: str
    argument: Literal["none", "number", "texts", "pattern"]
    about: Literal["text", "number", "sending"]
    holds: Callable[[Any, Schema], Holds]
    samples: Callable[[str, Any, Schema], tuple[SentInput, ...]]


_BLANKS = " \t\n\r\0\v"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_NUMBER = re.compile(r"[ \t\n\r\v\f]*([+-]?)0*([0-9]+)")
# An integer as JSON writes it. Not `int()`: that also takes "1_0", " 1" and Arabic digits.
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_LARGEST = "9223372036854775807"


def _text(name: str, means: str, holds: Callable[[str], object], *samples: Callable[[str], str]) -> Treatment:
    return Treatment(
        name,
        means,
        "none",
        "text",
        lambda _, __: lambda text, _: text is not None and bool(holds(text)),
        lambda base, _, __: tuple(SentInput(make(base)) for make in samples),
    )


def _number(name: str, means: str, pattern: str, *samples: str) -> Treatment:
    """Return a treatment of numbers. A sample may hold `#`, which a good number replaces."""
    matches = re.compile(pattern, re.DOTALL).fullmatch
    return Treatment(
        name,
        means,
        "none",
        "number",
        lambda _, __: lambda text, _: text is not None and matches(text) is not None,
        lambda base, _, __: tuple(SentInput(sample.replace("#", base)) for sample in samples),
    )


def _sending(name: str, means: str, sample: Callable[[str], SentInput]) -> Treatment:
    return Treatment(
        name,
        means,
        "none",
        "sending",
        lambda _, __: lambda _, sent: name in sent.how,
        lambda base, _, __: (sample(base),),
    )


def _stretched(base: str, length: int) -> str:
    """Return a text of a length that is as good as the base otherwise: an address stays one."""
    more = "e" * (length - len(base))
    return more + base if "@" in base else base + more


def _longer(most: int, _: Schema) -> Holds:
    return lambda text, _: text is not None and len(text) > most


def _shorter(least: int, _: Schema) -> Holds:
    return lambda text, _: text is not None and len(text) < least


def _is(texts: list[str], _: Schema) -> Holds:
    wanted = frozenset(texts)
    return lambda text, _: text in wanted


def _matches(pattern: str, _: Schema) -> Holds:
    """Search a text in linear time: the engine has neither look-around nor back-references."""
    validator = linear(pattern)
    return lambda text, _: text is not None and validator.is_valid(text)


def _mismatches(pattern: str, _: Schema) -> Holds:
    validator = linear(pattern)
    return lambda text, _: text is not None and not validator.is_valid(text)


def _malformed(_: Any, schema: Schema) -> Holds:
    return _mismatches(schema["pattern"], schema) if "pattern" in schema else lambda _, __: False


def _odd_texts(base: str) -> tuple[str, ...]:
    """Return texts of which a pattern seldom admits all."""
    return "", " ", "\n", "?", f"?{base}", f"{base}?", "a b"


def _listed(schema: Schema) -> tuple[str, ...]:
    return tuple(map(str, schema.get("enum", ())))


def _not_listed(_: Any, schema: Schema) -> Holds:
    listed = frozenset(_listed(schema))
    return lambda text, _: text is not None and text not in listed


def _not_allowed(_: Any, schema: Schema) -> Holds:
    """Check a value by its whole schema: a number if the schema wants one and the text is written as one."""
    is_number, validator = schema.get("type") == "integer", jsonschema_rs.validator_for(plain(schema))

    def holds(text: str | None, _: SentInput) -> bool:
        if text is None:
            return False
        return not validator.is_valid(int(text) if is_number and _INTEGER.fullmatch(text) else text)

    return holds


def _not_allowed_samples(_: str, __: Any, schema: Schema) -> tuple[SentInput, ...]:
    """Return whole numbers that the schema does not admit, or a word if it admits few texts."""
    if "enum" in schema:
        return _unlisted_samples("", None, schema)
    low = schema.get("minimum")
    return () if low is None else (SentInput(str(low - 1)), SentInput(str(low - 2)))


def _unlisted_samples(_: str, __: Any, schema: Schema) -> tuple[SentInput, ...]:
    listed = _listed(schema)
    if listed and all(value.isdecimal() for value in listed):
        numbers = sorted(map(int, listed))
        return (SentInput(str(numbers[0] + 1)), SentInput(str(numbers[-1] + 1)))
    return (SentInput("unlisted"),) if listed else ()


def _wrong_case(_: Any, schema: Schema) -> Holds:
    listed = _listed(schema)
    folded = frozenset(value.lower() for value in listed)
    return lambda text, _: text is not None and text not in listed and text.lower() in folded


def _wrong_case_samples(_: str, __: Any, schema: Schema) -> tuple[SentInput, ...]:
    swapped = ((value, value.swapcase()) for value in _listed(schema))
    return tuple(SentInput(other) for value, other in swapped if other != value)[:1]


def _another(base: str) -> str:
    """Return another text of the same kind: an address, a URL, or any text."""
    return f"first.{base}" if "@" in base else f"{base}/first" if "://" in base else f"{base} first"


def _huge(text: str) -> bool:
    found = re.fullmatch(r"[+-]?0*([0-9]+)", text, re.ASCII)
    return found is not None and (len(found[1]), found[1]) > (len(_LARGEST), _LARGEST)


_ALL: tuple[Treatment, ...] = (
    Treatment(
        "any", "any text", "none", "text",
        lambda _, __: lambda text, _: text is not None, lambda base, _, __: (SentInput(base),),
    ),
    Treatment(
        "absent", "not sent", "none", "text",
        lambda _, __: lambda text, _: text is None, lambda _, __, ___: (UNSENT,),
    ),
    _text("empty", "empty", lambda text: text == "", lambda _: ""),
    _text(
        "blank", "of whitespace only", lambda text: text and not text.strip(_BLANKS),
        lambda _: "   ", lambda _: "\t ",
    ),
    _text(
        "padded", "with whitespace around it",
        lambda text: text.strip(_BLANKS) and text.strip(_BLANKS) != text,
        lambda base: f"  {base} ", lambda base: f"{base} ", lambda base: f"\t{base}",
    ),
    _text(
        "control", "with a control character", _CONTROL.search,
        lambda base: f"{base[:1]}\x07{base[1:]}", lambda base: f"{base[:1]}\n{base[1:]}",
    ),
    _text(
        "line-break", "with a line break", lambda text: "\n" in text or "\r" in text,
        lambda base: f"{base[:1]}\n{base[1:]}", lambda base: f"{base[:1]}\r\n{base[1:]}",
    ),
    _text("tags", "with HTML tags", re.compile(r"<[^<>]+>").search, lambda base: f"<b>{base}</b>"),
    _text(
        "quotes", "with quotation marks", re.compile("['\"]").search,
        lambda base: f"{base}'s", lambda base: f'"{base}"',
    ),
    Treatment(
        "longer-than", "longer than this many characters", "number", "text", _longer,
        lambda base, most, _: (SentInput(_stretched(base[: most + 1], most + 1)),),
    ),
    Treatment(
        "shorter-than", "shorter than this many characters", "number", "text", _shorter,
        lambda base, least, _: (SentInput(_stretched(base, least - 1)[: least - 1]),) if least > 0 else (),
    ),
    _text("not-email", "not an e-mail address", lambda text: not _ADDRESS.fullmatch(text), lambda _: "no address"),
    _text(
        "not-url", "not an http or https URL", lambda text: not re.match(r"https?://[^\s/]+", text),
        lambda _: "no address",
    ),
    _text(
        "not-https", "not an https URL", lambda text: not re.match(r"https://[^\s/]+", text),
        lambda _: "http://example.com/plain",
    ),
    Treatment(
        "malformed", "not matching the schema's `pattern`", "none", "text", _malformed,
        lambda base, _, schema: tuple(
            SentInput(each) for each in _odd_texts(base) if _malformed(None, schema)(each, UNSENT)
        )[:1],
    ),
    Treatment("not-listed", "not one of the listed values", "none", "text", _not_listed, _unlisted_samples),
    Treatment(
        "wrong-case", "a listed value in another case", "none", "text", _wrong_case,
        _wrong_case_samples,
    ),
    Treatment(
        "is", "one of these texts", "texts", "text", _is, lambda _, texts, __: tuple(map(SentInput, texts)),
    ),
    Treatment(
        "matches", "matching this regular expression, in linear time", "pattern", "text", _matches,
        lambda base, pattern, schema: (SentInput(base),) if _matches(pattern, schema)(base, UNSENT) else (),
    ),
    Treatment(
        "mismatches", "not matching this regular expression", "pattern", "text", _mismatches,
        lambda base, pattern, schema: tuple(
            SentInput(each) for each in _odd_texts(base) if _mismatches(pattern, schema)(each, UNSENT)
        )[:1],
    ),
    _sending(
        ARRAY, "sent as an array (`name[]`)",
        lambda base: SentInput(None, (_another(base), base), frozenset({ARRAY}), base.encode()),
    ),
    _sending(
        TWICE, "sent more than once",
        lambda base: SentInput(base, (_another(base), base), frozenset({TWICE}), base.encode()),
    ),
    _sending(FILE, "sent as a file", lambda base: SentInput(None, (base,), frozenset({FILE}), base.encode())),
    _sending(
        NOT_UTF_8, "not encoded in UTF-8",
        lambda base: SentInput(f"{base}\ufffd", (f"{base}\ufffd",), frozenset({NOT_UTF_8}), base.encode() + b"\xff"),
    ),
    _number("zero", "the number 0", r"[+-]?0+", "0"),
    _number("negative", "below 0", r"-0*[1-9][0-9]*", "-1"),
    _number(
        "not-integer", "not written as a whole number of up to 18 digits",
        rf"(?!(?:{_INTEGER.pattern})\Z).*", "word", "#.5", "0#", "",
    ),
    Treatment(
        "not-allowed", "not allowed by the schema", "none", "number", _not_allowed, _not_allowed_samples,
    ),
    _number("word", "not beginning with a digit", r"(?!\s*[+-]?\.?[0-9]).*\S.*", "word"),
    _number("tail", "digits followed by something else", r"[+-]?[0-9]+(?!\.?[0-9]*\s*\Z)[^0-9].*", "#abc"),
    _number("leading-zero", "a number with leading zeros", r"[+-]?0+[1-9][0-9]*", "0#"),
    _number("plus", "a number with a plus sign", r"\+[0-9]+", "+#"),
    _number("fraction", "a number with a fraction", r"[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+)", "#.5"),
    Treatment(
        "huge", "a whole number beyond 64 bits", "none", "number",
        lambda _, __: lambda text, _: text is not None and _huge(text), lambda _, __, ___: (SentInput(f"{_LARGEST}0"),),
    ),
)  # fmt: skip

TREATMENTS: Mapping[str, Treatment] = {each.name: each for each in _ALL}


def _leading_integer(text: str) -> str:
    """Return the whole number at the beginning of a text, or 0."""
    found = _NUMBER.match(text)
    return "0" if found is None else f"{'-' if found[1] == '-' and found[2] != '0' else ''}{found[2]}"


def _lower_domain(text: str) -> str:
    user, at, domain = text.rpartition("@")
    return f"{user}{at}{domain.lower()}" if at else text


# Transformations that need only the text. A caller may replace them under the same names.
CLEANERS: Mapping[str, Callable[[str], str]] = {
    "trim": lambda text: text.strip(_BLANKS),
    "strip-tags": lambda text: re.sub(r"<[^<>]*>", "", text),
    "escape-quotes": lambda text: text.replace("'", "&#39;").replace('"', "&#34;"),
    "escape-tags": lambda text: text.replace("<", "&lt;").replace(">", "&gt;"),
    "strip-control": lambda text: _CONTROL.sub("", text),
    "strip-unprintable": lambda text: re.sub(
        r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", text
    ),  # not white space
    "lower": str.lower,
    "lower-domain": _lower_domain,
    "lower-host": lambda text: re.sub(r"^(?:[^:/?#]+://)?[^/?#]*", lambda found: found[0].lower(), text),
    "squeeze": lambda text: re.sub(r"\s+", " ", text),
    "cast": _leading_integer,
}

# Transformations that choose from all that was sent.
CHOICES: Mapping[str, Callable[[str | None, SentInput], str | None]] = {
    "first": lambda text, sent: sent.texts[0] if sent.texts else text,
    "last": lambda text, sent: sent.texts[-1] if sent.texts else text,
    "replace": lambda text, sent: sent.texts[-1] if text is None and sent.texts else text,
    "latin-1": lambda text, sent: sent.data.decode("latin-1") if sent.data else text,
}

# Transformations that need the schema of the field.
_BY_SCHEMA = ("nearest", "next-listed", "previous-listed", "at-most", "clamp", "listed-case")

# What becomes of a number by the listed ones, which are in their order.
_OF_LISTED: Mapping[str, Callable[[int, list[int]], int]] = {
    "nearest": lambda number, listed: min(listed, key=lambda each: abs(each - number)),
    "next-listed": lambda number, listed: next((each for each in listed if each >= number), listed[-1]),
    "previous-listed": lambda number, listed: next(
        (each for each in listed[::-1] if each <= number), listed[0]
    ),
    "at-most": lambda number, listed: min(number, listed[-1]),
}

# The transformation with a number.
CUT = "cut"

# The transformation with a text, which joins all texts that were sent by the field's name.
JOIN = "join"

# The transformation with a text that it puts in front.
PREFIX = "prefix"

# The transformation with a mapping of characters to texts, such as `{'&': '&amp;', '/': '&#x2F;'}`.
ESCAPE = "escape"

TRANSFORMATIONS: tuple[str, ...] = (*CLEANERS, *CHOICES, JOIN, *_BY_SCHEMA, CUT, PREFIX, ESCAPE)


def change_of(
    transformations: Sequence[tuple[str, Any]],
    schema: Schema,
    cleaners: Mapping[str, Callable[[str], str]] = CLEANERS,
) -> Change:
    """Return transformations, each with its argument, as one function. `cleaners` replace those of the same names."""
    steps = [
        (_choice(name, argument), cleaners[name] if name in cleaners else _by_schema(name, argument, schema))
        for name, argument in transformations
    ]

    def change(text: str | None, sent: SentInput) -> str | None:
        for choose, clean in steps:
            if choose is not None:
                text = choose(text, sent)
            elif text is not None:
                text = clean(text)
        return text

    return change


def chooses(transformations: Sequence[tuple[str, Any]]) -> bool:
    """Tell whether transformations do no more than choose among all that was sent."""
    return all(name in CHOICES or name == JOIN for name, _ in transformations)


def _choice(name: str, argument: Any) -> Change | None:
    if name == JOIN:
        return lambda text, sent: argument.join(sent.texts) if sent.texts else text
    return CHOICES.get(name)


def _by_schema(name: str, argument: Any, schema: Schema) -> Callable[[str], str]:
    if name == CUT:
        return lambda text: text[:argument]
    if name == PREFIX:
        return lambda text: argument + text
    if name == ESCAPE:
        signs = str.maketrans(dict(argument))
        return lambda text: text.translate(signs)
    listed = _listed(schema)
    if name == "listed-case":
        by_case = {value.lower(): value for value in listed}
        return lambda text: by_case.get(text.lower(), text)
    if name in _OF_LISTED:
        numbers, choose = sorted(int(value) for value in listed if _is_number(value)), _OF_LISTED[name]
        return lambda text: str(choose(int(text), numbers)) if numbers and _is_number(text) else text
    low, high = schema.get("minimum"), schema.get("maximum")
    return lambda text: _clamped(text, low, high) if _is_number(text) else text


def masked(text: str, mask: str | Mapping[str, Any]) -> str:
    """Return a text as a mask (`x-mask`) shows it: its ends, and a sign for what is hidden.

    >>> masked("secret-key", {"each": "*", "keep-last": 4})
    '******-key'
    >>> masked("secret-key", {"text": "...", "keep-first": "half"})
    'secre...'
    """
    if isinstance(mask, str):
        return mask
    if len(text) < mask.get("from", 0):
        return masked(text, mask["short"]) if "short" in mask else text
    ends = (mask.get("keep-first", 0), mask.get("keep-last", 0))
    first, last = (len(text) // 2 if end == "half" else end for end in ends)
    hidden = min(max(0, len(text) - first - last), mask.get("most", len(text)))
    sign: str = mask["each"] * hidden if "each" in mask else mask["text"]
    return text[:first] + sign + text[max(first, len(text) - last) if last else len(text) :]


def spelled(field: str, form: str) -> str:
    """Return a field's name as people write it: `words` with blanks, `Words` capitalized, `camel` without blanks.

    Of any text, `lower` makes all letters small, and `html` writes `&`, `<`, `>` and `"` as entities.

    >>> spelled("telegram_chat_id", "Words"), spelled('A"', "html")
    ('Telegram chat id', 'A&quot;')
    """
    if form in {"lower", "html"}:
        return field.lower() if form == "lower" else html.escape(field, quote=False).replace('"', "&quot;")
    if form == "camel":
        first, *rest = field.split("_")
        return first + "".join(word.capitalize() for word in rest)
    words = field.replace("_", " ")
    return words if form == "words" else words.capitalize()


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?[0-9]{1,4000}", text, re.ASCII) is not None


def _clamped(text: str, low: int | None, high: int | None) -> str:
    value = int(text)
    if low is not None and value < low:
        return str(low)
    return text if high is None or value <= high else str(high)
