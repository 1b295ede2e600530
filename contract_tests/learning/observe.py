"""Asks a service what it makes of an input, and tells how a refusal looks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from contract_tests.guard.exchange import Exchange
from contract_tests.learning.presentation import Look, texts_in
from contract_tests.learning.refusals import look_at
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import MISSING, Undecided, Unlisted
from contract_tests.probes.trials import Trial, Trials, Tried
from contract_tests.target.api import TargetResponse
from mock_server.document.treatments import TWICE, SentInput, spelled

# What stands between the texts of a field that was sent more than once, if a service joins them.
BETWEEN = ","

# A text that looks otherwise in small letters and as HTML, and how refusals may repeat it.
SIGNED = 'Un"li<st>ed&W\\ord'
_FORMS = ("lower", "html", "lower:html", "lower:json", "lower:repr")
# A literal has signs around the text.
LITERALS: Mapping[str, Callable[[str], str]] = {"json": partial(json.dumps, ensure_ascii=False), "repr": repr}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial. `look` is that of a refusal; else `shown`, `before` and `row` are those of `Tried`.

    `repeated` is the text that a refusal repeats of several that were sent, empty if none.
    """

    trial: Trial
    response: TargetResponse
    exchange: Exchange
    look: Look | None
    shown: Any = MISSING
    before: Any = MISSING
    row: Mapping[str, Any] | None = None
    repeated: str = ""

    @property
    def status(self) -> int:
        """The status of the response."""
        return self.response.status


class Observer(Trials):
    """Makes trials, and tells how refusals look. `everywhere` are the headers of every response."""

    def __init__(self, prober: Prober, everywhere: Mapping[str, str]) -> None:
        super().__init__(prober)
        self.everywhere = dict(everywhere)

    def create(self, trial: Trial, form: Mapping[str, str], told: Mapping[str, str] | None = None) -> Outcome:
        """Create with one field treated, look at the row, and delete it."""
        return self.outcome(self.try_create(trial, form), told)

    def update(self, trial: Trial, told: Mapping[str, str] | None = None) -> Outcome:
        """Update a standing row with one field treated, and look at it before and after."""
        return self.outcome(self.try_update(trial), told)

    def spelling(self, trial: Trial) -> str:
        """Return in which form the refusal of SIGNED repeats it, empty if as it was sent, or not at all."""
        try:
            update = trial.operation == "update"
            outcome = self.update(trial) if update else self.create(trial, self.least(trial.kind))
        except (Undecided, Unlisted):
            return ""
        told = "\n".join([] if outcome.look is None else texts_in(outcome.look.value))
        if literal := re.search(r"\{value:(json|repr)\}", told):
            return literal[1]
        forms = (form for form in _FORMS if "{value" not in told and _in_form(SIGNED, form) in told)
        return next(forms, "")

    def outcome(self, tried: Tried, told: Mapping[str, str] | None = None) -> Outcome:
        """Return what came of a trial, with the look of a refusal. `told` are facts that its texts may repeat."""
        trial, response, look, repeated = tried.trial, tried.response, None, ""
        if not tried.is_taken:
            facts = {"field": trial.field, **(told or {})}
            given = self._as_sent(trial)  # a guard makes a name longer, which no response shows
            repeated = _repeated(given, response)
            value = repeated or (given.texts[-1] if given.text is None and given.texts else given.text)
            words = set(re.findall(r"\w+", response.body.decode(errors="replace")))
            # A refusal that lists all types does not repeat the one that was sent.
            if value is not None and not (
                value in self.facts.types and len(words & self.facts.types.keys()) > 2
            ):
                facts["value"] = value
            if tried.id is not None:
                facts["id"] = str(tried.id)
            look = look_at(response, tried.exchange, facts, self.everywhere)
            look = look._replace(value=keyed(look.value, trial.field, "{field"))
        return Outcome(trial, response, tried.exchange, look, tried.shown, tried.before, tried.row, repeated)


def keyed(value: Any, field: str, telling: str = "") -> Any:
    """Return a body in which a key that is the field's name is a placeholder, if what stands there has `telling`.

    >>> keyed({"errors": {"name": ["{field} is empty"]}, "type": "name"}, "name")
    {'errors': {'{field}': ['{field} is empty']}, 'type': 'name'}
    """
    if isinstance(value, dict):
        return {
            ("{field}" if key == field and telling in repr(each) else key): keyed(each, field, telling)
            for key, each in value.items()
        }
    return [keyed(each, field, telling) for each in value] if isinstance(value, list) else value


def _in_form(text: str, form: str) -> str:
    for step in form.split(":"):
        text = LITERALS[step](text) if step in LITERALS else spelled(text, step)
    return text


def _repeated(given: SentInput, response: TargetResponse) -> str:
    """Return which of several texts a refusal repeats, all of them joined or one; empty if it repeats none."""
    body = response.body.decode(errors="replace").replace("\\/", "/")
    texts = (BETWEEN.join(given.texts), *given.texts) if TWICE in given.how else ()
    return next((text for text in texts if text in body), "")
