"""What a failure says, what a seed repeats, and what goes over the wire."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import requests

from contract_tests.document import Facts
from contract_tests.guard.exchange import URLENCODED
from contract_tests.oracle.machine import RULES, Machine
from contract_tests.run.flags import Profile
from contract_tests.target.api import JSON, Spoken, TargetApi
from mock_server.document import load
from tests.suites.judging import KEY, judge
from tests.suites.services import second_opinion

SHRINKING = Profile("standard", examples=1, machines=20, steps=12)


def test_a_counterexample_is_short_and_shows_its_calls() -> None:
    with second_opinion(bugs=["update-forgets-is-enabled"]) as service:
        verdict = judge(service.url, suites=["model"], profile=SHRINKING)
    text = verdict.failed["model::service_and_dictionary_agree"]
    calls = [line for line in text.split("Deviation: ")[1].splitlines() if "  curl --request" in line]
    assert 3 <= len(calls) <= 8, text
    assert any("--form-string" in line for line in calls)
    assert KEY not in "".join(calls)


def test_a_seed_repeats_its_run() -> None:
    logs = []
    for seed in (1, 1, 2):
        with second_opinion() as service:
            judge(service.url, suites=["model"], seed=seed)
        logs.append([(entry.method, entry.path) for entry in service.log])
    assert logs[0] == logs[1] != logs[2]


def test_each_rule_is_a_method_with_a_sentence() -> None:
    assert all(getattr(Machine, name).__doc__ for name in RULES)
    assert len(RULES) == len(set(RULES)) >= 11


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[requests.PreparedRequest]:
    requests_seen: list[requests.PreparedRequest] = []

    def send(_: object, prepared: requests.PreparedRequest, **__: object) -> requests.Response:
        requests_seen.append(prepared)
        response = requests.Response()
        response.status_code, response._content = 200, b""
        return response

    monkeypatch.setattr(requests.Session, "send", send)
    return requests_seen


@pytest.fixture
def spoken() -> Spoken:
    return Spoken(TargetApi("http://127.0.0.1:9/api", KEY, Facts(load().data)))


def test_a_form_goes_as_curl_sends_it(spoken: Spoken, sent: list[requests.PreparedRequest]) -> None:
    spoken.create({"name": "Zażółć", "type": "email"})
    (prepared,) = sent
    boundary = prepared.headers["Content-Type"].partition("boundary=")[2]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="name"\r\n\r\nZażółć\r\n'
    assert isinstance(prepared.body, bytes)
    assert prepared.body.startswith(head.encode())
    assert prepared.body.count(b"Content-Type") == 0


@pytest.mark.parametrize(("media", "body"), [(URLENCODED, "name=A+b"), (JSON, b'{"name": "A b"}')])
def test_a_form_goes_in_other_media(
    spoken: Spoken, sent: list[requests.PreparedRequest], media: str, body: object
) -> None:
    spoken.post("/notification-handlers", {"name": "A b"}, media)
    assert (sent[0].headers["Content-Type"], sent[0].body) == (media, body)


def test_no_suite_names_a_field_of_its_own() -> None:
    """Names, titles and sizes come from the document, so that another document needs no other suite."""
    document = load().data
    schemas = document["components"]["schemas"]
    words = {key for schema in schemas.values() for key in schema.get("properties", {}) if "_" in key}
    words |= {value for value in schemas["HandlerType"]["enum"] if len(value) > 1}
    words |= {
        e["value"]["errors"][0]["title"]
        for e in document["components"]["examples"].values()
        if "errors" in e["value"]
    }
    folder = Path(__file__).parents[2] / "contract_tests"
    modules = [
        folder / "document.py",
        *(folder / "target").glob("*.py"),
        *(folder / "oracle").glob("*.py"),
    ]
    modules.remove(folder / "target" / "api.py")
    modules += [
        folder / "suites" / f"test_{name}.py"
        for name in ("page", "lifecycle", "paging", "refusals", "clients", "model")
    ]
    for module in modules:
        tree = ast.parse(module.read_text(encoding="utf-8"))
        said = {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert not said & words, module
