"""The parts of a store's disk use in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.presentation.units import bytes_text
from gui.shell import Confirmation
from gui.words import marked, translate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.types.disk import DiskItem, DiskPart, DiskUsage, PartId

CACHE = "build-cache"
_WORDS: dict[PartId, tuple[str, str]] = {
    "images": (marked("Disk", "Images"), marked("Disk", "Layers of images, unpacked and as they were pulled")),
    "build-cache": (
        marked("Disk", "Build cache"),
        marked("Disk", "Steps of builds that no image has, and cache mounts"),
    ),
    "logs": (marked("Disk", "Logs"), marked("Disk", "Of the containers there are; the last lines always stay")),
    "containers": (marked("Disk", "Containers"), marked("Disk", "What containers have written into their own files")),
    "volumes": (marked("Disk", "Volumes"), marked("Disk", "Data that outlives containers")),
    "history": (marked("Disk", "History"), marked("Disk", "Logs and figures of removed containers, output of builds")),
    "pulls": (marked("Disk", "Unfinished pulls"), marked("Disk", "Kept so that a pull that broke off can go on")),
    "store": (marked("Disk", "The rest"), marked("Disk", "The database, and what is being deleted right now")),
}
_HOLDERS = {"build-cache": marked("Disk", "build cache"), "running": marked("Disk", "in use now")}
_ITEMS = {
    "build-output": marked("Disk", "Output of builds"),
    "build-contexts": marked("Disk", "Digests of build folders"),
}
_LOSES = {
    "images": marked("Disk", "They have to be pulled or built again when they are wanted."),
    "build-cache": marked("Disk", "The next builds take longer. Nothing else is lost."),
    "logs": marked("Disk", "Earlier lines are gone for good; the last ones of each container stay."),
    "containers": marked("Disk", "Stopped containers are removed with all they wrote outside of volumes."),
    "volumes": marked("Disk", "The data in them is gone for good."),
    "history": marked("Disk", "Logs and figures of removed containers are gone for good."),
    "pulls": marked("Disk", "Pulls that broke off begin anew."),
}
SAFE: tuple[PartId, ...] = ("images", "build-cache", "pulls")
"""What can be had again."""
FREEABLE: tuple[PartId, ...] = ("images", "build-cache", "pulls", "logs", "history", "containers", "volumes")
_MOST_NAMES = 8


def part_title(part_id: PartId) -> str:
    return translate("Disk", _WORDS[part_id][0])


def part_about(part_id: PartId) -> str:
    return translate("Disk", _WORDS[part_id][1])


def frees(part: DiskPart) -> int:
    """All that can come back of a part, what the build cache holds of images with it."""
    return part.frees + part.with_cache


def item_name(item: DiskItem) -> str:
    known = _ITEMS.get(item.id)
    if known is not None:
        return translate("Disk", known)
    if item.id.startswith("figures:"):
        return translate("Disk", "Figures of {0}").format(item.name.removeprefix("name-").rpartition(".")[0])
    if item.id.startswith("log:"):
        return translate("Disk", "Log of {0}").format(item.name)
    return item.name


def holders(item: DiskItem) -> str:
    """Who else needs it."""
    known = [translate("Disk", _HOLDERS[one]) if one in _HOLDERS else one for one in item.held_by]
    return ", ".join(known)


def usage_words(usage: DiskUsage) -> str:
    return translate("Disk", "{0} in the store  ·  {1} free on the disk").format(
        bytes_text(usage.bytes), bytes_text(usage.disk_free)
    )


def part_words(part: DiskPart) -> str:
    """What it would give back, and how many things hold the rest."""
    held = sum(1 for item in part.items if not item.frees and item.held_by)
    words = []
    if held:
        words.append(translate("Disk", "%n things in use", None, held))
    if part.with_cache:
        words.append(translate("Disk", "{0} of it held by the build cache").format(bytes_text(part.with_cache)))
    return "  ·  ".join(words)


def question(part: DiskPart, chosen: Sequence[DiskItem]) -> Confirmation:
    """Before a part, or some things of it, are freed."""
    names = [item_name(item) for item in chosen]
    shown = (*names[:_MOST_NAMES], *(("…",) if len(names) > _MOST_NAMES else ()))
    options: tuple[tuple[str, str, bool], ...] = ()
    if part.id == "images" and any(CACHE in item.held_by for item in chosen):
        words = translate("Disk", "Let go of their steps in the build cache too: that frees {0} more")
        options = ((CACHE, words.format(bytes_text(part.with_cache)), True),)
    return Confirmation(
        title=translate("Disk", "Free {0}?").format(part_title(part.id)),
        text=translate("Disk", _LOSES[part.id]),
        accept=translate("Disk", "Free"),
        options=options,
        details=shown,
    )


def question_of_all(usage: DiskUsage) -> Confirmation:
    """Which parts are to be freed; those that can be had again are ticked."""
    options = tuple(
        (part_id, f"{part_title(part_id)}: {bytes_text(frees(usage.part(part_id)))}", part_id in SAFE)
        for part_id in FREEABLE
        if frees(usage.part(part_id))
    )
    return Confirmation(
        title=translate("Disk", "Free space"),
        text=translate("Disk", "Images and the build cache can be had again; logs, containers and volumes cannot."),
        accept=translate("Disk", "Free"),
        options=options,
    )
