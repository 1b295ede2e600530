"""What a probe sent can be sent again: its curl line, run by a shell, sends the same form or the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest

from contract_tests.guard.body import Body
from contract_tests.guard.exchange import KEY_VARIABLE
from contract_tests.probes.expectations import SentCall, exchange_of
from contract_tests.probes.handler import multipart
from contract_tests.target.api import TargetApi, TargetResponse
from tests.examples.running import needs
from tests.guard.scripted import Scripted, said
from tests.probes.services import KEY, expectations

JSON = {"Content-Type": "application/json"}
BROKEN = {"Content-Type": "multipart/form-data; boundary=cut"}

PARTS: Mapping[str, Mapping[str, Any]] = {
    "form": {"form": {"name": "O'Neill & <b>$HOME</b> `x` 100%", "e-mail": "żó 🔥"}},
    "urlencoded form": {"form": {"name": "a+b=c&d % é"}, "urlencoded": True},
    "array": multipart([("name[]", b"first"), ("name[]", b"second")]),
    "no UTF-8": multipart([("name", b"a\xffb")]),
    "lines": multipart([("name", b"a\r\nb\tc\\n%s\x01d")]),
    "json": {"body": json.dumps({"name": "it's", "type": None}).encode(), "headers": JSON},
    "broken json": {"body": b'{"name":\r\n"\xff', "headers": JSON},
    "broken multipart": {"body": b"--cut\r\nno part at all\r\n", "headers": BROKEN},
}


@needs("curl")
@pytest.mark.parametrize("name", PARTS)
def test_a_curl_line_sends_what_was_sent(name: str) -> None:
    parts = PARTS[name]
    facts = expectations().facts
    path = facts.operation("create").path
    with Scripted(lambda _: said({"data": {"id": 1}}, 201)) as target:
        api = TargetApi(target.url, KEY, facts)
        answer: TargetResponse = api.call("POST", path, **parts)
        api.close()
        exchange = exchange_of(facts, target.url, SentCall("POST", path, parts, KEY), answer)
        line = exchange.as_curl()
        subprocess.run(
            ["sh", "-c", f"{line} --silent --output /dev/null"], env={**os.environ, "BITPEAK_API_KEY": KEY}, check=True
        )  # fmt: skip
        first, again = target.asked
    assert KEY not in line
    assert KEY_VARIABLE in line
    assert "\n" not in line
    assert again.headers["authorization"] == f"Bearer {KEY}"
    sent, repeated = (Body(one.headers["content-type"], one.body) for one in (first, again))
    assert repeated.media_type == sent.media_type
    assert repeated.fields == sent.fields
    if not exchange.form:
        assert again.body == first.body
