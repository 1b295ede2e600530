"""What a handler must be after some steps, computed from the document's words; and sample forms."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple

from contract_tests.document import Facts, FormWords
from contract_tests.judge.statements import MULTIPART, STEADY, WRITTEN, Statement, Statements
from contract_tests.judge.verdicts import a
from contract_tests.probes.reading import MISSING
from mock_server.document.rows import FOREIGN, UNKNOWN, Reaction, Row

# Texts that break if a service confuses bytes, characters and units of UTF-16.
UNICODE = ("Zażółć gęślą jaźń", "Пожар на складе", "日本語の通知", "Fire 🔥 alert 👩‍🚒")

# Texts that no service has a reason to refuse.
_PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 _.:/@?=,+-]*[A-Za-z0-9])?\Z|-?[0-9]+\Z")
_PLAIN_LENGTH = 64
_CLEANED = frozenset("<>&'\"\\")
# A partly masked text: some of its beginning, a repeated character, some of its end.
_MASKED = re.compile(r"(.*?)([^\w])\2{2,}(.*)\Z", re.DOTALL)
# A character that takes four bytes in UTF-8, and what services store in place of one that they do not know.
_WIDE = re.compile("[^\\u0000-\\uffff]")
_REPLACED = "[?\ufffd]{0,4}"
# Reactions that leave a property unchanged.
_IGNORED = frozenset({"drop", "keep", "omit"})
_TRUE = frozenset({"1", "true", "on", "yes"})
_NUMBER = re.compile(r"\s*([+-]?\d+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Handler:
    """A handler as it must be stored. `settings` are not masked.

    `updated` tells whether it was ever updated, and is None if no update has changed anything. `uncertain` are settings
    whose value the document does not decide: any value, or none, is right. `grounds` maps the name of a property, or
    `settings.` and that of a setting, to the statement it rests on; others rest on what was written. `sent` are the
    settings as last sent, and `former` as sent before the last update.
    """

    type: str
    name: str
    settings: Mapping[str, Any]
    enabled: bool
    updated: bool | None = False
    uncertain: frozenset[str] = field(default=frozenset())
    grounds: Mapping[str, Statement] = field(default_factory=dict)
    sent: Mapping[str, str] = field(default_factory=dict)
    former: Mapping[str, str] = field(default_factory=dict)

    def ground(self, key: str) -> Statement:
        """Return the statement that a property or setting rests on."""
        return self.grounds.get(key, WRITTEN)

    def resting(self, grounds: Mapping[str, Statement], **changes: Any) -> Handler:
        """Return the handler with new values, which rest on these statements."""
        return replace(self, grounds={**self.grounds, **grounds}, **changes)


class Prospect(NamedTuple):
    """The expected outcome of a write: the refusal's name, or None if it is accepted, and the statement behind it."""

    refusal: str | None
    rests_on: Statement


