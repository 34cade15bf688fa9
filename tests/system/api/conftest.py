"""The real engine behind its socket, and the programs that talk to it: docker's command line first of all."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import struct
import sys
import termios
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from engine.api.server import ApiServer
from engine.api.takeover import take_over
from tests.system.containers.conftest import load_busybox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from tests.support.stores import ShortTmp

IMAGE = "localhost/busybox:latest"
_SECONDS = 30.0


@dataclass
class Done:
    code: int
    out: str
    err: str


class Tool:
    """A client program pointed at the socket."""

    def __init__(self, argv: list[str], environment: dict[str, str], directory: Path) -> None:
        self.argv = argv
        self.environment = environment
        self.directory = directory

    async def try_(self, *words: str, input: bytes = b"") -> Done:
        process = await asyncio.create_subprocess_exec(
            *self.argv,
            *words,
            env=self.environment,
            cwd=self.directory,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(input), _SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return Done(process.returncode or 0, out.decode(), err.decode())

    async def __call__(self, *words: str, input: bytes = b"", code: int = 0) -> str:
        done = await self.try_(*words, input=input)
        assert done.code == code, f"{words}: {done}"
        return done.out if code == 0 else done.out + done.err

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self.argv,
            *words,
            env=self.environment,
            cwd=self.directory,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    @contextlib.asynccontextmanager
    async def terminal(self, *words: str, rows: int = 33, columns: int = 99) -> AsyncIterator[Terminal]:
        """The program on a terminal of this size."""
        ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        process = await asyncio.create_subprocess_exec(
            *self.argv,
            *words,
            env=self.environment,
            cwd=self.directory,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        terminal = Terminal(ours, process)
        try:
            yield terminal
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            os.close(ours)


class Terminal:
    """What a person sees and types."""

    def __init__(self, descriptor: int, process: asyncio.subprocess.Process) -> None:
        self._descriptor = descriptor
        self.process = process
        self.seen = ""
        os.set_blocking(descriptor, False)

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.kill(self.process.pid, 28)  # SIGWINCH, as the kernel sends it to the foreground group

    async def until(self, text: str) -> None:
        """Read on until the text is seen; what was seen up to it is done with."""
        deadline = asyncio.get_running_loop().time() + _SECONDS
        while text not in self.seen:
            assert asyncio.get_running_loop().time() < deadline, f"{text!r} did not come; seen: {self.seen!r}"
            try:
                data = os.read(self._descriptor, 65536)
            except BlockingIOError:
                await asyncio.sleep(0.01)
                continue
            except OSError:
                data = b""
            assert data or text in self.seen, f"it ended without {text!r}; seen: {self.seen!r}"
            self.seen += data.decode(errors="replace")
        self.seen = self.seen.partition(text)[2]

    async def code(self) -> int:
        deadline = asyncio.get_running_loop().time() + _SECONDS
        while self.process.returncode is None:
            assert asyncio.get_running_loop().time() < deadline, f"it did not end; seen: {self.seen!r}"
            with contextlib.suppress(OSError):
                self.seen += os.read(self._descriptor, 65536).decode(errors="replace")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self.process.wait()), 0.02)
        return self.process.returncode


@pytest.fixture
async def served(engine: EmbeddedEngine, short_tmp: ShortTmp) -> AsyncIterator[EmbeddedEngine]:
    """The engine with the busybox image, answering on its socket."""
    await load_busybox(engine)
    server = ApiServer(engine, short_tmp.run / "docker.sock")
    await server.start()
    yield engine
    # Killed, not stopped: a `sleep` as first process hears no SIGTERM, and its ten seconds would be every test's.
    await asyncio.gather(
        *(engine.containers.remove(each.id, force=True) for each in await engine.containers.list()),
        return_exceptions=True,
    )
    await server.close()


def environment_for(socket: Path, home: Path) -> dict[str, str]:
    return {
        **{key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "XDG_RUNTIME_DIR")},
        "DOCKER_HOST": f"unix://{socket}",
        "DOCKER_CONFIG": str(home / ".docker"),
        "HOME": str(home),
        "TERM": "xterm",
    }


def tool(program: str, package: str, socket: Path, home: Path, *words: str) -> Tool:
    found = shutil.which(program)
    if found is None:
        pytest.fail(f"{program} is missing: apt-get install {package}")
    return Tool([found, *words], environment_for(socket, home), home)


@pytest.fixture
def docker(served: EmbeddedEngine, short_tmp: ShortTmp, tmp_path: Path) -> Tool:
    """docker's command line. Awaiting it gives what it printed."""
    return tool("docker", "docker-cli", short_tmp.run / "docker.sock", tmp_path)


@pytest.fixture
async def wherry(short_tmp: ShortTmp, tmp_path: Path) -> AsyncIterator[Tool]:
    """The command with a store of its own; what it started is asked to end."""
    environment = {
        **os.environ,
        "WHERRY_ROOT": str(short_tmp.root),
        "WHERRY_RUN": str(short_tmp.run),
        "WHERRY_IDLE_SECONDS": "60",
        "HOME": str(tmp_path),
    }
    made = Tool([sys.executable, "-m", "engine.cli"], environment, tmp_path)
    environment["PYTHONPATH"] = os.getcwd()
    yield made
    if (short_tmp.run / "docker.sock").exists():
        await made.try_("rm", "-f", *(await made("ps", "-aq")).split())
        assert await take_over(short_tmp.run / "docker.sock")


@pytest.fixture
def wherry_here(served: EmbeddedEngine, short_tmp: ShortTmp, tmp_path: Path) -> Tool:
    """Our own command line, on the engine that is open here."""
    environment = environment_for(short_tmp.run / "docker.sock", tmp_path) | {
        "WHERRY_ROOT": str(short_tmp.root),
        "WHERRY_RUN": str(short_tmp.run),
        "PYTHONPATH": os.getcwd(),
    }
    return Tool([sys.executable, "-m", "engine.cli"], environment, tmp_path)
