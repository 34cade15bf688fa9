"""Logs of removed containers: kept by name, one timeline for all containers that ever had the name, within a quota."""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.logs.written.files import LogFiles, index_path, rotated_files, rotated_name
from engine.logs.written.index import Index
from engine.logs.written.upkeep import bring_up_to_date, load_indexes
from engine.recipe.checks import is_name

if TYPE_CHECKING:
    from pathlib import Path

    from engine.logs.written.index import Mark

LOG = "container.log"


class LogArchive:
    """A directory per name; in it the parts of one history, all rotated, each with its index."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, name: str) -> Path | None:
        """The log of a name, None where nothing is kept of it."""
        if not is_name(name):
            return None
        path = self.root / name / LOG
        return path if rotated_files(path) else None

    def names(self) -> list[str]:
        if not self.root.is_dir():
            return []
        return sorted(entry.name for entry in self.root.iterdir() if self.path(entry.name) is not None)

    def take(self, log: Path, name: str) -> None:
        """Move a container's log files here, after what is kept of the name already."""
        if not is_name(name):
            return
        files = LogFiles(log)
        home = self.root / name / LOG
        kept = LogFiles(home)
        try:
            if files.end == files.start:
                return
            home.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            indexes = load_indexes(files)
            bring_up_to_date(files, indexes, save=False)
            earlier = load_indexes(kept)
            bring_up_to_date(kept, earlier, save=True)
            lines = earlier[-1].end.number if earlier else 0
            by, lines_by = kept.end - files.start, lines - indexes[0].base.number
            for part, index in zip(files.parts, indexes, strict=True):
                target = rotated_name(home, part.base + by)
                _move(part.path, target)
                shifted(index, by, lines_by).save(index_path(target))
                index_path(part.path).unlink(missing_ok=True)
        finally:
            files.close()
            kept.close()

    def forget(self, name: str) -> None:
        if (path := self.path(name)) is not None:
            shutil.rmtree(path.parent)

    def size(self) -> int:
        return sum(size for _, size, _ in self._parts())

    def trim(self, most_bytes: int) -> None:
        """Drop the oldest parts until the rest fits."""
        parts = sorted(self._parts())
        total = sum(size for _, size, _ in parts)
        for _, size, path in parts:
            if total <= most_bytes:
                break
            path.unlink(missing_ok=True)
            index_path(path).unlink(missing_ok=True)
            total -= size
            with contextlib.suppress(OSError):
                path.parent.rmdir()

    def _parts(self) -> list[tuple[float, int, Path]]:
        found = []
        if self.root.is_dir():
            for directory in self.root.iterdir():
                for _, path in rotated_files(directory / LOG):
                    info = path.stat()
                    found.append((info.st_mtime, info.st_size, path))
        return found


def _move(source: Path, target: Path) -> None:
    try:
        os.rename(source, target)
    except OSError:  # the history may be on another file system
        shutil.copy2(source, target)
        source.unlink()


def shifted(index: Index, offset: int, number: int) -> Index:
    """The same index for the same file further on in a history."""
    moved = Index(_shift(index.mark(0), offset, number), index.fingerprint)
    for position in range(1, index.marks):
        moved.extend(_shift(index.mark(position), offset, number))
    moved.extend(_shift(index.end, offset, number))
    return moved


def _shift(mark: Mark, offset: int, number: int) -> Mark:
    pending = tuple(place + offset if place >= 0 else place for place in mark.pending)
    return replace(mark, offset=mark.offset + offset, number=mark.number + number, pending=(pending[0], pending[1]))
