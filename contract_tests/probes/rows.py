"""Questions that rows of the behaviour table decide: what a row is about is sent, and the reaction tells the answer.

A question about one input needs no probe of its own. Add its name to QUESTIONS: the rows in which its answers differ
say what to send, and what becomes of it under each answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from contract_tests.document import FormWords
from contract_tests.judge.verdicts import said
from contract_tests.probes.handler import ProbedHandler, parts_of
from contract_tests.probes.observations import renaming
from contract_tests.probes.probe import Probe
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import Answered, Finding, Outside, Unknown, accepted, shown
from mock_server.document.treatments import FILE, TREATMENTS, SentInput

# In place of a value.
_REFUSED = object()

# Those that the rows of an update decide.
QUESTIONS = ("array-field", "update-empty-name")


def _find(question: str, prober: Prober) -> Finding:
    """Send what the answers' rows differ about in an update, until one answer is left that explains all reactions."""
    forms = prober.expectations.by_answer(question, lambda facts: facts.update_form)
    left, how = dict(forms), ""
    for field, sent in _samples(forms, prober):
        row = prober.once(renaming).handler
        before = _value(prober, row, field)
        answer = row.update_raw(parts_of(field, sent))
        outcome: Any = _REFUSED
        how = f"It is refused with {said(answer)}."
        if accepted(answer, f"an update with such a {field}"):
            row.look()
            outcome = _value(prober, row, field)
            how = f"It becomes {shown(outcome)}."
        left = {name: form for name, form in left.items() if _expected(form, field, sent, before) == outcome}
    if not how:
        return Unknown("the document's rows are the same under each answer")
    if len(left) == 1:
        return Answered(next(iter(left)), how)
    return Outside(how) if not left else Unknown(f"several answers explain it: {', '.join(left)}")


def _samples(forms: Mapping[str, FormWords], prober: Prober) -> Iterator[tuple[str, SentInput]]:
    """Yield the field, and what to send in it, of each row that not all answers have."""
    form = next(iter(forms.values()))
    fields = sorted(form.fields, key=lambda name: name != prober.facts.form["name"])
    for field in fields:
        lists = [each.rows.fields[field] for each in forms.values()]
        everywhere = set.intersection(*({str(row) for row in rows} for rows in lists))
        rows = {
            (row.treatment, row.argument): row for each in lists for row in each if str(row) not in everywhere
        }
        for treatment, argument in rows:
            samples = TREATMENTS[treatment].samples(prober.name(), argument, form.fields[field])
            yield from ((field, sent) for sent in samples[:1] if FILE not in sent.how)
        if rows:
            return


def _value(prober: Prober, row: ProbedHandler, field: str) -> Any:
    """Return what a handler last showed of a field."""
    word = next((word for word, name in prober.facts.form.items() if name == field), "")
    return row.shown.get(prober.facts.row[word]) if word else row.settings.get(field)


def _expected(form: FormWords, field: str, sent: SentInput, before: Any) -> Any:
    """Return what a field shows after an update, by the form's rows, if it showed `before`."""
    reaction = form.walks[field](sent)
    if reaction.outcome == "refuse":
        return _REFUSED
    return before if reaction.outcome in {"keep", "drop", "omit"} else reaction.value


PROBES = {question: Probe("writes", partial(_find, question)) for question in QUESTIONS}
