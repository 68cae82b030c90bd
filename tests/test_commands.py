"""The commands one by one, in a talk with a bot whose answers are written down."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from friendbot import commands, transcripts
from friendbot.answers import Answer
from friendbot.bot import Bot, Evaluation
from friendbot.commands import CommandError
from friendbot.conversation import Conversation, Utterance
from friendbot.errors import FriendbotError, ModelError
from friendbot.talk import Screen, Talk, Voice
from friendbot.transcripts import Transcript, TranscriptError
from friendbot.weights import Model, load

CARD = {"friend": "Zoë", "me": "Ann", "first": "2020-01-01", "last": "2020-09-19", "messages": {"train": 320}}


class Scripted(Conversation):
    """Says what is written down for it, one answer after another."""

    def __init__(self, *answers: Sequence[str], seed: int = 0) -> None:
        bot = SimpleNamespace(evaluation=Evaluation(), card=CARD, friend="Zoë", me="Ann", folder=Path("nowhere"))
        super().__init__(cast(Bot, bot), seed=seed)
        self.answers = list(answers)

    def answer(self, tokens: int | None = None) -> Answer:
        return Answer(tuple(self.answers.pop(0)), 1, True)


class Paper:
    """A screen as a list of lines."""

    interactive = True
    paced = False

    def __init__(self) -> None:
        self.lines: list[str] = []

    def ask(self) -> str:
        raise EOFError

    def past(self, utterances: Sequence[Utterance], earlier: int) -> None:
        self.lines.append(f"({earlier} earlier)")
        self.lines += [f"{utterance.speaker}: {utterance.text}" for utterance in utterances]

    def own(self, text: str) -> None:
        self.lines.append(f"Ann: {text}")

    def friends(self, texts: Sequence[str | None]) -> None:
        self.lines.append(f"Zoë: {' | '.join(text or '-' for text in texts)}")

    def typing(self, seconds: float) -> None:
        self.lines.append("typing")

    def note(self, text: str) -> None:
        self.lines.append(f"* {text}")


def talk(*answers: Sequence[str], screen: Screen | None = None, **options: Any) -> Talk:
    return Talk([Voice("Zoë", Scripted(*answers))], "Ann", screen or Paper(), **options)


def transcript(talk: Talk, *typed: str) -> list[str]:
    for text in typed:
        try:
            talk.take(text)
        except FriendbotError as error:
            talk.screen.note(str(error))
    return cast(Paper, talk.screen).lines


def said(talk: Talk) -> list[str]:
    return [utterance.text for utterance in talk.voices[0].chat.utterances]


def test_messages_are_answered_and_blank_lines_are_not() -> None:
    assert transcript(talk(["na", "du?"]), "", "  ", " Hi ") == ["Ann: Hi", "Zoë: na", "Zoë: du?"]


def test_an_answer_of_nothing_is_said_so() -> None:
    assert transcript(talk([]), "Hi") == ["Ann: Hi", "* no answer"]


def test_a_slash_doubled_is_a_message() -> None:
    assert transcript(talk(["lol"]), "//shrug") == ["Ann: /shrug", "Zoë: lol"]


def test_half_a_character_is_heard_as_a_question_mark() -> None:
    assert transcript(talk(["?"]), "a\udcffb") == ["Ann: a\ufffdb", "Zoë: ?"]


@pytest.mark.parametrize(("typed", "near"), [("/agian", "/again"), ("/quitt now", "/quit"), ("/temp", "/temperature")])
def test_an_unknown_command_names_the_nearest(typed: str, near: str) -> None:
    (line,) = transcript(talk(), typed)
    name = typed.split()[0]
    assert line == (
        f"* There is no {name}; did you mean {near}? A message that begins with a slash is sent with two: /{name}"
    )


@pytest.mark.parametrize("typed", ["/", "/ö", "/usr/bin/true"])
def test_what_is_like_no_command_points_to_help(typed: str) -> None:
    (line,) = transcript(talk(), typed)
    assert line.startswith(f"* There is no {typed}; /help lists the commands.")


def test_a_page_that_begins_with_a_slash_is_not_all_said_again() -> None:
    (line,) = transcript(talk(), "/" + "x" * 100_000)
    assert len(line) < 300


def test_help_has_a_line_for_each_command() -> None:
    (text,) = transcript(talk(), "/help")
    for name, command in commands.COMMANDS.items():
        assert f"/{name} {command.takes}".rstrip() + " " in text
        assert command.help in text


def test_again_gives_another_answer_to_the_same_message() -> None:
    chat = talk(["one"], ["two", "three"])
    assert transcript(chat, "Hi", "/again") == ["Ann: Hi", "Zoë: one", "Zoë: two", "Zoë: three"]
    assert said(chat) == ["Hi", "two", "three"]


def test_again_needs_something_to_answer() -> None:
    assert transcript(talk(), "/again") == ["* There is no answer yet to give another one for."]


def test_again_takes_up_an_answer_that_was_stopped_at_once() -> None:
    chat = talk(["here"])
    chat.hear("Hi")
    assert transcript(chat, "/again") == ["Ann: Hi", "Zoë: here"]


def test_undo_takes_back_the_message_and_its_answer() -> None:
    chat = talk(["one"], ["two", "three"])
    assert transcript(chat, "Hi", "And?", "/undo", "/undo", "/undo")[-3:] == [
        "* Taken back; the last message is now: one",
        "* Taken back; nothing is left",
        "* Nothing was said yet.",
    ]
    assert said(chat) == []


def test_nudge_lets_the_bot_begin_and_begin_again() -> None:
    chat = talk(["heyyy"], ["sooo?"])
    assert transcript(chat, "/nudge", "/nudge") == ["Zoë: heyyy", "Zoë: sooo?"]
    assert chat.voices[0].chat.utterances == [Utterance("friend", "heyyy", True), Utterance("friend", "sooo?", True)]


def test_reset_begins_anew_with_other_random_numbers_unless_there_is_a_seed() -> None:
    free, seeded = talk(["one"]), talk(["one"], seeded=True)
    for chat in (free, seeded):
        assert transcript(chat, "Hi", "/reset")[-1] == "* A new conversation."
        assert said(chat) == []
    assert free.voices[0].chat.seed != 0
    assert seeded.voices[0].chat.seed == 0


def test_after_a_reset_two_bots_draw_the_same_random_numbers() -> None:
    chat = Talk([Voice("old", Scripted()), Voice("new", Scripted())], "Ann", Paper())
    transcript(chat, "/reset")
    old, new = (voice.chat.seed for voice in chat.voices)
    assert old == new != 0


def test_temperature_is_shown_and_set() -> None:
    chat = talk()
    assert transcript(chat, "/temperature", "/temperature 0.3", "/temperature") == [
        "* temperature 0.7",
        "* temperature 0.3, from the next answer on",
        "* temperature 0.3",
    ]
    assert chat.voices[0].chat.decoding.temperature == 0.3


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("/temperature hot", "temperature is a number, not 'hot'."),
        ("/temperature 11", "temperature is 0 - 10, not 11."),
        ("/temperature nan", "temperature is 0 - 10, not nan."),
        ("/set best_of 2.5", "best_of is a whole number, not '2.5'."),
        ("/set top_p 0", "top_p is above 0 - 1, not 0."),
        ("/set temprature 1", "There is no 'temprature' to set; did you mean temperature?"),
        ("/set x 1", "There is no 'x' to set; /set alone lists what there is."),
    ],
)
def test_values_that_do_not_fit_are_refused(typed: str, message: str) -> None:
    chat = talk()
    before = replace(chat.voices[0].chat.decoding)
    assert transcript(chat, typed) == [f"* {message}"]
    assert chat.voices[0].chat.decoding == before


def test_set_lists_all_values_and_sets_any() -> None:
    chat = talk()
    listed, *_ = transcript(chat, "/set", "/set top_k 5", "/set min_p 0.1")
    assert "temperature        0.7\n" in listed
    assert (chat.voices[0].chat.decoding.top_k, chat.voices[0].chat.decoding.min_p) == (5, 0.1)


def test_what_is_saved_can_be_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "talk of us.jsonl"
    chat = talk(["one"])
    assert transcript(chat, "Hi", f"/save {path}")[-1] == f"* Saved 2 messages in {path}."
    other = talk(["yes"])
    assert transcript(other, f"/load {path}", "Still there?") == [
        "(0 earlier)",
        "me: Hi",
        "friend: one",
        "Ann: Still there?",
        "Zoë: yes",
    ]
    with pytest.raises(TranscriptError, match="exists already"):
        commands.run(chat, f"/save {path}")


def test_the_end_of_a_long_conversation_is_shown() -> None:
    chat = talk()
    chat.resume([Utterance("me", str(number), number == 0) for number in range(25)])
    assert cast(Paper, chat.screen).lines == ["(15 earlier)", *(f"me: {number}" for number in range(15, 25))]


def test_files_that_cannot_be_had_are_errors_and_change_nothing(tmp_path: Path) -> None:
    chat = talk(["one"])
    transcript(chat, "Hi")
    with pytest.raises(FileNotFoundError):
        commands.run(chat, f"/load {tmp_path / 'nothing'}")
    with pytest.raises(FileNotFoundError):
        commands.run(chat, f"/save {tmp_path / 'no folder' / 'talk'}")
    for command in ("/save a\0b", "/load \0"):
        with pytest.raises(CommandError, match="no NUL"):
            commands.run(chat, command)
    for command in ("/save", "/load"):
        with pytest.raises(CommandError, match="A file's name is missing"):
            commands.run(chat, command)
    assert said(chat) == ["Hi", "one"]


def test_of_two_conversations_both_are_saved_or_none(tmp_path: Path) -> None:
    chat = Talk([Voice("old", Scripted()), Voice("new", Scripted())], "Ann", Paper())
    taken = tmp_path / "talk.new.jsonl"
    taken.write_text("a poem")
    with pytest.raises(TranscriptError, match="exists already"):
        commands.run(chat, f"/save {tmp_path / 'talk.jsonl'}")
    assert [*tmp_path.iterdir()] == [taken]
    assert taken.read_text() == "a poem"


def test_a_message_is_heard_where_its_transcript_cannot_be_written() -> None:
    chat = talk(["one"])
    chat.voices[0].transcript = Transcript(Path("/dev/full"), {"me": "Ann", "friend": "Zoë"})
    assert transcript(chat, "Hi") == [
        "Ann: Hi",
        "* the transcript /dev/full cannot be written (No space left on device)",
    ]
    chat.voices[0].transcript = None
    assert transcript(chat, "/again")[-1] == "Zoë: one"


def test_model_tells_whose_words_and_how_answers_are_chosen(trained: Path) -> None:
    model = load(trained / "model")
    chat = Talk([Voice("Zoë", Conversation(Bot(model)))], "Ann", Paper())
    (text,) = transcript(chat, "/model")
    assert text.splitlines()[:3] == [
        "* bot           Zoë",
        "writes like   Zoë Ångström, to Ann Marie O'Neil",
        "learned from  320 messages, 2020-09-13 to 2020-09-19",
    ]
    assert "temperature 0.7, top_k 0," in text
    assert transcript(chat, "/model newer", "/model other")[1:] == [
        "* There is none newer.",
        "* /model takes nothing or newer, not 'other'.",
    ]


def test_a_newer_checkpoint_is_taken_when_asked_and_the_talk_goes_on(trained: Path) -> None:
    first, last = sorted((trained / "checkpoints").glob("*/epoch-*"))[-2:]
    chat = Talk([Voice("Zoë", Conversation(Bot(load(first))))], "Ann", Paper(), renew=lambda: load(last))
    chat.hear("Hi")
    assert transcript(chat, "/model")[-1] == f"* There is a newer one, {last}; /model newer takes it."
    assert transcript(chat, "/model newer")[-1] == f"* Now talking to {last}."
    assert chat.voices[0].chat.bot.folder == last
    assert said(chat) == ["Hi"]
    chat.answer()
    assert len(said(chat)) > 1


def test_a_newer_checkpoint_of_somebody_else_is_not_taken(trained: Path) -> None:
    first, last = sorted((trained / "checkpoints").glob("*/epoch-*"))[-2:]
    newer = load(last)
    other = Model(last, newer.architecture, newer.weights, newer.vocabulary, {**newer.card, "friend": "Bob"})
    chat = Talk([Voice("Zoë", Conversation(Bot(load(first))))], "Ann", Paper(), renew=lambda: other)
    with pytest.raises(ModelError, match="is Bob; start anew"):
        commands.run(chat, "/model newer")
    assert chat.voices[0].chat.bot.folder == first


def test_quit_ends_the_talk() -> None:
    chat = talk()
    assert transcript(chat, "/quit") == []
    assert chat.over


def test_commands_apply_to_both_of_two_bots(tmp_path: Path) -> None:
    old, new = Scripted(["a", "b"], ["c"]), Scripted(["d"], ["e", "f"])
    chat = Talk([Voice("old", old), Voice("new", new)], "Ann", Paper())
    assert transcript(chat, "Hi", "/again", f"/save {tmp_path / 'talk.jsonl'}", "/temperature 1") == [
        "Ann: Hi",
        "Zoë: a | d",
        "Zoë: b | -",
        "Zoë: c | e",
        "Zoë: - | f",
        f"* Saved 2 messages in {tmp_path / 'talk.old.jsonl'}, {tmp_path / 'talk.new.jsonl'}.",
        "* temperature 1, from the next answer on",
    ]
    assert [utterance.text for utterance in transcripts.read(tmp_path / "talk.new.jsonl")] == ["Hi", "e", "f"]
    assert (old.decoding.temperature, new.decoding.temperature) == (1, 1)


def test_commands_and_what_can_be_set_complete() -> None:
    assert [word for word, _ in commands.completions("/s")] == ["/set", "/save"]
    assert [word for word, _ in commands.completions("/set top")] == ["top_k", "top_p"]
    assert [*commands.completions("so")] == []
    assert [*commands.completions("/again ")] == []
