"""Makes generated forms harmless: no real addresses, a mark in each name, and no case that the document leaves open."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from contract_tests.document import Facts, FormWords
from contract_tests.generated.engine import RULES
from contract_tests.guard.body import contacts
from contract_tests.guard.ledger import Marker

Fields = Mapping[str, Mapping[str, Any]]

# What turns a text into a host or a mailbox, in any spelling.
_JOINTS = str.maketrans(dict.fromkeys(".@/\\:。．｡․＠／：", "_"))
# What text cleaning removes or makes longer.
_CLEANED = str.maketrans(dict.fromkeys("<>'\"", "_"))
# How PHP rewrites the names of fields.
_FILED = str.maketrans(" .", "__")
_HOST = "example.com"
_NO_ADDRESS = "not an address"
_NOT_LISTED = "not listed"


@dataclass(frozen=True, slots=True)
class Harmless:
    """Makes the forms of one operation harmless. `fields` are those of the loosened form, and `form` has their rows.

    A text that keeps a rule of the form's schema still keeps it afterwards. One that breaks a rule still breaks it.
    """

    facts: Facts
    form: FormWords
    fields: Fields
    addresses: Mapping[str, str]

    def apply(self, body: Mapping[str, Any], mark: str) -> dict[str, Any]:
        """Return the form to send in place of a generated one, with `mark` before its name."""
        fields: dict[str, Any] = {}
        for name, value in body.items():
            if name in self.fields:
                fields[name] = self._text(name, _spelled(value), mark)
            else:
                fields[self._unknown(name, len(fields))] = harmless(_spelled(value))
        fields = self._own(fields)
        return self._complete(fields)

    def _text(self, name: str, value: str, mark: str) -> str:
        rules = self.fields[name]
        if "maxLength" in rules and any(row.reaction == "change" for row in self.form.rows.fields[name]):
            # The document does not say whether a length counts before or after cleaning.
            value = value.translate(_CLEANED).strip()
        if not value and "enum" in rules and name not in self.form.required:
            return _NOT_LISTED  # the document does not say whether an empty text is wrong or missing
        if name == self.facts.form["name"]:
            return _named(value, rules, mark)
        if name in self.addresses:
            return self._address(value, rules, mailbox="@" in self.addresses[name])
        return harmless(value)

    def _address(self, value: str, rules: Mapping[str, Any], *, mailbox: bool) -> str:
        if "pattern" not in rules:  # any text will do, so part of each generated one is sent
            if not value or (("@" in value or "://" in value) and not contacts(value, address=True)):
                return value
            address = f"{value.translate(_JOINTS)}@{_HOST}" if mailbox else f"https://{_HOST}/{value}"
            return harmless(address)
        if ("@" not in value) if mailbox else ("//" not in value):
            return _NO_ADDRESS
        letters = "".join(sign for sign in value if sign.isascii() and sign.isalnum())
        return f"a{letters}@{_HOST}" if mailbox else f"https://{_HOST}/{quote(letters, safe='')}"

    def _unknown(self, name: str, number: int) -> str:
        """Return the name of an unknown field, changed if a reader could take it for another field or for none."""
        filed = name.partition("\0")[0].lstrip(" ").translate(_FILED)
        taken = filed in self.fields or "_method" in filed.lower() or contacts(name, address=True)
        odd = (
            not filed
            or "[" in name
            or (not self.form.ignores_unknown and not (name.isascii() and name.isidentifier()))
        )
        return f"unknown_{number}" if taken or odd else name

    def _own(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return a form without the fields of other types that are refused, or that no rule is meant for.

        If the form names no type, this concerns the fields of every type, since nothing tracks the handler's type here.
        """
        types = self.facts.types
        mine = types.get(fields.get(self.facts.form["type"], ""), ())
        others = self.facts.own_fields.difference(mine)
        if self.form.ignores_foreign:
            others = frozenset(n for n in others if not self.fields.get(n, {}).keys().isdisjoint(RULES))
        return {name: value for name, value in fields.items() if name not in others}

    def _complete(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return a form completed by the required fields of its type."""
        kind = fields.get(self.facts.form["type"], "")
        example = self.facts.examples.get(kind, {})
        for name in self.facts.types.get(kind, ()):
            if self.form.react(name, None).outcome == "refuse" and not fields.get(name):
                fields[name] = example.get(name, name)
        return fields


def harmless_form(facts: Facts, form: FormWords, loosened: Mapping[str, Any]) -> Harmless:
    """Return a Harmless for the forms of a loosened schema."""
    values = {name: text for example in facts.examples.values() for name, text in example.items()}
    return Harmless(
        facts=facts,
        form=form,
        fields=loosened["properties"],
        addresses={name: text for name, text in values.items() if "@" in text or "://" in text},
    )


def harmless(text: str) -> str:
    """Return a text that no service can take for somebody's address; a harmless text stays as it is."""
    if not contacts(text, address=True):
        return text
    text = text.translate(_JOINTS)
    return text if not contacts(text, address=True) else "x".join(text)


def _named(value: str, rules: Mapping[str, Any], mark: str) -> str:
    if not any(sign.isprintable() and not sign.isspace() for sign in value):
        # Services differ in what counts as blank; a space surely does.
        return " " if value and "pattern" in rules else ""
    most = rules.get("maxLength")
    name = f"{mark} {harmless(value)}"
    if most is None or len(value) > most:
        return name
    return name[: most - Marker.LENGTH].rstrip()  # leaves room for the guard's mark


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
