"""Many conversations with the server at once: latency, memory, and whether each goes as it would alone.

python bench/serve.py [--model DIR] [--conversations 50] [--seconds 60] [--turns 20] [--json FILE]

Each conversation has words and a seed of its own, and begins anew after some turns. Afterwards all of it is said again
to the model without a server, each conversation alone with a memory of its own: every answer has to be the same.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import httpx
import numpy as np
import psutil

from friendbot import weights
from friendbot.bot import Bot
from friendbot.conversation import Conversation, Utterance

ROOT = Path(__file__).resolve().parents[1]
WORDS = ["how", "are", "you", "today", "tomorrow", "coffee", "sleep", "work", "home", "late", "sorry", "happy", "why"]


class Turn(NamedTuple):
    """One question and its answer."""

    text: str
    answer: tuple[str, ...]
    seconds: float


class Talk(NamedTuple):
    """One conversation."""

    seed: int
    turns: list[Turn]


class Load:
    """What was said to a server, and what went wrong."""

    def __init__(self, url: str, conversations: int, seconds: float, turns: int) -> None:
        self.url, self.conversations, self.seconds, self.turns = url, conversations, seconds, turns
        self.talks: list[Talk] = []
        self.errors: list[str] = []

    async def run(self) -> None:
        """Talk until the time is over."""
        deadline = time.monotonic() + self.seconds
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=self.url, timeout=60, limits=limits) as client:
            await asyncio.gather(*(self._person(client, number, deadline) for number in range(self.conversations)))

    async def _person(self, client: httpx.AsyncClient, number: int, deadline: float) -> None:
        draw = random.Random(number)
        while time.monotonic() < deadline:
            talk = Talk(draw.getrandbits(32), [])
            self.talks.append(talk)
            said: list[dict[str, str]] = []
            while len(talk.turns) < self.turns and time.monotonic() < deadline:
                text = f"{' '.join(draw.choices(WORDS, k=draw.randint(1, 8)))} {number}?"
                said.append({"speaker": "me", "text": text})
                started = time.perf_counter()
                try:
                    body = {"utterances": said, "seed": talk.seed, "instant": True}
                    response = await client.post("/api/answer", json=body)
                    response.raise_for_status()
                except httpx.HTTPError as error:
                    self.errors.append(repr(error))
                    break
                seconds = time.perf_counter() - started
                events = [json.loads(line) for line in response.text.splitlines()]
                answer = tuple(event["text"] for event in events if event["type"] == "message")
                talk.turns.append(Turn(text, answer, seconds))
                said += [{"speaker": "friend", "text": message} for message in answer]


def different(bot: Bot, talk: Talk) -> Iterator[Turn]:
    """Turns of a talk that go another way when it is had alone."""
    said: list[Utterance] = []
    chat = Conversation(bot, seed=talk.seed)
    for turn in talk.turns:
        said.append(Utterance("me", turn.text))
        chat.resume(said)
        if chat.answer().messages != turn.answer:
            yield turn
        said += [Utterance("friend", message) for message in turn.answer]


def watch(process: psutil.Process, seconds: float) -> list[float]:
    """Resident megabytes of a process now and at each quarter of the time to come."""
    measured = [process.memory_info().rss / 1e6]
    for _ in range(4):
        time.sleep(seconds / 4)
        measured.append(process.memory_info().rss / 1e6)
    return measured


async def measure(load: Load, process: psutil.Process) -> list[float]:
    memory, _ = await asyncio.gather(asyncio.to_thread(watch, process, load.seconds), load.run())
    return memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "friend")
    parser.add_argument("--conversations", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    command = [sys.executable, str(ROOT / "src" / "serve.py"), "--model", str(arguments.model), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as server:
        assert server.stdout
        url = next(word for word in server.stdout.readline().split() if word.startswith("http://"))
        load = Load(url, arguments.conversations, arguments.seconds, arguments.turns)
        memory = asyncio.run(measure(load, psutil.Process(server.pid)))
        server.terminate()
    bot = Bot(weights.load(arguments.model))
    turns = [turn for talk in load.talks for turn in talk.turns]
    mixed = sum(1 for talk in load.talks for _ in different(bot, talk))
    latency = np.quantile([turn.seconds * 1000 for turn in turns], [0.5, 0.9, 0.99, 1.0])
    result = {
        "conversations at once": arguments.conversations,
        "seconds": arguments.seconds,
        "talks": len(load.talks),
        "answers": len(turns),
        "answers per second": round(len(turns) / arguments.seconds, 1),
        "errors": len(load.errors),
        "answers unlike alone": mixed,
        "latency ms, median": round(latency[0], 1),
        "latency ms, 90 %": round(latency[1], 1),
        "latency ms, 99 %": round(latency[2], 1),
        "latency ms, longest": round(latency[3], 1),
        "resident MB, start": round(memory[0], 1),
        "resident MB, middle": round(memory[2], 1),
        "resident MB, end": round(memory[4], 1),
    }
    for name, value in result.items():
        print(f"{name:22} {value:>10,}")
    for message in sorted(set(load.errors))[:5]:
        print(message, file=sys.stderr)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
