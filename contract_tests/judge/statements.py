"""What an expectation rests on: a graded statement of the document, or a duty of any API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import jsonschema_rs

from contract_tests.document import DocumentedRefusal, Facts
from mock_server.document import DocumentError, Object, Question, plain, with_actions
from mock_server.document.rows import OWN, Row

PAGE = "D"
BELIEVED = "B"
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Statement:
    """What must hold, in a sentence, and its place in the document as `pointer`, empty for a duty.

    `questions` are the open questions that decide it. `is_open` means that the documentation page does not say it.
    `is_told` means that the report says how the service does it in any case. `is_accepted` means that the user says it,
    by an overlay or an answer. `is_suspended` means that nothing is expected, since the document cannot express what
    the service was seen to do.
    """

    says: str
    pointer: str = ""
    grade: str = PAGE
    questions: frozenset[str] = frozenset()
    is_open: bool = False
    is_told: bool = False
    is_accepted: bool = field(default=False, compare=False)
    is_suspended: bool = field(default=False, compare=False)

    @property
    def is_duty(self) -> bool:
        """Whether this is a duty of any API, whatever its documentation says."""
        return not self.pointer

    @property
    def is_of_other_methods(self) -> bool:
        """Whether this is about methods that the document does not have."""
        return self.pointer == "/x-service/other-methods"

    @property
    def key(self) -> str:
        """What distinguishes this statement from others."""
        return self.pointer or self.says


# The duties of any API. Breaking one is a finding whatever the documentation says.
RESPONSES = Statement("Each request is answered, and not with a server error.")
JSON = Statement("A success is valid JSON and is labelled as JSON.")
LABELLED = Statement("What is labelled as JSON is JSON.")
KEYS = Statement("A key opens the handlers of its own account and no others.")
NEEDS_KEY = Statement("A request without a key opens nothing.")
NEEDS_GOOD_KEY = Statement("A wrong key opens nothing.")
WRITTEN = Statement("What was written is what is read.")
GONE = Statement("What was deleted stays deleted.")
IDS = Statement("Each new handler has an id that no other handler has or had.")
KEPT = Statement("What was created stays until it is deleted.")
PAGES = Statement("The pages of the list show each handler once, and the total counts them.")
OTHERS = Statement("A write changes the handler that it names and no other.")
STEADY = Statement("What nothing has written to stays as it was.")
SAME = Statement("Two answers about the same thing agree.")
TIMES = Statement("Times do not run backwards.")
ALIKE = Statement("Settings that an update is not sent become the same whatever the type is.")


def pointer(*keys: str) -> str:
    """Return the JSON Pointer (RFC 6901) of a place."""
    return "".join(f"/{key.replace('~', '~0').replace('/', '~1')}" for key in keys)


def differing(one: Any, other: Any, here: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each place where two trees differ, with the value of the second tree there."""
    if one == other:  # cheaper than a walk, and most of the two trees is equal
        return
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in one.keys() | other.keys():
            yield from differing(one.get(key, _ABSENT), other.get(key, _ABSENT), here + pointer(str(key)))
    else:
        yield here, other


def _contains(place: str, other: str) -> bool:
    """Tell whether a place is the other place or contains it."""
    return other == place or other.startswith(f"{place}/")


def _touches(place: str, other: str) -> bool:
    return _contains(place, other) or _contains(other, place)


def _admits(place: str, other: Any, value: Any) -> bool:
    """Tell whether a value would be valid with another value of the keyword that it violates."""
    if other is _ABSENT:
        return True
    word = place.rpartition("/")[2]
    return jsonschema_rs.validator_for({word: plain(other)}).is_valid(value)


MULTIPART = "multipart/form-data"
_NO_RESPONSE: Mapping[str, Any] = {}


