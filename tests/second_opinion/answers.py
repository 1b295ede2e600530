"""The choices that make a service: an answer to each open question, and the bugs to plant."""

from collections.abc import Iterable, Mapping

from tests.second_opinion.bugs import BUGS

# Each question's answers; the first one is assumed.
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "create-status": ("created", "ok"),
    "delete-status": ("empty-ok", "no-content"),
    "write-answer": ("id", "whole-object"),
    "required-field-missing": ("unauthorized", "bad-request", "unprocessable"),
    "blank-name": ("refused", "accepted"),
    "type-not-allowed": ("unauthorized", "bad-request", "unprocessable"),
    "plan-limit": ("unlimited", "ten"),
    "own-field-unsent": ("empty", "omitted", "refused"),
    "malformed-contact": ("accepted", "refused"),
    "text-too-long": ("cut", "kept", "refused"),
    "text-cleaning": ("cleaned", "kept"),
    "unknown-field": ("ignored", "refused"),
    "field-of-another-type": ("ignored", "refused"),
    "array-field": ("missing", "last-item"),
    "invalid-utf-8": ("replaced", "refused"),
    "is-enabled-on-create": ("ignored", "honoured", "disabled", "off-unless-sent"),
    "is-enabled-text": ("integer-cast", "php-truthiness", "any-spelling"),
    "urlencoded-body": ("read", "not-read"),
    "json-body": ("not-read", "read"),
    "update-keeps": ("kept", "blanked"),
    "update-same-type": ("kept", "reset"),
    "update-type-change": ("rebuilt", "merged"),
    "update-type-not-allowed": ("ignored", "refused"),
    "update-empty-name": ("stored", "ignored", "refused"),
    "list-order": ("newest-first", "oldest-first"),
    "page-not-valid": ("first-page", "refused"),
    "page-beyond-last": ("empty", "last-page"),
    "page-size-not-allowed": ("default", "refused"),
    "empty-list": ("no-pages", "one-page"),
    "links-repeat-parameters": ("accepted", "none"),
    "links-opening": ("question-mark", "question-mark-ampersand"),
    "meta-page": ("integer", "raw-text"),
    "meta-total": ("total", "total-results"),
    "user-id": ("absent", "present"),
    "is-enabled-in-replies": ("boolean", "integer"),
    "settings-of-internal-notification": ("empty-text", "empty-object", "empty-array"),
    "secrets-in-replies": ("shown", "masked"),
    "last-datetime": ("last-update", "last-notification"),
    "time-zone": ("utc", "moscow"),
    "bearer-case": ("exact", "any"),
    "wrong-key-status": ("unauthorized", "forbidden"),
    "error-status": ("text-for-missing-bearer", "number", "text"),
    "error-titles": ("english", "site-language"),
    "id-not-a-number": ("cast", "strict"),
    "other-methods": ("not-found", "not-allowed"),
    "unknown-route": ("site-page", "envelope"),
    "rate-limit": ("sixty-a-minute", "other-number", "none"),
    "retry-after": ("absent", "present"),
    "checks-order": ("key-first", "method-first", "rate-after-existence"),
    "trailing-slash": ("same", "redirect", "distinct"),
    "response-charset": ("none", "utf-8"),
    "json-escapes": ("php", "plain"),
    "cors": ("closed", "open"),
}


class Choice:
    """The answers that one service gives, and its bugs."""

    def __init__(self, answers: Mapping[str, str], bugs: Iterable[str]) -> None:
        for question, answer in answers.items():
            if question not in OPTIONS:
                raise ValueError(f"Unknown question {question!r}.")
            if answer not in OPTIONS[question]:
                raise ValueError(f"{question} has no answer {answer!r}, only {', '.join(OPTIONS[question])}.")
        self.bugs = frozenset(bugs)
        if unknown := sorted(self.bugs - BUGS.keys()):
            raise ValueError(f"Unknown bug {unknown[0]!r}.")
        self.answers = {question: options[0] for question, options in OPTIONS.items()} | dict(answers)


class Chosen:
    """A part of the service that depends on the choices."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice

    def answer(self, question: str) -> str:
        """Return the answer chosen to a question."""
        return self.choice.answers[question]

    def says(self, question: str, *answers: str) -> bool:
        """Tell whether one of these is the answer chosen; a wrong name raises an error."""
        for answer in answers:
            OPTIONS[question].index(answer)
        return self.choice.answers[question] in answers

    def bug(self, name: str) -> bool:
        """Tell whether a bug is planted."""
        return name in self.choice.bugs
