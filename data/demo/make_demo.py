#!/usr/bin/env python3
"""Write the demo archive: two made-up friends, in the JSON layout of today and in the HTML one from before 2018.

The same on every machine: all chance comes from one seeded dice. What is compared is the content of the files and of
the zip's members, since compressed bytes may differ from one zlib to the next.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from diary import Habits, Said, keep
from layouts import ROOT, as_json, framed, legacy_page, thread_files
from scenes import Dice, Scene, read_scenes, read_words
from voices import Voice, daniel, plain, priya, young_zoe, zoe

HERE = Path(__file__).resolve().parent
OWNER, FRIEND, COLLEAGUE = "Daniel O'Neill", "Zoë Marchetti", "Priya Raman"
FLATMATE, LEFT, STRANGER = "Jonas Lind", "Éric Vasseur", "Facebook user"
ZIP_DATE = (2025, 3, 9, 12, 0, 0)

SELLER = [
    (STRANGER, "Hi Daniel, I'm interested in your desk lamp. Is it still available?"),
    (OWNER, "Hello. Yes, it is."),
    (STRANGER, "does it work"),
    (OWNER, "It does. It gives light, as described."),
    (STRANGER, "would you take 3"),
    (OWNER, "The price is eight. It comes with its manual, which I have corrected."),
    (STRANGER, "<photo>"),
    (STRANGER, "I have this lamp swap?"),
    (OWNER, "That is a photograph of my lamp."),
    (STRANGER, "ok 8. my number is +44 7700 900142"),
    (OWNER, "Thank you. Saturday at two?"),
    (STRANGER, "👍"),
]


def moment(year: int, month: int, day: int, hour: int = 0) -> int:
    """Return milliseconds since 1970."""
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp()) * 1000


def json_files() -> dict[str, bytes]:
    """Return path -> content of every file of the JSON download."""
    words, ours, others = _grammar()
    you, voice_of = (OWNER, daniel), {"D": (OWNER, daniel), "Z": (FRIEND, zoe)}
    start = moment(2023, 3, 6)
    main = keep(Habits(voice_of, start, 735, 8200, 0.82, (2, 4)), ours, words, Dice(1))
    _interject(
        main,
        [
            (0.0, FRIEND, "You are now connected on Messenger."),
            (0.04, FRIEND, f"{FRIEND} set the nickname for {OWNER} to Danny 🚂."),
            (0.3, OWNER, "You changed the theme to Tangerine."),
            (0.62, FRIEND, f"{FRIEND} set the quick reaction to 🐈."),
        ],
    )
    work: dict[str, tuple[str, Voice]] = {"D": you, "P": (COLLEAGUE, priya)}
    colleague = keep(
        Habits(work, start, 735, 400, 0.4, (1, 2)), [scene for scene in others if scene.chat == "priya"], words, Dice(2)
    )
    crowd: dict[str, tuple[str, Voice]] = {**voice_of, "P": work["P"], "J": (FLATMATE, plain), "E": (LEFT, plain)}
    nights = [scene for scene in others if scene.chat == "group"]
    group = keep(Habits(crowd, start, 300, 300, 0.4, (1, 2)), nights, words, Dice(3))
    _interject(
        group,
        [
            (0.0, FRIEND, f"{FRIEND} created the group."),
            (0.0, FRIEND, f"{FRIEND} named the group Film Night 🎬."),
            (0.999, LEFT, f"{LEFT} left the group."),
        ],
    )
    stayed = {letter: who for letter, who in crowd.items() if letter != "E"}
    group += keep(Habits(stayed, start + 301 * 86_400_000, 400, 200, 0.3, (1, 2)), nights, words, Dice(4))
    lamp = [Said(name, moment(2024, 5, 4, 9) + 95_000 * place, text) for place, (name, text) in enumerate(SELLER)]

    first, last = OWNER.split(" ", 1)
    name = {"full_name": OWNER, "first_name": first, "middle_name": "", "last_name": last}
    files = {
        "personal_information/profile_information/profile_information.json": as_json(
            {"profile_v2": {"name": name, "registration_timestamp": moment(2009, 9, 14) // 1000}}
        ),
        f"{ROOT}/autofill_information.json": as_json({"autofill_information_v2": {"FULL_NAME": [OWNER]}}),
    }
    for folder, title, people, diary in (
        ("zoemarchetti_10158812046327711", FRIEND, [FRIEND, OWNER], main),
        ("priyaraman_10159022517640093", COLLEAGUE, [COLLEAGUE, OWNER], colleague),
        ("filmnight_6120447718034465", "Film Night 🎬", [FRIEND, COLLEAGUE, FLATMATE, OWNER], group),
        ("facebookuser_7033918256104420", STRANGER, [STRANGER, OWNER], lamp),
    ):
        files |= thread_files(folder, title, people, OWNER, diary)
    return files


def legacy_files() -> dict[str, bytes]:
    """Return path -> content of every file of the legacy download."""
    words, ours, others = _grammar()
    two: dict[str, tuple[str, Voice]] = {"D": (OWNER, daniel), "Z": (FRIEND, young_zoe)}
    work: dict[str, tuple[str, Voice]] = {"D": two["D"], "P": (COLLEAGUE, priya)}
    start = moment(2012, 9, 3)
    both = keep(Habits(two, start, 400, 380, 0.16, (1, 3), react=0), ours, words, Dice(5))
    nights = [scene for scene in others if scene.chat == "group"]
    crowd = {**two, "P": work["P"], "E": (LEFT, plain)}
    group = keep(Habits(crowd, start, 400, 70, 0.08, (1, 1), react=0), nights, words, Dice(6))
    desk = [scene for scene in others if scene.chat == "priya"]
    colleague = keep(Habits(work, start, 400, 50, 0.08, (1, 1), react=0), desk, words, Dice(7))
    page = legacy_page(
        OWNER,
        [
            ([COLLEAGUE, OWNER], colleague),
            ([OWNER, FRIEND], both),
            ([LEFT, FRIEND, COLLEAGUE, OWNER], group),
        ],
    )
    return {
        "html/messages.htm": page.encode("utf-8"),
        "index.htm": framed(OWNER, "Profile", "", "").encode("utf-8"),
    }


def _grammar() -> tuple[dict[str, list[str]], list[Scene], list[Scene]]:
    words = read_words(HERE / "words.txt") | read_words(HERE / "remarks.txt")
    return words, read_scenes(HERE / "zoe.txt"), read_scenes(HERE / "others.txt")


def _interject(diary: list[Said], notes: list[tuple[float, str, str]]) -> None:
    """Put Messenger's own lines into a diary, each a second before the message at that share of it."""
    for share, sender, text in reversed(notes):
        place = int(len(diary) * share)
        diary.insert(place, Said(sender, diary[place].at - 1000, "<note>" + text))


