"""The engine's end of the names server: started with the first network that is used, told of every change, watched.

It outlives the engine. A new engine speaks on with the one that runs, and replaces one of another version: the new one
opens its sockets beside the old one's before that leaves, so no question is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import WherryError
from engine.processes.programs import runtime_environment

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths

_log = logging.getLogger(__name__)
_PROGRAM = Path(__file__).parents[1] / "names"
_INTERPRETER = os.path.realpath(sys.executable)
"""The real one: a virtual environment's link needs its environment, which -I leaves out."""
_READY_FD = 3
_READY_SECONDS = 10.0
_ANSWER_SECONDS = 5.0
_AGAIN_SECONDS = 0.5
_MOST_ASKED = 50


@cache
def _version() -> str:
    """Of the program as it is on disk."""
    files = sorted(_PROGRAM.glob("*.py"))
    return hashlib.sha256(b"".join(each.read_bytes() for each in files)).hexdigest()[:16]


def _is_needed(document: dict[str, Any]) -> bool:
    return bool(document["networks"] or document["relays"])


class NamesProcess:
    def __init__(self, paths: Paths, keeper: Keeper, document: Callable[[], dict[str, Any]]) -> None:
        self._keeper = keeper
        self._document = document
        self._table, self._socket = paths.names_table, paths.names_socket
        self._telling = asyncio.Lock()
        self._changed = 0
        """How often something changed; what was told last is told once for all that waited."""
        self._told = 0
        self._written = b""
        self._channel: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._pidfd = -1
        self.pid = 0
        self.guarded: frozenset[str] = frozenset()
        """Containers whose way out is closed but for what they may reach."""
        self.filtered: frozenset[str] = frozenset()
        """Those of them where the kernel's packet filter does it."""
        self._closing = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def tell(self) -> None:
        """Returns when the server knows what is true now."""
        self._changed += 1
        wanted = self._changed
        async with self._telling:
            if self._told < wanted and not self._closing:
                self._told = self._changed
                await self._tell_now()

    def tell_soon(self) -> None:
        """For what has happened already, when nobody waits."""
        task = asyncio.get_running_loop().create_task(self._tell_quietly(), name="names")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def look(self) -> None:
        """Where it was killed, another is started."""
        if self._written and self.pid == 0 and not self._closing:
            await self._tell_quietly()

    async def close(self) -> None:
        """It stays where somebody is in a network, and goes with the last."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        async with self._telling:
            self._closing = True
            with contextlib.suppress(OSError, TimeoutError):
                if not _is_needed(self._document()) and await self._reached():
                    await self._say("leave")
                    await self._gone()
            self._forget()

    # --- inside ---

    async def _tell_quietly(self) -> None:
        try:
            await self.tell()
        except (WherryError, OSError, TimeoutError) as error:
            _log.warning("names could not be told: %s", error)

    async def _tell_now(self) -> None:
        document = self._document()
        text = json.dumps(document, separators=(",", ":")).encode()
        is_new = text != self._written
        if is_new:
            fresh = self._table.with_suffix(".new")
            fresh.write_bytes(text)
            self._keeper.give(fresh)
            os.replace(fresh, self._table)
            self._written = text
        if await self._reached():
            with contextlib.suppress(OSError, TimeoutError):
                if is_new:
                    await self._load()
                return
            self._forget()
        if _is_needed(document):
            await self._start()

    async def _reached(self) -> bool:
        """Whether one of our version runs, and listens."""
        if self._channel is not None:
            return True
        if not self._socket.exists():
            return False
        try:
            self._channel = await asyncio.open_unix_connection(str(self._socket))
            state = await self._say("state")
        except (OSError, TimeoutError):
            self._forget()
            return False
        if state["version"] != _version():
            self._forget()
            return False
        self._watch(state["pid"])
        await self._load()
        return True

    async def _start(self) -> None:
        read_end, write_end = os.pipe2(os.O_CLOEXEC)
        try:
            child = await self._keeper.spawn(
                [_INTERPRETER, "-I", "-S", str(_PROGRAM), str(self._table), str(self._socket),
                 _version()],
                env=runtime_environment(),
                pass_fds={_READY_FD: write_end},
            )  # fmt: skip
            os.close(write_end)
            write_end = -1
            child.close()
            ready = await asyncio.wait_for(asyncio.to_thread(os.read, read_end, 1), _READY_SECONDS)
        finally:
            os.close(read_end)
            if write_end >= 0:
                os.close(write_end)
        if not ready or not await self._reached():
            _log.warning("the names server ended at once: names of neighbours are not known for a moment")

    async def watch(self) -> AsyncGenerator[list[Any], None]:
        """What is asked for from now on, and of guarded containers the last before; goes on over servers that are
        replaced, and waits where nobody is on a network."""
        while not self._closing:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_unix_connection(str(self._socket))
                try:
                    writer.write(b"watch\n")
                    while line := await reader.readline():
                        yield json.loads(line)
                finally:
                    writer.close()
            await asyncio.sleep(_AGAIN_SECONDS)

    async def names_of(self, addresses: Sequence[str]) -> dict[str, str]:
        """As somebody asked for them; of those that nobody did, nothing."""
        found: dict[str, str] = {}
        async with self._telling:
            with contextlib.suppress(OSError, TimeoutError, ValueError):
                for at in range(0, len(addresses), _MOST_ASKED) if self._channel is not None else ():
                    found |= await self._say(" ".join(("heard", *addresses[at : at + _MOST_ASKED])))
        return found

    async def _load(self) -> None:
        state = await self._say("load")
        self.guarded, self.filtered = frozenset(state.get("guarded", ())), frozenset(state.get("filtered", ()))

    async def _say(self, word: str) -> dict[str, Any]:
        assert self._channel is not None
        reader, writer = self._channel
        writer.write(word.encode() + b"\n")
        async with asyncio.timeout(_ANSWER_SECONDS):
            line = await reader.readline()
        if not line:
            raise ConnectionResetError("the names server is gone")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _watch(self, pid: int) -> None:
        self.pid = pid
        with contextlib.suppress(OSError):
            self._pidfd = os.pidfd_open(pid)
            asyncio.get_running_loop().add_reader(self._pidfd, self._lost)

    def _lost(self) -> None:
        self._forget()
        if _is_needed(self._document()) and not self._closing:
            self.tell_soon()

    async def _gone(self) -> None:
        """Until the process has ended."""
        if self._pidfd >= 0:
            ended = asyncio.Event()
            asyncio.get_running_loop().add_reader(self._pidfd, ended.set)
            async with asyncio.timeout(_ANSWER_SECONDS):
                await ended.wait()

    def _forget(self) -> None:
        if self._channel is not None:
            self._channel[1].close()
            self._channel = None
        if self._pidfd >= 0:
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
        self.pid = 0
