"""Rotation without loss: rename the file, then have conmon open a new one; drop the oldest beyond the limit.

Between the rename and the reopening conmon goes on writing to the renamed file, so not a line is lost or doubled. The
name says at which offset of the history the file begins; nothing is ever renamed twice.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.logs.files import LogFiles, index_path, rotated_files, rotated_name
from engine.logs.upkeep import bring_up_to_date, load_indexes

if TYPE_CHECKING:
    from pathlib import Path

REOPEN = b"2 0 0\n"
"""conmon's control message: open the log file anew."""
_INDEX_AT_ONCE = 64 * 1024 * 1024


def rotate(path: Path, control: Path | None, *, most_files: int) -> bool:
    """Begin a new file. False where there was nothing to rotate, or the last rotation is not through yet."""
    files = LogFiles(path)
    try:
        # Without a current file conmon has not answered the last rename yet: what it writes is in the last part.
        if not files.parts or files.parts[-1].path != path or files.parts[-1].size == 0:
            return False
        current = files.parts[-1]
        # The index must be there before old files go: their lines are counted in it.
        bring_up_to_date(files, load_indexes(files), save=True, most=_INDEX_AT_ONCE)
        target = rotated_name(path, current.base)
        os.rename(path, target)
        if index_path(path).exists():
            os.rename(index_path(path), index_path(target))
        if control is not None:
            _tell(control)
        drop_oldest(path, most_files)
    finally:
        files.close()
    return True


def reopen_if_missing(path: Path, control: Path | None) -> None:
    """Ask again where conmon did not get the word (its fifo was full, or the engine died in between)."""
    if control is not None and not path.exists() and rotated_files(path):
        _tell(control)


def _tell(control: Path) -> None:
    try:
        fd = os.open(control, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return  # conmon is gone; the next one opens the path afresh
    try:
        os.write(fd, REOPEN)
    except BlockingIOError:
        pass
    finally:
        os.close(fd)


def drop_oldest(path: Path, most_files: int) -> None:
    """Keep at most so many files, the current one among them, but always the newest rotated one: the last lines
    written must stay readable, however short the current file is."""
    rotated = rotated_files(path)
    for _, old in rotated[: max(0, len(rotated) - max(1, most_files - 1))]:
        old.unlink(missing_ok=True)
        index_path(old).unlink(missing_ok=True)
