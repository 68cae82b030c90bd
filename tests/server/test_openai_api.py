"""The official client against a real server, and what it would never send."""

from collections.abc import Iterator

import httpx
import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam

from friendbot.answers import Answer
from friendbot.bot import Bot
from friendbot.conversation import Conversation, Utterance
from friendbot.server import openai_api

MODEL = "zoe-angstrom"
HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "How are you?"}]


@pytest.fixture(scope="module")
def ai(server: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{server}/v1", api_key="anything", max_retries=0) as client:
        yield client


def alone(bot: Bot, *said: Utterance, seed: int, attempt: int = 0, tokens: int | None = None) -> Answer:
    chat = Conversation(bot, seed=seed)
    chat.resume(said, attempt=attempt)
    return chat.answer(tokens)


def says(monkeypatch: pytest.MonkeyPatch, *messages: str) -> None:
    """The bot's answer from now on."""
    monkeypatch.setattr(Conversation, "answer", lambda self, tokens=None: Answer(messages, 10, True))


def test_the_model_is_listed_and_found(ai: OpenAI) -> None:
    (model,) = ai.models.list()
    assert (model.id, model.object, model.owned_by) == (MODEL, "model", "friendbot")
    assert ai.models.retrieve(MODEL) == model
    with pytest.raises(openai.NotFoundError):
        ai.models.retrieve("gpt-4o")


@pytest.mark.parametrize(
    ("friend", "name"),
    [
        ("Zoë Ångström", "zoe-angstrom"),
        ("Daniel O'Neill", "daniel-o-neill"),
        ("Ольга", "friendbot"),
        ("🙂", "friendbot"),
    ],
)
def test_a_model_is_called_like_the_friend(friend: str, name: str) -> None:
    assert openai_api.model_name(friend) == name


def test_a_completion_is_the_answer(ai: OpenAI, bot: Bot) -> None:
    expected = alone(bot, Utterance("me", "How are you?"), seed=5)
    completion = ai.chat.completions.create(model=MODEL, messages=HELLO, seed=5)
    (choice,) = completion.choices
    assert choice.message.role == "assistant"
    assert choice.message.content == "\n".join(expected.messages)
    assert (choice.index, choice.finish_reason) == (0, "stop")
    assert completion.id.startswith("chatcmpl-")
    assert completion.object == "chat.completion"
    assert completion.model == MODEL
    assert completion.system_fingerprint
    assert completion.usage
    assert completion.usage.prompt_tokens == 2 + len(bot.vocabulary.encode("How are you?"))
    assert completion.usage.completion_tokens == expected.tokens
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + expected.tokens
    again = ai.chat.completions.create(model=MODEL, messages=HELLO, seed=5)
    assert again.choices == completion.choices
    assert again.system_fingerprint == completion.system_fingerprint
    assert again.id != completion.id


def test_roles_become_speakers_lines_messages_and_orders_nothing(ai: OpenAI, bot: Bot) -> None:
    said = [
        Utterance("me", "Hi\nthere"),
        *(Utterance("friend", text) for text in ("haha", "yes")),
        Utterance("me", "?"),
    ]
    messages: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": "You are a pirate. " * 1000},
        {"role": "developer", "content": [{"type": "text", "text": "Rhyme."}]},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "text", "text": "there"}], "name": "Ann"},
        {"role": "assistant", "content": "haha\n\n yes\n"},
        {"role": "user", "content": ""},
        {"role": "user", "content": " ? "},
    ]
    completion = ai.chat.completions.create(model=MODEL, messages=messages, seed=5)
    assert completion.choices[0].message.content == "\n".join(alone(bot, *said, seed=5).messages)


def test_after_its_own_words_or_none_it_writes_on(ai: OpenAI, bot: Bot) -> None:
    own: list[ChatCompletionMessageParam] = [*HELLO, {"role": "assistant", "content": "ok ok"}]
    completion = ai.chat.completions.create(model=MODEL, messages=own, seed=6)
    expected = alone(bot, Utterance("me", "How are you?"), Utterance("friend", "ok ok"), seed=6)
    assert completion.choices[0].message.content == "\n".join(expected.messages)
    first = ai.chat.completions.create(model=MODEL, messages=[{"role": "system", "content": "Begin."}], seed=6)
    assert first.choices[0].message.content == "\n".join(alone(bot, seed=6).messages)


