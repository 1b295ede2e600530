"""Texts: where a long one is cut or refused, found by bisection, and how a text is cleaned."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from contract_tests.document.facts import Facts
from contract_tests.guard.exchange import Exchange
from contract_tests.learning.draft import Draft, Tree
from contract_tests.learning.responses import component, form_of, operations
from contract_tests.probes.finding import Undecided, Unlisted
from contract_tests.probes.handler import Handler
from contract_tests.probes.observations import renaming
from contract_tests.probes.prober import Prober
from contract_tests.probes.reading import accepted

_LENGTHS = (800, 20_000)
_DIRTY = ' <b>Tom\'s</b> "x" '
_TAGS = ("<b>", "</b>")
_QUOTES = {"'": "&#39;", '"': "&#34;"}
_CLEANERS = ("strip-tags", "escape-quotes", "trim")


def learn_texts(prober: Prober, draft: Draft) -> None:
    """Find, for the name and for a value, the longest text and the cleaning."""
    row = prober.once(subject)
    name = draft.facts.form["name"]
    fields = [(name, prober.terms.hidden)]
    own = draft.facts.types.get(row.look()[draft.facts.row["type"]], ())
    fields += [(field, 0) for field in own[-1:]]
    for field, hidden in fields:
        _learn_length(prober, draft, row, field, hidden)
        _learn_cleaning(prober, draft, row, field)


def subject(prober: Prober) -> Handler:
    """Make a handler of a type with two fields, of which the last holds no address and hardly a secret."""
    answer, row = prober.create(prober.kinds.form(prober.kinds.pair, prober.name()))
    if row is None:
        raise Undecided(f"a plain create is answered {answer.status}")
    found = Handler(prober, row, answer)
    found.update(name=prober.name())  # where an update blanks the type, no value can be updated
    return found


def _shown(row: Handler, facts: Facts, field: str) -> str:
    row.look()
    return row.name if field == facts.form["name"] else str(row.settings.get(field))


def _sending(row: Handler, draft: Draft, field: str, text: str) -> Callable[[Prober], str | None]:
    """Return what updates a field, and gives what is shown of it; None where it is refused."""

    def send(_: Prober) -> str | None:
        if not accepted(row.update(**{field: text}), f"an update with {len(text)} characters"):
            return None
        return _shown(row, draft.facts, field)

    return send


def _learn_length(prober: Prober, draft: Draft, row: Handler, field: str, hidden: int) -> None:
    words = _words(draft, field)
    for length in _LENGTHS:
        sent = "n" * length
        shown, seen = prober.watch(_sending(row, draft, field, sent))
        if shown is None:
            longest, proof = _bisect(prober, draft, row, field, length)
            if words != {"maxLength": longest + hidden}:
                says = f"{field} may have {longest + hidden} characters, and is refused with more."
                draft.learn(
                    "text-too-long", says, proof or seen, _limit(field, "maxLength", longest + hidden)
                )
            return
        if shown != sent:
            if not sent.startswith(shown):
                raise Unlisted(f"A long {field} becomes {shown[:60]!r}.")
            if words != {"x-cut": len(shown) + hidden}:
                says = f"{field} is cut to {len(shown) + hidden} characters."
                draft.learn("text-too-long", says, seen, _limit(field, "x-cut", len(shown) + hidden))
            return
    if words:
        says = f"{field} keeps {_LENGTHS[-1]} characters."
        draft.learn("text-too-long", says, seen, _limit(field, "", 0))


def _bisect(
    prober: Prober, draft: Draft, row: Handler, field: str, refused: int
) -> tuple[int, tuple[Exchange, ...]]:
    """Return the longest text that is accepted, below one that was refused."""
    low, high = 1, refused
    proof: tuple[Exchange, ...] = ()
    while high - low > 1:
        middle = (low + high) // 2
        shown, seen = prober.watch(_sending(row, draft, field, "n" * middle))
        low, high = (low, middle) if shown is None else (middle, high)
        proof = seen if shown is None else proof
    return low, proof


def _words(draft: Draft, field: str) -> dict[str, int]:
    """Return what the document says of a field's length."""
    node = component(draft.tree, form_of(draft.tree, draft.facts.operation("update").id)["properties"][field])
    return {word: node[word] for word in ("x-cut", "maxLength") if word in node}


