"""Opens a run: document, guard, first look at the target, open questions, and the facts that follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from contract_tests.document import Facts
from contract_tests.guard.exchange import (
    FAILED_HEADER,
    KEY_VARIABLE,
    OTHER_KEY_VARIABLE,
    REFUSED_HEADER,
    Exchange,
    GuardRefusal,
    Unswept,
)
from contract_tests.guard.guard import Guard
from contract_tests.guard.ledger import check_swept
from contract_tests.guard.mask import Redactor
from contract_tests.guard.policy import NOWHERE
from contract_tests.guard.upstream import GuardSettings, silent
from contract_tests.judge.statements import Statements, differing
from contract_tests.judge.verdicts import Judge
from contract_tests.learning.learn import Learnt, Tell, learn_from
from contract_tests.probes import DocumentArguments, Terms
from contract_tests.probes.effective import Effective, probe_all
from contract_tests.probes.reading import is_success, parsed, rows_in
from contract_tests.recording import Tape
from contract_tests.run.run import Reach, Run
from contract_tests.run.settings import Code, RunSettings, Stop
from contract_tests.target.api import ResponseMemory, TargetApi, TargetResponse
from mock_server.document import Document, DocumentError, load


def cleaning(settings: RunSettings, guard: Guard) -> Callable[[str], str]:
    """Return a function that makes a text safe to show: the target's address for the guard's, variables for keys."""
    names = {guard.url: guard.target, guard.placeholder_key: KEY_VARIABLE}
    names[guard.url.replace("/", r"\/")] = guard.target.replace(
        "/", r"\/"
    )  # some services write JSON this way
    if settings.other_key:
        names[settings.other_key] = OTHER_KEY_VARIABLE
    names[settings.key] = KEY_VARIABLE
    redactors = [Redactor(key) for key in (settings.key, settings.other_key) if key]

    def clean(text: str) -> str:
        for hidden, shown in names.items():
            text = text.replace(hidden, shown)
        for redactor in redactors:
            text = redactor.clean(text)
        return text

    return clean


# How many rows a run may have at a time. On a live service, that is no more than the suites need.
_LIVE_ROWS, _LOCAL_ROWS = 40, 2000
_TURNED_AWAY = frozenset({401, 403})
# A firewall's response to programs that are not browsers, with a page of HTML.
_CHALLENGES = frozenset({403, 503})
_NO_RESPONSE = TargetResponse(0, {}, b"")


@dataclass
class Opening:
    """An opened run.

    `known` is the user's document; `effective` is the document after the probes, None before them. `seen` are the
    exchanges before the suites, and `first` is the first response, that of the list. `tape` records exchanges, if the
    user wants that.
    """

    settings: RunSettings
    guard: Guard
    known: Document
    run: Run
    clean: Callable[[str], str]
    seen: list[Exchange]
    first: TargetResponse = _NO_RESPONSE
    effective: Effective | None = None
    tape: Tape | None = None
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def document(self) -> Document:
        """The document that the suites check the target against."""
        return self.effective.document if self.effective is not None else self.known

    def ask(self) -> None:
        """Ask the open questions by probes, and set the facts that follow. Raises Stop (CANNOT)."""
        settings, run = self.settings, self.run
        given = DocumentArguments(settings.document, settings.overlays, settings.answers)
        terms = Terms(
            can_write=settings.allow_writes, nowhere=run.nowhere, hidden=self.guard.marker_length,
            shown_url=self.guard.target, spares=settings.profile.spares,
        )  # fmt: skip
        try:
            effective = self.effective = probe_all(run.api, given, terms)
        except DocumentError as error:
            raise Stop(Code.CANNOT, str(error)) from error
        run.facts = run.api.facts = effective.facts
        run.answers, run.unknown = dict(effective.answers), dict(effective.unknown)
        run.judge = self._judge(effective)
        reach = Reach(effective.facts)
        for exchange in self.seen:
            reach.take(exchange)
        run.reach = reach

    def _judge(self, effective: Effective) -> Judge:
        """Return the run's judge. The user's own overlays and answers bind, whatever their grade."""
        settings = self.settings
        overlaid = load(settings.document, settings.overlays) if settings.overlays else None
        places = differing(load(settings.document).data, overlaid.data) if overlaid is not None else ()
        given = [name for name, one in effective.verdicts.items() if one.source == "given"]
        statements = Statements(
            effective.facts, (overlaid or load(settings.document)).data, self.known.questions(),
            [place for place, _ in places], given,
        )  # fmt: skip
        otherwise = {name for name, one in effective.verdicts.items() if one.is_outside}
        refusals = dict(effective.refusals)
        return Judge(statements, settings.hold_to, self.run.trace.exchanges, otherwise, refusals=refusals)

    @property
    def recording_fault(self) -> str:
        """Why the recording is incomplete, in a sentence; empty if it is complete or there is none."""
        return self.tape.fault if self.tape is not None else ""

    @property
    def way_to_finish(self) -> str:
        """How to finish an incomplete clean-up, in a sentence."""
        if self.settings.key_is_generated:
            return (
                f"The API key was made up, so no sweep can finish the clean-up: look at {self.guard.target}."
            )
        return f"To finish the clean-up: bitpeak-mock sweep {self.guard.ledger_file}"

    def end_recording(self, findings: int | None = None) -> None:
        """Write the end of the recording, if there is one. Ending twice is harmless."""
        if self.tape is not None:
            self.tape.close(self.run.answers, findings)


def open_run(settings: RunSettings, tell: Callable[[str], None] = silent) -> Opening:
    """Open a run. The caller closes its guard. `tell` is called with what the run waits for, now and later.

    Raises Stop (CANNOT, UNREACHABLE), with the guard closed.
    """
    document = _load(settings)
    guard = _guard(settings, document, tell)
    try:
        tell(f"waiting for {guard.target} to show its list, {guard.patience:g} s at most")
        return _opened(settings, guard, document)
    except BaseException:
        guard.close(drain=False)  # nothing has been written yet
        raise


def check_ground(settings: RunSettings) -> None:
    """Raise Stop (CANNOT) if no run may begin. Sends nothing."""
    document = _load(settings)
    try:
        guard = Guard(_guarding(settings, silent), document)
        check_swept(guard.target, settings.ledger_dir)
    except (GuardRefusal, Unswept, ValueError) as error:
        raise Stop(Code.CANNOT, str(error)) from error


def _load(settings: RunSettings) -> Document:
    try:
        return load(settings.document, settings.overlays, settings.answers)
    except DocumentError as error:
        raise Stop(Code.CANNOT, str(error)) from error
    except OSError as error:
        raise Stop(
            Code.CANNOT, f"{error.filename or 'a file'} cannot be read: {error.strerror or error}"
        ) from error


def _guard(settings: RunSettings, document: Document, tell: Callable[[str], None]) -> Guard:
    try:
        guard = Guard(_guarding(settings, tell), document)
        guard.start()
    except (GuardRefusal, Unswept, ValueError) as error:
        raise Stop(Code.CANNOT, str(error)) from error
    except OSError as error:
        raise Stop(
            Code.CANNOT, f"no ledger can be written in {settings.ledger_dir}: {error.strerror or error}"
        ) from error
    return guard


def _guarding(settings: RunSettings, tell: Callable[[str], None]) -> GuardSettings:
    return GuardSettings(
        target=settings.target, key=settings.key, allow_writes=settings.allow_writes,
        allow_plain_http=settings.allow_plain_http, max_requests=settings.max_requests, rate=settings.rate,
        live_rows=_LIVE_ROWS if settings.is_live else _LOCAL_ROWS, ledger_dir=settings.ledger_dir,
        sweepable=not settings.key_is_generated, tell=tell,
    )  # fmt: skip


def _opened(settings: RunSettings, guard: Guard, known: Document) -> Opening:
    facts = guard.facts
    api = TargetApi(guard.url, guard.placeholder_key, facts, guard.respond)
    run = Run(
        api, facts, Reach(facts), settings.profile, can_write=settings.allow_writes, seed=settings.seed,
        examples=settings.examples, is_alone=settings.key_is_generated, marker=guard.marker,
        other_key=settings.other_key, nowhere=f"/{NOWHERE}",
    )  # fmt: skip
    opening = Opening(settings, guard, known, run, cleaning(settings, guard), [])
    guard.on_exchange(lambda exchange: _take(opening, exchange))
    if settings.record is not None:
        opening.tape = Tape(settings.record, guard.target, str(known.digest), opening.clean)
        guard.on_exchange(opening.tape.take)
    if settings.profile.spares:
        memory = api.memory = ResponseMemory(run.trace)
        guard.on_exchange(memory.take)
    try:
        opening.first = _knock(api, settings, facts.operation("list").path)
    except BaseException:
        api.close()
        raise
    return opening


def _take(opening: Opening, exchange: Exchange) -> None:
    if opening.effective is None:
        opening.seen.append(exchange)
    opening.run.reach.take(exchange)
    opening.run.trace.add(exchange)


def _knock(api: TargetApi, settings: RunSettings, path: str) -> TargetResponse:
    """Get the list once. Raises Stop if there is no response, if the key is refused, or if the API is not there."""
    target, response = settings.target, api.list()
    if FAILED_HEADER.lower() in response.headers:
        raise Stop(Code.UNREACHABLE, f"{target} cannot be reached: {_sentence(response)}")
    if REFUSED_HEADER.lower() in response.headers:
        raise Stop(Code.CANNOT, _sentence(response))
    if response.status in _CHALLENGES and _is_page(response) and _is_page(again := api.retrieve(1)):
        raise Stop(
            Code.CANNOT,
            f"{target} returns {again.status} with a page of HTML, as a firewall in front of an API does. "
            "Let this computer through to the API.",
        )
    if response.status in _TURNED_AWAY and api.retrieve(1).status in _TURNED_AWAY:
        made_up = " The key was made up; set BITPEAK_API_KEY." if settings.key_is_generated else ""
        raise Stop(Code.CANNOT, f"{target} refuses the key: it returns {response.status}.{made_up}")
    if response.status == 404:
        url = f"{target.rstrip('/')}{path}"
        raise Stop(Code.CANNOT, f"no such API here: GET {url} is 404; check --base-url.")
    if is_success(response) and _is_page(response) and _is_page(api.retrieve(1)):
        raise Stop(
            Code.CANNOT, f"{target} has no such API: it returns {response.status} with a page of HTML."
        )
    return response


def _is_page(response: TargetResponse) -> bool:
    """Tell whether a response is HTML, and not JSON under that label."""
    return response.headers.get("content-type", "").startswith("text/html") and parsed(response) is None


def listed_rows(response: TargetResponse, facts: Facts, target: str) -> list[Any]:
    """Return the rows of a target's list. Raises Stop (CANNOT) if it has none: this is another API."""
    rows = rows_in(response, facts)
    if rows is None:
        raise Stop(Code.CANNOT, f"{target} does not show its list: it returns {response.status}")
    return rows


