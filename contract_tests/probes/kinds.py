"""The handler types by what they are good for in a probe, and forms of them."""

from __future__ import annotations

from contract_tests.document import Facts
from contract_tests.probes.reading import Undecided


class Kinds:
    """Types of one document. Each form has the values of the document's own examples, which are reserved ones."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    @property
    def pair(self) -> str:
        """The type with the fewest own fields, but two at least. Raises Undecided if none exists."""
        found = [kind for kind, fields in self._facts.types.items() if len(fields) > 1]
        return self._some(sorted(found, key=lambda kind: len(self._facts.types[kind])), "two fields")

    @property
    def bare(self) -> str:
        """A type without own fields. Raises Undecided if none exists."""
        return self._some([kind for kind, fields in self._facts.types.items() if not fields], "no field")

    @property
    def mailbox(self) -> str:
        """A type with an e-mail address. Raises Undecided if none exists."""
        return self._some(self._showing("@"), "an e-mail address")

    @property
    def address(self) -> str:
        """A type with a URL. Raises Undecided if none exists."""
        return self._some(self._showing("://"), "a URL")

    @property
    def plain(self) -> str:
        """A type that any create can have: the bare one, or the first with an example."""
        bare = [kind for kind, fields in self._facts.types.items() if not fields]
        return self._some([*bare, *self._facts.examples], "an example")

    def form(self, kind: str, name: str | None) -> dict[str, str]:
        """Return a whole form of a type, without a name for None. Raises Undecided if the type has no example."""
        example = dict(self._facts.examples.get(kind, {}))
        if self._facts.types[kind] and not example:
            raise Undecided(f"the document has no example of the type {kind}")
        form = example | {self._facts.form["type"]: kind}
        form.pop(self._facts.form["name"], None)
        return form if name is None else {self._facts.form["name"]: name, **form}

    def _showing(self, sign: str) -> list[str]:
        examples = self._facts.examples
        fields = {kind: own for kind, own in self._facts.types.items() if len(own) == 1 and kind in examples}
        return [kind for kind, (field,) in fields.items() if sign in examples[kind].get(field, "")]

    def _some(self, found: list[str], what: str) -> str:
        if not found:
            raise Undecided(f"the document has no type with {what}")
        return found[0]
