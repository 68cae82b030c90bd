import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import FRIEND, lines

from friendbot import baselines, dataset, encoding, evaluation, weights
from friendbot.answers import Writer
from friendbot.dialogue import Line
from friendbot.inference import Network
from friendbot.sampling import Decoding
from friendbot.vocabulary import Vocabulary
from friendbot.weights import Model

VOCABULARY = Vocabulary("char", "abc")
A, B, C = (VOCABULARY.encode(letter)[0] for letter in "abc")
ME, THEM, GAP = VOCABULARY.me, VOCABULARY.friend, VOCABULARY.gap


def line(speaker: str, text: str, session: int = 0) -> Line:
    return Line(0, 0, {"me": "Ann", "friend": "Bo"}[speaker], speaker, text, session, "test")


def measured_on(model: Model, tokens: np.ndarray) -> dict[str, Any]:
    return evaluation.scores(evaluation.losses(Network(model), tokens), tokens, model.vocabulary)


def scored(lines: list[Line]) -> dict[str, Any]:
    return baselines.scores(baselines.costs(lines))


def test_the_friends_tokens_are_their_text_and_what_ends_it() -> None:
    tokens = np.array([GAP, ME, A, THEM, B, C, THEM, A, ME, B, THEM, C, GAP, ME])
    own = evaluation.belongs_to_friend(tokens, VOCABULARY)
    assert np.flatnonzero(own).tolist() == [4, 5, 6, 7, 8, 11, 12]


def test_bits_are_over_characters_and_perplexity_over_tokens() -> None:
    tokens = np.array([GAP, ME, A, A, THEM, B, ME])
    everything, friend = evaluation.shares(np.full(6, math.log(2)), tokens, VOCABULARY)
    assert everything.metrics() == {"bits_per_char": 2.0, "perplexity": 2.0, "loss": 0.6931}
    assert (friend.tokens, friend.characters) == (2, 1)
    assert friend.metrics()["bits_per_char"] == 2.0


def test_characters_spelt_as_bytes_count_once() -> None:
    tokens = np.array([GAP, THEM, *VOCABULARY.encode("😂"), ME])
    _, friend = evaluation.shares(np.ones(6), tokens, VOCABULARY)
    assert (friend.tokens, friend.characters) == (5, 1)


