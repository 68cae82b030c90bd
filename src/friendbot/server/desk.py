"""Where answers are written: in a few threads, so that the server stays free, with a queue of bounded length."""

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

import anyio
from anyio import from_thread, to_thread
from starlette.requests import ClientDisconnect, Request

from friendbot.bot import Bot
from friendbot.conversation import Conversation, Memory, Utterance
from friendbot.sampling import Decoding
from friendbot.server.refusal import RefusalError

THREADS = 2
"""So that a short answer need not wait for a long one; more are no faster, as they take turns at the interpreter."""
WAITING = 64
"""Requests that wait for a thread at most."""
STATES = 2048
"""That the shared memory holds; texts that many messages long are taken up without reading them again."""
READ_CHARACTERS = 4096
"""Of a conversation, read before the next look whether anybody still waits for it."""
MESSAGE_CHARACTERS = 10_000
"""Of one message at most, for the same reason."""

Result = TypeVar("Result")


class Desk:
    """One bot at work for many conversations, none of which it keeps."""

    def __init__(
        self, bot: Bot, decoding: Decoding | None = None, threads: int = THREADS, waiting: int = WAITING
    ) -> None:
        """Open for at most `threads + waiting` requests at once.

        Args:
            bot: who answers.
            decoding: how answers are chosen where a request does not say; the model's own if None.
            threads: that write answers.
            waiting: requests at most that wait for a thread.
        """
        self.bot = bot
        self.decoding = decoding or bot.evaluation.decoding
        self.most = threads + waiting
        self.open = 0
        """Requests being written, or waiting."""
        self._limiter = anyio.CapacityLimiter(threads)
        self.memory = Memory(bot, STATES)
        self._closed = threading.Event()

    async def write(self, request: Request, work: Callable[[], Result]) -> Result:
        """Do work for a request in a thread.

        Raises:
            RefusalError: too many others wait.
            ClientDisconnect: the client left.
        """
        if self.open >= self.most:
            raise RefusalError(503, "too many answers are being written; try again soon", headers={"retry-after": "1"})
        self.open += 1
        results: list[Result] = []
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_cancel_when_gone, request, group.cancel_scope)
                results.append(await to_thread.run_sync(work, limiter=self._limiter))
                group.cancel_scope.cancel()
        except ExceptionGroup as group_error:
            raise group_error.exceptions[0] from None
        finally:
            self.open -= 1
        if not results:
            raise ClientDisconnect
        return results[0]

    def conversation(
        self,
        utterances: Sequence[Utterance],
        decoding: Decoding,
        seed: int | None = None,
        silence: bool = False,
        attempt: int = 0,
    ) -> Conversation:
        """Take up a conversation; only within `write`, and cancelled with it. The arguments are `Conversation`'s."""
        unread = 0
        for end, utterance in enumerate(utterances):
            if unread > READ_CHARACTERS:
                self.check()
                self.memory.after(utterances[:end])
                unread = 0
            unread += len(utterance.text)
        self.check()
        chat = Conversation(self.bot, decoding, seed, self.memory)
        chat.resume(utterances, silence, attempt)
        return chat

    def check(self) -> None:
        """Stop the work of this thread if nobody waits for it any more."""
        from_thread.check_cancelled()
        if self._closed.is_set():
            raise ClientDisconnect

    def close(self) -> None:
        """Let the threads end soon."""
        self._closed.set()


async def _cancel_when_gone(request: Request, scope: anyio.CancelScope) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
