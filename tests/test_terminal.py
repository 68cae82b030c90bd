"""The screens, drawn as text, and the keys."""

import io
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from prompt_toolkit.output.plain_text import PlainTextOutput
from test_commands import Scripted, talk

from friendbot.conversation import Utterance
from friendbot.interrupts import uninterrupted
from friendbot.lines import Pipe, Plain, visible
from friendbot.talk import Talk, Voice
from friendbot.terminal import Terminal


class Paper(PlainTextOutput):
    def __init__(self, columns: int) -> None:
        self.text = io.StringIO()
        self.columns = columns
        super().__init__(self.text)

    def get_size(self) -> Size:
        return Size(rows=24, columns=self.columns)


def drawn(draw: Callable[[Terminal], object], columns: int = 40, names: tuple[str, ...] = ("Zoë",)) -> str:
    """What a terminal of some columns shows, without colours."""
    paper = Paper(columns)
    with create_pipe_input() as keys:
        draw(Terminal("Ann", names, keys, paper))
    return "".join(line.rstrip() + "\n" for line in paper.text.getvalue().splitlines())


def shown_in_every_way(screen: Terminal, text: str) -> None:
    screen.friends([text])
    screen.own(text)
    screen.note(text)


def test_a_talk_is_bubbles_at_the_left_and_at_the_right() -> None:
    def draw(screen: Terminal) -> None:
        chat = talk(["heyyy", "i was about to text you\nreally"], ["saturday?"], screen=screen, instant=True)
        chat.screen.note("A bot. Nobody is there.")
        chat.take("Hello Zoë. How are you, and are you coming along?")
        chat.take("/temperature 0.5")
        chat.take("Sooo")

    assert drawn(draw) == (
        "A bot. Nobody is there.\n"
        "\n"
        "              Hello Zoë. How are you,\n"
        "              and are you coming\n"
        "              along?\n"
        "\n"
        "  Zoë\n"
        "   heyyy\n"
        "   i was about to text you\n"
        "   really\n"
        "\n"
        "temperature 0.5, from the next answer\n"
        "on\n"
        "\n"
        "                                 Sooo\n"
        "\n"
        "  Zoë\n"
        "   saturday?\n"
    )


def test_two_bots_answer_side_by_side() -> None:
    def draw(screen: Terminal) -> None:
        voices = [Voice("main", Scripted(["i am fine", "you"])), Voice("exp-1", Scripted(["well well well well"]))]
        Talk(voices, "Ann", screen, instant=True).take("How are you?")

    assert drawn(draw, names=("main", "exp-1")) == (
        "                         How are you?\n"
        "\n"
        "  main                exp-1\n"
        "   i am fine           well well well\n"
        "                       well\n"
        "   you\n"
    )


def test_wide_letters_count_twice_and_joined_emoji_once() -> None:
    assert drawn(lambda screen: screen.own("数字"), 20) == " " * 13 + "数字\n"
    assert drawn(lambda screen: screen.own("👨‍👩‍👧"), 20) == " " * 15 + "👨‍👩‍👧\n"
    assert drawn(lambda screen: screen.friends(["一二三四五六"]), 20) == "  Zoë\n   一二三四\n   五六\n"


def test_nothing_that_is_said_moves_the_cursor() -> None:
    text = "a\x1b[2Jb\rc\x07d\x9b1me\tf"
    screen = drawn(lambda screen: shown_in_every_way(screen, text))
    assert not any((letter < " " and letter != "\n") or "\x7f" <= letter <= "\x9f" for letter in screen)
    assert "   a[2Jb\n   cd1me f\n" in screen
    assert visible(text) == "a[2Jbcd1me f"


def test_a_very_long_word_is_broken_and_all_of_it_is_shown() -> None:
    screen = drawn(lambda screen: screen.own("x" * 100_000), 80)
    assert screen.count("x") == 100_000
    assert max(map(len, screen.splitlines())) <= 80


@pytest.mark.parametrize("columns", [1, 16, 50, 120, 300])
def test_no_line_is_longer_than_the_terminal(columns: int) -> None:
    screen = drawn(lambda screen: shown_in_every_way(screen, "so  " * 90), columns)
    assert max(map(len, screen.splitlines())) <= max(columns, 16)


def test_the_indicator_goes_away_also_when_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    class Erasing(Paper):
        def erase_end_of_line(self) -> None:
            self.write("<erased>")

    def press(seconds: float) -> None:
        raise KeyboardInterrupt

    paper = Erasing(40)
    with create_pipe_input() as keys:
        screen = Terminal("Ann", ["Zoë"], keys, paper)
        screen.typing(0.01)
        assert paper.text.getvalue() == "\r<erased>  Zoë is typing \r<erased>"
        monkeypatch.setattr("time.sleep", press)
        with pytest.raises(KeyboardInterrupt):
            screen.typing(9)
    assert paper.text.getvalue().endswith("\r<erased>")


def test_the_pauses_are_the_friends_and_repeat_with_the_seed() -> None:
    def pauses(seed: int) -> list[float]:
        seen: list[float] = []

        class Watch(Terminal):
            def typing(self, seconds: float) -> None:
                seen.append(seconds)

        with create_pipe_input() as keys:
            chat = Scripted(["one", "two and three"], ["four"], seed=seed)
            both = Talk([Voice("Zoë", chat)], "Ann", Watch("Ann", ["Zoë"], keys, Paper(40)))
            both.take("Hi")
            both.take("/again")
        return seen

    assert len(pauses(1)) == 3
    assert pauses(1) == pauses(1) != pauses(2)
    assert all(0 < pause < 4 for pause in pauses(1))


