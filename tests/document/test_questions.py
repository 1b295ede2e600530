"""The file of open questions is checked whole, and a choice outside it is told what there is."""

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
            "1: a file of questions has no key 'question' (did you mean 'questions'?), its",
        ),
        (
            "  create-status:\n",
            "  create_status:\n",
            "2: the id 'create_status' of a question is not in kebab-case",
        ),
        (
            "      ok:\n",
            "      OK:\n",
            "11: the id 'OK' of an answer is not in kebab-case, write it like-this",
        ),
        (
            "    grade: B\n",
            "    grade: Z\n",
            "5: the question 'create-status' has the grade 'Z', choose from D, S, C, P,",
        ),
        ("    grade: B\n", "", "3: the question 'create-status' needs the key 'grade', add it"),
        (
            "    grade: B\n",
            "    grade: 1\n",
            "5: 'grade' of the question 'create-status' must be text, quote it",
        ),
        (
            "    grade: B\n",
            "    grades: B\n",
            "5: the question 'create-status' has no key 'grades' (did you mean 'gr",
        ),
        (
            "    departure: true\n",
            "    departure: 'yes'\n",
            "23: 'departure' of the question 'page-size' must be true",
        ),
        (
            "    operations: []\n",
            "    operations: all\n",
            "22: 'operations' of the question 'page-size' must be a list",
        ),
        (
            "[create_notification_handler]",
            "[1]",
            "6: an operation of the question 'create-status' must be text",
        ),
        (
            "    assumed: created\n",
            "    assumed: create\n",
            "7: the question 'create-status' assumes 'create' (did you mean 'created'?), choose from created",
        ),
        (
            "    assumed: created\n",
            "    assumed: ok\n",
            "9: the answer 'created' has no actions, say what it changes",
        ),
        (
            "{means: '20'}",
            "{means: '20', actions: [{target: $.size, update: 20}]}",
            "26: the assumed answer 'twenty' has actions, put its change in the base document",
        ),
        (
            "      ten: {means: ten, actions: [{target: $.size, update: 10}]}\n",
            "",
            "25: the question 'page-size' needs at least two answers, add one",
        ),
        (
            "actions: [{target: $.size, update: 10}]",
            "actions: []",
            "27: 'actions' of the answer 'ten' to the question",
        ),
        (
            "update: 10}",
            "updated: 10}",
            "27: an action has no key 'updated' (did you mean 'update'?), its keys",
        ),
        (
            "{means: '20'}",
            "{means: '20', runtime: x}",
            "26: the answer 'twenty' to the question 'page-size' has no key",
        ),
        (
            "{means: '20'}",
            "{means: 20}",
            "26: 'means' of the answer 'twenty' to the question 'page-size' must be text",
        ),
        ("{means: '20'}", "twenty", "26: the answer 'twenty' to the question 'page-size' must be a mapping"),
        (
            "  page-size:\n",
            "  create-status:\n",
            "18: the key 'create-status' stands on line 2 already, keep one",
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
            "there is no question 'create-state' (did you mean 'create-status'?)",
        ),
        (["xyz=ok"], "there is no question 'xyz', choose from create-status, page-size"),
        (
            ["page-size=tewnty"],
            "'page-size' has no answer 'tewnty' (did you mean 'twenty'?), choose from twenty, ten",
        ),
        (["page-size="], "'page-size' has no answer '', choose from twenty, ten"),
        (["page-size"], "'page-size' is no answer, write QUESTION=ANSWER"),
        (["page-size=ten", "page-size=twenty"], "'page-size' is answered 'ten' and 'twenty', keep one"),
    ],
)
def test_a_wrong_choice_is_told_the_closed_list(tmp_path: Path, texts: list[str], message: str) -> None:
    questions = read_questions(written(tmp_path, GOOD))
    with pytest.raises(DocumentError) as caught:
        select(questions, texts)
    assert str(caught.value) == message
    assert caught.value.place is None
