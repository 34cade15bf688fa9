"""Builds as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.models.table import Column, KeyedTableModel
from gui.presentation.images import builds as words
from gui.presentation.units import ago_text, clock_text, step_text
from gui.words import translate

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from engine.types.builds import Build

COLUMNS = ("name", "steps", "duration", "started")


class BuildsModel(KeyedTableModel["Build"]):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_columns(), parent=parent)


def _columns() -> tuple[Column[Build], ...]:
    return (
        Column(
            "name",
            translate("BuildsModel", "Build"),
            words.build_title,
            subtext=lambda build: f"{words.build_words(build).word} · {words.where_text(build)}",
            icon=lambda build: words.build_words(build).icon,
            tone=lambda build: words.build_words(build).tone,
            tooltip=lambda build: "\n".join([*build.tags, words.where_text(build)]),
        ),
        Column("steps", translate("BuildsModel", "Steps"), words.steps_text, sort=lambda build: len(build.steps)),
        Column(
            "duration",
            translate("BuildsModel", "Time"),
            lambda build: step_text(words.seconds_of(build)),
            sort=words.seconds_of,
            right=True,
        ),
        Column(
            "started",
            translate("BuildsModel", "Started"),
            lambda build: ago_text(build.started),
            sort=lambda build: -build.started.timestamp(),
            tooltip=lambda build: clock_text(build.started),
        ),
    )
