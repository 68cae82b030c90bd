"""A tiny archive, and a model really trained on it, that the tests share."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from friendbot import dataset, dialogue, encoding
from friendbot.dialogue import Line
from friendbot.habits import Burst
from friendbot.params import ModelParams, TrainParams

signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs the tests in the background has Ctrl-C ignored

ROOT = Path(__file__).resolve().parents[1]
ME, FRIEND = "Ann Marie O'Neil", "Zoë Ångström"
HOUR = 3_600_000

MODEL = ModelParams(size="auto", embedding=16, layers=1, units=32, dropout=0.1)
TRAIN = TrainParams(
    epochs=3,
    batch_size=4,
    sequence_length=8,
    learning_rate=0.02,
    weight_decay=0.0,
    bpe_dropout=0.25,
    clip_norm=1.0,
    patience=3,
    keep_checkpoints=2,
    precision="float32",
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


WORDS = [
    *("i", "you", "the", "a", "to", "so", "yes", "no", "maybe", "tea"),
    *("bike", "rain", "home", "work", "late", "soon", "happy", "tired", "tomorrow", "please"),
]
"""What people in made-up talks say."""


def taking_turns(mine: list[Burst], theirs: list[Burst]) -> list[Line]:
    """A talk of one session to learn from, a burst of mine before each of the friend's."""
    return [
        Line(0, 0, speaker, speaker, text, 0, "train")
        for pair in zip(mine, theirs, strict=True)
        for speaker, burst in zip((dialogue.ME, dialogue.FRIEND), pair, strict=True)
        for text in burst
    ]


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


class House:
    """A clone of the repository, and commands run in it as a person would."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "DVC_SITE_CACHE_DIR": str(home / "site"),
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    def run(self, *command: str, status: int = 0) -> str:
        result = subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, text=True, encoding="utf-8", check=False
        )
        assert result.returncode == status, f"{command}\n{result.stdout}\n{result.stderr}"
        return result.stdout + result.stderr

    def dvc(self, *arguments: str, status: int = 0) -> str:
        return self.run(sys.executable, "-m", "dvc", *arguments, status=status)

    def git(self, *arguments: str) -> str:
        return self.run("git", *arguments)

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def clone(self, root: Path) -> "House":
        self.run("git", "clone", "-q", str(self.root), str(root))
        return House(root, Path(self.environment["HOME"]))

    def outs(self) -> dict[str, str]:
        """SHA-256 of everything the pipeline made, by path."""
        return {
            str(path.relative_to(self.root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for folder in ("data", "models", "reports")
            for path in sorted((self.root / folder).rglob("*"))
            if path.is_file() and "demo" not in path.relative_to(self.root).parts and path.name != "timing.json"
        }

    def epochs_kept(self) -> set[str]:
        return {path.parent.name for path in (self.root / "checkpoints").glob("*/epoch-*")}

    def set(self, section: str, **values: object) -> None:
        yaml = YAML()
        path = self.root / "params.yaml"
        data = yaml.load(path)
        data[section].update(values)
        yaml.dump(data, path)


RESULTS = ("dvc.lock", "reports/metrics.json", "reports/filter.json")


def committed(source: Path, root: Path, home: Path, results: bool = True) -> House:
    """The repository as it stands in the work tree, committed anew, without its results if they do not fit."""
    (home / ".gitconfig").write_text(
        "[user]\n name = Tester\n email = tester@example.com\n[init]\n defaultBranch = main\n"
    )
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in filter(None, subprocess.check_output(listed, cwd=source).decode().split("\0")):
        if (source / name).is_file() and (results or name not in RESULTS):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / name, root / name)
    house = House(root, home)
    house.git("init", "-q")
    house.commit("the repository")
    return house


@pytest.fixture(scope="session")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`data/encoded` of the small talk."""
    folder = tmp_path_factory.mktemp("encoded")
    dataset.save(folder, encoding.encode(lines(), "bpe", 300))
    return folder


def train(encoded: Path, folder: Path, model: ModelParams = MODEL, settings: TrainParams = TRAIN) -> None:
    """Train on what lies in `encoded`; all that is made comes to lie in `folder`."""
    from friendbot import training

    training.train(
        encoded=encoded,
        published=folder / "model",
        history=folder / "history.csv",
        timing=folder / "timing.json",
        checkpoints=folder / "checkpoints",
        model_params=model,
        train_params=settings,
    )


Trainer = Callable[..., dict[str, bytes]]


@pytest.fixture(scope="session")
def trainer(encoded: Path) -> Trainer:
    """Trains in a folder and returns the published files' bytes by name."""

    def trained(folder: Path, model: ModelParams = MODEL, settings: TrainParams = TRAIN) -> dict[str, bytes]:
        train(encoded, folder, model, settings)
        return {path.name: path.read_bytes() for path in sorted((folder / "model").iterdir())}

    return trained


@pytest.fixture(scope="session")
def trained(trainer: Trainer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one finished training: `model/`, `checkpoints/`, `history.csv`."""
    folder = tmp_path_factory.mktemp("trained")
    trainer(folder)
    return folder
