"""Generated traffic of any kind leaves the user's rows as they were."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract_tests.guard.guard import Guard
from contract_tests.guard.upstream import GuardSettings
from mock_server.document import Document
from tests.guard.account import ROWS, Mocks
from tests.guard.client import multipart, urlencoded
from tests.guard.conftest import through
from tests.guard.test_policy import FOREIGN, HARMLESS

METHODS = [
    "GET",
    "POST",
    "DELETE",
    "PUT",
    "PATCH",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "get",
    "Delete",
    "PURGE",
    "LINK",
]

digits = st.integers(0, 40).map(str)
spellings = st.one_of(
    digits,
    st.sampled_from(FOREIGN + HARMLESS),
    st.tuples(st.sampled_from(["", "0", "+", "-", "%20", "%2B", "%09", "%00", "'"]), digits,
              st.sampled_from(["", "abc", ".9", "e0", "e1", "%20", "/", "//", ";", "%00", "%2F", "?x=1"])).map("".join),
    st.text(max_size=6).map(lambda text: "".join(f"%{byte:02X}" for byte in text.encode(errors="replace"))),
)  # fmt: skip
paths = st.one_of(st.just(""), st.just("/"), spellings.map("/{}".format))
values = st.text(max_size=12).filter(lambda text: "." not in text and "@" not in text and "//" not in text)
forms = st.lists(
    st.tuples(
        st.sampled_from(["name", "type", "email", "is_enabled", "name[]", "id", " name", "_method"]), values
    ),
    max_size=4,
)
hostile = st.lists(
    st.tuples(st.sampled_from(METHODS), paths, forms, st.sampled_from([multipart, urlencoded]), st.booleans()),
    min_size=5, max_size=12,
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(requests=hostile, own=st.lists(st.sampled_from(["x", "Example", "<b>", "  y"]), max_size=3))
def test_hostile_traffic_leaves_the_users_rows_as_they_were(
    requests: list[tuple[str, str, list[tuple[str, str]], Callable[..., tuple[bytes, str]], bool]],
    own: list[str],
    mocks: Mocks,
    document: Document,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    target = mocks.target()
    before = target.rows
    settings_ = GuardSettings(
        target=target.url, key=target.key, allow_writes=True, ledger_dir=tmp_path_factory.mktemp("l")
    )
    with Guard(settings_, document) as guard:
        client = through(guard)
        for name in own:
            client.created(name)
        for method, path, form, write, has_key in requests:
            body, content_type = write(form) if method not in {"GET", "HEAD", "get"} else (b"", "")
            headers = {"Content-Type": content_type} if content_type else {}
            reply = client.call(method, client.base + path, body, headers, "" if has_key else None)
            assert reply.status < 500, reply
            assert b"private-company" not in reply.body
        users = {row: wire for row, wire in target.rows.items() if row <= ROWS}
        assert users == before
    assert target.rows == before
