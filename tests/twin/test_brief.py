"""A brief run presumes what it does not ask: of fields that are alike, of creates, of spellings, of parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contract_tests.document import Facts
from contract_tests.guard.exchange import Exchange
from contract_tests.learning.brief import ask_texts, other_words, presume_escapes, put_as_read
from contract_tests.learning.draft import Tree
from contract_tests.learning.forms import is_by_name, learn_forms
from contract_tests.learning.history import learn_leftovers
from contract_tests.learning.pages import learn_sorting
from contract_tests.learning.parameters import learn_parameters
from contract_tests.learning.presentation import Look
from contract_tests.learning.problems import Items, Refusals, Telling
from contract_tests.learning.reactions import SIGNED, Explained, Outcome, keyed
from contract_tests.probes import Prober, Terms
from contract_tests.probes.observations import handler, second
from contract_tests.probes.trials import FOREIGN, Trial, Trials, sent
from contract_tests.target.api import TargetResponse
from mock_server.document.rows import Row, parameter_rows, react
from tests.document_obeyed.client import Client
from tests.document_obeyed.test_rows import client_of, rows
from tests.probes.services import expectations, the_mock
from tests.twin.test_kinds import LIST, Pupil, sorted_by

PAGE = "$.components.parameters"
EXCHANGE = Exchange("POST", "http://mock/api", "", (), "", (), "", 200, (), "", 0)


def brief(client: Client) -> Pupil:
    pupil = Pupil(client)
    pupil.prober.spares = True
    return pupil


def refuse(when: Any, text: str) -> dict[str, Any]:
    return {"when": when, "refuse": "refused", "with": {"message": text}}


def refusing(folder: Path, *actions: dict[str, Any]) -> Client:
    """Return a client of a document whose rows may be refused by a text."""
    examples = {"refused": {"value": {"error": "{message}"}}}
    content = {"application/json": {"schema": {"type": "object"}, "examples": examples}}
    update = {"418": {"description": "No.", "content": content}}
    return client_of(folder, {"target": "$['x-service'].refusals", "update": update}, *actions)


# Fields that a row needs are refused if they are not sent.
ABSENT = [{"when": "absent", "refuse": "refused", "with": {"message": "{field} is missing"}}]


def form_rows(tree: Tree, form: str) -> dict[str, Any]:
    found: dict[str, Any] = tree["components"]["schemas"][form]["x-rows"]
    return found


@pytest.mark.parametrize("order", ["oldest-first", "newest-first"])
def test_two_rows_tell_that_a_list_goes_by_the_type(tmp_path: Path, order: str) -> None:
    actions = sorted_by({"value": "type", "direction": "ascending"})
    for action in actions:
        action["update"]["order"] = order
    pupil = brief(client_of(tmp_path, *actions))
    prober, trials = pupil.prober, Trials(pupil.prober)
    prober.once(second)
    for kind in (prober.kinds.address, prober.kinds.mailbox):
        trials.standing(kind)
        prober.list(again=True)
    paging = pupil.learn(learn_sorting)["paths"][LIST]["get"]["x-paging"]
    assert (paging["sort-by"], paging["order"]) == ({"value": "type", "direction": "ascending"}, order)


def test_texts_are_asked_while_the_row_has_the_type_with_two_fields(tmp_path: Path) -> None:
    pupil = brief(client_of(tmp_path))
    ask_texts(pupil.prober)
    sent_before = pupil.prober.sent
    Trials(pupil.prober).texts("tags")
    assert pupil.prober.sent == sent_before
    assert pupil.prober.once(handler).type == pupil.prober.kinds.pair
    pupil.prober.close()


@pytest.mark.parametrize(
    ("read", "refused"),
    [
        ({"true": True, "1": True, "false": False, "0": False}, ("on", "yes", "off", "no")),
        (
            {
                "true": True,
                "on": True,
                "yes": True,
                "1": True,
                "off": False,
                "no": False,
                "false": False,
                "0": False,
            },
            (),
        ),
    ],
)
def test_spellings_of_a_switch_are_read_in_pairs(
    tmp_path: Path, read: dict[str, bool], refused: tuple[str, ...]
) -> None:
    switch: list[dict[str, Any]] = [{"when": {"is": [text]}, "value": value} for text, value in read.items()]
    switch.append(refuse("any", "no switch"))
    client = refusing(tmp_path, rows("UpdateForm", is_enabled=switch))
    learned = Facts(brief(client).learn(learn_forms)).update_form
    for text, value in read.items():
        assert learned.react("is_enabled", text).value is value
    for text in refused:
        assert learned.react("is_enabled", text).outcome == "refuse"


def test_what_one_text_alone_refuses_is_of_a_grammar_of_its_own(tmp_path: Path) -> None:
    client = refusing(tmp_path, rows("UpdateForm", telegram_chat_id=[refuse("control", "no chat")]))
    learned = Facts(brief(client).learn(learn_forms)).update_form
    told = [
        learned.react(name, "a\x07b").outcome for name in ("telegram_chat_id", "telegram", "x_consumer_key")
    ]
    assert told == ["refuse", "taken", "taken"]


def test_refusals_of_creates_have_the_words_of_creates(tmp_path: Path) -> None:
    def form(word: str) -> dict[str, Any]:
        texts = [refuse("control", f"{word}Form: {{field}} has signs")]
        return {"type": [*ABSENT, refuse("not-listed", f"{word}Form: no type")], "name": [*ABSENT, *texts]}

    create, update = form("create"), {name: each[1:] for name, each in form("update").items()}
    client = refusing(tmp_path, rows("CreateForm", **create), rows("UpdateForm", **update))
    tree = brief(client).learn(learn_forms)
    (row,) = [each for each in form_rows(tree, "CreateForm")["name"] if each["when"] == "control"]
    assert "createForm: {field} has signs" in repr(
        (row, tree["components"]["examples"][row["refuse"]]["value"])
    )


def test_words_that_differ_are_told_if_nothing_else_differs() -> None:
    assert other_words(["in updateForm"], ["in createForm"]) == {"updateForm": "createForm"}
    assert other_words("a b", "a b c") == other_words({"a": "x"}, {"b": "y"}) == other_words([1], [2]) == {}


def test_signs_that_are_escaped_beside_others_are_presumed() -> None:
    found = Explained({})
    for treatment, text, shown in (
        ("tags", "<b>x</b>", "&lt;b&gt;x&lt;&#x2F;b&gt;"),
        ("quotes", "x's", "x&#x27;s"),
    ):
        trial = Trial("update", "name", treatment, sent(text), "email")
        found.seen.append(Outcome(trial, TargetResponse(200, {}, b""), EXCHANGE, None, shown))
    presume_escapes(found)
    assert react(tuple(found.rows), 'a & "b" / c', {}).text == "a &amp; &quot;b&quot; &#x2F; c"


def test_signs_that_are_written_as_numbers_are_so_with_control_characters() -> None:
    found = Explained({})
    for treatment, text, shown in (
        ("control", "a\x07b", "a&#7;b"), ("tags", "<b>x", "&#60;b&#62;x"), ("quotes", "x's", "x&#39;s"),
    ):  # fmt: skip
        trial = Trial("update", "name", treatment, sent(text), "email")
        found.explain(Outcome(trial, TargetResponse(200, {}, b""), EXCHANGE, None, shown, "", {}))
    presume_escapes(found)
    assert react(tuple(found.rows), 'a & "b"\n', {}).text == "a &#38; &#34;b&#34;&#10;"


def test_a_constant_of_texts_is_read_by_a_field_with_few_values() -> None:
    found = Explained({"enum": ["email"]}, None, [Row("not-listed", None, "refuse", "no type")])
    put_as_read(found, Row("array", None, "value", "Array"))
    assert Row("array", None, "refuse", "no type") in found.rows


def test_texts_of_the_switch_ride_along_with_changes_of_the_type() -> None:
    with the_mock({}) as api:
        prober = Prober(api, expectations(), Terms(can_write=True, spares=True))
        trials = Trials(prober)
        for kind in ("telegram", "email", "slack", "discord"):
            trials.standing(kind)
        before = prober.sent
        seen = [trials.spelled(text, to_on=is_on) for text, is_on in (("maybe", True), ("2", False))]
        assert [each.shown for each in seen] == [False, True]
        assert prober.sent == before
        prober.close()


def test_a_function_that_writes_an_apostrophe_so_writes_all_signs_as_entities() -> None:
    found = Explained({}, None, [Row("tags", None, "change", (("strip-tags", None),))])
    for treatment, text, shown in (("quotes", "it's", "it&#039;s"), ("tags", "<b>x</b>", "x")):
        trial = Trial("update", "slack", treatment, sent(text), "slack")
        found.explain(Outcome(trial, TargetResponse(200, {}, b""), EXCHANGE, None, shown, "", {}))
    presume_escapes(found)
    assert react(tuple(found.rows), 'a & "b" <i>', {}).text == "a &amp; &quot;b&quot; "


def test_a_field_of_another_type_is_sent_to_a_row_that_has_a_type() -> None:
    with the_mock({"update-keeps": "blanked", "field-of-another-type": "refused"}) as api:
        trials = Trials(Prober(api, expectations(), Terms(can_write=True, spares=True)))
        row = trials.standing(trials.prober.kinds.plain)
        row.update(name="x")
        assert not row.look(renamed=True)["type"]
        assert not trials.tried("update", FOREIGN, "any").is_taken
        assert trials.prober.retrieve(row.id, renamed=True)["id"] == row.id
        trials.prober.close()


def test_the_only_setting_of_a_type_may_be_shown_otherwise_if_it_is_not_sent(tmp_path: Path) -> None:
    """The row that got a type without it shows so, in a brief run, too."""
    lists: dict[str, list[dict[str, Any]]] = {
        "email": [{"when": "absent", "omit": True}],
        "own__": [{"when": "absent", "value": ""}],
    }
    required = {"target": "$.components.schemas.EmailSettings.required", "remove": True}
    client = client_of(tmp_path, required, rows("CreateForm", **lists), rows("UpdateForm", **lists))
    pupil = brief(client)
    pupil.learn(learn_leftovers)
    form = pupil.learn(learn_forms)["components"]["schemas"]["UpdateForm"]["x-rows"]
    absent = {name: [row for row in form.get(name, form["{own}"]) if row["when"] == "absent"]
              for name in ("email", "telegram")}  # fmt: skip
    assert absent == {"email": lists["email"], "telegram": lists["own__"]}


def test_a_good_value_keeps_the_grammar_of_an_example_and_is_the_owners() -> None:
    with the_mock({}) as api:
        trials = Trials(Prober(api, expectations(), Terms(can_write=False)))
        trials.prober._sent = 15
        assert trials.good("telegram", "telegram_chat_id") == "-15100123456789015"
        assert trials.good("email", "telegram").startswith("15123456:")
        assert trials.good("email", "x_consumer_key") == "15-consumer-key-p15"


def test_problems_are_told_by_the_names_of_their_fields_if_all_bodies_show_it() -> None:
    telling, order = Telling(Items(("errors",), by_field=False)), ["name", "type", "email"]
    one = {
        "errors": [{"field": "email", "told": "is bad beside this type"}, {"field": "type", "told": "is bad"}]
    }
    assert is_by_name(telling, [one, {"errors": []}], order)
    assert not is_by_name(telling, [{"errors": one["errors"][::-1]}], order)
    assert not is_by_name(telling, [one, {"errors": one["errors"][::-1]}], order)


def test_a_short_key_is_a_field_if_its_value_tells_so() -> None:
    body = {"errors": {"name": ["{field} is bad"]}, "name": "ValidationError"}
    assert keyed(body, "name", "{field") == {
        "errors": {"{field}": ["{field} is bad"]},
        "name": "ValidationError",
    }


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("lower:json", '"un\\"li<st>ed&w\\\\ord"'),
        ("repr", repr(SIGNED)),
        ("json", '"Un\\"li<st>ed&W\\\\ord"'),
    ],
)
def test_how_refusals_repeat_a_text_is_asked_once(tmp_path: Path, form: str, told: str) -> None:
    types = [refuse("not-listed", f"no {{value:{form}}} here")]
    client = refusing(tmp_path, rows("CreateForm", type=[*ABSENT, *types]), rows("UpdateForm", type=types))
    assert client.send("POST", LIST, {"name": "A", "type": SIGNED}).get_json() == {"error": f"no {told} here"}
    tree = brief(client).learn(learn_forms)
    for name in ("CreateForm", "UpdateForm"):
        (row,) = [each for each in form_rows(tree, name)["type"] if each["when"] == "not-listed"]
        assert tree["components"]["examples"][row["refuse"]]["value"] == {
            "error": f"no {{value:{form}}} here"
        }


def test_a_page_with_a_plus_is_asked_for(tmp_path: Path) -> None:
    """A page that is written with a plus may be read although one with a zero too many is refused."""
    page = [
        {"when": "plus", "change": ["cast"]},
        *(refuse(when, "no page") for when in ("word", "tail", "leading-zero", "negative", "zero")),
    ]
    client = refusing(tmp_path, {"target": f"{PAGE}.page", "update": {"x-rows": page}})
    tree = brief(client).learn(learn_parameters)
    node = tree["components"]["parameters"]["page"]
    told = {
        text: react(parameter_rows(node, node["schema"]), text, {}).outcome
        for text in ("+2", "x", "2x", "02", "-1", "0")
    }
    assert {text for text, outcome in told.items() if outcome == "refuse"} == {"x", "2x", "02", "-1", "0"}


def test_a_key_that_is_no_field_stays_in_the_body() -> None:
    """Problems by field are told apart from one of the form as a whole."""
    refusals = Refusals(Telling(Items((), by_field=True)), fields=frozenset({"type"}))
    of_field, of_form = (
        Look(400, "application/json", (), {key: ["no"]}) for key in ("type", "non_field_errors")
    )
    assert refusals.name(of_field, "field").item == "no"
    assert refusals.name(of_form, "form").item is None
    assert refusals.looks["form"].value == {"non_field_errors": ["no"]}


@pytest.mark.parametrize("rank", [0, 1])
def test_an_unknown_parameter_has_an_item_of_its_own_in_a_list_of_problems(tmp_path: Path, rank: int) -> None:
    """It is told after those of known parameters, or before them: these have the rank."""
    item = {"told": "{field} is wrong"}

    def listed(when: str, rank: int = 0) -> dict[str, Any]:
        return {"when": when, "refuse": "all", "item": item, "rank": rank}

    examples = {"all": {"value": {"problems": "{items}"}}}
    content = {"application/json": {"schema": {"type": "object"}, "examples": examples}}
    refusals = {"418": {"description": "No.", "content": content}}
    words = {"errors": {"told": "all"}, "unknown-parameters": [listed("any")], "refusals": refusals}
    names = ("page", "results_per_page")
    texts = [
        {"target": f"{PAGE}.{name}", "update": {"x-rows": [listed("word", rank), listed("negative", rank)]}}
        for name in names
    ]
    client = client_of(tmp_path, {"target": "$['x-service']", "update": words}, *texts)
    tree = brief(client).learn(learn_parameters)
    learned = tree["x-service"]
    assert learned["errors"]["told"] == "all"
    (row,) = learned["unknown-parameters"]
    assert row["item"] == item
    ranks = {
        each.get("rank", 0) for each in tree["components"]["parameters"]["page"]["x-rows"] if "refuse" in each
    }
    assert (ranks, row.get("rank", 0)) == ({rank}, 0)


def test_what_is_said_of_settings_alone_leaves_the_refusals_of_the_common_fields(tmp_path: Path) -> None:
    """Else a create without a type would be taken, and no mock would serve the document."""
    own = [{"when": "any", "change": ["strip-tags", "trim"]}]
    tree = brief(client_of(tmp_path, rows("CreateForm", own__=own), rows("UpdateForm", own__=own))).learn(
        learn_forms
    )
    form = tree["components"]["schemas"]["CreateForm"]
    assert "{own}" in form["x-rows"]
    assert "name" in form["x-rows"] or "required" in form["x-refusals"]
