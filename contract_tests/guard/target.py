"""Where the guard may connect to, decided before any connection is made."""

from __future__ import annotations

import ipaddress
import re
import urllib.request
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from contract_tests.guard.refusal import GuardRefusal

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """The base URL taken apart. `path` has no slash at its end; `host_header` is what HTTP's Host says."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """The host as in a URL, with the port where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.host_header}"

    @property
    def url(self) -> str:
        """The base URL in its one spelling."""
        return self.origin + self.path

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this computer."""
        return is_loopback(self.host)

    def is_home(self, location: str, path: str) -> bool:
        """Tell whether a redirect from a path stays at this origin."""
        place = location.strip().replace("\\", "/")
        if _SCHEME.match(place) and "://" not in place[:10]:  # some clients take what follows for a host
            return False
        try:
            there = urlsplit(urljoin(self.origin + path, place))
            return (there.scheme, there.hostname, there.port or _PORTS.get(there.scheme)) == (
                self.scheme,
                self.host,
                self.port,
            )
        except ValueError:
            return False


def is_loopback(host: str) -> bool:
    """Tell whether a host is this computer, without asking a name server."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_target(url: str, base_path: str, *, allow_plain_http: bool) -> Target:
    """Read a base URL; one without a path gets `base_path`. Raises GuardRefusal (`target`, `plain-http`)."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise GuardRefusal("target", "The target is not a plain base URL: write https://HOST/PATH.")
    target = Target(
        parts.scheme, parts.hostname, port or _PORTS[parts.scheme], parts.path.rstrip("/") or base_path
    )
    if target.scheme == "http" and not target.is_loopback and not allow_plain_http:
        raise GuardRefusal(
            "plain-http", f"{target.url} would send the key in the clear: use https, or allow plain http."
        )
    return target


def proxy_for(target: Target) -> SplitResult | None:
    """Return the proxy that the environment names for a target; this computer needs none.

    Raises GuardRefusal (`proxy`) where it is not an HTTP proxy.
    """
    if target.is_loopback or urllib.request.proxy_bypass(target.host):
        return None
    proxies = urllib.request.getproxies()
    url = proxies.get(target.scheme) or proxies.get("all")
    if not url:
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise GuardRefusal(
            "proxy", "The environment names a proxy that is not an HTTP proxy: write http://HOST:PORT."
        )
    return parts
