"""What takes minutes: the demo itself, trained as `make repro` trains it. `make soak` runs it."""

import json
import statistics
import subprocess
import sys

import pytest
from conftest import ROOT, House, committed

from friendbot import dialogue

pytestmark = pytest.mark.soak

SAID = [
    "Hello Zoë. How are you?",
    "What are you having for dinner?",
    "Did you climb today?",
    "Are you coming on Saturday?",
    "Good night, Zoë.",
    "My train is late again.",
    "How is the revision going?",
    "How is Biscuit?",
]


def starts_with_capital(texts: list[str]) -> float:
    return statistics.mean(text[0].isupper() for text in texts)


def ends_with_full_stop(texts: list[str]) -> float:
    return statistics.mean(text.endswith(".") for text in texts)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> House:
    origin = committed(ROOT, tmp_path_factory.mktemp("origin"), tmp_path_factory.mktemp("home"))
    clone = origin.clone(tmp_path_factory.mktemp("clone") / "friendbot")
    clone.dvc("repro")
    return clone


def test_a_fresh_clone_changes_nothing_but_what_rounding_may(demo: House) -> None:
    changed = {line[3:] for line in demo.git("status", "--porcelain").splitlines()}
    assert changed <= {"dvc.lock", "reports/metrics.json"}
    committed_metrics = json.loads((ROOT / "reports" / "metrics.json").read_text())["test"]["friend"]
    metrics = json.loads((demo.root / "reports" / "metrics.json").read_text())["test"]["friend"]
    assert metrics["bits_per_char"] == pytest.approx(committed_metrics["bits_per_char"], rel=0.05)


def test_the_bot_is_visibly_the_friend_and_not_the_other(demo: House) -> None:
    lines = dialogue.read(demo.root / "data" / "thread.parquet")
    real = {who: [line.text for line in lines if line.speaker == who] for who in ("friend", "me")}
    bot: list[str] = []
    for seed in range(5):
        command = [sys.executable, "src/chat.py", "--seed", str(seed)]
        result = subprocess.run(
            command, cwd=demo.root, input="\n".join(SAID), capture_output=True, text=True, encoding="utf-8", check=True
        )
        bot += result.stdout.splitlines()
    assert len(bot) >= 5 * len(SAID)
    for trait in (starts_with_capital, ends_with_full_stop):
        friend, me = trait(real["friend"]), trait(real["me"])
        assert abs(trait(bot) - friend) < abs(trait(bot) - me) / 3, trait.__name__
    known = {word for text in real["friend"] + real["me"] for word in text.lower().split()}
    words = [word for text in bot for word in text.lower().split()]
    assert statistics.mean(word in known for word in words) > 0.8
