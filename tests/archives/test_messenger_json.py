"""Messenger's JSON download."""

import json
import tempfile
from pathlib import Path

import pytest
from archive_writers import FRIEND, ME, ROOT, inbox, read, said, texts, thread, write, zipped
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot import messages
from friendbot.errors import ArchiveError

HI = said(FRIEND, 1000, "hi")


def test_a_thread_comes_oldest_first_with_its_names_repaired(tmp_path: Path) -> None:
    root = inbox(tmp_path / "facebook-zoe", "jan_1", thread([HI, said(ME, 2000, "né 🚀")]))
    first, second = read(root)
    assert first == messages.Message("jan_1", FRIEND, (FRIEND, ME), ME, FRIEND, 1000, 0, "text", "hi")
    assert (second.sender, second.sent_at, second.seq, second.text) == (ME, 2000, 1, "né 🚀")


def test_parts_are_ordered_by_number_and_ties_keep_the_order_of_the_source(tmp_path: Path) -> None:
    parts = [thread([said(ME, 50, f"{number}a"), said(ME, 50, f"{number}b")]) for number in range(12, 0, -1)]
    root = inbox(tmp_path, "jan_1", *parts)
    assert texts(root) == [f"{number}{letter}" for number in range(1, 13) for letter in "ab"]


def test_messages_out_of_order_are_sorted_by_time(tmp_path: Path) -> None:
    root = inbox(tmp_path, "jan_1", thread([said(ME, 3, "c"), said(ME, 1, "a"), said(ME, 2, "b")]))
    assert [(m.text, m.seq) for m in read(root)] == [("a", 0), ("b", 1), ("c", 2)]


@pytest.mark.parametrize(
    "section", ["inbox", "archived_threads", "filtered_threads", "message_requests", "e2ee_cutover"]
)
@pytest.mark.parametrize("root", ["messages", "your_activity_across_facebook/messages", "anything/at/all"])
def test_every_section_and_root_is_read(tmp_path: Path, section: str, root: str) -> None:
    write(tmp_path / root / section / "jan_1" / "message_1.json", thread([HI]))
    assert [m.thread_id for m in read(tmp_path, owner=ME)] == ["jan_1"]


def test_threads_of_one_title_stay_apart_and_come_sorted(tmp_path: Path) -> None:
    for folder in ("jan_2", "jan_10", "jan_1"):
        inbox(tmp_path, folder, thread([said(FRIEND, 1, folder)]))
    assert [(m.thread_id, m.title, m.seq) for m in read(tmp_path)] == [
        (f, FRIEND, 0) for f in ("jan_1", "jan_10", "jan_2")
    ]


def test_a_thread_cut_over_to_encryption_is_one_thread(tmp_path: Path) -> None:
    inbox(tmp_path, "jan_1", thread([said(FRIEND, 5, "later")]))
    inbox(tmp_path, "jan_1", thread([said(FRIEND, 1, "before")]), section="e2ee_cutover")
    assert [(m.text, m.seq) for m in read(tmp_path)] == [("before", 0), ("later", 1)]


def test_a_group_listed_twice_is_not_doubled(tmp_path: Path) -> None:
    group = thread([said(FRIEND, 1, "x"), said(FRIEND, 1, "x"), said(ME, 2, "y")], title="crew")
    inbox(tmp_path, "crew_77", group)
    write(tmp_path / "your_facebook_activity/groups/your_group_messages/77.json", group)
    assert [(m.thread_id, m.text) for m in read(tmp_path)] == [("crew_77", "x"), ("crew_77", "x"), ("crew_77", "y")]


def test_overlapping_downloads_side_by_side_are_not_doubled(tmp_path: Path) -> None:
    inbox(tmp_path / "old", "jan_1", thread([said(ME, 1, "a"), said(ME, 2, "b")]))
    inbox(tmp_path / "new", "jan_1", thread([said(ME, 2, "b"), said(ME, 3, "c")]))
    assert texts(tmp_path) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"content": "hello"}, "text"),
        ({"content": "look", "photos": [{"uri": "a.jpg"}]}, "text"),
        ({"photos": [{"uri": "a.jpg"}]}, "media"),
        ({"content": "You sent a photo.", "photos": [{"uri": "a.jpg"}]}, "media"),
        ({"sticker": {"uri": "s.png"}}, "media"),
        ({"audio_files": [{"uri": "a.mp4"}]}, "media"),
        ({"content": "You sent an attachment.", "share": {"link": "https://a.example"}}, "share"),
        ({"content": "Du hast einen Anhang gesendet.", "share": {"link": "https://a.example"}}, "share"),
        ({"content": "see https://a.example", "share": {"link": "https://a.example"}}, "text"),
        ({"type": "Share", "share": {"share_text": "a place"}}, "share"),
        ({"content": "Ján O'Friend called you.", "call_duration": 12}, "call"),
        ({"content": "whatever", "call_duration": 0, "missed": True}, "call"),
        ({"content": "Ján O'Friend missed your call."}, "call"),
        ({"content": "Ján hat die Gruppe verlassen.", "type": "Unsubscribe"}, "system"),
        ({"content": "You added someone.", "users": [{"name": "X"}]}, "system"),
        ({"content": "Reacted 😂 to your message "}, "system"),
        ({"content": "You set the nickname for Ján O'Friend to J."}, "system"),
        ({"content": "you called me late"}, "text"),
        ({"content": "Ján O'Friend called you.\nor so he says"}, "text"),
        ({"is_unsent": True}, "unsent"),
        ({"content": "oops", "is_unsent": True}, "unsent"),
        ({"content": "kept", "is_unsent": False}, "text"),
        ({"content": ""}, "empty"),
        ({}, "empty"),
    ],
)
def test_kinds(tmp_path: Path, facts: dict[str, object], kind: str) -> None:
    root = inbox(tmp_path, "jan_1", thread([{"sender_name": ME, "timestamp_ms": 0, **facts}]))
    assert [m.kind for m in read(root)] == [kind]


