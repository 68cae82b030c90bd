"""Messenger's own sentences, told from what people type."""

import pytest

from friendbot.archives.phrases import recogniser

kind = recogniser(["Ján O'Friend", "Zoë Me", " "])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ján O'Friend sent an attachment.", "share"),
        ("You sent a photo.", "media"),
        ("Ján sent 3 photos.", "media"),
        ("You missed a video chat from Ján.", "call"),
        ("The video call ended.", "call"),
        ("Ján O'Friend unsent a message.", "unsent"),
        ("Say hi to your new Facebook friend, Ján.", "system"),
        ("Zoë Me added Somebody Else to the group.", "system"),
        ("You changed the theme to Love.", "system"),
        ("Ján O'Friend set your nickname to Champ.", "system"),
        ("Messages and calls are secured with end-to-end encryption. Learn more.", "system"),
    ],
)
def test_messengers_words(text: str, expected: str) -> None:
    assert kind(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "you called me late",
        "You called me.",
        "Somebody Else left the group.",
        "He said: You sent a photo.",
        "You sent a photo. Thanks!",
        "You sent a photo.\nThanks!",
        "The video call ended. finally",
        "Ján voted for pizza",
        "",
    ],
)
def test_words_of_people(text: str) -> None:
    assert kind(text) is None


def test_nobody_named() -> None:
    assert recogniser([])("You sent a photo.") == "media"
    assert recogniser([])("sent a photo.") is None
