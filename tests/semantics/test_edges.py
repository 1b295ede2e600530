"""Odd corners that were wrong once."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest

from mock_server import Rules, Settings
from mock_server.app import App
from mock_server.document import DocumentError
from mock_server.mock import Mock
from mock_server.settings import Latency
from mock_server.state.world import Worlds
from tests.semantics.client import BASE, Client

FORM = "application/x-www-form-urlencoded"


def client_with(*answers: str, **rules: object) -> Client:
    return Client(Settings(answers=answers, rules=Rules(**rules)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ("- {type: email, name: A, datetime: '2026-13-45 00:00:00'}", 1),
        (
            "- {id: 1, type: email, name: A}\n- {id: 1, type: email, name: A, settings: {email: a@example.com}}",
            2,
        ),
    ],
)
def test_a_seed_that_cannot_be_is_one_sentence_with_its_line(tmp_path: Path, rows: str, line: int) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text(rows + "\n", encoding="utf-8")
    with pytest.raises(DocumentError) as error:
        Mock(Settings(seed=seed))
    assert str(error.value).startswith(f"{seed}:{line}: ")
    assert "\n" not in str(error.value)


def test_a_seed_may_not_fill_settings_that_are_an_array(tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text("- {type: internal_notification, name: A, settings: {x: y}}\n", encoding="utf-8")
    with pytest.raises(DocumentError, match="violates the document"):
        Mock(Settings(seed=seed, answers=("settings-of-internal-notification=empty-array",)))


@pytest.mark.parametrize("host", ["a" * 9000, "a..b", "-" * 100, "[", 'x"><script>'], ids=range(5))
def test_the_start_page_does_not_mind_the_host(host: str) -> None:
    reply = Client().call("GET", "/", HTTP_HOST=host)
    assert reply.status == 403, "no page under a name that is not the mock's"
    assert reply.headers["content-type"].startswith("application/json")
    assert "x-bitpeak-mock" in reply.headers


def test_links_on_an_ipv6_address_have_its_brackets() -> None:
    reply = Client().call("GET", BASE, HTTP_HOST=None, SERVER_NAME="::1", SERVER_PORT="4055")
    assert reply.json["links"]["self"].startswith("http://[::1]:4055/")


def test_the_journal_shows_the_target_as_it_was_sent_even_where_the_server_did_not_keep_it() -> None:
    client = Client()
    client.call("GET", f"{BASE}/%C5%BC?page=2", REQUEST_URI=None, RAW_URI=None)
    assert client.last.target == f"{BASE}/%C5%BC?page=2"


def test_secrets_that_a_merge_leaves_behind_stay_masked() -> None:
    client = client_with("update-type-change=merged", "secrets-in-replies=masked")
    fields = {"name": "A", "type": "slack", "slack": "https://example.com/secret"}
    created = client.call("POST", BASE, urlencode(fields).encode(), FORM).data["id"]
    client.call(
        "POST", f"{BASE}/{created}", urlencode({"type": "email", "email": "a@example.com"}).encode(), FORM
    )
    settings = client.call("GET", f"{BASE}/{created}").data["settings"]
    assert set(settings) == {"slack", "email"}
    assert "secret" not in settings["slack"]


def test_control_methods_are_case_sensitive_like_the_api_s() -> None:
    assert Client().call("get", "/_mock/health").status == 404


def test_a_world_that_was_idle_for_too_long_begins_anew() -> None:
    client = Client()
    worlds = Worlds(client.mock.worlds.seed, idle=0.0)
    assert worlds.of("mock-a") is not worlds.of("mock-a")


def test_the_limit_of_worlds_spares_the_one_in_use() -> None:
    client = Client()
    worlds = Worlds(client.mock.worlds.seed, limit=2)
    first = worlds.of("mock-a")
    worlds.of("mock-b")
    assert worlds.of("mock-a") is first
    worlds.of("mock-c")
    assert len(worlds) == 2
    assert worlds.of("mock-a") is first


def test_a_json_list_may_count_by_its_last_item() -> None:
    client = client_with("json-body=read", "array-field=last-item")
    body = b'{"name": ["A", "B"], "type": "internal_notification"}'
    created = client.call("POST", BASE, body, "application/json").data["id"]
    assert client.call("GET", f"{BASE}/{created}").data["name"] == "B"


def test_a_query_s_raw_bytes_are_utf_8() -> None:
    client = Client(Settings(overlays=("laudits-com-2026-04",)))
    client.call("POST", BASE, urlencode({"name": "Żółć", "type": "internal_notification"}).encode(), FORM)
    page = client.call("GET", BASE, QUERY_STRING="search=żó".encode().decode("latin-1"))
    assert [row["name"] for row in page.data] == ["Żółć"]


def test_latency_holds_refusals_back_too() -> None:
    client = client_with(latency=Latency(0.25, 0.25))
    delays = [App(client.mock).respond(_environ(path)).delay for path in (f"{BASE}/1", f"{BASE}/0")]
    assert delays == [0.25, 0.25]


def _environ(path: str) -> dict[str, object]:
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "HTTP_AUTHORIZATION": "Bearer mock-key",
        "HTTP_HOST": "localhost",
        "wsgi.url_scheme": "http",
    }


def test_an_observer_that_fails_breaks_no_request() -> None:
    def fail(_: object) -> None:
        raise RuntimeError("observer")

    app = App(Mock(Settings(), observers=[fail]))
    assert app.respond(_environ(f"{BASE}/1")).status == "200 OK"
