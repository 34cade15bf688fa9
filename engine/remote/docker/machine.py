"""What a Docker or Podman engine tells of its disk and its machine. Implements `facade.Disk` and `facade.Host`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.remote.docker.known import shapes
from engine.remote.docker.known.lacks import lacking
from engine.types.disk import PART_IDS, DiskItem, DiskPart, DiskUsage, PartId
from engine.types.host import EngineFacts, HostReport, Settings, StoreProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.remote.docker.known.following import DockerState
    from engine.remote.docker.known.shapes import Json
    from engine.types.data import Freed


class DockerDisk:
    def __init__(self, state: DockerState) -> None:
        self._state = state

    async def usage(self, parts: Sequence[PartId] = ()) -> DiskUsage:
        found = await self._state.link.json("GET", "/system/df", seconds=300.0)
        told = {each.id: each for each in (_images(found), _containers(found), _volumes(found), _cache(found))}
        wanted = [each for each in PART_IDS if not parts or each in parts]
        return DiskUsage(parts=tuple(told.get(each, DiskPart(id=each, bytes=0)) for each in wanted), disk_free=0)

    async def free(self, part: PartId, ids: Sequence[str] = (), *, with_cache: bool = False) -> Freed:
        lacking("disk.free")


def _size(row: Json, key: str) -> int:
    return max(0, int(row.get(key) or 0))


def _images(found: Json) -> DiskPart:
    items = tuple(
        DiskItem(
            id=str(row.get("Id")),
            name=next(iter(shapes.texts(row.get("RepoTags"))), str(row.get("Id"))[7:19]),
            bytes=_size(row, "Size"),
            frees=0 if row.get("Containers") else max(0, _size(row, "Size") - _size(row, "SharedSize")),
        )
        for row in shapes.rows(found.get("Images"))
    )
    return DiskPart(id="images", bytes=_size(found, "LayersSize"), frees=sum(each.frees for each in items), items=items)


def _containers(found: Json) -> DiskPart:
    items = tuple(
        DiskItem(
            id=str(row.get("Id")),
            name=next(iter(shapes.texts(row.get("Names"))), "").lstrip("/"),
            bytes=_size(row, "SizeRw"),
            frees=0 if row.get("State") in ("running", "paused", "restarting") else _size(row, "SizeRw"),
        )
        for row in shapes.rows(found.get("Containers"))
    )
    return _summed("containers", items)


def _volumes(found: Json) -> DiskPart:
    items = tuple(
        DiskItem(
            id=str(row.get("Name")),
            name=str(row.get("Name")),
            bytes=_size(shapes.part(row, "UsageData"), "Size"),
            frees=0
            if _size(shapes.part(row, "UsageData"), "RefCount")
            else _size(shapes.part(row, "UsageData"), "Size"),
        )
        for row in shapes.rows(found.get("Volumes"))
    )
    return _summed("volumes", items)


def _cache(found: Json) -> DiskPart:
    items = tuple(
        DiskItem(
            id=str(row.get("ID")), name=str(row.get("Description") or row.get("ID")), bytes=_size(row, "Size"),
            frees=0 if row.get("InUse") else _size(row, "Size"),
        )
        for row in shapes.rows(found.get("BuildCache"))
    )  # fmt: skip
    return _summed("build-cache", items)


def _summed(part: PartId, items: tuple[DiskItem, ...]) -> DiskPart:
    return DiskPart(
        id=part, bytes=sum(each.bytes for each in items), frees=sum(each.frees for each in items), items=items
    )


class DockerHost:
    def __init__(self, state: DockerState, address: str) -> None:
        self._state = state
        self._address = address

    async def report(self) -> HostReport:
        return HostReport(checks=())

    async def facts(self) -> EngineFacts:
        found = await self._state.link.json("GET", "/info")
        security = str(found.get("SecurityOptions") or "")
        return EngineFacts(
            version=f"{self._state.kind.capitalize()} {found.get('ServerVersion') or ''}".strip(),
            driver=str(found.get("Driver") or ""),
            driver_reason="",
            cgroup_mode=f"v{found.get('CgroupVersion') or '?'}",
            controllers=(),
            rootless="rootless" in security,
            single_id=False,
            root=str(found.get("DockerRootDir") or ""),
            run="",
            socket=self._address,
            processors=int(found.get("NCPU") or 0),
            memory=int(found.get("MemTotal") or 0),
            kernel=str(found.get("KernelVersion") or ""),
            operating_system=str(found.get("OperatingSystem") or ""),
            host_name=str(found.get("Name") or ""),
            warnings=shapes.texts(found.get("Warnings")),
        )

    async def check_store(self, *, mend: bool = False, deep: bool = False) -> Sequence[StoreProblem]:
        lacking("host.check_store")

    async def settings(self) -> Settings:
        return Settings()

    async def change_settings(self, settings: Settings) -> None:
        lacking("host.change_settings")
