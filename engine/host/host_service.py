"""`engine.facade.Host` over the running engine: the report, the facts, the store check and the settings."""

from __future__ import annotations

import asyncio
import os
import platform
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.host import doctor
from engine.host.machine import Machine
from engine.images.known.emulation import runnable_platforms
from engine.types.host import EngineFacts, HostReport, Settings, StoreProblem
from engine.version import own_version

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from engine.host.settings import SettingsStore
    from engine.storage.paths import Paths


@dataclass(frozen=True)
class EngineParts:
    """What only the running engine knows of itself; given by the composition root."""

    driver: str
    driver_reason: str
    cgroup_mode: str
    """"v2", "v1", "hybrid" or "none"."""
    controllers: tuple[str, ...]
    single_id: bool
    warnings: tuple[str, ...] = ()


class HostService:
    """`parts` is asked at each call, for a driver may be chosen anew; `check_store` is the store's fsck."""

    def __init__(
        self,
        *,
        paths: Paths,
        settings: SettingsStore,
        parts: Callable[[], EngineParts],
        check_store: Callable[..., Awaitable[Sequence[StoreProblem]]],
    ) -> None:
        self._paths = paths
        self._settings = settings
        self._parts = parts
        self._check_store = check_store
        self._machine = Machine()
        self._versions: dict[str, str] | None = None

    async def report(self) -> HostReport:
        return await asyncio.to_thread(doctor.examine, self._machine, self._paths)

    async def facts(self) -> EngineFacts:
        if self._versions is None:
            self._versions = await asyncio.to_thread(doctor.runtime_versions, self._machine)
        parts = self._parts()
        return EngineFacts(
            version=own_version(),
            driver=parts.driver,
            driver_reason=parts.driver_reason,
            cgroup_mode=parts.cgroup_mode,
            controllers=parts.controllers,
            rootless=True,
            single_id=parts.single_id,
            root=str(self._paths.root),
            run=str(self._paths.run),
            socket=str(self._paths.socket) if self._settings.current.api_socket else "",
            processors=len(os.sched_getaffinity(0)),
            memory=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
            kernel=platform.release(),
            operating_system=self._machine.distribution.pretty_name,
            runtime_versions=self._versions,
            host_name=socket.gethostname(),
            warnings=parts.warnings,
            platforms=tuple(map(str, await asyncio.to_thread(runnable_platforms))),
        )

    async def check_store(self, *, mend: bool = False, deep: bool = False) -> Sequence[StoreProblem]:
        return await self._check_store(mend=mend, deep=deep)

    async def settings(self) -> Settings:
        return self._settings.current

    async def change_settings(self, settings: Settings) -> None:
        await self._settings.change(settings)

    async def close(self) -> None:
        """Nothing is held open."""
