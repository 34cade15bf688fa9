"""Manifests: files, images and ports in them, how operations are called, and images that only this machine has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from msgspec.structs import replace

from engine.plays.telling import _exposed, _object
from engine.types.containers import ContainerSpec, CreateContainer, PortMapping
from engine.types.manifests import GenerateManifests, PlayManifests, TakeManifestsDown
from engine.types.pods import INIT_LABEL, SIDECAR_LABEL, CreatePod
from tests.fakes.engine import open_fake_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.fakes.engine import FakeEngine


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    engine = await open_fake_engine()
    try:
        yield engine
    finally:
        await engine.close()


def pod(image: str, name: str = "web") -> str:
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: a, image: '{image}'}}]}}"
    )


async def told(engine: FakeEngine, *asked: str, **how: Any) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(await engine.manifests.generate(GenerateManifests(names=asked, **how))))


def test_files_stand_as_they_are_and_coded_where_they_are_no_text() -> None:
    head = {"apiVersion": "v1", "metadata": {"name": "n"}}
    assert _object("n", "configMap", {"a": b"x"}) == {**head, "kind": "ConfigMap", "data": {"a": "x"}}
    coded = {**head, "kind": "ConfigMap", "binaryData": {"a": "eA==", "b": "/w=="}}
    assert _object("n", "configMap", {"a": b"x", "b": b"\xff"}) == coded
    secret = {**head, "kind": "Secret", "type": "Opaque", "data": {"a": "eA=="}}
    assert _object("n", "secret", {"a": b"x"}) == secret


@pytest.mark.parametrize(("text", "port"), [("80/tcp", (80, "tcp")), ("53/udp", (53, "udp")), ("90", (90, "tcp"))])
def test_a_port_an_image_speaks_of(text: str, port: tuple[int, str]) -> None:
    found = _exposed(text)
    assert (found.container_port, found.protocol) == port


async def test_an_image_is_told_with_its_ports_by_name_and_by_id(engine: FakeEngine) -> None:
    image = next(each for each in engine.store.images.values() if each.tags)
    config = replace(image.config, exposed_ports=("80/tcp", "53/udp"))
    engine.store.put("image", replace(image, config=config), "pull")
    for name in (image.tags[0], image.id, image.id.removeprefix("sha256:")[:12]):
        (found,) = await told(engine, name)
        (container,) = found["spec"]["containers"]
        assert container["image"] == image.tags[0]
        assert container["ports"] == [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}]


async def test_who_is_first_and_who_is_beside_in_a_pod(engine: FakeEngine) -> None:
    image = next(each.tags[0] for each in engine.store.images.values() if each.tags)
    await engine.pods.create(CreatePod(name="shop"))
    for name, labels in (
        ("shop-main", {}),
        ("shop-side", {INIT_LABEL: "2", SIDECAR_LABEL: ""}),
        ("shop-first", {INIT_LABEL: "1"}),
    ):
        spec = ContainerSpec(image=image, network="pod:shop", labels=labels)
        await engine.containers.create(CreateContainer(spec=spec, name=name))
    (found,) = await told(engine, "shop")
    assert [(each["name"], each.get("restartPolicy")) for each in found["spec"]["initContainers"]] == [
        ("first", None), ("side", "Always"),
    ]  # fmt: skip
    assert [each["name"] for each in found["spec"]["containers"]] == ["main"]


async def test_operations_say_what_they_are_about(engine: FakeEngine) -> None:
    image = next(each.tags[0] for each in engine.store.images.values() if each.tags)
    texts = {"/somewhere/shop.yaml": pod(image)}
    playing = engine.manifests.play(PlayManifests(texts=texts))
    await playing.result()
    going = engine.manifests.down(TakeManifestsDown(texts=texts))
    await going.result()
    found = {each.id: each for each in await engine.operations.list()}
    for handle, kind in ((playing, "play"), (going, "play-down")):
        operation = found[handle.id]
        assert (operation.kind, operation.subject) == (kind, "shop.yaml")
        assert operation.title.endswith("shop.yaml")


async def test_an_image_that_is_missing_is_pulled_first(engine: FakeEngine) -> None:
    await engine.manifests.play(PlayManifests(texts={"a.yaml": pod("busybox:9")})).result()
    assert await engine.images.get("busybox:9")
    assert (await engine.pods.get("web")).containers


async def test_images_that_only_this_machine_has_get_names_at_a_registry(engine: FakeEngine) -> None:
    image = next(each for each in engine.store.images.values() if each.tags)
    await engine.images.tag(image.id, "team/shop:1")
    texts = {"a.yaml": pod("team/shop:1")}
    assert await engine.manifests.images_only_here(texts, "") == {"team/shop:1": ""}
    names = await engine.manifests.images_only_here(texts, "reg.example/me")
    assert names == {"team/shop:1": "reg.example/me/shop:1"}
    made = await engine.manifests.with_images(texts, names)
    assert "reg.example/me/shop:1" in made["a.yaml"]
    digest = {"a.yaml": pod(f"team/shop:1@{image.id}")}
    assert await engine.manifests.images_only_here(digest, "") == {}


async def test_a_container_of_its_own_id_as_a_name_is_told_without_it(engine: FakeEngine) -> None:
    image = next(each.tags[0] for each in engine.store.images.values() if each.tags)
    spec = ContainerSpec(image=image, ports=(PortMapping(container_port=80),))
    made = await engine.containers.create(CreateContainer(spec=spec, name="one"))
    engine.store.put("container", replace(made, spec=replace(made.spec, hostname=made.id[:12])), "create")
    (found,) = await told(engine, "one")
    assert "hostname" not in found["spec"]
    engine.store.put("container", replace(made, spec=replace(made.spec, hostname="own")), "create")
    (found,) = await told(engine, "one")
    assert found["spec"]["hostname"] == "own"
