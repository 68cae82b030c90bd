"""Damaged archives: what is wrong is said, the rest is read, and nothing is lost in silence."""

import contextlib
import io
import json
import os
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from archive_writers import FRIEND, ME, inbox, read, said, thread, zipped
from encrypted_writers import chat, encrypted, typed
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot.archives.mojibake import repair
from friendbot.errors import ArchiveError

Spoken = Counter[tuple[int, str]]


def build(root: Path) -> None:
    lines = [said(ME if n % 2 else FRIEND, 10**12 + n, f"né {n} 🚀") for n in range(6)]
    inbox(root, "jan_1234567890", thread(lines[3:]), thread(lines[:3]))
    inbox(root, "eva_1234567899", thread([said("Éva", 5, "hi"), said(ME, 6, is_unsent=True)], ["Éva", ME], "Éva"))
    encrypted(root / "e2ee", "Bob_1", chat([typed("Bob", 10**12 + n, f"bé {n}") for n in range(4)], (ME, "Bob"), "Bob"))
    mojibake = chat([typed("Cy", 7, "café"), typed(ME, 8, "", type="media")], (ME, "Cy"), "Cy")
    encrypted(root / "e2ee", "Cy_2", mojibake, mojibake=True)


def plainly(data: bytes) -> Spoken | None:
    """What a file says, read without any care; None where it is no thread."""
    try:
        file = json.loads(data.decode("utf-8-sig", "replace"))
        messages = file["messages"]
        assert isinstance(file["participants"], list)
        assert isinstance(messages, list)
    except (ValueError, KeyError, TypeError, AssertionError, RecursionError):
        return None
    return Counter(filter(None, map(_plain, messages)))


def _plain(message: Any) -> tuple[int, str] | None:
    if not isinstance(message, dict):
        return None
    time = message.get("timestamp_ms", message.get("timestamp"))
    text = message.get("content", message.get("text"))
    if message.get("is_unsent") or message.get("isUnsent") or message.get("type") == "placeholder":
        text = ""
    return (int(time), repair(text) if isinstance(text, str) else "") if isinstance(time, int | float) else None


def outcome(path: Path) -> tuple[Spoken, str] | ArchiveError:
    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors):
            found = read(path, owner=ME)
    except ArchiveError as error:
        return error if "\n" not in str(error) else pytest.fail(str(error))
    assert found
    assert all(re.match(r"(warning|note): \S", line) for line in errors.getvalue().splitlines())
    return Counter((m.sent_at, m.text) for m in found), errors.getvalue()


HOWS = ("flip", "flip", "flip", "cut", "bytes", "zeros")


class Damage(NamedTuple):
    how: str
    place: float
    seed: int


damages = st.builds(Damage, st.sampled_from(HOWS), st.floats(0, 1, exclude_max=True), st.integers(0, 2**32 - 1))


def damaged(data: bytes, damage: Damage) -> bytes:
    at, chance = int(damage.place * len(data)), random.Random(damage.seed)
    if damage.how == "cut":
        return data[:at]
    if damage.how == "bytes":
        return chance.randbytes(at)
    if damage.how == "zeros":
        return data[:at] + b"\0" * (len(data) - at)
    return data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]


PROFILE = "profile_information.json"


class Patient:
    """An archive of which one file at a time is damaged, and healed again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        build(root)
        self.files = sorted(root.rglob("*.json"))
        self.whole = {file: file.read_bytes() for file in self.files}
        self.said = {file: plainly(data) or Counter() for file, data in self.whole.items()}
        self.zip = zipped(root, root.parent / "whole" / "all.zip", "facebook-zoe/")
        self.zipped = self.zip.read_bytes()

    def check_file(self, number: int, damage: Damage, zips: bool) -> None:
        file = self.files[number % len(self.files)]
        others = sum((said for other, said in self.said.items() if other != file), Spoken())
        data = damaged(self.whole[file], damage)
        try:
            file.write_bytes(data)
            result = outcome(zipped(self.root, self.root.parent / "damaged.zip") if zips else self.root)
        finally:
            file.write_bytes(self.whole[file])
        assert isinstance(result, tuple), result
        spoken, warnings = result
        assert not others - spoken, "a damaged file costs only itself"
        if file.name == PROFILE:
            assert spoken == others
        elif f"{file.parent.name}/{file.name}" not in warnings:
            plain = plainly(data)
            assert plain is not None, "unreadable, and nothing said"
            assert spoken == others + plain

    def check_zip(self, damage: Damage) -> None:
        try:
            self.zip.write_bytes(damaged(self.zipped, damage))
            result = outcome(self.zip)
        finally:
            self.zip.write_bytes(self.zipped)
        if isinstance(result, tuple):
            spoken, warnings = result
            assert spoken == sum(self.said.values(), Spoken()) or re.search(r"all\.zip(/.*)? is damaged: ", warnings)


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Patient:
    folder = tmp_path_factory.mktemp("patient")
    (folder / "whole").mkdir()
    return Patient(folder / "facebook-zoe")


@settings(max_examples=250, deadline=None, derandomize=True)
@given(number=st.integers(0, 5), damage=damages, zips=st.booleans())
def test_one_damaged_file(patient: Patient, number: int, damage: Damage, zips: bool) -> None:
    patient.check_file(number, damage, zips)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(damage=damages)
def test_a_damaged_zip(patient: Patient, damage: Damage) -> None:
    patient.check_zip(damage)


@pytest.mark.soak
@pytest.mark.parametrize("round_", range(8))
def test_many_damages(patient: Patient, round_: int) -> None:
    """What fails names its seed; FRIENDBOT_SEED gives other ones."""
    seed = int(os.environ.get("FRIENDBOT_SEED", "1")) * 1000 + round_
    print(f"seed {seed}")
    chance = random.Random(seed)
    for turn in range(1500):
        damage = Damage(chance.choice(HOWS), chance.random(), chance.randrange(2**32))
        number, zips = chance.randrange(6), chance.random() < 0.3
        try:
            patient.check_file(number, damage, zips)
            patient.check_zip(damage)
        except Exception as error:
            raise AssertionError(f"seed {seed}, turn {turn}: file {number}, zips {zips}, {damage}") from error
