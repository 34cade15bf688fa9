"""Images, layers and pulls in words: pure functions from snapshots."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

from engine.types.images import TreeChange
from gui.presentation.units import bytes_text, clock_text, short_id
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.types.containers import Container
    from engine.types.images import FileEntry, HistoryStep, Image, Layer, TreeNode

_SHELL = re.compile(r"^(?:/bin/sh -c |\|\d+ .*?/bin/sh -c )")
_NOP = re.compile(r"^#\(nop\)\s+")
_BUILDKIT = re.compile(r"\s+# buildkit$")


def image_name(image: Image) -> str:
    """The first tag, the name of the image it was built with, or the short id of one that has none."""
    if image.index_names and not image.tags:
        return f"{image.index_names[0]} ({image.platform})"
    return image.tags[0] if image.tags else f"<{short_id(image.id)}>"


def image_subtext(image: Image) -> str:
    parts = [short_id(image.id), str(image.platform)]
    if len(image.tags) > 1:
        more = len(image.tags) - 1
        parts.append(translate("Images", "%n more tags", None, more))
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


def score_tone(score: float) -> Tone:
    if score >= 0.95:
        return Tone.SUCCESS
    return Tone.WARNING if score >= 0.8 else Tone.DANGER


# --- files ---


def shown_path(path: str) -> str:
    """A path that may have bytes which are no text, fit to be drawn."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def mode_text(mode: int) -> str:
    """As `ls -l` writes permissions: "rwxr-xr-x", with the special bits: "rwsr-xr-x"."""
    return stat.filemode(mode)[1:]


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


def version_words(version: TreeNode, step: str) -> str:
    """What a layer did to a file, and the step that made the layer."""
    what = change_words(version.change) or translate("Images", "Put again")
    words = translate("Images", "Layer {0}  ·  {1}").format(version.layer + 1, what)
    return f"{words}  ·  {step}" if step else words


def created_words(image: Image) -> str:
    return clock_text(image.created)
