"""Tags, removal, what it frees, pruning; who uses an image; the layers of real unpacked images; the demo."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, Conflict, InvalidRequest, NotFound
from engine.images.known.users import ImageUser, WritableLayer
from engine.types.images import TreeChange
from tests.support.image_engine import opened_images
from tests.support.images import File, busybox_archive, directory, symlink
from tests.system.images.test_archives import load

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from engine.images.image_service import ImageService
    from tests.support.stores import ShortTmp

ONE = busybox_archive([File("one", b"1" * 1000)], reference="localhost/one:1")
TWO = busybox_archive([File("two", b"2" * 3000)], reference="localhost/two:1")


class Users:
    """Containers, as far as images need to know of them."""

    def __init__(self, *users: ImageUser) -> None:
        self.users = list(users)

    def image_users(self, image_id: str = "") -> Sequence[ImageUser]:
        return [user for user in self.users if not image_id or user.image_id == image_id]

    @asynccontextmanager
    async def writable_layer(self, container: str, *, pause: bool) -> AsyncIterator[WritableLayer]:
        raise NotFound(f"No such container: {container}")
        yield


async def test_sizes_say_what_is_shared_and_what_a_removal_frees(images: ImageService, short_tmp: ShortTmp) -> None:
    await load(images, ONE)
    await load(images, TWO)
    one, two = await images.get("localhost/one:1"), await images.get("localhost/two:1")

    assert (one.unique_size, two.unique_size) == (1000, 3000)
    assert one.shared_size == two.shared_size > 1_000_000
    alone = await images.removal_frees([one.id])
    together = await images.removal_frees([one.id, two.id])
    assert 1000 < alone < 2000
    assert together > one.shared_size + 4000
    assert together == (await images.usage()).layers

    assert (await images.remove("localhost/one:1")).bytes == alone
    assert (await images.get("localhost/two:1")).shared_size == 0
    assert (await images.prune(all_unused=True)).bytes == together - alone
    assert (await images.usage()).layers == 0


async def test_names_come_and_go_and_the_last_takes_the_image(images: ImageService) -> None:
    await load(images, ONE)
    await images.tag("localhost/one:1", "other")
    await images.tag("other", "third:2")
    image = await images.get("other:latest")
    assert image.tags == ("other:latest", "third:2", "localhost/one:1")

    with pytest.raises(Conflict, match="3 repositories"):
        await images.remove(image.id)
    assert (await images.remove("third:2")).untagged == ("third:2",)
    assert (await images.remove("localhost/one:1")).deleted == ()
    assert image.id in (await images.remove(image.id[7:19])).deleted
    with pytest.raises(NotFound):
        await images.get(image.id)


async def test_a_tag_that_moves_leaves_a_nameless_image_to_prune(images: ImageService) -> None:
    await load(images, ONE)
    first = await images.get("localhost/one:1")
    await load(images, TWO)
    await images.tag("localhost/two:1", "localhost/one:1")

    assert (await images.get(first.id)).dangling
    assert first.id in (await images.prune()).deleted
    assert [image.tags for image in await images.list()] == [("localhost/one:1", "localhost/two:1")]


async def test_an_image_in_use_stays_and_its_users_are_named(short_tmp: ShortTmp) -> None:
    users = Users()
    async with opened_images(short_tmp.root, short_tmp.run, containers=users) as images:
        await load(images, ONE)
        image = await images.get("localhost/one:1")
        users.users = [ImageUser(container_id="c1", name="web", image_id=image.id, alive=True)]

        for force in (False, True):
            with pytest.raises(Conflict, match="used by web") as caught:
                await images.remove(image.id, force=force)
            assert caught.value.code is Code.IN_USE
        assert await images.removal_frees([image.id]) == 0
        assert (await images.prune(all_unused=True)).deleted == ()
        assert (await images.get(image.id)).used_by == ("c1",)

        users.users = [ImageUser(container_id="c1", name="web", image_id=image.id, alive=False)]
        with pytest.raises(Conflict, match="used by web"):
            await images.remove("localhost/one:1")
        assert (await images.remove("localhost/one:1", force=True)).deleted == ()
        assert (await images.get(image.id)).dangling  # its container can still start


async def test_names_that_do_not_work(images: ImageService) -> None:
    await load(images, ONE)
    await load(images, TWO)
    with pytest.raises(NotFound):
        await images.get("localhost/three")
    with pytest.raises(InvalidRequest) as caught:
        await images.tag("localhost/one:1", "Bad Name")
    assert caught.value.code is Code.INVALID_REFERENCE


async def test_everything_is_there_after_a_restart(short_tmp: ShortTmp) -> None:
    async with opened_images(short_tmp.root, short_tmp.run) as images:
        await load(images, ONE)
        before = await images.list()
    os.makedirs(short_tmp.root / "blobs" / "sha256", exist_ok=True)
    (short_tmp.root / "blobs" / "sha256" / ("0" * 64)).write_bytes(b"left by a crash")

    async with opened_images(short_tmp.root, short_tmp.run) as images:
        assert await images.list() == before
        assert await images.read_file("localhost/one:1", "/one") == b"1" * 1000
    assert not (short_tmp.root / "blobs" / "sha256" / ("0" * 64)).exists()


LAYERED = busybox_archive(
    [directory("app"), File("app/conf", b"old\n"), File("app/big", b"b" * 50_000), symlink("app/link", "conf")],
    [File("app/conf", b"new\n"), File("app/.wh.big")],
    [File("app/conf", b"new\n", mode=0o600)],
    reference="localhost/layered:1",
)


async def test_the_layers_of_an_image_tell_their_story(images: ImageService) -> None:
    await load(images, LAYERED)
    name = "localhost/layered:1"
    report = await images.layer_report(name)

    assert [(layer.added, layer.changed, layer.removed, layer.mode_only) for layer in report.layers[1:]] == [
        (4, 0, 0, 0), (0, 1, 1, 0), (0, 0, 0, 1),
    ]  # fmt: skip
    assert [(one.path, one.size, one.added_by, one.hidden_by, one.reason) for one in report.wasted] == [
        ("/app/big", 50_000, 1, 2, "removed"),
        ("/app/conf", 4, 1, 2, "overwritten"),
        ("/app/conf", 4, 2, 3, "copied-for-metadata"),
    ]
    assert report.wasted_size == 50_008
    tree = {node.entry.path: node.change for node in await images.tree(name, "/app", layer=2)}
    assert tree == {
        "/app/big": TreeChange.REMOVED, "/app/conf": TreeChange.CHANGED, "/app/link": TreeChange.SAME,
    }  # fmt: skip
    root = {node.entry.path: node.change for node in await images.tree(name, "/", layer=2)}
    assert root["/app"] is TreeChange.CHANGED, "there is something new below it"
    assert root["/bin"] is TreeChange.SAME
    assert [(node.layer, node.change) for node in await images.file_history(name, "/app/conf")] == [
        (1, TreeChange.ADDED), (2, TreeChange.CHANGED), (3, TreeChange.MODE_ONLY),
    ]  # fmt: skip
    assert await images.read_file(name, "/app/link", layer=1) == b"old\n"
    assert await images.read_file(name, "/app/link") == b"new\n"
    assert "-old\n+new\n" in await images.diff_file(name, "/app/conf", 1, 2)
    assert (await images.largest(name, "/app", layer=1))[0].entry.path == "/app/big"
    found = [(one.layer, one.visible) async for one in images.find("big")]
    assert found == [(1, False)]
    digest = (await images.tree(name, "/app"))[0].entry.digest
    assert [(one.layer, one.visible) async for one in images.find(digest, kind="digest")] == [(2, False), (3, True)]


async def test_two_images_side_by_side(images: ImageService) -> None:
    await load(images, ONE)
    status = b"Package: libc6\nStatus: install ok installed\nVersion: 2.36\n\n"
    status += b"Package: gone\nStatus: deinstall ok config-files\n"
    apk = b"P:musl\nV:1.2.5-r0\n\n"
    await load(
        images,
        busybox_archive(
            [File("var/lib/dpkg/status", status), File("lib/apk/db/installed", apk)],
            reference="localhost/two:1", config={"User": "www"},
        ),
    )  # fmt: skip
    result = await images.compare("localhost/one:1", "localhost/two:1")

    changes = {difference.path: difference.change for difference in result.files}
    assert changes["/one"] is TreeChange.REMOVED
    assert changes["/var/lib/dpkg/status"] is TreeChange.ADDED
    assert "/bin/busybox" not in changes
    assert ("user", "", "www") in result.config
    assert result.packages == (("libc6", "", "2.36"), ("musl", "", "1.2.5-r0"))


async def test_the_demo_is_always_the_same(images: ImageService) -> None:
    reference = await images.load_demo().result()
    first = await images.get(reference)
    await images.load_demo().result()

    assert [image.id for image in await images.list()] == [first.id]
    assert first.config.exposed_ports == ("8080/tcp",)
    reasons = {one.reason for one in (await images.layer_report(reference)).wasted}
    assert reasons == {"overwritten", "directory-removed", "copied-for-metadata"}
