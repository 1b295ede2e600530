"""What the mock says of itself under `/_mock/`, by its own document, openapi/control.yaml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import orjson

from mock_server import __version__
from mock_server.answer import Answer
from mock_server.contract import Contract, Schemas
from mock_server.document import dump_yaml, home, read_object
from mock_server.refusal import Defect
from mock_server.worlds import Worlds

PREFIX = "/_mock"

# HTTP's methods are case-sensitive, and the document writes them small.
_METHODS = {"GET": "get", "HEAD": "get", "POST": "post", "PUT": "put", "PATCH": "patch", "DELETE": "delete"}


class Control:
    """Answers control requests. The functions bear the names of the document's operations."""

    def __init__(self, contract: Contract, worlds: Worlds) -> None:
        self._contract = contract
        self._worlds = worlds
        document = read_object(home() / "control.yaml")
        self._schemas = Schemas(document)
        self._paths: Mapping[str, Any] = document["paths"]
        self._not_found = document["components"]["responses"]["NotFound"]["content"]["application/json"]
        self._functions: Mapping[str, Callable[[], Any]] = {
            function.__name__: function
            for function in (self.show_health, self.show_ready, self.show_info, self.show_document)
        }

    def answer(self, method: str, path: str) -> Answer:
        """Answer one control request; `path` begins after the prefix. Raises Defect."""
        operation = self._paths.get(path, {}).get(_METHODS.get(method, ""))
        if operation is None:
            (example,) = self._not_found["examples"].values()
            return Answer(
                "404 Not Found", [("Content-Type", "application/json")], orjson.dumps(example["value"])
            )
        value = self._functions[operation["operationId"]]()
        ((media_type, content),) = operation["responses"]["200"]["content"].items()
        if complaint := self._schemas.check(content["schema"])(value):
            raise Defect(
                f"the control answer {operation['operationId']} would violate its document: {complaint}"
            )
        body = value.encode() if isinstance(value, str) else orjson.dumps(value)
        return Answer("200 OK", [("Content-Type", media_type), ("Cache-Control", "no-store")], body)

    def show_health(self) -> dict[str, str]:
        """Say that the process is alive."""
        return {"status": "ok"}

    def show_ready(self) -> dict[str, str]:
        """Say that the mock can serve: it answers, so its document and seed are compiled."""
        return {"status": "ready"}

    def show_info(self) -> dict[str, Any]:
        """Say what is served, and by which rules."""
        contract, rules = self._contract, self._worlds.seed.rules
        document = contract.document
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
            "base_path": contract.base_path,
            "operations": [
                {"id": operation.id, "method": operation.method, "path": operation.path}
                for operation in contract.operations.values()
            ],
            "answers": dict(document.answers),
            "rules": {
                **asdict(rules),
                "latency": list(rules.latency),
                "cors": contract.service.cors if rules.cors is None else rules.cors,
            },
            "worlds": len(self._worlds),
        }

    def show_document(self) -> str:
        """Write the effective document."""
        return dump_yaml(self._contract.document.data)
