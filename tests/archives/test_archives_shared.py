"""Whole archives whose truth is known, and other projects' fixtures; skipped where there are none."""

import json
import os
import sys
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from archive_writers import read

from friendbot.messages import Message

SHARED = Path(os.environ.get("FRIENDBOT_SHARED", Path(__file__).parents[2].parent / "shared"))
DATA = SHARED / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="FRIENDBOT_SHARED names no folder with data/")
legacy_only = pytest.mark.skipif(sys.version_info >= (3, 12), reason="fbchat-archive-parser needs Python 3.11")


@pytest.fixture(scope="module")
def apollo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("apollo")
    with tarfile.open(DATA / "apollo.tar.xz") as file:
        wanted = [m for m in file if m.name.split("/")[1:2] and m.name.split("/")[1] in WANTED]
        file.extractall(folder, wanted, filter="data")
    return folder / "apollo"


WANTED = ("truth", "json", "legacy_htm", "legacy_split")


def truth(root: Path) -> tuple[str, list[tuple[dict[str, Any], list[dict[str, Any]]]]]:
    info = json.loads((root / "truth/threads.json").read_text(encoding="utf-8"))
    lines = [
        (root / "truth" / f"{one['dir']}.jsonl").read_text(encoding="utf-8").split("\n") for one in info["threads"]
    ]
    return info["owner"], [
        (one, [json.loads(line) for line in text if line]) for one, text in zip(info["threads"], lines, strict=True)
    ]


def by_thread(messages: list[Message]) -> Iterator[tuple[str, list[Message]]]:
    found: dict[str, list[Message]] = {}
    for message in messages:
        found.setdefault(message.thread_id, []).append(message)
    return iter(found.items())


def test_json_holds_every_message_and_kind(apollo: Path) -> None:
    owner, threads = truth(apollo)
    found = dict(by_thread(read(apollo / "json")))
    assert sorted(found) == sorted(one["dir"] for one, _ in threads)
    for one, said in threads:
        got = found[one["dir"]]
        assert [(m.sent_at, m.sender, m.kind) for m in got] == [(s["ts"], s["sender"], s["kind"]) for s in said]
        assert [m.text for m in got if m.kind == "text"] == [s["text"] for s in said if s["kind"] == "text"]
        assert {m.owner for m in got} == {owner}
        assert {frozenset(m.participants) for m in got} == {frozenset(one["participants"])}


@legacy_only
@pytest.mark.parametrize("layout", ["legacy_htm", "legacy_split"])
def test_legacy_holds_every_typed_message(apollo: Path, layout: str) -> None:
    """What the format cannot hold: seconds; two threads with people of one name; unsent messages
    and some calls."""
    owner, threads = truth(apollo)
    expected: dict[frozenset[str], list[dict[str, Any]]] = defaultdict(list)
    for one, said in threads:
        expected[frozenset(one["participants"])] += said
    found = {frozenset(got[0].participants): got for _, got in by_thread(read(apollo / layout))}
    assert found.keys() == expected.keys()
    for people, got in found.items():
        said = sorted(expected[people], key=lambda s: s["ts"])
        typed = [(s["ts"] // 60_000, s["sender"], s["text"].strip()) for s in said if s["kind"] == "text"]
        assert [(m.sent_at // 60_000, m.sender, m.text) for m in got if m.kind == "text"] == typed
        assert {m.owner for m in got} == {owner}
    pages = [page.read_bytes() for page in (apollo / layout).rglob("*.htm*")]
    assert sum(map(len, found.values())) == sum(page.count(b'<span class="meta">') for page in pages)


@legacy_only
def test_the_fixture_of_fbchat_archive_parser() -> None:
    found = dict(by_thread(read(DATA / "fixtures/legacy_htm/fbcap")))
    me, second, third = "First User 一", "Second User 二", "Third User 三"
    assert {name: (len(got), set(got[0].participants)) for name, got in found.items()} == {
        f"legacy:{second}": (5, {me, second}),
        f"legacy:{third}": (7, {me, third}),
        f"legacy:{second}, {third}": (8, {me, second, third}),
    }
    assert [m.text for m in found[f"legacy:{third}"]] == [str(number) for number in range(1, 8)]
    assert {m.owner for got in found.values() for m in got} == {me}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "json_simple",
            [("text", "Hello"), ("text", "café time?"), ("text", "See you soon"), ("text", "Old message in archive")],
        ),
        ("json_group", [("text", "Hey crew"), ("text", "Hi!"), ("text", "Hello.")]),
        ("json_with_media", [("text", "Here's a photo")]),
        (
            "json_multifile",
            [
                ("text", "Message A (from file 1, oldest)"),
                ("text", "Message B (from file 1, newer)"),
                ("text", "Message C (from file 2)"),
                ("text", "Message D (from file 10, newest)"),
            ],
        ),
        (
            "json_nontext",
            [("system", "Sam left the chat"), ("share", ""), ("call", ""), ("call", ""), ("media", ""), ("media", "")],
        ),
    ],
)
def test_the_fixtures_of_msgvault(name: str, expected: list[tuple[str, str]]) -> None:
    found = read(DATA / "fixtures/fb_json/msgvault" / name, owner="Test User")
    assert [(m.kind, m.text) for m in found] == expected
