"""Probes of the questions about one input of a form: it is sent in some way, and the reaction is the answer.

Such a question needs no probe of its own. Add it to QUESTIONS with the operation, the words of the inputs, and how to
treat them. The document's rows say what becomes of them under each answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from contract_tests.document import Facts, FormWords
from contract_tests.judge.verdicts import a, said
from contract_tests.probes.observations import renaming
from contract_tests.probes.prober import Probe, Prober
from contract_tests.probes.reading import (
    MISSING,
    Answered,
    Finding,
    Outside,
    Unknown,
    accepted,
    shown,
)
from contract_tests.probes.trials import DIRTY, FOREIGN, UNKNOWN, Trials, Tried
from mock_server.document.rows import Reaction
from mock_server.document.treatments import NOT_UTF_8

# The operation, and pairs of an input (see `Trials.input`) and its treatment.
QUESTIONS: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "required-field-missing": ("create", (("name", "absent"), ("type", "absent"))),
    "blank-name": ("create", (("name", "blank"),)),
    "type-not-allowed": ("create", (("type", "not-listed"),)),
    "malformed-contact": ("create", (("address", "not-email"), ("url", "not-url"))),
    "field-of-another-type": ("create", ((FOREIGN, "any"),)),
    "unknown-field": ("update", ((UNKNOWN, "any"),)),
    "text-too-long": ("update", (("name", "longer-than"),)),
    "text-cleaning": ("update", (("name", "padded"), ("name", "tags"), ("name", "quotes"))),
    "array-field": ("update", (("name", "array"),)),
    "invalid-utf-8": ("update", (("name", "not-utf-8"),)),
    "update-type-not-allowed": ("update", (("type", "not-listed"),)),
    "update-empty-name": ("update", (("name", "empty"),)),
}


# The answers by whether a handler is on after `off`, and after `true`.
_CASTS: Mapping[object, str] = {
    (False, False): "integer-cast",
    (True, True): "php-truthiness",
    (False, True): "any-spelling",
}


class _Seen(NamedTuple):
    """An input that was tried: the word for it, and the result."""

    word: str
    tried: Tried

    @property
    def how(self) -> str:
        """The result in words."""
        tried, about = self.tried, self.tried.trial.says
        if not tried.is_taken:
            return f"{about}: refused with {said(tried.response)}"
        if self.word in {FOREIGN, UNKNOWN}:
            return f"{about}: {'ignored' if tried.shown is MISSING else f'shown as {shown(tried.shown)}'}"
        if tried.trial.operation == "create" or tried.shown is MISSING:
            return f"{about}: accepted"
        if tried.shown == tried.before:
            return f"{about}: accepted, and changes nothing"
        if NOT_UTF_8 in tried.trial.sent.how and "\ufffd" in str(tried.shown):
            return f"{about}: kept, with U+FFFD in place of what is not"
        if tried.shown == tried.trial.sent.text:
            return f"{about}: kept as sent"
        return f"{about}: becomes {shown(tried.shown)}"


def _find(question: str, prober: Prober) -> Finding:
    """Try the inputs, and return the answer whose rows predict all that was seen."""
    operation, inputs = QUESTIONS[question]
    if prober.spares and question == "text-cleaning" and not prober.knows(("texts", "quotes")):
        inputs = (("name", DIRTY),)
    trials, seen = Trials(prober), list[_Seen]()
    for word, treatment in inputs:
        tried = trials.tried(operation, word, treatment)
        accepted(tried.response, f"{operation} with {tried.trial.says}")
        seen.append(_Seen(word, tried))
    how = f"{'; '.join(each.how for each in seen)}."
    if any(each.word == FOREIGN and each.tried.shown is not MISSING for each in seen):
        return Outside("A field of another type is stored in the settings.")
    if operation == "update" and prober.once(renaming).blanked:
        # Any update blanks the type, so what it was before does not matter.
        seen = [
            each._replace(tried=replace(each.tried, before="")) if each.word == "type" else each
            for each in seen
        ]
    left = {
        answer: facts
        for answer, facts in prober.expectations.by_answer(question, lambda facts: facts).items()
        if all(_is_foretold(_reaction(facts, operation, each), each.tried) for each in seen)
    }
    if len(left) > 1:  # they differ in the status of a refusal
        left = {answer: facts for answer, facts in left.items() if _statuses(facts, operation, seen)}
    if not left:
        return Outside(how)
    if len(left) > 1:
        return Unknown(f"several answers explain it: {', '.join(left)}")
    answer, facts = next(iter(left.items()))
    for each in seen:
        row = _reaction(facts, operation, each).row
        if row is not None and row.refusal:
            prober.note(row.refusal, each.tried.response, f"{a(operation)} with {each.tried.trial.says}")
    return Answered(answer, how)


def _form(facts: Facts, operation: str) -> FormWords:
    return facts.create_form if operation == "create" else facts.update_form


def _reaction(facts: Facts, operation: str, seen: _Seen) -> Reaction:
    """Return what the document says about an input."""
    form, sent = _form(facts, operation), seen.tried.trial.sent
    if seen.word == FOREIGN:
        return form.walk_foreign(sent.text or "")
    if seen.word == UNKNOWN:
        return form.walk_unknown(sent.text or "")
    return form.walks[seen.tried.trial.field](sent)


def _is_foretold(reaction: Reaction, tried: Tried) -> bool:
    """Tell whether a reaction is what was seen; of a create, only whether it is refused."""
    if reaction.outcome == "refuse" or not tried.is_taken:
        return reaction.outcome == "refuse" and not tried.is_taken
    if tried.trial.operation == "create" or tried.shown is MISSING is tried.before:
        return True
    expected = tried.before if reaction.outcome in {"keep", "drop", "omit"} else reaction.value
    return bool(tried.shown == expected)


def _statuses(facts: Facts, operation: str, seen: list[_Seen]) -> bool:
    """Tell whether each refusal has the status that the document says."""
    rows = [_reaction(facts, operation, each).row for each in seen]
    return all(
        row is None
        or not row.refusal
        or facts.refusal(operation, row.refusal).status == each.tried.response.status
        for row, each in zip(rows, seen, strict=True)
    )


def _own_field_unsent(prober: Prober) -> Finding:
    """Create with only a name and a type, and look at the type's last field."""
    kind = prober.kinds.pair
    Trials(prober).standing(kind)  # to learn the keys of the settings
    row, field = Trials(prober).unsent(kind), prober.facts.types[kind][-1]
    if row is None:
        return Answered("refused", "A create without it is refused.")
    settings = prober.settings(row)
    if field not in settings:
        return Answered("omitted")
    return (
        Answered("empty") if settings[field] == "" else Outside(f"It is stored as {shown(settings[field])}.")
    )


