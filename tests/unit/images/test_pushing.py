"""Pushes: what is mounted instead of sent and from where, what is told of each layer, what is remembered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from engine.images.distribution import pull as pulling
from engine.images.layers.layer_progress import LayerTeller
from engine.types.images import LayerPhase, Login, PullImage, PushImage
from tests.support.made_images import offer
from tests.support.nasty_registry import digest_of, serve_nastily, strict_blob
from tests.support.played_engine import IMAGE
from tests.support.registry_in_memory import RegistryInMemory
from tests.unit.images.test_pulling import push
from tests.unit.images.test_pulls_that_fail import one_layer, path_of, pull

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.embedded import EmbeddedEngine
    from tests.fakes.machine import MachineInMemory


class Strict(RegistryInMemory):
    """As real registries are: a repository has what was brought or mounted to it, whatever others have."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.has: set[tuple[str, str]] = set()
        self.mounts: list[tuple[str, str]] = []
        self.refuses_mounts = False

    async def _blob(self, request: web.Request, repository: str, digest: str) -> web.StreamResponse:
        if (repository, digest) not in self.has:
            return web.Response(status=404)
        return await super()._blob(request, repository, digest)

    async def _upload(self, request: web.Request, repository: str, begun: str) -> web.StreamResponse:
        mount = request.query.get("mount", "")
        if request.method == "POST" and mount:
            self.mounts.append((mount, request.query["from"]))
            if self.refuses_mounts or (request.query["from"], mount) not in self.has:
                return web.Response(status=202, headers={"Location": f"/v2/{repository}/blobs/uploads/given-up"})
            self.has.add((repository, mount))
        done = await super()._upload(request, repository, begun)
        if request.method == "PUT":
            self.has.add((repository, request.query["digest"]))
        return done


@pytest.fixture
async def registry() -> AsyncIterator[Strict]:
    async with serve_nastily() as server:
        yield Strict(server)


async def to(engine: EmbeddedEngine, registry: RegistryInMemory, name: str) -> dict[str, LayerPhase]:
    """Pushed under that name too; how each layer ended."""
    reference = f"{registry.host}/{name}"
    await engine.images.tag(IMAGE, reference)
    handle = engine.images.push(PushImage(reference=reference))
    await handle.result()
    return {each.digest: each.phase for each in (await engine.operations.get(handle.id)).layers}


async def test_a_layer_is_mounted_from_where_it_was_brought(played_engine: EmbeddedEngine, registry: Strict) -> None:
    first = await to(played_engine, registry, "app:1")
    (layer,) = first
    sent = list(registry.sent)
    assert (first, sent[0], registry.mounts) == ({layer: LayerPhase.DONE}, layer, [])

    assert await to(played_engine, registry, "team/other:1") == {layer: LayerPhase.MOUNTED}
    assert registry.mounts == [(layer, "app")]
    assert registry.sent[len(sent) :] == [(await played_engine.images.get(IMAGE)).id]
    assert await to(played_engine, registry, "team/other:2") == {layer: LayerPhase.PRESENT}
    assert len(registry.mounts) == 1


async def test_where_mounting_is_refused_it_is_sent_after_three_tries(
    played_engine: EmbeddedEngine, registry: Strict
) -> None:
    registry.refuses_mounts = True
    for number in range(6):
        (layer,) = await to(played_engine, registry, f"app{number}:1")
    assert registry.sent.count(layer) == 6
    # Each asks for those that were brought last, three at most.
    asked = [source for _, source in registry.mounts]
    assert asked == ["app0", "app1", "app0", "app2", "app1", "app0", "app3", "app2", "app1", "app4", "app3", "app2"]


async def test_nothing_is_mounted_from_another_registry(played_engine: EmbeddedEngine, registry: Strict) -> None:
    async with serve_nastily() as server:
        await to(played_engine, RegistryInMemory(server), "app:1")
        await to(played_engine, registry, "other:1")
    assert registry.mounts == []


async def test_a_push_is_told_to_whoever_listens(played_engine: EmbeddedEngine, registry: Strict) -> None:
    reference = f"{registry.host}/app:1"
    await played_engine.images.tag(IMAGE, reference)
    image = await played_engine.images.get(IMAGE)
    async with asyncio.timeout(20), played_engine.watch() as changes:
        handle = played_engine.images.push(PushImage(reference=reference))
        digest = await handle.result()
        async for change in changes:
            event = getattr(change, "event", None)
            if event is not None and event.action == "push":
                break
    assert (event.id, event.name, event.attributes) == (image.id, reference, {"name": reference})
    told = await played_engine.operations.get(handle.id)
    assert (told.title, told.status) == (f"Push {reference}", f"Pushed {reference} ({digest[:19]})")


