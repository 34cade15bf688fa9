"""Volumes as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.models.table import Column, KeyedTableModel
from gui.presentation.units import ago_text, bytes_text, clock_text, short_id
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PySide6.QtCore import QObject

    from engine.types.containers import Container
    from engine.types.volumes import Volume

COLUMNS = ("name", "size", "created", "used")


def users_text(keys: tuple[str, ...], containers: Mapping[str, Container]) -> str:
    names = sorted(containers[key].name for key in keys if key in containers)
    if names:
        return ", ".join(names)
    return translate("VolumesModel", "Unused") if not keys else str(len(keys))


def size_text(volume: Volume) -> str:
    return bytes_text(volume.size) if volume.size is not None else "–"


def volume_name(volume: Volume) -> str:
    """Its name; of the 64 digits of one that nobody named, as many as tell it from the others."""
    return short_id(volume.name) if volume.anonymous else volume.name


def volumes_model(containers: Callable[[], Mapping[str, Container]], parent: QObject) -> KeyedTableModel[Volume]:
    columns: list[Column[Volume]] = [
        Column(
            "name",
            translate("VolumesModel", "Volume"),
            volume_name,
            tooltip=lambda volume: f"{volume.name}\n{volume.mountpoint}",
            subtext=lambda volume: translate("VolumesModel", "made for a container") if volume.anonymous else "",
            icon=lambda _volume: "volume",
            tone=lambda volume: Tone.ACCENT if volume.used_by else Tone.NEUTRAL,
        ),
        Column(
            "size",
            translate("VolumesModel", "Size"),
            size_text,
            sort=lambda volume: volume.size if volume.size is not None else -1,
            tooltip=lambda volume: (
                translate("VolumesModel", "Measured {0}").format(ago_text(volume.size_measured))
                if volume.size_measured
                else translate("VolumesModel", "Not measured yet")
            ),
            right=True,
        ),
        Column(
            "created",
            translate("VolumesModel", "Created"),
            lambda volume: ago_text(volume.created),
            sort=lambda volume: volume.created.timestamp(),
            tooltip=lambda volume: clock_text(volume.created),
        ),
        Column("used", translate("VolumesModel", "Used by"), lambda volume: users_text(volume.used_by, containers())),
    ]
    return KeyedTableModel(
        columns, haystack=lambda volume: " ".join((volume.name, *volume.labels.values())), parent=parent
    )
