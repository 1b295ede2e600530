"""How well a service is learned: random steps on the service and on a mock of what was learned, and where they differ.

    python -m tests.generated_service.difference --seed 7
    python -m tests.generated_service.difference --style serializer --profile quick
    python -m tests.generated_service.difference --url http://127.0.0.1:8000/api

A service at a URL is learned with the key `live-key`, and compared with the key `other-key` of another account.
Everything but a service at a URL runs in this process, without a socket. Ids of rows are paired by the order of
creates, other ids by the order in which they are first seen; times, numbers with a fraction and random values count by
their form. After each write the row is looked at, and differs with its step. Rows that no step changes, with names in
no order, fill some pages of the list.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from urllib.parse import urlencode

import requests
import yaml

from contract_tests.document import Facts, by_form
from contract_tests.learning.learn import Learnt, as_yaml, learn_from, overlay_of
from contract_tests.probes import DocumentArguments, Terms
from contract_tests.session.opening import BRIEF
from contract_tests.target.api import TargetApi
from mock_server import Settings, create_app
from mock_server.document import load, plain
from mock_server.server import Server
from mock_server.transports import requests_adapter
from tests.generated_service.forms import FIELDS, OWNERS, URLS
from tests.generated_service.house import draw
from tests.generated_service.service import GeneratedService
from tests.other_services import bean_style, serializer_style
from tests.twin import running

ROWS = "/notification-handlers"
LEARNING, LOOKING = "live-key", "other-key"
_NOBODY = 2_000_000_011
_KEPT, _MOST_LIVE = 30, 20  # rows that no step changes, and rows at most that steps have left
_NAMES = ("Anna", "Mail", "Row", "Team", "Zoo")
_LONGEST = 700  # characters of a response that are shown
_STYLES: dict[str, Callable[..., Any]] = {
    "bean": bean_style.create_service,
    "serializer": serializer_style.create_service,
}

# A field of a form: its name, its bytes, and whether it is sent as a file.
Part = tuple[str, bytes, bool]


class Step(NamedTuple):
    """One request. `row` is the number of the row that `{}` in the path stands for; `what` names the kind of step."""

    what: str
    method: str
    path: str
    parts: tuple[Part, ...] | None = None
    row: int | None = None
    media: str = "multipart/form-data"
    bearer: str | None = "Bearer {key}"


class Seen(NamedTuple):
    """What came, as far as two services can share it."""

    status: int
    media_type: str
    headers: tuple[tuple[str, str], ...]
    body: Any


@dataclass
class Side:
    """A service or its mock: `ids` are those of the rows made so far, None for one that is gone.

    `others` are the ids that properties such as `user_id` have shown, in the order in which they were first seen.
    """

    url: str
    key: str
    session: requests.Session
    ids: list[int] = field(default_factory=list)
    others: dict[str, list[Any]] = field(default_factory=dict)

    def send(self, step: Step) -> requests.Response:
        path = step.path if step.row is None else step.path.replace("{}", str(self.ids[step.row]))
        headers = {} if step.bearer is None else {"Authorization": step.bearer.replace("{key}", self.key)}
        body = b""
        if step.parts is not None:
            kind, body = _body(step.parts, step.media)
            headers["Content-Type"] = kind
        return self.session.request(
            step.method, self.url + path, headers=headers, data=body, timeout=60, allow_redirects=False
        )

    def shown(self, answer: requests.Response, step: Step) -> Seen:
        """Return a response without what two services cannot share."""
        own = None if step.row is None else self.ids[step.row]

        def told(value: Any, key: str = "") -> Any:
            if isinstance(value, dict):
                return {name: told(each, name) for name, each in value.items()}
            if isinstance(value, list):
                return [told(each) for each in value]
            if (
                key.endswith("_id") and key not in OWNERS and str(value).isdigit()
            ):  # such as that of the account
                known = self.others.setdefault(key, [])
                known += [] if value in known else [value]
                return f"{key} number {known.index(value)} ({type(value).__name__})"
            if isinstance(value, str):
                return text(value)
            if isinstance(value, float):  # how long something took, which is new each time
                return "a fraction"
            if key == "id" and isinstance(value, int) and not isinstance(value, bool):
                return f"row {self.ids.index(value)}" if value in self.ids else "a row"
            return "now" if isinstance(value, int) and 1_600_000_000 < value < 2_000_000_000 else value

        def text(value: str) -> str:
            # Links may lead to the site behind a proxy; a mock's lead to itself.
            value = re.sub(r"https?://[^/\s]+/api(?=/notification-handlers/?\?)", "(base)", value)
            value = value.replace(self.url, "(base)")
            value = by_form(value.replace(self.url.removesuffix("/api"), "(site)"))
            value = re.sub(
                r"(?<=/notification-handlers/)\d+", lambda found: _named(self.ids, found[0]), value
            )
            return (
                value
                if own is None
                else re.sub(rf"(?<![\w-])(?<![&?]\w=){own}(?!\w)", f"row {step.row}", value)
            )

        try:
            body = (
                told(json.loads(answer.content)) if "json" in answer.headers.get("Content-Type", "") else None
            )
        except ValueError:
            body = "(no JSON)"
        names = ("www-authenticate", "allow", "location", "x-content-type-options", "cache-control")
        headers = tuple((name, text(answer.headers[name])) for name in names if name in answer.headers)
        media_type = answer.headers.get("Content-Type", "").replace(" ", "").lower()
        # Of what is no JSON, the text; a page of an error is told by its text, too.
        return Seen(answer.status_code, media_type, headers, text(answer.text) if body is None else body)


def _named(ids: list[int], number: str) -> str:
    return f"(row {ids.index(int(number))})" if int(number) in ids else number


def _body(parts: tuple[Part, ...], media: str) -> tuple[str, bytes]:
    if media == "application/json":
        return media, json.dumps({name: data.decode("utf-8", "replace") for name, data, _ in parts}).encode()
    if media != "multipart/form-data":
        return media, urlencode([(name, data) for name, data, _ in parts]).encode()
    pieces = []
    for name, data, is_file in parts:
        extra = '; filename="a.txt"\r\nContent-Type: text/plain' if is_file else ""
        head = f'--sep\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'
        pieces.append(head.encode() + data + b"\r\n")
    return f"{media}; boundary=sep", b"".join([*pieces, b"--sep--\r\n"])


# Steps


class Steps:
    """Draws steps from the operations, the treatments of their inputs, and the states that earlier steps made."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._made = 0
        self.live: list[int] = []
        self.gone: list[int] = []

    def draw(self) -> Step:
        kinds: tuple[tuple[int, Callable[[], Step]], ...] = (
            (26, self._create), (32, self._update), (16, self._list), (8, self._retrieve), (6, self._delete),
            (5, self._odd_id), (7, self._odd_door),
        )  # fmt: skip
        step = self._random.choices([each for _, each in kinds], [weight for weight, _ in kinds])[0]
        return self._delete() if len(self.live) > _MOST_LIVE and step == self._create else step()

    def keep(self) -> Step:
        """Return a plain create."""
        form = self._form(self._pick(*FIELDS))
        return Step("keep", "POST", ROWS, tuple((name, text.encode(), False) for name, text in form.items()))

    def _pick(self, *choices: Any) -> Any:
        return self._random.choice(choices)

    def _create(self) -> Step:
        kind = self._pick(*FIELDS)
        form = self._form(kind)
        return self._treated("create", "POST", ROWS, form, None)

    def _update(self) -> Step:
        if not self.live:
            return self._create()
        row = self._pick(*self.live)
        kind = self._pick(*FIELDS)
        form = self._form(kind)
        names = [name for name in form if self._random.random() < 0.5]
        if "type" not in names and self._random.random() < 0.5:
            names = [name for name in names if name == "name"]
        if self._random.random() < 0.2:
            form["is_enabled"] = self._pick("0", "1")
            names.append("is_enabled")
        return self._treated("update", "POST", f"{ROWS}/{{}}", {name: form[name] for name in names}, row)

    def _form(self, kind: str) -> dict[str, str]:
        self._made += 1
        own = {name: self._good(name) for name in FIELDS[kind] if self._random.random() < 0.8}
        return {"name": f"{self._pick(*_NAMES)} n{self._made}", "type": kind, **own}

    def _good(self, name: str) -> str:
        if name == "email":
            return str(self._pick("hey@example.com", "Ann.Lee+x@sub.example.org", "a@example.com"))
        if name in URLS:
            return str(
                self._pick(
                    "https://example.com/hook", "https://example.com/a/b?c=1&d=2", "https://example.org/x"
                )
            )
        return str(self._pick("123456:secret-token", "-1001234567890", "abcDEF_123", "key"))

    def _treated(self, kind: str, method: str, path: str, form: dict[str, str], row: int | None) -> Step:
        """Give up to two fields of a form an odd text."""
        parts = {name: [(name, text.encode(), False)] for name, text in form.items()}
        told = []
        for _ in range(self._random.choices((0, 1, 2), (25, 60, 15))[0]):
            name = self._pick(
                "name", "name", "type", *OWNERS, *form, *form, *form, "is_enabled", "is_enabled", "color"
            )
            word, treated = self._odd(name, form.get(name) or self._good(name))
            told.append(f"{name} {word}")
            parts[name] = treated
        media = self._random.choices(
            ("multipart/form-data", "application/x-www-form-urlencoded", "application/json", "text/plain"),
            (92, 5, 2, 1),
        )[0]
        what = f"{kind}: {', '.join(told) or 'plain'}" + ("" if media.startswith("multi") else f" ({media})")
        return Step(what, method, path, tuple(part for each in parts.values() for part in each), row, media)

    def _odd(self, name: str, good: str) -> tuple[str, list[Part]]:
        if name == "is_enabled":
            text = self._pick(
                "1", "0", "true", "false", "on", "off", "yes", "no", "", " ", "2", "maybe", "True", "-1"
            )
            return f"is {text!r}", [(name, text.encode(), False)]
        words: dict[str, Callable[[], str]] = {
            "empty": lambda: "", "blank": lambda: "  ", "padded": lambda: f" {good} ",
            "control": lambda: f"{good}\x07x", "line-break": lambda: f"{good}\r\nx", "tags": lambda: f"{good}<b>x</b>",
            "quotes": lambda: f"{good}'\"x", "long": lambda: good + "v" * self._random.choice(
                (20, 60, 70, 90, 110, 130, 140, 160, 200, 240, 260, 290, 320, 400, 480, 520, 600)),
            "letters": lambda: f"{good}\u017c\u00f3", "word": lambda: "maybe", "mail": lambda: "Ann@EXAMPLE.com",
            "no-mail": lambda: "a@b", "http": lambda: "http://example.com/x", "no-url": lambda: "example.com/x",
            "upper": lambda: good.upper(), "ampersand": lambda: f"{good}&amp;x",
        }  # fmt: skip
        word = self._pick(*words, "array", "twice", "file", "not-utf-8", "absent")
        if word == "absent":
            return word, []
        if word == "array":
            return word, [(f"{name}[]", good.encode(), False)]
        if word == "twice":
            return word, [(name, good.encode(), False), (name, f"{good}2".encode(), False)]
        if word == "file":
            return word, [(name, good.encode(), True)]
        if word == "not-utf-8":
            return word, [(name, good.encode() + b"\xff\xe9", False)]
        return word, [(name, words[word]().encode(), False)]

    def _list(self) -> Step:
        page = self._pick(
            None,
            None,
            "1",
            "2",
            "3",
            "9",
            "0",
            "-1",
            "abc",
            "2x",
            "",
            "1.5",
            "01",
            "+1",
            "99999999999999999999",
        )
        size = self._pick(
            None, None, None, "10", "25", "50", "1000", "7", "60", "0", "-1", "abc", "", "10x", "010", "99999"
        )
        other = self._pick(None, None, None, None, None, "filter")
        asked = [
            (name, text)
            for name, text in (("page", page), ("results_per_page", size), (other, "1"))
            if name and text is not None
        ]
        self._random.shuffle(asked)
        what = "list: " + (", ".join(f"{name} {text!r}" for name, text in sorted(asked)) or "plain")
        slash = self._pick("", "/")
        return Step(what, "GET", f"{ROWS}{slash}" + (f"?{urlencode(asked)}" if asked else ""))

    def _retrieve(self) -> Step:
        return (
            Step("retrieve", "GET", f"{ROWS}/{{}}", row=self._pick(*self.live)) if self.live else self._list()
        )

    def _delete(self) -> Step:
        return (
            Step("delete", "DELETE", f"{ROWS}/{{}}", row=self._pick(*self.live))
            if self.live
            else self._list()
        )

    def _odd_id(self) -> Step:
        method = self._pick("GET", "GET", "DELETE", "POST")
        parts = (
            ((("name", b"x", False),) if self._random.random() < 0.7 else (("type", b"pigeon", False),))
            if method == "POST"
            else None
        )
        if self.gone and self._random.random() < 0.4:
            return Step(f"{method} of a deleted row", method, f"{ROWS}/{{}}", parts, self._pick(*self.gone))
        text = self._pick(
            str(_NOBODY), "0", "abc", "-1", "1.5", "99999999999999999999999", f"00{_NOBODY}", "%20"
        )
        return Step(f"{method} of id {text}", method, f"{ROWS}/{text}", parts)

    def _odd_door(self) -> Step:
        row = self._pick(*self.live) if self.live else None
        one = f"{ROWS}/{{}}" if row is not None else ROWS
        steps = (
            Step("no key", "GET", ROWS, bearer=None),
            Step("wrong key", "GET", ROWS, bearer="Bearer no-such-key-of-anybody"),
            Step("lower bearer", "GET", ROWS, bearer="bearer {key}"), Step("basic", "GET", ROWS, bearer="Basic {key}"),
            Step("put", "PUT", one, row=row), Step("patch", "PATCH", one, row=row),
            Step("delete of the list", "DELETE", ROWS),
            Step("head", "HEAD", one, row=row), Step("head of the list", "HEAD", ROWS),
            Step("unknown route", "GET", "/no-such-path"),
            Step("slash", "GET", f"{one}/" if row is not None else f"{ROWS}/", row=row),
            Step("create with a slash", "POST", f"{ROWS}/", (("name", b"s", False), ("type", b"email", False))),
            Step("put without a key", "PUT", one, row=row, bearer=None),
        )  # fmt: skip
        return self._random.choice(steps)


