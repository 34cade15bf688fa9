"""Packing: a container's changes as a layer, any tree as a tar stream, and back again."""

from __future__ import annotations

import hashlib
import tarfile
from typing import TYPE_CHECKING

import pytest

from engine.sandbox.keeper.asked.steps import MakeDirectory
from tests.support.archives import Archive, add_layer, members, packed, stream

if TYPE_CHECKING:
    from engine.sandbox.client import Keeper
    from engine.storage.layers import LayerStore
    from engine.storage.paths import Paths
    from engine.storage.rootfs import RootFilesystems


@pytest.mark.parametrize("driver", ["overlay", "fuse-overlayfs"])
async def test_changes_become_a_layer_that_repeats_them(
    keeper: Keeper, layers: LayerStore, rootfs: RootFilesystems, driver: str
) -> None:
    below = await add_layer(
        layers,
        Archive.new().add("gone", b"1").add("kept", b"2").directory("d").add("d/hidden", b"3").directory("rm")
        .add("rm/x", b"4"),
    )  # fmt: skip
    root = await rootfs.mount("one", [below], driver=driver)
    script = (
        "rm gone; rm -r d rm; mkdir d; echo new > d/new; ln d/new d/hard; chmod 4755 d/new; chown 7:8 kept; mkfifo p"
    )
    assert (await keeper.run(["sh", "-euc", script], cwd=root)).code == 0
    await rootfs.unmount("one")

    data = await packed(keeper, rootfs.upper("one"), marks=rootfs.driver("one"))
    names = members(data)
    with stream(data) as descriptor:
        above = await layers.add("sha256:" + hashlib.sha256(data).hexdigest(), descriptor)
    again = await rootfs.mount("two", [below, above], driver=driver)

    assert {".wh.gone", ".wh.rm", "d", "d/.wh..wh..opq", "d/new", "d/hard", "kept", "p"} == set(names)
    assert {names["d/new"].type, names["d/hard"].type} == {tarfile.REGTYPE, tarfile.LNKTYPE}
    assert {each.name for each in await keeper.list_directory(again, "/")} == {"kept", "d", "p"}
    assert {each.name for each in await keeper.list_directory(again, "d")} == {"new", "hard"}
    assert (await keeper.stat(again, "d/hard")).mode & 0o7777 == 0o4755
    assert (await keeper.stat(again, "kept")).uid == (7 if not keeper.ids.single_id else 0)
    assert await packed(keeper, rootfs.upper("one"), marks=rootfs.driver("one")) == data, "not the same bytes again"
    for name in ("one", "two"):
        await rootfs.remove(name)


async def test_a_tree_survives_the_way_out_and_in(keeper: Keeper, paths: Paths) -> None:
    source, target = paths.staging / "source", paths.staging / "target"
    await keeper.execute([MakeDirectory(path=source), MakeDirectory(path=target)])
    script = f"""
        mkdir -p a/b; echo hello > a/file; ln a/file a/b/hard; ln -s ../file a/b/soft; mkfifo fifo; echo -n > empty
        touch -d '2001-02-03 04:05:06.789012345' a/file; chmod 2750 a; chown 5:6 a/file; chmod 4711 a/file
        mkdir -p {"/".join(["long" * 30] * 6)}; echo x > {"/".join(["long" * 30] * 6)}/{"f" * 200}
        truncate -s 300M holes; printf data | dd of=holes bs=1 seek=200000000 conv=notrunc 2>/dev/null
        head -c 3000000 /dev/urandom > big; chmod 711 .
        python3 -c "import os; os.setxattr('big', 'user.note', b'x')"
    """
    done = await keeper.run(["bash", "-euc", script], cwd=source)
    assert done.code == 0, done.stderr.decode()

    data = await packed(keeper, source)
    with stream(data) as descriptor:
        await keeper.unpack(descriptor, target, layer=False)

    look = (
        "find . -printf '%P %y %m %U %G %s %n %T@ %l\\n' | sort; "
        "find . -type f -print0 | sort -z | xargs -0 sha256sum; python3 -c \"import os; print(os.listxattr('big'))\""
    )
    before = await keeper.run(["bash", "-euc", look], cwd=source)
    after = await keeper.run(["bash", "-euc", look], cwd=target)
    assert before.stdout.count(b"\n") > 20
    sizes = b" d "  # the sizes and link counts of directories are the file system's own affair
    assert [line for line in after.stdout.splitlines() if sizes not in line] == [
        line for line in before.stdout.splitlines() if sizes not in line
    ]
    assert len(data) < 20_000_000, "the hole was written out"
    assert (await keeper.stat(target, "holes")).blocks < 1000
    assert {"./", "a/file"} & set(members(data)) or "." in members(data)


