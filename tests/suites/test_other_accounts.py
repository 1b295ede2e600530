"""What another account's key does to a row is what the row's owner sees of it, not what the answer says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.check.process import check, findings, report
from tests.other_services import serializer_style
from tests.serving import serving
from tests.suites.judging import KEY, OTHER_KEY, judge

Environ = dict[str, Any]
# Is given the environ of a request and the service, and answers.
Twist = Callable[[Environ, Callable[..., Any], Callable[..., Iterable[bytes]]], Iterable[bytes]]

OWN, OTHER = f"Bearer {KEY}", f"Bearer {OTHER_KEY}"


def idempotent(
    environ: Environ, start: Callable[..., Any], service: Callable[..., Iterable[bytes]]
) -> Iterable[bytes]:
    """Answer every write to one row with success; one that finds no row of its account does nothing."""
    seen: list[str] = []
    body = b"".join(service(environ, lambda status, _, __=None: seen.append(status)))
    answered = seen[0]
    if answered.startswith("404") and environ["REQUEST_METHOD"] in {"DELETE", "POST"}:
        answered, body = "200 OK", b'{"data": {"id": 1}}'
    start(answered, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def as_owner(method: str) -> Twist:
    """Take the other account's key for the owner's in requests of a method."""

    def twisted(
        environ: Environ, start: Callable[..., Any], service: Callable[..., Iterable[bytes]]
    ) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == method and environ.get("HTTP_AUTHORIZATION") == OTHER:
            is_list = environ["PATH_INFO"].endswith("notification-handlers/")
            if method != "GET" or is_list:
                environ["HTTP_AUTHORIZATION"] = OWN
        return service(environ, start)

    return twisted


@contextmanager
def served(twist: Twist) -> Iterator[str]:
    app = serializer_style.create_service(KEY, OTHER_KEY)
    service = app.wsgi_app
    app.wsgi_app = lambda environ, start: twist(environ, start, service)  # type: ignore[assignment, method-assign]
    with serving(app) as port:
        yield f"http://127.0.0.1:{port}/api"


def test_a_success_that_does_nothing_is_no_finding_and_no_deletion(tmp_path: Path) -> None:
    (tmp_path / "other").write_text(OTHER_KEY)
    with served(idempotent) as url:
        ran = check(tmp_path, url, "--other-key-file", "other", "--json", "report.json", key=KEY)
    data = report(tmp_path / "report.json")
    assert (ran.code, findings(data)) == (0, []), ran.out
    told = " ".join(one["text"] + one["seen"] for one in data["left_open"])
    assert "with another account's key returns 200" in told
    assert "may be left" not in ran.out


@pytest.mark.parametrize(
    ("method", "test", "sentence"),
    [
        ("DELETE", "another_account_does_not_reach_a_handler[delete]", "and deletes it"),
        ("POST", "another_account_does_not_reach_a_handler[update]", "and changes it: its name is now"),
        ("GET", "another_account_does_not_list_a_handler", "the list of another account shows"),
    ],
)
def test_what_another_key_reaches_is_a_finding(method: str, test: str, sentence: str) -> None:
    with served(as_owner(method)) as url:
        verdict = judge(url, suites=["refusals"])
    assert sentence in verdict.failed[f"refusals::{test}"]


def any_scheme(
    environ: Environ, start: Callable[..., Any], service: Callable[..., Iterable[bytes]]
) -> Iterable[bytes]:
    """Take the key after `Token`, too."""
    sent = environ.get("HTTP_AUTHORIZATION", "")
    environ["HTTP_AUTHORIZATION"] = (
        f"Bearer {sent.removeprefix('Token ')}" if sent.startswith("Token ") else sent
    )
    return service(environ, start)


def test_a_write_that_should_have_been_refused_is_followed(tmp_path: Path) -> None:
    with served(any_scheme) as url:
        ran = check(
            tmp_path, url, "--suite", "refusals", "--profile", "standard", "--json", "report.json", key=KEY
        )
    data = report(tmp_path / "report.json")
    assert (ran.code, findings(data)) == (0, []), ran.out
    told = " ".join(sentence for one in data["left_open"] for sentence in one["also"])
    assert "a list with the header 'Token KEY' returns" in told
    assert "The same holds for a retrieve, a create, an update, a delete" in told


def forbidden(
    environ: Environ, start: Callable[..., Any], service: Callable[..., Iterable[bytes]]
) -> Iterable[bytes]:
    """Answer 403 to the other account's key for any row."""
    if environ.get("HTTP_AUTHORIZATION") == OTHER and environ["PATH_INFO"].rstrip("/")[-1].isdigit():
        start("403 Forbidden", [("Content-Type", "application/json"), ("Content-Length", "2")])
        return [b"{}"]
    return service(environ, start)


@pytest.mark.parametrize("word", [None, "missing_bearer"])
def test_how_another_account_is_refused_binds_if_the_document_says_it(
    tmp_path: Path, word: str | None
) -> None:
    words = {"$.info": {}} if word is None else {"$['x-service']": {"other-accounts": word}}
    actions = [{"target": target, "update": update} for target, update in words.items()]
    overlay = {"overlay": "1.1.0", "info": {"title": "T", "version": "1"}, "actions": actions}
    (tmp_path / "overlay.yaml").write_text(json.dumps(overlay))
    (tmp_path / "other").write_text(OTHER_KEY)
    with served(forbidden) as url:
        flags = ("--other-key-file", "other", "--suite", "refusals", "--overlay", "overlay.yaml")
        ran = check(tmp_path, url, *flags, "--json", "report.json", key=KEY)
    data = report(tmp_path / "report.json")
    assert any("another account" in one["title"] for one in findings(data)) is (word is not None), ran.out
    assert any("nother account" in one["text"] and "403" in one["seen"] for one in data["left_open"])
