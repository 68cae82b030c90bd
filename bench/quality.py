"""Bits per character of held-out text at equal wall time: ours beside peers, on the same text, cores and split.

    python bench/quality.py ROW --data apollo [--minutes 3 10] [--seed 1] [--threads 2] --json rows.jsonl
    python bench/quality.py all --data apollo nus_sms --minutes 3 10 --seed 1 2 3 --json rows.jsonl
    python bench/quality.py table --json rows.jsonl [...]

ROW is one of those below; `all` makes those that the file lacks, one after another, each in a process of its own.
`--data` takes the data/ folder of a pipeline that ran, or the name of a prepared conversation in FRIENDBOT_SHARED;
`--text FILE` a plain text instead, 90 % to learn from and the rest to be scored on. `--set model.units=512` changes a
param of ours, `--epochs` their number, which is otherwise chosen to fill the time from how long one takes (a training
of two epochs beforehand, not counted); `--label` tells such a variant from other rows.

Each row is one line of JSON with its settings, time, load and versions, so it can be made alone and on another day.
A peer's clock counts its own training steps: no imports, no tracing, no validation. Ours counts all from the start of
its process to the last epoch's end. Everybody learns from the training part, keeps what is best on the validation part,
and is scored on the test part with the state carried and every character paid for; where the speaker changes, peers
read a character. What one run has reached after each of the minutes is reported, but for rows whose learning rate falls
over the time: they run once for each. The tutorial's mark, a training loss below 1.0 nat per character, is read off the
curves that `ours` and `tutorial` keep.
"""

import argparse
import functools
import importlib
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby, product
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import numpy as np
from bench.peers import compressors, corpus, kneser_ney, ours
from bench.peers.corpus import Corpus
from ruamel.yaml import YAML

from friendbot import errors
from friendbot.errors import FriendbotError

PACKAGES = ("numpy", "tensorflow", "keras", "torch", "pyppmd")
MARK = 1.0
"""Nats per character, of the training text."""
Results = Iterator[dict[str, Any]]


class QualityError(FriendbotError):
    """The row cannot be made so."""


def our_row(text: Corpus, arguments: argparse.Namespace) -> Results:
    """One training for each of the minutes and seeds."""
    chosen = functools.partial(ours.settings, dict(arguments.set), arguments.threads)
    tried = None if arguments.epochs else ours.tried(text, chosen(arguments.seed[0]))
    for minutes in arguments.minutes:
        for seed in arguments.seed:
            params = chosen(seed)
            epochs = arguments.epochs or ours.epochs_within(60 * minutes, tried or [])
            params = params.model_copy(update={"train": params.train.model_copy(update={"epochs": epochs})})
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                rows = ours.train(text, params, folder)
                record = {
                    "minutes": minutes,
                    "seed": seed,
                    "settings": {
                        section: getattr(params, section).model_dump() for section in ("encode", "model", "train")
                    },
                    "seconds": round(rows[-1].seconds, 1),
                    "curve": [
                        [
                            round(row.seconds, 1),
                            row.values["valid_bits_per_char"],
                            round(ours.nats_per_char(row), 4),
                        ]
                        for row in rows
                    ],
                }
                static, adaptive = ours.scores(folder)
                label = arguments.label or ROWS["ours"].about
                yield {**record, "label": label, **static}
                yield {**record, "label": f"{label}, learning on while it reads", **adaptive}


def peer_row(module: str, learner: str, scheduled: bool, **changes: Any) -> Callable[..., Results]:
    """A row of a peer in `bench.peers`: its settings, some of them changed."""

    def make(text: Corpus, arguments: argparse.Namespace) -> Results:
        from bench.peers import budget

        peer = _peer(module)
        settings = peer.Settings(**changes)
        used = arguments.threads
        if module == "tutorial":  # TensorFlow's threads are set once
            peer.setup(used)
        else:
            used = budget.quickest(lambda count: getattr(peer, learner)(text, 1, count, settings), used)
        runs = [[minutes] for minutes in arguments.minutes] if scheduled else [arguments.minutes]
        for seed in arguments.seed:
            for group in runs:
                learning = getattr(peer, learner)(text, seed, used, settings)
                run = budget.fit(learning, text, [60 * minutes for minutes in group])
                for minutes in group:
                    best = run.best[60 * minutes]
                    learning.restore(best.weights)
                    yield {
                        "minutes": minutes,
                        "seed": seed,
                        "settings": settings._asdict(),
                        "seconds": min(run.seconds, 60 * minutes),
                        "threads_used": used,
                        "best_at": best.check.seconds,
                        "curve": run.curve,
                        **text.scores(learning.nats(text.test, exact=True)),
                    }

    return make


