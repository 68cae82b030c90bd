"""Who is in an archive: `python src/stats.py ARCHIVE` shows the friends to choose from, and the command for each."""

import json
import re
from pathlib import Path

from friendbot import census, cli, errors
from friendbot.errors import ArchiveError
from friendbot.progress import Progress
from friendbot.screen import Screen


def main() -> None:
    parser = cli.Parser(
        description="Show who is in an archive, and the command that learns from each.",
        epilog="README.md says what the columns, and the keys of the JSON, mean.",
    )
    parser.add_argument("archive", type=Path, metavar="ARCHIVE", help="file, folder or zip of a download")
    parser.add_argument("--thread", metavar="NAME", help="all about one friend or one group, by name or thread id")
    parser.add_argument("--json", action="store_true", help="print JSON, for other programs: all threads, all numbers")
    parser.add_argument(
        "--top", type=cli.number("top", int, 1), default=10, metavar="N", help="how many friends to show (default: 10)"
    )
    parser.add_argument("--owner", metavar="NAME", help="whose archive it is, where it does not say so itself")
    parser.add_argument("--timezone", metavar="ZONE", help="such as Europe/Berlin, where its dates need one")
    arguments = parser.parse_args()

    with Progress("reading", unit="bytes") as progress:
        try:
            found = census.take(
                arguments.archive,
                owner=arguments.owner,
                timezone=arguments.timezone,
                only=arguments.thread,
                progress=progress.update,
            )
        except ArchiveError as error:
            raise ArchiveError(in_options(str(error))) from error
    if arguments.json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        print(Screen().details(found) if arguments.thread else Screen().overview(found, arguments.top), end="")


def in_options(message: str) -> str:
    """An error that speaks of params, in terms of the options here."""
    message = re.sub(r"set parse\.(owner|timezone) to ([^;,]+)", r"give \2 with --\1", message)
    return re.sub(r"parse\.(owner|timezone)\b", r"--\1", message)


if __name__ == "__main__":
    errors.run(main)
