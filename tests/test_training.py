import csv
import hashlib
import json
import os
import random
import re
import shutil
from pathlib import Path

import pytest
from conftest import MODEL, TRAIN, Trainer
from test_dvc_yaml import modules

from friendbot import checkpoints, files, monitor, progress, training, weights
from friendbot.errors import ModelError
from friendbot.progress import Progress


class KilledError(Exception):
    """Stands for the end of the process: nothing after it runs."""


def stop_after(monkeypatch: pytest.MonkeyPatch, epoch: int) -> None:
    """End the training right after an epoch's checkpoint was written."""
    say = Progress.say

    def fatal(self: Progress, line: str, cut: bool = False) -> None:
        say(self, line, cut)
        if line.startswith(f"epoch {epoch}/") and "train" in line:
            raise KilledError

    monkeypatch.setattr(Progress, "say", fatal)


def published(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "model").iterdir())}


def test_it_learns_and_publishes_the_best_epoch(trained: Path) -> None:
    with (trained / "history.csv").open() as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert rows[-1]["valid_bits_per_char"] < 0.7 * rows[0]["valid_bits_per_char"]
    card = weights.load(trained / "model").card
    assert card["epoch"] == min(rows, key=lambda row: row["valid_loss"])["epoch"]
    assert (card["friend"], card["messages"]["train"]) == ("Zoë Ångström", 320)
    assert json.loads((trained / "timing.json").read_text())["train"]["epochs"] == 3


def test_the_latest_checkpoints_and_the_best_are_kept(trained: Path) -> None:
    assert sorted(path.name for path in trained.glob("checkpoints/*/epoch-*")) == ["epoch-0002", "epoch-0003"]


def test_training_again_gives_the_same_bytes(trained: Path, trainer: Trainer, tmp_path: Path) -> None:
    assert trainer(tmp_path) == published(trained)


@pytest.mark.parametrize("epoch", [1, 2])
def test_interrupted_and_resumed_equals_uninterrupted(
    trained: Path,
    trainer: Trainer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    epoch: int,
) -> None:
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        stop_after(patch, epoch)
        trainer(tmp_path)
    assert not (tmp_path / "model").exists()
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    capfd.readouterr()
    assert trainer(tmp_path) == published(trained)
    assert (tmp_path / "history.csv").read_bytes() == (trained / "history.csv").read_bytes()
    assert json.loads((tmp_path / "timing.json").read_text())["train"]["epochs"] == 3 - epoch
    lines = [line for line in capfd.readouterr().err.splitlines() if "  left " in line]
    assert len(lines) > 40
    for line in lines:
        assert (found := LINE.fullmatch(line)), line
        assert int(found["epoch"]) > epoch
        assert found["left"] == found["all"] if found["epoch"] == "3" else found["left"] <= found["all"]


