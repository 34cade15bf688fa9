"""Layers on top of each other: what is visible, what the top layer did, and which bytes can never be seen again.

One walk from the bottom up, over the layers' indexes alone. A place is named by one integer, `layer << 32 | row`; paths
are bytes without a leading slash, as the indexes have them.

Waste is exact: a regular file is hidden when its path is overwritten, whited out, below a directory that was whited out
or made opaque, or below one that a file replaced. Bytes with several hard links are hidden with the last of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from engine.storage.layer_index import DIRECTORY, FILE, HARDLINK, IMPLICIT, OPAQUE, WHITEOUT, LayerIndex

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterable, Iterator, Sequence

Reason = Literal["overwritten", "removed", "directory-removed", "opaque", "copied-for-metadata"]
_ROW: Final = (1 << 32) - 1
_IS_MARK: Final = bytes(kind in (WHITEOUT, OPAQUE) for kind in range(256))


@dataclass(frozen=True, slots=True)
class Hidden:
    """Bytes that a later layer put out of sight."""

    path: bytes
    size: int
    added_by: int
    hidden_by: int
    reason: Reason


@dataclass(slots=True)
class Counts:
    """What one layer did to those below, in paths (directories only where they came or went)."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    mode_only: int = 0


class Stack:
    """Some layers, bottom first, seen from above. Built at once; then only asked.

    Layers are merged directory by directory: what lies in a directory that only one of them has is never looked at.
    """

    def __init__(self, indexes: Sequence[LayerIndex]) -> None:
        self.indexes = indexes
        self.hidden: list[Hidden] = []
        self.counts: list[Counts] = []
        self.changed: dict[bytes, int] = {}
        """Paths the top layer has in another version, and where the old one is."""
        self.gone: dict[bytes, int] = {}
        """Paths the top layer took away."""
        self._covered = [bytearray(bytes(index.kinds).translate(_IS_MARK)) for index in indexes]
        """By layer and row: 1 for what cannot be seen (any more)."""
        self._sums: dict[int, array[int]] = {}
        self._links: dict[int, int] = {}
        self._links_left: dict[int, int] = {}
        for number in range(len(indexes)):
            self._lay(number)

    # --- asking ---

    def layer_of(self, place: int) -> int:
        return place >> 32

    def index_of(self, place: int) -> LayerIndex:
        return self.indexes[place >> 32]

    def row_of(self, place: int) -> int:
        return place & _ROW

    def is_directory(self, place: int) -> bool:
        return self.indexes[place >> 32].kinds[place & _ROW] == DIRECTORY

    def size_of(self, place: int) -> int:
        index, row = self.indexes[place >> 32], place & _ROW
        return index.sizes[row] if index.kinds[row] == FILE else 0

    def is_visible(self, place: int) -> bool:
        return not self._covered[place >> 32][place & _ROW]

    def find(self, path: bytes) -> int | None:
        """What is visible at a path."""
        return self._find(path, len(self.indexes))

    @cached_property
    def visible(self) -> dict[bytes, int]:
        """All that is visible, for whoever goes through everything."""
        return dict(self._shown(LayerIndex.rows, b"", len(self.indexes)))

    def children(self, path: bytes) -> dict[bytes, int]:
        """Visible entries of a directory."""
        return dict(self._shown(LayerIndex.children, path, len(self.indexes)))

    def below(self, path: bytes) -> Iterator[tuple[bytes, int]]:
        """Visible entries strictly below a directory."""
        return self._shown(LayerIndex.below, path, len(self.indexes))

    def size_below(self, path: bytes) -> int:
        """Bytes of the visible files below a directory."""
        total = 0
        for number, index in enumerate(self.indexes):
            if rows := index.below(path):
                if number not in self._sums:
                    self._sums[number] = index.file_sums(self._covered[number])
                total += self._sums[number][rows.stop] - self._sums[number][rows.start]
        return total

    @cached_property
    def directory_sizes(self) -> dict[bytes, int]:
        """Bytes of the visible files below every directory."""
        sizes: dict[bytes, int] = {}
        for index, covered in zip(self.indexes, self._covered, strict=True):
            columns = (index.paths, index.sizes.tolist(), bytes(index.kinds), covered)
            for path, size, kind, is_covered in zip(*columns, strict=True):
                if size and kind == FILE and not is_covered:
                    parent = path[: max(path.rfind(b"/"), 0)]
                    sizes[parent] = sizes.get(parent, 0) + size
        return _handed_up(sizes)

    @cached_property
    def gone_sizes(self) -> dict[bytes, int]:
        """Bytes that went with every directory the top layer took away."""
        sizes: dict[bytes, int] = {}
        for path, place in self.gone.items():
            parent = path.rpartition(b"/")[0]
            sizes[parent] = sizes.get(parent, 0) + self.size_of(place)
        return _handed_up(sizes)

    @cached_property
    def gone_children(self) -> dict[bytes, list[bytes]]:
        """What the top layer took away, by directory."""
        children: dict[bytes, list[bytes]] = {}
        for path in self.gone:
            children.setdefault(path.rpartition(b"/")[0], []).append(path)
        return children

    def _find(self, path: bytes, height: int) -> int | None:
        """Seen from the top of so many layers."""
        for number in reversed(range(height)):
            row = self.indexes[number].find(path)
            if row >= 0 and not self._covered[number][row]:
                return number << 32 | row
        return None

    def _shown(
        self, rows_of: Callable[[LayerIndex, bytes], Iterable[int]], path: bytes, height: int
    ) -> Iterator[tuple[bytes, int]]:
        """Those of a directory's rows that are visible from the top of so many layers."""
        for number in range(height):
            index, covered, base = self.indexes[number], self._covered[number], number << 32
            for row in rows_of(index, path):
                if not covered[row]:
                    yield index.paths[row], base | row

    # --- building ---

    def _lay(self, number: int) -> None:
        index = self.indexes[number]
        self.changed, self.gone = {}, {}
        counts = Counts(added=self._covered[number].count(0))
        self.counts.append(counts)
        self._note_links(number, index)
        if not number:
            return
        for row in _rows_of(index, WHITEOUT):
            self._take_away(index.paths[row], number, "removed", whole=True)
        for row in _rows_of(index, OPAQUE):
            self._take_away(index.paths[row], number, "opaque", whole=False)
        self._merge(number, counts)
        for path in self.gone.keys() & index.paths:
            row = index.find(path)
            if index.kinds[row] != WHITEOUT:
                self._bring_back(path, number << 32 | row, counts)
        counts.removed = len(self.gone)

    def _merge(self, number: int, counts: Counts) -> None:
        """Lay over what the layers below show what this one has too, from the root down."""
        index, covered = self.indexes[number], self._covered[number]
        base = number << 32
        root, root_below = index.find(b""), self._find(b"", number)
        if root >= 0 and root_below is not None:
            self._replace(b"", root_below, base | root, counts)
        waiting = [b""]
        while waiting:
            path = waiting.pop()
            ours = [row for row in index.children(path) if not covered[row]]
            shown_below = dict(self._shown(LayerIndex.children, path, number))
            for row in ours:
                child = index.paths[row]
                old = shown_below.get(child)
                if old is not None and self._replace(child, old, base | row, counts):
                    waiting.append(child)

    def _replace(self, path: bytes, old: int, new: int, counts: Counts) -> bool:
        """A path that was visible comes again. True if it is, and was, a directory."""
        old_index, old_row = self.indexes[old >> 32], old & _ROW
        index, row = self.indexes[new >> 32], new & _ROW
        counts.added -= 1
        if old_index.kinds[old_row] == DIRECTORY:
            if index.kinds[row] == DIRECTORY:
                if index.flags[row] & IMPLICIT:
                    self._covered[new >> 32][row] = 1  # only made for its children: nobody said anything about it
                    return True
                self._covered[old >> 32][old_row] = 1
                if _metadata(index, row) != _metadata(old_index, old_row):
                    self.changed[path] = old
                    counts.mode_only += 1
                return True
            self._take_away(path, new >> 32, "overwritten", whole=False)
        same = same_contents(old_index, old_row, index, row)
        self.changed[path] = old
        counts.mode_only += same
        counts.changed += not same
        self._hide(path, old, new >> 32, "copied-for-metadata" if same else "overwritten")
        return False

    def _bring_back(self, path: bytes, new: int, counts: Counts) -> None:
        """Taken away and put back by the same layer: for whoever looks, it changed."""
        old = self.gone.pop(path)
        counts.added -= 1
        same = same_contents(self.index_of(old), old & _ROW, self.index_of(new), new & _ROW)
        if same and self.is_directory(old):
            return
        self.changed[path] = old
        counts.mode_only += same
        counts.changed += not same

    def _take_away(self, path: bytes, by: int, reason: Reason, *, whole: bool) -> None:
        """Everything visible below a path goes, and (`whole`) the path itself."""
        place = self._find(path, by)
        if place is None:
            return
        if self.is_directory(place):
            inner: Reason = "directory-removed" if reason == "removed" else reason
            for inside, there in self._shown(LayerIndex.below, path, by):
                self.gone[inside] = there
                self._hide(inside, there, by, inner)
        if whole:
            self.gone[path] = place
            self._hide(path, place, by, reason)

    def _hide(self, path: bytes, place: int, by: int, reason: Reason) -> None:
        self._covered[place >> 32][place & _ROW] = 1
        first = self._links.get(place, place)
        if first in self._links_left:
            self._links_left[first] -= 1
            if self._links_left[first]:
                return  # another name still shows these bytes
        elif first != place:
            return
        if size := self.size_of(first):
            self.hidden.append(Hidden(path, size, place >> 32, by, reason))

    def _note_links(self, number: int, index: LayerIndex) -> None:
        """Which rows are names of the same bytes. Hard links never leave their layer."""
        base = number << 32
        for row in _rows_of(index, HARDLINK):
            target = index.find(index.link(row).lstrip(b"/"))
            if target < 0:
                continue
            first = self._links.get(base | target, base | target)
            self._links[base | row] = first
            self._links_left[first] = self._links_left.get(first, 1) + 1


