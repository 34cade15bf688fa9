"""What every request shares: the engine that is served, the exec sessions announced here, and who holds the socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.api.buildkit.parts import Parts
from engine.api.exec_registry import ExecRegistry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.facade import Engine, OperationHandle
    from engine.facade_afar import ClusterSession


@dataclass(frozen=True, slots=True)
class Served:
    """One engine on one socket."""

    engine: Engine
    socket_path: Path
    on_release: Callable[[], None] | None = None
    """Called when a window asks to take over; None where the owner does not let go."""
    passing: bool = False
    """The owner was started by some command in passing, and gives way to a `wherry serve` that is meant to stay."""
    execs: ExecRegistry = field(default_factory=ExecRegistry)
    buildkit: Parts = field(default_factory=Parts)
    cluster_sessions: dict[str, ClusterSession] = field(default_factory=dict)
    """Commands in pods of clusters, by the id that the client gave them; the last of them also when they have ended."""
    builds: dict[str, OperationHandle] = field(default_factory=dict)
    """Those under way, by the id that the client gave them."""
