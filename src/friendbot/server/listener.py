"""The server on its port: uvicorn, made quiet and wary of clients that keep a connection and give nothing."""

import asyncio
import errno
import socket

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from friendbot.errors import FriendbotError
from friendbot.server.refusal import RefusalError
from friendbot.server.security import HEADERS

HOST = "127.0.0.1"
CONNECTIONS = 256
"""At once; further ones are told so, and of twice as many none is taken."""
STILL_SECONDS = 10.0
"""A connection is cut whose client neither sends the request nor reads the response that is due, for this long."""
CLOSING = {"connection": "close", **HEADERS}


class Connection(H11Protocol):
    """One client's connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, if there are not too many."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS:
            self.app = RefusalError(503, "there are too many connections", headers=CLOSING).response()
        if len(self.connections) > 2 * CONNECTIONS:
            transport.abort()
        self.loop.call_later(STILL_SECONDS, self._watch, self._standing())

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, unless a response has begun, and hang up."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            response = RefusalError(400, "this is not HTTP", headers=CLOSING).response()
            head = h11.Response(status_code=400, headers=response.raw_headers, reason=b"Bad Request")
            for event in (head, h11.Data(data=bytes(response.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def _standing(self) -> tuple[object, int]:
        """Changes with each request, and with each byte that the client reads."""
        return self.cycle, self.transport.get_write_buffer_size()

    def _watch(self, before: tuple[object, int]) -> None:
        """Look again and again; cut the connection when nothing moved and the client's turn it was."""
        if self not in self.connections:
            return
        now = self._standing()
        theirs = self.cycle is None or self.cycle.response_complete or now[1] > 0
        if theirs and now == before:
            self.transport.abort()
        else:
            self.loop.call_later(STILL_SECONDS, self._watch, now)


def server(app: ASGIApp) -> uvicorn.Server:
    """A server to run on a socket of `listen`; it says nothing, and when told to end, waits for nobody."""
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=0,
    )
    return uvicorn.Server(config)


def listen(port: int) -> socket.socket:
    """A socket on this machine's own address; port 0 takes any.

    Raises:
        FriendbotError: the port is taken, or not for everybody.
    """
    try:
        listening = socket.create_server((HOST, port), backlog=CONNECTIONS)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        with socket.create_server((HOST, 0)) as free:
            other = free.getsockname()[1]
        why = "in use" if error.errno == errno.EADDRINUSE else "not for everybody"
        raise FriendbotError(f"port {port} is {why}; --port {other} is free") from None
    # Connections inherit it. Otherwise a body waits 40 ms for the client to acknowledge the header.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
