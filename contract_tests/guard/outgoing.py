"""The body that goes out: the marker in the name, reserved hosts only, nothing that overrides the method."""

from __future__ import annotations

from urllib.parse import unquote

from contract_tests.guard.body import Body
from contract_tests.guard.contacts import contacts, reserved
from contract_tests.guard.marker import Marker
from contract_tests.guard.refusal import GuardRefusal
from contract_tests.guard.surface import Surface


class Outgoing:
    """Changes the forms of one run."""

    def __init__(self, surface: Surface, marker: Marker, *, rewrite_contacts: bool) -> None:
        self._name = surface.name_field
        self._addresses = surface.addresses
        self._marker = marker
        self._rewrite = rewrite_contacts

    def check(self, body: Body) -> None:
        """Raise GuardRefusal (`contact`, `form`, `override`) where a body must not leave."""
        if any(_key(field.name).lower() == "_method" for field in body.fields):
            raise GuardRefusal(
                "override", "A field that overrides the method could turn a write into another one."
            )
        if not body.readable and self._name in unquote(body.text).lower():
            # A service that reads it all the same would store a name that nobody could tell from the user's own.
            raise GuardRefusal("form", "The body is no form that the guard can read, and may hold a name.")
        if body.readable and self._rewrite:
            return
        texts = [(field.name, text) for field in body.fields for text in (field.name, field.value)]
        for name, text in texts or [("", body.text)]:
            if found := contacts(text, address=_key(name) in self._addresses):
                what = "".join(sign for sign in found[0] if sign.isprintable())[:60]
                raise GuardRefusal(
                    "contact",
                    f"{what!r} is not reserved for examples: use example.com or a name under .invalid.",
                )

    def prepared(self, body: Body, number: int) -> bytes:
        """Return the body with the marker of a create in its name, and hosts rewritten where that is asked for."""

        def change(name: str, value: str) -> str:
            key = _key(name)
            if self._rewrite and contacts(value, address=key in self._addresses):
                value = reserved(value)
            return self._marker.insert(value, number) if key == self._name else value

        return body.changed(change)

    def blank_names(self, body: Body) -> list[str]:
        """Return the names in a body that stay without the marker, since they are blank."""
        return [f.value for f in body.fields if _key(f.name) == self._name and Marker.is_blank(f.value)]

    def has_name(self, body: Body) -> bool:
        """Tell whether a body has a name that bears the marker when it leaves."""
        return any(_key(f.name) == self._name and not Marker.is_blank(f.value) for f in body.fields)


def _key(name: str) -> str:
    """Return a field's name as PHP files it: without leading blanks, what follows a NUL, and indices."""
    return name.partition("\0")[0].lstrip(" ").partition("[")[0]
