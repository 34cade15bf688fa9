"""What a Docker or a Podman has, on our bus: the lists at once, the details behind them, then every event."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from engine.errors import MachineError, NotFound, Unsupported, WherryError
from engine.machines.known_elsewhere import is_podman_here
from engine.remote.docker.known import shapes
from engine.remote.docker.known.lacks import lacks_of
from engine.types.containers import ALIVE_STATES, Container
from engine.types.images import Image
from engine.types.machines import NO_SWARM, Capabilities

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from engine.remote.docker.known.shapes import Json
    from engine.remote.machine_engine import Machinery
    from engine.types.events import Event, Kind
    from engine.types.networks import Network, NetworkMember

_SIDE_BY_SIDE = 5
_CALM_SECONDS = 0.15
"""So long further events of a list are waited for before it is asked for again."""
_SIGN_SECONDS = 10.0
_MOST_GONE = 1000
_FLEETING = ("exec_", "top", "attach", "resize", "archive-path", "extract-to-dir", "export")
"""Events after which a container is what it was."""


class DockerState:
    """Implements `machine_engine.Peer` but for the rooms."""

    def __init__(self, machinery: Machinery) -> None:
        self._machinery = machinery
        self.link = machinery.link
        self.bus = machinery.bus
        self.kind = "docker"
        self.version: Json = {}
        self.own_podman = False
        """It is the user's own podman on this computer, whose program tells more."""
        self.capabilities = Capabilities(kind="docker", lacks=lacks_of("docker") | NO_SWARM)
        self.swarm_node = ""
        """Its own id among the nodes of a swarm."""
        self._image_documents: dict[str, Json] = {}
        self._network_documents: list[Json] = []
        self._attached: dict[str, dict[str, NetworkMember]] = {}
        """By container, the networks it is in."""
        self._gone: deque[str] = deque(maxlen=_MOST_GONE)
        """Containers that are removed: an answer about one may be under way still."""
        self._detailing: asyncio.Task[None] | None = None
        self._refreshes: dict[str, asyncio.Task[None]] = {}

    # --- loading ---

    async def take(self, version: Mapping[str, Any]) -> None:
        """All there is: the lists are asked for at once, and understood in the order in which each leans on others."""
        self.version = dict(version)
        self.kind = "podman" if "podman" in str(self.version).lower() else "docker"
        self.own_podman = self.kind == "podman" and is_podman_here(self._machinery.entry)
        self.capabilities = Capabilities(kind=self.kind, lacks=self._lacks() | NO_SWARM)  # type: ignore[arg-type]
        self._machinery.found_out(self.kind, str(self.version.get("Version", "")))
        containers, volumes, self._network_documents, images, _ = await asyncio.gather(
            self._ask_containers(), self._ask_volumes(), self._ask_networks(), self._ask_images(), self.look_at_swarm()
        )
        self._take_containers(containers)
        self._take_volumes(volumes)
        self._show_networks()
        self._take_images(images)
        if self._detailing is not None:
            self._detailing.cancel()
        self._detailing = asyncio.create_task(self._detail(), name="details of containers and images")

    def require(self, method: str) -> None:
        """Raises Unsupported with the reason that the window greys it by."""
        if why := self.capabilities.why_not(method):
            raise Unsupported("The engine there cannot do this", why, subject=method)

    def _lacks(self) -> dict[str, str]:
        found = lacks_of(self.kind, self.link.version)
        if self.own_podman:
            found.pop("files.owners", None)
        return found

    async def look_at_swarm(self) -> None:
        """Whether it manages one."""
        found = shapes.part(await self.link.json("GET", "/info"), "Swarm")
        self.swarm_node = str(found.get("NodeID") or "")
        manages = self.kind == "docker" and bool(found.get("ControlAvailable"))
        lacks = self._lacks() | ({} if manages else NO_SWARM)
        if lacks != self.capabilities.lacks:
            self.capabilities = Capabilities(kind=self.capabilities.kind, lacks=lacks)
            self._machinery.tell()

    async def _ask_containers(self) -> list[Json]:
        return shapes.rows(await self.link.json("GET", "/containers/json", {"all": True}))

    def _take_containers(self, found: Sequence[Json]) -> None:
        there: dict[str, Container] = {}
        self._attached = {key: told for key, told in self._attached.items() if key in {str(row["Id"]) for row in found}}
        for row in found:
            if shapes.HELPER_LABEL in shapes.labels_of(row.get("Labels")):
                continue
            self._attached.setdefault(str(row["Id"]), shapes.members(row))
            fresh = shapes.row_container(row)
            known = self.bus.objects("container").get(fresh.id)
            there[fresh.id] = _merged(known, fresh) if isinstance(known, Container) else fresh
        self._machinery.replace_kind("container", there)

    async def _ask_images(self) -> list[Json]:
        return shapes.rows(await self.link.json("GET", "/images/json", {"shared-size": True}))

    async def _load_images(self) -> None:
        self._take_images(await self._ask_images())

    def _take_images(self, found: Sequence[Json]) -> None:
        users = self._users()
        there: dict[str, Image] = {}
        for row in found:
            if shapes.texts(row.get("RepoTags")) == (shapes.HELPER_IMAGE,):
                continue
            image_id = str(row["Id"]) if str(row["Id"]).startswith("sha256:") else f"sha256:{row['Id']}"
            known = self.bus.objects("image").get(image_id)
            there[image_id] = shapes.row_image(row, users, known if isinstance(known, Image) else None)
        self._machinery.replace_kind("image", there)

    async def _ask_volumes(self) -> list[Json]:
        return shapes.rows((await self.link.json("GET", "/volumes") or {}).get("Volumes"))

    async def _load_volumes(self) -> None:
        self._take_volumes(await self._ask_volumes())

    def _take_volumes(self, found: Sequence[Json]) -> None:
        users = self._volume_users()
        self._machinery.replace_kind("volume", {str(row["Name"]): shapes.volume(row, users) for row in found})

    async def _ask_networks(self) -> list[Json]:
        return shapes.rows(await self.link.json("GET", "/networks"))

    async def _load_networks(self) -> None:
        self._network_documents = await self._ask_networks()
        self._show_networks()

    def _show_networks(self) -> None:
        known = [self.network(row) for row in self._network_documents]
        self._machinery.replace_kind("network", {each.id: each for each in known})

    def network(self, document: Json) -> Network:
        """With the containers in it, those that do not run too."""
        name = str(document["Name"])
        return shapes.network(document, [told[name] for told in self._attached.values() if name in told])

    def _users(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for each in self.containers():
            found[each.image_id] = (*found.get(each.image_id, ()), each.id)
        return found

    def _volume_users(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for each in self.containers():
            for mount in each.mounts:
                if mount.kind == "volume":
                    found[mount.source] = (*found.get(mount.source, ()), each.id)
        return found

    def containers(self) -> list[Container]:
        return [each for each in self.bus.objects("container").values() if isinstance(each, Container)]

    def gone(self, kind: Kind, *keys: str) -> None:
        """Removed by us: its event need not be waited for."""
        self._gone.extend(keys if kind == "container" else ())
        for key in keys:
            if key in self.bus.objects(kind):
                self.bus.publish(kind, key, None)

    async def look_at_images(self) -> None:
        await self._load_images()

    # --- details ---

    async def _detail(self) -> None:
        """Those that run first. A few at a time: the person who clicks must not wait behind a thousand."""
        waiting = sorted(self.containers(), key=lambda each: each.state not in ALIVE_STATES)
        images = [each for each in self.bus.objects("image").values() if isinstance(each, Image) and not each.layers]
        gate = asyncio.Semaphore(_SIDE_BY_SIDE)

        async def one(work: Any) -> None:
            async with gate:
                with contextlib.suppress(WherryError):
                    await work

        await asyncio.gather(*(one(self.inspect_image(each.id)) for each in images))
        await asyncio.gather(*(one(self.inspect(each.id)) for each in waiting))

    async def inspect(self, name: str, event: Event | None = None) -> Container:
        """As it is now; also told to everybody."""
        document = await self.link.json("GET", f"/containers/{quote(name)}/json")
        image = None
        with contextlib.suppress(WherryError):
            image = await self._image_document(str(document.get("Image", "")))
        found = shapes.container(document, image)
        if self._attached.get(found.id) != (told := shapes.members(document)):
            self._attached[found.id] = told
            self._show_networks()
        if found.id in self._gone:
            return found  # it went while it was looked at
        if shapes.HELPER_LABEL not in found.spec.labels and (
            event or self.bus.objects("container").get(found.id) != found
        ):
            self.bus.publish("container", found.id, found, event)
        return found

    async def _image_document(self, image_id: str) -> Json:
        """An image never changes, so it is asked for once."""
        if image_id not in self._image_documents:
            found = await self.link.json("GET", f"/images/{quote(image_id)}/json")
            self._image_documents[image_id] = found
        return self._image_documents[image_id]

    async def inspect_image(self, name: str) -> Image:
        document = await self.link.json("GET", f"/images/{quote(name, safe='')}/json")
        image_id = str(document["Id"]) if str(document["Id"]).startswith("sha256:") else f"sha256:{document['Id']}"
        self._image_documents[image_id] = document
        known = self.bus.objects("image").get(image_id)
        if not isinstance(known, Image):
            row = {**document, "Created": document.get("Created")}
            known = shapes.row_image(row, self._users())
        found = shapes.image(document, known)
        if known != found:
            self.bus.publish("image", found.id, found)
        return found

    async def event_log(self, since_ns: int, until_ns: int) -> Sequence[Event]:
        """What the engine there still remembers."""
        until_ns = until_ns or time.time_ns()
        query = {"since": f"{since_ns / 1e9:.9f}", "until": f"{until_ns / 1e9:.9f}"}
        async with self.link.stream("GET", "/events", query) as answer:
            found = [shapes.event(each) async for each in self.link.messages(answer)]
        return [each for each in found if each is not None]

    # --- following ---

    async def follow(self) -> None:
        """Until it breaks off. A ping beside it notices a connection that died without a word."""
        since = f"{time.time():.9f}"
        async with self.link.stream("GET", "/events", {"since": since}) as answer:
            reading = asyncio.create_task(self._read(answer), name="events there")
            try:
                while not reading.done():
                    await asyncio.wait((reading,), timeout=_SIGN_SECONDS)
                    if not reading.done():
                        await self.link.ping(_SIGN_SECONDS)
                await reading
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
        raise MachineError("The engine there has closed the connection", "It may be starting anew.")

    async def _read(self, answer: Any) -> None:
        try:
            async for document in self.link.messages(answer):
                event = shapes.event(document) if isinstance(document, dict) else None
                if isinstance(document, dict) and document.get("Type") == "node":
                    self._later("the swarm", self.look_at_swarm)
                if event is not None:
                    self._happened(event)
        except msgspec.DecodeError as error:
            raise MachineError("What the engine said cannot be read", str(error)) from None

    def _happened(self, event: Event) -> None:
        if shapes.HELPER_LABEL in event.attributes:
            return
        if event.kind == "container":
            self._container_event(event)
        elif event.kind == "image":
            self._later("images", self._load_new_images)
        elif event.kind == "volume":
            self._later("volumes", self._load_volumes)
        elif event.kind == "network":
            self._later("networks", self._load_networks)
            if (member := event.attributes.get("container", "")) in self.bus.objects("container"):
                self._later(member, partial(self._attach_again, member), seconds=0.0)

    def _container_event(self, event: Event) -> None:
        if event.action in ("destroy", "remove"):
            self._gone.append(event.id)
            self.bus.publish("container", event.id, None, event)
            if self._attached.pop(event.id, None):
                self._show_networks()
            self._later("images", self._load_images)
            self._later("volumes", self._load_volumes)
        elif event.action.startswith(_FLEETING):
            if event.id in self.bus.objects("container"):
                self.bus.announce(event)
        else:
            self._later(event.id, partial(self._look_again, event), seconds=0.0)
            if event.action == "create":
                self._later("images", self._load_images)
                self._later("volumes", self._load_volumes)

    async def _look_again(self, event: Event) -> None:
        with contextlib.suppress(NotFound):
            await self.inspect(event.id, event)

    async def _attach_again(self, container: str) -> None:
        with contextlib.suppress(NotFound):
            await self.inspect(container)

    async def _load_new_images(self) -> None:
        await self._load_images()
        for each in [one for one in self.bus.objects("image").values() if isinstance(one, Image) and not one.layers]:
            with contextlib.suppress(WherryError):
                await self.inspect_image(each.id)

    def _later(self, name: str, work: Callable[[], Awaitable[None]], *, seconds: float = _CALM_SECONDS) -> None:
        """The newest wish counts; what came before and has not begun is dropped."""
        earlier = self._refreshes.pop(name, None)
        if earlier is not None and seconds:
            earlier.cancel()

        async def run() -> None:
            try:
                await asyncio.sleep(seconds)
                await work()
            except WherryError:
                return  # the connection is gone: everything is loaded anew with the next

        task = asyncio.create_task(run(), name=f"{name} anew")
        self._refreshes[name] = task
        task.add_done_callback(
            lambda done: self._refreshes.pop(name, None) if self._refreshes.get(name) is done else None
        )

    async def close(self) -> None:
        tasks: Iterable[asyncio.Task[None]] = [*self._refreshes.values(), *filter(None, (self._detailing,))]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _merged(known: Container, row: Container) -> Container:
    """What an inspection told before stays where the list says nothing else."""
    if known.state is row.state and known.name == row.name and known.ports == row.ports:
        return known
    return msgspec.structs.replace(
        known, name=row.name, state=row.state, ports=row.ports, exit=row.exit or known.exit, health=row.health
    )
