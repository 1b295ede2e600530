"""The answers of the closed lists, taken into the draft one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contract_tests.learning.draft import Draft, Tree
from contract_tests.probes.effective import QuestionVerdict
from contract_tests.probes.reading import Answered
from mock_server.document import DocumentError, Object, apply_actions, duplicate, plain


def take_answers(draft: Draft, document: Object, verdicts: Mapping[str, QuestionVerdict]) -> None:
    """Apply each answer that was found or given, in the order of the questions."""
    for name, verdict in verdicts.items():
        if verdict.source == "unknown":
            continue
        answer = verdict.question.answers[verdict.answer]
        changed = duplicate(document) if answer.actions else document
        try:
            apply_actions(changed, answer.actions)
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


def _become(after: Tree) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        tree.clear()
        tree.update(after)

    return change
