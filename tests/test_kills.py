"""Trainings that are ended at any instant, by a kill, by Ctrl-C or by a full disk, and started again."""

import errno
import itertools
import multiprocessing
import os
import random
import resource
import runpy
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import MODEL, ROOT, TRAIN, train
from ruamel.yaml import YAML

from friendbot import errors, weights

Act = Callable[[], object]
Start = Callable[..., ForkServerProcess]
Bytes = Mapping[str, bytes]


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


# ---- The real stage, in processes forked from one that has imported TensorFlow already -------------------------------


@pytest.fixture(scope="module")
def processes() -> Iterator[Start]:
    """Starts a function of this module in a process of its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["test_kills", "friendbot.training"])

    def start(function: Callable[..., None], *arguments: object) -> ForkServerProcess:
        process = context.Process(target=function, args=arguments)
        process.start()
        return process

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")]))
        yield start


@pytest.fixture
def house(encoded: Path, tmp_path: Path) -> Path:
    """Where the train stage can run, with the params of the fixture `trained`."""
    shutil.copytree(encoded, tmp_path / "data" / "encoded")
    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    params["model"], params["train"] = MODEL.model_dump(), TRAIN.model_dump()
    yaml.dump(params, tmp_path / "params.yaml")
    return tmp_path


def stage(folder: Path, act: Act | None = None, event: str = "", path: str = "") -> None:
    """Run stages/train.py; `act` right before the first operation on files with this event and a path that ends so."""
    os.chdir(folder)
    log = os.open("stderr", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 2)
    if act:
        due = [act]

        def hook(name: str, arguments: tuple[Any, ...]) -> None:
            if due and name == event and any(str(argument).endswith(path) for argument in arguments):
                due.pop()()

        sys.addaudithook(hook)
    sys.argv = [str(ROOT / "stages" / "train.py")]
    runpy.run_path(sys.argv[0], run_name="__main__")


def results(model: Path, history: Path) -> dict[str, bytes]:
    """What a training makes, by name."""
    return {path.name: path.read_bytes() for path in [*model.iterdir(), history]}


def ends_alike(house: Path, trained: Path) -> bool:
    made = results(house / "models" / "friend", house / "reports" / "history.csv")
    return made == results(trained / "model", trained / "history.csv")


def outcome(process: ForkServerProcess) -> int | None:
    process.join()
    return process.exitcode


def until_it_says(processes: Start, house: Path, words: str) -> ForkServerProcess:
    """A training that has just written these words to stderr."""
    log = house / "stderr"
    log.unlink(missing_ok=True)
    training = processes(stage, house)
    while not log.exists() or words not in log.read_text():
        assert training.is_alive()
        time.sleep(0.01)
    return training


def test_killed_while_it_writes_learns_prunes_and_publishes_it_makes_the_same_bytes(
    processes: Start, house: Path, trained: Path
) -> None:
    assert outcome(processes(stage, house, kill, "os.rename", "/epoch-0001")) == -signal.SIGKILL
    training = until_it_says(processes, house, "epoch 1/3  train")
    training.kill()
    assert outcome(training) == -signal.SIGKILL
    for path in (".epoch-0001.old.tmp", "friend/weights.npz"):
        assert outcome(processes(stage, house, kill, "os.rename", path)) == -signal.SIGKILL, path
    assert outcome(processes(stage, house)) == 0
    assert "this training had ended; publishing its best epoch" in (house / "stderr").read_text()
    assert ends_alike(house, trained)


STOPPED = [
    "stopped; `dvc repro` goes on after the last finished epoch",
    "meanwhile `python src/chat.py --save-dir checkpoints` talks to the newest",
]


def test_ctrl_c_says_how_to_go_on_and_costs_one_epoch_at_most(processes: Start, house: Path, trained: Path) -> None:
    training = until_it_says(processes, house, "at most 3 epochs")  # about to trace
    os.kill(training.pid or 0, signal.SIGINT)
    assert outcome(training) == 130
    assert (house / "stderr").read_text().splitlines()[1:] == STOPPED[:1]
    assert outcome(processes(stage, house, interrupt, "open", ".epoch-0001.tmp/.weights.npz.tmp")) == 130
    assert (house / "stderr").read_text().splitlines()[-2:] == STOPPED
    assert [path.name for path in (house / "checkpoints").glob("*/*")] == ["epoch-0001"]  # ended after what it wrote
    assert outcome(processes(stage, house)) == 0
    assert ends_alike(house, trained)


@pytest.mark.soak
def test_killed_at_thirty_random_instants_it_makes_the_same_bytes(processes: Start, house: Path, trained: Path) -> None:
    outcome(processes(os.getpid))  # all is imported from here on
    draw = random.Random(4)
    kills, seconds = 0, 0.0
    while kills < 30:
        started = time.monotonic()
        training = processes(stage, house)
        training.join(draw.uniform(0, seconds) if seconds else None)
        training.kill()
        if outcome(training) == 0:
            seconds = seconds or time.monotonic() - started
            assert ends_alike(house, trained)
            for folder in ("models", "reports", "checkpoints"):
                shutil.rmtree(house / folder)
        else:
            assert training.exitcode == -signal.SIGKILL
            kills += 1
    assert outcome(processes(stage, house)) == 0
    assert ends_alike(house, trained)


# ---- Every operation on files, with a network that takes no time -----------------------------------------------------


class Variable:
    """What the training asks of an optimizer's variable."""

    def __init__(self) -> None:
        self.value = np.zeros(3)

    def assign(self, value: np.ndarray) -> None:
        self.value = value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.value.astype(dtype or self.value.dtype)


