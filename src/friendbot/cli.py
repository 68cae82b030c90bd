"""What the scripts that people run have in common: one-line errors for arguments, and quoting of commands to copy."""

import argparse
import re
import shlex
import unicodedata
from typing import NoReturn

from friendbot.errors import FriendbotError


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, like all others."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage and leaving."""
        raise FriendbotError(f"{message}; --help lists the options")


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
