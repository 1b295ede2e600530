"""`bitpeak-mock routes`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from mock_server.cli.loading import load_contract
from mock_server.cli.options import document_options, format_option, options
from mock_server.cli.table import table
from mock_server.contract import Contract


@click.command
@options(*document_options, format_option)
def routes(document: Path | None, overlay: tuple[str, ...], answer: tuple[str, ...], format_: str) -> None:
    """List the operations, and how each can answer: its success, and its refusals by name.

    Beyond these, any request can get the refusals of the service as a whole, such as that of a body that is too
    large.
    """
    rows = facts(load_contract(document, overlay, answer))
    if format_ == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    head = ("METHOD", "PATH", "OPERATION", "SUMMARY", "SUCCESS", "REFUSALS")
    click.echo(table(head, [_texts(row) for row in rows]))


def facts(contract: Contract) -> list[dict[str, Any]]:
    """Return what there is to say of each operation; `refusals` maps a refusal's name to its status."""
    return [
        {
            "method": operation.method,
            "path": contract.base_path + operation.path,
            "operation": operation.id,
            "summary": operation.summary,
            "success": int(operation.success.status[:3]),
            "refusals": {refusal.name: int(refusal.status[:3]) for refusal in operation.refusals.values()},
        }
        for operation in contract.operations.values()
    ]


def _texts(row: dict[str, Any]) -> tuple[str, ...]:
    by_status: dict[int, list[str]] = {}
    for name, status in row["refusals"].items():
        by_status.setdefault(status, []).append(name)
    refusals = "; ".join(f"{status} {', '.join(names)}" for status, names in by_status.items())
    return (row["method"], row["path"], row["operation"], row["summary"], str(row["success"]), refusals)
