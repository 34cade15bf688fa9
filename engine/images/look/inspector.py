"""Looking into layers: trees, waste, histories of files, contents, differences.

Everything comes from the layers' indexes; only contents are read from the unpacked trees. The last few stacks are kept,
so that a person clicking about waits once.
"""

from __future__ import annotations

import asyncio
import difflib
import os
import posixpath
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from engine.errors import InvalidRequest, NotFound
from engine.images.known import configs
from engine.images.look.stack import Stack, same_contents
from engine.storage.layer_index import DIRECTORY, FILE, HARDLINK, OPAQUE, SYMLINK, WHITEOUT
from engine.types.images import FileEntry, Layer, LayerReport, TreeChange, TreeNode, WastedFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.images.known.catalogue import Catalogue
    from engine.images.known.records import StoredImage
    from engine.sandbox.client import Keeper
    from engine.storage.layer_index import LayerIndex
    from engine.storage.layers import LayerStore

_STACKS_KEPT: Final = 4
_MOST_WASTED: Final = 20_000
_MOST_LINKS: Final = 40
_LARGEST_DIFF: Final = 4 << 20
_MOST_CONTENTS: Final = 256 << 20


class LayerInspector:
    def __init__(self, catalogue: Catalogue, layers: LayerStore, keeper: Keeper) -> None:
        self._catalogue = catalogue
        self._layers = layers
        self._keeper = keeper
        self._stacks: OrderedDict[tuple[str, ...], Stack] = OrderedDict()

    # --- whole images ---

    async def report(self, image: StoredImage) -> LayerReport:
        stack = await self.stack(image.diff_ids)
        return await asyncio.to_thread(self._report, image, stack)

    def _report(self, image: StoredImage, stack: Stack) -> LayerReport:
        sizes = {index.diff_id: index.total for index in stack.indexes}
        steps = {step.diff_id: step for step in configs.history_steps(image.document, sizes) if step.diff_id}
        hidden_of = [0] * len(stack.indexes)
        for one in stack.hidden:
            hidden_of[one.added_by] += one.size
        layers = tuple(
            Layer(
                index=number,
                diff_id=diff_id,
                size=index.total,
                files=len(index),
                step=steps.get(diff_id),
                added=counts.added,
                changed=counts.changed,
                removed=counts.removed,
                mode_only=counts.mode_only,
                hidden_bytes=hidden_of[number],
                shared_with=tuple(sorted(self._catalogue.images_with_layer(diff_id) - {image.id})),
            )
            for number, (diff_id, index, counts) in enumerate(
                zip(image.diff_ids, stack.indexes, stack.counts, strict=True)
            )
        )
        total = sum(index.total for index in stack.indexes)
        wasted = sum(one.size for one in stack.hidden)
        worst = sorted(stack.hidden, key=lambda one: (-one.size, one.path))[:_MOST_WASTED]
        return LayerReport(
            image_id=image.id,
            layers=layers,
            total_size=total,
            wasted_size=wasted,
            score=1.0 - wasted / total if total else 1.0,
            wasted=tuple(
                WastedFile(
                    path=_shown(one.path), size=one.size, added_by=one.added_by, hidden_by=one.hidden_by,
                    reason=one.reason,
                )
                for one in worst
            ),
        )  # fmt: skip

    async def stack(self, diff_ids: Sequence[str]) -> Stack:
        """These layers, seen from above; from the few kept ones if it is among them."""
        key = tuple(diff_ids)
        if key not in self._stacks:
            built = await asyncio.to_thread(lambda: Stack([self._layers.index(one) for one in key]))
            self._stacks[key] = built
        self._stacks.move_to_end(key)
        while len(self._stacks) > _STACKS_KEPT:
            self._stacks.popitem(last=False)
        return self._stacks[key]

    # --- trees ---

    async def tree(self, image: StoredImage, path: str, layer: int, *, merged: bool) -> list[TreeNode]:
        top = _layer_number(image, layer)
        stack = await self.stack(image.diff_ids[: top + 1])
        inner = _inner(path)
        if merged:
            place = self._followed(stack, inner)
            if place is not None:
                inner = stack.index_of(place).paths[stack.row_of(place)]
            elif inner and inner not in stack.gone:
                raise NotFound(f"{path} is not in this image", subject=path)
            return await asyncio.to_thread(_merged_children, stack, inner)
        return await asyncio.to_thread(_layer_children, stack, inner)

    async def largest(self, image: StoredImage, path: str, layer: int, limit: int) -> list[TreeNode]:
        stack = await self.stack(image.diff_ids[: _layer_number(image, layer) + 1])
        return await asyncio.to_thread(_largest, stack, _inner(path), max(1, limit))

    async def file_history(self, image: StoredImage, path: str) -> list[TreeNode]:
        inner = _inner(path)
        indexes = (await self.stack(image.diff_ids)).indexes
        return await asyncio.to_thread(_history, indexes, inner)

    # --- contents ---

    async def read_file(self, image: StoredImage, path: str, layer: int, limit: int) -> bytes:
        stack = await self.stack(image.diff_ids[: _layer_number(image, layer) + 1])
        place = self._followed(stack, _inner(path))
        if not _inner(path):
            raise InvalidRequest("/ is a directory", subject=path)
        if place is None:
            raise NotFound(f"{path} is not in this image", subject=path)
        return await self._contents(image, stack, place, path, limit)

    async def diff_file(self, image: StoredImage, path: str, old_layer: int, new_layer: int) -> str:
        """Unified diff of what is visible at the path in two layers; a side where it is not there counts as empty."""
        texts: list[list[str]] = []  # old, new
        for layer in (old_layer, new_layer):
            try:
                raw = await self.read_file(image, path, layer, _LARGEST_DIFF) if layer >= 0 else b""
            except NotFound:
                raw = b""
            if b"\0" in raw[:8192]:
                return f"Binary file {path} differs between the layers\n"
            texts.append(raw.decode(errors="replace").splitlines(keepends=True))
        names = [f"{path} (layer {layer + 1})" if layer >= 0 else "/dev/null" for layer in (old_layer, new_layer)]
        lines = await asyncio.to_thread(lambda: list(difflib.unified_diff(texts[0], texts[1], names[0], names[1])))
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)

    async def open_file(self, diff_id: str, path: str) -> int:
        """A descriptor of one layer's file; the caller closes it."""
        # No copy: a layer is on no fuse mount, and a database of packages may be large.
        return await self._keeper.open_file(self._layers.path(diff_id), path, os.O_RDONLY | os.O_NOFOLLOW, most=-1)

    async def _contents(self, image: StoredImage, stack: Stack, place: int, path: str, limit: int) -> bytes:
        index, row = stack.index_of(place), stack.row_of(place)
        if index.kinds[row] not in (FILE, HARDLINK):
            raise InvalidRequest(f"{path} is not a regular file", subject=path)
        name = _shown(index.paths[row])
        fd = await self.open_file(image.diff_ids[stack.layer_of(place)], name)
        try:
            return await asyncio.to_thread(_read_all, fd, min(limit, _MOST_CONTENTS))
        finally:
            os.close(fd)

    def _followed(self, stack: Stack, path: bytes) -> int | None:
        """Where a path leads in the merged tree, symbolic links followed as a container would."""
        rest = path.split(b"/")
        done: list[bytes] = []
        links = 0
        place: int | None = None
        while rest:
            part = rest.pop(0)
            if part in (b"", b"."):
                continue
            if part == b"..":
                done = done[:-1]
                continue
            here = b"/".join([*done, part])
            place = stack.find(here)
            if place is None:
                return None
            index, row = stack.index_of(place), stack.row_of(place)
            if index.kinds[row] != SYMLINK:
                done.append(part)
                continue
            links += 1
            if links > _MOST_LINKS:
                return None
            target = index.link(row)
            done = [] if target.startswith(b"/") else done
            rest = [*target.split(b"/"), *rest]
        return stack.find(b"/".join(done)) if done else None


