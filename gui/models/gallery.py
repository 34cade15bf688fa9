"""The gallery's templates as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.models.table import Column, KeyedTableModel
from gui.presentation.projects import gallery as words
from gui.words import translate

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from engine.types.gallery import GalleryTemplate


def gallery_model(parent: QObject) -> KeyedTableModel[GalleryTemplate]:
    columns: list[Column[GalleryTemplate]] = [
        Column("title", translate("Gallery", "Service"), lambda one: one.title, icon=_icon,
               subtext=lambda one: words.in_language(one.about), tooltip=lambda one: "\n".join(one.images)),
        Column("category", translate("Gallery", "Kind"), lambda one: words.category_text(one.category)),
    ]  # fmt: skip
    return KeyedTableModel(columns, haystack=words.haystack, parent=parent)


def _icon(template: GalleryTemplate) -> str:
    known = {"databases": "disk", "brokers": "bolt", "web": "globe", "monitoring": "chart", "storage": "archive",
             "tools": "settings", "apps": "window"}  # fmt: skip
    return known.get(template.category, "layers")
