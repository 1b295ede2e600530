"""What the service makes of a form: which texts count, how they are stored, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.generated_service.house import House

FIELDS: Mapping[str, tuple[str, ...]] = {
    "email": ("email",),
    "webhook": ("webhook",),
    "slack": ("slack",),
    "discord": ("discord",),
    "telegram": ("telegram", "telegram_chat_id"),
    "microsoft_teams": ("microsoft_teams",),
    "x": ("x_consumer_key", "x_consumer_secret", "x_access_token", "x_access_token_secret"),
    "google_chat": ("google_chat",),
    "internal_notification": (),
}
OWNERS = {name: kind for kind, names in FIELDS.items() for name in names}
URLS = ("webhook", "slack", "discord", "microsoft_teams", "google_chat")

# (text, whether it came as a file), by name of the field.
Sent = dict[str, list[tuple[str, bool]]]


class Problem(NamedTuple):
    """One thing wrong with a request: the field, the rule it breaks, the text, and where it was."""

    field: str
    rule: str
    value: str
    place: str = "body"


class BadForm(Exception):
    """The form is refused for these problems."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems


@dataclass
class Fields:
    """The texts that count, as they are stored; `foreign` decides what a field of another type gets."""

    texts: dict[str, str] = field(default_factory=dict)
    enabled: bool | None = None
    refuse_foreign: bool = False

    def own(self, kind: str) -> dict[str, str | None]:
        """Return the settings that were sent for this type."""
        return {name: self.texts[name] for name in FIELDS[kind] if name in self.texts}

    def unavailable(self, kind: str) -> list[Problem]:
        """Return the fields of another type than the row has or gets, if the service refuses them at this point."""
        kind = self.texts.get("type", kind)
        if not self.refuse_foreign:
            return []
        return [
            Problem(name, "foreign", text)
            for name, text in self.texts.items()
            if OWNERS.get(name, kind) != kind
        ]


def unsent_settings(house: House, kind: str) -> dict[str, str | None]:
    """Return what a type's settings are as long as nothing was sent for them."""
    if house["own-unsent"] == "omitted":
        return {}
    return dict.fromkeys(FIELDS[kind], "" if house["own-unsent"] == "empty" else None)


def read_create(house: House, sent: Sent) -> Fields:
    """Read the form of a create. Raises BadForm."""
    fields, problems = _read(house, sent, creates=True)
    for name in ("name", "type"):
        if name not in fields.texts and not any(problem.field == name for problem in problems):
            problems.append(Problem(name, "required", ""))
    return _checked(house, fields, problems, fields.texts.get("type"))


def read_update(house: House, sent: Sent) -> Fields:
    """Read the form of an update. Raises BadForm."""
    fields, problems = _read(house, sent, creates=False)
    if house["nothing"] == "refuse" and not (problems or fields.texts or fields.enabled is not None):
        problems.append(Problem("form", "nothing", ""))
    return _checked(house, fields, problems, None)


def _checked(house: House, fields: Fields, problems: list[Problem], kind: str | None) -> Fields:
    if house["foreign-field"] == "refuse" and kind in FIELDS:
        problems += [
            Problem(name, "foreign", text)
            for name, text in fields.texts.items()
            if OWNERS.get(name, kind) != kind
        ]
    if problems:
        raise BadForm(problems)
    # What an update changes is known only once its row is.
    fields.refuse_foreign = house["foreign-field"] != "ignore"
    return fields


def _read(house: House, sent: Sent, *, creates: bool) -> tuple[Fields, list[Problem]]:
    fields, problems = Fields(), list[Problem]()
    known = {"name", "type", *OWNERS} | (
        {"is_enabled"} if not creates or house["switch-create"] != "ignore" else set()
    )
    order = [name for name in ("name", "type", *OWNERS, "is_enabled") if name in known]
    texts = _texts(house, sent, known, problems)
    for name in order:
        if name not in texts:
            continue
        text = texts[name].strip() if house["trim"] == "yes" else texts[name]
        if text == "" and house["empty"] == "unsent":
            continue
        if name == "is_enabled":
            fields.enabled = _switch(house, text, problems, creates=creates)
            continue
        if (kept := _text(house, name, text, problems, creates=creates)) is not None:
            fields.texts[name] = kept
    return fields, problems


