"""Learns from the target of an open run."""

from __future__ import annotations

from contract_tests.learning.learn import Learnt, Tell, learn_from
from contract_tests.probes import DocumentArguments, Terms
from contract_tests.run.settings import Code, Stop
from contract_tests.session.opening import Opening, listed
from mock_server.document import DocumentError

# The requests of a brief run; those that delete its own rows at the end come on top.
BRIEF = 155


def learn_behind(opening: Opening, tell: Tell, *, brief: bool = False) -> Learnt:
    """Learn from the target of an open run. `brief`: with few requests, one field of a kind for all.

    Raises Stop (CANNOT) if the target or the document does not allow it.
    """
    settings = opening.settings
    listed(opening.first, opening.run.facts, opening.guard.target)
    terms = Terms(
        can_write=settings.allow_writes, nowhere=opening.run.nowhere, hidden=opening.guard.marker_length,
        shown_url=opening.guard.target, spares=brief or settings.profile.spares,
        most=BRIEF if brief else None,
    )  # fmt: skip
    arguments = DocumentArguments(settings.document, settings.overlays, settings.answers)
    try:
        learnt = learn_from(opening.run.api, arguments, terms, tell)
    except DocumentError as error:
        raise Stop(Code.CANNOT, str(error)) from error
    opening.run.answers = dict(learnt.answers)
    return learnt
