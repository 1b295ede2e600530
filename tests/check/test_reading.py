"""A run that only reads finds what is wrong with rows that are there, and shows none of their values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from contract_tests.guard.exchange import Reply
from tests.check.process import KEY, Ran, check, findings, report
from tests.mutants.trial import SabotageProxy
from tests.mutants.wire import Spoil, data_of, in_replies, in_rows, with_data
from tests.second_opinion import SecondOpinion

SECRET = "kept-by-somebody"


def rows(**values: object) -> Spoil:
    """Show each row with other values."""
    return in_rows(lambda row: row.update(values))


def answers(change: Callable[[Reply], Reply]) -> Spoil:
    return in_replies(change, "list", "retrieve")


def first_row(got: Reply) -> Reply:
    data = data_of(got)
    if not isinstance(data, dict) or not isinstance(data.get("data"), list):
        return got
    data["data"] = data["data"][0]
    return with_data(got, data)


WRONG = {
    "undocumented type": (rows(type=f"pigeon {SECRET}"), "type"),
    "settings as text": (rows(settings=SECRET), "settings"),
    "settings of a wrong kind": (rows(settings={"email": 5}), "settings.email"),
    "enabled as text": (rows(is_enabled="yes"), "is_enabled"),
    "time as number": (rows(datetime=12345), "datetime"),
    "time of another form": (rows(datetime="1/2/2026 3:04"), "datetime"),
    "one row as object": (answers(first_row), "`data`"),
    "a byte order mark": (
        answers(lambda got: got._replace(body=b"\xef\xbb\xbf" + got.body)),
        "byte order mark",
    ),
    "JSON called HTML": (
        answers(lambda got: got._replace(headers=(("Content-Type", "text/html"),))),
        "media type",
    ),
}


def read(folder: Path, spoil: Spoil, held: int = 3) -> tuple[Ran, dict[str, Any]]:
    with (
        SecondOpinion(keys={KEY: held}) as service,
        SabotageProxy(urlsplit(service.url).port or 0, spoil) as proxy,
    ):
        url = f"{proxy.url}{urlsplit(service.url).path}"
        live = ("--treat-as-live", "--rate", "100000", "--json", "report.json")
        ran = check(folder, url, *live, key=KEY)
        assert {entry.method for entry in service.log} == {"GET"}
    return ran, report(folder / "report.json")


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_row_of_others_is_found(tmp_path: Path, name: str) -> None:
    spoil, words = WRONG[name]
    ran, data = read(tmp_path, spoil, held=1)
    assert ran.code == 1, ran
    assert any(words in finding["title"] for finding in findings(data)), findings(data)
    assert SECRET not in ran.out + (tmp_path / "report.json").read_text()


def test_a_label_that_is_wrong_everywhere_is_one_finding(tmp_path: Path) -> None:
    _, data = read(tmp_path, WRONG["JSON called HTML"][0])
    assert len(findings(data)) <= 2, [finding["title"] for finding in findings(data)]


def test_rows_that_are_right_are_not_found_wrong(tmp_path: Path) -> None:
    ran, data = read(tmp_path, rows())
    assert (ran.code, findings(data)) == (0, []), ran
