"""How fast archives are read, and in how much memory, against the limit (decoding alone) and the peer (fbcap).

python bench/parse.py [--messages 10000000] [--legacy-megabytes 200] [--peer-megabytes 20] [--rounds 3] [--keep DIR]

Makes an archive of Messenger JSON (some 100 bytes a message, files of 10,000, zipped as Facebook zips them) and a
legacy `messages.htm`, then runs each measurement in a process of its own: messages, seconds, peak memory. The rounds
take turns, since machines are noisy; the fastest of each counts.
"""

import argparse
import html
import io
import json
import multiprocessing
import random
import resource
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

PART, ZIPS, ME = 10_000, 4, "Zoë Ångström"
FRIENDS = [f"{first} {last}" for first in ("Ján", "Eva", "Tom", "Inés", "Olga") for last in ("Novák", "O'Hara", "Díaz")]
TEXT = """
the of and to in is you that it he was for on are as with his they I at be this have from or one had by word but
not what all were we when your can said there use an each which she do how their if will up other about out many
then them these so some her would make like him into time has look two more write go see no way could people café
größer señor 😂 ❤️ lol haha nooo ok yes maybe tomorrow tonight home coming where
"""
WORDS = TEXT.split()


def sentences(count: int, seed: int) -> list[str]:
    """Made-up messages of one to nine words, one in seven not ASCII."""
    draw = random.Random(seed)
    plain = [word for word in WORDS if word.isascii()]
    return [" ".join(draw.choices(WORDS if draw.random() < 0.3 else plain, k=draw.randint(1, 9))) for _ in range(count)]


