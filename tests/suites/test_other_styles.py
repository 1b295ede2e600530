"""Services that are true to the page, and in ways of their own beyond it: nothing of that is a finding, faults are.

The services are those of `tests/other_services`; the faults are mutants, planted between the service and the kit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.check.process import Ran, check, findings, report
from tests.mutants.catalogue import catalogue
from tests.mutants.trial import SabotageProxy
from tests.mutants.wire import Spoil, Trip
from tests.other_services import bean_style, serializer_style
from tests.serving import serving

KEY, OTHER_KEY = "live-key", "other-key"
STYLES: dict[str, Callable[..., Flask]] = {
    "bean": bean_style.create_service,
    "serializer": serializer_style.create_service,
}
MUTANTS = {mutant.id: mutant for mutant in catalogue()}
# One of each kind: what an update forgets, what comes back, whose rows are shown, how a list counts and pages, which
# ids and keys there are, what a document's types and constants are, who may call, and whether there is an answer.
PLANTED = (
    "update-forgets-name", "update-forgets-is-enabled", "create-drops-x-access-token", "deleted-still-shown",
    "deleted-still-listed", "delete-does-nothing", "rows-of-other-keys", "total-of-page", "page-repeats-row",
    "page-skips-row", "id-used-again", "row-name-missing", "row-is-enabled-retyped", "list-data-retyped",
    "last-type-refused", "list-open-to-nobody", "update-open-to-wrong-key", "crash-on-emoji", "half-a-body",
    "texts-without-unicode", "update-touches-another",
)  # fmt: skip


@contextmanager
def served(style: str, spoil: Spoil) -> Iterator[str]:
    """Serve a style behind a saboteur; yield its base URL."""
    with serving(STYLES[style](KEY, OTHER_KEY)) as port, SabotageProxy(port, spoil) as proxy:
        yield f"{proxy.url}/api"


def judged(folder: Path, url: str, *arguments: str) -> tuple[Ran, dict[str, Any]]:
    (folder / "other").write_text(OTHER_KEY)
    more = ("--other-key-file", "other", "--seed", "1", "--json", "report.json", *arguments)
    ran = check(folder, url, *more, key=KEY)
    return ran, report(folder / "report.json")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "arguments",
    [(), ("--profile", "standard"), ("--treat-as-live", "--rate", "100000")],
    ids=["quick", "standard", "reading"],
)
def test_what_the_page_leaves_open_is_no_finding(
    tmp_path: Path, style: str, arguments: tuple[str, ...]
) -> None:
    with served(style, Trip.passed) as url:
        ran, data = judged(tmp_path, url, *arguments)
    assert findings(data) == []
    assert data["defects"] == []
    assert ran.code == 0, ran.err


def test_a_method_that_does_what_an_update_does_is_no_finding(tmp_path: Path) -> None:
    app = STYLES["bean"](KEY, OTHER_KEY)

    def lenient(environ: dict[str, Any], start: Any) -> Any:
        if environ["REQUEST_METHOD"] in {"PUT", "PATCH"}:
            environ["REQUEST_METHOD"] = "POST"
        return app(environ, start)

    with serving(lenient) as port:
        ran, data = judged(tmp_path, f"http://127.0.0.1:{port}/api", "--suite", "refusals")
    assert findings(data) == []
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("style", STYLES)
def test_what_the_page_leaves_open_is_told(tmp_path: Path, style: str) -> None:
    with served(style, Trip.passed) as url:
        _, data = judged(tmp_path, url)
    told = {one["id"]: one["seen"] for one in data["left_open"]}
    assert "401" in told["refusal missing_bearer"]
    assert not any("issing_bearer" in one["text"] for one in data["left_open"])
    assert "404" in told["refusal not_found"]
    assert "400" in told["type-not-allowed"]
    assert "405" in told["other-methods"]
    assert all(one["steps"] for one in data["left_open"] if one["id"].startswith("refusal "))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("mutant", PLANTED)
def test_a_fault_is_found_whatever_the_style(tmp_path: Path, style: str, mutant: str) -> None:
    with served(style, MUTANTS[mutant].spoil) as url:
        ran, data = judged(tmp_path, url)
    assert (ran.code, bool(findings(data))) == (1, True)
