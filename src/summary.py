"""What `make repro` ends with: how well the bot writes, a few of its answers, and what to type next."""

import json
from pathlib import Path
from typing import Any

from friendbot import cli, errors
from friendbot.errors import ModelError

METRICS, CARD, SAMPLES = Path("reports/metrics.json"), Path("models/friend/card.json"), Path("reports/samples.md")
TURNS = 3


def main() -> None:
    parser = cli.Parser(description=__doc__)
    parser.add_argument("--next", default="make chat", help="the command that starts a chat")
    arguments = parser.parse_args()
    try:
        card, metrics = (json.loads(path.read_text(encoding="utf-8")) for path in (CARD, METRICS))
        _, *turns = SAMPLES.read_text(encoding="utf-8").split("\n---\n")
    except FileNotFoundError as error:
        raise ModelError(f"{error.filename} is missing; `make repro` makes it") from None
    score = metrics["test"]["friend"]
    print(f"\nThe bot writes like {card['friend']}. On the newest messages, which it has never read, it needs")
    print(f"{score['bits_per_char']:.2f} bits per character of {card['friend']}; lower is better")
    print(f"({beside(metrics['baseline'])}).\n")
    for turn in turns[:TURNS]:
        print("".join(f"{line.strip()}\n" for line in turn.replace("**", "").splitlines() if line.strip()))
    print("Does it sound like them, and will it repeat something private? Open reports/report.html in a browser.")
    print(f"Next: {arguments.next}")


def beside(baselines: dict[str, Any]) -> str:
    """What simple models need for the same text."""
    known = {
        "uniform": "who knows the alphabet",
        "unigram": "who knows how often each letter comes",
        "kneser_ney_10": "who counted which letters follow which nine",
        "ppmd": "a compressor that learns on while it reads",
    }
    return ", ".join(
        f"{known.get(name, name)} needs {scores['friend']['bits_per_char']:.2f}" for name, scores in baselines.items()
    )


if __name__ == "__main__":
    errors.run(main)
