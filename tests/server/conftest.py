"""Real servers on free ports, over the tiny trained model."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.types import ASGIApp

from friendbot import weights
from friendbot.bot import Bot
from friendbot.server import listener
from friendbot.server.app import application
from friendbot.server.desk import Desk


class Running:
    """A server at work in a thread."""

    def __init__(self, port: int, uvicorn_server: uvicorn.Server, desk: Desk) -> None:
        self.port, self.desk, self._uvicorn = port, desk, uvicorn_server
        self.url = f"http://{listener.HOST}:{port}"

    def requests(self) -> int:
        """How many are not answered to the end."""
        return len(self._uvicorn.server_state.tasks)

    def connections(self) -> int:
        return len(self._uvicorn.server_state.connections)


@contextmanager
def serving(app: ASGIApp, desk: Desk) -> Iterator[Running]:
    uvicorn_server = listener.server(app)
    with listener.listen(0) as socket:
        thread = threading.Thread(target=uvicorn_server.run, args=([socket],))
        thread.start()
        try:
            until(lambda: uvicorn_server.started)
            yield Running(socket.getsockname()[1], uvicorn_server, desk)
        finally:
            uvicorn_server.should_exit = True
            thread.join()


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for something that happens soon, or never."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@pytest.fixture(scope="session")
def bot(trained: Path) -> Bot:
    return Bot(weights.load(trained / "model"))


@pytest.fixture(scope="session")
def running(bot: Bot) -> Iterator[Running]:
    desk = Desk(bot)
    with serving(application(desk), desk) as server:
        yield server


@pytest.fixture(scope="session")
def server(running: Running) -> str:
    """The address of a real server."""
    return running.url


@pytest.fixture(scope="session")
def client(server: str) -> Iterator[httpx.Client]:
    """Requests to that server."""
    with httpx.Client(base_url=server) as browser:
        yield browser
