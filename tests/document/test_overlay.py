"""Overlays change a document as their specification says, and errors name the file and the line."""

import json
from pathlib import Path
from typing import Any

import pytest

from mock_server.document import (
    DocumentError,
    Object,
    apply_actions,
    duplicate,
    load,
    parse_overlay,
    place_of,
    read_overlay,
    read_text,
    with_actions,
)

BASE = """\
openapi: 3.1.0
info:
  title: Base
tags: [one, two, three]
paths:
  /a:
    get:
      summary: old
      deprecated: true
      parameters:
        - {name: dummy, in: query}
        - {name: kept, in: query}
        - {name: dummy, in: header}
      responses:
        200:
          description: OK
  /b:
    get:
      summary: other
"""


def changed(actions: str, edition: str = "1.1.0") -> Object:
    """Return the base after actions written as YAML lines; their first line is line 5 of o.yaml."""
    document = read_text(BASE, "base.yaml")
    apply_actions(document, overlay(actions, edition).actions)
    assert isinstance(document, Object)
    return document


def overlay(actions: str, edition: str = "1.1.0") -> Any:
    head = f"overlay: {edition}\ninfo: {{title: T, version: '1'}}\nextends: other.yaml\nactions:\n"
    return parse_overlay(read_text(head + actions, "o.yaml"))


def fault(actions: str, edition: str = "1.1.0") -> str:
    with pytest.raises(DocumentError) as caught:
        changed(actions, edition)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_update_merges_objects_recursively() -> None:
    document = changed("""\
  - target: $
    update:
      info: {title: New, contact: {name: C}}
      paths:
        /a: {get: {summary: new}}
""")
    assert document["info"] == {"title": "New", "contact": {"name": "C"}}
    assert document["paths"]["/a"]["get"]["summary"] == "new"
    assert document["paths"]["/a"]["get"]["deprecated"] is True
    assert list(document) == ["openapi", "info", "tags", "paths"]


def test_merged_nodes_keep_the_place_of_their_file() -> None:
    document = changed("""\
  - target: $
    update:
      tags: [four]
      info:
        title: New
        contact:
          name: C
""")
    assert str(place_of(document, "info")) == "base.yaml:2"
    assert str(place_of(document["info"], "title")) == "o.yaml:9"
    assert str(place_of(document["info"], "contact")) == "o.yaml:10"
    assert str(place_of(document["info"]["contact"], "name")) == "o.yaml:11"
    assert str(place_of(document["tags"], 2)) == "base.yaml:4"
    assert str(place_of(document["tags"], 3)) == "o.yaml:7"


@pytest.mark.parametrize("edition", ["1.0.0", "1.1.0"])
def test_arrays_inside_an_update_are_concatenated(edition: str) -> None:
    assert changed("  - {target: $, update: {tags: [four]}}\n", edition)["tags"] == [
        "one",
        "two",
        "three",
        "four",
    ]


def test_null_in_an_update_is_set_and_removes_nothing() -> None:
    document = changed("  - {target: $.info, update: {title: null, added: null}}\n")
    assert document["info"] == {"title": None, "added": None}


def test_an_array_target_takes_a_list_in_1_1_and_an_entry_in_both() -> None:
    assert changed("  - {target: $.tags, update: [x, y]}\n")["tags"][3:] == ["x", "y"]
    assert changed("  - {target: $.tags, update: x}\n")["tags"][3:] == ["x"]
    assert changed("  - {target: $.tags, update: {name: x}}\n")["tags"][3:] == [{"name": "x"}]
    assert changed("  - {target: $.tags, update: {name: x}}\n", "1.0.0")["tags"][3:] == [{"name": "x"}]
    assert changed("  - {target: $.tags, update: [x, y]}\n", "1.0.0")["tags"][3:] == [["x", "y"]]


def test_an_appended_entry_has_the_place_of_the_update() -> None:
    document = changed("  - target: $.tags\n    update: x\n")
    assert str(place_of(document["tags"], 3)) == "o.yaml:6"


