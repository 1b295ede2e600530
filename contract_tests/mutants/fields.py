"""Services that lose a field of a form, one for each field and way."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from contract_tests.mutants.mutant import Kind, Mutant
from contract_tests.mutants.wire import Wire

Form = dict[str, str]


def field_mutants(wire: Wire) -> Iterator[Mutant]:
    """Yield, for each field: a create that drops it, an update that forgets it, and one that resets it."""
    facts = wire.facts
    shared = set(facts.form.values())
    own = {field for fields in facts.types.values() for field in fields}
    for field in sorted(own | shared):
        if field != facts.form.get("enabled"):
            begin = wire.in_forms(_dropping(field), "create")
            yield Mutant(_id("create-drops", field), Kind.BUG, f"A create loses {field}.", begin)
        begin = wire.in_forms(_dropping(field), "update")
        yield Mutant(_id("update-forgets", field), Kind.BUG, f"An update does not take {field}.", begin)
        if field not in shared:
            begin = wire.in_forms(_emptying(field), "update")
            yield Mutant(_id("update-empties", field), Kind.BUG, f"An update empties {field}.", begin)
    for name in (facts.form["name"], facts.form["enabled"]):
        begin = wire.in_forms(_resetting(name), "update")
        yield Mutant(_id("update-resets", name), Kind.BUG, f"An update without {name} empties it.", begin)


def _id(what: str, field: str) -> str:
    return f"{what}-{field}".replace("_", "-")


def _dropping(field: str) -> Callable[[Form], None]:
    def drop(form: Form) -> None:
        form.pop(field, None)

    return drop


def _emptying(field: str) -> Callable[[Form], None]:
    def empty(form: Form) -> None:
        if field in form:
            form[field] = ""

    return empty


def _resetting(field: str) -> Callable[[Form], None]:
    def reset(form: Form) -> None:
        form.setdefault(field, "")

    return reset
