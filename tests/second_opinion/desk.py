"""From a request to a reply: the operations, the refusals and the headers."""

from collections.abc import Callable

from tests.second_opinion.answers import Choice, Chosen
from tests.second_opinion.door import Door, Redirected, UnknownRoute
from tests.second_opinion.exchange import Call, Reply, Request
from tests.second_opinion.listing import Listing
from tests.second_opinion.quota import Quota
from tests.second_opinion.refusals import Crashed, Refusals, Refused
from tests.second_opinion.replies import Replies
from tests.second_opinion.rows import Account, Ids
from tests.second_opinion.writing import Writing

HTML = "text/html; charset=utf-8"
SITE_PAGE = "<!DOCTYPE html><html><head><title>Not found</title></head><body>404</body></html>"
BROKEN_PAGE = "<!DOCTYPE html><html><body>Something broke.</body></html>"
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
}


class Desk(Chosen):
    """Responds to calls. Not thread-safe."""

    def __init__(
        self,
        choice: Choice,
        *,
        accounts: dict[str, Account],
        ids: Ids,
        quota: Quota,
        replies: Replies,
        clock: Callable[[], float],
    ) -> None:
        super().__init__(choice)
        self.quota = quota
        self.replies = replies
        self.door = Door(choice, accounts, quota)
        self.refusals = Refusals(choice)
        self.listing = Listing(choice, replies.handler)
        self.writing = Writing(choice, ids, clock)

    def reply(self, call: Call, address: str) -> Reply:
        """Respond to one call. The links of the list begin with `address`."""
        if self.says("cors", "closed"):
            return self._guarded(call, address)
        if call.request.method == "OPTIONS" and "access-control-request-method" in call.request.headers:
            reply = Reply(204, headers=dict(PREFLIGHT))
        else:
            reply = self._guarded(call, address)
        reply.headers["Access-Control-Allow-Origin"] = "*"
        return reply

    def _guarded(self, call: Call, address: str) -> Reply:
        try:
            self.door.admit(call)
            return self._limited(call, self._operate(call, address))
        except Refused as refused:
            return self._limited(call, self._refused(refused), refused.kind == "rate")
        except Redirected:
            return self._redirected(call.request)
        except UnknownRoute:
            if self.says("unknown-route", "envelope"):
                return self._refused(Refused("not-found"))
            return Reply(404, SITE_PAGE, HTML)
        except Crashed:
            return Reply(500, BROKEN_PAGE, HTML)

    def _operate(self, call: Call, address: str) -> Reply:
        if call.request.method == "POST":
            return self._write(call)
        if call.row is None:
            page = self.listing.page(call.owner, call.request.query, address)
            return self._json(200, page | {"meta": page["meta"] | self.replies.extra})
        if call.request.method == "DELETE":
            return self._delete(call)
        return self._json(200, {"data": self.replies.handler(call.row, call.owner)})

    def _write(self, call: Call) -> Reply:
        content_type = call.request.headers.get("content-type", "")
        sent = self.writing.forms.read(call.request.body, content_type, is_update=call.row is not None)
        status = 200
        if call.row is None:
            call.row = self.writing.create(call.owner, sent)
            status = 201 if self.says("create-status", "created") else 200
        else:
            self.writing.update(call.owner, call.row, sent)
        call.written = call.row.id
        data = self.replies.written(call.row, call.owner)
        if self.bug("wrong-id-answered") and call.id is None:
            data["id"] -= 1
        return self._json(status, {"data": data})

    def _delete(self, call: Call) -> Reply:
        assert call.row is not None
        self.writing.delete(call.owner, call.row)
        call.written = call.row.id
        if self.says("delete-status", "no-content"):
            return Reply(204)
        return Reply(200, "", self._content_type())

    def _refused(self, refused: Refused) -> Reply:
        reply = self._json(self.refusals.status(refused), self.refusals.envelope(refused))
        if self.bug("errors-as-html"):
            reply.content_type = HTML
        return reply

    def _redirected(self, request: Request) -> Reply:
        path, mark, query = request.target.partition("?")
        other = path.removesuffix("/") if path.endswith("/") else path + "/"
        # A 301 turns a POST into a GET; a 308 keeps the method and the body.
        status = 301 if request.method in ("GET", "HEAD") else 308
        return Reply(status, SITE_PAGE, HTML, {"Location": other + mark + query})

    def _limited(self, call: Call, reply: Reply, exceeded: bool = False) -> Reply:
        """Add the headers of the limit if the key is known."""
        if call.account is None or call.key is None or self.says("rate-limit", "none"):
            return reply
        reply.headers |= self.quota.headers(call.key, exceeded)
        if exceeded and self.says("retry-after", "present"):
            reply.headers["Retry-After"] = reply.headers["X-RateLimit-Reset"]
        return reply

    def _json(self, status: int, value: object) -> Reply:
        return Reply(status, self.replies.spell(value), self._content_type())

    def _content_type(self) -> str:
        return (
            "application/json; charset=utf-8"
            if self.says("response-charset", "utf-8")
            else "application/json"
        )