def entry_of(stack: Stack, place: int) -> FileEntry:
    return stack.index_of(place).entry(stack.row_of(place))


def is_visible(indexes: Sequence[LayerIndex], layer: int, path: bytes) -> bool:
    """Whether what a layer has at a path is still there in the end; without building the whole stack."""
    own = indexes[layer]
    is_directory = own.kinds[own.find(path)] == DIRECTORY
    parents = [path[:at] for at, byte in enumerate(path) if byte == ord("/")]
    for index in indexes[layer + 1 :]:
        row = index.find(path)
        if row >= 0 and not (is_directory and index.kinds[row] == DIRECTORY):
            return False
        for parent in parents:
            row = index.find(parent)
            if row >= 0 and (index.kinds[row] != DIRECTORY or _is_opaque(index, row)):
                return False
    return True


def _is_opaque(index: LayerIndex, row: int) -> bool:
    return row + 1 < len(index) and index.kinds[row + 1] == OPAQUE


def _layer_number(image: StoredImage, layer: int) -> int:
    count = len(image.diff_ids)
    if layer >= count or layer < -1:
        raise InvalidRequest(f"The image has no layer {layer}", f"Its layers are 0 to {count - 1}.")
    return count - 1 if layer < 0 else layer


def _inner(path: str) -> bytes:
    return posixpath.normpath("/" + path).lstrip("/").encode(errors="surrogateescape")


def _shown(path: bytes) -> str:
    return "/" + path.decode(errors="surrogateescape")


