"""The whole examination of a really trained model, tiny as it is."""

import json
from pathlib import Path

import pytest
from conftest import FRIEND, ME, lines

from friendbot import assessment, dataset, report, weights
from friendbot.assessment import Assessment
from friendbot.params import DecodingParams, EvaluateParams
from friendbot.redaction import Redactor
from friendbot.report import Memory, Report, Tried

DECODING = DecodingParams(
    temperature=[0.7, 1.0],
    top_k=0,
    top_p=[1.0],
    min_p=[0.0],
    typical_p=1.0,
    repetition_window=[64],
    best_of=2,
    mmi=1.0,
)


def assess(trained: Path, encoded: Path, turns: int) -> Assessment:
    settings = EvaluateParams(turns=turns, tuning_turns=12, seed=1)
    model, data = weights.load(trained / "model"), dataset.load(encoded)
    return assessment.assess(model, data, lines(), settings, DECODING, Redactor())


@pytest.fixture(scope="module")
def found(trained: Path, encoded: Path) -> Assessment:
    return assess(trained, encoded, 12)


def test_the_same_model_gets_the_same_marks(trained: Path, encoded: Path, found: Assessment) -> None:
    assert assess(trained, encoded, 12) == found


def test_metrics_are_rounded_numbers_without_words(found: Assessment) -> None:
    def leaves(tree: object) -> list[object]:
        return [leaf for branch in tree.values() for leaf in leaves(branch)] if isinstance(tree, dict) else [tree]

    metrics = found.metrics()
    assert all(isinstance(leaf, int | float) for leaf in leaves(metrics))
    assert json.loads(json.dumps(metrics)) == metrics
    assert {*metrics} == {"test", "baseline", "likeness", "authorship", "answers", "memorisation"}
    assert metrics["authorship"]["me_as_friend"] < 0.5 < metrics["authorship"]["friend_as_friend"]
    assert metrics["memorisation"]["bot"]["longest_words"] > 0
    assert 0 < metrics["test"]["adaptive"]["friend"]["bits_per_char"] < metrics["test"]["friend"]["bits_per_char"]


def test_with_too_few_turns_nothing_is_compared_or_chosen(trained: Path, encoded: Path) -> None:
    found = assess(trained, encoded, 3)
    assert found.likeness is None
    assert found.authorship is None
    assert found.tuning.decoding.temperature == 0.7
    assert {*found.metrics()} == {"test", "baseline", "answers", "memorisation"}


def test_the_report_shows_it(found: Assessment) -> None:
    page = report.render(
        Report(
            FRIEND,
            ME,
            test=found.test,
            baselines=found.baselines,
            sessions=found.sessions,
            likeness=found.likeness,
            authorship=found.authorship,
            turns=found.turns,
            memory=Memory(len(found.turns), found.bot, found.friend, found.sensitive),
            tried=[
                Tried(vars(trial.decoding), trial.auc, trial.verbatim, trial.chosen, trial.summary, trial.invented)
                for trial in found.tuning.trials
            ],
        )
    )
    assert f"{found.test['friend']['bits_per_char']:.2f}" in page
    assert "haha yes" in page
