"""Probes of the questions about what an update keeps, changes and refuses, and what becomes of odd texts."""

from __future__ import annotations

from contextlib import suppress

from contract_tests.judge.verdicts import said
from contract_tests.probes.handler import ProbedHandler
from contract_tests.probes.observations import partial, renaming, type_change
from contract_tests.probes.probe import Probe
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import Answered, Finding, Outside, Undecided, accepted, refused

_NO_TYPE = "no-such-type"
_LONG_NAME, _LONG_VALUE = "n" * 300, "v" * 700
_DIRTY, _CLEAN = ' <b>Tom\'s</b> "x" ', "Tom&#39;s &#34;x&#34;"


def _update_keeps(prober: Prober) -> Finding:
    seen = prober.once(renaming)
    if seen.kept or seen.emptied:  # the latter is another question's affair
        return Answered("kept")
    if seen.blanked:
        return Answered("blanked", "No: an update of the name alone blanks the type and the settings.")
    return Outside("An update of the name alone changes the type or the settings.")


def _update_same_type(prober: Prober) -> Finding:
    seen, renamed = prober.once(partial), prober.once(renaming)
    if renamed.kept and seen.after == seen.first:
        return Answered("kept")
    if renamed.emptied and not seen.after:
        return Answered("reset")
    by_name = "kept" if renamed.kept else "emptied" if renamed.emptied else "changed"
    by_field = "kept" if seen.after == seen.first else "changed" if seen.after else "emptied"
    return Outside(f"Settings are {by_name} by a new name, and {by_field} where one of them is sent.")


def _update_type_change(prober: Prober) -> Finding:
    seen = prober.once(type_change)
    fields = {field for own in prober.facts.types.values() for field in own}
    after, before = seen.after.keys() & fields, seen.before.keys() & fields
    if after == {seen.field}:
        return Answered("rebuilt")
    if after == {seen.field, *before}:
        return Answered("merged")
    return Outside(f"After a change of type the settings have {', '.join(seen.after) or 'nothing'}.")


def _update_type_not_allowed(prober: Prober) -> Finding:
    row = prober.once(renaming).handler
    before = row.type
    answer = row.update(type=_NO_TYPE)
    if not accepted(answer, "an update to an unknown type"):
        return refused(answer)
    row.look()
    if row.type != before:
        return Outside(f"An update to a type that is not listed makes the type {row.type!r}.")
    return Answered("ignored")


def _text_too_long(prober: Prober) -> Finding:
    """Send a long name and, where the handler has a field for it, a long value."""
    row = prober.once(renaming).handler
    field = _value_field(prober, row)
    long = {"name": _LONG_NAME, **({field: _LONG_VALUE} if field else {})}
    if not accepted(answer := row.update(**long), "an update with a long name"):
        lengths = f"{len(_LONG_NAME)}{f' and a value of {len(_LONG_VALUE)}' if field else ''}"
        return refused(answer, f"An update with a name of {lengths} characters")
    row.look()
    longest = prober.facts.update_form.longest
    name = _fate(_LONG_NAME, row.name, longest(prober.facts.form["name"]), prober.terms.hidden)
    value = None
    if field is not None:
        value = _fate(_LONG_VALUE, row.settings.get(field), longest(field), 0)
    if name is None or value not in {None, name}:
        lengths = f"{len(row.name)} and {len(str(row.settings.get(field or '')))}"
        return Outside(f"A long name and a long value are stored with {lengths} characters.")
    if name == "kept":
        return Answered(name, f"A name of {len(_LONG_NAME)} characters is kept whole.")
    return Answered(name)


def _fate(sent: str, shown: object, longest: int | None, hidden: int) -> str | None:
    """Return what became of a long text: cut or kept; None if it is something else, such as masked."""
    if shown == sent:
        return "kept"
    if not isinstance(shown, str) or not sent.startswith(shown):
        return None
    return "cut" if longest is None or len(shown) == longest - hidden else None


def _value_field(prober: Prober, row: ProbedHandler) -> str | None:
    """Return a field of the handler's type that holds no address, None where updates have blanked the type."""
    with suppress(Undecided):
        prober.once(partial)  # it compares this field with what it was at first
    kind = prober.kinds.pair
    return prober.facts.types[kind][-1] if row.type == kind else None


def _text_cleaning(prober: Prober) -> Finding:
    row = prober.once(renaming).handler
    if not accepted(answer := row.update(name=_DIRTY), "an update with tags and quotes in the name"):
        return Outside(f"A name with tags and quotes is refused with {said(answer)}.")
    row.look()
    if row.name == _DIRTY:
        return Answered("kept")
    if row.name == _CLEAN:
        return Answered("cleaned")
    if row.name == _DIRTY.strip():
        return Outside("Outer blanks go; tags and quotes are stored as they were sent.")
    return Outside(f"`{_DIRTY}` becomes `{row.name}`.")


def _unknown_field(prober: Prober) -> Finding:
    row = prober.once(renaming).handler
    answer = row.update(**{"no-such-field": "1"})
    if accepted(answer, "an update with an unknown field"):
        return Answered("ignored")
    prober.note("invalid_field", answer, "an update with an unknown field")
    return refused(answer)


def _invalid_utf_8(prober: Prober) -> Finding:
    row = prober.once(renaming).handler
    answer = row.update_raw([(prober.facts.form["name"], b"a\xffb")])
    if not accepted(answer, "an update with a name that is not UTF-8"):
        prober.note("invalid_field", answer, "an update with a text that is not UTF-8")
        return refused(answer)
    row.look()
    if row.name == "a\ufffdb":
        return Answered("replaced")
    return Outside(f"It becomes {row.name!r}.")


def _is_enabled_text(prober: Prober) -> Finding:
    """Send `off` while enabled and `true` while disabled: a text that is ignored then shows too."""
    row = prober.once(renaming).handler
    if not row.is_enabled:
        return Outside("A new handler is disabled, or its first update has disabled it.")
    by_off = _switched(row, "off")
    is_on = _switched(row, "0") if by_off else by_off
    by_true = not is_on and _switched(row, "true")
    found = {(False, False): "integer-cast", (True, True): "php-truthiness", (False, True): "any-spelling"}
    answer = found.get((by_off, by_true))
    if answer is None:
        return Outside("Neither `off` nor `true` changes is_enabled.")
    return Answered(answer)


def _switched(row: ProbedHandler, text: str) -> bool:
    accepted(row.update(enabled=text), f"an update with is_enabled={text}")
    row.look()
    return row.is_enabled


PROBES = {
    "text-too-long": Probe("writes", _text_too_long),
    "text-cleaning": Probe("writes", _text_cleaning),
    "unknown-field": Probe("writes", _unknown_field),
    "invalid-utf-8": Probe("writes", _invalid_utf_8),
    "is-enabled-text": Probe("writes", _is_enabled_text),
    "update-keeps": Probe("writes", _update_keeps),
    "update-same-type": Probe("writes", _update_same_type),
    "update-type-change": Probe("writes", _update_type_change),
    "update-type-not-allowed": Probe("writes", _update_type_not_allowed),
}
