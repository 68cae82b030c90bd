"""Folders and zips, and what must not be read from them."""

import os
import zipfile
from pathlib import Path

import pytest
from archive_writers import FRIEND, ME, ROOT, inbox, read, said, texts, thread, zipped

from friendbot.archives import tree as archive_tree
from friendbot.errors import ArchiveError

FAILS = {
    "gone": "does not exist",
    "empty": "is empty",
    "photos": r"no messages in .*looked for .*message_1\.json.*messages\.htm.*found 2 \.jpg",
    "html": r"nothing readable is left.*message_1\.html.*no message",
    "text.pdf": "no file that can be read",
    "not.json": "not valid JSON",
    "silent": "hold no message at all",
    "cut.zip": "not a whole zip",
    "fake.zip": "not a whole zip",
    "locked.zip": "cannot be unpacked",
    "deep": r"not looked into \(deep/inbox/b\.zip\)",
}


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return inbox(tmp_path / "in", "jan_1", thread([said(FRIEND, 1, "hi")]))


@pytest.mark.parametrize("name", FAILS)
def test_bad_input_is_one_line_and_never_nothing(tmp_path: Path, good: Path, name: str) -> None:
    path = tmp_path / name
    if name == "empty":
        path.mkdir()
    elif name in ("photos", "html"):
        path.mkdir()
        for item in ("a.jpg", "b.jpg", *(["message_1.html"] if name == "html" else [])):
            (path / item).write_bytes(b"<html>")
    elif name == "deep":
        (path / "inbox").mkdir(parents=True)
        zipped(good, path / "inbox" / "b.zip")
    elif name == "silent":
        inbox(path, "jan_1", thread([]))
    elif name == "cut.zip":
        path.write_bytes(zipped(good, tmp_path / "whole.zip").read_bytes()[:-40])
    elif name == "locked.zip":
        data = bytearray(zipped(good, path).read_bytes())
        for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
            place = data.find(mark)
            while place >= 0:
                data[place + offset] |= 1
                place = data.find(mark, place + 1)
        path.write_bytes(data)
    elif name != "gone":
        path.write_text("%words")
    with pytest.raises(ArchiveError, match=FAILS[name]) as caught:
        read(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["../evil.json", "a/../../evil.json", "/etc/evil.json", "C:/evil.json", "..\\evil.json"]
)
def test_names_that_leave_the_zip_are_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as file:
        file.writestr(name, "{}")
    with pytest.raises(ArchiveError, match=r"evil\.json"):
        read(tmp_path / "bad.zip")


def test_links_are_refused_by_name(tmp_path: Path, good: Path) -> None:
    info = zipfile.ZipInfo("inbox/passwd.json")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as file:
        file.writestr(info, "/etc/passwd")
    with pytest.raises(ArchiveError, match=r"passwd\.json"):
        read(tmp_path / "bad.zip")
    (good / "link.json").symlink_to("/etc/passwd")
    with pytest.raises(ArchiveError, match=r"link\.json is a link"):
        read(good)


def test_a_bomb_is_refused_by_name(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("inbox/jan_1/message_1.json", b" " * (archive_tree.SMALL + 1))
    with pytest.raises(ArchiveError, match=r"message_1\.json would unpack to"):
        read(tmp_path / "bomb.zip")


def test_a_zip_damaged_inside(tmp_path: Path, good: Path) -> None:
    path = tmp_path / "bits.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.write(good / ROOT / "inbox/jan_1/message_1.json", "inbox/jan_1/message_1.json")
    path.write_bytes(path.read_bytes().replace(b'"content": "hi"', b'"content": "ho"'))
    with pytest.raises(ArchiveError, match=r"message_1\.json is damaged: Bad CRC-32"):
        read(path, owner=ME)


def test_media_are_never_opened(good: Path) -> None:
    attachments = good / ROOT / "inbox/jan_1/files"
    attachments.mkdir()
    (attachments / "broken.zip").write_bytes(b"PK\3\4 and no more")
    os.mkfifo(good / ROOT / "inbox/jan_1/photo.jpg")  # to open it would wait for ever
    assert texts(good) == ["hi"]


def test_names_are_composed_however_the_disk_spells_them(tmp_path: Path) -> None:
    inbox(tmp_path, "jose\u0301_1", thread([said(FRIEND, 1, "hi")]))
    assert read(tmp_path)[0].thread_id == "jos\u00e9_1"


def test_the_order_of_the_file_system_does_not_matter(tmp_path: Path) -> None:
    folders = [f"t_{number}" for number in range(6)]
    for root, order in (("a", folders), ("b", folders[::-1])):
        for folder in order:
            inbox(tmp_path / root / "x", folder, thread([said(FRIEND, 1, folder)]))
    assert read(tmp_path / "a" / "x") == read(tmp_path / "b" / "x")


def test_legacy_and_json_side_by_side(tmp_path: Path, good: Path) -> None:
    pytest.importorskip("fbchat_archive_parser", reason="fbchat-archive-parser needs Python 3.11")
    from archive_writers import legacy, legacy_block, legacy_message

    legacy(good / "old", legacy_block([legacy_message("legacy:Éva", "older")], f"Éva, {ME}"))
    assert [(m.thread_id, m.text) for m in read(good)] == [("jan_1", "hi"), ("legacy:Éva", "older")]
