"""Measure the model on the newest sessions, and let it answer there."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import json

from friendbot import baselines, dataset, dialogue, errors, evaluation, files, params, weights
from friendbot.errors import ModelError
from friendbot.inference import Network


def main() -> None:
    settings = params.load().evaluate
    model = weights.load(Path("models/friend"))
    encoded = dataset.load(Path("data/encoded"))
    if encoded.vocabulary.digest() != model.vocabulary.digest():
        raise ModelError("models/friend was trained with another vocabulary than data/encoded; run `dvc repro`")
    network = Network(model)
    lines = dialogue.read(Path("data/thread.parquet"))
    test = [line for line in lines if line.split == "test"]
    metrics = {
        "test": evaluation.measure(network, encoded.test, model.vocabulary),
        "baseline": baselines.measure(lines),
    }
    answered = evaluation.answer(network, model.vocabulary, test, settings.turns, settings.temperature, settings.seed)
    decoding = {"format": 1, "decoding": {"temperature": settings.temperature}, "metrics": metrics["test"]}
    files.write_text(Path("reports/metrics.json"), json.dumps(metrics, indent=1) + "\n")
    files.write_text(Path("reports/samples.md"), evaluation.samples(answered, model.card["friend"]))
    files.write_text(Path("models/friend/evaluation.json"), json.dumps(decoding, indent=1) + "\n")
    print(f"{metrics['test']['friend']['bits_per_char']:.3f} bits per character of {model.card['friend']}")


if __name__ == "__main__":
    errors.run(main)
