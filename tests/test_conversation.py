from collections.abc import Sequence

import numpy as np
import pytest

from friendbot import conversation
from friendbot.conversation import Conversation
from friendbot.inference import State
from friendbot.vocabulary import Vocabulary

VOCABULARY = Vocabulary("char", "abcdefgh 😂")
ME, FRIEND, GAP = VOCABULARY.me, VOCABULARY.friend, VOCABULARY.gap


class Script:
    """A network that remembers what it read and would say `answers`, token by token, whatever was said."""

    def __init__(self, *answers: int) -> None:
        self.answers, self.seen = list(answers), list[int]()

    def initial(self) -> State:
        return State((), ())

    def read(self, state: State, ids: Sequence[int]) -> tuple[State, np.ndarray]:
        assert len(ids) <= conversation.CHUNK, "the logits of a long text would fill the memory"
        self.seen.extend(int(id) for id in ids)
        return state, np.zeros((len(ids), len(VOCABULARY)), np.float32)

    def step(self, state: State, id: int) -> tuple[State, np.ndarray]:
        self.seen.append(id)
        logits = np.zeros(len(VOCABULARY), np.float32)
        logits[self.answers.pop(0) if self.answers else ME] = 9
        return state, logits


def greedy(logits: np.ndarray, random: np.random.Generator) -> int:
    return int(np.argmax(logits))


def chat(script: Script) -> Conversation:
    return Conversation(script, VOCABULARY, greedy, seed=0)  # type: ignore[arg-type]


def ids(text: str) -> list[int]:
    return VOCABULARY.encode(text)


def test_what_is_said_and_answered_goes_through_one_state() -> None:
    script = Script(*ids("hah"), FRIEND, *ids("ab"), ME)
    talk = chat(script)
    talk.hear("a b")
    assert list(talk.reply()) == ["hah", "ab"]
    talk.hear("c")
    assert script.seen == [GAP, ME, *ids("a b"), FRIEND, *ids("hah"), FRIEND, *ids("ab"), ME, *ids("c")]


def test_a_gap_ends_the_answer_too() -> None:
    assert list(chat(Script(*ids("ab"), GAP)).reply()) == ["ab"]


def test_a_message_has_text_before_it_ends() -> None:
    script = Script(ME, *ids("a"), ME)
    assert list(chat(script).reply()) == ["\x00a"]


def test_blank_messages_are_not_shown() -> None:
    assert list(chat(Script(*ids("   "), FRIEND, *ids("a"), ME)).reply()) == ["a"]


def test_bytes_of_a_character_are_never_left_half_done() -> None:
    first, _ = "é".encode()
    assert list(chat(Script(3 + first, ME, ME)).reply()) == [bytes([first, 0x80]).decode()]


def test_endless_answers_are_cut() -> None:
    talk = chat(Script(*ids("a") * 100_000))
    messages = list(talk.reply())
    assert [len(message) for message in messages] == [conversation.LONGEST_MESSAGE]
    forever = chat(Script(*[*ids("a"), FRIEND] * 100))
    assert len(list(forever.reply())) == conversation.MOST_MESSAGES


def test_a_very_long_message_is_read_in_parts() -> None:
    script = Script(*ids("a"), ME)
    talk = chat(script)
    talk.hear("ab" * 10_000)
    assert script.seen == [GAP, ME, *ids("ab" * 10_000)]


def test_a_message_is_not_cut_inside_a_character(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "LONGEST_MESSAGE", 2)
    spelled = [3 + byte for byte in "a€b".encode()]
    assert list(chat(Script(*spelled)).reply()) == ["a€"]
