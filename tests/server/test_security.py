"""What does not come from this machine's programs or our own page gets nothing."""

import json
from collections.abc import Iterator

import httpx
import pytest

from friendbot.server import security
from friendbot.server.desk import Desk
from server.conftest import until

HELLO = {"utterances": [{"speaker": "me", "text": "How are you?"}], "seed": 1, "instant": True}
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "[::1]:{port}", "LocalHost:{port}"])
def test_this_machines_names_are_answered(client: httpx.Client, host: str) -> None:
    host = host.format(port=client.base_url.port)
    headers = {"host": host, "origin": f"http://{host.lower()}", "sec-fetch-site": "same-origin"}
    assert client.post("/api/answer", json=HELLO, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost.evil.example:{port}",
        "10.0.0.1:{port}",
    ],
)
def test_another_name_for_this_machine_is_refused(client: httpx.Client, host: str) -> None:
    port = client.base_url.port
    for path in ("/", "/api/bot", "/v1/models", "/static/icon.svg", "/nothing"):
        response = client.get(path, headers={"host": host.format(port=port)})
        assert response.status_code == 421
        assert response.json()["error"]["message"] == (
            f"this server is http://127.0.0.1:{port} and answers to no other name"
        )


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "https://127.0.0.1:{port}", "http://127.0.0.1:1", "http://localhost:{port}"],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/api/answer"), ("GET", "/api/bot"), ("GET", "/")])
def test_another_origin_is_refused(client: httpx.Client, method: str, path: str, origin: str) -> None:
    response = client.request(method, path, json=HELLO, headers={"origin": origin.format(port=client.base_url.port)})
    assert response.status_code == 403
    assert response.json()["error"]["message"] == "another web page may not talk to this server"
    assert not [name for name in response.headers if name.startswith("access-control-")]


def test_a_preflight_is_not_granted(client: httpx.Client) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    foreign = client.options("/api/answer", headers={"origin": "http://evil.example", **asked})
    own = client.options("/api/answer", headers={"origin": f"http://127.0.0.1:{client.base_url.port}", **asked})
    assert (foreign.status_code, own.status_code) == (403, 405)
    assert not [name for name in [*foreign.headers, *own.headers] if name.startswith("access-control-")]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_may_link_to_the_page_and_do_nothing_else(client: httpx.Client, site: str) -> None:
    link = {"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert client.get("/", headers=link).status_code == 200
    assert client.get("/api/bot", headers=link).status_code == 403
    assert client.get("/v1/models", headers=link).status_code == 403
    assert client.get("/", headers={**link, "sec-fetch-dest": "iframe"}).status_code == 403
    assert client.get("/", headers={**link, "sec-fetch-mode": "no-cors"}).status_code == 403
    assert client.post("/", headers=link).status_code == 403
    assert client.get("/static/icon.svg", headers={"sec-fetch-site": site}).status_code == 403


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_page_itself_and_the_address_bar_are_let_through(client: httpx.Client, site: str) -> None:
    assert client.get("/api/bot", headers={"sec-fetch-site": site}).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "json"])
@pytest.mark.parametrize("path", ["/api/answer", "/v1/chat/completions"])
def test_a_body_that_a_form_can_send_is_refused(client: httpx.Client, path: str, kind: str) -> None:
    response = client.post(path, content=json.dumps(HELLO), headers={"content-type": kind})
    assert response.status_code == 415
    assert response.json()["error"]["message"] == "the content type must be application/json"


def test_json_may_name_its_encoding(client: httpx.Client) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    assert client.post("/api/answer", content=json.dumps(HELLO), headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/static/icon.svg", 200),
        ("GET", "/api/bot", 200),
        ("POST", "/api/answer", 200),
        ("GET", "/v1/models", 200),
        ("GET", "/nothing", 404),
        ("GET", "/api/answer", 405),
        ("POST", "/v1/chat/completions", 400),
    ],
)
def test_every_response_has_the_strict_headers(client: httpx.Client, method: str, path: str, status: int) -> None:
    response = client.request(method, path, json=HELLO if method == "POST" else None)
    assert response.status_code == status
    assert response.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cross-origin-opener-policy"] == "same-origin"
    assert response.headers["cross-origin-resource-policy"] == "same-origin"
    assert response.headers["cache-control"] == "no-store"
    assert "server" not in response.headers


@pytest.mark.parametrize("path", ["/api/answer", "/v1/chat/completions"])
def test_ten_megabytes_are_refused_announced_or_not(client: httpx.Client, path: str) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(160):
            yield b" " * 65536

    announced = client.post(path, content=b" " * 10_000_000, headers=JSON)
    streamed = client.post(path, content=pieces(), headers=JSON)
    assert (announced.status_code, streamed.status_code) == (413, 413)
    assert announced.json() == streamed.json()
    assert announced.json()["error"]["message"] == "the body is longer than 262144 bytes"


def test_the_longest_body_is_read(client: httpx.Client) -> None:
    body = json.dumps(HELLO)
    full = body + " " * (security.BODY_BYTES - len(body))
    assert client.post("/api/answer", content=full, headers=JSON).status_code == 200
    assert client.post("/api/answer", content=full + " ", headers=JSON).status_code == 413


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"utterances": [' + b"[" * 100_000, b'"\\ud800"', b"{}", b"NaN"]
)
@pytest.mark.parametrize("path", ["/api/answer", "/v1/chat/completions"])
def test_malformed_json_is_refused_in_the_clients_shape(client: httpx.Client, path: str, body: bytes) -> None:
    response = client.post(path, content=body, headers=JSON)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error.keys() == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/", {"GET", "HEAD"}),
        ("DELETE", "/api/bot", {"GET", "HEAD"}),
        ("GET", "/api/answer", {"POST"}),
        ("PUT", "/v1/chat/completions", {"POST"}),
        ("PATCH", "/v1/models", {"GET", "HEAD"}),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(client: httpx.Client, method: str, path: str, allowed: set[str]) -> None:
    response = client.request(method, path)
    assert response.status_code == 405
    assert {*response.headers["allow"].split(", ")} == allowed
    assert response.json()["error"]["message"] == f"{method} does not work at this address"


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/v1", "/v1/models/", "/static/", "/static/nothing.js", "/static/../app.py", "/static/..%2fapp.py"],
)
def test_what_is_not_there_is_not_found(client: httpx.Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_a_mistake_of_ours_is_told_without_the_chats_words(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(self: Desk, utterances: object, *rest: object) -> None:
        raise KeyError(utterances)

    monkeypatch.setattr(Desk, "conversation", broken)
    response = client.post("/api/answer", json=HELLO)
    assert response.status_code == 500
    assert response.json()["error"] == {
        "message": "the server made a mistake; its terminal shows where",
        "type": "server_error",
        "param": None,
        "code": None,
    }
    told = ""

    def ended() -> bool:
        nonlocal told
        told += "".join(capsys.readouterr())
        return told.endswith("\nserve: KeyError\n")

    until(ended)
    assert "in broken" in told
    assert "How are you" not in told