# The run


class Different(NamedTuple):
    """One step that the two answered differently, and what differs."""

    step: Step
    service: Any
    mock: Any

    @property
    def kind(self) -> str:
        return re.sub(r"'[^']*'", "…", self.step.what)


def differences(service: Side, mock: Side, steps: int, seed: int) -> Iterator[Different]:
    """Send random steps to both, and yield those that they answer differently; a row that differs is deleted."""
    drawn = Steps(Random(seed))
    for number in range(-_KEPT, steps):
        step = drawn.keep() if number < 0 else drawn.draw()
        answers = [side.send(step) for side in (service, mock)]
        made = [_id_of(answer) if _creates(step) else None for answer in answers]
        if None not in made:
            for side, row in zip((service, mock), made, strict=True):
                side.ids.append(row)  # type: ignore[arg-type]
        seen = [side.shown(answer, step) for side, answer in zip((service, mock), answers, strict=True)]
        row = len(service.ids) - 1 if None not in made else step.row
        if made.count(None) == 1:
            _undo(service if made[0] else mock, made[0] or made[1])
            yield Different(step, *seen)
            continue
        looks = list(seen)
        if row is not None and seen[0].status < 400 and step.method in {"POST", "DELETE", "PUT"}:
            look = Step("look", "GET", f"{ROWS}/{{}}", row=row)
            looks = [side.shown(side.send(look), look) for side in (service, mock)]
            alive = [each.status < 300 for each in looks]
            if all(alive) and step.method == "POST" and None not in made and step.what != "keep":
                drawn.live.append(row)
            if not any(alive) and row in drawn.live:
                drawn.live.remove(row)
                drawn.gone.append(row)
        if seen[0] != seen[1] or looks[0] != looks[1]:
            yield Different(step, *(seen if seen[0] != seen[1] else looks))
            is_unlike = looks[0] != looks[1] or seen[0].status >= 300 > seen[1].status
            if row is not None and is_unlike and (row in drawn.live or step.what == "keep"):
                drawn.live = [each for each in drawn.live if each != row]
                for side in (service, mock):
                    _undo(side, side.ids[row])


