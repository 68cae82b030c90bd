"""The page's questions, and the answers line by line."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from conftest import FRIEND, ME

from friendbot.bot import Bot
from friendbot.conversation import Conversation, Memory, Utterance
from friendbot.server import page_api
from friendbot.server.desk import MESSAGE_CHARACTERS
from server.conftest import Running

Event = dict[str, Any]


def asked(*texts: str, **more: object) -> dict[str, object]:
    """A conversation in which I and the friend take turns."""
    said = [{"speaker": ("me", "friend")[place % 2], "text": text} for place, text in enumerate(texts)]
    return {"utterances": said, "instant": True, **more}


def answered(response: httpx.Response) -> list[Event]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    assert response.text.endswith("\n")
    return [json.loads(line) for line in response.text.splitlines()]


def messages(response: httpx.Response) -> list[str]:
    return [event["text"] for event in answered(response) if event["type"] == "message"]


def test_the_page_is_told_who_the_bot_is(client: httpx.Client, bot: Bot) -> None:
    told = client.get("/api/bot").json()
    assert (told["friend"], told["me"]) == (FRIEND, ME)
    assert told["card"] == bot.card
    assert told["decoding"]["temperature"] == bot.evaluation.decoding.temperature
    assert told["metrics"] == {}


def test_the_pages_files_are_served_as_what_they_are(client: httpx.Client) -> None:
    kinds = {"/": "text/html; charset=utf-8", "/static/icon.svg": "image/svg+xml"}
    kinds["/static/chat.css"], kinds["/static/chat.js"] = "text/css; charset=utf-8", "text/javascript; charset=utf-8"
    page = Path(page_api.__file__).parent / "page"
    for path, kind in kinds.items():
        response = client.get(path)
        assert (response.status_code, response.headers["content-type"]) == (200, kind)
        assert response.content == (page / (path.rpartition("/")[2] or "index.html")).read_bytes()


def test_an_answer_is_a_burst_of_events(client: httpx.Client, bot: Bot) -> None:
    messages: tuple[str, ...] = ()
    seed = 0
    while len(messages) < 2:
        seed += 1
        chat = Conversation(bot, seed=seed)
        chat.hear("How are you?")
        messages = chat.answer().messages
    expected: list[Event] = []
    for number, text in enumerate(messages):
        pause = bot.evaluation.rhythm.pause(text, number == 0, chat.random("pause"))
        expected.append({"type": "typing", "seconds": round(pause, 2)})
        expected += [{"type": "delta", "text": piece} for piece in page_api.pieces(text)]
        expected.append({"type": "message", "text": text, "gap": False})
        chat.say(text)
    events = answered(client.post("/api/answer", json=asked("How are you?", seed=seed)))
    assert events == [*expected, {"type": "end", "complete": True}]


@pytest.mark.parametrize("text", ["one", "one two", " one\n\ntwo  three ", "你好 嗎", "", "  ", "a\u00a0b"])
def test_the_pieces_of_a_text_are_the_text(text: str) -> None:
    assert "".join(page_api.pieces(text)) == text


def test_pieces_end_after_words() -> None:
    assert list(page_api.pieces("see you  soon\nok")) == ["see ", "you  ", "soon\n", "ok"]


def test_it_waits_as_the_friend_would_unless_told_not_to(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(page_api, "sleep", sleep)
    quick = answered(client.post("/api/answer", json=asked("How are you?", seed=5)))
    assert waited == []
    slow = answered(client.post("/api/answer", json=asked("How are you?", seed=5, instant=False)))
    assert slow == quick
    pauses = [event["seconds"] for event in slow if event["type"] == "typing"]
    assert [round(seconds, 2) for seconds in waited if seconds > page_api.WORD_SECONDS] == pauses


def test_the_same_question_has_the_same_answer_and_another_attempt_another(client: httpx.Client) -> None:
    def ask(**more: object) -> list[str]:
        return messages(client.post("/api/answer", json=asked("How are you?", "ok ok", "Are you home?", **more)))

    first = ask(seed=2)
    assert ask(seed=2) == first
    assert ask(seed=2, attempt=0, silence=False) == first
    assert len({tuple(ask(seed=2, attempt=attempt)) for attempt in range(5)}) > 1
    assert len({tuple(ask()) for _ in range(8)}) > 1


def test_the_choice_of_words_can_be_set(client: httpx.Client, bot: Bot) -> None:
    coldest = Conversation(bot, replace(bot.evaluation.decoding, temperature=0.0))
    coldest.hear("How are you?")
    for seed in (1, 2):
        body = asked("How are you?", temperature=0, seed=seed)
        assert messages(client.post("/api/answer", json=body)) == list(coldest.answer().messages)
    narrow = [messages(client.post("/api/answer", json=asked("How are you?", top_p=1e-8, seed=s))) for s in (1, 2)]
    assert narrow[0] == narrow[1]


def test_with_nothing_said_the_bot_writes_first(client: httpx.Client) -> None:
    gaps = [event["gap"] for event in answered(client.post("/api/answer", json=asked(seed=3))) if "gap" in event]
    assert gaps[0] is True
    assert not any(gaps[1:])


def test_after_a_silence_the_bot_opens_a_new_session(client: httpx.Client, bot: Bot) -> None:
    chat = Conversation(bot, seed=3)
    chat.hear("How are you?")
    chat.say("ok ok")
    chat.silence()
    response = client.post("/api/answer", json=asked("How are you?", "ok ok", silence=True, seed=3))
    assert messages(response) == list(chat.answer().messages)
    gaps = [event["gap"] for event in answered(response) if "gap" in event]
    assert gaps[0] is True
    assert not any(gaps[1:])


def test_a_gap_in_what_was_said_is_read(client: httpx.Client, bot: Bot) -> None:
    chat = Conversation(bot, seed=4)
    chat.hear("How are you?")
    chat.silence()
    chat.hear("Are you home?")
    said = [
        {"speaker": "me", "text": "How are you?", "gap": True},
        {"speaker": "me", "text": "Are you home?", "gap": True},
    ]
    body = {"utterances": said, "seed": 4, "instant": True}
    assert messages(client.post("/api/answer", json=body)) == list(chat.answer().messages)


def test_conversations_at_once_do_not_mix(running: Running, bot: Bot) -> None:
    openings = ["How are you?", "Coffee at noon?", "Did you sleep?", "Are you home?"]

    def talk(number: int) -> list[Utterance]:
        said: list[Utterance] = []
        with httpx.Client(base_url=running.url) as browser:
            for turn in range(6):
                said.append(Utterance("me", openings[(number + turn) % 4]))
                body = {"utterances": [one._asdict() for one in said], "seed": number, "instant": True}
                told = messages(browser.post("/api/answer", json=body))
                said += [Utterance("friend", text) for text in told]
        return said

    def alone(number: int) -> list[Utterance]:
        chat = Conversation(bot, seed=number)
        for turn in range(6):
            chat.hear(openings[(number + turn) % 4])
            for text in chat.answer().messages:
                chat.say(text)
        return [utterance._replace(gap=False) for utterance in chat.utterances]

    with ThreadPoolExecutor(8) as pool:
        talks = list(pool.map(talk, range(8)))
    assert talks == [alone(number) for number in range(8)]
    for said in talks:
        shared, fresh = running.desk.memory.after(said), Memory(bot).after(said)
        assert np.array_equal([*shared.hidden, *shared.cell], [*fresh.hidden, *fresh.cell])


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"utterances": [{"speaker": "you", "text": "Hi"}]}, "utterances.0.speaker"),
        ({"utterances": [{"speaker": "me", "text": "  "}]}, "utterances.0.text"),
        ({"utterances": [{"speaker": "me", "text": "a" * (MESSAGE_CHARACTERS + 1)}]}, "utterances.0.text"),
        ({"utterances": [{"speaker": "me"}]}, "utterances.0.text"),
        ({"utterances": "Hi"}, "utterances"),
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": 11}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**64}, "seed"),
        ({"attempt": -1}, "attempt"),
        ({"silence": "maybe"}, "silence"),
    ],
)
def test_what_does_not_fit_is_named(client: httpx.Client, change: dict[str, object], param: str) -> None:
    response = client.post("/api/answer", json={**asked("How are you?"), **change})
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert error["message"].startswith(f"{param}: ")


def test_the_longest_conversation_is_read(client: httpx.Client) -> None:
    body = asked(*["How are you?", "haha yes 😂"] * 2000, seed=1)
    assert messages(client.post("/api/answer", json=body))
