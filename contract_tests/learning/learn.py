"""Learns what a service does, and writes it as an overlay with the exchanges that prove it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from contract_tests.guard.exchange import Exchange, printable
from contract_tests.learning.beyond import (
    learn_deleted,
    learn_deleted_twice,
    learn_envelopes,
    learn_location,
    learn_page_facts,
    learn_paging,
    learn_statuses,
    learn_written,
)
from contract_tests.learning.bodies import learn_media_types, learn_no_body
from contract_tests.learning.brief import ask_texts
from contract_tests.learning.doors import (
    learn_bearer,
    learn_deleted_id,
    learn_head,
    learn_methods,
    learn_order,
    learn_order_of_methods,
    learn_other_account,
    learn_same_type,
    learn_success_headers,
    learn_unique,
)
from contract_tests.learning.draft import Draft, Lesson, Tree
from contract_tests.learning.forms import learn_forms
from contract_tests.learning.handlers import (
    Specimen,
    collect,
    learn_empty_settings,
    learn_row,
    learn_settings,
)
from contract_tests.learning.history import learn_history, learn_leftovers
from contract_tests.learning.metering import learn_metering
from contract_tests.learning.pages import (
    learn_links,
    learn_pages,
    learn_sizes,
    learn_sorting,
)
from contract_tests.learning.parameters import learn_parameters
from contract_tests.learning.refusals import learn_refusals, learn_targets
from contract_tests.learning.spellings import (
    learn_create_spelling,
    learn_list_spellings,
    learn_row_redirect,
)
from contract_tests.probes import DocumentArguments, Expectations, Prober, Terms
from contract_tests.probes.effective import QuestionVerdict, ask_all
from contract_tests.probes.handlers import zone_of
from contract_tests.probes.reading import Answered, Outside, Undecided, Unlisted
from contract_tests.report.outcome import Happened, reproduce
from contract_tests.target.api import TargetApi
from mock_server.document import (
    LEARNED,
    Document,
    DocumentError,
    Object,
    dump_yaml,
    load,
    plain,
    with_actions,
)

# Called with the name of each part of the learning as it begins.
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was learned from a service. The lessons turn the document `base` into `tree`, one after the other.

    `open` has the questions that stay open, each with the reason; their assumed answers are kept. `unsaid` are
    sentences about what was seen but no document can say, `unasked` about what was not asked, or only in part.
    `operations` are those that succeeded, `refusals` the names of those that were provoked. `exchanges` are all
    requests with their responses, in order.
    """

    date: datetime
    base: Document
    tree: Tree
    lessons: tuple[Lesson, ...]
    verdicts: Mapping[str, QuestionVerdict]
    open: Mapping[str, str]
    unsaid: tuple[str, ...]
    operations: tuple[str, ...]
    refusals: tuple[str, ...]
    requests: int
    writes: bool
    exchanges: tuple[Exchange, ...] = ()
    unasked: tuple[str, ...] = ()

    @property
    def answers(self) -> dict[str, str]:
        """The listed answers that were found or given, by question."""
        return {name: one.answer for name, one in self.verdicts.items() if one.source != "unknown"}

    @property
    def new(self) -> tuple[Lesson, ...]:
        """The lessons that change the document, since the service does something else."""
        return tuple(lesson for lesson in self.lessons if lesson.actions)


class _Part(NamedTuple):
    """A part of the lessons beyond the open questions. `writes`: whether it has to create or update."""

    title: str
    writes: bool
    teach: Callable[[Prober, Draft], None]


def _teach_zone(prober: Prober, draft: Draft) -> None:
    zone, seen = prober.watch(zone_of)
    if zone != draft.tree["x-service"]["time-offset"]:

        def change(tree: Tree) -> None:
            tree["x-service"]["time-offset"] = zone

        draft.learn("time-zone", f"Times are those of UTC{zone}.", seen, change)


def _teach_handlers(prober: Prober, draft: Draft) -> None:
    specimens: list[Specimen] = collect(prober, draft) if prober.can_write else []
    learn_row(prober, draft, specimens)
    learn_settings(prober, draft, specimens)


