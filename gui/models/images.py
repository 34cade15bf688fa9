"""Images as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.models.table import Column, KeyedTableModel
from gui.presentation.images.words import created_words, image_name, image_subtext, used_by_text
from gui.presentation.units import ago_text, bytes_text
from gui.theme import Tone
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PySide6.QtCore import QObject

    from engine.types.containers import Container
    from engine.types.images import Image

COLUMNS = ("name", "size", "unique", "created", "used")


def images_model(containers: Callable[[], Mapping[str, Container]], parent: QObject) -> KeyedTableModel[Image]:
    """A row per image; `containers` is asked for names while drawing."""
    columns: list[Column[Image]] = [
        Column(
            "name",
            translate("ImagesModel", "Image"),
            image_name,
            tooltip=lambda image: "\n".join(image.tags or (image.id,)),
            subtext=image_subtext,
            icon=lambda _image: "image",
            tone=lambda image: Tone.MUTED if not image.tags else Tone.ACCENT if image.used_by else Tone.NEUTRAL,
        ),
        Column(
            "size", translate("ImagesModel", "Size"), lambda i: bytes_text(i.size), sort=lambda i: i.size, right=True
        ),
        Column(
            "unique",
            translate("ImagesModel", "Alone"),
            lambda image: bytes_text(image.unique_size),
            sort=lambda image: image.unique_size,
            tooltip=lambda image: translate(
                "ImagesModel", "{0} are shared with other images; removing this one frees {1}"
            ).format(bytes_text(image.shared_size), bytes_text(image.unique_size)),
            right=True,
        ),
        Column(
            "created",
            translate("ImagesModel", "Created"),
            lambda image: ago_text(image.created),
            sort=lambda image: image.created.timestamp() if image.created else 0.0,
            tooltip=created_words,
        ),
        Column(
            "used",
            translate("ImagesModel", "Used by"),
            lambda image: used_by_text(image, containers()),
            tooltip=lambda image: used_by_text(image, containers()),
        ),
    ]
    return KeyedTableModel(columns, haystack=_haystack, parent=parent)


def _haystack(image: Image) -> str:
    return " ".join((*image.tags, *image.digests, image.id, str(image.platform)))
