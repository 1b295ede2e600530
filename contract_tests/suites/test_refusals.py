"""Every documented refusal is provoked on every operation, and judged by status, shape and words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from contract_tests.document import NOBODYS
from contract_tests.guard.exchange import URLENCODED
from contract_tests.judge.statements import KEYS, NEEDS_GOOD_KEY, NEEDS_KEY, PAGES, Statement
from contract_tests.judge.verdicts import Complaint, a
from contract_tests.oracle.own import Own
from contract_tests.probes.reading import mapping, rows_in
from contract_tests.target.api import JSON, WRONG_KEY, TargetResponse

READS = ("list", "retrieve")
WRITES = ("create", "update", "delete")
KINDS = [*READS, *(pytest.param(kind, marks=pytest.mark.writes) for kind in WRITES)]
PROBED = pytest.mark.spared("a probe has seen what comes of it")
ON_ROW = ("retrieve", "update", "delete")


def _ask(own: Own, kind: str, handler_id: object, authorization: object) -> TargetResponse:
    """Send a request that would succeed with the run's key."""
    form = {own.facts.form["name"]: own.samples.name("Refused")}
    if kind in {"list", "create"}:
        path = own.facts.operation(kind).path
        form = own.samples.form(own.scarce()) if kind == "create" else {}
    else:
        path = own.api.path_of(kind, handler_id)
    sent = form if kind in {"create", "update"} else None
    return own.api.call(own.facts.operation(kind).method, path, form=sent, authorization=authorization)


def _refused(
    own: Own, kind: str, handler_id: object, authorization: object, *, is_malformed: bool = False
) -> None:
    response = _ask(own, kind, handler_id, authorization)
    is_wrong = authorization == f"Bearer {WRONG_KEY}"
    name, needs = ("no_access", NEEDS_GOOD_KEY) if is_wrong else ("missing_bearer", NEEDS_KEY)
    rests_on = own.statements.odd_bearer() if is_malformed else needs
    if kind == "create":
        own.adopt(response)
    elif kind in WRITES and response.status // 100 == 2:
        own.follow(int(str(handler_id)))
    header = str(authorization).replace(own.api.key, "KEY")
    shown = "no key" if authorization is None else f"the header {header!r}"
    own.refused(kind, response, name, rests_on, f"{a(kind)} with {shown}")