def test_a_primitive_target_is_replaced_in_1_1() -> None:
    document = changed("  - target: $.paths['/a'].get.summary\n    update: new\n")
    assert document["paths"]["/a"]["get"]["summary"] == "new"
    assert str(place_of(document["paths"]["/a"]["get"], "summary")) == "o.yaml:6"
    assert changed("  - {target: '$.tags[-1]', update: 3}\n")["tags"] == ["one", "two", 3]
    assert (
        changed("  - {target: '$.paths.*.get.summary', update: s}\n")["paths"]["/b"]["get"]["summary"] == "s"
    )


@pytest.mark.parametrize("verb", ["update: new", "remove: true"])
def test_a_primitive_target_is_an_error_in_1_0(verb: str) -> None:
    assert fault(f"  - target: $.paths['/a'].get.summary\n    {verb}\n", "1.0.0") == (
        "o.yaml:5: The target is not an object or a list, which Overlay 1.1 allows. Write `overlay: 1.1.0`."
    )


@pytest.mark.parametrize(
    "target",
    [
        "$[*,*,*]", "$..[*,*]", "$..*..*..*", "$.paths[*,*][*,*]", "$['a','a','a','a','a']['b','b','b','b','b']",
        "$.tags[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]", "$.tags[0:9,0:9]", "$.tags[?@==1,?@==2]", "$" + ".a" * 2000,
        "$..[?@..[?@..*]]", '$["\\"",*]',
    ],
)  # fmt: skip
def test_a_target_that_selects_too_much_is_refused(target: str) -> None:
    assert "selects too much" in fault(f"- {{target: {json.dumps(target)}, x-optional: true, remove: true}}")


@pytest.mark.parametrize("function", ["search", "match"])
@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)+$", "(a|aa)+$", "^(?:a?){40}a{40}$", "(?=a)(a+)+$", "["]
)
def test_a_pattern_in_a_target_is_searched_in_linear_time(function: str, pattern: str) -> None:
    text = "a" * 60 + "!"
    target = f"$.tags[?{function}('{text}', '{pattern}')]"
    assert changed(f"- {{target: {json.dumps(target)}, x-optional: true, remove: true}}")["tags"] == [
        "one", "two", "three",
    ]  # fmt: skip


def test_a_pattern_in_a_target_selects_what_it_matches() -> None:
    for target, left in (("search(@, 'o')", ["three"]), ("match(@, 't.o')", ["one", "three"])):
        action = f"- {{target: {json.dumps(f'$.tags[?{target}]')}, remove: true}}"
        assert changed(action)["tags"] == left


def test_several_targets_share_nothing_with_each_other_or_the_overlay() -> None:
    change = overlay("  - {target: $.paths.*.get, update: {x-new: {deep: [1]}}}\n")
    before = duplicate(change.actions[0].payload)
    first, second = read_text(BASE, "base.yaml"), read_text(BASE, "base.yaml")
    apply_actions(first, change.actions)
    gets = [first["paths"][path]["get"] for path in ("/a", "/b")]
    gets[0]["x-new"]["deep"].add(2, first.place)
    assert gets[1]["x-new"] == {"deep": [1]}
    assert change.actions[0].payload == before
    apply_actions(second, change.actions)
    assert second["paths"]["/a"]["get"]["x-new"] == {"deep": [1]}


def test_remove_takes_every_match_of_a_list() -> None:
    document = changed("  - target: $.paths.*.get.parameters[?@.name == 'dummy']\n    remove: true\n")
    parameters = document["paths"]["/a"]["get"]["parameters"]
    assert parameters == [{"name": "kept", "in": "query"}]
    assert place_of(parameters, 0).line == 12


@pytest.mark.parametrize(
    ("target", "left"),
    [
        ("$.tags[0,1]", ["three"]),
        ("$.tags[1,0]", ["three"]),
        ("$.tags[-1]", ["one", "two"]),
        ("$.tags[0,-3,0]", ["two", "three"]),
        ("$.tags[?@ == 'two']", ["one", "three"]),
        ("$.tags[*]", []),
    ],
)
def test_remove_in_a_list_finds_the_items_meant(target: str, left: list[str]) -> None:
    assert changed(f"  - target: {target!r}\n    remove: true\n")["tags"] == left


