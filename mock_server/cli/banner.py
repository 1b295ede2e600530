"""What `serve` writes once it is ready, with a line of curl for each operation."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from mock_server import PREFIX, __version__
from mock_server.cli.serve import Serving
from mock_server.cli.terminal import PROGRAM, clean
from mock_server.contract import Operation
from mock_server.document import stamp_facts, stamp_text
from mock_server.mock import Mock
from mock_server.settings import Rules

_MULTIPART = "multipart/form-data"
# A value that curl's `--form` would take for a file name or an option of its own.
_SPECIAL = re.compile(r"[@<\"]|.*;", re.DOTALL)


def write_banner(mock: Mock, serving: Serving, url: str) -> str:
    """Write the banner for people. Its last line is `ready BASE_URL`; --quiet writes only this line.

    `url` is the server's, without a slash at its end.
    """
    base_url = url + mock.contract.base_path
    lines = (
        []
        if serving.quiet
        else [*_facts(mock, serving, base_url), "", *_examples(mock, serving, base_url), ""]
    )
    return "".join(f"{line}\n" for line in (*lines, f"ready {base_url}"))


def write_ready(mock: Mock, url: str) -> str:
    """Write the banner for programs: one line of JSON."""
    document = mock.contract.document
    facts = {
        "event": "ready",
        "url": url,
        "base_url": url + mock.contract.base_path,
        "key": mock.contract.service.key_example,
        "document": {
            "title": mock.contract.title,
            "version": mock.contract.version,
            "name": document.base_name,
            "digest": str(document.digest),
            "overlays": [file.name for file in document.overlays],
            "answers": dict(document.chosen),
        },
        "verified": stamp_facts(document),
        "version": __version__,
        "pid": os.getpid(),
    }
    return json.dumps(facts) + "\n"


def _facts(mock: Mock, serving: Serving, base_url: str) -> list[str]:
    contract, rules, token = mock.contract, serving.settings.rules, serving.generated_token
    document, service = contract.document, contract.service
    own = f"{base_url.removesuffix(contract.base_path)}{PREFIX}"
    rows = [
        ("document", f"{contract.title} {contract.version} ({document.base_name}, {document.digest.short})"),
        ("overlays", ", ".join(file.name for file in document.overlays)),
        ("proof", stamp_text(document)),
        ("answers", ", ".join(f"{question}={answer}" for question, answer in document.chosen.items())),
        ("rules", ", ".join(_rules(rules))),
        ("links", f"{rules.public_url}{contract.base_path}" if rules.public_url else ""),
        ("API", base_url),
        # A browser sends a fragment to no server, and the page removes it from the address.
        ("page", f"{own}/#token={token}" if token else f"{own}/"),
        ("control", f"{own} (with the header X-Bitpeak-Mock-Token: {token})" if token else own),
        (
            "key",
            f"{service.key_example} (or any that begins with {service.key_prefix!r}; each has its own world)",
        ),
    ]
    return [f"{PROGRAM} {__version__}", *(f"{name:<10}{clean(text)}" for name, text in rows if text)]


def _rules(rules: Rules) -> Iterator[str]:
    """Yield the rules that differ from the defaults."""
    if rules.strict:
        yield "strict"
    if rules.latency.high:
        yield f"latency {rules.latency}"
    if rules.quota is not None:
        yield "quota of the document" if rules.quota == "document" else f"quota {rules.quota}"
    if rules.cors is not None:
        yield "CORS" if rules.cors else "no CORS"


def _examples(mock: Mock, serving: Serving, base_url: str) -> Iterator[str]:
    for operation, line in curl_lines(mock, base_url, insecure=serving.tls_cert is not None):
        yield f"# {operation.id}: {clean(operation.summary)}"
        yield line


def curl_lines(mock: Mock, base_url: str, *, insecure: bool) -> Iterator[tuple[Operation, str]]:
    """Yield each operation with a command line, made of the document's examples, for a POSIX shell.

    In this order all of them succeed on a fresh mock: deletions come last, as they remove what the others use.
    """
    stores = mock.worlds.seed.stores
    operations = sorted(mock.contract.operations.values(), key=lambda operation: operation.method == "DELETE")
    for operation in operations:
        first_id = next((item.id for item in stores[operation.resource.name]), 1)
        url = base_url + re.sub(r"\{[^}]*\}", str(first_id), operation.path)
        words = ["curl", *(["--insecure"] if insecure else []), *_method(operation)]
        words += ["--header", f"Authorization: Bearer {mock.contract.service.key_example}"]
        yield operation, shlex.join([*words, *_form(operation), url])


def _example(operation: Operation) -> Mapping[str, Any]:
    return next(iter(operation.examples.values()), {})


def _method(operation: Operation) -> list[str]:
    implied = "POST" if _example(operation) else "GET"
    return [] if operation.method == implied else ["--request", operation.method]


def _form(operation: Operation) -> Iterator[str]:
    for name, value in _example(operation).items():
        text = str(value)
        if _MULTIPART not in operation.media_types:
            yield "--data-urlencode"
        else:
            yield "--form-string" if _SPECIAL.match(text) else "--form"
        yield f"{name}={text}"
