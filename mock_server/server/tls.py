"""The certificate of an HTTPS server."""

# asyncio itself imports ssl wherever Python has it, so importing it late would not make a quicker start.
import ssl
from dataclasses import dataclass
from pathlib import Path


class BadCertificate(OSError):
    """A certificate or key that cannot be used; its text is one sentence that names the file."""


@dataclass(frozen=True, slots=True)
class TLSFiles:
    """Where a PEM certificate (with its chain) and its unencrypted PEM private key are."""

    cert: Path
    key: Path


def tls_context(files: TLSFiles) -> ssl.SSLContext:
    """Return a server's TLS settings; raise `BadCertificate`."""
    for path in (files.cert, files.key):
        try:
            path.read_bytes()
        except OSError as error:
            raise BadCertificate(f"{path} cannot be read: {error.strerror}.") from error
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Clients that offer HTTP/2 as well learn here that this server speaks 1.1.
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without a password of our own, OpenSSL would ask for one on the terminal.
        context.load_cert_chain(files.cert, files.key, password="")
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or "not a certificate and its unencrypted key, in PEM"
        raise BadCertificate(f"{files.cert} and {files.key} cannot be used for TLS: {reason}.") from error
    return context
