"""`bitpeak-mock wait`. It imports nothing slow, because scripts call it often."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import time
from urllib.parse import SplitResult, urlsplit

import click

from mock_server import MARKER, PREFIX
from mock_server.cli.options import value_of, variable
from mock_server.cli.terminal import ExitCode, Failure
from mock_server.settings import read_wait

_READY = f"{PREFIX}/ready"
# Seconds between two tries: the first pause, by how much it grows, and the last one.
_FIRST, _FACTOR, _LAST = 0.02, 1.5, 0.25
# The seconds to wait for a response: in the first try, after which it is said what is waited for, and in each other.
_SOON, _PATIENCE = 0.5, 2.0


@click.command
@click.argument("url", required=False, envvar="BITPEAK_MOCK_URL")
@click.option(
    "--timeout", metavar="TIME", type=value_of(read_wait), default="30s", show_default=True,
    help="Longest time to wait.",
)  # fmt: skip
@click.option("--insecure", is_flag=True, help="Accept any certificate of an HTTPS mock.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing but errors.")
def wait(url: str | None, timeout: float, insecure: bool, quiet: bool) -> None:
    """Wait until the mock at URL is ready. Exit with 4 if it is not ready in time.

    Only the scheme, host and port of URL count, so the API's base URL will do. Without URL, the environment variables
    BITPEAK_MOCK_URL, BITPEAK_MOCK_PORT and PORT count, in this order, then http://127.0.0.1:4055.
    """
    target = read_target(url) if url else read_target(f"http://127.0.0.1:{default_port()}")
    deadline, pause, patience = time.monotonic() + timeout, _FIRST, _SOON
    while trouble := probe(target, max(0.05, min(patience, deadline - time.monotonic())), insecure):
        left = deadline - time.monotonic()
        if left <= 0:
            raise Failure(f"No mock was ready within {timeout:g}s: {trouble}.", ExitCode.UNREACHABLE)
        if patience == _SOON and not quiet:
            click.echo(f"waiting for a mock at {target.geturl()}, {timeout:g} s at most: {trouble}", err=True)
        patience = _PATIENCE
        time.sleep(min(pause, left))
        pause = min(pause * _FACTOR, _LAST)
    if not quiet:
        click.echo(f"ready {target.geturl()}")


def read_target(url: str) -> SplitResult:
    """Return the scheme, host and port of a URL. Raises click.UsageError."""
    reason = "use for example http://127.0.0.1:4055"
    try:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0:
            return SplitResult(parts.scheme, parts.netloc.rpartition("@")[2], "", "", "")
    except ValueError as error:
        reason = str(error)
    raise click.UsageError(f"Invalid URL {url!r}: {reason}.")


def default_port() -> int:
    """Return the port of `serve` by the environment, or its default. Raises click.UsageError."""
    name = variable("BITPEAK_MOCK_PORT", "PORT")
    text = os.environ.get(name, "4055")
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 65536):
        raise click.UsageError(f"environment variable {name}: Invalid port {text!r}: use 1–65535.")
    return int(text)


def probe(target: SplitResult, seconds: float, insecure: bool) -> str:
    """Send one request. Return an empty text if the mock is ready, else what is wrong."""
    connection = _connection(target, seconds, insecure)
    try:
        connection.request("GET", _READY)
        response = connection.getresponse()
    except http.client.HTTPException:
        return f"{target.geturl()} does not speak HTTP"
    except OSError as error:
        return _trouble(target, error)
    finally:
        connection.close()
    if response.getheader(MARKER[0]) is None:
        return f"{target.geturl()} is not a bitpeak-mock"
    return (
        ""
        if response.status == http.client.OK
        else f"{target.geturl()} responds {response.status} to {_READY}"
    )


def _connection(target: SplitResult, seconds: float, insecure: bool) -> http.client.HTTPConnection:
    if target.scheme == "http":
        return http.client.HTTPConnection(target.hostname or "", target.port, timeout=seconds)
    context = ssl.create_default_context()
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(target.hostname or "", target.port, timeout=seconds, context=context)


def _trouble(target: SplitResult, error: OSError) -> str:
    match error:
        case ConnectionRefusedError():
            return f"nothing listens at {target.geturl()}"
        case socket.gaierror():
            return f"unknown host {target.hostname!r}"
        case ssl.SSLCertVerificationError():
            return f"the certificate of {target.geturl()} is not trusted ({error.verify_message}); use --insecure"
        case ssl.SSLError():
            return f"{target.geturl()} does not speak TLS"
        case TimeoutError():
            return f"{target.geturl()} does not respond"
    return f"cannot connect to {target.geturl()}: {error.strerror or error}"
