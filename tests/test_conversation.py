import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from friendbot import weights
from friendbot.bot import Bot
from friendbot.conversation import Conversation, Memory, Utterance
from friendbot.inference import State
from friendbot.sampling import Decoding


@pytest.fixture(scope="module")
def bot(trained: Path) -> Bot:
    return Bot(weights.load(trained / "model"))


def equal(one: State, other: State) -> bool:
    return all((a == b).all() for a, b in zip((*one.hidden, *one.cell), (*other.hidden, *other.cell), strict=True))


def talk(chat: Conversation, *said: str) -> list[Utterance]:
    for text in said:
        chat.hear(text)
        for message in chat.answer().messages:
            chat.say(message)
    return chat.utterances


def read(bot: Bot, *parts: int | str) -> State:
    """The state after specials and texts as training lays them out."""
    ids = [id for part in parts for id in ([part] if isinstance(part, int) else bot.vocabulary.encode(part))]
    return bot.network.read(bot.network.initial(), ids)[0]


def test_the_state_is_that_of_the_text_as_training_reads_it(bot: Bot) -> None:
    v = bot.vocabulary
    chat = Conversation(bot)
    chat.hear("How are you?")
    chat.say("tired")
    chat.say("ok ok")
    chat.silence()
    chat.hear("Coffee?")
    expected = read(bot, v.gap, v.me, "How are you?", v.friend, "tired", v.friend, "ok ok", v.gap, v.me, "Coffee?")
    assert equal(chat.memory.after(chat.utterances), expected)


def test_before_anything_is_said_there_was_a_silence(bot: Bot) -> None:
    assert equal(Memory(bot).after([]), read(bot, bot.vocabulary.gap))


TEXTS = st.lists(
    st.builds(Utterance, st.sampled_from(["me", "friend"]), st.text(max_size=8), st.booleans()), min_size=1, max_size=8
)


@given(TEXTS, TEXTS, st.integers(1, 4), st.booleans())
def test_what_the_memory_holds_never_changes_a_state(
    bot: Bot, said: list[Utterance], other: list[Utterance], most: int, silence: bool
) -> None:
    memory = Memory(bot, most)
    for length in range(len(said)):
        memory.after(said[:length])
        memory.after([*said[:length], *other])
    assert equal(memory.after(said, silence), Memory(bot).after(said, silence))


def test_the_memory_is_bounded(bot: Bot) -> None:
    memory = Memory(bot, 5)
    memory.after([Utterance("me", str(number)) for number in range(50)])
    assert len(memory._states) == 5


def test_conversations_that_share_a_memory_do_not_mix(bot: Bot) -> None:
    memory, found = Memory(bot, 20), dict[int, list[Utterance]]()

    def run(number: int) -> None:
        found[number] = talk(Conversation(bot, seed=number, memory=memory), f"I am {number}", "Did you sleep?")

    threads = [threading.Thread(target=run, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {
        number: talk(Conversation(bot, seed=number), f"I am {number}", "Did you sleep?") for number in found
    }


def test_a_seed_repeats_a_conversation_and_another_gives_another(bot: Bot) -> None:
    words = ["How are you?", "Did you sleep?", "Coffee at noon?"]
    assert talk(Conversation(bot, seed=3), *words) == talk(Conversation(bot, seed=3), *words)
    assert len({tuple(talk(Conversation(bot, seed=seed), *words)) for seed in range(4)}) > 1
    assert Conversation(bot).seed != Conversation(bot).seed


def test_an_answer_counts_as_said_only_once_it_was(bot: Bot) -> None:
    chat = Conversation(bot, seed=1)
    chat.hear("How are you?")
    assert chat.answer() == chat.answer()
    assert chat.utterances == [Utterance("me", "How are you?", gap=True)]


def test_another_answer_is_another_and_can_be_repeated(bot: Bot) -> None:
    def answers() -> list[tuple[str, ...]]:
        chat, found = Conversation(bot, Decoding(temperature=2), seed=5), []
        chat.hear("How are you?")
        for _ in range(4):
            found.append(chat.answer().messages)
            for message in found[-1]:
                chat.say(message)
            assert chat.again()
        return found

    assert len(set(answers())) > 1
    assert answers() == answers()


def test_there_is_no_other_answer_before_the_first(bot: Bot) -> None:
    chat = Conversation(bot)
    assert not chat.again()
    chat.hear("Hi")
    assert not chat.again()
    assert len(chat.utterances) == 1


def test_undo_takes_back_a_question_with_its_answer(bot: Bot) -> None:
    chat = Conversation(bot, seed=1)
    before = [*talk(chat, "How are you?")]
    talk(chat, "Did you sleep?")
    assert chat.undo()
    assert chat.utterances == before
    assert chat.undo()
    assert chat.utterances == []
    assert not chat.undo()


def test_undo_takes_back_one_message_of_several(bot: Bot) -> None:
    chat = Conversation(bot)
    for text in ("Hi", "Are you home?"):
        chat.hear(text)
    chat.say("tired")
    assert chat.undo()
    assert [utterance.text for utterance in chat.utterances] == ["Hi"]


def test_the_bot_may_write_first_and_again_after_a_silence(bot: Bot) -> None:
    chat = Conversation(bot, seed=2)
    chat.silence()
    chat.say("tired")
    chat.silence()
    chat.say("soon 😂")
    chat.say("nooo")
    chat.hear("Are you home?")
    assert [utterance.gap for utterance in chat.utterances] == [True, True, False, False]


def test_another_answer_after_a_silence_comes_after_that_silence_too(bot: Bot) -> None:
    chat = Conversation(bot, seed=2)
    chat.hear("Are you home?")
    chat.say("tired")
    chat.silence()
    chat.say("soon 😂")
    assert chat.again()
    assert [utterance.text for utterance in chat.utterances] == ["Are you home?", "tired"]
    chat.say("nooo")
    assert chat.utterances[-1].gap


def test_a_conversation_goes_on_from_its_words(bot: Bot) -> None:
    first = Conversation(bot, seed=4)
    talk(first, "How are you?", "Did you sleep?")
    second = Conversation(bot, seed=4)
    second.resume(first.utterances)
    assert talk(first, "Coffee at noon?") == talk(second, "Coffee at noon?")
    second.resume()
    assert second.utterances == []


def test_what_was_typed_may_be_anything(bot: Bot) -> None:
    chat = Conversation(bot, seed=1)
    for text in ("\ud800", "\0\x1b[2J", "a" * 20_000, "<friend>", "e\u0301"):
        chat.hear(text)
        assert chat.answer().messages


def test_random_numbers_differ_by_place_and_purpose(bot: Bot) -> None:
    chat = Conversation(bot, seed=0)
    first = chat.random("answer").random()
    assert chat.random("pause").random() != first
    chat.hear("Hi")
    assert chat.random("answer").random() != first
    assert isinstance(chat.random("answer"), np.random.Generator)
