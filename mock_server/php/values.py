"""PHP 8.2's reading of texts: casts, trimming and variable names, as observed on a 64-bit PHP 8.2."""

import re
from typing import Any, NamedTuple

INT_MAX = 2**63 - 1
INT_MIN = -(2**63)

# Without leading zeros, 19 digits are enough for any int. Possessive quantifiers make it linear. Casting ignores form
# feeds, which trim() keeps, and stops at NULs, which trim() drops.
_NUMBER = re.compile(
    r"[ \t\n\r\v\f]*+([+-]?)0*+((?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++|(?<=0)\.?+)(?:[eE][+-]?[0-9]++)?+)"
)
_TRIMMED = " \t\n\r\0\v"
_NO_QUOTES = str.maketrans({"'": "&#39;", '"': "&#34;"})
_SPACES = " \t\n\r\v\f"
_UNDERSCORED = str.maketrans(" .[", "___")
_RESERVED = ("__Host-", "__Secure-")
NESTING = 64  # max_input_nesting_level


def to_int(text: str) -> int:
    """Cast to int as ``(int) $text`` does: the number at the beginning of the text, or 0.

    ``"12abc"`` is 12, ``"1e3"`` is 1000, ``"1.9"`` is 1, ``"0x1A"`` is 0. Whole numbers and finite floats
    beyond 64 bits are clamped to INT_MIN … INT_MAX (zend_dval_to_lval_cap); a float that overflows to
    infinity, such as ``"1e400"``, is 0. Only ASCII digits count. It takes linear time. One oddity is not
    imitated: PHP wraps 19 digits beyond INT_MAX around if "e+" or "e-" without a digit follows.
    """
    if len(text) < 19 and text.isascii() and text.isdigit():
        return int(text)
    found = _NUMBER.match(text)
    if found is None:
        return 0
    sign, number = found[1], found[2]
    if number.isdigit() and len(number) <= 19:
        value = int(number)
        return max(INT_MIN, -value) if sign == "-" else min(INT_MAX, value)
    return _float_to_int(float(f"{sign}0{number}"), whole=number.isdigit())


def _float_to_int(value: float, *, whole: bool) -> int:
    # 400 plain digits are infinite as well, and PHP takes them for 0 like any other infinity.
    if value in {float("inf"), float("-inf")}:
        return 0
    if whole or not INT_MIN <= value < -INT_MIN:
        return INT_MAX if value > 0 else INT_MIN
    return int(value)


def trim(text: str) -> str:
    """Drop blanks, tabs, line ends, vertical tabs and NULs at both ends, as ``trim()`` does."""
    return text.strip(_TRIMMED)


def escape_quotes(text: str) -> str:
    """Replace both quotes by their numeric HTML references, as FILTER_SANITIZE_STRING did."""
    return text.translate(_NO_QUOTES) if "'" in text or '"' in text else text


def truthy(text: str) -> bool:
    """Cast to bool as ``(bool) $text`` does: only ``""`` and ``"0"`` are false."""
    return text not in {"", "0"}


class FieldName(NamedTuple):
    """A field's name, as it was sent and as PHP reads it: the ``key`` in ``$_POST``, and the indices below it.

    ``key`` is None if PHP drops the field. ``path`` is empty for a text; an index is None for ``[]``. ``too_deep``:
    more than 64 indices, for which PHP drops this field and what it held under the key.
    """

    sent: str
    key: str | None
    path: tuple[str | None, ...] = ()
    too_deep: bool = False


def field_name(sent: str) -> FieldName:
    """Read a field name as php_variables.c does.

    Leading blanks go; blanks, dots and an unmatched ``[`` become ``_``; a NUL ends the name; ``a[x][]`` is an index
    path below ``a``. An empty name is dropped, and so is one that begins with ``[x]`` or that mangling would turn into
    a ``__Host-`` or ``__Secure-`` name.
    """
    if sent.isidentifier():  # nothing in an identifier is mangled
        return FieldName(sent, sent)
    name = sent.partition("\0")[0].lstrip(" ")
    head, bracket, rest = name.partition("[")
    # "[" opens an index only if something closes it, and "[" or "[x" alone is never a name.
    indexed = bracket and "]" in rest
    key = (head if indexed or not head else name).translate(_UNDERSCORED)
    if not key or (key.startswith(_RESERVED) and not name.startswith(_RESERVED)):
        return FieldName(sent, None)
    return FieldName(sent, key, *_indices(rest)) if indexed else FieldName(sent, key)


