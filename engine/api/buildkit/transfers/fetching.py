"""What a build needs of its client's files: the Dockerfile and directories, fetched over the session."""

from __future__ import annotations

import asyncio
import hashlib
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.api.buildkit.connections.sessions import DIFF_COPY
from engine.api.buildkit.faults import refused
from engine.api.buildkit.options import REMOTE
from engine.api.buildkit.transfers.receiving import receive_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from engine.api.buildkit.connections.sessions import Session, Sessions
    from engine.api.buildkit.options import Options
    from engine.api.buildkit.progress import Board, Task
    from engine.facade import Engine


class Fetcher:
    """The files of one target that lie with its client."""

    def __init__(self, engine: Engine, sessions: Sessions, session: Session, options: Options, board: Board) -> None:
        self._engine = engine
        self._sessions = sessions
        self._session = session
        self._options = options
        self._board = board

    async def dockerfile(self) -> tuple[str, str]:
        """Its text, and the digest of the vertex that stands for it."""
        name = self._options.filename
        wanted = [name, f"{name}.dockerignore"]
        if name.rpartition("/")[2] == "Dockerfile":
            wanted.append(f"{name[: -len('Dockerfile')]}dockerfile")
        place = await self._place(f"recipe {self._options.dockerfile_key}")
        with self._board.begin(f"[internal] load build definition from {name}") as task:
            tell = partial(_told, task, "transferring dockerfile:")
            await self._receive(self._options.dockerfile_key, place, tell, follow=wanted)
            for each in (name, wanted[-1]):
                if (place / each).is_file():
                    return (place / each).read_bytes().decode("utf-8", "replace"), task.digest
            raise refused(f"failed to read dockerfile: open {name}: no such file or directory")

    async def context(self, follow: Sequence[str]) -> str:
        """The context without what its ignore file leaves out, in a directory that keeps it for the next time. With
        `follow`, no more of it than these paths."""
        name = self._options.local_context
        ignored = await self._ignored(name)
        # Another build of the same directory with other rules, or of other files of it, gets a directory of its own.
        of = f"{self._options.filename} {self._options.text('target')}" if follow else ""
        place = await self._place(f"context {name} {ignored} {of}")
        with self._board.begin("[internal] load build context") as task:
            tell = partial(_told, task, "transferring context:")
            await self._receive(name, place, tell, follow=follow, exclude=ignored)
        return str(place)

    async def named_directory(self, name: str, key: str) -> str:
        """A directory given by name."""
        place = await self._place(f"context {key}")
        with self._board.begin(f"[context {name}] load from client") as task:
            await self._receive(key, place, partial(_told, task, f"transferring {name}:"))
        return str(place)

    async def _ignored(self, name: str) -> list[str]:
        recipe = await self._place(f"recipe {self._options.dockerfile_key}")
        own = recipe / f"{self._options.filename}.dockerignore"
        with self._board.begin("[internal] load .dockerignore") as task:
            if not own.is_file():
                place = await self._place(f"ignore {name}")
                tell = partial(_told, task, "transferring context:")
                await self._receive(name, place, tell, follow=[".dockerignore"])
                own = place / ".dockerignore"
            return _ignore_lines(own.read_text(errors="surrogateescape")) if own.is_file() else []

    async def _receive(
        self,
        name: str,
        place: Path,
        tell: Callable[[int], None],
        *,
        follow: Sequence[str] = (),
        exclude: Sequence[str] = (),
    ) -> None:
        # A directory that several targets of a bake share is offered on a session of its own.
        session, uuid = self._session, self._options.text(f"local-sessionid:{name}")
        if uuid and (uuid in self._sessions or not session.offers(DIFF_COPY)):
            session = await self._sessions.get(uuid)
        async with self._sessions.receiving.setdefault(str(place), asyncio.Lock()):
            await receive_directory(session, name, place, tell, follow=follow, exclude=exclude)

    async def _place(self, word: str) -> Path:
        shared = self._session.shared_key or self._session.uuid
        name = hashlib.sha256(f"{shared} {word}".encode(errors="surrogateescape")).hexdigest()[:32]
        return Path(await self._engine.builds.context_place(name))


def is_elsewhere(where: str) -> bool:
    """A context that no session is needed for."""
    return where.startswith("docker-image://") or REMOTE.match(where) is not None


def _told(task: Task, name: str, came: int) -> None:
    task.amount(name, came)


def _ignore_lines(text: str) -> list[str]:
    return list(_cleaned(text.removeprefix("\ufeff").splitlines()))


def _cleaned(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        word = line.strip()
        if not word or word.startswith("#"):
            continue
        negated = "!" if word.startswith("!") else ""
        cleaned = re.sub("/+", "/", word[len(negated) :].strip()).strip("/")
        cleaned = cleaned.removeprefix("./")
        if cleaned:
            yield negated + cleaned
