"""The stats room as the facade shows it (`facade.Stats`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.types.stats import HostSample, Rates, Sample

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from engine.stats.target import StatTargets
    from engine.types.host import Settings


class StatsService:
    """Implements `facade.Stats`. `directory` keeps the history ring files; `store` is the file system to report."""

    def __init__(
        self, targets: StatTargets, *, directory: Path, store: Path, settings: Callable[[], Settings]
    ) -> None:
        raise NotImplementedError

    async def open(self) -> None:
        """Begin the slow background sampling."""

    async def close(self) -> None: ...

    def container_changed(self, container_id: str) -> None:
        """Told by the containers room when a container started, ended or was removed."""

    async def last_sample(self, container_id: str) -> Sample | None:
        """The newest reading taken, also of a container that has just ended (OOM counts for its death report)."""

    async def memory_curve(self, container_id: str, *, until_ns: int, seconds: float = 60.0) -> list[tuple[float, int]]:
        """(seconds before `until_ns`, bytes), for the death report."""
        raise NotImplementedError

    async def keep_history(self, container_id: str, name: str) -> None:
        """A container is removed: its ring goes to the history, and a new one of that name continues it."""

    async def sample(self, container: str) -> Sample:
        raise NotImplementedError

    def watch(
        self, container_names: Sequence[str] | None = None, *, interval: float = 1.0
    ) -> AsyncIterator[Sequence[Rates]]:
        raise NotImplementedError

    async def history(self, container: str, *, seconds: float = 3600.0) -> Sequence[Rates]:
        raise NotImplementedError

    async def host(self) -> HostSample:
        raise NotImplementedError
