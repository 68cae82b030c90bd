"""Talk to the model: `python src/chat.py`, on a terminal or through a pipe."""

import os
import secrets
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from friendbot import cli, errors
from friendbot.errors import FriendbotError

# What takes long to import is imported in functions, under `errors.run`: Ctrl-C meanwhile ends it quietly.
if TYPE_CHECKING:
    import argparse

    from friendbot.bot import Bot
    from friendbot.conversation import Utterance
    from friendbot.talk import Screen
    from friendbot.weights import Model

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the same answers on any number of cores
    arguments = parse()
    bots, renew = choose(arguments)
    past = earlier(arguments, bots)
    from friendbot import transcripts
    from friendbot.conversation import Conversation
    from friendbot.lines import Pipe
    from friendbot.talk import Talk, Voice
    from friendbot.terminal import Terminal
    from friendbot.vocabulary import normalise

    names = arguments.compare or [normalise(arguments.friend_name or bots[0].friend)]
    me = normalise(arguments.my_name or bots[0].me)
    seed = secrets.randbits(32) if arguments.seed is None else arguments.seed
    screen = Pipe(names) if arguments.once is not None else open_screen(me, names)
    files = transcripts.places(arguments.transcript, names) if arguments.transcript else [None] * len(names)
    voices = []
    for bot, name, file in zip(bots, names, files, strict=True):
        decoding = bot.evaluation.decoding
        if arguments.temperature is not None:
            decoding = replace(decoding, temperature=arguments.temperature)
        chat = Conversation(bot, decoding, seed)
        chat.resume(past)
        goes_on = file and arguments.load and file.exists() and file.samefile(arguments.load)
        begun = past if goes_on else []
        transcript = transcripts.Transcript(file, {"me": me, "friend": name}, begun) if file else None
        voices.append(Voice(name, chat, transcript))
    talk = Talk(voices, me, screen, instant=arguments.instant, seeded=arguments.seed is not None, renew=renew)
    if arguments.once is None and sys.stdin.isatty():
        greet(screen, bots, arguments.compare)
    if past:
        talk.resume(past)
    if arguments.once is not None:
        talk.hear(arguments.once.strip())
        talk.answer()
    else:
        with screen.quiet() if isinstance(screen, Terminal) else nullcontext():
            talk.run()


def parse() -> "argparse.Namespace":
    """The arguments."""
    parser = cli.Parser(description="Talk to a friendbot. Ends with Ctrl-D; /help lists what else there is.")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--model", type=Path, metavar="DIR", help="a model folder (default: models/friend)")
    which.add_argument(
        "--save-dir", type=Path, metavar="DIR", help="its newest whole checkpoint, also while training runs"
    )
    which.add_argument("--rev", help="the model of a commit, tag, branch or experiment")
    which.add_argument("--compare", nargs=2, metavar="REV", help="two of them: both hear the same and answer")
    parser.add_argument("--my-name", metavar="NAME", help="your name on the screen (default: as in the archive)")
    parser.add_argument("--friend-name", metavar="NAME", help="the bot's name on the screen (default: the friend's)")
    parser.add_argument(
        "--temperature",
        type=cli.number("temperature", float, 0.0, 10),
        metavar="T",
        help="0 = always the likeliest, 1 = as learned",
    )
    parser.add_argument("--seed", type=cli.number("seed", int, 0), help="makes a conversation repeatable to the letter")
    parser.add_argument("--once", metavar="TEXT", help="answer one message and leave")
    parser.add_argument("--instant", action="store_true", help="answers without the pauses of somebody who types")
    before = parser.add_mutually_exclusive_group()
    before.add_argument(
        "--prime", type=cli.number("prime", int, 1), metavar="N", help="go on from the last N messages of the thread"
    )
    before.add_argument("--load", type=Path, metavar="FILE", help="go on from a conversation that /save wrote")
    parser.add_argument("--transcript", type=Path, metavar="FILE", help="append what is said to FILE, one JSON a line")
    arguments = parser.parse_args()
    if arguments.once is not None and not arguments.once.strip():
        parser.error("argument --once: there is nothing in it to answer")
    if arguments.compare and arguments.compare[0] == arguments.compare[1]:
        parser.error("argument --compare: that is one revision twice")
    return arguments


def choose(arguments: "argparse.Namespace") -> "tuple[list[Bot], Callable[[], Model] | None]":
    """The bots that the arguments mean, and what loads a newer model of the one, if there may be one."""
    from friendbot import choice, weights
    from friendbot.bot import Bot

    if arguments.rev is not None or arguments.compare:
        from friendbot import revisions

        bots = []
        for revision in arguments.compare or [arguments.rev]:
            with revisions.load(ROOT, revision) as model:
                bots.append(Bot(model))
        return bots, None
    model = choice.choose(ROOT, arguments.model, arguments.save_dir)
    if arguments.model is not None or not (model.folder / weights.CHECKSUMS).is_file():
        return [Bot(model)], None
    return [Bot(model)], lambda: weights.load_newest(arguments.save_dir or ROOT / "checkpoints")


def open_screen(me: str, names: Sequence[str]) -> "Screen":
    """The best screen that stdin, stdout and the installed packages allow."""
    from friendbot.lines import Pipe, Plain
    from friendbot.terminal import Terminal

    if sys.stdin is None:
        raise FriendbotError("there is nothing to read: no keyboard, no pipe; --once TEXT answers one message")
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        return Pipe(names)
    if os.environ.get("TERM", "dumb") == "dumb":
        return Plain(me, names)
    try:
        return Terminal(me, names)
    except ImportError as error:
        print(f"plain input, without pauses: {error.name} is not installed", file=sys.stderr)
        return Plain(me, names)


def greet(screen: "Screen", bots: "Sequence[Bot]", revisions: Sequence[str] | None) -> None:
    """Say that this is a machine, what it learned, and how to end."""
    about = [f"learned from {bot.card['messages']['train']:,} messages up to {bot.card['last']}" for bot in bots]
    if revisions:
        bots_are = "; ".join(f"{name} {what}" for name, what in zip(revisions, about, strict=True))
        screen.note(f"Bots: {bots_are}. Nobody is there. /help lists commands, Ctrl-D ends.")
    else:
        screen.note(f"A bot that {about[0]}. Nobody is there. /help lists commands, Ctrl-D ends.")


def earlier(arguments: "argparse.Namespace", bots: "Sequence[Bot]") -> "list[Utterance]":
    """The conversation to go on from."""
    if arguments.load:
        from friendbot import transcripts

        return transcripts.read(arguments.load)
    if not arguments.prime:
        return []
    try:
        from friendbot import dialogue
    except ImportError as error:
        raise FriendbotError(f"--prime reads data/thread.parquet, and {error.name} is not installed") from None
    from friendbot.conversation import Utterance

    lines = dialogue.read(ROOT / "data" / "thread.parquet")
    for bot in bots:
        senders = {line.speaker: line.sender for line in lines}
        if senders != {"friend": bot.friend, "me": bot.me}:
            raise FriendbotError(
                f"data/thread.parquet is between {senders.get('me')} and {senders.get('friend')}, "
                f"this model is {bot.friend}; leave out --prime, or `dvc repro` with filter.friend set to {bot.friend}"
            )
    sessions = [None, *(line.session for line in lines)]
    said = [
        Utterance(line.speaker, line.text, line.session != before)
        for line, before in zip(lines, sessions, strict=False)
    ]
    return said[-arguments.prime :]


if __name__ == "__main__":
    errors.run(main)
