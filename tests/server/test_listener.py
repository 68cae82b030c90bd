"""A real server, and clients that are slow, rude, or gone."""

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import anyio
import httpx
import pytest
from starlette.types import Receive, Scope, Send

from friendbot.bot import Bot
from friendbot.conversation import Conversation
from friendbot.errors import FriendbotError
from friendbot.server import listener, page_api, security
from friendbot.server.app import application
from friendbot.server.desk import Desk
from server.conftest import Running, serving, until

HELLO = {"utterances": [{"speaker": "me", "text": "How are you?"}], "seed": 1, "instant": True}


@contextmanager
def connected(running: Running) -> Iterator[socket.socket]:
    with socket.create_connection((listener.HOST, running.port), timeout=30) as client:
        yield client


def head(running: Running, line: str, **headers: object) -> bytes:
    fields = {"Host": f"127.0.0.1:{running.port}", "Content_Type": "application/json", **headers}
    lines = [line, *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def rest(client: socket.socket) -> bytes:
    """All that comes until the server hangs up."""
    received = b""
    with suppress(ConnectionResetError):
        while chunk := client.recv(65536):
            received += chunk
    return received


def still_works(running: Running) -> bool:
    with httpx.Client() as client:
        return client.post(f"{running.url}/api/answer", json=HELLO).status_code == 200


def test_a_body_that_does_not_come_is_not_waited_for(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "BODY_SECONDS", 0.1)
    with connected(running) as client:
        client.sendall(head(running, "POST /api/answer HTTP/1.1", Content_Length=1000))

        def byte_by_byte() -> None:
            with suppress(OSError):
                while True:
                    client.sendall(b" ")
                    time.sleep(0.02)

        thread = threading.Thread(target=byte_by_byte, daemon=True)
        thread.start()
        received = rest(client)
        thread.join()
    assert received.startswith(b"HTTP/1.1 408 ")
    assert b"the body did not come within 0.1 seconds" in received
    assert still_works(running)


def test_a_body_announced_as_too_long_is_refused_unseen(running: Running) -> None:
    with connected(running) as client:
        client.sendall(head(running, "POST /api/answer HTTP/1.1", Content_Length=10_000_000))
        assert client.recv(65536).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: 127", b"GET /api/bot HTTP/1.1\r\nHost: x\r\n\r\nGET"])
def test_a_client_that_says_no_more_is_cut(running: Running, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(listener, "STILL_SECONDS", 0.1)
    with connected(running) as client:
        client.sendall(sent)
        assert rest(client).startswith(b"HTTP/1.1 421" if b"\r\n\r\n" in sent else b"")


def test_a_reader_that_never_reads_is_cut(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "STILL_SECONDS", 0.1)
    sent = 0

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        if scope["type"] == "lifespan":
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while running.connections():
            sent += 1
            await send({"type": "http.response.body", "body": b"." * 65536, "more_body": True})

    with serving(endless, Desk(bot)) as running, connected(running) as client:
        client.sendall(head(running, "GET / HTTP/1.1"))
        until(lambda: sent > 0)
        until(lambda: running.connections() == 0)
        until(lambda: running.requests() == 0)


def test_what_is_not_http_gets_one_error_and_the_server_lives(running: Running) -> None:
    with connected(running) as client:
        client.sendall(b"\x16\x03\x01\x02\x00 hello\r\n\r\n")
        received = rest(client)
    header, _, body = received.partition(b"\r\n\r\n")
    assert header.startswith(b"HTTP/1.1 400 ")
    assert b"content-security-policy: default-src 'none'" in header
    assert json.loads(body)["error"]["message"] == "this is not HTTP"
    assert still_works(running)


@pytest.mark.parametrize(
    ("line", "kind", "together", "status"),
    [
        ("GET / HTTP/1.1", "", True, 400),
        ("GET / HTTP/1.1", "", False, 200),
        ("POST /api/answer HTTP/1.1", "application/json", True, 400),
        ("POST /api/answer HTTP/1.1", "text/plain", True, 400),
        ("POST /api/answer HTTP/1.1", "text/plain", False, 415),
    ],
)
def test_a_body_that_is_not_http_does_no_harm(
    running: Running,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    line: str,
    kind: str,
    together: bool,
    status: int,
) -> None:
    request, rubbish = head(running, line, Content_Type=kind, Transfer_Encoding="chunked"), b"rubbish\r\n\r\n"
    with connected(running) as client:
        client.sendall(request + rubbish if together else request)
        received = client.recv(65536)
        if not together:
            client.sendall(rubbish)
        rest(client)
    assert received.startswith(f"HTTP/1.1 {status} ".encode())
    until(lambda: running.requests() == 0)
    assert (caplog.text, *capsys.readouterr()) == ("", "", "")
    assert still_works(running)


def test_a_path_out_of_the_folder_leads_nowhere(running: Running) -> None:
    for path in (
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static//etc/passwd",
        "/..",
        "*",
    ):
        with connected(running) as client:
            client.sendall(head(running, f"GET {path} HTTP/1.1", Connection="close"))
            assert rest(client).startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 ")), path


def test_a_client_that_leaves_between_words_ends_its_answer(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async def forever(seconds: float) -> None:
        await anyio.sleep_forever()

    monkeypatch.setattr(page_api, "sleep", forever)
    with httpx.stream("POST", f"{running.url}/api/answer", json={**HELLO, "instant": False}) as response:
        lines = response.iter_lines()
        assert json.loads(next(lines))["type"] == "typing"
        until(lambda: running.requests() == 1)
    until(lambda: running.requests() == 0)


def test_a_client_that_leaves_in_a_flood_of_words_is_no_news(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    gone = threading.Event()

    async def flood(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b".", "more_body": True})
        gone.wait(30)
        for _ in range(50):
            await send({"type": "http.response.body", "body": b".", "more_body": True})

    with serving(security.Guard(flood), Desk(bot)) as running:
        with connected(running) as client:
            client.sendall(head(running, "GET / HTTP/1.1"))
            assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.set()
        until(lambda: running.connections() == running.requests() == 0)
    assert caplog.text == ""


@pytest.mark.parametrize("path", ["/api/answer", "/v1/chat/completions"])
def test_a_client_that_leaves_before_an_answer_frees_its_thread(
    running: Running, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def unending(self: Desk, *conversation: object) -> None:
        while True:
            self.check()
            time.sleep(0.01)

    monkeypatch.setattr(Desk, "conversation", unending)
    asked = {**HELLO, "model": "zoe-angstrom", "messages": [{"role": "user", "content": "How are you?"}]}
    body = json.dumps(asked).encode()
    with connected(running) as client:
        client.sendall(head(running, f"POST {path} HTTP/1.1", Content_Length=len(body)) + body)
        until(lambda: running.desk.open == 1)
    until(lambda: running.desk.open == 0)
    until(lambda: running.requests() == 0)
    monkeypatch.undo()
    assert still_works(running)


def test_beyond_the_queue_others_are_asked_to_come_back(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(bot, threads=1, waiting=1)
    go_on = threading.Event()
    whole = Conversation.answer

    def waiting(self: Conversation, tokens: int | None = None) -> object:
        go_on.wait(30)
        return whole(self, tokens)

    monkeypatch.setattr(Conversation, "answer", waiting)
    statuses: list[int] = []
    with serving(application(desk), desk) as running:

        def ask() -> None:
            statuses.append(httpx.post(f"{running.url}/api/answer", json=HELLO, timeout=30).status_code)

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        until(lambda: desk.open == 2)
        third = httpx.post(f"{running.url}/api/answer", json=HELLO)
        assert httpx.get(f"{running.url}/api/bot").status_code == 200
        go_on.set()
        for thread in threads:
            thread.join()
        assert still_works(running)
    assert statuses == [200, 200]
    assert third.status_code == 503
    assert third.headers["retry-after"] == "1"
    assert third.json()["error"]["type"] == "server_error"


def test_connections_are_bounded(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "CONNECTIONS", 2)
    desk = Desk(bot)
    with serving(application(desk), desk) as running:
        with connected(running) as first, connected(running) as second, connected(running) as third:
            until(lambda: running.connections() == 3)
            third.sendall(head(running, "GET /api/bot HTTP/1.1"))
            received = rest(third)
            with connected(running), connected(running), connected(running) as last:
                assert rest(last) == b""
            for client in (first, second):
                client.sendall(head(running, "GET /api/bot HTTP/1.1", Connection="close"))
                assert rest(client).startswith(b"HTTP/1.1 200 ")
        assert received.startswith(b"HTTP/1.1 503 ")
        assert b"content-security-policy: default-src 'none'" in received
        assert b"there are too many connections" in received
        until(lambda: running.connections() == 0)
        assert still_works(running)


def test_a_port_in_use_is_one_line_with_another(running: Running) -> None:
    with pytest.raises(FriendbotError, match=rf"^port {running.port} is in use; --port \d+ is free$"):
        listener.listen(running.port)


def test_only_this_machine_can_connect() -> None:
    with listener.listen(0) as own:
        assert own.getsockname()[0] == "127.0.0.1"
