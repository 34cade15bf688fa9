"""How objects were before they were last applied from here, for those of which a cluster keeps no earlier state.

A file for each, readable to their owner only. A secret is kept in memory alone: it is not written to a disk that the
cluster's owner knows nothing of.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MOST = 200


class FormerStates:
    """`folder` None keeps everything in memory."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._held: dict[str, dict[str, Any] | None] = {}

    def keep(self, server: str, path: str, found: Mapping[str, Any] | None) -> None:
        """None is: it was not there."""
        key = _key(server, path)
        if self._folder is None or (found or {}).get("kind") == "Secret":
            self._held[key] = dict(found) if found is not None else None
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._folder / f".{key}"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(found, file)
        os.replace(fresh, self._folder / key)
        self._held.pop(key, None)
        for old in sorted(self._folder.iterdir(), key=_age)[:-_MOST]:
            old.unlink(missing_ok=True)

    def known(self, server: str, path: str) -> tuple[bool, dict[str, Any] | None]:
        """Whether it was applied from here, and how it was before."""
        key = _key(server, path)
        if key in self._held:
            return True, self._held[key]
        with contextlib.suppress(OSError, ValueError):
            if self._folder is not None:
                found = json.loads((self._folder / key).read_text(encoding="utf-8"))
                return True, found if isinstance(found, dict) else None
        return False, None


def _key(server: str, path: str) -> str:
    return hashlib.sha256(f"{server}\0{path}".encode()).hexdigest()[:32]


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
