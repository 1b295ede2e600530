"""Learns what comes before the forms: the order of checks, keys, other methods; and whether names are unique."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from typing import Any

from contract_tests.document import NOBODYS
from contract_tests.guard.exchange import Exchange
from contract_tests.learning.draft import Draft, Tree
from contract_tests.learning.presentation import (
    Look,
    SeenResponse,
    look_of,
    reworded,
    shared_headers,
    texts_in,
)
from contract_tests.learning.reactions import Observer
from contract_tests.learning.refusals import look_at
from contract_tests.learning.responses import documented, form_of, operations, own_response, place, say
from contract_tests.probes.handler import multipart
from contract_tests.probes.observations import handler, not_there, partial, renaming
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import Undecided, Unlisted, is_success
from contract_tests.target.api import TargetResponse

JSON, TEXT, URLENCODED, MULTIPART = (
    "application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
)  # fmt: skip


# The learned form of a header Allow: of a list of all methods, it shows those of the path.
_METHODS_IN_ORDER = re.compile(r"\{methods:([A-Z, ]+)\}")


class Doors:
    """Sends requests that are refused before a form is read."""

    def __init__(self, prober: Prober, draft: Draft) -> None:
        self.prober = prober
        self.draft = draft
        self.facts = draft.facts
        self.everywhere = draft.everywhere
        self.seen: list[Exchange] = []

    def ask(self, method: str, path: str, **parts: Any) -> TargetResponse | None:
        """Send a request that should be refused; None if there was no response."""
        try:
            response = self.prober.send(method, path, fresh=True, **parts)
        except (Undecided, Unlisted):
            return None
        self.seen.append(self.prober.exchanges[-1])
        return response

    def look(self, response: TargetResponse | None, **told: str) -> Look | None:
        """Return how a refusal looks; None if the response is not one."""
        if response is None or not 400 <= response.status < 600:
            return None
        return look_at(response, self.prober.exchanges[-1], told, self.everywhere)

    @property
    def nobodys(self) -> str:
        """The path of a row that does not exist."""
        return self.prober.api.path_of("update", NOBODYS)

    @property
    def odd(self) -> str:
        """The path of a row whose id is a word."""
        return self.prober.api.path_of("update", "no-such-id")


def learn_methods(prober: Prober, draft: Draft) -> None:
    """Send a method that no path has, to a row and to the list."""
    doors, path = Doors(prober, draft), prober.api.path_of("retrieve", prober.once(handler).id)
    response = doors.ask(prober.facts.other_methods[0], path)
    if response is not None and is_success(response):
        _learn_updates(doors, path)
    row = doors.look(response)
    listed = doors.look(doors.ask(prober.facts.other_methods[0], draft.facts.operation("create").path))
    draft.unasked.append(
        "DELETE of the list: it might delete all rows, and is taken to be refused as other methods are."
    )
    if row is None:
        return
    listed = listed or row
    known = draft.tree["x-service"]["other-methods"]
    refusals = draft.tree["x-service"]["refusals"]
    if isinstance(known, str) and documented(draft.tree, refusals, known) == row == listed:
        return
    names = {"list": "method_not_allowed", "row": "method_not_allowed"}
    if listed != row:
        names["list"] = "method_not_allowed_of_list"

    def change(tree: Tree) -> None:
        for place_, look in (("row", row), ("list", listed)):
            say(tree, names[place_], look)
            place(tree, tree["x-service"]["refusals"], names[place_], look)
        tree["x-service"]["other-methods"] = names if listed != row else names["row"]

    draft.provoked |= dict.fromkeys(names.values())
    draft.learn("other-methods", f"Another method is refused with {row.status}.", doors.seen, change)


def _learn_updates(doors: Doors, path: str) -> None:
    """Learn methods that do what an update does: they succeed with its status, and show the row's id."""
    draft, update = doors.draft, doors.draft.facts.operation("update")
    steps = draft.facts.schemas.path_to(update.response, "id")

    def updates(method: str) -> bool:
        response = doors.ask(method, path)
        is_shown = response is not None and str(response.shown(*steps)) == path.rpartition("/")[2]
        return response is not None and response.status == update.success and (is_shown or not steps)

    methods = [method for method in ("PUT", "PATCH") if updates(method)]

    def change(tree: Tree) -> None:
        node = dict(operations(tree))[update.id]
        for method in methods:
            spelling = {"operationId": f"{method.lower()}_{update.id}", "x-spelling-of": update.id}
            tree["paths"][update.path][method.lower()] = {**copy.deepcopy(node), **spelling}

    if methods:
        draft.learn("other-methods", f"{' and '.join(methods)} update a row.", doors.seen, change)


