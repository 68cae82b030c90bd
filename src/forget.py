"""Delete everything here that was derived from an archive, after asking: what `make forget` does."""

import os
import sys
from pathlib import Path

from friendbot import cli, errors
from friendbot.errors import FriendbotError
from friendbot.privacy import Traces

ALWAYS_BEYOND = (
    "the archive itself, and copies that you made of it or of anything here (backups, snapshots, editors' swap files)",
    "commits, branches, tags and stashes that you made: `git log --all -- params.yaml dvc.lock` shows them",
    "what was pushed (`git push`, `dvc push`, `dvc exp push`), and other clones",
    "containers' volumes (`docker volume rm friendbot-results`), your shell's history, the terminal's scrollback",
)


def main() -> None:
    parser = cli.Parser(description=__doc__)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    arguments = parser.parse_args()
    if not Path("params.yaml").exists():
        raise FriendbotError("params.yaml is not here; run this from the root of the repository")
    traces = Traces(Path.cwd())
    with traces.alone():
        describe(traces)
        if not arguments.yes:
            confirm()
        traces.restore()
        for place in traces.places:
            traces.remove(place)
        traces.prune()
    print("Forgotten." if not traces.beyond else "Forgotten here; what is listed above as out of reach is not.")


def describe(traces: Traces) -> None:
    """Say what will go, what will be restored, and what stays out of reach."""
    print("This deletes:")
    for place in traces.places:
        size = sum(file.lstat().st_size for file in traces.files(place))
        name = place.relative_to(traces.root) if place.is_relative_to(traces.root) else place
        print(f"  {size / 1e6:9.1f} MB  {name}")
    if traces.in_git():
        count = len(traces.experiments)
        print(f"  {count} of git's references under refs/exps (DVC's experiments and their queue)")
        print("  every object in git that no branch, tag or stash reaches (lost commits of your own too)")
    if traces.changed:
        print(f"It restores as committed, with every other change in them lost: {', '.join(traces.changed)}")
    if not traces.in_git():
        print("There is no commit to go back to: params.yaml stays as it is; take the names out of it yourself")
    elif not traces.head_is_demo():
        print("The committed params.yaml names an archive that is not the demo's: that is in git's history, and stays")
    print("It cannot reach:")
    for item in (*traces.beyond, *ALWAYS_BEYOND):
        print(f"  {item}")


def confirm() -> None:
    """Go on only if a person types yes.

    Raises:
        FriendbotError: there is no terminal to ask on, or the answer is another.
    """
    if not (sys.stdin.isatty() and os.isatty(1)):
        raise FriendbotError(
            "nothing was deleted: there is no terminal to ask on; --yes (make forget ARGS=--yes) means it"
        )
    try:
        answer = input("Type yes to delete: ")
    except EOFError:
        answer = ""
    if answer.strip() != "yes":
        raise FriendbotError("nothing was deleted")


if __name__ == "__main__":
    errors.run(main)