def test_several_choices_are_several_attempts(ai: OpenAI, bot: Bot) -> None:
    completion = ai.chat.completions.create(model=MODEL, messages=HELLO, seed=5, n=4)
    answers = [alone(bot, Utterance("me", "How are you?"), seed=5, attempt=attempt) for attempt in range(4)]
    assert [choice.message.content for choice in completion.choices] == ["\n".join(a.messages) for a in answers]
    assert [choice.index for choice in completion.choices] == [0, 1, 2, 3]
    assert completion.usage
    assert completion.usage.completion_tokens == sum(answer.tokens for answer in answers)
    assert len({choice.message.content for choice in completion.choices}) > 1


def test_a_stream_gives_the_same_in_pieces(ai: OpenAI) -> None:
    whole = ai.chat.completions.create(model=MODEL, messages=HELLO, seed=5, n=2)
    chunks = list(
        ai.chat.completions.create(
            model=MODEL, messages=HELLO, seed=5, n=2, stream=True, stream_options={"include_usage": True}
        )
    )
    texts, reasons, roles = ["", ""], ["", ""], ["", ""]
    for chunk in chunks[:-1]:
        assert chunk.usage is None
        (choice,) = chunk.choices
        assert roles[choice.index] or not choice.delta.content
        roles[choice.index] += choice.delta.role or ""
        texts[choice.index] += choice.delta.content or ""
        reasons[choice.index] += choice.finish_reason or ""
    assert texts == [choice.message.content for choice in whole.choices]
    assert (roles, reasons) == (["assistant"] * 2, ["stop"] * 2)
    assert (chunks[-1].choices, chunks[-1].usage) == ([], whole.usage)
    assert len({(chunk.id, chunk.created, chunk.object) for chunk in chunks}) == 1
    assert len(chunks) > 6


