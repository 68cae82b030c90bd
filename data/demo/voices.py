"""How each person writes: what a plain line of a scene becomes in somebody's own hand."""

from __future__ import annotations

import re
from collections.abc import Callable

from scenes import Dice

Voice = Callable[[list[str], str, Dice], list[str]]

NAMES = (
    *("Zoë", "Biscuit", "Gerald", "Jonas", "Lucia", "Ines", "Mo", "Beth", "Margaret", "Keith", "Priya", "Danny"),
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Christmas"),
    *("Lisbon", "Portugal", "Portuguese", "Italian", "Welsh", "French", "Swedish", "Latin", "Viking", "Nonna"),
)
PROPER = {name.lower(): name for name in NAMES} | {"i": "I", "im": "I am"}

EMOJI = {
    "": ["😂", "🙈", "✨", "🥺", "💛", "🫠", "😭"],
    "warm": ["💛", "☀️", "✨", "🥰"],
    "night": ["🌙", "😴", "💛", "✨"],
    "food": ["😋", "🍝", "🍋", "🤤"],
    "cat": ["🐈", "😹", "🙀", "🐾"],
    "climb": ["🧗‍♀️", "💪", "🙈", "🔥"],
    "bread": ["🍞", "😭", "🫠", "🥖"],
    "train": ["🚂", "😂", "😭", "🫠"],
    "film": ["🎬", "🍿", "😭"],
    "lisbon": ["🇵🇹", "☀️", "🍋", "✨"],
    "plant": ["🌿", "🪴", "💚", "🥺"],
    "study": ["📚", "😭", "🫠", "🦀"],
    "run": ["🏃", "💪", "😂"],
    "sea": ["🐧", "🐙", "😂", "🌊"],
    "work": ["😂", "😭", "🤓"],
    "soft": ["💛", "🫂", "🥺", "🥰"],
    "plan": ["✨", "🥳", "💛"],
}
SMILEYS = [":)", ":D", "<3", "xD", ":P", ";)", ":("]  # what people had before phones drew emoji

STRETCH = {
    "so": "o", "no": "o", "yes": "s", "hey": "y", "please": "e", "hi": "i", "bye": "e", "cute": "e", "wait": "t",
    "really": "y", "ugh": "h", "yay": "y", "aww": "w", "haha": "ha", "ok": "k", "what": "t", "love": "e", "omg": "g",
    "good": "d", "never": "r", "always": "s", "why": "y", "help": "p", "nooo": "o", "danny": "y", "yesss": "s",
}  # fmt: skip
LEADS = ["omg", "haha", "wait", "ok so", "hmm", "aww", "ugh", "lol ok", "danny", "hahaha", "well", "no but"]
TAILS = ["haha", "help", "anyway", "honestly", "im serious", "hahaha", "ok", "right?", "i cant", "so yeah", "love it"]
HEDGES = ["honestly", "tbh", "i swear", "for real", "lol", "no joke"]
OPENERS = ["Ah.", "I see.", "Indeed.", "Right.", "Well.", "Hm.", "Noted.", "Quite.", "Very good.", "Goodness."]
ASIDES = [
    "Zoë",
    "as ever",
    "I believe",
    "for once",
    "of course",
    "I am told",
    "naturally",
    "in my view",
    "strictly speaking",
    "so to speak",
]


def zoe(parts: list[str], mood: str, dice: Dice) -> list[str]:
    """Lower case, bursts, stretched words, her own emoji, no full stops."""
    parts = [re.sub(r"[.'’\"]", "", part).lower() for part in parts]
    joined: list[str] = []
    for part in parts:
        if joined and "<" not in joined[-1] + part and joined[-1][-1] not in "?!" and dice.chance(0.44):
            joined[-1] += ("" if joined[-1][-1] in ",:" else ",") + " " + part
        else:
            joined.append(part)
    parts = joined
    spoken = [place for place, part in enumerate(parts) if not part.startswith("<")]
    for place in spoken:
        parts[place] = " ".join(_stretched(word, dice) for word in parts[place].split())
        if len(parts[place].split()) > 4 and "?" not in parts[place] and dice.chance(0.07):
            parts[place] += " " + dice.pick(HEDGES)
    if spoken and dice.chance(0.3):
        last = spoken[-1]
        own = EMOJI.get(mood, []) if dice.chance(0.75) else EMOJI[""]
        drawn = dice.pick(own or EMOJI[""])
        if dice.chance(0.2):
            drawn *= 2 + dice.below(2)
        if dice.chance(0.12):
            parts.insert(last + 1, drawn)
        else:
            parts[last] += " " + drawn
    if mood not in ("night", "warm"):
        if parts[0].split()[0] not in LEADS and dice.chance(0.09):
            parts.insert(0, _stretched(dice.pick(LEADS), dice))
        if not parts[-1].endswith("?") and dice.chance(0.06):
            parts.append(dice.pick(TAILS))
    return parts


def young_zoe(parts: list[str], mood: str, dice: Dice) -> list[str]:
    """Zoë some years earlier: the same, with typed smileys."""
    faces = re.compile(r"[^\x00-\u02ff\u2010-\u2027]+")
    return [faces.sub(lambda _: dice.pick(SMILEYS), part) for part in zoe(parts, mood, dice)]


def _stretched(word: str, dice: Dice) -> str:
    core = word.rstrip("!?,")
    if core in STRETCH and dice.chance(0.22):
        return core + STRETCH[core] * (1 + dice.below(4)) + word[len(core) :]
    return word


def daniel(parts: list[str], mood: str, dice: Dice) -> list[str]:
    """Whole sentences, capitals, full stops, a dry aside, hardly ever an emoji."""
    said = []
    for part in _paused(parts, dice):
        if part.startswith("<"):
            said.append(part)
            continue
        text = re.sub(r"\b\w+\b", lambda word: PROPER.get(word[0], word[0]), part)
        if mood not in ("night", "warm", "soft") and re.search(r"(?<!Zoë)\.$", text) and dice.chance(0.06):
            text = text[:-1] + ", " + dice.pick(ASIDES) + "."
        if mood not in ("night", "warm") and not text.endswith("?") and dice.chance(0.06):
            text = dice.pick(OPENERS) + " " + text
        if text[-1] not in '.?!"':
            text += "."
        text = re.sub(r"(^|[.?!] )([a-zà-ÿ])", lambda start: start[1] + start[2].upper(), text)
        if dice.chance(0.012):
            text += " 🙂"
        said.append(text)
    return said


def _paused(parts: list[str], dice: Dice) -> list[str]:
    """Send the last sentence on its own now and then."""
    spread = []
    for part in parts:
        body, stop, last = part.rpartition(". ")
        if stop and not part.startswith("<") and len(last) > 12 and dice.chance(0.18):
            spread += [body + ".", last]
        else:
            spread.append(part)
    return spread


def priya(parts: list[str], mood: str, dice: Dice) -> list[str]:
    """Brisk and abbreviated; a capital first, seldom a full stop."""
    return [part if part.startswith("<") else part[0].upper() + part[1:] for part in parts]


def plain(parts: list[str], mood: str, dice: Dice) -> list[str]:
    """As the scene has it."""
    return parts
