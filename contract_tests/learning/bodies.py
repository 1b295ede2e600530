"""Learns what becomes of a write with a body of another media type, or without a body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contract_tests.learning.doors import JSON, TEXT, URLENCODED, Doors
from contract_tests.learning.draft import Draft, Tree
from contract_tests.learning.presentation import Look
from contract_tests.learning.responses import operations, place, say
from contract_tests.probes.handler import multipart
from contract_tests.probes.observations import handler, nameless
from contract_tests.probes.prober import Prober

# The field of a body that may not be read; the document has no such field.
_NO_FIELD = "no-field"


def learn_media_types(prober: Prober, draft: Draft) -> None:
    """Create with bodies of other media types, which may be read, be refused, or count as a form without fields."""
    doors, create = Doors(prober, draft), draft.facts.operation("create")
    answered = {lesson.about for lesson in draft.lessons} if prober.spares else set()
    looks: dict[str, Look] = {}
    unread: list[str] = []
    for kind, question in ((TEXT, ""), (JSON, "json-body"), (URLENCODED, "urlencoded-body")):
        if question in answered:
            unread += [kind] if kind not in create.media_types else []
            continue
        body = b'{"no-field": "1"}' if kind == JSON else b"no-field=1"
        response = doors.ask("POST", create.path, body=body, headers={"Content-Type": kind})
        look = doors.look(response, value=kind)
        if look is None:
            continue
        if kind in create.media_types and look != looks.get(TEXT):
            continue  # it is read
        if _is_without_fields(doors, look):
            unread.append(kind)
        else:
            looks[kind] = look
    empty = {}
    if TEXT in looks and not prober.spares:
        response = doors.ask("POST", create.path, body=b"", headers={"Content-Type": TEXT})
        empty = {"empty": "refused"} if doors.look(response, value=TEXT) == looks[TEXT] else {}
    _write_media_types(doors, looks, unread, empty)


def _is_without_fields(doors: Doors, look: Look) -> bool:
    """Tell whether a create is refused like a form without fields."""
    if doors.prober.spares and look.status != doors.prober.once(nameless).status:
        return False
    path, seen = doors.facts.operation("create").path, doors.seen[-1]
    forms = (multipart([(_NO_FIELD, b"1")]), multipart([]))
    nothing = (doors.look(doors.ask("POST", path, **form)) for form in forms)
    is_alike = any((look.status, look.value) == (each.status, each.value) for each in nothing if each)
    doors.seen.append(seen)
    return is_alike


def _write_media_types(
    doors: Doors, looks: Mapping[str, Look], unread: Sequence[str], empty: Mapping[str, str]
) -> None:
    draft = doors.draft
    words: dict[str, str] = {}
    names: dict[str, Look] = {}
    for kind, look in looks.items():
        known = next((name for name, each in names.items() if each == look), None)
        name = known or ("media_type_unread" if not names else f"media_type_unread_{len(names) + 1}")
        names[name] = look
        words[kind] = name
    words = {"other": words.pop(TEXT, "ignored"), **empty, **words, **dict.fromkeys(unread, "ignored")}
    words = {kind: name for kind, name in words.items() if kind == "other" or name != words["other"]}
    if words == {"other": "ignored"}:
        return

    def change(tree: Tree) -> None:
        for name, look in names.items():
            say(tree, name, look)
            for kind in ("create", "update"):
                place(tree, dict(operations(tree))[draft.facts.operation(kind).id]["responses"], name, look)
        for kind in ("create", "update"):
            content = dict(operations(tree))[draft.facts.operation(kind).id]["requestBody"]["content"]
            for media_type in looks:
                content.pop(media_type, None)
        tree["x-service"]["media-types"] = words

    told = ", ".join(f"{kind} {name}" for kind, name in words.items())
    draft.learn("media-types", f"Bodies of media types that are not read: {told}.", doors.seen[-1:], change)


def learn_no_body(prober: Prober, draft: Draft) -> None:
    """Write without a body and without a Content-Type, which may be refused in another way than a form without fields.

    It is a refusal of its own if a create and an update get the same one. An update without fields changes nothing.
    """
    doors, create = Doors(prober, draft), draft.facts.operation("create").path
    update = prober.api.path_of("update", prober.once(handler).id)
    look, same = (doors.look(doors.ask("POST", path, body=b"")) for path in (create, update))
    if look is None or same is None or (look.status, look.value) != (same.status, same.value):
        return
    if look == doors.look(doors.ask("POST", update, **multipart([]))):
        return  # a form without fields is refused, too

    def change(tree: Tree) -> None:
        say(tree, "no_body", look)
        for kind in ("create", "update"):
            place(tree, dict(operations(tree))[draft.facts.operation(kind).id]["responses"], "no_body", look)
        words = {"other": "ignored", **tree["x-service"].get("media-types", {}), "none": "no_body"}
        tree["x-service"]["media-types"] = words

    says = f"A write without a body and without a Content-Type is refused with {look.status}."
    draft.learn("media-types", says, doors.seen[:2], change)
