"""Which copies are of one thread: names are not enough, and not always needed."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
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
    thread,
    write,
    zipped,
)
from encrypted_writers import chat, encrypted, typed

from friendbot.archives import identity, reader
from friendbot.archives.reader import Copy
from friendbot.archives.tree import Entry

SCOTT = "Scott"
ONE, TWO = "scott_10150004146896973", "scott_10150005806319027"
DAY = 86_400_000


def threads(path: Path, owner: str | None = ME) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for message in read(path, owner=owner):
        found.setdefault(message.thread_id, []).append(message.text)
    return found


def talk(who: str, first: int, last: int) -> list[tuple[str, int, str]]:
    """Messages number `first` until before `last` of a chat, said by both in turn."""
    return [(SCOTT if n % 3 else ME, 1000 * n, f"{who} {n}") for n in range(first, last)]


def json_thread(root: Path, folder: str, lines: Sequence[tuple[str, int, str]], section: str = "inbox") -> None:
    write(
        root / ROOT / section / folder / "message_1.json",
        thread([said(*line) for line in lines], (SCOTT, ME), SCOTT),
    )


def e2ee_thread(root: Path, name: str, lines: Sequence[tuple[str, int, str]]) -> None:
    encrypted(root, name, chat([typed(*line) for line in lines], (ME, SCOTT), SCOTT))


def words(lines: Sequence[tuple[str, int, str]]) -> list[str]:
    return [text for *_, text in lines]


@pytest.mark.parametrize("overlap", [0, 1, 4, 20])
def test_what_followed_the_switch_to_encryption_is_joined(tmp_path: Path, overlap: int) -> None:
    json_thread(tmp_path / "json", ONE, talk("s", 0, 50), "e2ee_cutover")
    e2ee_thread(tmp_path / "e2ee", "Scott_1", talk("s", 50 - overlap, 90))
    assert threads(tmp_path) == {ONE: words(talk("s", 0, 90))}


def test_two_friends_of_one_name_are_paired_by_their_messages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    json_thread(tmp_path / "json", ONE, talk("first", 0, 50))
    json_thread(tmp_path / "json", TWO, talk("second", 0, 50))
    e2ee_thread(tmp_path / "e2ee", "Scott_6", talk("second", 45, 80))
    e2ee_thread(tmp_path / "e2ee", "Scott_8", talk("first", 45, 80))
    assert threads(tmp_path) == {ONE: words(talk("first", 0, 80)), TWO: words(talk("second", 0, 80))}
    assert capsys.readouterr().err == ""


def test_which_of_two_friends_it_is_is_not_guessed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    json_thread(tmp_path / "json", ONE, talk("first", 0, 50))
    json_thread(tmp_path / "json", TWO, talk("second", 0, 50))
    e2ee_thread(tmp_path / "e2ee", "Scott_6", talk("first", 45, 80))
    e2ee_thread(tmp_path / "e2ee", "Scott_8", talk("third", 60, 80))
    assert threads(tmp_path) == {
        ONE: words(talk("first", 0, 80)),
        TWO: words(talk("second", 0, 50)),
        "e2ee:Scott_8": words(talk("third", 60, 80)),
    }
    assert capsys.readouterr().err.count("Scott_8.json is one of several threads of these names and shares no") == 1


def test_another_friend_of_that_name_who_wrote_at_the_same_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    json_thread(tmp_path / "json", ONE, talk("first", 0, 50))
    e2ee_thread(tmp_path / "e2ee", "Scott_1", talk("other", 10, 60))
    assert threads(tmp_path) == {ONE: words(talk("first", 0, 50)), "e2ee:Scott_1": words(talk("other", 10, 60))}
    assert "Scott_1.json is one of several threads of these names" in capsys.readouterr().err


def test_a_few_stray_messages_do_not_make_another_friend(tmp_path: Path) -> None:
    json_thread(tmp_path / "json", ONE, [*talk("s", 0, 50), (SCOTT, 60_500, "late")])
    e2ee_thread(tmp_path / "e2ee", "Scott_1", talk("s", 50, 80))
    assert sorted(threads(tmp_path)[ONE]) == sorted([*words(talk("s", 0, 80)), "late"])


def test_calls_go_on_being_listed_beside_the_encrypted_chat(tmp_path: Path) -> None:
    calls = [said(SCOTT, 1000 * n + 5, "Scott called you.", call_duration=3) for n in range(60, 75)]
    lines = [said(*line) for line in talk("s", 0, 50)]
    write(tmp_path / "j" / ROOT / "inbox" / ONE / "message_1.json", thread([*lines, *calls], (SCOTT, ME), SCOTT))
    e2ee_thread(tmp_path / "e", "Scott_1", talk("s", 50, 80))
    assert {one: len(texts) for one, texts in threads(tmp_path).items()} == {ONE: 95}


def test_a_friend_who_changed_the_name_before_the_encrypted_download(tmp_path: Path) -> None:
    json_thread(tmp_path / "json", ONE, talk("s", 0, 50), "e2ee_cutover")
    json_thread(tmp_path / "json", TWO, talk("t", 0, 50), "inbox")
    later = [typed("Scott Married" if who == SCOTT else who, time, text) for who, time, text in talk("s", 45, 80)]
    encrypted(tmp_path / "e2ee", "Scott Married_1", chat(later, (ME, "Scott Married"), "Scott Married"))
    found = read(tmp_path, owner=ME)
    assert [m.text for m in found if m.thread_id == ONE] == words(talk("s", 0, 80))
    assert {m.sender for m in found if m.thread_id == ONE} == {ME, "Scott Married"}
    assert {m.title for m in found if m.thread_id == ONE} == {"Scott Married"}
    assert {m.sender for m in found if m.thread_id == TWO} == {ME, SCOTT}


def test_deleted_accounts_are_never_joined_by_their_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nobody = "Facebook user"
    for number in (1, 2):
        folder, file = f"facebookuser_{number}", f"{nobody}_{number}"
        lines = [said(nobody, n, f"{number} {n}") for n in range(9)]
        write(tmp_path / "j/inbox" / folder / "message_1.json", thread(lines, (nobody, ME), nobody))
        encrypted(tmp_path / "e", file, chat([typed(nobody, 100 * number, "hi")], (ME, nobody), nobody))
    assert len(threads(tmp_path)) == 4
    assert capsys.readouterr().err == ""
    # What they said tells, though.
    encrypted(tmp_path / "e", f"{nobody}_2", chat([typed(nobody, n, f"1 {n}") for n in range(5, 12)], (ME, nobody)))
    assert {one: len(texts) for one, texts in threads(tmp_path).items()} == {
        "e2ee:Facebook user_1": 1,
        "facebookuser_1": 12,
        "facebookuser_2": 9,
    }


def test_groups_are_told_apart_by_their_title(tmp_path: Path) -> None:
    people = ("Ann", "Bob", ME)
    for folder, title in (("crew_1", "Crew"), ("trip_2", "Trip")):
        lines = [said("Ann", 1, f"{title} before")]
        write(tmp_path / "j/e2ee_cutover" / folder / "message_1.json", thread(lines, people, title))
        after = chat([typed("Bob", 5, f"{title} after")], people[::-1], title)
        encrypted(tmp_path / "e", f"{title} 🚀_7", after)
    assert threads(tmp_path) == {
        "crew_1": ["Crew before", "Crew after"],
        "trip_2": ["Trip before", "Trip after"],
    }


def test_a_group_that_somebody_left_is_known_by_title_and_messages(tmp_path: Path) -> None:
    lines = [(who, time, f"at {time}") for time, who in enumerate(["Ann", "Bob", "Cy", ME] * 5)]
    write(
        tmp_path / "j/e2ee_cutover/crew_1/message_1.json",
        thread([said(*line) for line in lines], ("Ann", "Bob", "Cy", ME), "Crew"),
    )
    later = [typed(*line) for line in [*lines[10:], ("Ann", 99, "new")]]
    encrypted(tmp_path / "e", "Crew_7", chat(later, (ME, "Ann", "Bob"), "Crew"))
    assert threads(tmp_path) == {"crew_1": [*words(lines), "new"]}


def test_two_encrypted_downloads_overlap(tmp_path: Path) -> None:
    e2ee_thread(tmp_path / "old", "Scott_3", talk("s", 0, 40))
    e2ee_thread(tmp_path / "new", "Scott_5", talk("s", 30, 60))
    assert threads(tmp_path) == {"e2ee:Scott_5": words(talk("s", 0, 60))}


def test_two_encrypted_downloads_one_after_the_other(tmp_path: Path) -> None:
    e2ee_thread(tmp_path / "old", "Scott_3", talk("s", 0, 40))
    e2ee_thread(tmp_path / "new", "Scott_3", talk("s", 40, 60))
    assert threads(tmp_path) == {"e2ee:Scott_3": words(talk("s", 0, 60))}


def test_two_friends_of_one_name_in_two_encrypted_downloads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for root, last in (("old", 40), ("new", 60)):
        e2ee_thread(tmp_path / root, "Scott_3", talk("first", 0, last))
        e2ee_thread(tmp_path / root, "Scott_5", talk("second", 0, last))
    assert threads(tmp_path) == {
        "e2ee:Scott_3": words(talk("first", 0, 60)),
        "e2ee:Scott_5": words(talk("second", 0, 60)),
    }
    assert capsys.readouterr().err == ""


def test_empty_threads_say_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for root in ("old", "new"):
        e2ee_thread(tmp_path / root, "Scott_3", talk("s", 0, 4))
        e2ee_thread(tmp_path / root, "Scott_4", [])
        encrypted(tmp_path / root, "Nobody Yet_5", chat([], (ME, "Nobody Yet"), "Nobody Yet"))
    json_thread(tmp_path / "json", ONE, [])
    assert threads(tmp_path) == {ONE: words(talk("s", 0, 4))}
    assert capsys.readouterr().err == ""


def test_a_thread_of_pictures_in_two_downloads(tmp_path: Path) -> None:
    pictures = [typed(SCOTT, n, media=[{"uri": "./media/a.jpg"}], type="media") for n in range(3)]
    for root in ("old", "new"):
        encrypted(tmp_path / root, "Scott_3", chat(pictures, (ME, SCOTT), SCOTT))
        encrypted(tmp_path / root, "Scott_4", chat([typed(SCOTT, 9, "other")], (ME, SCOTT), SCOTT))
    assert {one: len(texts) for one, texts in threads(tmp_path).items()} == {"e2ee:Scott_3": 3, "e2ee:Scott_4": 1}


def test_a_folder_keeps_its_number_whatever_it_is_called(tmp_path: Path) -> None:
    zoe = [said("Zoé", 1, "hi"), said(ME, 2, "ho")]
    gone = [said("Facebook user", 1, "hi"), said(ME, 2, "ho"), said("Facebook user", 3, "bye")]
    write(tmp_path / "a/inbox/zoe_123456789012345/message_1.json", thread(zoe, ("Zoé", ME), "Zoé"))
    write(
        tmp_path / "b/inbox/facebookuser_123456789012345/message_1.json",
        thread(gone, ("Facebook user", ME), "Facebook user"),
    )
    found = read(tmp_path, owner=ME)
    assert [(m.sender, m.text, m.title) for m in found] == [
        ("Zoé", "hi", "Zoé"),
        (ME, "ho", "Zoé"),
        ("Zoé", "bye", "Zoé"),
    ]


def test_letters_of_old_downloads_became_numbers(tmp_path: Path) -> None:
    json_thread(tmp_path / "old", "scott_AbCdEfGhIj", talk("s", 0, 40))
    json_thread(tmp_path / "new", ONE, talk("s", 0, 60))
    json_thread(tmp_path / "new", TWO, talk("other", 0, 60))
    assert threads(tmp_path) == {ONE: words(talk("s", 0, 60)), TWO: words(talk("other", 0, 60))}


def test_a_friend_and_an_owner_who_changed_their_names_between_downloads(tmp_path: Path) -> None:
    for root, friend, me, last in (("old", "Maiden", "Zoe Was", 5), ("new", "Married", "Zoe Is", 9)):
        lines = [said(me if n % 2 else friend, n, f"n {n}") for n in range(last)]
        write(tmp_path / root / ROOT / "inbox" / ONE / "message_1.json", thread(lines, (friend, me), friend))
        profile = {"profile_v2": {"name": {"full_name": me}}}
        write(tmp_path / root / "personal_information/profile_information.json", profile)
    found = read(tmp_path)
    assert [(m.sender, m.text) for m in found] == [("Zoe Is" if n % 2 else "Married", f"n {n}") for n in range(9)]
    assert {(m.owner, m.title, m.participants) for m in found} == {("Zoe Is", "Married", ("Married", "Zoe Is"))}


def test_in_a_group_the_owner_is_known_by_any_name(tmp_path: Path) -> None:
    for root, me, ann in (("old", "Zoe Was", "ann  LEE"), ("new", "Zoe Is", "Ann Lee")):
        lines = [said(who, n, f"n {n}") for n, who in enumerate([me, ann, "Bob"] * 3)]
        lines.append(said("Bob", 99 if root == "old" else 100, root))
        write(tmp_path / root / "inbox/crew_123456789012345/message_1.json", thread(lines, (me, ann, "Bob"), "Crew"))
        profile = {"profile_v2": {"name": {"full_name": me}}}
        write(tmp_path / root / "profile_information.json", profile)
    found = read(tmp_path)
    assert [m.sender for m in found] == ["Zoe Is", "Ann Lee", "Bob"] * 3 + ["Bob", "Bob"]
    assert {m.owner for m in found} == {"Zoe Is"}
    assert {frozenset(m.participants) for m in found} == {frozenset(["Zoe Is", "Ann Lee", "Bob"])}


def test_a_message_without_a_sender_does_not_hide_a_new_name(tmp_path: Path) -> None:
    for root, friend in (("old", "Maiden"), ("new", "Married")):
        lines = [said(friend, 5, "hi"), {"timestamp_ms": 6, "content": "who?"}, said(ME, 9 + (root == "new"), root)]
        write(tmp_path / root / "inbox" / ONE / "message_1.json", thread(lines, (friend, ME), friend))
    assert [(m.sender, m.text) for m in read(tmp_path, owner=ME)] == [
        ("Married", "hi"),
        ("Unknown", "who?"),
        (ME, "old"),
        (ME, "new"),
    ]


def test_messenger_and_its_neighbour_stay_two(tmp_path: Path) -> None:
    json_thread(tmp_path / "facebook-zoe", ONE, talk("s", 0, 9))
    path = tmp_path / "instagram-zoe/your_instagram_activity/messages/inbox" / ONE / "message_1.json"
    write(path, thread([said(*line) for line in talk("i", 0, 9)], (SCOTT, ME), SCOTT))
    assert sorted(map(tuple, threads(tmp_path).values())) == [
        tuple(words(talk("i", 0, 9))),
        tuple(words(talk("s", 0, 9))),
    ]


def test_folder_and_zip_of_one_download(tmp_path: Path) -> None:
    json_thread(tmp_path / "all/json", ONE, talk("s", 0, 50), "e2ee_cutover")
    e2ee_thread(tmp_path / "all/e2ee", "Scott_1", talk("s", 45, 90))
    e2ee_thread(tmp_path / "all/e2ee", "Scott_2", talk("other", 45, 90))
    expected = read(tmp_path / "all", owner=ME)
    zipped(tmp_path / "all/json", tmp_path / "all/facebook-zoe.zip", "facebook-zoe/")
    zipped(tmp_path / "all/e2ee", tmp_path / "all/messages.zip")
    assert read(tmp_path / "all", owner=ME) == expected
    assert len(expected) == 90 + 45


def test_parts_of_one_thread_in_several_zips(tmp_path: Path) -> None:
    lines = talk("s", 0, 40)
    (tmp_path / "zips").mkdir()
    for number in range(1, 5):
        part = thread([said(*line) for line in lines[40 - 10 * number : 50 - 10 * number]], (SCOTT, ME), SCOTT)
        write(tmp_path / f"{number}" / ROOT / "inbox" / ONE / f"message_{number}.json", part)
        zipped(tmp_path / f"{number}", tmp_path / "zips" / f"facebook-zoe-{number}.zip")
    assert threads(tmp_path / "zips") == {ONE: words(lines)}


def copy_of(
    path: str, people: Sequence[str] = (ME, SCOTT), identity: str | None = None, step: int = 60_000
) -> Callable[[Sequence[tuple[str, int, str]]], tuple[Copy, pa.Table]]:
    """A copy in a format of one's own."""

    def made(lines: Sequence[tuple[str, int, str]]) -> tuple[Copy, pa.Table]:
        table = pa.Table.from_batches(
            [reader.said([time for _, time, _ in lines], [who for who, *_ in lines], words(lines))]
        )
        entries = (Entry(path, 1, Path(path)),)
        return Copy(path, "", tuple(people), entries, lambda: iter(()), identity, step=step), table

    return made