LINE = re.compile(
    r"epoch (?P<epoch>[23])/3  \d+/4[3-9]  left (?P<left>\d:\d\d), all <(?P<all>\d:\d\d)"
    r"  train \d\.\d{3}  best \d\.\d{3}  [\d,]+ char/s"
)


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(
    trained: Path, trainer: Trainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        stop_after(patch, 2)
        trainer(tmp_path)
    (newest,) = (tmp_path / "checkpoints").glob("*/epoch-0002")
    content = bytearray((newest / checkpoints.STATE).read_bytes())
    content[len(content) // 2] ^= 1
    (newest / checkpoints.STATE).write_bytes(content)
    assert trainer(tmp_path) == published(trained)
    assert f"checkpoint {newest} is damaged; going on from before epoch-0002" in capfd.readouterr().err


def test_patience_ends_it(trainer: Trainer, tmp_path: Path) -> None:
    no_steps = {"epochs": 9, "patience": 2, "learning_rate": 1e-30}
    trainer(tmp_path, settings=TRAIN.model_copy(update=no_steps))
    assert (tmp_path / "history.csv").read_text().count("\n") - 1 == 3
    assert json.loads((tmp_path / "model" / "card.json").read_text())["epoch"] == 1


def test_a_loss_that_is_no_number_says_what_to_do(trainer: Trainer, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"lower train\.learning_rate"):
        trainer(tmp_path, settings=TRAIN.model_copy(update={"learning_rate": 3e38}))


def test_the_fingerprint_changes_with_all_that_decides_the_result(
    encoded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mark(
        data: Path = encoded, model: dict[str, object] | None = None, train: dict[str, object] | None = None
    ) -> str:
        return training.fingerprint(data, MODEL.model_copy(update=model or {}), TRAIN.model_copy(update=train or {}))

    other = Path(shutil.copytree(encoded, tmp_path / "encoded"))
    assert mark(other) == mark()
    assert mark(train={"keep_checkpoints": 9}) == mark()
    with (other / "vocabulary.json").open("a") as file:
        file.write(" ")
    changes = [
        mark(other),
        mark(model={"units": 17}),
        mark(train={"seed": 2}),
        mark(train={"epochs": 4}),
        mark(train={"threads": 1}),
    ]
    with monkeypatch.context() as patch:
        patch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
        changes.append(mark())
    digest = files.sha256
    for source in training.SOURCES:
        with monkeypatch.context() as patch:
            patch.setattr(files, "sha256", lambda path, source=source: digest(path)[path.name == source :])
            changes.append(mark())
    assert len({mark(), *changes}) == 1 + len(changes)


def test_every_module_that_decides_the_weights_is_in_the_fingerprint() -> None:
    shown = Path(monitor.__file__)
    used = {path.name for path in modules(Path(training.__file__), {shown}) - {shown}}
    deciding = {*training.SOURCES} - {"training.py"}
    assert used == deciding | {"__init__.py", "errors.py", "files.py", "interrupts.py", "params.py"}


def test_two_trainings_never_write_to_one_place(tmp_path: Path) -> None:
    with (
        checkpoints.Checkpoints(tmp_path, "run", 2),
        pytest.raises(ModelError, match=rf"another training \(process {os.getpid()}\) writes to .*; wait for it"),
        checkpoints.Checkpoints(tmp_path, "another", 2),
    ):
        pass
    assert not (tmp_path / "another").exists()
    with checkpoints.Checkpoints(tmp_path, "another", 2):
        pass


def test_a_training_that_had_ended_is_published_again(
    trained: Path, trainer: Trainer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained / "checkpoints", tmp_path / "checkpoints")
    assert trainer(tmp_path) == published(trained)
    said = capfd.readouterr().err
    assert "this training had ended; publishing its best epoch" in said
    assert "epoch 1/3" not in said
    assert (tmp_path / "history.csv").read_bytes() == (trained / "history.csv").read_bytes()


def test_what_dvc_has_recorded_is_trained_anew(
    trained: Path, trainer: Trainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained / "checkpoints", tmp_path / "checkpoints")
    digest = hashlib.md5((trained / "model" / "weights.npz").read_bytes(), usedforsecurity=False).hexdigest()
    (tmp_path / "dvc.lock").write_text(f"    - path: models/friend/weights.npz\n      md5: {digest}\n")
    monkeypatch.chdir(tmp_path)
    assert trainer(tmp_path) == published(trained)
    assert "epoch 1/3" in capfd.readouterr().err


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    """The folder of the trained model's checkpoints, to be changed."""
    shutil.copytree(trained / "checkpoints", tmp_path / "checkpoints")
    (run,) = (path for path in (tmp_path / "checkpoints").iterdir() if path.is_dir())
    return run


def latest(run: Path) -> checkpoints.Checkpoint | None:
    with checkpoints.Checkpoints(run.parent, run.name, 2) as kept:
        return kept.latest()


CHECKPOINT = (*weights.FILES, checkpoints.STATE, checkpoints.HISTORY, weights.CHECKSUMS)


def test_a_checkpoint_is_exactly_the_files_that_are_checked(copied: Path) -> None:
    assert {path.name for path in (copied / "epoch-0003").iterdir()} == {*CHECKPOINT}


@pytest.mark.parametrize("name", CHECKPOINT)
def test_a_flipped_bit_or_a_cut_in_any_file_is_seen(copied: Path, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    file = copied / "epoch-0003" / name
    whole = file.read_bytes()
    draw = random.Random(name)
    for damaged in [whole[: draw.randrange(len(whole))], b"", flipped(whole, draw.randrange(8 * len(whole)))]:
        shutil.copytree(copied, copied.parent / "run")
        (copied.parent / "run" / "epoch-0003" / name).write_bytes(damaged)
        found = latest(copied.parent / "run")
        assert found is not None
        assert (found.epoch, len(found.history)) == (2, 2)
        assert "run/epoch-0003 is damaged; going on from before epoch-0003" in capfd.readouterr().err
        shutil.rmtree(copied.parent / "run")


def test_no_flipped_bit_of_the_checksums_is_overlooked(copied: Path) -> None:
    file = copied / "epoch-0003" / weights.CHECKSUMS
    whole = file.read_bytes()
    for bit in range(0, 8 * len(whole), 7):
        file.write_bytes(flipped(whole, bit))
        assert not weights.whole(file.parent), bit


def flipped(content: bytes, bit: int) -> bytes:
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_with_its_best_checkpoint_damaged_a_later_one_is_of_no_use(
    copied: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for epoch, losses in enumerate([[1.0], [1.0, 3.0], [1.0, 3.0, 2.0]], start=1):
        folder = copied / f"epoch-{epoch:04d}"
        if epoch < 3:
            shutil.copytree(copied / "epoch-0003", folder, dirs_exist_ok=True)
        history = json.loads((folder / checkpoints.HISTORY).read_text())[:epoch]
        rows = [{**row, "valid_loss": loss} for row, loss in zip(history, losses, strict=True)]
        (folder / checkpoints.HISTORY).write_text(json.dumps(rows))
        checksums = json.loads((folder / weights.CHECKSUMS).read_text())
        checksums["sha256"][checkpoints.HISTORY] = files.sha256(folder / checkpoints.HISTORY)
        (folder / weights.CHECKSUMS).write_text(json.dumps(checksums))
    best = copied / "epoch-0001"
    found = latest(copied)
    assert found is not None
    assert (found.epoch, best.exists()) == (3, True)
    (best / "weights.npz").write_bytes(b"")
    assert latest(copied) is None
    said = capfd.readouterr().err.splitlines()
    assert said == [f"checkpoint {best} is damaged; going on from before epoch-000{epoch}" for epoch in (3, 2, 1)]


def test_a_best_checkpoint_that_is_damaged_at_the_end_is_not_published(copied: Path, tmp_path: Path) -> None:
    with checkpoints.Checkpoints(copied.parent, copied.name, 2) as kept:
        (copied / "epoch-0003" / "weights.npz").write_bytes(b"")
        with pytest.raises(ModelError, match=r"epoch-0003 was damaged meanwhile; `dvc repro` goes on from before it"):
            kept.publish(3, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_what_a_killed_writer_left_is_swept(copied: Path) -> None:
    (copied / ".epoch-0004.tmp").mkdir()
    found = latest(copied)
    assert found is not None
    assert found.epoch == 3
    assert not (copied / ".epoch-0004.tmp").exists()


def test_checkpoints_of_the_latest_trainings_are_kept_and_nothing_else_is_touched(tmp_path: Path) -> None:
    names = [f"{number:016x}" for number in range(checkpoints.TRAININGS + 2)]
    for age, name in enumerate([*names, "audit"]):
        (tmp_path / name / "epoch-0001").mkdir(parents=True)
        os.utime(tmp_path / name, (1_000_000 - age, 1_000_000 - age))
    with checkpoints.Checkpoints(tmp_path, names[-1], 2):
        kept = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert kept == {*names[: checkpoints.TRAININGS - 1], names[-1], "audit"}
