"""Podman's own program over the user's store, for the store is Podman's to read: its service where nobody runs one, and
the files of a volume with their owners, which its service does not tell.

The service ends with us; and by itself where we end without a word.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import time
from typing import TYPE_CHECKING

from engine.errors import RuntimeFailure
from engine.processes.programs import find_program, need_program

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

_SECONDS = 20.0
_IDLE_SECONDS = 120
_LOOK_SECONDS = 0.02
_MOST_COMPLAINT = 4096
_PIECE = 1 << 18


class PodmanService:
    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def can_start() -> bool:
        return find_program("podman") is not None

    def start(self) -> str:
        """Until it listens. Gives why it does not; "" is that it does. One that still runs is left as it is."""
        if self._process is not None and self._process.poll() is None and self.socket.exists():
            return ""
        self.close()
        program = find_program("podman")
        if program is None:
            return "There is no podman on this computer."
        self.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.socket.unlink(missing_ok=True)
        argv = [program, "system", "service", "--time", str(_IDLE_SECONDS), f"unix://{self.socket}"]
        said = os.memfd_create("podman", os.MFD_CLOEXEC)
        try:
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
            )
            deadline = time.monotonic() + _SECONDS
            while self._process.poll() is None and not self.socket.exists() and time.monotonic() < deadline:
                time.sleep(_LOOK_SECONDS)
            if self.socket.exists() and self._process.poll() is None:
                return ""
            self.close()
            return _last_line(os.pread(said, _MOST_COMPLAINT, 0))
        except OSError as error:
            return f"{error.strerror}."
        finally:
            os.close(said)

    def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.socket.unlink(missing_ok=True)


def _last_line(said: bytes) -> str:
    lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "It does not begin to listen."


async def volume_files(name: str) -> AsyncGenerator[bytes, None]:
    """A volume of the user's podman as a tar."""
    process = await asyncio.create_subprocess_exec(
        need_program("podman"), "volume", "export", name,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        while piece := await process.stdout.read(_PIECE):
            yield piece
        said = await process.stderr.read(_MOST_COMPLAINT)
        if await process.wait():
            raise RuntimeFailure(f"Podman does not give the files of {name}", _last_line(said), subject=name)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
