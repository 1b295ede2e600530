"""What a handler must be after given steps, computed from the document's words; and the forms to send."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, NamedTuple

from contract_tests.document.facts import Facts
from contract_tests.document.words import Form, Words
from contract_tests.judge.grounds import MULTIPART, Grounds
from contract_tests.judge.statements import STEADY, WRITTEN, Statement

# Texts that break where bytes are taken for characters, or characters for 16 bits.
UNICODE = ("Zażółć gęślą jaźń", "Пожар на складе", "日本語の通知", "Fire 🔥 alert 👩‍🚒")

# What no service has a reason to refuse.
_PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 _.:/@?=,+-]*[A-Za-z0-9])?\Z|-?[0-9]+\Z")
_PLAIN_LENGTH = 64
_CLEANED = frozenset("<>&'\"\\")
# In place of a setting that is not shown.
MISSING = object()
# A text of which a part is masked: what is shown of its beginning, a sign several times, what is shown of its end.
_MASKED = re.compile(r"(.*?)([^\w])\2{2,}(.*)\Z", re.DOTALL)
_TRUE = frozenset({"1", "true", "on", "yes"})
_NUMBER = re.compile(r"\s*([+-]?\d+)", re.ASCII)
_UNREFUSED = ("enum", "pattern", "minLength", "maxLength")

# The suites send only tags that every reading of HTML agrees on.
_CLEANERS: Mapping[str, Callable[[str], str]] = {
    "strip-tags": lambda text: re.sub(r"<[^<>]*>", "", text),
    "escape-quotes": lambda text: text.replace("'", "&#39;").replace('"', "&#34;"),
    "trim": lambda text: text.strip(" \t\n\r\0\v"),
}


@dataclass(frozen=True, slots=True)
class Handler:
    """A handler as it must be stored. `settings` are not masked; `updated` tells whether any update was made.

    `uncertain` are settings of which the document does not say what became of them: any value, or none, is right.
    `grounds` says what a property rests on, by its name, or by `settings.` and the setting's; any other rests on what
    was written. `sent` are the settings as they were last sent, `former` as they were sent before the last update.
    """

    type: str
    name: str
    settings: Mapping[str, Any]
    enabled: bool
    updated: bool = False
    uncertain: frozenset[str] = field(default=frozenset())
    grounds: Mapping[str, Statement] = field(default_factory=dict)
    sent: Mapping[str, str] = field(default_factory=dict)
    former: Mapping[str, str] = field(default_factory=dict)

    def ground(self, key: str) -> Statement:
        """Return the statement that a property, or a setting, rests on."""
        return self.grounds.get(key, WRITTEN)

    def resting(self, grounds: Mapping[str, Statement], **changes: Any) -> Handler:
        """Return the handler with other values, which rest on these statements."""
        return replace(self, grounds={**self.grounds, **grounds}, **changes)


class Prospect(NamedTuple):
    """What must come of a write: the name of the refusal, None if it is accepted, and the statement that says so."""

    refusal: str | None
    rests_on: Statement


class Expected:
    """The oracle: what creates and updates lead to. Forms are mappings from field name to text."""

    def __init__(self, words: Words, grounds: Grounds) -> None:
        self.words = words
        self.grounds = grounds
        self._names = words.facts.form
        # A setting is shown as it was written, unless secrets are masked in a way that no answer foresees.
        self._shown = replace(WRITTEN, questions=grounds.secrets().questions)

    def create(self, sent: Mapping[str, str], media: str = MULTIPART) -> Prospect:
        """Return what a create must come to. The plan's limit is no matter of the form: see Own.create."""
        form, own = self.words.create_form, self._own_fields(sent.get(self._names["type"], ""))
        if refusal := self._unwanted(sent.get(self._names["type"], ""), sent, form):
            return refusal
        needed = [*form.required, *(own if form.unsent == "refused" else ())]
        if refusal := self._refused("create", form, self._available(own, sent), needed):
            return refusal
        return Prospect(None, self._beyond("create", self._odd("create", form, sent, own, media)))

    def update(self, before: Handler, sent: Mapping[str, str], media: str = MULTIPART) -> Prospect:
        """Return what an update must come to."""
        form, type_field = self.words.update_form, self._names["type"]
        wanted = sent.get(type_field, before.type)
        type_name = before.type if violates(wanted, "enum", form.fields[type_field]) else wanted
        own = self._own_fields(type_name)
        refusal = self._unwanted(type_name, sent, form)
        refusal = refusal or self._refused("update", form, self._available(own, sent), ())
        return refusal or Prospect(None, self._beyond("update", self._odd("update", form, sent, own, media)))

    def created(self, sent: Mapping[str, str]) -> Handler:
        """Return what a create makes that is not refused."""
        form, names = self.words.create_form, self._names
        switch, type_name, name = names.get("enabled", ""), sent[names["type"]], sent[names["name"]]
        reads_switch = switch in form.fields and switch in sent
        settings, grounds = self._fresh("create", type_name, sent, form)
        grounds["enabled"] = self.grounds.field("create", switch)
        if not is_kept(name):
            grounds["name"] = self.grounds.text("create", names["name"])
        return Handler(
            type=type_name, name=stored(name, form.fields[names["name"]]), settings=settings,
            enabled=is_on(sent[switch], form.fields[switch]) if reads_switch else True, grounds=grounds,
            sent={name: text for name, text in sent.items() if name in settings},
        )  # fmt: skip

    def updated(self, before: Handler, sent: Mapping[str, str]) -> Handler:
        """Return what an update makes of a handler that is not refused."""
        form, names = self.words.update_form, self._names
        name, switch = sent.get(names["name"]), names.get("enabled", "")
        after = replace(before, updated=True)
        if name is not None:
            ground = WRITTEN if is_kept(name) else self.grounds.text("update", names["name"])
            value = (
                before.name
                if _is_ignored(form, names["name"], name)
                else stored(name, form.fields[names["name"]])
            )
            after = after.resting({"name": ground}, name=value)
        if switch in sent:
            is_documented = not violates(sent[switch], "enum", form.fields[switch])
            ground = WRITTEN if is_documented else self.grounds.field("update", switch)
            after = after.resting({"enabled": ground}, enabled=is_on(sent[switch], form.fields[switch]))
        if self.words.update["unsent"] == "blanked":
            return replace(after, type="", settings={}, uncertain=frozenset())
        wanted = sent.get(names["type"], before.type)
        is_ignored = _is_ignored(form, names["type"], wanted)
        if is_ignored:
            after = after.resting({"type": self.grounds.refused_word("update", "enum")})
        type_name = before.type if is_ignored else wanted
        if type_name == before.type:
            return self._same_type(after, sent)
        return self._other_type(after.resting({"type": WRITTEN}), type_name, sent)

    def is_certain(self, before: Handler, sent: Mapping[str, str]) -> bool:
        """Tell whether the document says what an update does; the suites leave out the few that it does not.

        A list cannot show merged settings, and it is not known to which type a blanked handler's own fields belong.
        """
        merged = self.words.update["type-change"] == "merged"
        type_field = self._names["type"]
        if merged and self.words.shape(sent.get(type_field, "")).container == "array":
            return False
        own = sent.keys() & {name for fields in self.words.facts.types.values() for name in fields}
        return not (own and not before.type and type_field not in sent)

    def _own_fields(self, type_name: str) -> tuple[str, ...]:
        return self.words.facts.types.get(type_name, ())

    def _unwanted(self, type_name: str, sent: Mapping[str, str], form: Form) -> Prospect | None:
        service, types = self.words.service, self.words.facts.types
        if sent.keys() - form.fields.keys() and service["unknown-fields"] != "ignored":
            return Prospect(str(service["unknown-fields"]), self._service("unknown-fields"))
        is_foreign = type_name in types and self._available(types[type_name], sent).keys() != sent.keys()
        if is_foreign and service["foreign-fields"] != "ignored":
            return Prospect(str(service["foreign-fields"]), self._service("foreign-fields"))
        return None

    def _service(self, word: str) -> Statement:
        return self.grounds.service(
            word, f"A create or an update treats {word.replace('-', ' ')} as the document says."
        )

    def _beyond(self, kind: str, odd: Iterable[Statement]) -> Statement:
        """Return what the acceptance of a form rests on: the page, or what in it goes beyond the page's samples."""
        parts = {one.key: one for one in odd}
        first = next(iter(parts.values()), self.grounds.operation(kind))
        questions = frozenset[str]().union(*(one.questions for one in parts.values()))
        if len(parts) < 2:
            return first
        is_accepted = any(one.is_accepted for one in parts.values())
        return replace(
            first, says=f"A {kind} takes such a form.", questions=questions, is_accepted=is_accepted
        )

    def _odd(
        self, kind: str, form: Form, sent: Mapping[str, str], own: tuple[str, ...], media: str
    ) -> Iterator[Statement]:
        """Yield what a form rests on beyond the page: each part of it that the page's samples do not have."""
        if media != MULTIPART:
            yield self.grounds.media_type(kind, media)
        for name, text in sent.items():
            if (ground := self._odd_field(kind, form, own, name, text)) is not None:
                yield ground
        if kind == "create" and not set(own) <= sent.keys():
            yield self.grounds.setting_unsent(kind)

    def _odd_field(
        self, kind: str, form: Form, own: tuple[str, ...], name: str, text: str
    ) -> Statement | None:
        """Return what the acceptance of a field rests on, None if the page shows such a one."""
        names, grounds, is_known = self._names, self.grounds, name in form.fields
        is_listed = is_known and not violates(text, "enum", form.fields[name])
        if name == names.get("enabled"):
            return None if is_listed else grounds.field(kind, name)
        if not is_known:
            return self._service("unknown-fields")
        if name == names["type"]:
            return None if is_listed else grounds.refused_word(kind, "enum")
        if name == names["name"]:
            return None if is_plain(text) else grounds.text(kind, name)
        if name not in own:
            return self._service("foreign-fields")
        return None if self._is_documented(name, text) else grounds.text(kind, name)

    def _is_documented(self, name: str, text: str) -> bool:
        """Tell whether the page shows such a value of a setting."""
        type_name = next(one for one, fields in self.words.facts.types.items() if name in fields)
        known = next((form[name] for form in self.words.facts.examples.values() if name in form), "")
        is_alike = all((sign in text) == (sign in known) for sign in ("@", "://"))
        return is_plain(text) and is_alike and not self.grounds.example(type_name).is_open

    def _available(self, own: Iterable[str], sent: Mapping[str, str]) -> dict[str, str]:
        """Return what was sent without the fields of other types."""
        others = {name for names in self.words.facts.types.values() for name in names} - set(own)
        return {name: text for name, text in sent.items() if name not in others}

    def _refused(
        self, kind: str, form: Form, sent: Mapping[str, str], needed: Iterable[str]
    ) -> Prospect | None:
        """Return the refusal of the first violated word, in the document's order."""
        for word, refusal in form.refusals.items():
            if word == "required":
                if missing := [name for name in needed if not sent.get(name)]:
                    return Prospect(refusal, self._needed(kind, form, sent, missing[0]))
            elif found := [
                name
                for name, text in sent.items()
                if name in form.fields
                and "x-cast" not in form.fields[name]  # a switch casts whatever it gets
                and violates(text, word, form.fields[name])
            ]:
                is_type = found[0] == self._names["type"] and kind == "create"
                ground = self.grounds.listed_type() if is_type else self.grounds.text(kind, found[0])
                return Prospect(refusal, ground)
        return None

    def _needed(self, kind: str, form: Form, sent: Mapping[str, str], name: str) -> Statement:
        if name not in form.required:
            return self.grounds.setting_unsent(kind)
        return self.grounds.required() if name not in sent else self.grounds.text(kind, name)

    def _own(
        self, kind: str, type_name: str, sent: Mapping[str, str], form: Form
    ) -> tuple[dict[str, str], dict[str, Statement]]:
        """Return the settings that a form gives a type, and what each rests on."""
        values, grounds = {}, {}
        for name in self._own_fields(type_name):
            if name in sent:
                values[name] = stored(sent[name], form.fields[name])
                grounds[f"settings.{name}"] = (
                    self._shown if is_kept(sent[name]) else self.grounds.text(kind, name)
                )
        return values, grounds

    def _fresh(
        self, kind: str, type_name: str, sent: Mapping[str, str], form: Form
    ) -> tuple[dict[str, str], dict[str, Statement]]:
        fresh: dict[str, str] = {}
        own, grounds = self._own(kind, type_name, sent, form)
        fields = self._own_fields(type_name)
        for key, constant in self.words.shape(type_name).constants.items():
            if key in own:
                fresh[key] = own[key]
            elif constant is not None or form.unsent != "omitted":
                fresh[key] = constant or ""
            if key not in own:
                grounds[f"settings.{key}"] = (
                    self.grounds.setting_unsent(kind) if key in fields else self.grounds.shape(type_name)
                )
        return fresh, grounds

    def _same_type(self, before: Handler, sent: Mapping[str, str]) -> Handler:
        form = self.words.update_form
        own, grounds = self._own("update", before.type, sent, form)
        # To send a type, or a setting of it, asks more of "what is not sent is kept" than to send neither.
        of_settings = bool(own) or self._names["type"] in sent
        keeps = self.grounds.update(
            "same-type" if of_settings else "unsent", "An update keeps the settings that it is not sent."
        )
        rest = {
            f"settings.{key}": self._kept(before, key, keeps) for key in before.settings.keys() - own.keys()
        }
        before = replace(before, sent={**before.sent, **own}, former=before.sent)
        if self.words.update["same-type"] == "kept":
            return before.resting({**rest, **grounds}, settings={**before.settings, **own})
        # What an earlier type has left beside this type's settings may be reset with them, dropped or kept.
        left = before.settings.keys() - self.words.shape(before.type).constants.keys()
        fresh, _ = self._fresh("update", before.type, sent, form)
        return before.resting({**rest, **grounds}, settings=fresh, uncertain=before.uncertain | left)

    def _kept(self, before: Handler, key: str, keeps: Statement) -> Statement:
        """Return what a setting rests on that an update does not send.

        A value that nobody has seen yet rests on what it was believed to become, and not on being kept.
        """
        ground = before.ground(f"settings.{key}")
        if ground.is_open:
            return ground
        return keeps if ground == STEADY else replace(keeps, questions=keeps.questions | ground.questions)

    def _other_type(self, before: Handler, type_name: str, sent: Mapping[str, str]) -> Handler:
        fresh, grounds = self._fresh("update", type_name, sent, self.words.update_form)
        before = replace(before, sent={name: text for name, text in sent.items() if name in fresh}, former={})
        change = self.grounds.update(
            "type-change", "A change of type makes the settings as the document says."
        )
        grounds |= {f"settings.{key}": change for key in before.settings.keys() - fresh.keys()}
        if self.words.update["type-change"] == "rebuilt":
            return before.resting(grounds, type=type_name, settings=fresh, uncertain=frozenset())
        uncertain = before.uncertain - fresh.keys()
        return before.resting(
            grounds, type=type_name, settings={**before.settings, **fresh}, uncertain=uncertain
        )