def _text_nodes(tree: Tree, field: str) -> list[Tree]:
    """Return the schemas of a field, in each form: for the name its own, else those that all values share."""
    found: dict[int, Tree] = {}
    for operation, node in operations(tree):
        if "requestBody" in node:
            properties = form_of(tree, operation)["properties"]
            shared = component(tree, properties[field])
            found[id(shared)] = shared
    return list(found.values())


def _limit(field: str, word: str, length: int) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        for node in _text_nodes(tree, field):
            for old in ("x-cut", "maxLength"):
                node.pop(old, None)
            if word:
                node[word] = length

    return change


def _learn_cleaning(prober: Prober, draft: Draft, row: Handler, field: str) -> None:
    shown, seen = prober.watch(_sending(row, draft, field, _DIRTY))
    if shown is None:
        draft.unsaid.append(f"{field} with tags and quotes is refused.")
        return
    choices = [c for c in product((True, False), repeat=len(_CLEANERS)) if _cleaned(*c) == shown]
    if not choices:
        draft.unsaid.append(
            f"{field}={_DIRTY!r} becomes {shown!r}, which no cleaning of the vocabulary does."
        )
        return
    found = [name for name, is_on in zip(_CLEANERS, choices[0], strict=True) if is_on]
    node = component(draft.tree, form_of(draft.tree, draft.facts.operation("update").id)["properties"][field])
    if found != list(node.get("x-clean", ())):
        says = f"{field}={_DIRTY!r} becomes {shown!r}."
        draft.learn("text-cleaning", says, seen, _clean(field, found))


def _cleaned(tags: bool, quotes: bool, trim: bool) -> str:
    text = _DIRTY
    for tag in _TAGS if tags else ():
        text = text.replace(tag, "")
    for sign, escaped in _QUOTES.items() if quotes else ():
        text = text.replace(sign, escaped)
    return text.strip() if trim else text


def _clean(field: str, cleaners: list[str]) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        for node in _text_nodes(tree, field):
            node.pop("x-clean", None)
            if cleaners:
                node["x-clean"] = list(cleaners)

    return change


def learn_blank_update(prober: Prober, draft: Draft) -> None:
    """Update to a name of blanks: where an empty name counts as missing, a blank one may too."""
    row = prober.once(renaming).handler
    row.update(name=(before := prober.name()))
    taken, seen = prober.watch(lambda _: accepted(row.update(name=" \t "), "an update to a blank name"))
    row.look()
    form = form_of(draft.tree, draft.facts.operation("update").id)
    blank_counts = not taken or row.name == before
    if blank_counts == ("pattern" in component(draft.tree, form["properties"][draft.facts.form["name"]])):
        return
    says = (
        f"An update to a blank name is {'refused' if not taken else 'ignored' if blank_counts else 'stored'}."
    )
    draft.learn("update-empty-name", says, seen, _blank(draft, blank_counts, refused=not taken))


def _blank(draft: Draft, counts: bool, *, refused: bool) -> Callable[[Tree], None]:
    facts = draft.facts

    def change(tree: Tree) -> None:
        form = form_of(tree, facts.operation("update").id)
        name = form["properties"][facts.form["name"]]
        name.pop("pattern", None)
        if counts:
            name["pattern"] = r"\S"
        if refused:
            create = form_of(tree, facts.operation("create").id)["x-refusals"]
            words = form.setdefault("x-refusals", {})
            words["pattern"] = words.get("minLength", create["minLength"])

    return change
