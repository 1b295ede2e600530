"""From any document to any other there are overlay actions that lead there."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contract_tests.learning.draft import changes
from mock_server.document import (
    Object,
    apply_actions,
    dump_yaml,
    duplicate,
    load,
    parse_actions,
    plain,
    read_text,
)

KEYS = st.sampled_from(("a", "b", "200", "/x/{y}", "it's", "x-y", 'say "so"', "back\\slash"))
LEAVES = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(("", "text", "1"))
TREES = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(KEYS, TREES, min_size=1, max_size=4)


def changed(before: Object, actions: list[dict[str, Any]]) -> Any:
    """Apply actions as the mock does, out of a file."""
    data = duplicate(before)
    if actions:
        apply_actions(data, parse_actions(read_text(dump_yaml(actions), "actions.yaml")))
    return plain(data)


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(before=DOCUMENTS, after=DOCUMENTS)
def test_the_actions_lead_to_the_other_document(before: dict[str, Any], after: dict[str, Any]) -> None:
    document = read_text(dump_yaml(before), "before.yaml")
    assert repr_of(changed(document, changes(before, after))) == repr_of(after)


def repr_of(tree: Any) -> str:
    """Return what tells 1 from true and from "1", and knows no order of keys."""
    if isinstance(tree, dict):
        return "{" + ",".join(f"{key!r}:{repr_of(tree[key])}" for key in sorted(tree)) + "}"
    return "[" + ",".join(map(repr_of, tree)) + "]" if isinstance(tree, list) else repr(tree)


def test_nothing_changed_needs_no_action() -> None:
    data = plain(load().data)
    assert changes(data, plain(load().data)) == []


def test_an_answer_is_a_change_that_leads_to_its_document() -> None:
    base = load()
    before = plain(base.data)
    for question in list(base.questions().values())[::3]:
        for answer in question.answers.values():
            wanted = duplicate(base.data)
            apply_actions(wanted, answer.actions)
            assert changed(base.data, changes(before, plain(wanted))) == plain(wanted)
