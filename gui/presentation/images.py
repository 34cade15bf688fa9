"""Images, layers and pulls in words: pure functions from snapshots."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.types.images import FileKind, LayerPhase, TreeChange, WastedFile
from gui.presentation.units import bytes_text, clock_text, count_text, short_id
from gui.theme import Tone
from gui.widgets.file_tree import Change, FileRow
from gui.widgets.layer_stack import StackLayer
from gui.widgets.progress_rows import ProgressRow
from gui.widgets.waste_list import WasteRow
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.types.containers import Container
    from engine.types.files import DirectoryEntry
    from engine.types.images import FileEntry, HistoryStep, Image, Layer, LayerProgress, LayerReport, TreeNode

DIGEST_LENGTH = 12
_SHELL = re.compile(r"^(?:/bin/sh -c |\|\d+ .*?/bin/sh -c )")
_NOP = re.compile(r"^#\(nop\)\s+")
_BUILDKIT = re.compile(r"\s+# buildkit$")


def image_name(image: Image) -> str:
    """The first tag, or the short id of one that has none."""
    return image.tags[0] if image.tags else f"<{short_id(image.id)}>"


def image_subtext(image: Image) -> str:
    parts = [short_id(image.id), str(image.platform)]
    if len(image.tags) > 1:
        more = len(image.tags) - 1
        parts.append(count_text(more, translate("Images", "{0} more tag"), translate("Images", "{0} more tags")))
    return "  ·  ".join(parts)


def used_by_text(image: Image, containers: Mapping[str, Container]) -> str:
    """Names of the containers made from it."""
    names = sorted(containers[key].name for key in image.used_by if key in containers)
    return (
        ", ".join(names) if names else translate("Images", "Unused") if not image.used_by else str(len(image.used_by))
    )


def step_words(created_by: str) -> str:
    """A history line as the Dockerfile had it, in one line."""
    text = _BUILDKIT.sub("", created_by.strip())
    if _SHELL.match(text):
        text = _SHELL.sub("", text, count=1).lstrip()
        text = _NOP.sub("", text) if _NOP.match(text) else f"RUN {text}"
    if text.startswith("RUN /bin/sh -c "):
        text = "RUN " + text.removeprefix("RUN /bin/sh -c ")
    return " ".join(text.split())


def layer_step(layer: Layer) -> str:
    step: HistoryStep | None = layer.step
    if step is None or not step.created_by:
        return translate("Images", "(no step is recorded)")
    return step_words(step.created_by)


def stack_layer(layer: Layer) -> StackLayer:
    """A layer for the stack: what it did in numbers."""
    files = count_text(layer.files, translate("Images", "{0} file"), translate("Images", "{0} files"))
    parts = [translate("Images", "Layer {0}").format(layer.index + 1), files]
    for count, words in (
        (layer.added, translate("Images", "{0} added")),
        (layer.changed, translate("Images", "{0} changed")),
        (layer.removed, translate("Images", "{0} removed")),
    ):
        if count:
            parts.append(words.format(f"{count:,}"))
    if layer.hidden_bytes:
        parts.append(translate("Images", "{0} hidden by later layers").format(bytes_text(layer.hidden_bytes)))
    if layer.shared_with:
        shared = len(layer.shared_with)
        parts.append(
            count_text(
                shared, translate("Images", "shared with {0} image"), translate("Images", "shared with {0} images")
            )
        )
    return StackLayer(
        layer.index, layer_step(layer), layer.size, bytes_text(layer.size), "  ·  ".join(parts), layer.hidden_bytes
    )


_REASONS = {
    "overwritten": ("Overwritten", Tone.WARNING),
    "removed": ("Removed later", Tone.DANGER),
    "directory-removed": ("Folder removed later", Tone.DANGER),
    "opaque": ("Folder replaced", Tone.DANGER),
    "copied-for-metadata": ("Copied for its owner or mode", Tone.INFO),
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


def score_tone(score: float) -> Tone:
    if score >= 0.95:
        return Tone.SUCCESS
    return Tone.WARNING if score >= 0.8 else Tone.DANGER


# --- files ---

_ICONS = {
    FileKind.DIRECTORY: "folder",
    FileKind.SYMLINK: "symlink",
    FileKind.HARDLINK: "link",
    FileKind.DEVICE: "cpu",
    FileKind.FIFO: "plug",
}


def shown_path(path: str) -> str:
    """A path that may have bytes which are no text, fit to be drawn."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def mode_text(mode: int) -> str:
    return f"{mode & 0o7777:04o}"


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
        _ICONS.get(entry.kind, "file"),
        shown_path(entry.link),
        (mode_text(entry.mode), f"{entry.uid}:{entry.gid}"),
    )


