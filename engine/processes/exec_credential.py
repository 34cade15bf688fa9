"""A kubeconfig's credential plugin: run to its end, its JSON read. It may take a while where a person has to log in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.processes.helper_answer import answer_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SECONDS = 60.0
_MOST = 1 << 20


async def run_plugin(argv: Sequence[str], env: Mapping[str, str]) -> bytes:
    """What it prints. OSError with its own words if it is not there, hangs or fails."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        env=dict(env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, complaint = await answer_of(process, _SECONDS)
    if process.returncode != 0 or len(output) > _MOST:
        said = complaint[-2000:].decode(errors="replace").strip()
        raise OSError(f"{argv[0]} ended with {process.returncode}: {said}")
    return output
