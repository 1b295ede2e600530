"""`wait`: a mock that is ready, one that is not, and other servers."""

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mock_server.cli import wait
from tests.cli.conftest import PROGRAM, Invoke, Served, environment, run, wait_until


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Listen, and send these bytes to every connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    client.recv(4096)
                    client.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize("path", ["", "/", "/api", "/api/notification-handlers/?page=2"])
def test_a_mock_that_is_ready(shared: Served, invoke: Invoke, path: str) -> None:
    url = f"http://127.0.0.1:{shared.port}"
    result = invoke("wait", url + path)
    assert (result.exit_code, result.stdout) == (0, f"ready {url}\n")


def test_the_address_comes_from_the_environment(shared: Served, invoke: Invoke) -> None:
    port = str(shared.port)
    assert invoke("wait", BITPEAK_MOCK_URL=f"http://127.0.0.1:{port}/api", PORT="1").exit_code == 0
    assert invoke("wait", BITPEAK_MOCK_PORT=port, PORT="1").exit_code == 0
    assert invoke("wait", "--quiet", PORT=port).output == ""
    result = invoke("wait", PORT="0")
    assert result.exit_code == 2
    assert "environment variable PORT: Invalid port '0': use 1–65535." in result.stderr
    assert wait.default_port() == 4055
    assert invoke("wait", "--quiet", BITPEAK_MOCK_PORT="tcp://10.0.0.1:80", PORT=port).exit_code == 0


def test_a_mock_that_starts_later(invoke: Invoke) -> None:
    port = free_port()
    results = []
    waiting = threading.Thread(target=lambda: results.append(run("wait", "--timeout", "10s", PORT=str(port))))
    waiting.start()
    time.sleep(0.3)
    with socket.create_server(("127.0.0.1", port)) as listener:
        wait_until(lambda: True)
        client, _ = listener.accept()
        with client:
            client.recv(4096)
            client.sendall(b"HTTP/1.1 200 OK\r\nX-Bitpeak-Mock: 1\r\nContent-Length: 0\r\n\r\n")
        waiting.join()
    assert results[0].returncode == 0


def failed(invoke: Invoke, url: str, timeout: str = "0") -> str:
    result = invoke("wait", url, "--timeout", timeout)
    assert result.exit_code == 4
    assert result.stdout == ""
    start = f"bitpeak-mock: No mock was ready within {timeout.rstrip('s')}s: "
    said, _, error = result.stderr.rpartition("bitpeak-mock: ")
    error = f"bitpeak-mock: {error}"
    assert error.startswith(start)
    assert error.endswith(".\n")
    assert said in {
        "",
        f"waiting for a mock at {url}, {timeout.rstrip('s')} s at most: {error[len(start) : -2]}\n",
    }
    return error[len(start) : -2]


def test_a_free_port(invoke: Invoke) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    started = time.monotonic()
    assert failed(invoke, url, "0.3s") == f"nothing listens at {url}"
    assert 0.3 <= time.monotonic() - started < 1


def test_what_is_waited_for_is_said_at_once() -> None:
    port = free_port()
    with subprocess.Popen(
        [*PROGRAM, "wait", "--timeout", "30s"],
        env=environment(PORT=str(port)),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        url = f"http://127.0.0.1:{port}"
        assert (
            process.stderr.readline()
            == f"waiting for a mock at {url}, 30 s at most: nothing listens at {url}\n"
        )
        process.kill()


def test_quiet(invoke: Invoke) -> None:
    result = invoke("wait", "--quiet", "--timeout", "0.1s", PORT=str(free_port()))
    assert (result.exit_code, result.stderr.count("\n")) == (4, 1)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "is not a bitpeak-mock"),
        (
            b"HTTP/1.1 503 Busy\r\nX-Bitpeak-Mock: 1\r\nContent-Length: 0\r\n\r\n",
            "responds 503 to /_mock/ready",
        ),
        (b"220 smtp.example.com\r\n", "does not speak HTTP"),
        (b"", "does not speak HTTP"),
    ],
)
def test_other_servers(invoke: Invoke, answer: bytes, sentence: str) -> None:
    with answering(answer) as url:
        assert failed(invoke, url) == f"{url} {sentence}"


def test_a_server_without_tls(invoke: Invoke) -> None:
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        url = url.replace("http", "https")
        assert failed(invoke, url) == f"{url} does not speak TLS"


def test_a_silent_server(invoke: Invoke) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert failed(invoke, url, "0.1s") == f"{url} does not respond"


def test_an_unknown_host(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert failed(invoke, "http://no-such-host") == "unknown host 'no-such-host'"


@pytest.mark.parametrize("url", ["localhost:4055", "ftp://a", "http://", "http://a:b", "http://[a", "a"])
def test_invalid_urls(invoke: Invoke, url: str) -> None:
    result = invoke("wait", url)
    assert result.exit_code == 2
    assert f"Invalid URL {url!r}: " in result.stderr


def test_targets() -> None:
    for url in ("http://127.0.0.1:80", "https://[::1]:8443", "https://a:443", "https://a"):
        assert wait.read_target(f"{url}/api/?page=2#top").geturl() == url
