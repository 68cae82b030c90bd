"""The pipeline as people use it: real git, real DVC, real training, in a fresh clone, on a tiny archive."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import FRIEND, ROOT, House, chatter, committed, write_archive

from friendbot import dialogue, weights

OTHER = "Grissom O'Neil"
SECRET = "zoe.angstrom@example.org"
TINY: dict[str, dict[str, object]] = {
    "filter": {"friend": FRIEND},
    "encode": {"vocabulary_size": 300},
    "model": {"embedding": 8, "layers": 1, "units": 16, "dropout": 0.1},
    "train": {"epochs": 2, "batch_size": 4, "sequence_length": 8, "learning_rate": 0.02, "patience": 2, "threads": 2},
    "evaluate": {"turns": 3, "tuning_turns": 0},
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own") / "it's, my archive"
    talk = chatter(400)
    talk[7] = ("friend", f"write to {SECRET} 😂")
    return write_archive(folder, {FRIEND: talk, OTHER: chatter(300, seed=8), "Few": chatter(20)})


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory, archive: Path) -> House:
    """The repository as it stands in the work tree, committed with tiny params."""
    house = committed(ROOT, tmp_path_factory.mktemp("origin"), tmp_path_factory.mktemp("home"), results=False)
    for section, values in TINY.items():
        house.set(section, **values)
    house.set("parse", archive=str(archive))
    house.commit("tiny params")
    return house


@pytest.fixture(scope="module")
def house(origin: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A fresh clone in which the pipeline ran once, and the result was committed."""
    clone = origin.clone(tmp_path_factory.mktemp("clone") / "friend's bot")
    said = clone.dvc("repro")
    assert "Running stage 'evaluate'" in said
    clone.commit("the result")
    yield clone
    clone.dvc("queue", "stop", "--kill")


def test_a_repro_makes_every_file_and_a_second_one_nothing(house: House) -> None:
    before = house.outs()
    assert set(before) == {
        "data/encoded/about.json",
        "data/encoded/test.npy",
        "data/encoded/train.npy",
        "data/encoded/valid.npy",
        "data/encoded/vocabulary.json",
        "data/messages.parquet",
        "data/thread.parquet",
        "models/friend/card.json",
        "models/friend/evaluation.json",
        "models/friend/model.json",
        "models/friend/vocabulary.json",
        "models/friend/weights.npz",
        "reports/decoding.csv",
        "reports/filter-examples.txt",
        "reports/filter.json",
        "reports/history.csv",
        "reports/likeness.csv",
        "reports/metrics.json",
        "reports/report.html",
        "reports/samples.md",
        "reports/sessions.csv",
    }
    assert "Data and pipelines are up to date." in house.dvc("repro")
    assert house.outs() == before
    assert house.git("status", "--porcelain") == ""


def test_what_identifies_is_gone_before_anything_is_learned(house: House) -> None:
    said = [line.text for line in dialogue.read(house.root / "data/thread.parquet")]
    assert "write to [email] 😂" in said
    assert not any("example.org" in text for text in said)
    assert json.loads((house.root / "reports/filter.json").read_text())["redacted"] == {"email": 1}


def leaves(tree: object) -> Iterator[object]:
    """The values at the ends of nested mappings."""
    if isinstance(tree, dict):
        for branch in tree.values():
            yield from leaves(branch)
    else:
        yield tree


def test_git_holds_numbers_and_no_words_of_the_archive(house: House) -> None:
    tracked = house.git("ls-files", "data", "models", "reports", "checkpoints").split()
    assert {name for name in tracked if not name.startswith("data/demo/")} == {
        "reports/filter.json",
        "reports/metrics.json",
    }
    counts, metrics = (
        json.loads((house.root / "reports" / name).read_text()) for name in ("filter.json", "metrics.json")
    )
    assert all(isinstance(leaf, int | float) for report in (counts, metrics) for leaf in leaves(report))
    assert counts["kept"] == 400
    assert metrics["test"]["friend"]["bits_per_char"] > 0
    assert metrics["baseline"]["unigram"]["bits_per_char"] > 0


def test_a_fresh_clone_gets_the_same_bytes_and_stays_clean(house: House, tmp_path: Path) -> None:
    clone = house.clone(tmp_path / "again")
    clone.dvc("repro")
    assert clone.git("status", "--porcelain") == ""
    assert clone.outs() == house.outs()


