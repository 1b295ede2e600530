"""The README's first test suite passes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"

# A client with what the README's tests expect of it, on requests, with a retry and a back-off.
CLIENT = """
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry


class Client:
    def __init__(self, base_url, api_key):
        self._url = base_url + "/notification-handlers"
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._retry = Retry(total=3, backoff_factor=0.01, status_forcelist=[503], allowed_methods=None)

    def list(self):
        return requests.get(self._url + "/", headers=self._headers, timeout=5)

    def rename(self, number, name):
        with requests.Session() as session:
            session.mount("http://", HTTPAdapter(max_retries=self._retry))
            url, fields = f"{self._url}/{number}", {"name": name}
            session.post(url, headers=self._headers, data=fields, timeout=5).raise_for_status()
"""

MORE = """
import requests

def test_a_timeout(bitpeak):
    bitpeak.fail(latency="30s")
    with pytest.raises(requests.ReadTimeout):
        requests.get(bitpeak.base_url + "/notification-handlers/", headers=bitpeak.headers, timeout=0.05)

def test_half_a_body(bitpeak):
    bitpeak.fail(wire="truncate")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(bitpeak.base_url + "/notification-handlers/", headers=bitpeak.headers, timeout=5)
"""


def test_the_readmes_suite_passes(suite: pytest.Pytester, url: str) -> None:
    section = README.read_text(encoding="utf-8").partition("## In a test suite")[2]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found is not None
    suite.makefile(".yaml", handlers="- {type: slack, name: Old}")
    suite.makeconftest("")
    suite.makepyfile(my_code=CLIENT, test_readme=found[1] + MORE)
    suite.runpytest_inprocess(f"--bitpeak-url={url}").assert_outcomes(passed=4)