def test_remove_takes_keys_and_nested_matches() -> None:
    assert "tags" not in changed("  - {target: $.tags, remove: true}\n")
    assert changed("  - {target: '$.*', remove: true}\n") == {}
    assert changed("  - {target: '$..*', remove: true}\n") == {}
    assert (
        "200"
        not in changed("  - {target: \"$..responses['200']\", remove: true}\n")["paths"]["/a"]["get"][
            "responses"
        ]
    )


def test_a_slice_selects_items_of_lists_and_no_letters_of_texts() -> None:
    assert "matches nothing" in fault("  - {target: '$.info.title[:]', remove: true}\n")
    assert changed("  - {target: '$.tags[1:]', remove: true}\n")["tags"] == ["one"]
    assert changed("  - {target: '$..[:]', remove: true}\n")["info"] == {"title": "Base"}


def test_a_node_selected_twice_is_changed_once() -> None:
    assert changed("  - {target: \"$['tags','tags']\", update: x}\n")["tags"].count("x") == 1


def test_each_action_sees_the_result_of_the_one_before() -> None:
    document = changed("""\
  - {target: $.info, remove: true}
  - {target: $, update: {info: {title: Again}}}
  - {target: $.info.title, update: Last}
""")
    assert document["info"] == {"title": "Last"}


def test_copy_merges_one_node_into_another() -> None:
    document = changed("  - {target: \"$.paths['/b']\", copy: \"$.paths['/a']\"}\n")
    a, b = document["paths"]["/a"]["get"], document["paths"]["/b"]["get"]
    assert a == b
    assert a["parameters"] is not b["parameters"]
    assert str(place_of(b, "parameters")) == "base.yaml:10"


def test_copy_takes_lists_and_primitives_and_a_part_of_itself() -> None:
    assert changed("  - {target: $.tags, copy: $.tags}\n")["tags"] == ["one", "two", "three"] * 2
    assert changed("  - {target: $.info.title, copy: '$.tags[0]'}\n")["info"]["title"] == "one"
    assert str(place_of(changed("  - {target: $.tags, copy: $.info.title}\n")["tags"], 3)) == "base.yaml:3"
    whole = changed("  - {target: $.info, copy: $}\n")
    assert whole["info"]["info"] == {"title": "Base"}
    assert "info" not in whole["info"]["info"]


def test_a_target_that_matches_nothing_is_an_error_unless_optional() -> None:
    expected = "o.yaml:6: The target '$.none' matches nothing. Correct it, or write `x-optional: true`."
    assert fault("  - {target: $.info, update: {}}\n  - {target: $.none, update: {}}\n") == expected
    base = read_text(BASE, "base.yaml")
    assert changed("  - {target: $.none, update: {}, x-optional: true}\n") == base
    assert changed("  - {target: $.none, remove: true, x-optional: true}\n") == base
    assert fault("  - {target: $.none, update: {}, x-optional: false}\n").startswith("o.yaml:5: The target")


