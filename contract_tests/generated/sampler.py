"""Sends generated cases to handlers made for them, and checks each response against the document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NoReturn

import pytest
import requests
from hypothesis import Phase, given
from hypothesis.errors import Flaky
from schemathesis import BaseSchema, Response
from schemathesis.core.failures import FailureGroup

from contract_tests.document import DocumentedOperation, Facts, demanded_operations, refusing
from contract_tests.generated.drawing import drawing, seeded
from contract_tests.generated.engine import (
    AnyCase,
    any_case,
    explicit_cases,
    generator,
    loosened,
    operations,
)
from contract_tests.generated.harmless import Harmless, harmless_form
from contract_tests.guard.exchange import FAILED_HEADER, KEY_VARIABLE, REFUSED_HEADER
from contract_tests.judge.statements import GONE, KEPT, KEYS, MULTIPART, RESPONSES, WRITTEN, Statement
from contract_tests.judge.verdicts import Complaint, Conformity, Deviation, Returned, a, listed, said
from contract_tests.oracle.expected import Expected, Handler, Prospect
from contract_tests.probes.reading import number
from contract_tests.run.flags import Profile
from contract_tests.run.run import Run
from contract_tests.target.api import TargetResponse

# A plan may limit the handlers of a type, and the guard limits those of a run.
_MOST, _MOST_OF_A_TYPE = 8, 4
_NOT_FOUND = 404


class Pool:
    """The live handlers of one suite, each with its type. The guard proves that each is the run's own."""

    def __init__(self, run: Run) -> None:
        self._api = run.api
        self._facts = run.facts
        self._judge = run.judge
        self._statements = run.judge.statements
        self._marker = run.marker or "contract"
        self._numbers = count(1)
        self._live: dict[int, str] = {}

    def mark(self) -> str:
        """Return the unique beginning of the next create's name."""
        return f"{self._marker} {next(self._numbers)}"

    def __contains__(self, handler_id: object) -> bool:
        return handler_id in self._live

    def take(self) -> int:
        """Return the id of a live handler, which is created if necessary. Raises Deviation if the create fails."""
        if not self._live:
            facts = self._facts
            kind = next(iter(facts.types))
            form = {**facts.examples.get(kind, {}), facts.form["name"]: self.mark(), facts.form["type"]: kind}
            response = self._api.create(form)
            if self.adopt(response, kind) is None:
                self._refuse(
                    self._statements.operation("create"), "a create from the document's own example", response
                )
        return next(reversed(self._live))

    def adopt(self, response: TargetResponse, kind: str) -> int | None:
        """Add the handler that a create made, and return its id, or None if the response names no new one."""
        handler_id = id_in(self._facts, self._facts.operation("create"), response)
        if handler_id is None or handler_id in self._live:
            return None
        self._live[handler_id] = kind
        return handler_id

    def drop(self, handler_id: int) -> None:
        """Forget a handler that a request deleted."""
        self._live.pop(handler_id, None)

    def trim(self) -> None:
        """Delete handlers that a plan may not allow. Raises Deviation if a delete fails."""
        kinds = Counter(self._live.values())
        for handler_id, kind in list(self._live.items()):
            if kinds[kind] > _MOST_OF_A_TYPE or len(self._live) > _MOST:
                kinds[kind] -= 1
                self._delete(handler_id)

    def clean(self) -> None:
        """Delete everything. Raises Deviation at the end if something could not be deleted."""
        deviations = []
        for handler_id in list(self._live):
            try:
                self._delete(handler_id)
            except Deviation as deviation:
                deviations.append(deviation)
        if deviations:
            raise deviations[0]

    def _delete(self, handler_id: int) -> None:
        response = self._api.delete(handler_id)
        self.drop(handler_id)
        is_withheld = REFUSED_HEADER.lower() in response.headers  # the guard reports it
        if response.status // 100 != 2 and response.status != _NOT_FOUND and not is_withheld:
            self._refuse(
                self._statements.operation("delete"), f"handler {handler_id} could not be deleted", response
            )

    def _refuse(self, rests_on: Statement, about: str, response: TargetResponse) -> NoReturn:
        """Raise Deviation for a response that keeps the pool from going on."""
        if response.status == 0 or response.status >= 500:
            rests_on = RESPONSES
        raise Deviation([Complaint(rests_on, f"{about}: {said(response)}")], self._judge.trace())


