"""What `serve` was asked for."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path

from mock_server.cli.log import Wants
from mock_server.cli.values import Quota
from mock_server.server import TLSFiles
from mock_server.settings import Latency, Rules, Settings


@dataclass(frozen=True)
class Plan:
    """The values of the flags of `serve`, by the same names."""

    host: str
    port: int
    port_file: Path | None
    document: Path | None
    overlay: tuple[str, ...]
    answer: tuple[str, ...]
    rehearse: tuple[str, ...]
    seed: Path | None
    public_url: str | None
    strict: bool
    latency: Latency
    quota: Quota
    cors: bool | None
    control_token: str | None
    control_cors: bool
    overrides: bool
    tls_cert: Path | None
    tls_key: Path | None
    log_format: str
    quiet: bool
    verbose: bool
    watch: bool

    @property
    def tls(self) -> TLSFiles | None:
        """The certificate and its key, or None for plain HTTP."""
        return TLSFiles(self.tls_cert, self.tls_key) if self.tls_cert and self.tls_key else None

    @property
    def wants(self) -> Wants:
        """What of the log is wanted."""
        return Wants(self.log_format, self.quiet, self.verbose)

    @property
    def is_local(self) -> bool:
        """Whether only this computer can reach the host."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def settings(self) -> Settings:
        """Return what the mock is made of."""
        quota = None if self.quota == "off" else self.quota
        rules = Rules(self.strict, self.latency, quota, self.public_url, self.cors, self.overrides)
        return Settings(
            self.document,
            self.overlay,
            self.answer,
            self.seed,
            rules,
            self.token,
            self.control_cors,
            self.rehearse,
        )

    @cached_property
    def token(self) -> str | None:
        """What the control asks for: what was named, else something made up where other computers can ask."""
        return self.control_token or (None if self.is_local else secrets.token_urlsafe(12))
