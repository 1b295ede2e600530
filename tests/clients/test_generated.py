"""A client generated from the document works against the mock.

It is generated from the document with multipart bodies only (`bitpeak-mock spec --answer urlencoded-body=not-read`):
openapi-python-client 0.29 leaves out an import if a required body has two media types.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mock_server.document import dump_json, load
from tests.clients.conftest import Api

pytestmark = pytest.mark.xdist_group("generated client")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Generate the client once, and make it importable."""
    folder = tmp_path_factory.mktemp("generated")
    document = folder / "openapi.json"
    document.write_text(dump_json(load(answers=["urlencoded-body=not-read"]).data), encoding="utf-8")
    generator = Path(sys.executable).with_name("openapi-python-client")
    done = subprocess.run(
        [str(generator), "generate", "--path", str(document), "--meta", "none", "--output-path", "generated_client"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        # The generator formats with ruff, which it looks for on the path.
        env={**os.environ, "PATH": f"{generator.parent}{os.pathsep}{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Warning" not in done.stdout, done.stdout
    sys.path.insert(0, str(folder))
    return "generated_client"


def part(package: str, name: str) -> ModuleType:
    return importlib.import_module(f"{package}.{name}")


def client_of(package: str, api: Api) -> Any:
    return part(package, "client").AuthenticatedClient(base_url=api.url, token=api.key)


def operation(package: str, name: str) -> Any:
    return part(package, f"api.notification_handlers.{name}")


def test_it_creates_retrieves_and_lists(package: str, api: Api) -> None:
    models = part(package, "models")
    form = models.CreateForm(
        name="Generated", type_=models.HandlerType.TELEGRAM, telegram="1:a", telegram_chat_id="-100"
    )
    with client_of(package, api) as client:
        created = operation(package, "create_notification_handler").sync(client=client, body=form)
        assert created.data.id == 2
        one = operation(package, "retrieve_notification_handler").sync(2, client=client)
        assert (one.data.name, one.data.type_.value) == ("Generated", "telegram")
        assert one.data.settings.to_dict() == {"telegram": "1:a", "telegram_chat_id": "-100"}
        page = operation(package, "list_notification_handlers").sync(client=client, page=1)
        assert [row.id for row in page.data] == [2, 1]
        assert (page.meta.total, page.links.next_) == (2, None)


def test_it_updates_and_deletes(package: str, api: Api) -> None:
    models = part(package, "models")
    with client_of(package, api) as client:
        form = models.UpdateForm(name="Renamed", is_enabled=models.UpdateFormIsEnabled("1"))
        assert (
            operation(package, "update_notification_handler").sync(1, client=client, body=form).data.id == 1
        )
        one = operation(package, "retrieve_notification_handler").sync(1, client=client)
        assert (one.data.name, one.data.is_enabled) == ("Renamed", True)
        deleted = operation(package, "delete_notification_handler").sync_detailed(1, client=client)
        assert deleted.status_code == 200
        gone = operation(package, "retrieve_notification_handler").sync_detailed(1, client=client)
        assert gone.status_code == 404
        assert json.loads(gone.content)["errors"][0]["status"] == 404
