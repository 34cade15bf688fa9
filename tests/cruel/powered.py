"""What runs on a disk whose power will be cut, and what looks at the disk afterwards.

    python -m tests.cruel.powered live ROOT RUN LEDGER BOOT SEED
    python -m tests.cruel.powered check ROOT RUN LEDGER BOOT

The ledger lies on another disk. A line says what was begun or what was acknowledged: who reads it before the power is
cut knows what must be there afterwards. BOOT is a file that stands for the kernel's own name of this boot.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from engine import embedded, whereabouts
from engine.embedded import open_engine
from engine.errors import WherryError
from engine.storage import settling
from engine.types.containers import ContainerSpec, CreateContainer, Mount
from engine.types.images import CommitContainer, PullImage
from engine.types.networks import CreateNetwork
from engine.types.volumes import CreateVolume
from tests.support.images import File, busybox_archive, busybox_layer, layer_tar
from tests.support.made_images import made_image, offer
from tests.support.nasty_registry import serve_nastily
from tests.system.containers.conftest import create, load_busybox, read_log

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from engine.embedded import EmbeddedEngine
    from tests.support.nasty_registry import Handler, NastyRegistry

AT_ONCE = 3
_KEPT_FILES = Mount(kind="volume", source="kept", target="/kept")
_MOST_IMAGES = 12
_SAID_SECONDS, _PAUSE_SECONDS = 20.0, 0.05
_PULLED_BYTES, _PIECE, _PIECE_SECONDS = 2 << 20, 64 << 10, 0.02


class Ledger:
    def __init__(self, path: Path) -> None:
        self._file = path.open("a")

    def write(self, kind: str, name: str, deed: str, when: str) -> None:
        self._file.write(json.dumps([kind, name, deed, when]) + "\n")
        self._file.flush()

    async def around(self, kind: str, name: str, deed: str, work: Awaitable[object]) -> None:
        """Begun, and acknowledged if nothing was raised."""
        self.write(kind, name, deed, "begun")
        await work
        self.write(kind, name, deed, "done")


class Life:
    """One client that makes and removes things of every kind."""

    def __init__(self, engine: EmbeddedEngine, ledger: Ledger, name: str, registry: NastyRegistry) -> None:
        self._engine, self._ledger, self._name, self._registry = engine, ledger, name, registry
        self._dice = random.Random(name)
        self._number = 0
        self._images = 0

    async def go_on(self) -> None:
        deeds = (self._container, self._container, self._volume, self._network, self._loaded_image, self._pulled_image,
                 self._restored_volume)  # fmt: skip
        while True:
            self._number += 1
            try:
                await self._dice.choice(deeds)(f"{self._name}-{self._number}")
            except WherryError as error:
                self._ledger.write("refusal", str(error), "", "done")
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _container(self, name: str) -> None:
        engine, around = self._engine, self._ledger.around
        say = f"echo {name} | dd of=/kept/{name} conv=fsync && echo kept {name}; echo tried; exec sleep 1000"
        making = create(engine, "sh", "-c", say, name=name, mounts=(_KEPT_FILES,))
        await around("container", name, "make", making)
        self._ledger.write("file", name, "make", "begun")
        await engine.containers.start(name)
        found = await engine.containers.get(name)
        if await _is_said(engine, found.id, f"kept {name}\n"):
            self._ledger.write("file", name, "make", "done")
        if self._dice.random() < 0.3 and self._images < _MOST_IMAGES:
            self._images += 1
            reference = f"localhost/made:{name}"
            request = CommitContainer(container=name, reference=reference)
            await around("image", reference, "make", engine.images.commit(request).result())
        if self._dice.random() < 0.5:
            await engine.containers.stop(name, timeout=0)
        if self._dice.random() < 0.7:
            await around("container", name, "remove", engine.containers.remove(name, force=True))

    async def _volume(self, name: str) -> None:
        volumes, around = self._engine.volumes, self._ledger.around
        await around("volume", name, "make", volumes.create(CreateVolume(name=name)))
        if self._dice.random() < 0.5:
            await around("volume", name, "remove", volumes.remove(name))

    async def _network(self, name: str) -> None:
        networks, around = self._engine.networks, self._ledger.around
        await around("network", name, "make", networks.create(CreateNetwork(name=name)))
        if self._dice.random() < 0.7:
            await around("network", name, "remove", networks.remove(name))

    async def _loaded_image(self, name: str) -> None:
        if self._images >= _MOST_IMAGES:
            return
        self._images += 1
        reference = f"localhost/loaded:{name}"

        async def archive() -> AsyncIterator[bytes]:
            files = [File(f"only/{name}-{number}", os.urandom(3000)) for number in range(20)]
            yield busybox_archive(files, reference=reference)

        await self._ledger.around("image", reference, "make", self._engine.images.load(archive()).result())
        if self._dice.random() < 0.5:
            await self._ledger.around("image", reference, "remove", self._engine.images.remove(reference, force=True))
            self._images -= 1

    async def _restored_volume(self, _: str) -> None:
        """All files of a volume are of one moment, before and after a restore that is cut off."""
        if not self._name.endswith("a"):  # one at a time, so that it is known which is the newest
            return
        moment = str(time.time_ns())
        archive = self._engine.paths.run / "turned.tar"  # on another disk
        archive.write_bytes(layer_tar([File(f"page-{number}", moment.encode() * 300) for number in range(20)]))
        if "turned" not in {one.name for one in await self._engine.volumes.list()}:
            await self._engine.volumes.create(CreateVolume(name="turned"))
        restoring = self._engine.volumes.restore("turned", str(archive)).result()
        await self._ledger.around("restored", moment, "make", restoring)

    async def _pulled_image(self, name: str) -> None:
        """Slowly, so that the power goes in the middle of it too."""
        if self._images >= _MOST_IMAGES:
            return
        self._images += 1
        reference = offer_slowly(self._registry, name)
        pulling = self._engine.images.pull(PullImage(reference=reference)).result()
        await self._ledger.around("pulled", reference, "make", pulling)


async def _is_said(engine: EmbeddedEngine, container: str, words: str) -> bool:
    """A service may not have been able to write what it should, and its log may not either."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SAID_SECONDS):
            while words not in read_log(engine, container):
                if "tried\n" in read_log(engine, container):
                    return words in read_log(engine, container)
                await asyncio.sleep(0.02)
            return True
    return False


