"""Folders and zips, and what must not be read from them."""

import contextlib
import json
import os
import re
import threading
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from archive_writers import (
    FRIEND,
    ME,
    ROOT,
    inbox,
    legacy,
    legacy_block,
    legacy_message,
    read,
    said,
    texts,
    thread,
    zipped,
)

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
    "locked.zip": r"locked\.zip is locked with a password: unzip it and give the folder$",
    "deep": r"not looked into \(deep/inbox/b\.zip\)",
}


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return inbox(tmp_path / "in", "jan_1", thread([said(FRIEND, 1, "hi")]))


def lock(path: Path) -> None:
    """Mark every file of a zip as locked with a password."""
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = data.find(mark)
        while place >= 0:
            data[place + offset] |= 1
            place = data.find(mark, place + 1)
    path.write_bytes(data)


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
        lock(zipped(good, path))
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
    with pytest.raises(ArchiveError, match=r"nothing readable is left.*in/link\.json"):
        (tmp_path / "lonely/in").mkdir(parents=True)
        (tmp_path / "lonely/in/link.json").symlink_to("/etc/passwd")
        read(tmp_path / "lonely/in")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("link.json", "a link"),
        ("link.zip", r"unsafe, it holds the link 'x\.json'"),
        ("out.zip", r"unsafe, it holds '\.\./x\.json'"),
        ("locked.zip", "locked with a password: unzip it and give the folder"),
    ],
)
def test_what_is_refused_beside_a_download_is_named_and_left_out(
    good: Path, name: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if name == "link.json":
        (good / name).symlink_to("/etc/passwd")
    else:
        info = zipfile.ZipInfo("../x.json" if name == "out.zip" else "x.json")
        info.external_attr = 0o120777 << 16 if name == "link.zip" else 0
        with zipfile.ZipFile(good / name, "w") as file:
            file.writestr(info, "{}")
    if name == "locked.zip":
        lock(good / name)
    assert texts(good) == ["hi"]
    err = capsys.readouterr().err
    assert re.match(rf"warning: in/{re.escape(name)} is damaged: {why}", err)
    assert err.count("\n") == 1
    with pytest.raises(ArchiveError, match=rf"in/{re.escape(name)} "):
        read(good, strict=True)


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


def read_ahead(tree: archive_tree.Tree, names: Sequence[str]) -> list[bytes]:
    entries = [entry for name in names for entry in tree.entries if entry.name == name]
    tree.expect(entries)
    return [tree.read(entry) for entry in entries]


def test_files_that_are_read_ahead_are_those_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two files of one name
        for name, data in (("a", b"1"), ("b", b"2"), ("c", b"3"), ("b", b"4"), ("d", b"5"), ("e", b"6")):
            file.writestr(name, data)
    with archive_tree.Tree(path) as tree:
        assert read_ahead(tree, "abcde") == [b"1", b"2", b"4", b"3", b"5", b"6"]
        assert read_ahead(tree, "aeced") == [b"1", b"6", b"3", b"6", b"5"]
        tree.expect(tree.entries)
        assert [tree.read(entry) for entry in reversed(tree.entries)] == [b"6", b"5", b"3", b"4", b"2", b"1"]


def test_only_a_few_files_are_read_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        for number in range(8):
            file.writestr(f"{number}", b"x" * 10)
    begun: list[str] = []
    reads = archive_tree.Tree._read

    def noted(tree: archive_tree.Tree, entry: archive_tree.Entry, size: int = -1) -> bytes:
        begun.append(entry.name)
        return reads(tree, entry, size)

    monkeypatch.setattr(archive_tree.Tree, "_read", noted)
    for small, ahead in ((archive_tree.SMALL, archive_tree.FILES), (15, 2), (1, 1)):
        monkeypatch.setattr(archive_tree, "SMALL", small)
        begun.clear()
        with archive_tree.Tree(path) as tree:
            tree.expect(tree.entries)
            assert begun == []
            tree.read(tree.entries[0])
            tree._ahead._pool.shutdown()
            assert sorted(begun) == [str(number) for number in range(ahead + 1)]


def test_what_goes_wrong_ahead_is_said_when_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name in "abc":
            file.writestr(name, name * 5)
    path.write_bytes(path.read_bytes().replace(b"bbbbb", b"bbxbb"))
    before = threading.active_count()
    with archive_tree.Tree(path) as tree:
        tree.expect(tree.entries)
        a, b, c = tree.entries
        assert tree.read(a) == b"aaaaa"
        with pytest.raises(archive_tree.DamagedError, match=r"a\.zip/b is damaged"):
            tree.read(b)
        assert tree.read(c) == b"ccccc"
        tree.expect(tree.entries)
        tree.read(a)  # and no more: what was begun is given up
    assert threading.active_count() == before


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_zip_with_any_wrong_byte_is_an_archive_error_or_is_read(tmp_path: Path, method: int) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as file:
        file.writestr("né/message_1.json", json.dumps(thread([said(FRIEND, 1, "hi"), said(ME, 2, "hi")])))
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x81]) + whole[place + 1 :])
        with contextlib.suppress(ArchiveError):
            read(path, owner=ME)


