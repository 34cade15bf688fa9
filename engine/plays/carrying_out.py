"""The acts behind the steps of a plan. A pod is replaced only when its images and volumes are there."""

from __future__ import annotations

import contextlib
import io
import tarfile
from typing import TYPE_CHECKING

from engine.errors import Conflict, NotFound
from engine.types.containers import CreateContainer
from engine.types.files import Place
from engine.types.images import PullImage
from engine.types.networks import CreateNetwork
from engine.types.volumes import CreateVolume

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from engine.facade import Engine
    from engine.kube.volumes import WantedVolume
    from engine.kube.wanted import WantedPod
    from engine.types.projects import PlannedStep

_ROOM_FOR_ALL, _ROOM_OF_A_GROUP = 0o777, 0o2777


class Hands:
    """What one plan works with."""

    def __init__(self, engine: Engine, pods: Mapping[str, WantedPod], volumes: Mapping[str, WantedVolume]) -> None:
        self._engine = engine
        self._pods = pods
        self._volumes = volumes

    async def act(self, step: PlannedStep) -> None:
        await _ACTS[step.action](self, step.subject)

    async def _network(self, name: str) -> None:
        await self._engine.networks.create(CreateNetwork(name=name))

    async def _pull(self, image: str) -> None:
        await self._engine.images.pull(PullImage(reference=image)).result()

    async def _volume(self, name: str) -> None:
        volume = self._volumes[name]
        request = CreateVolume(name=name, labels=dict(volume.labels), options=dict(volume.options))
        await self._engine.volumes.create(request)
        try:
            if not volume.options:
                await self._upload(volume, root_too=True)
            await self._make_folders(volume)
        except BaseException:
            await self._engine.volumes.remove(name, force=True)
            raise

    async def _fill_volume(self, name: str) -> None:
        """What a manifest says is in it, and nothing else; folders of other volumes are only added."""
        volume = self._volumes[name]
        if volume.files is not None:
            place = Place(kind="volume", id=name)
            tops = {path.partition("/")[0] for path in volume.files}
            for entry in await self._engine.files.list(place, "/"):
                if entry.name not in tops:
                    await self._engine.files.remove(place, f"/{entry.name}")
            await self._upload(volume, root_too=False)
        await self._make_folders(volume)

    async def _make_folders(self, volume: WantedVolume) -> None:
        place = Place(kind="volume", id=volume.name)
        for folder in sorted(volume.folders):
            parts = folder.strip("/").split("/")
            for number in range(len(parts)):
                with contextlib.suppress(Conflict):
                    await self._engine.files.make_directory(place, "/" + "/".join(parts[: number + 1]))

    async def _upload(self, volume: WantedVolume, *, root_too: bool) -> None:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            if root_too:
                root = tarfile.TarInfo(".")
                root.type, root.gid = tarfile.DIRTYPE, volume.group
                root.mode = _ROOM_OF_A_GROUP if volume.group else _ROOM_FOR_ALL
                if volume.files is not None:
                    root.mode = 0o755
                tar.addfile(root)
            for path, file in (volume.files or {}).items():
                entry = tarfile.TarInfo(path)
                entry.size, entry.mode, entry.gid = len(file.text), file.mode, volume.group
                tar.addfile(entry, io.BytesIO(file.text))

        async def stream() -> AsyncIterator[bytes]:
            yield archive.getvalue()

        place = Place(kind="volume", id=volume.name)
        await self._engine.files.upload(place, "/", stream(), copy_owner=True)

    async def _pod(self, name: str) -> None:
        pod = self._pods[name]
        await self._engine.pods.create(pod.recipe)
        try:
            for each in pod.containers:
                await self._engine.containers.create(CreateContainer(spec=each.spec, name=each.name))
        except BaseException:
            await self._engine.pods.remove(name, force=True)
            raise

    async def _remake_pod(self, name: str) -> None:
        await self._engine.pods.stop(name)
        await self._engine.pods.remove(name, force=True)
        await self._pod(name)

    async def _start_pod(self, name: str) -> None:
        await self._engine.pods.start(name)

    async def _keep_pod(self, name: str) -> None:
        return None

    async def _remove_pod(self, name: str) -> None:
        with contextlib.suppress(NotFound):
            await self._engine.pods.stop(name)
            await self._engine.pods.remove(name, force=True, volumes=True)

    async def _remove_volume(self, name: str) -> None:
        with contextlib.suppress(NotFound):
            await self._engine.volumes.remove(name)


_ACTS: dict[str, Callable[[Hands, str], Awaitable[None]]] = {
    "network": Hands._network,
    "pull": Hands._pull,
    "volume": Hands._volume,
    "fill-volume": Hands._fill_volume,
    "pod": Hands._pod,
    "remake-pod": Hands._remake_pod,
    "start-pod": Hands._start_pod,
    "keep-pod": Hands._keep_pod,
    "remove-pod": Hands._remove_pod,
    "remove-volume": Hands._remove_volume,
}
