import math

import numpy as np
import pyppmd
import pytest
from conftest import lines

from friendbot import baselines
from friendbot.baselines import KNESER_NEY, PPMD
from friendbot.dialogue import FRIEND, ME, Line

NAMES = ["uniform", "unigram", KNESER_NEY, PPMD]


def line(speaker: str, text: str, session: int, split: str = "test") -> Line:
    return Line(0, 0, {ME: "Ann", FRIEND: "Bo"}[speaker], speaker, text, session, split)


TRAIN = [line(ME, "ab", 0, "train"), line(FRIEND, "abc", 0, "train"), line(FRIEND, "ca", 1, "train")] * 20


def test_each_baseline_knows_more_than_the_one_before() -> None:
    measured = baselines.scores(baselines.costs(lines()))
    assert list(measured) == NAMES
    for part in (measured.values(), [scores["friend"] for scores in measured.values()]):
        uniform, unigram, ngram, ppmd = (scores["bits_per_char"] for scores in part)
        assert ngram < unigram < uniform
        assert ppmd < unigram


@pytest.mark.parametrize("name", NAMES[:3])
def test_probabilities_of_all_characters_and_marks_sum_to_one(name: str) -> None:
    def chance(*after: Line) -> float:
        """Of the symbol after <gap> <me> a b, the first of which is not paid for."""
        costs = baselines.costs([*TRAIN, line(ME, "ab", 2), *after])
        return math.exp(-costs.nats[name][3])

    def letter(character: str) -> float:
        costs = baselines.costs([*TRAIN, line(ME, "ab" + character, 2)])
        return math.exp(-costs.nats[name][3])

    known = [letter("a"), letter("b"), letter("c"), chance(line(ME, "a", 2)), chance(line(FRIEND, "a", 2))]
    known.append(chance(line(ME, "a", 3)))
    assert letter("Ж") == letter("😂")
    assert sum(known) + (0x110000 - len(known)) * letter("Ж") == pytest.approx(1, abs=1e-9)


def test_no_text_can_look_like_a_mark() -> None:
    text = "".join([*baselines.MARKS.values(), baselines.GAP_MARK])
    symbols = [*baselines.plain([line(ME, text, 0)])]
    assert [symbol.character for symbol in symbols if not symbol.mark] == ["\N{REPLACEMENT CHARACTER}"] * 3


def test_a_compressor_fed_turn_by_turn_pays_for_the_whole_test_part() -> None:
    talk = lines()
    train, test = (
        b"".join(
            symbol.character.encode("utf-8", "surrogateescape") for symbol in baselines.plain(talk) if part(symbol)
        )
        for part in (lambda symbol: symbol.split == "train", lambda symbol: symbol.split == "test")
    )

    encoder = pyppmd.Ppmd7Encoder(baselines.PPMD_ORDER, baselines.PPMD_MEMORY)
    encoder.encode(train + test[:1])
    bits = baselines.costs(talk).nats[PPMD].sum() / math.log(2)
    assert bits == pytest.approx(8 * len(encoder.encode(test[1:])))


def test_the_compressor_learns_from_the_test_part_and_the_ngram_does_not() -> None:
    news = [line(FRIEND, "bcbcaacbbbacacbbca", session) for session in (2, 3, 4)]
    costs = baselines.costs([*TRAIN, *news])
    learning, fixed = (np.array([*baselines.by_session(costs, name).values()]) for name in (PPMD, KNESER_NEY))
    assert learning[2] < learning[1] / 2
    assert fixed[2] == fixed[1]


def test_sessions_add_up_to_the_whole() -> None:
    talk = lines()
    costs = baselines.costs(talk)
    characters = {symbol.session: 0 for symbol in costs.symbols}
    for symbol in costs.symbols:
        characters[symbol.session] += not symbol.mark
    assert len(characters) > 1
    for name, scores in baselines.scores(costs).items():
        by_session = baselines.by_session(costs, name)
        assert list(by_session) == list(characters)
        mean = sum(by_session[session] * count for session, count in characters.items()) / sum(characters.values())
        assert mean == pytest.approx(scores["bits_per_char"], abs=2e-4)
