"""Root file systems: which layers are seen, who wrote what, what is mounted once, and what is mounted and dead."""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import Conflict, InvalidRequest, StorageError
from engine.sandbox.ids import IdMapping, IdRange
from engine.sandbox.keeper.asked.mounts import Mount
from engine.sandbox.keeper.asked.steps import MakeDirectory, MakeFile, Own
from engine.storage import rootfs as module
from engine.storage.drivers import OwnerChange
from engine.storage.drivers.fuse_overlayfs import FuseOverlay
from engine.storage.rootfs import RootFilesystems, topmost
from tests.support.archives import Archive, add_layer, add_layers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.sandbox.client import Keeper
    from engine.sandbox.keeper.asked.steps import Step
    from engine.storage.layers import LayerStore
    from engine.storage.paths import Paths
    from tests.fakes.machine import MachineInMemory

WEB = "a" * 64
FUSE = "fuse-overlayfs"


@pytest.fixture
async def opened(rootfs: RootFilesystems) -> RootFilesystems:
    """The played machine says that overlay is its driver."""
    await rootfs.open()
    return rootfs


@pytest.fixture
def fuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """There, whatever this computer has."""
    monkeypatch.setattr(FuseOverlay, "unavailable", lambda _: "")
    monkeypatch.setattr("engine.processes.fuse_overlayfs.need_program", lambda name: f"/usr/bin/{name}")


