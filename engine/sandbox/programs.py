"""Programs that the keeper starts in the namespace."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal as signals
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import WherryError
from engine.sandbox.asking import Answer, Asking
from engine.sandbox.cgroup_doors import CgroupDoors
from engine.sandbox.failures import KeeperLost, ReplyError, translated
from engine.sandbox.keeper.asked.programs import Spawn, Spawned
from engine.sandbox.pipes import Pipes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Completed:
    """How a program run to its end went. `code` is the exit code, or minus the signal that ended it."""

    code: int
    stdout: bytes
    stderr: bytes


class Child:
    """A program the keeper started. It is not ended by the keeper's death, nor by the engine's."""

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        """As the host sees it."""
        self._pidfd = pidfd
        self._status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def wait(self) -> int:
        """Its exit code, or minus the signal. If the keeper died meanwhile: `KeeperLost`, once the process ended."""
        return await asyncio.shield(self._status)

    def kill(self, signal: int) -> None:
        """Send a signal; a process that is gone is no failure. Never hits a stranger who got the same pid."""
        if self._pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signals.pidfd_send_signal(self._pidfd, signal)

    def close(self) -> None:
        """Stop caring about it."""
        if self._pidfd >= 0:
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
        if not self._status.done():
            self._status.cancel()

    def ended(self, status: int) -> None:
        """The keeper says so."""
        if not self._status.done():
            self._status.set_result(status)
        self.close()

    def orphaned(self) -> None:
        """Nobody is left to read the status: at least notice the end."""
        if self._pidfd >= 0:
            asyncio.get_running_loop().add_reader(self._pidfd, self._ended_unseen)

    def _ended_unseen(self) -> None:
        if not self._status.done():
            self._status.set_exception(
                KeeperLost("The exit status was lost", "The keeper died before the process did.")
            )
            self._status.exception()
        self.close()


class Programs(Asking):
    """Owns the children of a keeper, until it or they end."""

    def __init__(self) -> None:
        self._children: dict[int, Child] = {}
        self._early_exits: dict[int, int] = {}
        """Ends reported in the same breath as their beginnings."""

    async def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | Path = "/",
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
        pass_fds: Mapping[int, int] | None = None,
        cgroup_dirs: Sequence[str | Path] = (),
        new_session: bool = True,
    ) -> Child:
        """Start a program as the namespace's root.

        `pass_fds` maps the number the program sees to a descriptor of ours; ours stay open here. The standard three
        default to /dev/null. `cgroup_dirs` are directories as the engine sees them; the program is in them before its
        first instruction. A program that cannot be executed raises the OSError of exec.
        """
        standard = {number: fd for number, fd in enumerate((stdin, stdout, stderr)) if fd is not None}
        passed = {**standard, **(pass_fds or {})}
        with CgroupDoors(cgroup_dirs) as doors:
            spawning = Spawn(
                argv=list(argv),
                env=dict(os.environ if env is None else env),
                cwd=cwd,
                targets=list(passed),
                born_in=doors.birthplace,
                new_session=new_session,
            )
            return await self._spawn(spawning, [*passed.values(), *doors.fds])

    async def _spawn(self, spawning: Spawn, fds: list[int]) -> Child:
        """Cancelled in the middle, the program must not stay behind unknown to all."""
        starting = asyncio.ensure_future(self._carry(spawning, fds))
        try:
            answer = await asyncio.shield(starting)
        except ReplyError as error:
            if error.lost:  # it runs, and nobody could look after it
                with contextlib.suppress(ProcessLookupError):
                    os.kill(Spawned(*error.lost).pid, signals.SIGKILL)
            raise translated(error) from None
        except asyncio.CancelledError:
            with contextlib.suppress(OSError, WherryError, ReplyError):
                self._adopt(await starting).kill(signals.SIGKILL)
            raise
        return self._adopt(answer)

    def _adopt(self, answer: Answer) -> Child:
        pid = Spawned(*answer.values).pid
        child = Child(pid, answer.fds[0])
        if (status := self._early_exits.pop(pid, None)) is not None:
            child.ended(status)
            return child
        self._children[pid] = child
        if not self._is_there:
            child.orphaned()
        return child

    @property
    def _is_there(self) -> bool:
        """Somebody would tell us of the end of what was started."""
        return True

    def _child_ended(self, pid: int, status: int) -> None:
        if child := self._children.pop(pid, None):
            child.ended(status)
        else:
            self._early_exits[pid] = status

    def _orphan_children(self) -> None:
        """They live on, and nobody tells of their ends."""
        for child in self._children.values():
            child.orphaned()
        self._children.clear()
        self._early_exits.clear()

    def _forget_children(self) -> None:
        for child in list(self._children.values()):
            child.close()
        self._children.clear()

    async def run(
        self,
        argv: Sequence[str],
        *,
        input: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: str | Path = "/",
        timeout: float = 60.0,
        pass_fds: Mapping[int, int] | None = None,
        cgroup_dirs: Sequence[str | Path] = (),
    ) -> Completed:
        """Run a program to its end. After `timeout` it is killed and TimeoutError raised; so it is when cancelled.

        A program that leaves a daemon behind which holds its stdout or stderr does not keep this waiting.
        """
        with contextlib.ExitStack() as ours:
            pipes = Pipes(ours)
            child = await self.spawn(
                argv, env=env, cwd=cwd, stdin=pipes.stdin if input else None, stdout=pipes.stdout, stderr=pipes.stderr,
                pass_fds=pass_fds, cgroup_dirs=cgroup_dirs,
            )  # fmt: skip
            pipes.handed_over()
            try:
                async with asyncio.timeout(timeout):
                    code = await pipes.communicate(child.wait(), input)
            except BaseException:
                child.kill(signals.SIGKILL)
                raise
            return Completed(code, bytes(pipes.said[1]), bytes(pipes.said[2]))

    def give(self, *files: int | Path) -> None:
        """Let the namespace's root open pipes (by /proc) and sockets of ours: where root started us, a stranger."""
        if self.host_root:
            for file in files:
                os.chown(file, self.ids.outside_uid(0) or 0, self.ids.outside_gid(0) or 0)