def same_contents(left: LayerIndex, left_row: int, right: LayerIndex, right_row: int) -> bool:
    """The same but for owner, mode and times."""
    if left.kinds[left_row] == HARDLINK or right.kinds[right_row] == HARDLINK:
        kinds_fit = {left.kinds[left_row], right.kinds[right_row]} <= {FILE, HARDLINK}
    else:
        kinds_fit = left.kinds[left_row] == right.kinds[right_row]
    if not kinds_fit:
        return False
    if left.kinds[left_row] in (FILE, HARDLINK):
        return left.sizes[left_row] == right.sizes[right_row] and left.digest(left_row) == right.digest(right_row)
    return left.link(left_row) == right.link(right_row)


def same_entry(left: LayerIndex, left_row: int, right: LayerIndex, right_row: int) -> bool:
    """The same in all but times."""
    return same_contents(left, left_row, right, right_row) and _metadata(left, left_row) == _metadata(right, right_row)


def _metadata(index: LayerIndex, row: int) -> tuple[int, int, int]:
    return index.modes[row], index.uids[row], index.gids[row]


def _rows_of(index: LayerIndex, kind: int) -> Iterator[int]:
    """Rows of one kind, found at the speed of a byte search."""
    kinds = bytes(index.kinds)
    wanted = bytes([kind])
    row = kinds.find(wanted)
    while row >= 0:
        yield row
        row = kinds.find(wanted, row + 1)


def _handed_up(sizes: dict[bytes, int]) -> dict[bytes, int]:
    """Only the files' own directories know their bytes so far; hand them up, deepest first."""
    everything = set(sizes)
    for path in sizes:
        parent = path.rpartition(b"/")[0]
        while parent and parent not in everything:
            everything.add(parent)
            parent = parent.rpartition(b"/")[0]
    for path in sorted((path for path in everything if path), key=lambda path: -path.count(b"/")):
        parent = path.rpartition(b"/")[0]
        sizes[parent] = sizes.get(parent, 0) + sizes.get(path, 0)
    return sizes
