"""When and how long the friend writes: measured from the thread, and turned into pauses of a chat."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from friendbot.answers import Limits

QUANTILES = np.linspace(0, 1, 21)
WAITS = 600.0
"""Seconds; who answers or goes on later than this was not typing all the time."""
PATIENCE = 4.0
"""Seconds that no pause of a chat reaches, so that nobody waits as they would for a person."""
QUICKEST, SLOWEST = 3.0, 60.0
"""Characters a second that people type at."""


class Sent(Protocol):
    """A message of the thread, as far as rhythm goes."""

    @property
    def sent_at(self) -> int:
        """Milliseconds since 1970 UTC."""

    @property
    def speaker(self) -> str:
        """`friend` or `me`."""

    @property
    def text(self) -> str:
        """What was typed."""

    @property
    def session(self) -> int:
        """Changes after a long silence."""


@dataclass(frozen=True)
class Rhythm:
    """The friend's habits: numbers only, no words."""

    reply_seconds: tuple[float, ...] = (2.0, 6.0, 20.0)
    """Quantiles, evenly spaced from the shortest to the longest, of the wait before an answer."""
    next_seconds: tuple[float, ...] = (1.0, 4.0, 10.0)
    """The same, before a further message of a burst."""
    characters_per_second: float = 8.0
    message_bytes: int = 600
    """UTF-8 bytes that all but one in a thousand of the friend's messages stay below."""
    burst_messages: int = 8
    """Messages that all but one in a thousand of the friend's bursts stay below."""

    @classmethod
    def measure(cls, messages: Sequence[Sent]) -> "Rhythm":
        """The friend's habits in a thread, oldest message first; where it shows none, the defaults."""
        replies: list[float] = []
        nexts: list[float] = []
        speeds: list[float] = []
        bursts: list[int] = []
        run = 0
        for before, message in zip([None, *messages], messages, strict=False):
            if message.speaker != "friend":
                run = 0
                continue
            run += 1
            if run == 1:
                bursts.append(0)
            bursts[-1] = run
            if before is None or before.session != message.session:
                continue
            seconds = (message.sent_at - before.sent_at) / 1000
            if 0 < seconds <= WAITS:
                (nexts if run > 1 else replies).append(seconds)
                if run > 1:
                    speeds.append(len(message.text) / seconds)
        sizes = [len(message.text.encode()) for message in messages if message.speaker == "friend"]
        found: dict[str, Any] = {}
        if replies:
            found["reply_seconds"] = _quantiles(replies)
        if nexts:
            found["next_seconds"] = _quantiles(nexts)
            found["characters_per_second"] = round(float(np.clip(np.quantile(speeds, 0.75), QUICKEST, SLOWEST)), 2)
        if sizes:
            found["message_bytes"] = math.ceil(np.quantile(sizes, 0.999)) + 1
            found["burst_messages"] = math.ceil(np.quantile(bursts, 0.999))
        return cls(**found)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Rhythm":
        """What `to_dict` gave.

        Raises:
            ValueError: it is something else.
        """
        try:
            numbers = {name: tuple(map(float, data[name])) for name in ("reply_seconds", "next_seconds")}
            speed, size, burst = (data[name] for name in ("characters_per_second", "message_bytes", "burst_messages"))
            rhythm = cls(
                **numbers, characters_per_second=float(speed), message_bytes=int(size), burst_messages=int(burst)
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"no rhythm: {error}") from None
        least = (*map(min, numbers.values()), rhythm.characters_per_second, rhythm.message_bytes, rhythm.burst_messages)
        if min(least) <= 0 or not all(map(math.isfinite, least)):
            raise ValueError("a rhythm's numbers are above 0")
        return rhythm

    def to_dict(self) -> dict[str, Any]:
        """As kept in evaluation.json."""
        return asdict(self)

    def limits(self) -> Limits:
        """Where an answer is cut: the longest that the friend writes."""
        return Limits(self.message_bytes, self.burst_messages)

    def pause(self, text: str, first: bool, random: np.random.Generator) -> float:
        """Seconds of typing before a message is shown.

        A wait is drawn from the friend's own, and typing takes as long as the friend types; both together are
        pressed below `PATIENCE`, so that slow stays slower than quick.

        Args:
            text: the message.
            first: whether it begins the answer.
            random: what is drawn.
        """
        waits = self.reply_seconds if first else self.next_seconds
        places = np.linspace(0, 1, len(waits))
        wait = float(np.interp(random.random(), places, waits)) / 10
        seconds = wait + len(text) / self.characters_per_second
        return PATIENCE * (1 - math.exp(-seconds / PATIENCE))


def _quantiles(seconds: list[float]) -> tuple[float, ...]:
    return tuple(round(float(value), 3) for value in np.quantile(seconds, QUANTILES))
