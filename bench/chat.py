"""What the chat costs on one core, beside Keras and ONNX Runtime: speed, first message, start and memory.

python bench/chat.py [--model DIR | --layers 2 --units 512 --tokenizer bpe] [--rounds 3] [--json FILE]

Without --model the weights are random, all but the output's bias: it holds how often each token comes in the demo
archive, so that messages are gibberish, but of the demo's tokens and lengths. Characters a second are tokens a second
times the characters of a token in the demo's held-out part, specials included. Everybody samples at temperature 1.

  numpy, best of N   the chat itself: masks, repetition guard, several drafts and the choice among them
  numpy, plain       a step of our network and a draw, token by token
  Keras, compiled    the model's LSTM cells and a draw in one tf.while_loop
  Keras, predict     model.predict for each token
  ONNX Runtime       the same step as an ONNX graph, and our draw

The chat's tokens are those of the answer it chose. The first message is what answers one of 40 characters: the chat's
whole answer, the others' tokens up to a special; median and 95th percentile. Speed is by processor time, since machines
are noisy; starts are by the clock, with Python's bytecode cached, as from the second start on. Each measurement is a
process of its own; the rounds take turns; medians, least and most. The logits of all must agree.
"""

import argparse
import json
import os
import pty
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

from friendbot import weights
from friendbot.bot import Bot
from friendbot.conversation import Conversation
from friendbot.dataset import Encoded
from friendbot.inference import Network
from friendbot.sampling import Decoding, Sampler
from friendbot.vocabulary import SPECIALS, TOKENIZERS
from friendbot.weights import Architecture, Model

ROOT = Path(__file__).resolve().parents[1]
MESSAGE = "Hello, are you coming to us on Saturday?"
DECODING = Decoding(temperature=1)
CHECKED, TOLERANCE = 100, 1e-4
"""Steps whose logits are compared, and how far apart they may be."""
LONGEST = 600
"""Tokens of a reply at most."""
WINDOWS = 3
"""Times that the speed is taken in one round."""
ASKS = b"\x1b[?2004h"
"""What a prompt sends when it begins to listen: bracketed paste, on."""
MODEL, GRAPH, IDS = "model", "step.onnx", "ids.json"
"""Names in the scratch folder."""


class Runtime(NamedTuple):
    """Something that runs the network."""

    logits: Callable[[Sequence[int]], np.ndarray]
    """What follows each token of a text, float32 `(ids, tokens)`."""
    write: Callable[[int, int], int]
    """Write about so many tokens, from a seed; how many they became."""
    reply: Callable[[int], object]
    """Answer `MESSAGE`, from a seed."""


def chat(folder: Path, best_of: int) -> Runtime:
    """The chat's own way."""
    bot, decoding = Bot(weights.load(folder)), replace(DECODING, best_of=best_of)
    network, begun = bot.network, [bot.vocabulary.gap]

    def write(tokens: int, seed: int) -> int:
        random, writer, state = (
            np.random.default_rng(seed),
            bot.writer(decoding),
            network.after(network.initial(), begun),
        )
        written = 0
        while written < tokens:
            written += writer.answer(state, random).tokens
        return written

    def reply(seed: int) -> None:
        talk = Conversation(bot, decoding, seed)
        talk.hear(MESSAGE)
        talk.answer()

    return Runtime(lambda ids: network.read(network.initial(), ids)[1], write, reply)


def plain(
    prompt: Sequence[int], initial: Callable[[], Any], step: Callable[[Any, int], tuple[Any, np.ndarray]]
) -> Runtime:
    """A step and a draw, token by token; `step` gives the new state and logits `(1, tokens)`."""
    sampler = Sampler.of(DECODING)

    def logits(ids: Sequence[int]) -> np.ndarray:
        state, found = initial(), []
        for id in ids:
            state, row = step(state, id)
            found.append(row[0])
        return np.array(found)

    def written(prompt: Sequence[int], seed: int) -> Iterator[int]:
        state, random = initial(), np.random.default_rng(seed)
        for id in prompt:
            state, logits = step(state, id)
        while True:
            id = int(sampler(logits, random)[0])
            yield id
            state, logits = step(state, id)

    def write(tokens: int, seed: int) -> int:
        return sum(1 for _ in islice(written(prompt[:1], seed), tokens))

    def reply(seed: int) -> None:
        next(id for id in written(prompt, seed) if id < len(SPECIALS))

    return Runtime(logits, write, reply)