def offer_slowly(registry: NastyRegistry, name: str) -> str:
    """An image that the name alone decides, in pieces with pauses between them."""
    files = [File("only", random.Random(name).randbytes(_PULLED_BYTES)), File("is", name.encode())]
    image = made_image([busybox_layer(), layer_tar(files)])
    offer(registry, image, name=f"pulled/{name}")
    for digest, data in image.blobs.items():
        registry.routes[f"/v2/pulled/{name}/blobs/{digest}"] = slow_blob(data)
    return f"{registry.host}/pulled/{name}:1"


def slow_blob(data: bytes) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        asked = request.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if asked and start >= len(data):
            return web.Response(status=416)
        response = web.StreamResponse(status=206 if asked else 200)
        response.content_length = len(data) - start
        if asked:
            response.headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        await response.prepare(request)
        for at in range(start, len(data), _PIECE):
            await response.write(data[at : at + _PIECE])
            await asyncio.sleep(_PIECE_SECONDS)
        return response

    return handle


async def live(root: Path, run: Path, ledger: Path, seed: str) -> None:
    engine = await open_engine(root, run)
    if not await engine.images.list():
        await load_busybox(engine)
    book = Ledger(ledger)
    book.write("life", seed, "make", "done")
    async with serve_nastily() as registry:
        lives = [Life(engine, book, f"{seed}{letter}", registry) for letter in "abc"[:AT_ONCE]]
        await asyncio.gather(*(each.go_on() for each in lives))


# --- afterwards ---


def read_ledger(ledger: Path) -> list[list[str]]:
    """Kind, name, deed, "begun" or "done"."""
    return [json.loads(line) for line in ledger.read_text().splitlines()]


def promises(ledger: Path) -> dict[tuple[str, str], bool]:
    """By (kind, name): whether it must be there, or must not. What was under way is in neither."""
    must: dict[tuple[str, str], bool] = {}
    for kind, name, deed, when in read_ledger(ledger):
        if when == "begun":
            must.pop((kind, name), None)
        else:
            must[kind, name] = deed == "make"
    return must


