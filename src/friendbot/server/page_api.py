"""What the page asks the server: who the bot is, and what it answers. The page keeps the conversation."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal

from anyio import sleep
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from friendbot.answers import Answer
from friendbot.conversation import Conversation, Utterance
from friendbot.server import security
from friendbot.server.desk import MESSAGE_CHARACTERS, Desk

WORD_SECONDS, MESSAGE_SECONDS = 0.04, 0.8
"""Between the words of a message, and for all of them together at most."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MESSAGE_CHARACTERS)]


class Said(BaseModel):
    """One message of the conversation so far."""

    speaker: Literal["me", "friend"]
    text: Text
    gap: bool = False


class Question(BaseModel):
    """A conversation that waits for the bot; what is left out is the model's own, or drawn."""

    model_config = ConfigDict(allow_inf_nan=False)

    utterances: list[Said]
    temperature: float | None = Field(None, ge=0, le=10)
    top_p: float | None = Field(None, gt=1e-9, le=1)
    seed: int | None = Field(None, ge=0, lt=2**64)
    attempt: int = Field(0, ge=0, lt=2**32)
    """How many answers to this were taken back."""
    silence: bool = False
    """Whether a long silence followed what was said."""
    instant: bool = False
    """Whether to leave out the pauses."""


def routes(desk: Desk) -> list[Route]:
    """`GET /api/bot` and `POST /api/answer`."""

    async def bot(request: Request) -> Response:
        return JSONResponse(
            {
                "friend": desk.bot.friend,
                "me": desk.bot.me,
                "card": desk.bot.card,
                "metrics": desk.bot.evaluation.metrics,
                "decoding": asdict(desk.decoding),
            }
        )

    async def answer(request: Request) -> Response:
        question = await security.read(request, Question)
        chat, written = await desk.write(request, lambda: _write(desk, question))
        return StreamingResponse(_events(chat, written, question.instant), media_type="application/x-ndjson")

    return [Route("/api/bot", bot), Route("/api/answer", answer, methods=["POST"])]


def _write(desk: Desk, question: Question) -> tuple[Conversation, Answer]:
    wanted: dict[str, Any] = {"temperature": question.temperature, "top_p": question.top_p}
    given = {name: value for name, value in wanted.items() if value is not None}
    chat = desk.conversation(
        [Utterance(said.speaker, said.text, said.gap) for said in question.utterances],
        replace(desk.decoding, **given),
        question.seed,
        question.silence,
        question.attempt,
    )
    return chat, chat.answer()


async def _events(chat: Conversation, answer: Answer, instant: bool) -> AsyncIterator[str]:
    """Lines of JSON as the friend would type: `typing`, `delta`s, `message`, for each message; then `end`."""
    for number, text in enumerate(answer.messages):
        seconds = chat.bot.evaluation.rhythm.pause(text, number == 0, chat.random("pause"))
        yield _line(type="typing", seconds=round(seconds, 2))
        if not instant:
            await sleep(seconds)
        words = list(pieces(text))
        for place, word in enumerate(words):
            if place and not instant:
                await sleep(min(WORD_SECONDS, MESSAGE_SECONDS / len(words)))
            yield _line(type="delta", text=word)
        chat.say(text)
        yield _line(type="message", text=text, gap=chat.utterances[-1].gap)
    yield _line(type="end", complete=answer.complete)


def pieces(text: str) -> Iterator[str]:
    """Words with the space after them; together they are the text."""
    return (match[0] for match in re.finditer(r"\s*\S+\s*|\s+", text))


def _line(**event: object) -> str:
    return json.dumps(event, ensure_ascii=False) + "\n"