def prompt_of(model: Model) -> list[int]:
    """Token ids of a chat where `MESSAGE` was said and the friend begins."""
    vocabulary = model.vocabulary
    return [vocabulary.gap, vocabulary.me, *vocabulary.encode(MESSAGE), vocabulary.friend]


def numpy_plain(folder: Path) -> Runtime:
    model = weights.load(folder)
    network = Network(model)
    return plain(prompt_of(model), network.initial, lambda state, id: network.step(state, [id]))


def keras_model(model: Model) -> Any:
    from friendbot import backend
    from friendbot import model as network

    backend.setup(1)
    built = network.build(model.architecture, batch_size=1, sequence_length=1)
    network.set_weights(built, model.weights)
    return built


def keras_compiled(folder: Path) -> Runtime:
    """A whole reply in one call."""
    from friendbot.backend import tf

    model = weights.load(folder)
    layers = {layer.name: layer for layer in keras_model(model).layers}
    cells = [layers[f"lstm_{number}"].cell for number in range(model.architecture.layers)]
    zeros = tf.zeros((1, model.architecture.units))
    initial = ((zeros, zeros),) * len(cells)
    prompt = tf.constant(prompt_of(model))

    @tf.function
    def step(id: Any, states: Any) -> tuple[Any, Any]:
        hidden, after = layers["embedding"](id[None]), []
        for cell, state in zip(cells, states, strict=True):
            hidden, state = cell(hidden, list(state))
            after.append(tuple(state))
        return layers["output"](hidden), tuple(after)

    def loop(prompt: Any, most: Any, stop: Any, seed: Any) -> Any:
        last = tf.size(prompt) - 1

        def going(place: Any, id: Any, states: Any) -> Any:
            return (place < last + most) & ~(stop & (place > last) & (id < len(SPECIALS)))

        def further(place: Any, id: Any, states: Any) -> Any:
            logits, states = step(id, states)
            drawn = tf.random.stateless_categorical(logits, 1, tf.stack([seed, place]), tf.int32)[0, 0]
            return place + 1, prompt[place + 1] if place < last else drawn, states

        return tf.while_loop(going, further, (tf.constant(0), prompt[0], initial))[0]

    number, truth, ids = (
        tf.TensorSpec(shape, kind) for shape, kind in (([], "int32"), ([], "bool"), ([None], "int32"))
    )
    compiled = tf.function(loop, input_signature=[ids, number, truth, number])

    def logits(ids: Sequence[int]) -> np.ndarray:
        states, found = initial, []
        for id in ids:
            row, states = step(tf.constant(id), states)
            found.append(row[0].numpy())
        return np.array(found)

    return Runtime(
        logits,
        lambda tokens, seed: int(compiled(prompt[:1], tokens, False, seed)),
        lambda seed: int(compiled(prompt, LONGEST, True, seed)),
    )


def keras_predict(folder: Path) -> Runtime:
    from friendbot.model import reset_state

    model = weights.load(folder)
    built = keras_model(model)

    def step(_: None, id: int) -> tuple[None, np.ndarray]:
        return None, built.predict(np.array([[id]], np.int32), verbose=0)[0]

    return plain(prompt_of(model), lambda: reset_state(built), step)


def onnx_runtime(folder: Path) -> Runtime:
    import onnxruntime

    model = weights.load(folder)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder.parent / GRAPH, options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()][1:]
    outputs = [one.name for one in session.get_outputs()]
    zeros = np.zeros((1, model.architecture.units), np.float32)

    def step(states: Sequence[np.ndarray], id: int) -> tuple[Sequence[np.ndarray], np.ndarray]:
        logits, *states = session.run(outputs, {"id": np.array([id]), **dict(zip(names, states, strict=True))})
        return states, logits

    return plain(prompt_of(model), lambda: [zeros] * len(names), step)


