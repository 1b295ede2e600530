"""Sends generated cases, keeps them harmless, and holds each answer against the document."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from hypothesis.errors import Flaky
from schemathesis import BaseSchema, Response
from schemathesis.core.failures import FailureGroup

from contract_tests.document.facts import Operation
from contract_tests.generated.engine import AnyCase, generator, operations, refusing
from contract_tests.generated.harmless import Harmless, harmless_form
from contract_tests.generated.loosened import loosened
from contract_tests.generated.pool import Fault, Pool, rows_in
from contract_tests.guard import FAILED_HEADER, KEY_VARIABLE, REFUSED_HEADER
from contract_tests.run.run import Profile, Run
from contract_tests.target.api import Answer

_LONGEST = 1500
_WHOLE = 40
_FARTHEST = 10**18 - 1


@dataclass
class Tally:
    """What was seen of one operation: answers by status, cases that a guard kept back, and successes by id."""

    statuses: Counter[int] = field(default_factory=Counter)
    withheld: int = 0
    own: Counter[int | None] = field(default_factory=Counter)

    @property
    def sent(self) -> int:
        """How many cases were answered."""
        return self.statuses.total()


def is_thrifty(profile: Profile) -> bool:
    """Tell whether a run is to spare requests: cases that need no chance are then only sampled."""
    return profile.examples < _WHOLE


class Judge:
    """Sends the cases of one suite; every method that does raises Fault where the target differs from the document."""

    def __init__(self, run: Run, schema: BaseSchema, pool: Pool) -> None:
        self.run = run
        self.schema = schema
        self.pool = pool
        self.operations = operations(schema)
        self.found: Fault | None = None
        self.tallies = {name: Tally() for name in self.operations}
        self._forms: dict[tuple[str, str], Harmless] = {}
        self._marks: dict[str, str] = {}
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    @contextmanager
    def only_faults(self) -> Iterator[None]:
        """Let only a Fault out, the first of several, without the frames of the tools that found it."""
        try:
            yield
        except Fault as fault:
            raise Fault(str(fault)) from None
        except Flaky:
            # A fault that comes and goes is one. Without any, the draws hung on the target's state; then the run was
            # shorter than meant, and what it did not reach is asserted by whoever called.
            if self.found is not None:
                raise Fault(str(self.found)) from None
        except BaseExceptionGroup as group:
            faults = group.subgroup(Fault)
            if faults is None:
                raise
            raise Fault(str(_first(faults))) from None

    def operation(self, case: AnyCase) -> Operation:
        """Return the operation of a case."""
        return self.run.facts.operations[case.operation.definition.raw["operationId"]]

    def judge(self, case: AnyCase) -> None:
        """Send one case to a handler of the pool, and judge its answer."""
        self.run.begin()
        self.prepare(case, self.pool.take() if case.operation.path_parameters else None)
        response = case.call(session=self._session)
        self.note(case, response)
        self.validate(case, response)
        self.pool.trim()

    def prepare(self, case: AnyCase, handler_id: int | None) -> None:
        """Make a case harmless, and let it be about this handler."""
        if handler_id is not None:
            case.path_parameters = {
                parameter.name: handler_id for parameter in case.operation.path_parameters
            }
        if isinstance(case.body, dict):
            mark = self.pool.mark()
            self._marks[case.id] = mark
            case.body = self._form(case).apply(case.body, mark)
        for parameter in case.operation.query:
            # Where a wrong number is refused, whether one of so many digits is wrong is nobody's claim.
            if (
                parameter.name in case.query
                and parameter.definition.get("x-otherwise", "default") != "default"
            ):
                case.query[parameter.name] = _near(case.query[parameter.name])
        _ = case.meta  # tells right from wrong again, for what is sent

    def note(self, case: AnyCase, response: Response) -> None:
        """Count an answer, and take or drop the handler that it is about."""
        operation, facts = self.operation(case), self.run.facts
        tally = self.tallies[operation.id]
        if _is_withheld(response):
            tally.withheld += 1
            return
        tally.statuses[response.status_code] += 1
        handler_id = next(iter(case.path_parameters.values()), None)
        if not 200 <= response.status_code < 300:
            return
        answer = Answer(response.status_code, {}, response.content)
        if case.method == "GET":
            self.pool.see(rows_in(facts, operation, answer))
        elif operation.id.startswith("create_"):
            kind = case.body.get(facts.form["type"], "") if isinstance(case.body, dict) else ""
            handler_id = self.pool.adopt(answer, str(kind), self._marks.get(case.id, ""))
        elif operation.id.startswith("delete_") and isinstance(handler_id, int):
            self.pool.drop(handler_id)
        tally.own[handler_id] += 1

    def validate(self, case: AnyCase, response: Response, **context: Any) -> None:
        """Hold an answer against the document, by all checks of the configuration."""
        if _is_withheld(response):
            return
        if response.headers.get(FAILED_HEADER.lower()):
            raise self._fault("the target gave no answer", case, response)
        self._check_lost(case, response)
        try:
            case.validate_response(response, **context)
        except FailureGroup as group:
            found = sorted(group.exceptions, key=lambda failure: str(failure.title))
            what = "; ".join(dict.fromkeys(str(failure.title) for failure in found))
            raise self._fault(what, case, response, [_sentence(failure) for failure in found]) from None

    def _check_lost(self, case: AnyCase, response: Response) -> None:
        """Raise Fault where the answer says nothing about the case: it was turned away for the key or the rate."""
        operation = self.operation(case)
        title = _title(response)
        alike = {
            refusal.name
            for refusal in operation.refusals.values()
            if refusal.status == response.status_code and refusal.title == title
        }
        about_data = refusing(self.run.facts, operation.id)
        if response.status_code == 429 or (
            alike and response.status_code in {401, 403} and not alike & about_data
        ):
            raise self._fault(f"a good key was turned away: {title!r}", case, response)

    def _form(self, case: AnyCase) -> Harmless:
        operation, media_type = self.operation(case), case.media_type or ""
        if (operation.id, media_type) not in self._forms:
            body = case.operation.get_body_for_media_type(media_type)
            schema: Mapping[str, Any] = body.definition["schema"] if body is not None else {"properties": {}}
            self._forms[operation.id, media_type] = harmless_form(self.run.facts, schema)
        return self._forms[operation.id, media_type]

    def _fault(self, what: str, case: AnyCase, response: Response, more: Sequence[str] = ()) -> Fault:
        """Return a sentence, what else is known, the answer's beginning and the curl line, without the key."""
        sent = {name: value for name, value in response.request.headers.items() if name != "Authorization"}
        curl = case.as_curl_command(headers=sent, verify=response.verify)
        body = response.content[:200].decode(errors="replace")
        lines = [
            f"{self.operation(case).id}: {what}"[:_LONGEST],
            *more,
            f"answered: {response.status_code} {body}",
            "after:",
            curl if len(curl) <= _LONGEST else f"{curl[:_LONGEST]}…",
        ]
        self.found = Fault("\n".join(lines).replace(self.run.api.key, KEY_VARIABLE))
        return self.found


@contextmanager
def judging(run: Run) -> Iterator[Judge]:
    """Give what judges generated cases, with the loosened document, and delete in the end what they made."""
    pool = Pool(run.api, run.facts, run.marker)
    judge = Judge(run, generator(loosened(run.facts), run.facts, run.api), pool)
    try:
        yield judge
    finally:
        judge.close()
        run.begin()
        pool.clean()


def _is_withheld(response: Response) -> bool:
    return bool(response.headers.get(REFUSED_HEADER.lower()))


def _title(response: Response) -> str:
    try:
        return str(json.loads(response.content)["errors"][0]["title"])
    except (ValueError, LookupError, TypeError):
        return ""


def _sentence(failure: Any) -> str:
    return " ".join(f"{failure.title}: {failure.message}".split())[:400]


def _first(group: BaseExceptionGroup[Fault]) -> Fault:
    leaf = group.exceptions[0]
    return _first(leaf) if isinstance(leaf, BaseExceptionGroup) else leaf


def _near(value: object) -> object:
    """Return a number that every reader of integers can hold in place of one that is too large for some."""
    text = str(value)
    return _FARTHEST if text.isascii() and text.isdigit() and int(text[:40]) > _FARTHEST else value
