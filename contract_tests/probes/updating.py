"""Probes of the questions about what an update keeps, and what a delete shows."""

from __future__ import annotations

from contract_tests.judge.verdicts import said
from contract_tests.probes.observations import partial, renaming, type_change
from contract_tests.probes.probe import Probe
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import Answered, Finding, Outside, Undecided


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


def _delete_status(prober: Prober) -> Finding:
    answer = prober.first_delete()
    if answer is None:
        created, row = prober.create(prober.kinds.form(prober.kinds.plain, prober.name()))
        if row is None:
            raise Undecided(f"a plain create is answered {created.status}")
        answer = prober.discard(row)
    if answer.body:
        return Outside(f"A delete is answered {said(answer)}.")
    return prober.expectations.decide(
        "delete-status", answer.status, lambda facts: facts.operation("delete").success,
        f"A delete is answered {answer.status}.",
    )  # fmt: skip


PROBES = {
    "update-keeps": Probe("writes", _update_keeps),
    "update-same-type": Probe("writes", _update_same_type),
    "update-type-change": Probe("writes", _update_type_change),
    "delete-status": Probe("writes", _delete_status),  # by then one was deleted
}
