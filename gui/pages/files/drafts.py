"""What was typed into files and not saved when their page was left: kept until the file is opened again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gui.pages.file_places import AnyPlace


@dataclass(frozen=True, slots=True)
class Draft:
    """The editor's text, and the bytes of the file it was made from."""

    shown: str
    original: bytes


class Drafts:
    """By place and path, for as long as the window lives."""

    def __init__(self) -> None:
        self._kept: dict[tuple[AnyPlace, str], Draft] = {}

    def keep(self, place: AnyPlace, path: str, draft: Draft) -> None:
        self._kept[place, path] = draft

    def take(self, place: AnyPlace, path: str) -> Draft | None:
        return self._kept.pop((place, path), None)

    def paths(self) -> list[str]:
        return sorted(path for _place, path in self._kept)
