"""One suite for both drivers: what an image's layers say is what a container sees, and what it writes is kept apart."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import stat
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.support.archives import Archive, add_layer, add_layers
from tests.support.processes import process_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.sandbox.keeper.asked.files import FileInfo
    from engine.storage.layers import LayerStore
    from engine.storage.rootfs import RootFilesystems

DRIVERS = ("overlay", "fuse-overlayfs")


class Mounted:
    """One container's root under one driver."""

    def __init__(self, keeper: Keeper, rootfs: RootFilesystems, layers: LayerStore, driver: str) -> None:
        self.keeper = keeper
        self.rootfs = rootfs
        self.layers = layers
        self.driver = driver
        self.used: list[str] = []

    async def mount(self, *archives: Archive, name: str = "box") -> Path:
        diff_ids = await add_layers(self.layers, archives)
        self.used.append(name)
        return await self.rootfs.mount(name, diff_ids, driver=self.driver)

    async def names(self, root: Path, path: str = "/") -> set[str]:
        return {entry.name for entry in await self.keeper.list_directory(root, path)}

    async def shell(self, root: Path, script: str) -> str:
        done = await self.keeper.run(["sh", "-euc", script], cwd=root)
        assert done.code == 0, done.stderr.decode()
        return done.stdout.decode()

    async def stat(self, root: Path, path: str) -> FileInfo:
        return await self.keeper.stat(root, path)


@pytest.fixture(params=DRIVERS)
async def box(
    request: pytest.FixtureRequest, keeper: Keeper, rootfs: RootFilesystems, layers: LayerStore
) -> AsyncIterator[Mounted]:
    mounted = Mounted(keeper, rootfs, layers, request.param)
    yield mounted
    for name in mounted.used:
        await rootfs.remove(name)


async def test_the_top_layer_wins(box: Mounted) -> None:
    root = await box.mount(
        Archive.new().directory("d").add("d/same", b"below").add("d/below", b"1"),
        Archive.new().directory("d").add("d/same", b"above").add("d/above", b"2"),
    )

    assert await box.names(root, "d") == {"same", "below", "above"}
    assert await box.shell(root, "cat d/same") == "above"


async def test_whiteouts_hide_files_and_directories(box: Mounted) -> None:
    root = await box.mount(
        Archive.new().directory("d").add("d/file", b"1").add("d/other", b"2").directory("gone").add("gone/x", b"3"),
        Archive.new().whiteout("d/file").whiteout("gone"),
    )

    assert await box.names(root) == {"d"}
    assert await box.names(root, "d") == {"other"}


async def test_an_opaque_directory_hides_what_is_below_it_only(box: Mounted) -> None:
    root = await box.mount(
        Archive.new().directory("d").add("d/hidden", b"1").directory("d/sub").add("d/sub/x").directory("e").add("e/y"),
        Archive.new().directory("d").opaque("d").add("d/shown", b"2"),
        Archive.new().directory("d").add("d/later", b"3"),
    )

    assert await box.names(root, "d") == {"shown", "later"}
    assert await box.names(root, "e") == {"y"}


async def test_a_whiteout_does_not_touch_its_own_layer(box: Mounted) -> None:
    below = Archive.new().add("file", b"below").directory("d").add("d/hidden", b"1").directory("n").add("n/hidden")
    above = (
        Archive.new().add("file", b"above").whiteout("file")  # after the entry
        .whiteout("d").directory("d").add("d/shown", b"2")  # before the entry
        .whiteout("n").add("n/shown", b"3")  # before entries below it only
    )  # fmt: skip
    root = await box.mount(below, above)

    assert await box.shell(root, "cat file") == "above"
    assert await box.names(root, "d") == {"shown"}
    assert await box.names(root, "n") == {"shown"}


async def test_a_file_replaces_a_directory_and_the_reverse(box: Mounted) -> None:
    root = await box.mount(
        Archive.new().directory("a").add("a/x", b"1").add("b", b"2"),
        Archive.new().add("a", b"now a file").directory("b").add("b/y", b"3"),
    )

    assert await box.shell(root, "cat a b/y") == "now a file3"


async def test_hard_links_within_a_layer(box: Mounted) -> None:
    root = await box.mount(Archive.new().add("one", b"data").directory("d").hardlink("d/two", "one"))

    one, two = await box.stat(root, "one"), await box.stat(root, "d/two")
    assert one.inode == two.inode
    assert await box.shell(root, "cat d/two") == "data"