def write() -> None:
    """Write both archives."""
    with zipfile.ZipFile(HERE / "json.zip", "w") as archive:
        for path, content in json_files().items():
            member = zipfile.ZipInfo(path, ZIP_DATE)
            member.compress_type, member.create_system, member.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(member, content, compresslevel=9)
    for path, content in legacy_files().items():
        target = HERE / "legacy" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def differences() -> list[str]:
    """Return the files whose content is not what this script writes."""
    made = {f"json.zip/{path}": content for path, content in json_files().items()}
    made |= {f"legacy/{path}": content for path, content in legacy_files().items()}
    found: dict[str, bytes] = {}
    if (HERE / "json.zip").is_file():
        with zipfile.ZipFile(HERE / "json.zip") as archive:
            found = {f"json.zip/{path}": archive.read(path) for path in archive.namelist()}
    for file in (HERE / "legacy").rglob("*"):
        if file.is_file():
            found[file.relative_to(HERE).as_posix()] = file.read_bytes()
    return sorted(path for path in made.keys() | found.keys() if made.get(path) != found.get(path))


def main() -> int:
    """Write the archives, or compare them with what would be written."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only compare what is in the folder; 1 if it differs")
    if not parser.parse_args().check:
        write()
        return 0
    wrong = differences()
    for path in wrong:
        print(f"differs from what make_demo.py writes: {path}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
