"""What learning makes of a few observations: masks of short values, patterns of addresses, and faults told apart."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import pytest

from contract_tests.document import Facts
from contract_tests.guard.exchange import Exchange
from contract_tests.learning.fields import FieldLearner, Input
from contract_tests.learning.grammar import (
    ADDRESSES,
    DEMANDS,
    FAULTS,
    ODD_ADDRESSES,
    ODD_TOKENS,
    ODD_URLS,
    TOKENS,
    URLS,
    fit,
)
from contract_tests.learning.handlers import mask_of, placed, varying
from contract_tests.learning.presentation import Look, SeenResponse, look_of
from contract_tests.learning.problems import More, find_more
from contract_tests.learning.reactions import SIGNS, Explained, Observer, Outcome, entities
from contract_tests.learning.refusals import look_at
from contract_tests.learning.responses import described
from contract_tests.probes.expectations import SentCall, exchange_of
from contract_tests.probes.prober import Prober
from contract_tests.probes.trials import Trial, Tried, sent
from contract_tests.target.api import TargetResponse
from mock_server.document import load
from mock_server.document.rows import parse_rows, react
from mock_server.document.shape import is_linear
from mock_server.document.treatments import SentInput, masked

LONG = ("123456:secret-token", "abcdefghijkl", "abcdefghij" * 5)
SHORT = tuple("abcdefghij"[:length] for length in range(2, 11))


@pytest.mark.parametrize(
    "shown",
    [
        lambda text: "*" * max(len(text) - 4, 0) + text[-4:] if len(text) > 4 else "*" * len(text),
        lambda text: f"{text[:4]}...{text[-4:]}" if len(text) > 8 else "***",
        lambda text: f"****{text[-4:]}" if len(text) >= 8 else text,
        lambda text: f"****{text[-4:]}",
        lambda text: f"{text[:3]}…",
        lambda text: "*" * len(text),
        lambda text: text[:4] + "*" * min(len(text) - 4, 12) if len(text) > 4 else "****",
        lambda text: f"{text[: len(text) // 2]}...",
    ],
)
def test_short_values_have_a_mask_of_their_own(shown: Callable[[str], str]) -> None:
    mask = mask_of([(text, shown(text)) for text in (*LONG, *SHORT)])
    assert mask is not None
    for length in range(2, 40):
        text = ("abcdefghij" * 4)[:length]
        assert masked(text, mask) == shown(text)


def test_all_patterns_are_matched_in_linear_time() -> None:
    assert all(map(is_linear, (*ADDRESSES, *URLS, *FAULTS, *TOKENS, *DEMANDS)))
    assert len({*ADDRESSES}) == len(ADDRESSES)
    good = ("hey@example.com", "https://example.com/x")
    assert all(re.search(pattern, good[0]) for pattern in ADDRESSES)
    assert all(re.search(pattern, good[1]) for pattern in URLS)


def test_an_object_of_each_row_is_described_by_what_it_holds() -> None:
    site = "https://service.invalid"
    links = [{"self": f"{site}/api/rows/{row}", "kind": "row"} for row in (7, 8)]
    schema = varying("_links", [placed(each, row, site) for each, row in zip(links, (7, 8), strict=True)])
    assert schema["properties"]["self"]["x-text"] == "{site}/api/rows/{id}"
    assert schema["properties"]["kind"] == {"type": "string", "default": "row"}
    assert schema["required"] == ["self", "kind"]


def test_a_field_is_recognized_as_people_write_it() -> None:
    answer = TargetResponse(
        422,
        {"content-type": "text/plain"},
        b"Telegram chat id: the telegram chat id is no id (telegramChatId).",
    )
    sent = exchange_of(
        Facts(load().data), "http://service.invalid/api", SentCall("POST", "/rows", {}, ""), answer
    )
    look = look_at(answer, sent, {"field": "telegram_chat_id", "owner": "telegram"}, {})
    assert look.value == "{field:Words}: the {field:words} is no id ({field:camel})."


def test_a_path_is_recognized_without_its_first_slash() -> None:
    facts = {"path": "/api/bpm-nowhere", "path:relative": "api/bpm-nowhere"}
    body = b'{"message": "No static resource api/bpm-nowhere.", "path": "/api/bpm-nowhere"}'
    look = look_of(SeenResponse(404, {"content-type": "application/json"}, body, facts))
    assert look.value == {"message": "No static resource {path:relative}.", "path": "{path}"}


@pytest.mark.parametrize(
    "signs",
    [
        {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#039;"},
        {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;", "/": "&#x2F;"},
        {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"},
    ],
)
def test_entities_are_told_by_a_text_of_all_signs(signs: dict[str, str]) -> None:
    text = f"A name{SIGNS}x"
    shown = "".join(signs.get(sign, sign) for sign in text)
    assert entities(text, shown) == signs
    assert react(parse_rows([{"when": "any", "change": [{"escape": signs}]}]), text, {}).text == shown
    assert entities(text, shown.replace("=", "")) == {}, "more was changed"


def outcome_of(treatment: str, given: SentInput, shown: object, refused: Look | None = None) -> Outcome:
    trial = Trial("create", "name", treatment, given, "email")
    exchange = Exchange("POST", "http://mock/api", "", (), "", (), "", 200, (), "", 0)
    return Outcome(trial, TargetResponse(401 if refused else 201, {}, b""), exchange, refused, shown)


@pytest.mark.parametrize("strips", [True, False])
def test_tags_may_go_before_signs_are_escaped(*, strips: bool) -> None:
    def shown(text: str) -> str:
        text = re.sub("<[^<>]*>", "", text) if strips else text
        return "".join(signs.get(sign, sign) for sign in text)

    signs = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
    found = Explained({})
    for treatment, text in (("tags", "A<b>x</b>"), ("quotes", "A'\"x")):
        found.explain(outcome_of(treatment, sent(text), shown(text)))
    text = f"A{SIGNS} x"
    found.explain_escapes(outcome_of("any", sent(text), shown(text)))
    for text in ("<i>A</i> & B", 'it\'s "B"', "a < b"):
        assert react(tuple(found.rows), text, {}).text == shown(text)


def test_letters_may_be_escaped_and_signs_are_presumed_to_be_as_in_another_field() -> None:
    def shown(text: str) -> str:
        return "".join(signs.get(sign, sign) for sign in text)

    signs = {"&": "&amp;", "<": "&lt;", "é": "&eacute;", "ó": "&oacute;"}
    name, url = Explained({}), Explained({})
    name.explain_escapes(outcome_of("any", sent(f"A{SIGNS} x"), shown(f"A{SIGNS} x")))
    assert react(tuple(name.rows), "é & ż", {}).text == "&eacute; &amp; ż"
    ((_, known),) = name.rows[0].effect
    url.explain_escapes(outcome_of("any", sent("https://a?b&c"), "https://a?b&amp;c"), known)
    assert react(tuple(url.rows), "https://a<ó", {}).text == "https://a&lt;&oacute;"


def test_control_characters_may_be_escaped_beside_the_signs_of_html() -> None:
    def shown(text: str) -> str:
        return "".join(f"&#{ord(sign)};" if sign < " " or sign in "&<>" else sign for sign in text)

    found = Explained({})
    texts = {"control": "A\x07x", "line-break": "A\r\nx", "any": f"A{SIGNS} x"}
    for treatment, text in texts.items():
        explain = found.explain_escapes if treatment == "any" else found.explain
        explain(outcome_of(treatment, sent(text), shown(text)))
    assert not found.unexplained
    assert react(tuple(found.rows), "B\x1f\n&", {}).text == "B&#31;&#10;&#38;"


@pytest.mark.parametrize(
    ("bad", "shown"), [("\ufffd", "A?"), ("\ufffd\ufffd", "A??"), ("\ufffd", "A"), ("\ufffd", "")]
)
def test_bytes_that_are_not_utf_8_become_other_signs_or_nothing(bad: str, shown: str) -> None:
    not_utf_8, refused = frozenset({"not-utf-8"}), Look(401, "text/plain", (), "No name.")
    given = SentInput(f"A{bad}", (f"A{bad}",), not_utf_8)
    found = Explained({})
    if shown == "":  # which is then refused as any empty text
        found.explain(outcome_of("empty", sent(""), None, refused))
    found.explain(outcome_of("not-utf-8", given, shown or None, None if shown else refused))
    reaction = react(tuple(found.rows), SentInput("Zoo\ufffd\ufffd", ("Zoo\ufffd\ufffd",), not_utf_8), {})
    sign = shown[1:2]
    assert (reaction.outcome, reaction.text) == (("taken", f"Zoo{sign * 2}") if shown else ("refuse", ""))


@pytest.mark.parametrize("nothing", ["", None])
def test_an_address_that_is_stored_as_nothing_is_told_from_a_good_one(nothing: str | None) -> None:
    def ask(trial: Trial) -> Outcome:
        text = trial.sent.text or ""
        return outcome_of(trial.treatment, trial.sent, text if re.fullmatch(ADDRESSES[0], text) else nothing)

    found, learner = Explained({}), object.__new__(FieldLearner)
    learner.odd, learner.ask = {"address": ODD_ADDRESSES}, ask  # type: ignore[method-assign]
    learner._grammar(found, Input("create", "email", "email", "address"), fresh=True)
    assert react(tuple(found.rows), sent("no address"), {}).value == nothing
    assert (
        react(tuple(found.rows), sent("Ann.Lee+x@sub.example.org"), {}).value == "Ann.Lee+x@sub.example.org"
    )


def test_two_ways_to_refuse_a_url_are_told_apart() -> None:
    scheme, rest = (Look(400, "text/plain", (), text) for text in ("must begin with https", "must be a URL"))

    def refused(text: str) -> Look | None:
        return scheme if not text.startswith("https://") else None if re.fullmatch(r"[!-~]+", text) else rest

    found = Explained({})
    fit(found, URLS, [outcome_of("not-url", sent(text), text, refused(text)) for text in ODD_URLS])
    assert [(row.treatment, row.effect) for row in found.rows] == [
        ("mismatches", scheme),
        ("malformed", rest),
    ]
    for text in (
        "http://a.example",
        "https://a.example/b c",
        "https://a.example/\u00e9",
        "https://a.example/\x07",
    ):
        assert react(tuple(found.rows), text, found.schema).row.effect == refused(text)  # type: ignore[union-attr]


def test_the_grammar_of_a_chat_s_id_is_told_by_odd_texts() -> None:
    look, found = Look(400, "text/plain", (), "no id of a chat"), Explained({})
    pattern = re.compile(r"-?\d+|@\w+", re.ASCII)
    seen = [
        outcome_of("is", sent(text), text, None if pattern.fullmatch(text) else look) for text in ODD_TOKENS
    ]
    fit(found, TOKENS, seen)
    for text in ("-100123", "@team", "team", "1.5", "@a-b"):
        taken = react(tuple(found.rows), text, found.schema).is_taken
        assert taken is bool(pattern.fullmatch(text))


def test_the_number_of_problems_is_a_placeholder() -> None:
    def body(text: str, **errors: list[str]) -> dict[str, object]:
        return {"message": text, "errors": errors}

    name, kind = body("A name.", name=["A name."]), body("No type.", type=["No type."])
    both = body("A name. (and 1 more error)", name=["A name."], type=["No type."])
    three = body("No x. (and 2 more errors)", x=["No x.", "No text.", "No URL."])
    more = find_more([name, kind, body("No x.", x=["No x."]), three], both)
    assert more == More(("message",), " (and {count} more error)", " (and {count} more errors)")
    assert more.without(three)["message"] == "No x."
    assert more.told(more.without(both))["message"] == "A name.{more}"
    assert find_more([name, kind], body("A name.", name=["A name."], type=["No type."])) is None


def test_a_value_is_recognized_as_the_guard_left_room_for_its_mark() -> None:
    facts = Facts(load().data)
    text = "n" * 101
    body = text[:-20].encode()  # the service was sent 20 characters more, of which no response shows the mark
    answer = TargetResponse(400, {"content-type": "text/plain"}, body)
    exchange = exchange_of(facts, "http://service.invalid/api", SentCall("POST", "/rows", {}, ""), answer)
    observer = object.__new__(Observer)
    observer.prober = cast("Prober", SimpleNamespace(terms=SimpleNamespace(hidden=20)))
    observer.facts, observer.everywhere = facts, {}
    trial = Trial("create", facts.form["name"], "longer-than", SentInput(text, (text,)), "email")
    look = observer.outcome(Tried(trial, answer, exchange)).look
    assert look is not None
    assert look.value == "{value}"


def test_an_id_that_rows_share_is_the_account_s() -> None:
    shared, sole = described("user_id", [17, 17]), described("user_id", [17])
    assert shared == {**sole, "description": "An id that the rows of an account share.", "default": 17}
    assert (sole["readOnly"], "default" in sole, "default" in described("user_id", [17, 18])) == (
        True,
        False,
        False,
    )
