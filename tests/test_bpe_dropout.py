"""The same text, spelt in parts."""

import numpy as np
import pytest
from conftest import chatter

from friendbot.bpe_dropout import Spellings, split
from friendbot.vocabulary import BPE, CHAR, Vocabulary

TEXT = "\n".join(text for _, text in chatter(400))
VOCABULARY = Vocabulary.build([TEXT], BPE, 320)
TOKENS = np.array([VOCABULARY.friend, *VOCABULARY.encode(TEXT), VOCABULARY.gap], np.int32)


def test_parts_are_what_bpe_merged() -> None:
    parts = VOCABULARY.parts
    assert (parts[: 3 + 256] == -1).all()
    for id in range(3 + 256, len(VOCABULARY)):
        first, second = parts[id]
        assert VOCABULARY.bytes_of(first) + VOCABULARY.bytes_of(second) == VOCABULARY.bytes_of(id)
    assert (Vocabulary.build([TEXT], CHAR, 320).parts == -1).all()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_split_pieces_spell_the_same_text_between_the_same_specials(rate: float) -> None:
    tokens = split(TOKENS, VOCABULARY.parts, rate, np.random.default_rng(3))
    assert len(tokens) > len(TOKENS)
    assert tokens.dtype == TOKENS.dtype
    assert VOCABULARY.decode(tokens.tolist()) == VOCABULARY.decode(TOKENS.tolist())
    assert (tokens[0], tokens[-1]) == (VOCABULARY.friend, VOCABULARY.gap)


def test_so_many_pieces_are_split_and_their_parts_as_often() -> None:
    parts = VOCABULARY.parts
    nested = next(id for id in range(len(VOCABULARY)) if parts[id, 0] >= 0 and parts[parts[id, 0], 0] >= 0)
    first = parts[nested, 0]
    tokens = split(np.full(10_000, nested, np.int32), parts, 0.25, np.random.default_rng(3))
    assert np.count_nonzero(tokens == nested) == pytest.approx(7_500, abs=150)
    assert np.count_nonzero(tokens == first) == pytest.approx(0.75 * 2_500, abs=150)


def test_an_epochs_spelling_depends_on_seed_and_epoch_and_is_whole_in_the_end() -> None:
    texts = Spellings(TOKENS, VOCABULARY.parts, 0.25, 10, 1)
    assert np.array_equal(texts.of(2), texts.of(2))
    assert not np.array_equal(texts.of(2), texts._replace(seed=2).of(2))
    lengths = [len(texts.of(epoch)) for epoch in range(10)]
    assert lengths[:8] == sorted(lengths[:8], reverse=True)
    assert lengths[8:] == [len(TOKENS)] * 2
    assert texts.mean_length() == pytest.approx(np.mean(lengths), rel=0.01)
    assert np.array_equal(texts._replace(rate=0.0).of(0), TOKENS)
