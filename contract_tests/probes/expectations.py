"""What the document says under each answer to a question, and how a request is kept as evidence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

from contract_tests.document import Facts
from contract_tests.guard.body import Body
from contract_tests.guard.exchange import KEY_VARIABLE, MULTIPART, URLENCODED, Exchange, FormField
from contract_tests.probes.reading import Answered, Finding, Outside
from contract_tests.target.api import OWN_KEY, TargetResponse
from mock_server.document import Document, DocumentError, load, with_actions

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class DocumentArguments:
    """The arguments of `load`. `answers` are those of the user, who thereby accepts them."""

    document: Path | str | None = None
    overlays: tuple[Path | str, ...] = ()
    answers: Mapping[str, str] | Sequence[str] = ()
    questions: Path | str | None = None

    def load(self, answers: Mapping[str, str] | Sequence[str] = ()) -> Document:
        """Load the document with these answers instead. Raises DocumentError."""
        return load(self.document, self.overlays, answers, self.questions)


class Expectations:
    """The document with its overlays, and the same with each single answer added.

    An overlay may already say what an answer would say. The answer's actions then apply no longer, and the answer is
    left out of comparisons: the assumed answer stands for what the document says.
    """

    def __init__(self, arguments: DocumentArguments) -> None:
        self._document = arguments.load()
        self.questions = self._document.questions()
        self.facts = Facts(self._document.data)
        self._with: dict[tuple[str, str], Facts | None] = {}

    @property
    def learned(self) -> dict[str, str]:
        """The answers that the overlays were learned with, by question."""
        known = {name: answer for each in self._document.learned for name, answer in each.answers.items()}
        return {name: answer for name, answer in known.items() if name in self.questions}

    def facts_with(self, question: str, answer: str) -> Facts | None:
        """Return the facts under one answer; None if its actions do not apply to this document."""
        key = question, answer
        if key not in self._with:
            self._with[key] = self._apply(question, answer)
        return self._with[key]

    def _apply(self, question: str, answer: str) -> Facts | None:
        actions = self.questions[question].answers[answer].actions
        if not actions:
            return self.facts
        try:
            return Facts(with_actions(self._document.data, actions))
        except (DocumentError, LookupError, StopIteration):
            return None

    def by_answer(self, question: str, read: Callable[[Facts], Value]) -> dict[str, Value]:
        """Return the result of `read` under each answer that applies, the assumed one first."""
        asked = self.questions[question]
        answers = [asked.assumed, *(name for name in asked.answers if name != asked.assumed)]
        found = {answer: self.facts_with(question, answer) for answer in answers}
        return {answer: read(facts) for answer, facts in found.items() if facts is not None}

    def decide(  # what is compared, and the two sentences
        self, question: str, seen: Value, read: Callable[[Facts], Value], otherwise: str, *, said: str = ""
    ) -> Finding:
        """Return the answer under which the document says what was seen, or else `otherwise`, a sentence.

        `said` describes what was seen more precisely than the answer's own sentence.
        """
        for answer, expected in self.by_answer(question, read).items():
            if expected == seen:
                return Answered(answer, said)
        return Outside(otherwise)


class SentCall(NamedTuple):
    """A request: the arguments of `TargetApi.call` (`parts` are the keyword arguments), and the API key."""

    method: str
    path: str
    parts: Mapping[str, Any]
    key: str


def exchange_of(facts: Facts, url: str, sent: SentCall, response: TargetResponse) -> Exchange:
    """Return the exchange without the key. `url` is the base URL to show."""
    method, path, parts, key = sent
    query = urlencode(parts.get("query") or {})
    headers = dict(parts.get("headers") or {})
    authorization = parts.get("authorization", OWN_KEY)
    if authorization is not None:
        text = f"Bearer {key}" if authorization is OWN_KEY else str(authorization)
        headers["Authorization"] = text.replace(key, KEY_VARIABLE) if key else text
    form, body = parts.get("form"), Body(headers.get("Content-Type", ""), parts.get("body") or b"")
    media_type = body.media_type
    fields = body.fields if media_type == MULTIPART else ()
    if form is not None:
        media_type = URLENCODED if parts.get("urlencoded") else MULTIPART
        fields = tuple(FormField(name, value) for name, value in form.items())
    return Exchange(
        method=method,
        url=url + path + (f"?{query}" if query else ""),
        operation=_operation(facts, method, path),
        request_headers=tuple(headers.items()),
        media_type=media_type,
        form=fields,
        raw="" if fields else body.exact,
        status=response.status,
        headers=tuple(response.headers.items()),
        body=response.body.decode(errors="replace"),
        milliseconds=0.0,
    )


def _operation(facts: Facts, method: str, path: str) -> str:
    for operation in facts.operations.values():
        if operation.method == method and _pattern(operation.path).fullmatch(path):
            return operation.id
    return ""


@cache
def _pattern(path: str) -> re.Pattern[str]:
    """Return a pattern of the paths of requests to an operation."""
    return re.compile(re.sub(r"\\\{[^/]*\\\}", "[^/]+", re.escape(path)))
