"""What the logs room needs to know of containers. The containers room implements it; nothing here knows how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from engine.types.containers import LogLimits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class LogSource:
    """One container's log: conmon's k8s-file, and the way to tell conmon to open it anew."""

    container_id: str
    name: str
    path: Path
    """The file conmon writes (`--log-path k8s-file:PATH`), in a directory of its own: rotated files and the index
    live beside it."""
    control: Path | None = None
    """conmon's control fifo (`BUNDLE/ctl`); None while no conmon runs."""
    alive: bool = False
    limits: LogLimits = field(default_factory=LogLimits)


class LogSources(Protocol):
    """Implemented by the containers room and handed to `LogService`."""

    def log_source(self, container: str) -> LogSource:
        """By id, prefix or name, from memory, at once. Raises `NotFound`."""
        ...

    def live_log_sources(self) -> Sequence[LogSource]:
        """Every container whose conmon runs; asked every few seconds for rotation."""
        ...
