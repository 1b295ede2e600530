"""What `serve` says once it is ready."""

from __future__ import annotations

import json
import os
from typing import Any

from mock_server import __version__
from mock_server.cli.curl import curl_lines
from mock_server.cli.failure import PROGRAM
from mock_server.cli.lines import clean
from mock_server.cli.plan import Plan
from mock_server.control import PREFIX
from mock_server.document import stamp_facts, stamp_text
from mock_server.mock import Mock


def write_banner(mock: Mock, plan: Plan, url: str) -> str:
    """Write the banner for people, its last line `ready BASE_URL`; a quiet plan has that line alone.

    `url` is the server's, without a slash at its end.
    """
    base_url = url + mock.contract.base_path
    lines = [] if plan.quiet else [*_facts(mock, plan, base_url), "", *_examples(mock, plan, base_url), ""]
    return "".join(f"{line}\n" for line in (*lines, f"ready {base_url}"))


def write_ready(mock: Mock, url: str) -> str:
    """Write the banner for programs: one line of JSON."""
    facts = {
        "event": "ready",
        "url": url,
        "base_url": url + mock.contract.base_path,
        "key": mock.contract.service.key_example,
        "document": describe(mock),
        "verified": stamp_facts(mock.contract.document),
        "version": __version__,
        "pid": os.getpid(),
    }
    return json.dumps(facts) + "\n"


def describe(mock: Mock) -> dict[str, Any]:
    """Return which document is in effect: its title, version, file and digest, its overlays and chosen answers."""
    document = mock.contract.document
    return {
        "title": mock.contract.title,
        "version": mock.contract.version,
        "name": document.base_name,
        "digest": str(document.digest),
        "overlays": [file.name for file in document.overlays],
        "answers": dict(document.chosen),
    }


def _facts(mock: Mock, plan: Plan, base_url: str) -> list[str]:
    contract = mock.contract
    document, service = contract.document, contract.service
    own = f"{base_url.removesuffix(contract.base_path)}{PREFIX}"
    rows = [
        ("document", f"{contract.title} {contract.version} ({document.base_name}, {document.digest.short})"),
        ("overlays", ", ".join(file.name for file in document.overlays)),
        ("proof", stamp_text(document)),
        ("answers", ", ".join(f"{question}={answer}" for question, answer in document.chosen.items())),
        ("rules", ", ".join(_rules(plan))),
        ("links", f"{plan.public_url}{contract.base_path}" if plan.public_url else ""),
        ("API", base_url),
        ("page", f"{own}/{_fragment(plan)}"),
        ("control", f"{own}{_token(plan)}"),
        (
            "key",
            f"{service.key_example} (any that begins with {service.key_prefix!r}; each has a world of its own)",
        ),
    ]
    return [f"{PROGRAM} {__version__}", *(f"{name:<10}{clean(text)}" for name, text in rows if text)]


def _token(plan: Plan) -> str:
    """Tell a token that was made up; who named one knows it."""
    if plan.token is None or plan.control_token:
        return ""
    return f" (with the header X-Bitpeak-Mock-Token: {plan.token})"


def _fragment(plan: Plan) -> str:
    """Let the page open with a token that was made up: a fragment is sent nowhere, and the page takes it out."""
    return f"#token={plan.token}" if _token(plan) else ""


def _rules(plan: Plan) -> list[str]:
    quota = {"off": "", "document": "quota of the document"}.get(str(plan.quota), f"quota {plan.quota}")
    latency = f"latency {plan.latency}" if plan.latency.high else ""
    cors = "" if plan.cors is None else "CORS" if plan.cors else "no CORS"
    return [rule for rule in ("strict" if plan.strict else "", latency, quota, cors) if rule]


def _examples(mock: Mock, plan: Plan, base_url: str) -> list[str]:
    lines: list[str] = []
    for operation, line in curl_lines(mock, base_url, insecure=plan.tls is not None):
        lines += [f"# {operation.id}: {clean(operation.summary)}", line]
    return lines
