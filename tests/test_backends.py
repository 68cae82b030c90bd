"""The same training on TensorFlow, JAX and PyTorch, each in processes of its own.

`FRIENDBOT_BACKENDS` may name another Python that has JAX or PyTorch, with Keras and what the training imports.
"""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import MODEL, ROOT, TRAIN

from friendbot import weights
from friendbot.inference import Network

BACKENDS = ("tensorflow", "jax", "torch")
PYTHONS = [sys.executable, *filter(None, [os.environ.get("FRIENDBOT_BACKENDS")])]

TRAINING = """
import json, sys
from pathlib import Path
from friendbot import checkpoints, training
from friendbot.backend import keras
from friendbot.params import ModelParams, TrainParams

settings = json.loads(sys.argv[1])
params = {"model_params": ModelParams(**settings["model"]), "train_params": TrainParams(**settings["train"])}
encoded = Path(settings["encoded"])

def train(folder):
    training.train(
        encoded=encoded, published=folder / "model", history=folder / "history.csv", timing=folder / "timing.json",
        checkpoints=folder / "checkpoints", **params,
    )

class KilledError(BaseException): pass

def killed(*arguments):
    save(*arguments)
    raise KilledError

train(Path("whole"))
train(Path("again"))
save, checkpoints.Checkpoints.save = checkpoints.Checkpoints.save, killed
try:
    train(Path("resumed"))
except KilledError:
    checkpoints.Checkpoints.save = save
train(Path("resumed"))
config = keras.config
print(json.dumps({
    "fingerprint": training.fingerprint(encoded, **params),
    "keras": [config.backend(), config.floatx(), config.epsilon(), config.image_data_format()],
    "tensorflow": "tensorflow.python" in sys.modules,
}))
"""

LOGITS = """
import sys
from pathlib import Path
import numpy as np
from friendbot import backend, model, weights

backend.setup(2)
ids = np.load(sys.argv[1])
for folder in map(Path, sys.argv[2:]):
    saved = weights.load(folder)
    network = model.build(saved.architecture, batch_size=len(ids), sequence_length=ids.shape[1] // 2)
    model.set_weights(network, saved.weights)
    halves = [network.predict_on_batch(half) for half in np.split(ids, 2, axis=1)]
    np.save(f"{folder.parent.parent.name}.npy", np.concatenate(halves, axis=1))
"""

FUSED = """
import sys
import numpy as np
from friendbot import accelerator, backend, model
from friendbot.backend import keras
from friendbot.weights import Architecture

backend.setup(2)
ids = np.random.default_rng(1).integers(0, 9, (4 * 10, 6)).astype(np.int32)
found = []
for together in (1, 4):
    keras.utils.set_random_seed(1)
    network = model.build(Architecture(9, 5, 2, 8, 0.3), 4, 6)
    model.seed_dropout(network, 1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile("adam", loss, jit_compile=backend.COMPILED, steps_per_execution=together)
    network.fit(ids, ids[:, ::-1], batch_size=4, epochs=2, shuffle=False, verbose=0)
    found.append(model.get_weights(network))
assert not accelerator.uses_cudnn(network)
print(max(float(np.abs(found[0][name] - found[1][name]).max()) for name in found[0]))
"""


@cache
def python(backend: str) -> str:
    """The Python that has a backend; skips the test where none has."""
    for candidate in PYTHONS:
        code = f"from importlib.util import find_spec; print(find_spec('{backend}') and find_spec('keras'))"
        if subprocess.check_output([candidate, "-c", code], text=True).strip() != "None":
            return candidate
    pytest.skip(f"{backend} is not installed here, nor for FRIENDBOT_BACKENDS={PYTHONS[1:]}")


