"""What keeps other web pages, and clients that are broken or rude, away from the chat."""

import sys
import traceback
from typing import TypeVar

import anyio
from anyio.lowlevel import checkpoint
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from friendbot.server.refusal import RefusalError

BODY_BYTES = 256 * 1024
"""A request's body at most."""
BODY_SECONDS = 10.0
"""Until it must have come."""

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""Of every response."""

Body = TypeVar("Body", bound=BaseModel)


class Guard:
    """An ASGI application around another: refuses what comes from elsewhere, and sets the headers of all responses."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", ()), *own]}
            await send(message)
            await checkpoint()  # asyncio complains of a client that leaves, unless it may take note of that here

        try:
            check(Request(scope))
        except RefusalError as refusal:
            await refusal.response()(scope, receive, send_guarded)
            return
        try:
            await self.app(scope, receive, send_guarded)
        except Exception as error:
            # An exception's message may quote the chat, so only its kind and place are told.
            traceback.print_tb(error.__traceback__)
            print(f"serve: {type(error).__name__}", file=sys.stderr)
            raise


def check(request: Request) -> None:
    """Let through what this machine's programs and our own page send.

    A name that a stranger's DNS points here is not ours (`Host`), nor is another page (`Origin`, `Sec-Fetch-Site`); it
    may only link to `/`.

    Raises:
        RefusalError: it is something else.
    """
    headers = request.headers
    server = request.scope.get("server")
    port = server[1] if server else None
    names = ("127.0.0.1", "localhost", "[::1]")
    ours = {f"{name}:{port}" for name in names} | ({*names} if port == 80 else set())
    host = ",".join(headers.getlist("host")).lower()
    if host not in ours:
        raise RefusalError(421, f"this server is http://127.0.0.1:{port} and answers to no other name")
    if any(origin != f"http://{host}" for origin in headers.getlist("origin")):
        raise RefusalError(403, "another web page may not talk to this server")
    link = (
        request.method == "GET"
        and request.scope["path"] == "/"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and not link:
        raise RefusalError(403, "another web page may not talk to this server")


async def read(request: Request, shape: type[Body]) -> Body:
    """The body of a request.

    Raises:
        RefusalError: it is not JSON, too long, too slow, or has another shape.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusalError(415, "the content type must be application/json")
    too_long = RefusalError(413, f"the body is longer than {BODY_BYTES} bytes")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > BODY_BYTES:
        raise too_long
    body = bytearray()
    with anyio.move_on_after(BODY_SECONDS) as scope:
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES:
                raise too_long
    if scope.cancelled_caught:
        raise RefusalError(
            408, f"the body did not come within {BODY_SECONDS:g} seconds", headers={"connection": "close"}
        )
    try:
        return shape.model_validate_json(bytes(body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        param = ".".join(map(str, first["loc"])) or None
        message = first["msg"].removeprefix("Value error, ")
        raise RefusalError(400, f"{param}: {message}" if param else message, param) from None
