"""What the mock says of itself."""

from __future__ import annotations

from typing import Any

from mock_server import __version__
from mock_server.contract import Contract, Operation
from mock_server.control.operations import control_document
from mock_server.control.request import Request
from mock_server.document import Object, dump_yaml, home, stamp_facts


def show_health(_: Request) -> dict[str, str]:
    """Say that the process is alive."""
    return {"status": "ok"}


def show_ready(_: Request) -> dict[str, str]:
    """Say that the mock can serve: it answers, so its document and seed are compiled."""
    return {"status": "ready"}


def show_info(request: Request) -> dict[str, Any]:
    """Say what is served, and by which rules."""
    subject = request.subject
    contract, rules = subject.variations.base, subject.worlds.seed.rules
    document, service = contract.document, contract.service
    return {
        "name": "bitpeak-mock",
        "version": __version__,
        "document": {
            "title": contract.title,
            "version": contract.version,
            "name": document.base_name,
            "digest": str(document.digest),
            "overlays": [file.name for file in document.overlays],
        },
        "verified": stamp_facts(document),
        "base_path": contract.base_path,
        "operations": [_described(operation, contract) for operation in contract.operations.values()],
        "key": {"prefix": service.key_prefix, "example": service.key_example},
        "answers": dict(document.answers),
        "rules": {
            "strict": rules.strict,
            "latency": list(rules.latency),
            "quota": rules.quota,
            "public_url": rules.public_url,
            "cors": service.cors if rules.cors is None else rules.cors,
            "overrides": rules.overrides,
        },
        "control": {"token": subject.token is not None, "cors": subject.cors},
        "worlds": len(subject.worlds),
    }


def _described(operation: Operation, contract: Contract) -> dict[str, Any]:
    return {
        "id": operation.id,
        "function": operation.function,
        "method": operation.method,
        "path": operation.path,
        "summary": operation.summary,
        "refusals": list(operation.refusals),
        "types": list(contract.resource.types) if operation.form is not None else [],
    }


def show_document(request: Request) -> str | Object:
    """Write the effective document, of the world where one is named."""
    contract = request.subject.variations.base if request.account is None else request.account.contract
    data = contract.document.data
    return data if request.media_type == "application/json" else dump_yaml(data)


def show_control_document(request: Request) -> str | Object:
    """Write the control's own document, as it stands in its file."""
    if request.media_type == "application/json":
        return control_document()
    return (home() / "control.yaml").read_text(encoding="utf-8")