@pytest.mark.soak
def test_killed_in_training_and_started_again_ends_in_the_same_bytes(house: House, tmp_path: Path) -> None:
    whole, killed = house.clone(tmp_path / "whole"), house.clone(tmp_path / "killed")
    for clone in (whole, killed):
        clone.set("train", epochs=4, seed=5)
        clone.dvc("repro", "encode")
    whole.run(sys.executable, "stages/train.py")
    process = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro"],
        cwd=killed.root,
        env=killed.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not {"epoch-0001", "epoch-0002"} & {path.name for path in killed.root.glob("checkpoints/*/epoch-*")}:
        assert process.poll() is None, "training ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (killed.root / "models" / "friend").exists() or not any((killed.root / "models" / "friend").iterdir())
    talked = killed.run(sys.executable, "src/chat.py", "--once", "Did you sleep?", "--seed", "1")
    assert f"no finished model yet: this is {FRIEND} in checkpoint" in talked

    assert "going on after epoch" in killed.dvc("repro")
    made, expected = killed.outs(), whole.outs()
    trained = {"reports/history.csv", *(f"models/friend/{name}" for name in weights.FILES)}
    assert {name: made[name] for name in trained} == {name: expected[name] for name in trained}
    assert "seed" in killed.dvc("params", "diff")
    assert "test.friend.bits_per_char" in killed.dvc("metrics", "diff")


def test_another_friend_and_back_without_training_again(house: House) -> None:
    first = house.outs()
    said = house.dvc("exp", "run", "-n", "other", "-S", f"filter.friend='{OTHER.replace(chr(39), chr(92) + chr(39))}'")
    assert "Running stage 'train'" in said
    assert json.loads((house.root / "models" / "friend" / "card.json").read_text())["friend"] == OTHER
    trainings = house.epochs_kept()
    assert len(trainings) == 2

    said = house.dvc("exp", "run", "-S", f"filter.friend='{FRIEND}'")
    assert "Running stage 'train'" not in said
    assert house.epochs_kept() == trainings
    assert house.outs() == first
    shown = house.dvc("exp", "show", "--csv")
    assert "other" in shown
    assert "test.friend.bits_per_char" in shown


@pytest.mark.soak
def test_queued_experiments_train_beside_each_other(house: House) -> None:
    house.dvc("exp", "run", "--queue", "-S", "model.units=8,12")
    house.dvc("queue", "start", "-j", "1")
    deadline = time.monotonic() + 180
    while (status := house.dvc("queue", "status")).count("Success") < 2:
        assert "Failed" not in status, status + house.dvc("queue", "logs", status.split()[0])
        assert time.monotonic() < deadline, status
        time.sleep(1)
    rows = csv.DictReader(house.dvc("exp", "show", "--csv").splitlines())
    assert {"8", "12"} <= {row["model.units"] for row in rows}


def test_plots_and_the_picture_of_the_pipeline(house: House) -> None:
    house.dvc("plots", "show", "--out", "dvc_plots")
    page = (house.root / "dvc_plots" / "index.html").read_text(encoding="utf-8")
    for name in ("train_bits_per_char", "valid_bits_per_char", "train_loss", "valid_loss"):
        assert name in page
    picture = house.dvc("dag", "--dot")
    arrows = {("parse", "filter"), ("filter", "encode"), ("encode", "train"), ("train", "evaluate")}
    assert all(f'"{one}" -> "{other}"' in picture for one, other in arrows)


ONE_LINE = [
    ("parse", "parse", {"archive": "/no/such/place"}, "parse: /no/such/place does not exist"),
    ("filter", "filter", {"friend": "Zoe Angstrom Junior"}, "filter: there is no thread with Zoe Angstrom Junior"),
    (
        "filter",
        "filter",
        {"friend": "Few"},
        "filter: the thread with Few cannot be learned from: it holds 20 typed messages and 100",
    ),
    (
        "encode",
        "train",
        {"sequence_lenght": 9},
        "encode: params.yaml: train.sequence_lenght is not a param; did you mean",
    ),
    ("train", "train", {"epochs": "many"}, "train: params.yaml: train.epochs should be a valid integer, but is 'many'"),
]


@pytest.mark.parametrize(("stage", "section", "values", "message"), ONE_LINE)
def test_a_mistake_is_one_line_and_leaves_no_half_written_file(
    house: House, tmp_path: Path, stage: str, section: str, values: dict[str, object], message: str
) -> None:
    clone = house.clone(tmp_path / "clone")
    for name in ("data/messages.parquet", "data/thread.parquet"):
        shutil.copy(house.root / name, clone.root / name)
    clone.set(section, **values)
    before = clone.outs()
    said = clone.run(sys.executable, f"stages/{stage}.py", status=2)
    assert said.startswith(message)
    assert said.count("\n") == 1
    assert clone.outs() == before


def test_a_model_of_another_vocabulary_is_not_measured(house: House, tmp_path: Path) -> None:
    clone = house.clone(tmp_path / "clone")
    for name in ("data/thread.parquet", "data/encoded", "models/friend"):
        source = house.root / name
        (clone.root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, clone.root / name) if source.is_dir() else shutil.copy(source, clone.root / name)
    clone.set("encode", vocabulary_size=290)
    clone.run(sys.executable, "stages/encode.py")
    before = clone.outs()
    assert clone.run(sys.executable, "stages/evaluate.py", status=2) == (
        "evaluate: models/friend was trained with another vocabulary than data/encoded; run `dvc repro`\n"
    )
    assert clone.outs() == before