async def test_owners_modes_setuid_and_times(box: Mounted) -> None:
    root = await box.mount(
        Archive.new()
        .directory("home", uid=1000, gid=1000, mode=0o2770, mtime=1_600_000_000.25)
        .add("home/suid", b"#!/bin/sh", uid=0, gid=42, mode=0o6755, mtime=1_500_000_000.123456789)
        .add("readonly", b"x", mode=0o400, uid=65534, gid=65534)
        .symlink("link", "home", uid=5, gid=6)
    )

    home, suid = await box.stat(root, "home"), await box.stat(root, "home/suid")
    assert (home.uid, home.gid, stat.S_IMODE(home.mode)) == (1000, 1000, 0o2770)
    assert home.mtime_ns == 1_600_000_000_250_000_000
    assert (suid.uid, suid.gid, stat.S_IMODE(suid.mode)) == (0, 42, 0o6755)
    assert abs(suid.mtime_ns - 1_500_000_000_123_456_789) < 1000, "tarfile itself wrote the time as a float"
    readonly, link = await box.stat(root, "readonly"), await box.stat(root, "link")
    assert (readonly.uid, stat.S_IMODE(readonly.mode)) == (65534, 0o400)
    assert (link.uid, link.gid, link.link) == (5, 6, "home")


async def test_the_root_directory_looks_like_the_images(box: Mounted) -> None:
    root = await box.mount(Archive.new().directory("./", mode=0o700, uid=7, gid=8), Archive.new().add("file"))

    found = await box.stat(root, "/")
    assert (found.uid, found.gid, stat.S_IMODE(found.mode)) == (7, 8, 0o700)


async def test_extended_attributes_and_capabilities(box: Mounted) -> None:
    capability = (
        b"\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"  # cap_net_bind_service=ep
    )
    root = await box.mount(
        Archive.new().add(
            "tool",
            b"#!",
            uid=0,
            mode=0o755,
            xattrs={
                "user.comment": "hello",
                "security.capability": capability.decode("latin-1"),
                "user.overlay.opaque": "y",
                "trusted.overlay.redirect": "/etc",
            },
        )
    )

    script = "import os; print({k: os.getxattr('tool', k).hex() for k in os.listxattr('tool')})"
    found = await box.shell(root, f'python3 -c "{script}"')
    assert b"hello".hex() in found
    assert "010000020004" in found, "the capability is not as it was"
    assert "overlay" not in found, "an archive could forge what the overlay shows"


async def test_sparse_files_stay_sparse_and_read_as_zeros(box: Mounted, tmp_path: Path) -> None:
    hole = tmp_path / "hole"
    with hole.open("wb") as file:
        file.seek(40 << 20)
        file.write(b"end")
    for form in ("gnu", "pax"):
        made = await box.keeper.run(["tar", "--sparse", f"--format={form}", "-C", str(tmp_path), "-cf", "-", "hole"])
        archive = Archive.new()
        archive.buffer.write(made.stdout)
        archive.tar.close = lambda: None  # type: ignore[method-assign]
        archive.buffer.seek(0)
        root = await box.mount(archive, name=f"box-{form}")
        found = await box.stat(root, "hole")
        assert (found.size, found.blocks * 512 < 1 << 20) == ((40 << 20) + 3, True)
        digest = (await box.shell(root, "sha256sum hole")).split()[0]
        assert digest == hashlib.sha256(hole.read_bytes()).hexdigest()


async def test_devices_are_refused_but_keep_their_names(box: Mounted, layers: LayerStore) -> None:
    root = await box.mount(
        Archive.new()
        .add("null", kind=tarfile.CHRTYPE, devmajor=1, devminor=3)
        .add("disk", kind=tarfile.BLKTYPE, devmajor=8, devminor=0)
        .add("forged", kind=tarfile.CHRTYPE, devmajor=0, devminor=0)
        .add("pipe", kind=tarfile.FIFOTYPE)
    )

    assert await box.names(root) == {"null", "disk", "forged", "pipe"}
    for name in ("null", "disk", "forged"):
        assert stat.S_ISREG((await box.stat(root, name)).mode)
    assert stat.S_ISFIFO((await box.stat(root, "pipe")).mode)
    assert any("1:3" in note for diff_id in layers.diff_ids() for note in layers.index(diff_id).notes)


async def test_unicode_long_and_ugly_names(box: Mounted) -> None:
    names = [
        "naïve-日本語-🙂",
        "n" * 255,
        "new\nline",
        "sp ace",
        "-dash",
        "co:lon,comma\\back",
        "bad-utf8-\udcff\udc80",
    ]
    deep = "/".join(["p" * 200] * 15)
    archive = Archive.new(tarfile.GNU_FORMAT)
    for name in names:
        archive.add(name, name.encode(errors="surrogateescape"))
    archive.add(f"{deep}/leaf", b"deep")
    root = await box.mount(archive)

    assert await box.names(root) == {*names, "p" * 200}
    assert (await box.stat(root, f"{deep}/leaf")).size == 4
    for name in names:
        fd = await box.keeper.open_file(root, name, os.O_RDONLY)
        with os.fdopen(fd, "rb") as file:
            assert file.read() == name.encode(errors="surrogateescape")


@pytest.mark.timeout(120)
async def test_128_layers(box: Mounted) -> None:
    root = await box.mount(*(Archive.new().add(f"file-{n:03}", b"%d" % n).add("last", b"%d" % n) for n in range(128)))

    assert len(await box.names(root)) == 129
    assert await box.shell(root, "cat last file-000 file-127") == "1270127"