def write_onnx(model: Model, path: Path) -> None:
    """One step as a graph: `id`, and each layer's `h` and `c`, to logits and the new ones."""
    from onnx import TensorProto, checker, helper, numpy_helper, save

    units = model.architecture.units
    nodes: list[Any] = []
    inputs = [helper.make_tensor_value_info("id", TensorProto.INT64, [1])]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, model.architecture.vocabulary_size])]

    def add(operator: str, given: str, made: str, **attributes: Any) -> None:
        nodes.append(helper.make_node(operator, given.split(), made.split(), **attributes))

    add("Gather", "embedding id", "x")
    x = "x"
    for layer in range(model.architecture.layers):
        at, gates = f"lstm_{layer}", " ".join(f"{gate}{layer}" for gate in "ifgo")
        i, f, g, o = gates.split()
        h, c = f"h{layer}", f"c{layer}"
        inputs += [helper.make_tensor_value_info(state, TensorProto.FLOAT, [1, units]) for state in (h, c)]
        outputs += [helper.make_tensor_value_info(f"{state}+", TensorProto.FLOAT, [1, units]) for state in (h, c)]
        add("Gemm", f"{x} {at}/kernel {at}/bias", f"input{layer}")
        add("Gemm", f"{h} {at}/recurrent_kernel input{layer}", f"gates{layer}")
        add("Split", f"gates{layer}", gates, axis=1, num_outputs=4)
        for gate in (i, f, o):
            add("Sigmoid", gate, f"{gate}+")
        add("Tanh", g, f"{g}+")
        add("Mul", f"{f}+ {c}", f"kept{layer}")
        add("Mul", f"{i}+ {g}+", f"new{layer}")
        add("Add", f"kept{layer} new{layer}", f"{c}+")
        add("Tanh", f"{c}+", f"bounded{layer}")
        add("Mul", f"{o}+ bounded{layer}", f"{h}+")
        x = f"{h}+"
    add("Gemm", f"{x} output/kernel output/bias", "logits")
    arrays = [numpy_helper.from_array(array, name) for name, array in model.weights.items()]
    graph = helper.make_graph(nodes, "step", inputs, outputs, arrays)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    checker.check_model(made)
    save(made, path)


class Kind(NamedTuple):
    """A runtime, and how much of it is measured in one round."""

    make: Callable[[Path], Runtime]
    """From a model folder."""
    tokens: int = 300
    replies: int = 40
    needs: tuple[str, ...] = ()


KINDS = {
    f"numpy, best of {DECODING.best_of}": Kind(lambda folder: chat(folder, DECODING.best_of)),
    "numpy, best of 1": Kind(lambda folder: chat(folder, 1)),
    "numpy, plain": Kind(numpy_plain),
    "Keras, compiled": Kind(keras_compiled),
    "Keras, predict": Kind(keras_predict, tokens=10, replies=2),
    "ONNX Runtime": Kind(onnx_runtime, needs=("onnx", "onnxruntime")),
}


def child(name: str, scratch: Path, started: float) -> None:
    """What a process of its own does: measure one runtime and print the figures."""
    kind = KINDS[name]
    runtime = kind.make(scratch / MODEL)
    runtime.reply(1)
    start, megabytes = time.monotonic() - started, peak(os.getpid())
    if not (scratch / f"{name}.npy").exists():
        np.save(scratch / f"{name}.npy", runtime.logits(json.loads((scratch / IDS).read_text())))
    rates, replies = [], []
    for seed in range(WINDOWS):
        began = time.process_time()
        tokens = runtime.write(kind.tokens, seed)
        rates.append(tokens / (time.process_time() - began))
    for seed in range(kind.replies):
        began = time.process_time()
        runtime.reply(seed)
        replies.append(time.process_time() - began)
    figures = {"start": start, "megabytes": megabytes, "tokens_per_second": rates, "reply_seconds": replies}
    print(json.dumps(figures))