def _change(stack: Stack, path: bytes, place: int) -> TreeChange:
    """What the top layer did to a visible path."""
    top = len(stack.indexes) - 1
    if stack.is_directory(place) and any(index.find(path) >= 0 for index in stack.indexes[:-1]):
        # One that was there before is in the layer for what is below it.
        return TreeChange.CHANGED if stack.indexes[top].below(path) else TreeChange.SAME
    if stack.layer_of(place) != top:
        return TreeChange.SAME
    old = stack.changed.get(path)
    if old is None:
        return TreeChange.ADDED
    same = same_contents(stack.index_of(old), stack.row_of(old), stack.index_of(place), stack.row_of(place))
    return TreeChange.MODE_ONLY if same else TreeChange.CHANGED


def _node(stack: Stack, path: bytes, place: int, change: TreeChange) -> TreeNode:
    directory = stack.is_directory(place)
    return TreeNode(
        entry=entry_of(stack, place),
        change=change,
        tree_size=stack.size_below(path) if directory else stack.size_of(place),
        children=len(stack.children(path)) if directory else 0,
        layer=stack.layer_of(place),
    )


def _merged_children(stack: Stack, path: bytes) -> list[TreeNode]:
    nodes = [_node(stack, child, place, _change(stack, child, place)) for child, place in stack.children(path).items()]
    for gone in stack.gone_children.get(path, ()):
        place = stack.gone[gone]
        nodes.append(
            TreeNode(
                entry=entry_of(stack, place),
                change=TreeChange.REMOVED,
                tree_size=stack.gone_sizes.get(gone, 0) if stack.is_directory(place) else stack.size_of(place),
                children=len(stack.gone_children.get(gone, ())),
                layer=stack.layer_of(place),
            )
        )
    return _sorted(nodes)


def _layer_children(stack: Stack, path: bytes) -> list[TreeNode]:
    """The top layer's own entries, whiteouts too."""
    number = len(stack.indexes) - 1
    index = stack.indexes[number]
    sums = index.file_sums()
    nodes: list[TreeNode] = []
    for row in index.children(path):
        child = index.paths[row]
        kind = index.kinds[row]
        place = number << 32 | row
        if kind == WHITEOUT:
            change = TreeChange.REMOVED
        elif stack.is_visible(place):
            change = _change(stack, child, place)
        else:
            change = TreeChange.SAME  # a directory only made for its children
        rows = index.below(child) if kind == DIRECTORY else range(0)
        size = sums[rows.stop] - sums[rows.start]
        nodes.append(
            TreeNode(
                entry=index.entry(row),
                change=change,
                tree_size=size if kind == DIRECTORY else index.sizes[row] if kind == FILE else 0,
                children=sum(1 for _ in index.children(child)) if kind == DIRECTORY else 0,
                layer=number,
            )
        )
    return _sorted(nodes)


def _sorted(nodes: list[TreeNode]) -> list[TreeNode]:
    """Directories first, then by name, as file managers do."""
    return sorted(nodes, key=lambda node: (node.entry.kind.value != "directory", node.entry.path))


def _largest(stack: Stack, path: bytes, limit: int) -> list[TreeNode]:
    sizes = stack.directory_sizes
    found: list[tuple[int, bytes, int]] = []
    for inside, place in stack.below(path):
        size = sizes.get(inside, 0) if stack.is_directory(place) else stack.size_of(place)
        if size:
            found.append((size, inside, place))
    found.sort(key=lambda item: (-item[0], item[1]))
    return [_node(stack, inside, place, _change(stack, inside, place)) for _, inside, place in found[:limit]]


def _history(indexes: Sequence[LayerIndex], path: bytes) -> list[TreeNode]:
    nodes: list[TreeNode] = []
    before: tuple[LayerIndex, int] | None = None
    for number, index in enumerate(indexes):
        row = index.find(path)
        if row >= 0 and index.kinds[row] != WHITEOUT:
            change = TreeChange.ADDED
            if before is not None:
                change = TreeChange.MODE_ONLY if same_contents(*before, index, row) else TreeChange.CHANGED
            nodes.append(_plain_node(index, row, change, number))
            before = (index, row)
        elif before is not None and (row >= 0 or not _survives(index, path)):
            nodes.append(_plain_node(*before, TreeChange.REMOVED, number))
            before = None
    return nodes


def _survives(index: LayerIndex, path: bytes) -> bool:
    parents = [path[:at] for at, byte in enumerate(path) if byte == ord("/")]
    rows = [row for row in map(index.find, parents) if row >= 0]
    return all(index.kinds[row] == DIRECTORY and not _is_opaque(index, row) for row in rows)


def _plain_node(index: LayerIndex, row: int, change: TreeChange, layer: int) -> TreeNode:
    return TreeNode(entry=index.entry(row), change=change, tree_size=index.sizes[row], layer=layer)


def _read_all(fd: int, limit: int) -> bytes:
    parts: list[bytes] = []
    left = limit
    while left > 0 and (piece := os.read(fd, min(left, 1 << 20))):
        parts.append(piece)
        left -= len(piece)
    return b"".join(parts)
