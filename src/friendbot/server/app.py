"""The server as an ASGI application: page, page's questions, OpenAI's protocol, and one shape for all errors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from friendbot.server import openai_api, page_api
from friendbot.server.desk import Desk
from friendbot.server.refusal import RefusalError
from friendbot.server.security import Guard

PAGE = Path(__file__).parent / "page"
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}


def application(desk: Desk) -> ASGIApp:
    """Everything that the server answers."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        desk.close()

    app = Starlette(
        routes=[
            Route("/", _index),
            Route("/static/{name}", _static),
            *page_api.routes(desk),
            *openai_api.routes(desk),
        ],
        exception_handlers={
            RefusalError: _refused,
            HTTPException: _unknown,
            ClientDisconnect: _nobody,
            Exception: _bug,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return Guard(app)


async def _index(request: Request) -> Response:
    return _file("index.html")


async def _static(request: Request) -> Response:
    return _file(request.path_params["name"])


def _file(name: str) -> Response:
    known = {path.name: path for path in PAGE.iterdir() if path.suffix in TYPES}
    if name not in known:
        raise RefusalError(404, "there is no such file")
    return Response(known[name].read_bytes(), media_type=TYPES[known[name].suffix])


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusalError)
    return error.response()


async def _unknown(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = {404: "there is nothing at this address", 405: f"{request.method} does not work at this address"}
    return RefusalError(error.status_code, said.get(error.status_code, error.detail), headers=error.headers).response()


async def _nobody(request: Request, error: Exception) -> Response:
    return Response(status_code=400)


async def _bug(request: Request, error: Exception) -> Response:
    return RefusalError(500, "the server made a mistake; its terminal shows where").response()
