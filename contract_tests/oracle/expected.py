"""What a handler must be after given steps, computed from the document's words and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from contract_tests.document.words import Form, Words
from contract_tests.oracle.texts import is_on, stored, violates


@dataclass(frozen=True, slots=True)
class Handler:
    """A handler as it must be stored. `settings` are not masked; `updated` tells whether any update was made.

    `uncertain` are settings of which the document does not say what became of them: any value, or none, is right.
    """

    type: str
    name: str
    settings: Mapping[str, str]
    enabled: bool
    updated: bool = False
    uncertain: frozenset[str] = field(default=frozenset())


class Expected:
    """The oracle: what creates and updates lead to. Forms are mappings from field name to text."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self._names = words.facts.form

    def created(self, sent: Mapping[str, str]) -> Handler:
        """Return what a create makes that is not refused."""
        words, form = self.words, self.words.create_form
        switch = self._names.get("enabled", "")
        reads_switch = switch in form.fields and switch in sent
        type_name = sent[self._names["type"]]
        return Handler(
            type=type_name,
            name=stored(sent[self._names["name"]], form.fields[self._names["name"]]),
            settings=self._fresh(type_name, sent, words.create_form),
            enabled=is_on(sent[switch], form.fields[switch]) if reads_switch else True,
        )

    def updated(self, before: Handler, sent: Mapping[str, str]) -> Handler:
        """Return what an update makes of a handler that is not refused."""
        form, names = self.words.update_form, self._names
        name, switch = sent.get(names["name"]), names.get("enabled", "")
        if name is not None and not _is_ignored(form, names["name"], name):
            before = replace(before, name=stored(name, form.fields[names["name"]]))
        if switch in sent:
            before = replace(before, enabled=is_on(sent[switch], form.fields[switch]))
        before = replace(before, updated=True)
        if self.words.update["unsent"] == "blanked":
            return replace(before, type="", settings={}, uncertain=frozenset())
        wanted = sent.get(names["type"], before.type)
        type_name = before.type if _is_ignored(form, names["type"], wanted) else wanted
        if type_name == before.type:
            return self._same_type(before, sent)
        return self._other_type(before, type_name, sent)

    def refused_create(self, sent: Mapping[str, str]) -> str | None:
        """Return the name of the refusal that a create gets, None where it is accepted.

        The plan's limit is no matter of the form: see Own.create.
        """
        form = self.words.create_form
        if refusal := self._unwanted(sent.get(self._names["type"], ""), sent, form):
            return refusal
        own = self.words.facts.types.get(sent.get(self._names["type"], ""), ())
        needed = [*form.required, *(own if form.unsent == "refused" else ())]
        return _refused(form, self._available(own, sent), needed)

    def refused_update(self, before: Handler, sent: Mapping[str, str]) -> str | None:
        """Return the name of the refusal that an update gets, None where it is accepted."""
        form, type_field = self.words.update_form, self._names["type"]
        wanted = sent.get(type_field, before.type)
        type_name = before.type if violates(wanted, "enum", form.fields[type_field]) else wanted
        own = self.words.facts.types.get(type_name, ())
        return self._unwanted(type_name, sent, form) or _refused(form, self._available(own, sent), ())

    def is_certain(self, before: Handler, sent: Mapping[str, str]) -> bool:
        """Tell whether the document says what an update does; the suites leave out the few that it does not.

        A list cannot show merged settings, and to which type a blanked handler's own fields belong nobody knows.
        """
        merged = self.words.update["type-change"] == "merged"
        type_field = self._names["type"]
        if merged and self.words.shape(sent.get(type_field, "")).container == "array":
            return False
        own = sent.keys() & {name for fields in self.words.facts.types.values() for name in fields}
        return not (own and not before.type and type_field not in sent)

    def _unwanted(self, type_name: str, sent: Mapping[str, str], form: Form) -> str | None:
        service, types = self.words.service, self.words.facts.types
        if sent.keys() - form.fields.keys() and service["unknown-fields"] != "ignored":
            return str(service["unknown-fields"])
        if type_name in types and self._available(types[type_name], sent).keys() != sent.keys():
            return None if service["foreign-fields"] == "ignored" else str(service["foreign-fields"])
        return None

    def _available(self, own: Iterable[str], sent: Mapping[str, str]) -> dict[str, str]:
        """Return what was sent without the fields of other types."""
        others = {name for names in self.words.facts.types.values() for name in names} - set(own)
        return {name: text for name, text in sent.items() if name not in others}

    def _own(self, type_name: str, sent: Mapping[str, str], form: Form) -> dict[str, str]:
        names = self.words.facts.types.get(type_name, ())
        return {name: stored(sent[name], form.fields[name]) for name in names if name in sent}

    def _fresh(self, type_name: str, sent: Mapping[str, str], form: Form) -> dict[str, str]:
        own, fresh = self._own(type_name, sent, form), {}
        for key, constant in self.words.shape(type_name).constants.items():
            if key in own:
                fresh[key] = own[key]
            elif constant is not None or form.unsent != "omitted":
                fresh[key] = constant or ""
        return fresh

    def _same_type(self, before: Handler, sent: Mapping[str, str]) -> Handler:
        form = self.words.update_form
        if self.words.update["same-type"] == "kept":
            return replace(before, settings={**before.settings, **self._own(before.type, sent, form)})
        # What an earlier type has left beside this type's settings may be reset with them, dropped or kept.
        left = before.settings.keys() - self.words.shape(before.type).constants.keys()
        fresh = self._fresh(before.type, sent, form)
        return replace(before, settings=fresh, uncertain=before.uncertain | left)

    def _other_type(self, before: Handler, type_name: str, sent: Mapping[str, str]) -> Handler:
        fresh = self._fresh(type_name, sent, self.words.update_form)
        if self.words.update["type-change"] == "rebuilt":
            return replace(before, type=type_name, settings=fresh, uncertain=frozenset())
        uncertain = before.uncertain - fresh.keys()
        return replace(before, type=type_name, settings={**before.settings, **fresh}, uncertain=uncertain)


def _refused(form: Form, sent: Mapping[str, str], needed: Iterable[str]) -> str | None:
    """Return the refusal of the first violated word, in the document's order."""
    for word, refusal in form.refusals.items():
        if word == "required":
            if not all(sent.get(name) for name in needed):
                return refusal
        elif any(
            violates(text, word, form.fields[name])
            for name, text in sent.items()
            if name in form.fields and "x-cast" not in form.fields[name]  # a switch casts whatever it gets
        ):
            return refusal
    return None


def _is_ignored(form: Form, name: str, text: str) -> bool:
    """Tell whether a text violates a word that nothing refuses: the field then counts as not sent."""
    schema = form.fields[name]
    return any(violates(text, word, schema) for word in ("enum", "pattern", "minLength", "maxLength"))