def grouped(*made: tuple[Copy, pa.Table]) -> tuple[list[list[str]], list[str]]:
    tables = {copy.key: table for copy, table in made}
    notes: list[str] = []
    formats = [copy.key.partition("/")[0] for copy, _ in made]
    groups = identity.group([copy for copy, _ in made], formats, lambda copy: tables[copy.key], notes.append)
    return [[copy.key for copy in group.copies] for group in groups], notes


def long_talk(who: str, first: int, last: int) -> list[tuple[str, int, str]]:
    return [(name, time * 700, f"what was said to {text}") for name, time, text in talk(who, first, last)]


def test_a_coarse_copy_belongs_to_the_one_thread_of_its_names() -> None:
    lines = long_talk("s", 0, 30)
    made = copy_of("json/a/1", identity="1234567890", step=1)(lines), copy_of("legacy/m.htm")(lines[:20])
    assert grouped(*made) == ([["json/a/1", "legacy/m.htm"]], [])
    later = long_talk("s", 40, 60)
    assert grouped(made[0], copy_of("legacy/m.htm")(later)) == ([["json/a/1", "legacy/m.htm"]], [])


def test_a_clock_that_is_off_proves_nothing() -> None:
    lines = long_talk("s", 0, 30)
    shifted = [(who, time + 8 * 3_600_000, text) for who, time, text in lines]
    one, two = (copy_of(f"json/{n}/1", identity=f"{n}" * 12, step=1) for n in (1, 2))
    found, notes = grouped(one(long_talk("x", 0, 30)), two(lines), copy_of("legacy/m.htm")(shifted))
    assert (found, notes) == ([["json/1/1"], ["json/2/1", "legacy/m.htm"]], [])