class Network:
    """Stands for the Keras model: its weights depend on each epoch, on the one before, and on the optimizer's state."""

    LOSSES = 2.0, 1.0, 3.0, 4.0
    """The best is neither the first nor, at the end, among the two latest."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.weights: dict[str, np.ndarray] = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
        self.optimizer = SimpleNamespace(variables=[Variable()])
        self.stop_training = False

    def fit(self, *_: object, initial_epoch: int, epochs: int, callbacks: list[Any], **__: object) -> None:
        (run,) = callbacks
        (moment,) = self.optimizer.variables
        for epoch in range(initial_epoch, epochs):
            run.on_epoch_begin(epoch)
            moment.assign(moment.value * 3 + epoch + 1)
            self.weights = {name: array / 2 + np.float32(moment.value[0]) for name, array in self.weights.items()}
            run.on_train_batch_end(0, {"nats": 1.0})
            run.on_test_begin()
            run.on_epoch_end(epoch, {"nats": 1.0, "val_nats": self.LOSSES[epoch]})

    def count_params(self) -> int:
        return 1


def pretend() -> None:
    """In this process, trainings take no time, and nothing waits for the disk."""
    from friendbot import backend, files, model, preview, training

    patch = pytest.MonkeyPatch()
    patch.setattr(training._Run, "_build", lambda run: Network(run.architecture.shapes()))
    patch.setattr(training, "fingerprint", lambda *_: "0123456789abcdef")
    patch.setattr(backend, "setup", lambda threads: None)
    patch.setattr(backend.keras.utils, "set_random_seed", lambda seed: None)
    patch.setattr(model, "get_weights", lambda network: network.weights)
    patch.setattr(model, "set_weights", lambda network, arrays: network.weights.update(arrays))
    patch.setattr(model, "seed_dropout", lambda network, *seed: None)
    patch.setattr(model, "reset_state", lambda network: None)
    patch.setattr(preview, "lines", lambda *_: ())
    patch.setattr(files, "flush", lambda path: None)


SETTINGS = TRAIN.model_copy(update={"epochs": len(Network.LOSSES)})
CREATES = {"open", "os.mkdir"}
CHANGES = CREATES | {"os.rename", "os.remove", "os.rmdir", "os.truncate", "fcntl.flock"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def before_changes(act: Callable[[int, str], None]) -> None:
    """From now on, `act` before each operation that changes files, with its number from 1 and its kind."""
    numbers = itertools.count(1)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in CHANGES and (event != "open" or arguments[2] & WRITING):
            act(next(numbers), event)

    sys.addaudithook(hook)


def kill_at(place: int, number: int, event: str) -> None:
    if number == place:
        kill()


def full_from(place: int, number: int, event: str) -> None:
    if number >= place and event in CREATES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def forked(encoded: Path, folder: Path, prepare: Act) -> tuple[int, str]:
    """Train in a fork of this process; its exit status, negative if killed, and what it wrote to stderr."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        with os.fdopen(reading) as file:
            said = file.read()
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said
    os.dup2(writing, 2)

    def main() -> None:
        prepare()
        train(encoded, folder, settings=SETTINGS)

    try:
        errors.run(main)
    except SystemExit as end:
        os._exit(int(str(end.code)))
    finally:
        os._exit(99)


