"""Read the archive: every message of every thread into data/messages.parquet."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from friendbot import archives, errors, messages, params
from friendbot.progress import Progress


def main() -> None:
    settings = params.load().parse
    with Progress("reading", unit="bytes") as progress:
        found = archives.read(
            Path(settings.archive),
            owner=settings.owner,
            timezone=settings.timezone,
            strict=settings.strict,
            legacy_reader=settings.legacy_reader,
            progress=progress.update,
        )
        count = messages.write(found, Path("data/messages.parquet"))
    print(f"{count:,} messages")


if __name__ == "__main__":
    errors.run(main)