_PARTS = (
    _Part("statuses of successes", False, learn_statuses),
    _Part("pages", False, learn_pages),
    _Part("links", False, learn_links),
    _Part("page sizes", False, learn_sizes),
    _Part("redirects", True, learn_row_redirect),
    _Part("spellings of the list", False, learn_list_spellings),
    _Part("handlers and settings", False, _teach_handlers),
    _Part("times and counters of rows", True, learn_history),
    _Part("answers to writes", True, learn_written),
    _Part("times", True, _teach_zone),
    _Part("new rows", True, learn_location),
    _Part("deletes", True, learn_deleted),
    _Part("second deletes", True, learn_deleted_twice),
    _Part("envelopes", False, learn_envelopes),
    _Part("facts of a page", False, learn_page_facts),
    _Part("refusals", False, learn_refusals),
    _Part("other schemes", False, learn_bearer),
    _Part("ids of deleted rows", True, learn_deleted_id),
    _Part("rows of another account", True, learn_other_account),
    _Part("parameters of links", False, learn_paging),
    _Part("spellings of a create", True, learn_create_spelling),
    _Part("parameters and ids", False, learn_parameters),
    _Part("media types of bodies", True, learn_media_types),
    _Part("writes without a body", True, learn_no_body),
    _Part("other methods", True, learn_methods),
    _Part("HEAD", True, learn_head),
    _Part("order of the list", True, learn_sorting),
    _Part("left settings", True, learn_leftovers),
    _Part("fields of forms", True, learn_forms),
    _Part("unique names", True, learn_unique),
    _Part("settings that are not sent", True, learn_same_type),
    _Part("settings without a key", False, learn_empty_settings),
    _Part("order of checks", True, learn_order),
    _Part("headers", False, learn_metering),
    _Part("headers of successes", False, learn_success_headers),
    _Part("order of methods", False, learn_order_of_methods),
    _Part("paths in refusals", False, learn_targets),
)


def learn_from(
    api: TargetApi, arguments: DocumentArguments, terms: Terms, tell: Tell = lambda _: None
) -> Learnt:
    """Ask a service every open question, and learn what no list of answers foresees.

    Everything that this creates is deleted again. Raises DocumentError, and the exceptions of `requests` if the target
    cannot be reached.
    """
    base = load(arguments.document, questions=arguments.questions)
    prober = Prober(api, Expectations(arguments), terms)
    prober.learns = True
    try:
        tell("open questions")
        if prober.spares and prober.can_write:
            with suppress(Undecided, Unlisted):
                ask_texts(prober)
        verdicts = ask_all(prober, arguments)
        draft = _draft(base, arguments, verdicts)
        prober.facts = draft.facts
        for part in _PARTS:
            if prober.can_write or not part.writes:
                tell(part.title)
                _take(part, prober, draft)
    finally:
        prober.close()
    return _learnt(base, draft, verdicts, prober)


def _draft(base: Document, arguments: DocumentArguments, verdicts: Mapping[str, QuestionVerdict]) -> Draft:
    draft = Draft(plain(base.data))
    varied = load(arguments.document, arguments.overlays, (), arguments.questions)
    if arguments.overlays:
        names = ", ".join(path.name for path in varied.overlays)
        draft.learn(
            "overlays",
            f"As the overlays say that the run was given: {names}.",
            (),
            _become(plain(varied.data)),
        )
    embodied = {name for each in varied.learned for name in each.answers}
    take_answers(draft, varied.data, {n: v for n, v in verdicts.items() if n not in embodied})
    return draft


def _become(after: Tree) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        tree.clear()
        tree.update(after)

    return change


def _take(part: _Part, prober: Prober, draft: Draft) -> None:
    """Take one part. What cannot be seen or read ends only this part."""
    try:
        part.teach(prober, draft)
    except Undecided as no:
        draft.unasked.append(f"{part.title}: {no}.")
    except Unlisted as no:
        draft.unsaid.append(str(no))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        # A body may be anything: one that no lesson foresaw must not end the run.
        draft.unsaid.append(
            f"The answers about {part.title} cannot be read ({type(error).__name__}: {error})."
        )


def _learnt(base: Document, draft: Draft, verdicts: Mapping[str, QuestionVerdict], prober: Prober) -> Learnt:
    taught = {lesson.about for lesson in draft.lessons}
    return Learnt(
        date=datetime.now(UTC).replace(microsecond=0),
        base=base,
        tree=draft.tree,
        lessons=tuple(draft.lessons),
        verdicts=verdicts,
        open={
            name: one.why or _seen(one)
            for name, one in verdicts.items()
            if one.source == "unknown" and name not in taught
        },
        unsaid=tuple(dict.fromkeys(draft.unsaid)),
        operations=_operations(prober),
        refusals=tuple(draft.provoked),
        requests=prober.sent,
        writes=prober.can_write,
        exchanges=tuple({id(each): each for each in prober.exchanges}.values()),
        unasked=tuple(dict.fromkeys(draft.unasked)),
    )