def id_in(facts: Facts, operation: DocumentedOperation, response: TargetResponse) -> int | None:
    """Return the id in a successful response, or None if it has none."""
    steps = facts.schemas.path_to(operation.response, "id")
    found = number(response.shown(*steps)) if response.status // 100 == 2 else None
    return found if found is not None and found > 0 else None


_LONGEST = 1500
# The status of a row that is gone for good, and the operations that name a row.
_ON_ROW = frozenset({"retrieve", "update", "delete"})
_WHOLE = 40
_FARTHEST = 2**31 - 1


@dataclass
class Tally:
    """What was seen of one operation: cases with a response, cases that the guard withheld, and successes by id."""

    sent: int = 0
    withheld: int = 0
    own: Counter[int | None] = field(default_factory=Counter)


def is_thrifty(profile: Profile) -> bool:
    """Tell whether a run saves requests: it then sends only a sample of the cases that need no random draw."""
    return profile.examples < _WHOLE


class Sampler:
    """Sends the cases of one suite. Methods that send raise Deviation if a response breaks a binding statement."""

    def __init__(self, run: Run, schema: BaseSchema, pool: Pool) -> None:
        self.run = run
        self.schema = schema
        self.pool = pool
        self.operations = operations(schema)
        self.found: Deviation | None = None
        self._judge = run.judge
        self._statements = run.judge.statements
        self._conformity = Conformity(run.facts, self._statements)
        self._expected = Expected(run.facts, self._statements)
        self._refused_parameters = {
            node["name"]
            for role, node in run.facts.parameters.items()
            if any(row.refusal for row in run.facts.rows_of(role))
        }
        self.tallies = {name: Tally() for name in self.operations}
        self._forms: dict[tuple[str, str], Harmless] = {}
        session = requests.Session()
        session.trust_env = False  # only the guard deals with .netrc and proxies
        # How each case is sent, here and in chains: a redirect is a response like any other.
        self.sending: Mapping[str, Any] = {"session": session, "max_redirects": 0}
        self.close = session.close

    @contextmanager
    def only_deviations(self) -> Iterator[None]:
        """Reduce what is raised to one Deviation, the first, without the frames of the tools that found it."""
        try:
            yield
        except Deviation as deviation:
            raise deviation.with_traceback(None) from None
        except Flaky:
            # If a deviation was seen once, it counts. Otherwise the draws depended on the target's state, and the run
            # was shorter than planned: the caller says what it did not reach.
            if self.found is not None:
                raise self.found.with_traceback(None) from None
        except BaseExceptionGroup as group:
            deviations = group.subgroup(Deviation)
            if deviations is None:
                raise
            raise _first(deviations).with_traceback(None) from None

    def operation(self, case: AnyCase) -> DocumentedOperation:
        """Return the operation of a case."""
        return self.run.facts.operations[case.operation.definition.raw["operationId"]]

    def judge(self, case: AnyCase) -> None:
        """Send one case to a handler of the pool, and judge the response."""
        self.run.begin()
        self.prepare(case, self.pool.take() if case.operation.path_parameters else None)
        response = case.call(**self.sending)
        self.note(case, response)
        self.validate(case, response)
        self.pool.trim()

    def prepare(self, case: AnyCase, handler_id: int | None) -> None:
        """Make a case harmless, and point it at this handler."""
        if handler_id is not None:
            case.path_parameters = {
                parameter.name: handler_id for parameter in case.operation.path_parameters
            }
        if isinstance(case.body, dict):
            case.body = self._form(case).apply(case.body, self.pool.mark())
        for parameter in case.operation.query:
            # If the service refuses wrong numbers, the document does not say whether so long a number is wrong.
            if parameter.name in case.query and parameter.name in self._refused_parameters:
                case.query[parameter.name] = _near(case.query[parameter.name])
        _ = case.meta  # judges validity again, for what is now sent

    def note(self, case: AnyCase, response: Response) -> None:
        """Count a response, and add or drop the handler that it concerns."""
        operation, facts = self.operation(case), self.run.facts
        tally = self.tallies[operation.id]
        if _is_withheld(response):
            tally.withheld += 1
            return
        tally.sent += 1
        handler_id = next(iter(case.path_parameters.values()), None)
        if not 200 <= response.status_code < 300:
            return
        received = TargetResponse(response.status_code, {}, response.content)
        if operation.kind == "create":
            kind = case.body.get(facts.form["type"], "") if isinstance(case.body, dict) else ""
            handler_id = self.pool.adopt(received, str(kind))
        elif operation.kind == "delete" and isinstance(handler_id, int):
            self.pool.drop(handler_id)
        tally.own[handler_id] += 1

    def validate(self, case: AnyCase, response: Response, **context: Any) -> None:
        """Check a response by schemathesis's checks, and a success by the kit's own as well."""
        if _is_withheld(response):
            return
        complaints = list(self._complaints(case, response, context))
        found = self._judge.binding(complaints)
        if found:
            sent = {
                name: value for name, value in response.request.headers.items() if name != "Authorization"
            }
            curl = case.as_curl_command(headers=sent, verify=response.verify).replace(
                self.run.api.key, KEY_VARIABLE
            )
            curl = curl if len(curl) <= _LONGEST else f"{curl[:_LONGEST]}…"
            self.found = Deviation(found, self.run.trace.exchanges(), [curl])
            raise self.found

    def _complaints(
        self, case: AnyCase, response: Response, context: Mapping[str, Any]
    ) -> Iterator[Complaint]:
        operation = self.operation(case)
        kind, headers = (
            operation.kind,
            {name.lower(): values[0] for name, values in response.headers.items()},
        )
        received = TargetResponse(response.status_code, headers, response.content)
        if headers.get(FAILED_HEADER.lower()):
            yield Complaint(RESPONSES, f"a generated {kind} got no response")
            return
        if title := self._lost(operation, received):
            yield Complaint(KEYS, f"a good key was turned away: {title}")
            return
        if 200 <= received.status < 300:
            yield from self._conformity.success(kind, received)
        try:
            case.validate_response(response, **context)
        except FailureGroup as group:
            for failure in sorted(group.exceptions, key=lambda one: str(one.title)):
                yield from self._of_failure(failure, kind, case, received)

    def _of_failure(
        self, failure: BaseException, kind: str, case: AnyCase, response: TargetResponse
    ) -> Iterator[Complaint]:
        """Yield a complaint for a failed schemathesis check, unless the kit's own checks say it better."""
        match type(failure).__name__:
            case "ServerError" | "ContentTypeServerError":
                yield Complaint(
                    RESPONSES,
                    f"a generated {kind}",
                    Returned(said(response)),
                    "answered without a server error",
                )
            case "UseAfterFree" if kind == "delete" and self.run.facts.deletes_missing:
                return  # as the document says
            case "UseAfterFree":
                # A write may succeed as long as the handler stays deleted.
                ground = GONE if kind == "retrieve" else self._statements.unknown_id(kind)
                yield Complaint(ground, f"{a(kind)} of a deleted handler returns {said(response)}")
            case "EnsureResourceAvailability":
                yield Complaint(WRITTEN, f"{a(kind)} of a new handler returns {said(response)}")
            case "RejectedPositiveData" if 200 <= response.status < 300 or response.status >= 500:
                return  # other statements cover the status of a success, and server errors
            case "RejectedPositiveData" if kind in _ON_ROW and self._is_gone(case) and response.status < 500:
                return  # as 404, which schemathesis expects: a handler that was deleted
            case "RejectedPositiveData" if kind in _ON_ROW and response.status in {404, 410}:
                about = f"{a(kind)} of {next(iter(case.path_parameters.values()))} returns {said(response)}"
                yield Complaint(KEPT, f"{about}, and no call deleted it before")
            case "RejectedPositiveData":
                prospect, what = self._prospect(kind, case)
                if 400 <= response.status < 500 and (prospect.refusal is not None or _is_unsettled(case)):
                    return  # a row refuses what the schema allows, or no row covers it
                ground = prospect.rests_on
                about, sort = f"{a(kind)} with {what}", f"a generated {kind}"
                yield Complaint(ground, about, Returned(said(response)), "accepted", sort)
            case "AcceptedNegativeData" if response.status < 400:
                prospect, what = self._prospect(kind, case)
                about, sort = f"{a(kind)} with {what}", f"a generated {kind}"
                yield Complaint(prospect.rests_on, about, Returned(said(response)), "refused", sort)
            case _ if 200 <= response.status < 300:
                return
            case _:
                looks = self._statements.looks(kind)
                yield Complaint(
                    looks, f"a refusal of {a(kind)}", said(response), f"as documented ({_sentence(failure)})"
                )

    def _is_gone(self, case: AnyCase) -> bool:
        """Tell whether a case is about a handler that is not one of the live ones, such as a deleted one."""
        return not any(handler_id in self.pool for handler_id in case.path_parameters.values())

    def _prospect(self, kind: str, case: AnyCase) -> tuple[Prospect, str]:
        """Return the expected outcome of a case with its reason, and the part of the case that decides it."""
        facts = self.run.facts
        if kind not in {"create", "update"}:
            parameters = listed({name: str(value) for name, value in (case.query or {}).items()})
            for role, parameter in facts.parameters.items():
                text = case.query.get(parameter["name"])
                row = facts.react(role, str(text)).refusing if text is not None else None
                if row is not None:
                    return Prospect(row.refusal, self._statements.parameter(role)), parameters
            beyond = facts.paging.get("beyond", "")
            if str(case.query.get(facts.page_parameter, 1)) != "1":
                ground = self._statements.paging(
                    "beyond", "A page beyond the last shows what the document says."
                )
                is_refused = beyond in facts.operation("list").refusals
                return Prospect(beyond if is_refused else None, ground), parameters
            if self.operation(case).is_spelling:
                return Prospect(
                    None, self._statements.spellings()
                ), parameters or "the other spelling of its path"
            role = "size" if facts.size_parameter in case.query else "page"
            if not case.query:
                return Prospect(None, self._statements.operation(kind)), "nothing beyond the documentation"
            return Prospect(None, self._statements.parameter(role)), parameters
        sent = {name: str(value) for name, value in case.body.items()} if isinstance(case.body, dict) else {}
        media = case.media_type or MULTIPART
        if kind == "create":
            prospect = self._expected.create(sent, media)
        else:
            handler = Handler(sent.get(facts.form["type"], ""), "", {}, enabled=True)
            prospect = self._expected.update(handler, sent, media)
        return prospect, listed(sent)

    def _lost(self, operation: DocumentedOperation, response: TargetResponse) -> str:
        """Return a response that refuses the key or the rate, in words: it says nothing about the case. Else ''."""
        alike = {
            refusal.name
            for refusal in operation.refusals.values()
            if refusal.is_shown_by(response.status, response.body)
        }
        about_data = refusing(self.run.facts, operation.id).keys()
        # A refusal that only some operations have concerns their data, whatever its status.
        of_keys = self.run.facts.operation("list").refusals.keys() - about_data
        is_key = alike & of_keys and response.status in {401, 403} and not alike & about_data
        return said(response) if response.status == 429 or is_key else ""

    def _form(self, case: AnyCase) -> Harmless:
        operation, media_type = self.operation(case), case.media_type or ""
        if (operation.id, media_type) not in self._forms:
            body = case.operation.get_body_for_media_type(media_type)
            schema: Mapping[str, Any] = body.definition["schema"] if body is not None else {"properties": {}}
            facts = self.run.facts
            self._forms[operation.id, media_type] = harmless_form(
                facts, facts.form_of(operation.kind), schema
            )
        return self._forms[operation.id, media_type]