def confirmed(handler: Handler, keys: Iterable[str]) -> Handler:
    """Return the handler with values that were seen to be as they must be, and from now on must stay."""
    return handler.resting({key: STEADY for key in keys if handler.ground(key).is_open})


def steady(handler: Handler, key: str, value: Any) -> Handler:
    """Return the handler with a value as it was shown, which from now on must stay."""
    if not key.startswith("settings."):
        return handler.resting({key: STEADY}, **{key: value})
    settings = {name: text for name, text in handler.settings.items() if f"settings.{name}" != key}
    if value is not MISSING:
        settings[key.removeprefix("settings.")] = value
    return handler.resting({key: STEADY}, settings=settings)


class Samples:
    """Makes forms: the document's examples, each a little different, so that no row is taken for another.

    All hosts are reserved ones, since they are the document's own.
    """

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
        number = next(self._numbers)
        if known.removeprefix("-").isdecimal():
            return f"{known[:-4]}{int(known[-4:]) + number:04}"
        return f"s{number}-{known}" if "@" in known else f"{known}-s{number}"

    def name(self, text: str = "Renamed") -> str:
        """Return a name that no other sample has."""
        return f"{text} {next(self._numbers)}"


def may_hide(shown: object, sent: str) -> bool:
    """Tell whether what is shown may be a text with a part of it masked."""
    found = _MASKED.match(shown) if isinstance(shown, str) else None
    return found is None or (sent.startswith(found[1]) and sent.endswith(found[3]))


