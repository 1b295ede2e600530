"""Labels: what refusals call a field in place of its name, such as `Chat-Kennung` for `telegram_chat_id`.

Two refusals of a kind, of two fields, show whether a service has labels. Where they differ in one word or several, the
refusals of all other fields have their labels, which one request tells if the service tells all problems at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from contract_tests.learning.fields import Place, Table
from contract_tests.learning.order import body_of
from contract_tests.learning.presentation import Look, reworded, shared_start, texts_in
from contract_tests.learning.reactions import Observer, Outcome, keyed
from contract_tests.probes.reading import Undecided, Unlisted
from contract_tests.probes.trials import FOREIGN, Trial, sent
from mock_server.document.treatments import spelled

LABEL = "{field:label}"
_WORDS = re.compile(r"\{field:(Words|words|camel)\}")
# Ways to send a field that a service may refuse whatever the field holds.
_WAYS = ("array", "file", "not-utf-8", "twice", "control", "line-break", "blank", "empty", "longer-than")


def learn_labels(observer: Observer, table: Table, order: Sequence[str]) -> dict[str, str]:
    """Return the labels of fields, and let all refusals show them by a placeholder; nothing if they have none.

    `order` is that of the fields in the document, in which they are sent.
    """
    own = [(name, kind) for kind, names in observer.facts.types.items() for name in names]
    own.sort(key=lambda each: order.index(each[0]))
    labels: dict[str, str] = {}
    for known in _known(observer, table):
        labels = _labels_by(observer, known, own)
        if labels:
            break
    required = {
        name: row.effect.value
        for name in (observer.facts.form["name"], observer.facts.form["type"])
        if (found := table.fields.get(Place("create", name)))
        for row in found.rows
        if (row.treatment, row.reaction) == ("absent", "refuse")
    }
    labels = labels_of(required) | labels
    if len(labels) > 2:
        _show(table, labels)
    return labels if len(labels) > 2 else {}


def _known(observer: Observer, table: Table) -> Iterator[Outcome]:
    """Yield refusals of fields that may have a label: of one of another type, else of one that is oddly sent."""
    seen = table.fields[Place("update", FOREIGN)].seen
    foreign = next((each for each in seen if each.look and each.trial.treatment == "any"), None)
    if foreign is not None:
        yield foreign
        return
    text = Place("update", observer.facts.types[observer.prober.kinds.pair][-1])
    refused = [each for each in table.fields[text].seen if each.look] if text in table.fields else []
    for way in _WAYS if observer.prober.spares else ():  # else each field was asked
        yield from [each for each in refused if each.trial.treatment == way][:1]


def _labels_by(observer: Observer, known: Outcome, own: list[tuple[str, str]]) -> dict[str, str]:
    """Return the labels that refusals of a kind show, given one such refusal; nothing if all look alike."""
    looks: dict[str, Any] = {known.trial.field: known.look and known.look.value}
    # The last one first: it shows, with the known one, whether one refusal of all tells them in this order.
    others = [each for each in reversed(own) if each[0] not in looks]
    for name, kind in others:
        if len(looks) == 2 and not labels_of(looks):
            return {}
        if len(looks) == 2 and (found := _told_at_once(observer, known, looks, own)):
            return found
        look = _refused(observer, known.trial.treatment, name, kind)
        if look is not None:
            looks[name] = look.value
    return labels_of(looks)


def _refused(observer: Observer, treatment: str, name: str, kind: str) -> Look | None:
    """Return how a field is refused that is treated so: in a row of another type if it is sent as any other."""
    try:
        if treatment == "any":
            trial = Trial("update", name, "any", sent(observer.good(kind, name)), observer.prober.kinds.plain)
            return observer.update(trial, {"owner": kind, "type": trial.kind}).look
        trial = Trial("create", name, treatment, observer.sample(kind, name, treatment), kind)
        return observer.create(trial, observer.least(kind)).look
    except (Undecided, Unlisted):
        return None


def _told_at_once(
    observer: Observer, known: Outcome, looks: Mapping[str, Any], own: list[tuple[str, str]]
) -> dict[str, str]:
    """Return the labels of all fields from one refusal of all of them, nothing if it does not tell each."""
    if known.trial.treatment != "any":
        return {}
    parts = [(name, observer.good(kind, name).encode(), False) for name, kind in own]
    try:
        response = observer.ask("update", parts, observer.prober.kinds.plain)
    except (Undecided, Unlisted):
        return {}
    texts = _differing({name: _written_out(value, name) for name, value in looks.items()})
    start, end = _around([*texts.values()])
    if not start and not end:
        return {}
    pattern = re.compile(f"(?:^|(?<=[\\s\"'>])){re.escape(start)}(.{{1,60}}?){re.escape(end)}", re.MULTILINE)
    labels = [
        label for text in texts_in(body_of(response)) for label in pattern.findall(text.replace("\xa0", " "))
    ]
    found = dict(zip((name for name, _ in own), labels, strict=False))
    is_told = len(labels) == len(own) and labels_of(looks).items() <= found.items()
    return found if is_told else {}


def labels_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Return in which words the refusals of several fields differ, by field; nothing if they differ in more.

    >>> labels_of({"email": {"e": "E-Mail fehlt."}, "slack": {"e": "Slack-Adresse fehlt."}})
    {'email': 'E-Mail', 'slack': 'Slack-Adresse'}
    """
    values = {name: _written_out(value, name) for name, value in values.items()}
    texts = _differing(values)
    start, end = _around([*texts.values()]) if texts else ("", "")
    labels = {name: text[len(start) : len(text) - len(end)] for name, text in texts.items()}
    if not labels or any(not label or "{" in label for label in labels.values()):
        return {}
    alike = {repr(keyed(_labelled(value, labels[name]), name, LABEL)) for name, value in values.items()}
    return labels if len(alike) == 1 else {}


