"""Files the parts of a body as PHP does: later names win, arrays and texts push each other out."""

from typing import Final

from mock_server.php.form import UPLOAD_ERR_OK, Form, Kind, Limits, Part, Remark, TooManyFields
from mock_server.php.values import FieldName, field_name

_SHOWN: Final = 40  # characters of a name that a sentence quotes


def quoted(name: str) -> str:
    """Quote a name for a sentence, cut to a readable length and without control characters."""
    shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
    return '"' + "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in shown) + '"'


class Gathering:
    """Takes a body's parts one by one, in the order sent, and gives the Form at the end."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.fields: dict[str, str] = {}
        self.files: dict[str, Part] = {}
        self.arrays: dict[str, None] = {}
        self.parts: list[Part] = []
        self.remarks: dict[Remark, None] = {}
        self.texts = 0

    def remark(self, remark: Remark) -> None:
        """Note something odd; the same remark is noted once."""
        self.remarks[remark] = None

    def text(self, name: bytes, data: bytes, content_type: str | None = None) -> None:
        """Take a text field. Raises TooManyFields."""
        self.texts += 1
        if self.texts > self.limits.fields:
            raise TooManyFields(self.limits.fields)
        shown = name.decode(errors="replace")
        filed = field_name(shown)
        try:
            value, valid = data.decode(), True
        except UnicodeDecodeError:
            value, valid = data.decode(errors="replace"), False
            self.remark(
                Remark("invalid-utf8", f"Field {quoted(shown)} is not valid UTF-8: send texts as UTF-8.")
            )
        kind = self._file(shown, filed, value)
        kept = value if kind == "text" else None
        self.parts.append(Part(name, filed.key, kind, None, content_type, data, kept, valid))

    def _file(self, shown: str, filed: FieldName, value: str) -> Kind:
        key = filed.key
        if key is None or filed.too_deep:
            self._drop(shown, filed)
            return "ignored"
        if filed.path:
            if key in self.fields:
                self._duplicate(key)
            self._array(key)
            return "array"
        if key in self.fields or key in self.arrays:
            self._duplicate(key)
        if key != shown:
            self.remark(Remark("name-changed", f"PHP reads the field name {quoted(shown)} as {quoted(key)}."))
        self.arrays.pop(key, None)
        self.fields[key] = value
        return "text"

    def _array(self, key: str) -> None:
        self.fields.pop(key, None)
        self.arrays[key] = None
        self.remark(
            Remark(
                "array-field", f"Field {quoted(key)} is sent as an array: drop the brackets from its name."
            )
        )

    def _drop(self, shown: str, filed: FieldName) -> None:
        if filed.key is None:
            self.remark(
                Remark(
                    "name-dropped", f"PHP drops the field name {quoted(shown)}: give the field a plain name."
                )
            )
            return
        self.fields.pop(filed.key, None)
        self.arrays.pop(filed.key, None)
        self.remark(
            Remark("name-dropped", f"Field {quoted(filed.key)} is nested too deeply for PHP, which drops it.")
        )

    def _duplicate(self, key: str) -> None:
        self.remark(
            Remark("duplicate-field", f"Field {quoted(key)} is sent more than once, and the last one wins.")
        )

    def upload(self, part: Part) -> None:
        """Take a file; its part says under which key, if any, ``$_FILES`` has it."""
        self.parts.append(part)
        if part.key is not None and part.kind == "file":
            self.files[part.key] = part

    def ignored(self, name: bytes | None = None) -> None:
        """Take a part that PHP passes over."""
        self.parts.append(Part(name, None, "ignored", None, None, b"", None, error=UPLOAD_ERR_OK))

    def form(self) -> Form:
        """Give what was gathered."""
        return Form(self.fields, self.files, frozenset(self.arrays), tuple(self.parts), tuple(self.remarks))
