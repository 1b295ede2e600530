"""Learns the forms of a service as rows of the behaviour table, names their refusals, and writes both."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contract_tests.document import fits
from contract_tests.judge.verdicts import a
from contract_tests.learning.brief import BriefLearner
from contract_tests.learning.draft import Draft, Tree
from contract_tests.learning.fields import FieldLearner, Place, Table
from contract_tests.learning.handlers import key_of, row_node, settings_node
from contract_tests.learning.labels import learn_labels
from contract_tests.learning.order import Orderer, body_of, problems_of, sort_of
from contract_tests.learning.presentation import Look, evened, reworded, texts_in
from contract_tests.learning.problems import Refusals, Telling, shape_of
from contract_tests.learning.reactions import Explained, Observer, Outcome, all_foretold, keyed
from contract_tests.learning.responses import (
    component,
    documented,
    form_of,
    kind_of,
    operations,
    place,
    resolved,
    say,
)
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import Undecided, Unlisted
from contract_tests.probes.trials import NO_FIELD
from mock_server.document.rows import Row, form_rows, react

FOREIGN, UNKNOWN, OWN = "{foreign}", "{unknown}", "{own}"
_SORTS = frozenset({"absent", "unsent", "array", "file", "twice", "not-utf-8", "empty"})

# Rows by field, as the document writes them.
Lists = dict[str, list[dict[str, Any]]]


def learn_forms(prober: Prober, draft: Draft) -> None:
    """Find out what becomes of each field of a create and of an update, and write its rows."""
    observer = Observer(prober, draft.everywhere)
    table = (BriefLearner if prober.spares else FieldLearner)(observer, draft).learn()
    order = [*form_of(draft.tree, draft.facts.operation("update").id)["properties"]]
    labels = learn_labels(observer, table, order)
    problems = problems_of(table.refusals, dict(draft.facts.types), order)
    names = frozenset({*order, NO_FIELD})
    refusals = Refusals(taken=frozenset(draft.tree["components"]["examples"]), fields=names)
    ranks: dict[str, dict[str, int]] = {}
    told: list[str] = []
    common: list[str] = []
    for operation in ("create", "update"):
        orderer = Orderer(observer, operation, problems, order)
        orderer.telling = refusals.telling
        refusals.telling = refusals.telling if refusals.telling.tells_all else orderer.find_telling()
        if refusals.telling.tells_all and not prober.spares:
            orderer.find_order()
            told = orderer.order if orderer.is_by_name else told
        ranks[operation] = {} if prober.spares else orderer.ranks()
        told = told or ([] if prober.spares else orderer.fields(all_walk=table.checks_foreign))
        common = common or orderer.common(sorts={"text", "absent"} if prober.spares else {"text"})
        table.foreign_is_apart |= table.checks_foreign and ("text", FOREIGN) in orderer.hiding
    if refusals.telling.tells_all:
        _learn_foreign(observer, table, refusals.telling)
    if prober.spares and is_by_name(refusals.telling, [body_of(each) for each in prober.responses], order):
        told = sorted(order)
    learn_shared(observer, table, refusals.telling)
    if table.tells_both:  # by field, as all its problems
        ranks = {operation: {**of, FOREIGN: of.get("text", 0)} for operation, of in ranks.items()}
    documented_order = [name for name in order if name in told]
    _Writer(draft, table, refusals, ranks, told if told != documented_order else [], common, labels).write()
    _learn_off_at_first(observer, draft)
    draft.unsaid += table.unsaid
    draft.unasked += table.unasked


def _learn_off_at_first(observer: Observer, draft: Draft) -> None:
    """Learn that a new row is disabled, if no answer says so: a create may refuse the switch."""
    shown, words = draft.facts.row["enabled"], {"default": False}
    known = row_node(draft, draft.tree)["properties"][shown].get("default", True)
    if known and not observer.is_enabled_at_first and observer.walker is not None:

        def change(tree: Tree) -> None:
            row_node(draft, tree)["properties"][shown].update(words)

        draft.learn(
            "is-enabled-on-create", "A new handler is disabled.", observer.prober.exchanges[-1:], change
        )


def is_by_name(telling: Telling, bodies: Sequence[Any], order: Sequence[str]) -> bool:
    """Tell whether all bodies with problems of several fields report them in the order of the fields' names.

    At least one of them must contradict `order`, the order of the document.
    """
    told = [[name for item in telling.listed(each) if (name := _field_of(item, order))] for each in bodies]
    several = [names for names in told if len({*names}) > 1]
    is_other = any(names != sorted(names, key=order.index) for names in several)
    return is_other and all(names == sorted(names) for names in several)


def _field_of(item: Any, names: Sequence[str]) -> str:
    """Return the field that an item is about: the first that is a value of it, or else the first in a text."""
    texts = texts_in(item)
    own = [text for text in texts if text in names]
    words = [word for text in texts for word in re.findall(r"\w+", text) if word in names]
    return next(iter([*own, *words]), "")


def _learn_foreign(observer: Observer, table: Table, telling: Telling) -> None:
    """Find out whether a wrong foreign field is reported twice, and whether it is reported beside a wrong type."""
    refused = _refused(table, FOREIGN)
    if refused is None:
        return
    alone = telling.listed(refused.value)
    if table.foreign_problem is not None:
        own, foreign = (telling.listed(body_of(each.response)) for each in table.foreign_problem)
        table.tells_both = bool(own) and foreign[len(alone) :] == own
    if table.tells_both:
        table.checks_foreign = True
        for operation in ("create", "update"):
            rows = table.fields[Place(operation, FOREIGN)].rows
            rows[:] = [
                replace(row, effect=refused)
                if row.reaction == "refuse" and telling.listed(row.effect.value)[: len(alone)] == alone
                else row
                for row in rows
            ]
    kinds = observer.prober.kinds
    if alone:
        told = [_tells_beside_type(observer, telling, alone[0], kind) for kind in (kinds.plain, kinds.pair)]
        table.without_type = "ignored" if told[0] is False else "foreign" if told == [True, True] else ""


def _tells_beside_type(observer: Observer, telling: Telling, item: Any, kind: str) -> bool | None:
    """Tell whether a foreign field is reported beside a type that is refused; None if that cannot be seen.

    `kind` is the type of the row. `item` is how a foreign field is reported.
    """
    words, owner = observer.facts.form, observer.prober.kinds.pair
    field = observer.facts.types[owner][-1]
    parts = [(words["type"], b"unlisted", False), (field, observer.good(owner, field).encode(), False)]
    try:
        response = observer.ask("update", parts, kind)
    except (Undecided, Unlisted):
        return None
    template = json.loads(json.dumps(item).replace("{field}", field))
    items = telling.listed(body_of(response))
    return any(fits(template, each) for each in items) if response.status >= 400 and items else None


def learn_shared(observer: Observer, table: Table, telling: Telling) -> None:
    """Find out whether foreign or unknown fields share one problem, which names all of them."""
    foreign, unknown = (_refused(table, name) for name in (FOREIGN, UNKNOWN))
    kind, field = observer.prober.kinds.pair, observer.facts.types[observer.prober.kinds.pair][0]
    names = [*observer.facts.types[kind][:2]] if foreign is not None else ["color", "shade"]
    if (foreign or unknown) is None or len(names) < 2:
        return
    # In the other order than the document's.
    parts = [(name, observer.good(kind, field).encode(), False) for name in reversed(names)]
    try:
        response = observer.ask("update", parts, observer.prober.kinds.mailbox)
    except (Undecided, Unlisted):
        return
    body = body_of(response)
    told = telling.listed(body) if telling.tells_all else body
    orders = {"sent": [*reversed(names)], "documented": names}
    found = {
        order: seen[1]
        for order, each in orders.items()
        if (seen := re.search(r"\b{}\b(.{{1,8}}?)\b{}\b".format(*each), "\n".join(texts_in(told))))
    }
    if response.status < 400 or not found or (telling.tells_all and len(told) > 1):
        return
    order, between = next(iter(found.items()))
    table.between_fields = {"fields": between} | ({} if order == "sent" else {"fields-order": order})
    shared = [
        look.value for look in (foreign, unknown) if look is not None
    ]  # of both forms, whatever their headers
    for at, explained in table.fields.items():
        is_other = at.field in {FOREIGN, UNKNOWN, observer.facts.form["enabled"]}
        explained.rows = [
            replace(row, effect=row.effect._replace(value=reworded(row.effect.value, _sharing)))
            if is_other and row.reaction == "refuse" and row.effect.value in shared
            else row
            for row in explained.rows
        ]


def _refused(table: Table, name: str) -> Look | None:
    """Return how an update refuses a foreign or unknown field; None if it accepts it."""
    rows = table.fields[Place("update", name)].rows
    return next((row.effect for row in rows if row.treatment == "any" and row.reaction == "refuse"), None)


def _length_told(outcome: Outcome) -> int:
    """Return the length of the value if a refusal repeats it as a whole, and 0 if not."""
    is_whole = outcome.look is not None and "{value}" in repr(outcome.look.value)
    return len(outcome.trial.sent.text or "") if is_whole else 0


def _sharing(text: str) -> str:
    """Return a text with a placeholder for all fields that have its problem."""
    return text.replace("{field}", "{fields}")


@dataclass
class _Writer:
    """Writes the rows of both forms into the draft.

    `order` are fields whose problems are reported in another order than the document's; `common` are those of them that
    all types have.
    """

    draft: Draft
    table: Table
    refusals: Refusals
    ranks: Mapping[str, Mapping[str, int]]
    order: Sequence[str]
    common: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    def write(self) -> None:
        """Write both forms, unless the document already says what was seen."""
        self._even()
        if self.refusals.telling.tells_all:
            rows = [row for found in self.table.fields.values() for row in found.rows]
            looks = {repr(row.effect): row.effect for row in rows if row.reaction == "refuse"}
            self.refusals.widen([*looks.values()], "invalid")
        for operation in ("create", "update"):
            names: dict[str, Look] = {}
            fields = {
                place.field: found
                for place, found in self.table.fields.items()
                if place.operation == operation and not self._is_unknown(place)
            }
            new = {
                name: found
                for name, found in fields.items()
                if not self._is_documented(operation, name, found)
            }
            if new:  # the ranks of rows are among rows: what the shorthand says has others
                new = {
                    name: found
                    for name, found in fields.items()
                    if name in new or self._is_ranked(operation, name, found)
                }
            lists = {
                name: [self._as_data(operation, name, row, names) for row in found.rows]
                for name, found in new.items()
            }
            if lists:
                proof = [
                    each.exchange for found in new.values() for each in found.seen if each.look is not None
                ]
                says = f"Reactions to the fields of {a(operation)}: {', '.join(lists)}."
                change = self._change(operation, self._shared(lists), names)
                self.draft.learn("rows", says, proof[:20], change)
                self.draft.provoked |= dict.fromkeys(names)

    def _is_unknown(self, place: Place) -> bool:
        """Tell whether a form has no switch, and refuses it as an unknown field."""
        switch, unknown = (
            self.table.fields.get(Place(place.operation, name)) for name in (place.field, UNKNOWN)
        )
        if place.field != self.draft.facts.form["enabled"] or switch is None or unknown is None:
            return False
        refused = Row("any", None, "refuse", switch.rows[0].effect) if switch.rows else None
        return switch.rows == [refused] and refused in unknown.rows

    def _is_ranked(self, operation: str, name: str, found: Explained) -> bool:
        """Tell whether some problems of a field are reported after those of others."""
        refused = (row for row in found.rows if row.reaction == "refuse")
        return any(self.ranks[operation].get(self._sort(name, row), 0) for row in refused)

    def _even(self) -> None:
        """Make all refusals repeat values and name fields in one way."""
        rows = [
            (place.field, found, n)
            for place, found in self.table.fields.items()
            for n, row in enumerate(found.rows)
            if row.reaction == "refuse"
        ]
        whole = max((_length_told(each) for _, found, _ in rows for each in found.seen), default=0)
        looks = evened([found.rows[n].effect for _, found, n in rows], whole)
        as_sent = [
            each
            for name, found, _ in rows
            for each in found.seen
            if "_" in name and each.look is not None and "{field} " in repr(each.look)
        ]
        if "{field:words}" in repr(looks) and not as_sent:  # a name of one word does not tell
            looks = [look._replace(value=in_words(look.value)) for look in looks]
        shapes = [shape_of(look.value) for look in looks]
        for (name, found, n), look in zip(rows, looks, strict=True):
            by_key = keyed(look.value, name)
            is_keyed = by_key != look.value and shape_of(by_key) in shapes
            found.rows[n] = replace(found.rows[n], effect=look._replace(value=by_key) if is_keyed else look)

    def _refuses(self, operation: str) -> bool:
        """Tell whether a form refuses unknown fields."""
        found = self.table.fields.get(Place(operation, UNKNOWN))
        return found is not None and any(
            (row.treatment, row.reaction) == ("any", "refuse") for row in found.rows
        )

    def _is_documented(self, operation: str, name: str, found: Explained) -> bool:
        """Tell whether the document already says what was seen of a field."""
        tree, identity = self.draft.tree, self.draft.facts.operation(operation).id
        form = form_of(tree, identity)
        fields = {each: resolved(tree, node) for each, node in form["properties"].items()}
        known = form_rows(form, fields, tree["x-service"])
        # The switch that a create's form does not have is unknown there, and refused as such if unknown fields are.
        is_unknown = name == self.draft.facts.form["enabled"] and self._refuses(operation)
        ignored = known.unknown if is_unknown else (*known.unknown, Row("any", None, "drop", effect=True))
        rows = known.foreign if name == FOREIGN else known.fields.get(name, ignored)
        responses = dict(operations(tree))[identity]["responses"]
        return all_foretold(
            rows, found, fields.get(name, {}), lambda refusal: documented(tree, responses, refusal)
        )

    def _as_data(self, operation: str, field: str, row: Row, names: dict[str, Look]) -> dict[str, Any]:
        """Return a row as the document writes it. Its refusal becomes a name, and is put into `names`."""
        argument = list(row.argument) if isinstance(row.argument, tuple) else row.argument
        when: Any = row.treatment if argument is None else {row.treatment: argument}
        if row.reaction == "change":
            steps = [name if argument is None else {name: argument} for name, argument in row.effect]
            return {"when": when, "change": steps}
        if row.reaction != "refuse":
            return {"when": when, row.reaction: row.effect}
        about = field.strip("{}") if field.startswith("{") else row.treatment.replace("-", "_")
        named = self.refusals.name(row.effect, f"field_{about}")
        names[named.name] = self.refusals.said(named.name)
        data: dict[str, Any] = {"when": when, "refuse": named.name}
        if named.item is not None:
            data["item"] = named.item
        if named.told:
            data["with"] = dict(named.told)
        rank = self.ranks[operation].get(self._sort(field, row), 0)
        return data | ({"rank": rank} if rank else {})

    def _sort(self, field: str, row: Row) -> str:
        """Return the sort of a refusal (see `sort_of`)."""
        if field in {FOREIGN, UNKNOWN}:
            return field
        is_own = field not in self.draft.facts.form.values()
        sort = sort_of(row.treatment, field, (self.draft.facts.form["name"],), is_own=is_own)
        return sort if sort in _SORTS else "text"

    def _shared(self, lists: Lists) -> Lists:
        """Return the lists with the commonest one of the settings written once, under '{own}'."""
        own = [name for names in self.draft.facts.types.values() for name in names]
        if not all(name in lists for name in own):
            return lists
        texts = {name: repr(lists[name]) for name in own}
        commonest = max(texts.values(), key=[*texts.values()].count)
        first = next(name for name, text in texts.items() if text == commonest)
        return {name: rows for name, rows in lists.items() if texts.get(name) != commonest} | {
            OWN: lists[first]
        }

    def _change(self, operation: str, lists: Lists, names: Mapping[str, Look]) -> Callable[[Tree], None]:
        draft, identity = self.draft, self.draft.facts.operation(operation).id

        def change(tree: Tree) -> None:
            form = form_of(tree, identity)
            enabled = draft.facts.form["enabled"]
            is_read = any("drop" not in row for row in lists.get(enabled, ()))
            if enabled not in form["properties"] and (
                is_read or (enabled in lists and self._refuses(operation))
            ):
                form["properties"][enabled] = {
                    "type": "string",
                    "x-value": "enabled",
                    "x-cast": "php-integer-boolean",
                }
            order = _reordered(_reordered([*form["properties"]], self.common), self.order)
            if order != [*form["properties"]]:
                form["x-order"] = order
            known = {
                name: rows
                for name, rows in lists.items()
                if name in form["properties"] or name.startswith("{")
            }
            form["x-rows"] = known
            _bound(tree, form["properties"], known)
            own = {name for names in draft.facts.types.values() for name in names}
            if all(name in known or (OWN in known and name in own) for name in form["properties"]):
                form["x-refusals"] = {}
            _allow_unsent(draft, tree, known)
            _allow_kept(draft, tree, form)
            for at, found in self.table.fields.items():
                name, pattern = at.field, found.schema.get("pattern")
                if pattern and at.operation == operation and (name in known or OWN in known):
                    form["properties"][name] = {**form["properties"][name], "pattern": pattern}
            responses = dict(operations(tree))[identity]["responses"]
            for name, look in names.items():
                say(tree, name, look)
                place(tree, responses, name, look)
            self._serve(tree["x-service"])
            if operation == "update" and self.table.keeps_required:
                dict(operations(tree))[identity]["x-update"]["required"] = "unless-kept"

        return change

    def _serve(self, service: Tree) -> None:
        """Write what holds for both forms."""
        if self.refusals.telling.tells_all:
            service["errors"] = self.refusals.telling.words
        if self.labels:
            service["errors"] = service.get("errors", {}) | {"labels": dict(self.labels)}
        if self.table.checks_foreign:
            service["foreign-rows"] = "both" if self.table.tells_both else "own-first"
        elif self.table.foreign_problem is not None:
            refused = _refused(self.table, FOREIGN)
            if refused == self.table.foreign_problem[1].look:  # or both are taken
                service["foreign-rows"] = "foreign"  # wherever availability is checked
        if self.table.without_type:
            service["fields-without-type"] = self.table.without_type
        if self.table.between_fields is not None:
            service["errors"] = service.get("errors", {}) | self.table.between_fields
        if self.table.foreign_is_apart and "availability" not in service["checks"]:
            service["checks"].insert(service["checks"].index("form") + 1, "availability")


def _reordered(properties: Sequence[str], order: Sequence[str]) -> list[str]:
    """Return all fields, with those whose order is known put into that order among themselves."""
    left = [name for name in order if name in properties]
    return [left.pop(0) if name in order else name for name in properties]


def in_words(value: Any) -> Any:
    """Return a body whose texts name a field as people write it. A text that is only the name stays.

    >>> in_words({"field": "{field}", "told": "The {field} field is wrong."})
    {'field': '{field}', 'told': 'The {field:words} field is wrong.'}
    """
    if isinstance(value, dict):
        return {key: in_words(each) for key, each in value.items()}
    if isinstance(value, list):
        return [in_words(each) for each in value]
    is_text = isinstance(value, str) and value != "{field}"
    return value.replace("{field}", "{field:words}") if is_text else value


def _bound(tree: Tree, properties: Tree, lists: Lists) -> None:
    """Give the schemas of fields the bounds that their rows have."""
    for name in properties:
        rows = lists.get(
            name, lists.get(OWN) if "x-available-when" in resolved(tree, properties[name]) else None
        )
        schema = resolved(tree, properties[name])
        if rows is None or "maxLength" not in schema:
            continue
        bounds = [
            row["when"]["longer-than"] for row in rows if "refuse" in row and "longer-than" in row["when"]
        ]
        properties[name] = {word: value for word, value in schema.items() if word != "maxLength"}
        if bounds:
            properties[name]["maxLength"] = min(bounds)


def _allow_unsent(draft: Draft, tree: Tree, lists: Mapping[str, list[dict[str, Any]]]) -> None:
    """Allow settings to be null or missing, if that is how a setting that is not sent is shown."""
    for kind, names in draft.facts.types.items():
        node = settings_node(draft, tree, kind)
        for name in names:
            rows = lists.get(name, lists.get(OWN, []))
            absent, key = next((row for row in rows if row["when"] == "absent"), {}), key_of(node, name)
            if "omit" in absent:
                node["required"] = [each for each in node.get("required", ()) if each != key]
            if "value" in absent and absent["value"] is None and key in node.get("properties", {}):
                shown = node["properties"][key]
                kinds = [shown["type"]] if isinstance(shown["type"], str) else shown["type"]
                node["properties"][key] = {**shown, "type": [*dict.fromkeys((*kinds, "null"))]}
                settings = component(tree, row_node(draft, tree)["properties"][draft.facts.row["settings"]])
                settings["additionalProperties"] = True


def _allow_kept(draft: Draft, tree: Tree, form: Tree) -> None:
    """Allow a row to show each name and type that the form keeps, such as an unlisted type or none at all."""
    fields = {name: resolved(tree, node) for name, node in form["properties"].items()}
    rows = form_rows(form, fields, tree["x-service"]).fields
    odd = (None, "", "unlisted", *(kind.upper() for kind in draft.facts.types))
    for word in ("name", "type"):
        field = draft.facts.form[word]
        kept = [react(rows[field], text, fields[field]) for text in odd]
        values = [
            each.row.effect if each.outcome == "value" and each.row else each.text
            for each in kept
            if each.is_taken
        ]
        node = row_node(draft, tree)["properties"][draft.facts.row[word]]
        shown = resolved(tree, node)
        kinds = {shown["type"]} if isinstance(shown["type"], str) else {*shown["type"]}
        listed = shown.get("enum", values)
        if all(kind_of(value) in kinds and value in listed for value in values):
            continue
        kinds |= {kind_of(value) for value in values}
        node.pop("$ref", None)
        node.pop("enum", None)
        node["type"] = sorted(kinds) if len(kinds) > 1 else kinds.pop()
