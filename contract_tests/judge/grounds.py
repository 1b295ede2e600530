"""The statements that the expectations of the suites rest on, by what they are about, read from the document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from contract_tests.document.facts import DocumentedRefusal, Facts
from contract_tests.judge.statements import BELIEVED, PAGE, Statement, Statements, pointer
from mock_server.document.rows import OWN, Row

MULTIPART = "multipart/form-data"
_NO_RESPONSE: Mapping[str, Any] = {}


class Grounds:
    """Statements of one effective document. Kinds are those of operations: list, retrieve, create, update, delete."""

    def __init__(self, statements: Statements, facts: Facts) -> None:
        self._at = statements.at
        self._violated = statements.violated
        self._facts = facts

    def operation(self, kind: str) -> Statement:
        """Return the statement that a documented request succeeds."""
        return self._at(self._operation(kind), f"The documented way to {kind} succeeds.")

    def status(self, kind: str, status: int) -> Statement:
        """Return what the status of a success rests on."""
        place = self._operation(kind) + pointer("responses", str(status))
        return self._at(
            place, f"A successful {kind} answers {status}.", grade=self._response_grade(kind, str(status))
        )

    def empty_body(self, kind: str) -> Statement:
        """Return what the empty body of a success rests on."""
        status = str(self._facts.operation(kind).success)
        place = self._operation(kind) + pointer("responses", status)
        return self._at(
            place, f"A successful {kind} has an empty body.", grade=self._response_grade(kind, status)
        )

    def answer_schema(self, kind: str) -> tuple[str, Mapping[str, Any]]:
        """Return the place of the schema of a success's body, and the schema as it stands there."""
        operation = self._facts.operation(kind)
        place, node = self._operation(kind), self._node(kind)
        for key in ("responses", str(operation.success)):
            place, node = place + pointer(key), node[key]
        place, node = self._followed(place, node)
        name, media = next(iter(node["content"].items()))
        return self._followed(place + pointer("content", name, "schema"), media["schema"])

    def violated(self, place: str, value: Any, says: str) -> Statement:
        """Return the statement of a word of a schema that a value violates.

        The page shows what is there. That nothing else is there is our own belief, and so is what a setting looks like
        to which nothing was ever sent.
        """
        word = place.rpartition("/")[2]
        if word in {"additionalProperties", "maxItems", "unevaluatedProperties"}:
            return replace(self._at(place, says, grade=BELIEVED), is_told=True)
        if value is None and word == "type" and self._is_setting(place):
            return self.setting_unsent("create")
        if "/additionalProperties/" in place:  # what is shown there has no name in the document
            return replace(self._at(place, says, grade=BELIEVED), is_open=True, is_told=True)
        return self._violated(place, says, value)

    def _is_setting(self, place: str) -> bool:
        settings = {
            reference.removeprefix("#")
            for branch in self._row().get("allOf", ())
            for node in branch["then"]["properties"].values()
            if (reference := node.get("$ref"))
        }
        place = place.removesuffix("/additionalProperties/type")
        row = self._followed("", {"$ref": "#" + self._row_place()})[0]
        return any(place.startswith(f"{one}/properties/") for one in settings) or place == row + pointer(
            "properties", self._facts.row["settings"]
        )

    # Refusals

    def refusal(self, kind: str, refusal: DocumentedRefusal) -> Statement:
        """Return what the looks of a refusal rest on: its status, media type and body."""
        place = pointer("components", "examples", refusal.name)
        grade = self._response_grade(kind, str(refusal.status))
        says = (
            f"{self._summary(refusal.name)}: {refusal.status} {refusal.title or str(refusal.value)[:120]!r}."
        )
        found = self._at(place, says, below=True, grade=grade if grade != PAGE else BELIEVED)
        return replace(found, is_told=True)

    def looks(self, kind: str) -> Statement:
        """Return what the looks of refusals rest on in general."""
        place = pointer("components", "schemas", "Error")
        return replace(
            self._at(place, f"The refusals of a {kind} look as documented.", grade=BELIEVED), is_told=True
        )

    def service(self, word: str, says: str) -> Statement:
        """Return the statement of a word on the service as a whole."""
        return self._at(pointer("x-service", word), says)

    def unknown_id(self, kind: str) -> Statement:
        """Return what the refusal of an id rests on that no handler has."""
        return self._at(
            self._operation(kind) + pointer("responses", "404"),
            "An id that no handler has is refused.",
            grade=BELIEVED,
        )

    def odd_id(self) -> Statement:
        """Return the statement of what an id gets that is not a number."""
        place = pointer("components", "parameters", self._id_parameter())
        return self._at(
            place, "An id that is not a number is read as the document says.", below=True, grade=BELIEVED
        )

    def odd_bearer(self) -> Statement:
        """Return what the refusal of an Authorization header rests on that is not `Bearer KEY`."""
        return self._at(
            pointer("components", "securitySchemes"),
            "The key is sent as `Bearer KEY`.",
            below=True,
            grade=BELIEVED,
        )

    def required(self) -> Statement:
        """Return what the refusal of a create without a required field rests on."""
        fields = " and ".join(f"`{name}`" for name in self._form("create").get("required", ()))
        return self._at(self.form("create") + "/required", f"A create needs {fields}.")

    def listed_type(self) -> Statement:
        """Return the statement that the listed types, and no others, may be created."""
        name = self._facts.form["type"]
        place, node = self._followed(
            self.form("create") + pointer("properties", name), self._form("create")["properties"][name]
        )
        return self._at(place + "/enum", f"The types are {', '.join(node.get('enum', ()))}.")

    def parameter(self, role: str) -> Statement:
        """Return the statement of what a parameter gets whose value is not allowed."""
        name = self._facts.page_parameter if role == "page" else self._facts.size_parameter
        place = pointer("components", "parameters", name)
        return self._at(
            place,
            f"A value of `{name}` that is not allowed is treated as the document says.",
            below=True,
            grade=BELIEVED,
        )

    # Forms

    def form(self, kind: str) -> str:
        """Return the place of a form's schema."""
        return self._form_at(kind)[0]

    def media_type(self, kind: str, media: str) -> Statement:
        """Return what the reading of a form rests on in a media type other than the page's."""
        place = self._operation(kind) + pointer("requestBody", "content", media)
        return self._at(place, f"A body in {media} is read as the document says.", grade=BELIEVED)

    def refused_word(self, kind: str, word: str) -> Statement:
        """Return the statement of what a value gets that violates a word of the form."""
        if said := self._rows(kind, self._facts.form["type"]):
            return said
        place = self.form(kind) + pointer("x-refusals", word)
        return self._at(
            place,
            f"What violates `{word}` in the form of {kind} is treated as the document says.",
            grade=BELIEVED,
        )

    def row(self, kind: str, row: Row) -> Statement:
        """Return what the reaction of a row rests on. A row that could not be said otherwise expects nothing."""
        place = row.source if row.source.startswith("/") else f"{self.form(kind)}/{row.source}"
        says = f"The form of {kind} does as its row says ({row})."
        found = self._at(place, says, grade=row.grade or BELIEVED)
        questions = found.questions | set(row.questions)
        return replace(found, questions=questions, is_suspended=row.reaction == "otherwise")

    def _rows(self, kind: str, field: str) -> Statement | None:
        """Return the statement that is the list of a field's rows, None if the shorthand says them."""
        form = self._form(kind)
        said, properties = form.get("x-rows", {}), form.get("properties", {})
        is_own = "x-available-when" in properties.get(field, {})
        name = field if field in said else OWN if is_own and OWN in said else ""
        if not name or "shorthand" in said[name]:
            return None
        says = f"`{field}` takes the texts that its rows say."
        return self._at(self.form(kind) + pointer("x-rows", name), says, below=True, grade=BELIEVED)

    def of_class(self, kind: str, name: str, word: str) -> Statement:
        """Return what the fate of a class of fields rests on: its rows, or the word of `x-service` for them."""
        says = f"A {kind} treats {word.replace('-', ' ')} as the document says."
        if name in self._form(kind).get("x-rows", {}):
            return self._at(self.form(kind) + pointer("x-rows", name), says, below=True, grade=BELIEVED)
        return self.service(word, says)

    def text(self, kind: str, field: str) -> Statement:
        """Return what the fate of a text rests on that is not as plain as those of the page."""
        if said := self._rows(kind, field):
            return said
        here = self.form(kind) + pointer("properties", field)
        node = self._form(kind).get("properties", {}).get(field, {})
        there, _ = self._followed(here, node)
        one = self._at(
            there, f"`{field}` takes the texts that the document says.", below=True, grade=BELIEVED
        )
        if here == there:
            return one
        also = self._at(here, one.says, below=True, grade=BELIEVED)
        return Statement(
            one.says,
            here,
            one.grade,
            one.questions | also.questions,
            True,
            is_accepted=one.is_accepted or also.is_accepted,
        )

    def field(self, kind: str, field: str) -> Statement:
        """Return the statement that a field is there, and of how it is read."""
        if said := self._rows(kind, field):
            return said
        return self._at(
            self.form(kind) + pointer("properties", field),
            f"`{field}` is read as the document says.",
            below=True,
            grade=BELIEVED,
        )

    def example(self, type_name: str) -> Statement:
        """Return what the acceptance of the document's example of a create rests on."""
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
        return self._at(
            pointer("components", "examples", name),
            f"A create of type {type_name} with values such as the example's is accepted.",
        )

    # What becomes of a write

    def setting_unsent(self, kind: str) -> Statement:
        """Return the statement of what a field of the type looks like that was not sent."""
        if OWN in self._form(kind).get("x-rows", {}):
            place = self.form(kind) + pointer("x-rows", OWN)
            return self._at(
                place, "A field of the type that is not sent is stored as its rows say.", grade=BELIEVED
            )
        return self._at(
            self.form(kind) + pointer("x-own-field-unsent"),
            "A field of the type that is not sent is stored as the document says.",
            grade=BELIEVED,
        )

    def update(self, word: str, says: str) -> Statement:
        """Return the statement of a word on what an update keeps."""
        return self._at(self._operation("update") + pointer("x-update", word), says)

    def extra_setting(self) -> Statement:
        """Return the statement that the settings have the type's own keys and no others."""
        says = "The settings have the fields of the type and no others."
        return replace(
            self._at(pointer("components", "schemas", "settings"), says, grade=BELIEVED), is_told=True
        )

    def shape(self, type_name: str) -> Statement:
        """Return the statement of what the settings of a type look like."""
        key, settings = self._facts.row["type"], self._facts.row["settings"]
        for branch in self._row().get("allOf", ()):
            if branch["if"]["properties"][key].get("const") == type_name:
                place, _ = self._followed("", branch["then"]["properties"][settings])
                return self._at(place, f"The settings of {type_name} look as the document says.", below=True)
        return self.extra_setting()

    def secrets(self) -> Statement:
        """Return the statement that settings are shown as they were sent."""
        schemas = self._facts.document["components"]["schemas"]
        for branch in self._row().get("allOf", ()):
            for node in branch["then"]["properties"].values():
                name = node.get("$ref", "").rpartition("/")[2]
                for key in schemas.get(name, {}).get("properties", {}):
                    found = self._at(
                        pointer("components", "schemas", name, "properties", key, "x-mask"),
                        "Secrets are shown as they were sent.",
                    )
                    if found.questions:
                        return found
        return self._at("/components/schemas", "Secrets are shown as they were sent.", grade=BELIEVED)

    def time(self, word: str, says: str) -> Statement:
        """Return the statement of what a time tells, by its `x-value` word; the page shows its form alone."""
        place = self._row_place() + pointer("properties", self._facts.row.get(word, word))
        return self._at(place, says, below=True, grade=BELIEVED)

    # The list

    def paging(self, word: str, says: str) -> Statement:
        """Return the statement of a word on how a list is paged."""
        return self._at(self._operation("list") + pointer("x-paging", word), says)

    def page(self, word: str, says: str) -> Statement:
        """Return the statement of a fact that each page shows, by its `x-value` word."""
        place, node = self.answer_schema("list")
        for step in self._facts.schemas.path_to(self._facts.operation("list").answer, word):
            place, node = self._followed(place + pointer("properties", step), node["properties"][step])
        return self._at(place, says)

    def _operation(self, kind: str) -> str:
        operation = self._facts.operation(kind)
        return pointer("paths", operation.path, operation.method.lower())

    def _node(self, kind: str) -> Mapping[str, Any]:
        operation = self._facts.operation(kind)
        node: Mapping[str, Any] = self._facts.document["paths"][operation.path][operation.method.lower()]
        return node

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
        place, node = self.answer_schema("list")
        for step in self._facts.schemas.path_to(self._facts.operation("list").answer, "rows"):
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