@contextmanager
def sampling(run: Run) -> Iterator[Sampler]:
    """Yield a Sampler for the loosened document, and delete what its cases made at the end."""
    pool = Pool(run)
    sampler = Sampler(run, generator(loosened(run.facts), run.facts, run.api), pool)
    try:
        yield sampler
    finally:
        sampler.close()
        run.begin()
        pool.clean()


def _is_withheld(response: Response) -> bool:
    return bool(response.headers.get(REFUSED_HEADER.lower()))


def _is_unsettled(case: AnyCase) -> bool:
    """Tell whether a form has C1 control characters, which only some services treat as control characters."""
    texts = case.body.values() if isinstance(case.body, dict) else ()
    return any("\x80" <= sign <= "\x9f" for text in texts for sign in str(text))


def _sentence(failure: Any) -> str:
    return " ".join(f"{failure.title}: {failure.message}".split())[:400]


def _first(group: BaseExceptionGroup[Deviation]) -> Deviation:
    leaf = group.exceptions[0]
    return _first(leaf) if isinstance(leaf, BaseExceptionGroup) else leaf


def _near(value: object) -> object:
    """Replace a number that is too large for some readers of integers by one that all can hold."""
    text = str(value)
    return _FARTHEST if text.isascii() and text.isdigit() and int(text[:40]) > _FARTHEST else value


