"""The effective document is the base, then the overlays in order, then the answers."""

import dataclasses
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from mock_server.document import (
    DocumentError,
    Object,
    digest_of,
    effective,
    find_overlay,
    home,
    load,
    place_of,
    source,
)

BASE = """\
openapi: 3.1.0
info: {title: Base}
paths: {}
x-status: created
x-list: [base]
x-question: [list, status]
"""
QUESTIONS = """\
questions:
  list:
    question: Q
    evidence: E
    grade: B
    operations: []
    assumed: plain
    answers:
      plain: {means: nothing more}
      more: {means: more, actions: [{target: "$['x-list']", update: first answer}]}
  status:
    question: Q
    evidence: E
    grade: D
    operations: []
    assumed: created
    answers:
      created: {means: '201'}
      ok:
        means: '200'
        actions:
          - {target: "$['x-status']", update: ok}
          - {target: "$['x-list']", update: second answer}
"""


def overlay_text(entry: str) -> str:
    return (
        "overlay: 1.1.0\ninfo: {title: T, version: v}\n"
        f"actions:\n  - target: $['x-list']\n    update: {entry}\n"
    )


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a home for these tests, so that they do not depend on the packaged documents."""
    folder = tmp_path / "openapi"
    (folder / "overlays").mkdir(parents=True)
    (folder / "notification-handlers.yaml").write_text(BASE)
    (folder / "unspecified.yaml").write_text(QUESTIONS)
    for name in ("zipa-la", "zipa-sf"):
        (folder / "overlays" / f"{name}.yaml").write_text(overlay_text(name))
    monkeypatch.setattr(effective, "home", lambda: folder)
    return folder


def test_the_default_is_the_packaged_base_with_the_assumed_answers(packaged: Path) -> None:
    document = load()
    assert document.data["info"] == {"title": "Base"}
    assert isinstance(document.data, Object)
    assert document.base_name == "notification-handlers.yaml"
    assert document.files == (packaged / "notification-handlers.yaml",)
    assert document.chosen == {}
    assert document.answers == {"list": "plain", "status": "created"}
    assert list(document.questions()) == ["list", "status"]


def test_overlays_apply_in_their_order_and_answers_after_them(packaged: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(overlay_text("own"))
    document = load(overlays=["zipa-sf", own, Path("zipa-la")], answers=["status=ok", "list=more"])
    assert document.data["x-list"] == ["base", "zipa-sf", "own", "zipa-la", "first answer", "second answer"]
    assert document.data["x-status"] == "ok"
    assert [file.name for file in document.files] == [
        "notification-handlers.yaml",
        "zipa-sf.yaml",
        "own.yaml",
        "zipa-la.yaml",
        "unspecified.yaml",
    ]
    assert document.chosen == document.answers == {"list": "more", "status": "ok"}
    assert place_of(document.data["x-list"], 2) == (str(own), 5)
    assert place_of(document.data, "x-status").file == str(packaged / "unspecified.yaml")


def test_answers_come_as_texts_or_as_a_mapping(packaged: Path) -> None:
    assert load(answers={"status": "ok"}).digest == load(answers=["status=ok"]).digest
    assert load(answers=["status=ok"]).answers == {"list": "plain", "status": "ok"}
    assert load(answers=["status=created"]).digest == load().digest


def test_the_questions_are_read_at_the_first_need_and_once(packaged: Path) -> None:
    file = packaged / "unspecified.yaml"
    text = file.read_text()
    file.write_text("broken: [")
    document = load()
    with pytest.raises(DocumentError, match=r"unspecified\.yaml:1: "):
        _ = document.answers
    file.write_text(text)
    assert document.answers["status"] == "created"
    file.unlink()
    assert document.answers["status"] == "created"


def test_only_the_questions_that_the_base_names_are_asked(packaged: Path, tmp_path: Path) -> None:
    base = tmp_path / "mine.yaml"
    base.write_text(BASE.replace("[list, status]", "list"))
    assert list(load(base).questions()) == ["list"]
    with pytest.raises(DocumentError, match="Unknown question 'status'"):
        load(base, answers=["status=ok"])


def test_a_document_and_questions_of_one_s_own(tmp_path: Path) -> None:
    base, questions = tmp_path / "mine.yaml", tmp_path / "questions.yaml"
    base.write_text(BASE)
    questions.write_text(QUESTIONS)
    document = load(base, answers=["status=ok"], questions=questions)
    assert document.base_name == "mine.yaml"
    assert document.files == (base, questions)
    assert document.data["x-status"] == "ok"


def test_the_digest_counts_content_and_not_order_or_spelling(tmp_path: Path) -> None:
    one, two, three = (tmp_path / f"{name}.yaml" for name in ("one", "two", "three"))
    one.write_text("openapi: 3.1.0\npaths: {}\nx: [1, é]\n")
    two.write_text('{"x": [1, "\\u00e9"], "paths": {}, "openapi": "3.1.0"}')
    three.write_text("openapi: 3.1.0\npaths: {}\nx: ['1', é]\n")
    digest = load(one).digest
    canonical = '{"openapi":"3.1.0","paths":{},"x":[1,"é"]}'
    assert digest == hashlib.sha256(canonical.encode()).hexdigest()
    assert load(two).digest == digest
    assert load(three).digest != digest
    assert len(digest_of({"lone": "\ud800"})) == 64


def test_the_document_is_frozen(packaged: Path) -> None:
    document = load()
    with pytest.raises(dataclasses.FrozenInstanceError):
        document.digest = document.digest  # type: ignore[misc]
    with pytest.raises(TypeError):
        document.chosen["a"] = "b"  # type: ignore[index]
    with pytest.raises(TypeError):
        document.answers["a"] = "b"  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("paths: {}\n", "1: The key 'openapi' is missing. Add it."),
        ("paths: {}\nopenapi: 3.1\n", "2: openapi must be text. Quote it."),
        ("openapi: 3.0.3\npaths: {}\n", "1: openapi must be 3.1.x. Write 3.1.0."),
        ("openapi: 3.1.0\n", "1: The key 'paths' is missing. Add it."),
        (
            "openapi: 3.1.0\npaths: []\n",
            "2: paths must be a mapping. Write `key: value` lines.",
        ),
        ("- a\n", "1: The top of the file must be a mapping. Write `key: value` lines."),
    ],
)
def test_a_base_that_is_no_openapi_3_1_is_refused(tmp_path: Path, text: str, message: str) -> None:
    base = tmp_path / "base.yaml"
    base.write_text(text)
    with pytest.raises(DocumentError) as caught:
        load(base)
    assert str(caught.value) == f"{base}:{message}"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("{name: [{when: paded, change: [trim]}]}", "Unknown treatment 'paded' (did you mean 'padded'?)"),
        (
            "{nme: [{when: padded, change: [trim]}]}",
            "x-rows: Unknown field 'nme' (did you mean 'name'?)",
        ),
    ],
)
def test_a_wrong_row_is_refused_when_the_document_is_loaded(tmp_path: Path, rows: str, message: str) -> None:
    own = tmp_path / "own.yaml"
    action = f"  - target: $.components.schemas.CreateForm\n    update: {{x-rows: {rows}}}\n"
    own.write_text(f"overlay: 1.1.0\ninfo: {{title: T, version: v}}\nactions:\n{action}")
    with pytest.raises(DocumentError) as caught:
        load(overlays=[own])
    assert str(caught.value).startswith(f"{own}:5: {message}")


def test_an_overlay_cannot_take_the_paths_away(packaged: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "overlay: 1.1.0\ninfo: {title: T, version: v}\nactions:\n  - {target: $.paths, remove: true}\n"
    )
    with pytest.raises(DocumentError, match="The key 'paths' is missing"):
        load(overlays=[own])


def test_an_unknown_overlay_is_told_the_packaged_ones(packaged: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        load(overlays=["zipa-lla"])
    message = "Unknown overlay 'zipa-lla' (did you mean 'zipa-la'?). Name a file, or one of these: zipa-la"
    assert str(caught.value) == f"{message}, zipa-sf."


def test_only_a_bare_name_is_looked_up_among_the_packaged(
    packaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("./zipa-la", "sub/zipa-la", "zipa-la.yaml"):
        with pytest.raises(DocumentError, match="File not found"):
            load(overlays=[name])
    (tmp_path / "zipa-la").write_text(overlay_text("a file of that name"))
    assert find_overlay("zipa-la") == Path("zipa-la")
    assert load(overlays=["zipa-la"]).data["x-list"][-1] == "a file of that name"


def test_home_is_beside_the_package_or_inside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home().name == "openapi"
    module = tmp_path / "site" / "mock_server" / "document" / "source.py"
    monkeypatch.setattr(source, "__file__", str(module))
    assert home() == tmp_path / "site" / "openapi"
    (tmp_path / "site" / "mock_server" / "openapi").mkdir(parents=True)
    assert home() == tmp_path / "site" / "mock_server" / "openapi"


def test_a_load_without_overlays_leaves_jsonpath_unimported(tmp_path: Path) -> None:
    base = tmp_path / "base.yaml"
    base.write_text(BASE)
    program = (
        "import sys; from mock_server.document import load; load(sys.argv[1]);"
        "assert not {'jsonpath', 'flask', 'click'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, str(base)], check=True)
