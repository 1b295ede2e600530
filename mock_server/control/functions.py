"""What serves each control operation. `operationId` is the function's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mock_server.control.about import (
    show_control_document,
    show_document,
    show_health,
    show_info,
    show_ready,
)
from mock_server.control.clock import change_clock, show_clock
from mock_server.control.coverage import show_coverage
from mock_server.control.exchanges import await_change, clear_journal, list_exchanges
from mock_server.control.faults import arm_fault, disarm_faults, list_faults
from mock_server.control.questions import answer_questions, list_questions
from mock_server.control.quota import change_quota, show_quota
from mock_server.control.rehearsal import show_rehearsal
from mock_server.control.request import Request
from mock_server.control.rules import change_rules, show_rules
from mock_server.control.state import replace_state, reset_world, show_state

FUNCTIONS: Mapping[str, Callable[[Request], Any]] = {
    function.__name__: function
    for function in (
        show_health,
        show_ready,
        show_info,
        show_document,
        show_control_document,
        reset_world,
        show_state,
        replace_state,
        list_exchanges,
        await_change,
        clear_journal,
        list_faults,
        arm_fault,
        disarm_faults,
        show_clock,
        change_clock,
        show_quota,
        change_quota,
        show_rules,
        change_rules,
        list_questions,
        answer_questions,
        show_coverage,
        show_rehearsal,
    )
}
