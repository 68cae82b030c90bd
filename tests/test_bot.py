import json
import shutil
from pathlib import Path

import pytest

from friendbot import weights
from friendbot.bot import Bot, Evaluation
from friendbot.errors import ModelError
from friendbot.rhythm import Rhythm
from friendbot.sampling import Decoding


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained / "model", tmp_path / "friend"))


def test_a_bot_says_who_it_is(folder: Path) -> None:
    bot = Bot(weights.load(folder))
    assert (bot.friend, bot.me) == ("Zoë Ångström", "Ann Marie O'Neil")
    assert bot.card["messages"]["train"] == 320
    assert bot.evaluation == Evaluation()


def test_an_evaluation_comes_back_as_it_was_written(folder: Path) -> None:
    evaluation = Evaluation(Decoding(temperature=0.4, best_of=2), Rhythm(message_bytes=77), {"bits_per_char": 1.5})
    (folder / "evaluation.json").write_text(evaluation.to_json())
    bot = Bot(weights.load(folder))
    assert bot.evaluation == evaluation
    assert bot.writer().limits.message_bytes == 77
    assert bot.writer(tokens=9).limits.tokens == 9
    assert bot.writer(Decoding()).decoding == Decoding()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "evaluation.json has format 2, this friendbot reads up to 1; update friendbot"),
        ({"decoding": {"best_of": 99}}, "damaged"),
        ({"decoding": {"mirostat": 1}}, "unknown to this friendbot"),
        ({"rhythm": {}}, "damaged"),
        ({"metrics": None}, "damaged"),
    ],
)
def test_an_evaluation_that_cannot_be_right_is_refused(folder: Path, change: dict[str, object], message: str) -> None:
    data = json.loads(Evaluation().to_json())
    (folder / "evaluation.json").write_text(json.dumps({**data, **change}))
    with pytest.raises(ModelError, match=message):
        Bot(weights.load(folder))
