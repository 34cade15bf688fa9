"""How many files this process may have open: as many as the system lets it; what it starts keeps the usual number.

A desktop gives every process 1,024 and lets it have half a million. An engine needs some for each; a container
gets what it always had, because old programs try to close every number they may have.
"""

from __future__ import annotations

import contextlib
import resource

_usual: list[tuple[int, int]] = []


def raise_own() -> None:
    """To the hard limit, which needs no rights."""
    soft, hard = usual()
    if soft < hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def usual() -> tuple[int, int]:
    """What this process was started with, soft and hard: for what it starts itself."""
    if not _usual:
        _usual.append(resource.getrlimit(resource.RLIMIT_NOFILE))
    return _usual[0]
