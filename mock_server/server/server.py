"""The server: a socket, a thread with its event loop, and how both start and stop."""

import asyncio
import contextlib
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Self

from mock_server.server.acceptor import Acceptor
from mock_server.server.connection import Connection
from mock_server.server.environ import server_environ
from mock_server.server.limits import Limits
from mock_server.server.listener import listening_socket, url_host
from mock_server.server.service import Service, contain
from mock_server.server.tls import TLSFiles, tls_context

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

    from _typeshed.wsgi import WSGIApplication

    from mock_server.server.listener import ListeningSocket


class Server:
    """Serves a WSGI app on one address, from a thread of its own.

    All methods may be called from any thread. As a context manager it starts and stops.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: TLSFiles | None = None,
        limits: Limits = Limits(),  # noqa: B008 - it is frozen
    ) -> None:
        self.host = host
        self.port = port
        self._app = app
        self._tls = tls
        self._limits = limits
        self._service: Service | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Future[float] | None = None

    @property
    def url(self) -> str:
        """Where a client on this computer finds the server, without a slash at the end."""
        return f"{'https' if self._tls else 'http'}://{url_host(self.host)}:{self.port}"

    def start(self) -> None:
        """Listen and serve; return once clients can connect.

        `port` is the real one from here on. Raises `CannotBind`, `BadCertificate`, or `RuntimeError` when
        the server runs already.
        """
        if self._thread is not None and self._thread.is_alive():
            raise RuntimeError("The server runs already.")
        context = tls_context(self._tls) if self._tls else None
        sock = listening_socket(self.host, self.port)
        self.port = sock.getsockname()[1]
        scheme = "https" if context else "http"
        self._service = Service(self._app, server_environ(self.host, self.port, scheme), self._limits)
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(sock, context, started), name="mock-server", daemon=True
        )
        self._thread.start()
        started.result()

    def stop(self, grace: float = 5.0) -> None:
        """Accept nothing more, answer what was accepted, close, and return once all is closed.

        Answers still held back after `grace` seconds go out at once. Stopping twice, or a server that never
        started, does nothing. Called by the app itself, it returns at once.
        """
        thread, loop = self._thread, self._loop
        if thread is None or loop is None:
            return
        # The loop is closed when another call stopped it first.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._stop_soon, grace)
        if thread is not threading.current_thread():
            thread.join()

    def replace_app(self, app: "WSGIApplication") -> None:
        """Answer every request from now on with another app; address and connections stay."""
        self._app = app
        if self._service is not None:
            self._service.app = app

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: "TracebackType | None",
    ) -> None:
        self.stop()

    def _stop_soon(self, grace: float) -> None:
        if self._stopping is not None and not self._stopping.done():
            self._stopping.set_result(grace)

    def _run(
        self, sock: "ListeningSocket", context: "ssl.SSLContext | None", started: "Future[None]"
    ) -> None:
        self._loop = loop = asyncio.new_event_loop()
        loop.set_exception_handler(contain)
        try:
            loop.run_until_complete(self._serve(sock, context, started))
        except BaseException as error:
            # Whoever started the server waits for this; later it is the thread's own error.
            if started.done():
                raise
            started.set_exception(error)
        finally:
            sock.close()
            loop.close()

    async def _serve(
        self, sock: "ListeningSocket", context: "ssl.SSLContext | None", started: "Future[None]"
    ) -> None:
        loop, service = asyncio.get_running_loop(), self._service
        if service is None:  # pragma: no cover - `start` made it
            return
        acceptor = Acceptor(sock, lambda: Connection(service), context, self._limits)
        self._stopping = loop.create_future()
        service.sweep(loop)
        started.set_result(None)
        grace = await self._stopping
        await acceptor.close()
        await service.drain(grace)
        await acceptor.abandon()
