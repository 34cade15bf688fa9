"""Which blobs belong to pulls that have not ended, so that those of a killed one are there when it resumes."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

import msgspec

from engine.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.state.database import Database

_log = logging.getLogger(__name__)
_NAME: Final = "images.unfinished"
_KEPT_SECONDS: Final = 7 * 86400.0


class Unfinished:
    """Digest → when its pull began."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._since: dict[str, float] = {}

    async def open(self) -> None:
        row = await self._database.fetch_one("SELECT body FROM settings WHERE name = ?", (_NAME,))
        since = msgspec.json.decode(row[0], type=dict[str, float]) if row is not None else {}
        self._since = {digest: when for digest, when in since.items() if when > time.time() - _KEPT_SECONDS}

    @property
    def digests(self) -> frozenset[str]:
        return frozenset(self._since)

    async def begin(self, digests: Sequence[str]) -> None:
        self._since.update(dict.fromkeys(digests, time.time()))
        await self._save()

    async def end(self, digests: Sequence[str]) -> None:
        """Whatever came of the pull is told already: a note that cannot be taken back only keeps some blobs longer."""
        for digest in digests:
            self._since.pop(digest, None)
        try:
            await self._save()
        except StorageError as error:
            _log.info("cannot write down that a pull has ended: %s", error)

    async def _save(self) -> None:
        await self._database.execute(
            "INSERT OR REPLACE INTO settings(name, body) VALUES (?, ?)", (_NAME, msgspec.json.encode(self._since))
        )
