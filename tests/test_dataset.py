from pathlib import Path

import numpy as np
import pytest
from conftest import ME, lines
from hypothesis import given
from hypothesis import strategies as st

from friendbot import dataset, encoding
from friendbot.errors import ModelError, ThreadError


@given(st.integers(2, 300), st.integers(1, 7), st.integers(2, 9))
def test_every_token_but_the_first_is_a_target_once_and_rows_go_on(count: int, size: int, length: int) -> None:
    tokens = np.arange(1, count + 1)
    cut = dataset.batches(tokens, size, length)
    assert cut.inputs.shape == cut.targets.shape == cut.weights.shape == (cut.steps * size, length)
    counted = cut.weights == 1
    assert sorted(cut.targets[counted].tolist()) == tokens[1:].tolist()
    assert (cut.targets[counted] == cut.inputs[counted] + 1).all()
    assert cut.tokens == count - 1
    # Row r of step s + 1 begins where row r of step s ended, as the carried state needs it.
    steps = cut.inputs.reshape(cut.steps, size, length)
    going_on = cut.weights.reshape(cut.steps, size, length)[1:, :, 0] == 1
    assert (steps[1:, :, 0][going_on] == steps[:-1, :, -1][going_on] + 1).all()


def test_nothing_to_learn_from_is_an_error() -> None:
    with pytest.raises(ThreadError, match="no text to learn from"):
        dataset.batches(np.array([1]), 2, 2)


def test_the_stream_is_speaker_text_and_gap() -> None:
    encoded = encoding.encode(lines(), "bpe", 300)
    vocabulary = encoded.vocabulary
    spelled = "".join(
        {vocabulary.me: "<me>", vocabulary.friend: "<friend>", vocabulary.gap: "<gap>"}.get(id)
        or vocabulary.decode([id])
        for id in encoded.train[:60].tolist()
    )
    assert spelled.startswith("<gap><me>Did you sleep?<friend>ok ok<me>How are you?<friend>café?<me>")
    assert encoded.about["me"] == ME
    assert encoded.about["messages"] == {"train": 320, "valid": 40, "test": 40}
    sessions = sum((part == vocabulary.gap).sum() for part in (encoded.train, encoded.valid, encoded.test))
    assert sessions == 20


def test_the_vocabulary_has_never_seen_the_newer_parts() -> None:
    talk = lines()
    newer = [line._replace(text=line.text + " ЖЖЖ") if line.split != "train" else line for line in talk]
    assert encoding.encode(newer, "bpe", 300).vocabulary.pieces == encoding.encode(talk, "bpe", 300).vocabulary.pieces


def test_more_text_gets_the_larger_vocabulary_unless_a_size_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [line.text for line in lines() if line.split == "train"]
    length = sum(map(len, texts))
    monkeypatch.setattr(encoding, "SMALLER", 270)
    monkeypatch.setattr(encoding, "LARGER", 280)
    for most, own, size in ((length, None, 270), (length - 1, None, 280), (length, 275, 275), (length - 1, 275, 275)):
        monkeypatch.setattr(encoding, "LONG_TEXT", most)
        assert len(encoding.learned(texts, "bpe", own)) == size
        assert len(encoding.encode(lines(), "bpe", own).vocabulary) == size


def test_what_is_saved_is_loaded_and_bytes_repeat(tmp_path: Path) -> None:
    encoded = encoding.encode(lines(), "bpe", 300)
    dataset.save(tmp_path / "a", encoded)
    dataset.save(tmp_path / "b", encoded)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    loaded = dataset.load(tmp_path / "a")
    assert loaded.about == encoded.about
    assert (loaded.test == encoded.test).all()


@pytest.mark.parametrize("name", ["train.npy", "vocabulary.json", "about.json"])
def test_a_damaged_file_is_one_line(tmp_path: Path, name: str) -> None:
    dataset.save(tmp_path, encoding.encode(lines(), "bpe", 300))
    (tmp_path / name).write_bytes(b"{")
    with pytest.raises(ModelError, match="damaged"):
        dataset.load(tmp_path)