class Statements:
    """The statements of an effective document that expectations rest on, by subject.

    A kind is that of an operation: list, retrieve, create, update or delete. `known` is the document before the probes
    found answers; `questions` are its open questions. `accepted` are the places that the user's overlays changed, and
    `given` the questions that the user answered.
    """

    def __init__(
        self,
        facts: Facts,
        known: Object | None = None,
        questions: Mapping[str, Question] | None = None,
        accepted: Sequence[str] = (),
        given: Sequence[str] = (),
    ) -> None:
        self._facts = facts
        self._known = known
        self._questions = questions or {}
        self._accepted = tuple(accepted)
        self._given = frozenset(given)
        self._decided: dict[tuple[str, bool], frozenset[str]] = {}

    def at(self, place: str, says: str, *, below: bool = False, grade: str = "") -> Statement:
        """Return the statement at a place.

        With `below`, questions that decide something below the place count, too. The caller gives a `grade` for a place
        that has none.
        """
        return self._made(place, says, self._deciding(place, below=below), grade)

    def _believed(self, place: str, says: str) -> Statement:
        """Return a statement at or below a place, which the page does not make."""
        return self.at(place, says, below=True, grade=BELIEVED)

    def _violated(self, place: str, says: str, value: Any) -> Statement:
        """Return the statement of the JSON Schema keyword that a value violates.

        A question decides it only if one of its answers would let the value pass.
        """
        deciding = frozenset(name for name, other in self._answers(place) if _admits(place, other, value))
        return self._made(place, says, deciding)

    def of_question(self, name: str) -> Statement:
        """Return the assumed answer to a question as a statement."""
        question = self._questions[name]
        says = question.answers[question.assumed].means
        return Statement(
            says,
            f"#{name}",
            question.grade,
            frozenset({name}),
            not question.departure,
            is_accepted=name in self._given,
        )

    def _made(self, place: str, says: str, deciding: frozenset[str], grade: str = "") -> Statement:
        grade = grade or self._grade(place)
        if deciding:
            departs = [name for name in deciding if self._questions[name].departure]
            is_open = not departs
            grade = self._questions[(departs or sorted(deciding))[0]].grade
        else:
            is_open = grade != PAGE
        accepted = any(_touches(place, one) for one in self._accepted) or bool(deciding & self._given)
        return Statement(says, place, grade, deciding, is_open, is_accepted=accepted)

    def _grade(self, place: str) -> str:
        """Return the grade of the nearest node above a place that has one."""
        node: Any = self._facts.document
        grade = PAGE
        for key in place.split("/")[1:]:
            name = key.replace("~1", "/").replace("~0", "~")
            try:
                node = node[int(name)] if isinstance(node, list) else node[name]
            except (LookupError, ValueError, TypeError):
                break
            if isinstance(node, Mapping):
                grade = node.get("x-grade", grade)
        return grade

    def _deciding(self, place: str, *, below: bool) -> frozenset[str]:
        """Return the questions that decide a place. Cached, since few places are asked for, but often."""
        if (place, below) not in self._decided:
            is_near = _touches if below else _contains
            self._decided[place, below] = frozenset(
                name for name, changed in self._changes if any(is_near(one, place) for one in changed)
            )
        return self._decided[place, below]

    def _answers(self, place: str) -> Iterator[tuple[str, Any]]:
        """Yield each question that has an answer which changes a place, with the new value."""
        for name, changed in self._changes:
            for one, value in changed.items():
                if one == place or place.startswith(f"{one}/"):
                    yield name, value if one == place else _ABSENT

    @cached_property
    def _changes(self) -> list[tuple[str, dict[str, Any]]]:
        """The places that each answer changes. Computed for the first complaint."""
        found: list[tuple[str, dict[str, Any]]] = []
        if self._known is None:
            return found
        for question in self._questions.values():
            for answer in question.answers.values():
                if not answer.actions:
                    continue
                try:
                    changed = with_actions(self._known, answer.actions)
                except DocumentError:
                    continue  # an overlay already says the same as this answer
                found.append((question.id, dict(differing(self._known, changed))))
        return found

    def operation(self, kind: str) -> Statement:
        """Return the statement that a documented request succeeds."""
        return self.at(self._operation(kind), f"The documented way to {kind} succeeds.")

    def status(self, kind: str, status: int) -> Statement:
        """Return the statement behind the status of a success."""
        place = self._operation(kind) + pointer("responses", str(status))
        return self.at(
            place, f"A successful {kind} answers {status}.", grade=self._response_grade(kind, str(status))
        )

    def text_body(self, kind: str) -> Statement:
        """Return the statement behind the body of a success that is empty, or a text."""
        operation = self._facts.operation(kind)
        status = str(operation.success)
        place = self._operation(kind) + pointer("responses", status)
        says = f"A successful {kind} has {'this text' if operation.response else 'an empty body'}."
        return self.at(place, says, grade=self._response_grade(kind, status))

    def response_schema(self, kind: str) -> tuple[str, Mapping[str, Any]]:
        """Return the place of the schema of a success's body, and the schema there."""
        operation = self._facts.operation(kind)
        place, node = self._operation(kind), self._node(kind)
        for key in ("responses", str(operation.success)):
            place, node = place + pointer(key), node[key]
        place, node = self._followed(place, node)
        name, media = next(iter(node["content"].items()))
        return self._followed(place + pointer("content", name, "schema"), media["schema"])

    def violated(self, place: str, value: Any, says: str) -> Statement:
        """Return the statement of the keyword of a response's schema that a value violates.

        The page shows what is there. That there is nothing else is our belief. So is the look of a setting that was
        never sent, and that of settings without keys: PHP writes `[]` for empty arrays and objects alike.
        """
        word = place.rpartition("/")[2]
        if word in {"additionalProperties", "maxItems", "unevaluatedProperties"}:
            return replace(self.at(place, says, grade=BELIEVED), is_told=True)
        if word == "type" and value is None and self._is_setting(place):
            return replace(self.setting_unsent("create"), is_told=True)
        if word == "type" and value == [] and self._is_settings(place):
            return self.setting_unsent("create")
        if word == "type" and value and place == f"{self._settings_places[0]}/type":
            # The question concerns types without settings, and these settings are not empty.
            return self._made(place, says, frozenset())
        changed = self._row_place() + pointer("properties", self._facts.row.get("changed", ""), "type")
        if place == changed and isinstance(value, bool | list | dict):
            return self._made(place, says, frozenset(), PAGE)  # the page shows null, and times elsewhere
        if "/additionalProperties/" in place:  # the document has no name for it
            return replace(self.at(place, says, grade=BELIEVED), is_open=True, is_told=True)
        return self._violated(place, says, value)

    def _is_setting(self, place: str) -> bool:
        """Tell whether a place belongs to a setting, documented or not."""
        settings, *types = self._settings_places
        place = place.removesuffix("/additionalProperties/type")
        return place == settings or any(place.startswith(f"{one}/properties/") for one in types)

    def _is_settings(self, place: str) -> bool:
        """Tell whether a place is the `type` of a row's whole settings."""
        return place.removesuffix("/type") in self._settings_places

    @property
    def _settings_places(self) -> list[str]:
        """The schema of a row's settings, and those of the settings of each type."""
        row = self._followed("", {"$ref": "#" + self._row_place()})[0]
        branches = (
            node for branch in self._row().get("allOf", ()) for node in branch["then"]["properties"].values()
        )
        types = (node["$ref"].removeprefix("#") for node in branches if "$ref" in node)
        return [row + pointer("properties", self._facts.row["settings"]), *types]

    # Refusals

    def refusal(self, kind: str, refusal: DocumentedRefusal) -> Statement:
        """Return the statement behind the status, media type and body of a refusal."""
        place = pointer("components", "examples", refusal.name)
        grade = self._response_grade(kind, str(refusal.status))
        says = (
            f"{self._summary(refusal.name)}: {refusal.status} {refusal.title or str(refusal.value)[:120]!r}."
        )
        found = self.at(place, says, below=True, grade=grade if grade != PAGE else BELIEVED)
        return replace(found, is_told=True)

    def looks(self, kind: str) -> Statement:
        """Return the statement behind the look of refusals in general."""
        place = pointer("components", "schemas", "Error")
        says = f"The refusals of a {kind} look as documented."
        return replace(self.at(place, says, grade=BELIEVED), is_told=True)

    def service(self, word: str, says: str) -> Statement:
        """Return the statement that a word of `x-service` makes."""
        return self.at(pointer("x-service", word), says)

    def spellings(self) -> Statement:
        """Return the statement on the two spellings of the list's path."""
        return self.service("trailing-slash", "Both spellings of the list's path are served alike.")

    def other_accounts(self) -> Statement:
        """Return the statement on how another account's row is refused."""
        says = "A row of another account is refused as the document says."
        return self.at(pointer("x-service", "other-accounts"), says, grade=BELIEVED)

    def unknown_id(self, kind: str) -> Statement:
        """Return the statement behind the response to an unknown id."""
        if kind == "delete" and self._facts.deletes_missing:
            says = "A delete of an id that no handler has responds as any delete."
            return self.at(self._operation(kind) + pointer("x-if-missing"), says, grade=BELIEVED)
        return self.at(
            self._operation(kind) + pointer("responses", "404"),
            "An id that no handler has is refused.",
            grade=BELIEVED,
        )

    def odd_id(self) -> Statement:
        """Return the statement on ids that are not numbers."""
        place = pointer("components", "parameters", self._id_parameter())
        return self.at(
            place, "An id that is not a number is read as the document says.", below=True, grade=BELIEVED
        )

    def odd_bearer(self) -> Statement:
        """Return the statement behind the refusal of any Authorization header but `Bearer KEY`."""
        return self._believed(pointer("components", "securitySchemes"), "The key is sent as `Bearer KEY`.")

    def required(self) -> Statement:
        """Return the statement behind the refusal of a create that lacks a required field."""
        fields = " and ".join(f"`{name}`" for name in self._form("create").get("required", ()))
        return self.at(self.form("create") + "/required", f"A create needs {fields}.")

    def listed_type(self) -> Statement:
        """Return the statement that only the listed types may be created."""
        name = self._facts.form["type"]
        place, node = self._followed(
            self.form("create") + pointer("properties", name), self._form("create")["properties"][name]
        )
        return self.at(place + "/enum", f"The types are {', '.join(node.get('enum', ()))}.")

    def parameter(self, role: str) -> Statement:
        """Return the statement on values that a parameter does not allow."""
        name = self._facts.page_parameter if role == "page" else self._facts.size_parameter
        place = pointer("components", "parameters", name)
        return self._believed(
            place, f"A value of `{name}` that is not allowed is treated as the document says."
        )

    # Forms

    def form(self, kind: str) -> str:
        """Return the place of a form's schema."""
        return self._form_at(kind)[0]

    def media_type(self, kind: str, media: str) -> Statement:
        """Return the statement on forms in a media type that the page does not name."""
        place = self._operation(kind) + pointer("requestBody", "content", media)
        return self.at(place, f"A body in {media} is read as the document says.", grade=BELIEVED)

    def nothing_sent(self, kind: str) -> Statement:
        """Return the statement that an empty form is accepted: the page makes each field optional."""
        return self.at(self.form(kind), f"The form of {kind} may be empty.", grade=BELIEVED)

    def refused_word(self, kind: str, word: str) -> Statement:
        """Return the statement on values that violate a keyword of the form."""
        if said := self._rows(kind, self._facts.form["type"]):
            return said
        place = self.form(kind) + pointer("x-refusals", word)
        return self.at(
            place,
            f"What violates `{word}` in the form of {kind} is treated as the document says.",
            grade=BELIEVED,
        )

    def row(self, kind: str, row: Row) -> Statement:
        """Return the statement behind the reaction of a row. A row `otherwise` expects nothing."""
        place = row.source if row.source.startswith("/") else f"{self.form(kind)}/{row.source}"
        says = f"The form of {kind} does as its row says ({row})."
        found = self.at(place, says, grade=row.grade or BELIEVED)
        questions = found.questions | set(row.questions)
        return replace(found, questions=questions, is_suspended=row.reaction == "otherwise")

    def _rows(self, kind: str, field: str) -> Statement | None:
        """Return the statement that a field's own list of rows makes, or None if only shorthand gives its rows."""
        form = self._form(kind)
        said, properties = form.get("x-rows", {}), form.get("properties", {})
        is_own = "x-available-when" in properties.get(field, {})
        name = field if field in said else OWN if is_own and OWN in said else ""
        if not name or "shorthand" in said[name]:
            return None
        says = f"`{field}` takes the texts that its rows say."
        return self._believed(self.form(kind) + pointer("x-rows", name), says)

    def of_class(self, kind: str, name: str, word: str) -> Statement:
        """Return the statement on a class of fields, from its rows or the word of `x-service`."""
        says = f"A {kind} treats {word.replace('-', ' ')} as the document says."
        if name in self._form(kind).get("x-rows", {}):
            return self._believed(self.form(kind) + pointer("x-rows", name), says)
        return self.service(word, says)

    def text(self, kind: str, field: str) -> Statement:
        """Return the statement on texts that are less plain than those of the page."""
        if said := self._rows(kind, field):
            return said
        here = self.form(kind) + pointer("properties", field)
        node = self._form(kind).get("properties", {}).get(field, {})
        there, _ = self._followed(here, node)
        one = self._believed(there, f"`{field}` takes the texts that the document says.")
        if here == there:
            return one
        also = self._believed(here, one.says)
        return Statement(
            one.says,
            here,
            one.grade,
            one.questions | also.questions,
            True,
            is_accepted=one.is_accepted or also.is_accepted,
        )

    def field(self, kind: str, field: str) -> Statement:
        """Return the statement that a field exists and how it is read."""
        if said := self._rows(kind, field):
            return said
        return self._believed(
            self.form(kind) + pointer("properties", field), f"`{field}` is read as the document says."
        )

    def example(self, type_name: str) -> Statement:
        """Return the statement that the document's example of a create is accepted."""
        nodes = self._facts.document["components"]["examples"]
        kind_field = self._facts.form["type"]
        name = next(
            (
                n
                for n, node in nodes.items()
                if isinstance(node.get("value"), Mapping)
                and node["value"].get(kind_field) == type_name
                and "id" not in node["value"]
            ),
            "",
        )
        return self.at(
            pointer("components", "examples", name),
            f"A create of type {type_name} with values such as the example's is accepted.",
        )

    # What becomes of a write

    def setting_unsent(self, kind: str) -> Statement:
        """Return the statement on how a field of the type is shown if it was not sent."""
        if OWN in self._form(kind).get("x-rows", {}):
            place = self.form(kind) + pointer("x-rows", OWN)
            return self.at(
                place, "A field of the type that is not sent is stored as its rows say.", grade=BELIEVED
            )
        return self.at(
            self.form(kind) + pointer("x-own-field-unsent"),
            "A field of the type that is not sent is stored as the document says.",
            grade=BELIEVED,
        )

    def update(self, word: str, says: str) -> Statement:
        """Return the statement of a word of `x-update` on what an update keeps."""
        return self.at(self._operation("update") + pointer("x-update", word), says)

    def extra_setting(self) -> Statement:
        """Return the statement that settings have only the keys of their type."""
        says = "The settings have the fields of the type and no others."
        return replace(
            self.at(pointer("components", "schemas", "settings"), says, grade=BELIEVED), is_told=True
        )

    def shape(self, type_name: str) -> Statement:
        """Return the statement on how the settings of a type are shown."""
        key, settings = self._facts.row["type"], self._facts.row["settings"]
        for branch in self._row().get("allOf", ()):
            if branch["if"]["properties"][key].get("const") == type_name:
                place, _ = self._followed("", branch["then"]["properties"][settings])
                return self.at(place, f"The settings of {type_name} look as the document says.", below=True)
        return self.extra_setting()

    def secrets(self) -> Statement:
        """Return the statement that settings are shown as they were sent."""
        schemas = self._facts.document["components"]["schemas"]
        for branch in self._row().get("allOf", ()):
            for node in branch["then"]["properties"].values():
                name = node.get("$ref", "").rpartition("/")[2]
                for key in schemas.get(name, {}).get("properties", {}):
                    found = self.at(
                        pointer("components", "schemas", name, "properties", key, "x-mask"),
                        "Secrets are shown as they were sent.",
                    )
                    if found.questions:
                        return found
        return self.at("/components/schemas", "Secrets are shown as they were sent.", grade=BELIEVED)

    def time(self, word: str, says: str) -> Statement:
        """Return the statement on what a time means, by its `x-value` word. The page shows only its form."""
        place = self._row_place() + pointer("properties", self._facts.row.get(word, word))
        return self._believed(place, says)

    # The list

    def paging(self, word: str, says: str) -> Statement:
        """Return the statement that a word of `x-paging` makes."""
        return self.at(self._operation("list") + pointer("x-paging", word), says)

    def page(self, word: str, says: str) -> Statement:
        """Return the statement on a fact that each page shows, by its `x-value` word."""
        place, node = self.response_schema("list")
        for step in self._facts.schemas.path_to(self._facts.operation("list").response, word):
            place, node = self._followed(place + pointer("properties", step), node["properties"][step])
        return self.at(place, says)

    def _operation(self, kind: str) -> str:
        operation = self._facts.operation(kind)
        return pointer("paths", operation.path, operation.method.lower())

    def _node(self, kind: str) -> Mapping[str, Any]:
        return self._facts.node(self._facts.operation(kind))

    def _followed(self, place: str, node: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        while "$ref" in node:
            place = node["$ref"].removeprefix("#")
            node = self._facts.schemas.find(node["$ref"])
        return place, node

    def _form_at(self, kind: str) -> tuple[str, Mapping[str, Any]]:
        place, body = self._followed(self._operation(kind) + "/requestBody", self._node(kind)["requestBody"])
        name, media = next(iter(body["content"].items()))
        return self._followed(place + pointer("content", name, "schema"), media["schema"])

    def _form(self, kind: str) -> Mapping[str, Any]:
        return self._form_at(kind)[1]

    def _row_place(self) -> str:
        place, node = self.response_schema("list")
        for step in self._facts.schemas.path_to(self._facts.operation("list").response, "rows"):
            place, node = self._followed(place + pointer("properties", step), node["properties"][step])
        return self._followed(place + "/items", node["items"])[0]

    def _row(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._facts.schemas.find("#" + self._row_place())
        return found

    def _response_grade(self, kind: str, status: str) -> str:
        node = self._node(kind)["responses"].get(status, _NO_RESPONSE)
        return str(self._followed("", node)[1].get("x-grade", PAGE))

    def _summary(self, name: str) -> str:
        node = self._facts.document["components"]["examples"].get(name, {})
        return str(node.get("summary", name))

    def _id_parameter(self) -> str:
        return self._facts.operation("retrieve").path.partition("{")[2].partition("}")[0]
