"""Why an archive gave no messages, in one line that says what to do next."""

import json
from collections import Counter
from collections.abc import Sequence

from friendbot.archives.reader import Reader
from friendbot.archives.tree import PACKED, SMALL, Tree

SHOWN = 5
"""Kinds of files listed in an error."""


def explain(tree: Tree, readers: Sequence[Reader], formats: int, damaged: Sequence[str]) -> str:
    """Describe what was looked for in `tree` and what was there instead.

    `formats` counts the readers that claimed files, `damaged` says what they could not use.
    """
    entries = tree.entries
    if damaged:
        more = f" (and {len(damaged) - 1} more)" if len(damaged) > 1 else ""
        return f"nothing readable is left in {tree.path}: {damaged[0]}{more}; download the archive again"
    if not entries:
        return f"{tree.path} is empty: give the folder or zip that you downloaded"
    if formats:
        return f"the chats in {tree.path} hold no message at all: download again, for the date range 'All time'"
    if shut := next((entry for entry in entries if entry.suffix in PACKED and "/" in entry.path), None):
        return f"no messages in {tree.path}, but something packed that is not looked into ({shut.path}): unpack it"
    suffixes = sorted({suffix for reader in readers for suffix in reader.suffixes})
    if tree.path.is_file() and len(entries) == 1 and entries[0].suffix not in suffixes and not entries[0].info:
        return f"{tree.path} is no file that can be read: give a folder, a .zip, or one of {' '.join(suffixes)}"
    looked = "; or ".join(reader.layout for reader in readers)
    kinds = Counter(entry.suffix or "files without an ending" for entry in entries)
    there = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items(), key=lambda k: (-k[1], k[0]))[:SHOWN])
    return f"no messages in {tree.path}: looked for {looked}; found {there}{_broken(tree)}: give the whole download"


def _broken(tree: Tree) -> str:
    """Name one file that is JSON by name only."""
    for entry in tree.entries:
        if entry.suffix == ".json" and entry.size <= SMALL:
            try:
                json.loads(tree.read(entry))
            except (ValueError, RecursionError):
                return f" ({entry.path} is not valid JSON)"
    return ""
