"""The images room on a machine in memory: loaded, saved, named, removed, looked into, compared, made of containers."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from typing import TYPE_CHECKING

import pytest

from engine.errors import Code, Conflict, NotFound, WherryError
from engine.types.containers import ContainerSpec
from engine.types.images import CommitContainer, TreeChange
from tests.support.images import File, docker_archive, layer_tar, symlink
from tests.support.played_engine import IMAGE, create, start

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from engine.embedded import EmbeddedEngine

TWO = "localhost/two:1"
_TWO = (
    [File("data/hello", b"hello\n"), File("data/old", b"x" * 1000), File("bin/tool", b"tool"), symlink("link", "data")],
    [File("data/.wh.old", b""), File("data/hello", b"changed\n"), File("data/new", b"new")],
)


async def load(engine: EmbeddedEngine, archive: bytes) -> str:
    async def stream() -> AsyncIterator[bytes]:
        for at in range(0, len(archive), 1000):
            yield archive[at : at + 1000]

    return str(await engine.images.load(stream()).result())


@pytest.fixture
async def two(played_engine: EmbeddedEngine) -> EmbeddedEngine:
    config = {"Env": ["A=1"], "Cmd": ["serve"], "Labels": {"l": "m"}}
    await load(played_engine, docker_archive([layer_tar(files) for files in _TWO], reference=TWO, config=config))
    return played_engine


async def saved(engine: EmbeddedEngine, *references: str, oci: bool = False) -> bytes:
    return b"".join([piece async for piece in engine.images.save(references, oci=oci)])


def paths(nodes: Sequence[object]) -> dict[str, str]:
    return {node.entry.path: node.change.value for node in nodes}  # type: ignore[attr-defined]


# --- in and out ---


@pytest.mark.parametrize("oci", [False, True])
async def test_what_is_saved_is_loaded_as_the_same_image(two: EmbeddedEngine, oci: bool) -> None:
    before = await two.images.get(TWO)
    archive = await saved(two, TWO, oci=oci)
    await two.images.remove(TWO)

    told = await load(two, archive)

    after = await two.images.get(TWO)
    assert TWO in told
    assert (after.id, after.layers, after.config) == (before.id, before.layers, before.config)
    assert after.config.env == ("A=1",)
    assert await two.images.read_file(TWO, "/data/hello") == b"changed\n"


async def test_two_images_share_what_they_have_in_common_in_one_archive(two: EmbeddedEngine) -> None:
    archive = tarfile.open(fileobj=io.BytesIO(await saved(two, TWO, IMAGE)))
    (manifest,) = [json.load(archive.extractfile(each)) for each in archive if each.name == "manifest.json"]  # type: ignore[arg-type]

    assert {tag for each in manifest for tag in each["RepoTags"]} == {TWO, IMAGE}
    assert len(archive.getnames()) == len(set(archive.getnames()))


async def test_a_cut_archive_leaves_nothing(two: EmbeddedEngine) -> None:
    archive = await saved(two, TWO)
    await two.images.remove(TWO)

    with pytest.raises(WherryError):
        await load(two, archive[: len(archive) // 2])
    with pytest.raises(NotFound):
        await two.images.get(TWO)


async def test_a_layer_that_is_not_its_digest_is_refused(played_engine: EmbeddedEngine) -> None:
    archive = docker_archive([layer_tar([File("a", b"12345")])], reference="localhost/bad:1")

    with pytest.raises(WherryError):
        await load(played_engine, archive.replace(b"12345", b"12346"))
    assert [each.tags for each in await played_engine.images.list()] == [(IMAGE,)]


# --- names and removal ---


async def test_an_image_goes_with_its_last_name(two: EmbeddedEngine) -> None:
    await two.images.tag(TWO, "localhost/other")
    image = await two.images.get(TWO)
    assert set(image.tags) == {TWO, "localhost/other:latest"}

    removed = await two.images.remove(TWO)
    assert (list(removed.untagged), list(removed.deleted)) == ([TWO], [])
    removed = await two.images.remove("localhost/other")
    assert image.id in removed.deleted
    with pytest.raises(NotFound):
        await two.images.get(image.id)


async def test_a_name_moves_to_the_image_it_is_given(two: EmbeddedEngine) -> None:
    await two.images.tag(IMAGE, TWO)

    assert (await two.images.get(TWO)).id == (await two.images.get(IMAGE)).id
    assert sum(not each.tags for each in await two.images.list()) == 1


async def test_what_a_container_was_made_of_stays_unless_forced(two: EmbeddedEngine) -> None:
    made = await create(two)

    with pytest.raises(Conflict) as caught:
        await two.images.remove(IMAGE)
    assert made.name in str(caught.value)
    await two.images.remove(IMAGE, force=True)
    with pytest.raises(NotFound):
        await two.images.get(IMAGE)
    with pytest.raises(WherryError):
        await create(two)


async def test_what_runs_keeps_its_image(two: EmbeddedEngine) -> None:
    await start(two)

    with pytest.raises(Conflict):
        await two.images.remove((await two.images.get(IMAGE)).id, force=True)


async def test_prune_takes_what_has_no_name_or_no_container(two: EmbeddedEngine) -> None:
    await create(two)
    await two.images.tag(IMAGE, TWO)  # takes the other's name

    assert len((await two.images.prune()).deleted) > 0
    assert {tag for each in await two.images.list() for tag in each.tags} == {IMAGE, TWO}


async def test_an_id_may_be_shortened(two: EmbeddedEngine) -> None:
    image = await two.images.get(TWO)
    assert (await two.images.get(image.id.removeprefix("sha256:")[:12])).id == image.id
    with pytest.raises(NotFound):
        await two.images.get("sha256:" + "0" * 64)


# --- looked into ---


async def test_the_merged_tree_shows_what_a_container_would_see(two: EmbeddedEngine) -> None:
    assert set(paths(await two.images.tree(TWO, "/"))) == {"/bin", "/data", "/link"}
    merged = paths(await two.images.tree(TWO, "/data"))
    assert (merged["/data/hello"], merged["/data/new"], merged["/data/old"]) == ("changed", "added", "removed")
    below = paths(await two.images.tree(TWO, "/data", layer=0))
    assert set(below) == {"/data/hello", "/data/old"}
    with pytest.raises(NotFound):
        await two.images.read_file(TWO, "/data/old")
    assert await two.images.read_file(TWO, "/link/new") == b"new"


async def test_waste_is_what_a_layer_has_and_nobody_sees(two: EmbeddedEngine) -> None:
    report = await two.images.layer_report(TWO)

    assert [layer.index for layer in report.layers] == [0, 1]
    wasted = {each.path.strip("/"): (each.size, each.added_by, each.hidden_by, each.reason) for each in report.wasted}
    assert wasted == {"data/old": (1000, 0, 1, "removed"), "data/hello": (6, 0, 1, "overwritten")}
    assert report.wasted_size == 1006
    assert report.score == pytest.approx(1 - 1006 / report.total_size)


async def test_a_files_history_names_each_layer_that_touched_it(two: EmbeddedEngine) -> None:
    touched = await two.images.file_history(TWO, "/data/hello")

    assert len(touched) == 2
    assert "-hello\n+changed" in await two.images.diff_file(TWO, "/data/hello", 0, 1)


async def test_the_largest_come_first(two: EmbeddedEngine) -> None:
    found = await two.images.largest(IMAGE, "/")
    assert [each.tree_size for each in found] == sorted((each.tree_size for each in found), reverse=True)
    assert found[0].entry.path == "/etc"


async def test_a_file_is_found_in_all_images(two: EmbeddedEngine) -> None:
    hits = [hit async for hit in two.images.find("hello")]
    assert {(hit.image_id, hit.layer) for hit in hits} == {
        ((await two.images.get(IMAGE)).id, 0), ((await two.images.get(TWO)).id, 0), ((await two.images.get(TWO)).id, 1),
    }  # fmt: skip


async def test_comparing_tells_what_differs_and_nothing_else(two: EmbeddedEngine) -> None:
    compared = await two.images.compare(IMAGE, TWO)
    changes = {each.path: each.change for each in compared.files}

    assert changes["/data/hello"] is TreeChange.CHANGED
    assert changes["/data/new"] is TreeChange.ADDED
    assert changes["/etc/passwd"] is TreeChange.REMOVED
    assert {changes[path] for path in ("/bin", "/bin/tool", "/link")} == {TreeChange.ADDED}
    assert (compared.left, compared.right) == (IMAGE, TWO)
    assert {key: (old, new) for key, old, new in compared.config if key in ("env A", "label l", "command")} == {
        "env A": ("", "1"), "label l": ("", "m"), "command": ("/bin/sh", "serve"),
    }  # fmt: skip
    same = await two.images.compare(TWO, TWO)
    assert (same.files, same.config, same.packages) == ((), (), ())


async def test_a_comparison_tells_both_sizes(two: EmbeddedEngine) -> None:
    once = layer_tar([File("only", b"o" * 700)])
    await load(two, docker_archive([once], reference="localhost/once"))
    again = docker_archive([once, layer_tar([File("more", b"m" * 30)]), once], reference="localhost/thrice")
    await load(two, again)

    compared = await two.images.compare("localhost/once", "localhost/thrice")

    # A layer that is there twice takes its place once.
    assert (compared.size_left, compared.size_right) == (700, 730)


async def test_other_bytes_of_the_same_length_and_another_owner_are_told_apart(two: EmbeddedEngine) -> None:
    for name, text, owner in (("a", b"one", 0), ("b", b"two", 0), ("c", b"one", 7)):
        archive = docker_archive([layer_tar([File("f", text, uid=owner)])], reference=f"localhost/{name}")
        await load(two, archive)

    assert [each.change for each in (await two.images.compare("localhost/a", "localhost/b")).files] == [
        TreeChange.CHANGED
    ]
    (moved,) = (await two.images.compare("localhost/a", "localhost/c")).files
    assert moved.change is TreeChange.MODE_ONLY
    assert moved.old is not None
    assert moved.new is not None
    assert (moved.old.uid, moved.new.uid) == (0, 7)


async def test_a_container_is_held_against_its_image(two: EmbeddedEngine) -> None:
    running = await start(two)
    root = two.paths.rootfs(running.id)
    (root / "data/hello").write_bytes(b"hallo\n")
    (root / "data/fresh").write_bytes(b"12345678")
    (root / "etc/group").unlink()

    compared = await two.images.compare_container(running.id)

    assert {each.path: each.change for each in compared.files if "data/" in each.path or "group" in each.path} == {
        "/data/fresh": TreeChange.ADDED, "/data/hello": TreeChange.CHANGED, "/etc/group": TreeChange.REMOVED,
    }  # fmt: skip
    gone = next(each.old for each in compared.files if each.path == "/etc/group")
    assert gone is not None
    assert (compared.left, compared.right) == (IMAGE, running.name)
    assert compared.size_right - compared.size_left == 8 - gone.size


async def test_a_layer_that_is_not_what_it_is_called_is_not_kept(played_engine: EmbeddedEngine) -> None:
    layers, tar = played_engine.layers, layer_tar([File("f", b"contents")])
    before = layers.diff_ids()
    with tempfile.TemporaryFile() as file:
        file.write(tar)
        file.seek(0)
        with pytest.raises(WherryError) as caught:
            await layers.add("sha256:" + "0" * 64, file.fileno())

    assert caught.value.code is Code.DIGEST_MISMATCH
    assert layers.diff_ids() == before
    assert not list(played_engine.paths.staging.iterdir())


# --- made ---


async def test_a_commit_is_the_container_as_it_is(two: EmbeddedEngine) -> None:
    running = await start(two, env={"B": "2"})
    (two.paths.rootfs(running.id) / "data/written").write_text("by the service")

    image = await two.images.commit(CommitContainer(container=running.id, reference="localhost/made")).result()

    made = await two.images.get("localhost/made")
    assert image == made.id
    assert len(made.layers) == 2
    assert await two.images.read_file(image, "/data/written") == b"by the service"
    assert "B=2" in made.config.env
    assert isinstance(running.spec, ContainerSpec)


async def test_an_image_without_a_layer_is_none_the_worse(played_engine: EmbeddedEngine) -> None:
    await load(played_engine, docker_archive([], reference="localhost/empty:1"))

    image = await played_engine.images.get("localhost/empty:1")
    assert (image.layers, image.size) == ((), 0)
    assert not await played_engine.images.tree(image.id, "/")


async def test_usage_counts_what_is_shared_once(two: EmbeddedEngine) -> None:
    before = await two.images.usage()
    await two.images.tag(TWO, "localhost/again")
    assert await two.images.usage() == before
    assert await two.images.removal_frees([(await two.images.get(TWO)).id]) > 0
