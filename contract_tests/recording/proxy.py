"""A recording proxy: a consumer's calls to a service, passed on by the guard and held against the document."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress

from contract_tests.document.facts import Facts
from contract_tests.guard import Guard
from contract_tests.guard.door import Door
from contract_tests.guard.exchange import Exchange, Reply, Request, printable
from contract_tests.judge.conformity import Conformity
from contract_tests.judge.statements import ANSWERS
from contract_tests.target.api import TargetResponse

# What is told of each exchange: the exchange, and what is wrong with it, in sentences.
Told = Callable[[Exchange, list[str]], None]


class RecordingProxy:
    """Serves on a port of 127.0.0.1 while it is open. `complaints` counts what was wrong with answers.

    A consumer needs no key of the service: one that begins with the mock's prefix stands for the run's, which only the
    guard holds; any other is passed on as it is. `hosts` are names by which consumers may call it beside those of
    loopback. Raises OSError if the port is taken.
    """

    def __init__(
        self, guard: Guard, facts: Facts, port: int, tell: Told, hosts: Collection[str] = ()
    ) -> None:
        self._guard = guard
        self._facts = facts
        self._conformity = Conformity(facts)
        self._tell = tell
        schemes = facts.document["components"]["securitySchemes"].values()
        self._prefix = next(
            (node["x-mock-keys"]["prefix"] for node in schemes if "x-mock-keys" in node), "mock"
        )
        self.complaints = 0
        guard.on_exchange(self._judge)
        self._door = Door(self._answer, port, hosts)
        self.url = f"http://127.0.0.1:{self._door.port}{facts.base_path}"

    def close(self) -> None:
        """Take no more calls."""
        self._door.close()

    def _answer(self, request: Request) -> Reply:
        headers = tuple((name, self._authorized(name, value)) for name, value in request.headers)
        return self._guard.pass_on(request._replace(headers=headers), self.url)

    def _authorized(self, name: str, value: str) -> str:
        scheme, _, key = value.partition(" ")
        if name.lower() == "authorization" and key.strip().startswith(self._prefix):
            return f"{scheme} {self._guard.placeholder_key}"
        return value

    def _judge(self, exchange: Exchange) -> None:
        found = self._complaints(exchange)
        self.complaints += len(found)
        self._tell(exchange, found)

    def _complaints(self, exchange: Exchange) -> list[str]:
        kind = self._facts.kind_of(exchange.operation)
        if not kind or exchange.refused or exchange.failed:
            return []
        headers = {name.lower(): value for name, value in exchange.headers}
        answer = TargetResponse(exchange.status, headers, exchange.body.encode(errors="surrogatepass"))
        if 200 <= exchange.status < 300:
            return [one.sentence for one in self._conformity.success(kind, answer)]
        known = [
            one for one in self._facts.operation(kind).refusals.values() if one.status == exchange.status
        ]
        if not known:
            return [f"{exchange.operation} answered {exchange.status}, which the document does not have."]
        judged = [self._conformity.refusal(kind, answer, refusal, ANSWERS) for refusal in known]
        return [] if [] in judged else [one.sentence for one in judged[0]]


def line_of(exchange: Exchange, complaints: list[str]) -> str:
    """Return what a person sees of an exchange."""
    path = exchange.url
    with suppress(ValueError):
        path = "/" + exchange.url.split("/", 3)[3]
    said = (exchange.refused and f"not sent ({exchange.refused})") or exchange.failed or str(exchange.status)
    lines = [f"{exchange.method:6} {path} {said}", *(f"  ! {complaint}" for complaint in complaints)]
    return "\n".join(map(printable, lines))