@pytest.mark.parametrize(
    "path",
    ["paths", "$.paths./a", "$.a[", "$.a[?nope(@.b)]", "$.a | $.b", " $.a", "$.a[99999999999999999999]"],
)
def test_a_bad_jsonpath_is_an_error_with_its_place(path: str) -> None:
    message = fault(f'  - description: D\n    target: "{path}"\n    remove: true\n')
    assert message.startswith(f"o.yaml:6: The JSONPath {path!r} cannot be used (")
    message = fault(f'  - target: $.info\n    copy: "{path}"\n')
    assert message.startswith(f"o.yaml:6: The JSONPath {path!r} cannot be used (")


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        (
            "  - target: $.info\n    update: text\n",
            "o.yaml:6: The target is an object and the update gives a primitive value. Remove the "
            "target first to replace it.",
        ),
        (
            "  - target: $.info\n    copy: $.tags\n",
            "o.yaml:6: The target is an object and the copy gives a list. Remove the target first to "
            "replace it.",
        ),
        (
            "  - target: $.info.title\n    update: {a: 1}\n",
            "o.yaml:6: The target is a primitive value and the update gives an object. Remove the "
            "target first to replace it.",
        ),
        (
            "  - target: $\n    update:\n      tags: one\n",
            "o.yaml:7: 'tags' is a list at base.yaml:4 and a primitive value here. Remove it first "
            "to replace it.",
        ),
        (
            "  - target: $\n    update:\n      info:\n",
            "o.yaml:7: 'info' is an object at base.yaml:2 and a primitive value here. Remove it "
            "first to replace it.",
        ),
        (
            "  - target: $.*\n    update: {}\n",
            "o.yaml:5: The target matches a list and a primitive value and an object. Write an "
            "action for each.",
        ),
        (
            "  - {target: $, remove: true}\n",
            "o.yaml:5: The target is the whole document. Name a part of it to remove.",
        ),
        (
            "  - target: $.info\n    copy: $.none\n    x-optional: true\n",
            "o.yaml:6: The source '$.none' matches 0 nodes. A copy needs exactly one.",
        ),
        (
            "  - target: $.info\n    copy: $.paths.*\n",
            "o.yaml:6: The source '$.paths.*' matches 2 nodes. A copy needs exactly one.",
        ),
        ("  - {update: {}}\n", "o.yaml:5: actions/0: The key 'target' is missing. Add it."),
        ("  - text\n", "o.yaml:5: actions/0 must be a mapping. Write `key: value` lines."),
        ("  - {target: 5, update: 1}\n", "o.yaml:5: actions/0/target must be text. Quote it."),
        (
            "  - {target: $.a}\n",
            "o.yaml:5: actions/0 needs exactly one of update, copy and `remove: true`.",
        ),
        (
            "  - {target: $.a, remove: false}\n",
            "o.yaml:5: actions/0 needs exactly one of update, copy and `remove: true`.",
        ),
        (
            "  - {target: $.a, remove: true, update: 1}\n",
            "o.yaml:5: actions/0 needs exactly one of update, copy and `remove: true`.",
        ),
        ("  - {target: $.a, remove: 'yes'}\n", "o.yaml:5: actions/0/remove must be true or false."),
        (
            "  - {target: $.a, remove: true, x-optional: 1}\n",
            "o.yaml:5: actions/0/x-optional must be true or false.",
        ),
        ("  - {target: $.a, copy: [a]}\n", "o.yaml:5: actions/0/copy must be text. Quote it."),
        (
            "  - {target: $.a, description: 1, update: 1}\n",
            "o.yaml:5: actions/0/description must be text. Quote it.",
        ),
        (
            "  - target: $.a\n    updat: {}\n",
            "o.yaml:6: actions/0: Unknown key 'updat' (did you mean 'update'?). Choose from target, "
            "description, update, remove, copy, x-optional.",
        ),
    ],
)
def test_each_wrong_action_is_one_sentence(actions: str, message: str) -> None:
    assert fault(actions) == message


def test_mixed_objects_and_lists_are_one_edition_s_matter() -> None:
    document = changed("  - {target: \"$['info','tags']\", update: {name: x}}\n", "1.0.3")
    assert document["info"]["name"] == "x"
    assert document["tags"][3] == {"name": "x"}


