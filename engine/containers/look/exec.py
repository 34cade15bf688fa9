"""One more command in a running container: crun's exec, with our own pipes or terminal, its end watched.

crun gives the process the container's namespaces, capabilities, seccomp list and masks; entering by hand would be a few
milliseconds faster and a second place to get security wrong. crun says on a pipe which process it started, and what
went wrong in a memory file, so its words never mix with the command's.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import errno
import fcntl
import json
import os
import secrets
import struct
import termios
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.containers.look.lending import LEND_PATH, lend_shell
from engine.containers.look.processes_list import send_signal, signal_number
from engine.containers.look.streams import Input, Output, settle
from engine.containers.look.terminal import ConsoleSocket
from engine.containers.spec.users import find_user
from engine.errors import Code, Conflict, InvalidRequest, RuntimeFailure
from engine.processes.crun import start_failure
from engine.processes.programs import runtime_environment
from engine.sandbox.failures import KeeperLost
from engine.types.confinement import ALL_CAPABILITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.sandbox.client import Keeper
    from engine.sandbox.programs import Child
    from engine.types.containers import Exec

_PID_FD, _LOG_FD, _SPEC_FD = 10, 11, 12
_MOST_ERRORS = 64 * 1024


@dataclass(frozen=True, slots=True)
class ExecTarget:
    """What an exec needs to know of the running container."""

    container_id: str
    pid: int
    runtime: Sequence[str]
    """The runtime with its global options, as ("crun", "--root", DIR, "--cgroup-manager=disabled")."""
    process: dict[str, Any]
    """The `process` object of the container's config.json: what an exec inherits (env, cwd, capabilities, limits)."""
    cgroup_dirs: Sequence[str] = ()
    """Where the new process must be put before it starts."""


class RunningExec:
    """Implements `facade.ExecSession`."""

    def __init__(self, session_id: str, pid: int, child: Child, keeper: Keeper) -> None:
        self.id = session_id
        self.pid = pid
        self._keeper = keeper
        self._child = child
        self._input: Input | None = None
        self._output: Output | None = None
        self._terminal = False
        self._ended = asyncio.create_task(self._wait(), name=f"exec {session_id}")

    def connect(self, stdin: Input | None, output: Output, *, terminal: bool = False) -> None:
        self._input, self._output, self._terminal = stdin, output, terminal

    async def _wait(self) -> int:
        try:
            code = await self._child.wait()
        except KeeperLost:
            # The process has ended, and how it did went down with the keeper.
            code = 255
        if self._output is not None:
            self._output.end_soon()
        return 128 - code if code < 0 else code

    async def read(self) -> tuple[Literal["stdout", "stderr"], bytes] | None:
        return await self._output.read() if self._output is not None else None

    async def write(self, data: bytes) -> None:
        if self._input is not None:
            await self._input.write(data)

    async def close_stdin(self) -> None:
        """Of a terminal nothing can be closed; a program there waits for the key that ends it."""
        if self._input is not None and not self._terminal:
            self._input.close()

    async def resize(self, rows: int, columns: int) -> None:
        if self._terminal and self._input is not None and self._input.fd >= 0:
            set_size(self._input.fd, rows, columns)

    async def close(self) -> None:
        if self._input is not None:
            self._input.close()
        if self._output is not None:
            self._output.close()

    def when_ended(self, listener: Callable[[int], None]) -> None:
        """Called with the exit code, unless the engine lets go of it before."""
        self._ended.add_done_callback(lambda task: None if task.cancelled() else listener(task.result()))

    async def exit_code(self) -> int:
        return await asyncio.shield(self._ended)

    async def kill(self, signal: str = "KILL") -> None:
        if not self._ended.done():
            await send_signal(self._keeper, self.pid, signal_number(signal))

    async def forget(self) -> None:
        """The engine closes: let go of it without ending it."""
        await self.close()
        self._ended.cancel()
        await asyncio.gather(self._ended, return_exceptions=True)
        self._child.close()


