"""The demo archive is what its script writes, small, and made of two clearly different voices."""

import importlib
import json
import re
import statistics
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[1] / "data" / "demo"
INBOX = "your_facebook_activity/messages/inbox/"
ZOE, DANIEL = "Zoë Marchetti", "Daniel O'Neill"


def repaired(text: str) -> str:
    return text.encode("latin-1").decode("utf-8")


@pytest.fixture(scope="module")
def members() -> dict[str, bytes]:
    with zipfile.ZipFile(DEMO / "json.zip") as archive:
        return {path: archive.read(path) for path in archive.namelist()}


@pytest.fixture(scope="module")
def thread(members: dict[str, bytes]) -> list[dict]:
    (path,) = [path for path in members if path.startswith(INBOX + "zoemarchetti_")]
    return json.loads(members[path])["messages"]


@pytest.fixture(scope="module")
def voices(thread: list[dict]) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {ZOE: [], DANIEL: []}
    for message in thread:
        if "content" in message and not {"share", "call_duration"} & message.keys():
            said[repaired(message["sender_name"])].append(repaired(message["content"]))
    return said


def test_archive_is_what_the_script_writes() -> None:
    done = subprocess.run([sys.executable, str(DEMO / "make_demo.py"), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_check_notices_a_changed_file(tmp_path: Path) -> None:
    for file in DEMO.iterdir():
        if file.suffix in (".py", ".txt"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    script = str(tmp_path / "make_demo.py")
    subprocess.run([sys.executable, script], check=True)
    page = tmp_path / "legacy" / "html" / "messages.htm"
    page.write_bytes(page.read_bytes().replace(b"Biscuit", b"Crumpet", 1))
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["differs from what make_demo.py writes: legacy/html/messages.htm"]


def test_archive_is_small() -> None:
    assert (DEMO / "json.zip").stat().st_size < 1_000_000
    assert sum(file.stat().st_size for file in (DEMO / "legacy").rglob("*") if file.is_file()) < 200_000


def test_threads_and_counts(members: dict[str, bytes], thread: list[dict]) -> None:
    counts = {}
    for path, content in members.items():
        assert content.isascii(), path
        if path.startswith(INBOX):
            counts[path.removeprefix(INBOX).split("_")[0]] = len(json.loads(content)["messages"])
    assert 7_700 <= counts.pop("zoemarchetti") <= 8_300
    assert counts.pop("facebookuser") == 12
    assert counts.keys() == {"priyaraman", "filmnight"}
    assert all(350 <= count <= 600 for count in counts.values())
    assert len(thread) == len({(message["timestamp_ms"], message["sender_name"]) for message in thread})


def test_messages_are_newest_first(members: dict[str, bytes]) -> None:
    for path, content in members.items():
        if path.startswith(INBOX):
            times = [message["timestamp_ms"] for message in json.loads(content)["messages"]]
            assert times == sorted(times, reverse=True), path


def test_names_are_written_as_facebook_writes_them(members: dict[str, bytes]) -> None:
    path = next(path for path in members if path.startswith(INBOX + "zoemarchetti_"))
    assert rb'"name": "Zo\u00c3\u00ab Marchetti"' in members[path]
    assert json.loads(members[path])["messages"][-1]["content"] == "You are now connected on Messenger."
    profile = json.loads(members["personal_information/profile_information/profile_information.json"])
    assert profile["profile_v2"]["name"]["full_name"] == DANIEL


def test_thread_holds_every_kind_of_message(thread: list[dict]) -> None:
    keys = {key for message in thread for key in message}
    assert {"photos", "gifs", "sticker", "share", "call_duration", "missed", "is_unsent", "reactions"} <= keys
    assert "type" not in keys
    assert any({"photos", "content"} <= message.keys() for message in thread)
    assert any(re.fullmatch("Reacted .+ to your message ", repaired(message.get("content", ""))) for message in thread)


def test_legacy_page_is_well_formed() -> None:
    page = ET.fromstring((DEMO / "legacy" / "html" / "messages.htm").read_text(encoding="utf-8"))
    blocks = page.findall(".//div[@class='thread']")
    assert len(blocks) == 3
    assert page.findtext(".//h1") == DANIEL
    messages = page.findall(".//div[@class='message']")
    assert 450 <= len(messages) <= 560
    pattern = re.compile(r"[A-Z][a-z]+day, [A-Z][a-z]+ \d{1,2}, 201[23] at \d{1,2}:\d\d[ap]m UTC\+01")
    assert all(pattern.fullmatch(meta.text or "") for meta in page.findall(".//span[@class='meta']"))
    texts = [paragraph.text or "" for block in blocks for paragraph in block.findall("p")]
    assert len(texts) == len(messages)
    assert "" in texts


def test_voices_differ(voices: dict[str, list[str]]) -> None:
    def share(name: str, pattern: str) -> float:
        return sum(bool(re.search(pattern, text)) for text in voices[name]) / len(voices[name])

    assert statistics.median(map(len, voices[DANIEL])) > 1.3 * statistics.median(map(len, voices[ZOE]))
    assert share(ZOE, r"^[A-Z]") < 0.02
    assert share(DANIEL, r"^[^a-z]") > 0.98
    assert share(ZOE, r"\.$") < 0.01
    assert share(DANIEL, r"[.?!\"](,| 🙂)?$") > 0.97
    assert share(ZOE, "[\U0001f300-\U0001faff]") > 0.12
    assert share(DANIEL, "[\U0001f300-\U0001faff]") < 0.03
    assert share(ZOE, r"(\w)\1\1") > 0.05
    assert share(DANIEL, r"(\w)\1\1") < 0.01


def test_text_is_rich_and_shared_fairly(voices: dict[str, list[str]]) -> None:
    texts = voices[ZOE] + voices[DANIEL]
    assert len(set(texts)) > 0.6 * len(texts)
    assert len({word for text in texts for word in re.findall(r"\w+", text.lower())}) > 1_500
    assert 0.4 < sum(map(len, voices[ZOE])) / sum(map(len, texts)) < 0.6


def test_grammar_is_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every slot of every scene, remark and list names a list; no bracket is left open."""
    monkeypatch.syspath_prepend(str(DEMO))
    words: dict[str, list[str]] = {}
    scenes = importlib.import_module("scenes")
    for name in ("words.txt", "remarks.txt"):
        words |= scenes.read_words(DEMO / name)
    for file in DEMO.glob("*.txt"):
        for line in file.read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                assert {slot[1] for slot in scenes.SLOT.findall(line)} <= words.keys(), line
                assert line.count("[") == line.count("]"), line
                assert line.count("{") == line.count("}") == len(scenes.SLOT.findall(line)), line
