"""Forms to send: the document's examples, each time a little different, so that one row is never taken for another."""

from __future__ import annotations

from itertools import count

from contract_tests.document.facts import Facts

# Texts that break where bytes are taken for characters, or characters for 16 bits.
UNICODE = ("Zażółć gęślą jaźń", "Пожар на складе", "日本語の通知", "Fire 🔥 alert 👩‍🚒")


class Samples:
    """Makes forms. All hosts are reserved ones, since they are the document's own."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._numbers = count(1)

    def form(self, type_name: str, prefix: str = "") -> dict[str, str]:
        """Return a create of a type with all of its own fields and a name that no other sample has."""
        names, example = self._facts.form, self._facts.examples.get(type_name, {})
        name = prefix or example.get(names["name"], type_name)
        form = {names["name"]: f"{name} {next(self._numbers)}", names["type"]: type_name}
        return form | {field: self.value(field) for field in self._facts.types[type_name]}

    def value(self, field: str) -> str:
        """Return a text for a type's own field that no other sample has."""
        known = next((form[field] for form in self._facts.examples.values() if field in form), field)
        mark = f"s{next(self._numbers)}"
        return f"{mark}-{known}" if "@" in known else f"{known}-{mark}"

    def name(self, text: str = "Renamed") -> str:
        """Return a name that no other sample has."""
        return f"{text} {next(self._numbers)}"
