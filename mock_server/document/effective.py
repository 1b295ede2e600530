"""The document that takes effect: a base, then overlays, then the answers chosen to open questions."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from mock_server.document import shape
from mock_server.document.learned import Learned
from mock_server.document.overlay import apply, apply_actions, read_overlay
from mock_server.document.places import DocumentError, Object, place_of
from mock_server.document.questions import Question, read_questions, select
from mock_server.document.source import read_object

_OPENAPI = re.compile(r"3\.1\.\d+\Z")


class Digest(str):
    """The SHA-256, in hex, of a document's canonical JSON."""

    __slots__ = ()

    @property
    def short(self) -> str:
        """The first 12 digits, enough to tell documents apart by eye."""
        return self[:12]


@dataclass(frozen=True)
class Document:
    """The effective document, read-only by agreement: whoever changes it takes a copy.

    `files` are those read to make it, base first; `chosen` are the answers that were asked for or learned, without
    the assumed ones; `base_name` is the base's file name. `data` is an Object, whose places name the file
    that each part came from. `learned` are the origins of those overlays that were learned from a service;
    `base_digest`, that of the base alone, is known where there are any.
    """

    data: Object
    digest: Digest
    files: tuple[Path, ...]
    chosen: Mapping[str, str]
    base_name: str
    overlays: tuple[Path, ...]
    learned: tuple[Learned, ...]
    base_digest: Digest | None
    _ask: Callable[[], Mapping[str, Question]] = field(repr=False, compare=False)

    def questions(self) -> Mapping[str, Question]:
        """Give the open questions by id; their file is read at the first call unless answers were given.

        Raise DocumentError where that file is wrong.
        """
        return self._ask()

    @property
    def answers(self) -> Mapping[str, str]:
        """The answer to every question, the assumed one where none was chosen; reads as `questions`."""
        return MappingProxyType(
            {name: self.chosen.get(name, question.assumed) for name, question in self.questions().items()}
        )


def home() -> Path:
    """Give the folder of the packaged documents: in the wheel, else beside the package in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "openapi"
    return inside if inside.is_dir() else package.parent / "openapi"


def packaged_overlays() -> tuple[str, ...]:
    """Give the names of the packaged overlays, sorted."""
    return tuple(sorted(file.stem for file in (home() / "overlays").glob("*.yaml")))


def load(
    document: Path | str | None = None,
    overlays: Sequence[Path | str] = (),
    answers: Mapping[str, str] | Iterable[str] = (),
    questions: Path | str | None = None,
) -> Document:
    """Make the effective document, or raise DocumentError.

    The defaults are the packaged base and its questions. An overlay is a file or the name of a packaged
    one; `answers` are `QUESTION=ANSWER` texts or a mapping. The overlays apply in the order given, the
    answers after them in the order of the questions.
    """
    base = Path(document) if document is not None else home() / "notification-handlers.yaml"
    questions_file = Path(questions) if questions is not None else home() / "unspecified.yaml"
    data = read_object(base)
    _check_openapi(data)
    files = tuple(find_overlay(name) for name in overlays)
    varied = [read_overlay(file) for file in files]
    learned = tuple(overlay.learned for overlay in varied if overlay.learned is not None)
    base_digest = digest_of(data) if learned else None
    for overlay in varied:
        apply(data, overlay)
    ask = functools.cache(lambda: read_questions(questions_file))
    texts = [f"{n}={a}" for n, a in answers.items()] if isinstance(answers, Mapping) else list(answers)
    chosen = _answer(data, ask, texts, learned)
    read = (base, *files, *([questions_file] if chosen else ()))
    if len(read) > 1:
        _check_openapi(data)
    return Document(
        data, digest_of(data), read, MappingProxyType(chosen), base.name, files, learned, base_digest, ask
    )


def _answer(
    data: Object, ask: Callable[[], Mapping[str, Question]], texts: list[str], learned: Sequence[Learned]
) -> dict[str, str]:
    """Apply the answers that are asked for and not learned: what is learned is in the overlay's actions."""
    known = {name: answer for each in learned for name, answer in each.answers.items()}
    if not texts and not known:
        return {}
    questions = ask()
    asked = select(questions, texts)
    for name in asked.keys() & known.keys():
        if asked[name] != known[name]:
            message = (
                f"{name!r} was learned to be {known[name]!r}, and {asked[name]!r} is asked for, keep one"
            )
            raise DocumentError(message)
    for name, answer in asked.items():
        if name not in known:
            apply_actions(data, questions[name].answers[answer].actions)
    # A learned overlay may be older than the questions, and know some that are no longer asked.
    still = [f"{name}={answer}" for name, answer in known.items() if _is_listed(questions, name, answer)]
    learnt = {n: a for n, a in select(questions, still).items() if a != questions[n].assumed}
    return {name: {**learnt, **asked}[name] for name in questions if name in learnt or name in asked}


def _is_listed(questions: Mapping[str, Question], name: str, answer: str) -> bool:
    return name in questions and answer in questions[name].answers


def find_overlay(name: Path | str) -> Path:
    """Give the file of an overlay: the one so named, or a packaged one by its bare name."""
    file, text = Path(name), str(name)
    separators = {os.sep, os.altsep or os.sep}
    if file.suffix or any(separator in text for separator in separators) or file.is_file():
        return file
    packaged = packaged_overlays()
    if text in packaged:
        return home() / "overlays" / f"{text}.yaml"
    listed = ", ".join(packaged) or "none"
    close = shape.nearest(text, packaged)
    raise DocumentError(f"there is no overlay {text!r}{close}, name a file or choose from {listed}")


def _check_openapi(data: Object) -> None:
    what = "an OpenAPI document"
    if not _OPENAPI.match(shape.text(data, "openapi", what)):
        raise DocumentError("'openapi' must be 3.1.x, write 3.1.0", place_of(data, "openapi"))
    shape.an_object(data, "paths", "'paths' of an OpenAPI document")


def digest_of(data: object) -> Digest:
    """Give the digest of data as JSON with sorted keys and no spaces, so that order does not count."""
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    # A lone surrogate can come from a JSON escape, and is to give a digest rather than an error.
    return Digest(hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest())
