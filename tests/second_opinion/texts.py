"""How PHP and the site treat texts: casts, cleaning, and what looks like an address."""

import re
from urllib.parse import urlsplit

LARGEST = 2**63 - 1
NUMBER = re.compile(r"[ \t\n\r\v\f]*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII)
BLANKS = " \t\n\r\0\v"  # what PHP's trim() trims
TAG = re.compile(r"<[^>]*(?:>|\Z)")
EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


def php_int(text: str) -> int:
    """Cast as PHP's (int) does: the number that a text begins with, or 0, within 64 bits."""
    found = NUMBER.match(text)
    if found is None:
        return 0
    number = found[1]
    # A long row of digits goes through a float, as Python refuses to read thousands of them.
    exact = len(number) < 20 and number.lstrip("+-").isdigit()
    try:
        whole = int(number) if exact else int(float(number))
    except OverflowError:
        whole = -LARGEST if number.startswith("-") else LARGEST
    return max(-LARGEST - 1, min(LARGEST, whole))


def is_plain_number(text: str) -> bool:
    """Tell whether a text is a positive number in its usual form."""
    return re.fullmatch("[1-9][0-9]*", text) is not None


def clean(text: str) -> str:
    """Drop tags, encode quotes and trim, as the site is reported to do before it stores a text."""
    return TAG.sub("", text).replace("'", "&#39;").replace('"', "&#34;").strip(BLANKS)


def is_blank(text: str) -> bool:
    """Tell whether nothing is left of a text when it is trimmed."""
    return not text.strip(BLANKS)


def is_email(text: str) -> bool:
    """Tell whether a text looks like an e-mail address."""
    return EMAIL.fullmatch(text) is not None


def is_url(text: str) -> bool:
    """Tell whether a text looks like a web address."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and " " not in text
