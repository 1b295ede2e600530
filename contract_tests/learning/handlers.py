"""Learns what a handler shows, and the form of its settings: it creates a handler of each type, and looks at it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from contract_tests.document import by_form
from contract_tests.guard.exchange import Exchange
from contract_tests.learning.draft import Draft, Tree, Unsayable, at
from contract_tests.learning.responses import adjust, component, described, extra, kind_of, missing
from contract_tests.probes.observations import first_page, handler
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import Undecided, Unlisted, is_success, mapping
from contract_tests.probes.trials import Trials
from mock_server.document.treatments import masked

# Placeholders for properties of a row that can be recognized by their form alone.
_OF_A_ROW = re.compile(r"\{(?:uuid|hex:\d+|id|site)\}")


class Specimen(NamedTuple):
    """A handler of one type: the form that was sent, the handler as shown, and the exchanges.

    `fields` maps the key of each setting to the form field that fills it.
    """

    kind: str
    sent: Mapping[str, str]
    shown: Mapping[str, Any]
    fields: Mapping[str, str]
    seen: Sequence[Exchange]


def collect(prober: Prober, draft: Draft) -> list[Specimen]:
    """Make one handler of each type that the service accepts."""
    found = []
    if prober.spares:
        return _collect_standing(prober)
    for kind in prober.facts.types:
        try:
            specimen, seen = prober.watch(_specimen(kind))
        except (Undecided, Unlisted):
            continue
        if isinstance(specimen, int):
            draft.learn("plan-limit", f"A create of the type {kind} returned {specimen}.", seen)
            continue
        prober.note_keys(kind, *specimen)
        found.append(Specimen(kind, *specimen, prober.fields(specimen[1]), seen[:2]))
    return found


def _collect_standing(prober: Prober) -> list[Specimen]:
    """Look at a standing row with each type. Settings that are left of an earlier type are ignored."""
    trials, found, key = Trials(prober), list[Specimen](), prober.facts.row["settings"]
    others = {name for names in prober.facts.types.values() for name in names}
    for kind, names in prober.facts.types.items():
        try:
            (sent, row), seen = prober.watch(lambda _, kind=kind: trials.specimen(kind))  # type: ignore[misc]
        except (Undecided, Unlisted):
            continue
        settings, fields = row.get(key), prober.fields(row)
        if isinstance(settings, Mapping):
            own = {name for name, field in fields.items() if field in names or field not in others}
            settings = {name: each for name, each in settings.items() if name in own}
        found.append(Specimen(kind, sent, {**row, key: settings}, fields, seen[-2:] or prober.exchanges[-1:]))
    return found


def _specimen(kind: str) -> Callable[[Prober], tuple[dict[str, str], Mapping[str, Any]] | int]:
    def make(prober: Prober) -> tuple[dict[str, str], Mapping[str, Any]] | int:
        form = prober.kinds.form(kind, prober.name())
        response, row = prober.create(form)
        if row is None or not is_success(response):
            return response.status
        shown = dict(prober.retrieve(row))
        prober.discard(row)
        return form, shown

    return make


def learn_row(prober: Prober, draft: Draft, specimens: list[Specimen]) -> None:
    """Compare the keys of handlers with the document's; those of others if the run has no handlers of its own."""
    rows = [specimen.shown for specimen in specimens]
    seen = specimens[-1].seen if specimens else ()
    if not rows:
        page, seen = prober.watch(lambda asked: asked.once(first_page))
        rows = page.rows
    known = draft.facts.schemas.properties(_row_schema(draft))
    more, fewer = extra(known, rows), missing(known, rows)
    if not specimens:  # rows of others are masked: only the types of their values are true
        more = {key: {"type": schema["type"], "readOnly": True} for key, schema in more.items()}
    constant = extra(draft.facts.row.values(), rows) if specimens else {}
    more |= {
        key: {**known[key], **node}
        for key, node in constant.items()
        if key in known and "default" in node and node["default"] != known[key].get("default")
    }
    changing = [
        key for key, node in more.items() if specimens and "readOnly" in node and "default" not in node
    ]
    by_type = _by_type(prober, specimens, changing)
    site = "{0.scheme}://{0.netloc}".format(
        urlsplit(prober.api.base_url)
    )  # behind a guard, addresses begin with the guard's own
    ids = [row.get(draft.facts.row["id"]) for row in rows]
    more |= {
        key: varying(key, [placed(row[key], own, site) for row, own in zip(rows, ids, strict=True)])
        for key in changing
        if key not in by_type
    }
    for key in changing:  # another name of the id
        if all(row[key] == own and isinstance(own, int) for row, own in zip(rows, ids, strict=True)):
            more[key] = {"type": "integer", "readOnly": True, "x-text": "{id}"}
    if more or fewer:
        new, lost = ", ".join(more) or "nothing", ", ".join(fewer) or "nothing"
        says = f"A handler has {new} beside the documented, and lacks {lost}."
        draft.learn("handler", says, seen, lambda tree: _adjust_row(draft, tree, more, fewer, by_type))