def _seen(verdict: QuestionVerdict) -> str:
    """Return what was seen about a question that stays open."""
    return verdict.finding.sentence if isinstance(verdict.finding, Outside) else "Nothing was seen of it."


def _operations(prober: Prober) -> tuple[str, ...]:
    """Return the operations that succeeded, in the document's order."""
    seen = {exchange.operation for exchange in prober.exchanges if 200 <= exchange.status < 300}
    return tuple(name for name in prober.facts.operations if name in seen)


def take_answers(draft: Draft, document: Object, verdicts: Mapping[str, QuestionVerdict]) -> None:
    """Apply each answer that was found or given, in the order of the questions."""
    for name, verdict in verdicts.items():
        if verdict.source == "unknown":
            continue
        answer = verdict.question.answers[verdict.answer]
        try:
            changed = with_actions(document, answer.actions)
        except DocumentError as error:
            draft.unsaid.append(
                f"{name}={answer.id} was seen, and does not go with the other answers: {error}"
            )
            continue
        given = " (given, not asked for)" if verdict.source == "given" else ""
        said = verdict.finding.said if isinstance(verdict.finding, Answered) else ""
        says = f"{answer.id}: {said or answer.means}{given}"
        draft.learn(name, says, verdict.evidence, _become(plain(changed)) if answer.actions else None)
        document = changed


_DATE = "%Y-%m-%dT%H:%M:%SZ"
_MOST_STEPS = 4
_LONGEST = 300

Clean = Callable[[str], str]


def overlay_of(learnt: Learnt, target: str, clean: Clean) -> dict[str, Any]:
    """Return the overlay as data. `clean` removes keys and other people's rows from a text."""
    clean = _in_one_line(clean)
    unasked = (f"Not asked, or not completely: {sentence}" for sentence in learnt.unasked)
    day = f"{learnt.date:%Y-%m-%d}"
    return {
        "overlay": "1.1.0",
        "info": {
            "title": f"What {target} does",
            "version": day,
            "description": (
                f"Learned by `bitpeak-mock learn` on {day} with {learnt.requests} requests. Applied to the base "
                "document alone, it makes it say what this service was seen to do."
            ),
        },
        "extends": learnt.base.base_name,
        "actions": _actions(learnt, clean),
        LEARNED: {
            "date": learnt.date.strftime(_DATE),
            "target": target,
            "document": str(learnt.base.digest),
            "requests": learnt.requests,
            "writes": learnt.writes,
            "operations": list(learnt.operations),
            "refusals": list(learnt.refusals),
            "answers": learnt.answers,
            "open": dict(learnt.open),
            "unsaid": [clean(sentence) for sentence in (*learnt.unsaid, *unasked)],
            "lessons": [_lesson(lesson, clean) for lesson in learnt.lessons],
        },
    }


def _in_one_line(clean: Clean) -> Clean:
    """Return a function that cleans a text for people: control characters, which an editor might obey, are escaped."""
    return lambda text: printable(clean(text))


def as_yaml(overlay: dict[str, Any]) -> str:
    """Return the overlay as the text of a file."""
    head = "# Written by `bitpeak-mock learn`. Serve it: bitpeak-mock serve --overlay FILE\n"
    return head + dump_yaml(overlay)


def _actions(learnt: Learnt, clean: Clean) -> list[dict[str, Any]]:
    found = []
    for lesson in learnt.lessons:
        for number, action in enumerate(lesson.actions):
            verb = {key: value for key, value in action.items() if key != "target"}
            # Only the first action of a lesson says what was seen, since some lessons have dozens of actions.
            about = f"{lesson.about}, too" if number else clean(f"{lesson.about}: {lesson.says}")
            found.append({"target": action["target"], "description": about, **verb})
    # An overlay needs an action, even if the service does everything as documented.
    return found or [{"target": "$.info", "description": "Nothing differs.", "update": {}}]


def _lesson(lesson: Lesson, clean: Clean) -> dict[str, Any]:
    return {"about": lesson.about, "says": clean(lesson.says), "seen": _steps(lesson.seen, clean)}


def _steps(exchanges: Sequence[Exchange], clean: Clean) -> list[dict[str, str]]:
    steps = reproduce(Happened(exchanges), clean)[-_MOST_STEPS:]
    return [{"request": step.curl, "answer": _short(step.answer)} for step in steps]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
