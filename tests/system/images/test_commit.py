"""A real container turned into an image, compared with the one it came from, saved, and pushed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.types.containers import ContainerSpec, CreateContainer
from engine.types.files import Place
from engine.types.images import CommitContainer, PullImage, PushImage, TreeChange

if TYPE_CHECKING:
    from engine.facade import Engine
    from tests.support.registry import Registry


async def test_what_a_container_changed_becomes_a_layer(engine: Engine, shared_registry: Registry) -> None:
    reference = await engine.images.load_demo().result()
    spec = ContainerSpec(image=reference, env={"MORE": "1"}, command=("demo-service", "-x"))
    container = await engine.containers.create(CreateContainer(spec=spec, name="changed"))
    await engine.containers.start(container.id)
    place = Place(kind="container", id=container.id)
    await engine.files.write(place, "/www/new.html", b"<p>new")
    await engine.files.remove(place, "/www/style.css")

    comparison = await engine.images.compare_container("changed")
    changes = {one.path: one.change for one in comparison.files}
    assert changes["/www/new.html"] is TreeChange.ADDED
    assert changes["/www/style.css"] is TreeChange.REMOVED
    assert "/bin/busybox" not in changes

    image_id = await engine.images.commit(
        CommitContainer(
            container="changed", reference="localhost/changed:1", message="with a page", changes=("EXPOSE 81",)
        )
    ).result()
    image = await engine.images.get("localhost/changed:1")
    assert image.id == image_id
    assert image.config.command == ("demo-service", "-x")
    assert "MORE=1" in image.config.env
    assert image.config.exposed_ports == ("81/tcp", "8080/tcp")
    assert len(image.layers) == len((await engine.images.get(reference)).layers) + 1
    assert await engine.images.read_file(image_id, "/www/new.html") == b"<p>new"
    assert (await engine.images.history(image_id))[-1].comment == "with a page"
    assert (await engine.images.get(reference)).used_by == (container.id,)

    name = f"{shared_registry.host}/committed:1"
    await engine.images.tag(image_id, name)
    await engine.images.push(PushImage(reference=name)).result()
    await engine.images.remove(image_id, force=True)
    assert await engine.images.pull(PullImage(reference=name)).result() == image_id
    await engine.containers.remove("changed", force=True, volumes=True)


async def test_a_built_image_can_be_saved_and_pushed(engine: Engine, shared_registry: Registry) -> None:
    """Its layers were packed by the keeper and kept without their archives: those are made when they are wanted."""
    from engine.types.builds import BuildImage

    reference = await engine.images.load_demo().result()
    dockerfile = f"FROM {reference}\nRUN rm -rf /www/cgi-bin && ln /www/index.html /www/again.html\n"
    name = f"{shared_registry.host}/built:1"
    image_id = await engine.builds.build(BuildImage(dockerfile_text=dockerfile, tags=(name,))).result()

    archive = b"".join([piece async for piece in engine.images.save([name])])
    assert len(archive) > 1_000_000
    await engine.images.push(PushImage(reference=name)).result()
    await engine.images.remove(image_id, force=True)
    assert await engine.images.pull(PullImage(reference=name)).result() == image_id