def run(code: str, *arguments: str, backend: str, folder: Path) -> str:
    """Run Python code under a backend, with a `keras.json` that would have it otherwise."""
    home = folder / "home"
    (home / ".keras").mkdir(parents=True, exist_ok=True)
    config = {"backend": "numpy", "floatx": "float16", "epsilon": 0.5, "image_data_format": "channels_first"}
    (home / ".keras" / "keras.json").write_text(json.dumps(config))
    environment = {**os.environ, "KERAS_BACKEND": backend, "HOME": str(home), "PYTHONPATH": str(ROOT / "src")}
    environment.pop("KERAS_HOME", None)
    result = subprocess.run(
        [python(backend), "-c", code, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="session")
def trainings(encoded: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Gives, for a backend, the folder of its trainings `whole`, `again` and `resumed`, and what they told."""
    settings = {"encoded": str(encoded), "model": MODEL.model_dump(), "train": {**TRAIN.model_dump(), "epochs": 2}}

    @cache
    def trained(backend: str) -> tuple[Path, dict[str, Any]]:
        python(backend)
        folder = tmp_path_factory.mktemp("trainings") / backend
        folder.mkdir()
        told = run(TRAINING, json.dumps(settings), backend=backend, folder=folder)
        return folder, json.loads(told.splitlines()[-1])

    return trained


def published(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "model").iterdir())}


@pytest.mark.soak
@pytest.mark.parametrize("backend", BACKENDS)
def test_training_again_and_a_resumed_training_give_the_same_bytes(backend: str, trainings: Any) -> None:
    folder, _ = trainings(backend)
    assert published(folder / "again") == published(folder / "whole")
    assert published(folder / "resumed") == published(folder / "whole")


@pytest.mark.soak
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_variable_alone_decides_and_tensorflow_is_imported_for_itself_alone(backend: str, trainings: Any) -> None:
    _, told = trainings(backend)
    assert told["keras"] == [backend, "float32", 1e-7, "channels_last"]
    assert told["tensorflow"] == (backend == "tensorflow")


@pytest.mark.soak
@pytest.mark.parametrize("backend", BACKENDS)
def test_what_any_backend_trained_gives_the_same_logits_here_as_in_numpy(
    backend: str, trainings: Any, tmp_path: Path
) -> None:
    python(backend)
    ids = np.random.default_rng(1).integers(0, 260, (2, 40)).astype(np.int32)
    np.save(tmp_path / "ids.npy", ids)
    models = {}
    for other in BACKENDS:
        try:
            models[other] = trainings(other)[0] / "whole" / "model"
        except pytest.skip.Exception:
            continue
    run(LOGITS, "ids.npy", *map(str, models.values()), backend=backend, folder=tmp_path)
    for other, folder in models.items():
        network = Network(weights.load(folder))
        expected = np.stack([network.read(network.initial(), text)[1] for text in ids])
        assert np.abs(np.load(tmp_path / f"{other}.npy") - expected).max() < 1e-4


@pytest.mark.soak
def test_the_fingerprint_differs_by_backend(trainings: Any) -> None:
    marks = []
    for backend in BACKENDS:
        try:
            marks.append(trainings(backend)[1]["fingerprint"])
        except pytest.skip.Exception:
            continue
    if len(marks) < 2:
        pytest.skip("one backend is installed here")
    assert len(set(marks)) == len(marks)


@pytest.mark.soak
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_steps_in_one_launch_train_as_steps_one_by_one(backend: str, tmp_path: Path) -> None:
    assert float(run(FUSED, backend=backend, folder=tmp_path)) < 1e-6


@pytest.mark.parametrize(
    ("backend", "hidden", "said"),
    [
        ("theano", None, "KERAS_BACKEND is 'theano'; set it to tensorflow, jax, torch, or unset it for tensorflow"),
        ("torch", "torch", "torch is not installed; run `pip install torch`, or unset KERAS_BACKEND to train on"),
        ("", "tensorflow", "tensorflow is not installed; run `make setup`"),
    ],
)
def test_a_backend_that_is_unknown_or_missing_is_one_line(
    backend: str, hidden: str | None, said: str, tmp_path: Path
) -> None:
    code = (
        f"import sys; sys.argv = ['train.py']; sys.modules[{hidden!r}] = None\n"
        "from friendbot import errors; errors.run(lambda: __import__('friendbot.backend'))"
    )
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT / "src")}
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr.startswith(f"train: {said}")
    assert result.stderr.count("\n") == 1


def test_on_a_gpu_what_rules_cudnn_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from friendbot import accelerator, backend
    from friendbot.backend import keras

    backend.setup(TRAIN.threads)
    ids = keras.Input(batch_shape=(2, 3), dtype="int32")
    hidden = keras.layers.Embedding(5, 4)(ids)
    hidden = keras.layers.LSTM(4, return_sequences=True, unroll=True, recurrent_dropout=0.1, name="first")(hidden)
    hidden = keras.layers.LSTM(4, activation="relu", name="second")(hidden)
    network = keras.Model(ids, hidden)
    assert accelerator.without_cudnn(network) is None
    monkeypatch.setattr(backend, "gpu", lambda: "a GPU")
    assert accelerator.without_cudnn(network) == (
        "the GPU trains without cuDNN's LSTM, many times slower: first has recurrent_dropout, not 0; "
        "first has unroll=True; second has activation=relu, not tanh"
    )
