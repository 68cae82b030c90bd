"""What a person can type in a talk besides messages: `/help` and the others, one function each."""

import difflib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from friendbot import transcripts
from friendbot.conversation import ME, Conversation
from friendbot.errors import FriendbotError
from friendbot.sampling import Decoding

if TYPE_CHECKING:
    from friendbot.talk import Talk


class CommandError(FriendbotError):
    """There is no such command, or it cannot be done now."""


class Command(NamedTuple):
    """One command."""

    does: Callable[["Talk", str], None]
    """Called with what stands behind the command's name."""
    takes: str
    """What should stand there, for people."""
    help: str


COMMANDS: dict[str, Command] = {}
"""By name, in the order of `/help`."""


def run(talk: "Talk", line: str) -> None:
    """Do what a line that begins with a slash says.

    Raises:
        CommandError: nothing is called so, or it cannot be done now.
        FriendbotError: it went wrong otherwise.
        OSError: a file could not be read or written.
    """
    name, _, argument = line[1:].partition(" ")
    command = COMMANDS.get(name)
    if command is None:
        near = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0.5)
        hint = f"did you mean /{near[0]}?" if near else "/help lists the commands."
        name = _start(name)
        raise CommandError(f"There is no /{name}; {hint} A message that begins with a slash is sent with two: //{name}")
    command.does(talk, argument.strip())


def completions(line: str) -> Iterator[tuple[str, str]]:
    """What the last word of a command may become, and what that does."""
    words = line.split(" ")
    if len(words) == 1 and line.startswith("/"):
        for name, command in COMMANDS.items():
            if name.startswith(line[1:]):
                yield f"/{name}", command.help
    elif len(words) == 2 and words[0] == "/set":
        for name, value in asdict(Decoding()).items():
            if name.startswith(words[1]):
                yield name, f"by default {value}"


def _command(takes: str, help: str) -> Callable[[Callable[["Talk", str], None]], Callable[["Talk", str], None]]:
    def register(does: Callable[["Talk", str], None]) -> Callable[["Talk", str], None]:
        COMMANDS[does.__name__.rstrip("_")] = Command(does, takes, help)
        return does

    return register


@_command("", "another answer instead of the last one")
def again(talk: "Talk", _: str) -> None:
    """Take the last answers back and give others; an answer that was stopped at once is begun again."""
    utterances = talk.voices[0].chat.utterances
    if not any(talk.change(lambda chat: chat.again())) and not (utterances and utterances[-1].speaker == ME):
        raise CommandError("There is no answer yet to give another one for.")
    talk.answer()


@_command("", "take back the last message and its answer")
def undo(talk: "Talk", _: str) -> None:
    """Forget the person's last message and what came after it."""
    if not any(talk.change(lambda chat: chat.undo())):
        raise CommandError("Nothing was said yet.")
    left = talk.voices[0].chat.utterances
    last = f"the last message is now: {_start(left[-1].text)}" if left else "nothing is left"
    talk.screen.note(f"Taken back; {last}")