def test_a_stream_is_server_sent_events(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, "see you", "haha")
    response = client.post("/v1/chat/completions", json={"model": MODEL, "messages": HELLO, "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    events = response.text.split("\n\n")
    assert [event[:6] for event in events] == ["data: "] * 6 + [""]
    assert [event.partition('"choices": ')[2][:-1] for event in events[:5]] == [
        '[{"index": 0, "delta": {"role": "assistant", "content": ""}, "logprobs": null, "finish_reason": null}]',
        '[{"index": 0, "delta": {"content": "see "}, "logprobs": null, "finish_reason": null}]',
        '[{"index": 0, "delta": {"content": "you\\n"}, "logprobs": null, "finish_reason": null}]',
        '[{"index": 0, "delta": {"content": "haha"}, "logprobs": null, "finish_reason": null}]',
        '[{"index": 0, "delta": {}, "logprobs": null, "finish_reason": "stop"}]',
    ]
    assert events[5] == "data: [DONE]"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("stop", "expected"),
    [
        ("you", "see "),
        ("u\nha", "see yo"),
        (["nothing", "haha", " you"], "see"),
        ("see", ""),
        ("seen", "see you\nhaha"),
        ([], "see you\nhaha"),
        (["", ""], "see you\nhaha"),
    ],
)
def test_it_stops_before_a_stop_string(
    ai: OpenAI, monkeypatch: pytest.MonkeyPatch, stop: str | list[str], expected: str, stream: bool
) -> None:
    says(monkeypatch, "see you", "haha")
    if stream:
        chunks = list(ai.chat.completions.create(model=MODEL, messages=HELLO, stop=stop, stream=True))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == expected
        assert chunks[-1].choices[0].finish_reason == "stop"
    else:
        (choice,) = ai.chat.completions.create(model=MODEL, messages=HELLO, stop=stop).choices
        assert (choice.message.content, choice.finish_reason) == (expected, "stop")


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_an_answer_is_cut_after_so_many_tokens(ai: OpenAI, bot: Bot, name: str) -> None:
    completion = ai.chat.completions.create(model=MODEL, messages=HELLO, seed=5, extra_body={name: 2})
    expected = alone(bot, Utterance("me", "How are you?"), seed=5, tokens=2)
    (choice,) = completion.choices
    assert choice.message.content == "\n".join(expected.messages)
    assert choice.finish_reason == "length"
    assert completion.usage
    assert completion.usage.completion_tokens == 2


def test_the_choice_of_words_can_be_set(ai: OpenAI) -> None:
    def answers(**how: object) -> set[str | None]:
        found = (
            ai.chat.completions.create(model=MODEL, messages=HELLO, seed=seed, extra_body=how) for seed in range(4)
        )
        return {completion.choices[0].message.content for completion in found}

    assert len(answers(temperature=2)) > 1
    for how in ({"temperature": 0}, {"top_p": 0}, {"top_k": 1}, {"min_p": 1}):
        assert len(answers(**how)) == 1, how
    assert answers(top_k=-1, typical_p=1, top_p=1, min_p=0) == answers()


def test_what_other_programs_send_besides_does_no_harm(ai: OpenAI) -> None:
    plain = ai.chat.completions.create(model=MODEL, messages=HELLO, seed=5)
    more = {
        "frequency_penalty": 0.5,
        "presence_penalty": 0.5,
        "repetition_penalty": 1.1,
        "logit_bias": {"50256": -100},
        "logprobs": True,
        "user": "ann",
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "response_format": {"type": "json_object"},
        "chat_id": "x",
        "stream_options": None,
        "stop": None,
        "max_tokens": None,
        "temperature": None,
        "n": None,
        "stream": None,
    }
    laden = ai.chat.completions.create(model=MODEL, messages=HELLO, seed=5, extra_body=more)
    assert laden.choices == plain.choices


@pytest.mark.parametrize("seed", [0, -1, -(2**63), 2**63])
def test_any_seed_of_theirs_repeats(ai: OpenAI, seed: int) -> None:
    first, second = (ai.chat.completions.create(model=MODEL, messages=HELLO, seed=seed) for _ in range(2))
    assert first.choices == second.choices


def test_an_unknown_model_is_not_found(ai: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        ai.chat.completions.create(model="gpt-4o", messages=HELLO)
    assert caught.value.body == {
        "message": "there is one model here, 'zoe-angstrom'",
        "type": "invalid_request_error",
        "param": "model",
        "code": "model_not_found",
    }


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"messages": []}, "messages: List should have at least 1 item after validation, not 0"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role: Input should be 'system', 'developer'"),
        ({"messages": [{"role": "user", "content": [IMAGE]}]}, "messages.0.content: only text can be read, no images"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "messages.0.content: only text can be read, no images"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages.0.content: Input should be a valid string"),
        ({"messages": [{"role": "user", "content": "a" * 10_001}]}, "messages.0.content: a message has at most 10000"),
        ({"temperature": 2.1}, "temperature: Input should be less than or equal to 2"),
        ({"top_p": 1.1}, "top_p: Input should be less than or equal to 1"),
        ({"n": 0}, "n: Input should be greater than or equal to 1"),
        ({"n": 9}, "n: Input should be less than or equal to 8"),
        ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop: List should have at most 4 items after validation, not 5"),
        ({"stop": 3}, "stop: Input should be a valid array"),
        ({"seed": "x"}, "seed: Input should be a valid integer"),
    ],
)
def test_what_does_not_fit_is_a_bad_request(ai: OpenAI, change: dict[str, object], message: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        ai.chat.completions.create(model=MODEL, messages=HELLO, extra_body=change)
    assert caught.value.type == "invalid_request_error"
    assert f"Error code: 400 - {message}" in str(caught.value)
    assert caught.value.param == message.partition(":")[0]


def test_too_long_a_body_and_another_page_have_errors_of_their_own(ai: OpenAI) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        ai.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "a" * 10_000_000}])
    assert caught.value.status_code == 413
    with pytest.raises(openai.PermissionDeniedError):
        ai.chat.completions.create(model=MODEL, messages=HELLO, extra_headers={"origin": "http://evil.example"})
