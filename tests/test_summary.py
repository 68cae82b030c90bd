import json
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

from friendbot import evaluation
from friendbot.dialogue import Line


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "src" / "summary.py"), "--next", "make chat"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)


def test_the_headline_some_answers_and_the_next_command(tmp_path: Path) -> None:
    for folder in ("reports", "models/friend"):
        (tmp_path / folder).mkdir(parents=True)
    score = {"friend": {"bits_per_char": 1.2345}}
    metrics = {"test": score, "baseline": {"uniform": {"friend": {"bits_per_char": 7.1}}}}
    (tmp_path / "reports/metrics.json").write_text(json.dumps(metrics))
    (tmp_path / "models/friend/card.json").write_text(json.dumps({"friend": "Bo", "me": "Ann"}))
    said, real = (Line(0, 0, name, "", text, 0, "test") for name, text in (("Ann", "Tea?"), ("Bo", "always")))
    answered = [evaluation.Turn([said], [real], [f"yes {number}", "now"]) for number in range(9)]
    (tmp_path / "reports/samples.md").write_text(evaluation.samples(answered, "Bo"))
    result = run(tmp_path)
    turn = "Ann: Tea?\n> bot: yes {}\n> bot: now\n> Bo, then: always\n\n"
    assert result.stdout == (
        "\nThe bot writes like Bo. On the newest messages, which it has never read, it needs\n"
        "1.23 bits per character of Bo; lower is better\n(who knows the alphabet needs 7.10).\n\n"
        f"{''.join(turn.format(number) for number in range(3))}"
        "Does it sound like them, and will it repeat something private? Open reports/report.html in a browser.\n"
        "Next: make chat\n"
    )


def test_before_the_pipeline_ran(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert (result.returncode, result.stderr) == (
        2,
        "summary: models/friend/card.json is missing; `make repro` makes it\n",
    )