class Expected:
    """The oracle: what creates and updates result in. Forms map field names to texts."""

    def __init__(self, facts: Facts, statements: Statements) -> None:
        self.facts = facts
        self.statements = statements
        self._names = facts.form
        # Settings are shown as written, unless the service masks secrets in a way that no answer describes.
        self._shown = replace(WRITTEN, questions=statements.secrets().questions)

    def create(self, sent: Mapping[str, str], media: str = MULTIPART) -> Prospect:
        """Return the expected outcome of a create. `Own.create` deals with the plan's limit."""
        return self._prospect("create", sent.get(self._names["type"], ""), sent, media)

    def update(self, before: Handler, sent: Mapping[str, str], media: str = MULTIPART) -> Prospect:
        """Return the expected outcome of an update."""
        return self._prospect("update", self._type("update", sent, before.type), sent, media)

    def created(self, sent: Mapping[str, str]) -> Handler:
        """Return the handler that an accepted create makes."""
        form, names = self.facts.create_form, self._names
        type_name = self._type("create", sent, "")
        settings, grounds = self._fresh("create", type_name, sent)
        switch, name = names.get("enabled", ""), names["name"]
        enabled = self.facts.is_enabled_at_first
        if switch in form.fields:
            enabled = self._switched(form, switch, sent.get(switch), enabled)
        grounds["enabled"] = self._ground(
            "create", switch, sent.get(switch), self.statements.field("create", switch)
        )
        if not is_kept(sent.get(name, "")):
            grounds["name"] = self._ground(
                "create", name, sent.get(name), self.statements.text("create", name)
            )
        return Handler(
            type=type_name, name=self._kept_text(form, name, sent.get(name), ""), settings=settings, enabled=enabled,
            grounds=grounds, sent={name: text for name, text in sent.items() if name in settings},
        )  # fmt: skip

    def updated(self, before: Handler, sent: Mapping[str, str]) -> Handler:
        """Return what an accepted update makes of a handler. One that changes nothing may not count as a change."""
        after = self._updated(before, sent)
        values = (after.type, after.name, after.settings, after.enabled)
        is_changed = values != (before.type, before.name, before.settings, before.enabled)
        return after if is_changed or before.updated else replace(after, updated=None)

    def _updated(self, before: Handler, sent: Mapping[str, str]) -> Handler:
        form, names = self.facts.update_form, self._names
        name, switch = names["name"], names.get("enabled", "")
        after = replace(before, updated=True)
        if name in sent:
            text = self.statements.text("update", name)
            ground = WRITTEN if is_kept(sent[name]) else self._ground("update", name, sent[name], text)
            after = after.resting({"name": ground}, name=self._kept_text(form, name, sent[name], before.name))
        if switch in sent:
            is_documented = is_listed(sent[switch], form.fields[switch])
            field = self._ground("update", switch, sent[switch], self.statements.field("update", switch))
            enabled = self._switched(form, switch, sent[switch], before.enabled)
            after = after.resting({"enabled": WRITTEN if is_documented else field}, enabled=enabled)
        if self.facts.update["unsent"] == "blanked":
            return replace(after, type="", settings={}, uncertain=frozenset())
        type_field = names["type"]
        type_name = self._type("update", sent, before.type)
        if type_field in sent and form.react(type_field, sent[type_field]).outcome in _IGNORED:
            after = after.resting({"type": self.statements.refused_word("update", "enum")})
        if type_name == before.type:
            return self._same_type(after, sent)
        return self._other_type(after.resting({"type": WRITTEN}), type_name, sent)

    def is_certain(self, before: Handler, sent: Mapping[str, str]) -> bool:
        """Tell whether the document decides what an update does. The suites leave out the few other updates.

        A list cannot show merged settings, and the own fields of a blanked handler belong to no known type.
        """
        merged = self.facts.update["type-change"] == "merged"
        type_field = self._names["type"]
        if merged and self.facts.shape(sent.get(type_field, "")).container == "array":
            return False
        own = sent.keys() & self.facts.own_fields
        return not (own and not before.type and type_field not in sent)

    def _type(self, kind: str, sent: Mapping[str, str], before: str) -> str:
        """Return the type that a handler must have: the sent one if it is taken, else the current one."""
        form, field = self.facts.form_of(kind), self._names["type"]
        if field not in sent:
            return before
        reaction = form.react(field, sent[field])
        is_taken = reaction.outcome not in {"refuse", *_IGNORED} and is_listed(
            reaction.value, form.fields[field]
        )
        return str(reaction.value) if is_taken else before or sent[field]

    def _prospect(self, kind: str, type_name: str, sent: Mapping[str, str], media: str) -> Prospect:
        """Return the expected outcome of a write to a handler of this type."""
        form, own = self.facts.form_of(kind), self.facts.types.get(type_name, ())
        unsaid = [row for row in self._walked(form, type_name, sent) if row.reaction == "otherwise"]
        for problems in self._problems(kind, form, type_name, sent):
            if problems:
                problem = min(problems, key=lambda each: each[:2])
                ground = self.statements.row(kind, unsaid[0]) if unsaid else problem[3]
                return Prospect(problem[2], ground)
        return Prospect(None, self._beyond(kind, self._odd(kind, form, sent, own, media)))

    def _walked(self, form: FormWords, type_name: str, sent: Mapping[str, str]) -> Iterator[Row]:
        """Yield the rows at which the walks of sent and unsent fields end."""
        for name in {*form.fields, *sent}:
            reaction = self._reaction(form, type_name, name, sent.get(name))
            if reaction is not None and reaction.row is not None:
                yield reaction.row

    def _reaction(self, form: FormWords, type_name: str, name: str, text: str | None) -> Reaction | None:
        """Return what becomes of a field, or None if it is not sent and not one of the type."""
        if name not in form.fields:
            return None if text is None else form.walk_unknown(text)
        if not self._is_foreign(type_name, name):
            return form.react(name, text)
        # With an unknown type, no field belongs to another type.
        return form.walk_foreign(text) if text is not None and type_name in self.facts.types else None

    def _is_foreign(self, type_name: str, name: str) -> bool:
        return name in self.facts.own_fields and name not in self.facts.types.get(type_name, ())

    def _problems(
        self, kind: str, form: FormWords, type_name: str, sent: Mapping[str, str]
    ) -> Iterator[list[tuple[int, int, str, Statement]]]:
        """Yield a form's problems stage by stage: rank, order, refusal, and the statement behind it."""
        form_stage: list[tuple[int, int, str, Statement]] = []
        later: list[tuple[int, int, str, Statement]] = []
        apart = "availability" in self.facts.service["checks"]
        places = {name: number for number, name in enumerate(form.fields)}
        for number, name in enumerate({**sent, **form.fields}):
            text = sent.get(name)
            is_foreign = name in form.fields and self._is_foreign(type_name, name)
            reaction = self._reaction(form, type_name, name, text)
            row = reaction.refusing if reaction is not None else None
            if is_foreign and apart and text is not None:
                own = form.react(name, text)
                row = None if own.outcome in {"refuse", *_IGNORED} else row
                if own_row := own.refusing:
                    ground = self._rests_on(kind, form, name, text, own_row)
                    form_stage.append((own_row.rank, places[name], own_row.refusal, ground))
            if row is not None:
                order = number if is_foreign or name not in places else places[name]
                stage = later if is_foreign and apart else form_stage
                stage.append((row.rank, order, row.refusal, self._rests_on(kind, form, name, text, row)))
        yield form_stage
        yield later

    def _rests_on(self, kind: str, form: FormWords, name: str, text: str | None, row: Row) -> Statement:
        """Return the statement that a refusal rests on."""
        if row.source.startswith("/x-service/"):
            return self._service(row.source.rpartition("/")[2])
        if text is None and name in form.required:
            return self.statements.required()
        if kind == "create" and name == self._names["type"] and row.treatment == "not-listed":
            return self.statements.listed_type()
        if row.source.startswith("x-rows/"):
            return self.statements.row(kind, row)
        if row.source == "required" and name not in form.required:
            return self.statements.setting_unsent(kind)
        if name == self._names.get("enabled"):
            return self.statements.field(kind, name)
        return self.statements.text(kind, name)

    def _ground(self, kind: str, name: str, text: str | None, usual: Statement) -> Statement:
        """Return the statement that a field's outcome rests on, such as its row."""
        form = self.facts.form_of(kind)
        reaction = form.react(name, text) if name in form.fields else None
        if reaction is None or reaction.row is None or reaction.outcome != "otherwise":
            return usual
        return self.statements.row(kind, reaction.row)

    def _kept_text(self, form: FormWords, name: str, text: str | None, before: Any) -> Any:
        reaction = form.react(name, text)
        return before if reaction.outcome in _IGNORED else reaction.value

    def _switched(self, form: FormWords, name: str, text: str | None, before: bool) -> bool:
        """Return the value of a switch after a text."""
        reaction = form.react(name, text)
        if reaction.outcome == "value":
            return bool(reaction.value)
        if reaction.outcome in _IGNORED or reaction.text is None:
            return before
        return is_on(reaction.text, form.fields[name])

    def _service(self, word: str) -> Statement:
        return self.statements.service(
            word, f"A create or an update treats {word.replace('-', ' ')} as the document says."
        )

    def _beyond(self, kind: str, odd: Iterable[Statement]) -> Statement:
        """Return what accepting a form rests on: the page, or the part that goes beyond the page's samples."""
        parts = {one.key: one for one in odd}
        first = next(iter(parts.values()), self.statements.operation(kind))
        questions = frozenset[str]().union(*(one.questions for one in parts.values()))
        if len(parts) < 2:
            return first
        is_accepted = any(one.is_accepted for one in parts.values())
        is_suspended = any(one.is_suspended for one in parts.values())
        says = f"{a(kind).capitalize()} with such a form does what the document says."
        return replace(
            first, says=says, questions=questions, is_accepted=is_accepted, is_suspended=is_suspended,
        )  # fmt: skip

    def _odd(
        self, kind: str, form: FormWords, sent: Mapping[str, str], own: tuple[str, ...], media: str
    ) -> Iterator[Statement]:
        """Yield a statement for each part of a form that the page's samples do not have."""
        if kind == "update" and not sent:
            yield self.statements.nothing_sent(kind)
        if media != MULTIPART:
            yield self.statements.media_type(kind, media)
        for name, text in sent.items():
            if (ground := self._odd_field(kind, form, own, name, text)) is not None:
                yield ground
        names_type = kind == "create" or self._names["type"] in sent
        if names_type and not set(own) <= sent.keys():  # a type may demand its fields of both
            yield self.statements.setting_unsent(kind)
        for name in form.required if kind == "create" else ():
            if name not in sent:
                yield self._ground(kind, name, None, self.statements.required())

    def _odd_field(
        self, kind: str, form: FormWords, own: tuple[str, ...], name: str, text: str
    ) -> Statement | None:
        """Return what accepting a field rests on, or None if the page shows such a field."""
        names, statements, is_known = self._names, self.statements, name in form.fields
        listed = is_known and is_listed(text, form.fields[name])
        if (
            is_known
            and (reaction := form.react(name, text)).outcome == "otherwise"
            and reaction.row is not None
        ):
            return statements.row(kind, reaction.row)
        if name == names.get("enabled"):
            return None if listed else statements.field(kind, name)
        if not is_known:
            return statements.of_class(kind, UNKNOWN, "unknown-fields")
        if name == names["type"]:
            return None if listed else statements.refused_word(kind, "enum")
        if name == names["name"]:
            return None if is_plain(text) else statements.text(kind, name)
        if name not in own:
            return statements.of_class(kind, FOREIGN, "foreign-fields")
        return None if self._is_documented(name, text) else statements.text(kind, name)

    def _is_documented(self, name: str, text: str) -> bool:
        """Tell whether the page shows a value of this kind for a setting."""
        type_name = next(one for one, fields in self.facts.types.items() if name in fields)
        known = next((form[name] for form in self.facts.examples.values() if name in form), "")
        is_alike = all((sign in text) == (sign in known) for sign in ("@", "://"))
        return is_plain(text) and is_alike and not self.statements.example(type_name).is_open

    def _own(
        self, kind: str, type_name: str, sent: Mapping[str, str]
    ) -> tuple[dict[str, Any], dict[str, Statement]]:
        """Return the settings that a form sets (MISSING for one that it removes), and what each rests on."""
        form, values, grounds = self.facts.form_of(kind), dict[str, Any](), dict[str, Statement]()
        for name in self.facts.types.get(type_name, ()):
            if name not in sent:
                continue
            reaction = form.react(name, sent[name])
            is_unsent = reaction.row is not None and reaction.row.treatment == "absent"
            if reaction.outcome in {"drop", "keep"} or is_unsent:
                continue
            values[name] = MISSING if reaction.outcome == "omit" else reaction.value
            usual = self._shown if is_kept(sent[name]) else self.statements.text(kind, name)
            grounds[f"settings.{name}"] = self._ground(kind, name, sent[name], usual)
        return values, grounds

    def _fresh(
        self, kind: str, type_name: str, sent: Mapping[str, str]
    ) -> tuple[dict[str, Any], dict[str, Statement]]:
        """Return the new settings of a type, and what each rests on."""
        form, fresh = self.facts.form_of(kind), dict[str, Any]()
        own, grounds = self._own(kind, type_name, sent)
        fields = self.facts.types.get(type_name, ())
        for key, constant in self.facts.shape(type_name).constants.items():
            fresh[key] = own.get(key, constant)
            if key not in own and constant is None:
                unsent = form.react(key, None)
                fresh[key] = unsent.value if unsent.outcome == "value" else ""
                fresh[key] = MISSING if unsent.outcome == "omit" else fresh[key]
            if key not in own:
                grounds[f"settings.{key}"] = (
                    self.statements.setting_unsent(kind)
                    if key in fields
                    else self.statements.shape(type_name)
                )
        return _present(fresh), grounds

    def _same_type(self, before: Handler, sent: Mapping[str, str]) -> Handler:
        own, grounds = self._own("update", before.type, sent)
        # Sending a type or one of its settings tests "what is not sent is kept" harder than sending neither.
        of_settings = bool(own) or self._names["type"] in sent
        keeps = self.statements.update(
            "same-type" if of_settings else "unsent", "An update keeps the settings that it is not sent."
        )
        rest = {
            f"settings.{key}": self._kept(before, key, keeps) for key in before.settings.keys() - own.keys()
        }
        texts = {key: sent[key] for key in own if own[key] is not MISSING}
        before = replace(before, sent={**before.sent, **texts}, former=before.sent)
        same_type = self.facts.update["same-type"]
        if same_type == "kept" or (same_type == "reset-if-sent" and not own):
            return before.resting({**rest, **grounds}, settings=_present({**before.settings, **own}))
        # What an earlier type left beside this type's settings may be reset, dropped or kept.
        left = before.settings.keys() - self.facts.shape(before.type).constants.keys()
        fresh, _ = self._fresh("update", before.type, sent)
        return before.resting({**rest, **grounds}, settings=fresh, uncertain=before.uncertain | left)

    def _kept(self, before: Handler, key: str, keeps: Statement) -> Statement:
        """Return what a setting that an update does not send rests on.

        A value that was not seen yet rests on what it was expected to become, not on being kept.
        """
        ground = before.ground(f"settings.{key}")
        if ground.is_open:
            return ground
        return keeps if ground == STEADY else replace(keeps, questions=keeps.questions | ground.questions)

    def _other_type(self, before: Handler, type_name: str, sent: Mapping[str, str]) -> Handler:
        fresh, grounds = self._fresh("update", type_name, sent)
        before = replace(before, sent={name: text for name, text in sent.items() if name in fresh}, former={})
        change = self.statements.update(
            "type-change", "A change of type makes the settings as the document says."
        )
        grounds |= {f"settings.{key}": change for key in before.settings.keys() - fresh.keys()}
        if self.facts.update["type-change"] == "restored":  # its value when the handler last had this type
            return before.resting(
                grounds, type=type_name, settings=fresh, uncertain=frozenset(fresh.keys() - sent.keys())
            )
        if self.facts.update["type-change"] == "rebuilt":
            return before.resting(grounds, type=type_name, settings=fresh, uncertain=frozenset())
        uncertain = before.uncertain - fresh.keys()
        return before.resting(
            grounds, type=type_name, settings={**before.settings, **fresh}, uncertain=uncertain
        )


