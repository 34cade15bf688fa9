"""What is known of images here: their snapshots, names, what removing them frees and what refuses it, commits."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Code, Conflict, InvalidRequest, NotFound, WherryError
from engine.images.making import with_spec
from engine.types.containers import ContainerSpec, HealthCheck, PortMapping
from engine.types.data import LabelRule
from engine.types.images import CommitContainer, ImageConfig, TreeChange
from tests.support.images import File, directory, docker_archive, layer_tar, symlink
from tests.support.played_engine import IMAGE, create, start
from tests.unit.images.test_images_in_memory import load

if TYPE_CHECKING:
    from engine.embedded import EmbeddedEngine
    from engine.types.images import Image

ONE, TWO, THREE = (layer_tar([File(name, name.encode() * 100)]) for name in ("one", "two", "three"))


async def named(engine: EmbeddedEngine, name: str, *layers: bytes, **config: Any) -> Image:
    await load(engine, docker_archive(layers, reference=f"localhost/{name}", config=config))
    return await engine.images.get(f"localhost/{name}")


async def ids(engine: EmbeddedEngine) -> set[str]:
    return {each.id for each in await engine.images.list()}


def short(image: Image) -> str:
    return image.id.removeprefix("sha256:")[:12]


# --- snapshots ---


async def test_sizes_tell_what_is_an_images_own_and_what_it_shares(played_engine: EmbeddedEngine) -> None:
    await named(played_engine, "a:1", ONE, TWO)
    await named(played_engine, "b:1", ONE, THREE)
    a, b = [await played_engine.images.get(f"localhost/{name}:1") for name in "ab"]

    assert [(each.size, each.unique_size, each.shared_size) for each in (a, b)] == [(600, 300, 300), (800, 500, 300)]
    removed = await played_engine.images.remove("localhost/b:1")
    a = await played_engine.images.get("localhost/a:1")
    assert (a.unique_size, a.shared_size) == (600, 0)
    assert removed.deleted == (b.id, b.layers[1])


async def test_a_snapshot_says_what_the_config_says(played_engine: EmbeddedEngine) -> None:
    image = await named(played_engine, "a:1", ONE, User="web", Labels={"k": "v"})
    assert (image.config.user, image.config.labels, image.created) == (
        "web", {"k": "v"}, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
    )  # fmt: skip
    assert (image.dangling, image.used_by, image.digests, image.parent) == (False, (), (), "")
    made = await create(played_engine)
    assert (await played_engine.images.get(IMAGE)).used_by == (made.id,)
    await played_engine.containers.remove(made.id)
    assert (await played_engine.images.get(IMAGE)).used_by == ()
    history = await played_engine.images.history("localhost/a:1")
    assert [(step.created_by, step.size, step.diff_id) for step in history] == [("layer 0", 300, image.layers[0])]


async def test_who_watches_hears_of_names_that_come_and_go(played_engine: EmbeddedEngine) -> None:
    image = await played_engine.images.get(IMAGE)
    heard = []
    async with played_engine.watch() as changes:
        await played_engine.images.tag(IMAGE, "localhost/b:2")
        await played_engine.images.remove("localhost/b:2")
        async for change in changes:
            if change.event is not None:
                heard.append((change.event.action, change.event.id, change.event.name, change.event.attributes))
            if len(heard) == 2:
                break
    assert heard == [
        ("tag", image.id, "localhost/b:2", {"name": "localhost/b:2"}),
        ("untag", image.id, "localhost/b:2", {"name": image.id}),
    ]


# --- found by name and id ---


async def test_an_id_is_found_by_its_beginning_and_a_name_goes_first(played_engine: EmbeddedEngine) -> None:
    image = await played_engine.images.get(IMAGE)
    bare = image.id.removeprefix("sha256:")
    for name in (image.id, bare, bare[:12], f"sha256:{bare[:12]}", "localhost/tiny", "localhost/tiny:latest"):
        assert (await played_engine.images.get(name)).id == image.id
    other = await named(played_engine, "a:1", ONE)
    await played_engine.images.tag("localhost/a:1", bare[:12])
    assert (await played_engine.images.get(bare[:12])).id == other.id
    for name in ("sha256:", "sha256:xyz", "nothing", "localhost/tiny:2", "Not A Name"):
        with pytest.raises(WherryError):
            await played_engine.images.get(name)


async def test_a_name_that_looks_like_an_id_is_none(played_engine: EmbeddedEngine) -> None:
    with pytest.raises(InvalidRequest):
        await played_engine.images.tag(IMAGE, "sha256:1234")
    with pytest.raises(WherryError):
        await played_engine.images.tag(IMAGE, f"localhost/x@sha256:{'0' * 64}")
    with pytest.raises(NotFound):
        await played_engine.images.tag("localhost/nothing", "localhost/x")


# --- removed ---


async def test_a_refusal_names_who_needs_the_image_and_what_helps(played_engine: EmbeddedEngine) -> None:
    resting = await create(played_engine, "resting")
    image = await played_engine.images.get(IMAGE)
    with pytest.raises(Conflict) as caught:
        await played_engine.images.remove(IMAGE)
    error = caught.value
    assert (error.title, error.code, error.subject) == (
        "localhost/tiny:latest is used by resting",
        Code.IN_USE,
        resting.id,
    )
    assert (error.details, "force" in error.hint) == (resting.id, True)
    assert error.docker == (
        'conflict: unable to remove repository reference "localhost/tiny:latest" (must force) - '
        f"container {resting.id[:12]} is using its referenced image {short(image)}"
    )
    with pytest.raises(Conflict) as caught:
        await played_engine.images.remove(image.id)
    assert caught.value.docker == (
        f"conflict: unable to delete {short(image)} (must be forced) - "
        f"image is being used by stopped container {resting.id[:12]}"
    )
    running = await start(played_engine, "a-running-one")
    with pytest.raises(Conflict) as caught:
        await played_engine.images.remove(IMAGE, force=True)
    error = caught.value
    assert error.title == "localhost/tiny:latest is used by a-running-one, resting"
    assert "force" not in error.hint
    assert error.docker == (
        f"conflict: unable to delete {short(image)} (cannot be forced) - "
        f"image is being used by running container {running.id[:12]}"
    )


async def test_a_second_name_goes_although_the_image_is_in_use(played_engine: EmbeddedEngine) -> None:
    await start(played_engine)
    await played_engine.images.tag(IMAGE, "localhost/other:1")
    assert (await played_engine.images.remove("localhost/other:1")).untagged == ("localhost/other:1",)
    assert (await played_engine.images.get(IMAGE)).tags == (IMAGE,)


async def test_an_id_with_names_in_two_repositories_is_not_removed_by_chance(played_engine: EmbeddedEngine) -> None:
    image = await named(played_engine, "a:1", ONE)
    for name in ("localhost/a:2", "localhost/b:1"):
        await played_engine.images.tag(image.id, name)
    with pytest.raises(Conflict) as caught:
        await played_engine.images.remove(image.id)
    error = caught.value
    assert (error.code, error.details, error.subject) == (Code.IN_USE, "localhost/a\nlocalhost/b", image.id)
    assert f"unable to delete {short(image)} (must be forced)" in error.docker
    removed = await played_engine.images.remove(image.id, force=True)
    assert set(removed.untagged) == {"localhost/a:1", "localhost/a:2", "localhost/b:1"}
    assert image.id in removed.deleted
    again = await named(played_engine, "a:1", ONE)
    await played_engine.images.tag(again.id, "localhost/a:2")
    assert set((await played_engine.images.remove(again.id)).untagged) == {"localhost/a:1", "localhost/a:2"}


async def test_what_a_removal_frees_is_what_nobody_else_needs(played_engine: EmbeddedEngine) -> None:
    a = await named(played_engine, "a:1", ONE, TWO)
    b = await named(played_engine, "b:1", ONE, THREE)
    both = await played_engine.images.removal_frees([a.id, b.id])
    alone = await played_engine.images.removal_frees([a.id])
    assert 0 < alone < both
    with pytest.raises(NotFound):
        await played_engine.images.removal_frees(["sha256:" + "0" * 64])
    tiny = await played_engine.images.get(IMAGE)
    before = await played_engine.images.removal_frees([tiny.id])
    made = await create(played_engine)
    assert (before > 0, await played_engine.images.removal_frees([tiny.id])) == (True, 0)
    assert (await played_engine.images.remove("localhost/a:1")).bytes == alone
    await played_engine.containers.remove(made.id)


async def test_prune_goes_by_name_label_and_age(played_engine: EmbeddedEngine) -> None:
    named_one = await named(played_engine, "a:1", ONE, Labels={"keep": "yes"})
    nameless = await named(played_engine, "b:1", TWO)
    await played_engine.images.tag(IMAGE, "localhost/b:1")
    created_ns = int(datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC).timestamp() * 1e9)

    assert (await played_engine.images.prune(until_ns=created_ns)).deleted == ()
    pruned = await played_engine.images.prune(until_ns=created_ns + 1)
    assert nameless.id in pruned.deleted
    assert pruned.bytes >= 300
    rule = LabelRule(unwanted={"keep": "yes"})
    await create(played_engine)
    assert (await played_engine.images.prune(all_unused=True, labels=rule)).deleted == ()
    assert named_one.id in (await played_engine.images.prune(all_unused=True)).deleted
    assert len(await ids(played_engine)) == 1


# --- looked into ---


@pytest.fixture
async def layered(played_engine: EmbeddedEngine) -> EmbeddedEngine:
    below = [
        directory("d"),
        File("d/a", b"1" * 10),
        File("d/b", b"2" * 20),
        symlink("l", "d/a"),
        symlink("loop", "loop"),
    ]
    above = [File("d/a", b"1" * 10, mode=0o600), File("d/.wh.b"), File("d/c", b"3" * 30)]
    top = [File("d/e", b"4")]
    await named(played_engine, "x:1", *(layer_tar(each) for each in (below, above, top)))
    return played_engine


async def test_each_row_of_a_tree_says_which_layer_put_it_there(layered: EmbeddedEngine) -> None:
    def rows(nodes: Any) -> dict[str, tuple[str, int, int, int]]:
        return {n.entry.path: (n.change.value, n.tree_size, n.layer, n.children) for n in nodes}

    assert rows(await layered.images.tree("localhost/x:1", "/")) == {
        "/d": ("changed", 41, 0, 3), "/l": ("", 0, 0, 0), "/loop": ("", 0, 0, 0),
    }  # fmt: skip
    found = rows(await layered.images.tree("localhost/x:1", "/d"))
    assert {path: each[:3] for path, each in found.items()} == {
        "/d/a": ("", 10, 1), "/d/c": ("", 30, 1), "/d/e": ("added", 1, 2),
    }  # fmt: skip
    middle = rows(await layered.images.tree("localhost/x:1", "/d", layer=1))
    assert {path: each[0] for path, each in middle.items()} == {
        "/d/a": "mode-only", "/d/b": "removed", "/d/c": "added",
    }  # fmt: skip
    for layer in (3, 99):
        with pytest.raises(InvalidRequest, match=f"no layer {layer}") as caught:
            await layered.images.tree("localhost/x:1", "/", layer=layer)
        assert caught.value.explanation == "Its layers are 0 to 2."
    with pytest.raises(NotFound):
        await layered.images.tree("localhost/x:1", "/nothing")


async def test_a_file_is_read_as_it_was_in_a_layer_and_through_its_links(layered: EmbeddedEngine) -> None:
    async def read(path: str, **options: Any) -> bytes:
        return await layered.images.read_file("localhost/x:1", path, **options)

    assert await read("/l") == b"1" * 10
    assert await read("/d/b", layer=0) == b"2" * 20
    assert await read("d//c/") == b"3" * 30
    for path in ("/d/b", "/loop", "/d", "/nothing"):
        with pytest.raises(WherryError):
            await read(path)
    with pytest.raises(NotFound):
        await read("/d/c", layer=0)


async def test_a_history_and_a_report_go_layer_by_layer(layered: EmbeddedEngine) -> None:
    history = await layered.images.file_history("localhost/x:1", "/d/b")
    assert [(node.layer, node.change) for node in history] == [(0, TreeChange.ADDED), (1, TreeChange.REMOVED)]
    history = await layered.images.file_history("localhost/x:1", "/d/a")
    assert [(node.layer, node.change) for node in history] == [(0, TreeChange.ADDED), (1, TreeChange.MODE_ONLY)]
    report = await layered.images.layer_report("localhost/x:1")
    assert [(each.size, each.added, each.changed, each.removed, each.mode_only) for each in report.layers] == [
        (30, 5, 0, 0, 0), (40, 1, 0, 1, 1), (1, 1, 0, 0, 0),
    ]  # fmt: skip
    assert [each.step.created_by for each in report.layers if each.step] == ["layer 0", "layer 1", "layer 2"]
    assert (report.total_size, report.wasted_size) == (71, 30)
    largest = await layered.images.largest("localhost/x:1", "/d")
    assert [(each.entry.path, each.tree_size) for each in largest] == [("/d/c", 30), ("/d/a", 10), ("/d/e", 1)]
    assert [each.entry.path for each in await layered.images.largest("localhost/x:1", "/d", layer=0)] == [
        "/d/b",
        "/d/a",
    ]


async def test_a_search_goes_by_name_path_or_contents(layered: EmbeddedEngine) -> None:
    async def found(query: str, kind: Any) -> set[tuple[str, int, bool]]:
        hits = layered.images.find(query, kind=kind)
        return {(hit.entry.path, hit.layer, hit.visible) async for hit in hits}

    assert await found("b", "name") == {("/d/b", 0, False)}
    assert await found("d/", "path") >= {("/d/a", 0, False), ("/d/a", 1, True), ("/d/c", 1, True)}
    digest = next(
        node.entry.digest for node in await layered.images.tree("localhost/x:1", "/d") if node.entry.path == "/d/c"
    )
    assert await found(digest, "digest") == {("/d/c", 1, True)}
    with pytest.raises(InvalidRequest):
        await found("", "name")


# --- made of containers ---


def test_a_commit_keeps_the_images_defaults_under_the_containers_own() -> None:
    base = ImageConfig(
        env=("A=1", "B=2"), command=("c",), entrypoint=("e",), workdir="/w", user="u", labels={"k": "v", "x": "y"},
        exposed_ports=("80/tcp",), stop_signal="INT", health=HealthCheck(test=("CMD", "h")), volumes=("/v",),
    )  # fmt: skip
    assert with_spec(base, ContainerSpec(image="i")) == base
    spec = ContainerSpec(
        image="i", env={"B": "3", "C": "4"}, command=(), entrypoint=("other",), workdir="/o", user="",
        ports=(PortMapping(container_port=53, protocol="udp"), PortMapping(container_port=80)),
        exposed_ports=("9/tcp",), labels={"x": "z"},
        stop_signal="TERM", health=HealthCheck(test=("NONE",)),
    )  # fmt: skip
    made = with_spec(base, spec)
    assert (made.env, made.command, made.entrypoint) == (("A=1", "B=3", "C=4"), (), ("other",))
    assert (made.workdir, made.user, made.labels) == ("/o", "", {"k": "v", "x": "z"})
    assert made.exposed_ports == ("80/tcp", "53/udp", "9/tcp")
    assert (made.stop_signal, made.health, made.volumes) == ("TERM", HealthCheck(test=("NONE",)), ("/v",))


async def test_a_commit_is_written_down_with_who_made_it_and_of_what(played_engine: EmbeddedEngine) -> None:
    made = await create(played_engine)
    base = await played_engine.images.get(IMAGE)
    request = CommitContainer(
        container=made.id, reference="localhost/made:1", message="why", author="who", changes=("CMD other", "ENV B=2")
    )
    image = await played_engine.images.get(await played_engine.images.commit(request).result())
    assert (image.author, image.comment, image.parent) == ("who", "why", base.id)
    assert image.tags == ("localhost/made:1",)
    assert image.layers[: len(base.layers)] == base.layers
    assert image.config.command == ("/bin/sh", "-c", "other")
    assert "B=2" in image.config.env
    history = await played_engine.images.history(image.id)
    assert (history[-1].comment, history[-1].author) == ("why", "who")
    again = await played_engine.images.commit(CommitContainer(container=made.id)).result()
    nameless = await played_engine.images.get(again)
    assert (nameless.tags, nameless.dangling, nameless.author) == ((), True, "")
    with pytest.raises(NotFound):
        await played_engine.images.commit(CommitContainer(container="nobody")).result()


async def test_packages_that_came_and_went_are_compared(played_engine: EmbeddedEngine) -> None:
    def apk(**versions: str) -> bytes:
        text = "\n\n".join(f"P:{name}\nV:{version}" for name, version in versions.items()) + "\n\n"
        return layer_tar([File("lib/apk/db/installed", text.encode())])

    def deb(**versions: str) -> bytes:
        text = "\n\n".join(
            f"Package: {name}\nStatus: install ok installed\nVersion: {version}" for name, version in versions.items()
        )
        return layer_tar([File("var/lib/dpkg/status", text.encode() + b"\n")])

    await named(played_engine, "old:1", apk(musl="1", busybox="2"))
    await named(played_engine, "new:1", apk(musl="1", busybox="3", curl="8"))
    await named(played_engine, "deb:1", deb(libc6="2.36"))
    compared = await played_engine.images.compare("localhost/old:1", "localhost/new:1")
    assert compared.packages == (("busybox", "2", "3"), ("curl", "", "8"))
    assert await played_engine.images.packages("localhost/new:1") == [
        ("apk", "busybox", "3"), ("apk", "curl", "8"), ("apk", "musl", "1"),
    ]  # fmt: skip
    assert await played_engine.images.packages("localhost/deb:1") == [("deb", "libc6", "2.36")]


async def test_a_saved_archive_says_its_names_in_both_tongues(played_engine: EmbeddedEngine) -> None:
    import io
    import tarfile

    async def members(**options: Any) -> dict[str, bytes]:
        pieces = [piece async for piece in played_engine.images.save((IMAGE,), **options)]
        with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
            files = [each for each in archive if each.isfile()]
            return {each.name: archive.extractfile(each).read() for each in files}  # type: ignore[union-attr]

    found = await members(oci=True)
    index = json.loads(found["index.json"])
    (descriptor,) = index["manifests"]
    assert descriptor["annotations"] == {
        "io.containerd.image.name": IMAGE, "org.opencontainers.image.ref.name": IMAGE,
    }  # fmt: skip
    assert json.loads(found["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    manifest = json.loads(found["blobs/sha256/" + descriptor["digest"].partition(":")[2]])
    image = await played_engine.images.get(IMAGE)
    assert manifest["config"]["digest"] == image.id
    plain = json.loads((await members())["manifest.json"])
    assert plain[0]["RepoTags"] == [IMAGE]
    with pytest.raises(NotFound):
        await members_of_nothing(played_engine)


async def members_of_nothing(engine: EmbeddedEngine) -> None:
    async for _ in engine.images.save(("localhost/nothing",)):
        pass
