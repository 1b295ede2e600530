"""One handler of each type, made, looked at and deleted: what a handler shows, and the form of its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from contract_tests.guard.exchange import Exchange
from contract_tests.learning.draft import Draft, Tree, Unsayable, at
from contract_tests.learning.properties import adjust, extra, kind_of, missing
from contract_tests.learning.responses import component
from contract_tests.probes.finding import Undecided, Unlisted
from contract_tests.probes.observations import first_page
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import is_success, mapping


class Specimen(NamedTuple):
    """A handler of one type: the form that was sent, the handler as shown, and the exchanges."""

    kind: str
    sent: Mapping[str, str]
    shown: Mapping[str, Any]
    seen: tuple[Exchange, ...]


def collect(prober: Prober, draft: Draft) -> list[Specimen]:
    """Make one handler of each type that the service takes."""
    found = []
    for kind in prober.facts.types:
        try:
            specimen, seen = prober.watch(_specimen(kind))
        except (Undecided, Unlisted):
            continue
        if isinstance(specimen, int):
            draft.learn("plan-limit", f"A create of the type {kind} was answered {specimen}.", seen)
            continue
        found.append(Specimen(kind, specimen[0], specimen[1], seen[:2]))
    return found


def _specimen(kind: str) -> Callable[[Prober], tuple[dict[str, str], Mapping[str, Any]] | int]:
    def make(prober: Prober) -> tuple[dict[str, str], Mapping[str, Any]] | int:
        form = prober.kinds.form(kind, prober.name())
        answer, row = prober.create(form)
        if row is None or not is_success(answer):
            return answer.status
        shown = dict(prober.retrieve(row))
        prober.discard(row)
        return form, shown

    return make


def learn_row(prober: Prober, draft: Draft, specimens: list[Specimen]) -> None:
    """Compare the keys of handlers with the document's; without own ones, those of anybody's, by their types."""
    rows = [specimen.shown for specimen in specimens]
    seen = specimens[-1].seen if specimens else ()
    if not rows:
        page, seen = prober.watch(lambda asked: asked.once(first_page))
        rows = page.rows
    known = draft.facts.schemas.properties(_row_schema(draft))
    more, fewer = extra(known, rows), missing(known, rows)
    if not specimens:  # masked: the types are right, the values are nobody's
        more = {key: {"type": schema["type"], "readOnly": True} for key, schema in more.items()}
    if more or fewer:
        new, lost = ", ".join(more) or "nothing", ", ".join(fewer) or "nothing"
        says = f"A handler has {new} beside the documented, and lacks {lost}."
        draft.learn("handler", says, seen, lambda tree: _adjust_row(draft, tree, more, fewer))


def _row_schema(draft: Draft) -> Mapping[str, Any]:
    answer = draft.facts.operation("retrieve").answer
    return draft.facts.schemas.at(answer, draft.facts.schemas.path_to(answer, "row"))


def _row_node(draft: Draft, tree: Tree) -> Tree:
    facts = draft.facts
    answer = facts.operation("retrieve").answer
    (key,) = facts.schemas.path_to(answer, "row")
    return component(tree, answer["properties"][key])


def _adjust_row(draft: Draft, tree: Tree, more: Mapping[str, dict[str, Any]], fewer: list[str]) -> None:
    row = _row_node(draft, tree)
    adjust(row, more, fewer)
    seed = at(tree, row["x-resource"]["seed"])
    for example in seed:
        for key in fewer:
            example.pop(key, None)
        example |= {key: schema.get("default", _plain(schema)) for key, schema in more.items()}


def _plain(schema: Mapping[str, Any]) -> Any:
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    return {"boolean": False, "integer": 1, "number": 1, "string": "", "array": [], "object": {}}.get(kind)


def learn_settings(draft: Draft, specimens: list[Specimen]) -> None:
    """Compare the settings of each type with what was sent: keys, and what is shown in place of a value."""
    key = draft.facts.row["settings"]
    masks = _masks(draft, specimens)
    for specimen in specimens:
        shown = specimen.shown.get(key)
        if kind_of(shown) == "string":
            draft.unsaid.append(f"The settings of {specimen.kind} are shown as a text: {shown!r}.")
            continue
        properties = settings_node(draft, draft.tree, specimen.kind).get("properties", {})
        wanted = _wanted(draft, specimen, mapping(shown), masks)
        if wanted != properties:
            says = f"The settings of {specimen.kind} are {_form(specimen, mapping(shown))}."
            about = (
                "secrets-in-replies" if wanted.keys() == properties.keys() else f"settings of {specimen.kind}"
            )
            draft.learn(about, says, specimen.seen, _set_settings(draft, specimen.kind, wanted))


def _form(specimen: Specimen, shown: Mapping[str, Any]) -> str:
    sent = specimen.sent
    words = [
        f"{name} {'as sent' if sent.get(name) == value else repr(value)}" for name, value in shown.items()
    ]
    return ", ".join(words) or "empty"


def settings_node(draft: Draft, tree: Tree, kind: str) -> Tree:
    """Return the schema of a type's settings, to be changed in place. Raises Unsayable where there is none."""
    for branch in _row_node(draft, tree).get("allOf", ()):
        if kind in {node.get("const") for node in branch["if"]["properties"].values()}:
            (node,) = branch["then"]["properties"].values()
            return component(tree, node)
    raise Unsayable(f"The document says nothing of the settings of {kind}.")