def learn_order_of_methods(_: Prober, draft: Draft) -> None:
    """Use one order of methods for every header Allow: the longest one that was seen, if the others are parts of it."""
    orders = {order for text in texts_in(draft.tree) for order in _METHODS_IN_ORDER.findall(text)}
    most = max(orders, key=len, default="")
    parts = {order for order in orders if order != most and _is_part(order, most)}

    def reword(text: str) -> str:
        for part in parts:
            text = text.replace(f"{{methods:{part}}}", f"{{methods:{most}}}")
        return text

    if parts:
        says = f"All paths list their methods in the order {most}."
        draft.learn("headers", says, (), lambda tree: tree.update(reworded(tree, reword)))


def _is_part(order: str, other: str) -> bool:
    """Tell whether another list has all these methods, in the same order and with the same separators."""
    names = iter(other.split(","))
    return all(name in names for name in order.split(","))


def learn_bearer(prober: Prober, draft: Draft) -> None:
    """Send an Authorization of another scheme, which may be refused differently from a missing one."""
    doors, path = Doors(prober, draft), draft.facts.operation("list").path
    missing = doors.look(doors.ask("GET", path, authorization=None))
    look = doors.look(doors.ask("GET", path, authorization="Basic YTpi"))
    if look is None or look == missing:
        return

    def change(tree: Tree) -> None:
        say(tree, "malformed_bearer", look)
        place(tree, tree["x-service"]["refusals"], "malformed_bearer", look)
        tree["x-service"]["malformed-bearer"] = "malformed_bearer"

    says = f"An Authorization of another scheme is refused in another way than a missing one, with {look.status}."
    draft.learn("error-titles", says, doors.seen[-1:], change)


def learn_other_account(prober: Prober, draft: Draft) -> None:
    """Ask for a row with the key of a second account, if there is one."""
    if not prober.terms.other_key:
        return
    doors, bearer = Doors(prober, draft), f"Bearer {prober.terms.other_key}"
    row = prober.once(handler)
    path = prober.api.path_of("retrieve", row.id)
    response = doors.ask("GET", path, authorization=bearer)
    if response is None:
        return
    if is_success(response):  # each account may count its own ids
        if prober.row_in(response).get(prober.facts.row["name"]) == row.name:
            draft.unsaid.append("The second key shows a row of the first: both open one account, or any row.")
        return
    refused, told = doors.look(response, id=str(row.id)), {"id": str(NOBODYS)}
    if not is_success(prober.send("GET", draft.facts.operation("list").path, authorization=bearer)):
        raise Undecided("the second key is refused")
    if refused is None or refused == doors.look(prober.once(not_there), **told):
        draft.learn("other-accounts", "A row of another account is as one that does not exist.", doors.seen)
        return
    name = "of_another_account"

    def change(tree: Tree) -> None:
        say(tree, name, refused)
        place(tree, tree["x-service"]["refusals"], name, refused)
        tree["x-service"]["other-accounts"] = name

    draft.learn("other-accounts", f"A row of another account returns {refused.status}.", doors.seen, change)


def learn_deleted_id(prober: Prober, draft: Draft) -> None:
    """Ask for a deleted row, which may be refused differently from an id that never existed."""
    deletes = (each.url for each in prober.exchanges if each.method == "DELETE" and 200 <= each.status < 300)
    row = next(deletes, "").rstrip("/").rpartition("/")[2]
    if not row.isdecimal():
        return
    doors = Doors(prober, draft)
    look = doors.look(doors.ask("GET", prober.api.path_of("retrieve", int(row))), id=row)
    unknown = doors.look(doors.ask("GET", doors.nobodys), id=str(NOBODYS))
    if look is None or unknown is None:
        return
    if "{id" in repr(unknown.value):  # of a short id, too
        told = rf"(?<![\w-]){row}(?![\w-])"
        look = look._replace(value=reworded(look.value, lambda text: re.sub(told, "{id}", text)))
    if look == unknown:
        return

    def change(tree: Tree) -> None:
        say(tree, "deleted", look)
        for kind in ("retrieve", "update", "delete"):
            responses = dict(operations(tree))[draft.facts.operation(kind).id]["responses"]
            place(tree, responses, "deleted", look)
        tree["x-service"]["deleted"] = "deleted"

    says = f"A deleted row is refused in another way than an id that was never used, with {look.status}."
    draft.learn("error-titles", says, doors.seen, change)


