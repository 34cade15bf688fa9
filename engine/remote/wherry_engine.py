"""The engine of another Wherry: its facade spoken, its changes mirrored."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from engine.errors import NotFound, Unsupported
from engine.remote.link import SILENT_SECONDS
from engine.remote.local_files import LocalFiles, pieces_of
from engine.remote.process_lines import begin_attach, begin_exec
from engine.remote.spoken_rooms import SpokenOperation, SpokenRoom, told
from engine.spoken import packing
from engine.spoken.signatures import methods
from engine.swarm.absent import NoSwarm
from engine.types.events import EngineSnapshot, Event, Kind
from engine.types.machines import NO_SWARM, Capabilities

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from engine.facade import ByteStream, ExecSession, OperationHandle
    from engine.facade_lent import Lender
    from engine.remote.machine_engine import Machinery
    from engine.types.builds import BuildImage
    from engine.types.containers import Exec
    from engine.types.logs import ExportLogs
    from engine.types.operations import Operation


class WherryPeer:
    """Implements `machine_engine.Peer`, and gives the rooms."""

    def __init__(self, machinery: Machinery, files: LocalFiles) -> None:
        self._machinery = machinery
        link = machinery.link
        self.capabilities = Capabilities(kind="wherry", lacks=dict(_LACKS))
        self.rooms: dict[str, Any] = {
            name: SpokenRoom(link, name) for name in ("networks", "stats", "files", "disk", "pods", "door", "host")
        }
        self.rooms["swarm"] = NoSwarm()
        self.rooms["containers"] = _Containers(link, "containers")
        self.rooms["images"] = _Images(machinery, files)
        self.rooms["volumes"] = _Volumes(machinery, files)
        self.rooms["logs"] = _Logs(machinery, files)
        self.rooms["builds"] = _Builds(machinery)
        self.rooms["operations"] = _Operations(machinery)

    async def take(self, version: Mapping[str, Any]) -> None:
        """Its state comes with the first word of `follow`, and what methods it knows beside that."""
        self._machinery.found_out("wherry", str(version.get("Version", "")))

    async def _learn_methods(self) -> None:
        known = await self._machinery.link.json("GET", "/wherry/facade", versioned=False)
        absent = methods().keys() - set(known["methods"])
        older = "The Wherry there is older and does not know this."
        lacks = dict(_LACKS) | dict.fromkeys(absent, older)
        if lacks != self.capabilities.lacks:
            self.capabilities = Capabilities(kind="wherry", lacks=lacks)
            self._machinery.tell()

    async def follow(self) -> None:
        learning = asyncio.create_task(self._learn_methods(), name="the methods it knows")
        try:
            await self._follow()
        finally:
            learning.cancel()
            await asyncio.gather(learning, return_exceptions=True)

    async def _follow(self) -> None:
        link = self._machinery.link
        async with link.stream("GET", "/wherry/facade/watch", versioned=False, silent=SILENT_SECONDS) as answer:
            async with contextlib.aclosing(told(link, answer)) as changes:
                async for data in changes:
                    await self._take(packing.unpack_change(data))

    async def _take(self, change: Any) -> None:
        bus = self._machinery.bus
        if change is None:
            return
        if isinstance(change, EngineSnapshot):
            self._machinery.replace(change)
            for kind in BESIDES:
                there = {each.id: each for each in getattr(change, f"{kind}s")}
                self._machinery.replace_kind(kind, there)
            await self._machinery.remember()
            return
        kind, object_id, value, event = change
        bus.publish(kind, object_id, value, event)

    async def event_log(self, since_ns: int, until_ns: int) -> Sequence[Event]:
        link, query = self._machinery.link, {"since": since_ns, "until": until_ns}
        found: Sequence[Event] = ()
        async with link.stream("GET", "/wherry/facade/events", query, versioned=False) as answer:
            async with contextlib.aclosing(told(link, answer)) as said:
                async for data in said:
                    found = packing.unpack(data, tuple[Event, ...])
        return found

    async def close(self) -> None:
        """Nothing of its own."""


BESIDES: tuple[Kind, ...] = ("operation", "build", "pod", "door")
"""What is of the moment, and not kept for the next start."""
_LACKS = {"host.change_settings": "They are the settings of that machine; change them there.", **NO_SWARM}


class _Operations:
    """Those of that machine, and those of this computer that have to do with it. Implements `facade.Operations`."""

    def __init__(self, machinery: Machinery) -> None:
        self._own = machinery.own_operations
        self._there = SpokenRoom(machinery.link, "operations")

    async def list(self) -> Sequence[Operation]:
        return [*await self._there.list(), *await self._own.list()]

    async def get(self, operation: str) -> Operation:
        try:
            return await self._own.get(operation)
        except NotFound:
            found: Operation = await self._there.get(operation)
            return found

    async def cancel(self, operation: str) -> None:
        try:
            await self._own.cancel(operation)
        except NotFound:
            await self._there.cancel(operation)

    async def clear_finished(self) -> None:
        await self._own.clear_finished()
        await self._there.clear_finished()


class _Containers(SpokenRoom):
    async def exec(self, container: str, request: Exec) -> ExecSession:
        return await begin_exec(self._link, container, request)

    async def attach(
        self, container: str, *, stdin: bool = False, logs: bool = False, stream: bool = True
    ) -> ByteStream:
        facts = await self.get(container)
        return await begin_attach(self._link, container, tty=facts.spec.tty, stdin=stdin, logs=logs, stream=stream)


class _Images(SpokenRoom):
    def __init__(self, machinery: Machinery, files: LocalFiles) -> None:
        super().__init__(machinery.link, "images")
        self.save_to = files.save_to

    def load(self, source: AsyncIterator[bytes] | str) -> OperationHandle:
        return self._uploaded("load", {}, source)

    def import_tree(
        self, source: AsyncIterator[bytes] | str, reference: str, *, message: str = "", changes: Sequence[str] = ()
    ) -> OperationHandle:
        given = {"reference": reference, "message": message, "changes": list(changes)}
        return self._uploaded("import_tree", given, source)

    def _uploaded(self, verb: str, given: dict[str, Any], source: AsyncIterator[bytes] | str) -> OperationHandle:
        stream = pieces_of(source) if isinstance(source, str) else source
        return SpokenOperation(self._link, methods()[f"images.{verb}"], given, stream)


class _Volumes(SpokenRoom):
    def __init__(self, machinery: Machinery, files: LocalFiles) -> None:
        super().__init__(machinery.link, "volumes")
        self.backup = files.backup
        self.restore = files.restore


class _Logs(SpokenRoom):
    def __init__(self, machinery: Machinery, files: LocalFiles) -> None:
        super().__init__(machinery.link, "logs")
        self._files = files

    def export(self, container: str, request: ExportLogs) -> OperationHandle:
        return self._files.export_log(container, request)


class _Builds(SpokenRoom):
    def __init__(self, machinery: Machinery) -> None:
        super().__init__(machinery.link, "builds")

    def build(
        self, request: BuildImage, context: AsyncIterator[bytes] | None = None, lender: Lender | None = None
    ) -> OperationHandle:
        if context is None and request.context and not request.context.startswith(("http://", "https://", "git")):
            from engine.remote.packed_context import packed

            request, context = packed(request)
        return SpokenOperation(self._link, methods()["builds.build"], {"request": request}, context)

    async def context_place(self, name: str) -> str:
        raise Unsupported("A build's directory is a place of the machine that builds", subject=name)
