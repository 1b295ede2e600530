"""No bytes raise, what is written is read back, shortcuts change nothing, and work stays linear."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, SupportsIndex
from unittest import mock
from urllib.parse import urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mock_server.php import body, multipart, values
from mock_server.php.body import parse_query, parse_urlencoded
from mock_server.php.form import FormLimits, SentForm, TooManyFields
from mock_server.php.values import strip_tags
from tests.forms import cases, text_cases

ALL = frozenset({body.MULTIPART, body.URLENCODED, body.JSON})
unhurried = settings(deadline=None)

TOKENS = rb"""
--B --B-- -- " ' \ ; = [ ] a : % & { } +
Content-Disposition:form-data; name="a" filename="f" Content-Type:x
""".split()
tokens = st.sampled_from([*TOKENS, b" ", b"\r\n", b"\n", b"\r", b"\0", b"\xff", b"x" * 5117])
soups = st.one_of(st.binary(), st.lists(tokens, max_size=20).map(b"".join))
content_types = st.one_of(
    st.sampled_from([cases.TYPE, "multipart/form-data", *sorted(ALL), "text/plain", *cases.CONTENT_TYPES]),
    st.text().map("multipart/form-data; boundary=".__add__),
    st.text(),
    st.none(),
)
names = st.from_regex(r"[A-Za-z_\-][A-Za-z0-9_\-]{0,20}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: "--B" not in text)
fields = st.dictionaries(names, texts, min_size=1, max_size=8)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Return a body that is damaged in a few places."""
    body_bytes = draw(st.sampled_from(list(cases.BODIES.values())))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(body_bytes)))
        end = start + draw(st.integers(0, 5))
        body_bytes = body_bytes[:start] + draw(st.one_of(tokens, st.just(b""))) + body_bytes[end:]
    return body_bytes


def write(sent: dict[str, str]) -> bytes:
    return b"".join(cases.named(name.encode(), text.encode()) for name, text in sent.items()) + cases.END


@unhurried
@given(content_types, st.one_of(soups, mutated()))
@example("multipart/form-data; boundary=a\nb", b"--a\nb\r\n\r\n")
def test_nothing_but_too_many_fields_is_raised(content_type: str | None, sent: bytes) -> None:
    try:
        form = body.read(content_type, sent, FormLimits(fields=5, parts=6, files=2), ALL)
    except TooManyFields:
        return
    assert not form.fields.keys() & form.arrays.keys()
    assert set(form.fields) <= {part.key for part in form.parts if part.kind == "text"}
    assert all(part.valid_utf8 or "\ufffd" in part.data.decode(errors="replace") for part in form.parts)
    for text in form.fields.values():
        text.encode()  # no lone surrogates


@unhurried
@given(fields)
def test_multipart_is_read_as_written(sent: dict[str, str]) -> None:
    form = multipart.parse(cases.TYPE, write(sent), FormLimits())
    assert form.fields == sent
    assert not form.remarks


@unhurried
@given(fields)
def test_urlencoded_is_read_as_written(sent: dict[str, str]) -> None:
    assert parse_urlencoded(urlencode(sent).encode(), FormLimits()).fields == sent
    assert parse_query(urlencode(sent)) == sent


def parse_without_shortcuts(sent: bytes) -> SentForm:
    reader = multipart._Reader(sent, b"--B", FormLimits())
    reader.usual_line = sent + b"?"  # which no body begins with
    with mock.patch.object(multipart, "_SMALL_HEAD", 0):
        return reader.read()


@unhurried
@given(st.one_of(mutated(), fields.map(write)))
@example(cases.A.replace(b"--B\r\n", b"--B??\r\n") + cases.END)
@example(cases.A.replace(b"--B\r\n", b"--B, ") + cases.END)
def test_the_shortcuts_for_usual_bodies_change_nothing(sent: bytes) -> None:
    assert multipart.parse(cases.TYPE, sent, FormLimits()) == parse_without_shortcuts(sent)


@pytest.mark.parametrize("boundary", ["B\0", "B\0x", "B\nx"])
def test_no_line_is_a_boundary_with_a_nul_or_a_line_end(boundary: str) -> None:
    sent = (cases.A + cases.END).replace(b"--B", b"--" + boundary.encode())
    form = multipart.parse(f"multipart/form-data; boundary={boundary}", sent, FormLimits())
    assert [remark.code for remark in form.remarks] == ["boundary-mismatch"]


@given(st.text())
def test_a_query_never_raises(text: str) -> None:
    assert isinstance(parse_query(text), dict)


@given(st.one_of(st.text(), st.text("0123456789.eE+- \tx")))
def test_an_int_has_64_bits(text: str) -> None:
    assert values.INT_MIN <= values.to_int(text) <= values.INT_MAX


@given(st.integers())
def test_whole_numbers_are_clamped(number: int) -> None:
    # Up to 308 digits: beyond, PHP reads an infinite float, which is 0.
    assert values.to_int(str(number)) == min(values.INT_MAX, max(values.INT_MIN, number))


@given(st.text("<>!?-\"'()ab \0\\xmlXML"))
def test_stripping_drops_and_never_adds(text: str) -> None:
    kept, signs = strip_tags(text), iter(text)
    assert all(sign in signs for sign in kept)


@given(st.text("a[]. x\0\t_-"))
def test_names_are_mangled(name: str) -> None:
    key = values.field_name(name).key
    assert key is None or not set(" .[\0") & set(key)


