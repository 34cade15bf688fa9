"""Layers on top of each other: what is visible, what the top layer did, and which bytes can never be seen again.

One walk from the bottom up, over the layers' indexes alone. A place is named by one integer, `layer << 32 | row`; paths
are bytes without a leading slash, as the indexes have them.

Waste is exact: a regular file is hidden when its path is overwritten, whited out, below a directory that was whited out
or made opaque, or below one that a file replaced. Bytes with several hard links are hidden with the last of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import TYPE_CHECKING, Final, Literal

from engine.storage.layer_index import DIRECTORY, FILE, HARDLINK, IMPLICIT, OPAQUE, WHITEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.storage.layer_index import LayerIndex

Reason = Literal["overwritten", "removed", "directory-removed", "opaque", "copied-for-metadata"]
_ROW: Final = (1 << 32) - 1


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
    """Some layers, bottom first, seen from above. Built at once; then only asked."""

    def __init__(self, indexes: Sequence[LayerIndex]) -> None:
        self.indexes = indexes
        self.visible: dict[bytes, int] = {}
        self.hidden: list[Hidden] = []
        self.counts: list[Counts] = []
        self.changed: dict[bytes, int] = {}
        """Paths the top layer has in another version, and where the old one is."""
        self.gone: dict[bytes, int] = {}
        """Paths the top layer took away."""
        self._covered: list[list[int]] = [[] for _ in indexes]
        """Rows of each layer that are not visible any more."""
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

    def children(self, path: bytes) -> dict[bytes, int]:
        """Visible entries of a directory."""
        found: dict[bytes, int] = {}
        for number, index in enumerate(self.indexes):
            base = number << 32
            for row in index.children(path):
                child = index.paths[row]
                if self.visible.get(child) == base | row:
                    found[child] = base | row
        return found

    def below(self, path: bytes) -> Iterator[tuple[bytes, int]]:
        """Visible entries strictly below a directory."""
        if not path:
            yield from ((one, place) for one, place in self.visible.items() if one)
            return
        for number, index in enumerate(self.indexes):
            base = number << 32
            for row in index.below(path):
                if self.visible.get(index.paths[row]) == base | row:
                    yield index.paths[row], base | row

    @cached_property
    def directory_sizes(self) -> dict[bytes, int]:
        """Bytes of the visible files below every directory."""
        sizes: dict[bytes, int] = {}
        for number, index in enumerate(self.indexes):
            # As a rule few rows are hidden: all are summed up, and those few taken off again.
            for path, size, kind in zip(index.paths, index.sizes.tolist(), bytes(index.kinds), strict=True):
                if size and kind == FILE:
                    parent = path[: max(path.rfind(b"/"), 0)]
                    sizes[parent] = sizes.get(parent, 0) + size
            for row in self._covered[number]:
                path = index.paths[row]
                if index.kinds[row] == FILE:
                    sizes[path[: max(path.rfind(b"/"), 0)]] -= index.sizes[row]
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

    # --- building ---

    def _lay(self, number: int) -> None:
        index = self.indexes[number]
        base = number << 32
        self.changed, self.gone = {}, {}
        counts = Counts()
        self.counts.append(counts)
        self._note_links(number, index)
        if number:
            for row in _rows_of(index, WHITEOUT):
                self._take_away(index.paths[row], number, "removed", whole=True)
            for row in _rows_of(index, OPAQUE):
                self._take_away(index.paths[row], number, "opaque", whole=False)
        ordinary = _ordinary_rows(index)
        if isinstance(ordinary, range):
            fresh = dict(zip(index.paths, range(base, base + len(index)), strict=True))
        else:
            fresh = dict(zip(map(index.paths.__getitem__, ordinary), map(base.__or__, ordinary), strict=True))
        again = self.visible.keys() & fresh.keys() if self.visible else set()
        for path in again:
            self._replace(path, fresh, number, counts)
        back = self.gone.keys() & fresh.keys()
        brought_back = len(back)
        for path in back:
            self._bring_back(path, fresh[path], counts)
        counts.added = len(fresh) - len(again) - brought_back
        counts.removed = len(self.gone)
        if self.visible:
            self.visible.update(fresh)
        else:
            self.visible = fresh

    def _replace(self, path: bytes, fresh: dict[bytes, int], number: int, counts: Counts) -> None:
        """A path that was visible comes again."""
        old, new = self.visible[path], fresh[path]
        old_index, old_row = self.indexes[old >> 32], old & _ROW
        index, row = self.indexes[number], new & _ROW
        if old_index.kinds[old_row] == DIRECTORY:
            if index.kinds[row] == DIRECTORY:
                if index.flags[row] & IMPLICIT:
                    fresh[path] = old  # only made for its children: nobody said anything about it
                elif _metadata(index, row) != _metadata(old_index, old_row):
                    self.changed[path] = old
                    counts.mode_only += 1
                return
            self._take_away(path, number, "overwritten", whole=False)
        same = same_contents(old_index, old_row, index, row)
        self.changed[path] = old
        counts.mode_only += same
        counts.changed += not same
        self._hide(path, old, number, "copied-for-metadata" if same else "overwritten")

    def _bring_back(self, path: bytes, new: int, counts: Counts) -> None:
        """Taken away and put back by the same layer: for whoever looks, it changed."""
        old = self.gone.pop(path)
        same = same_contents(self.index_of(old), old & _ROW, self.index_of(new), new & _ROW)
        if same and self.is_directory(old):
            return
        self.changed[path] = old
        counts.mode_only += same
        counts.changed += not same

    def _take_away(self, path: bytes, by: int, reason: Reason, *, whole: bool) -> None:
        """Everything visible below a path goes, and (`whole`) the path itself."""
        place = self.visible.get(path)
        if place is None:
            return
        if self.is_directory(place):
            inner: Reason = "directory-removed" if reason == "removed" else reason
            for number in range(by):
                index = self.indexes[number]
                base = number << 32
                for row in index.below(path):
                    inside = index.paths[row]
                    if self.visible.get(inside) == base | row:
                        del self.visible[inside]
                        self.gone[inside] = base | row
                        self._hide(inside, base | row, by, inner)
        if whole:
            del self.visible[path]
            self.gone[path] = place
            self._hide(path, place, by, reason)

    def _hide(self, path: bytes, place: int, by: int, reason: Reason) -> None:
        self._covered[place >> 32].append(place & _ROW)
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


def _ordinary_rows(index: LayerIndex) -> Sequence[int]:
    """All rows but whiteouts and opaque marks."""
    kinds = bytes(index.kinds)
    if WHITEOUT not in kinds and OPAQUE not in kinds:
        return range(len(index))
    keep = kinds.translate(bytes(0 if kind in (WHITEOUT, OPAQUE) else 1 for kind in range(256)))
    return list(compress(range(len(index)), keep))


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