def made(folder: Path) -> tuple[Bytes, list[str]]:
    """The results, and which folders of checkpoints there are."""
    folders = [str(path.relative_to(folder)) for path in (folder / "checkpoints").rglob("*") if path.is_dir()]
    return results(folder / "model", folder / "history.csv"), sorted(folders)


def stop_and_go_on(encoded: Path, whole: Path, folder: Path, prepare: Act) -> int:
    """Train, stopped by what `prepare` sets up, and once more; the first one's exit status."""
    status, said = forked(encoded, folder, prepare)
    expected = made(whole)
    assert all(map(weights.whole, (folder / "checkpoints").glob("*/epoch-*"))), "a checkpoint is not whole"
    if (folder / "model" / "model.json").exists():
        found = {name: (folder / "model" / name).read_bytes() for name in weights.FILES}
        assert found.items() <= expected[0].items(), "another model was published"
    if status == 2:
        assert "goes on after the last finished epoch" in said.splitlines()[-1], said
        assert "Traceback" not in said, said
        assert not [*folder.rglob(".*.tmp")], "something is half-written"
    train(encoded, folder, settings=SETTINGS)
    assert made(folder) == expected, "after another start there are other results"
    shutil.rmtree(folder)
    return status


def everywhere(encoded: Path, root: Path, act: Callable[[int, int, str], None], stopped: int) -> None:
    """Stop a training at each operation that changes files, one after the other, with exit status `stopped`."""
    pretend()
    train(encoded, root / "whole", settings=SETTINGS)
    for place in itertools.count(1):
        status = stop_and_go_on(
            encoded, root / "whole", root / str(place), partial(before_changes, partial(act, place))
        )
        if status == 0:
            break
        assert status == stopped, (place, status)
    (root / "places").write_text(str(place))


def at_every_size(encoded: Path, root: Path) -> None:
    """Stop a training at each file, a byte before its end."""
    pretend()
    train(encoded, root / "whole", settings=SETTINGS)
    sizes = {path.stat().st_size for path in (root / "whole").rglob("*") if path.is_file()}
    for size in sorted(sizes - {0}):
        limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size - 1, resource.RLIM_INFINITY))
        status = stop_and_go_on(encoded, root / "whole", root / str(size), limit)
        assert status == 2, (size, status)


@pytest.mark.parametrize(("act", "stopped"), [(kill_at, -signal.SIGKILL), (full_from, 2)])
def test_killed_or_out_of_space_at_every_operation_it_goes_on_to_the_same_bytes(
    processes: Start, encoded: Path, tmp_path: Path, act: Callable[[int, int, str], None], stopped: int
) -> None:
    assert outcome(processes(everywhere, encoded, tmp_path, act, stopped)) == 0
    assert int((tmp_path / "places").read_text()) > 90


def test_out_of_space_in_the_middle_of_any_file_it_goes_on_to_the_same_bytes(
    processes: Start, encoded: Path, tmp_path: Path
) -> None:
    assert outcome(processes(at_every_size, encoded, tmp_path)) == 0
