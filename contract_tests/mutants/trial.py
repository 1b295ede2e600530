"""One mutant's trial: the kit as a process, in two stages, on the mock behind the saboteur."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contract_tests.mutants.kit import check
from contract_tests.mutants.mutant import Kind, Mutant
from contract_tests.mutants.proxy import Proxy
from contract_tests.mutants.service import service
from mock_server.document import dump_yaml, load, plain

# The first stage is quick and always does the same; what survives it meets the generated suites.
STAGES = (("questions", "page", "lifecycle", "paging", "refusals", "clients"), ("model", "schema", "links"))
SEED = 1
_PATIENCE = 300  # seconds for one stage
_OPENING = "opening"  # where the kit could not even begin


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a mutant: the suites that failed, and the open questions that were answered otherwise.

    `requests` and `seconds` are those of all stages until it died. `words` is the kit's first finding.
    """

    id: str
    killed_by: tuple[str, ...] = ()
    noticed: tuple[str, ...] = ()
    ran: tuple[str, ...] = ()
    requests: int = 0
    seconds: float = 0.0
    words: str = ""

    @property
    def is_dead(self) -> bool:
        """Whether a suite failed."""
        return bool(self.killed_by)


def judge(mutant: Mutant, suites: Sequence[str] = ()) -> Fate:
    """Run the kit against a mutant: all stages, or until it is dead. `suites` limits them."""
    begun = time.monotonic()
    fate = Fate(mutant.id)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = stack.enter_context(service(mutant.answers))
        proxy = stack.enter_context(Proxy(port, mutant.begin()))
        for stage in STAGES:
            chosen = [suite for suite in stage if not suites or suite in suites]
            if chosen and not fate.is_dead:
                fate = _stage(fate, mutant, proxy.url, folder, chosen)
    return replace(fate, seconds=round(time.monotonic() - begun, 1))


def _stage(fate: Fate, mutant: Mutant, url: str, folder: Path, suites: Sequence[str]) -> Fate:
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    base = url + _base_path()
    arguments = [
        *("--base-url", base, "--json", str(report), "--seed", str(SEED), "--profile", "quick"),
        # A tolerance must not be reported; a bug is wrong by the whole document, or breaks a duty.
        *("--hold-to", "page" if mutant.kind is Kind.TOLERANCE else "document"),
        *("--ledger-dir", str(folder / "ledger"), "--no-color"),
        *(word for suite in suites for word in ("--suite", suite)),
        *_document(mutant, folder),
    ]
    code, said = check(arguments, folder, _PATIENCE)
    if code is None:
        return replace(fate, killed_by=(_OPENING,), words="the kit did not end in time")
    if not report.exists():
        words = (said.strip().splitlines() or [f"exit code {code}"])[-1]
        return replace(fate, killed_by=(_OPENING,), words=words)
    return _read(fate, json.loads(report.read_text(encoding="utf-8")))


def _read(fate: Fate, report: dict[str, Any]) -> Fate:
    failed = {test["suite"] for test in report["tests"] if test["outcome"] == "failed"}
    findings = [*report["contradicts_documentation"], *report["contradicts_itself"]]
    failed |= {finding["suite"] for finding in findings}
    if report["exit_code"] not in (0, 1):
        failed.add(_OPENING)
    ran = {test["suite"] for test in report["tests"] if test["outcome"] != "skipped"}
    first = findings[0]["title"] if findings else report["sentence"]
    return replace(
        fate,
        killed_by=tuple(sorted(failed)),
        noticed=tuple(f"{one['id']}={one['answer']}" for one in report["left_open"] if one["differs"]),
        ran=tuple(sorted({*fate.ran, *ran})),
        requests=fate.requests + report["run"]["requests"],
        words=first,
    )


def _document(mutant: Mutant, folder: Path) -> list[str]:
    if mutant.rewrite is None:
        return []
    data: dict[str, Any] = plain(load().data)
    mutant.rewrite(data)
    file = folder / "document.yaml"
    file.write_text(dump_yaml(data), encoding="utf-8")
    return ["--document", str(file)]


def _base_path() -> str:
    url: str = load().data["servers"][0]["url"]
    return urlsplit(url).path.rstrip("/")
