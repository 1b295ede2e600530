"""A handler that a probe has created, and the raw forms that probes send."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import switch
from contract_tests.target.api import TargetResponse, boundary_of
from mock_server.document.treatments import ARRAY, FILE, NOT_UTF_8, TWICE, SentInput

# A field's name and value, and whether it is sent as a file.
Part = tuple[str, bytes, bool]
Pairs = Iterable[tuple[str, bytes] | Part]

_FILE = '; filename="value.txt"\r\nContent-Type: text/plain'


def multipart(pairs: Pairs) -> dict[str, Any]:
    """Return the arguments of `TargetApi.call` for a multipart body of these fields."""
    pairs = list(pairs)
    boundary = boundary_of(value for _, value, *_ in pairs)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{_FILE if any(file) else ""}\r\n\r\n'.encode()
        + value
        + b"\r\n"
        for name, value, *file in pairs
    ]
    return {
        "body": b"".join(parts) + f"--{boundary}--\r\n".encode(),
        "headers": {"Content-Type": f"multipart/form-data; boundary={boundary}"},
    }


def parts_of(field: str, sent: SentInput) -> list[Part]:
    """Return the parts of a form that send a field in the way of a sample."""
    if ARRAY in sent.how:
        return [(f"{field}[]", text.encode(), False) for text in sent.texts]
    if TWICE in sent.how:
        return [(field, text.encode(), False) for text in sent.texts]
    if FILE in sent.how:
        return [(field, sent.data, True)]
    if NOT_UTF_8 in sent.how:
        return [(field, sent.data, False)]
    return [] if sent.text is None else [(field, sent.text.encode(), False)]


class ProbedHandler:
    """One row: the form that was `sent`, the response that `created` it, and how it was shown `first` and last.

    `made_as` is the type that it was created with, `raw` the body of the first retrieve.
    """

    def __init__(self, prober: Prober, row: int, created: TargetResponse, sent: Mapping[str, str]) -> None:
        self.sent = sent
        self.made_as = sent[prober.facts.form["type"]]
        self._prober = prober
        self._words = prober.facts.row
        self.id = row
        self.created = created
        self.shown = prober.retrieve(row)
        self.first = self.shown
        self.raw = prober.responses[-1].body
        prober.note_keys(self.made_as, sent, self.shown)

    def look(self, *, renamed: bool = False) -> Mapping[str, Any]:
        """Retrieve the handler. Raises Undecided if it is not shown. `renamed`: see `Prober.retrieve`."""
        self.shown = self._prober.retrieve(self.id, renamed=renamed)
        return self.shown

    def update(self, **fields: str) -> TargetResponse:
        """Send an update. The keywords are words for form fields (`name`, `type`, `enabled`), or names of fields."""
        form = {self._prober.facts.form.get(word, word): value for word, value in fields.items()}
        return self._prober.send("POST", self._path, form=form)

    def update_raw(self, pairs: Pairs) -> TargetResponse:
        """Send an update whose fields may repeat, with values as bytes."""
        return self._prober.send("POST", self._path, **multipart(pairs))

    @property
    def _path(self) -> str:
        return self._prober.api.path_of("update", self.id)

    @property
    def name(self) -> str:
        """The name as last shown."""
        return str(self.shown.get(self._words["name"]))

    @property
    def type(self) -> str:
        """The type as last shown."""
        return str(self.shown.get(self._words["type"]))

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings as last shown, by the form fields that fill them; empty if they are not an object."""
        return self._prober.settings(self.shown)

    @property
    def is_enabled(self) -> bool:
        """Whether it was last shown as enabled, in whatever form. Raises Undecided if that is unclear."""
        return switch(self.shown.get(self._words["enabled"]))
