"""Does an answer depend on what was said? `decoding.best_of` and `decoding.mmi`, measured on held-out turns.

    python bench/best_of.py [--model models/friend] [--thread data/thread.parquet] [--turns 600] [--json FILE]

First, the measure that the choice goes by: of the friend's real answer and nine that belong elsewhere, how often does
`log p(answer | said) - λ log p(answer)` put the real one first (chance: 0.1)? Then the bot's own answers under each
choice: how long they are beside the friend's, how many differ, and how alike they are to the real answer and to others'
(`own` and `other`: F-score of character n-grams up to 4). The validation part, so that nothing is fitted to the test.
"""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import numpy as np
from rich.console import Console
from rich.table import Table

from friendbot import dialogue, evaluation, files, weights
from friendbot.bot import Bot
from friendbot.inference import State
from friendbot.progress import Progress
from friendbot.sampling import Decoding, log_softmax

OTHERS = 9
LAMBDAS = (0.0, 0.5, 0.9, 1.0)
CHOICES = [(1, 1.0), *((4, mmi) for mmi in LAMBDAS), (8, 1.0)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("models/friend"))
    parser.add_argument("--thread", type=Path, default=Path("data/thread.parquet"))
    parser.add_argument("--split", default="valid")
    parser.add_argument("--turns", type=int, default=600)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    bot = Bot(weights.load(arguments.model))
    lines = [line for line in dialogue.read(arguments.thread) if line.split == arguments.split]
    places = evaluation.turns(lines)
    chosen = np.random.default_rng(0).choice(places, min(arguments.turns, len(places)), replace=False)
    contexts = evaluation.contexts_at(bot.network, bot.vocabulary, lines, {*chosen.tolist()})
    states, real = [each.state for each in contexts], [[line.text for line in each.real] for each in contexts]
    figures = {"turns": len(real), "first": ranks(bot, states, real), "answers": answers(bot, states, real)}
    report(figures)
    if arguments.json:
        files.write_text(arguments.json, json.dumps(figures, indent=1) + "\n")


def nats(bot: Bot, state: State, messages: list[str]) -> float:
    """What an answer costs, with the special that ends it."""
    vocabulary = bot.vocabulary
    ids = [id for text in messages for id in (vocabulary.friend, *vocabulary.encode(text))]
    _, logits = bot.network.read(state, ids)
    return float(-log_softmax(logits)[np.arange(len(ids)), [*ids[1:], vocabulary.me]].sum())


def ranks(bot: Bot, states: list[State], real: list[list[str]]) -> dict[str, float]:
    """For each λ, the share of turns where the real answer comes first."""
    random, first = np.random.default_rng(1), Counter[float]()
    nothing_said = bot.network.after(bot.network.initial(), [bot.vocabulary.gap])
    free = np.array([nats(bot, nothing_said, answer) for answer in real])
    with Progress("ranking", unit="turns", total=len(real)) as progress:
        for turn, state in enumerate(states):
            others = random.choice(np.delete(np.arange(len(real)), turn), OTHERS, replace=False)
            rivals = np.array([turn, *others])
            cost = np.array([nats(bot, state, real[rival]) for rival in rivals])
            for weight in LAMBDAS:
                first[weight] += int(np.argmin(cost - weight * free[rivals]) == 0)
            progress.advance(1)
    return {f"{weight:g}": round(first[weight] / len(real), 3) for weight in LAMBDAS}


def answers(bot: Bot, states: list[State], real: list[list[str]]) -> list[dict[str, float]]:
    """For each choice, what the bot's answers are like; the friend's own come first."""
    texts = ["\n".join(answer) for answer in real]
    found = [described(0, 0, texts, real, texts)]
    with Progress("answering", unit="turns", total=len(CHOICES) * len(states)) as progress:
        for best_of, mmi in CHOICES:
            writer = bot.writer(Decoding(best_of=best_of, mmi=mmi))
            written = []
            for turn, state in enumerate(states):
                written.append(writer.answer(state, np.random.default_rng([1, turn])).messages)
                progress.advance(1)
            found.append(described(best_of, mmi, ["\n".join(answer) for answer in written], written, texts))
    return found


def described(
    best_of: int, mmi: float, answers: list[str], bursts: Sequence[Sequence[str]], real: list[str]
) -> dict[str, float]:
    """Means over the turns, and standard errors of the two likenesses' difference."""
    shift = len(real) // 2
    own = np.array([alike(answer, text) for answer, text in zip(answers, real, strict=True)])
    other = np.array(
        [alike(answer, text) for answer, text in zip(answers, [*real[shift:], *real[:shift]], strict=True)]
    )
    return {
        "best_of": best_of,
        "mmi": mmi,
        "characters": round(float(np.mean([len(answer) for answer in answers])), 1),
        "median": float(np.median([len(answer) for answer in answers])),
        "messages": round(float(np.mean([len(burst) for burst in bursts])), 2),
        "distinct": round(len(set(answers)) / len(answers), 2),
        "own": round(float(own.mean()), 3),
        "other": round(float(other.mean()), 3),
        "error": round(float((own - other).std() / len(own) ** 0.5), 3),
    }


def alike(one: str, other: str) -> float:
    """F-score of character n-grams up to 4, case and spaces aside."""
    grams = []
    for text in (one, other):
        plain = " ".join(text.lower().split())
        grams.append(Counter(plain[start : start + n] for n in range(1, 5) for start in range(len(plain) - n + 1)))
    common = (grams[0] & grams[1]).total()
    return 2 * common / max(grams[0].total() + grams[1].total(), 1)


def report(figures: dict) -> None:
    """Two tables."""
    console = Console()
    first = Table(title=f"the real answer among {OTHERS} others is first ({figures['turns']} turns; chance 0.1)")
    for weight in figures["first"]:
        first.add_column(f"λ {weight}", justify="right")
    first.add_row(*(f"{share:.3f}" for share in figures["first"].values()))
    table = Table(title="answers")
    for name in ("choice", "characters", "median", "messages", "distinct", "own", "other", "own - other"):
        table.add_column(name, justify="left" if name == "choice" else "right")
    for row in figures["answers"]:
        choice = f"best of {row['best_of']}, λ {row['mmi']:g}" if row["best_of"] else "the friend"
        values = [f"{row[name]:g}" for name in ("characters", "median", "messages", "distinct", "own", "other")]
        table.add_row(choice, *values, f"{row['own'] - row['other']:.3f} ± {row['error']:.3f}")
    console.print(first, table)


if __name__ == "__main__":
    main()