def test_losses_do_not_depend_on_how_the_text_is_cut(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = weights.load(trained / "model")
    tokens = encoding.encode(lines(), "bpe", 300).test
    whole = evaluation.losses(Network(model), tokens)
    assert whole.shape == (len(tokens) - 1,)
    monkeypatch.setattr(evaluation, "CHUNK", 7)
    assert evaluation.losses(Network(model), tokens) == pytest.approx(whole, abs=1e-5)


def test_the_measure_is_what_training_measured(trained: Path, encoded: Path) -> None:
    """Validation in Keras cuts the text into rows that each start without memory, so it can only be a little worse."""
    model = weights.load(trained / "model")
    data = dataset.load(encoded)
    measured = measured_on(model, data.valid)
    assert measured["bits_per_char"] == pytest.approx(model.card["valid_bits_per_char"], rel=0.05)


def test_turns_are_answers_within_a_session() -> None:
    talk = [line("me", "a"), line("friend", "b"), line("friend", "c"), line("me", "d"), line("friend", "e", session=1)]
    assert evaluation.turns(talk) == [1]


def test_a_turn_shows_all_that_was_said_and_answered() -> None:
    said = [("friend", "x"), ("me", "a"), ("me", "b"), ("friend", "c"), ("friend", "d"), ("me", "e")]
    talk = [line(speaker, text) for speaker, text in said]
    assert [part.text for part in evaluation._run(talk, 2, -1)] == ["a", "b"]
    assert [part.text for part in evaluation._run(talk, 3, 1)] == ["c", "d"]
    text = evaluation.samples([evaluation.Turn(talk[1:3], talk[3:5], ["one\ntwo", "three"])], "Bo")
    assert text == (
        "# Held-out turns: what was said, and two answers\n\n---\n\n"
        "**Ann:** a  \n**Ann:** b\n\n> **bot:** one two  \n> **bot:** three\n\n> **Bo, then:** c  \n> **Bo, then:** d\n"
    )


def test_answers_repeat_with_the_seed_and_change_with_it(trained: Path) -> None:
    model = weights.load(trained / "model")
    test = [part for part in lines() if part.split == "test"]
    network = Network(model)
    writer = Writer(network, model.vocabulary, Decoding(temperature=1.0))

    def answers(seed: int, count: int = 4) -> list[list[str]]:
        contexts = evaluation.contexts(network, model.vocabulary, test, count)
        return [turn.bot for turn in evaluation.answer(writer, contexts, seed)]

    assert answers(1) == answers(1) != answers(2)
    assert len(answers(1)) == 4
    assert answers(1, 0) == []
    assert len(answers(1, 10_000)) == len(evaluation.turns(test))


def split_lines(train: list[Line], test: list[Line]) -> list[Line]:
    return [part._replace(split="train") for part in train] + [part._replace(session=1) for part in test]


def test_baselines_pay_for_the_same_text() -> None:
    train = [line("me", "ab"), line("friend", "ab")] * 50
    result = scored(split_lines(train, [line("me", "a"), line("friend", "b"), line("me", "a")]))
    # <gap> is seen once, each speaker 50 times, a and b 100 times: 301 characters of 5 kinds.
    cost = {"mark": -math.log2(51 / 307), "letter": -math.log2(101 / 307)}
    assert result["unigram"]["friend"]["bits_per_char"] == pytest.approx(cost["letter"] + cost["mark"], abs=1e-4)
    everything = 3 * cost["mark"] + 3 * cost["letter"]
    assert result["unigram"]["bits_per_char"] == pytest.approx(everything / 3, abs=1e-4)
    assert result["uniform"]["bits_per_char"] == pytest.approx(6 * math.log2(6) / 3, abs=1e-4)


def test_baselines_read_what_the_model_reads(trained: Path) -> None:
    """Symbol by token, where a token is a character: both pay for exactly the same."""
    talk = lines()
    inside = [part._replace(session=0) for part in talk]  # the test part begins inside a session
    for dialogue in (talk, inside):
        encoded = encoding.encode(dialogue, "char", 400)
        symbols = [symbol for symbol in baselines.plain(dialogue) if symbol.split == "test"]
        own = evaluation.belongs_to_friend(encoded.test, encoded.vocabulary)
        assert len(symbols) == len(encoded.test)
        assert [symbol.friend for symbol in symbols][1:] == own.tolist()[1:]


def test_unseen_characters_cost_more_than_any_seen() -> None:
    train = [line("me", "ab"), line("friend", "ab")] * 50
    seen, unseen = (
        scored(split_lines(train, [line("me", "a"), line("friend", text)]))["unigram"] for text in ("b", "Ж")
    )
    assert unseen["friend"]["bits_per_char"] > seen["friend"]["bits_per_char"] + 20


def test_the_model_beats_the_baselines_on_the_small_talk(trained: Path) -> None:
    model = weights.load(trained / "model")
    encoded, talk = encoding.encode(lines(), "bpe", 300), lines()
    measured = measured_on(model, encoded.test)
    simple = scored(talk)["unigram"]
    assert measured["friend"]["bits_per_char"] < simple["friend"]["bits_per_char"]
    assert model.card["friend"] == FRIEND


def test_sessions_share_out_what_the_whole_text_costs(trained: Path, encoded: Path) -> None:
    model, tokens = weights.load(trained / "model"), dataset.load(encoded).test
    nats = evaluation.losses(Network(model), tokens)
    by_session = evaluation.by_session(nats, tokens, model.vocabulary)
    parts = np.split(tokens, np.flatnonzero(tokens == model.vocabulary.gap)[1:])
    characters = [len(model.vocabulary.decode(part[part >= 3].tolist())) for part in parts]
    bits = evaluation.scores(nats, tokens, model.vocabulary)["bits_per_char"]
    assert len(by_session) == (tokens == model.vocabulary.gap).sum() > 1
    assert np.average(by_session, weights=characters) == pytest.approx(bits, abs=1e-3)
