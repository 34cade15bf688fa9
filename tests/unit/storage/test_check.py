"""The store's fsck: a clean store is called clean; damage is found, named, and mended where that is safe."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from engine.errors import StorageError
from engine.sandbox.keeper.asked.mounts import Mount
from engine.storage import check as module
from engine.storage.blobs import BlobStore
from engine.storage.check import Rows, StoreCheck
from engine.storage.contents import Sources
from tests.support.archives import Archive, add_layer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterator
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.storage.layers import LayerStore
    from engine.storage.paths import Paths
    from engine.storage.rootfs import RootFilesystems
    from engine.types.host import StoreProblem
    from tests.fakes.machine import MachineInMemory

KNOWN, UNKNOWN = "a" * 64, "b" * 64


def contents() -> Archive:
    return Archive.new().add("file", b"x")


class Fsck:
    """The check, and what the other rooms say they know."""

    def __init__(self, paths: Paths, keeper: Keeper, layers: LayerStore, rootfs: RootFilesystems) -> None:
        self.archives: dict[str, str] = {}
        self.done: list[str] = []
        self.database = ""
        self.layers: dict[str, str] = {}
        self.held: set[str] = set()
        self.running: set[str] = set()
        self.with_files: set[str] = set()
        self.volumes: set[str] = set()
        self.cgroups: dict[str, Callable[[], object]] = {}
        self.blobs = BlobStore(paths)
        self.looked = 0

        async def restore(diff_id: str) -> None:
            self.done.append(f"restore {diff_id}")
            await layers.set_aside(diff_id)
            await add_layer(layers, contents())

        async def pack_again(diff_id: str) -> None:
            self.done.append(f"pack {diff_id}")

        async def database() -> str:
            return self.database

        sources = Sources(archives=lambda: self.archives, restore=restore, pack_again=pack_again, database=database)
        self._check = StoreCheck(paths, keeper, layers, rootfs, blobs=self.blobs, sources=sources)

    def rows(self) -> Rows:
        self.looked += 1
        return Rows(
            containers={KNOWN: "known"},
            running=self.running,
            with_files=self.with_files,
            layers=self.layers,
            held_layers=self.held,
            volumes=self.volumes,
            cgroups=dict(self.cgroups),
        )

    async def found(self, *, mend: bool = False, deep: bool = False) -> list[StoreProblem]:
        problems = await self._check.run(self.rows, mend=mend, deep=deep)
        return sorted(problems, key=lambda problem: (problem.kind, problem.subject))

    async def kinds(self, *, mend: bool = False, deep: bool = False) -> list[tuple[str, str]]:
        problems = await self.found(mend=mend, deep=deep)
        assert all(problem.mended == (problem.mendable and mend) for problem in problems), problems
        return [(problem.kind, problem.subject) for problem in problems]


@pytest.fixture
def fsck(
    paths: Paths, keeper: Keeper, layers: LayerStore, rootfs: RootFilesystems, monkeypatch: pytest.MonkeyPatch
) -> Fsck:
    """All the processes of this computer are looked at by those tests alone that are about them."""
    monkeypatch.setattr(module, "_MOMENT_SECONDS", 0.0)
    monkeypatch.setattr(module, "_command_lines", lambda **_: ())
    return Fsck(paths, keeper, layers, rootfs)


@pytest.fixture
async def layer(layers: LayerStore, fsck: Fsck) -> str:
    diff_id = await add_layer(layers, contents())
    fsck.layers[diff_id] = "some:image"
    return diff_id


@pytest.fixture
def archive(fsck: Fsck, paths: Paths, layer: str) -> Path:
    """The layer's compressed form."""
    data = b"as it came"
    fsck.archives[layer] = "sha256:" + hashlib.sha256(data).hexdigest()
    path = paths.blob(fsck.archives[layer])
    path.write_bytes(data)
    return path


@pytest.fixture
async def used(fsck: Fsck, rootfs: RootFilesystems, layer: str, paths: Paths) -> AsyncIterator[None]:
    """A container that runs."""
    await rootfs.open()
    await rootfs.mount(KNOWN, [layer])
    paths.netns(KNOWN).touch()
    paths.container_run(KNOWN).mkdir()
    (paths.exits / KNOWN).touch()
    fsck.running = {KNOWN}
    fsck.with_files = {KNOWN}
    fsck.cgroups[KNOWN] = lambda: fsck.done.append("cgroup")
    yield
    paths.netns(KNOWN).unlink()


def explained(problems: Collection[StoreProblem]) -> list[str]:
    return [problem.explanation for problem in problems]