def learn_success_headers(prober: Prober, draft: Draft) -> None:
    """Learn the headers that all successes of an operation have, but not every response."""
    everywhere = draft.tree["x-service"].get("x-headers", {})
    found: dict[str, dict[str, str]] = {}
    for kind in dict.fromkeys(each.kind for each in draft.facts.operations.values()):
        success = draft.facts.operation(kind).success
        successes = [
            look_of(SeenResponse(each.status, dict(each.headers), b"", {}))
            for each in prober.exchanges
            if draft.facts.kind_of(each.operation) == kind and each.status == success
        ]
        own = {name: text for name, text in shared_headers(successes).items() if everywhere.get(name) != text}
        if own:
            found[kind] = own
    if not found:
        return

    def change(tree: Tree) -> None:
        for identity, node in operations(tree):
            kind = draft.facts.kind_of(identity)
            if kind in found:
                response = own_response(tree, node["responses"], draft.facts.operation(kind).success)
                headers = {
                    name: {
                        "description": "As the service answers.",
                        "schema": {"type": "string"},
                        "x-text": text,
                    }
                    for name, text in found[kind].items()
                }
                response["headers"] = {**response.get("headers", {}), **headers}

    told = "; ".join(f"{kind}: {', '.join(own)}" for kind, own in found.items())
    draft.learn("headers", f"Successes have headers of their own: {told}.", prober.exchanges[-1:], change)


def learn_head(prober: Prober, draft: Draft) -> None:
    """Ask for a row with HEAD, which may be refused differently from other methods, such as without a media type."""
    doors, service = Doors(prober, draft), draft.tree["x-service"]
    response = doors.ask("HEAD", prober.api.path_of("retrieve", prober.once(handler).id))
    if response is not None and is_success(response) and service.get("head") != "as-get":
        says, words = "HEAD is answered as GET is.", {"head": "as-get"}
        draft.learn("head", says, doors.seen[-1:], lambda tree: tree["x-service"].update(words))
    if (look := doors.look(response)) is None:
        return
    known = service["other-methods"]
    known = documented(draft.tree, service["refusals"], known if isinstance(known, str) else known["row"])
    if known is not None and known._replace(value=look.value) != look:
        says = f"HEAD is refused in its own way, with {look.status} and {look.media_type or 'no type'}."
        draft.learn("head", says, doors.seen[-1:], _refuse_head(look))


def _refuse_head(look: Look) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        say(tree, "head_refused", look)
        place(tree, tree["x-service"]["refusals"], "head_refused", look)
        tree["x-service"]["head"] = "head_refused"

    return change


def learn_same_type(prober: Prober, draft: Draft) -> None:
    """Find out whether an update of the name resets settings, or only an update that sends another setting."""
    update = draft.facts.operation("update").id
    words = dict(operations(draft.tree))[update]["x-update"]
    renamed = prober.once(renaming)
    changed, seen = prober.watch(lambda asking: asking.once(partial))
    if words["unsent"] != "kept" or not renamed.kept:
        return
    said = "kept" if changed.after == changed.first else "reset-if-sent"
    if words["same-type"] != said:

        def change(tree: Tree) -> None:
            dict(operations(tree))[update]["x-update"]["same-type"] = said

        draft.learn("update-same-type", f"Settings that are not sent are {said}.", seen, change)


