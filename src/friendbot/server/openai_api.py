"""The bot for programs that speak OpenAI's chat completions protocol, below `/v1`.

Who writes as `user` is the person whom the friend wrote with, and the `assistant` is the friend; a line of the
assistant's is a message of its own, and so an answer of several messages comes in lines. If the assistant spoke last,
it writes again. Nothing can be told to the bot from outside the conversation: `system` and `developer` messages are
ignored.

Taken: `messages`, `model`, `stream`, `stream_options.include_usage`, `stop`, `max_completion_tokens` or `max_tokens`,
`temperature`, `top_p`, `seed`, `n`, and beyond OpenAI's `top_k`, `min_p`, `typical_p`. Any other field is accepted and
ignored: `frequency_penalty`, `presence_penalty`, `repetition_penalty` (the bot guards against loops by itself),
`logit_bias`, `logprobs`, `response_format`, `tools`, `user`, `store`, `metadata` and so on; so is a bearer token.
"""

import hashlib
import json
import re
import secrets
import time
import unicodedata
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from friendbot.conversation import FRIEND, ME, Utterance
from friendbot.sampling import Decoding
from friendbot.server import security
from friendbot.server.desk import MESSAGE_CHARACTERS, Desk
from friendbot.server.page_api import pieces
from friendbot.server.refusal import RefusalError

STOPS, CHOICES = 4, 8
"""Stop strings, and answers to one request, at most."""


def _text_of(content: object) -> object:
    """A message's content as one text: the parts of a list are lines."""
    if not isinstance(content, list):
        return "" if content is None else content
    texts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
    if len(texts) < len(content) or not all(isinstance(text, str) for text in texts):
        raise ValueError("only text can be read, no images, sounds or files")
    return "\n".join(map(str, texts))


def _stops_of(stop: object) -> object:
    if isinstance(stop, str):
        return [stop]
    return [] if stop is None else stop


class Message(BaseModel):
    """One message of the conversation so far."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[str, BeforeValidator(_text_of)] = ""


class StreamOptions(BaseModel):
    """What else a stream holds."""

    include_usage: bool | None = None


class Question(BaseModel):
    """The body of `POST /v1/chat/completions`."""

    model_config = ConfigDict(allow_inf_nan=False)

    model: str
    messages: list[Message] = Field(min_length=1)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    stop: Annotated[
        list[str],
        Field(max_length=STOPS),
        BeforeValidator(_stops_of),
        AfterValidator(lambda stops: [stop for stop in stops if stop]),
    ] = []
    max_completion_tokens: int | None = Field(None, ge=1)
    max_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    top_k: int | None = Field(None, ge=-1, le=1_000_000)
    min_p: float | None = Field(None, ge=0, le=1)
    typical_p: float | None = Field(None, ge=0, le=1)
    seed: int | None = Field(None, ge=-(2**63), lt=2**64)
    n: int | None = Field(None, ge=1, le=CHOICES)

    def utterances(self) -> list[Utterance]:
        """The conversation as the bot knows it.

        Raises:
            RefusalError: a message is too long.
        """
        said: list[Utterance] = []
        for place, message in enumerate(self.messages):
            texts = {"user": [message.content], "assistant": message.content.splitlines()}.get(message.role, [])
            if max(map(len, texts), default=0) > MESSAGE_CHARACTERS:
                param = f"messages.{place}.content"
                told = f"{param}: a message has at most {MESSAGE_CHARACTERS} characters"
                raise RefusalError(400, told, param, "context_length_exceeded")
            speaker = ME if message.role == "user" else FRIEND
            said += [Utterance(speaker, text.strip()) for text in texts if text.strip()]
        return said

    def decoding(self, own: Decoding) -> Decoding:
        """How to choose the answer: as asked for, otherwise the model's own way."""
        least = 1e-9
        wanted: dict[str, Any] = {
            "temperature": self.temperature,
            "top_k": None if self.top_k is None else max(self.top_k, 0),
            "top_p": None if self.top_p is None else max(self.top_p, least),
            "min_p": self.min_p,
            "typical_p": None if self.typical_p is None else max(self.typical_p, least),
        }
        return replace(own, **{name: value for name, value in wanted.items() if value is not None})


class Choice(NamedTuple):
    """One answer."""

    text: str
    finish_reason: str
    """`stop` or `length`."""
    tokens: int


