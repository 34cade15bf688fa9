"""The machine as the checks see it: files, programs and ids, behind one object that tests can replace."""

from __future__ import annotations

import ctypes
import grp
import os
import pwd
import sys
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from engine import whereabouts
from engine.processes.ask import Answer, ask
from engine.processes.programs import find_program
from engine.sandbox.channel import PROGRAM
from engine.sandbox.subordinate import FIRST_FREE
from engine.state.lock import StoreLock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


_PROC = "/proc"


@dataclass(frozen=True)
class Distribution:
    """Who packages this system, and so which words mend it."""

    id: str
    like: tuple[str, ...]
    pretty_name: str

    @property
    def family(self) -> str:
        for name in (self.id, *self.like):
            if name in _INSTALL:
                return name
        return ""

    def install(self, packages: Mapping[str, str]) -> str:
        """The command that installs a package named differently here and there; "debian" is the default name."""
        name = packages.get(self.family, packages["debian"])
        return f"{_INSTALL.get(self.family, _INSTALL['debian'])} {name}"


_INSTALL = {
    "debian": "sudo apt-get install",
    "ubuntu": "sudo apt-get install",
    "fedora": "sudo dnf install",
    "rhel": "sudo dnf install",
    "arch": "sudo pacman -S",
    "suse": "sudo zypper install",
    "opensuse": "sudo zypper install",
    "alpine": "sudo apk add",
}


@dataclass(frozen=True)
class Space:
    """Bytes and inodes of a file system that an ordinary user may still take."""

    free: int
    total: int
    free_inodes: int
    total_inodes: int


@dataclass(frozen=True)
class ProcessCounts:
    """What the processes of this user hold of the kernel's tables."""

    processes: int = 0
    inotify_instances: int = 0
    inotify_watches: int = 0
    user_namespaces: int = 0
    network_namespaces: int = 0
    mounts: int = 0
    """In the fullest mount namespace."""


class Machine:
    """This machine. Every method answers "nothing" for what is not there, and never raises for it."""

    # --- who ---

    @property
    def uid(self) -> int:
        return os.getuid()

    @cached_property
    def user(self) -> str:
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)

    @cached_property
    def group(self) -> str:
        try:
            return grp.getgrgid(os.getgid()).gr_name
        except KeyError:
            return str(os.getgid())

    @property
    def environment(self) -> Mapping[str, str]:
        return os.environ

    @cached_property
    def distribution(self) -> Distribution:
        fields = {}
        for line in (self.read("/etc/os-release") or self.read("/usr/lib/os-release") or "").splitlines():
            name, _, value = line.partition("=")
            fields[name.strip()] = value.strip().strip("\"'")
        return Distribution(
            fields.get("ID", "linux"), tuple(fields.get("ID_LIKE", "").split()), fields.get("PRETTY_NAME", "Linux")
        )

    # --- files ---

    def read(self, path: str | Path) -> str | None:
        """A small text file; what is longer than a mebibyte is no setting and is cut."""
        try:
            with open(path, "rb") as file:
                return file.read(1 << 20).decode(errors="replace")
        except OSError:
            return None

    def exists(self, path: str | Path) -> bool:
        return os.path.lexists(path)

    def may(self, path: str | Path, mode: int) -> bool:
        """`os.access` with the real ids: does the kernel grant it now?"""
        return os.access(path, mode)

    def opens(self, device: str) -> bool:
        """A device, asked as the one who will open it: started by root, that is a stranger to the host's root."""
        if self.uid != 0 or not self.exists(device):
            return self.may(device, os.R_OK | os.W_OK)
        return device not in self._closed_to_strangers

    @cached_property
    def _closed_to_strangers(self) -> list[str]:
        return self.ask([sys.executable, "-I", "-S", str(PROGRAM), "devices", str(FIRST_FREE)]).output.split()

    def mode(self, path: str | Path) -> int | None:
        try:
            return os.stat(path).st_mode
        except OSError:
            return None

    def owner(self, path: str | Path) -> int | None:
        try:
            return os.stat(path).st_uid
        except OSError:
            return None

    def stranger_on_the_way(self, path: str | Path) -> str:
        """Who else could put another thing in the place of this one, in words."""
        try:
            return whereabouts.stranger_on_the_way(os.fspath(path))
        except OSError as error:
            return str(error)

    def has_file_capabilities(self, path: str | Path) -> bool:
        try:
            return bool(os.getxattr(path, "security.capability"))
        except OSError:
            return False

    def names(self, directory: str | Path) -> list[str]:
        try:
            return sorted(os.listdir(directory))
        except OSError:
            return []

    def space(self, path: str | Path) -> Space | None:
        try:
            found = os.statvfs(path)
        except OSError:
            return None
        return Space(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize, found.f_favail, found.f_files)

    def store_holder(self, lock: Path) -> int:
        """The process that has the store open; 0 for none, -1 where it does not say."""
        try:
            return StoreLock.holder(lock)
        except OSError:
            return 0

    def process_counts(self) -> ProcessCounts:
        found = [each for number in os.listdir(_PROC) if number.isdigit() and (each := _look_into(number, self.uid))]
        spaces = {kind: {each.spaces[kind] for each in found if kind in each.spaces} for kind in ("user", "net", "mnt")}
        return ProcessCounts(
            processes=len(found),
            inotify_instances=sum(len(each.watches) for each in found),
            inotify_watches=sum(sum(each.watches) for each in found),
            user_namespaces=len(spaces["user"]),
            network_namespaces=len(spaces["net"]),
            mounts=max((_mounts(each.number) for each in _one_of_each(found)), default=0),
        )

    # --- programs and libraries ---

    def which(self, program: str) -> str | None:
        return find_program(program)

    def ask(self, argv: Sequence[str], timeout: float = 10.0) -> Answer:
        return ask(argv, timeout=timeout)

    def has_library(self, name: str) -> bool:
        """Can the dynamic linker find it?"""
        try:
            ctypes.CDLL(name)
        except OSError:
            return False
        return True


# --- processes ---


@dataclass(frozen=True)
class _Process:
    number: str
    watches: tuple[int, ...]
    """Of each inotify instance it has."""
    spaces: Mapping[str, int]


def _look_into(number: str, uid: int) -> _Process | None:
    """None for another user's, and for one that ended meanwhile."""
    directory = f"{_PROC}/{number}"
    try:
        if os.stat(directory).st_uid != uid:
            return None
        watches = tuple(_watches(f"{directory}/fdinfo/{fd}") for fd in _inotify_descriptors(f"{directory}/fd"))
        spaces = {kind: os.stat(f"{directory}/ns/{kind}").st_ino for kind in ("user", "net", "mnt")}
    except OSError:
        return _Process(number, (), {})
    return _Process(number, watches, spaces)


def _inotify_descriptors(directory: str) -> list[str]:
    found = []
    for fd in os.listdir(directory):
        try:
            if os.readlink(f"{directory}/{fd}") == "anon_inode:inotify":
                found.append(fd)
        except OSError:
            continue
    return found


def _watches(path: str) -> int:
    with open(path) as file:
        return sum(row.startswith("inotify") for row in file)


def _one_of_each(found: list[_Process]) -> list[_Process]:
    """A process of each mount namespace."""
    return list({each.spaces["mnt"]: each for each in found if "mnt" in each.spaces}.values())


def _mounts(number: str) -> int:
    try:
        with open(f"{_PROC}/{number}/mountinfo", "rb") as file:
            return sum(1 for _ in file)
    except OSError:
        return 0
