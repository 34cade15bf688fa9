"""COPY straight into a layer: where nothing that is copied meets anything that is there, the stream is the layer.

That is the usual COPY (into an empty or a new directory), and it saves writing every file a second time. The parents of
the destination stand in the layer with the attributes they have, for the upper layer's are the ones that count.
"""

from __future__ import annotations

import os
import posixpath
import stat
from typing import TYPE_CHECKING

from engine.builder.context.tarring import Folder, TarItem, write_tar
from engine.builder.steps.copy_sources import ignoring_closed, then_close
from engine.operations.together import together

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.builder.context.directory import ContextDirectory
    from engine.builder.context.tarring import TarOptions
    from engine.sandbox.client import Keeper
    from engine.storage.layers import LayerStore


async def write_layer(
    keeper: Keeper,
    layers: LayerStore,
    context: ContextDirectory | None,
    root: Path,
    directory: str,
    items: Sequence[TarItem],
    options: TarOptions,
) -> str | None:
    """The layer's diff id, or None where what is there has to be looked at file by file."""
    found = await _real_directory(keeper, root, directory)
    if found is None or any(_looks_like_a_mark(item.name) for item in items):
        return None
    real, present = found
    if present and not {item.name.split("/", 1)[0] for item in items}.isdisjoint(present):
        return None
    newest = max((item.entry.mtime_ns // 1_000_000_000 for item in items if item.entry is not None), default=0)
    made = Folder(0o755, options.uid, options.gid, newest if options.latest is None else min(newest, options.latest))
    parents = await _parents(keeper, root, real, made)
    prefix = real.strip("/")
    named = [_below(item, prefix) for item in items]
    read_end, write_end = os.pipe2(os.O_CLOEXEC)
    stream = write_tar(write_end, _in_packing_order([*parents, *named]), context, options)
    _, diff_id = await together([ignoring_closed(stream), then_close(layers.add(None, read_end), read_end)])
    return diff_id


def _looks_like_a_mark(name: str) -> bool:
    """A file of the context that, written into a layer, would take another one away."""
    return any(part.startswith(".wh.") for part in name.split("/"))


def _in_packing_order(items: Sequence[TarItem]) -> list[TarItem]:
    """As the keeper walks a tree: a directory, then all of it, names as bytes; of two with one name the last."""
    by_name = {item.name: item for item in items}
    return sorted(by_name.values(), key=lambda item: os.fsencode(item.name).split(b"/"))


def _below(item: TarItem, prefix: str) -> TarItem:
    return TarItem(posixpath.join(prefix, item.name), item.entry, item.text, item.file, item.folder)


async def _real_directory(keeper: Keeper, root: Path, directory: str) -> tuple[str, set[str]] | None:
    """Where a directory really is and what is in it (nothing if it has to be made); None if something is in the way."""
    path, missing = posixpath.normpath(directory), []
    while True:
        try:
            real = await keeper.real_path(root, path)
            found = await keeper.stat(root, real)
        except OSError:
            if path == "/":
                return None
            path, name = posixpath.split(path)
            missing.append(name)
            continue
        break
    if not stat.S_ISDIR(found.mode):
        return None
    if missing:
        if await _is_there(keeper, root, posixpath.join(real, missing[-1])):
            return None  # a link that leads nowhere
        return posixpath.join(real, *reversed(missing)), set()
    return real, {entry.name for entry in await keeper.list_directory(root, real)}


async def _is_there(keeper: Keeper, root: Path, path: str) -> bool:
    try:
        await keeper.stat(root, path)
    except OSError:
        return False
    return True


async def _parents(keeper: Keeper, root: Path, directory: str, made: Folder) -> list[TarItem]:
    """An entry for every directory on the way, the last one included."""
    items: list[TarItem] = []
    path = ""
    for name in directory.strip("/").split("/") if directory.strip("/") else ():
        path = posixpath.join(path, name)
        try:
            found = await keeper.stat(root, f"/{path}")
            folder = Folder(stat.S_IMODE(found.mode), found.uid, found.gid, found.mtime_ns // 1_000_000_000)
        except OSError:
            folder = made
        items.append(TarItem(path, folder=folder))
    return items
