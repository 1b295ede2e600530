"""A generated page beyond the last may be refused, if the document says so."""

from __future__ import annotations

from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest

from contract_tests.document import Facts
from contract_tests.generated.sampler import Sampler
from contract_tests.judge.statements import Statements
from mock_server.document import load, plain


@pytest.mark.parametrize(("beyond", "refusal"), [("empty", None), ("no_access", "no_access")])
def test_a_page_is_expected_as_the_document_treats_those_beyond_the_last(beyond: str, refusal: Any) -> None:
    data = deepcopy(plain(load().data))
    for item in data["paths"].values():
        if "x-paging" in item.get("get", {}):
            item["get"]["x-paging"]["beyond"] = beyond
    facts = Facts(data)
    sampler: Any = SimpleNamespace(run=SimpleNamespace(facts=facts), _statements=Statements(facts))
    case: Any = SimpleNamespace(query={"page": 2147483647, "results_per_page": 25})
    prospect, _ = Sampler._prospect(sampler, "list", case)
    assert prospect.refusal == refusal
