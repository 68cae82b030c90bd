import argparse
import json
import math
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bench import quality
from bench.peers import budget, compressors, corpus, kneser_ney, ours
from bench.peers.corpus import MARKS, Alphabet, Corpus
from conftest import MODEL, TRAIN, lines

from friendbot import baselines, dialogue, evaluation
from friendbot.params import EncodeParams

ME, FRIEND, GAP = (*MARKS,)
ENCODE = EncodeParams(tokenizer="char", vocabulary_size=300)


@pytest.fixture(scope="module")
def talk() -> Corpus:
    return corpus.of_lines(lines(), "talk")


@pytest.fixture
def peers() -> dict[str, ModuleType]:
    pytest.importorskip("torch", reason="PyTorch, of the bench group, is not installed")
    from bench.peers import char_rnn, gpt

    return {"char_rnn": char_rnn, "gpt": gpt}


def test_the_text_has_a_character_for_each_special_and_all_that_was_said(talk: Corpus) -> None:
    held_out = [line for line in lines() if line.split == "test"]
    assert talk.test.startswith(f"{GAP}")
    assert "".join(letter for letter in talk.test if letter not in MARKS) == "".join(line.text for line in held_out)
    assert talk.test.count(FRIEND) == sum(line.speaker == "friend" for line in held_out)
    assert talk.test.count(ME) == sum(line.speaker == "me" for line in held_out)
    assert talk.test.count(GAP) == len({line.session for line in held_out})


def test_marks_are_paid_for_and_not_counted() -> None:
    text = Corpus("x", "", "", f"{GAP}{ME}ab{FRIEND}cd{GAP}", np.array([0, 0, 0, 0, 0, 1, 1, 1], bool), [])
    nats = np.arange(1.0, 8.0) * math.log(2)
    assert text.scores(nats) == {"bits_per_char": (1 + 2 + 3 + 4 + 5 + 6 + 7) / 4, "friend": (5 + 6 + 7) / 2}


def test_bits_are_counted_as_the_product_counts_them(talk: Corpus) -> None:
    """A character vocabulary and the peers' text have one token for one character: equal costs, equal scores."""
    data = talk.encode(ENCODE)
    assert len(data.test) == len(talk.test)
    nats = np.linspace(0.1, 3, len(talk.test) - 1)
    everything, friend = evaluation.shares(nats, data.test, data.vocabulary)
    found = talk.scores(nats)
    assert found["bits_per_char"] == everything.metrics()["bits_per_char"]
    assert found["friend"] == friend.metrics()["bits_per_char"]


def test_kneser_ney_scores_as_the_pipeline_reports_it(talk: Corpus) -> None:
    reported = baselines.scores(baselines.costs(lines()))[baselines.KNESER_NEY]
    found = talk.scores(kneser_ney.nats(talk))
    assert found["bits_per_char"] == pytest.approx(reported["bits_per_char"], abs=1e-4)
    assert found["friend"] == pytest.approx(reported["friend"]["bits_per_char"], abs=1e-4)


def test_an_unknown_character_costs_its_place_among_all() -> None:
    alphabet = Alphabet("aabbc")
    assert alphabet.encode("abcz").tolist() == [0, 1, 2, 2]
    assert alphabet.escapes("abcz").tolist() == [0, 0, *[math.log(0x110000 - 2)] * 2]
    assert len(alphabet) == 3


def test_a_plain_text_is_cut_as_nanogpt_cuts_it_and_has_no_friend() -> None:
    text = corpus.of_text("to be or not to be that is the question " * 50, "play")
    assert (len(text.train), len(text.test), text.valid) == (1800, 200, text.test)
    data = text.encode(ENCODE)
    assert (len(data.train), data.about["characters"]["test"]) == (1800, 200)
    assert text.scores(np.full(199, math.log(2))) == {"bits_per_char": 1.0, "friend": None}


def test_compressors_pay_little_for_what_they_have_read() -> None:
    text = "".join(chr(97 + number) for number in np.random.default_rng(1).integers(0, 26, 3000))
    known = Corpus("x", text, "", text[:1000], np.zeros(1000, bool), [])
    new = Corpus("x", text[1000:], "", text[:1000], np.zeros(1000, bool), [])
    for nats in (compressors.xz, lambda text: compressors.ppmd(text).sum()):
        assert nats(known) < 0.2 * nats(new)
    # Letters at random: nobody can need fewer than log2(26) bits, and PPMd hardly more.
    assert 4.6 < corpus.bits(compressors.ppmd(new).sum(), new.test) < 5.2


