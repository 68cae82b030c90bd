"""What the image does with its volume and its archive; the image itself is built and run by hand (`make build`)."""

import shutil
import subprocess
from pathlib import Path

import pytest

import container
from friendbot import params
from friendbot.errors import FriendbotError

SUMMARY = "src/summary.py --next make run ARGS=chat"
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image's repository, an empty volume, and no archive."""
    (tmp_path / "gitconfig").write_text("[user]\nname = t\nemail = t@localhost\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.delenv("FRIEND", raising=False)
    monkeypatch.delenv("ARCHIVE", raising=False)
    for name in ("app", "results"):
        (tmp_path / name).mkdir()
    for name, folder in (("IMAGE", "app"), ("RESULTS", "results"), ("ARCHIVE", "archive")):
        monkeypatch.setattr(container, name, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    build(tmp_path / "app", "one")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A filled volume, and the commands that would run then, by their last words."""
    container.move_in()
    commands: list[str] = []
    monkeypatch.setattr(container, "run", lambda *command: commands.append(" ".join(command[1:])))
    return commands


def build(app: Path, version: str) -> None:
    """A new image: its repository is made afresh each time."""
    shutil.rmtree(app)
    (app / ".dvc" / "tmp").mkdir(parents=True)
    (app / "version").write_text(version)
    (app / version).touch()
    shutil.copy(ROOT / "params.yaml", app)
    for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", version]):
        subprocess.run(["git", *arguments], cwd=app, check=True)


def test_a_volume_is_filled_once_and_keeps_what_is_in_it(tmp_path: Path) -> None:
    container.move_in()
    assert Path.cwd() == tmp_path / "results"
    assert Path("version").read_text() == "one"
    Path("version").write_text("mine")
    Path("model").write_text("trained")
    container.move_in()
    assert (Path("version").read_text(), Path("model").read_text()) == ("mine", "trained")


def test_a_new_image_brings_its_code_and_keeps_friend_and_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    container.move_in()
    text = Path("params.yaml").read_text(encoding="utf-8")
    _, text = container.replace(text, "parse", "archive", "/archive")
    _, text = container.replace(text, "filter", "friend", "O'Neil")
    Path("params.yaml").write_text(text, encoding="utf-8")
    Path("model").write_text("trained")
    build(tmp_path / "app", "two")
    container.move_in()
    assert (Path("version").read_text(), Path("model").read_text()) == ("two", "trained")
    assert Path("two").exists()
    assert not Path("one").exists()
    settings = params.load()
    assert (settings.parse.archive, settings.filter.friend) == ("/archive", "O'Neil")
    assert "its code and params.yaml were brought in" in capsys.readouterr().out
    container.move_in()
    assert capsys.readouterr().out == ""


def test_nothing_mounted_is_the_demo(said: list[str]) -> None:
    assert container.reproduce()
    assert said == ["-m dvc repro", SUMMARY]


def test_an_archive_and_a_friend_are_set_first(
    said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "archive").mkdir()
    monkeypatch.setenv("FRIEND", "O'Neil")
    assert container.reproduce()
    assert said == ["src/set_params.py", "-m dvc repro", SUMMARY]


def test_an_archive_without_a_friend_shows_whom_there_is(
    said: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "archive").mkdir()
    assert not container.reproduce()
    assert said == [f"src/stats.py {tmp_path / 'archive'}"]
    assert "FRIEND=" in capsys.readouterr().out


def test_a_volume_without_its_archive_keeps_its_bot(said: list[str]) -> None:
    text = Path("params.yaml").read_text(encoding="utf-8")
    Path("params.yaml").write_text(
        container.replace(text, "parse", "archive", str(container.ARCHIVE))[1], encoding="utf-8"
    )
    assert container.reproduce()
    assert said == [SUMMARY]


def test_one_pipeline_at_a_time(tmp_path: Path) -> None:
    container.move_in()
    Path(".dvc/tmp").mkdir(parents=True)
    with container.alone(), pytest.raises(FriendbotError, match="another container's pipeline"), container.alone():
        pass
    Path(".dvc/tmp/rwlock").write_text("left by a process number of another container")
    with container.alone():
        assert not Path(".dvc/tmp/rwlock").exists()


def test_an_unknown_command_is_one_line() -> None:
    with pytest.raises(FriendbotError, match="no-such-program: No such file"):
        container.execute("no-such-program")
