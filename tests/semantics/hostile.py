"""Values that clients should not send, and that some will. Each table is for one part of a request."""

from __future__ import annotations

ARABIC_ONE = "%D9%A1"

# What stands for an id in the path, as sent, and whether PHP's cast finds handler 1 in it.
IDS: dict[str, bool] = {
    "0": False, "-1": False, "+1": True, "1_0": True, ARABIC_ONE: False, "%00": False, "1%00": True,
    "%0A": False,
    "%0A1": True, "1%0A": True, "..": False, ".": False, "9" * 400: False, "0" * 400 + "1": True,
    "%EF%BC%91": False,
    "%C5%BC": False, "%FF%FE": False, "1e3": False, "1e0": True, "%201": True, "1%20": True, "0x1": False,
    "1.9": True, "0.9": False, "01": True, "1abc": True, "null": False, "NaN": False, "INF": False,
    "true": False,
    "'": False, "1'%20OR%20'1'='1": True, "%3Cscript%3E": False, "%25": False, "%": False, "{id}": False,
    "9223372036854775808": False, "-9223372036854775809": False, "1;1": True, "[]": False,
}  # fmt: skip

PATHS = (
    "", "*", "//", "/api", "/api/", "/API/notification-handlers", "/api/Notification-Handlers",
    "/api//notification-handlers",
    "/api/notification-handlers/1/2", "/api/notification-handlers/1//", "/api/notification-handlers//",
    "/api/notification-handlers/..", "/api/../api/notification-handlers",
    "/api/notification-handlers/%2e%2e/1", "/api/notification-handlers\\1", "/api/notification-handlers;a=b",
    "/api/notification-handlers/" + "a/" * 500, "/" + "a" * 50_000, "/%00", "/%FF", "/favicon.ico",
    "/robots.txt",
    "/static/x", "/api/notification-handlers%00", "/_mockery", "/admin.php", "/%3Cscript%3E", "no-slash",
)  # fmt: skip

METHODS = (
    "get", "Get", "post", "PUT", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "BREW",
    "DELETE ",
    "GET\t", "G" * 5000, "", "%", "__CLASS__", "PARAMETERS", "SUMMARY", "\xe9",
)  # fmt: skip

# An Authorization header, and the key that is read in it, if any.
AUTHORIZATIONS: dict[str, str | None] = {
    "Bearer mock-key": "mock-key", "Bearer mock-key ": "mock-key",
    "Bearer mock-key, Bearer other": "mock-key,",
    "Bearer mock-key other": "mock-key", "Bearer\tmock-key": "mock-key", "Bearer mock\xe9": "mock\xe9",
    "Bearer mock\x85key": "mock\x85key", "Bearer mock\xa0key": "mock\xa0key", "Bearer mock%00": "mock%00",
    "Bearer  mock-key": None, "Bearer\t\tmock-key": None, " Bearer mock-key": None, "bearer mock-key": None,
    "BEARER mock-key": None, "Bearermock-key": None, "Bearer": None, "Bearer ": None, "Bearer\t": None,
    "": None,
    "Basic bW9jazptb2Nr": None, "mock-key": None, "Bearer:mock-key": None, "Token mock-key": None,
    "\xff": None,
    "B\u00e9arer mock-key": None, "Digest username=mock": None, "xBearer mock-key": None,
    "Bearer\xa0mock-key": None,
}  # fmt: skip

# Tokens that are read, and do not begin as the mock's keys do.
STRANGERS = (
    "\xa0",
    "\x85",
    "real",
    "'",
    '"',
    "%s",
    "{}",
    "\xff" * 50,
    "k" * 60_000,
    "Bearer",
    "\xa0mock-key",
)

QUERIES = (
    "page=%00", "page[]=1", "page[a][b]=1", "page", "=", "&&&", "page=1&page=2", "%", "%%%", "page=%FF",
    "page=%C5%BC",
    "page=" + "9" * 5000, "results_per_page=%0A10", "results_per_page=-25", "results_per_page=" + "1" * 5000,
    "\xff",
    "page=1;DROP TABLE", "&".join(f"a{number}=1" for number in range(3000)), "a=" + "b" * 100_000, "p%61ge=2",
    "page=1e999", "page=-1e999", "page=NaN", "[=1", "page" + "[" * 200 + "]" * 200 + "=1", "page.=1",
    "?page=2",
    "\xe9=\xe9",
)  # fmt: skip

TEXTS = (
    "", "\0", "\0\0name", "\r\n", "\r\nX-Injected: 1", "<script>alert(1)</script>", "'; DROP TABLE x; --",
    "\u202e",
    "\ufeff",
    "\ufffe\uffff", "😀" * 200, "e\u0301" * 200, "{violation}", "%s%(id)s", "%", "\\", '"', "\u2028",
    "\x7f\x1b[31m",
    "null",
    "<" * 500, "<!--" * 100, "<?php echo 1 ?>", "&#39;", "a" * 129, "{{7*7}}", "${jndi:ldap://a}",
    "\U0010ffff",
)  # fmt: skip

# Bodies, each under each of the media types below.
BODIES = (
    b"\0", b"\xff\xfe", b"--", b"----\r\n", b"{", b"[", b"null", b"[" * 100_000, b'{"a":' * 50_000, b"=",
    b"&",
    b"&" * 999,
    b"name=N&type=email", b"%", b"name=%", b"name[a][b]=1&name[a][c]=2&type[]=email",
    b"name" + b"[a]" * 500 + b"=1",
    b'{"name": "N", "type": "email"}', b'{"name": {"a": [1]}, "type": null}', b"<xml/>", b"\r\n" * 5000,
    b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nN\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="name[a][b]"\r\n\r\nN\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="' + b"n" * 20_000 + b'"\r\n\r\nN\r\n--b--\r\n',
    b"--b\r\n" * 900, b"--b\r\nContent-Disposition: form-data; name\r\n\r\n", b"--b--",
    b'{"name": "\\ud800", "type": "x"}',
)  # fmt: skip

MEDIA_TYPES = (
    None, "", ";", "multipart/form-data", "multipart/form-data; boundary=b",
    'multipart/form-data; boundary="b',
    "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "b" * 9000,
    "multipart/mixed; boundary=b",
    "MULTIPART/FORM-DATA; BOUNDARY=b", "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-7",
    "application/x-www-form-urlencoded; charset=no-such", "application/json",
    "application/json; charset=utf-16",
    "text/plain",
    "text/plain; charset=\xff", "application/xml", "*/*", "a" * 9000,
    "multipart/form-data; boundary=\xff\xfe",
)  # fmt: skip

LENGTHS = (
    "",
    "0",
    "-1",
    "abc",
    "1e3",
    "+5",
    " 5",
    "5 ",
    "٣",
    "²",
    "9" * 5000,
    "0x10",
    "1_0",
    "99999999999999999999",
)