@pytest.fixture
def plans(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """Every step that the keeper was asked for."""
    seen: list[Step] = []
    execute = keeper.execute

    async def noting(plan: Sequence[Step]) -> None:
        seen.extend(plan)
        await execute(plan)

    monkeypatch.setattr(keeper, "execute", noting)
    return seen


def overlays(plans: list[Step]) -> list[Any]:
    return [step for step in plans if type(step).__name__ == "Overlay"]


async def two_layers(layers: LayerStore) -> list[str]:
    return await add_layers(
        layers,
        [
            Archive.new().directory("./", mode=0o700).add("same", b"below").add("below", b"1"),
            Archive.new().add("same", b"above").add("above", b"2"),
        ],
    )


def test_each_layer_is_stacked_once_where_it_counts_most() -> None:
    assert topmost(["a", "b", "a", "c"]) == ["c", "a", "b"]
    assert topmost([]) == []


async def test_the_top_layer_wins_and_its_writer_is_remembered(
    opened: RootFilesystems, layers: LayerStore, paths: Paths
) -> None:
    root = await opened.mount(WEB, await two_layers(layers))

    assert root == paths.rootfs(WEB)
    assert {each.name: each.read_text() for each in root.iterdir()} == {"same": "above", "below": "1", "above": "2"}
    assert (paths.container(WEB) / "driver").read_text() == "overlay"
    assert opened.driver(WEB) == "overlay"
    assert opened.upper(WEB) == paths.upper(WEB)
    assert await opened.mounted() == await opened.mount_points() == {WEB}


async def test_the_stack_is_named_from_the_top_by_short_names(
    opened: RootFilesystems, layers: LayerStore, paths: Paths, plans: list[Step]
) -> None:
    below, above = await two_layers(layers)
    await opened.mount(WEB, [below, above])

    [overlay] = overlays(plans)
    assert overlay.lower == (layers.short_name(above), layers.short_name(below))
    assert (overlay.base, overlay.target) == (paths.root, paths.rootfs(WEB))
    assert (overlay.upper, overlay.work) == (f"containers/{WEB}/upper", f"containers/{WEB}/work")
    made = {step.path: step.mode for step in plans if isinstance(step, MakeDirectory)}
    assert (made[paths.rootfs(WEB)], made[paths.work(WEB)]) == (0o700, 0o700)


async def test_nothing_can_be_written_to_what_is_mounted_to_be_read(
    opened: RootFilesystems, layers: LayerStore, plans: list[Step]
) -> None:
    await opened.mount(WEB, await two_layers(layers), read_only=True)
    assert overlays(plans)[-1].upper == ""

    other = await opened.mount_image(WEB, "other", [await add_layer(layers, Archive.new().add("x"))])
    assert other.parent.name == "other"
    overlay = overlays(plans)[-1]
    assert (overlay.upper, len(overlay.lower), overlay.lower[-1]) == ("", 2, "empty"), "the kernel wants two"
    await opened.unmount_image(WEB, "other")
    assert list(other.iterdir()) == []


async def test_an_image_without_layers_has_an_empty_root(opened: RootFilesystems, plans: list[Step]) -> None:
    root = await opened.mount(WEB, [])

    assert overlays(plans)[-1].lower == ("empty",)
    assert list(root.iterdir()) == []


async def test_what_is_mounted_is_left_alone_and_only_what_goes_along_is_done(
    opened: RootFilesystems, layers: LayerStore, paths: Paths, plans: list[Step]
) -> None:
    stack = await two_layers(layers)
    first = [MakeFile(path=paths.container(WEB) / "first")]
    also = [MakeFile(path=paths.container(WEB) / "also")]
    await opened.mount(WEB, stack, at_first=first)
    assert (paths.container(WEB) / "first").exists()
    (paths.container(WEB) / "first").unlink()
    await opened.mount(WEB, stack, also=also, at_first=first)

    assert len(overlays(plans)) == 1
    assert (paths.container(WEB) / "also").exists()
    await opened.unmount(WEB)
    (paths.container(WEB) / "also").unlink()
    await opened.mount(WEB, stack, also=also, at_first=first)
    assert (paths.container(WEB) / "also").exists()
    assert not (paths.container(WEB) / "first").exists(), "what it wrote is there already"


async def test_two_who_mount_at_once_mount_once(opened: RootFilesystems, layers: LayerStore, plans: list[Step]) -> None:
    stack = await two_layers(layers)
    await asyncio.gather(opened.mount(WEB, stack), opened.mount(WEB, stack))
    assert len(overlays(plans)) == 1


async def test_what_was_written_is_there_after_unmounting(
    opened: RootFilesystems, layers: LayerStore, paths: Paths
) -> None:
    root = await opened.mount(WEB, await two_layers(layers))
    (root / "new").write_text("12345")
    await opened.unmount(WEB)

    assert (paths.upper(WEB) / "new").read_text() == "12345"
    assert ((await opened.size(WEB)).files, (await opened.size(WEB)).bytes) == (1, 5)
    assert await opened.mounted() == set()


async def test_one_that_never_ran_has_written_nothing(opened: RootFilesystems) -> None:
    assert tuple(await opened.size("f" * 64)) == (0, 0, 0)
    await opened.unmount("f" * 64)
    assert opened.driver("f" * 64) == "overlay"


async def test_a_removed_one_is_gone_and_its_mount_with_it(
    opened: RootFilesystems, layers: LayerStore, paths: Paths
) -> None:
    await opened.mount(WEB, await two_layers(layers))
    await opened.remove(WEB)

    assert not paths.container(WEB).exists()
    assert await opened.mount_points() == set()
    await layers.trash.empty()
    assert list(paths.trash.iterdir()) == []


async def test_the_root_directory_is_the_topmost_that_an_image_says(
    opened: RootFilesystems, layers: LayerStore, keeper: Keeper, plans: list[Step], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = await add_layer(layers, Archive.new().directory("./", mode=0o750, uid=7, gid=8))
    older = await add_layer(layers, Archive.new().directory("./", mode=0o711, uid=1, gid=2).add("y"))
    silent = await add_layer(layers, Archive.new().add("x"))
    plain = await add_layer(layers, Archive.new().add("z"))
    await opened.mount(WEB, [older, said, silent])
    assert [(step.uid, step.gid, step.mode) for step in plans if isinstance(step, Own)] == [(0, 0, 0o750)]

    many = IdMapping((IdRange(0, 1, 65536),), (IdRange(0, 1, 65536),))
    monkeypatch.setattr(keeper, "ids", many)
    plans.clear()
    await opened.mount("b" * 64, [older, said, silent])
    await opened.mount("c" * 64, [plain])
    owned = [(step.uid, step.gid, step.mode) for step in plans if isinstance(step, Own)]
    assert owned == [(7, 8, 0o750), (0, 0, 0o755)]


async def test_a_stack_too_high_for_the_kernel_is_refused(
    opened: RootFilesystems, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [f"sha256:{number:064x}" for number in range(201)]
    with pytest.raises(InvalidRequest, match="201 of them; 200 is the most"):
        await opened.mount(WEB, many)
    monkeypatch.setattr(module, "MOST_LAYERS", 1)
    await opened.mount(WEB, [])
    with pytest.raises(InvalidRequest):
        await opened.mount(WEB, many[:2])


# --- drivers ---


async def test_before_they_are_open_there_is_no_default(rootfs: RootFilesystems) -> None:
    with pytest.raises(RuntimeError):
        _ = rootfs.default
    assert (await rootfs.open()).name == rootfs.default.name == "overlay"


async def test_an_unknown_driver_is_refused(opened: RootFilesystems) -> None:
    with pytest.raises(InvalidRequest, match="'zfs' is not one of overlay, fuse-overlayfs"):
        await opened.mount(WEB, [], driver="zfs")


async def test_one_that_is_not_here_is_said_to_be_missing(
    opened: RootFilesystems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.processes.fuse_overlayfs.find_program", lambda _: "")
    with pytest.raises(Conflict) as refused:
        await opened.mount(WEB, [], driver=FUSE)
    assert (refused.value.subject, refused.value.explanation) == (FUSE, "fuse-overlayfs is not installed.")
    assert not opened.can_change_owners

    monkeypatch.setattr("engine.processes.fuse_overlayfs.find_program", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(Conflict, match="/dev/fuse may not be opened"):
        await opened.mount(WEB, [], driver=FUSE)


@pytest.mark.usefixtures("fuse")
async def test_a_container_keeps_the_driver_of_its_first_mount(
    opened: RootFilesystems, layers: LayerStore, machine: MachineInMemory, paths: Paths
) -> None:
    stack = await two_layers(layers)
    root = await opened.mount(WEB, stack, driver=FUSE)
    assert {each.name for each in root.iterdir()} == {"same", "below", "above"}
    assert [(each.target, each.kind) for each in machine.mounted] == [(str(root), "fuse.fuse-overlayfs")]
    assert opened.driver(WEB) == FUSE
    await opened.unmount(WEB)
    await opened.mount(WEB, stack, driver="overlay")

    assert machine.mounted[-1].kind == "fuse.fuse-overlayfs"
    assert (paths.container(WEB) / "driver").read_text() == FUSE


@pytest.mark.usefixtures("fuse")
async def test_what_the_driver_says_is_told(opened: RootFilesystems, machine: MachineInMemory, paths: Paths) -> None:
    machine.fuse_refusal = "fuse: device not found"
    with pytest.raises(StorageError) as refused:
        await opened.mount(WEB, [], driver=FUSE)

    assert refused.value.details == "fuse: device not found"
    assert str(paths.rootfs(WEB)) in refused.value.title


@pytest.mark.usefixtures("fuse")
async def test_a_mount_whose_process_died_is_not_alive_and_is_replaced(
    opened: RootFilesystems, layers: LayerStore, keeper: Keeper, monkeypatch: pytest.MonkeyPatch, plans: list[Step]
) -> None:
    stack = await two_layers(layers)
    await opened.mount(WEB, stack, driver=FUSE)
    look = keeper.stat

    async def dead(*_: object, **__: object) -> None:
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    monkeypatch.setattr(keeper, "stat", dead)
    assert await opened.mounted() == set()
    assert await opened.mount_points() == {WEB}

    async def silent(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(module, "ANSWER_WITHIN", 0.01)
    monkeypatch.setattr(keeper, "stat", silent)
    assert await opened.mounted() == set()
    plans.clear()
    await opened.mount(WEB, stack)
    assert [step.every for step in plans if type(step).__name__ == "Unmount"] == [True]
    monkeypatch.setattr(keeper, "stat", look)
    assert await opened.mounted() == {WEB}


async def test_what_others_have_mounted_is_nobody_s_root(
    opened: RootFilesystems, paths: Paths, machine: MachineInMemory
) -> None:
    for place, kind in (
        (paths.rootfs(WEB), "tmpfs"),
        (paths.container(WEB) / "data", "overlay"),
        (paths.container(WEB) / "other" / "rootfs", "overlay"),
        (paths.build("step") / "rootfs", "overlay"),
    ):
        place.mkdir(parents=True)
        machine.mounted.append(Mount("/", str(place), kind))

    assert await opened.mounted() == await opened.mount_points() == set()


@pytest.mark.usefixtures("fuse")
async def test_owners_can_be_shown_as_others_where_the_driver_can(
    opened: RootFilesystems,
    layers: LayerStore,
    keeper: Keeper,
    machine: MachineInMemory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stack = await two_layers(layers)
    programs: list[list[str]] = []
    play = machine.play
    monkeypatch.setattr(machine, "play", lambda asked, fds: programs.append(list(asked.argv)) or play(asked, fds))
    change = OwnerChange(1000, 100, 65536)
    await opened.mount("b" * 64, stack)
    assert not await opened.change_owners("b" * 64, stack, change)

    await opened.mount(WEB, stack, driver=FUSE)
    assert await opened.change_owners(WEB, stack, change)
    options = programs[-1][2].split(",")
    assert options[-2:] == [
        "uidmapping=0:1000:1:1:1:999:1000:0:1:1001:1001:64535",
        "gidmapping=0:100:1:1:1:99:100:0:1:101:101:65435",
    ]
    assert not [each for each in programs[0][2].split(",") if "mapping" in each]
    mounts = len(programs)
    assert await opened.change_owners(WEB, stack, change)
    assert len(programs) == mounts, "it is shown so already"
    assert await opened.change_owners(WEB, stack, OwnerChange(7, 7, 65536))
    assert len(programs) == mounts + 1
    await opened.unmount(WEB)
    assert await opened.change_owners(WEB, stack, OwnerChange(7, 7, 65536))
    assert len(programs) == mounts + 2

    assert not opened.can_change_owners, "with one id there is nothing to change"
    monkeypatch.setattr(keeper, "ids", IdMapping((IdRange(0, 1, 65536),), (IdRange(0, 1, 65536),)))
    assert opened.can_change_owners


# --- build steps ---


async def test_a_build_step_has_a_root_of_its_own(opened: RootFilesystems, layers: LayerStore, paths: Paths) -> None:
    root = await opened.mount_scratch("step", await two_layers(layers))
    assert root == paths.build("step") / "rootfs"
    (root / "made").write_text("x")
    assert await opened.mounted() == set(), "it is no container's"
    assert await opened.mount_scratch("step", []) == root
    await opened.unmount_scratch("step")

    assert opened.scratch_upper("step") == paths.build("step") / "upper"
    assert (opened.scratch_upper("step") / "made").exists()
    assert opened.scratch_driver("step") == "overlay"
    await opened.remove_scratch("step")
    assert not paths.build("step").exists()


@pytest.mark.usefixtures("fuse")
async def test_a_build_step_may_have_another_driver(opened: RootFilesystems, machine: MachineInMemory) -> None:
    await opened.mount_scratch("step", [], driver=FUSE)
    assert opened.scratch_driver("step") == FUSE
    assert machine.mounted[-1].kind == "fuse.fuse-overlayfs"
