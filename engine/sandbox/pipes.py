"""The three pipes of a program that is run to its end, read and written on the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine

LARGEST_OUTPUT = 64 << 20
_WIDE = 1 << 20


def wide_pipe() -> tuple[int, int]:
    """One through which whole files go: fewer turns between the two who fill and empty it."""
    read_end, write_end = os.pipe2(os.O_CLOEXEC)
    with contextlib.suppress(OSError):
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, _WIDE)
    return read_end, write_end


class Pipes:
    """`stdin`, `stdout` and `stderr` are the program's ends; what it said is in `said[1]` and `said[2]`."""

    def __init__(self, ours: contextlib.ExitStack) -> None:
        self.said = {1: bytearray(), 2: bytearray()}
        self._read = {}
        self.stdin, self._write = os.pipe()
        self._read[1], self.stdout = os.pipe()
        self._read[2], self.stderr = os.pipe()
        self._open = {self.stdin, self._write, self.stdout, self.stderr, *self._read.values()}
        ours.callback(self._close_all)

    def _close(self, fd: int) -> None:
        if fd in self._open:
            self._open.remove(fd)
            os.close(fd)

    def _close_all(self) -> None:
        loop = asyncio.get_running_loop()
        for fd in list(self._open):
            loop.remove_reader(fd)
            loop.remove_writer(fd)
            self._close(fd)

    def handed_over(self) -> None:
        """The program has its ends: close ours of them, so that the end of it is the end of file."""
        for fd in (self.stdin, self.stdout, self.stderr):
            self._close(fd)
        for fd in self._open:
            os.set_blocking(fd, False)

    async def communicate(self, exit_code: Coroutine[None, None, int], input: bytes) -> int:
        loop = asyncio.get_running_loop()
        for number, fd in self._read.items():
            loop.add_reader(fd, self._readable, number, fd)
        self._feed(memoryview(input))
        code = await exit_code
        # It has ended: take what is left in the pipes, and do not wait for daemons that hold them open.
        for number, fd in self._read.items():
            while fd in self._open and self._readable(number, fd):
                pass
        return code

    def _readable(self, number: int, fd: int) -> bool:
        """Read once; False when there is nothing (more)."""
        try:
            data = os.read(fd, 1 << 16)
        except BlockingIOError:
            return False
        if data and len(self.said[number]) < LARGEST_OUTPUT:
            self.said[number] += data
        if not data:
            asyncio.get_running_loop().remove_reader(fd)
            self._close(fd)
        return bool(data)

    def _feed(self, rest: memoryview) -> None:
        loop = asyncio.get_running_loop()
        try:
            rest = rest[os.write(self._write, rest) :] if rest else rest
        except BlockingIOError:
            pass
        except BrokenPipeError:
            rest = rest[:0]
        loop.remove_writer(self._write)
        if rest:
            loop.add_writer(self._write, self._feed, rest)
        else:
            self._close(self._write)