def _creates(step: Step) -> bool:
    return step.method == "POST" and step.row is None and step.path.rstrip("/") == ROWS


def _id_of(answer: requests.Response) -> int | None:
    try:
        return int(answer.json()["data"]["id"]) if answer.status_code < 300 else None
    except (LookupError, TypeError, ValueError):
        return None


def _undo(side: Side, row: int | None) -> None:
    side.send(Step("undo", "DELETE", f"{ROWS}/{row}"))


def emptied(side: Side) -> Side:
    """Delete the rows that an account begins with. The list is asked for as the page spells it, with its slash."""
    while rows := side.send(Step("list", "GET", f"{ROWS}/?results_per_page=1000")).json()["data"]:
        for row in rows:
            _undo(side, row["id"])
    return side


def learned(url: str, session: requests.Session, folder: Path, profile: str = "full") -> tuple[Learnt, Path]:
    """Learn the service at a base URL with the key of one account, and return what was learned, and the file."""
    api = TargetApi(url, LEARNING, Facts(plain(load().data)))
    api._session = session
    is_brief = profile == "quick"
    terms = Terms(can_write=True, spares=is_brief, most=BRIEF if is_brief else None)
    learnt = learn_from(api, DocumentArguments(None, (), ()), terms)
    file = folder / "learned.yaml"
    file.write_text(as_yaml(overlay_of(learnt, url, str)), encoding="utf-8")
    return learnt, file


