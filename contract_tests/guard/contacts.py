"""Whom a form could make the service contact: only hosts that nobody can own are let through."""

from __future__ import annotations

import html
import re
import unicodedata
from urllib.parse import unquote

_RESERVED = re.compile(
    r"(?:[^.]+\.)*(?:example\.(?:com|net|org)|example|invalid|test|localhost)\.?", re.IGNORECASE
)
_LABEL = r"[^\W_][\w-]{0,62}+\."
_HOST = re.compile(rf"(?:{_LABEL})+(?:xn--[\w-]+|[^\W\d_]{{2,63}})(?![\w-])", re.IGNORECASE)
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])", re.ASCII)
_MAILBOX = re.compile(r"[^\s@]@([^\s@<>,;\"']+)")
_AUTHORITY = re.compile(r"[/\\]{2,}+([^\s/\\?#<>\"']*)")
# What C's inet_aton takes for an address, where a whole value is one: 0x7f.1, 2130706433.
_NUMERIC = re.compile(
    r"\s*(?:[a-z]+:)?(?:0x[0-9a-f]+(?:\.[0-9a-fx]+)*|\d+(?:\.[0-9a-fx]+)+|\d{8,10})\s*(?:[:/?#].*)?",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
_TAG = re.compile(r"<[^>]*>?")
_DOTS = str.maketrans("。．｡․", "....")

# What takes the place of a value that is refused, by what it looks like.
_MAILBOX_SHOWN, _URL_SHOWN, _HOST_SHOWN = "guard@example.com", "https://example.com/guard", "example.com"


def contacts(value: str, *, address: bool = False) -> list[str]:
    """Return the hosts in a value that are not reserved for examples (RFC 2606, RFC 6761).

    Looked at as sent and as a service may read it: percent-decoded, HTML decoded, without tags and invisible
    characters, other full stops as dots. `address`: the field is meant to hold an address, so a number is one too.
    """
    found: list[str] = []
    for text in (value, _cleaned(value)):
        plain = unicodedata.normalize("NFKC", text.translate(_DOTS))
        found += [host for host in _hosts(plain) if not _RESERVED.fullmatch(host)]
        if address and _NUMERIC.fullmatch(plain):
            found.append(plain.strip())
    return found


def reserved(value: str) -> str:
    """Return a value that contacts nobody in place of one that might."""
    if "@" in value:
        return _MAILBOX_SHOWN
    return _URL_SHOWN if "/" in value else _HOST_SHOWN


def _cleaned(value: str) -> str:
    text = _TAG.sub("", html.unescape(unquote(value)))
    return "".join(
        sign for sign in text if unicodedata.category(sign) not in {"Cf", "Cc", "Cs"} or sign in "\t\n\r"
    )


def _hosts(text: str) -> list[str]:
    hosts = _HOST.findall(text) + _IPV4.findall(text)
    hosts += [name.rstrip(".,;:!?)]}") for name in _MAILBOX.findall(text)]
    authorities = [name.rpartition("@")[2] for name in _AUTHORITY.findall(text)]
    hosts += [re.sub(r":\d*\Z", "", name) for name in authorities]
    return [host for host in hosts if host]
