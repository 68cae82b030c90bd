"""The page that tells a person whether the bot sounds like their friend, and whether it keeps secrets.

One file that needs no other and asks for nothing from a network. It holds private words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from friendbot.authorship import Authorship, Estimate
from friendbot.baselines import KNESER_NEY, ORDER, PPMD
from friendbot.evaluation import Turn
from friendbot.likeness import Feature, Likeness
from friendbot.memorisation import LEAST_WORDS, Overlap, Sensitive
from friendbot.report import figures, wording
from friendbot.report.figures import Series, Spot

MODEL, ADAPTIVE = "model", "adaptive"
"""The bot among the baselines."""
TURNS = 30
"""Shown at most."""
OPEN = 8
"""Turns shown without a click."""

PREDICTORS = {
    MODEL: "the bot",
    ADAPTIVE: "the bot, if it counted on while it reads",
    KNESER_NEY: f"counting letters ({ORDER}-gram, Kneser-Ney)",
    PPMD: "a compressor (PPMd)",
    "unigram": "how often each letter comes",
    "uniform": "only the alphabet",
}
COLUMNS: dict[str, tuple[str, ...]] = {
    "likeness.csv": ("feature", "who", "value"),
    "sessions.csv": ("session", MODEL, KNESER_NEY),
    "decoding.csv": ("decoding", "verbatim", "auc", "summary", "chosen"),
}
"""Of each of `tables`."""


@dataclass(frozen=True)
class Memory:
    """What the bot's answers have in common with what it learned from."""

    answers: int
    """Of the bot that were looked at."""
    bot: Overlap
    friend: Overlap
    """The same of what the friend wrote at the same turns."""
    sensitive: Mapping[str, Sensitive]
    """In the bot's answers, by kind."""


class Tried(NamedTuple):
    """One decoding tried on the validation part."""

    decoding: Mapping[str, float]
    auc: float
    """Of a classifier between the bot and the friend, as in `authorship`."""
    verbatim: float
    """Share of the bot's longer messages that stand in the training text."""
    chosen: bool
    summary: float | None = None
    """How many times as far from the friend the bot is as the friend earlier, as in `likeness`."""
    invented: float | None = None
    """By how much the bot's share of words that nobody used before is larger than the friend's."""


@dataclass(frozen=True)
class Report:
    """What is known of one bot. None: it was not measured, or there was too little to measure."""

    friend: str
    me: str
    test: Mapping[str, Any] | None = None
    """As `evaluation.scores` gives it."""
    baselines: Mapping[str, Any] | None = None
    """As `baselines.scores` gives it."""
    sessions: Mapping[str, Mapping[int, float]] | None = None
    """Bits per character of each held-out session, of `MODEL` and `KNESER_NEY`."""
    history: Sequence[Mapping[str, float]] | None = None
    """The rows of `reports/history.csv`."""
    likeness: Likeness | None = None
    authorship: Authorship | None = None
    truncated: float | None = None
    """Share of the bot's answers that a limit or a loop ended."""
    turns: Sequence[Turn] | None = None
    """Held-out turns; `TURNS` of them are shown."""
    memory: Memory | None = None
    redacted: Mapping[str, int] | None = None
    """How often each kind was replaced before training; None: nothing was redacted."""
    tried: Sequence[Tried] | None = None
    bound: float | None = None
    """The verbatim share that a decoding had to keep below."""
    card: Mapping[str, Any] | None = None
    """The model's `card.json`."""
    model_bytes: int | None = None
    """Of the weights' file."""
    counts: Mapping[str, Any] | None = None
    """As in `reports/filter.json`."""
    params: Mapping[str, Any] | None = None
    """By dotted name."""


def render(data: Report) -> str:
    """The page as HTML; equal data give equal text."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    friend, me = wording.short_names(data.friend, data.me)
    features = [_row(feature, friend, me) for feature in data.likeness.features] if data.likeness else []
    bits, sessions = _bits(data), _sessions(data)
    memory = data.memory if data.memory and data.memory.answers else None
    sensitive = memory.sensitive.values() if memory else ()
    for each in (wording.percent, wording.hundred, wording.number, wording.size):
        environment.filters[each.__name__] = each
    return environment.get_template("report.html.j2").render(
        data=data,
        friend=friend,
        me=me,
        figures=figures,
        own=bits.get(MODEL),
        ngram=bits.get(KNESER_NEY),
        digits=_digits(bits),
        bits=sorted(bits.items(), key=lambda item: item[1][0]),
        predictors=PREDICTORS,
        learning=[PREDICTORS[name] for name in (ADAPTIVE, PPMD) if name in bits],
        order=ORDER,
        history=_history(data.history),
        sessions=sessions,
        ahead=sum(model < ngram for _, model, ngram in sessions),
        sessions_chart=_sessions_chart(sessions),
        features=features,
        estimate_strip=_estimate_strip,
        sources={"bot": "the bot", "real": friend, "earlier": f"{friend} earlier", "me": me},
        shown=spread(data.turns or (), TURNS),
        open=OPEN,
        memory=memory,
        found_secrets=sum(each.found for each in sensitive),
        known_secrets=sum(each.known for each in sensitive),
        kind=wording.kind,
        least_words=LEAST_WORDS,
        varied=_varied(data.tried or ()),
        decoding_chart=_decoding_chart(data.tried or (), data.bound),
    )


def tables(data: Report) -> dict[str, list[dict[str, Any]]]:
    """Rows for `dvc plots` by file name, with the keys of `COLUMNS`; what was not measured has none."""
    features, varied = data.likeness.features if data.likeness else (), _varied(data.tried or ())
    whos: dict[str, Callable[[Feature], float]] = {
        "bot": lambda feature: feature.distance_bot,
        "earlier": lambda feature: feature.distance_earlier,
        "me": lambda feature: feature.distance_me,
    }
    return {
        "likeness.csv": [
            {"feature": feature.name, "who": who, "value": round(distance(feature), 4)}
            for feature in features
            for who, distance in whos.items()
        ],
        "sessions.csv": [
            {"session": session, MODEL: round(model, 4), KNESER_NEY: round(ngram, 4)}
            for session, model, ngram in _sessions(data)
        ],
        "decoding.csv": [
            {
                "decoding": " ".join(f"{name}={each.decoding[name]:g}" for name in varied),
                "verbatim": round(each.verbatim, 4),
                "auc": round(each.auc, 4),
                "summary": each.summary if each.summary is None else round(each.summary, 4),
                "chosen": each.chosen,
            }
            for each in data.tried or ()
        ],
    }


def _bits(data: Report) -> dict[str, tuple[float, float]]:
    """Bits per character by predictor: of the friend's text, and of all."""
    test = data.test or {}
    own = {MODEL: data.test, ADAPTIVE: test.get(ADAPTIVE)}
    measured = {**{name: scores for name, scores in own.items() if scores}, **(data.baselines or {})}
    return {
        name: (measured[name]["friend"]["bits_per_char"], measured[name]["bits_per_char"])
        for name in PREDICTORS
        if name in measured
    }