def sizes(messages: int) -> list[int]:
    """Messages of each thread: few long ones and many short ones, as in a real archive."""
    count = max(4, messages // 20_000)
    weights = [1 / (rank + 1) for rank in range(count)]
    return [max(50, int(messages * weight / sum(weights))) for weight in weights]


def broken(text: str) -> str:
    return text.encode().decode("latin-1")


def tails(count: int) -> list[str]:
    """What follows sender and time in a message; not all were typed, in the proportions of a large real archive."""
    draw = random.Random(5)
    others = (
        (0.057, '"photos":[{"uri":"messages/inbox/x_1/photos/1.jpg","creation_timestamp":1600000000}]'),
        (0.014, '"sticker":{"uri":"messages/stickers_used/1.png"}'),
        (0.009, '"content":"You sent an attachment.","share":{"link":"https://example.com/1"}'),
        (0.014, '"is_geoblocked_for_viewer":false'),
        (0.007, f'"content":{json.dumps(broken(ME + " left the group."))}'),
        (0.002, '"content":"You missed a call.","call_duration":0'),
        (0.002, '"is_unsent":true'),
    )
    kinds = [tail for _, tail in others]
    weights = [weight for weight, _ in others]
    found = []
    for text in sentences(count, 1):
        if draw.random() < sum(weights):
            found.append(draw.choices(kinds, weights)[0] + "}")
        else:
            found.append(f'"content":{json.dumps(broken(text))}}}')
    return found


def write_json(folder: Path, messages: int) -> None:
    endings = tails(20_000)
    me = json.dumps(broken(ME))
    zips = [
        zipfile.ZipFile(folder / f"facebook-{number}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=4)
        for number in range(ZIPS)
    ]
    draw = random.Random(2)
    for thread, count in enumerate(sizes(messages)):
        friend = json.dumps(broken(f"{FRIENDS[thread % len(FRIENDS)]} {thread}"))
        openings = [f'{{"sender_name":{name},"timestamp_ms":' for name in (me, friend)]
        newest = 1_700_000_000_000 - thread
        for part in range(0, count, PART):
            lines = [
                f"{openings[draw.random() < 0.5]}{newest - index * 61_000},{endings[int(draw.random() * 20_000)]}"
                for index in range(part, min(part + PART, count))
            ]
            head = f'{{"participants":[{{"name":{friend}}},{{"name":{me}}}],"messages":['
            tail = f'],"title":{friend},"thread_path":"inbox/friend_{10**9 + thread}"}}'
            zips[(thread + part // PART) % ZIPS].writestr(
                f"messages/inbox/friend_{10**9 + thread}/message_{part // PART + 1}.json", head + ",".join(lines) + tail
            )
    profile = {"profile_v2": {"name": {"full_name": broken(ME)}}}
    zips[0].writestr("personal_information/profile_information/profile_information.json", json.dumps(profile))
    for file in zips:
        file.close()


def write_legacy(path: Path, megabytes: float) -> None:
    texts = [html.escape(text) for text in sentences(20_000, 3)]
    draw = random.Random(4)
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8") as page:
        page.write(f'<html><head><title>{ME} - Messages</title></head><body><div class="contents"><h1>{ME}</h1><div>')
        thread, minute = 0, 23_000_000
        while page.tell() < megabytes * 1e6:
            friend = html.escape(f"{FRIENDS[thread % len(FRIENDS)]} {thread}")
            page.write(f'<div class="thread">{friend}, {ME}')
            for _ in range(draw.choice([30, 300, 3_000, 10_000])):
                minute -= draw.choice([0, 0, 1, 2])
                when = datetime.fromtimestamp(minute * 60, UTC)
                stamp = f"{when:%A}, {when:%B} {when.day}, {when.year} at {when:%I:%M%p}".replace(
                    " at 0", " at "
                ).lower()
                stamp = f"{when:%A}, {when:%B} {when.day}, {when.year}" + stamp[stamp.index(" at ") :] + " UTC"
                sender = ME if draw.random() < 0.5 else friend
                page.write(
                    f'<div class="message"><div class="message_header"><span class="user">{sender}</span>'
                    f'<span class="meta">{stamp}</span></div></div><p>{texts[draw.randrange(len(texts))]}</p>'
                )
            page.write("</div>")
            thread += 1
        page.write("</div></div></body></html>")


def files(folder: Path) -> Iterator[bytes]:
    """The bytes of every file of the zips."""
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as zipped:
            for info in zipped.infolist():
                yield zipped.read(info)


def only_bytes(folder: Path) -> tuple[float, int]:
    started = time.perf_counter()
    for _ in files(folder):
        pass
    return time.perf_counter() - started, 0


def decoded(folder: Path, loads: Callable[[bytes], object]) -> tuple[float, int]:
    """Seconds of decoding alone: the bytes are read and unzipped outside of the clock."""
    seconds = 0.0
    for data in files(folder):
        started = time.perf_counter()
        loads(data)
        seconds += time.perf_counter() - started
    return seconds, 0


def json_loads(folder: Path) -> tuple[float, int]:
    return decoded(folder, json.loads)


def orjson_loads(folder: Path) -> tuple[float, int]:
    import orjson

    return decoded(folder, orjson.loads)


def read(folder: Path) -> tuple[float, int]:
    """`archives.read`, every batch thrown away."""
    from friendbot import archives

    started = time.perf_counter()
    count = sum(batch.num_rows for batch in archives.read(folder))
    return time.perf_counter() - started, count


def parse_stage(folder: Path) -> tuple[float, int]:
    """What the parse stage does: read, and write messages.parquet."""
    from friendbot import archives, messages

    with tempfile.TemporaryDirectory() as out:
        started = time.perf_counter()
        count = messages.write(archives.read(folder), Path(out) / "messages.parquet")
        return time.perf_counter() - started, count


def fbcap(page: Path) -> tuple[float, int]:
    from fbchat_archive_parser.parser import parse

    started = time.perf_counter()
    with page.open(encoding="utf-8") as file:
        history = parse(file)
    return time.perf_counter() - started, sum(len(thread.messages) for thread in history.threads.values())


def measured(work: Callable[[Path], tuple[float, int]], path: Path) -> tuple[float, int, int]:
    """(seconds, messages, peak memory in bytes) of a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (work, path))


def _measured(work: Callable[[Path], tuple[float, int]], path: Path) -> tuple[float, int, int]:
    with io.StringIO() as swallowed:
        standard, sys.stderr = sys.stderr, swallowed
        try:
            seconds, count = work(path)
        finally:
            sys.stderr = standard
    return (
        seconds,
        count,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    )


def best(
    works: dict[str, tuple[Callable[[Path], tuple[float, int]], Path]], rounds: int
) -> dict[str, tuple[float, int, int]]:
    """The fastest round of each, and its largest peak."""
    results: dict[str, list[tuple[float, int, int]]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, (work, path) in works.items():
            results[name].append(measured(work, path))
    return {
        name: (min(one[0] for one in found), found[0][1], max(one[2] for one in found))
        for name, found in results.items()
    }


def show(title: str, size: Mapping[str, float], results: dict[str, tuple[float, int, int]]) -> None:
    print(f"\n{title}")
    for name, (seconds, count, peak) in results.items():
        line = f"  {name:14} {seconds:8.2f} s  {size[name] / 1e6 / seconds:7.1f} MB/s  peak {peak / 2**20:6,.0f} MiB"
        line += f"  {count / seconds:10,.0f} messages/s" if count else ""
        print(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000_000)
    parser.add_argument("--legacy-megabytes", type=float, default=200)
    parser.add_argument("--peer-megabytes", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="make the archives here, or use those that are here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or Path(scratch)
        bench_json(folder / f"json-{arguments.messages}", arguments.messages, arguments.rounds)
        bench_legacy(folder, arguments.legacy_megabytes, arguments.peer_megabytes, arguments.rounds)


def bench_json(folder: Path, messages: int, rounds: int) -> None:
    if not folder.exists():
        folder.mkdir(parents=True)
        write_json(folder, messages)
    size = sum(len(data) for data in files(folder))
    works: dict[str, tuple[Callable[[Path], tuple[float, int]], Path]] = {
        "unzip alone": (only_bytes, folder),
        "json.loads": (json_loads, folder),
        "orjson.loads": (orjson_loads, folder),
        "read": (read, folder),
        "parse stage": (parse_stage, folder),
    }
    results = best(works, rounds)
    title = (
        f"JSON: {size / 1e6:,.0f} MB in {ZIPS} zips of {sum(p.stat().st_size for p in folder.iterdir()) / 1e6:,.0f} MB"
    )
    show(title, dict.fromkeys(works, size), results)
    for limit in ("json.loads", "orjson.loads"):
        for name in ("read", "parse stage"):
            with_unzip = results[limit][0] + results["unzip alone"][0]
            print(
                f"  {name}: {results[name][0] / results[limit][0]:.2f} x {limit}, "
                f"{results[name][0] / with_unzip:.2f} x unzip and {limit}"
            )


def bench_legacy(folder: Path, megabytes: float, peer_megabytes: float, rounds: int) -> None:
    pages = {
        name: folder / f"legacy-{size:g}" / "html" / "messages.htm"
        for name, size in (("large", megabytes), ("small", peer_megabytes))
    }
    for path, size in ((pages["large"], megabytes), (pages["small"], peer_megabytes)):
        if not path.exists():
            write_legacy(path, size)
    works: dict[str, tuple[Callable[[Path], tuple[float, int]], Path]] = {
        "read": (read, pages["large"].parents[1]),
        "read, small": (read, pages["small"].parents[1]),
    }
    if sys.version_info < (3, 12):
        works["fbcap, small"] = (fbcap, pages["small"])
    large, small = (pages[name].stat().st_size for name in ("large", "small"))
    results = best(works, rounds)
    sizes = {"read": large, "read, small": small, "fbcap, small": small}
    show(f"Legacy: {large / 1e6:,.0f} MB, and {small / 1e6:,.0f} MB for the peer", sizes, results)
    if "fbcap, small" in results:
        rate = {name: count / seconds for name, (seconds, count, _) in results.items()}
        print(f"  read: {rate['read'] / rate['fbcap, small']:.1f} x the messages/s of fbcap")


if __name__ == "__main__":
    main()
