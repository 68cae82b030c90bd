from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from friendbot import weights
from friendbot.answers import LOOP_BYTES, SAME_MESSAGES, Answer, Limits, Writer, looped
from friendbot.bot import Bot
from friendbot.inference import State
from friendbot.sampling import Decoding
from friendbot.vocabulary import SPECIALS, Vocabulary

VOCABULARY = Vocabulary("char", "abcdefgh 😂")
ME, FRIEND, GAP = VOCABULARY.me, VOCABULARY.friend, VOCABULARY.gap
STATE = State((np.zeros((1, 1), np.float32),), (np.zeros((1, 1), np.float32),))


class Script:
    """A network that would say `answers`, one after another side by side, whatever was said."""

    def __init__(self, *answers: Sequence[int], surprise: float = 9) -> None:
        self.answers, self.surprise = [list(answer) for answer in answers], surprise

    def initial(self) -> State:
        return STATE

    def after(self, state: State, ids: Sequence[int]) -> State:
        return state

    def step(self, state: State, ids: np.ndarray) -> tuple[State, np.ndarray]:
        logits = np.zeros((len(ids), len(VOCABULARY)), np.float32)
        place = int(state.hidden[0][0, 0])
        for row in range(len(ids)):
            answer = self.answers[int(state.cell[0][row, 0]) % len(self.answers)]
            logits[row, answer[place] if place < len(answer) else ME] = self.surprise
        return State((state.hidden[0] + 1,), state.cell), logits


def ids(text: str) -> list[int]:
    return VOCABULARY.encode(text)


def answer(script: Script, limits: Limits | None = None, **decoding: float) -> Answer:
    chosen = Decoding(**{"temperature": 0, "repetition_window": 0, **decoding})  # type: ignore[arg-type]
    writer = Writer(script, VOCABULARY, chosen, limits)  # type: ignore[arg-type]
    return writer.answer(STATE, np.random.default_rng(0))


def test_a_burst_is_several_messages() -> None:
    assert answer(Script([*ids("hah"), FRIEND, *ids("ab"), ME])) == Answer(("hah", "ab"), 7, True)


def test_a_gap_ends_the_answer_too() -> None:
    assert answer(Script([*ids("ab"), GAP])).messages == ("ab",)


def test_a_message_has_text_before_it_ends() -> None:
    assert answer(Script([ME, *ids("a"), ME])).messages == ("\x00a",)


def test_blank_messages_are_not_shown() -> None:
    assert answer(Script([*ids("   "), FRIEND, *ids("a"), ME])).messages == ("a",)


def test_bytes_of_a_character_are_never_left_half_done() -> None:
    first, _ = "é".encode()
    assert answer(Script([3 + first, ME, ME])).messages == (bytes([first, 0x80]).decode(),)


def test_a_message_too_long_is_cut_where_the_friend_would_likeliest_have_stopped() -> None:
    class Stops(Script):
        def step(self, state: State, ids: np.ndarray) -> tuple[State, np.ndarray]:
            place = int(state.hidden[0][0, 0])
            state, logits = super().step(state, ids)
            if place == 14:
                logits[:, ME] = 8
            return state, logits

    assert answer(Stops(ids("abcdefgh" * 9)), Limits(message_bytes=20)).messages == ("abcdefghabcdef",)


def test_a_burst_too_long_is_cut() -> None:
    forever = [token for letter in "abcdefgh" * 3 for token in (*ids(letter), FRIEND)]
    assert answer(Script(forever), Limits(messages=5)).messages == tuple("abcde")


def test_a_message_over_and_over_is_said_twice_at_most() -> None:
    assert answer(Script([*ids("ab"), FRIEND] * 7)).messages == ("ab",) * SAME_MESSAGES


def test_a_loop_inside_a_message_is_cut_after_its_first_round() -> None:
    assert answer(Script(ids("h" + "abcd efgh " * 40))).messages == ("habcd efgh",)


def test_tokens_can_be_bounded_and_then_it_is_not_complete() -> None:
    assert answer(Script(ids("abcdefgh")), Limits(tokens=3)) == Answer(("abc",), 3, False, True)
    assert answer(Script([*ids("ab"), FRIEND] * 9), Limits(tokens=3)) == Answer(("ab",), 3, False, True)