def _indices(rest: str) -> tuple[tuple[str | None, ...], bool]:
    """Read the indices after the first "[", and tell whether there are too many.

    Text after a "]" counts only if it opens the next index.
    """
    path: list[str | None] = []
    at = 0
    while (end := rest.find("]", at)) >= 0:
        if len(path) == NESTING:
            return tuple(path), True
        index = rest[at:end]
        # One white space before "]" is skipped, two are an index.
        path.append(None if index == "" or (len(index) == 1 and index in _SPACES) else index)
        at = end + 2
        if not rest.startswith("[", end + 1):
            break
    return tuple(path), False


# What each state of `strip_tags` looks for.
_SIGNS = {
    "_plain": re.compile("[<>]"),
    "_tag": re.compile("""<++|[>"'!?]"""),
    "_code": re.compile("""[()>"'lL]"""),
    "_declaration": re.compile("""[>"'eE-]"""),
    "_comment": re.compile(">"),
}
_QUOTES = {'"', "'"}


def strip_tags(text: str) -> str:
    """Drop tags, comments and PHP code as ``strip_tags($text)`` does, in linear time.

    This is not an HTML parser but a small machine with observable habits: ``<`` before white space is text, quotes
    inside a tag hide ``>``, an unclosed tag swallows the rest, and a ``<`` inside a tag wants a ``>`` of its own.
    """
    if "<" not in text:
        return text.replace("\0", "") if "\0" in text else text
    return _Stripper(text).run()


class _Stripper:
    """One walk over a text. Each state is a method, which is given a sign and its place, and returns the next state."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.begin: int | None = 0  # of the text that is kept next; None inside a tag
        self.kept: list[str] = []
        self.depth = 0  # how many "<" inside a tag still want their ">"
        self.quote = ""  # the quote that is open in a tag, or ""
        self.xml = False
        self.last = ""  # the last bracket or quote in code
        self.brackets = 0

    def run(self) -> str:
        state, at = self._plain, 0
        while found := _SIGNS[state.__name__].search(self.text, at):
            state, at = state(found[0], found.start()), found.end()
        if self.begin is not None:
            self.kept.append(self.text[self.begin :])
        return "".join(self.kept).replace("\0", "")

    def _plain(self, sign: str, at: int) -> "_State":
        opens = sign == "<" and self._is_tag(at)
        if opens or (sign == ">" and self.depth):  # the latter after a comment inside a tag
            self.kept.append(self.text[self.begin : at])
            self.depth -= sign == ">"
            self.begin = None if opens else at + 1
        return self._tag if opens else self._plain

    def _tag(self, sign: str, at: int) -> "_State":
        if sign in "!?" and self.text[at - 1] == "<":
            self.last, self.brackets = "<", 0
            return self._declaration if sign == "!" else self._code
        if sign[0] == "<":
            self.depth += 0 if self.quote else len(sign) - (not self._is_tag(at + len(sign) - 1))
        elif sign == ">" and self._closes() and not (self.xml and self.text[at - 1] == "-"):
            self.xml = False
            return self._leave(at)
        self._toggle(sign)
        return self._tag

    def _code(self, sign: str, at: int) -> "_State":
        before = self.text[at - 1]
        if sign in "()" and self.last not in _QUOTES:
            self.last, self.brackets = sign, self.brackets + (1 if sign == "(" else -1)
        elif sign == ">" and self._closes() and not self.brackets and self.last != '"' and before == "?":
            return self._leave(at)
        elif sign in "lL" and at > 4 and self.text[at - 4 : at].lower() == "<?xm":
            self.xml = True  # PHP knows "<?xml" for what it is only if something stands before it
            return self._tag
        elif sign in _QUOTES and before != "\\":
            self.last = sign if self.last != sign else ""
            self._toggle(sign)
        return self._code

    def _declaration(self, sign: str, at: int) -> "_State":
        if sign == ">" and self._closes():
            return self._leave(at)
        if sign == "-" and self.text[at - 2 : at] == "!-":
            return self._comment
        if sign in "eE" and self.text[at - 6 : at].lower() == "doctyp":
            return self._tag
        if self.text[at - 1] != "\\":
            self._toggle(sign)
        return self._declaration

    def _comment(self, sign: str, at: int) -> "_State":
        # The two dashes may be those that opened it: "<!-->" is a whole comment.
        ends = sign == ">" and not self.quote and self.text[at - 2 : at] == "--"
        return self._leave(at) if ends else self._comment

    def _is_tag(self, at: int) -> bool:
        return self.text[at + 1 : at + 2] not in tuple(_SPACES)

    def _closes(self) -> bool:
        # A ">" pays for a "<" first, even inside quotes.
        if self.depth:
            self.depth -= 1
            return False
        return not self.quote

    def _toggle(self, sign: str) -> None:
        if sign in _QUOTES and self.quote in {"", sign}:
            self.quote = "" if self.quote else sign

    def _leave(self, at: int) -> "_State":
        self.begin, self.quote = at + 1, ""
        return self._plain


_State = Any  # a method of `_Stripper`; its type would contain itself
