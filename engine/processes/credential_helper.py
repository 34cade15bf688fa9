"""Docker's credential helpers: `docker-credential-NAME get|list`, a server name or nothing in, JSON out."""

from __future__ import annotations

import asyncio
import re

from engine.processes.helper_answer import answer_of

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SECONDS = 15.0
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
    output, _ = await answer_of(process, _SECONDS, message)
    if process.returncode != 0 or len(output) > _MOST:
        raise OSError(f"docker-credential-{name} {verb} failed with {process.returncode}")
    return output
