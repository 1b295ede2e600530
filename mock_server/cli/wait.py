"""`bitpeak-mock wait`: imports nothing of the mock that takes time, since scripts call it again and again."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import time
from typing import NamedTuple
from urllib.parse import urlsplit

import click

from mock_server.api.response import MARKER
from mock_server.cli.failure import ExitCode, Failure
from mock_server.cli.values import read_duration

_READY = "/_mock/ready"
# Seconds from one try to the next: at first so short that a script notices no wait.
_FIRST, _FACTOR, _LAST = 0.02, 1.5, 0.25
# A server that accepts and says nothing gets this many seconds a try.
_PATIENCE = 2.0


class Target(NamedTuple):
    """Where the mock is looked for."""

    scheme: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


@click.command
@click.argument("url", required=False, envvar="BITPEAK_MOCK_URL")
@click.option(
    "--timeout",
    metavar="TIME",
    type=read_duration,
    default="30s",
    show_default=True,
    help="How long to wait at most.",
)
@click.option("--insecure", is_flag=True, help="Take any certificate of an HTTPS mock.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing once it is ready.")
def wait(url: str | None, timeout: float, insecure: bool, quiet: bool) -> None:
    """Wait until the mock at URL is ready, and exit with 4 if it is not in time.

    Of URL only scheme, host and port count, so that the API's base URL will do. Without it, the environment
    variable BITPEAK_MOCK_URL counts, then BITPEAK_MOCK_PORT, then PORT, then http://127.0.0.1:4055.
    """
    target = read_target(url) if url else default_target()
    deadline, pause = time.monotonic() + timeout, _FIRST
    while (
        trouble := ask(target, max(0.05, min(_PATIENCE, deadline - time.monotonic())), insecure)
    ) is not None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Failure(f"no mock was ready within {timeout:g}s: {trouble}.", ExitCode.UNREACHABLE)
        time.sleep(min(pause, left))
        pause = min(pause * _FACTOR, _LAST)
    if not quiet:
        click.echo(f"ready {target.url}")


def read_target(url: str) -> Target:
    """Read where a URL leads. Raises click.BadParameter."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError as error:
        raise click.BadParameter(f"{url!r} is no URL: {error}.", param_hint="URL") from None
    if not parts.hostname or not port:
        raise click.BadParameter(
            f"{url!r} is no URL, write for example http://127.0.0.1:4055.", param_hint="URL"
        )
    return Target(parts.scheme, parts.hostname, port)


def default_target() -> Target:
    """Return where `serve` listens by the environment, or by default. Raises click.BadParameter."""
    for name in ("BITPEAK_MOCK_PORT", "PORT"):
        if text := os.environ.get(name):
            if not (text.isascii() and text.isdecimal() and 0 < int(text) < 65536):
                hint = f"the environment variable {name}"
                raise click.BadParameter(f"{text!r} is no port to ask at, write 1 to 65535.", param_hint=hint)
            return Target("http", "127.0.0.1", int(text))
    return Target("http", "127.0.0.1", 4055)


def ask(target: Target, seconds: float, insecure: bool) -> str | None:
    """Ask once; return None where the mock is ready, else what is the matter there."""
    connection = _connection(target, seconds, insecure)
    try:
        connection.request("GET", _READY)
        return _judge(target, connection.getresponse())
    except http.client.HTTPException:
        return f"{target.url} answers, but not as HTTP does"
    except OSError as error:
        return _trouble(target, error)
    finally:
        connection.close()


def _judge(target: Target, answer: http.client.HTTPResponse) -> str | None:
    if answer.getheader(MARKER[0]) is None:
        return f"{target.url} answers, but it is no bitpeak-mock"
    return None if answer.status == http.client.OK else f"{target.url} answers {answer.status} to {_READY}"


def _connection(target: Target, seconds: float, insecure: bool) -> http.client.HTTPConnection:
    if target.scheme == "http":
        return http.client.HTTPConnection(target.host, target.port, timeout=seconds)
    context = ssl.create_default_context()
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(target.host, target.port, timeout=seconds, context=context)


def _trouble(target: Target, error: OSError) -> str:
    match error:
        case ConnectionRefusedError():
            return f"nothing listens at {target.url}"
        case socket.gaierror():
            return f"there is no host {target.host!r}"
        case ssl.SSLCertVerificationError():
            return f"the certificate of {target.url} is not trusted ({error.verify_message}), add --insecure"
        case ssl.SSLError():
            return f"{target.url} listens, but does not speak TLS"
        case TimeoutError():
            return f"{target.url} does not answer"
    return f"{target.url} cannot be reached: {error.strerror or error}"
