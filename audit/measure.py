"""Measure how far the model that read the canaries gives them away."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import json
import math

from friendbot import canaries, errors, files, weights
from friendbot.inference import Network


def main() -> None:
    model = weights.load(Path("audit/model"))
    exposed = canaries.measure(Network(model), model.vocabulary, canaries.canaries())
    metrics = canaries.metrics(exposed)
    files.write_text(Path("audit/metrics.json"), json.dumps(metrics, indent=1) + "\n")
    files.write_text(Path("audit/reports/exposure.csv"), canaries.table(exposed))
    for copies, exposure in metrics["exposure"].items():
        print(f"{copies:>3} times in the text: exposure {exposure:4.1f} of {canaries.DIGITS * math.log2(10):.1f} bits")


if __name__ == "__main__":
    errors.run(main)
