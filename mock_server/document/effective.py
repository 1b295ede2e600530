"""The document that takes effect: a base, then overlays, then the answers chosen to open questions.

An open question has a closed list of answers. The base gives the assumed one; each other one is a list of actions that
change the document.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from mock_server.document.overlay import Action, Learned, apply_actions, parse_actions, read_overlay
from mock_server.document.rows import check_rows
from mock_server.document.shape import nearest, shape, unknown_word
from mock_server.document.source import (
    Array,
    DocumentError,
    Object,
    Place,
    dump_yaml,
    duplicate,
    home,
    operations_in,
    place_of,
    read_object,
)


class Answer(NamedTuple):
    """One answer to a question: what it means, and the actions that make the document say so."""

    id: str
    means: str
    actions: tuple[Action, ...]


class Question(NamedTuple):
    """An open question; the document already gives its `assumed` answer, which has no actions.

    `evidence` names the row of the evidence ledger, `operations` the operationIds concerned, empty for all, and
    `departure` says that the assumed answer departs from the published page.
    """

    id: str
    text: str
    evidence: str
    grade: str
    operations: tuple[str, ...]
    departure: bool
    assumed: str
    answers: Mapping[str, Answer]
    place: Place

    def facts(self) -> dict[str, Any]:
        """Return all there is to say of it as plain data; `answers` maps each answer to what it means."""
        return {
            "id": self.id,
            "question": self.text,
            "evidence": self.evidence,
            "grade": self.grade,
            "operations": list(self.operations),
            "departure": self.departure,
            "assumed": self.assumed,
            "answers": {answer.id: answer.means for answer in self.answers.values()},
        }


@dataclass(frozen=True)
class Document:
    """The effective document. Do not change it: take a copy.

    `files` are those read to make it, base first; `chosen` are the answers that were asked for or learned, without
    the assumed ones; `base_name` is the base's file name. `data` is an Object, whose places name the file that each
    part came from. `learned` are the origins of those overlays that were learned from a service; `base_digest`, that
    of the base alone, is known if there are any.
    """

    data: Object
    digest: str
    files: tuple[Path, ...]
    chosen: Mapping[str, str]
    base_name: str
    overlays: tuple[Path, ...]
    learned: tuple[Learned, ...]
    base_digest: str | None
    _ask: Callable[[], Mapping[str, Question]] = field(repr=False, compare=False)

    @functools.cached_property
    def yaml(self) -> str:
        """The document as YAML. It takes tenths of a second to write, so it is written once."""
        return dump_yaml(self.data)

    def questions(self) -> Mapping[str, Question]:
        """Return the open questions by id. Their file is read at the first call, unless answers were given.

        Raises DocumentError if that file is wrong.
        """
        return self._ask()

    @property
    def answers(self) -> Mapping[str, str]:
        """The answer to every question, the assumed one if none was chosen; reads as `questions`."""
        return MappingProxyType(
            {name: self.chosen.get(name, question.assumed) for name, question in self.questions().items()}
        )


def packaged_overlays() -> tuple[str, ...]:
    """Return the names of the packaged overlays, sorted."""
    return tuple(sorted(file.stem for file in (home() / "overlays").glob("*.yaml")))


def load(
    document: Path | str | None = None,
    overlays: Sequence[Path | str] = (),
    answers: Mapping[str, str] | Iterable[str] = (),
    questions: Path | str | None = None,
) -> Document:
    """Make the effective document. Raises DocumentError.

    The defaults are the packaged base and those of the packaged questions that the base names. An overlay is a file
    or the name of a packaged one; `answers` are `QUESTION=ANSWER` texts or a mapping. The overlays apply in the order
    given, the answers after them in the order of the questions:

        load(overlays=["biolinks-pl"], answers=["create-status=ok"])
    """
    base = Path(document) if document is not None else home() / "notification-handlers.yaml"
    questions_file = Path(questions) if questions is not None else home() / "unspecified.yaml"
    data = read_object(base)
    shape("base").check(data)
    _complete_spellings(data)
    named = None if questions is not None else frozenset(_named(data, set()))
    files = tuple(find_overlay(name) for name in overlays)
    varied = [read_overlay(file) for file in files]
    learned = tuple(overlay.learned for overlay in varied if overlay.learned is not None)
    base_digest = digest_of(data) if learned else None
    for overlay in varied:
        apply_actions(data, overlay.actions)
    ask = functools.cache(lambda: read_questions(questions_file, named))
    texts = [f"{n}={a}" for n, a in answers.items()] if isinstance(answers, Mapping) else list(answers)
    chosen = _answer(data, ask, texts, learned)
    read = (base, *files, *([questions_file] if chosen else ()))
    if len(read) > 1:
        shape("base").check(data)
        _complete_spellings(data)
    if len(read) > 1 or document is not None:  # the packaged document by itself is right
        check_rows(data)
    return Document(
        data, digest_of(data), read, MappingProxyType(chosen), base.name, files, learned, base_digest, ask
    )


def _complete_spellings(data: Object) -> None:
    """Let each operation with `x-spelling-of` have what it does not say itself from the named one.

    Raises DocumentError if the named operation does not exist or does something else.
    """
    operations: dict[str, Object] = {}
    for node in operations_in(data):
        operations.setdefault(str(node["operationId"]), node)
    for node in operations_in(data):
        named = operations.get(str(node.get("x-spelling-of")), Object(data.place))
        behaviours = {named.get("x-behaviour"), node.get("x-behaviour", named.get("x-behaviour"))}
        if "x-spelling-of" in node and (None in behaviours or len(behaviours) > 1):
            what = f"x-spelling-of: {node['x-spelling-of']} is not an operation that does the same."
            raise DocumentError(f"{what} Name one, or remove the word.", place_of(node, "x-spelling-of"))
        for key, value in named.items():
            if key not in node:
                node.put(key, duplicate(value), place_of(named, key))


def _answer(
    data: Object, ask: Callable[[], Mapping[str, Question]], texts: list[str], learned: Sequence[Learned]
) -> dict[str, str]:
    """Apply the given answers. Learned answers are in the overlay's actions already."""
    known = {name: answer for each in learned for name, answer in each.answers.items()}
    if not texts and not known:
        return {}
    questions = ask()
    asked = select(questions, texts)
    for name, answer in asked.items():
        if name not in known:
            apply_actions(data, questions[name].answers[answer].actions)
        elif known[name] != answer:
            message = (
                f"{name!r} is {known[name]!r} in a learned overlay, but {answer!r} is asked for. Keep one."
            )
            raise DocumentError(message)
    # A learned overlay may be older than the questions, and answer some that no longer exist.
    chosen = {
        name: answer
        for name, answer in known.items()
        if name in questions and answer in questions[name].answers and answer != questions[name].assumed
    }
    return {name: {**chosen, **asked}[name] for name in questions if name in chosen or name in asked}


