"""Whole archives whose truth is known, and other projects' fixtures; skipped where there are none."""

import json
import os
import shutil
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from archive_writers import read

from friendbot.messages import Message

SHARED = Path(os.environ.get("FRIENDBOT_SHARED", Path(__file__).parents[2].parent / "shared"))
DATA = SHARED / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="FRIENDBOT_SHARED names no folder with data/")


@pytest.fixture(scope="module")
def apollo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked(tmp_path_factory.mktemp("apollo"), "apollo", WANTED)


@pytest.fixture(scope="module")
def nus_sms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked(tmp_path_factory.mktemp("nus_sms"), "nus_sms", ("truth", "json", "html", "e2ee", "cutover"))


WANTED = ("truth", "json", "html", "e2ee", "cutover", "legacy_htm", "legacy_split")


def unpacked(folder: Path, name: str, wanted: tuple[str, ...]) -> Path:
    with tarfile.open(DATA / f"{name}.tar.xz") as file:
        members = [m for m in file if m.name.split("/")[1:2] and m.name.split("/")[1] in wanted]
        file.extractall(folder, members, filter="data")
    return folder / name


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


@pytest.mark.parametrize(("archive", "step"), [("apollo", 60_000), ("nus_sms", 1000)])
def test_html_holds_every_message_and_kind(request: pytest.FixtureRequest, archive: str, step: int) -> None:
    """What the format cannot hold: milliseconds, in older pages seconds; which of the empty messages were unsent."""
    root: Path = request.getfixturevalue(archive)
    owner, threads = truth(root)
    zone = json.loads((root / "truth/threads.json").read_text(encoding="utf-8"))["profile"]["tz"]
    found = dict(by_thread(read(root / "html", timezone=zone)))
    wrong = []  # numbers only: what people wrote is not to be shown
    for one, said in threads:
        got = found.pop(one["dir"])
        kinds = ["empty" if s["kind"] == "unsent" else s["kind"] for s in said]
        same = {
            "times": [m.sent_at // step for m in got] == [s["ts"] // step for s in said],
            "senders": [m.sender for m in got] == [s["sender"] for s in said],
            "kinds": [m.kind for m in got] == kinds,
            "texts": [m.text for m in got if m.kind == "text"] == [s["text"] for s in said if s["kind"] == "text"],
            "people": {frozenset(m.participants) for m in got} == {frozenset(one["participants"])},
            "title": {m.title for m in got} == {one["name"]},
            "owner": {m.owner for m in got} == {owner},
        }
        wrong += [(one["dir"], fact) for fact, right in same.items() if not right]
    assert not wrong
    assert not found


def differences(got: list[Message], one: dict[str, Any], said: list[dict[str, Any]]) -> list[str]:
    """In what the typed messages of a thread are not the true ones; no word of them, since they are not to be shown."""
    typed = [(m.sender, m.sent_at, m.text) for m in got if m.kind == "text"]
    expected = [(s["sender"], s["ts"], s["text"]) for s in said if s["kind"] == "text"]
    facts = {
        "count": len(typed) == len(expected),
        "typed": typed == expected,
        "order": [m.seq for m in got] == list(range(len(got))),
        "people": {frozenset(m.participants) for m in got} == {frozenset(one["participants"])},
        "title": {m.title for m in got} == {one["name"]},
    }
    return [fact for fact, right in facts.items() if not right]


@pytest.mark.parametrize("archive", ["apollo", "nus_sms"])
def test_encrypted_chats_hold_every_typed_message(
    request: pytest.FixtureRequest, archive: str, capsys: pytest.CaptureFixture[str]
) -> None:
    root: Path = request.getfixturevalue(archive)
    owner, threads = truth(root)
    found = dict(by_thread(read(root / "e2ee", strict=True)))
    assert {m.owner for got in found.values() for m in got} == {owner}
    for number, (one, said) in enumerate(threads, 1):
        (key,) = (key for key in found if key.endswith(f"_{number}"))
        assert differences(found.pop(key), one, said) == []
    assert not sorted(found)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("archive", ["apollo", "nus_sms"])
def test_what_followed_encryption_is_joined(
    request: pytest.FixtureRequest, archive: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is one thread, which does not tell whose archive it is."""
    root: Path = request.getfixturevalue(archive)
    owner, threads = truth(root)
    ((one, said),) = [(one, said) for one, said in threads if one["main"]]
    ((key, got),) = by_thread(read(root / "cutover", owner=owner, strict=True))
    assert key == one["dir"]
    assert differences(got, one, said) == []
    assert {m.owner for m in got} == {owner}
    assert "kept by itself" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("archive", "parts"),
    [
        ("apollo", ("json", "e2ee", "cutover")),
        ("apollo", ("json", "html", "legacy_htm")),
        ("nus_sms", ("json", "html", "e2ee", "cutover")),
    ],
)
def test_several_downloads_are_merged_without_doubles(
    request: pytest.FixtureRequest,
    archive: str,
    parts: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Though the zone of their pages is not the one given."""
    root: Path = request.getfixturevalue(archive)
    _, threads = truth(root)
    for part in parts:
        shutil.copytree(root / part, tmp_path / part, copy_function=os.link)
    found = dict(by_thread(read(tmp_path, timezone="Asia/Tokyo")))
    assert {one["dir"]: differences(found.pop(one["dir"]), one, said) for one, said in threads} == {
        one["dir"]: [] for one, _ in threads
    }
    assert not sorted(found)
    assert "kept by itself" not in capsys.readouterr().err


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


MINER = DATA / "fixtures"


def mined(path: Path, **options: Any) -> list[tuple[str, str, str]]:
    """What was typed, as chat-miner's targets have it: (time, sender, text)."""
    typed = [message for message in read(path, **options) if message.kind == "text"]
    return [(datetime.fromtimestamp(m.sent_at / 1000, UTC).isoformat()[:19], m.sender, m.text) for m in typed]


def target(folder: Path) -> list[tuple[str, str, str]]:
    lines = json.loads((folder / "target.json").read_text(encoding="utf-8"))
    return sorted((line["timestamp"], line["author"], line["message"]) for line in lines)


@pytest.mark.parametrize("name", ["[mmddyy]_24hrs", "ddmmyy_24hrs", "mmddyy_24hrs", "mmddyyyy_12hrs", "yyyymmdd_24hrs"])
def test_the_whatsapp_fixtures_of_chat_miner(name: str) -> None:
    folder = MINER / "whatsapp/chat-miner"
    expected = target(folder)
    found = mined(folder / f"test_{name}.txt", owner="John Doe")
    # chat-miner has a space where a message has a new line.
    assert [(time, sender, text.replace("\n", " ")) for time, sender, text in found] == expected
    assert sum("\n" in text for _, _, text in found) == 2


@pytest.mark.parametrize("name", ["test_single_export.json", "test_batch_export.json"])
def test_the_telegram_fixtures_of_chat_miner(name: str) -> None:
    folder = MINER / "telegram/chat-miner"
    first, (time, sender, text) = target(folder)
    # chat-miner puts a space between the parts of a text: between 'Link:' and the link there is none.
    expected = [first, (time, sender, text.replace("Link: ", "Link:"))]
    assert mined(folder / name, owner="Author 1") == expected


def test_the_instagram_fixture_of_chat_miner(tmp_path: Path) -> None:
    folder = MINER / "instagram_json/chat-miner"
    data = json.loads((folder / "test_export.json").read_text(encoding="utf-8"))
    # It lacks the participants that every thread of Instagram's has, and half a thread is damage.
    data["participants"] = [{"name": "John Doe"}, {"name": "Jane Doe"}]
    (tmp_path / "message_1.json").write_text(json.dumps(data))
    assert mined(tmp_path, owner="John Doe") == target(folder)
