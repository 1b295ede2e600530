"""The query of a list: what was asked for and accepted, and what was not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from mock_server.api.context import Context
from mock_server.contract import Parameter
from mock_server.php import parse_query
from mock_server.refusal import Refusal


@dataclass
class Asked:
    """The query's values by role. `accepted`: the parameters, in the document's order, that links may repeat.

    `equal`: property to wanted value, for the parameters with the role "equals"; `page_text`: `page` as it was sent.
    """

    declared: tuple[Parameter, ...]
    values: Mapping[str, int | str]
    equal: Mapping[str, int | str]
    accepted: tuple[tuple[str, str], ...]
    page_text: str | None

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """The operation's parameters by role."""
        return {parameter.role or "": parameter for parameter in self.declared}

    @property
    def repeated(self) -> str:
        """The accepted parameters, but for the page, as a query string."""
        return "&".join(f"{quote(name, safe='')}={quote(text, safe='')}" for name, text in self.accepted)


def read_parameters(call: Context) -> Asked:
    """Read the query. Raises Refusal where the document refuses an invalid value instead of ignoring it."""
    texts = parse_query(call.query) if call.query else {}
    values: dict[str, int | str] = {}
    equal: dict[str, int | str] = {}
    accepted: list[tuple[str, str]] = []
    page_text = None
    for parameter in call.operation.query:
        role = parameter.role or ""
        text = texts.pop(parameter.name, None)
        value = parameter.default if text is None else _value(call, parameter, text)
        if value is None:
            continue
        if role == "page":
            page_text = text
        elif text is not None and parameter.admits(parameter.cast(text)):
            accepted.append((parameter.name, text))
        if role == "equals":
            equal[parameter.properties.get(parameter.name, parameter.name)] = value
        else:
            values[role] = value
    for name in texts:
        call.violate(
            "unknown-parameter",
            f"The parameter {name[:60]!r} is none of this operation's and is ignored: remove it.",
        )
    return Asked(call.operation.query, values, equal, tuple(accepted), page_text)


def _value(call: Context, parameter: Parameter, text: str) -> int | str | None:
    value = parameter.cast(text)
    if parameter.admits(value):
        if str(value) != text:
            call.violate(
                "loose-parameter", f"{parameter.name}={text[:60]!r} is read as {value}: send {value}."
            )
        return value
    if parameter.otherwise != "default":
        raise Refusal(parameter.otherwise)
    call.violate(
        "invalid-parameter",
        f"{parameter.name}={text[:60]!r} is not allowed and is ignored: send {_allowed(parameter, value)}.",
    )
    # A page below the first still shows in the `self` link, as the service's cast leaves it.
    return value if parameter.role == "page" and parameter.lenient else parameter.default


def _allowed(parameter: Parameter, value: int | str | None) -> str:
    if parameter.enum:
        return f"one of {', '.join(map(str, parameter.enum))}"
    if parameter.is_integer:
        return "a whole number from 1"
    # The end of the complaint says what is allowed; its beginning repeats what was sent, however long.
    return f"what the document allows (…{(parameter.check(value) or '')[-80:]})"