def test_copy_needs_edition_1_1() -> None:
    expected = "o.yaml:6: actions/0/copy came with Overlay 1.1. Write `overlay: 1.1.0`."
    assert fault("  - target: $.info\n    copy: $.tags\n", "1.0.0") == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("info: {}\n", "o.yaml:1: The key 'overlay' is missing. Add it."),
        ("overlay: 1.0\n", "o.yaml:1: overlay must be text. Quote it."),
        ("overlay: 1.2.0\n", "o.yaml:1: overlay must be 1.0.x or 1.1.x. Write 1.1.0."),
        (
            "overlay: 1.1.0\naction: []\n",
            "o.yaml:2: Unknown key 'action' (did you mean 'actions'?). Choose from overlay, info, "
            "extends, actions, x-learned.",
        ),
        ("overlay: 1.1.0\n", "o.yaml:1: The key 'info' is missing. Add it."),
        ("overlay: 1.1.0\ninfo:\n  title: T\n", "o.yaml:1: The key 'actions' is missing. Add it."),
        (
            "overlay: 1.1.0\ninfo:\n  title: T\n  version: 1.0\n",
            "o.yaml:4: info/version must be text. Quote it.",
        ),
        (
            "overlay: 1.0.0\ninfo:\n  description: D\n",
            "o.yaml:3: info/description came with Overlay 1.1. Write `overlay: 1.1.0`.",
        ),
        (
            "overlay: 1.1.0\ninfo: {title: T, version: v}\nextends: 3\n",
            "o.yaml:3: extends must be text. Quote it.",
        ),
        (
            "overlay: 1.1.0\ninfo: {title: T, version: v}\n",
            "o.yaml:1: The key 'actions' is missing. Add it.",
        ),
        (
            "overlay: 1.1.0\ninfo: {title: T, version: v}\nactions: []\n",
            "o.yaml:3: actions has too few entries. Add one.",
        ),
        (
            "overlay: 1.1.0\ninfo: {title: T, version: v}\nactions: {}\n",
            "o.yaml:3: actions must be a list. Write `- ` lines.",
        ),
    ],
)
def test_each_wrong_overlay_is_one_sentence(text: str, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_overlay(read_text(text, "o.yaml"))
    assert str(caught.value) == message


def test_an_overlay_is_read_from_a_file_with_extensions(tmp_path: Path) -> None:
    file = tmp_path / "o.yaml"
    file.write_text(
        "overlay: 1.1.7\nx-a: 1\ninfo: {title: T, version: v, description: D, x-b: 2}\n"
        "actions:\n  - {target: $.info, description: why, remove: true, x-c: 3}\n"
    )
    found = read_overlay(file)
    assert found.learned is None
    assert (found.actions[0].edition, found.actions[0].verb, found.actions[0].optional) == (
        "1.1",
        "remove",
        False,
    )
    assert str(found.actions[0].place) == f"{file}:5"


def test_the_specification_s_traits_example() -> None:
    document = read_text(
        "paths:\n  /items:\n    get: {x-oai-traits: [paged]}\n  /other:\n    get: {}\n", "base.yaml"
    )
    traits = overlay("""\
  - target: $.paths[?@.get['x-oai-traits'][?@ == 'paged']].get
    update: {parameters: [{name: top}, {name: skip}]}
""")
    apply_actions(document, traits.actions)
    assert document["paths"]["/items"]["get"]["parameters"] == [{"name": "top"}, {"name": "skip"}]
    assert document["paths"]["/other"]["get"] == {}


def test_a_document_is_changed_beside_itself_as_a_copy_is() -> None:
    document = load().data
    before = duplicate(document)
    for question in load().questions().values():
        for answer in (each for each in question.answers.values() if each.actions):
            copy = duplicate(before)
            apply_actions(copy, answer.actions)
            beside = with_actions(document, answer.actions)
            assert beside == copy, answer.id
            assert places(beside) == places(copy), answer.id
    assert document == before
    assert places(document) == places(before)


@pytest.mark.parametrize(
    "actions",
    [
        "  - {target: $, update: {tags: [four], info: {title: New}}}\n",
        "  - {target: '$..get', update: {summary: s}}\n  - {target: $.info, remove: true}\n",
        "  - {target: '$.paths.*', update: {added: {a: [1]}}}\n  - {target: '$..*.added.a', update: 2}\n",
        "  - {target: '$.tags[0,2]', remove: true}\n  - {target: '$.tags', update: five}\n",
    ],
)
def test_what_is_selected_together_is_changed_beside_the_document(actions: str) -> None:
    document = read_text(BASE, "base.yaml")
    beside = with_actions(document, overlay(actions).actions)
    copy = changed(actions)
    assert beside == copy
    assert places(beside) == places(copy)
    assert places(document) == places(read_text(BASE, "base.yaml"))
    assert document == read_text(BASE, "base.yaml")


def places(node: Any) -> list[Any]:
    """Return the places of all keys and items."""
    if not isinstance(node, dict | list):
        return []
    below = node.values() if isinstance(node, dict) else node
    return [node.place, node.places, *map(places, below)]  # type: ignore[union-attr]
