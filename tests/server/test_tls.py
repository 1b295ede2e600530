"""HTTPS."""

import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from mock_server.server import BadCertificate, Server, ServerLimits, TLSFiles
from tests.server.wire import Client, connections, echo, fixed, get, post, wait_until


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def files(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> TLSFiles:
    folder = tmp_path_factory.mktemp("tls")
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    return TLSFiles(folder / "cert.pem", folder / "key.pem")


@pytest.fixture
def secure(files: TLSFiles) -> Iterator[Server]:
    with Server(echo, tls=files, limits=ServerLimits(body_bytes=100_000)) as server:
        yield server


def client_of(server: Server, authority: trustme.CA) -> Client:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    plain = socket.create_connection((server.host, server.port))
    return Client(server, context.wrap_socket(plain, server_hostname="127.0.0.1"))


def test_https(secure: Server, authority: trustme.CA) -> None:
    assert secure.url == f"https://127.0.0.1:{secure.port}"
    with client_of(secure, authority) as client:
        assert isinstance(client.sock, ssl.SSLSocket)
        assert client.sock.selected_alpn_protocol() == "http/1.1"
        for _ in range(3):
            assert client.ask(post(b"x" * 50_000)).json["wsgi.url_scheme"] == "https"
        client.send(get("/1", "X-Delay: 0.02") + get("/2") * 200)
        assert [client.receive().json["PATH_INFO"] for _ in range(3)] == ["/1", "/2", "/2"]
    wait_until(lambda: connections(secure) == 0)


def test_responses_read_late(files: TLSFiles, authority: trustme.CA) -> None:
    app = fixed("200 OK", body=b"x" * 10_000_000)
    with Server(app, tls=files) as server, client_of(server, authority) as client:
        client.send(get() * 3)
        time.sleep(0.03)
        assert [len(client.receive().body) for _ in range(3)] == [10_000_000] * 3


def test_a_refusal_can_be_read(secure: Server, authority: trustme.CA) -> None:
    with client_of(secure, authority) as client:
        client.send(post(b"").replace(b"Content-Length: 0", b"Content-Length: 100000000"))
        client.send(b"x" * 2_000_000)
        assert client.receive().status == 413


def test_a_closed_connection_ends_properly(secure: Server, authority: trustme.CA) -> None:
    with client_of(secure, authority) as client:
        assert client.ask(get("/", "Connection: close")).status == 200
        assert client.ended()


def test_faults(secure: Server, authority: trustme.CA) -> None:
    with client_of(secure, authority) as client:
        client.send(get("/", "X-Wire: drop"))
        assert client.ended()
    with client_of(secure, authority) as client:
        client.send(get("/", "X-Wire: reset"))
        # Below TLS, because OpenSSL may call a reset an end; the handshake's last bytes may come first.
        client.sock = socket.socket(fileno=client.sock.detach())
        client.sock.settimeout(5)
        with pytest.raises(ConnectionResetError):
            client.rest()
    with client_of(secure, authority) as client:
        client.send(get("/", "X-Wire: truncate"))
        length = int(client.receive(bodiless=True).headers["content-length"])
        assert len(client.rest()) == length // 2


def test_a_client_that_resets_at_the_end_is_not_logged(secure: Server, authority: trustme.CA) -> None:
    """A log record fails the test."""
    for _ in range(20):
        with client_of(secure, authority) as client:
            client.send(get("/", "Connection: close", "X-Fill: " + "x" * 20_000))
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_until(lambda: connections(secure) == 0)


def test_plain_http_to_a_tls_port_is_not_logged(secure: Server, authority: trustme.CA) -> None:
    with Client(secure) as plain:
        plain.send(get())
        with contextlib.suppress(ConnectionResetError):
            plain.rest()
    with client_of(secure, authority) as client:
        assert client.ask(get()).status == 200


def test_a_handshake_that_never_comes_does_not_delay_the_stop(files: TLSFiles) -> None:
    server = Server(echo, tls=files)
    server.start()
    with Client(server) as silent:
        wait_until(lambda: connections(server) == 0)
        server.stop()
        assert silent.sock.recv(1) == b""


def test_files_that_cannot_be_used(files: TLSFiles, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("not a certificate")
    for tls, named in (
        (TLSFiles(tmp_path / "none.pem", files.key), "none.pem"),
        (TLSFiles(bad, files.key), "bad.pem"),
        (TLSFiles(files.cert, files.cert), "cert.pem"),
    ):
        with pytest.raises(BadCertificate, match=named) as caught:
            Server(echo, tls=tls).start()
        assert str(caught.value).endswith(".")


def test_clients_that_do_not_trust_the_certificate_do_not_hinder_a_stop(files: TLSFiles) -> None:
    with Server(echo, tls=files) as server:
        for _ in range(3):
            with (
                socket.create_connection((server.host, server.port)) as plain,
                pytest.raises(ssl.SSLCertVerificationError),
            ):
                ssl.create_default_context().wrap_socket(plain, server_hostname="127.0.0.1")
        wait_until(lambda: connections(server) == 0)


def test_a_closed_connection_may_still_be_looked_at(secure: Server, authority: trustme.CA) -> None:
    """Between its close and its loss, the sweep of timeouts and `stop` may look at a connection."""
    with client_of(secure, authority) as client:
        assert client.ask(get()).status == 200
        (connection,) = secure.connections
        connection._transport.close()
        connection.check(time.monotonic())
    wait_until(lambda: connections(secure) == 0)
