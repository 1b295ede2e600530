"""Takes keys and the guard's own address out of a text that people will see."""

from __future__ import annotations

from contract_tests.guard import KEY_VARIABLE, Guard
from contract_tests.guard.mask import Redactor
from contract_tests.run.settings import RunSettings

OTHER_KEY_VARIABLE = "$BITPEAK_OTHER_API_KEY"


class PlainText:
    """Callable: returns a text with the target's address in place of the guard's, and variables in place of keys."""

    def __init__(self, settings: RunSettings, guard: Guard) -> None:
        shown = {guard.url: guard.target, guard.placeholder_key: KEY_VARIABLE}
        if settings.other_key:
            shown[settings.other_key] = OTHER_KEY_VARIABLE
        shown[settings.key] = KEY_VARIABLE
        self._shown = shown
        self._redactors = [Redactor(key) for key in (settings.key, settings.other_key) if key]

    def __repr__(self) -> str:
        return "Cleaner()"

    def __call__(self, text: str) -> str:
        """Return the text as it may be shown."""
        for hidden, shown in self._shown.items():
            text = text.replace(hidden, shown)
        for redactor in self._redactors:
            text = redactor.clean(text)
        return text