def measure(name: str, scratch: Path) -> dict[str, Any]:
    """The figures of a runtime in one round."""
    command = [sys.executable, __file__, "--child", name, str(scratch), str(time.monotonic())]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def peak(process: int) -> float:
    """The most memory that a process had so far, in megabytes."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM"))


def largest_difference(scratch: Path, names: Sequence[str]) -> float:
    """How far apart the logits of two runtimes are at most."""
    logits = np.stack([np.load(scratch / f"{name}.npy") for name in names])
    difference = float(np.ptp(logits, axis=0).max())
    if difference > TOLERANCE:
        raise ValueError(f"logits differ by {difference:g}: this is not the same network")
    return difference


def once(chat: Sequence[str]) -> dict[str, float]:
    """From the start of `chat.py --once Hi` to its end."""
    began = time.perf_counter()
    subprocess.run([*chat, "--once", "Hi"], stdout=subprocess.DEVNULL, check=True)
    return {"once_seconds": time.perf_counter() - began}


def on_terminal(chat: Sequence[str]) -> dict[str, float]:
    """From the start of `chat.py` to its prompt, from Enter to the next prompt, and the most memory until then."""
    ours, its = pty.openpty()
    began = time.perf_counter()
    with subprocess.Popen(chat, stdin=its, stdout=its, stderr=its, start_new_session=True) as process:
        os.close(its)
        wait_for_prompt(ours)
        prompt = time.perf_counter() - began
        began = time.perf_counter()
        os.write(ours, f"{MESSAGE}\r".encode())
        wait_for_prompt(ours)
        answered, megabytes = time.perf_counter() - began, peak(process.pid)
        process.kill()
    os.close(ours)
    return {"prompt_seconds": prompt, "answered_seconds": answered, "megabytes": megabytes}


def wait_for_prompt(terminal: int) -> None:
    shown = b""
    while ASKS not in shown:
        if not select.select([terminal], [], [], 60)[0]:
            raise TimeoutError(f"no prompt after {shown!r}")
        shown += os.read(terminal, 1 << 16)


def encode_demo(tokenizer: str) -> tuple[Encoded, list[str]]:
    """The demo archive as the pipeline encodes it, and its held-out messages."""
    from friendbot import archives, dialogue, encoding, messages, threads

    with tempfile.TemporaryDirectory() as scratch:
        table = Path(scratch) / "messages.parquet"
        messages.write(archives.read(ROOT / "data" / "demo" / "json.zip"), table)
        thread = threads.find(threads.summarise(messages.stream(table, threads.COLUMNS)), "Zoë Marchetti")
        lines, _ = dialogue.clean(messages.of_thread(table, thread.thread_id), thread.owner, 6, 0.1, 0.1)
    return encoding.encode(lines, tokenizer, 1024), [line.text for line in lines if line.split == "test"]


def random_model(folder: Path, encoded: Encoded, layers: int, units: int) -> None:
    """A model folder with random weights that writes the tokens of the text as often as they come."""
    vocabulary = encoded.vocabulary
    architecture = Architecture(len(vocabulary), embedding=128, layers=layers, units=units, dropout=0)
    random = np.random.default_rng(1)
    arrays = {
        name: random.standard_normal(shape, np.float32) / np.float32(np.sqrt(units))
        for name, shape in architecture.shapes().items()
    }
    counts = np.bincount(encoded.train, minlength=len(vocabulary)) + 0.1
    arrays["output/bias"] = np.log(counts / counts.sum()).astype(np.float32)
    folder.mkdir()
    weights.save_arrays(folder / "weights.npz", arrays)
    (folder / "model.json").write_text(architecture.to_json(vocabulary), encoding="utf-8")
    (folder / "vocabulary.json").write_text(vocabulary.to_json(), encoding="utf-8")
    (folder / "card.json").write_text(json.dumps({"format": weights.FORMAT, **encoded.about}), encoding="utf-8")


def summary(values: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def summarise(rounds: Sequence[Mapping[str, Any]], characters: float) -> dict[str, Any]:
    """The figures of one runtime over all rounds."""
    rates = [rate for figures in rounds for rate in figures["tokens_per_second"]]
    replies = [seconds for figures in rounds for seconds in figures["reply_seconds"]]
    return {
        "tokens_per_second": summary(rates),
        "characters_per_second": summary([rate * characters for rate in rates]),
        "reply_seconds": {"median": statistics.median(replies), "p95": float(np.quantile(replies, 0.95))},
        "start_seconds": summary([figures["start"] for figures in rounds]),
        "megabytes": summary([figures["megabytes"] for figures in rounds]),
    }


def show(results: Mapping[str, Any]) -> None:
    def spread(values: Mapping[str, float], form: str) -> str:
        return f"{values['median']:{form}} ({values['least']:{form}} - {values['most']:{form}})"

    shape = " x ".join(str(number) for number in results["shape"].values())
    print(
        f"\n{shape} tokens of {results['characters_per_token']:.2f} characters, one core; "
        f"logits differ by at most {results['largest_difference']:.0e}"
    )
    row = "{:17} {:>22} {:>24} {:>13} {:>22} {:>8}"
    print(row.format("", "tokens/s", "characters/s", "first message", "start to first message", "peak"))
    for name, figures in results["runtimes"].items():
        reply = figures["reply_seconds"]
        cells = (
            spread(figures["tokens_per_second"], ",.0f"),
            spread(figures["characters_per_second"], ",.0f"),
            f"{reply['median'] * 1000:.0f}, {reply['p95'] * 1000:.0f} ms",
            spread(figures["start_seconds"], ".2f") + " s",
            f"{figures['megabytes']['median']:.0f} MB",
        )
        print(row.format(name, *cells))
    command = results["chat.py"]
    print(f"\nchat.py, start to prompt           {spread(command['prompt_seconds'], '.2f')} s")
    print(f"chat.py, Enter to the next prompt  {spread(command['answered_seconds'], '.2f')} s")
    print(f"chat.py, peak memory after that    {spread(command['megabytes'], '.0f')} MB")
    print(f"chat.py --once Hi, start to end    {spread(command['once_seconds'], '.2f')} s")


def bench(arguments: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """All rounds, after one that only fills the cache of bytecode and compares logits."""
    encoded, held_out = encode_demo(arguments.tokenizer)
    if arguments.model:
        shutil.copytree(arguments.model, scratch / MODEL)
    else:
        random_model(scratch / MODEL, encoded, arguments.layers, arguments.units)
    model = weights.load(scratch / MODEL)
    tokens = sum(1 + len(model.vocabulary.encode(text)) for text in held_out)
    characters = sum(map(len, held_out)) / tokens
    ids = np.random.default_rng(1).integers(0, len(model.vocabulary), CHECKED)
    (scratch / IDS).write_text(json.dumps(ids.tolist()), encoding="utf-8")
    names = [name for name, kind in KINDS.items() if all(map(find_spec, kind.needs))]
    for name in KINDS.keys() - names:
        print(f"{name}: not installed (the dependency group `bench`)")
    if "ONNX Runtime" in names:
        write_onnx(model, scratch / GRAPH)

    os.environ.update(PYTHONPYCACHEPREFIX=str(scratch / "bytecode"), PROMPT_TOOLKIT_NO_CPR="1", TERM="xterm-256color")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    script = [sys.executable, str(ROOT / "src" / "chat.py"), "--model", str(scratch / MODEL), "--temperature", "1"]
    script.append("--instant")
    runtimes: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    command: dict[str, list[float]] = {
        "once_seconds": [],
        "prompt_seconds": [],
        "answered_seconds": [],
        "megabytes": [],
    }
    for number in range(1 + arguments.rounds):
        found = {name: measure(name, scratch) for name in names}
        figures = {**once(script), **on_terminal(script)}
        if number:
            for name in names:
                runtimes[name].append(found[name])
            for what, value in figures.items():
                command[what].append(value)
    architecture = model.architecture
    return {
        "shape": {"layers": architecture.layers, "units": architecture.units, "tokens": len(model.vocabulary)},
        "characters_per_token": characters,
        "largest_difference": largest_difference(scratch, names),
        "runtimes": {name: summarise(rounds, characters) for name, rounds in runtimes.items()},
        "chat.py": {what: summary(values) for what, values in command.items()},
    }


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]), float(sys.argv[4]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, metavar="DIR", help="measure this model instead of a random one")
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--units", type=int, default=512)
    parser.add_argument("--tokenizer", choices=TOKENIZERS, default="bpe")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as scratch:
        results = bench(arguments, Path(scratch))
    show(results)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
