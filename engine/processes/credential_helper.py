"""Programs that answer with credentials, within bounds: nobody waits for one that hangs.

Docker's helpers are `docker-credential-NAME get|list`, a server name or nothing in, JSON out. A kubeconfig names a
plugin, which may take a while where a person has to log in.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HELPER_SECONDS = 15.0
_PLUGIN_SECONDS = 60.0
_MOST = 1 << 20


async def ask_helper(name: str, verb: str, message: bytes) -> bytes:
    """What the helper prints. OSError if there is none of that name, if it hangs, or if it has no answer."""
    if not _NAME.fullmatch(name):
        raise OSError(f"not a credential helper's name: {name!r}")
    process = await asyncio.create_subprocess_exec(
        f"docker-credential-{name}",
        verb,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await _answer_of(process, _HELPER_SECONDS, message)
    if process.returncode != 0 or len(output) > _MOST:
        raise OSError(f"docker-credential-{name} {verb} failed with {process.returncode}")
    return output


async def run_plugin(argv: Sequence[str], env: Mapping[str, str]) -> bytes:
    """What it prints. OSError with its own words if it is not there, hangs or fails."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        env=dict(env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, complaint = await _answer_of(process, _PLUGIN_SECONDS)
    if process.returncode != 0 or len(output) > _MOST:
        said = complaint[-2000:].decode(errors="replace").strip()
        raise OSError(f"{argv[0]} ended with {process.returncode}: {said}")
    return output


async def _answer_of(
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
