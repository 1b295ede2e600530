"""Credentials, proxies and keys of the environment reach nobody: no suite, no probe, no child process."""

from __future__ import annotations

import base64
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.check.process import run, start
from tests.guard.scripted import Scripted, said
from tests.hostile.service import KEY, Behaving
from tests.second_opinion import SecondOpinion

PASSWORD = "password-of-a-netrc"
_STOLEN = base64.b64encode(f"me:{PASSWORD}".encode()).decode()


@pytest.fixture
def surroundings(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Yield variables that name a .netrc and a proxy, which must stay unused."""
    netrc = tmp_path / "netrc"
    netrc.write_text(f"default login me password {PASSWORD}\n")
    with Scripted(lambda _: said({"proxied": True})) as proxy:
        url = proxy.url.removesuffix("/api")
        names = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        yield dict.fromkeys(names, url) | {"NETRC": str(netrc), "HOME": str(tmp_path), "no_proxy": ""}
        assert proxy.asked == []


@pytest.mark.parametrize(
    "words",
    [
        ("check", "--record", "out", "--json", "report.json", "--profile", "quick"),
        ("learn", "--out", "out"),
        ("twin", "--sequences", "5", "--record", "out"),
    ],
    ids=lambda words: words[0],
)
def test_nothing_of_the_environment_goes_along(
    words: tuple[str, ...], tmp_path: Path, surroundings: dict[str, str]
) -> None:
    with Scripted(Behaving()) as service:
        line = (words[0], "--base-url", service.url, *words[1:])
        ran = run(tmp_path, *line, BITPEAK_API_KEY=KEY, **surroundings)
    assert ran.code in {0, 1}, ran
    assert len(service.asked) > 20
    assert not [asked for asked in service.asked if _STOLEN in repr(asked.headers)]
    written = "".join(
        file.read_text() for file in tmp_path.glob("*") if file.is_file() and file.name != "netrc"
    )
    for secret in (PASSWORD, _STOLEN, KEY):
        assert secret not in ran.out + ran.err + written


def children(of: int) -> list[psutil.Process]:
    return psutil.Process(of).children(recursive=True)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def has_key(process: psutil.Process) -> bool:
    try:
        return any(KEY in text for text in (*process.environ().values(), *process.cmdline()))
    except psutil.Error:
        return False


@pytest.mark.parametrize(
    "words",
    [("check", "--workers", "2", "--profile", "standard"), ("twin", "--sequences", "200")],
    ids=lambda words: words[0],
)
def test_children_are_given_no_key_by_the_environment_and_end_with_a_killed_run(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    with SecondOpinion(keys={KEY: 3, f"{KEY}-2": 3}) as service:
        line = (words[0], "--base-url", service.url, *words[1:])
        process = start(tmp_path, *line, BITPEAK_API_KEY=f"{KEY}\n{KEY}-2" if "--workers" in words else KEY)
        try:
            until(lambda: len(service.log) > 40)
            there = children(process.pid)
            assert there
            assert not [child for child in there if has_key(child)]
            process.send_signal(signal.SIGKILL)
            process.communicate()
            _, alive = psutil.wait_procs(there, timeout=30)
            assert not alive
        finally:
            process.kill()
            for child in there:
                if child.is_running():
                    os.kill(child.pid, signal.SIGKILL)
