"""Layers looked into: rows of a tree, the largest, the history of a path, what differs, what is still to be seen."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from engine.errors import InvalidRequest, NotFound
from engine.images.known.records import StoredImage
from engine.images.look.compare import _differing, config_differences
from engine.images.look.inspector import LayerInspector, is_visible
from engine.images.look.search import _searcher
from engine.images.look.stack import Stack
from engine.types.images import TreeChange
from tests.support.images import File, directory, docker_archive, hardlink, layer_tar, symlink
from tests.support.indexes import file, folder, make_index, opaque, whiteout
from tests.support.indexes import hardlink as also
from tests.support.indexes import symlink as link
from tests.unit.images.test_images_in_memory import load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from engine.storage.layer_index import LayerIndex
    from engine.types.images import TreeNode
    from tests.support.indexes import Entry

ADDED, CHANGED, REMOVED, MODE, SAME = (
    TreeChange.ADDED, TreeChange.CHANGED, TreeChange.REMOVED, TreeChange.MODE_ONLY, TreeChange.SAME,
)  # fmt: skip


@dataclass
class Kept:
    """Layers and which images have them, as far as whoever looks into an image asks for it."""

    indexes: dict[str, LayerIndex]
    sharing: dict[str, set[str]] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)

    def index(self, diff_id: str) -> LayerIndex:
        self.opened.append(diff_id)
        return self.indexes[diff_id]

    def images_with_layer(self, diff_id: str) -> set[str]:
        return self.sharing.get(diff_id, set())


def stored(*diff_ids: str, **config: Any) -> StoredImage:
    document = {"os": "linux", "architecture": "amd64", "config": config,
                "rootfs": {"type": "layers", "diff_ids": list(diff_ids)}}  # fmt: skip
    return StoredImage(id="sha256:i", config=json.dumps(document).encode(), pulled_ns=1)


def looked(place: Path, *layers: Sequence[Entry]) -> tuple[LayerInspector, StoredImage, Kept]:
    names = [f"sha256:{digit * 64}" for digit in "0123456789abcdef"[: len(layers)]]
    kept = Kept({name: make_index(place, name[-1], layer) for name, layer in zip(names, layers, strict=True)})
    given: Any = kept
    return LayerInspector(given, given, given), stored(*names), kept


def rows(nodes: Sequence[TreeNode]) -> list[tuple[str, TreeChange, int, int, int]]:
    """Path, what the layer did to it, its bytes, how much is in it, and whose it is."""
    return [(each.entry.path, each.change, each.tree_size, each.children, each.layer) for each in nodes]


BELOW = [
    folder("a"), file("a/x", b"1" * 10), file("a/y", b"2" * 20), folder("a/in"), file("a/in/z", b"3" * 5),
    folder("gone"), folder("gone/in"), file("gone/in/f", b"4" * 7), file("gone/g", b"5" * 3), link("l", "a/x"),
    file("lone", b"6"), folder("still"), file("still/f", b"8" * 9),
]  # fmt: skip
ABOVE = [
    folder("a", implicit=True), file("a/x", b"1" * 10, mode=0o600), whiteout("a/y"), file("a/new", b"7" * 4),
    whiteout("gone"), link("l", "a/new"),
]  # fmt: skip


async def test_a_tree_has_directories_first_and_what_went_too(tmp_path: Path) -> None:
    inspector, image, _ = looked(tmp_path, BELOW, ABOVE)
    assert rows(await inspector.tree(image, "/", -1, merged=True)) == [
        ("/a", CHANGED, 19, 3, 0),
        ("/gone", REMOVED, 10, 2, 0),
        ("/still", SAME, 9, 1, 0),
        ("/l", CHANGED, 0, 0, 1),
        ("/lone", SAME, 1, 0, 0),
    ]
    assert rows(await inspector.tree(image, "/a", -1, merged=True)) == [
        ("/a/in", SAME, 5, 1, 0), ("/a/new", ADDED, 4, 0, 1), ("/a/x", MODE, 10, 0, 1), ("/a/y", REMOVED, 20, 0, 0),
    ]  # fmt: skip
    assert rows(await inspector.tree(image, "/gone", -1, merged=True)) == [
        ("/gone/in", REMOVED, 7, 1, 0), ("/gone/g", REMOVED, 3, 0, 0),
    ]  # fmt: skip
    assert rows(await inspector.tree(image, "a/../a/in/.", 1, merged=True)) == [("/a/in/z", SAME, 5, 0, 0)]


async def test_the_lowest_layer_adds_all_it_has(tmp_path: Path) -> None:
    inspector, image, _ = looked(tmp_path, BELOW, ABOVE)
    found = rows(await inspector.tree(image, "/", 0, merged=True))
    assert {change for _, change, *_ in found} == {ADDED}
    assert [(path, size) for path, _, size, *_ in found] == [
        ("/a", 35), ("/gone", 10), ("/still", 9), ("/l", 0), ("/lone", 1),
    ]  # fmt: skip


async def test_a_layer_alone_has_only_its_own(tmp_path: Path) -> None:
    inspector, image, _ = looked(tmp_path, BELOW, ABOVE)
    assert rows(await inspector.tree(image, "/", 1, merged=False)) == [
        ("/a", SAME, 14, 3, 1), ("/gone", REMOVED, 0, 0, 1), ("/l", CHANGED, 0, 0, 1),
    ]  # fmt: skip
    assert rows(await inspector.tree(image, "/a", 1, merged=False)) == [
        ("/a/new", ADDED, 4, 0, 1), ("/a/x", MODE, 10, 0, 1), ("/a/y", REMOVED, 0, 0, 1),
    ]  # fmt: skip
    assert rows(await inspector.tree(image, "/still", 1, merged=False)) == []
    assert [path for path, *_ in rows(await inspector.tree(image, "/gone", 0, merged=False))] == ["/gone/in", "/gone/g"]


async def test_rows_of_a_layer_count_bytes_once(tmp_path: Path) -> None:
    layer = [file("a", b"1" * 6), folder("d"), file("d/f", b"2" * 5), also("d/twin", "d/f", b"2" * 5), folder("d/in"),
             file("d/in/g", b"3" * 4), folder("empty"), file("z", b"4" * 3), also("zz", "z", b"4" * 3)]  # fmt: skip
    inspector, image, _ = looked(tmp_path, layer)
    assert rows(await inspector.tree(image, "/", 0, merged=False)) == [
        ("/d", ADDED, 9, 3, 0), ("/empty", ADDED, 0, 0, 0), ("/a", ADDED, 6, 0, 0), ("/z", ADDED, 3, 0, 0),
        ("/zz", ADDED, 0, 0, 0),
    ]  # fmt: skip
    assert [each.entry.path for each in await inspector.largest(image, "/", -1, 99)] == [
        "/d", "/a", "/d/f", "/d/in", "/d/in/g", "/z",
    ]  # fmt: skip
    (only,) = await inspector.file_history(image, "/d/in/g")
    assert only.tree_size == 4


async def test_an_empty_directory_that_went_had_no_bytes(tmp_path: Path) -> None:
    inspector, image, _ = looked(
        tmp_path, [folder("d"), folder("e"), file("e/f", b"1")], [whiteout("d"), whiteout("e")]
    )
    assert rows(await inspector.tree(image, "/", -1, merged=True)) == [
        ("/d", REMOVED, 0, 0, 0), ("/e", REMOVED, 1, 1, 0),
    ]  # fmt: skip


async def test_a_directory_through_a_link_is_shown_under_its_own_name(tmp_path: Path) -> None:
    layer = [folder("d"), file("d/f", b"1"), link("way", "/d"), link("far", "way"), link("dead", "none"), folder("e"),
             link("e/up", "../d/f")]  # fmt: skip
    inspector, image, _ = looked(tmp_path, layer)
    for path in ("/way", "/far", "/e/../way", "/e/up/../../../far"):
        assert [each.entry.path for each in await inspector.tree(image, path, -1, merged=True)] == ["/d/f"]
    for path in ("/dead", "/none", "/d/g", "/way/g"):
        with pytest.raises(NotFound, match=f"{path} is not in this image") as caught:
            await inspector.tree(image, path, -1, merged=True)
        assert caught.value.subject == path


async def test_links_have_an_end(tmp_path: Path) -> None:
    chain = [link(f"l{number}", f"l{number + 1}") for number in range(41)]
    inspector, image, _ = looked(tmp_path, [*chain, folder("l41"), file("l41/f", b"1")])
    assert [each.entry.path for each in await inspector.tree(image, "/l1", -1, merged=True)] == ["/l41/f"]
    with pytest.raises(NotFound):
        await inspector.tree(image, "/l0", -1, merged=True)


@pytest.mark.parametrize("layer", [-2, 2, 3])
async def test_a_layer_that_is_not_there_is_told(tmp_path: Path, layer: int) -> None:
    inspector, image, _ = looked(tmp_path, BELOW, ABOVE)
    with pytest.raises(InvalidRequest, match=f"no layer {layer}") as caught:
        await inspector.tree(image, "/", layer, merged=True)
    assert caught.value.explanation == "Its layers are 0 to 1."


async def test_the_largest_come_first_and_only_so_many(tmp_path: Path) -> None:
    inspector, image, _ = looked(tmp_path, BELOW, ABOVE)
    assert [(path, size) for path, _, size, *_ in rows(await inspector.largest(image, "/", -1, 99))] == [
        ("/a", 19), ("/a/x", 10), ("/still", 9), ("/still/f", 9), ("/a/in", 5), ("/a/in/z", 5), ("/a/new", 4),
        ("/lone", 1),
    ]  # fmt: skip
    assert rows(await inspector.largest(image, "/", -1, 2)) == [("/a", CHANGED, 19, 3, 0), ("/a/x", MODE, 10, 0, 1)]
    assert [each.entry.path for each in await inspector.largest(image, "/", -1, 0)] == ["/a"]
    assert [each.entry.path for each in await inspector.largest(image, "/gone", 0, 99)] == [
        "/gone/in", "/gone/in/f", "/gone/g",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        ([[file("d/f", b"1")], [file("d/f", b"2")]], [(0, ADDED), (1, CHANGED)]),
        ([[file("d/f", b"1")], [file("d/f", b"1", mode=0o600)]], [(0, ADDED), (1, MODE)]),
        ([[file("d/f", b"1")], [whiteout("d/f")], [file("d/f", b"1")]], [(0, ADDED), (1, REMOVED), (2, ADDED)]),
        ([[file("d/f", b"1")], [folder("d"), opaque("d")]], [(0, ADDED), (1, REMOVED)]),
        ([[file("d/f", b"1")], [folder("d"), opaque("d"), file("d/f", b"1")]], [(0, ADDED), (1, MODE)]),
        ([[file("d/f", b"1")], [whiteout("d")]], [(0, ADDED), (1, REMOVED)]),
        ([[file("d/f", b"1")], [file("d", b"x")], [folder("d")]], [(0, ADDED), (1, REMOVED)]),
        ([[file("d/f", b"1")], [folder("d", mode=0o700)], [file("other")]], [(0, ADDED)]),
        ([[whiteout("d/f")], [file("other")], [file("d/f", b"1")]], [(2, ADDED)]),
        ([[file("other")]], []),
    ],
    ids=["bytes", "mode", "back", "opaque", "opaque and back", "with its directory", "a file in place of its directory",
         "untouched", "nothing to take away", "never"],
)  # fmt: skip
async def test_a_history_tells_each_layer_that_did_something(
    tmp_path: Path, layers: list[list[Entry]], told: list[tuple[int, TreeChange]]
) -> None:
    inspector, image, _ = looked(tmp_path, *layers)
    found = await inspector.file_history(image, "/d/f")
    assert [(each.layer, each.change) for each in found] == told
    assert {each.entry.path for each in found} <= {"/d/f"}


@pytest.mark.parametrize(
    ("layers", "seen"),
    [
        ([[file("d/e/f")]], True),
        ([[file("d/e/f")], [file("d/e/f", b"2")]], False),
        ([[file("d/e/f")], [whiteout("d/e/f")]], False),
        ([[file("d/e/f")], [whiteout("d")]], False),
        ([[file("d/e/f")], [file("d/e", b"x")]], False),
        ([[file("d/e/f")], [folder("d"), opaque("d")]], False),
        ([[file("d/e/f")], [folder("d/e"), opaque("d/e")]], False),
        ([[file("d/e/f")], [folder("d"), folder("d/e"), file("d/e/g")]], True),
        ([[file("d/e/f")], [folder("dd"), opaque("dd"), whiteout("d/e/ff"), whiteout("e")]], True),
        ([[folder("d/e/f")], [folder("d/e/f", mode=0o700)]], True),
        ([[folder("d/e/f")], [file("d/e/f")]], False),
        ([[file("d/e/f")], [file("x")], [whiteout("d/e")], [folder("d/e")]], False),
    ],
)
def test_whether_what_a_layer_has_is_still_to_be_seen(tmp_path: Path, layers: list[list[Entry]], seen: bool) -> None:
    indexes = [make_index(tmp_path, str(number), layer) for number, layer in enumerate(layers)]
    assert is_visible(indexes, 0, b"d/e/f") is seen


async def test_a_report_tells_of_each_layer_and_of_the_waste(tmp_path: Path) -> None:
    inspector, image, kept = looked(tmp_path, BELOW, ABOVE)
    kept.sharing[image.diff_ids[0]] = {"sha256:z", "sha256:i", "sha256:b"}
    report = await inspector.report(image)

    assert [(each.index, each.diff_id, each.size, each.files, each.hidden_bytes) for each in report.layers] == [
        (0, image.diff_ids[0], 55, 13, 40), (1, image.diff_ids[1], 14, 6, 0),
    ]  # fmt: skip
    assert [each.shared_with for each in report.layers] == [("sha256:b", "sha256:z"), ()]
    assert (report.image_id, report.total_size, report.wasted_size) == ("sha256:i", 69, 40)
    assert report.score == pytest.approx(1 - 40 / 69)
    assert [(each.path, each.size, each.added_by, each.hidden_by, each.reason) for each in report.wasted] == [
        ("/a/y", 20, 0, 1, "removed"), ("/a/x", 10, 0, 1, "copied-for-metadata"),
        ("/gone/in/f", 7, 0, 1, "directory-removed"), ("/gone/g", 3, 0, 1, "directory-removed"),
    ]  # fmt: skip


async def test_an_image_of_nothing_wastes_nothing(tmp_path: Path) -> None:
    inspector, image, _ = looked(tmp_path, [folder("d")])
    report = await inspector.report(image)
    assert (report.score, report.total_size, report.wasted) == (1.0, 0, ())


async def test_the_last_few_stacks_are_kept(tmp_path: Path) -> None:
    inspector, image, kept = looked(tmp_path, *([file(f"f{number}")] for number in range(5)))
    for height in (1, 2, 3, 4):
        await inspector.stack(image.diff_ids[:height])
    first = await inspector.stack(image.diff_ids[:1])
    opened = len(kept.opened)
    assert await inspector.stack(image.diff_ids[:1]) is first
    await inspector.stack(image.diff_ids)  # the one that was not asked for the longest goes
    await inspector.stack(image.diff_ids[:1])
    assert len(kept.opened) == opened + 5
    await inspector.stack(image.diff_ids[:2])
    assert len(kept.opened) == opened + 7


# --- two side by side ---


def test_what_differs_between_two_trees(tmp_path: Path) -> None:
    both = [folder("d"), file("d/same", b"1"), file("d/old", b"2"), also("d/twin", "d/same", b"1")]
    old_one = [file("mode", b"3"), file("bytes", b"44"), link("way", "x"), file("both", b"5"), file("was", b"1")]
    new_one = [file("mode", b"3", uid=1), file("bytes", b"45"), link("way", "y"), file("both", b"5"),
               whiteout("d/old"), file("a-new", b"6")]  # fmt: skip
    shared = make_index(tmp_path, "s", both)
    left, right = (Stack([shared, make_index(tmp_path, name, own)]) for name, own in (("l", old_one), ("r", new_one)))
    found = _differing(left, right)
    assert [(each.path, each.change) for each in found] == [
        ("/a-new", ADDED), ("/bytes", CHANGED), ("/d/old", REMOVED), ("/mode", MODE), ("/was", REMOVED),
        ("/way", CHANGED),
    ]  # fmt: skip
    by_path = {each.path: each for each in found}
    assert (by_path["/a-new"].old, by_path["/was"].new) == (None, None)
    old, new = by_path["/mode"].old, by_path["/mode"].new
    assert old is not None
    assert new is not None
    assert (old.uid, new.uid) == (0, 1)
    assert _differing(left, left) == []
    added = by_path["/a-new"].new
    assert added is not None
    assert (added.path, added.size) == ("/a-new", 1)


def test_names_that_are_no_text_differ_like_others(tmp_path: Path) -> None:
    one, other = ([file("a\udcff", b"1"), file("b\udcfe", b"1")], [file("b\udcfe", b"2"), file("c\udcfd", b"1")])
    left, right = (Stack([make_index(tmp_path, name, files)]) for name, files in (("l", one), ("r", other)))
    assert [(each.path, each.change) for each in _differing(left, right)] == [
        ("/a\udcff", REMOVED), ("/b\udcfe", CHANGED), ("/c\udcfd", ADDED),
    ]  # fmt: skip


def test_layers_that_both_have_are_found_wherever_they_lie(tmp_path: Path) -> None:
    shared = make_index(tmp_path, "s", [file("s", b"1"), file("t", b"1")])
    first, second = (make_index(tmp_path, name, [file(name, b"1")]) for name in ("a", "b"))
    left, right = Stack([first, shared]), Stack([shared, second])
    assert [(each.path, each.change) for each in _differing(left, right)] == [("/a", REMOVED), ("/b", ADDED)]
    # The same rows of layers that are not the same.
    one, other = (make_index(tmp_path, name, [file("x", data)]) for name, data in (("c", b"1"), ("d", b"2")))
    assert [(each.path, each.change) for each in _differing(Stack([one]), Stack([other]))] == [("/x", CHANGED)]


def test_what_differs_between_two_configurations() -> None:
    health = {"Test": ["CMD", "ok"]}
    left = stored(Env=["A=1", "B=2"], Cmd=["run", "it"], WorkingDir="/w", Labels={"l": "1"}, Healthcheck=health)
    right = stored(
        Env=["B=3", "C=4=5"], Entrypoint=["sh", "-c"], User="web", ExposedPorts={"80/tcp": {}, "9/udp": {}},
        Volumes={"/v": {}}, StopSignal="INT", Shell=["/bin/ash"], OnBuild=["RUN a", "RUN b"], Labels={"l": "2"},
    )  # fmt: skip
    assert config_differences(left, right) == (
        ("entrypoint", "", "sh -c"), ("command", "run it", ""), ("workdir", "/w", ""), ("user", "", "web"),
        ("ports", "", "9/udp 80/tcp"), ("volumes", "", "/v"), ("stop signal", "", "INT"), ("shell", "", "/bin/ash"),
        ("health check", "CMD ok", ""), ("on build", "", "RUN a; RUN b"), ("env A", "1", ""), ("env B", "2", "3"),
        ("label l", "1", "2"), ("env C", "", "4=5"),
    )  # fmt: skip


# --- found ---


@pytest.mark.parametrize(
    ("query", "kind", "found"),
    [
        ("conf", "name", ["app.CONF.d", "app.CONF.d/my.conf", "etc/conf"]),
        ("CONF", "name", ["app.CONF.d"]),
        (" conf ", "name", ["app.CONF.d", "app.CONF.d/my.conf", "etc/conf"]),
        ("*.conf", "name", ["app.CONF.d/my.conf"]),
        ("con?", "name", ["etc/conf"]),
        ("[ce]onf", "name", ["etc/conf"]),
        ("a.c", "name", []),
        ("tc/co", "name", ["etc/conf"]),
        ("tc/co", "path", ["etc/conf"]),
        ("/etc/c", "path", ["etc/conf"]),
        ("d/my.conf", "path", ["app.CONF.d/my.conf"]),
        ("D/MY", "path", []),
        ("*/conf", "path", ["etc/conf"]),
        ("etc*", "path", ["etc/conf"]),
        ("/etc/*", "path", ["etc/conf"]),
        ("conf*", "path", []),
        ("gone", "name", []),
        ("etc", "name", []),
    ],
)
def test_what_a_search_finds(tmp_path: Path, query: str, kind: Any, found: list[str]) -> None:
    index = make_index(
        tmp_path, "i",
        [folder("etc", implicit=True), file("etc/conf", b"1"), folder("app.CONF.d"), file("app.CONF.d/my.conf", b"2"),
         whiteout("gone.conf"), whiteout("gone"), opaque("app.CONF.d")],
    )  # fmt: skip
    rows_found = _searcher(query, kind)(index)
    assert sorted(index.paths[row].decode() for row in rows_found) == found


def test_a_search_by_contents_takes_eight_digits_and_more(tmp_path: Path) -> None:
    index = make_index(tmp_path, "i", [file("a", b""), file("b", b"1"), folder("c")])
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for query in (empty, f"sha256:{empty}", empty[:8], empty.upper(), f" {empty[:20]} "):
        assert [index.paths[row] for row in _searcher(query, "digest")(index)] == [b"a"]
    for query in (empty[:7], empty + "0", "sha256:", "nothing hexadecimal", "", "  "):
        with pytest.raises(InvalidRequest):
            _searcher(query, "digest")


def test_a_search_in_one_layer_has_an_end(tmp_path: Path) -> None:
    index = make_index(tmp_path, "i", [file(f"f{number}") for number in range(2003)])
    assert len(_searcher("f", "name")(index)) == 2000


# --- contents ---


@pytest.fixture
async def image(played_engine: EmbeddedEngine) -> EmbeddedEngine:
    layers = [
        [directory("d"), File("d/text", b"one\ntwo\n"), File("d/bin", b"\0\1"), File("d/end", b"no newline"),
         hardlink("d/twin", "d/text"), symlink("l", "/d/text"), symlink("out", "../../../d/text")],
        [File("d/text", b"one\n2\n"), File("d/.wh.end"), File("d/late", b"\xff late\n")],
    ]  # fmt: skip
    archive = docker_archive([layer_tar(each) for each in layers], reference="localhost/x:1")
    await load(played_engine, archive)
    return played_engine


@pytest.mark.parametrize(
    ("path", "old", "new", "told"),
    [
        ("/d/text", 0, 1, ["--- /d/text (layer 1)", "+++ /d/text (layer 2)", "@@ -1,2 +1,2 @@", " one", "-two", "+2"]),
        ("/d/text", 1, 0, ["--- /d/text (layer 2)", "+++ /d/text (layer 1)", "@@ -1,2 +1,2 @@", " one", "-2", "+two"]),
        ("/d/text", -1, 0, ["--- /dev/null", "+++ /d/text (layer 1)", "@@ -0,0 +1,2 @@", "+one", "+two"]),
        ("/d/end", 0, 1, ["--- /d/end (layer 1)", "+++ /d/end (layer 2)", "@@ -1 +0,0 @@", "-no newline",
                          "\\ No newline at end of file"]),
        ("/d/late", 0, 1, ["--- /d/late (layer 1)", "+++ /d/late (layer 2)", "@@ -0,0 +1 @@",
                           "+\N{REPLACEMENT CHARACTER} late"]),
        ("/d/text", 1, 1, []),
        ("/d/bin", -1, 0, ["Binary file /d/bin differs between the layers"]),
    ],
)  # fmt: skip
async def test_what_differs_between_two_layers_of_a_file(
    image: EmbeddedEngine, path: str, old: int, new: int, told: list[str]
) -> None:
    found = await image.images.diff_file("localhost/x:1", path, old, new)
    assert found.splitlines() == told
    assert found == "" or found.endswith("\n")


async def test_an_image_without_a_name_is_compared_under_its_id(image: EmbeddedEngine) -> None:
    found = await image.images.get("localhost/x:1")
    await image.images.tag("localhost/tiny", "localhost/x:1")
    compared = await image.images.compare(found.id, "localhost/tiny")
    assert (compared.left, compared.right) == (found.id[7:19], "localhost/tiny:latest")
    assert (compared.size_left, compared.size_right) == (found.size, (await image.images.get("localhost/tiny")).size)
    backwards = await image.images.compare("localhost/tiny", found.id)
    assert (backwards.left, backwards.right) == ("localhost/tiny:latest", found.id[7:19])


async def test_contents_come_through_links_and_no_further_than_asked(image: EmbeddedEngine) -> None:
    async def read(path: str, **options: int) -> bytes:
        return await image.images.read_file("localhost/x:1", path, **options)

    assert await read("/l") == b"one\n2\n"
    assert await read("/out", layer=0) == b"one\ntwo\n"
    assert await read("/d/twin") == b"one\ntwo\n"
    assert await read("/d/text", limit=3) == b"one"
    assert await read("/d/text", limit=0) == b""
    for path in ("/", "", "/.."):
        with pytest.raises(InvalidRequest, match="/ is a directory") as caught:
            await read(path)
        assert caught.value.subject == path
    with pytest.raises(InvalidRequest, match="/d is not a regular file"):
        await read("/d")
    with pytest.raises(NotFound, match="/d/end is not in this image"):
        await read("/d/end")
