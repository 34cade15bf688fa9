"""Who may pass where in a store: it is made closed to everybody else, and one of before is closed when it is opened.

For a user all is 0700: the namespace's root is the user. The host's root is a stranger to the namespace's, and its own
directories stay its own: those on the way to what the namespace owns may be passed, and nothing more, by the one group
that is root's inside. New files there are that group's too (setgid), so what is written for the namespace is readable
to it and to nobody else. The mapped ids own nothing on the way to the socket, so they can replace nothing of it.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from engine import whereabouts
from engine.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.sandbox.ids import IdMapping
    from engine.storage.paths import Paths

_OTHERS = stat.S_IRWXO
_TREES = ("tree", "upper", "work", "rootfs", "data", "unpacked", "complete", "former")
"""Files of images, containers and volumes: their modes are theirs, and nobody else comes as far as them."""


def set_mask() -> None:
    """Started by root: what the engine makes is for the namespace's root too, by its group, and for nobody else.

    A user's mask stays as it is, for the programs he starts from the window; his directories are closed.
    """
    if os.geteuid() == 0:
        os.umask(0o027)


def make_root(paths: Paths) -> None:
    """The first thing of all that is made or looked at."""
    paths.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    _require_own(paths.root)


def make_closed(paths: Paths, ids: IdMapping) -> None:
    """Make all directories, with the owners and modes they must have; put right those that are there already."""
    group = ids.outside_gid(0) if _is_stranger(ids) else None
    was_open = _mode(paths.root) & _OTHERS
    for path in (*paths.passed_by_namespace, *paths.owned_by_engine):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        _require_own(path)
        passable = path in paths.passed_by_namespace
        _set(path, os.getuid() if group is not None else None, group if passable else None, 0o700)
    if trouble := whereabouts.stranger_on_the_way(str(paths.run)):
        raise _not_private(paths.run, trouble)
    if group is not None:
        _give(paths, ids.outside_uid(0) or 0, group)
    with contextlib.suppress(FileNotFoundError):
        paths.former_namespaces.rename(paths.namespaces)
    for path in (path for place in (paths.root, paths.run) for path in place.glob("*") if path.is_file()):
        if path != paths.presence:
            _close(path, 0o077)
    _show(paths.presence, group)
    if was_open:
        for path in _below(paths):
            _close(path)


# --- how ---


def _is_stranger(ids: IdMapping) -> bool:
    """The namespace's root is not we."""
    return os.getuid() == 0 and not ids.single_id


def _require_own(path: Path) -> None:
    facts = path.lstat()
    if stat.S_ISLNK(facts.st_mode) and path.stat().st_uid == os.getuid():
        return
    if facts.st_uid != os.getuid() and not (os.getuid() == 0 and _nobody_is(facts.st_uid)):
        raise _not_private(path, f"It belongs to user {facts.st_uid}")


def _nobody_is(uid: int) -> bool:
    """Of no account: started by root, earlier versions gave the run directory to the root of the containers."""
    import pwd

    with contextlib.suppress(KeyError):
        pwd.getpwuid(uid)
        return False
    return True


def _not_private(path: Path, trouble: str) -> HostError:
    return HostError(
        "The directory is not private",
        f"{trouble}; what the engine keeps in {path} would be open to others.",
        hint="Choose a place of your own with --root and --run (WHERRY_ROOT, WHERRY_RUN).",
        subject=str(path),
    )


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return 0


def _set(path: Path, owner: int | None, group: int | None, mode: int) -> None:
    """With a group: it may pass, and what is made here is the group's."""
    facts = path.stat()
    wanted = (mode | stat.S_ISGID | stat.S_IXGRP) if group is not None else mode
    if owner is not None and (facts.st_uid, facts.st_gid) != (owner, group or 0):
        os.chown(path, owner, group or 0)
    if stat.S_IMODE(facts.st_mode) != wanted:
        path.chmod(wanted)


def _give(paths: Paths, uid: int, group: int) -> None:
    """What the namespace owns, as the host's root sees it."""
    for path in paths.owned_by_namespace:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        _set(path, uid, group, 0o700)
    above = paths.network_namespaces.parent
    if above.name.isdigit():
        # Named as a user's directory and made by us: /run/user/… .
        _set(above, 0, group, 0o700)


def _show(presence: Path, group: int | None) -> None:
    """The one file of a store's root that the namespace may read: a lock that no engine waits for."""
    presence.touch(mode=0o600)
    if group is not None:
        os.chown(presence, 0, group)
    presence.chmod(0o640 if group is not None else 0o600)


def _close(path: Path, bits: int = _OTHERS) -> None:
    with contextlib.suppress(OSError):
        facts = path.lstat()
        if not stat.S_ISLNK(facts.st_mode) and facts.st_mode & bits:
            path.chmod(stat.S_IMODE(facts.st_mode) & ~bits)


def _below(paths: Paths) -> Iterator[Path]:
    """All that is of Wherry's own making, but for the tops of the trees that are not."""
    for place in (paths.layers, paths.containers, paths.volumes):
        for one in _entries(place):
            yield one
            for part in _entries(one):
                if part.name not in _TREES:
                    yield part
                    yield from part.rglob("*") if part.is_dir() else ()
    for place in (paths.blobs, paths.log_history, paths.stats, paths.build_output, paths.build_contexts):
        yield place
        yield from place.rglob("*") if place.is_dir() else ()


def _entries(place: Path) -> list[Path]:
    return list(place.iterdir()) if place.is_dir() else []