def _target(request: pytest.FixtureRequest, kind: str) -> tuple[Own, object]:
    """Return the session and the id of an existing row, as a service may look for the row first."""
    reading: Own = request.getfixturevalue("reading")
    if kind == "list":
        return reading, None
    if reading.run.can_write:
        own: Own = request.getfixturevalue("own")
        return own, own.take().id
    return reading, next(iter(reading.listing.seen(1, reading.facts.sizes[-1]).ids), 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_needed(request: pytest.FixtureRequest, kind: str) -> None:
    own, handler_id = _target(request, kind)
    _refused(own, kind, handler_id, None)
    if kind == "list" or own.run.can_write or not own.spares:
        _refused(own, kind, handler_id, f"Bearer {WRONG_KEY}")
    if kind == WRITES[-1] and not own.spares:
        # A request without a key has not changed it. To save requests, a list after the wrong creates shows it.
        own.see(own.live[int(str(handler_id))])


def test_a_key_is_needed_for_each_spelling_of_a_path(reading: Own) -> None:
    wrong = [(None, "missing_bearer", NEEDS_KEY), (f"Bearer {WRONG_KEY}", "no_access", NEEDS_GOOD_KEY)]
    for path in _spellings(reading)[1:]:
        for authorization, name, needs in wrong[:1] if reading.spares else wrong:
            response = reading.api.call("GET", path, authorization=authorization)
            reading.refused("list", response, name, needs, f"a list at {path} without a good key")
    if len(_spellings(reading)) > 1 and not reading.spares:
        path = f"{reading.api.path_of('retrieve', 1)}/"
        response = reading.api.call("GET", path, authorization=None)
        reading.refused(
            "retrieve", response, "missing_bearer", NEEDS_KEY, f"a retrieve at {path} without a key"
        )


@pytest.mark.spared("a request without a key tells most of it")
@pytest.mark.parametrize("kind", KINDS)
def test_a_malformed_bearer_is_a_missing_one(request: pytest.FixtureRequest, kind: str) -> None:
    own, handler_id = _target(request, kind)
    values = list(_malformed(own))
    for authorization in values[:1] if own.thrifty and kind != "list" else values:
        _refused(own, kind, handler_id, authorization, is_malformed=True)


@pytest.mark.writes
@pytest.mark.spared("a wrong key tells most of it")
def test_a_key_with_more_behind_it_does_not_show_the_account(own: Own) -> None:
    """Other keys may open accounts, as on a mock, but not this one."""
    owned, path = own.take(), own.facts.operation("list").path
    response = own.api.call("GET", path, authorization=f"Bearer {own.api.key}-x")
    names = own.facts.row
    if any(
        (row.get(names["id"]), row.get(names["name"])) == (owned.id, owned.handler.name)
        for row in map(mapping, rows_in(response, own.facts) or ())
    ):
        own.require(
            [Complaint(NEEDS_GOOD_KEY, "a list with the key and more behind it shows the rows of the key")]
        )


def _malformed(own: Own) -> Iterator[str]:
    key = own.api.key
    yield from (f"Basic {key}", "Bearer", f"Bearer{key}")
    if not own.thrifty:
        yield from (key, f"Token {key}", f"{key} Bearer", "Bearer:")
    (scheme,) = own.facts.document["components"]["securitySchemes"].values()
    if scheme["x-scheme-case"] == "exact":
        yield f"bearer {key}"


GONE = pytest.mark.spared("the suite lifecycle has asked for a deleted handler")


@pytest.mark.writes
@GONE
@pytest.mark.parametrize("kind", ON_ROW)
def test_a_handler_that_was_deleted_is_not_found(own: Own, kind: str) -> None:
    if not own.dead:
        own.delete(own.take())
    deleted = own.dead[-1]
    own.gone(kind, _ask(own, kind, deleted, f"Bearer {own.api.key}"), deleted)


@PROBED
def test_an_id_that_nobody_has_is_not_found(reading: Own) -> None:
    texts = ("0",) if reading.thrifty else ("0", "-1", "abc", "9" * 30)
    for text in (str(NOBODYS),) if reading.spares else texts:
        name = reading.facts.id_refusal(text)
        if name is None:
            continue
        response = reading.api.retrieve(text)
        ground = (
            reading.statements.unknown_id("retrieve") if text == str(NOBODYS) else reading.statements.odd_id()
        )
        reading.refused("retrieve", response, name, ground, f"a retrieve of the id {text}")


def _other_bearer(own: Own) -> str:
    if own.run.other_key is None:
        pytest.skip("no key of a second account was given")
    return f"Bearer {own.run.other_key}"


@pytest.mark.writes
def test_another_account_does_not_list_a_handler(own: Own) -> None:
    bearer, listing = _other_bearer(own), own.facts.operation("list")
    own.take()
    size = {own.facts.size_parameter: own.facts.sizes[-1]}
    response = own.api.call("GET", listing.path, query=size, authorization=bearer)
    if response.status // 100 != 2:
        pytest.skip(f"the second account's list returns {response.status}")
    found = response.shown(*own.facts.schemas.path_to(listing.response, "rows"))
    rows = [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []
    seen = [(row.get(own.facts.row["id"]), row.get(own.facts.row["name"])) for row in rows]
    shown = [
        n for n, owned in own.live.items() if (n, owned.handler.name) in seen
    ]  # an id alone may be that of another row
    own.require(
        Complaint(KEYS, f"the list of another account shows {n}, which this run has made") for n in shown
    )
    total = own.listing.read(response).total
    if len(rows) < own.facts.sizes[-1] and total != len(rows):
        about, wanted = "the total on the only page of another account", f"{len(rows)}, as many as it shows"
        own.require([Complaint(PAGES, about, str(total), wanted)])


@pytest.mark.writes
@pytest.mark.parametrize("kind", ON_ROW)
def test_another_account_does_not_reach_a_handler(own: Own, kind: str) -> None:
    bearer, owned = _other_bearer(own), own.take()
    response = _ask(own, kind, owned.id, bearer)
    own.keeps_out(kind, owned, response)
    if kind == ON_ROW[-1] and response.status // 100 != 2:
        own.see(owned)


@pytest.mark.writes
def test_a_create_is_refused_as_documented(own: Own) -> None:
    with own.collecting() as steps:
        for form in _wrong_creates(own):
            refusal = own.expected.create(form).refusal
            with steps:
                if refusal is not None:
                    own.refuse(refusal, form)
                elif _lacks_something(own, form) and not own.spares:  # or the probes have sent it
                    own.accept(form)
        own.see_all()


def _lacks_something(own: Own, form: Mapping[str, str]) -> bool:
    """Tell whether a required field is missing, empty or blank."""
    return any(not form.get(name, "").strip() for name in own.facts.create_form.required)


def _wrong_creates(own: Own) -> Iterator[dict[str, str]]:
    """Yield creates that some services refuse; the oracle knows which of them this service refuses."""
    names, fields = own.facts.form, own.facts.create_form
    name, kind = names["name"], names["type"]
    form = own.samples.form(own.scarce())
    bare = {name: form[name], kind: form[kind]}  # without a type, every field belongs to another type
    for required in fields.required:
        if not own.spares:
            yield {key: text for key, text in bare.items() if key != required}
        # If a service stores an empty name, the run's mark shows in an address.
        yield (_addressed(own) if required == name else bare) | {required: ""}
    if own.spares:
        return  # the probes have sent the others
    yield bare | {kind: "pigeon"}
    yield _addressed(own) | {name: "   "}
    yield form | {"colour": "red"}
    yield form | {names["enabled"]: "0"}
    yield form | {name: "n" * 2000}
    for type_name, own_fields in own.facts.types.items():
        if own_fields:
            whole = own.samples.form(type_name)
            others = [field for other, f in own.facts.types.items() if other != type_name for field in f]
            yield whole | {others[0]: own.samples.value(others[0])}
            yield {key: text for key, text in whole.items() if key != own_fields[-1]}
            yield whole | {own_fields[0]: "malformed"}
            if own.thrifty:
                return


def _addressed(own: Own) -> dict[str, str]:
    """Return a create of a type with an e-mail address, or of any type if the document shows none."""
    types = [kind for kind, form in own.facts.examples.items() if any("@" in text for text in form.values())]
    return own.samples.form(types[0] if types else own.scarce())


@pytest.mark.writes
@PROBED
def test_a_body_that_is_not_read_is_no_body(own: Own) -> None:
    read = own.facts.operation("create").media_types
    unread = [media for media in (URLENCODED, JSON) if media not in read]
    if not unread:
        pytest.skip("the document reads every kind of body that clients send")
    for media in unread:
        # It is refused, or read as a form without fields.
        refusal = own.facts.unread_refusal(media) or own.expected.create({}).refusal
        if refusal is not None:
            own.refuse(refusal, own.samples.form(own.scarce()), media)


@pytest.mark.writes
def test_an_update_is_refused_as_documented(own: Own) -> None:
    names, owned = own.facts.form, own.take()
    (other,) = [f[0] for t, f in own.facts.types.items() if f and t != owned.handler.type][:1]
    name: str = names["name"]
    wrong = [{names["type"]: "pigeon"}, {name: ""}, {name: "n" * 2000}, {"colour": "red"}]
    wrong.append({other: own.samples.value(other)})
    refused = [form for form in wrong if own.expected.update(owned.handler, form).refusal]
    with own.collecting() as steps:
        for form in refused:
            with steps:
                own.update(owned, form)
        if refused:
            own.see(owned)


@pytest.mark.writes
@PROBED
@pytest.mark.parametrize("number", [0, 1])
def test_other_methods_are_refused(own: Own, number: int) -> None:
    owned, method = own.take(), own.facts.other_methods[number]
    response = own.api.call(method, own.api.path_of("retrieve", owned.id))
    ground = own.statements.service(
        "other-methods", "A method that the documentation does not name is refused."
    )
    own.refused("retrieve", response, own.facts.service_refusal("other-methods"), ground, f"a {method}")


# Texts that services often allow; those that the document allows are not wrong.
_SIZES = ("7", "5", "20", "25", "30", "50", "100", "200", "250", "500", "1000")


@pytest.mark.parametrize("role", ["page", "size"])
def test_a_wrong_parameter_is_what_the_document_says(reading: Own, role: str) -> None:
    if reading.spares and reading.run.can_write:
        pytest.skip("a probe has seen what comes of it")
    name, ground = reading.facts.parameters[role]["name"], reading.statements.parameter(role)
    refused = any(row.refusal for row in reading.facts.rows_of(role))
    paths = _spellings(reading) if refused or not reading.thrifty else _spellings(reading)[:1]
    for text in _wrong(reading, role):
        for path in paths:
            response = reading.api.call("GET", path, query={name: text})
            reaction = reading.facts.react(role, text)
            if (row := reaction.refusing) is not None:
                reading.refused("list", response, row.refusal, ground, f"a list with {name}={text}")
            elif reaction.outcome != "otherwise":
                size = reaction.value if role == "size" and reaction.outcome != "drop" else None
                _require_page(reading, response, ground, int(size or reading.facts.default_size))


def _wrong(reading: Own, role: str) -> list[str]:
    """Return texts that are not allowed; to save requests, only the one that a probe has sent."""
    sizes = [text for text in _SIZES if int(text) not in reading.facts.sizes]
    if role == "size":
        return sizes[:1] if reading.spares else sizes
    return ["0" if reading.spares else "abc"]


def _require_page(reading: Own, response: TargetResponse, ground: Statement, size: int) -> None:
    """Require the first page, with a size."""
    if response.status // 100 != 2:
        reading.turned_away("list", response, ground)
        return
    page = reading.listing.read(response)
    shown = {"rows": len(page.ids), "size": page.facts["page-size"]}
    wanted = {"rows": min(page.total, size), "size": size}
    if shown != wanted:
        reading.require(
            [Complaint(ground, "a list with a parameter that is not allowed", str(shown), str(wanted))]
        )


def _spellings(reading: Own) -> list[str]:
    """Return the equivalent paths of the list in the document."""
    paths = [operation.path for operation in reading.facts.of_kind("list")]
    return paths if reading.facts.service["trailing-slash"] == "same" else paths[:1]