def test_a_message_is_not_cut_inside_a_character() -> None:
    spelled = [3 + byte for byte in "a€b".encode()]
    assert answer(Script(spelled), Limits(message_bytes=2)).messages == ("a€",)
    assert answer(Script(spelled), Limits(tokens=2)).messages == ("a€",)


@given(st.text("ha!", max_size=11).filter(lambda text: len(text) > 5))
def test_laughter_is_no_loop(text: str) -> None:
    assert not looped((text * 9).encode()[: LOOP_BYTES - 1])


@given(st.text("abc d", min_size=1, max_size=12), st.text("xyz ", max_size=20))
def test_what_goes_round_in_circles_is_a_loop_and_a_part_of_it_is_kept(unit: str, before: str) -> None:
    text = (before + unit * LOOP_BYTES).encode()
    keep = looped(text)
    assert len(before) < keep <= len(before) + LOOP_BYTES
    assert not looped(text[:keep])


def test_the_answer_that_depends_on_what_was_said_is_chosen() -> None:
    class Echo(Script):
        """Says `a` or `b` just as well; once something was said, `b` is a little likelier than before."""

        def step(self, state: State, ids: np.ndarray) -> tuple[State, np.ndarray]:
            logits = np.full((len(ids), len(VOCABULARY)), -50, np.float32)
            ended = ids != FRIEND
            logits[ended, ME] = 0
            logits[~ended, self.a] = 1
            logits[~ended, self.b] = np.where(state.cell[0][~ended, 0] > 0, 1, 0)
            return state, logits

        a, b = ids("a")[0], ids("b")[0]

    said = State(STATE.hidden, (np.ones((1, 1), np.float32),))

    def chosen(**decoding: float) -> set[tuple[str, ...]]:
        settings = Decoding(temperature=1, best_of=8, **decoding)  # type: ignore[arg-type]
        writer = Writer(Echo([]), VOCABULARY, settings)  # type: ignore[arg-type]
        return {writer.answer(said, np.random.default_rng(seed)).messages for seed in range(9)}

    assert chosen(mmi=1) == {("b",)}
    assert chosen(mmi=0) == {("a",), ("b",)}


@pytest.fixture(scope="module")
def bot(trained: Path) -> Bot:
    return Bot(weights.load(trained / "model"))


@given(
    st.builds(
        Decoding,
        temperature=st.floats(0.1, 10),
        top_p=st.floats(0.1, 1),
        min_p=st.floats(0, 0.5),
        best_of=st.integers(1, 5),
        mmi=st.floats(0, 1),
        repetition_window=st.integers(0, 99),
    ),
    st.integers(0, 99),
)
def test_any_decoding_writes_whole_text_within_the_limits(bot: Bot, decoding: Decoding, seed: int) -> None:
    limits = Limits(40, 3, 60)
    writer = Writer(bot.network, bot.vocabulary, decoding, limits)
    state = bot.network.after(bot.network.initial(), [GAP, ME, *bot.vocabulary.encode("How are you?")])
    first = writer.answer(state, np.random.default_rng(seed))
    again = writer.answer(state, np.random.default_rng(seed))
    assert first == again
    assert len(first.messages) <= 3
    assert first.tokens <= 63
    for message in first.messages:
        assert (
            0 < len(message.encode()) <= 40 + max(len(bot.vocabulary.bytes_of(id)) for id in range(len(SPECIALS), 300))
        )
        assert "�" not in message


def test_greedy_is_the_likeliest_token_each_time(bot: Bot) -> None:
    network, vocabulary = bot.network, bot.vocabulary
    said = [vocabulary.gap, vocabulary.me, *vocabulary.encode("How are you?")]
    state, logits = network.read(network.initial(), [*said, vocabulary.friend])
    expected, id = [], int(logits[-1, len(SPECIALS) :].argmax()) + len(SPECIALS)
    while id >= len(SPECIALS):
        expected.append(id)
        state, rows = network.step(state, [id])
        id = int(rows[0].argmax())
    writer = Writer(network, vocabulary, Decoding(temperature=0, repetition_window=0))
    answer = writer.answer(network.after(network.initial(), said), np.random.default_rng(0))
    assert answer.messages[0] == vocabulary.decode(expected).strip()
