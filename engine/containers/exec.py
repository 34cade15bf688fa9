"""One more command in a running container: crun's exec, with our own pipes or terminal, its end watched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.facade import ExecSession
    from engine.sandbox.client import Keeper
    from engine.types.containers import Exec


@dataclass(frozen=True, slots=True)
class ExecTarget:
    """What an exec needs to know of the running container."""

    container_id: str
    pid: int
    runtime: Sequence[str]
    """The runtime with its global options, as ("crun", "--root", DIR, "--cgroup-manager=disabled")."""
    process: dict[str, Any]
    """The `process` object of the container's config.json: what an exec inherits (env, cwd, capabilities, limits)."""
    cgroup_dirs: Sequence[str] = ()
    """Where the new process must be put before it starts."""
    user_files: str = ""
    """A path under which the keeper finds the container's /etc/passwd and group; "" is /proc/PID/root."""


class Executor:
    """Starts exec sessions. `scratch` is a private directory for process files and console sockets."""

    def __init__(self, keeper: Keeper, *, scratch: Path) -> None:
        raise NotImplementedError

    async def exec(self, target: ExecTarget, request: Exec) -> ExecSession:
        """Start it. Raises `RuntimeFailure` (126 or 127) where the command cannot be run."""
        raise NotImplementedError

    async def close(self) -> None: ...
