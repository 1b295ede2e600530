"""The containers are the dict and the list that others take them for, and keep their places."""

import copy
import json
import pickle

import jsonpath
import jsonschema_rs
import msgspec
import pytest
import yaml

from mock_server.document import Array, DocumentError, Object, Place, duplicate, place_of, plain, read_text

TEXT = """\
name: a
list:
  - one
  - two:
      deep: 2

"""


@pytest.fixture
def data() -> Object:
    result = read_text(TEXT, "d.yaml")
    assert isinstance(result, Object)
    return result


def test_each_key_and_item_knows_its_line(data: Object) -> None:
    assert str(data.place) == "d.yaml:1"
    assert place_of(data, "name") == ("d.yaml", 1)
    assert place_of(data, "list") == ("d.yaml", 2)
    assert data["list"].place == ("d.yaml", 3)
    assert place_of(data["list"], 0) == ("d.yaml", 3)
    assert place_of(data["list"], 1) == ("d.yaml", 4)
    assert place_of(data["list"][1]["two"], "deep") == ("d.yaml", 5)


def test_an_unknown_key_or_index_has_the_place_of_its_container(data: Object) -> None:
    assert place_of(data["list"][1]["two"], "none") == ("d.yaml", 5)
    assert place_of(data["list"], 7) == ("d.yaml", 3)


def test_changes_move_the_places_along(data: Object) -> None:
    items = data["list"]
    del items[0]
    assert place_of(items, 0).line == 4
    items.add("three", Place("o.yaml", 9))
    items.put(0, "zero", Place("o.yaml", 8))
    assert items == ["zero", "three"]
    assert [place_of(items, 0).line, place_of(items, 1).line] == [8, 9]
    del data["name"]
    data["name"] = "b"
    assert place_of(data, "name") == data.place


@pytest.mark.parametrize("how", [duplicate, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_a_copy_keeps_the_places_and_shares_nothing(data: Object, how: object) -> None:
    assert callable(how)
    twin = how(data)
    assert twin == data
    assert type(twin["list"]) is Array
    assert place_of(twin["list"], 1).line == 4
    twin["list"].add("more", Place("o.yaml", 1))
    twin["list"][1]["two"].put("deep", 3, Place("o.yaml", 2))
    assert data == yaml.safe_load(TEXT)
    assert place_of(data["list"][1]["two"], "deep").line == 5


def test_others_take_them_for_dict_and_list(data: Object) -> None:
    expected = yaml.safe_load(TEXT)
    assert data == expected
    assert json.loads(json.dumps(data)) == expected
    assert msgspec.json.decode(msgspec.json.encode(data)) == expected
    assert yaml.safe_load(yaml.safe_dump(data)) == expected
    assert jsonpath.findall("$.list[1].two.deep", data) == [2]


def test_plain_gives_what_compiled_code_takes(data: Object) -> None:
    exact = plain(data)
    assert exact == data
    assert type(exact) is dict
    assert type(exact["list"]) is list
    schema = plain(read_text("properties: {list: {type: [array, 'null']}}\n", "s.yaml"))
    assert jsonschema_rs.is_valid(schema, exact)


def test_an_error_reads_as_place_and_sentence() -> None:
    error = DocumentError("this is wrong, mend it", Place("a.yaml", 3))
    assert str(error) == "a.yaml:3: this is wrong, mend it"
    assert (error.message, error.place) == ("this is wrong, mend it", ("a.yaml", 3))
    assert str(DocumentError("no file is at fault")) == "no file is at fault"
