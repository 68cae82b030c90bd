"""`python src/serve.py` as a person runs it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from conftest import ROOT

from server.conftest import until

LONG = {"utterances": [{"speaker": "me", "text": "How are you?"}], "seed": 5}


@contextmanager
def started(
    *arguments: str | Path, home: Path = ROOT, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and the line that it prints first."""
    command = [sys.executable, str(home / "src" / "serve.py"), *map(str, arguments)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            assert process.stdout
            yield process, process.stdout.readline()
        finally:
            process.kill()


def address(line: str) -> str:
    found = re.fullmatch(r".*: (http://127\.0\.0\.1:\d+) \(for programs: \1/v1\)\. Ctrl-C ends\.\n", line)
    assert found, line
    return found[1]


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def test_it_says_where_and_ctrl_c_ends_it_in_the_middle_of_an_answer(trained: Path) -> None:
    with started("--model", trained / "model", "--port", "0", "--temperature", "0") as (process, line):
        assert line.startswith("Zoë Ångström: http://127.0.0.1:")
        url = address(line)
        assert httpx.get(f"{url}/api/bot").json()["decoding"]["temperature"] == 0
        with httpx.stream("POST", f"{url}/api/answer", json=LONG) as response:
            lines = response.iter_lines()
            assert json.loads(next(lines))["type"] == "typing"
            process.send_signal(signal.SIGINT)
            with pytest.raises(httpx.HTTPError):
                list(lines)
        assert ended(process) == (130, "", "")


def test_a_taken_port_is_one_line(trained: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with started("--model", trained / "model", "--port", str(port)) as (process, line):
            status, _, err = ended(process)
    assert (line, status) == ("", 2)
    assert re.fullmatch(rf"serve: port {port} is in use; --port \d+ is free\n", err)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "x"], "argument --port: invalid port value: 'x'; --help lists the options"),
        (["--model", "/nowhere"], "/nowhere is not a model folder"),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], message: str) -> None:
    with started(*arguments) as (process, line):
        status, _, err = ended(process)
    assert (line, status) == ("", 2)
    assert err.startswith(f"serve: {message}")
    assert err.count("\n") == 1


def test_without_a_model_the_newest_checkpoint_is_served(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    with started("--port", "0", home=tmp_path) as (process, line):
        assert ended(process) == (
            2,
            "",
            "serve: there is no model yet; `make repro` makes one, its first checkpoint comes soon\n",
        )
    shutil.copytree(trained / "checkpoints", tmp_path / "checkpoints")
    (newest,) = (tmp_path / "checkpoints").glob("*/epoch-0003")
    with started("--port", "0", home=tmp_path) as (process, line):
        address(line)
        process.send_signal(signal.SIGTERM)
        status, _, err = ended(process)
    assert status == -signal.SIGTERM
    assert err == f"no finished model yet: this is Zoë Ångström in checkpoint {newest}\n"


def test_open_shows_the_page(trained: Path, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/shown.new\nmv {tmp_path}/shown.new {tmp_path}/shown\n')
    browser.chmod(0o755)
    environment = {"BROWSER": f"{browser} %s"}
    with started("--model", trained / "model", "--port", "0", "--open", environment=environment) as (_, line):
        until((tmp_path / "shown").exists)
    assert (tmp_path / "shown").read_text() == f"{address(line)}\n"


def test_without_a_browser_the_page_is_served_all_the_same(trained: Path, tmp_path: Path) -> None:
    nothing = {"BROWSER": str(tmp_path / "nothing"), "PATH": str(tmp_path), "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    with started("--model", trained / "model", "--port", "0", "--open", environment=nothing) as (process, line):
        assert process.stderr
        assert process.stderr.readline() == "no browser was found; open the address in one\n"
        assert httpx.get(address(line)).status_code == 200
