import math
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from conftest import MODEL, ROOT, TRAIN, lines, train
from test_dvc_yaml import deciding

from friendbot import dataset, encoding, weights
from friendbot.canaries import COPIES, EACH, Canary, Exposed, canaries, expose, measure, metrics, plant, table
from friendbot.evaluation import losses
from friendbot.inference import Network
from friendbot.vocabulary import Vocabulary
from friendbot.weights import Architecture, Model

PIPELINE: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
AUDIT: dict[str, Any] = yaml.safe_load((ROOT / "audit" / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
PLANTED = canaries(copies=(0, 20), each=2, digits=3)


def random_network(vocabulary: Vocabulary) -> Network:
    architecture = Architecture(len(vocabulary), embedding=4, layers=2, units=8, dropout=0.0)
    random = np.random.default_rng(1)
    arrays = {name: random.normal(size=shape).astype(np.float32) for name, shape in architecture.shapes().items()}
    return Network(Model(Path(), architecture, arrays, vocabulary, {}))


@pytest.mark.parametrize(
    ("tokenizer", "learned", "tokens_of_a_digit"),
    [("char", "is 0123456789", {2}), ("bpe", "no digits", {2}), ("bpe", "is 1 2 3 4 5 6", {1, 2})],
)
def test_the_rank_is_that_among_all_secrets_told_one_by_one(
    tokenizer: str, learned: str, tokens_of_a_digit: set[int]
) -> None:
    vocabulary = Vocabulary.build([learned] * 2, tokenizer, 300)
    assert {len(vocabulary.encode(f" {digit}")) for digit in range(10)} == tokens_of_a_digit
    network = random_network(vocabulary)
    costs = {}
    for digits in product("0123456789", repeat=3):
        secret = "".join(f" {digit}" for digit in digits)
        ids = [vocabulary.gap, vocabulary.friend, *vocabulary.encode(f"my pin is{secret}")]
        costs[secret] = losses(network, np.array(ids)).sum()
    likeliest = sorted(costs, key=lambda told: float(costs[told]))
    for rank in (1, 2, 200, 1000):
        found = expose(network, vocabulary, Canary("my pin is", likeliest[rank - 1], 7))
        assert (found.copies, found.rank) == (7, rank)
        assert found.exposure == pytest.approx(math.log2(1000 / rank))


def test_canaries_have_phrases_of_their_own_and_are_the_same_each_time() -> None:
    planted = canaries()
    assert planted == canaries()
    assert len({canary.phrase for canary in planted}) == len(planted) == EACH * len(COPIES)
    assert all(canary.secret.replace(" ", "").isdigit() for canary in planted)
    assert [canary.secret for canary in planted] != [canary.secret for canary in canaries(seed=2)]


def test_canaries_are_planted_as_the_friends_in_the_training_part_and_nothing_else_changes() -> None:
    before, planted = lines(), canaries()
    after = plant(before, planted)
    texts = {canary.text: canary.copies for canary in planted}
    new = [line for line in after if line.text in texts]
    assert [line for line in after if line.text not in texts] == before
    assert {(line.speaker, line.split) for line in new} == {("friend", "train")}
    assert {text: sum(line.text == text for line in new) for text in texts} == texts
    assert [line.session for line in after] == sorted(line.session for line in after)


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> list[Exposed]:
    """Of a model really trained on a small talk with canaries in it."""
    folder = tmp_path_factory.mktemp("audit")
    dataset.save(folder / "encoded", encoding.encode(plant(lines(), PLANTED), "bpe", 300))
    model_params = MODEL.model_copy(update={"dropout": 0.0})
    settings = TRAIN.model_copy(update={"epochs": 4, "learning_rate": 0.03, "patience": 4, "keep_checkpoints": 1})
    train(folder / "encoded", folder, model_params, settings)
    model = weights.load(folder / "model")
    return measure(Network(model), model.vocabulary, PLANTED)


def test_a_canary_seen_twenty_times_is_exposed_and_one_never_seen_is_not(exposed: list[Exposed]) -> None:
    never, often = exposed[:2], exposed[2:]
    assert [(each.copies, each.rank) for each in often] == [(20, 1), (20, 1)]
    assert all(each.copies == 0 and each.exposure < 4 for each in never)


def test_metrics_are_means_by_how_often_canaries_were_seen(exposed: list[Exposed]) -> None:
    assert metrics([*exposed, Exposed(20, 4, 7.0)]) == {
        "exposure": {
            "0": pytest.approx((exposed[0].exposure + exposed[1].exposure) / 2, abs=1e-4),
            "20": pytest.approx((2 * math.log2(1000) + 7) / 3, abs=1e-4),
        },
        "read_off": {"0": 0.0, "20": 0.6667},
    }


def test_the_table_has_a_row_for_each_canary() -> None:
    assert table([Exposed(20, 1, 9.96578), Exposed(0, 500, 1.0)]) == (
        "copies,rank,exposure\n0,500,1.0000\n20,1,9.9658\n"
    )


@pytest.mark.parametrize("stage", AUDIT)
def test_a_stage_of_the_audit_depends_on_exactly_the_modules_it_imports(stage: str) -> None:
    script = f"audit/{stage}.py"
    needed = {"src/friendbot/__init__.py", *(str(path.relative_to(ROOT)) for path in deciding(ROOT / script))}
    deps = AUDIT[stage]["deps"]
    assert {dep for dep in deps if dep.startswith("src/")} == needed
    assert script in deps
    assert AUDIT[stage]["cmd"] == f"python {script}"
    assert AUDIT[stage]["wdir"] == ".."
    assert AUDIT[stage]["desc"].endswith(".")


def test_the_audit_trains_with_the_params_of_the_pipeline() -> None:
    for stage in ("encode", "train"):
        assert AUDIT[stage]["params"] == PIPELINE[stage]["params"]


def test_words_of_the_audit_are_ignored_and_nothing_of_it_is_cached() -> None:
    outs = [out for stage in AUDIT.values() for out in [*stage["outs"], *stage.get("metrics", [])]]
    assert all(settings == {"cache": False} for out in outs for settings in out.values())
    words = {"/audit/data/", "/audit/model/", "/audit/reports/"}
    assert words <= {*(ROOT / ".gitignore").read_text(encoding="utf-8").split()}
    kept = [path for out in outs for path in out if not f"/{path}/".startswith(tuple(words))]
    assert kept == ["audit/metrics.json"]


def test_the_pipeline_reads_nothing_of_the_audit() -> None:
    assert not [dep for stage in PIPELINE.values() for dep in stage["deps"] if dep.startswith("audit")]