# Creates come first, so that the list has handlers of all types to show and the others have some to work on.
KINDS = ("create", "list", "retrieve", "update", "delete")


def judge_operations(kind: str, sampler: Sampler) -> None:
    """Send cases of the operations of a kind. Raises Deviation. Skips the test if no case succeeded."""
    run = sampler.run
    names = [one.id for one in demanded_operations(run.facts) if one.kind == kind]
    for share, name in enumerate(names, start=1):
        with sampler.only_deviations():
            _judge_operation(sampler, name, run, share)
        tally = sampler.tallies[name]
        if tally.sent <= tally.withheld:
            pytest.skip(f"the guard kept back most cases of {name}, {tally.withheld} of them")
        if not tally.own.total():
            pytest.skip(f"none of {tally.sent} cases of {name} succeeded")


def _judge_operation(sampler: Sampler, name: str, run: Run, share: int) -> None:
    """Send an operation's cases; another spelling of an operation gets a smaller share of them."""
    operation, examples = sampler.operations[name], run.profile.examples // share
    thrifty = is_thrifty(run.profile)
    by_chance = examples // 4 if thrifty else examples
    sent: set[str] = set()
    for case in explicit_cases(operation):
        if thrifty and len(sent) == examples - by_chance:
            break
        if (text := _text(case)) not in sent:
            sent.add(text)
            sampler.judge(case)
    if not by_chance or (not operation.query and not operation.body):
        return  # no requests are left, or only the id could vary, and it is always that of an own handler

    # Shrinking a failing case takes many requests, which only a longer run can afford.
    phases = (Phase.generate,) if thrifty else (Phase.generate, Phase.shrink)

    @given(any_case(operation))
    @drawing(run, by_chance, *phases)
    def judge_any(case: AnyCase) -> None:
        sampler.judge(case)

    # Hypothesis keeps examples by the source of the test, which is the same for all operations.
    judge_any.hypothesis.inner_test._hypothesis_internal_add_digest = name.encode()  # type: ignore[attr-defined]
    seeded(run, judge_any)()


def _text(case: AnyCase) -> str:
    """Return what distinguishes a case from others, apart from its handler."""
    return repr((case.media_type, case.body, case.query, case.headers.get("Content-Type")))
