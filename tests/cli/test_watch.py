"""`serve --watch`: a changed file is served at once, at the same address."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from mock_server.cli.running import watching
from tests.cli.conftest import KEY, Serve, wait_until

PATH = "/api/notification-handlers/"
OVERLAY = """\
overlay: 1.0.0
info: {{title: t, version: '1'}}
actions:
  - target: $.components.securitySchemes.bearer['x-mock-keys']
    update: {{prefix: {prefix}, example: {prefix}-key}}
"""


def test_a_change_is_served_unless_it_is_broken(serve: Serve, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(OVERLAY.format(prefix="mock"))
    served = serve("--watch", "--overlay", str(overlay))
    port = served.port
    assert served.ask("DELETE", f"{PATH}1")[0] == 200
    assert served.ask("GET", PATH)[0] == 200

    overlay.write_text(OVERLAY.format(prefix="other"))
    assert ". Every key starts again from the seed.\n" in served.logged("Reloaded")
    assert re.search(r"^Reloaded notification-handlers\.yaml \([0-9a-f]{12}\)\.", served.err, re.MULTILINE)
    assert served.ask("GET", PATH)[0] == 401
    assert served.ask("GET", f"{PATH}1", {"Authorization": "Bearer other"})[0] == 200
    assert "The mock's keys begin with 'other'" in served.logged("? The mock")

    overlay.write_text("overlay: [\n")
    sentence = next(line for line in served.logged("still served").splitlines() if "still" in line)
    assert sentence.startswith(f"bitpeak-mock: {overlay}:")
    assert served.ask("GET", f"{PATH}1", {"Authorization": "Bearer other"})[0] == 200

    overlay.unlink()
    served.logged("File not found")
    overlay.write_text(OVERLAY.format(prefix="mock"))
    wait_until(lambda: served.err.count("Reloaded notification") == 2)
    assert served.ask("GET", f"{PATH}1", KEY)[0] == 200
    assert served.port == port
    assert served.stop() == 0


def test_a_reload_as_json(serve: Serve, tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text("[]\n")
    served = serve("--watch", "--seed", str(seed), "--log-format", "json")
    seed.write_text("- {type: email, name: a}\n")
    served.logged("reloaded")
    seed.write_text("- {type: nothing, name: a}\n")
    reloaded, refused = (json.loads(line) for line in served.logged("not-reloaded").splitlines())
    assert (reloaded["event"], refused["event"]) == ("reloaded", "not-reloaded")
    assert len(reloaded["digest"]) == 64
    assert f"{seed}:1: " in refused["sentence"]
    assert b'"total":1' in served.ask("GET", PATH)[1]


def test_nothing_is_reloaded_without_the_option(serve: Serve, tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text("[]\n")
    served = serve("--seed", str(seed))
    seed.unlink()
    assert b'"total":0' in served.ask("GET", PATH)[1]


def test_the_files_to_watch_may_change(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("1")
    calls = []

    def changed() -> Iterable[Path]:
        calls.append(1)
        return [two]

    with watching([one], changed):
        one.write_text("11")
        wait_until(lambda: calls == [1])
        one.write_text("111")
        two.write_text("2")
        wait_until(lambda: calls == [1, 1])