@pytest.mark.usefixtures("used", "archive")
async def test_a_used_store_is_clean_and_nothing_is_looked_at_twice(fsck: Fsck) -> None:
    assert await fsck.kinds(mend=True, deep=True) == []
    assert (fsck.looked, fsck.done) == (1, [])


async def test_what_is_only_there_for_a_moment_is_nothing_to_tell(
    fsck: Fsck, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleeting = paths.container(UNKNOWN)
    fleeting.mkdir()

    async def over(seconds: float) -> None:
        fleeting.rmdir()
        paths.container_run(UNKNOWN).mkdir()

    monkeypatch.setattr(asyncio, "sleep", over)
    assert await fsck.kinds(mend=True) == []
    assert fsck.looked == 2
    assert paths.container_run(UNKNOWN).exists(), "it came after the first look, and is not confirmed"


async def test_leftovers_of_an_unknown_container_are_found_and_cleared(
    fsck: Fsck, paths: Paths, machine: MachineInMemory
) -> None:
    (paths.container(UNKNOWN) / "rootfs").mkdir(parents=True)
    root = paths.rootfs(UNKNOWN)
    machine.mounted.append(Mount("/", str(root), "tmpfs"))
    paths.netns(UNKNOWN).touch()
    paths.container_run(UNKNOWN).mkdir()
    (paths.exits / UNKNOWN).write_text("0")
    fsck.cgroups[UNKNOWN[:32]] = lambda: fsck.done.append(str(fsck.cgroups.popitem()[0]))

    expected = [
        ("orphan-cgroup", UNKNOWN[:32]), ("orphan-container", str(paths.container(UNKNOWN))),
        ("orphan-mount", str(root)), ("orphan-network", str(paths.netns(UNKNOWN))),
        ("orphan-run-file", str(paths.container_run(UNKNOWN))), ("orphan-run-file", str(paths.exits / UNKNOWN)),
    ]  # fmt: skip
    assert await fsck.kinds() == expected
    assert fsck.done == []
    assert await fsck.kinds(mend=True) == expected
    assert fsck.done == [UNKNOWN[:32]]
    assert await fsck.kinds() == []
    assert not paths.netns(UNKNOWN).exists()


async def test_what_is_no_container_s_is_left_alone(fsck: Fsck, paths: Paths, machine: MachineInMemory) -> None:
    """Networks of builds and of other stores, files of other programs, mounts of volumes."""
    places = [paths.netns("build-step"), paths.network_namespaces / f"wherry-other-{UNKNOWN}", paths.exits / "note"]
    for place in (*places, paths.runs / "conmon.pid"):
        place.touch()
    machine.mounted.append(Mount("/", str(paths.volumes), "tmpfs"))
    found = await fsck.kinds(mend=True)
    for place in places[:2]:
        place.unlink()
    assert found == []
    assert places[2].exists()


async def test_a_directory_of_namespaces_that_is_not_there_is_no_failure(fsck: Fsck, paths: Paths) -> None:
    paths.runs.rmdir()
    assert await fsck.kinds() == []


async def test_a_container_without_its_files_is_told(fsck: Fsck) -> None:
    fsck.with_files = {KNOWN}
    [problem] = await fsck.found(mend=True)
    assert (problem.kind, problem.subject, problem.mendable) == ("missing-container", KNOWN, False)
    assert "What known had changed" in problem.explanation


async def test_a_root_that_is_not_mounted_is_told_of_what_runs(fsck: Fsck) -> None:
    fsck.running = {KNOWN, UNKNOWN}
    problems = await fsck.found(mend=True)
    assert [(each.kind, each.subject, each.mendable) for each in problems] == [
        ("missing-mount", KNOWN, False), ("missing-mount", UNKNOWN, False),
    ]  # fmt: skip
    assert explained(problems)[0] == "known runs, but its root is not mounted here: restart it."
    assert explained(problems)[1].startswith(UNKNOWN)


@pytest.mark.usefixtures("used")
async def test_a_dead_root_is_taken_away_only_when_nothing_runs_on_it(
    fsck: Fsck, paths: Paths, machine: MachineInMemory, monkeypatch: pytest.MonkeyPatch, rootfs: RootFilesystems
) -> None:
    async def none() -> set[str]:
        return set()

    monkeypatch.setattr(rootfs, "mounted", none)
    problems = await fsck.found(mend=True)
    assert [(each.kind, each.mendable) for each in problems] == [("dead-mount", False), ("missing-mount", False)]
    assert explained(problems)[0] == "The root of known does not answer: the process behind it died."
    fsck.running = set()
    assert await fsck.kinds(mend=True) == [("dead-mount", str(paths.rootfs(KNOWN)))]
    assert machine.mounted == []


@pytest.mark.usefixtures("used")
async def test_other_mounts_of_a_container_are_its_own(fsck: Fsck, paths: Paths, machine: MachineInMemory) -> None:
    data = paths.container(KNOWN) / "data"
    data.mkdir()
    machine.mounted.append(Mount("/", str(data), "tmpfs"))
    assert await fsck.kinds(mend=True) == []


# --- processes ---


_COMMAND_LINES = module._command_lines


@pytest.fixture
def processes(fsck: Fsck, keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> Fsck:
    """Those of this very namespace are looked at."""
    monkeypatch.setattr(module, "_command_lines", _COMMAND_LINES)
    monkeypatch.setattr(keeper, "pid", os.getpid())
    return fsck


@pytest.fixture
def stray(paths: Paths) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Programs with a word on their command lines."""
    started: list[subprocess.Popen[bytes]] = []

    def start(word: str) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(["/bin/sh", "-c", "echo; while :; do sleep 1000; done", "stray", word],
                                        stdout=subprocess.PIPE, process_group=0))  # fmt: skip
        assert started[-1].stdout is not None
        started[-1].stdout.readline()  # from now on its words are seen
        return started[-1]

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


async def test_a_program_that_works_for_no_container_is_ended(
    processes: Fsck, paths: Paths, stray: Callable[[str], subprocess.Popen[bytes]]
) -> None:
    theirs, its = stray(f"{paths.containers}/{UNKNOWN}/rootfs"), stray(f"{paths.runs}/{UNKNOWN}")
    known, other = stray(str(paths.container(KNOWN))), stray(f"/elsewhere/{UNKNOWN}/rootfs")
    longer = stray(f"{paths.containers}/{UNKNOWN}0")
    expected = sorted([("orphan-process", str(theirs.pid)), ("orphan-process", str(its.pid))])

    problems = await processes.found()
    assert [(each.kind, each.subject) for each in problems] == expected
    assert f"works for {UNKNOWN[:12]}, which is no container" in explained(problems)[0]
    assert "“/bin/sh -c echo" in explained(problems)[0]
    assert await processes.kinds(mend=True) == expected
    assert (theirs.wait(), its.wait()) == (-9, -9)
    assert [each.poll() for each in (known, other, longer)] == [None, None, None]


async def test_a_stranger_who_has_the_number_by_then_is_not_ended(
    processes: Fsck, paths: Paths, stray: Callable[[str], subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    process = stray(f"{paths.runs}/{UNKNOWN}")
    times = iter(range(9))
    monkeypatch.setattr(module, "_begun", lambda _: str(next(times)))
    await processes.kinds(mend=True)
    assert process.poll() is None


async def test_a_program_that_ended_by_itself_is_as_good_as_ended(
    stray: Callable[[str], subprocess.Popen[bytes]],
) -> None:
    process = stray("x")
    assert module._begun(process.pid) != module._begun(os.getpid()) != ""
    kill = module._killer(process.pid)
    os.killpg(process.pid, 9)
    process.wait()
    await kill()
    assert module._begun(process.pid) == ""


# --- layers ---


async def test_layers_and_links_in_both_directions(fsck: Fsck, layers: LayerStore, layer: str, paths: Paths) -> None:
    nobody_s = await add_layer(layers, Archive.new().add("file", b"nobody's"))
    held = await add_layer(layers, Archive.new().add("file", b"of a pull"))
    fsck.held = {held}
    lost = "sha256:" + "c" * 64
    fsck.layers[lost] = "other:image"
    (paths.root / layers.short_name(layer)).unlink()
    (paths.root / layers.short_name(held)).unlink()
    (paths.root / layers.short_name(held)).symlink_to("../layers/elsewhere/tree")
    dangling = paths.layer_links / "dangling"
    dangling.symlink_to("../layers/none/tree")

    found = await fsck.kinds(mend=True)
    assert found == sorted([
        ("missing-layer", lost), ("missing-link", layer), ("missing-link", held), ("orphan-layer", nobody_s),
        ("orphan-link", str(dangling)),
    ])  # fmt: skip
    [missing] = await fsck.found()
    assert (missing.kind, missing.mendable) == ("missing-layer", False)
    assert missing.explanation == "other:image needs this layer, and it is not here: pull it again."
    for each in (layer, held):
        assert os.readlink(paths.root / layers.short_name(each)) == layers.link_target(each)


async def test_a_missing_layer_is_made_of_its_compressed_form(
    fsck: Fsck, layers: LayerStore, archive: Path, paths: Paths
) -> None:
    [layer] = fsck.layers
    await layers.remove(layer)
    [missing] = await fsck.found()
    assert (missing.mendable, missing.explanation) == (True, "some:image needs this layer, and it is not here.")
    assert await fsck.kinds(mend=True) == [("missing-layer", layer)]
    assert (fsck.done, layers.has(layer)) == ([f"restore {layer}"], True)
    await layers.remove(layer)
    paths.blob(fsck.archives[layer]).unlink()
    assert [each.mendable for each in await fsck.found()] == [False]


@pytest.mark.parametrize("damage", ["rubbish", "rows", "tree"])
async def test_a_damaged_layer_is_taken_away_for_a_fresh_pull(
    fsck: Fsck, layers: LayerStore, layer: str, paths: Paths, damage: str
) -> None:
    index = paths.layer_index(layer)
    if damage == "rubbish":
        index.write_bytes(b"WLIDX01\n" + b"\xff" * 40)
    elif damage == "rows":
        index.write_bytes(index.read_bytes().replace(b"file", b"fi\0e"))
    else:
        (paths.layer_tree(layer) / "file").unlink()
        paths.layer_tree(layer).rmdir()
    fsck.running = {KNOWN}
    problems = await fsck.found(mend=True)
    assert [(each.kind, each.mendable) for each in problems] == [("damaged-layer", False), ("missing-mount", False)]
    told = {"rubbish": "index of a layer is damaged", "rows": "Its index has lost rows.", "tree": "Its files are gone."}
    assert told[damage] in explained(problems)[0]
    assert "Mending takes it away; pull some:image again." in explained(problems)[0]
    assert layers.has(layer), "a running container may stand on it"

    fsck.running = set()
    assert [kind for kind, _ in await fsck.kinds(mend=True)] == ["damaged-layer", "missing-layer", "orphan-link"]
    assert await fsck.kinds() == [("missing-layer", layer)]
    assert not layers.has(layer)


async def test_a_damaged_layer_is_made_of_its_compressed_form(
    fsck: Fsck, layers: LayerStore, archive: Path, paths: Paths
) -> None:
    [layer] = fsck.layers
    paths.layer_index(layer).write_bytes(b"rubbish")
    [problem, *_] = await fsck.found(mend=True)
    assert (problem.kind, problem.mended, fsck.done) == ("damaged-layer", True, [f"restore {layer}"])
    assert "Mending takes it away" not in problem.explanation
    assert layers.has(layer)


async def test_what_mending_could_not_do_is_said(
    fsck: Fsck, paths: Paths, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_: object) -> None:
        raise StorageError("The disk is read-only", "So it is.")

    paths.container_run(UNKNOWN).mkdir()
    monkeypatch.setattr(keeper, "remove_tree", refuse)
    [problem] = await fsck.found(mend=True)
    assert (problem.mended, problem.mendable) == (False, True)
    assert problem.explanation.startswith("Run-time files of no container. Mending failed: ")
    assert "read-only" in problem.explanation
    assert fsck.looked == 2, "nothing was taken away that others could miss"


# --- volumes, rubbish ---


async def test_volumes_are_named_and_never_deleted(fsck: Fsck, paths: Paths) -> None:
    (paths.volume_data("stray") / "inner").mkdir(parents=True)
    (paths.volume_data("stray") / "file").write_text("precious")
    paths.volume_data("half").mkdir(parents=True)
    paths.volume_data("kept").mkdir(parents=True)
    fsck.volumes = {"lost", "kept"}

    problems = await fsck.found(mend=True)
    assert [(each.kind, each.subject, each.mended) for each in problems] == [
        ("missing-volume", "lost", True),
        ("orphan-volume", str(paths.volume("half")), True),
        ("orphan-volume", str(paths.volume("stray")), False),
    ]
    assert (paths.volume_data("stray") / "file").read_text() == "precious"
    assert paths.volume_data("lost").is_dir()
    assert not paths.volume("half").exists()


async def test_what_could_not_be_deleted_is_named_with_the_reason(fsck: Fsck, layers: LayerStore, paths: Paths) -> None:
    await layers.trash.empty()
    stuck = paths.trash / "stuck"
    stuck.mkdir()
    layers.trash.failed[stuck] = "Device or resource busy"
    [problem] = await fsck.found(mend=True)
    assert (problem.kind, problem.subject, problem.mended) == ("undeleted", str(stuck), True)
    assert "Device or resource busy" in problem.explanation
    assert not stuck.exists()


# --- every byte ---


def flip(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])


async def test_a_changed_byte_is_found_only_by_who_reads_them_all(
    fsck: Fsck, layers: LayerStore, layer: str, archive: Path
) -> None:
    flip(layers.path(layer) / "file")
    assert await fsck.kinds() == []
    [problem] = await fsck.found(deep=True, mend=True)
    assert (problem.kind, problem.subject, problem.mended) == ("damaged-layer", layer, True)
    assert problem.explanation == "file in a layer of some:image is not what it was."
    assert fsck.done == [f"restore {layer}"]

    flip(layers.path(layer) / "file")
    fsck.running = {KNOWN}
    problem = (await fsck.found(deep=True, mend=True))[0]
    assert (problem.mendable, fsck.done) == (False, [f"restore {layer}"])
    assert "It can be made whole once nothing runs." in problem.explanation


async def test_a_layer_that_nothing_here_has_whole_says_what_it_costs(
    fsck: Fsck, layers: LayerStore, layer: str
) -> None:
    flip(layers.path(layer) / "file")
    [problem] = await fsck.found(deep=True, mend=True)
    assert (problem.kind, problem.mendable) == ("damaged-layer", False)
    assert "pull the image and mend again" in problem.explanation


@pytest.mark.parametrize(("gone", "told"), [(True, "is gone: it runs, but"), (False, "is damaged: it runs, but")])
async def test_a_lost_compressed_form_is_packed_again(
    fsck: Fsck, archive: Path, paths: Paths, *, gone: bool, told: str
) -> None:
    [layer] = fsck.layers
    paths.blob(fsck.archives[layer]).unlink() if gone else flip(archive)
    [problem] = await fsck.found(deep=True, mend=True)
    assert (problem.kind, problem.subject, problem.mended) == ("damaged-blob", fsck.archives[layer], True)
    assert f"The compressed form of a layer of some:image {told}" in problem.explanation
    assert fsck.done[0] == f"pack {layer}"


async def test_with_both_forms_damaged_the_layer_is_not_made_of_the_damaged_one(
    fsck: Fsck, layers: LayerStore, layer: str, archive: Path
) -> None:
    flip(layers.path(layer) / "file")
    flip(archive)
    problems = await fsck.found(deep=True, mend=True)
    assert [(each.kind, each.mendable) for each in problems] == [("damaged-blob", True), ("damaged-layer", False)]
    assert fsck.done == [f"pack {layer}"]


async def test_a_blob_that_is_not_what_its_name_says_goes(fsck: Fsck, paths: Paths) -> None:
    kept = await fsck.blobs.put(b"whole", algorithm="sha512")
    damaged = await fsck.blobs.put(b"damaged", algorithm="sha512")
    other = await fsck.blobs.put(b"other")
    flip(paths.blob(damaged))
    flip(paths.blob(other))

    assert await fsck.kinds(deep=True, mend=True) == [("damaged-blob", other), ("damaged-blob", damaged)]
    assert fsck.blobs.digests() == {kept}
    assert await fsck.kinds(deep=True) == []


async def test_only_what_is_suspected_is_read_a_second_time(
    fsck: Fsck, layers: LayerStore, layer: str, archive: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await add_layer(layers, Archive.new().add("other", b"y"))
    fsck.layers[other] = "other:image"
    blob = await fsck.blobs.put(b"sound")
    flip(layers.path(layer) / "file")
    read: list[str] = []
    damage, is_intact = layers.damage, fsck.blobs.is_intact

    async def noting_damage(diff_id: str) -> str:
        read.append(diff_id)
        return await damage(diff_id)

    async def noting_blob(digest: str) -> bool:
        read.append(digest)
        return await is_intact(digest)

    monkeypatch.setattr(layers, "damage", noting_damage)
    monkeypatch.setattr(fsck.blobs, "is_intact", noting_blob)
    assert await fsck.kinds(deep=True) == [("damaged-layer", layer)]
    assert sorted(read) == sorted([layer, other, blob, fsck.archives[layer], layer, fsck.archives[layer]])


async def test_what_the_database_says_of_itself_is_passed_on(fsck: Fsck, paths: Paths) -> None:
    fsck.database = "row 5 missing from index"
    assert await fsck.kinds() == []
    [problem] = await fsck.found(deep=True, mend=True)
    assert (problem.kind, problem.subject, problem.mendable) == ("damaged-database", str(paths.database), False)
    assert "row 5 missing from index" in problem.explanation


async def test_a_layer_without_an_index_is_told_once(fsck: Fsck, layer: str, paths: Paths) -> None:
    paths.layer_index(layer).unlink()
    assert await fsck.kinds(deep=True) == [("damaged-layer", layer)]
