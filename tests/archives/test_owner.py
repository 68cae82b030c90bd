"""Whose archive it is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from archive_writers import FRIEND, ME, ROOT, inbox, read, said, thread, write
from encrypted_writers import chat, encrypted, typed

from friendbot.archives import owner
from friendbot.archives.reader import Copy
from friendbot.archives.tree import Entry
from friendbot.errors import ArchiveError

PROFILE = "personal_information/profile_information/profile_information.json"


def copy_of(*people: str, family: str = "facebook", path: str = "a/b.json") -> Copy:
    return Copy("key", "", people, (Entry(path, 1, Path(path)),), lambda: iter(()), family=family)


def chosen(*threads: Sequence[str] | Copy, given: str | None = None, stated: Sequence[str] = ()) -> list[str | None]:
    copies = [one if isinstance(one, Copy) else copy_of(*one) for one in threads]
    return owner.choose(copies, given, stated)


def test_the_given_name_wins_over_the_profile() -> None:
    threads = (("Ann", "Zoe"), ("Bob", "Zoe"))
    assert chosen(*threads, given="Ann", stated=["Zoe"]) == ["Ann", "Zoe"]
    assert chosen(*threads, stated=["Bob"]) == ["Bob", "Bob"]
    assert chosen(*threads) == ["Zoe", "Zoe"]


def test_the_surest_profile_comes_first() -> None:
    assert chosen(("Ann", "Zoe"), stated=["Nowhere", "Zoe", "Ann"]) == ["Zoe"]


def test_names_are_spelled_as_each_copy_does() -> None:
    threads = (("Ann", "Zo\u00eb Me"), ("Bob", "Zoe\u0308 me"), ("ZO\u00cb  ME",))
    expected = [thread[-1] for thread in threads]
    assert chosen(*threads) == expected
    assert chosen(*threads, given=" zo\u00eb ME") == expected
    assert chosen(*threads, stated=["zo\u00eb me"]) == expected


def test_who_is_in_every_thread_of_several() -> None:
    assert chosen(("Zoe", "Ann"), ("Bob", "Zoe"), ("Zoe", "Ann", "Bob")) == ["Zoe"] * 3
    assert chosen(("Zoe", "Ann"), ("Zoe", "Ann", "Bob"), ("Zoe", "Cy", "Bob")) == ["Zoe"] * 3
    assert chosen(("Zoe",), ("Zoe", "Ann")) == ["Zoe", "Zoe"]
    assert chosen(("Zoe", "Ann"), (), ("Bob", "Zoe")) == ["Zoe"] * 3


def test_groups_that_the_owner_left_are_no_witnesses_and_still_theirs() -> None:
    left = ("Ann", "Bob", "Cy")
    assert chosen(("Ann", "Zoe"), left, ("Bob", "Zoe")) == ["Zoe"] * 3
    assert chosen(("Ann", "Zoe"), left, stated=["Zoe"]) == ["Zoe", "Zoe"]
    assert chosen(("Ann", "Zoe"), left, given="Zoe", stated=["Ann"]) == ["Zoe", "Ann"]


@pytest.mark.parametrize(
    "threads",
    [
        [("Ann", "Zoe")],
        [("Ann", "Zoe"), ("Zoe", "Ann")],
        [("Ann", "Zoe"), ("Bob", "Cy")],
        [("Ann", "Zoe", "Bob"), ("Ann", "Zoe", "Cy")],
        [("Facebook user", "Zoe"), ("Facebook User", "Zoe")],
        [("Facebook user", "Ann"), ("Facebook user", "Bob")],
    ],
)
def test_otherwise_it_is_asked_for(threads: list[tuple[str, ...]]) -> None:
    with pytest.raises(ArchiveError, match=r"does not say whose it is: set parse\.owner .*candidates: '") as caught:
        chosen(*threads)
    assert "\n" not in str(caught.value)
    assert all(name in str(caught.value) for thread in threads for name in thread if not name.startswith("Facebook"))
    assert chosen(*threads, given=threads[0][1])[0] == threads[0][1]


def test_deleted_accounts_are_nobody() -> None:
    assert chosen(("Facebook user", "Zoe"), ("Ann", "Zoe")) == ["Zoe", "Zoe"]
    assert chosen(("Facebook user", "Zoe"), ("Ann", "Facebook user", "Zoe")) == ["Zoe", "Zoe"]


def test_candidates_come_with_the_most_frequent_first_and_few() -> None:
    threads = [("Zoe", "Ann", f"Friend {number}") for number in range(9)]
    with pytest.raises(ArchiveError, match=r"candidates: 'Ann', 'Zoe', 'Friend 0', .* and 5 more$"):
        chosen(*threads)


def test_a_name_that_is_nowhere_is_an_error_that_names_the_candidates() -> None:
    with pytest.raises(
        ArchiveError, match=r"parse\.owner 'Zoo' is in no chat of the archive: set it to .*; candidates: 'Ann', 'Zoe'"
    ):
        chosen(("Ann", "Zoe"), given="Zoo")
    with pytest.raises(ArchiveError, match=r"says it is of 'Zoo', who is in no chat: .*candidates: 'Ann', 'Zoe'"):
        chosen(("Ann", "Zoe"), stated=["Zoo"])


def test_people_are_called_differently_in_different_messengers() -> None:
    messenger = [copy_of("Ann", "Zoe Me"), copy_of("Bob", "Zoe Me")]
    instagram = [copy_of("ann_a", "zoe.me", family="instagram"), copy_of("bob_b", "zoe.me", family="instagram")]
    expected = ["Zoe Me", "Zoe Me", "zoe.me", "zoe.me"]
    assert chosen(*messenger, *instagram) == expected
    assert chosen(*messenger, *instagram, stated=["Zoe Me"]) == expected
    assert chosen(*messenger, *instagram, stated=["Zoe Me", "zoe.me"]) == expected
    assert chosen(*messenger, *instagram, given="zoe.me") == expected
    assert chosen(*messenger, *instagram, given="Ann") == ["Ann", "Ann", "zoe.me", "zoe.me"]


def test_a_messenger_whose_owner_cannot_be_told_is_named() -> None:
    threads = [copy_of("Ann", "Zoe Me"), copy_of("mum", "zo", family="whatsapp", path="all/wa/chat.txt")]
    assert chosen(*threads, stated=["Zoe Me"]) == ["Zoe Me", None]
    assert owner.question(threads[1:]) == (
        "all/wa/chat.txt: it is not said whose it is: set parse.owner to your name in it; candidates: 'mum', 'zo'"
    )
    assert chosen(*threads, given="zo", stated=["Zoe Me"]) == ["Zoe Me", "zo"]


def test_an_archive_without_participants() -> None:
    assert chosen((), (), given="Zoe") == ["Zoe", "Zoe"]
    assert chosen((), stated=["Zoe"]) == ["Zoe"]
    assert chosen(("Ann", "Zoe"), copy_of(family="whatsapp"), stated=["Zoe"]) == ["Zoe", "Zoe"]
    with pytest.raises(ArchiveError, match=r"names no participants: set parse\.owner"):
        chosen((), ())


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        (PROFILE, {"profile_v2": {"name": {"full_name": ME, "first_name": "Z"}}}),
        (PROFILE, {"profile": {"name": ME}}),
        ("messages/autofill_information.json", {"autofill_information_v2": {"FULL_NAME": [ME]}}),
        (
            "personal_information/personal_information.json",
            {"profile_user": [{"string_map_data": {"Nom": {"value": ME}, "Bio": {"value": "hi"}}}]},
        ),
    ],
)
def test_profiles(tmp_path: Path, name: str, profile: Any) -> None:
    write(tmp_path / ROOT / "inbox/jan_1/message_1.json", thread([said(FRIEND, 1, "hi")]))
    write(tmp_path / name, profile)
    assert [m.owner for m in read(tmp_path, strict=True)] == [ME]


@pytest.mark.parametrize(
    "profile",
    [
        {},
        [],
        None,
        "text",
        {"profile_v2": []},
        {"profile_v2": {"name": [ME]}},
        {"profile_v2": {"name": {"full_name": 5}}},
        {"profile": {"name": " "}},
        {"profile_user": [[]]},
        {"profile_user": [{"string_map_data": [ME]}]},
        {"profile_user": [{"string_map_data": {"Name": ME}}]},
        {"autofill_information_v2": {"FULL_NAME": {"a": ME}}},
    ],
)
def test_a_profile_of_another_shape_says_nothing(tmp_path: Path, profile: Any) -> None:
    root = inbox(tmp_path, "jan_1", thread([said(FRIEND, 1, "hi")]))
    write(root / PROFILE, profile)
    with pytest.raises(ArchiveError, match=r"does not say whose it is: set parse\.owner"):
        read(root)
    assert read(root, owner=ME)


def test_a_damaged_profile_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = inbox(tmp_path, "jan_1", thread([said(FRIEND, 1, "hi")]))
    inbox(root, "eva_2", thread([said("Éva", 1, "hi")], people=["Éva", ME]))
    for content in (b'{"profile_v2": {"na', b"\xff\x00", b"[" * 100_000):
        (root / PROFILE).write_bytes(content)
        assert {m.owner for m in read(root)} == {ME}
        assert "profile_information.json is damaged: not JSON" in capsys.readouterr().err
        with pytest.raises(ArchiveError, match=r"profile_information\.json is damaged"):
            read(root, strict=True)


def test_an_owner_who_is_only_in_the_encrypted_download(tmp_path: Path) -> None:
    write(tmp_path / "j/inbox/jan_1/message_1.json", thread([said(FRIEND, 1, "hi")], people=["Ann", "Bob", FRIEND]))
    encrypted(tmp_path / "e", f"{FRIEND}_1", chat([typed(FRIEND, 5, "later")]))
    assert {m.owner for m in read(tmp_path, owner=ME)} == {ME}


def test_a_messenger_in_which_nothing_was_said_needs_no_owner(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inbox(tmp_path / "facebook", "jan_1", thread([said(FRIEND, 1, "hi")]))
    inside = "insta/your_instagram_activity/messages/inbox/ann_123456789012345/message_1.json"
    write(tmp_path / inside, thread([], people=["ann", "zoe"]))
    assert [m.owner for m in read(tmp_path)] == [ME]
    write(tmp_path / inside, thread([said("ann", 1, "hi")], people=["ann", "zoe"]))
    assert [m.owner for m in read(tmp_path)] == [ME]
    assert "ann_123456789012345/message_1.json: it is not said whose it is: set parse.owner" in capsys.readouterr().err
    with pytest.raises(ArchiveError, match=r"ann_123456789012345/message_1\.json.*set parse\.owner.*or take it away"):
        read(tmp_path, strict=True)


def test_of_two_people_who_differ_in_capitals_the_spelling_decides() -> None:
    assert chosen(["Ann", "ann"], given="ann") == ["ann"]
    assert chosen(["Ann", "ann"], given="Ann") == ["Ann"]
    assert chosen(["Ann", "bob"], given="ANN") == ["Ann"]
