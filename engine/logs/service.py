"""The logs room as the facade shows it (`facade.Logs`). Assembles the parts; each method says which does the work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.types.logs import ExportLogs, LogLine, LogSummary, ReadLogs, SearchLogs, SearchProgress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from engine.facade import OperationHandle
    from engine.logs.source import LogSources
    from engine.operations.registry import OperationRegistry
    from engine.types.host import Settings


class LogService:
    """Implements `facade.Logs`.

    Told by the containers room: `container_changed` whenever a container starts, ends or is removed (so that a reader
    that follows learns it), and `keep_history` before a removed container's directory is deleted.
    """

    def __init__(
        self,
        sources: LogSources,
        *,
        history: Path,
        operations: OperationRegistry,
        settings: Callable[[], Settings],
    ) -> None:
        raise NotImplementedError

    async def open(self) -> None:
        """Begin to rotate what outgrows its limits."""

    async def close(self) -> None: ...

    def container_changed(self, container_id: str) -> None: ...

    async def keep_history(self, container_id: str) -> None:
        """Move a container's log files to the history, before its directory goes. Same name, same timeline."""

    async def summary(self, container: str) -> LogSummary:
        raise NotImplementedError

    def read(self, container: str, request: ReadLogs = ReadLogs()) -> AsyncIterator[Sequence[LogLine]]:
        raise NotImplementedError

    def merged(
        self, container_names: Sequence[str], request: ReadLogs = ReadLogs()
    ) -> AsyncIterator[Sequence[LogLine]]:
        raise NotImplementedError

    def search(self, container: str, request: SearchLogs) -> AsyncIterator[SearchProgress]:
        raise NotImplementedError

    async def lines(self, container: str, numbers: Sequence[int]) -> Sequence[LogLine]:
        raise NotImplementedError

    async def line_at(self, container: str, time_ns: int) -> int:
        raise NotImplementedError

    def export(self, container: str, request: ExportLogs) -> OperationHandle:
        raise NotImplementedError

    async def history(self) -> Sequence[str]:
        raise NotImplementedError
