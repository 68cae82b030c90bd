"""What the scripts that people run have in common: one-line errors for arguments, and quoting of commands to copy."""

import argparse
import math
import re
import shlex
import unicodedata
from collections.abc import Callable
from typing import NoReturn, TypeVar

from friendbot.errors import FriendbotError

Number = TypeVar("Number", int, float)


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, like all others."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage and leaving."""
        raise FriendbotError(f"{message}; --help lists the options")


def number(name: str, kind: type[Number], low: Number, high: float = math.inf) -> Callable[[str], Number]:
    """A type for `add_argument`: a number from `low` to `high`; anything else is an invalid `name` value."""

    def parse(text: str) -> Number:
        value = kind(text)
        if not low <= value <= high:
            raise ValueError
        return value

    parse.__name__ = name
    return parse


def printable(text: str) -> str:
    """Text as one line that cannot move the cursor or ring: spaces for line breaks, no control characters."""
    return "".join(letter for letter in " ".join(text.split()) if unicodedata.category(letter) != "Cc")


def quote(word: str) -> str:
    """A word for a POSIX shell; in double quotes where single ones would make it hard to read."""
    if "'" in word and not set(word) & set('"$`\\!'):
        return f'"{word}"'
    return shlex.quote(word)


def assignment(name: str, value: str) -> str:
    """`NAME=value` for a POSIX shell, whatever characters the value has."""
    return f"{name}={quote(value)}"


def override(key: str, value: str) -> str:
    """`-S key='value'` for `dvc exp run`: quoted for the shell, and inside that for Hydra's grammar.

    Hydra reads a backslash as itself, unless it stands right before a quote; `${` would begin an interpolation.
    """
    literal = value.replace("${", r"\${")
    escaped = re.sub(r"(\\*)('|$)", lambda match: match[1] * 2 + ("\\'" if match[2] else ""), literal)
    return "-S " + quote(f"{key}='{escaped}'")
