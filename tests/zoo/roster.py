"""The zoo's clients: how to run each, what it can send, and how to get its version."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.zoo.cases import CASES, Case, Form

SCRIPTS = Path(__file__).with_name("clients")
_ALL: frozenset[Form] = frozenset({"multipart", "urlencoded", "chunked"})
_WHOLE: frozenset[Form] = frozenset({"multipart", "urlencoded"})
_URLENCODED: frozenset[Form] = frozenset({"urlencoded"})


@dataclass(frozen=True, slots=True)
class Client:
    """A client: the program that runs its script, the forms that it has, the command that tells its version.

    `cannot` are the cases that it fails to send.
    """

    program: str
    script: str
    forms: frozenset[Form]
    version: tuple[str, ...]
    cannot: frozenset[str] = frozenset()

    @property
    def cases(self) -> dict[str, Case]:
        """The cases that the client sends."""
        return {
            name: case for name, case in CASES.items() if case.form in self.forms and name not in self.cannot
        }

    def installed(self) -> str | None:
        """Return the client's version, or None if it is not installed."""
        program, *arguments = self.version
        path = found(program)
        if path is None:
            return None
        done = subprocess.run([path, *arguments], cwd=SCRIPTS, capture_output=True, text=True, check=False)
        return done.stdout.splitlines()[0].partition(" (")[0] if not done.returncode else None

    def command(self, url: str, key: str, case: Case) -> list[str]:
        """Return the command that sends a case."""
        program = found(self.program)
        assert program is not None
        return [program, str(SCRIPTS / self.script), url + case.path, key, *case.arguments]


def found(program: str) -> str | None:
    """Return the path of a program, first of those next to this Python, or None."""
    beside = Path(sys.executable).with_name(program)
    return str(beside) if beside.exists() else shutil.which(program)


def _python(package: str, forms: frozenset[Form], *cannot: str) -> Client:
    tell = f"from importlib.metadata import version; print('{package}', version('{package}'))"
    return Client("python", f"with_{package}.py", forms, ("python", "-c", tell), frozenset(cannot))


def _node(package: str, forms: frozenset[Form]) -> Client:
    tell = f"console.log('{package} ' + require('./node_modules/{package}/package.json').version)"
    return Client("node", f"{package}.mjs", forms, ("node", "-e", tell))


CLIENTS: dict[str, Client] = {
    "curl": Client("sh", "curl.sh", _ALL, ("curl", "--version")),
    "requests": _python("requests", _WHOLE),
    "httpx": _python("httpx", _WHOLE),
    "urllib3": _python("urllib3", _ALL),
    # It writes a name that is not ASCII as name*=, and then fails its own assertion that there is a name=.
    "aiohttp": _python("aiohttp", _ALL, "create-odd-names"),
    "urllib": Client("python", "with_urllib.py", _URLENCODED, ("python", "--version")),
    "node-fetch": Client("node", "fetch.mjs", _ALL, ("node", "-p", "'Node ' + process.version")),
    "axios": _node("axios", _ALL),
    "got": _node("got", _WHOLE),
    "java": Client("java", "HttpClientZoo.java", _ALL, ("java", "--version")),
    "php-curl": Client(
        "php", "curl.php", _WHOLE, ("php", "-r", "echo 'PHP ', PHP_VERSION, ', curl ', curl_version()['version'];")
    ),
    "ruby-net-http": Client("ruby", "net_http.rb", _ALL, ("ruby", "--version")),
    "perl-lwp": Client("perl", "lwp.pl", _WHOLE, ("perl", "-MLWP", "-e", 'print "LWP $LWP::VERSION\\n"')),
    "perl-http-tiny": Client(
        "perl", "http_tiny.pl", _URLENCODED,
        ("perl", "-MHTTP::Tiny", "-e", 'print "HTTP::Tiny $HTTP::Tiny::VERSION\\n"'),
    ),
}  # fmt: skip
