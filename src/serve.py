"""Chat in a browser, or with a program that speaks OpenAI's protocol, on this machine: `python src/serve.py`."""

import os
import sys
import threading
import webbrowser
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # so that answers are the same on any number of cores

from friendbot import choice, cli, errors
from friendbot.bot import Bot
from friendbot.server import listener
from friendbot.server.app import application
from friendbot.server.desk import Desk

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = cli.Parser(description="Serve a friendbot to this machine: a page to chat on, and OpenAI's protocol.")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--model", type=Path, metavar="DIR", help="a model folder (default: models/friend)")
    which.add_argument(
        "--save-dir", type=Path, metavar="DIR", help="its newest whole checkpoint, also while training runs"
    )
    parser.add_argument(
        "--port", type=cli.number("port", int, 0, 65535), default=8000, help="of 127.0.0.1 (default: 8000; 0: any)"
    )
    parser.add_argument(
        "--temperature",
        type=cli.number("temperature", float, 0.0, 10),
        metavar="T",
        help="0 = always the likeliest, 1 = as learned",
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    arguments = parser.parse_args()

    bot = Bot(choice.choose(ROOT, arguments.model, arguments.save_dir))
    decoding = bot.evaluation.decoding
    if arguments.temperature is not None:
        decoding = replace(decoding, temperature=arguments.temperature)
    with listener.listen(arguments.port) as socket:
        address = f"http://{listener.HOST}:{socket.getsockname()[1]}"
        print(f"{cli.printable(bot.friend)}: {address} (for programs: {address}/v1). Ctrl-C ends.", flush=True)
        if arguments.open:
            threading.Thread(target=show, args=(address,), daemon=True).start()
        listener.server(application(Desk(bot, decoding))).run([socket])


def show(address: str) -> None:
    """Open the page in a browser; a thread of its own, as some browsers come back only when they are closed."""
    if not webbrowser.open(address):
        print("no browser was found; open the address in one", file=sys.stderr)


if __name__ == "__main__":
    errors.run(main)