def directory_row(folder_path: str, entry: DirectoryEntry) -> FileRow:
    """An entry of a volume's or a container's folder as a row."""
    folder = entry.kind is FileKind.DIRECTORY
    path = f"{folder_path.rstrip('/')}/{entry.name}"
    return FileRow(
        shown_path(entry.name),
        path,
        folder,
        0 if folder else entry.size,
        "" if folder else bytes_text(entry.size),
        Change(entry.changed),
        _ICONS.get(entry.kind, "file"),
        shown_path(entry.link),
        (mode_text(entry.mode), f"{entry.uid}:{entry.gid}"),
    )


def change_words(change: TreeChange) -> str:
    return {
        TreeChange.ADDED: translate("Images", "Added"),
        TreeChange.CHANGED: translate("Images", "Changed"),
        TreeChange.REMOVED: translate("Images", "Removed"),
        TreeChange.MODE_ONLY: translate("Images", "Mode or owner"),
        TreeChange.SAME: "",
    }[change]


def change_tone(change: TreeChange) -> Tone | None:
    return {
        TreeChange.ADDED: Tone.SUCCESS,
        TreeChange.CHANGED: Tone.WARNING,
        TreeChange.REMOVED: Tone.DANGER,
        TreeChange.MODE_ONLY: Tone.INFO,
    }.get(change)


def entry_words(entry: FileEntry) -> str:
    """One line about a file: size, mode, owner."""
    return "  ·  ".join((bytes_text(entry.size), mode_text(entry.mode), f"{entry.uid}:{entry.gid}"))


# --- pulls ---

_PHASES = {
    LayerPhase.WAITING: ("Waiting", Tone.MUTED),
    LayerPhase.PRESENT: ("Already here", Tone.SUCCESS),
    LayerPhase.DOWNLOADING: ("Downloading", Tone.ACCENT),
    LayerPhase.VERIFYING: ("Verifying", Tone.INFO),
    LayerPhase.UNPACKING: ("Unpacking", Tone.INFO),
    LayerPhase.UPLOADING: ("Uploading", Tone.ACCENT),
    LayerPhase.MOUNTED: ("Mounted", Tone.SUCCESS),
    LayerPhase.RETRYING: ("Retrying", Tone.WARNING),
    LayerPhase.DONE: ("Done", Tone.SUCCESS),
}
_FULL = {LayerPhase.PRESENT, LayerPhase.MOUNTED, LayerPhase.DONE}


def progress_row(layer: LayerProgress) -> ProgressRow:
    words, tone = _PHASES[layer.phase]
    full = layer.phase in _FULL
    total = layer.total or (1 if full else 0)
    done = total if full else layer.done
    amount = bytes_text(layer.total) if layer.total else ""
    if layer.total and not full and layer.done:
        amount = translate("Images", "{0} of {1}").format(bytes_text(layer.done), bytes_text(layer.total))
    return ProgressRow(short_id(layer.digest), translate("Images", words), done, total, layer.note or amount, tone)


def progress_rows(layers: Sequence[LayerProgress]) -> list[ProgressRow]:
    return [progress_row(layer) for layer in layers]


def created_words(image: Image) -> str:
    return clock_text(image.created)
