import csv
import json
import os
import shutil
from pathlib import Path

import pytest
from conftest import MODEL, TRAIN, Trainer

from friendbot import checkpoints, training, weights
from friendbot.errors import ModelError
from friendbot.progress import Progress


class KilledError(Exception):
    """Stands for the end of the process: nothing after it runs."""


def stop_after(monkeypatch: pytest.MonkeyPatch, epoch: int) -> None:
    """End the training right after an epoch's checkpoint was written."""
    say = Progress.say

    def fatal(self: Progress, line: str) -> None:
        say(self, line)
        if line.startswith(f"epoch {epoch}/") and "train" in line:
            raise KilledError

    monkeypatch.setattr(Progress, "say", fatal)


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
    (run,) = (trained / "checkpoints").iterdir()
    assert sorted(path.name for path in run.glob("epoch-*")) == ["epoch-0002", "epoch-0003"]


def test_training_again_gives_the_same_bytes(trained: Path, trainer: Trainer, tmp_path: Path) -> None:
    published = {path.name: path.read_bytes() for path in (trained / "model").iterdir()}
    assert trainer(tmp_path) == published


@pytest.mark.parametrize("epoch", [1, 2])
def test_interrupted_and_resumed_equals_uninterrupted(
    trained: Path, trainer: Trainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, epoch: int
) -> None:
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        stop_after(patch, epoch)
        trainer(tmp_path)
    assert not (tmp_path / "model").exists()
    assert trainer(tmp_path) == {path.name: path.read_bytes() for path in (trained / "model").iterdir()}
    assert (tmp_path / "history.csv").read_bytes() == (trained / "history.csv").read_bytes()
    assert json.loads((tmp_path / "timing.json").read_text())["train"]["epochs"] == 3 - epoch


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
    assert trainer(tmp_path) == {path.name: path.read_bytes() for path in (trained / "model").iterdir()}
    assert f"checkpoint {newest} is damaged; going on from before epoch-0002" in capfd.readouterr().err


def test_patience_ends_it(trainer: Trainer, tmp_path: Path) -> None:
    trainer(tmp_path, settings=TRAIN.model_copy(update={"epochs": 9, "patience": 1, "learning_rate": 1.0}))
    epochs = (tmp_path / "history.csv").read_text().count("\n") - 1
    card = json.loads((tmp_path / "model" / "card.json").read_text())
    assert epochs == card["epoch"] + 1 < 9


def test_a_loss_that_is_no_number_says_what_to_do(trainer: Trainer, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"lower train\.learning_rate"):
        trainer(tmp_path, settings=TRAIN.model_copy(update={"learning_rate": 3e38}))


def test_the_fingerprint_changes_with_all_that_decides_the_result(encoded: Path, tmp_path: Path) -> None:
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
    assert len({mark(), *changes}) == 6


def test_two_trainings_never_write_one_folder(tmp_path: Path) -> None:
    with (
        checkpoints.Checkpoints(tmp_path, "run", 2),
        pytest.raises(ModelError, match=rf"another training \(process {os.getpid()}\) writes .*/run; wait for it"),
        checkpoints.Checkpoints(tmp_path, "run", 2),
    ):
        pass
    with checkpoints.Checkpoints(tmp_path, "run", 2):
        pass


def test_a_finished_run_is_not_resumed(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "checkpoints", tmp_path / "checkpoints")
    (run,) = (tmp_path / "checkpoints").iterdir()
    with checkpoints.Checkpoints(tmp_path / "checkpoints", run.name, 2) as kept:
        assert kept.latest() is None


def test_what_a_killed_writer_left_is_swept(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "checkpoints", tmp_path / "checkpoints")
    (run,) = (tmp_path / "checkpoints").iterdir()
    (run / checkpoints.FINISHED).unlink()
    (run / ".epoch-0004.tmp").mkdir()
    with checkpoints.Checkpoints(tmp_path / "checkpoints", run.name, 2) as kept:
        latest = kept.latest()
    assert latest is not None
    assert latest.epoch == 3
    assert not (run / ".epoch-0004.tmp").exists()
