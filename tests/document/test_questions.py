"""The file of open questions is checked, and an unknown choice is refused with the list of choices."""

from pathlib import Path

import pytest

from mock_server.document import DocumentError, apply_actions, read_questions, read_text, select

GOOD = """\
questions:
  create-status:
    question: Which status does a create answer?
    evidence: "2: create / update / delete status"
    grade: B
    operations: [create_notification_handler]
    assumed: created
    answers:
      created:
        means: 201 Created
      ok:
        means: 200 OK
        actions:
          - target: $.responses['201']
            remove: true
          - target: $.responses
            update: {200: {description: OK}}
  page-size:
    question: How many to a page?
    evidence: "3: paging"
    grade: M
    operations: []
    departure: true
    assumed: twenty
    answers:
      twenty: {means: 20}
      ten: {means: ten, actions: [{target: $.size, update: 10}]}
""".replace("{means: 20}", "{means: '20'}")


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "unspecified.yaml"
    file.write_text(text)
    return file


def test_questions_are_read_in_their_order(tmp_path: Path) -> None:
    questions = read_questions(written(tmp_path, GOOD))
    assert list(questions) == ["create-status", "page-size"]
    first, second = questions.values()
    assert first.id == "create-status"
    assert first.text == "Which status does a create answer?"
    assert first.evidence == "2: create / update / delete status"
    assert (first.grade, first.assumed, first.departure) == ("B", "created", False)
    assert first.operations == ("create_notification_handler",)
    assert list(first.answers) == ["created", "ok"]
    assert first.answers["created"].means == "201 Created"
    assert first.answers["created"].actions == ()
    assert first.place == (str(tmp_path / "unspecified.yaml"), 2)
    assert (second.grade, second.operations, second.departure) == ("M", (), True)


def test_an_answer_s_actions_apply_as_an_overlay_s(tmp_path: Path) -> None:
    document = read_text("responses: {201: {description: Created}}\n", "base.yaml")
    apply_actions(document, read_questions(written(tmp_path, GOOD))["create-status"].answers["ok"].actions)
    assert document == {"responses": {"200": {"description": "OK"}}}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "questions:\n",
            "question:\n",
            "1: Unknown key 'question' (did you mean 'questions'?). Choose from questions.",
        ),
        (
            "  create-status:\n",
            "  create_status:\n",
            "2: questions/create_status must be written like-this: small letters, digits, hyphens.",
        ),
        (
            "      ok:\n",
            "      OK:\n",
            "11: questions/create-status/answers/OK must be written like-this: small letters, "
            "digits, hyphens.",
        ),
        (
            "    grade: B\n",
            "    grade: Z\n",
            "5: questions/create-status/grade must be one of D, S, C, P, B, M.",
        ),
        ("    grade: B\n", "", "2: questions/create-status: The key 'grade' is missing. Add it."),
        (
            "    grade: B\n",
            "    grade: 1\n",
            "5: questions/create-status/grade must be one of D, S, C, P, B, M.",
        ),
        (
            "    grade: B\n",
            "    grades: B\n",
            "5: questions/create-status: Unknown key 'grades' (did you mean 'grade'?). Choose from "
            "question, evidence, grade, operations, departure, assumed, answers.",
        ),
        (
            "    departure: true\n",
            "    departure: 'yes'\n",
            "23: questions/page-size/departure must be true or false.",
        ),
        (
            "    operations: []\n",
            "    operations: all\n",
            "22: questions/page-size/operations must be a list. Write `- ` lines.",
        ),
        (
            "[create_notification_handler]",
            "[1]",
            "6: questions/create-status/operations/0 must be text. Quote it.",
        ),
        (
            "    assumed: created\n",
            "    assumed: create\n",
            "7: questions/create-status/assumed: Unknown answer 'create' (did you mean "
            "'created'?). Choose from created, ok.",
        ),
        (
            "    assumed: created\n",
            "    assumed: ok\n",
            "9: questions/create-status/answers/created has no actions. Write what it changes.",
        ),
        (
            "{means: '20'}",
            "{means: '20', actions: [{target: $.size, update: 20}]}",
            "26: questions/page-size/answers/twenty has actions, but the document assumes it. Put "
            "its change in the base document.",
        ),
        (
            "      ten: {means: ten, actions: [{target: $.size, update: 10}]}\n",
            "",
            "25: questions/page-size/answers has too few keys. Add one.",
        ),
        (
            "actions: [{target: $.size, update: 10}]",
            "actions: []",
            "27: questions/page-size/answers/ten/actions has too few entries. Add one.",
        ),
        (
            "update: 10}",
            "updated: 10}",
            "27: questions/page-size/answers/ten/actions/0: Unknown key 'updated' (did you mean "
            "'update'?). Choose from target, description, update, remove, copy, x-optional.",
        ),
        (
            "{means: '20'}",
            "{means: '20', runtime: x}",
            "26: questions/page-size/answers/twenty: Unknown key 'runtime'. Choose from means, actions.",
        ),
        (
            "{means: '20'}",
            "{means: 20}",
            "26: questions/page-size/answers/twenty/means must be text. Quote it.",
        ),
        (
            "{means: '20'}",
            "twenty",
            "26: questions/page-size/answers/twenty must be a mapping. Write `key: value` lines.",
        ),
        (
            "  page-size:\n",
            "  create-status:\n",
            "18: The key 'create-status' is on line 2 already. Keep one.",
        ),
    ],
)
def test_each_fault_is_one_sentence_with_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert GOOD.count(old) == 1
    file = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(DocumentError) as caught:
        read_questions(file)
    assert str(caught.value).startswith(f"{file}:{message}")
    assert "\n" not in str(caught.value)


def test_select_gives_the_choices_in_the_order_of_the_questions(tmp_path: Path) -> None:
    questions = read_questions(written(tmp_path, GOOD))
    assert select(questions, []) == {}
    chosen = select(questions, ["page-size = ten", "create-status=ok", "create-status=ok"])
    assert list(chosen.items()) == [("create-status", "ok"), ("page-size", "ten")]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (
            ["create-state=ok"],
            "Unknown question 'create-state' (did you mean 'create-status'?).",
        ),
        (["xyz=ok"], "Unknown question 'xyz'. Choose from create-status, page-size."),
        (
            ["page-size=tewnty"],
            "page-size: Unknown answer 'tewnty' (did you mean 'twenty'?). Choose from twenty, ten.",
        ),
        (["page-size="], "page-size: Unknown answer ''. Choose from twenty, ten."),
        (["page-size"], "'page-size' is not an answer. Write QUESTION=ANSWER."),
        (["page-size=ten", "page-size=twenty"], "'page-size' is answered 'ten' and 'twenty'. Keep one."),
    ],
)
def test_a_wrong_choice_is_told_the_closed_list(tmp_path: Path, texts: list[str], message: str) -> None:
    questions = read_questions(written(tmp_path, GOOD))
    with pytest.raises(DocumentError) as caught:
        select(questions, texts)
    assert str(caught.value) == message
    assert caught.value.place is None
