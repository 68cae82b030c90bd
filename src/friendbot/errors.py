"""One family of errors that a person can put right, and the one place that prints them."""

import io
import os
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn


class FriendbotError(Exception):
    """Something a person can put right; the message is one line that says what to do next."""


class ArchiveError(FriendbotError):
    """The archive cannot be read, or nothing was found in it."""


class ThreadError(FriendbotError):
    """The wanted thread is missing, ambiguous, not two-party, or too short."""


class ParamsError(FriendbotError):
    """params.yaml is missing, misspelt, or holds a value that does not fit."""


class ModelError(FriendbotError):
    """A model folder is missing, damaged, or does not fit the rest."""


def run(main: Callable[[], int | None]) -> NoReturn:
    """Run a script's `main` and exit with its status.

    A `FriendbotError`, or the operating system's (a full disk, a folder that may not be written), becomes one line on
    stderr and status 2; Ctrl-C status 130; a reader of our output that went away (`| head`) ends quietly. Any other
    exception is our bug and keeps its traceback.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal's encoding lacks
    try:
        status = main()
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except (FriendbotError, OSError) as error:
        message = "".join(letter for letter in " ".join(str(error).split()) if unicodedata.category(letter) != "Cc")
        print(f"{Path(sys.argv[0]).stem}: {message}", file=sys.stderr)
        status = 2
    sys.exit(status or 0)
