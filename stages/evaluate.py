"""Measure the model on the newest sessions, and let it answer there."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import json

from friendbot import baselines, dataset, dialogue, errors, evaluation, files, params, weights
from friendbot.answers import Writer
from friendbot.bot import Evaluation
from friendbot.errors import ModelError
from friendbot.inference import Network
from friendbot.rhythm import Rhythm
from friendbot.sampling import Decoding


def main() -> None:
    settings = params.load()
    folder = Path("models/friend")
    model = weights.load(folder)
    encoded = dataset.load(Path("data/encoded"))
    if encoded.vocabulary.digest() != model.vocabulary.digest():
        raise ModelError(f"{folder} was trained with another vocabulary than data/encoded; run `dvc repro`")
    network = Network(model)
    lines = dialogue.read(Path("data/thread.parquet"))
    known = [line for line in lines if line.split == "train"]
    test = [line for line in lines if line.split == "test"]
    metrics = {
        "test": evaluation.measure(network, encoded.test, model.vocabulary),
        "baseline": baselines.measure(lines),
    }
    decoding, rhythm = Decoding(**settings.decoding.model_dump()), Rhythm.measure(known)
    writer = Writer(network, model.vocabulary, decoding, rhythm.limits())
    answered = evaluation.answer(network, writer, test, settings.evaluate.turns, settings.evaluate.seed)
    files.write_text(Path("reports/metrics.json"), json.dumps(metrics, indent=1) + "\n")
    files.write_text(Path("reports/samples.md"), evaluation.samples(answered, model.card["friend"]))
    files.write_text(folder / "evaluation.json", Evaluation(decoding, rhythm, metrics["test"]).to_json())
    print(f"{metrics['test']['friend']['bits_per_char']:.3f} bits per character of {model.card['friend']}")


if __name__ == "__main__":
    errors.run(main)