class Executor:
    """Starts exec sessions. `scratch` is a private directory for console sockets."""

    def __init__(self, keeper: Keeper, *, scratch: Path) -> None:
        self._keeper = keeper
        self._scratch = scratch
        self._sessions: set[RunningExec] = set()

    async def exec(self, target: ExecTarget, request: Exec) -> RunningExec:
        """Start it. Raises `RuntimeFailure` (126 or 127) where the command cannot be run."""
        if not request.command:
            raise InvalidRequest("There is no command to run")
        process = await self._process(target, request)
        if request.lend_shell:
            await lend_shell(self._keeper, target.pid)
        async with contextlib.AsyncExitStack() as stack:
            launch = Launch(self._keeper, target, request, process)
            stack.callback(launch.close)
            session = await launch.start(request.id or secrets.token_hex(32), self._scratch)
        self._sessions.add(session)
        session._ended.add_done_callback(lambda _: self._sessions.discard(session))
        return session

    async def close(self) -> None:
        await asyncio.gather(*(session.forget() for session in list(self._sessions)))

    async def _process(self, target: ExecTarget, request: Exec) -> dict[str, Any]:
        process: dict[str, Any] = copy.deepcopy(target.process)
        process["args"] = list(request.command)
        process["terminal"] = request.tty
        process.pop("consoleSize", None)
        if request.tty and request.rows and request.columns:
            process["consoleSize"] = {"height": request.rows, "width": request.columns}
        env = dict(entry.partition("=")[::2] for entry in process.get("env", ()))
        if request.user:
            passwd, group = await self._user_files(target)
            user = find_user(request.user, passwd, group)
            process["user"] = {"uid": user.uid, "gid": user.gid, "additionalGids": sorted({user.gid, *user.groups})}
            env["HOME"] = user.home
            if "capabilities" in process:
                # As the kernel does at a change of user: root has what the container may have at all, others nothing.
                sets = process["capabilities"]
                rights = sets.get("bounding", []) if user.uid == 0 else []
                process["capabilities"] = {**sets, "effective": rights, "permitted": rights, "ambient": []}
        if request.tty:
            env.setdefault("TERM", "xterm-256color")
        if request.lend_shell:
            env["PATH"] = f"{env.get('PATH', '/usr/bin:/bin')}:{LEND_PATH}"
        env |= request.env
        process["env"] = [f"{name}={value}" for name, value in env.items()]
        if request.workdir:
            process["cwd"] = os.path.join(process.get("cwd", "/"), request.workdir)
        if request.privileged:
            process["capabilities"] = {
                kind: list(ALL_CAPABILITIES) for kind in ("bounding", "effective", "permitted", "inheritable")
            }
            process["noNewPrivileges"] = False
        return process

    async def _user_files(self, target: ExecTarget) -> tuple[str, str]:
        root = Path(f"/proc/{target.pid}/root")
        texts = []
        for path in ("/etc/passwd", "/etc/group"):
            try:
                fd = await self._keeper.open_file(root, path, os.O_RDONLY | os.O_NONBLOCK)
            except OSError:
                texts.append("")
                continue
            try:
                texts.append(os.read(fd, 1 << 20).decode("utf-8", "replace"))
            finally:
                os.close(fd)
        return texts[0], texts[1]