def _digits(bits: Mapping[str, tuple[float, float]]) -> str:
    """A format with as many decimals as it takes to tell the bot from the 10-gram: two, or all that are kept."""
    shown = {f"{bits[name][0]:.2f}" for name in (MODEL, KNESER_NEY) if name in bits}
    return "%.2f" if len(shown) > 1 else "%.4f"


def spread(turns: Sequence[Turn], count: int) -> list[Turn]:
    """At most `count` of them, evenly spread."""
    return [turns[place * len(turns) // count] for place in range(count)] if len(turns) > count else [*turns]


def _history(history: Sequence[Mapping[str, float]] | None) -> str | None:
    if not history:
        return None
    series = [
        Series(kind, [(row["epoch"], row[f"{split}_bits_per_char"]) for row in history])
        for kind, split in (("plain", "train"), ("bot", "valid"))
    ]
    first, last = history[0]["valid_bits_per_char"], history[-1]["valid_bits_per_char"]
    title = f"Training: from {first:.2f} to {last:.2f} bits for each letter of unread text in {len(history)} epochs"
    return figures.lines(series, title, "epoch", "bits per letter")


def _sessions(data: Report) -> list[tuple[int, float, float]]:
    """Held-out sessions, oldest first, with the bot's and the 10-gram's bits per character."""
    if not data.sessions or MODEL not in data.sessions or KNESER_NEY not in data.sessions:
        return []
    model, ngram = data.sessions[MODEL], data.sessions[KNESER_NEY]
    return [(session, model[session], ngram[session]) for session in sorted(model.keys() & ngram.keys())]


def _sessions_chart(rows: Sequence[tuple[int, float, float]]) -> str | None:
    if len(rows) < 2:
        return None
    series = [
        Series(kind, [(place, row[column]) for place, row in enumerate(rows, 1)])
        for kind, column in (("plain", 2), ("bot", 1))
    ]
    title = f"Bits for each letter in {len(rows)} held-out sessions"
    return figures.lines(series, title, "held-out session, oldest first", "bits per letter")


def _row(feature: Feature, friend: str, me: str) -> dict[str, Any]:
    """One row of the table of features."""
    show = wording.percent if feature.unit.startswith("share") else "{:.1f}".format
    far = (feature.high, feature.distance_bot, feature.distance_earlier, feature.distance_me)
    high, bot, earlier, other = map(wording.distance, far)
    title = (
        f"{feature.name}: distance from {friend}: the bot {bot} ({feature.low:.3f} to {high}), "
        f"{friend} earlier {earlier}, {me} {other}"
    )
    marks = (("earlier", feature.distance_earlier), ("me", feature.distance_me), ("bot", feature.distance_bot))
    return {
        "feature": feature,
        "distances": (bot, earlier),
        "values": [show(feature.bot), show(feature.friend), show(feature.me)],
        "strip": figures.strip(marks, (feature.low, feature.high), 0.0, max(far), title),
    }


def _estimate_strip(kind: str, estimate: Estimate, low: float, title: str) -> str:
    return figures.strip([(kind, estimate.value)], (estimate.low, estimate.high), low, 1.0, title)


def _varied(tried: Sequence[Tried]) -> list[str]:
    """Which params differ among the decodings tried."""
    names = [*tried[0].decoding] if tried else []
    return [name for name in names if len({each.decoding[name] for each in tried}) > 1]


def _decoding_chart(tried: Sequence[Tried], bound: float | None) -> str | None:
    if len(tried) < 2:
        return None
    spots = [
        Spot("chosen" if each.chosen else "tried", 100 * each.verbatim, 100 * each.auc, str(place))
        for place, each in enumerate(tried, 1)
    ]
    limit = None if bound is None else 100 * bound
    title = "Each decoding tried: how much of it is copied, and how often a program tells the bot from the friend"
    return figures.scatter(spots, title, "copied, messages in 100", "told apart, pairs in 100", limit)