def _learned(
    given: argparse.Namespace, url: str, session: requests.Session, folder: Path
) -> tuple[Learnt, Path]:
    if given.url:
        return running.learned(given.url, folder, key=LEARNING, brief=given.profile == "quick")
    if not given.guarded:
        return learned(url, session, folder, given.profile)
    with Server(service_app(given.seed, given.style)) as server:
        return running.learned(f"{server.url}/api", folder, key=LEARNING, brief=given.profile == "quick")


def session_of(app: Any) -> requests.Session:
    """Return a session whose requests go to an app of this process."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", requests_adapter(app))
    return session


def mock_side(file: Path | None) -> Side:
    """Return the mock of a learned overlay, without rows."""
    app = create_app(Settings(overlays=(str(file),) if file else ()))
    session = session_of(app)
    state = {"handlers": [], "next_id": 7001}
    session.put("http://mock/_mock/state?key=mock-key", json=state, timeout=30).raise_for_status()
    return Side("http://mock/api", "mock-key", session)


def service_app(seed: int | None, style: str | None) -> Any:
    """Return a service in this process; the other key's account is empty."""
    if style is not None:
        return _STYLES[style](LEARNING, LOOKING)
    return GeneratedService(draw(seed or 0), {LEARNING: 0, LOOKING: 0})


