"""The model of another revision, from a small repository with git and DVC."""

import json
import re
import shutil
import socket
import sys
import tempfile
from pathlib import Path

import pytest
from conftest import House

from friendbot import revisions, weights
from friendbot.bot import Bot, Evaluation
from friendbot.errors import ModelError
from friendbot.sampling import Decoding

PIPELINE = """
stages:
  train:
    cmd: mkdir -p models/friend && cp source/* models/friend
    deps: [source]
    outs:
"""
HOT = Decoding(temperature=2.0)


def train(house: House, friend: str) -> None:
    """Run the pipeline, whose model is what `source/` holds."""
    source = house.root / "source"
    card = json.loads((source / "card.json").read_text())
    (source / "card.json").write_text(json.dumps({**card, "friend": friend}))
    outs = "".join(f"      - models/friend/{path.name}\n" for path in sorted(source.iterdir()))
    (house.root / "dvc.yaml").write_text(PIPELINE + outs)
    house.dvc("repro", "-q")


@pytest.fixture(scope="module")
def house(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> House:
    """Tags `start`, without a pipeline, `first` and `second`; and `trial`, an experiment on `second`."""
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text("[user]\n name = T\n email = t@example.com\n[init]\n defaultBranch = main\n")
    house = House(tmp_path_factory.mktemp("house"), home)

    def commit(name: str) -> None:
        house.commit(name)
        house.git("tag", name)

    house.git("init", "-q")
    (house.root / ".gitignore").write_text("/models/\n")
    commit("start")
    (house.root / ".dvc").mkdir()
    (house.root / ".dvc" / "config").write_text("[core]\n    analytics = false\n")
    (house.root / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n")
    shutil.copytree(trained / "model", house.root / "source")
    train(house, "Una")
    commit("first")
    (house.root / "source" / "evaluation.json").write_text(Evaluation(HOT).to_json())
    train(house, "Dua")
    commit("second")
    tracked = house.root / "models" / "friend" / "card.json"
    card = tracked.read_text()
    tracked.unlink()
    tracked.write_text(card.replace("Dua", "Tria"))
    house.dvc("exp", "save", "-q", "-f", "-n", "trial")
    house.git("restore", ".")
    return house


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where temporary ones are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize(
    ("revision", "friend", "decoding"),
    [
        ("first", "Una", Decoding()),
        ("second", "Dua", HOT),
        ("main~1", "Una", Decoding()),
        ("trial", "Tria", HOT),
    ],
)
def test_every_name_of_a_revision_gives_its_model(house: House, revision: str, friend: str, decoding: Decoding) -> None:
    before = {path: path.stat().st_mtime_ns for path in house.root.rglob("*")}
    with revisions.load(house.root, revision) as model:
        bot = Bot(model)
    assert bot.friend == friend
    assert bot.evaluation.decoding == decoding
    assert {path: path.stat().st_mtime_ns for path in house.root.rglob("*")} == before


def test_the_folder_is_for_its_owner_alone_and_goes_whatever_happens(house: House, temporary: Path) -> None:
    with pytest.raises(KeyboardInterrupt), revisions.load(house.root, "second") as model:
        assert model.folder.parent == temporary
        assert model.folder.stat().st_mode & 0o777 == 0o700
        assert {path.name for path in model.folder.iterdir()} == {*weights.FILES, "evaluation.json"}
        raise KeyboardInterrupt
    assert not list(temporary.iterdir())


def refusal(root: Path, revision: str) -> str:
    with pytest.raises(ModelError) as caught, revisions.load(root, revision) as model:
        Bot(model)
    return str(caught.value)


@pytest.mark.parametrize(
    ("revision", "hint"),
    [
        ("secnd", "did you mean second?"),
        ("trail", "did you mean trial?"),
        ("f" * 40, "`git log --all` and `dvc exp list -A` show what there is"),
        ("", "`git log --all` and `dvc exp list -A` show what there is"),
        ("--help", "`git log --all` and `dvc exp list -A` show what there is"),
        ("^HEAD", "`git log --all` and `dvc exp list -A` show what there is"),
        ("first..second", "did you mean second?"),
        ("HEAD:source", "`git log --all` and `dvc exp list -A` show what there is"),
    ],
)
def test_what_is_no_revision(house: House, revision: str, hint: str) -> None:
    assert refusal(house.root, revision) == f"no commit, tag, branch or experiment is called {revision!r}; {hint}"


def test_a_revision_from_before_any_model(house: House) -> None:
    assert refusal(house.root, "start") == (
        "start has no model in models/friend; `git log -- dvc.lock` lists the commits that have one"
    )


def test_a_model_that_only_another_friendbot_reads(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "FORMAT", 0)
    commit = house.git("rev-parse", "first").strip()[:10]
    assert refusal(house.root, "first") == (
        "this friendbot cannot read the model of first (the model has format 1, this friendbot reads up to 0), "
        f"the one of its time can: `git worktree add ../friendbot-{commit} {commit}`, then in ../friendbot-{commit} "
        "`dvc repro` and `python src/chat.py`"
    )


def test_a_clone_has_no_cache_and_asks_no_remote_but_can_train_again(house: House, tmp_path: Path) -> None:
    clone = house.clone(tmp_path / "clone")
    with socket.create_server(("127.0.0.1", 0)) as remote:
        remote.setblocking(False)
        url = f"http://127.0.0.1:{remote.getsockname()[1]}"
        (clone.root / ".dvc" / "config.local").write_text(f"[core]\n remote = r\n['remote \"r\"']\n url = {url}\n")
        message = refusal(clone.root, "second")
        with pytest.raises(BlockingIOError):
            remote.accept()
    commit = house.git("rev-parse", "second").strip()[:10]
    place = f"../friendbot-{commit}"
    assert message == (
        f"DVC's cache here lacks the model of second; to train it again: `git worktree add {place} {commit}`, "
        f"then in {place} `dvc repro`, and --model {place}/models/friend talks to it"
    )
    clone.run("git", "worktree", "add", place, commit)
    House(clone.root / place, tmp_path).dvc("repro", "-q")
    assert Bot(weights.load(clone.root / place / "models" / "friend")).friend == "Dua"


def test_the_cache_is_where_the_settings_of_today_say(house: House, tmp_path: Path) -> None:
    clone = house.clone(tmp_path / "clone")
    (clone.root / ".dvc" / "config").write_text(f"[cache]\n dir = {house.root}/.dvc/cache\n")
    with revisions.load(clone.root, "first") as model:
        assert model.card["friend"] == "Una"


def test_a_damaged_cache_counts_as_none(house: House, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(house.root, tmp_path / "copy"))
    digest = re.findall(r"weights.npz\s+hash: md5\s+md5: (..)(\w+)", (copy / "dvc.lock").read_text())[-1]
    cached = copy / ".dvc" / "cache" / "files" / "md5" / digest[0] / digest[1]
    cached.chmod(0o644)
    cached.write_bytes(cached.read_bytes()[:-1])
    assert refusal(copy, "first").startswith("DVC's cache here lacks the model of first; to train it again: ")


def test_without_git(tmp_path: Path) -> None:
    assert refusal(tmp_path, "first") == (
        f"{tmp_path} has no git history, so no revisions; --model DIR talks to a model folder"
    )
    (tmp_path / ".git").write_text("nonsense")
    assert refusal(tmp_path, "first").startswith("git cannot tell which revision that is (fatal: ")


def test_without_dvc(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dvc.config", None)
    assert re.fullmatch(
        r"another revision's model needs DVC \(.*dvc\.config.*\); `make setup` brings it", refusal(house.root, "first")
    )
