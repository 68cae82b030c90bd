import zipfile
from pathlib import Path

import pytest
from archive_writers import FRIEND, inbox, said, thread, zipped

from friendbot import archives
from friendbot.archives import sources
from friendbot.archives.sources import Download
from friendbot.archives.tree import Entry
from friendbot.messages import date

PART = thread([said(FRIEND, 1_700_000_000_000, "x")])


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("mine/your_facebook_activity/messages/inbox/a_1/message_1.json", "mine"),
        ("all/facebook-ann/messages/inbox/a_1/message_1.json", "all/facebook-ann"),
        ("all/encrypted/messages/Bo_1.json", "all/encrypted"),
        ("all/encrypted/Bo_1.json", "all/encrypted"),
        ("messages/inbox/a_1/message_1.json", "messages"),
        ("all/old/html/messages.htm", "all/old"),
        ("all/WhatsApp Chat with Bo.txt", "all"),
        ("Bo_1.json", "Bo_1.json"),
    ],
)
def test_the_folder_of_a_download(path: str, place: str) -> None:
    assert sources.root(Entry(path, 1, Path(path))) == place


def test_a_download_in_a_zip_is_that_zip() -> None:
    entry = Entry(
        "all/a.zip/x/messages/inbox/a_1/m.json", 1, Path("a.zip"), zipfile.ZipInfo("x/messages\\inbox/a_1/m.json")
    )
    assert sources.root(entry) == "all/a.zip"


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("facebook-ann-2026-01-05-AbC.zip", "2026-01-05"),
        ("all/facebook-ann.lee-2026-01-05-AbC", "2026-01-05"),
        ("facebook-ANN-01_05_2026-xyz.zip", "2026-01-05"),
        ("facebook-ANN-25_12_2025.zip", "2025-12-25"),
        ("instagram-ann_1999-2026-01-05-AbC.zip", "2026-01-05"),
        ("facebook-ann-2026-01-05-AbC/facebook-bo", "2026-01-05"),
        ("facebook-ann-2026-13-05.zip", None),
        ("facebook-ann-12026-01-05.zip", None),
        ("backup-2026-01-05", None),
        ("mine", None),
    ],
)
def test_the_date_in_a_name(path: str, day: str | None) -> None:
    time = sources.named(path)
    assert (None if time is None else date(time)) == day


def test_each_folder_and_zip_is_a_download(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    zipped(inbox(tmp_path / "x", "jan_10000000001", PART), tmp_path / "mine" / "facebook-zoe-2023-11-20-Ab.zip")
    inbox(tmp_path / "mine" / "unpacked", "eva_10000000002", PART)
    inbox(tmp_path / "mine" / "unpacked", "kai_10000000003", PART, section="e2ee_cutover")
    reading = archives.read(tmp_path / "mine")
    assert sum(batch.num_rows for batch in reading) == 3
    time = 1_700_000_000_000
    assert reading.downloads == [
        Download("mine/facebook-zoe-2023-11-20-Ab.zip", "Messenger JSON", "facebook", 1, time, time, 1_700_438_400_000),
        Download("mine/unpacked", "Messenger JSON", "facebook", 2, time, time, None, 1),
    ]


NOW, OLD = 1_760_000_000_000, 1_700_000_000_000


def facebook(last: int, requested: int | None = None, cut_over: int = 0, family: str = "facebook") -> Download:
    return Download("a", "Messenger JSON", family, 5, 0, last, requested, cut_over)


ENCRYPTED = Download("b", "Messenger end-to-end encrypted", "facebook", 5, 0, OLD)


@pytest.mark.parametrize(
    ("downloads", "said"),
    [
        ([], None),
        ([facebook(OLD)], None),
        ([facebook(OLD, NOW)], "a was asked for on 2025-10-09, yet the newest message is of 2023-11-14: "),
        ([facebook(OLD, OLD + sources.QUIET)], None),
        ([facebook(OLD, NOW), facebook(NOW - sources.DAY, NOW)], None),
        ([facebook(OLD, NOW), ENCRYPTED], None),
        ([facebook(OLD, NOW, family="instagram")], None),
        ([facebook(OLD, cut_over=2), facebook(NOW, NOW, cut_over=1)], "3 threads went on end-to-end encrypted, "),
        ([facebook(OLD, cut_over=2), ENCRYPTED], None),
    ],
)
def test_what_is_missing(downloads: list[Download], said: str | None) -> None:
    found = sources.missing(downloads)
    assert found is None if said is None else found and found.startswith(said)