class Launch:
    """The descriptors of one start, and what to do with them; closed when it is through."""

    def __init__(self, keeper: Keeper, target: ExecTarget, request: Exec, process: dict[str, Any]) -> None:
        self._keeper = keeper
        self._target = target
        self._request = request
        self._pid_read, self._pid_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._log = os.memfd_create("crun-log", os.MFD_CLOEXEC)
        self._spec = os.memfd_create("process", os.MFD_CLOEXEC)
        os.write(self._spec, json.dumps(process).encode())
        keeper.give(self._pid_write)
        self._theirs: list[int] = []
        self._ours: list[int] = []

    def close(self) -> None:
        """Theirs always; ours only where no session took them."""
        for fd in (self._pid_read, self._pid_write, self._log, self._spec, *self._theirs, *self._ours):
            if fd >= 0:
                os.close(fd)

    async def start(self, session_id: str, scratch: Path) -> RunningExec:
        if not self._request.tty:
            ends = self._pipes()
            child, pid = await self._run(ends, ())
            session = RunningExec(session_id, pid, child, self._keeper)
            mine = self._ours
            self._ours = []
            stdin = Input(mine.pop()) if self._request.stdin else None
            session.connect(stdin, Output({mine[0]: "stdout", mine[1]: "stderr"}))
            return session
        async with ConsoleSocket(scratch, session_id) as console:
            self._keeper.give(scratch, console.path)
            child, pid = await self._run((None, None, None), ("--tty", "--console-socket", str(console.path)))
            master = await console.receive()
        if self._request.rows and self._request.columns:
            set_size(master, self._request.rows, self._request.columns)
        session = RunningExec(session_id, pid, child, self._keeper)
        session.connect(Input(master, owned=False), Output({master: "stdout"}), terminal=True)
        return session

    def _pipes(self) -> tuple[int | None, int, int]:
        out_read, out_write = os.pipe2(os.O_CLOEXEC)
        err_read, err_write = os.pipe2(os.O_CLOEXEC)
        self._keeper.give(out_write, err_write)
        self._ours += [out_read, err_read]
        self._theirs += [out_write, err_write]
        if not self._request.stdin:
            return None, out_write, err_write
        in_read, in_write = os.pipe2(os.O_CLOEXEC)
        self._keeper.give(in_read)
        self._ours.append(in_write)
        self._theirs.append(in_read)
        return in_read, out_write, err_write

    async def _run(
        self, standard: tuple[int | None, int | None, int | None], options: Sequence[str]
    ) -> tuple[Child, int]:
        program, *globals_ = self._target.runtime
        argv = [
            program, "--log", f"/proc/self/fd/{_LOG_FD}", "--log-format", "json", *globals_,
            "exec", "--pid-file", f"/proc/self/fd/{_PID_FD}", "--process", f"/proc/self/fd/{_SPEC_FD}",
            *options, self._target.container_id,
        ]  # fmt: skip
        try:
            child = await self._keeper.spawn(
                argv,
                env=runtime_environment(),
                pass_fds={_PID_FD: self._pid_write, _LOG_FD: self._log, _SPEC_FD: self._spec},
                cgroup_dirs=self._target.cgroup_dirs,
                stdin=standard[0],
                stdout=standard[1],
                stderr=standard[2],
            )
        except OSError as error:
            if error.errno in (errno.ENODEV, errno.ENOENT):
                # Its control group went away between the question and the start.
                raise Conflict("The container has just ended", code=Code.WRONG_STATE, details=str(error)) from error
            raise
        os.close(self._pid_write)
        self._pid_write = -1
        pid = await self._started_pid()
        if pid == 0:
            code = await child.wait()
            said = os.pread(self._log, _MOST_ERRORS, 0).decode("utf-8", "replace")
            raise self._failure(said, code)
        return child, pid

    async def _started_pid(self) -> int:
        """What crun writes to its pid file; 0 where it ended without."""
        loop = asyncio.get_running_loop()
        readable: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._pid_read, settle, readable)
        try:
            await readable
        finally:
            loop.remove_reader(self._pid_read)
        data = os.read(self._pid_read, 64).strip()
        return int(data) if data.isdigit() else 0

    def _failure(self, said: str, code: int) -> RuntimeFailure:
        command = self._request.command[0]
        failure = start_failure(said, command)
        if failure.docker:
            failure.docker = f"OCI runtime exec failed: exec failed: {failure.docker}"
        if failure.code is RuntimeFailure.default_code:
            failure.exit_code = code if code in (126, 127) else 126
        return failure


def set_size(terminal: int, rows: int, columns: int) -> None:
    with contextlib.suppress(OSError):
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