def learn_unique(prober: Prober, draft: Draft) -> None:
    """Give two rows the same name, by a create and by an update."""
    if prober.terms.hidden:
        raise Undecided(
            "the guard makes all names different, and longer, so it is unknown whether they must differ, and whether "
            "short ones are refused"
        )
    observer = Observer(prober, draft.everywhere)
    words, kind = draft.facts.form, prober.kinds.plain
    first = observer.standing(kind)
    name = first.name
    response, row = prober.create(observer.base(kind, name=name))
    if row is not None:
        prober.discard(row)
        return
    looks = {
        "create": look_at(
            response, prober.exchanges[-1], {"field": words["name"], "value": name}, observer.everywhere
        )
    }
    seen = [prober.exchanges[-1]]
    other = observer.standing(prober.kinds.pair)
    response = other.update(name=name)
    if not is_success(response):
        looks["update"] = look_at(
            response,
            prober.exchanges[-1],
            {"field": words["name"], "value": name, "id": str(other.id)},
            observer.everywhere,
        )
    _write_unique(draft, looks, seen)


def _write_unique(draft: Draft, looks: Mapping[str, Look], seen: list[Exchange]) -> None:
    field = draft.facts.form["name"]

    def change(tree: Tree) -> None:
        for kind, look in looks.items():
            name = "not_unique" if look == looks["create"] else "new_not_unique"
            say(tree, name, look)
            place(tree, dict(operations(tree))[draft.facts.operation(kind).id]["responses"], name, look)
            form_of(tree, draft.facts.operation(kind).id)["x-unique"] = {"field": field, "refuse": name}

    draft.learn("unique", f"No two rows have the same {field}.", seen, change)


def learn_order(prober: Prober, draft: Draft) -> None:
    """Send requests that two checks refuse, and sort the checks by which of them does."""
    doors = Doors(prober, draft)
    order = [*draft.tree["x-service"]["checks"]]
    before = _Comparer(doors).compared()
    wanted = _sorted(order, before)
    if wanted != order:

        def change(tree: Tree) -> None:
            tree["x-service"]["checks"] = wanted

        draft.learn("checks-order", f"Checks come in the order {', '.join(wanted)}.", doors.seen[-3:], change)


class _Comparer:
    """Compares checks in pairs. `compared` are pairs of checks, the earlier one first."""

    def __init__(self, doors: Doors) -> None:
        self.doors = doors
        self.prober = doors.prober
        self.facts = doors.facts
        self.found: list[tuple[str, str]] = []

    def compared(self) -> list[tuple[str, str]]:
        doors, path = self.doors, self.facts.operation("create").path
        other, bad = {"body": b"no-field=1", "headers": {"Content-Type": TEXT}}, self._bad_form()
        unread, lost = self._alone("POST", path, **other), self._alone("POST", doors.nobodys)
        listed = self.facts.operation("list").path
        keyless = self._alone("GET", listed, authorization=None)
        no_id = None if self.prober.spares else self._alone("GET", doors.odd)
        no_id = None if no_id == lost else no_id
        if no_id is not None:
            self._which("GET", doors.odd, ("id", "bearer"), (no_id, keyless), authorization=None)
        self._which(
            self.facts.other_methods[0], doors.nobodys, ("method", "existence"), (self._method(), lost)
        )
        if not self.prober.spares and unread is not None and "media-types" in doors.draft.tree["x-service"]:
            self._which(
                "POST", path, ("media-type", "bearer"), (unread, keyless), authorization=None, **other
            )
            self._which("POST", doors.nobodys, ("media-type", "existence"), (unread, lost), **other)
            if no_id is not None:
                self._which("POST", doors.odd, ("media-type", "id"), (unread, no_id), **other)
        if bad is not None:
            form, refused = bad
            self._which("POST", doors.nobodys, ("form", "existence"), (refused, lost), **form)
            if no_id is not None:
                self._which("POST", doors.odd, ("form", "id"), (refused, no_id), **form)
        foreign = None if self.prober.spares else self._foreign_form()
        if foreign is not None:
            form, refused = foreign
            before = len(self.found)
            self._which("POST", doors.nobodys, ("availability", "existence"), (refused, lost), **form)
            is_form_first = ("form", "existence") in self.found[:before]
            if (("availability", "existence") in self.found) == is_form_first:
                del self.found[before:]  # it is a check of the form, and comes with it
        method, looks = self.facts.other_methods[0], (self._method(path), keyless)
        self._which(method, path, ("method", "bearer"), looks, authorization=None)
        return self.found

    def _method(self, path: str = "") -> Look | None:
        """Return how a wrong method is refused at such a path."""
        doors = self.doors
        if path:
            return doors.look(doors.ask(self.facts.other_methods[0], path))
        row = self.prober.once(handler).id if self.prober.spares else self.prober.once(_some_row)
        response = doors.ask(self.facts.other_methods[0], self.prober.api.path_of("retrieve", row))
        return doors.look(response, id=str(row))

    def _alone(self, method: str, path: str, *_: Any, **parts: Any) -> Look | None:
        return self.doors.look(self.doors.ask(method, path, **parts), id=str(NOBODYS))

    def _which(
        self,
        method: str,
        path: str,
        names: tuple[str, str],
        looks: tuple[Look | None, Look | None],
        **parts: Any,
    ) -> None:
        """Send a request that both checks should refuse, and note which one does."""
        if None in looks or _bare(looks[0]) == _bare(looks[1]):
            return
        answer = self.doors.look(self.doors.ask(method, path, **parts), id=str(NOBODYS))
        if answer is None:
            return
        told = [_bare(answer) == _bare(look) for look in looks]
        if told[0] != told[1]:
            self.found.append(names if told[0] else (names[1], names[0]))

    def _bad_form(self) -> tuple[dict[str, Any], Look | None] | None:
        """Return an update that is refused for its form, and how that looks."""
        words = self.facts.form
        row = self.prober.once(handler).id if self.prober.spares else self.prober.once(_some_row)
        odd = (
            (words["type"], "unlisted"), (words["name"], ""), (words["enabled"], "maybe"), (words["name"], "n" * 3000),
            ("email", "no address"), ("color", "x"), (words["name"], "a\x07b"),
        )  # fmt: skip
        for name, text in odd:
            pairs = multipart([(name, text.encode())])
            try:
                response = self.prober.send("POST", self.prober.api.path_of("update", row), **pairs)
            except (Undecided, Unlisted):
                continue
            if 400 <= response.status < 500:
                return pairs, self.doors.look(response)
        return None

    def _foreign_form(self) -> tuple[dict[str, Any], Look | None] | None:
        words, kinds = self.facts.form, self.prober.kinds
        field = self.facts.types[kinds.pair][-1]
        text = kinds.form(kinds.pair, None)[field]
        row = self.prober.once(_some_row)
        pairs = multipart([(words["type"], kinds.mailbox.encode()), (field, text.encode())])
        try:
            response = self.prober.send("POST", self.prober.api.path_of("update", row), **pairs)
        except (Undecided, Unlisted):
            return None
        return (pairs, self.doors.look(response)) if 400 <= response.status < 500 else None