def main() -> None:
    """Measure one service, and print each kind of difference with its count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, help="the house of a generated service")
    parser.add_argument("--style", choices=tuple(_STYLES))
    parser.add_argument("--url", help="the base URL of a service with the keys live-key and other-key")
    parser.add_argument("--guarded", action="store_true", help="learn through the guard, over a socket")
    parser.add_argument("--profile", default="full", choices=("full", "quick"))
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--steps-seed", type=int, default=1)
    parser.add_argument("--overlay", type=Path, help="a learned overlay, in place of learning")
    parser.add_argument("--keep", type=Path, help="where to keep the learned overlay")
    parser.add_argument("--examples", type=int, default=1, help="how many of each kind to show")
    given = parser.parse_args()
    session = requests.Session() if given.url else session_of(service_app(given.seed, given.style))
    url = given.url or "http://service/api"
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        file = given.overlay
        if file is None:
            learnt, file = _learned(given, url, session, Path(folder))
            print(
                f"learned with {learnt.requests} requests in {time.monotonic() - began:.1f} s, "
                f"{file.stat().st_size:,} bytes"
            )
            if given.keep:
                given.keep.write_bytes(file.read_bytes())
        service, mock = emptied(Side(url, LOOKING, session)), mock_side(file)
        if given.style:  # learned of an account with rows, so that nobody knows how an empty list looks
            anchor = Step(
                "anchor",
                "POST",
                ROWS,
                (("name", b"Anchor", False), ("type", b"internal_notification", False)),
            )
            for side in (service, mock):
                side.ids.append(_id_of(side.send(anchor)) or 0)
    found = list(differences(service, mock, given.steps, given.steps_seed))
    kinds = Counter(each.kind for each in found)
    print(f"{len(found)} of {given.steps} steps differ ({100 * len(found) / given.steps:.1f} %)")
    shown: Counter[str] = Counter()
    for kind, count in kinds.most_common():
        print(f"\n{count} × {kind}")
        for each in found:
            if each.kind == kind and shown[kind] < given.examples:
                shown[kind] += 1
                print(f"   {each.step.method} {each.step.path} {each.step.parts or ''}")
                service, mock = unlike(each.service, each.mock)
                print(f"   service {_short(service)}\n   mock    {_short(mock)}")


def unlike(one: Any, other: Any) -> tuple[Any, Any]:
    """Return what of two values differs, without what they share."""
    if isinstance(one, dict) and isinstance(other, dict):
        pairs = {key: unlike(one.get(key, "(missing)"), other.get(key, "(missing)")) for key in {**one, **other}
                 if one.get(key, "(missing)") != other.get(key, "(missing)")}  # fmt: skip
        return {key: pair[0] for key, pair in pairs.items()}, {key: pair[1] for key, pair in pairs.items()}
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)) and len(one) == len(other):
        found = [unlike(a, b) for a, b in zip(one, other, strict=True) if a != b]
        return [pair[0] for pair in found], [pair[1] for pair in found]
    return one, other


def _short(value: Any) -> str:
    return yaml.safe_dump(
        json.loads(json.dumps(value)), default_flow_style=True, width=10**6, allow_unicode=True
    ).strip()[:700]


if __name__ == "__main__":
    main()