def test_zpaq_gets_tables_of_one_size_for_both_texts() -> None:
    assert compressors.padding(675_131, 750_856) == 0
    more = compressors.padding(1_972_573, 2_191_451)
    assert (1_972_573 + more).bit_length() == (2_191_451 + more).bit_length() == 22


def test_the_corpus_is_found_beside_what_the_pipeline_made(tmp_path: Path, talk: Corpus) -> None:
    folder = tmp_path / "house/data"
    (folder / "encoded").mkdir(parents=True)
    dialogue.write(lines(), folder / "thread.parquet")
    for given in (folder, folder / "encoded"):
        found = corpus.load(given)
        assert (found.name, found.digest()) == ("house", talk.digest())
    with pytest.raises(corpus.CorpusError, match=r"has no thread\.parquet; give"):
        corpus.load(tmp_path)


class Stub:
    """A learner whose validation cost falls, rises, and falls again; an update takes a second of a made-up clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, last: int = 1000) -> None:
        self.steps, self.last, self.now = 0, last, 0.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)

    @property
    def done(self) -> bool:
        return self.steps >= self.last

    def step(self, share: float) -> float:
        self.steps += 1
        self.now += 1
        return 3 - share

    def nats(self, text: str, exact: bool) -> np.ndarray:
        self.now += 100  # nobody's time
        costs = {30: 3.0, 60: 2.0, 90: 4.0, 100: 2.5, 120: 1.0}
        return np.full(len(text) - 1, costs.get(self.steps, 5.0) * math.log(2))

    def weights(self) -> Any:
        return self.steps

    def restore(self, weights: Any) -> None:
        self.steps = weights


def test_at_each_moment_the_best_so_far_is_kept_and_validation_costs_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    text = corpus.of_text("ab" * 100, "x")
    run = budget.fit(Stub(monkeypatch), text, [30, 100, 130])
    assert [(check.seconds, check.valid) for check in run.curve] == [
        (30, 3.0), (60, 2.0), (90, 4.0), (100, 2.5), (120, 1.0), (130, 5.0)
    ]  # fmt: skip
    assert {moment: kept.weights for moment, kept in run.best.items()} == {30: 30, 100: 60, 130: 120}
    assert run.seconds == 130


def test_a_recipe_that_ends_early_keeps_its_best_for_all_moments_left(monkeypatch: pytest.MonkeyPatch) -> None:
    run = budget.fit(Stub(monkeypatch, last=60), corpus.of_text("ab" * 100, "x"), [30, 100, 130])
    assert {moment: kept.weights for moment, kept in run.best.items()} == {30: 30, 100: 60, 130: 60}
    assert run.seconds == 60


def test_char_rnn_learns_and_reads_the_same_in_one_stream_as_in_pieces(
    peers: dict[str, ModuleType], talk: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    char_rnn = peers["char_rnn"]
    learner = char_rnn.CharRNN(talk, 1, 1, char_rnn.Settings(units=16, batch_size=4, sequence_length=10))
    before = learner.nats(talk.test, exact=True)
    assert before.shape == (len(talk.test) - 1,)
    for _ in range(40):
        learner.step(0.0)
    after = learner.nats(talk.test, exact=True)
    assert after.mean() < 0.9 * before.mean()
    monkeypatch.setattr(char_rnn, "CHUNK", 7)
    np.testing.assert_allclose(learner.nats(talk.test, exact=True), after, rtol=1e-4, atol=1e-5)
    assert learner.nats(talk.valid, exact=False).shape == (len(talk.valid) - 1,)


def test_char_rnn_ends_after_its_epochs_and_slows_down_before(peers: dict[str, ModuleType], talk: Corpus) -> None:
    char_rnn = peers["char_rnn"]
    settings = char_rnn.Settings(
        units=4, batch_size=10, sequence_length=len(talk.train) // 25, max_epochs=3, learning_rate_decay_after=2
    )
    learner = char_rnn.CharRNN(talk, 1, 1, settings)
    steps = 0
    while not learner.done:
        learner.step(0.0)
        steps += 1
    assert steps == 3 * 2
    assert learner._optimizer.param_groups[0]["lr"] == pytest.approx(settings.learning_rate * 0.97**2)


def test_gpt_sees_nothing_to_come_and_as_much_before_as_its_stride_says(
    peers: dict[str, ModuleType], talk: Corpus
) -> None:
    gpt = peers["gpt"]
    settings = gpt.Settings(
        block_size=8,
        layers=1,
        heads=2,
        width=16,
        test_stride=1,
        valid_stride=4,
        warmup_iterations=1,
        learning_rate=1e-2,
    )
    learner = gpt.GPT(talk, 1, 1, settings)
    before = learner.nats(talk.test, exact=True)
    for _ in range(40):
        learner.step(0.5)
    after = learner.nats(talk.test, exact=True)
    assert after.shape == (len(talk.test) - 1,)
    assert after.mean() < 0.9 * before.mean()
    np.testing.assert_allclose(learner.nats(talk.test[:30], exact=True), after[:29], rtol=1e-4, atol=1e-5)
    # With stride 1 every character has the 8 before it, so a text that begins 8 earlier changes nothing.
    np.testing.assert_allclose(learner.nats(talk.test[20:60], exact=True)[8:], after[28:59], rtol=1e-4, atol=1e-5)


def test_gpt_warms_up_and_falls_over_the_time(peers: dict[str, ModuleType], talk: Corpus) -> None:
    gpt = peers["gpt"]
    learner = gpt.GPT(talk, 1, 1, gpt.Settings(block_size=8, layers=1, heads=1, width=4))
    assert learner.learning_rate(0.9) == pytest.approx(1e-3 / 101)
    learner._steps = 100
    assert [learner.learning_rate(share) for share in (0, 0.5, 1)] == pytest.approx([1e-3, 5.5e-4, 1e-4])


def test_the_tutorials_weights_score_alike_in_keras_and_here(peers: dict[str, ModuleType], talk: Corpus) -> None:
    from bench.peers import tutorial

    settings = tutorial.Settings(units=8, batch_size=4, chunk=40, learning_rate=1e-2)
    learner = tutorial.Tutorial(talk, 1, 2, settings)
    first = [learner.step(0.0) for _ in range(5)]
    last = [learner.step(0.0) for _ in range(40)][-5:]
    assert np.mean(last) < 0.9 * np.mean(first)
    ids = learner._alphabet.encode(talk.test)[:41]
    logits = learner._model.predict(np.tile(ids[None, :40], (4, 1)).astype("int32"), verbose=0)[0].astype(np.float64)
    costs = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(40), ids[1:]]
    np.testing.assert_allclose(learner.nats(talk.test[:41], exact=True), costs, rtol=1e-3, atol=1e-4)


def test_the_tutorials_chunks_are_whole_messages_where_they_fit(peers: dict[str, ModuleType]) -> None:
    from bench.peers import tutorial

    text = f"{GAP}{ME}abc{FRIEND}de{FRIEND}{'f' * 12}{ME}g"
    ends = tutorial.ends(text, 8)
    assert [text[1:][start:end] for start, end in zip([0, *ends], ends, strict=False)] == [
        f"{ME}abc{FRIEND}de", f"{FRIEND}fffffff", f"fffff{ME}g"
    ]  # fmt: skip
    assert ends[-1] == len(text) - 1


@pytest.mark.soak
def test_ours_is_the_train_stage_and_scored_by_the_products_own_inference(talk: Corpus, tmp_path: Path) -> None:
    base = ours.settings({}, threads=2, seed=3)
    chosen = base.model_copy(update={"model": MODEL, "train": TRAIN.model_copy(update={"epochs": 2}), "encode": ENCODE})
    rows = ours.train(talk, chosen, tmp_path)
    assert len(rows) == 2
    assert ours.nats_per_char(rows[1]) < ours.nats_per_char(rows[0])
    assert 0 < rows[0].seconds < rows[1].seconds
    static, adaptive = (found["bits_per_char"] for found in ours.scores(tmp_path))
    assert static is not None
    assert adaptive is not None
    assert adaptive < static < math.log2(len(talk.encode(ENCODE).vocabulary))


def test_epochs_are_planned_so_that_all_of_it_fits_into_the_time() -> None:
    tried = [ours.Row(15.0, {}), ours.Row(25.0, {})]
    assert [ours.epochs_within(seconds, tried) for seconds in (1, 15, 24.9, 25, 180)] == [1, 1, 1, 2, 17]


def test_a_variant_must_have_a_name_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["quality.py", "ours", "--data", "x", "--json", "y", "--set", "model.units=9"])
    with pytest.raises(SystemExit):
        quality.parsed()
    assert "name it: --label" in capsys.readouterr().err


def test_a_param_is_changed_by_name(tmp_path: Path) -> None:
    assert ours.settings({"train.batch_size": 3}, threads=1, seed=5).train.batch_size == 3
    assert quality.assignment("model.dropout=0.25") == ("model.dropout", 0.25)
    with pytest.raises(argparse.ArgumentTypeError, match="is not like"):
        quality.assignment("units")


def record(row: str, minutes: float | None, seed: int | None, bits: float, friend: float | None) -> dict[str, Any]:
    return {
        "row": row, "label": quality.ROWS[row].about, "text": "t", "digest": "d", "threads": 2, "minutes": minutes,
        "seed": seed, "seconds": 60.0, "bits_per_char": bits, "friend": friend,
        "characters": {"train": 1000, "valid": 100, "test": 100},
    }  # fmt: skip


def test_the_table_has_the_mean_of_ours_and_each_peer_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.jsonl"
    kept = [
        record("zpaq", None, None, 1.5, None),
        record("ours", 10, 1, 9.9, 9.9),  # made again below
        record("ours", 10, 1, 1.4, 1.6),
        record("ours", 10, 2, 1.6, 1.8),
        record("ours", 3, 1, 1.75, 2.0),
        record("gpt", 10, 1, 3.0, 3.4),
    ]
    for line in kept:
        quality.keep(path, line)
    quality.table(argparse.Namespace(json=[path]))
    assert capsys.readouterr().out.splitlines()[3:] == [
        "| | 3 min: all | 3 min: friend | 10 min: all | 10 min: friend "
        "| times ours: all | times ours: friend | seconds |",
        "|---|---|---|---|---|---|---|---|",
        "| friendbot's train stage | 1.750 | 2.000 | 1.500 (1.400 - 1.600, 2 seeds) | 1.700 (1.600 - 1.800, 2 seeds) "
        "| 1.000 | 1.000 | 60 |",
        "| nanoGPT's small GPT |  |  | 3.000 | 3.400 | 2.000 | 2.000 | 60 |",
        "| zpaq -m5 |  |  | 1.500 |  | 1.000 |  | 60 |",
    ]


@pytest.mark.parametrize(
    ("own", "peer", "said"),
    [
        (
            [1.3, 0.99],
            [2.5, 1.9],
            "after 60 s; the tutorial's recipe not in 1,800 s: 1.90; more than 30.0 times sooner",
        ),
        ([0.9, 0.8], [1.5, 0.9], "after 30 s; the tutorial's recipe after 1,800 s; 60.0 times sooner"),
        ([1.3, 1.2], [2.5, 1.9], "not: 1.20; the tutorial's recipe not in 1,800 s: 1.90"),
    ],
)
def test_the_tutorials_mark_is_read_off_the_curves(own: list[float], peer: list[float], said: str) -> None:
    records = [
        record("ours", 10, 1, 1.5, 1.6) | {"curve": [[200.0, 3.0, 1.5]]},
        record("ours", 3, 1, 1.5, 1.6) | {"curve": [[30.0, 2.0, own[0]], [60.0, 1.9, own[1]]]},
        record("tutorial", 10, 1, 2.5, 2.6) | {"curve": [[600.0, 4.0, peer[0]], [1800.0, 3.0, peer[1]]]},
    ]
    found = [line.strip() for line in quality.marks(records)]
    assert found == [f"Training loss below 1 nat per character: ours, planned for 3 minutes, {said}."]
    assert [*quality.marks(records[:-1])] == []


def test_a_row_is_kept_with_its_settings_and_circumstances(tmp_path: Path, talk: Corpus) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    dialogue.write(lines(), folder / "thread.parquet")
    path = tmp_path / "rows.jsonl"
    quality.make(
        argparse.Namespace(row="xz", text=None, data=[str(folder)], threads=2, label=None, json=[path], seed=[1])
    )
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert kept["digest"] == talk.digest()
    assert kept["bits_per_char"] > 0
    assert kept["characters"]["test"] == corpus.characters(talk.test)
    assert {"settings", "seconds", "load", "versions", "processor", "cores", "date"} <= set(kept)
