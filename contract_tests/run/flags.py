"""The options of a run, once for both command lines, pytest's and `bitpeak-mock check`'s, and for the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from contract_tests.run.run import PROFILES
from contract_tests.run.stop import Code, Stop

PREFIX = "BITPEAK_CHECK_"
SUITES = ("questions", "page", "lifecycle", "paging", "refusals", "clients", "model", "schema", "links")

_SWITCH = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(("0", "false", "no", "off"), False)


@dataclass(frozen=True, slots=True)
class Flag:
    """One option. A `list` may be repeated; commas separate its values in the variable."""

    name: str
    help: str
    kind: Literal["text", "list", "switch", "number"] = "text"
    metavar: str = ""
    choices: tuple[str, ...] = ()
    hidden: bool = False

    @property
    def key(self) -> str:
        """The name as Python spells it."""
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """The environment variable."""
        return PREFIX + self.key.upper()

    def read(self, text: str) -> Any:
        """Read the variable's text. Raises Stop."""
        if self.kind == "switch":
            value = _SWITCH.get(text.strip().lower())
            if value is None:
                raise Stop(Code.USAGE, f"{self.variable} is {text!r}, write 1 or 0.")
            return value
        parts = [part.strip() for part in text.split(",") if part.strip()] if self.kind == "list" else [text]
        for part in parts:
            if self.choices and part not in self.choices:
                raise Stop(
                    Code.USAGE, f"{self.variable} says {part!r}, choose from {', '.join(self.choices)}."
                )
            if self.kind == "number" and not (part.isascii() and part.isdecimal()):
                raise Stop(Code.USAGE, f"{self.variable} is {part!r}, write a number.")
        if self.kind == "list":
            return parts
        return int(text) if self.kind == "number" else text


FLAGS = (
    Flag("base-url", "The API's base URL, such as https://bitpeak.ru/api.", metavar="URL"),
    Flag("api-key-file", "A file with the API key, for workers one a line; else BITPEAK_API_KEY.", metavar="FILE"),
    Flag("other-key-file", "A file that holds the key of a second account.", metavar="FILE"),
    Flag("allow-writes", "Create handlers on a target that is not this computer, and delete them again.", "switch"),
    Flag("allow-plain-http", "Send the key over http to a target that is not this computer.", "switch"),
    Flag("document", "The OpenAPI document to hold the target against, in place of the packaged one.", metavar="FILE"),
    Flag("overlay", "An OpenAPI Overlay: a departure that you accept. May be repeated.", "list", "FILE|NAME"),
    Flag("answer", "A known answer to an open question. May be repeated.", "list", "QUESTION=ANSWER"),
    Flag("profile", "How much to do: quick unless you say otherwise.", choices=tuple(PROFILES)),
    Flag("suite", "Run this suite only. May be repeated.", "list", choices=SUITES),
    Flag("max-requests", "Send no more requests than this; the clean-up comes on top.", "number", "N"),
    Flag("rate", "Send no more requests a minute than this: 50, without limit to this computer.", "number", "N"),
    Flag("ledger-dir", "Where to note what is created, .bitpeak-ledger unless you say otherwise.", metavar="DIR"),
    Flag("seed", "Repeat the generated tests of the run that named this seed.", "number", "N"),
    Flag("examples", "Keep failing examples in this folder and try them first; runs may share it.", metavar="DIR"),
    Flag("junit", "Write JUnit XML to this file.", metavar="FILE"),
    Flag("json", "Write the report as JSON to this file.", metavar="FILE"),
    Flag("html", "Write the report as one HTML page to this file.", metavar="FILE"),
    Flag("record", "Write every exchange, without keys and rows of others, to this file.", metavar="FILE"),
    Flag("format", "The report on standard output: text for people, json for programs.", choices=("text", "json")),
    Flag("no-color", "Print without colours; NO_COLOR says the same.", "switch"),
    Flag("treat-as-live", "Treat this computer as if it were somebody else's.", "switch", hidden=True),
)  # fmt: skip


def with_environment(given: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return each option's value by its key: what is given, else its variable, else None. Raises Stop."""
    values: dict[str, Any] = {}
    for flag in FLAGS:
        value = given.get(flag.key)
        if value in (None, False, (), []) and (text := environment.get(flag.variable, "")):
            value = flag.read(text)
        values[flag.key] = None if value in ((), [], "") else value
    return values
