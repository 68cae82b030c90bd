"""A tiny archive, and a model really trained on it, that the tests share."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from friendbot import dataset, dialogue, encoding
from friendbot.dialogue import Line
from friendbot.params import ModelParams, TrainParams

ROOT = Path(__file__).resolve().parents[1]
ME, FRIEND = "Ann Marie O'Neil", "Zoë Ångström"
HOUR = 3_600_000

MODEL = ModelParams(embedding=16, layers=1, units=32, dropout=0.1)
TRAIN = TrainParams(
    epochs=3,
    batch_size=4,
    sequence_length=8,
    learning_rate=0.02,
    clip_norm=1.0,
    patience=3,
    keep_checkpoints=2,
    threads=2,
    seed=1,
)


def chatter(count: int, seed: int = 7) -> list[tuple[str, str]]:
    """(speaker, text) of a small talk: I ask in sentences, the friend answers in bursts."""
    draw = random.Random(seed)
    talk: list[tuple[str, str]] = []
    while len(talk) < count:
        talk.append(("me", draw.choice(["How are you?", "Coffee at noon?", "Did you sleep?", "Are you home?"])))
        for _ in range(draw.choice([1, 1, 2, 3])):
            talk.append(("friend", draw.choice(["haha yes", "nooo", "soon 😂", "ok ok", "café?", "tired"])))
    return talk[:count]


def lines(count: int = 400) -> list[Line]:
    """A cleaned thread: a session of 20 messages, then a night's silence."""
    rows = [
        {
            "kind": "text",
            "text": text,
            "sender": ME if speaker == "me" else FRIEND,
            "sent_at": 1_600_000_000_000 + index * 60_000 + (index // 20) * 10 * HOUR,
            "seq": index,
        }
        for index, (speaker, text) in enumerate(chatter(count))
    ]
    kept, _ = dialogue.clean(rows, ME, 6, 0.1, 0.1)
    return kept


def write_archive(folder: Path, threads: dict[str, list[tuple[str, str]]]) -> Path:
    """A Messenger JSON download; `threads` has what was said with each friend, mojibake as Facebook writes it."""

    def damaged(text: str) -> str:
        return text.encode("utf-8").decode("latin-1")

    for number, (friend, talk) in enumerate(threads.items()):
        messages = [
            {
                "sender_name": damaged(ME if speaker == "me" else friend),
                "timestamp_ms": 1_600_000_000_000 + index * 60_000 + (index // 20) * 10 * HOUR,
                "content": damaged(text),
            }
            for index, (speaker, text) in enumerate(talk)
        ]
        thread = {
            "participants": [{"name": damaged(friend)}, {"name": damaged(ME)}],
            "messages": messages[::-1],
            "title": damaged(friend),
            "thread_path": f"inbox/friend_{number}",
        }
        place = folder / "your_facebook_activity" / "messages" / "inbox" / f"friend_{number}" / "message_1.json"
        place.parent.mkdir(parents=True)
        place.write_text(json.dumps(thread), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`data/encoded` of the small talk."""
    folder = tmp_path_factory.mktemp("encoded")
    dataset.save(folder, encoding.encode(lines(), 300))
    return folder


Trainer = Callable[..., dict[str, bytes]]


@pytest.fixture(scope="session")
def trainer(encoded: Path) -> Trainer:
    """Trains in a folder and returns the published files' bytes by name."""
    from friendbot import training

    def train(folder: Path, model: ModelParams = MODEL, settings: TrainParams = TRAIN) -> dict[str, bytes]:
        training.train(
            encoded=encoded,
            published=folder / "model",
            history=folder / "history.csv",
            timing=folder / "timing.json",
            checkpoints=folder / "checkpoints",
            model_params=model,
            train_params=settings,
        )
        return {path.name: path.read_bytes() for path in sorted((folder / "model").iterdir())}

    return train


@pytest.fixture(scope="session")
def trained(trainer: Trainer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one finished training: `model/`, `checkpoints/`, `history.csv`."""
    folder = tmp_path_factory.mktemp("trained")
    trainer(folder)
    return folder