async def check(root: Path, run: Path, ledger: Path) -> list[str]:
    """What does not hold."""
    faults = []
    engine = await open_engine(root, run)
    try:
        there = {("container", one.name) for one in await engine.containers.list()}
        there |= {("volume", one.name) for one in await engine.volumes.list()}
        there |= {("network", one.name) for one in await engine.networks.list()}
        tags = [tag for one in await engine.images.list() for tag in one.tags]
        there |= {(kind, tag) for kind in ("image", "pulled") for tag in tags}
        kept = engine.paths.volume_data("kept")
        for (kind, name), must in promises(ledger).items():
            if kind == "file":
                try:
                    held = (kept / name).read_text().strip() == name
                except OSError:
                    held = False
                if not held:
                    faults.append(f"the file {name} was written and synced and is gone")
            elif kind in ("container", "volume", "network", "image", "pulled") and ((kind, name) in there) is not must:
                faults.append(f"the {kind} {name} was {'made and is gone' if must else 'removed and is back'}")
        faults += [
            f"found by the deep check: {one.kind} {one.subject}: {one.explanation}"
            for one in await engine.host.check_store(deep=True)
        ]
        faults += _is_of_one_moment(engine.paths.volume_data("turned"), read_ledger(ledger))
        faults += await _go_on_pulling(engine, broken_off(ledger))
        faults += await _works(engine)
    finally:
        await engine.close(stop_containers=True)
    return faults


def broken_off(ledger: Path) -> list[str]:
    """What was being pulled."""
    lines = read_ledger(ledger)
    done = {name for kind, name, _, when in lines if kind == "pulled" and when == "done"}
    return list(dict.fromkeys(name for kind, name, _, _ in lines if kind == "pulled" and name not in done))


async def _go_on_pulling(engine: EmbeddedEngine, begun: list[str]) -> list[str]:
    """What was being pulled is pulled now, whatever of it had reached the disk."""
    faults = []
    async with serve_nastily() as registry:
        for name in begun:
            reference = offer_slowly(registry, name.partition("/pulled/")[2].removesuffix(":1"))
            try:
                await engine.images.pull(PullImage(reference=reference)).result()
            except WherryError as error:
                faults.append(f"{name} was being pulled and cannot be: {error}")
    return faults


def _is_of_one_moment(pages: Path, ledger: list[list[str]]) -> list[str]:
    begun = [int(name) for kind, name, _, when in ledger if (kind, when) == ("restored", "begun")]
    done = [int(name) for kind, name, _, when in ledger if (kind, when) == ("restored", "done")]
    if not done:
        return []
    texts = {path.read_text() for path in pages.iterdir()}
    allowed = {str(moment) * 300 for moment in begun if moment >= max(done)}
    if len(texts) == 1 and len(list(pages.iterdir())) == 20 and texts <= allowed:
        return []
    return [f"a restored volume has pages of {sorted(text[:19] for text in texts)}, the last restore was {max(done)}"]


async def _works(engine: EmbeddedEngine) -> list[str]:
    """Every image gives a container that runs, and every container lets itself be removed."""
    faults = []
    for image in await engine.images.list():
        try:
            spec = ContainerSpec(image=image.id, command=("true",), network="none")
            made = await engine.containers.create(CreateContainer(spec=spec))
            await engine.containers.start(made.id)
            await engine.containers.wait(made.id)
        except WherryError as error:
            faults.append(f"a container of {image.tags or image.id} does not run: {error}")
    for container in await engine.containers.list():
        try:
            await engine.containers.remove(container.id, force=True)
        except WherryError as error:
            faults.append(f"{container.name} cannot be removed: {error}")
    return faults


def main() -> int:
    verb, root, run, ledger, boot, *rest = sys.argv[1:]
    whereabouts._BOOT = boot
    settling.BOOT_ID = Path(boot)
    embedded.boot_id = lambda: Path(boot).read_text().strip()
    if verb == "live":
        asyncio.run(live(Path(root), Path(run), Path(ledger), rest[0]))
        return 0
    faults = asyncio.run(check(Path(root), Path(run), Path(ledger)))
    sys.stdout.write(json.dumps(faults) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
