"""The choices of a person, one JSON document in the store; read at once, written durably, told to whoever asked."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from engine.errors import InvalidRequest
from engine.types.host import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.state.database import Database

_log = logging.getLogger(__name__)
_NAME = "engine"
_DRIVERS = ("", "overlay", "fuse-overlayfs")


class SettingsStore:
    """Open with `await SettingsStore.open(database)`; `current` is always the truth."""

    def __init__(self, database: Database, current: Settings) -> None:
        self._database = database
        self._current = current
        self._listeners: list[Callable[[Settings], None]] = []

    @classmethod
    async def open(cls, database: Database) -> SettingsStore:
        row = await database.fetch_one("SELECT body FROM settings WHERE name = ?", (_NAME,))
        return cls(database, _decoded(row[0]) if row else Settings())

    @property
    def current(self) -> Settings:
        return self._current

    def on_change(self, listener: Callable[[Settings], None]) -> None:
        """Called, on the engine's loop, with every new choice after it is durable."""
        self._listeners.append(listener)

    async def change(self, settings: Settings) -> None:
        check(settings)
        await self._database.execute(
            "INSERT INTO settings (name, body) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body",
            (_NAME, msgspec.json.encode(settings)),
        )
        self._current = settings
        for listener in self._listeners:
            listener(settings)


def check(settings: Settings) -> None:
    """Raise `InvalidRequest` for a choice the engine could not live with."""
    if settings.driver not in _DRIVERS:
        raise InvalidRequest(
            f"There is no storage driver “{settings.driver}”", hint=f"Choose one of {', '.join(_DRIVERS[1:])}."
        )
    limits = (
        ("parallel downloads", settings.parallel_downloads, 1, 64),
        ("size of a log file", settings.default_log_max_bytes, 1 << 16, 1 << 50),
        ("number of log files", settings.default_log_max_files, 1, 1000),
        ("size of kept logs", settings.history_max_bytes, 0, 1 << 50),
        ("seconds between background samples", settings.stats_background_seconds, 0.5, 3600),
    )
    for words, value, least, most in limits:
        if not least <= value <= most:
            raise InvalidRequest(f"The {words} must be between {least} and {most}, not {value}")


def _decoded(body: bytes) -> Settings:
    """A document this version cannot read must not keep the engine from starting."""
    try:
        settings = msgspec.json.decode(body, type=Settings)
        check(settings)
    except (msgspec.DecodeError, InvalidRequest) as error:
        _log.warning("the kept settings are not readable, using defaults: %s", error)
        return Settings()
    return settings