def _start(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[:most] + "…"


@_command("", "time passes; the bot writes first")
def nudge(talk: "Talk", _: str) -> None:
    """Let the bot begin, or begin again after a long silence."""
    talk.change(lambda chat: chat.silence())
    talk.answer()


@_command("", "forget all that was said, and begin anew")
def reset(talk: "Talk", _: str) -> None:
    """Begin a new conversation."""
    talk.resume([])
    talk.screen.note("A new conversation.")


@_command("[T]", "show or set the temperature: 0 = always the likeliest, 1 = as learned")
def temperature(talk: "Talk", argument: str) -> None:
    """Show or set how daring the answers are."""
    set_(talk, f"temperature {argument}")


@_command("[NAME [VALUE]]", "show or set how answers are chosen: top_p, min_p, best_of and more")
def set_(talk: "Talk", argument: str) -> None:
    """Show or set one value of the decoding, or show them all."""
    name, _, value = argument.partition(" ")
    known = asdict(talk.voices[0].chat.decoding)
    if not name:
        talk.screen.note(_table(known))
    elif name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "/set alone lists what there is."
        raise CommandError(f"There is no {name!r} to set; {hint}")
    elif not value.strip():
        talk.screen.note(f"{name} {known[name]:g}")
    else:
        number = _number(name, value)
        changes: dict[str, Any] = {name: number}
        try:
            decodings = [replace(voice.chat.decoding, **changes) for voice in talk.voices]
        except ValueError as error:
            raise CommandError(f"{error}.") from None
        for voice, decoding in zip(talk.voices, decodings, strict=True):
            voice.chat.decoding = decoding
        talk.screen.note(f"{name} {number:g}, from the next answer on")


def _number(name: str, text: str) -> float:
    try:
        return type(getattr(Decoding(), name))(text)
    except ValueError:
        kind = "whole number" if isinstance(getattr(Decoding(), name), int) else "number"
        raise CommandError(f"{name} is a {kind}, not {text.strip()!r}.") from None


@_command("FILE", "write the conversation to a new file")
def save(talk: "Talk", argument: str) -> None:
    """Save what was said; of several bots, each conversation in a file with the bot's name in its own."""
    path = _path(argument, "/save FILE writes the conversation, one message a line.")
    paths = transcripts.places(path, [voice.name for voice in talk.voices])
    with ExitStack() as undo:
        for voice, place in zip(talk.voices, paths, strict=True):
            transcripts.save(place, voice.chat.utterances, {"me": talk.me, "friend": voice.name})
            undo.callback(place.unlink)
        undo.pop_all()
    talk.screen.note(f"Saved {len(talk.voices[0].chat.utterances):,} messages in {', '.join(map(str, paths))}.")


@_command("FILE", "take up a conversation that was saved")
def load(talk: "Talk", argument: str) -> None:
    """Go on from a saved conversation instead of this one."""
    talk.resume(transcripts.read(_path(argument, "/load FILE takes up what /save FILE wrote.")))


def _path(argument: str, hint: str) -> Path:
    if not argument:
        raise CommandError(f"A file's name is missing: {hint}")
    if "\0" in argument:
        raise CommandError("A file's name has no NUL in it.")
    return Path(os.path.expanduser(argument))  # noqa: PTH111 (leaves an unknown ~name alone)


@_command("[newer]", "whose words the bot learned, how many, how well; newer: take a newer checkpoint")
def model(talk: "Talk", argument: str) -> None:
    """Show the model, or while it is being trained, go on with a newer checkpoint."""
    if argument not in ("", "newer"):
        raise CommandError(f"/model takes nothing or newer, not {argument!r}.")
    if argument:
        folder = talk.renew()
        said = f"Now talking to {folder}." if folder else "There is none newer."
        talk.screen.note(said)
        return
    for voice in talk.voices:
        talk.screen.note(_table(_card(voice.name, voice.chat)))
    if folder := talk.renew(look=True):
        talk.screen.note(f"There is a newer one, {folder}; /model newer takes it.")


def _card(name: str, chat: Conversation) -> dict[str, Any]:
    card, metrics = chat.bot.card, chat.bot.evaluation.metrics
    facts = {
        "bot": name,
        "writes like": f"{chat.bot.friend}, to {chat.bot.me}",
        "learned from": f"{card['messages']['train']:,} messages, {card.get('first', 'the first')} to {card['last']}",
        "size": f"{card['parameters']:,} parameters" if "parameters" in card else None,
        "training": f"best after epoch {card['epoch']}" if "epoch" in card else None,
        "held-out text": f"{metrics['bits_per_char']} bits per character" if "bits_per_char" in metrics else None,
        "folder": chat.bot.folder if chat.bot.folder.is_dir() else None,
        "answers": ", ".join(f"{key} {value:g}" for key, value in asdict(chat.decoding).items()),
    }
    return {key: value for key, value in facts.items() if value is not None}


def _table(rows: dict[str, Any]) -> str:
    wide = max(map(len, rows))
    return "\n".join(f"{key:<{wide}}  {value}" for key, value in rows.items())


@_command("", "end (so does Ctrl-D)")
def quit(talk: "Talk", _: str) -> None:
    """End the talk."""
    talk.over = True


@_command("", "list the commands")
def help(talk: "Talk", _: str) -> None:
    """List the commands and keys."""
    rows = {f"/{name} {command.takes}".rstrip(): command.help for name, command in COMMANDS.items()}
    keys = "Alt-Enter or Ctrl-J begins a new line in a message; a message that begins with a slash is sent with two."
    talk.screen.note(f"{_table(rows)}\n{keys}\nCtrl-C stops an answer, or ends where nothing is typed.")
