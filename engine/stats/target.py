"""What the stats room needs to know of containers. The containers room implements it; nothing here knows how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class CgroupFiles:
    """Directories of one container's control groups, as this process sees them. None where there is no such controller.

    On a v2 machine only `unified` is set. On v1 the others are, and `unified` too where a hybrid tree exists (it has
    the pressure files).
    """

    unified: Path | None = None
    cpu: Path | None = None
    cpuacct: Path | None = None
    memory: Path | None = None
    pids: Path | None = None
    blkio: Path | None = None


@dataclass(frozen=True, slots=True)
class StatTarget:
    """One running container."""

    container_id: str
    name: str
    pid: int
    """Its main process, as the host numbers it: whose network and descendants are looked at."""
    cgroups: CgroupFiles
    own_network: bool = True
    """False for `--network host`: the host's interfaces are not the container's."""
    memory_limit: int = 0
    """As asked, shown where no controller can be read."""
    cpu_limit: float = 0.0


class StatTargets(Protocol):
    """Implemented by the containers room and handed to `StatsService`."""

    def stat_target(self, container: str) -> StatTarget:
        """By id, prefix or name. Raises `NotFound`, or `Conflict` where it does not run."""
        ...

    def live_stat_targets(self) -> Sequence[StatTarget]:
        """Every container that runs, from memory, at once."""
        ...

    def container_id(self, container: str) -> str:
        """The id of any container, running or not. Raises `NotFound`."""
        ...