def untimed_row(nats: Callable[[Corpus], Any]) -> Callable[..., Results]:
    """A row of something that takes the time it takes."""

    def make(text: Corpus, arguments: argparse.Namespace) -> Results:
        started = time.perf_counter()
        found = nats(text)
        seconds = round(time.perf_counter() - started, 1)
        whole = {"bits_per_char": round(corpus.bits(float(np.sum(found)), text.test), 4), "friend": None}
        yield {
            "minutes": None,
            "seed": None,
            "settings": {},
            "seconds": seconds,
            **(text.scores(found) if np.ndim(found) else whole),
        }

    return make


class Row(NamedTuple):
    """What can be made."""

    make: Callable[..., Results]
    about: str
    untimed: bool = False


ROWS = {
    "ours": Row(our_row, "friendbot's train stage"),
    "char-rnn-128": Row(peer_row("char_rnn", "CharRNN", False), "char-rnn, 2 x 128"),
    "char-rnn-512": Row(peer_row("char_rnn", "CharRNN", False, units=512), "char-rnn, 2 x 512"),
    "gpt": Row(peer_row("gpt", "GPT", True), "nanoGPT's small GPT"),
    "tutorial": Row(peer_row("tutorial", "Tutorial", False), "the tutorial, 2 x 512"),
    "kneser-ney": Row(untimed_row(kneser_ney.nats), "Kneser-Ney 10-gram", untimed=True),
    "xz": Row(untimed_row(compressors.xz), "xz -9e", untimed=True),
    "ppmd": Row(untimed_row(compressors.ppmd), "PPMd", untimed=True),
    "zpaq": Row(untimed_row(compressors.zpaq), "zpaq -m5", untimed=True),
}


def _peer(module: str) -> Any:
    try:
        return importlib.import_module(f"bench.peers.{module}")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise QualityError("this peer needs PyTorch; `uv pip install torch --torch-backend cpu` installs it") from None


def make(arguments: argparse.Namespace) -> None:
    """Make one row on each text, and append what comes of it to the file."""
    with tempfile.TemporaryDirectory() as scratch:
        for text in texts(arguments, Path(scratch)):
            load = os.getloadavg()[0]
            for result in ROWS[arguments.row].make(text, arguments):
                record = {
                    "row": arguments.row,
                    "label": arguments.label or ROWS[arguments.row].about,  # a record's own comes before it
                    "text": text.name,
                    "digest": text.digest(),
                    "characters": {part: corpus.characters(getattr(text, part)) for part in ("train", "valid", "test")},
                    "threads": arguments.threads,
                    **result,
                    "load": [round(load, 2), round(os.getloadavg()[0], 2)],
                    "date": time.strftime("%Y-%m-%d"),
                    **environment(),
                }
                keep(arguments.json[-1], record)
                print(described(record))
                load = os.getloadavg()[0]


def texts(arguments: argparse.Namespace, scratch: Path) -> Iterator[Corpus]:
    """What the arguments name."""
    if arguments.text:
        yield corpus.of_text(arguments.text.read_text(encoding="utf-8"), arguments.text.stem)
    for name in arguments.data:
        yield corpus.load(Path(name) if Path(name).is_dir() else corpus.prepare(name, scratch))


def environment() -> dict[str, Any]:
    """What the figures depend on besides settings."""
    versions = {"python": sys.version.split()[0]}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # not installed, or copied to where it is without the note that says which
            if module := sys.modules.get(package):
                versions[package] = str(module.__version__)
    return {"versions": versions, "cores": len(os.sched_getaffinity(0)), "processor": processor()}


def processor() -> str:
    """Its name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def keep(path: Path, record: dict[str, Any]) -> None:
    """Append a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record, ensure_ascii=False) + "\n")