def confirmed(handler: Handler, keys: Iterable[str]) -> Handler:
    """Return the handler after its values were seen to be right: from now on they must stay."""
    return handler.resting({key: STEADY for key in keys if handler.ground(key).is_open})


def steady(handler: Handler, key: str, value: Any) -> Handler:
    """Return the handler with a value as shown, which must stay from now on."""
    if not key.startswith("settings."):
        return handler.resting({key: STEADY}, **{key: value})
    settings = {name: text for name, text in handler.settings.items() if f"settings.{name}" != key}
    if value is not MISSING:
        settings[key.removeprefix("settings.")] = value
    return handler.resting({key: STEADY}, settings=settings)


class Samples:
    """Makes forms: variations of the document's examples, so that no row is mistaken for another.

    All hosts are reserved ones, as in the document.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._numbers = count(1)

    def form(self, type_name: str, prefix: str = "") -> dict[str, str]:
        """Return the form of a create with all own fields of a type and a unique name."""
        names, example = self._facts.form, self._facts.examples.get(type_name, {})
        name = prefix or example.get(names["name"], type_name)
        form = {names["name"]: f"{name} {next(self._numbers)}", names["type"]: type_name}
        return form | {field: self.value(field) for field in self._facts.types[type_name]}

    def value(self, field: str) -> str:
        """Return a unique text for a type's own field."""
        known = next((form[field] for form in self._facts.examples.values() if field in form), field)
        number = next(self._numbers)
        if known.removeprefix("-").isdecimal():
            return f"{known[:-4]}{int(known[-4:]) + number:04}"
        return f"s{number}-{known}" if "@" in known else f"{known}-s{number}"

    def name(self, text: str = "Renamed") -> str:
        """Return a unique name."""
        return f"{text} {next(self._numbers)}"


