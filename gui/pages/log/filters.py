"""Filters worth keeping: what was searched for in a log, by name, for every log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from gui.words import translate

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QMenu

    from gui.settings import WindowSettings

_KEY = "log-filters"
_MOST = 30


class LogFilter(NamedTuple):
    """What the tools above a log say."""

    pattern: str = ""
    regex: bool = False
    only: bool = False
    inverse: bool = False
    levels: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        words = [self.pattern and (f"/{self.pattern}/" if self.regex else self.pattern), *self.levels]
        shown = " · ".join(word for word in words if word)
        return translate("Logs", "not {0}").format(shown) if self.inverse else shown


def saved_filters(settings: WindowSettings) -> list[LogFilter]:
    """The newest first. What cannot be read is no filter."""
    try:
        rows = json.loads(settings.text(_KEY, "[]"))
        return [LogFilter(str(p), bool(r), bool(o), bool(i), tuple(map(str, levels))) for p, r, o, i, levels in rows]
    except (ValueError, TypeError):
        return []


def save_filter(settings: WindowSettings, chosen: LogFilter) -> None:
    others = [one for one in saved_filters(settings) if one != chosen]
    settings.set_text(_KEY, json.dumps([chosen, *others][:_MOST]))


def forget_filter(settings: WindowSettings, chosen: LogFilter) -> None:
    settings.set_text(_KEY, json.dumps([one for one in saved_filters(settings) if one != chosen]))


def fill_filter_menu(menu: QMenu, settings: WindowSettings, now: LogFilter, apply: Callable[[LogFilter], None]) -> None:
    """Those there are, to be taken; this one, to be kept; and a way to forget."""
    menu.clear()
    known = saved_filters(settings)
    for one in known:
        menu.addAction(one.title, lambda chosen=one: apply(chosen))
    if known:
        menu.addSeparator()
    keep = menu.addAction(translate("Logs", "Keep this filter"), lambda: save_filter(settings, now))
    keep.setEnabled(bool(now.title) and now not in known)
    if known:
        forget = menu.addMenu(translate("Logs", "Forget a filter"))
        for one in known:
            forget.addAction(one.title, lambda chosen=one: forget_filter(settings, chosen))