def test_time_zero_and_seconds_are_times(tmp_path: Path) -> None:
    root = inbox(tmp_path, "jan_1", thread([said(ME, 0, "a"), {"sender_name": ME, "timestamp": 7, "content": "b"}]))
    assert [m.sent_at for m in read(root)] == [0, 7000]


def test_a_byte_order_mark_and_the_name_without_a_number(tmp_path: Path) -> None:
    file = write(tmp_path / "messages/inbox/jan_1/message.json", thread([HI]))
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert texts(tmp_path, owner=ME) == ["hi"]


def test_a_file_repaired_before_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "message_1.json"
    file.write_text(json.dumps(thread([said(FRIEND, 1, "čaj, café")]), ensure_ascii=False), encoding="utf-8")
    assert [(m.sender, m.text) for m in read(file, owner=ME)] == [(FRIEND, "čaj, café")]


def test_half_surrogates_can_be_written(tmp_path: Path) -> None:
    lone = thread([said(ME, 1, "kept")])
    file = tmp_path / "in" / "message_1.json"
    file.parent.mkdir()
    file.write_text(json.dumps(lone).replace("kept", r"a\ud83d b\u00ed\u00a0\u00bd"), encoding="ascii")
    (found,) = read(file.parent, owner=ME)
    assert found.text.startswith("a\ufffd b")
    assert found.text.encode()


def test_a_sender_who_left_and_a_thread_with_oneself(tmp_path: Path) -> None:
    inbox(tmp_path, "crew_1", thread([said("Éva Left", 1, "bye")]))
    inbox(tmp_path, "me_2", thread([said(ME, 1, "note")], people=[ME], title=""))
    gone, note = read(tmp_path)
    assert (gone.sender, gone.participants) == ("Éva Left", (FRIEND, ME))
    assert (note.title, note.participants) == (ME, (ME,))


def test_other_json_of_a_download_is_passed_over_quietly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = inbox(tmp_path, "jan_1", thread([HI]), thread([]))
    write(root / ROOT / "secret_conversations.json", {"secret_conversations": []})
    write(root / ROOT / "autofill_information.json", {"autofill_information_v2": {"FULL_NAME": [ME]}})
    assert texts(root) == ["hi"]
    assert capsys.readouterr() == ("", "")


def test_files_that_a_computer_renamed_are_another_copy(tmp_path: Path) -> None:
    old = [thread([said(ME, 2, "b"), said(FRIEND, 3, "c")]), thread([said(ME, 1, "a")])]
    folder = inbox(tmp_path / "in", "jan_1", thread([said(ME, 4, "d")]), thread([said(FRIEND, 3, "c")]))
    for number, part in enumerate(old, 1):
        write(folder / ROOT / f"inbox/jan_1/message_{number} 2.json", part)
    assert texts(folder) == ["a", "b", "c", "d"]
    assert texts(zipped(folder, tmp_path / "a.zip")) == ["a", "b", "c", "d"]


