"""The refusals: their titles in two languages and their statuses."""

from typing import Any

from tests.second_opinion.answers import Chosen

TITLES = {
    "missing-bearer": (
        "The request is missing the Bearer Authentication header.",
        "Żądanie nie zawiera nagłówka uwierzytelniania Bearer.",
    ),
    "no-access": ("You do not have access to the API.", "Brak dostępu do API."),
    "not-found": (
        "The resource you are looking for does not exist.",
        "Szukany zasób nie istnieje.",
    ),
    "required-fields": ("You must fill all the required fields.", "Wypełnij wszystkie wymagane pola."),
    "plan": (
        "Your have exceeded the limits of your current plan.",
        "Limit Twojego obecnego planu został przekroczony.",
    ),
    "rate": (
        "You reached the limit of requests in one minute, please wait.",
        "Limit żądań na minutę został osiągnięty, poczekaj.",
    ),
    "type": ("This type is not available.", "Ten typ jest niedostępny."),
    "field": ("This field cannot be sent here.", "Tego pola nie można tu wysłać."),
    "text": ("The text is not readable.", "Tekst jest nieczytelny."),
    "page": ("This page does not exist.", "Nie ma takiej strony."),
    "page-size": ("This page size is not allowed.", "Nie ma stron tej wielkości."),
    "method": ("Use another method.", "Użyj innej metody."),
}
STATUSES = {
    "missing-bearer": 401,
    "not-found": 404,
    "plan": 401,
    "rate": 429,
    "field": 400,
    "text": 400,
    "page": 400,
    "page-size": 400,
}
BY_ANSWER = {
    "no-access": ("wrong-key-status", {"unauthorized": 401, "forbidden": 403}),
    "required-fields": (
        "required-field-missing",
        {"unauthorized": 401, "bad-request": 400, "unprocessable": 422},
    ),
    "type": ("type-not-allowed", {"unauthorized": 401, "bad-request": 400, "unprocessable": 422}),
    "method": ("other-methods", {"not-found": 404, "not-allowed": 405}),
}


class Refused(Exception):
    """A request is refused. A status given here overrides the usual one."""

    def __init__(self, kind: str, status: int | None = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.status = status


class Crashed(Exception):
    """The service itself fails, as one of the bugs makes it do."""


class Refusals(Chosen):
    """Makes the reply of a refusal."""

    def status(self, refused: Refused) -> int:
        """Return the status that the reply has."""
        if refused.status is not None:
            return refused.status
        if refused.kind not in BY_ANSWER:
            return STATUSES[refused.kind]
        question, statuses = BY_ANSWER[refused.kind]
        return statuses[self.answer(question)]

    def envelope(self, refused: Refused) -> dict[str, Any]:
        """Return the body: a list of one error."""
        status = self.status(refused)
        is_text = self.says("error-status", "text") or (
            refused.kind == "missing-bearer" and self.says("error-status", "text-for-missing-bearer")
        )
        error = {"title": self._title(refused.kind), "status": str(status) if is_text else status}
        if self.bug("error-without-status"):
            del error["status"]
        return {"errors": [error]}

    def _title(self, kind: str) -> str:
        # Without a refusal of its own, a type gets that of the plan, and a method that of a missing row.
        if kind == "type" and self.says("type-not-allowed", "unauthorized"):
            kind = "plan"
        if kind == "method" and self.says("other-methods", "not-found"):
            kind = "not-found"
        english, polish = TITLES[kind]
        return polish if self.says("error-titles", "site-language") else english