class Completion(NamedTuple):
    """All that was written for one request."""

    id: str
    created: int
    """Seconds since 1970 UTC."""
    model: str
    fingerprint: str
    prompt_tokens: int
    choices: Sequence[Choice]

    def usage(self) -> dict[str, int]:
        """Tokens of the model's, specials included."""
        written = sum(choice.tokens for choice in self.choices)
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": written,
            "total_tokens": self.prompt_tokens + written,
        }

    def whole(self) -> dict[str, Any]:
        """As one object."""
        choices = [
            {
                "index": index,
                "message": {"role": "assistant", "content": choice.text, "refusal": None},
                "logprobs": None,
                "finish_reason": choice.finish_reason,
            }
            for index, choice in enumerate(self.choices)
        ]
        return {**self._head("chat.completion"), "choices": choices, "usage": self.usage()}

    async def events(self, include_usage: bool) -> AsyncIterator[str]:
        """As server-sent events: for each choice its role, its words, why it ended."""
        for index, choice in enumerate(self.choices):
            deltas = [{"role": "assistant", "content": ""}, *({"content": word} for word in pieces(choice.text)), {}]
            for place, delta in enumerate(deltas):
                reason = choice.finish_reason if place == len(deltas) - 1 else None
                part = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
                yield self._event([part], {"usage": None} if include_usage else {})
        if include_usage:
            yield self._event([], {"usage": self.usage()})
        yield "data: [DONE]\n\n"

    def _event(self, choices: Sequence[Any], more: dict[str, Any]) -> str:
        chunk = {**self._head("chat.completion.chunk"), "choices": choices, **more}
        return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"

    def _head(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": self.fingerprint,
        }


def routes(desk: Desk) -> list[Route]:
    """`GET /v1/models`, `GET /v1/models/NAME` and `POST /v1/chat/completions`."""
    name, started = model_name(desk.bot.friend), int(time.time())
    fingerprint = f"fp_{_digest([desk.bot.card, desk.bot.vocabulary.digest(), asdict(desk.decoding)])[:10]}"
    model = {"id": name, "object": "model", "created": started, "owned_by": "friendbot"}

    def known(wanted: str) -> None:
        if wanted != name:
            raise RefusalError(404, f"there is one model here, {name!r}", "model", "model_not_found")

    async def models(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [model]})

    async def one_model(request: Request) -> Response:
        known(request.path_params["name"])
        return JSONResponse(model)

    async def complete(request: Request) -> Response:
        question = await security.read(request, Question)
        known(question.model)
        said = question.utterances()
        prompt_tokens, choices = await desk.write(request, lambda: _write(desk, question, said))
        id = f"chatcmpl-{secrets.token_hex(12)}"
        completion = Completion(id, int(time.time()), name, fingerprint, prompt_tokens, choices)
        if not question.stream:
            return JSONResponse(completion.whole())
        usage = bool(question.stream_options and question.stream_options.include_usage)
        return StreamingResponse(completion.events(usage), media_type="text/event-stream")

    return [
        Route("/v1/models", models),
        Route("/v1/models/{name}", one_model),
        Route("/v1/chat/completions", complete, methods=["POST"]),
    ]


def model_name(friend: str) -> str:
    """What the model is called in requests: the friend's name in plain letters, if it has such."""
    plain = unicodedata.normalize("NFKD", friend).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "friendbot"


def _digest(data: object) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def _write(desk: Desk, question: Question, said: Sequence[Utterance]) -> tuple[int, list[Choice]]:
    """The prompt's tokens, and the answers; each has random numbers of its own, as if the last had been taken back."""
    most = desk.bot.evaluation.rhythm.limits().tokens
    tokens = min(question.max_completion_tokens or question.max_tokens or most, most)
    seed = None if question.seed is None else question.seed % 2**64
    decoding = question.decoding(desk.decoding)
    chat = desk.conversation(said, decoding, seed)
    choices = []
    for attempt in range(question.n or 1):
        desk.check()
        chat.resume(said, attempt=attempt)
        answer = chat.answer(tokens)
        text = "\n".join(answer.messages)
        ends = [place for place in map(text.find, question.stop) if place >= 0]
        finish_reason = "stop" if ends or answer.complete else "length"
        choices.append(Choice(text[: min(ends, default=len(text))], finish_reason, answer.tokens))
    # The opening <gap>, and each message's speaker.
    prompt_tokens = 1 + sum(1 + len(desk.bot.vocabulary.encode(utterance.text)) for utterance in said)
    return prompt_tokens, choices