def has_gone(opening: Opening) -> bool:
    """Tell whether the target did not respond to the last exchange and still does not."""
    exchanges = opening.run.trace.exchanges()
    if not exchanges or not exchanges[-1].failed:
        return False
    return FAILED_HEADER.lower() in opening.run.api.list(fresh=True).headers


def _sentence(response: TargetResponse) -> str:
    return str(response.json()["guard"]["sentence"])


# How many requests a brief run may send, besides the deletes of its own rows at the end.
BRIEF = 155


def learn_behind(opening: Opening, tell: Tell, *, brief: bool = False) -> Learnt:
    """Learn from the target of an open run. `brief` saves requests: one field of a kind stands for all.

    Raises Stop (CANNOT) if the target or the document does not allow it.
    """
    settings = opening.settings
    listed_rows(opening.first, opening.run.facts, opening.guard.target)
    terms = Terms(
        can_write=settings.allow_writes, nowhere=opening.run.nowhere, hidden=opening.guard.marker_length,
        shown_url=opening.guard.target, spares=brief or settings.profile.spares,
        most=BRIEF if brief else None, other_key=settings.other_key or "",
    )  # fmt: skip
    arguments = DocumentArguments(settings.document, settings.overlays, settings.answers)
    try:
        learnt = learn_from(opening.run.api, arguments, terms, tell)
    except DocumentError as error:
        raise Stop(Code.CANNOT, str(error)) from error
    opening.run.answers = dict(learnt.answers)
    return learnt