def _wanted(
    draft: Draft, specimen: Specimen, shown: Mapping[str, Any], masks: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return the properties that show what was seen."""
    properties = settings_node(draft, draft.tree, specimen.kind).get("properties", {})
    wanted: dict[str, dict[str, Any]] = {}
    for name, value in shown.items():
        node = {
            word: said for word, said in properties.get(name, {"type": "string"}).items() if word != "x-mask"
        }
        if name in masks:
            node["x-mask"] = masks[name]
        elif name not in specimen.sent and "const" not in node:
            node["const"] = value
        wanted[name] = node
    return wanted


def _masks(draft: Draft, specimens: list[Specimen]) -> dict[str, Any]:
    """Return what is shown in place of each field's value: one text for all, or one sign for each character."""
    key = draft.facts.row["settings"]
    pairs: dict[str, tuple[str, str]] = {}
    for specimen in specimens:
        shown = mapping(specimen.shown.get(key))
        pairs |= {
            name: (specimen.sent[name], value)
            for name, value in shown.items()
            if isinstance(value, str) and specimen.sent.get(name, value) != value
        }
    if not pairs:
        return {}
    texts = {shown for _, shown in pairs.values()}
    if len(texts) == 1:
        return dict.fromkeys(pairs, texts.pop())
    mask = mask_of(list(pairs.values()))
    if mask is None:
        draft.unsaid.append("Settings are shown neither as sent nor masked in one way.")
        return {}
    return dict.fromkeys(pairs, mask)


def mask_of(pairs: Sequence[tuple[str, str]]) -> dict[str, Any] | None:
    """Return the mask (`x-mask`) that explains each pair of a text that was sent and what is shown of it."""
    sent, shown = pairs[0]
    most = min(len(sent), len(shown), 8)
    for first, last in sorted(product(range(most + 1), repeat=2), key=sum):
        middle = shown[first : len(shown) - last]
        if not middle or not shown.startswith(sent[:first]) or (last and not shown.endswith(sent[-last:])):
            continue
        ends = {**({"keep-first": first} if first else {}), **({"keep-last": last} if last else {})}
        for mask in ({"each": middle[0], **ends}, {"text": middle, **ends}):
            if all(_masked(text, mask) == seen for text, seen in pairs):
                return mask
    return None


def _masked(text: str, mask: Mapping[str, Any]) -> str:
    first, last = mask.get("keep-first", 0), mask.get("keep-last", 0)
    sign = mask["each"] * max(0, len(text) - first - last) if "each" in mask else mask["text"]
    return f"{text[:first]}{sign}{text[len(text) - last :] if last else ''}"


def _set_settings(draft: Draft, kind: str, wanted: Mapping[str, dict[str, Any]]) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        for name, node in wanted.items():
            if not isinstance(node.get("const", ""), str):
                raise Unsayable(
                    f"The setting {name} of {kind} is shown as {node['const']!r}, and is no text."
                )
        node = settings_node(draft, tree, kind)
        node["properties"] = dict(wanted)
        if "required" in node:
            node["required"] = [name for name in node["required"] if name in wanted]

    return change
