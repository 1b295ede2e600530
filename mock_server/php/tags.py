"""PHP's ``strip_tags()``: not an HTML parser but a small machine, which texts from PHP forms have met.

Its habits are observable and kept: ``<`` before white space is text, quotes inside a tag hide ``>``, an
unclosed tag swallows the rest, and a ``<`` inside a tag wants a ``>`` of its own.
"""

import re
from collections.abc import Callable

_OPEN = re.compile(r"<(?![ \t\n\r\v\f])")
_IN_TAG = re.compile(r"""<(?![ \t\n\r\v\f])|[>"']|(?<=<)[!?]""")
# PHP knows "<?xml" for what it is only if something stands before it.
_IN_CODE = re.compile(r"""[()>"']|(?<=.<\?[xX][mM])[lL]""", re.DOTALL)
_IN_DECLARATION = re.compile(r"""(?<=!--)|[>"']|(?<=doctyp)e""", re.IGNORECASE)
_COMMENT_END = "-->"
_BRACKETS = {"(": 1, ")": -1}
_QUOTES = {'"', "'"}


def strip_tags(text: str) -> str:
    """Drop tags, comments and PHP code as ``strip_tags($text)`` does, in time linear in the text."""
    if "<" not in text:
        return text.replace("\0", "") if "\0" in text else text
    return _Stripper(text).run()


class _Stripper:
    """One walk over a text; each method reads one state from ``at`` on and names the next (None: the end)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.kept: list[str] = []
        self.depth = 0  # how many "<" inside a tag still want their ">"
        self.quote = ""  # the quote that is open in a tag, or ""
        self.xml = False

    def run(self) -> str:
        state: Callable[[], _State] | None = self._plain
        while state is not None:
            state = state()
        return "".join(self.kept).replace("\0", "")

    def _plain(self) -> "_State":
        found = _OPEN.search(self.text, self.at)
        chunk = self.text[self.at : found.start() if found else None]
        if self.depth:  # a comment ended while a "<" around it still wants its ">"
            paid = min(self.depth, chunk.count(">"))
            chunk, self.depth = chunk.replace(">", "", paid), self.depth - paid
        self.kept.append(chunk)
        if found is None:
            return None
        self.at = found.end()
        return self._tag

    def _closes(self) -> bool:
        # A ">" pays for a "<" first, even inside quotes.
        if self.depth:
            self.depth -= 1
            return False
        return not self.quote

    def _toggle(self, quote: str) -> None:
        if not self.quote:
            self.quote = quote
        elif self.quote == quote:
            self.quote = ""

    def _leave(self, at: int) -> "_State":
        self.at, self.quote = at, ""
        return self._plain

    def _tag(self) -> "_State":
        for found in _IN_TAG.finditer(self.text, self.at):
            sign = found[0]
            if sign == "<":
                self.depth += not self.quote
            elif sign == ">":
                if self._closes() and not (self.xml and self.text[found.start() - 1] == "-"):
                    self.xml = False
                    return self._leave(found.end())
            elif sign in "!?":
                self.at = found.end()
                return self._declaration if sign == "!" else self._code
            else:
                self._toggle(sign)
        return None

    def _code(self) -> "_State":
        last, brackets = "<", 0
        for found in _IN_CODE.finditer(self.text, self.at):
            sign, before = found[0], self.text[found.start() - 1]
            if sign in _BRACKETS:
                if last not in _QUOTES:
                    last, brackets = sign, brackets + _BRACKETS[sign]
            elif sign == ">":
                if self._closes() and not brackets and last != '"' and before == "?":
                    return self._leave(found.end())
            elif sign in "lL":
                self.xml, self.at = True, found.end()
                return self._tag
            elif before != "\\":
                last = sign if last != sign else ""
                self._toggle(sign)
        return None

    def _declaration(self) -> "_State":
        for found in _IN_DECLARATION.finditer(self.text, self.at):
            sign = found[0]
            if sign == ">":
                if self._closes():
                    return self._leave(found.end())
            elif sign == "":
                self.at = found.start()
                return self._comment
            elif sign in "eE":
                self.at = found.end()
                return self._tag
            elif self.text[found.start() - 1] != "\\":
                self._toggle(sign)
        return None

    def _comment(self) -> "_State":
        # The two dashes may be those that opened it: "<!-->" is a whole comment.
        end = -1 if self.quote else self.text.find(_COMMENT_END, self.at - 2)
        return self._leave(end + 3) if end >= 0 else None


_State = Callable[[], "_State"] | None
