"""`serve` from start to end."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
import trustme

from mock_server import __version__
from mock_server.cli.options import user_errors
from mock_server.cli.terminal import Failure
from mock_server.document import home
from tests.cli.conftest import PROGRAM, Invoke, Serve, Served, environment, run, wait_until
from tests.examples.running import needs


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_mock_at_once(serve: Serve, number: int) -> None:
    served = serve()
    assert served.out.endswith(f"ready http://127.0.0.1:{served.port}/api\n")
    with socket.create_connection(("127.0.0.1", served.port)):
        started = time.monotonic()
        assert served.stop(number) == 0
        assert time.monotonic() - started < 1.5
    assert not served.port_file.exists()
    assert served.err == ""


def test_a_second_interrupt_kills_the_mock(serve: Serve) -> None:
    served = serve("--latency", "30s")
    with socket.create_connection(("127.0.0.1", served.port)) as client:
        client.sendall(
            b"GET /api/notification-handlers/ HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer mock-key\r\n\r\n"
        )
        served.logged("GET")
        served.process.send_signal(signal.SIGINT)
        # Two pending signals would be delivered as one.
        wait_until(lambda: not served.port_file.exists())
        started = time.monotonic()
        assert served.stop(signal.SIGINT) == 130
        assert time.monotonic() - started < 0.5


def test_delayed_responses_do_not_delay_the_end(serve: Serve) -> None:
    served = serve("--latency", "30s")
    got: list[int] = []
    asking = threading.Thread(target=lambda: got.append(served.ask("GET", "/api/notification-handlers/")[0]))
    asking.start()
    served.logged("GET")
    started = time.monotonic()
    assert served.stop() == 0
    assert time.monotonic() - started < 3
    asking.join()
    assert got == [200]


def test_signals_that_the_parent_ignores_still_stop_the_mock(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    command = [*PROGRAM, "serve", "--port", "0", "--port-file", str(port_file), "-q"]
    ignoring = ["sh", "-c", 'trap "" INT TERM; exec "$@"', "sh", *command]
    with subprocess.Popen(ignoring, env=environment(), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"ready ")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_a_closed_pipe_does_not_stop_the_mock(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    command = [*PROGRAM, "serve", "--port", "0", "--port-file", str(port_file)]
    reading, writing = os.pipe()
    os.close(reading)
    with subprocess.Popen(command, env=environment(), stdout=writing, stderr=writing) as process:
        os.close(writing)
        wait_until(port_file.exists)
        assert run("wait", f"http://127.0.0.1:{port_file.read_text().strip()}").returncode == 0
        process.terminate()
        assert process.wait(10) == 0


def test_a_full_pipe_delays_no_response(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    command = [*PROGRAM, "serve", "--port", "0", "--port-file", str(port_file)]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        wait_until(port_file.exists)
        with socket.create_connection(("127.0.0.1", int(port_file.read_text())), timeout=5) as client:
            request = b"GET /api/%s HTTP/1.1\r\nHost: a\r\n\r\n" % (b"x" * 8000)
            for _ in range(40):
                client.sendall(request)
                assert client.recv(65536).startswith(b"HTTP/1.1 404")
        process.terminate()
        assert process.wait(10) == 0


def test_quiet_writes_only_the_ready_line(serve: Serve) -> None:
    served = serve("--quiet")
    assert served.out == f"ready http://127.0.0.1:{served.port}/api\n"
    served.ask("GET", "/api/notification-handlers/")
    assert served.stop() == 0
    assert served.err == ""


def test_the_ready_line_as_json(serve: Serve) -> None:
    served = serve("--log-format", "json", "--answer", "create-status=ok")
    found = json.loads(served.out)
    document = found.pop("document")
    url = f"http://127.0.0.1:{served.port}"
    assert found == {
        "event": "ready", "url": url, "base_url": f"{url}/api", "key": "mock-key", "version": __version__,
        "pid": served.process.pid, "verified": None,
    }  # fmt: skip
    assert document["name"] == "notification-handlers.yaml"
    assert (document["overlays"], document["answers"]) == ([], {"create-status": "ok"})
    assert len(document["digest"]) == 64


def test_settings_reach_the_mock(serve: Serve, tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text("- {id: 7, type: email, name: Seven, settings: {email: a@example.com}}\n")
    served = serve(
        "--seed", str(seed), "--strict", "--quota", "3", "--cors", "--public-url", "https://mock.example.com/x/",
        "--latency", "1ms..20ms", "--host", "localhost",
    )  # fmt: skip
    status, body = served.ask("GET", "/api/notification-handlers/")
    assert status == 200
    assert b'"id":7' in body
    assert b'"self":"https:\\/\\/mock.example.com\\/x\\/api\\/' in body
    _, info = served.ask("GET", "/_mock/info")
    rules = json.loads(info)["rules"]
    assert (rules["strict"], rules["quota"], rules["cors"]) == (True, 3, True)
    assert rules["latency"] == pytest.approx([0.001, 0.02])
    assert [served.ask("GET", "/api/notification-handlers/7")[0] for _ in range(3)] == [200, 200, 429]
    assert "rules     strict, latency 1ms..20ms, quota 3, CORS\n" in served.out
    assert "links     https://mock.example.com/x/api\n" in served.out
    assert f"ready http://localhost:{served.port}/api\n" in served.out


def test_the_quota_of_the_document(serve: Serve, tmp_path: Path) -> None:
    overlay = tmp_path / "quota.yaml"
    overlay.write_text(overlaid("$['x-service'].quota", "{requests: 2}"))
    served = serve("--quota", "document", "--overlay", str(overlay))
    assert [served.ask("GET", "/api/notification-handlers/")[0] for _ in range(3)] == [200, 200, 429]
    none = tmp_path / "none.yaml"
    none.write_text(
        (home() / "notification-handlers.yaml").read_text().replace("quota: {requests", "quota: null #")
    )
    result = run("serve", "--quota", "document", "--document", str(none))
    assert result.returncode == 3
    assert "x-service has no quota to enforce" in result.stderr


def test_a_warning_if_other_computers_can_reach_the_mock(serve: Serve) -> None:
    served = serve("--host", "0.0.0.0")
    warning = (
        "bitpeak-mock: warning: Other computers can reach 0.0.0.0, and the API accepts any key of the mock.\n"
    )
    assert served.logged("warning") == warning
    assert f"ready http://127.0.0.1:{served.port}/api" in served.out


def test_the_port_comes_from_the_environment(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("serve", PORT=str(port))
    assert result.returncode == 3
    assert result.stderr == (
        f"bitpeak-mock: Port {port} of 127.0.0.1 is in use by another program. "
        "Choose another, or 0 for a free one.\n"
    )


def overlaid(target: str, update: str) -> str:
    return f"overlay: 1.0.0\ninfo: {{title: t, version: '1'}}\nactions:\n  - target: {target}\n    update: {update}\n"


@pytest.mark.parametrize(
    ("flag", "text", "said"),
    [
        ("--document", "a: [\n", "{file}:1: "),
        ("--document", "openapi: 3.0.0\npaths: {}\n", "{file}:1: "),
        ("--document", "openapi: 3.1.0\npaths: {}\n", "{file}:1: "),
        ("--overlay", "overlay: 1.0.0\nactions: 5\n", "{file}:"),
        ("--overlay", None, "{file}:1: File not found"),
        ("--seed", "- {type: email, name: x, nme: x}\n", "{file}:1: Unknown key 'nme'"),
        ("--seed", None, "{file}:1: File not found"),
    ],
)
def test_a_broken_file_is_one_sentence(tmp_path: Path, flag: str, text: str | None, said: str) -> None:
    file = tmp_path / "broken.yaml"
    if text is not None:
        file.write_text(text)
    one_sentence(run("serve", "--port", "0", flag, str(file)), said.format(file=file))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--overlay", "no-such"], "Unknown overlay 'no-such'"),
        (
            ["--answer", "create-staus=ok"],
            "Unknown question 'create-staus' (did you mean 'create-status'?)",
        ),
        (["--answer", "create-status"], "'create-status' is not an answer. Write QUESTION=ANSWER."),
        (["--tls-cert", "no-such.pem", "--tls-key", "no-such.pem"], "Cannot read no-such.pem"),
        (["--host", "no such host"], "Unknown host 'no such host'"),
        (["--port-file", "no/such/folder/port"], "Cannot write the port file no/such/folder/port"),
    ],
)
def test_a_failed_start_is_one_sentence(arguments: list[str], said: str) -> None:
    one_sentence(run("serve", "--port", "0", *arguments), said)


def test_an_unexpected_error_is_blamed_on_the_users_document_or_raised() -> None:
    for error in (KeyError("info"), TypeError("x"), AttributeError("x"), ValueError("x")):
        with (
            pytest.raises(Failure, match=r"^The document is not an OpenAPI 3\.1 document that can"),
            user_errors(own=True),
        ):
            raise error
        with pytest.raises(type(error)), user_errors(own=False):
            raise error
    with (
        pytest.raises(Failure, match=r"^Cannot use openapi/vocabulary.yaml: gone\.$"),
        user_errors(own=False),
    ):
        raise FileNotFoundError(2, "gone", "openapi/vocabulary.yaml")


def one_sentence(result: subprocess.CompletedProcess[str], said: str) -> None:
    assert result.returncode == 3, result.stderr
    assert result.stderr.startswith(f"bitpeak-mock: {said}")
    assert result.stderr.count("\n") == 1
    assert result.stdout == "" or "--port-file" in result.args


@needs("curl")
def test_https(serve: Serve, tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(key)
    for part in issued.cert_chain_pems:
        part.write_to_path(cert, append=True)
    served = serve("--tls-cert", str(cert), "--tls-key", str(key))
    url = f"https://127.0.0.1:{served.port}"
    assert served.out.endswith(f"ready {url}/api\n")
    lines = [line for line in served.out.splitlines() if line.startswith("curl")]
    assert all("--insecure" in line for line in lines)
    shown = subprocess.run(["bash", "-c", lines[0] + " -sf"], capture_output=True, check=True)
    assert b'"data"' in shown.stdout
    assert run("wait", url, "--insecure", "--timeout", "5s").returncode == 0
    untrusted = run("wait", url, "--timeout", "0")
    assert untrusted.returncode == 4
    assert "is not trusted" in untrusted.stderr
    assert served.stop() == 0


def test_a_name_that_is_allowed(serve: Serve) -> None:
    served = serve("--allow-host", "mock", "--allow-host", "other.example")
    for host, status in (("mock", 200), ("other.example:1", 200), ("evil.example", 403)):
        assert served.ask("GET", "/_mock/info", {"Host": host})[0] == status


def test_a_recording_proxy(shared: Served, serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    proxy = serve("--upstream", f"http://127.0.0.1:{shared.port}/api", "--record", str(file), "--quiet")
    assert proxy.out == f"ready http://127.0.0.1:{proxy.port}/api\n"
    assert proxy.ask("GET", "/api/notification-handlers/")[0] == 200
    assert proxy.stop() == 0
    calls = [json.loads(line) for line in file.read_text().splitlines()[1:-1]]
    assert calls[-1]["request"]["url"].endswith("/api/notification-handlers/")
    assert calls[-1]["answer"]["status"] == 200


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--upstream", "http://127.0.0.1:1"], "--upstream and --record need each other."),
        (["--record", "calls.jsonl"], "--upstream and --record need each other."),
        (
            ["--upstream", "http://127.0.0.1:1", "--record", "calls.jsonl", "--host", "0.0.0.0"],
            "A recording proxy listens on this computer only: leave out --host.",
        ),
    ],
)
def test_wrong_options_of_the_recording_proxy(invoke: Invoke, arguments: list[str], said: str) -> None:
    result = invoke("serve", *arguments)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr
