import random
from pathlib import Path

import numpy as np
import pytest

from friendbot import dataset, preview
from friendbot.dataset import Encoded


@pytest.fixture
def data(encoded: Path) -> Encoded:
    return dataset.load(encoded)


@pytest.fixture
def checkpoint(trained: Path) -> Path:
    (newest,) = (trained / "checkpoints").glob("*/epoch-0003")
    return newest


def spoken(data: Encoded, *talk: tuple[str, str]) -> np.ndarray:
    """Tokens of messages; the speaker is `me` or `friend`."""
    ids = [id for who, text in talk for id in [getattr(data.vocabulary, who), *data.vocabulary.encode(text)]]
    return np.array([data.vocabulary.gap, *ids], np.int32)


def test_it_answers_held_out_messages_the_same_way_each_time(data: Encoded, checkpoint: Path) -> None:
    before = str(np.random.get_state()), random.getstate()
    lines = [*preview.lines(checkpoint, data, seed=1)]
    assert lines == [*preview.lines(checkpoint, data, seed=1)]
    assert lines != [*preview.lines(checkpoint, data, seed=2)]
    asked = {"How are you?", "Coffee at noon?", "Did you sleep?", "Are you home?"}
    assert len({line.split(" -> ")[0] for line in lines} & asked) == 2
    assert all(line.split(" -> ")[1] for line in lines)
    assert (str(np.random.get_state()), random.getstate()) == before


def test_it_asks_what_the_friend_answered_and_what_can_be_read_at_a_glance(data: Encoded) -> None:
    talk = [("me", "unanswered, then"), ("me", "this was answered"), ("friend", "yes, it was"), ("friend", "and again")]
    short, long = [("me", "ok"), ("friend", "ok")], [("me", "on and on " * 9), ("friend", "stop")]
    tokens = spoken(data, *talk, *short, *long)
    assert preview.questions(tokens, data.vocabulary, 1, 2) == ["this was answered"]
    tokens = spoken(data, *short, *long)
    assert sorted(preview.questions(tokens, data.vocabulary, 1, 5)) == ["ok", "on and on " * 9]
    assert preview.questions(spoken(data, *talk[2:]), data.vocabulary, 1, 2) == []


def test_words_of_the_archive_cannot_command_the_terminal(data: Encoded, checkpoint: Path) -> None:
    valid = spoken(data, ("me", "\x1b[31mred\x07 alert\nnow, " + "and on " * 9), ("friend", "ok"))
    (line,) = preview.lines(checkpoint, data._replace(valid=valid), seed=1)
    assert line.startswith("[31mred alert now, and on and... -> ")
