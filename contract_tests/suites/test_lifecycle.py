"""The life of a handler of each type: every property, from the create to after the delete.

To save requests, each handler lives its whole life in one go, with one update that differs from type to type: the guard
needs a proof before each write, and the look at the outcome of the previous write is one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from contract_tests.judge.statements import MULTIPART
from contract_tests.oracle.expected import UNICODE
from contract_tests.oracle.own import Own
from contract_tests.oracle.showing import Owned
from contract_tests.target.api import Withheld

pytestmark = pytest.mark.writes
PROBED = pytest.mark.spared("a probe has seen what comes of it")
LIVED = pytest.mark.spared("one of the lives of all types shows it")

# Seconds after which a clock of whole seconds must have moved.
_TICK = 1.1
# The same between two updates whose times must differ on any service.
_SECOND = 1.1

# A name that breaks a query in which it is not escaped.
_QUOTED = "O'Brien"
_SWITCHES = ("true", "on", "2", "", "no", "0", "1")


def test_each_type_is_created_and_shown(own: Own) -> None:
    if not own.spares:
        own.leave(own.most - len(own.facts.types))
    with own.collecting() as steps:
        for number, (form, media) in enumerate(_creates(own)):
            with steps:
                owned = _created(own, form, media)
                own.see(owned)
                if own.spares:
                    _live_on(own, owned, number)


def _created(own: Own, form: dict[str, str], media: str) -> Owned:
    """Create a handler; if the service refuses a field for a reason that the page leaves open, without the field."""
    names = own.facts.form
    type_name = form[names["type"]]
    plain = own.samples.form(type_name)
    bare = {name: text for name, text in plain.items() if name in {names["name"], names["type"]}}
    for sent in (form, plain) if form != plain else (form,):
        try:
            return own.create(sent, media)
        except Withheld:
            media = MULTIPART
    return own.create(bare, MULTIPART, own.statements.listed_type())


def _live_on(own: Own, owned: Owned, number: int) -> None:
    """Update a handler, look at it and delete it, except for the last one; a deleted handler is not found."""
    if number == 0:  # the time of creation must stay the same
        time.sleep(max(0.0, owned.born + _TICK - time.monotonic()))
    updates = _updates(own, owned)
    if number < len(updates) and own.expected.is_certain(owned.handler, updates[number]):
        own.update(owned, updates[number], own.facts.operation("update").media_types[-(number == 1)])
        own.see(owned)
    if number < len(own.facts.types) - 1:
        own.delete(owned)
        _is_gone(own, owned.id, ("retrieve", "delete", "update") if number == 0 else ("retrieve",))


def _is_gone(own: Own, handler_id: int, kinds: Sequence[str]) -> None:
    """Call operations on a deleted handler: each must respond as for a missing one."""
    for kind in kinds:
        form = {own.facts.form["name"]: own.samples.name()} if kind == "update" else None
        path, method = own.api.path_of(kind, handler_id), own.facts.operation(kind).method
        own.gone(kind, own.api.call(method, path, form=form), handler_id)


def _updates(own: Own, owned: Owned) -> list[dict[str, str]]:
    """Return the updates for handlers that live in one go, one for each of the first."""
    names, own_fields = own.facts.form, own.facts.types[owned.handler.type]
    others = [name for name, fields in own.facts.types.items() if fields and name != owned.handler.type]
    changes = [
        {names["enabled"]: "0", names["name"]: own.samples.name(UNICODE[-1])},
        {names["type"]: others[0]}
        | {field: own.samples.value(field) for field in own.facts.types[others[0]]},
        _foreign(own, owned.handler.type) | dict.fromkeys(own_fields[:1], ""),
    ]
    return [each for each in changes if each]


def _creates(own: Own) -> Iterator[tuple[dict[str, str], str]]:
    """Yield a create of each type, in every media type that the document reads, with inputs that must not matter."""
    media_types = own.facts.operation("create").media_types
    create, switch = own.facts.create_form, own.facts.form["enabled"]
    for number, type_name in enumerate(own.facts.types):
        name = UNICODE[number // 2 % len(UNICODE)] if number % 2 else _QUOTED if number == 2 else ""
        form = own.samples.form(type_name, name)
        if number % 3 == 1 and create.ignores_foreign:
            form |= _foreign(own, type_name)
        if number == 2 and (switch in create.fields or create.ignores_unknown):
            form[switch] = "0"
        yield form, media_types[number % len(media_types)]


def _foreign(own: Own, type_name: str) -> dict[str, str]:
    """Return a field of another type."""
    field = next(names[-1] for other, names in own.facts.types.items() if names and other != type_name)
    return {field: own.samples.value(field)}


@LIVED
def test_two_of_a_type_in_a_row_keep_their_own_settings(own: Own) -> None:
    own.leave(own.most - 2)
    own.see(*[own.create(own.samples.form(_rich(own, 0))) for _ in range(2)])


@LIVED
def test_each_own_field_changes_alone(own: Own) -> None:
    with own.collecting() as steps:
        for type_name, fields in own.facts.types.items():
            for field in fields:
                with steps:
                    _update(own, own.take(type_name), {field: own.samples.value(field)})
        own.see_all()


def _update(own: Own, owned: Owned, sent: Mapping[str, str], media: str = MULTIPART) -> None:
    """Update a handler and look at it, now or at the end."""
    own.update(owned, sent, media)
    if not own.thrifty:
        own.see(owned)


def _rich(own: Own, number: int) -> str:
    """Return one of the types that have a field, so that tests may use different handlers."""
    rich = [name for name, fields in own.facts.types.items() if fields]
    return rich[number % len(rich)]


@LIVED
def test_a_handler_is_disabled_and_enabled(own: Own) -> None:
    names, owned = own.facts.form, own.take(_rich(own, 1))
    _update(own, owned, {names["enabled"]: "0", names["name"]: own.samples.name()})
    owned = owned if owned.handler.type else own.take()
    own.update(
        owned, {names["name"]: own.samples.name(UNICODE[-1])}, own.facts.operation("update").media_types[-1]
    )
    own.see(owned)  # a name alone must not enable it
    for text in ("", "1") if own.thrifty else ("1", *_SWITCHES):
        _update(own, owned, {names["enabled"]: text})


@LIVED
def test_a_change_of_type_makes_its_settings(own: Own) -> None:
    types, names = own.facts.types, own.facts.form
    rich = [name for name, fields in types.items() if fields]
    # Through all types, as a service may fail for one of them.
    with_fields, without = (rich[1:], rich[:1]) if own.thrifty else (rich[1:], list(types))
    owned = own.take(rich[0])
    forms = [
        {names["type"]: name} | {field: own.samples.value(field) for field in types[name]}
        for name in with_fields
    ]
    forms += [{names["type"]: name} for name in without]
    for form in forms:
        if own.expected.is_certain(owned.handler, form):
            own.update(owned, form)
            own.see(owned)


_TEXT = """  <b>Bold</b> 'single' and "double" & more  """
# Unusual updates by their subject; the oracle knows the outcome of each.
UPDATES: Mapping[str, Callable[[Own, Owned], dict[str, str]]] = {
    "the type that it has": lambda own, owned: {
        own.facts.form["type"]: owned.handler.type,
        own.facts.types[owned.handler.type][-1]: own.samples.value(own.facts.types[owned.handler.type][-1]),
    },
    "a field of another type": lambda own, owned: _foreign(own, owned.handler.type),
    "a type that is not listed": lambda own, _: {own.facts.form["type"]: "pigeon"},
    "an empty field": lambda own, owned: {own.facts.types[owned.handler.type][0]: ""},
    "nothing": lambda _, __: {},
    "tags, quotes and blanks": lambda own, owned: dict.fromkeys(
        (own.facts.form["name"], own.facts.types[owned.handler.type][0]), _TEXT
    ),
    "an empty name": lambda own, _: {own.facts.form["name"]: ""},
}
_LIVED = {"a field of another type", "an empty field"}


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=LIVED if what in _LIVED else PROBED) for what in UPDATES]
)
def test_an_update_does_what_the_document_says(own: Own, what: str) -> None:
    richest = max(own.facts.types, key=lambda name: len(own.facts.types[name]))
    number = list(UPDATES).index(what)
    owned = own.take(_rich(own, number + 1) if number else richest)
    _update(own, owned, UPDATES[what](own, owned))
    if not owned.handler.name.strip():
        own.see(owned)
        own.delete(owned)  # a row without a name could be taken for the user's


@PROBED
def test_long_texts_are_what_the_document_says(own: Own) -> None:
    type_name, name = _rich(own, 7), own.facts.form["name"]
    field = own.facts.types[type_name][0]
    limit = own.facts.update_form.longest(field) or 512
    value = own.samples.value(field)
    longest = value + "a" * (limit - len(value))
    room = max(1, (own.facts.update_form.longest(name) or 128) - 28)  # the guard puts a marker before it
    own.update(owned := own.take(type_name), {name: "n" * room, field: longest})
    own.see(owned)
    _update(own, own.take(type_name), {field: longest + "bc"})


def test_a_long_name_is_what_the_document_says(own: Own) -> None:
    name = own.facts.form["name"]
    form = own.facts.update_form
    limit = form.longest(name) or 128
    if own.thrifty or (own.run.marker and form.react(name, "n" * (limit + 1)).changed):
        return  # the marker in the name would be cut with it
    _update(own, own.take(), {name: "n" * (limit + 1)})


def test_a_file_is_no_text_or_read_as_one(own: Own) -> None:
    if own.thrifty:
        return
    owned, name = own.take(), own.facts.form["name"]
    text = own.samples.name("A file")
    part = f'Content-Disposition: form-data; name="{name}"; filename="name.txt"'
    body = f"--cut\r\n{part}\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--cut--\r\n".encode()
    headers = {"Content-Type": f"{MULTIPART}; boundary=cut"}
    response = own.api.call("POST", own.api.path_of("update", owned.id), body=body, headers=headers)
    if response.status // 100 != 2:
        rests_on = own.statements.text("update", name)
        own.turned_away("update", response, rests_on, "an update with a file as name")
        own.see(owned)
        return
    own.require(own.conformity.success("update", response))
    kept, read = (own.expected.updated(owned.handler, sent) for sent in ({}, {name: text}))
    own.resume(owned)
    is_read = owned.handler.name == read.name
    owned.handler = read if is_read else kept.resting({"name": own.statements.text("update", name)})
    own.see(owned)


@LIVED
def test_all_handlers_are_as_their_updates_left_them(own: Own) -> None:
    own.see_all()


@LIVED
def test_a_deleted_handler_is_gone(own: Own) -> None:
    owned = own.take()
    own.delete(owned)
    _is_gone(own, owned.id, ("retrieve", "delete"))
    own.see_all()


@LIVED
def test_an_id_is_not_used_again(own: Own) -> None:
    if not own.dead:
        own.delete(own.take())
    owned = own.create(own.samples.form(own.scarce()))  # refuses an id that was in use before
    own.see(owned)


@LIVED
def test_the_time_of_creation_stays(own: Own) -> None:
    owned = own.take()
    if owned.created is None:
        own.see(owned)
    time.sleep(max(0.0, owned.born + _TICK - time.monotonic()))
    own.update(owned, {own.facts.form["enabled"]: "0"})
    own.see(owned)


@LIVED
def test_each_change_has_a_time_of_its_own(own: Own) -> None:
    if own.thrifty:
        return  # two updates with a second between them
    owned, name = own.take(), own.facts.form["name"]
    own.update(owned, {name: own.samples.name()})
    own.see(owned)
    before = owned.changed
    time.sleep(_SECOND)
    own.update(owned, {name: own.samples.name()})
    own.see(owned)
    own.require(own.showing.changed_later(owned, before))
