"""A shell that is none: enough of one for terminals to show a prompt, an echo and some answers."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from engine.types.containers import Container, Exec

_FOLDERS = "  ".join(f"\x1b[1;34m{name}\x1b[0m" for name in ("app", "bin", "dev", "etc", "home"))
_LISTING = f"{_FOLDERS}  README.md\r\n"


class FakeExec:
    """Implements `facade.ExecSession`. With a tty it echoes; `exit` ends it."""

    def __init__(self, container: Container, request: Exec) -> None:
        self.id = secrets.token_hex(8)
        self.pid = secrets.randbelow(30000) + 2000
        self.size = (request.rows, request.columns)
        self._container = container
        self._request = request
        self._output: asyncio.Queue[tuple[Literal["stdout", "stderr"], bytes] | None] = asyncio.Queue()
        self._line = ""
        self._exit_code = 0
        self._over = asyncio.Event()
        if request.tty:
            self._say(self._prompt())
        else:
            command = request.command
            self._say(" ".join(command[1:]) + "\n" if command[:1] == ("echo",) else "")
            if not request.stdin:
                self._end(0)

    async def read(self) -> tuple[Literal["stdout", "stderr"], bytes] | None:
        return await self._output.get()

    async def write(self, data: bytes) -> None:
        if not self._request.tty:
            self._output.put_nowait(("stdout", data))
            return
        for character in data.decode(errors="replace"):
            if character in "\r\n":
                self._say("\r\n")
                self._perform(self._line.strip())
                self._line = ""
            elif character in "\x7f\b":
                if self._line:
                    self._line = self._line[:-1]
                    self._say("\b \b")
            elif character.isprintable():
                self._line += character
                self._say(character)

    async def close_stdin(self) -> None:
        if not self._request.tty:
            self._end(0)

    async def resize(self, rows: int, columns: int) -> None:
        self.size = (rows, columns)

    async def close(self) -> None:
        self._end(self._exit_code)

    async def exit_code(self) -> int:
        await self._over.wait()
        return self._exit_code

    async def kill(self, signal: str = "KILL") -> None:
        self._end(137)

    def _perform(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        if verb == "exit":
            self._end(int(rest) if rest.isdigit() else 0)
            return
        answers = {"ls": _LISTING, "pwd": "/\r\n", "echo": rest + "\r\n", "hostname": self._container.name + "\r\n"}
        if verb:
            self._say(answers.get(verb, f"sh: {verb}: not found\r\n"))
        self._say(self._prompt())

    def _prompt(self) -> str:
        return f"\x1b[1;32mroot@{self._container.name}\x1b[0m:/# "

    def _say(self, text: str) -> None:
        if text:
            self._output.put_nowait(("stdout", text.encode()))

    def _end(self, code: int) -> None:
        if not self._over.is_set():
            self._exit_code = code
            self._over.set()
            self._output.put_nowait(None)