def test_what_mixes_two_friends_is_of_neither() -> None:
    """As the first downloads do, which know threads by names only."""
    first, second = long_talk("first", 0, 30), long_talk("second", 0, 30)
    one, two = (copy_of(f"json/{n}/1", identity=f"{n}" * 12, step=1) for n in (1, 2))
    mixed = copy_of("legacy/m.htm")(sorted([*first, *second], key=lambda line: line[1]))
    found, notes = grouped(one(first), two(second), mixed)
    assert found == [["json/1/1"], ["json/2/1"], ["legacy/m.htm"]]
    assert notes == ["legacy/m.htm mixes several threads of these names: only what they lack was taken"]


def test_what_mixes_two_friends_doubles_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    midnight, when = 1_380_844_800_000, "Friday, October 4, 2013 at {}:{:02}am UTC"
    first, second = (
        [(sender, time + midnight, text) for sender, time, text in long_talk(who, 1, 50)] for who in ("first", "second")
    )
    json_thread(tmp_path / "json", ONE, first)
    json_thread(tmp_path / "json", TWO, second)
    lines = [
        legacy_message(who, text, when.format(*divmod((time - midnight) // 60_000, 60)).replace("at 0:", "at 12:"))
        for who, time, text in sorted([*first, *second], key=lambda line: line[1])
    ]
    legacy(tmp_path / "old", legacy_block(lines, f"{SCOTT}, {ME}"))
    json_only = {ONE: words(first), TWO: words(second)}
    assert threads(tmp_path) == json_only
    assert "messages.htm mixes several threads of these names" in capsys.readouterr().err
    lines.append(legacy_message(SCOTT, "what is lacking", when.format(11, 59)))
    legacy(tmp_path / "old", legacy_block(lines, f"{SCOTT}, {ME}"))
    assert threads(tmp_path) == {**json_only, f"legacy:{SCOTT}": ["what is lacking"]}


def test_one_greeting_to_many_friends_joins_nobody() -> None:
    first = [*long_talk("first", 0, 30), (ME, 10**9, "Happy new year, everybody!")]
    second = [*long_talk("second", 0, 30), (ME, 10**9, "Happy new year, everybody!")]
    one, two = (copy_of(f"json/{n}/1", identity=f"{n}" * 12, step=1) for n in (1, 2))
    found, notes = grouped(one(first), two(second), copy_of("legacy/a.htm")(first))
    assert (found, notes) == ([["json/1/1", "legacy/a.htm"], ["json/2/1"]], [])


def test_a_download_tells_its_own_threads_apart() -> None:
    first, second = copy_of("e2ee/Scott_1", step=1), copy_of("e2ee/Scott_2", step=1)
    assert grouped(first(talk("a", 0, 9)), second(talk("b", 20, 30))) == ([["e2ee/Scott_1"], ["e2ee/Scott_2"]], [])


def test_names_are_compared_without_case_and_composed() -> None:
    json = copy_of("json/a/1", ("Zoe\u0308  Me", SCOTT), identity="1234567890", step=1)(talk("s", 0, 9))
    e2ee = copy_of("e2ee/Scott_1", ("SCOTT", "Zo\u00eb Me"), step=1)(talk("s", 9, 20))
    assert grouped(json, e2ee) == ([["json/a/1", "e2ee/Scott_1"]], [])


def test_copies_without_participants_stay_as_they_are() -> None:
    made = [copy_of(f"x/{n}", ())(talk("s", 0, 9)) for n in range(3)]
    assert grouped(*made) == ([["x/0"], ["x/1"], ["x/2"]], [])


def test_only_what_may_be_one_thread_is_read() -> None:
    """Numbers tell threads of equal names apart: no message of them is looked at."""
    copies = [copy_of(f"json/{n}/1", identity=f"{n}" * 12, step=1)(talk("s", 0, 9))[0] for n in (1, 2, 3)]
    copies += [copy_of("e2ee/Ann_1", (ME, "Ann"), step=1)(talk("a", 0, 3))[0]]

    def load(copy: Copy) -> pa.Table:
        raise AssertionError(copy.key)

    assert len(identity.group(copies, ["json"] * 3 + ["e2ee"], load, print)) == 4


def test_friend_and_group_of_two_names_are_apart(tmp_path: Path) -> None:
    inbox(tmp_path, "jan_1", thread([said(FRIEND, 1, "hi")]))
    inbox(tmp_path, "crew_2", thread([said(FRIEND, 1, "hi")], people=[FRIEND, ME, "Ann"], title=FRIEND))
    encrypted(tmp_path, f"{FRIEND}_1", chat([typed(FRIEND, 5, "later")]))
    encrypted(tmp_path, f"{FRIEND}_2", chat([typed("Ann", 6, "all")], people=[FRIEND, ME, "Ann"], name=FRIEND))
    assert threads(tmp_path) == {"crew_2": ["hi", "all"], "jan_1": ["hi", "later"]}
