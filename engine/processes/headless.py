"""Starting `wherry serve` beside a command that found no engine. Nothing is awaited and nothing is inherited."""

from __future__ import annotations

import os
import sys


def start_headless(arguments: list[str], log_path: str) -> int:
    """Start it in a session of its own, its output in a log of its own; gives its process id."""
    os.makedirs(os.path.dirname(log_path), mode=0o700, exist_ok=True)
    output = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-P", "-m", "engine.cli", "serve", *arguments],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log_path, output, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