def test_ctrl_c_stops_an_answer_after_what_was_shown() -> None:
    class Impatient(Terminal):
        def ask(self) -> str:
            return asked.pop(0) if asked else "/quit"

        def typing(self, seconds: float) -> None:
            pressed.append(seconds)
            if len(pressed) == 2:
                raise KeyboardInterrupt

    asked, pressed = ["Hi", "And?"], list[float]()
    chat = Scripted(["one", "two", "three"], ["four"])

    def draw(screen: Terminal) -> None:
        Talk([Voice("Zoë", chat)], "Ann", screen).run()

    paper = Paper(30)
    with create_pipe_input() as keys:
        draw(Impatient("Ann", ["Zoë"], keys, paper))
    assert [utterance.text for utterance in chat.utterances] == ["Hi", "one", "And?", "four"]
    assert "one" in paper.text.getvalue()
    assert "stopped" in paper.text.getvalue()
    assert "two" not in paper.text.getvalue()


def test_ctrl_c_waits_until_a_message_is_recorded_and_shown() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        signal.raise_signal(signal.SIGINT)
        done.append("all of it")
    assert done == ["all of it"]


@contextmanager
def keyboard(keys: str) -> Iterator[Terminal]:
    with create_pipe_input() as pipe:
        pipe.send_text(keys)
        yield Terminal("Ann", ["Zoë"], pipe, DummyOutput())


ENTER, ALT_ENTER, CTRL_J, CTRL_C, CTRL_D, UP, TAB = "\r", "\x1b\r", "\n", "\x03", "\x04", "\x1b[A", "\t"


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("Hi" + ENTER, "Hi"),
        (ENTER, ""),
        ("one" + ALT_ENTER + "two" + CTRL_J + "three" + ENTER, "one\ntwo\nthree"),
        ("\x1b[200~pasted\rin\rlines\x1b[201~" + ENTER, "pasted\nin\nlines"),
        ("\x1b[200~" + "x" * 60_000 + "\x1b[201~" + ENTER, "x" * 60_000),
        ("never mind" + CTRL_C + "Hi" + ENTER, "Hi"),
        ("数字 👍🏽 שלום" + ENTER, "数字 👍🏽 שלום"),
    ],
    ids=["enter", "nothing", "lines", "paste", "long paste", "ctrl-c clears", "scripts"],
)
def test_keys(keys: str, text: str) -> None:
    with keyboard(keys) as screen:
        assert screen.ask() == text


@pytest.mark.parametrize(
    ("typed", "key", "text"),
    [("/und", TAB, "/undo"), ("/set typ", TAB, "/set typical_p"), ("", UP, "sent before")],
    ids=["tab", "tab in set", "up"],
)
def test_keys_that_work_beside_the_typing(typed: str, key: str, text: str) -> None:
    def press() -> None:
        deadline = time.monotonic() + 20
        while not screen._session.app.is_running and time.monotonic() < deadline:
            time.sleep(0.01)
        pipe.send_text(typed)
        while buffer.text != text and time.monotonic() < deadline:
            pipe.send_text(key)
            time.sleep(0.2)
        pipe.send_text(ENTER)

    with create_pipe_input() as pipe:
        screen = Terminal("Ann", ["Zoë"], pipe, DummyOutput())
        buffer = screen._session.default_buffer
        pipe.send_text("sent before" + ENTER)
        assert screen.ask() == "sent before"
        pressing = threading.Thread(target=press)
        pressing.start()
        assert screen.ask() == text
        pressing.join()


def test_ctrl_d_and_ctrl_c_on_an_empty_line_end_it() -> None:
    with keyboard(CTRL_D) as screen, pytest.raises(EOFError):
        screen.ask()
    with keyboard(CTRL_C) as screen, pytest.raises(KeyboardInterrupt):
        screen.ask()


def test_a_plain_terminal_gets_one_line_for_each_message(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Plain("Ann", ["Zoë"])
    screen.past([Utterance("me", "Hi\nthere", True), Utterance("friend", "na?")], 1200)
    screen.friends(["so\nmany\x07 lines"])
    assert capsys.readouterr().out == "1,200 earlier messages\nAnn: Hi there\nZoë: na?\nZoë: so many lines\n"


def test_names_on_a_plain_terminal_do_not_ring(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("Hi\n"))
    screen = Plain("A\x1b[2Jnn", ["Zoë\x07"])
    assert screen.ask() == "Hi"
    screen.friends(["na?"])
    assert capsys.readouterr().out == "A[2Jnn: Zoë: na?\n"


def test_a_pipe_gets_answers_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("Hi\n\n/again\n//twice\n"))
    Talk(
        [Voice("old", Scripted(["a"], ["b\nc"], ["d"])), Voice("new", Scripted(["e", "f"], [], []))],
        "Ann",
        screen := Pipe(["old", "new"]),
    ).run()
    assert screen.paced is False
    assert capsys.readouterr().out == "old: a\nnew: e\nnew: f\nold: b c\nold: d\n"


def test_ctrl_c_ends_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", io.StringIO("Hi\nAnd?\n"))
    chat = talk(["one"], ["two"], screen=Pipe())
    monkeypatch.setattr(chat, "answer", stopped)
    with pytest.raises(KeyboardInterrupt):
        chat.run()