def may_hide(shown: object, sent: str) -> bool:
    """Tell whether a shown value may be the text, partly masked."""
    found = _MASKED.match(shown) if isinstance(shown, str) else None
    return found is None or (sent.startswith(found[1]) and sent.endswith(found[3]))


def is_masked_as(shown: object, sent: str) -> bool:
    """Tell whether a shown value is the beginning and the end of a text with a repeated character between them."""
    return isinstance(shown, str) and _MASKED.match(shown) is not None and may_hide(shown, sent)


def is_recoded(shown: object, sent: object) -> bool:
    """Tell whether a shown text is what services without room for all of Unicode make of the sent one.

    Some write characters as HTML entities. Some store at most three bytes for a character: they cut the text at one of
    four bytes, drop it, or put question marks in its place.
    """
    if not isinstance(shown, str) or not isinstance(sent, str) or shown == sent:
        return False
    if html.unescape(shown) == sent:
        return True
    narrow = _WIDE.split(sent)
    is_replaced = re.fullmatch(_REPLACED.join(map(re.escape, narrow)), shown) is not None
    return len(narrow) > 1 and (is_replaced or shown == narrow[0].rstrip())


def is_plain(text: str) -> bool:
    """Tell whether no service has a reason to refuse a text."""
    return len(text) <= _PLAIN_LENGTH and _PLAIN.match(text) is not None


