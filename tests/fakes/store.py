"""The memory all rooms of the fake engine share: objects, the real bus and the real list of operations."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import TYPE_CHECKING, Any, TypeVar, cast

from msgspec.structs import replace

from engine.errors import Code, Conflict, NotFound
from engine.events.bus import EventBus
from engine.operations.registry import OperationRegistry
from engine.types.containers import State
from engine.types.events import Event
from engine.types.networks import NetworkMember

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping, Sequence

    from engine.state.database import Database
    from engine.types.builds import Build, BuildCacheEntry
    from engine.types.containers import Container
    from engine.types.events import Kind
    from engine.types.files import DirectoryEntry
    from engine.types.images import Image
    from engine.types.networks import Network
    from engine.types.volumes import Volume

T = TypeVar("T")


def fake_digest(text: str) -> str:
    """A digest that is the same in every run."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


class ForgetfulDatabase:
    """Where the operation list would keep itself; the fake keeps nothing."""

    async def fetch(self, _sql: str, _parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return []

    async def execute(self, _sql: str, _parameters: Sequence[Any] = ()) -> int:
        return 0

    async def transaction(self, _statements: Iterable[Any]) -> None:
        return None


class Store:
    """Every room of the fake reads and writes this; `put_*` tells the bus."""

    def __init__(self) -> None:
        self.containers: dict[str, Container] = {}
        self.images: dict[str, Image] = {}
        self.volumes: dict[str, Volume] = {}
        self.networks: dict[str, Network] = {}
        self.builds: dict[str, Build] = {}
        self.trees: dict[tuple[str, str], dict[str, DirectoryEntry]] = {}
        """Files by (kind of place, id): absolute path → entry."""
        self.contents: dict[tuple[str, str, str], bytes] = {}
        self.event_log: list[Event] = []
        self.build_cache: dict[str, BuildCacheEntry] = {}
        self.bus = EventBus(self.event_log.append)
        self.operations = OperationRegistry(self.bus, cast("Database", ForgetfulDatabase()))
        self.failures: dict[str, BaseException] = {}
        self.failures_left: dict[str, int] = {}
        """How often, if more than once."""
        """What the next call of a verb fails with, set by tests: "containers.start" → error."""
        self.delay = 0.0
        """Seconds a change of state takes, as a real one does."""
        self._tasks: set[asyncio.Task[Any]] = set()

    def fail_if_told(self, verb: str) -> None:
        left = self.failures_left.get(verb, 1) - 1
        self.failures_left[verb] = max(left, 1)
        error = self.failures.get(verb) if left > 0 else self.failures.pop(verb, None)
        if error is not None:
            raise error

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.operations.close()
        self.bus.close()

    # --- finding ---

    def container(self, name: str) -> Container:
        return _find(self.containers, name, "container", [c for c in self.containers.values() if c.name == name])

    def image(self, name: str) -> Image:
        tagged = [image for image in self.images.values() if normal_reference(name) in image.tags]
        plain = {key.removeprefix("sha256:"): image for key, image in self.images.items()}
        return _find(plain, name.removeprefix("sha256:"), "image", tagged)

    def volume(self, name: str) -> Volume:
        if name not in self.volumes:
            raise NotFound(f"No volume called {name}", subject=name)
        return self.volumes[name]

    def network(self, name: str) -> Network:
        return _find(self.networks, name, "network", [n for n in self.networks.values() if n.name == name])

    # --- telling ---

    def join(self, network: str, container: str, aliases: Sequence[str]) -> None:
        found, member = self.network(network), self.container(container)
        address = f"10.89.{len(found.members) + 1}.{len(found.members) + 2}"
        fresh = NetworkMember(container_id=member.id, name=member.name, ip_address=address, aliases=tuple(aliases))
        self.put("network", replace(found, members=(*found.members, fresh)), "connect")

    def put(self, kind: Kind, value: Any, action: str = "", **attributes: str) -> None:
        table: dict[str, Any] = getattr(self, kind + "s")
        key = value.name if kind == "volume" else value.id
        table[key] = value
        self.bus.publish(kind, key, value, self._event(kind, key, value, action, attributes))

    def drop(self, kind: Kind, key: str, action: str) -> None:
        table: dict[str, Any] = getattr(self, kind + "s")
        value = table.pop(key)
        self.bus.publish(kind, key, None, self._event(kind, key, value, action, {}))

    @staticmethod
    def _event(kind: Kind, key: str, value: Any, action: str, attributes: dict[str, str]) -> Event | None:
        if not action:
            return None
        name = getattr(value, "name", "") or (value.tags[0] if getattr(value, "tags", ()) else "")
        if kind == "container":
            attributes = {"image": value.image, "name": value.name, **attributes}
        return Event(time_ns=time.time_ns(), kind=kind, action=action, id=key, name=name, attributes=attributes)

    def refresh_users(self) -> None:
        """Bring `used_by` of images and volumes in line with the containers."""
        from msgspec.structs import replace

        for image in list(self.images.values()):
            users = tuple(c.id for c in self.containers.values() if c.image_id == image.id)
            if users != image.used_by:
                self.put("image", replace(image, used_by=users))
        for volume in list(self.volumes.values()):
            users = tuple(
                c.id
                for c in self.containers.values()
                for m in c.mounts
                if m.kind == "volume" and m.source == volume.name
            )
            if users != volume.used_by:
                self.put("volume", replace(volume, used_by=users))

    def running(self) -> list[Container]:
        return [c for c in self.containers.values() if c.state in (State.RUNNING, State.PAUSED)]


def normal_reference(name: str) -> str:
    """As the engine writes references: host, path and tag spelt out."""
    first, _, rest = name.partition("/")
    if not rest or not ("." in first or ":" in first or first == "localhost"):
        name = f"docker.io/{name if rest else 'library/' + name}"
    last = name.rpartition("/")[2]
    return name if ":" in last or "@" in last else name + ":latest"


def _find(table: Mapping[str, T], name: str, noun: str, named: Sequence[T]) -> T:
    if name in table:
        return table[name]
    if named:
        return named[0]
    hits = [value for key, value in table.items() if name and key.startswith(name)]
    if len(hits) > 1:
        raise Conflict(f"{name} begins the ids of several {noun}s", code=Code.AMBIGUOUS, subject=name)
    if not hits:
        raise NotFound(f"No {noun} called {name}", subject=name)
    return hits[0]
