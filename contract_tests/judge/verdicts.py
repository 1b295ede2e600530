"""Checks responses against the document. The only place that turns a broken expectation into a verdict."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import jsonschema_rs

from contract_tests.document import DocumentedRefusal, Facts, fits, read
from contract_tests.guard.exchange import Exchange, at
from contract_tests.guard.mask import HIDDEN, MARK
from contract_tests.judge.statements import (
    JSON,
    KEYS,
    LABELLED,
    NEEDS_GOOD_KEY,
    NEEDS_KEY,
    RESPONSES,
    Statement,
    Statements,
    pointer,
)
from mock_server.document import load, plain

if TYPE_CHECKING:
    from contract_tests.target.api import TargetResponse

HoldTo = Literal["page", "document"]

_MOST_CALLS = 40
_NUMBERS = re.compile(r"\d+|\bNone\b")


class Ruling(StrEnum):
    """The verdict on a broken expectation. The first two are findings."""

    DOCUMENTATION = "contradicts the documentation"
    ITSELF = "contradicts itself"
    OPEN = "left open"
    SUSPENDED = "suspended"

    @property
    def is_finding(self) -> bool:
        """Whether it fails the run."""
        return self in (Ruling.DOCUMENTATION, Ruling.ITSELF)


class Returned(str):
    """A shown or wanted text that is a response. Sentences then say `returns`, not `is`."""

    __slots__ = ()


_VERBS = {"is": "returns", "be": "return"}


def _verb(verb: str, text: str) -> str:
    """Return what is shown or wanted with its verb: `returns 200`, `return 200`, `is 5`, `be refused`."""
    return f"{_VERBS[verb] if isinstance(text, Returned) else verb} {text}"


class Complaint(NamedTuple):
    """An expectation that was not met: `about` is `shown` and should be `wanted`.

    Without `wanted`, `about` is a whole sentence without its full stop. `sort` is the same for complaints that differ
    only in generated texts of `about`. `part` is the property concerned, or empty. `operation` is that of the call; it
    is empty for the last call and needed if a look followed a write. `instead` is a sentence that replaces the answer
    to the question, which this complaint refutes.
    """

    statement: Statement
    about: str
    shown: str = ""
    wanted: str = ""
    sort: str = ""
    part: str = ""
    operation: str = ""
    instead: str = ""

    @property
    def sentence(self) -> str:
        """The complaint as the sentence of a finding."""
        if not self.wanted:
            return self.about
        return f"{self.about} {_verb('is', self.shown)} and should {_verb('be', self.wanted)}"

    @property
    def observation(self) -> str:
        """The complaint as an observation, if the documentation leaves the matter open."""
        if not self.wanted:
            return self.about
        return f"{self.about} {_verb('is', self.shown)} (assumed: {self.wanted})"

    @property
    def key(self) -> tuple[str, str]:
        """A key that is the same for complaints which differ only in numbers."""
        return self.statement.key, self.sort or _NUMBERS.sub("#", self.about)


@dataclass(frozen=True, slots=True)
class Observation:
    """Something that a service does in its own way, which the documentation leaves open.

    `question` is the open question that covers it, or empty. `instead` replaces the answer to the question, which this
    observation refutes.
    """

    question: str
    sentence: str
    place: str
    exchanges: tuple[Exchange, ...]
    instead: str = ""


class Deviation(AssertionError):
    """Raised for broken expectations that fail the run; `exchanges` are those of the test so far.

    Its text shows the last of them as shell lines, or `calls` instead.
    """

    def __init__(
        self, complaints: Sequence[Complaint], exchanges: Sequence[Exchange] = (), calls: Sequence[str] = ()
    ) -> None:
        self.complaints = tuple(complaints)
        self.exchanges = tuple(exchanges)
        calls = calls or [
            f"{one.as_curl()}  # {one.status or 'no answer'}" for one in self.exchanges[-_MOST_CALLS:]
        ]
        lines = [complaint.sentence for complaint in complaints]
        super().__init__(
            "\n".join([*lines, *(["after:"] if calls else []), *(f"  {call}" for call in calls)])
        )


@dataclass
class Judge:
    """Judges a run. `hold_to` says which statements bind: those of the documentation page, or the whole document.

    `otherwise` are the questions that the service answers in a way of its own, as the report already says: statements
    that rest on them are suspended. `observations` are other deviations, by subject. `refusals` holds, by the name of
    the refusal, what was refused and how.
    """

    statements: Statements
    hold_to: HoldTo = "document"
    trace: Callable[[], Sequence[Exchange]] = tuple
    otherwise: set[str] = field(default_factory=set)
    observations: dict[tuple[str, str], Observation] = field(default_factory=dict)
    refusals: dict[str, tuple[str, Exchange]] = field(default_factory=dict)

    def ruling(self, statement: Statement) -> Ruling:
        """Return the verdict on breaking a statement."""
        if statement.is_suspended or statement.questions & self.otherwise:
            return Ruling.SUSPENDED
        if statement.is_duty:
            return Ruling.ITSELF
        return Ruling.DOCUMENTATION if self.binds(statement) else Ruling.OPEN

    def binds(self, statement: Statement) -> bool:
        """Tell whether the run holds the service to a statement of the document."""
        return self.hold_to == "document" or statement.is_accepted or not statement.is_open

    def binding(self, complaints: Iterable[Complaint]) -> list[Complaint]:
        """Return the complaints that fail the run, and keep the others as observations."""
        found = []
        for complaint in complaints:
            ruling = self.ruling(complaint.statement)
            if ruling.is_finding:
                found.append(complaint)
            elif ruling is Ruling.OPEN and not complaint.statement.is_told:
                self._observe(complaint)
        return found

    def require(self, complaints: Iterable[Complaint]) -> None:
        """Raise Deviation if a complaint fails the run."""
        if found := self.binding(complaints):
            raise Deviation(found, self.trace())

    def note_refusal(self, name: str, about: str, exchange: Exchange | None = None) -> None:
        """Note how a refusal looks, by its name and by what was refused. By default, the last exchange shows it."""
        seen = exchange or next(iter(self.trace()[-1:]), None)
        if seen is not None:
            self.refusals.setdefault(name, (about, seen))

    def _observe(self, complaint: Complaint) -> None:
        if complaint.key in self.observations:
            return
        question = (
            next(iter(complaint.statement.questions)) if len(complaint.statement.questions) == 1 else ""
        )
        self.observations[complaint.key] = Observation(
            question,
            complaint.observation,
            complaint.statement.pointer,
            tuple(self.trace()),
            complaint.instead,
        )


_MOST_ERRORS = 6
_JSON_TYPE = re.compile(r"application/(json|[\w.-]+\+json)\Z")
# Keywords of JSON Schema, as sentences say them.
FORMS = {
    "type": "is of type", "enum": "is one of", "const": "is", "pattern": "looks like", "required": "has",
    "minimum": "is at least", "minLength": "has a length of at least",
}  # fmt: skip


class Conformity:
    """Says how a response contradicts the document. An empty list means that it does not."""

    def __init__(self, facts: Facts, statements: Statements | None = None) -> None:
        self._facts = facts
        self._statements = statements or Statements(facts)
        self._checks: dict[str, tuple[str, jsonschema_rs.Validator]] = {}
        self._known = _titles(load().data)

    def success(
        self, kind: str, response: TargetResponse, rests_on: Statement | None = None
    ) -> list[Complaint]:
        """Judge the response to a request that should succeed; `rests_on` says why it should."""
        operation = self._facts.operation(kind)
        if response.status // 100 != 2:
            return [self.turned_away(kind, response, rests_on or self._statements.operation(kind))]
        complaints = []
        if response.status != operation.success:
            ground = self._statements.status(kind, operation.success)
            complaints = [
                Complaint(
                    ground, f"the status of a successful {kind}", str(response.status), str(operation.success)
                )
            ]
        shows_json = operation.response and "x-text" not in operation.response
        return complaints + (self._json(kind, response) if shows_json else self._text(kind, response))

    def turned_away(
        self, kind: str, response: TargetResponse, rests_on: Statement, about: str = ""
    ) -> Complaint:
        """Return the complaint about a request that should have succeeded and was refused, or got no response."""
        if response.status == 0 or response.status >= 500:
            rests_on = RESPONSES
        wanted = Returned(self._facts.operation(kind).success)
        return Complaint(
            rests_on, about or a(kind), Returned(said(response)), wanted, operation=self._write(kind)
        )

    def refusal(
        self,
        kind: str,
        response: TargetResponse,
        refusal: DocumentedRefusal,
        rests_on: Statement,
        about: str = "",
    ) -> list[Complaint]:
        """Judge a response that should be a documented refusal; `rests_on` says why it should.

        Any 4xx counts as a refusal. Its status, media type and body are its look, which is a statement of its own. If
        the base document does not have the title, any title will do.
        """
        about, operation = about or a(kind), self._write(kind)
        # A server may refuse an unknown method by 501 (RFC 9110, 9.1).
        is_unknown_method = response.status == 501 and rests_on.is_of_other_methods
        if response.status == 0 or (response.status >= 500 and not is_unknown_method):
            wanted = Returned(refusal.status)
            return [Complaint(RESPONSES, about, Returned(said(response)), wanted, operation=operation)]
        if 300 <= response.status < 400 and rests_on in (KEYS, NEEDS_KEY, NEEDS_GOOD_KEY):
            rests_on = self._statements.refusal(kind, refusal)  # a redirect opens no handlers
        if response.status < 400:
            refused = f"refused with {refusal.status}"
            return [Complaint(rests_on, about, Returned(said(response)), refused, operation=operation)]
        looks = self._statements.refusal(kind, refusal)
        if _is_spoilt(response):
            what = f"the body of the refusal of {about}"
            return [Complaint(LABELLED, what, _short(response.body), "JSON alone", operation=operation)]
        return [
            Complaint(looks, f"the {what} of the refusal of {about}", shown, wanted, operation=operation)
            for what, shown, wanted in self._looks(response, refusal)
        ]

    def _write(self, kind: str) -> str:
        """Return the operation of a kind, if it writes."""
        return self._facts.operation(kind).id if kind in {"create", "update", "delete"} else ""

    def _looks(self, response: TargetResponse, refusal: DocumentedRefusal) -> Iterator[tuple[str, str, str]]:
        """Yield each part of a refusal that looks different: its name, what it is, and what it should be."""
        if response.status != refusal.status:
            yield "status", said(response), str(refusal.status)
        wanted_media = (refusal.media_type or "").partition(";")[0].strip().lower()
        if (media := media_type(response)) != wanted_media:
            yield "media type", media or "missing", wanted_media or "none"
        if not refusal.title:
            if not fits(refusal.value, read(response.body, refusal.media_type)):
                yield "body", _short(response.body), f"`{str(refusal.value)[:200]}`"
            return
        try:
            (error,) = response.json()["errors"]
            title, status = error["title"], error["status"]
        except (ValueError, LookupError, TypeError):
            yield "body", _short(response.body), "a list of one error with title and status"
            return
        known = self._known.get(refusal.name) == refusal.title
        if not isinstance(title, str) or not title or (known and title != refusal.title):
            yield "title", repr(title), repr(refusal.title)
        wanted = refusal.shown_status
        if refusal.name not in self._known and isinstance(status, str):
            wanted = str(wanted)
        if type(status) is not type(wanted) or status != wanted:
            yield "status in the body", repr(status), repr(wanted)

    def _text(self, kind: str, response: TargetResponse) -> list[Complaint]:
        """Judge a response whose body is empty, or a text. Even an empty one may have a media type."""
        ground, operation = self._statements.text_body(kind), self._facts.operation(kind)
        text = operation.response.get("x-text", "")
        if not fits(text, read(response.body.strip() if not text else response.body, None)):
            shown = f"`{text[:200]}`" if text else "empty"
            return [Complaint(ground, f"the body of a successful {kind}", _short(response.body), shown)]
        node = self._facts.schemas.resolve(self._facts.node(operation)["responses"][str(operation.success)])
        wanted = next(iter(node.get("content", ())), node.get("x-empty-body", "")).partition(";")[0].lower()
        found, which = media_type(response), "which is a text," if text else "which has no body,"
        if wanted and found not in {"", wanted}:
            return [Complaint(ground, f"the media type of a successful {kind}, {which}", found, wanted)]
        return []

    def _json(self, kind: str, response: TargetResponse) -> list[Complaint]:
        found = media_type(response)
        complaints = []
        if not _JSON_TYPE.match(found):
            complaints = [
                Complaint(
                    JSON, f"the media type of a successful {kind}", found or "missing", "application/json"
                )
            ]
        if response.body.startswith(codecs.BOM_UTF8):
            return [
                *complaints,
                Complaint(
                    JSON, f"a successful {kind} begins with a byte order mark, which JSON does not allow"
                ),
            ]
        try:
            body = response.json()
        except ValueError:
            return [Complaint(JSON, f"the body of a successful {kind}", _short(response.body), "JSON")]
        return complaints + [
            self._violation(kind, place, error, body) for place, error in self._errors(kind, body)
        ]

    def _errors(self, kind: str, body: Any) -> Iterator[tuple[str, Any]]:
        """Yield the errors of a body against its schema, each with the place of the violated keyword in the document.

        If the guard masked a text, only what masking does not change is judged.
        """
        if kind not in self._checks:
            place, schema = self._statements.response_schema(kind)
            components = plain(self._facts.document["components"])
            self._checks[kind] = (
                place,
                jsonschema_rs.validator_for({**plain(dict(schema)), "components": components}),
            )
        place, check = self._checks[kind]
        errors = (error for error in check.iter_errors(body) if not self._is_masked(error))
        for error in islice(errors, _MOST_ERRORS):
            below = pointer(*map(str, error.schema_path))
            yield (below if below.startswith("/components/") else place + below), error

    def _is_masked(self, error: jsonschema_rs.ValidationError) -> bool:
        """Tell whether an error comes from masking alone. Types, listed words and times are still judged."""
        row, word = self._facts.row, error.schema_path[-1]
        *above, last = (step for step in ("", *error.instance_path) if isinstance(step, str))
        tells = word == "enum" or last in {row.get("created"), row.get("changed")}
        return error.instance in (HIDDEN, MARK) and word != "type" and (row["settings"] in above or not tells)

    def _violation(self, kind: str, place: str, error: Any, body: Any) -> Complaint:
        where = _where(error.instance_path)
        word = place.rpartition("/")[2]
        try:
            value = self._facts.schemas.find("#" + place)
        except (LookupError, ValueError, TypeError):
            value = ""
        says = f"`{where}` {FORMS.get(word, word)} {_listed(value)}."
        ground = self._statements.violated(place, error.instance, says)
        if error.instance is None and self._is_link_of_nothing(kind, error.instance_path, body):
            ground = self._statements.paging("empty", says)
        missed = re.match(r'"(.+?)" is a required', error.message)
        part = missed[1] if missed else where.rpartition(".")[2]
        about = f"`{where}` in the answer to {a(kind)}: {error.message}"
        return Complaint(ground, about, part=part)

    def _is_link_of_nothing(self, kind: str, steps: Sequence[Any], body: Any) -> bool:
        """Tell whether a place is a link of an empty list, which the page does not show."""
        if kind != "list":
            return False
        paths, listed = self._facts.schemas, self._facts.operation("list").response
        links = [paths.path_to(listed, word) for word in ("link-first", "link-last", "link-self")]
        return tuple(steps) in links and at(body, paths.path_to(listed, "rows")) == []


def _is_spoilt(response: TargetResponse) -> bool:
    """Tell whether a response that is labelled as JSON has other text before its JSON, such as a warning of PHP."""
    found = b"{" + response.body.partition(b"{")[2]
    if not _JSON_TYPE.match(media_type(response)) or response.body.lstrip()[:1] in (b"{", b"["):
        return False
    try:
        response._replace(body=found).json()
    except ValueError:
        return False
    return True


def a(kind: str) -> str:
    """Return the name of an operation's kind with its article."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def media_type(response: TargetResponse) -> str:
    """Return the media type of a response in lower case, without parameters."""
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def listed(sent: Mapping[str, str]) -> str:
    """Return a form or a query as readable text."""
    fields = (
        f"{name}={text!r}" if len(text) < 60 else f"{name} of {len(text)} characters"
        for name, text in sent.items()
    )
    return ", ".join(fields) or "no fields"


def said(response: TargetResponse) -> str:
    """Return a response in words: its status, its media type unless that is JSON, and the beginning of its body.

    Only a refusal is said to have an empty body, since a success often has none.
    """
    is_empty = not response.body.strip()
    body = ("and an empty body" if response.status >= 400 else "") if is_empty else _short(response.body)
    media = "" if is_empty else media_type(response)
    words = (str(response.status or "not at all"), media if media != "application/json" else "", body)
    return " ".join(word for word in words if word)


def _short(body: bytes) -> str:
    """Return a body in one line. Keep the part of a long one that distinguishes errors, at its start or its end."""
    text = " ".join(body.decode(errors="replace").split())
    return f"`{text}`" if len(text) <= 300 else f"`{text[:120]} … {text[-160:]}`"


def _where(path: Any) -> str:
    """Return a place in a response in readable form, without the index in a list."""
    return "".join("[]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".") or "the body"


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _titles(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the titles of the refusals in the base document."""
    values = {name: node.get("value") for name, node in document["components"]["examples"].items()}
    return {name: value["errors"][0]["title"] for name, value in values.items() if "errors" in value}