def _texts(house: House, sent: Sent, known: set[str], problems: list[Problem]) -> dict[str, str]:
    """Choose one text for each field; note names and forms that the service refuses."""
    texts: dict[str, str] = {}
    for name, values in sent.items():
        base, last = name.removesuffix("[]"), values[-1][0]
        if base != name and base in known and house["array-text"] != "as-array":
            word = house["array-text"] == "word"
            texts[base] = "Array" if word else ",".join(text for text, _ in values)
        elif base != name and base in known and house["array"] != "unknown":
            if house["array"] == "refuse":
                problems.append(Problem(base, "text", last))
            else:
                texts[base] = last
        elif name in known:
            _choose(house, name, values, texts, problems)
        elif house["unknown-field"] == "refuse":
            problems.append(Problem(name, "unknown", last))
    return texts


def _choose(
    house: House, name: str, values: list[tuple[str, bool]], texts: dict[str, str], problems: list[Problem]
) -> None:
    plain = [text for text, is_file in values if not is_file or house["file"] == "text"]
    if len(plain) < len(values) and house["file"] == "refuse":
        problems.append(Problem(name, "text", ""))
    elif len(plain) > 1 and house["twice"] == "refuse":
        problems.append(Problem(name, "once", plain[-1]))
    elif plain:
        texts[name] = plain[0 if house["twice"] == "first" else -1]


def _text(house: House, name: str, text: str, problems: list[Problem], *, creates: bool) -> str | None:
    """Return a text as it is stored, None if it does not count."""
    if name == "type":
        return _type(house, text, problems, creates=creates)
    if name == "name" and (text == "" or (not text.strip() and house["name-blank"] == "refuse")):
        return _no_name(house, text, problems, creates=creates)
    control = re.search(r"[\x00-\x1f\x7f]", text)
    long = house["name-long" if name == "name" else "value-long"]
    rule = ""
    if control and house["control"] == "strip":
        kept = "\t\n\r" if house["line-breaks"] == "kept" else ""
        text = "".join(sign for sign in text if sign in kept or not re.match(r"[\x00-\x1f\x7f]", sign))
    if control and house["control"] == "refuse":
        rule = "control"
    elif long.startswith("refuse") and len(text) > int(long.partition("-")[2]):
        rule = "long"
    elif text and _malformed(house, name, text):
        rule = "format"
    if rule:
        problems.append(Problem(name, rule, text))
        return None
    if name == "email" and house["email"] == "checked-lower-domain":
        user, _, domain = text.rpartition("@")
        text = f"{user}@{domain.lower()}" if user else text
    return _cleaned(house, text, long)


def _type(house: House, text: str, problems: list[Problem], *, creates: bool) -> str | None:
    kind = text.lower() if house["type-case"] == "any" else text
    if kind in FIELDS:
        return kind
    if creates or house["update-bad-type"] == "refuse":
        problems.append(Problem("type", "type", text))
    return None


def _no_name(house: House, text: str, problems: list[Problem], *, creates: bool) -> str | None:
    word = house["name-empty"] if creates else house["update-empty-name"]
    if word == "refuse" or (text and word == "store"):
        problems.append(Problem("name", "required", text))
        return None
    return "" if word == "store" else None


def _malformed(house: House, name: str, text: str) -> bool:
    if name == "email" and house["email"] != "any":
        return not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", text)
    is_checked = name == "webhook" or (name in URLS and house["url-checked"] == "all")
    if is_checked and house["url"] != "any":
        return not re.match(r"https://[^\s/]+" if house["url"] == "https-only" else r"https?://[^\s/]+", text)
    return False


def _cleaned(house: House, text: str, long: str) -> str:
    if house["tags"] == "strip":
        text = re.sub(r"<[^>]*>", "", text)
    elif house["tags"] == "escape":
        text = text.replace("<", "&lt;").replace(">", "&gt;")
    if house["quotes"] == "escape":
        text = text.replace("'", "&#39;").replace('"', "&#34;")
    return text[: int(long.partition("-")[2])] if long.startswith("cut") else text


def _switch(house: House, text: str, problems: list[Problem], *, creates: bool) -> bool | None:
    """Return what the switch becomes, None if the text does not count."""
    words = house["switch-words"]
    on, off = {"1"}, {"0"}
    if words == "spelled":
        on, off = {"1", "true", "on", "yes"}, {"0", "false", "off", "no"}
    if creates and house["switch-create"] == "refuse":
        problems.append(Problem("is_enabled", "unknown", text))
        return None
    if text and words == "php-cast":
        digits = re.match(r"\s*[+-]?\d+", text)
        return bool(digits and int(digits[0]))
    if text and words == "truthy":
        return text != "0"
    if text.lower() in on | off:
        return text.lower() in on
    other = house["switch-other"] if text else house["switch-empty"]
    if other == "refuse":
        problems.append(Problem("is_enabled", "boolean", text))
    return False if other == "false" else None