async def test_no_layers_at_all(box: Mounted) -> None:
    box.used.append("scratch")
    root = await box.rootfs.mount("scratch", [], driver=box.driver)

    await box.shell(root, "echo hi > file; mkdir d")
    assert await box.names(root) == {"file", "d"}


# --- writing ---


async def test_writes_stay_in_the_writable_layer(box: Mounted, layers: LayerStore) -> None:
    diff_id = await add_layer(layers, Archive.new().directory("d").add("d/a", b"a").add("d/b", b"b").add("c", b"c"))
    box.used += ["one", "two"]
    one = await box.rootfs.mount("one", [diff_id], driver=box.driver)
    two = await box.rootfs.mount("two", [diff_id], driver=box.driver)

    await box.shell(one, "echo new >> d/a; rm d/b; mv c renamed; rm -r d; mkdir d; echo x > d/fresh; ln renamed hard")

    assert await box.names(one, "d") == {"fresh"}
    assert await box.names(two, "d") == {"a", "b"}
    assert await box.shell(two, "cat d/a c") == "ac"
    assert await box.names(layers.path(diff_id), "d") == {"a", "b"}
    assert await box.shell(one, "echo more >> hard; cat renamed") == "cmore\n"


async def test_directories_of_a_layer_can_be_renamed_with_mv(box: Mounted) -> None:
    root = await box.mount(Archive.new().directory("old").directory("old/sub").add("old/sub/x", b"x"))

    await box.shell(root, "mv old new; mkdir made; mv made moved")

    assert await box.names(root) == {"new", "moved"}
    assert await box.shell(root, "cat new/sub/x") == "x"


async def test_what_was_written_is_there_after_a_remount(box: Mounted, rootfs: RootFilesystems) -> None:
    diff_ids = await add_layers(box.layers, [Archive.new().directory("d").add("d/below", b"1").add("keep", b"k")])
    box.used.append("again")
    root = await rootfs.mount("again", diff_ids, driver=box.driver)
    await box.shell(root, "rm -r d; mkdir d; echo 2 > d/above; rm keep; echo 3 > other")

    await rootfs.unmount("again")
    assert "again" not in await rootfs.mounted()
    again = await rootfs.mount("again", diff_ids)  # no driver named: it keeps its own

    assert await box.names(again, "d") == {"above"}
    assert await box.names(again) == {"d", "other"}
    kinds = {each.kind for each in await box.keeper.mounts() if each.target == str(again)}
    assert kinds == {"overlay" if box.driver == "overlay" else "fuse.fuse-overlayfs"}


async def test_a_read_only_root(box: Mounted) -> None:
    diff_ids = await add_layers(box.layers, [Archive.new().add("file", b"1")])
    box.used.append("fixed")
    root = await box.rootfs.mount("fixed", diff_ids, driver=box.driver, read_only=True)

    assert await box.shell(root, "cat file") == "1"
    assert (await box.keeper.run(["touch", "new"], cwd=root)).code != 0


async def test_the_size_of_the_writable_layer(box: Mounted) -> None:
    root = await box.mount(Archive.new().add("file", b"x" * 100_000))
    await box.shell(root, "head -c 5000 /dev/zero > new; ln new link; rm file")

    assert (await box.rootfs.size("box")).bytes == 5000


async def test_mounting_twice_is_mounting_once(box: Mounted) -> None:
    diff_ids = await add_layers(box.layers, [Archive.new().add("file")])
    box.used.append("twice")
    await asyncio.gather(*(box.rootfs.mount("twice", diff_ids, driver=box.driver) for _ in range(5)))

    root = str(box.rootfs.upper("twice").parent / "rootfs")
    assert [each.target for each in await box.keeper.mounts()].count(root) == 1


# --- one driver only ---


async def test_a_dead_fuse_mount_is_noticed_and_mounted_again(
    keeper: Keeper, rootfs: RootFilesystems, layers: LayerStore
) -> None:
    diff_ids = await add_layers(layers, [Archive.new().add("file", b"1")])
    root = await rootfs.mount("dead", diff_ids, driver="fuse-overlayfs")
    await keeper.write_file(root, "written", b"2")
    os.kill(process_of("fuse-overlayfs", root), signal.SIGKILL)

    async with asyncio.timeout(30):
        while True:
            if "dead" not in await rootfs.mounted():
                break
            await asyncio.sleep(0.01)
    again = await rootfs.mount("dead", diff_ids)

    assert {entry.name for entry in await keeper.list_directory(again, "/")} == {"file", "written"}
    await rootfs.remove("dead")


async def test_the_probe_prefers_what_works_and_is_remembered(rootfs: RootFilesystems, keeper: Keeper) -> None:
    choice = await rootfs.open()
    assert choice.name in DRIVERS
    assert (await rootfs.open()) == choice
    assert (await rootfs.open("fuse-overlayfs")).name == "fuse-overlayfs"
    assert not [each for each in await keeper.mounts() if "probe-" in each.target]
