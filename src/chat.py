"""Talk to the model: `python src/chat.py`, on a terminal or through a pipe."""

import io
import sys
from pathlib import Path

from friendbot import cli, errors, weights
from friendbot.conversation import Conversation
from friendbot.errors import FriendbotError, ModelError
from friendbot.inference import Network
from friendbot.sampling import sampler
from friendbot.weights import Model

ROOT = Path(__file__).resolve().parents[1]
TEMPERATURE = 0.7
"""For models that no evaluation has given a better one."""


def main() -> None:
    parser = cli.Parser(description="Talk to a friendbot. Ends with Ctrl-D or an empty line.")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--model", type=Path, metavar="DIR", help="a model folder (default: models/friend)")
    which.add_argument(
        "--save-dir", type=Path, metavar="DIR", help="its newest whole checkpoint, also while training runs"
    )
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
    arguments = parser.parse_args()

    model = choose(arguments.model, arguments.save_dir)
    temperature = arguments.temperature
    if temperature is None:
        temperature = weights.decoding(model.folder).get("temperature", TEMPERATURE)
    chat = Conversation(Network(model), model.vocabulary, sampler(temperature), arguments.seed)
    friend = arguments.friend_name or model.card["friend"]
    me = arguments.my_name or model.card["me"]
    if arguments.once is not None:
        answer(chat, arguments.once, "")
    elif sys.stdin is None:
        raise FriendbotError("there is nothing to read: no keyboard, no pipe; --once TEXT answers one message")
    elif sys.stdin.isatty():
        talk(chat, model, me, friend)
    else:
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")
        for line in sys.stdin:
            if text := line.strip():
                answer(chat, text, "")


def choose(folder: Path | None, save_dir: Path | None) -> Model:
    """The model that the arguments mean: without any, the tracked one, or while that is being made, a checkpoint."""
    if save_dir is not None:
        model = weights.load_newest(save_dir)
        announce(model)
        return model
    if folder is not None:
        return weights.load(folder)
    tracked, checkpoints = ROOT / "models" / "friend", ROOT / "checkpoints"
    if (tracked / "model.json").is_file():
        return weights.load(tracked)
    try:
        model = weights.load_newest(checkpoints)
    except ModelError:
        raise ModelError("there is no model yet; `make repro` makes one, its first checkpoint comes soon") from None
    print("no finished model yet: ", end="", file=sys.stderr)
    announce(model)
    return model


def announce(model: Model) -> None:
    """Say on stderr which checkpoint this is, and whose: a training of another friend may have just begun."""
    print(f"this is {model.card['friend']} in checkpoint {model.folder}", file=sys.stderr)


def talk(chat: Conversation, model: Model, me: str, friend: str) -> None:
    """A conversation on a terminal."""
    try:
        import readline  # noqa: F401 (line editing and history for input(), where the platform has it)
    except ImportError:
        print("no line editing on this platform", file=sys.stderr)
    counts = model.card["messages"]["train"]
    print(f"A bot that learned from {counts:,} messages up to {model.card['last']}. Nobody is there. Ctrl-D ends.")
    while True:
        try:
            text = input(f"{me}: ").strip()
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print()
            raise
        if not text:
            return
        answer(chat, text, f"{friend}: ")


def answer(chat: Conversation, text: str, prefix: str) -> None:
    """Print the friend's answer as it comes, one line for each message."""
    chat.hear(text)
    for message in chat.reply():
        print(prefix + cli.printable(message), flush=True)


if __name__ == "__main__":
    errors.run(main)
