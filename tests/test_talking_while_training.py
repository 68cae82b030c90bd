"""Somebody talks to the checkpoints of a training for as long as it runs."""

import hashlib
import multiprocessing
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import MODEL, ROOT, TRAIN, lines, train

from friendbot import dataset, encoding, weights
from friendbot.bot import Bot
from friendbot.conversation import Conversation
from friendbot.errors import ModelError


def train_epochs(folder: Path, epochs: int) -> None:
    """Short epochs, whose checkpoints but the latest and the best go at once."""
    settings = TRAIN.model_copy(update={"epochs": epochs, "patience": epochs, "keep_checkpoints": 1})
    train(folder / "encoded", folder, MODEL, settings)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where to train, with little to read."""
    dataset.save(tmp_path / "encoded", encoding.encode(lines(100), "bpe", 300))
    return tmp_path


def answer(checkpoints: Path) -> tuple[int, str]:
    """Talk to the newest checkpoint; the epoch that its card names, and the digest of its weights."""
    model = weights.load_newest(checkpoints)
    assert model.folder.name == f"epoch-{model.card['epoch']:04d}"
    chat = Conversation(Bot(model), seed=1)
    chat.hear("How are you?")
    assert chat.answer(tokens=20).messages
    digest = hashlib.sha256()
    for name in sorted(model.weights):
        digest.update(model.weights[name].tobytes())
    return model.card["epoch"], digest.hexdigest()


def test_every_answer_of_a_whole_training_is_of_one_epoch(folder: Path) -> None:
    seen: set[tuple[int, str]] = set()
    with ThreadPoolExecutor(1) as pool:
        training = pool.submit(train_epochs, folder, 6)
        while not training.done():
            try:
                seen.add(answer(folder / "checkpoints"))
            except ModelError:
                if seen:
                    raise
        training.result()
    seen.add(answer(folder / "checkpoints"))
    epochs, digests = zip(*seen, strict=True)
    assert len(seen) == len(set(epochs)) == len(set(digests))
    assert len(seen) > 2
    assert max(epochs) == 6


@pytest.mark.soak
def test_the_chat_always_answers_beside_a_training_even_one_that_is_killed(folder: Path) -> None:
    command = [sys.executable, str(ROOT / "src" / "chat.py"), "--save-dir", str(folder / "checkpoints"), "--once", "Hi"]
    context = multiprocessing.get_context("spawn")
    training = context.Process(target=train_epochs, args=(folder, 100))
    training.start()
    answers = 0
    while training.is_alive():
        result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
        if result.returncode:
            assert (result.returncode, answers) == (2, 0), result.stderr
            assert "dvc repro" in result.stderr
            continue
        assert result.stdout.strip()
        answers += 1
        if answers == 20:
            training.kill()
            training.join()
            training = context.Process(target=train_epochs, args=(folder, 100))
            training.start()
    training.join()
    assert training.exitcode == 0
    assert answers > 40
    assert answer(folder / "checkpoints")[0] == 100