def find_overlay(name: Path | str) -> Path:
    """Return the file of an overlay: the file of that name, or a packaged one by its bare name."""
    file, text = Path(name), str(name)
    separators = {os.sep, os.altsep or os.sep}
    if file.suffix or any(separator in text for separator in separators) or file.is_file():
        return file
    packaged = packaged_overlays()
    if text in packaged:
        return home() / "overlays" / f"{text}.yaml"
    what = f"Unknown overlay {text!r}{nearest(text, packaged)}."
    raise DocumentError(f"{what} Name a file, or one of these: {', '.join(packaged) or 'none'}.")


def digest_of(data: object) -> str:
    """Return the SHA-256, in hex, of data as JSON with sorted keys and no spaces, so that order does not count."""
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    # A lone surrogate can come from a JSON escape, and must give a digest rather than an error.
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _named(node: Object | Array, found: set[str]) -> set[str]:
    """Add the questions that a document names by `x-question` to those found, and return them."""
    if isinstance(node, dict):
        named = node.get("x-question", ())
        found.update((named,) if isinstance(named, str) else named)
    for item in node.values() if isinstance(node, dict) else node:
        if isinstance(item, Object | Array):
            _named(item, found)
    return found


def read_questions(file: Path | str, named: Collection[str] | None = None) -> Mapping[str, Question]:
    """Read the questions of a file by id, in order; only those that are `named`, unless that is None.

    Raises DocumentError.
    """
    data = read_object(file)
    shape("questions").check(data)
    wanted = [name for name in data["questions"] if named is None or name in named]
    return MappingProxyType({name: _question(data["questions"], name) for name in wanted})


def _question(questions: Object, name: str) -> Question:
    data, answers = questions[name], questions[name]["answers"]
    question = Question(
        id=name,
        text=data["question"],
        evidence=data["evidence"],
        grade=data["grade"],
        operations=tuple(data["operations"]),
        departure=data.get("departure", False),
        assumed=data["assumed"],
        answers=MappingProxyType(
            {
                answer: Answer(answer, node["means"], parse_actions(node.get("actions", ())))
                for answer, node in answers.items()
            }
        ),
        place=place_of(questions, name),
    )
    if question.assumed not in answers:
        what = unknown_word("answer", question.assumed, answers)
        raise DocumentError(f"questions/{name}/assumed: {what}", place_of(data, "assumed"))
    for answer in question.answers.values():
        if (answer.id == question.assumed) == bool(answer.actions):
            what = (
                "has actions, but the document assumes it. Put its change in the base document."
                if answer.actions
                else "has no actions. Write what it changes."
            )
            raise DocumentError(f"questions/{name}/answers/{answer.id} {what}", place_of(answers, answer.id))
    return question


def select(questions: Mapping[str, Question], texts: Iterable[str]) -> dict[str, str]:
    """Read `QUESTION=ANSWER` texts to the answer's id by the question's, in the order of the questions.

    Raises DocumentError, with no place, if a question or an answer is unknown, or a question is answered twice.
    """
    chosen: dict[str, str] = {}
    for text in texts:
        name, equals, answer = (part.strip() for part in text.partition("="))
        if not equals:
            raise DocumentError(f"{text!r} is not an answer. Write QUESTION=ANSWER.")
        if name not in questions:
            near = nearest(name, questions)  # a list of fifty names would hide it
            raise DocumentError(
                f"Unknown question {name!r}{near}." if near else unknown_word("question", name, questions)
            )
        answers = questions[name].answers
        if answer not in answers:
            raise DocumentError(f"{name}: {unknown_word('answer', answer, answers)}")
        if chosen.setdefault(name, answer) != answer:
            raise DocumentError(f"{name!r} is answered {chosen[name]!r} and {answer!r}. Keep one.")
    return {name: chosen[name] for name in questions if name in chosen}