def _some_row(prober: Prober) -> int:
    """Make a row for updates."""
    response, row = prober.create(prober.kinds.form(prober.kinds.pair, prober.name()))
    if row is None:
        raise Undecided(f"a plain create returns {response.status}")
    prober.retrieve(row)
    return row


def _bare(look: Look | None) -> Any:
    return None if look is None else (look.status, look.media_type, _worded(look.value))


def _worded(value: Any) -> Any:
    """Return a body without facts of its request. Two refusals are of one kind if these bodies are equal."""
    if isinstance(value, dict):
        return {key: _worded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_worded(each) for each in value]
    return re.sub(r"\{(path(:relative)?|id)\}", "…", value) if isinstance(value, str) else value


def _sorted(order: list[str], before: list[tuple[str, str]]) -> list[str]:
    """Return the checks in an order that agrees with all pairs, and changes nothing else."""
    known = [*order]
    for name in {name for pair in before for name in pair} - {*known}:
        after = {"media-type": "method", "id": "method", "availability": "form", "unique": "form"}[name]
        known.insert(known.index(after) + 1, name)
    # A key is not looked at before the bearer, and a row has no id before it is read.
    rules = [*before, ("bearer", "key"), ("key", "quota"), ("key", "existence"), ("method", "existence")]
    rules += [("key", "form"), ("method", "form"), ("form", "plan")]
    rules += [("id", "existence"), ("method", "id")] if "id" in known else []
    rules += [("key", "id")] if "id" in known and ("id", "bearer") not in before else []
    rules += [("form", name) for name in ("availability", "unique") if name in known]
    sorted_: list[str] = []
    while known:
        free = [name for name in known if not any(late == name and early in known for early, late in rules)]
        name = free[0] if free else known[0]
        known.remove(name)
        sorted_.append(name)
    return sorted_
