"""The gallery's templates in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.presentation.names import is_figures
from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from engine.types.gallery import GalleryField, GalleryTemplate

CATEGORIES = ("databases", "brokers", "web", "monitoring", "storage", "tools", "apps")
_HIGHEST_PORT = 65535


def category_text(category: str) -> str:
    known = {
        "databases": translate("Gallery", "Databases"),
        "brokers": translate("Gallery", "Brokers"),
        "web": translate("Gallery", "Web servers"),
        "monitoring": translate("Gallery", "Monitoring"),
        "storage": translate("Gallery", "Storage"),
        "tools": translate("Gallery", "Tools"),
        "apps": translate("Gallery", "Applications"),
    }
    return known.get(category, category or translate("Gallery", "Of your own"))


def in_language(texts: Mapping[str, str]) -> str:
    """The words of the window's language, else English, else what there is."""
    own = translate("Gallery", "en")
    return texts.get(own) or texts.get("en") or next(iter(texts.values()), "")


def field_text(field: GalleryField) -> str:
    if label := in_language(field.label):
        return label
    known = {
        "version": translate("Gallery", "Version"),
        "port": translate("Gallery", "Port"),
        "password": translate("Gallery", "Password"),
        "memory": translate("Gallery", "Memory"),
    }
    return known.get(field.kind, field.name)


def data_text(template: GalleryTemplate) -> str:
    """Where its data lies, a sentence for each volume."""
    told = translate("Gallery", "Data lies in the volume {0}, at {1}.")
    return "\n".join(told.format(volume, path) for volume, path in template.data.items())


def haystack(template: GalleryTemplate) -> str:
    about = " ".join(template.about.values())
    return " ".join((template.id, template.title, category_text(template.category), about, *template.images))


def free_from(port: str, taken: Collection[int]) -> str:
    """The port itself, or the next one nobody listens on."""
    if not is_figures(port):
        return port
    return next((str(each) for each in range(int(port), _HIGHEST_PORT + 1) if each not in taken), port)
