"""A terminal's two-way line to a process: output in batches, keystrokes and sizes in order."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from gui.bridge.mailboxes import BatchMailbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from engine.facade import ByteStream, Engine
    from gui.bridge.client import EngineClient

OUTPUT_BATCHES = 256


class TerminalLink:
    """Held by a terminal tab. All methods are for the window's thread and return at once."""

    def __init__(
        self,
        client: EngineClient,
        open_stream: Callable[[Engine], Awaitable[ByteStream]],
        deliver: Callable[[bytes], None],
        ended: Callable[[int | None, BaseException | None], None],
    ) -> None:
        self._client = client
        self._open_stream = open_stream
        self._deliver = deliver
        self._ended = ended
        self._input: asyncio.Queue[tuple[str, Any]] | None = None
        self._early: list[tuple[str, Any]] = []
        self._mailbox: BatchMailbox[bytes] = BatchMailbox(client.pump.wake, self._on_output, OUTPUT_BATCHES)
        self._over = False
        self._future = client.submit(self._converse)
        self._future.add_done_callback(lambda _: client.post(self._finish))

    def write(self, data: bytes) -> None:
        self._send("write", data)

    def resize(self, rows: int, columns: int) -> None:
        self._send("resize", (rows, columns))

    def close(self) -> None:
        """Detach; an exec'd process is asked to hang up by its closing terminal."""
        if not self._over:
            self._over = True
            self._mailbox.close()
            self._future.cancel()

    def _on_output(self, chunks: list[bytes]) -> None:
        self._deliver(b"".join(chunks))

    def _send(self, verb: str, value: Any) -> None:
        if not self._over:
            self._client.engine_soon(self._enqueue, verb, value)

    def _enqueue(self, verb: str, value: Any) -> None:
        if self._input is None:
            self._early.append((verb, value))
        else:
            self._input.put_nowait((verb, value))

    def _finish(self) -> None:
        self._mailbox.drain()
        if self._over:
            return
        self._over = True
        if self._future.cancelled():
            self._ended(None, None)
            return
        error = self._future.exception()
        self._ended(None if error else self._future.result(), error)

    # --- on the engine's loop ---

    async def _converse(self, engine: Engine) -> int | None:
        stream = await self._open_stream(engine)
        self._input = asyncio.Queue()
        for item in self._early:
            self._input.put_nowait(item)
        typing = asyncio.create_task(self._type_into(stream, self._input))
        try:
            while (output := await stream.read()) is not None:
                await self._mailbox.put([output[1]])
            exit_code = getattr(stream, "exit_code", None)
            return int(await exit_code()) if exit_code is not None else None
        finally:
            typing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await typing
            await stream.close()

    @staticmethod
    async def _type_into(stream: ByteStream, queue: asyncio.Queue[tuple[str, Any]]) -> None:
        with contextlib.suppress(OSError):  # the other end is gone; its reader tells so
            while True:
                verb, value = await queue.get()
                if verb == "write":
                    await stream.write(value)
                else:
                    await stream.resize(*value)
