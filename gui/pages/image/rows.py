"""Layers, files and waste of an image as the rows of their widgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.types.images import FileKind
from gui.presentation.images.words import layer_step, mode_text, shown_path
from gui.presentation.units import bytes_text
from gui.theme import Tone
from gui.widgets.lists.file_tree import Change, FileRow
from gui.widgets.lists.waste_list import WasteRow
from gui.widgets.painted.layer_stack import StackLayer
from gui.words import grouped, marked, translate

if TYPE_CHECKING:
    from engine.types.images import Layer, LayerReport, TreeNode, WastedFile

KIND_ICONS = {
    FileKind.DIRECTORY: "folder",
    FileKind.SYMLINK: "symlink",
    FileKind.HARDLINK: "link",
    FileKind.DEVICE: "cpu",
    FileKind.FIFO: "plug",
}


def stack_layer(layer: Layer) -> StackLayer:
    """A layer for the stack: what it did in numbers."""
    files = translate("Images", "%n files", None, layer.files)
    parts = [translate("Images", "Layer {0}").format(layer.index + 1), files]
    for count, words in (
        (layer.added, translate("Images", "{0} added", None, layer.added)),
        (layer.changed, translate("Images", "{0} changed", None, layer.changed)),
        (layer.mode_only, translate("Images", "{0} with another mode or owner", None, layer.mode_only)),
        (layer.removed, translate("Images", "{0} removed", None, layer.removed)),
    ):
        if count:
            parts.append(words.format(grouped(count)))
    if layer.hidden_bytes:
        parts.append(translate("Images", "{0} hidden by later layers").format(bytes_text(layer.hidden_bytes)))
    if layer.shared_with:
        shared = len(layer.shared_with)
        parts.append(translate("Images", "shared with %n images", None, shared))
    return StackLayer(
        layer.index, layer_step(layer), layer.size, bytes_text(layer.size), "  ·  ".join(parts), layer.hidden_bytes
    )


_REASONS = {
    "overwritten": (marked("Images", "Overwritten"), Tone.WARNING),
    "removed": (marked("Images", "Removed later"), Tone.DANGER),
    "directory-removed": (marked("Images", "Folder removed later"), Tone.DANGER),
    "opaque": (marked("Images", "Folder replaced"), Tone.DANGER),
    "copied-for-metadata": (marked("Images", "Only mode or owner"), Tone.INFO),
}


def waste_row(wasted: WastedFile, report: LayerReport) -> WasteRow:
    words, tone = _REASONS[wasted.reason]
    steps = {layer.index: layer_step(layer) for layer in report.layers}
    return WasteRow(
        shown_path(wasted.path),
        wasted.size,
        bytes_text(wasted.size),
        f"{wasted.added_by + 1}  {steps.get(wasted.added_by, '')}",
        f"{wasted.hidden_by + 1}  {steps.get(wasted.hidden_by, '')}",
        translate("Images", words),
        tone,
    )


def tree_row(node: TreeNode) -> FileRow:
    """A node of an image's tree as a row."""
    entry = node.entry
    folder = entry.kind is FileKind.DIRECTORY
    size = node.tree_size if folder else entry.size
    return FileRow(
        shown_path(entry.path.rstrip("/").rsplit("/", 1)[-1]),
        entry.path,
        folder,
        size,
        bytes_text(size) if size or not folder else "",
        Change(node.change.value),
        KIND_ICONS.get(entry.kind, "file"),
        shown_path(entry.link),
        (mode_text(entry.mode), f"{entry.uid}:{entry.gid}"),
    )