def _is_enabled_text(prober: Prober) -> Finding:
    """Send `off` and `true` to a row that is on, and to one that is off."""
    trials, made = Trials(prober), dict[str, bool | None]()
    for text, is_on in (("off", True), ("true", False)):
        tried = trials.spelled(text, to_on=is_on)
        accepted(tried.response, f"an update with is_enabled={text}")
        made[text] = tried.shown if tried.is_taken else None
    words: Mapping[tuple[str, bool | None], str] = {
        ("off", True): "leaves a handler on", ("off", False): "switches a handler off",
        ("true", True): "switches a handler on", ("true", False): "leaves a handler off",
    }  # fmt: skip
    how = [f"`{text}` {words.get((text, is_on), 'is refused')}" for text, is_on in made.items()]
    sentence = f"Beside `1` and `0`, {' and '.join(how)}. Others were not tried."
    answer = _CASTS.get((made["off"], made["true"]))
    return Outside(sentence) if answer is None else Answered(answer, sentence)


def _asked(operation: str) -> dict[str, Probe]:
    return {
        name: Probe("writes", partial(_find, name))
        for name, asked in QUESTIONS.items()
        if asked[0] == operation
    }


# Requests to one row follow each other: if another row is written to in between, the guard must look at the row again.
PROBES = {
    **_asked("create"),
    "own-field-unsent": Probe("writes", _own_field_unsent),
    "is-enabled-text": Probe("writes", _is_enabled_text),
    **_asked("update"),
}