async def test_a_build_cache_is_kept_and_read_under_its_login(played_engine: EmbeddedEngine) -> None:
    asked: list[tuple[str, str]] = []
    async with serve_nastily() as server:
        registry = RegistryInMemory(server)

        async def guard(request: web.Request) -> web.StreamResponse:
            given = request.headers.get("Authorization", "")
            asked.append((request.method, given))
            if not given:
                return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="here"'})
            return await registry.handle(request)

        server.routes["/v2/"] = guard
        login = Login(server=server.host, username="me", password="secret")
        for number in range(4):
            there = played_engine.images.blobs_at(f"{server.host}/cache{number}:1", login)  # each is a stranger first
            if number == 0:
                await there.write(digest_of(b"data"), b"data")
                await there.put_manifest(b"{}", "application/x")
            elif number == 1:
                assert await there.small(digest_of(b"data")) == b"data"
            elif number == 2:
                assert [piece async for piece in there.read(digest_of(b"data"), 4)] == [b"data"]
            else:
                registry.manifests["cache3", "1"] = b"{}", "application/x"
                assert await there.manifest() == b"{}"
    assert {given for _, given in asked} == {"", "Basic bWU6c2VjcmV0"}


# --- what is told of a pull ---


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[LayerPhase, int, str]]:
    """Everything a layer's teller is given, where an operation shows only the last of many."""
    heard: list[tuple[LayerPhase, int, str]] = []

    class Recorded(LayerTeller):
        def phase(self, phase: LayerPhase, *, done: int | None = None, note: str = "") -> None:
            super().phase(phase, done=done, note=note)
            heard.append((phase, self._done, note))

    monkeypatch.setattr(pulling, "LayerTeller", Recorded)
    return heard


async def test_a_pull_that_goes_on_says_so(
    played_engine: EmbeddedEngine, told: list[tuple[LayerPhase, int, str]]
) -> None:
    image, digest = one_layer()
    size = len(image.layers[0])
    async with serve_nastily() as registry:
        offer(registry, image)
        registry.routes[path_of(digest)] = strict_blob(image.layers[0])
        played_engine.paths.partial_blob(digest).write_bytes(image.layers[0][:700])
        await pull(played_engine, registry)
        await pull(played_engine, registry)
    assert told == [
        (LayerPhase.WAITING, 0, ""),
        (LayerPhase.VERIFYING, 0, "going on where the last try ended"),
        (LayerPhase.DOWNLOADING, 700, ""),
        (LayerPhase.DOWNLOADING, size, ""),
        (LayerPhase.VERIFYING, size, ""),
        (LayerPhase.UNPACKING, size, ""),
        (LayerPhase.DONE, size, ""),
        (LayerPhase.WAITING, 0, ""),
        (LayerPhase.PRESENT, size, ""),
    ]


async def test_a_layer_that_is_begun_anew_says_why(
    played_engine: EmbeddedEngine, machine: MachineInMemory, told: list[tuple[LayerPhase, int, str]]
) -> None:
    image, digest = one_layer()
    async with serve_nastily() as registry:
        offer(registry, image)
        machine.dying = "Unpack"
        await pull(played_engine, registry)
        assert "the keeper was replaced" in {note for phase, _, note in told if phase is LayerPhase.RETRYING}
        await played_engine.images.remove(f"{registry.host}/app:1")
        await played_engine.images.settled()
        told.clear()
        played_engine.paths.blob(digest).write_bytes(b"damaged")
        await pull(played_engine, registry)
        assert "what an earlier try left was damaged" in [
            note for phase, _, note in told if phase is LayerPhase.RETRYING
        ]


async def test_a_push_by_another_name_of_the_same_image_is_one(played_engine: EmbeddedEngine, registry: Strict) -> None:
    await to(played_engine, registry, "app:1")
    target = f"{registry.host}/app:2"
    await played_engine.images.tag(IMAGE, target)
    digest = await push(played_engine, target)
    assert (await played_engine.images.get(IMAGE)).digests == (f"{registry.host}/app@{digest}",)
    assert len(registry.sent) == 2
    image = await played_engine.images.pull(PullImage(reference=f"{registry.host}/app@{digest}")).result()
    assert image == (await played_engine.images.get(IMAGE)).id
