"""What a helper program answers, within bounds: nobody waits for one that hangs."""

from __future__ import annotations

import asyncio
import contextlib


async def answer_of(
    process: asyncio.subprocess.Process, seconds: float, said: bytes | None = None
) -> tuple[bytes, bytes]:
    """Its output and its complaint, once it has ended. One that takes longer is killed, and TimeoutError raised."""
    try:
        async with asyncio.timeout(seconds):
            output, complaint = await process.communicate(said)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    return output, complaint or b""