def placed(value: Any, identity: Any, site: str) -> Any:
    """Return a value of a row with placeholders for its id, and for the beginning of the service's addresses."""
    if isinstance(value, dict):
        return {key: placed(each, identity, site) for key, each in value.items()}
    if not isinstance(value, str):
        return value
    return re.sub(rf"(?<![\w.-]){identity}(?![\w-])", "{id}", value.replace(site, "{site}"))


def varying(key: str, values: Sequence[Any]) -> dict[str, Any]:
    """Return the schema of a property whose values differ from row to row, with their common form if there is one."""
    if all(isinstance(value, dict) and value.keys() == values[0].keys() for value in values):
        properties = {name: varying(name, [value[name] for value in values]) for name in values[0]}
        return {"type": "object", "required": [*properties], "properties": properties}
    schema = described(key, values)
    forms = {by_form(value) for value in values if isinstance(value, str)}
    if (
        len(forms) == 1
        and all(isinstance(value, str) for value in values)
        and re.search(_OF_A_ROW, form := forms.pop())
    ):
        return {**schema, "x-text": form}
    return schema


def _by_type(prober: Prober, specimens: Sequence[Specimen], keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return by type the values of the properties that the type of a row decides.

    A second row of the type has the same value, or one row has another value with each type.
    """
    rows = {specimen.shown.get(prober.facts.row["id"]) for specimen in specimens}
    try:
        again = prober.once(handler).first
    except (Undecided, Unlisted):
        return {}
    found = {}
    for key in keys:
        if len(rows) < len(specimens):
            ids = {(each.shown.get(prober.facts.row["id"]), str(each.shown[key])) for each in specimens}
            if len(ids) == len(rows):
                continue
        values = {specimen.kind: specimen.shown[key] for specimen in specimens}
        first = values.get(prober.kinds.pair)
        is_plain = first is not None and not isinstance(first, (dict, list))
        if is_plain and again.get(key) == first and by_form(str(first)) == str(first):
            found[key] = values
    return found


def _row_schema(draft: Draft) -> Mapping[str, Any]:
    answer = draft.facts.operation("retrieve").response
    return draft.facts.schemas.at(answer, draft.facts.schemas.path_to(answer, "row"))


def row_node(draft: Draft, tree: Tree) -> Tree:
    """Return the schema of a row; changes to it change the tree."""
    facts = draft.facts
    answer = facts.operation("retrieve").response
    (key,) = facts.schemas.path_to(answer, "row")
    return component(tree, answer["properties"][key])


def _adjust_row(
    draft: Draft,
    tree: Tree,
    more: Mapping[str, dict[str, Any]],
    fewer: list[str],
    by_type: Mapping[str, Mapping[str, Any]],
) -> None:
    row = row_node(draft, tree)
    adjust(row, more, fewer)
    for key, values in by_type.items():
        for branch in row["allOf"]:
            (condition,) = branch["if"]["properties"].values()
            if condition.get("const") in values:
                branch["then"]["properties"][key] = {"const": values[condition["const"]]}
    seed = at(tree, row["x-resource"]["seed"])
    for example in seed:
        for key in fewer:
            example.pop(key, None)
        kind = example.get(draft.facts.row["type"])
        example |= {
            key: by_type[key].get(kind) if key in by_type else schema.get("default", _plain(schema))
            for key, schema in more.items()
            if not {"x-text", "properties"} & schema.keys()
        }


def _plain(schema: Mapping[str, Any]) -> Any:
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    return {"boolean": False, "integer": 1, "number": 1, "string": "", "array": [], "object": {}}.get(kind)


def learn_settings(prober: Prober, draft: Draft, specimens: list[Specimen]) -> None:
    """Compare the settings of each type with what was sent: their keys, and what is shown in place of values."""
    key = draft.facts.row["settings"]
    masks = _masks(prober, draft, specimens)
    for specimen in specimens:
        shown = specimen.shown.get(key)
        if kind_of(shown) == "string":
            draft.unsaid.append(f"The settings of {specimen.kind} are shown as a text: {shown!r}.")
            continue
        properties = settings_node(draft, draft.tree, specimen.kind).get("properties", {})
        wanted = _wanted(draft, specimen, mapping(shown), masks)
        if wanted != properties:
            says = f"The settings of {specimen.kind} are {_form(specimen, mapping(shown))}."
            is_mask = wanted.keys() == properties.keys()
            about = "secrets-in-replies" if is_mask else f"settings of {specimen.kind}"
            draft.learn(about, says, specimen.seen, _set_settings(draft, specimen.kind, wanted))
    for kind in draft.facts.types if specimens else ():
        if all(kind != specimen.kind for specimen in specimens):
            wanted = _like(draft, kind, specimens, masks)
            if wanted != settings_node(draft, draft.tree, kind).get("properties", {}):
                says = (
                    f"The settings of {kind} were not looked at, and are taken to be as those of other types."
                )
                draft.learn(f"settings of {kind}", says, (), _set_settings(draft, kind, wanted))


def _like(
    draft: Draft, kind: str, specimens: Sequence[Specimen], masks: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return the properties of a type that no row has had, made like those of similar types."""
    node, examples = settings_node(draft, draft.tree, kind), draft.facts.examples
    properties = dict(node.get("properties", {}))
    for name in draft.facts.types[kind]:
        is_url = "://" in examples.get(kind, {}).get(name, "")
        alike = [masks[other] for each in specimens for other in each.sent if other in masks
                 and ("://" in each.sent[other]) == is_url]  # fmt: skip
        key = key_of(node, name)
        if alike and key in properties:
            properties[key] = {**properties[key], "x-mask": alike[0]}
    settings = [mapping(each.shown.get(draft.facts.row["settings"])) for each in specimens]
    more = [{name: value for name, value in shown.items() if each.fields.get(name, name) not in each.sent}
            for each, shown in zip(specimens, settings, strict=True)]  # fmt: skip
    for name in more[0] if more else ():
        values = [each[name] for each in more if name in each]
        if len(values) == len(more):
            properties[name] = {"const": max(values, key=values.count)}
    return properties


def _form(specimen: Specimen, shown: Mapping[str, Any]) -> str:
    words = []
    for key, value in shown.items():
        field = specimen.fields.get(key, key)
        is_as_sent = str(value) == specimen.sent.get(field)
        what = "as sent" if is_as_sent and isinstance(value, str) else repr(value)
        words.append(f"{key} {what}{f' (the field {field})' if field != key else ''}")
    return ", ".join(words) or "empty"


def settings_node(draft: Draft, tree: Tree, kind: str) -> Tree:
    """Return the schema of a type's settings; changes to it change the tree. Raises Unsayable if unknown."""
    for branch in row_node(draft, tree).get("allOf", ()):
        if kind in {node.get("const") for node in branch["if"]["properties"].values()}:
            return component(tree, next(iter(branch["then"]["properties"].values())))
    raise Unsayable(f"The document says nothing of the settings of {kind}.")


def key_of(node: Tree, field: str) -> str:
    """Return the key under which settings of this schema show a field."""
    properties = node.get("properties", {}).items()
    return next((key for key, each in properties if each.get("x-field") == field), field)


def _wanted(
    draft: Draft, specimen: Specimen, shown: Mapping[str, Any], masks: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return the properties of settings as they were seen."""
    properties = settings_node(draft, draft.tree, specimen.kind).get("properties", {})
    known = {node.get("x-field", key): node for key, node in properties.items()}
    wanted: dict[str, dict[str, Any]] = {}
    for key, value in shown.items():
        field = specimen.fields.get(key, key)
        node = known.get(field, {"type": "string"} if isinstance(value, str) else {})
        node = {word: said for word, said in node.items() if word not in {"x-mask", "x-field"}}
        if field in masks:
            node["x-mask"] = masks[field]
        elif field not in specimen.sent and "const" not in node:
            node["const"] = value
        elif type(value) is int and field in specimen.sent:
            node["type"] = ["string", "integer"]
        wanted[key] = node | ({} if field == key else {"x-field": field})
    return wanted


# Short values, which a mask may treat differently, and a long one, whose length a mask may hide.
_LENGTHS = [("abcdefghij" * 5)[:length] for length in (*range(2, 11), 48)]


def _masks(prober: Prober, draft: Draft, specimens: list[Specimen]) -> dict[str, Any]:
    """Return by field what is shown in place of its value: a text, or a mask."""
    pairs: dict[str, list[tuple[str, str]]] = {}
    for specimen in specimens:
        shown = mapping(specimen.shown.get(draft.facts.row["settings"]))
        fields = ((specimen.fields.get(key, key), value) for key, value in shown.items())
        pairs |= {
            field: [(specimen.sent[field], value)]
            for field, value in fields
            if isinstance(value, str) and specimen.sent.get(field, value) != value
        }
    for name, sent, value in _of_lengths(prober, pairs.keys()) if pairs and not prober.spares else ():
        pairs[name].append((sent, value))
    alike: list[list[str]] = []  # fields that one mask explains
    for name in pairs:
        masks = ((each, mask_of(_all(pairs, (*each, name)))) for each in alike)
        # Short values count as masked differently only if some were sent to find out.
        known = next((each for each, mask in masks if mask and not (prober.spares and "from" in mask)), None)
        if known is None:
            alike.append(known := [])
        known.append(name)
    found: dict[str, Any] = {}
    for names in alike:
        mask = mask_of(_all(pairs, names))
        if mask is None:
            draft.unsaid.append(f"{', '.join(names)}: shown neither as sent nor masked in one way.")
        else:
            found |= dict.fromkeys(names, mask["text"] if mask.keys() == {"text"} else mask)
    return found


def _all(pairs: Mapping[str, list[tuple[str, str]]], names: Sequence[str]) -> list[tuple[str, str]]:
    return [pair for name in names for pair in pairs[name]]


def _of_lengths(prober: Prober, masked_fields: Collection[str]) -> list[tuple[str, str, str]]:
    """Make rows with values of several lengths. Return each masked field with what was sent and what is shown."""
    fields_of = {
        kind: [name for name in names if name in masked_fields] for kind, names in prober.facts.types.items()
    }
    kind, fields = max(fields_of.items(), key=lambda each: len(each[1]))
    found: list[tuple[str, str, str]] = []
    for first in range(0, len(_LENGTHS), len(fields)):
        sent = dict(zip(fields, _LENGTHS[first:], strict=False))
        try:
            _, row = prober.create({**prober.kinds.form(kind, prober.name()), **sent})
            shown = {} if row is None else prober.settings(prober.retrieve(row))
            if row is not None:
                prober.discard(row)
        except (Undecided, Unlisted):
            break
        found += [(name, sent[name], shown[name]) for name in sent if name in shown]
    return found


def mask_of(pairs: Sequence[tuple[str, str]]) -> dict[str, Any] | None:
    """Return the mask (`x-mask`) that turns each text that was sent into what is shown; None if no mask does."""
    for least in sorted({0, *(len(sent) for sent, _ in pairs)}):
        long, short = (
            [pair for pair in pairs if (len(pair[0]) < least) is is_short] for is_short in (False, True)
        )
        mask = _mask_of_all(long)
        if mask is None or not short:
            if mask is not None:
                return mask
            continue
        if all(shown == sent for sent, shown in short):
            return {**mask, "from": least}
        texts = {shown for _, shown in short}
        if len(texts) == 1:
            return {**mask, "from": least, "short": texts.pop()}
        each = _mask_of_all(short)
        if each is not None and each.keys() == {"each"}:
            return {**mask, "from": least, "short": each}
    return None


def _mask_of_all(pairs: Sequence[tuple[str, str]]) -> dict[str, Any] | None:
    sent, shown = pairs[0]
    most = min(len(sent), len(shown), 8)
    # All characters that may be the value's own count as such, since samples may end alike.
    by_number = sorted(product(range(most + 1), repeat=2), key=sum, reverse=True)
    for words in (*by_number, ("half", 0), (0, "half")):
        first, last = (len(sent) // 2 if each == "half" else int(each) for each in words)
        middle = shown[first : len(shown) - last]
        if not middle or not shown.startswith(sent[:first]) or (last and not shown.endswith(sent[-last:])):
            continue
        ends = {word: end for word, end in zip(("keep-first", "keep-last"), words, strict=True) if end}
        most = max(len(seen) for _, seen in pairs) - first - last
        each = {"each": middle[0], **ends}
        for mask in (each, {"text": middle, **ends}, {**each, "most": most}):
            if all(masked(text, mask) == seen for text, seen in pairs):
                return mask
    return None


def _set_settings(draft: Draft, kind: str, wanted: Mapping[str, dict[str, Any]]) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        node = settings_node(draft, tree, kind)
        shown = {each.get("x-field", key): key for key, each in wanted.items()}
        before = {key: each.get("x-field", key) for key, each in node.get("properties", {}).items()}
        node["properties"] = dict(wanted)
        if "required" in node:
            needed = [before.get(key, key) for key in node["required"]]
            node["required"] = [shown[field] for field in needed if field in shown]
        if not all(isinstance(each.get("const", ""), str) and each.get("type", "string") == "string"
                   for each in wanted.values()):  # fmt: skip
            settings = component(tree, row_node(draft, tree)["properties"][draft.facts.row["settings"]])
            settings["additionalProperties"] = True

    return change


def learn_empty_settings(prober: Prober, draft: Draft) -> None:
    """Find out how empty settings are written: as `{}`, or as `[]`, which is PHP's empty array.

    Types whose settings were never seen empty are presumed to be like the others.
    """
    facts, written, proof = draft.facts, dict[str, set[str]](), list[Exchange]()
    steps = facts.schemas.path_to(facts.operation("retrieve").response, "row")
    for response, exchange in zip(prober.responses, prober.exchanges, strict=True):
        if facts.kind_of(exchange.operation) != "retrieve" or not is_success(response):
            continue
        row = mapping(response.shown(*steps))
        kind, settings = row.get(facts.row["type"]), row.get(facts.row["settings"])
        if isinstance(kind, str) and settings in ({}, []):
            written.setdefault(kind, set()).add(kind_of(settings))
            proof += [exchange] if settings == [] else []
    all_seen = {word for words in written.values() for word in words}
    found = [
        kind
        for kind, fields in facts.types.items()
        if written.get(kind, all_seen if fields else set()) == {"array"}
        and settings_node(draft, draft.tree, kind).get("type") == "object"
    ]
    if not found:
        return

    def change(tree: Tree) -> None:
        settings = component(tree, row_node(draft, tree)["properties"][facts.row["settings"]])
        for node in (settings, *(settings_node(draft, tree, kind) for kind in found)):
            node["type"] = ["object", "array"]

    draft.learn("empty settings", "Settings without a key are written as [].", proof[-1:], change)