def is_kept(text: str) -> bool:
    """Tell whether an accepted text must be stored as it is, with nothing to clean, trim or cut."""
    is_clean = text.isprintable() and not _CLEANED & set(text) and text == text.strip()
    return bool(text) and is_clean and len(text) <= _PLAIN_LENGTH


def is_listed(text: Any, schema: Mapping[str, Any]) -> bool:
    """Tell whether a text is one of the field's `enum`, if it has one."""
    return "enum" not in schema or text in schema["enum"]


def _present(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings without the missing ones."""
    return {key: value for key, value in settings.items() if value is not MISSING}


def is_on(text: str, schema: Mapping[str, Any]) -> bool:
    """Return the meaning of a switch's text by the schema's cast. Raises KeyError for an unknown cast."""
    return _CASTS[schema["x-cast"]](text)


def _integer_is_on(text: str) -> bool:
    found = _NUMBER.match(text)
    return found is not None and int(found[1]) != 0


_CASTS: Mapping[str, Callable[[str], bool]] = {
    "php-integer-boolean": _integer_is_on,
    "php-boolean": lambda text: text not in {"", "0"},
    "spelled-boolean": lambda text: text.strip().lower() in _TRUE,
}


def is_time(value: Any) -> bool:
    """Tell whether a value shows a time."""
    if isinstance(value, int) or str(value).endswith(" GMT"):  # the schema judges the format
        return not isinstance(value, bool)
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True
