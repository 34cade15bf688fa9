"""Finding everything again when an engine starts: which containers live on, which ended and how, what is left over.

Nothing is believed from the store that can be looked up: processes, exit files and control groups are read once, all
together, and the rows are made to agree. What belongs to nobody is swept away.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from typing import TYPE_CHECKING

from engine.containers.run.killing import kill_group
from engine.containers.watch.traces import ids_in, names_in
from engine.errors import WherryError
from engine.storage.paths import is_pod_key
from engine.types.containers import ALIVE_STATES, State

if TYPE_CHECKING:
    from engine.containers.known.book import ContainerBook
    from engine.containers.known.record import Record
    from engine.containers.run.container_files import ContainerFiles
    from engine.containers.run.runtime import Runtime
    from engine.containers.watch.judging import Found
    from engine.containers.watch.settling import Settler
    from engine.containers.watch.supervision import Supervisor
    from engine.containers.watch.traces import Traces
    from engine.networks.network_service import NetworkService

_log = logging.getLogger(__name__)


class Adopter:
    def __init__(
        self,
        book: ContainerBook,
        runtime: Runtime,
        files: ContainerFiles,
        networks: NetworkService,
        *,
        traces: Traces,
        settler: Settler,
        supervisor: Supervisor,
    ) -> None:
        self._book = book
        self._runtime = runtime
        self._files = files
        self._networks = networks
        self._traces = traces
        self._settler = settler
        self._supervisor = supervisor

    async def adopt(self) -> None:
        """Settle every row. Containers that a policy wants back are started afterwards, side by side."""
        entries = [entry for entry in self._book if self._left_traces(entry.record)]
        found = await asyncio.to_thread(self._look_at_all, [entry.record for entry in entries])
        for entry, one in zip(entries, found, strict=True):
            try:
                async with entry.lock:
                    await self._settler.settle(entry, one, watched=False)
            except WherryError as error:
                _log.warning("%s could not be settled: %s", entry.container.name, error)
        await self._sweep()
        self._supervisor.begin()

    def _left_traces(self, record: Record) -> bool:
        """Rows at rest need no look, but for those an interrupted start left something of."""
        if record.container.state in (*ALIVE_STATES, State.STARTING, State.RESTARTING, State.REMOVING):
            return True
        return (self._runtime.paths.crun_root / record.id).exists()

    def _look_at_all(self, records: list[Record]) -> list[Found]:
        return [self._traces.look_at(record, absent=True) for record in records]

    # --- what belongs to nobody ---

    async def _sweep(self) -> None:
        """Runtime state, namespaces, groups and mounts of containers that are not alive."""
        runtime = self._runtime
        alive = {entry.id for entry in self._book if entry.alive}
        kept = alive | {entry.id for entry in self._book if entry.waits_to_restart()}
        paths = runtime.paths
        for name in ids_in(paths.crun_root) - alive:
            shutil.rmtree(paths.crun_root / name, ignore_errors=True)
        for name in names_in(paths.network_namespaces):
            owner = paths.netns_owner(name)
            if owner and owner not in kept and not is_pod_key(owner) and not self._networks.is_in_use(owner):
                await self._networks.attachments.remove(owner)
        short = {container_id[:32] for container_id in alive}
        for name, group in runtime.cgroups.present().items():
            if name not in short:
                await kill_group(runtime.keeper, group)
                group.remove()
        for container_id in await self._files.rootfs.mounted() - kept:
            await self._files.rootfs.unmount(container_id)
        known = {entry.id for entry in self._book}
        for name in ids_in(paths.exits) - known:
            (paths.exits / name).unlink(missing_ok=True)
        for name in ids_in(paths.runs) - known:
            shutil.rmtree(paths.runs / name, ignore_errors=True)
        for name in ids_in(paths.containers) - known:
            await self._files.rootfs.remove(name)
