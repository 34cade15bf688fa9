"""Layers on top of each other, against a model that is too simple to be wrong; and the cases other tools get wrong."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.images.look.inspector import is_visible
from engine.images.look.stack import Stack, same_contents
from engine.storage.layer_index import DIRECTORY, FILE, OPAQUE, WHITEOUT
from tests.support.indexes import Entry, file, folder, hardlink, make_index, opaque, symlink, whiteout

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Stacked = Callable[..., Stack]


@pytest.fixture
def stacked(tmp_path: Path) -> Stacked:
    def stack(*layers: Sequence[Entry]) -> Stack:
        return Stack([make_index(tmp_path, f"{number}", layer) for number, layer in enumerate(layers)])

    return stack


def wasted(stack: Stack) -> list[tuple[str, int, int, int, str]]:
    return sorted((one.path.decode(), one.size, one.added_by, one.hidden_by, one.reason) for one in stack.hidden)


KEEP = file("keep", b"k" * 100)
DIR = [folder("d"), file("d/f", b"f" * 100), KEEP]


def test_a_removed_file_is_waste(stacked: Stacked) -> None:
    assert wasted(stacked([file("f", b"f" * 100), KEEP], [whiteout("f")])) == [("f", 100, 0, 1, "removed")]


def test_a_removed_directory_is_waste(stacked: Stacked) -> None:
    assert wasted(stacked(DIR, [whiteout("d")])) == [("d/f", 100, 0, 1, "directory-removed")]


def test_an_opaque_directory_hides_what_was_below(stacked: Stacked) -> None:
    stack = stacked(DIR, [folder("d"), opaque("d"), file("d/new", b"n")])

    assert wasted(stack) == [("d/f", 100, 0, 1, "opaque")]
    assert set(stack.visible) == {b"d", b"d/new", b"keep"}


def test_a_copy_for_its_owner_counts_once_and_is_named(stacked: Stacked) -> None:
    stack = stacked([file("f", b"f" * 100), KEEP], [file("f", b"f" * 100, uid=1000)])

    assert wasted(stack) == [("f", 100, 0, 1, "copied-for-metadata")]
    assert (stack.counts[1].mode_only, stack.counts[1].changed, stack.counts[1].added) == (1, 0, 0)


def test_nothing_wasted(stacked: Stacked) -> None:
    assert wasted(stacked(DIR, [folder("e"), file("e/g", b"g")])) == []


def test_a_file_in_place_of_a_directory_hides_all_of_it(stacked: Stacked) -> None:
    stack = stacked(DIR, [file("d", b"now a file")])

    assert wasted(stack) == [("d/f", 100, 0, 1, "overwritten")]
    assert set(stack.visible) == {b"d", b"keep"}


def test_bytes_with_another_name_are_not_hidden(stacked: Stacked) -> None:
    linked = [file("a", b"x" * 100), hardlink("b", "a"), hardlink("c", "a")]

    assert wasted(stacked(linked, [whiteout("a")])) == []
    assert wasted(stacked(linked, [whiteout("a"), whiteout("b")])) == []
    (last,) = wasted(stacked(linked, [whiteout("a")], [whiteout("b"), whiteout("c")]))
    assert last[1:] == (100, 0, 2, "removed")


def test_a_directory_made_for_its_children_changes_nothing(stacked: Stacked) -> None:
    stack = stacked([folder("d", mode=0o700), file("d/f")], [folder("d", implicit=True), file("d/g")])

    assert stack.counts[1].mode_only == 0
    assert stack.layer_of(stack.visible[b"d"]) == 0


def test_taken_away_and_put_back_is_a_change(stacked: Stacked) -> None:
    stack = stacked([file("f", b"old")], [whiteout("f"), file("f", b"newer")])

    assert (stack.counts[1].changed, stack.counts[1].removed, stack.counts[1].added) == (1, 0, 0)
    assert stack.visible.keys() == {b"f"}


@pytest.mark.parametrize(
    ("back", "told"),
    [
        ([file("d/f", b"f" * 100)], (0, 0, 0, 1)),
        ([file("d/f", b"f" * 100, mode=0o600)], (0, 0, 0, 1)),
        ([file("d/f", b"other")], (0, 1, 0, 0)),
        ([file("d/f", b"other"), file("d/g", b"1")], (1, 1, 0, 0)),
        ([folder("d/f")], (0, 1, 0, 0)),
        ([file("d/g", b"1")], (1, 0, 1, 0)),
    ],
    ids=["the same", "its mode", "other bytes", "one more", "another kind", "something else"],
)
def test_what_comes_back_in_a_directory_that_hides_its_past_is_no_removal(
    stacked: Stacked, back: list[Entry], told: tuple[int, int, int, int]
) -> None:
    stack = stacked(DIR, [folder("d"), opaque("d"), *back])
    counts = stack.counts[1]
    assert (counts.added, counts.changed, counts.removed, counts.mode_only) == told
    assert set(stack.gone) == ({b"d/f"} if counts.removed else set())
    assert set(stack.changed) == (set() if counts.removed else {b"d/f"})
    if not counts.removed:
        assert stack.changed[b"d/f"] == stack.indexes[0].find(b"d/f")


def test_a_directory_that_comes_back_as_it_was_did_not_change(stacked: Stacked) -> None:
    below = [folder("d"), folder("d/in"), file("d/in/f", b"1"), file("d/in/g", b"2")]
    stack = stacked(below, [folder("d"), opaque("d"), folder("d/in"), file("d/in/f", b"1"), file("d/in/g", b"3")])
    counts = stack.counts[1]
    assert (counts.added, counts.changed, counts.removed, counts.mode_only) == (0, 1, 0, 1)
    assert set(stack.changed) == {b"d/in/f", b"d/in/g"}


def test_the_top_itself_may_get_another_mode(stacked: Stacked) -> None:
    stack = stacked([folder(""), file("f", b"1")], [file("g", b"1")], [folder("", mode=0o700)])
    assert [(each.added, each.changed, each.mode_only) for each in stack.counts] == [(2, 0, 0), (1, 0, 0), (0, 0, 1)]
    assert stack.changed == {b"": 0}
    assert stack.find(b"") == 2 << 32


def test_names_of_the_same_bytes_are_found_in_any_layer(stacked: Stacked) -> None:
    above = [file("a", b"x" * 50), hardlink("b", "/a"), hardlink("dead", "nowhere"), hardlink("e", "b")]
    layers = ([file("other", b"1")], above)
    assert wasted(stacked(*layers, [whiteout("a"), whiteout("b")])) == []
    assert [each[1:] for each in wasted(stacked(*layers, [whiteout(name) for name in ("a", "b", "e")]))] == [
        (50, 1, 2, "removed")
    ]
    assert wasted(stacked(*layers, [whiteout("dead")])) == []


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ([file("a", b"1"), file("f", b"1")], [file("a", b"1"), hardlink("f", "a", b"1")], True),
        ([file("f", b"1")], [hardlink("f", "f", b"1")], True),
        ([hardlink("f", "x", b"1")], [hardlink("f", "y", b"2")], False),
        ([hardlink("f", "x", b"1")], [symlink("f", "x")], False),
        ([file("f", b"1")], [symlink("f", "x")], False),
        ([symlink("f", "x")], [folder("f")], False),
        ([file("f", b"1", size=5)], [file("f", b"1", size=6)], False),
    ],
)
def test_what_counts_as_the_same_contents(tmp_path: Path, old: list[Entry], new: list[Entry], same: bool) -> None:
    left, right = make_index(tmp_path, "l", old), make_index(tmp_path, "r", new)
    assert same_contents(left, left.find(b"f"), right, right.find(b"f")) is same


def test_sizes_of_directories(stacked: Stacked) -> None:
    stack = stacked(
        [folder("a"), folder("a/b"), file("a/b/x", b"12345"), file("a/y", b"123"), symlink("a/l", "y")],
        [folder("a"), file("a/y", b"1")],
    )

    assert stack.directory_sizes[b"a"] == 6
    assert stack.directory_sizes[b"a/b"] == 5
    assert stack.directory_sizes[b""] == 6
    assert set(stack.children(b"a")) == {b"a/b", b"a/y", b"a/l"}


def test_an_opaque_directory_that_nobody_named_stays_whose_it_was(stacked: Stacked) -> None:
    stack = stacked([folder("d", mode=0o700), file("d/f", b"f" * 100)], [folder("d", implicit=True), opaque("d")])

    assert stack.visible == {b"d": 0}
    assert (stack.counts[1].removed, stack.counts[1].changed, stack.counts[1].mode_only) == (1, 0, 0)


def test_other_bytes_of_the_same_length_are_a_change(stacked: Stacked) -> None:
    stack = stacked([file("f", b"one")], [file("f", b"two")])

    assert wasted(stack) == [("f", 3, 0, 1, "overwritten")]
    assert (stack.counts[1].changed, stack.counts[1].mode_only) == (1, 0)


def test_a_link_that_leads_elsewhere_is_a_change_and_its_owner_is_not(stacked: Stacked) -> None:
    elsewhere = stacked([symlink("l", "a")], [symlink("l", "b")])
    assert (elsewhere.counts[1].changed, elsewhere.counts[1].mode_only) == (1, 0)
    same = stacked([symlink("l", "a")], [symlink("l", "a")])
    assert (same.counts[1].changed, same.counts[1].mode_only) == (0, 1)


# --- against the model ---

NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
ENTRIES = st.tuples(PATHS, st.sampled_from([FILE, DIRECTORY, WHITEOUT, OPAQUE]), st.integers(0, 3))


def as_layer(raw: list[tuple[str, int, int]]) -> list[Entry]:
    """What an unpacked archive of these entries holds: the last of a path counts, parents are directories."""
    entries: dict[str, Entry] = {}
    opaques: set[str] = set()
    for path, kind, content in raw:
        parents = [path[:at] for at, letter in enumerate(path) if letter == "/"]
        if any(parent in entries and entries[parent].kind != DIRECTORY for parent in parents):
            continue
        below = [known for known in entries if known.startswith(path + "/")]
        if kind in (FILE, WHITEOUT) and below:
            continue
        for parent in parents:
            entries.setdefault(parent, folder(parent, implicit=True))
        if kind == OPAQUE:
            if path in entries and entries[path].kind != DIRECTORY:
                continue
            entries[path] = folder(path)
            opaques.add(path)
        elif kind == WHITEOUT:
            entries.setdefault(path, whiteout(path))
        elif kind == FILE:
            entries[path] = file(path, bytes([content]) * (content + 1))
        else:
            entries[path] = folder(path)
    opaques = {path for path in opaques if entries[path].kind == DIRECTORY}
    return [*entries.values(), *(opaque(path) for path in opaques)]


def model(layers: list[list[Entry]]) -> tuple[dict[str, int], int]:
    """What is visible and from where, and the wasted bytes, done the slow and obvious way."""
    tree: dict[str, tuple[int, Entry]] = {}
    waste = 0

    def drop(path: str, *, itself: bool) -> None:
        nonlocal waste
        for known in list(tree):
            if known.startswith(path + "/") or (itself and known == path):
                waste += len(tree.pop(known)[1].data)

    for number, layer in enumerate(layers):
        for entry in layer:
            if entry.kind in (WHITEOUT, OPAQUE):
                drop(entry.path, itself=entry.kind == WHITEOUT)
        for entry in layer:
            if entry.kind in (WHITEOUT, OPAQUE):
                continue
            known = tree.get(entry.path)
            if known is not None and known[1].kind == DIRECTORY and entry.kind == DIRECTORY:
                if not entry.implicit:
                    tree[entry.path] = (number, entry)
                continue
            drop(entry.path, itself=True)
            tree[entry.path] = (number, entry)
    return {path: number for path, (number, _) in tree.items()}, waste


@given(st.lists(st.lists(ENTRIES, max_size=8), min_size=1, max_size=5))
def test_any_stack_is_as_the_model_says(raw: list[list[tuple[str, int, int]]]) -> None:
    layers = [as_layer(layer) for layer in raw]
    with tempfile.TemporaryDirectory() as place:
        indexes = [make_index(Path(place), str(number), layer) for number, layer in enumerate(layers)]
        stack = Stack(indexes)
        visible, waste = model(layers)

        assert {path.decode(): place >> 32 for path, place in stack.visible.items()} == visible
        assert sum(one.size for one in stack.hidden) == waste
        files = sum(stack.size_of(place) for place in stack.visible.values())
        assert files + waste == sum(index.total for index in indexes)
        assert stack.directory_sizes.get(b"", 0) == files
        for number, layer in enumerate(layers):
            for entry in layer:
                if entry.kind == FILE:
                    shown = visible.get(entry.path) == number
                    assert is_visible(indexes, number, entry.path.encode()) == shown