async def test_copy_measure_remove(keeper: Keeper, paths: Paths) -> None:
    source, target = paths.staging / "source", paths.staging / "target"
    await keeper.execute([MakeDirectory(path=source), MakeDirectory(path=target)])
    script = """
        mkdir -p a/b; echo hello > a/file; ln a/file a/b/hard; ln -s ../file a/b/soft
        chown 5:6 a/file; chmod 4750 a/file
        truncate -s 100M holes; chmod 0 a/b; touch -d 2001-01-01 a
    """
    assert (await keeper.run(["sh", "-euc", script], cwd=source)).code == 0
    await keeper.copy_tree(source, target)

    look = "find . -printf '%P %y %m %U %G %n %T@ %l\\n' | sort"
    before = await keeper.run(["sh", "-euc", look], cwd=source)
    after = await keeper.run(["sh", "-euc", look], cwd=target)
    assert after.stdout == before.stdout
    size = await keeper.tree_size(target)
    assert (size.bytes, size.files) == ((100 << 20) + 6, 5)
    assert size.disk < 1 << 20
    await keeper.remove_tree(source)
    await keeper.remove_tree(target)
    await keeper.remove_tree(target)
    assert not list(paths.staging.iterdir())


async def test_a_tree_deeper_than_any_path_can_be_removed(keeper: Keeper, paths: Paths) -> None:
    script = "import os\nfor n in range(3000):\n os.mkdir('d' * 50); os.chdir('d' * 50)\nopen('leaf', 'w')"
    await keeper.execute([MakeDirectory(path=paths.staging / "deep")])
    assert (await keeper.run(["python3", "-c", script], cwd=paths.staging / "deep")).code == 0

    await keeper.remove_tree(paths.staging / "deep")

    assert not list(paths.staging.iterdir())


async def test_a_store_of_before_whose_layers_carry_both_marks_is_read_rightly(
    keeper: Keeper, layers: LayerStore, rootfs: RootFilesystems
) -> None:
    """The kernel's overlay copies the other's mark up with the directory it changes: it hides nothing there."""
    below = await add_layer(layers, Archive.new().directory("d").add("d/hidden"))
    middle = await add_layer(layers, Archive.new().directory("d").opaque("d").add("d/kept"))
    old = "import os; os.setxattr('d', 'user.fuseoverlayfs.opaque', b'y')"
    assert (await keeper.run(["python3", "-c", old], cwd=layers.path(middle))).code == 0
    root = await rootfs.mount("one", [below, middle], driver="overlay")
    assert (await keeper.run(["touch", "d/new"], cwd=root)).code == 0
    await rootfs.unmount("one")

    data = await packed(keeper, rootfs.upper("one"), marks=rootfs.driver("one"))
    with stream(data) as descriptor:
        above = await layers.add(None, descriptor)

    assert "d/.wh..wh..opq" not in members(data)
    for driver in ("overlay", "fuse-overlayfs"):
        again = await rootfs.mount(driver, [below, middle, above], driver=driver)
        assert {each.name for each in await keeper.list_directory(again, "d")} == {"kept", "new"}
        await rootfs.remove(driver)
    await rootfs.remove("one")