def is_plain(text: str) -> bool:
    """Tell whether a text is such as no service has a reason to refuse."""
    return len(text) <= _PLAIN_LENGTH and _PLAIN.match(text) is not None


def is_kept(text: str) -> bool:
    """Tell whether a text that was taken has to be stored as it is: nothing in it is ever cleaned, trimmed or cut."""
    is_clean = text.isprintable() and not _CLEANED & set(text) and text == text.strip()
    return bool(text) and is_clean and len(text) <= _PLAIN_LENGTH


def stored(text: str, schema: Mapping[str, Any]) -> str:
    """Return what a service keeps of a text: cleaned, then cut."""
    for word in schema.get("x-clean", ()):
        text = _CLEANERS[word](text)
    return text[: schema.get("x-cut")]


def is_on(text: str, schema: Mapping[str, Any]) -> bool:
    """Return what a switch's text means by the schema's cast. Raises KeyError for a cast that is not known."""
    return _CASTS[schema["x-cast"]](text)


def _integer_is_on(text: str) -> bool:
    found = _NUMBER.match(text)
    return found is not None and int(found[1]) != 0


_CASTS: Mapping[str, Callable[[str], bool]] = {
    "php-integer-boolean": _integer_is_on,
    "php-boolean": lambda text: text not in {"", "0"},
    "spelled-boolean": lambda text: text.strip().lower() in _TRUE,
}


def violates(text: str, word: str, schema: Mapping[str, Any]) -> bool:
    """Tell whether a text violates one word of its field's schema; a word that the schema lacks is not violated."""
    if word not in schema:
        return False
    match word:
        case "enum":
            return text not in schema[word]
        case "pattern":
            return re.search(schema[word], text) is None
        case "minLength":
            return len(text) < int(schema[word])
        case "maxLength":
            return len(text) > int(schema[word])
    raise KeyError(word)


def _is_ignored(form: Form, name: str, text: str) -> bool:
    """Tell whether a text violates a word that nothing refuses: the field then counts as not sent."""
    schema = form.fields[name]
    return any(violates(text, word, schema) for word in _UNREFUSED)