def _written_out(value: Any, name: str) -> Any:
    """Return a body that shows a field's name as people write it, which is a label if other fields have other ones."""
    return reworded(value, lambda text: _WORDS.sub(lambda found: spelled(name, found[1]), text))


def _differing(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the first text of each body that is not the same in all, nothing if the bodies have other shapes."""
    texts = {name: texts_in(value) for name, value in values.items()}
    if len(texts) < 2 or len({len(each) for each in texts.values()}) > 1:
        return {}
    for number in range(min(map(len, texts.values()))):
        told = {name: each[number] for name, each in texts.items()}
        if len({*told.values()}) > 1:
            return told
    return {}


def _around(texts: list[str]) -> tuple[str, str]:
    """Return with which whole words several texts begin, and end."""
    start = re.sub(r"[\w-]+\Z", "", shared_start(texts))
    left = [text[len(start) :] for text in texts]
    end = shared_start([text[::-1] for text in left])[::-1]
    return start, re.sub(r"\A[\w-]+", "", end)


def _labelled(value: Any, label: str) -> Any:
    """Return a body with a placeholder for a label."""
    return reworded(value, lambda text: re.sub(rf"(?<![\w{{:-]){re.escape(label)}(?![\w}}-])", LABEL, text))


def _show(table: Table, labels: Mapping[str, str]) -> None:
    """Let all refusals show a placeholder for the label of their field, also if they are presumed of another field."""
    for at, found in table.fields.items():
        names = (at.field, *(each.trial.field for each in found.seen))
        own = {name: labels[name] for name in names if name in labels}
        for number, row in enumerate(found.rows):
            if row.reaction == "refuse":
                value = _labelled_by(row.effect.value, own) or _labelled_by(row.effect.value, labels)
                look = (
                    row.effect if value is None else row.effect._replace(value=keyed(value, at.field, LABEL))
                )
                found.rows[number] = replace(row, effect=look)


def _labelled_by(value: Any, labels: Mapping[str, str]) -> Any:
    """Return a body with a placeholder for the label that it has first, None if it has none of them."""
    if LABEL in repr(value):
        return value
    found = []
    for name, label in labels.items():
        labelled = _labelled(_written_out(value, name), label)
        if LABEL in (text := "\n".join(texts_in(labelled))):
            found.append((text.index(LABEL), -len(label), labelled))
    return min(found, key=lambda each: each[:2])[2] if found else None