def test_media_are_never_opened(good: Path) -> None:
    attachments = good / ROOT / "inbox/jan_1/files"
    attachments.mkdir()
    (attachments / "broken.zip").write_bytes(b"PK\3\4 and no more")
    os.mkfifo(good / ROOT / "inbox/jan_1/photo.jpg")  # to open it would wait for ever
    assert texts(good) == ["hi"]


@pytest.mark.parametrize("name", ["files", "media"])
def test_the_own_folder_of_a_person_may_have_any_name(tmp_path: Path, name: str) -> None:
    root = inbox(tmp_path / name, "jan_1", thread([said(FRIEND, 1, "hi")]))
    (root / name).mkdir()
    (root / name / "WhatsApp Chat with Tom.txt").write_text(
        f"13/10/2017, 10:00 - Tom: yo\n13/10/2017, 10:01 - {ME}: y\n"
    )
    assert sorted(texts(root, owner=ME)) == ["hi", "y", "yo"]
    assert sorted(texts(zipped(root, tmp_path / "messages.zip"), owner=ME)) == ["hi", "y", "yo"]


def test_what_is_packed_once_more_is_named_but_for_attachments(tmp_path: Path, good: Path, capsys: Any) -> None:
    (good / ROOT / "inbox/jan_1/files").mkdir()
    for name in ("b.7z", "a.tar.gz", f"{ROOT}/inbox/jan_1/files/c.zip", f"{ROOT}/inbox/jan_1/d.rar"):
        (good / name).write_bytes(b"x")
    assert texts(good) == ["hi"]
    note = "a.tar.gz (and 1 more) is packed once more and was not looked into: unpack it into the folder\n"
    assert capsys.readouterr().err == f"note: in/{note}"


def test_names_are_composed_however_the_disk_spells_them(tmp_path: Path) -> None:
    inbox(tmp_path, "jose\u0301_1", thread([said(FRIEND, 1, "hi")]))
    assert read(tmp_path)[0].thread_id == "jos\u00e9_1"


def test_the_order_of_the_file_system_does_not_matter(tmp_path: Path) -> None:
    folders = [f"t_{number}" for number in range(6)]
    for root, order in (("a", folders), ("b", folders[::-1])):
        for folder in order:
            inbox(tmp_path / root / "x", folder, thread([said(FRIEND, 1, folder)]))
    assert read(tmp_path / "a" / "x") == read(tmp_path / "b" / "x")


def test_a_legacy_page_that_is_damaged_in_its_zip_is_left_out(tmp_path: Path, good: Path, capsys: Any) -> None:
    lines = [legacy_message(FRIEND, f"older {number}") for number in range(1000)]
    legacy(tmp_path / "old", legacy_block(lines, f"{FRIEND}, {ME}"))
    with zipfile.ZipFile(good / "old.zip", "w") as file:
        file.write(tmp_path / "old/html/messages.htm", "html/messages.htm")
    (good / "old.zip").write_bytes((good / "old.zip").read_bytes().replace(b"older 999", b"older 998"))
    assert [message.text for message in read(good, owner=ME, strict=False)] == ["hi"]
    warning = "warning: in/old.zip/html/messages.htm is damaged: Bad CRC-32 for file 'html/messages.htm'; left out\n"
    assert capsys.readouterr().err == warning


def test_legacy_and_json_side_by_side(tmp_path: Path, good: Path) -> None:
    pytest.importorskip("fbchat_archive_parser", reason="fbchat-archive-parser needs Python 3.11")
    legacy(good / "old", legacy_block([legacy_message("legacy:Éva", "older")], f"Éva, {ME}"))
    assert [(m.thread_id, m.text) for m in read(good)] == [("jan_1", "hi"), ("legacy:Éva", "older")]
