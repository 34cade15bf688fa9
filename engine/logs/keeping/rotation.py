"""Rotation without loss, and a bound that holds while no engine runs.

The file conmon writes gets its permanent name early, as a second hard link: who it is that has conmon begin a new one,
its old one stays. Usually we do, and conmon, which opens a file beside it and moves that over the path, loses not a
line. While no engine runs, conmon's own size limit does. It would throw the old file away; that way the last one an
engine saw stays, and of those after it the newest.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from engine.logs.written.files import LogFiles, index_path, rotated_files, rotated_name
from engine.logs.written.upkeep import bring_up_to_date, load_indexes

if TYPE_CHECKING:
    from pathlib import Path

REOPEN = b"2 0 0\n"
"""conmon's control message: open the log file anew."""
_INDEX_AT_ONCE = 64 * 1024 * 1024
_LEAST_UNATTENDED = 256 * 1024 * 1024


def unattended_limit(most_bytes: int, most_files: int) -> int:
    """Where conmon itself begins a new file, in bytes. It counts all it ever wrote, so this must be so much that it
    never happens twice between two looks of an engine that is there."""
    return max(most_bytes * most_files, _LEAST_UNATTENDED)


def name_early(path: Path) -> int:
    """Give the file conmon writes its permanent name too. The number of its inode, 0 where there is nothing in it."""
    files = LogFiles(path)
    try:
        if not _written(files):
            return 0
        _link(files)
        return files.parts[-1].inode
    finally:
        files.close()


def rotate(path: Path, control: Path | None, *, most_files: int) -> int:
    """Have a new file begun; the inode of the old one, 0 where there was nothing to rotate.

    Not to be asked twice for one inode: conmon would begin another new file, over the one it has just begun.
    """
    files = LogFiles(path)
    try:
        if not _written(files):
            return 0
        # The index must be there before old files go: their lines are counted in it.
        bring_up_to_date(files, load_indexes(files), save=True, most=_INDEX_AT_ONCE)
        if not _link(files):
            return 0
        if control is None or not _tell(control):
            # Nobody writes it; who comes next opens the path afresh.
            path.unlink(missing_ok=True)
        drop_oldest(path, most_files)
        return files.parts[-1].inode
    finally:
        files.close()


def _written(files: LogFiles) -> bool:
    """Whether there is a file that conmon writes, and something in it. After a rename there is none for a moment."""
    try:
        inode = os.stat(files.path).st_ino
    except FileNotFoundError:
        return False
    return bool(files.parts) and files.parts[-1].inode == inode and files.parts[-1].size > 0


def _link(files: LogFiles) -> bool:
    """By its descriptor: if conmon has moved another file over the path meanwhile, this one is gone and stays so."""
    current = files.parts[-1]
    if current.path != files.path:
        return True
    target = rotated_name(files.path, current.base)
    try:
        # A directory to start from is what has the link in /proc followed; with a whole path it means nothing else.
        os.link(f"/proc/self/fd/{current.fd}", target, src_dir_fd=current.fd, follow_symlinks=True)
    except FileNotFoundError:
        return False
    index = index_path(files.path)
    if index.exists():
        os.rename(index, index_path(target))
    current.path = target
    return True


def reopen_if_missing(path: Path, control: Path | None) -> None:
    """Ask again where conmon did not get the word (its fifo was full, or the engine died in between)."""
    if control is not None and not path.exists() and rotated_files(path):
        _tell(control)


def _tell(control: Path) -> bool:
    """False where conmon is gone."""
    try:
        fd = os.open(control, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    with contextlib.suppress(BlockingIOError):
        os.write(fd, REOPEN)
    os.close(fd)
    return True


def drop_oldest(path: Path, most_files: int) -> None:
    """Keep at most so many files, a current one among them that has no permanent name yet; but always the newest that
    has: the last lines written must stay readable, however short the current file is."""
    rotated = rotated_files(path)
    for _, old in rotated[: max(0, len(rotated) - max(1, most_files - 1))]:
        old.unlink(missing_ok=True)
        index_path(old).unlink(missing_ok=True)