class Scanned(bytes):
    """Bytes that count how many of them their searches and slices look at."""

    seen = 0

    def find(self, sub: Any, start: SupportsIndex | None = 0, end: SupportsIndex | None = None, /) -> int:
        found = super().find(sub, start, end)
        Scanned.seen += (found if found >= 0 else min(len(self), int(end or len(self)))) - int(start or 0)
        Scanned.seen += len(sub) if found >= 0 else 0
        return found

    def __getitem__(self, at: Any, /) -> Any:
        got = super().__getitem__(at)
        Scanned.seen += len(got) if isinstance(got, bytes) else 1
        return got

    def rfind(self, sub: Any, start: SupportsIndex | None = 0, end: SupportsIndex | None = None, /) -> int:
        found = super().rfind(sub, start, end)
        Scanned.seen += int(end or len(self)) - (found if found >= 0 else int(start or 0))
        return found


def work(job: Callable[[], object]) -> int:
    """Count the calls of a job and the bytes that its searches look at, which is the same on any machine."""
    calls = 0

    def count(frame: FrameType, event: str, arg: object) -> None:
        nonlocal calls
        calls += 1

    Scanned.seen = 0
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        job()
    except TooManyFields:
        pass
    finally:
        sys.setprofile(before)
    return calls + Scanned.seen


START = b"--B\r\nContent-Disposition: form-data; name="
HOSTILE = {
    "boundary lines": b"--B\n",
    "boundaries in one line": b"--B",
    "almost boundaries": b"\n--A",
    "longer boundaries": b"\r\n--Bx",
    "line ends": b"\n",
    "empty parts": b"--B\n\n",
    "parts": cases.A,
    "quotes": b'"',
    "backslashes": b"\\",
    "words": b"a=;",
    "folded words": b"\r\n a=;",
    "headers": b"\r\na: b",
    "brackets": b"[",
    "indices": b"[x]",
    "files": cases.FILE,
}


@pytest.mark.parametrize("repeated", HOSTILE)
@pytest.mark.parametrize(
    "start", [b"", START, START + b'"a', START + b'"a"; filename="', START + b"a\r\n\r\n"]
)
def test_multipart_work_is_linear(repeated: str, start: bytes) -> None:
    limits = FormLimits(fields=10**6, parts=10**6, files=10**6)

    def read(times: int) -> Callable[[], SentForm]:
        sent = Scanned(start + HOSTILE[repeated] * times)
        return lambda: multipart.parse(cases.TYPE, sent, limits)

    assert work(read(4000)) < 2.5 * work(read(2000)) + 20_000


@pytest.mark.parametrize("repeated", [b"-", b"-" * 50 + b"\n", b"\r\n--", b"\0-"])
def test_multipart_work_is_linear_in_body_and_boundary(repeated: bytes) -> None:
    """A long boundary of dashes fits almost everywhere in a body of dashes, which once took seconds."""

    def read(times: int) -> Callable[[], SentForm]:
        content_type = "multipart/form-data; boundary=" + "-" * (times // 10)
        return lambda: multipart.parse(content_type, Scanned(repeated * times), FormLimits())

    assert work(read(40_000)) < 2.5 * work(read(20_000)) + 20_000


# The beginning of a body, and what makes it long.
HEADS = {
    "one long header": (b"--B\r\nContent-Disposition: form-data; ", b'x="a";'),
    "many headers": (b"--B\r\n", b"A: b\r\n"),
    "folded headers": (b"--B\r\nContent-Disposition: form-data", b"\r\n b"),
    "parts": (b"", b'--B\r\nContent-Disposition: form-data; name="a"\r\nA: b\r\n\r\nx\r\n'),
}


@pytest.mark.parametrize("name", HEADS)
def test_no_more_heads_are_read_than_may_be(name: str) -> None:
    """To read a byte of a part's headers takes a hundred times as long as to read one of its data."""
    start, filling = HEADS[name]
    limits = FormLimits(fields=10**6, parts=10**6, heads=20_000)

    def read(size: int) -> None:
        multipart.parse(cases.TYPE, Scanned(start + filling * (size // len(filling))), limits)

    read(10_000)
    with pytest.raises(TooManyFields):
        read(200_000)
    beyond = work(lambda: read(400_000))
    assert work(lambda: read(1_600_000)) < 1.1 * beyond + 1000


@pytest.mark.parametrize("text", [*text_cases.TAGS, "<", ">", '<"', "<!--", "<!", "<?", "<b>", "<!-->"])
def test_stripping_work_is_linear(text: str) -> None:
    assert work(lambda: strip_tags(text * 2000)) < 2.5 * work(lambda: strip_tags(text * 1000)) + 1000


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0" * 10**7 + "1", 1),
        ("9" * 10**7, 0),
        ("1." + "3" * 10**7, 1),
        ("1e" + "0" * 10**7 + "1", 10),
        (" " * 10**7, 0),
    ],
    ids=["zeros", "nines", "decimals", "exponent", "blanks"],
)
def test_ten_megabytes_of_number(text: str, number: int) -> None:
    assert values.to_int(text) == number


@pytest.mark.parametrize("unit", [b"&", b"a&", b"%", b"%41", b"%4", b"+", b"[", b"a[x]", b"="])
def test_a_megabyte_of_urlencoded(unit: bytes) -> None:
    try:
        form = parse_urlencoded(unit * (2**20 // len(unit)), FormLimits())
    except TooManyFields:
        assert b"&" in unit
    else:
        assert len(form.parts) == 1