def kept(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """All lines; of those for the same row, text, time, seed and threads, the last."""
    found = {}
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            record = json.loads(line)
            names = ("label", "text", "digest", "threads", "minutes", "seed")
            found[tuple(record[name] for name in names)] = record
    return [*found.values()]


def everything(arguments: argparse.Namespace) -> None:
    """Make all rows that are not kept yet."""
    names = ("label", "digest", "threads", "minutes", "seed")
    made = {tuple(record[name] for name in names) for record in kept(arguments.json)}
    passed = ["--threads", str(arguments.threads), "--json", str(arguments.json[-1])]
    failed = []
    with tempfile.TemporaryDirectory() as scratch:
        sources = [["--text", str(arguments.text)]] if arguments.text else []
        for name in arguments.data:
            folder = Path(name) if Path(name).is_dir() else corpus.prepare(name, Path(scratch))
            sources.append(["--data", str(folder)])
        for source, text in zip(sources, (_loaded(source) for source in sources), strict=True):
            for name in ROWS:
                minutes, seeds = planned(name, arguments)
                wanted = product([ROWS[name].about], [text.digest()], [arguments.threads], minutes, seeds)
                if made.issuperset(wanted):
                    continue
                print(f"{text.name}: {name}", file=sys.stderr, flush=True)
                command = [sys.executable, __file__, name, *source, *passed]
                if minutes != [None]:
                    command += ["--minutes", *map(str, minutes), "--seed", *map(str, seeds)]
                if subprocess.run(command, check=False).returncode:
                    failed.append(f"{text.name}: {name}")
    table(arguments)
    if failed:
        print(f"not made, see above: {', '.join(failed)}; the same command makes them and no other", file=sys.stderr)


def planned(name: str, arguments: argparse.Namespace) -> tuple[list[Any], list[Any]]:
    """The minutes and seeds of a row among all: seeds are for ours, and what takes its time has neither."""
    if ROWS[name].untimed:
        return [None], [None]
    minutes = arguments.minutes
    if name == "tutorial":
        minutes = sorted({*minutes, arguments.mark_minutes})
    return minutes, arguments.seed if name == "ours" else arguments.seed[:1]


def _loaded(source: list[str]) -> Corpus:
    path = Path(source[1])
    return corpus.load(path) if source[0] == "--data" else corpus.of_text(path.read_text(encoding="utf-8"), path.stem)


def table(arguments: argparse.Namespace) -> None:
    """Print what is kept as Markdown, a table for each text."""

    def place(record: dict[str, Any]) -> tuple[Any, ...]:
        return (record["text"], record["digest"], record["threads"])

    for (name, _, threads), group in groupby(sorted(kept(arguments.json), key=place), place):
        records = [*group]
        learned, scored = (f"{records[0]['characters'][part]:,} characters" for part in ("train", "test"))
        print(f"\n**{name}** ({learned} to learn from, {scored} to be scored on; {threads} threads)\n")
        print("\n".join([*rows(records), *marks(records)]))


def rows(records: list[dict[str, Any]]) -> Iterator[str]:
    """The table of one text: bits per character after each of the minutes, and times ours after the last."""
    own = [record for record in records if record["row"] == "ours" and record["label"] == ROWS["ours"].about]
    times = sorted({record["minutes"] for record in own or records if record["minutes"]}) or [0]
    heads = [f"{minutes:g} min: {part}" for minutes in times for part in ("all", "friend")]
    heads += [f"times ours: {part}" for part in ("all", "friend")]
    yield "| | " + " | ".join([*heads, "seconds"]) + " |"
    yield "|" + "---|" * (len(heads) + 2)
    last = [record for record in own if record["minutes"] == times[-1]]
    for label in dict.fromkeys(
        record["label"] for record in sorted(records, key=lambda each: [*ROWS].index(each["row"]))
    ):
        of_row = [record for record in records if record["label"] == label]
        cells = []
        for minutes in times:
            own_time = [record for record in of_row if (record["minutes"] or times[-1]) == minutes]
            cells += [spread([record[part] for record in own_time]) for part in ("bits_per_char", "friend")]
        longest = [record for record in of_row if (record["minutes"] or times[-1]) == times[-1]]
        for part in ("bits_per_char", "friend"):
            theirs, mine = ([record[part] for record in each if record[part] is not None] for each in (longest, last))
            cells.append(f"{statistics.mean(theirs) / statistics.mean(mine):.3f}" if theirs and mine else "")
        seconds = statistics.mean(record["seconds"] for record in longest) if longest else None
        yield "| " + " | ".join([label, *cells, "" if seconds is None else f"{seconds:,.0f}"]) + " |"


def spread(values: Sequence[float | None]) -> str:
    """A figure; of several seeds the mean, least and most."""
    found = [value for value in values if value is not None]
    if len(found) < 2:
        return "".join(f"{value:.3f}" for value in found)
    return f"{statistics.mean(found):.3f} ({min(found):.3f} - {max(found):.3f}, {len(found)} seeds)"


def marks(records: list[dict[str, Any]]) -> Iterator[str]:
    """The tutorial's mark in words, where its own recipe and ours are kept."""
    own = [record for record in records if record["row"] == "ours" and record["label"] == ROWS["ours"].about]
    own = [record for record in own if record["seed"] == min(record["seed"] for record in own)]
    peers = [record["curve"] for record in records if record["row"] == "tutorial"]
    if not own or not peers:
        return
    curve = max(peers, key=len)
    soonest = min(own, key=lambda record: (reached(record["curve"]) or math.inf, lowest(record["curve"])))
    mine, theirs, tried = reached(soonest["curve"]), reached(curve), curve[-1][0]
    said = f"Training loss below {MARK:g} nat per character: ours, planned for {soonest['minutes']:g} minutes, "
    said += f"after {mine:,.0f} s" if mine else f"not: {lowest(soonest['curve']):.2f}"
    said += "; the tutorial's recipe "
    said += f"after {theirs:,.0f} s" if theirs else f"not in {tried:,.0f} s: {lowest(curve):.2f}"
    if mine:
        said += f"; {'' if theirs else 'more than '}{(theirs or tried) / mine:.1f} times sooner"
    yield f"\n{said}."


def reached(curve: Sequence[Sequence[float]]) -> float | None:
    """Seconds after which a training loss was below the mark, from `[seconds, valid, train]`; None if it never was."""
    return next((seconds for seconds, _, loss in curve if loss < MARK), None)


def lowest(curve: Sequence[Sequence[float]]) -> float:
    """The lowest training loss of such a curve."""
    return min(loss for _, _, loss in curve)


def described(record: dict[str, Any]) -> str:
    """A row in one line."""
    when = "" if record["minutes"] is None else f", {record['minutes']:g} min, seed {record['seed']}"
    friend = "" if record["friend"] is None else f", of the friend's {record['friend']:.4f}"
    return (
        f"{record['text']}: {record['label']}{when}: {record['bits_per_char']:.4f} bits per character{friend} "
        f"({record['seconds']:,.1f} s, load {record['load'][0]} - {record['load'][1]})"
    )


def assignment(text: str) -> tuple[str, Any]:
    """`model.units=512` as a name and a value."""
    name, equals, value = text.partition("=")
    if not equals or "." not in name:
        raise argparse.ArgumentTypeError(f"{text!r} is not like model.units=512")
    return name, YAML(typ="safe", pure=True).load(value)


def parsed() -> argparse.Namespace:
    listed = "\n".join(f"  {name:14} {row.about}" for name, row in ROWS.items())
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=f"rows:\n{listed}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("row", choices=[*ROWS, "all", "table"], metavar="ROW")
    parser.add_argument("--data", nargs="+", default=[])
    parser.add_argument("--text", type=Path)
    parser.add_argument("--minutes", type=float, nargs="+", default=[10.0])
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--set", type=assignment, nargs="+", default=[], metavar="NAME=VALUE")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--label")
    parser.add_argument("--mark-minutes", type=float, default=30.0, help="all: the tutorial's, at most, for its mark")
    parser.add_argument("--json", type=Path, nargs="+", required=True)
    arguments = parser.parse_args()
    arguments.minutes.sort()
    if arguments.row != "table" and not (arguments.data or arguments.text):
        parser.error("name a text: --data or --text")
    if arguments.set and not arguments.label:
        parser.error("--set makes a variant; name it: --label 'ours, 512 units'")
    if min(arguments.minutes) <= 0:
        parser.error("--minutes must be above 0")
    return arguments


def main() -> None:
    arguments = parsed()
    {"all": everything, "table": table}.get(arguments.row, make)(arguments)


if __name__ == "__main__":
    errors.run(main)
