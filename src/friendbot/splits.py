"""A thread cut by time: into sessions at long silences, and into train, valid and test, oldest first."""

import numpy as np

from friendbot.errors import ThreadError

SPLITS = ("train", "valid", "test")
FEWEST_MESSAGES = 100
"""Typed messages below which there is nothing to learn, nor to measure."""
FARTHEST_SESSION = 0.02
"""Share of the characters by which a cut may move to meet a session boundary; else it falls between messages."""
HOUR = 3_600_000
"""Milliseconds."""


def sessions(sent_at: np.ndarray, gap_hours: float) -> np.ndarray:
    """Session numbers from 0, int32 `(messages,)`: a new one after a silence longer than `gap_hours`.

    Args:
        sent_at: int64 `(messages,)`, milliseconds, rising.
    """
    gaps = np.diff(sent_at, prepend=sent_at[:1]) > gap_hours * HOUR
    return np.cumsum(gaps).astype(np.int32)


def split(characters: np.ndarray, session: np.ndarray, valid_share: float, test_share: float) -> np.ndarray:
    """The split of each message, as indices into `SPLITS`, int8 `(messages,)`: oldest = train, newest = test.

    Cut by characters, at the nearest session boundary, or between messages where none is within `FARTHEST_SESSION`;
    neighbouring messages answer each other, so a cut at random would let the model see the answers.

    Args:
        characters: length of each message, `(messages,)`.
        session: what `sessions` gave.

    Raises:
        ThreadError: a split would be empty.
    """
    before = np.concatenate([[0], np.cumsum(characters)[:-1]])
    total = int(characters.sum())
    starts = np.flatnonzero(np.diff(session, prepend=session[:1] - 1))
    first_valid, first_test = (
        _nearest(before, starts, total * (1 - share), total * FARTHEST_SESSION)
        for share in (valid_share + test_share, test_share)
    )
    if not 0 < first_valid < first_test < len(characters):
        raise ThreadError(
            f"{len(characters)} messages cannot be cut into train, valid and test; "
            "choose a longer thread or other shares in filter"
        )
    result = np.zeros(len(characters), np.int8)
    result[first_valid:] = 1
    result[first_test:] = 2
    return result


def _nearest(before: np.ndarray, starts: np.ndarray, target: float, farthest: float) -> int:
    """Index of the message that begins nearest to `target` characters: a session's first one, if within `farthest`."""
    best = int(starts[np.argmin(np.abs(before[starts] - target))])
    if abs(before[best] - target) <= farthest:
        return best
    return int(np.argmin(np.abs(before - target)))
