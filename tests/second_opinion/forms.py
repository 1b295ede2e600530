"""Reads a form: which fields are taken, which are refused, and how texts are stored."""

from tests.second_opinion.answers import Chosen
from tests.second_opinion.bodies import read_body
from tests.second_opinion.kinds import ADDRESSES, EVERY_FIELD, FIELDS
from tests.second_opinion.refusals import Crashed, Refused
from tests.second_opinion.texts import clean, is_blank, is_email, is_url, php_int

NAME_LENGTH = 128
VALUE_LENGTH = 512


class Forms(Chosen):
    """Reads forms by the chosen answers."""

    def read(self, body: bytes, content_type: str, is_update: bool) -> dict[str, str]:
        """Return the texts that are sent; refuse the fields that the operation does not have."""
        kind, sent = read_body(body, content_type)
        if kind == "urlencoded" and self.says("urlencoded-body", "not-read"):
            sent = {}
        if kind == "json" and self.says("json-body", "not-read"):
            sent = {}
        texts = {}
        for name, value in sent.items():
            if isinstance(value, list):
                if self.says("array-field", "missing"):
                    continue
                value = value[-1]
            texts[name] = self._text(value)
        known = {"name", "type", *EVERY_FIELD}
        if is_update or self.says("is-enabled-on-create", "honoured", "off-unless-sent"):
            known.add("is_enabled")
        if texts.keys() - known and self.says("unknown-field", "refused"):
            raise Refused("field")
        return {name: text for name, text in texts.items() if name in known}

    def refuse_foreign(self, kind: str, sent: dict[str, str]) -> None:
        """Refuse fields of another type; an unknown type has no fields, so none is refused."""
        foreign = sent.keys() & set(EVERY_FIELD) - set(FIELDS.get(kind, EVERY_FIELD))
        if foreign and self.says("field-of-another-type", "refused"):
            raise Refused("field")

    def refuse_unsent_or_malformed(self, kind: str, sent: dict[str, str]) -> None:
        """Refuse what only a create refuses."""
        for name in FIELDS[kind]:
            if name not in sent:
                if self.says("own-field-unsent", "refused"):
                    raise Refused("required-fields")
            elif self.says("malformed-contact", "refused"):
                malformed = name == "email" and not is_email(sent[name])
                if malformed or (name in ADDRESSES and not is_url(sent[name])):
                    raise Refused("required-fields")

    def is_missing(self, name: str) -> bool:
        """Tell whether a name counts as missing."""
        return not name or (is_blank(name) and self.says("blank-name", "refused"))

    def name(self, text: str) -> str:
        """Return what is stored of a name."""
        return self._stored(text, 64 if self.bug("name-cut-at-64") else NAME_LENGTH)

    def own(self, kind: str, sent: dict[str, str]) -> dict[str, str]:
        """Return what is stored of the fields of a type that are sent."""
        names = EVERY_FIELD if self.bug("foreign-field-stored") else FIELDS.get(kind, ())
        values = {name: self._stored(sent[name], VALUE_LENGTH) for name in names if name in sent}
        if self.bug("secret-dropped"):
            values.pop("x_access_token_secret", None)
        return values

    def fresh(self, kind: str, sent: dict[str, str]) -> dict[str, str]:
        """Return the settings of a type from the fields that are sent alone."""
        if kind == "internal_notification" and self.says("settings-of-internal-notification", "empty-text"):
            return {kind: ""} | self.own(kind, sent)
        if self.says("own-field-unsent", "omitted"):
            return self.own(kind, sent)
        return dict.fromkeys(FIELDS.get(kind, ()), "") | self.own(kind, sent)

    def is_true(self, text: str) -> bool:
        """Tell whether a text of is_enabled means true."""
        if self.bug("is-enabled-inverted"):
            return php_int(text) == 0
        if self.says("is-enabled-text", "integer-cast"):
            return php_int(text) != 0
        if self.says("is-enabled-text", "php-truthiness"):
            return text not in ("", "0")
        return text.lower() in ("1", "true", "on", "yes")

    def _text(self, value: bytes) -> str:
        if self.says("invalid-utf-8", "replaced"):
            return value.decode("utf-8", "replace")
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("text") from None

    def _stored(self, text: str, length: int) -> str:
        if self.bug("emoji-fails") and any(character > "\uffff" for character in text):
            raise Crashed
        if self.bug("unicode-mangled"):
            text = text.encode().decode("latin-1")
        if self.says("text-cleaning", "cleaned"):
            text = clean(text)
        if len(text) > length and self.says("text-too-long", "refused"):
            raise Refused("required-fields")
        return text if self.says("text-too-long", "kept") else text[:length]
