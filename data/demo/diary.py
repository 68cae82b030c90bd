"""Two years of a chat: which scenes happen when, and the seconds between messages."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scenes import Dice, Path, Scene, Turn, expand
from voices import Voice

DAY = 86_400_000
DAYS = ("thu", "fri", "sat", "sun", "mon", "tue", "wed")  # 1 January 1970 was a Thursday
HOURS = {
    "morning": (7.0, 9.0),
    "lunch": (12.0, 13.3),
    "afternoon": (15.0, 17.5),
    "evening": (18.3, 21.0),
    "late": (21.3, 22.8),
}
SHARES = {"morning": 0.2, "lunch": 0.12, "afternoon": 0.16, "evening": 0.36, "late": 0.16}
BEFORE_VOWEL = re.compile(r"\b([Aa]) (?=[aeiou](?!ni|se))", re.IGNORECASE)
FRESH_TRIES = 3  # so often is a wording drawn again that was said before: people rarely repeat themselves exactly


@dataclass
class Said:
    """One message: text, or a mark in angle brackets such as `<photo>`, perhaps with text behind it."""

    sender: str
    at: int
    text: str
    reactions: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Habits:
    """How a thread runs: who takes part, when, how often."""

    people: Mapping[str, tuple[str, Voice]]
    start: int
    days: int
    messages: int
    sessions_a_day: float
    scenes_a_session: tuple[int, int]
    optional: float = 0.65
    remark: float = 0.1
    react: float = 0.05


def keep(habits: Habits, scenes: list[Scene], words: dict[str, list[str]], dice: Dice) -> list[Said]:
    """Write the diary, oldest first, until its days or its messages are used up."""
    heard: set[str] = set()
    bodies = sum(scene.kind == "body" for scene in scenes)
    recent: deque[str] = deque(maxlen=min(7, bodies // 2))
    diary: list[Said] = []
    for day, slot, at in _sessions(habits, dice):
        spent = day / habits.days
        fitting = [scene for scene in scenes if _fits(scene, slot, DAYS[(habits.start // DAY + day) % 7], spent)]
        session: list[Scene] = []
        for kind, share in (("greet", 0.55), ("body", 1.0), ("close", 0.6)):
            low, high = habits.scenes_a_session if kind == "body" else (1, 1)
            for _ in range(low + dice.below(high - low + 1) if dice.chance(share) else 0):
                open_to = [scene for scene in fitting if scene.kind == kind and scene.name not in recent]
                if open_to:
                    session.append(open_to[dice.weighted([scene.weight for scene in open_to])])
                    if kind == "body":
                        recent.append(session[-1].name)
        for scene in session:
            at = _play(scene, at, habits, words, heard, diary, dice) + int(dice.between(40, 500) * 1000)
        if len(diary) >= habits.messages:
            break
    return diary


def _sessions(habits: Habits, dice: Dice) -> Iterator[tuple[int, str, int]]:
    """Yield day, part of the day and first moment of each session, at least some hours apart."""
    free_from = 0
    for day in range(habits.days):
        for slot, (earliest, latest) in HOURS.items():
            at = habits.start + day * DAY + int(dice.between(earliest, latest) * 3_600_000)
            if dice.chance(SHARES[slot] * habits.sessions_a_day) and at >= free_from:
                free_from = at + 8 * 3_600_000
                yield day, slot, at


def _fits(scene: Scene, slot: str, weekday: str, spent: float) -> bool:
    in_time = (not scene.times or slot in scene.times) and (not scene.days or weekday in scene.days)
    return in_time and spent >= scene.since


def _play(
    scene: Scene, at: int, habits: Habits, words: dict[str, list[str]], heard: set[str], diary: list[Said], dice: Dice
) -> int:
    """Append one scene's messages; return the moment of the last."""
    bound: dict[str, str] = {}
    path, cut = Path(), False
    for turn in scene.turns:
        # What answers an optional turn is optional too: without the question, no answer.
        cut = turn.optional and (cut or not dice.chance(habits.optional))
        if turn.speaker not in habits.people or cut:
            continue
        name, voice = habits.people[turn.speaker]
        pause = dice.between(3, 18)
        at += int(pause * pause * 600)  # a product, since powers differ in the last bit between machines
        parts = _worded(turn, path, words, bound, heard, dice)
        _remark(parts, turn.speaker, scene, words, bound, heard, habits, dice)
        for text in voice(parts, scene.mood, dice):
            at += int((1.2 + len(text) * dice.between(0.05, 0.22)) * 1000) + dice.below(1000)
            diary.append(Said(name, at, text))
            heard.add(text.lower())
            _react(diary, habits, dice)
            at = diary[-1].at
    return at


def _remark(
    parts: list[str],
    speaker: str,
    scene: Scene,
    words: dict[str, list[str]],
    bound: dict[str, str],
    heard: set[str],
    habits: Habits,
    dice: Dice,
) -> None:
    """Let somebody add a thought to a turn: at the end of Daniel's message or as one of its own."""
    person = {"Z": "zoe", "D": "daniel"}.get(speaker)
    if not person or scene.kind != "body" or parts[-1].endswith("?") or not dice.chance(habits.remark):
        return
    mood = scene.mood if f"{person}_{scene.mood}" in words and dice.chance(0.85) else ""
    for _ in range(FRESH_TRIES):
        said = expand(dice.pick(words[f"{person}_{mood}"]), words, dict(bound), dice)
        if said.lower() not in heard:
            break
    heard.add(said.lower())
    if person == "daniel" and not parts[-1].startswith("<") and dice.chance(0.7):
        parts[-1] += " " + said
    else:
        parts.append(said)


def _worded(
    turn: Turn, path: Path, words: dict[str, list[str]], bound: dict[str, str], heard: set[str], dice: Dice
) -> list[str]:
    """Return a turn's messages, in words not heard before if a few tries find any."""
    open_to = path.open_to(turn)
    for _ in range(FRESH_TRIES):
        filled = dict(bound)
        wording = open_to[dice.below(len(open_to))]
        parts = [part.strip() for part in expand(wording.text, words, filled, dice).split(" / ")]
        parts = [BEFORE_VOWEL.sub(r"\1n ", " ".join(part.split())) for part in parts if part.strip()]
        if all(part.lower() not in heard for part in parts):
            break
    path.take(wording, turn)
    heard.update(part.lower() for part in parts)
    bound.update(filled)
    return parts


def _react(diary: list[Said], habits: Habits, dice: Dice) -> None:
    """Sometimes somebody else reacts; Messenger notes that on the message, and at times as a message of its own."""
    if not dice.chance(habits.react):
        return
    said = diary[-1]
    others = [name for name, _ in habits.people.values() if name != said.sender]
    reaction, actor = dice.pick(["😂", "❤", "😆", "👍", "😮", "🐧"]), dice.pick(others)
    said.reactions.append({"reaction": reaction, "actor": actor, "timestamp": said.at // 1000 + 4})
    if dice.chance(0.12):
        diary.append(Said(actor, said.at + 4500, f"<note>Reacted {reaction} to your message "))