def test_broken_json_of_other_projects_is_no_damage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = inbox(tmp_path, "jan_1", thread([HI]))
    for path in ("project/package_1.json", "project/messages/en.json", f"{ROOT}/settings.json"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text('{"name": 1,}')
    assert texts(root) == ["hi"]
    warning = capsys.readouterr().err
    assert warning.count("\n") == 1
    assert "messages/settings.json is damaged" in warning


def test_the_same_from_folder_zip_and_folder_of_zips(tmp_path: Path) -> None:
    folder = inbox(tmp_path / "in", "jan_1", thread([said(ME, 2, "b")]), thread([said(ME, 1, "a")]))
    inbox(folder, "eva_2", thread([said(ME, 2, "c")], people=["Éva", ME], title="Éva"))
    expected = read(folder)
    assert len(expected) == 3
    whole = zipped(folder, tmp_path / "facebook.zip", "facebook-zoe/")
    assert read(whole) == expected
    (halves := tmp_path / "halves").mkdir()
    (folder / ROOT / "inbox/jan_1/message_1.json").rename(tmp_path / "elsewhere")
    zipped(folder, halves / "1.zip")
    write(tmp_path / "rest" / ROOT / "inbox/jan_1/message_1.json", thread([said(ME, 2, "b")]))
    zipped(tmp_path / "rest", halves / "2.zip")
    assert read(halves) == expected


def test_clutter_of_a_mac_is_ignored(tmp_path: Path) -> None:
    root = inbox(tmp_path, "jan_1", thread([HI]))
    (root / ROOT / "inbox/jan_1/._message_1.json").write_bytes(b"\0\5\26\7")
    (root / "__MACOSX").mkdir()
    (root / "__MACOSX" / "message_1.json").write_bytes(b"\0")
    (root / ".DS_Store").write_bytes(b"\0")
    assert texts(root, strict=True) == ["hi"]


def test_the_owner_is_who_is_in_every_thread(tmp_path: Path) -> None:
    write(tmp_path / "jan_1/message_1.json", thread([HI]))
    write(tmp_path / "eva_2/message_1.json", thread([HI], people=["Éva", ME]))
    write(tmp_path / "left_3/message_1.json", thread([HI], people=["Éva", FRIEND, "Other"]))
    assert {m.owner for m in read(tmp_path)} == {ME}


def test_an_owner_who_cannot_be_told_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "jan_1/message_1.json", thread([HI]))
    with pytest.raises(ArchiveError, match=r"parse\.owner.*O'Friend.*Zoë Me"):
        read(tmp_path)
    with pytest.raises(ArchiveError, match="'Nobody' is in no chat"):
        read(tmp_path, owner="Nobody")
    assert read(tmp_path, owner="zoe\u0308  me")[0].owner == ME


def test_a_damaged_thread_is_named_and_counted_or_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = inbox(tmp_path, "jan_1", thread([HI]))
    bad = root / ROOT / "inbox/eva_2/message_1.json"
    for content in (
        '{"participants": [{"name": "A"}], "messa',
        "",
        "[]",
        '{"participants": [], "title": ""}',
    ):
        bad.parent.mkdir(exist_ok=True)
        bad.write_text(content)
        assert texts(root) == ["hi"]
        warning = capsys.readouterr().err
        assert warning.count("\n") == 1
        assert "eva_2/message_1.json" in warning
        with pytest.raises(ArchiveError, match=r"eva_2/message_1\.json"):
            read(root, strict=True)


def test_messages_without_a_time_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    absurd: list[dict[str, object]] = [
        {"sender_name": ME},
        {"timestamp_ms": "soon"},
        {"timestamp_ms": 1_600_000_000_000_000},
        {"timestamp": 16 * 10**15},
    ]
    root = inbox(tmp_path, "jan_1", thread([HI, *absurd]))
    assert texts(root) == ["hi"]
    assert "4 of its 5 messages" in capsys.readouterr().err


def test_nothing_readable_left_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "message_1.json").write_text("{")
    with pytest.raises(ArchiveError, match=r"nothing readable is left.*message_1\.json"):
        read(tmp_path)


def test_the_owner_of_a_thread_without_participants_must_be_given(tmp_path: Path) -> None:
    file = write(tmp_path / "message_1.json", thread([HI], people=[]))
    with pytest.raises(ArchiveError, match=r"parse\.owner"):
        read(file)
    assert read(file, owner=ME)[0].participants == (ME,)


def test_progress_reaches_the_total(tmp_path: Path) -> None:
    root = inbox(tmp_path, "jan_1", thread([HI]), thread([HI]))
    steps: list[tuple[int, int]] = []
    read(root, progress=lambda done, total: steps.append((done, total)))
    assert steps
    assert steps[-1][0] == steps[-1][1] > 0
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)


anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
name = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)
moment = st.integers(min_value=0, max_value=2**42)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    people=st.lists(name, min_size=2, max_size=2, unique=True), spoken=st.lists(st.tuples(moment, anything), min_size=1)
)
def test_any_text_name_and_time_survive(people: list[str], spoken: list[tuple[int, str]]) -> None:
    spoken.sort(key=lambda one: one[0])
    with tempfile.TemporaryDirectory() as folder:
        lines = [said(people[number % 2], time, text) for number, (time, text) in enumerate(spoken)]
        write(Path(folder) / "x_1" / "message_1.json", thread(lines, people=people, title=people[0]))
        found = read(Path(folder), owner=people[1])
    assert [(m.sender, m.sent_at, m.text) for m in found] == [
        (o["sender_name"], o["timestamp_ms"], o["content"]) for o in lines
    ]
    assert found[0].participants == tuple(people)
    assert found[0].title == people[0]
    assert [m.seq for m in found] == list(range(len(found)))
    assert all(m.kind != "empty" for m in found if m.text.strip())
