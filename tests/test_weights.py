import json
import os
import shutil
import threading
from pathlib import Path

import pytest

from friendbot import checkpoints, weights
from friendbot.errors import ModelError


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained / "model", tmp_path / "model"))


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        weights.load(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} is not a model folder (model.json, weights.npz, vocabulary.json, card.json missing); "
        "`dvc repro` makes one"
    )


@pytest.mark.parametrize("name", weights.FILES)
def test_a_file_cut_short_is_named_as_damage(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match="damaged"):
        weights.load(folder)


def test_a_vocabulary_of_the_same_size_but_another_training_is_refused(folder: Path) -> None:
    data = json.loads((folder / "vocabulary.json").read_text())
    data["pieces"][0], data["pieces"][1] = data["pieces"][1], data["pieces"][0]
    (folder / "vocabulary.json").write_text(json.dumps(data))
    with pytest.raises(ModelError, match="is not the one its model was trained with"):
        weights.load(folder)


def test_weights_of_another_shape_are_refused(folder: Path) -> None:
    data = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**data, "units": 17}))
    with pytest.raises(ModelError, match=r"do not fit its model\.json"):
        weights.load(folder)


def test_a_newer_format_is_refused(folder: Path) -> None:
    data = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**data, "format": 2}))
    with pytest.raises(ModelError, match="has format 2, this friendbot reads up to 1; update friendbot"):
        weights.load(folder)


def test_the_newest_whole_checkpoint_is_found(trained: Path, tmp_path: Path) -> None:
    root = tmp_path / "checkpoints"
    shutil.copytree(trained / "checkpoints", root)
    epochs = sorted(root.glob("*/epoch-*"))
    for age, epoch in enumerate(epochs):
        os.utime(epoch / weights.CHECKSUMS, ns=(age, age))
    assert weights.newest(root) == epochs[-1]
    assert weights.newest(root / epochs[-1].parent.name) == epochs[-1]
    (epochs[-1] / "weights.npz").write_bytes(b"cut short")
    assert weights.newest(root) == epochs[-2]
    assert weights.newest(epochs[0]) == epochs[0]


def test_no_checkpoint_at_all(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        weights.newest(tmp_path / "checkpoints")
    with pytest.raises(ModelError, match="there is no model in"):
        weights.newest(tmp_path)


def test_a_reader_beside_a_training_never_sees_half_a_checkpoint(trained: Path, tmp_path: Path) -> None:
    """One thread writes, renames and prunes as a training does, another loads the newest all the while."""
    (source,) = (trained / "checkpoints").glob("*/epoch-0003")
    saved = weights.load(source)
    state = weights.load_arrays(source / checkpoints.STATE)
    history = [{"epoch": 1, "valid_loss": 1.0}]

    def write(kept: checkpoints.Checkpoints) -> None:
        for epoch in range(2, 60):
            history.append({"epoch": epoch, "valid_loss": 1.0 / epoch})
            kept.save(history, saved.architecture, saved.weights, saved.vocabulary, saved.card, state)

    with checkpoints.Checkpoints(tmp_path, "run", keep=1) as kept:
        kept.save(history, saved.architecture, saved.weights, saved.vocabulary, saved.card, state)
        writer = threading.Thread(target=write, args=(kept,))
        writer.start()
        seen = set()
        while writer.is_alive():
            seen.add(weights.load_newest(tmp_path).folder.name)
        writer.join()
    assert len(seen) > 1
    assert weights.newest(tmp_path).name == "epoch-0059"
