"""Measure the model on the newest sessions, which it has never read, and let it answer there."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import json
from typing import Any

from friendbot import assessment, dataset, dialogue, errors, evaluation, files, params, report, weights
from friendbot.bot import Evaluation
from friendbot.errors import ModelError
from friendbot.params import Params
from friendbot.redaction import Redactor
from friendbot.report import Memory, Report, Tried

REPORTS, FRIEND, ENCODED = Path("reports"), Path("models/friend"), Path("data/encoded")
SAMPLES = 10
"""Turns in samples.md."""


def main() -> None:
    settings = params.load()
    model, encoded = weights.load(FRIEND), dataset.load(ENCODED)
    if encoded.vocabulary.digest() != model.vocabulary.digest():
        raise ModelError(f"{FRIEND} was trained with another vocabulary than {ENCODED}; run `dvc repro`")
    lines, redactor = dialogue.read(Path("data/thread.parquet")), Redactor(settings.filter.phone_region)
    found = assessment.assess(model, encoded, lines, settings.evaluate, settings.decoding, redactor)
    metrics = found.metrics()
    counts = json.loads((REPORTS / "filter.json").read_text(encoding="utf-8"))
    page = Report(
        model.card["friend"],
        model.card["me"],
        found.test,
        found.baselines,
        found.sessions,
        files.read_rows(REPORTS / "history.csv"),
        found.likeness,
        found.authorship,
        metrics["answers"]["cut"],
        found.turns,
        Memory(len(found.turns), found.bot, found.friend, found.sensitive),
        counts["redacted"] if settings.filter.redact else None,
        [
            Tried(vars(trial.decoding), trial.auc, trial.verbatim, trial.chosen, trial.summary, trial.invented)
            for trial in found.tuning.trials
        ],
        found.bound,
        model.card,
        (FRIEND / "weights.npz").stat().st_size,
        counts,
        shaping(settings),
    )
    chat = Evaluation(found.tuning.decoding, found.rhythm, metrics["test"])
    files.write_text(REPORTS / "metrics.json", json.dumps(metrics, indent=1) + "\n")
    files.write_text(
        REPORTS / "samples.md", evaluation.samples(report.spread(found.turns, SAMPLES), model.card["friend"])
    )
    files.write_text(REPORTS / "report.html", report.render(page))
    for name, table in report.tables(page).items():
        files.write_rows(REPORTS / name, report.COLUMNS[name], table)
    files.write_text(FRIEND / "evaluation.json", chat.to_json())
    print(f"{metrics['test']['friend']['bits_per_char']:.3f} bits per character of {model.card['friend']}")


def shaping(settings: Params) -> dict[str, Any]:
    """The params that shape the model and its answers, by dotted name."""
    sections = settings.model_dump(include={"encode", "model", "train", "evaluate", "decoding"})
    return {f"{section}.{name}": value for section, values in sections.items() for name, value in values.items()}


if __name__ == "__main__":
    errors.run(main)
