"""Where this user's store and run directory are, and whether the way to a directory is the user's own.

The standard library only, and little of it: the engine and the command that looks for it ask the same questions here.

A run directory is private, or nobody could trust the socket in it: every directory on the way to it belongs to the user
or to root, and nobody else may rename or replace what is in one of them. A store remembers the run directory its engine
has, so that a second session, with another XDG_RUNTIME_DIR or none (su, cron, ssh), finds the same engine.
"""

from __future__ import annotations

import contextlib
import os
import stat

_RECORD = "run-directory"
_ROOTS_STORE, _ROOTS_RUN = "/var/lib/wherry", "/run/wherry"
_BOOT = "/proc/sys/kernel/random/boot_id"
_MOST_LINKS = 40


def store_directory() -> str:
    """From WHERRY_ROOT, else where a user's (or root's) data belong."""
    if given := os.environ.get("WHERRY_ROOT"):
        return os.path.abspath(given)
    if os.getuid() == 0:
        # The namespace's root is not the host's root and must be able to walk to the store.
        return _ROOTS_STORE
    data = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
    return os.path.join(data, "wherry")


def run_directory(*, make: bool = False) -> str:
    """From WHERRY_RUN, else the one that this store's engine has or had, else where run-time files belong.

    Without any such place one with a name nobody can guess is made in /tmp, if `make` says so; else "" is given.
    """
    if given := os.environ.get("WHERRY_RUN"):
        return os.path.abspath(given)
    store = store_directory()
    recorded = _recorded(store)
    if recorded and _is_in_use(recorded):
        return recorded
    if os.getuid() == 0:
        return _ROOTS_RUN
    for base in (os.environ.get("XDG_RUNTIME_DIR", ""), f"/run/user/{os.getuid()}"):
        if base and _is_own_directory(base):
            return os.path.join(base, "wherry")
    return recorded or (_make_temporary(store) if make else "")


def record(store: str, run: str) -> None:
    """Note which run directory the engine of this store has."""
    place = os.path.join(store, _RECORD)
    if _read(place) == [_boot(), run]:
        return
    fd = os.open(f"{place}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", errors="surrogateescape") as file:
        file.write(f"{_boot()}\n{run}\n")
    os.replace(f"{place}.new", place)


def _recorded(store: str) -> str:
    """ "" too where the machine was started anew since, or the directory is gone or no longer private."""
    boot, run = (*_read(os.path.join(store, _RECORD)), "", "")[:2]
    return run if run and boot == _boot() and _is_own_directory(run) else ""


def _read(place: str) -> list[str]:
    try:
        with open(place, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().splitlines()
    except OSError:
        return []


def _boot() -> str:
    return "".join(_read(_BOOT))


def _is_in_use(run: str) -> bool:
    """An engine serves there, or containers that it left running go on."""
    return any(os.path.exists(os.path.join(run, name)) for name in ("docker.sock", "inside/namespaces.json"))


def _make_temporary(store: str) -> str:
    os.makedirs(store, mode=0o700, exist_ok=True)
    name = os.path.join("/tmp", f"wherry-{os.urandom(9).hex()}")
    os.mkdir(name, 0o700)
    record(store, name)
    return name


def _is_own_directory(path: str) -> bool:
    try:
        facts = os.stat(path)
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid() and not stranger_on_the_way(path)


# --- whose is the way ---


def stranger_on_the_way(path: str) -> str:
    """What is wrong with the way to `path`, "" if all that is there of it is the user's own or root's alone.

    Nothing that may be a link of a stranger's is followed before its owner is known.
    """
    waiting = [part for part in os.path.abspath(path).split("/") if part][::-1]
    here, links = "/", 0
    while True:
        facts = os.lstat(here)
        if trouble := _trouble(here, facts):
            return trouble
        if stat.S_ISLNK(facts.st_mode):
            links += 1
            if links > _MOST_LINKS:
                return f"{path} is a ring of links"
            target = os.readlink(here)
            waiting += [part for part in target.split("/") if part][::-1]
            here = "/" if target.startswith("/") else os.path.dirname(here)
        if not waiting:
            return ""
        part = waiting.pop()
        here = os.path.dirname(here) if part == ".." else here if part == "." else os.path.join(here, part)
        if not os.path.lexists(here):
            return ""


def _trouble(path: str, facts: os.stat_result) -> str:
    # Whoever owns the root directory is the machine's root, by whatever id a user namespace shows it.
    if facts.st_uid not in (0, os.getuid(), os.lstat("/").st_uid) and not _is_unmapped(facts.st_uid):
        return f"{path} belongs to user {facts.st_uid}"
    if not stat.S_ISDIR(facts.st_mode) or facts.st_mode & stat.S_ISVTX:
        return ""
    if facts.st_mode & stat.S_IWOTH:
        return f"anybody may rename what is in {path}"
    if facts.st_mode & stat.S_IWGRP and not _is_private_group(facts.st_gid):
        return f"the group {facts.st_gid} may rename what is in {path}"
    return ""


def _is_private_group(gid: int) -> bool:
    """root's, or the one that many systems make for each user, in which nobody else is."""
    if gid == 0:
        return True
    if gid != os.getgid():
        return False
    with contextlib.suppress(KeyError):
        import grp
        import pwd

        group = grp.getgrgid(gid)
        own = pwd.getpwuid(os.getuid()).pw_name
        return group.gr_name == own and not set(group.gr_mem) - {own}
    return False


def _is_unmapped(uid: int) -> bool:
    """In a user namespace (a toolbox, a sandbox) the machine's root is shown as the id of all who have none there."""
    with contextlib.suppress(OSError, ValueError):
        with open("/proc/sys/kernel/overflowuid") as file:
            if uid != int(file.read()):
                return False
        with open("/proc/self/uid_map") as file:
            ranges = [tuple(map(int, line.split())) for line in file]
        return not any(first <= uid < first + count for first, _, count in ranges)
    return False
